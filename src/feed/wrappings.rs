//! What generators wrap around a text once too often: sections of character data that they escape, and escapes of escapes.

use super::references;

/// Elements that a text of HTML begins with. One that begins with another (`&lt;script&gt;`) may well be about it.
const OPENINGS: &[&str] = &[
    "p",
    "div",
    "span",
    "br",
    "b",
    "strong",
    "em",
    "i",
    "a",
    "img",
    "ul",
    "ol",
    "table",
    "section",
    "article",
    "figure",
    "blockquote",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
];

/// The text inside `<![CDATA[...]]>`, where the markers stand in the text itself; else the text.
pub(super) fn unwrapped(text: &str) -> &str {
    let mut inside = text;
    while let Some(rest) = inside.strip_prefix("<![CDATA[") {
        inside = rest.trim();
        inside = ["]]>", "]]&gt;"].into_iter().find_map(|end| inside.strip_suffix(end)).unwrap_or(inside).trim_end();
    }
    inside
}

/// The HTML that a text of HTML means which was escaped twice: it has no tag of its own, but is one element, or several, from beginning
/// to end. `None` for any other text: one that only shows a tag says something before it or behind it.
pub(super) fn unescaped(text: &str) -> Option<String> {
    let text = text.trim();
    let inside = text.strip_prefix("&lt;")?;
    let name_length = inside.bytes().position(|b| !b.is_ascii_alphanumeric())?;
    let (name, rest) = inside.split_at(name_length);
    let begins = OPENINGS.contains(&name.to_ascii_lowercase().as_str()) && rest.starts_with([' ', '/', '&']);
    let is_whole = begins && text.ends_with("&gt;") && text.contains("&lt;/") && !text.contains('<');
    is_whole.then(|| references::decode(text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::{unescaped, unwrapped};

    #[test]
    fn sections_in_the_text_itself_are_opened() {
        for (text, wanted) in [
            ("<![CDATA[ one ]]>", "one"),
            ("<![CDATA[<![CDATA[one]]>]]>", "one"),
            ("<![CDATA[one", "one"),
            ("<![CDATA[<p>one</p>]]&gt;", "<p>one</p>"),
            ("one <![CDATA[two]]>", "one <![CDATA[two]]>"),
            ("]]>", "]]>"),
            ("", ""),
        ] {
            assert_eq!(unwrapped(text), wanted, "{text}");
        }
    }

    #[test]
    fn what_was_escaped_twice_is_told_from_what_shows_a_tag() {
        for (text, wanted) in [
            ("&lt;p&gt;AT&amp;amp;T&lt;/p&gt;", Some("<p>AT&amp;T</p>")),
            (" &lt;div class=\"x\"&gt;a&lt;br/&gt;b&lt;/div&gt;\n", Some("<div class=\"x\">a<br/>b</div>")),
            ("&lt;p&gt; begins a paragraph, &lt;/p&gt; ends it", None),
            ("&lt;script&gt;alert(1)&lt;/script&gt;", None),
            ("&lt;picture&gt;x&lt;/picture&gt;", None),
            ("<p>&lt;p&gt;x&lt;/p&gt;</p>", None),
            ("&lt;p&gt;", None),
            ("&lt;", None),
            ("", None),
        ] {
            assert_eq!(unescaped(text).as_deref(), wanted, "{text}");
        }
    }
}
