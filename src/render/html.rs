//! A writer of HTML that escapes by itself: text stays text, tags are closed, and markup comes only from the sanitiser.

use crate::model::SafeHtml;

/// HTML being written.
pub(super) struct Html(String);

impl Html {
    /// Nothing yet.
    pub(super) fn new() -> Self {
        Self(String::new())
    }

    /// What was written.
    pub(super) fn finish(self) -> String {
        self.0
    }

    /// An element with what `inside` writes.
    pub(super) fn wrap(&mut self, tag: &str, attributes: &[(&str, &str)], inside: impl FnOnce(&mut Self)) {
        self.void(tag, attributes);
        inside(self);
        self.0.push_str("</");
        self.0.push_str(tag);
        self.0.push('>');
    }

    /// An element with text.
    pub(super) fn element(&mut self, tag: &str, attributes: &[(&str, &str)], text: &str) {
        self.wrap(tag, attributes, |html| html.text(text));
    }

    /// An element that has no content and no end tag.
    pub(super) fn void(&mut self, tag: &str, attributes: &[(&str, &str)]) {
        self.0.push('<');
        self.0.push_str(tag);
        for (name, value) in attributes {
            self.0.push(' ');
            self.0.push_str(name);
            self.0.push_str("=\"");
            self.text(value);
            self.0.push('"');
        }
        self.0.push('>');
    }

    /// Text, escaped so that it is text in an element and in a quoted attribute alike.
    pub(super) fn text(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                _ => self.0.push(c),
            }
        }
    }

    /// Markup that the sanitiser vouches for.
    pub(super) fn safe(&mut self, html: &SafeHtml) {
        self.0.push_str(html.as_str());
    }

    /// Markup that another writer of this kind has finished.
    pub(super) fn written(&mut self, markup: &str) {
        self.0.push_str(markup);
    }

    /// Markup of our own: a constant of this program, never a value.
    pub(super) fn constant(&mut self, markup: &'static str) {
        self.0.push_str(markup);
    }
}

#[cfg(test)]
mod tests {
    use super::Html;

    #[test]
    fn text_cannot_leave_its_place() {
        let mut html = Html::new();
        html.element("a", &[("title", "\"><script>'&")], "</a><b>&amp;");
        assert_eq!(html.finish(), "<a title=\"&quot;&gt;&lt;script&gt;&#39;&amp;\">&lt;/a&gt;&lt;b&gt;&amp;amp;</a>");
    }
}
