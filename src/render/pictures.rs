//! Pictures in what we serve. Whoever loads one tells its publisher that he reads, and where: unless the operator wants it otherwise,
//! a link stands for it.

use std::borrow::Cow;

use super::html::Html;
use crate::model::{Images, SafeHtml};

/// The body of an entry, with what the operator chose in the place of its pictures.
pub(super) fn in_entry(images: Images, body: &SafeHtml) -> Cow<'_, SafeHtml> {
    match images {
        Images::Keep => Cow::Borrowed(body),
        Images::Link => Cow::Owned(replaced(body, |tag, is_inside_link| picture(tag, is_inside_link, &[]))),
        Images::Drop => Cow::Owned(replaced(body, |_, _| String::new())),
    }
}

/// The same markup with every `img` replaced by a link to it, or by its words alone where it stands inside a link; for pages, whose
/// style sheet knows the class.
pub(super) fn as_links(body: &SafeHtml) -> SafeHtml {
    replaced(body, |tag, is_inside_link| picture(tag, is_inside_link, &[("class", "picture")]))
}

/// The same markup with what `stand_in` makes of each `img` tag; it is told whether a link is open there.
fn replaced(body: &SafeHtml, stand_in: impl Fn(&str, bool) -> String) -> SafeHtml {
    let mut html = String::with_capacity(body.as_str().len());
    let mut rest = body.as_str();
    let mut links_open = 0_usize;
    while let Some(start) = rest.find('<') {
        let (text, tail) = rest.split_at(start);
        html.push_str(text);
        let (tag, after) = tail.split_at(tag_length(tail));
        match tag_name(tag) {
            "img" => html.push_str(&stand_in(tag, links_open > 0)),
            name => {
                links_open = match name {
                    "a" => links_open + 1,
                    "/a" => links_open.saturating_sub(1),
                    _ => links_open,
                };
                html.push_str(tag);
            }
        }
        rest = after;
    }
    html.push_str(rest);
    SafeHtml::vouched(html)
}

/// Length of the tag at the start of `tail`, its `>` included; quotes may hold a `>`.
fn tag_length(tail: &str) -> usize {
    let mut quote = None;
    for (index, byte) in tail.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return index + 1,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    tail.len()
}

fn tag_name(tag: &str) -> &str {
    let name = tag.trim_start_matches('<');
    &name[..name.find(|c: char| !c.is_ascii_alphanumeric() && c != '/').unwrap_or(name.len())]
}

/// What stands for a picture: its description, else the word "picture". The attributes are escaped already; they are only moved.
fn picture(tag: &str, is_inside_link: bool, class: &[(&str, &str)]) -> String {
    let alt = attribute(tag, "alt").map(str::trim).filter(|alt| !alt.is_empty());
    let words =
        SafeHtml::vouched(format!("[picture{}{}]", if alt.is_some() { ": " } else { "" }, alt.unwrap_or_default().replace('<', "&lt;")));
    let mut html = Html::new();
    match attribute(tag, "src").filter(|src| src.starts_with("https://") || src.starts_with("http://")) {
        Some(src) if !is_inside_link => {
            let address = src.replace("&amp;", "&");
            let attributes = [class, &[("href", &address), ("rel", "nofollow noopener noreferrer")]].concat();
            html.wrap("a", &attributes, |html| html.safe(&words));
        }
        _ => html.wrap("span", class, |html| html.safe(&words)),
    }
    html.finish()
}

/// The value of a double-quoted attribute, as written.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = tag;
    while let Some((before, after)) = rest.split_once("=\"") {
        let (value, tail) = after.split_once('"')?;
        if before.rsplit(|c: char| c.is_ascii_whitespace()).next() == Some(name) {
            return Some(value);
        }
        rest = tail;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{as_links, in_entry};
    use crate::model::{Images, SafeHtml};

    #[test]
    fn no_picture_is_left_to_load() {
        for (html, wanted) in [
            ("<p>a<br>b</p>", "<p>a<br>b</p>"),
            (
                r#"<p><img src="https://e.example/x.png?a=1&amp;b=2" alt="A &quot;b&quot; > c"></p>"#,
                r#"<p><a class="picture" href="https://e.example/x.png?a=1&amp;b=2" rel="nofollow noopener noreferrer">[picture: A &quot;b&quot; > c]</a></p>"#,
            ),
            (
                r#"<a href="https://e.example/"><img src="https://e.example/x.png" alt=""></a>"#,
                r#"<a href="https://e.example/"><span class="picture">[picture]</span></a>"#,
            ),
            (r#"<img alt="src=" src="javascript:alert(1)">"#, r#"<span class="picture">[picture: src=]</span>"#),
            (r#"<img alt="<b>" src="x"#, r#"<span class="picture">[picture: &lt;b>]</span>"#),
            ("1 < 2", "1 < 2"),
        ] {
            assert_eq!(as_links(&SafeHtml::vouched(html.to_owned())).as_str(), wanted, "{html}");
        }
    }

    #[test]
    fn the_operator_chooses_what_stands_for_pictures_in_entries() {
        let body = SafeHtml::vouched(r#"<p>a<img src="https://e.example/x.png" alt="A">b</p>"#.to_owned());
        for (word, wanted) in [
            ("link", r#"<p>a<a href="https://e.example/x.png" rel="nofollow noopener noreferrer">[picture: A]</a>b</p>"#),
            ("keep", body.as_str()),
            ("drop", "<p>ab</p>"),
        ] {
            assert_eq!(in_entry(Images::parse(word).expect(word), &body).as_str(), wanted);
        }
        assert_eq!(Images::parse("none"), None);
    }
}
