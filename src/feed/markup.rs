//! Whether a text that does not say what it is, as in RSS, is HTML or plain text.

use memchr::memchr_iter;

use super::references::{self, Reference};

/// Elements that people write texts with, in alphabetical order. Those are left out that are rather names of types or of places to fill
/// (`Map<Time, Object>`, `<address>`): none of them makes a text alone.
const ELEMENTS: &[&str] = &[
    "a",
    "abbr",
    "acronym",
    "applet",
    "article",
    "aside",
    "audio",
    "b",
    "big",
    "blink",
    "blockquote",
    "br",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "embed",
    "figcaption",
    "figure",
    "font",
    "footer",
    "frame",
    "frameset",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "i",
    "iframe",
    "img",
    "ins",
    "kbd",
    "li",
    "marquee",
    "nav",
    "nobr",
    "noscript",
    "ol",
    "p",
    "picture",
    "pre",
    "q",
    "ruby",
    "s",
    "samp",
    "section",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "tt",
    "u",
    "ul",
    "video",
    "wbr",
];

/// Parts of pages. In the middle of a text they are rather spoken of (`a <script> tag in a comment`) than meant.
const OF_PAGES: &[&str] = &["body", "head", "html", "link", "math", "meta", "script", "style", "svg", "title"];

/// Whether a text is HTML: it has a tag of an element that texts are written with, a comment or a reference, or begins like a page.
/// `std::vector<int>`, `2 < 3` and what an advisory says of `<script>` are text, of which HTML would swallow the half.
pub(super) fn is_markup(text: &str) -> bool {
    let is_reference = |at| !matches!(references::inspect(&text[at..]), Reference::Bare);
    if memchr_iter(b'&', text.as_bytes()).any(is_reference) {
        return true;
    }
    let Some(last_end) = text.rfind('>') else { return false };
    memchr_iter(b'<', &text.as_bytes()[..last_end]).any(|at| {
        let inside = &text[at + 1..];
        let name = element(inside.strip_prefix('/').unwrap_or(inside));
        let is_known = |name: &str| ELEMENTS.binary_search(&name).is_ok() || (at == 0 && OF_PAGES.contains(&name));
        inside.starts_with("!--") || (at == 0 && inside.starts_with('!')) || name.is_some_and(|name| is_known(&name))
    })
}

/// The name of the element that a tag names, in lower case.
fn element(tag: &str) -> Option<String> {
    const NAME_BYTES_MAX: usize = 12;
    let length = tag.bytes().take(NAME_BYTES_MAX).take_while(u8::is_ascii_alphanumeric).count();
    let is_whole = tag[length..].starts_with(|c: char| c == '>' || c == '/' || c.is_ascii_whitespace());
    is_whole.then(|| tag[..length].to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::{ELEMENTS, is_markup};

    #[test]
    fn markup_is_told_from_texts_that_speak_of_it() {
        assert!(ELEMENTS.is_sorted());
        for (text, wanted) in [
            ("<p>One</p>", true),
            ("one<br/>two", true),
            ("one<BR>two", true),
            ("<a href='x'>one</a>", true),
            ("one</div>", true),
            ("caf&eacute; &#8211;", true),
            ("one <!-- two -->", true),
            ("<!DOCTYPE html><html>", true),
            ("<script src='x'></script>", true),
            ("plain", false),
            ("2 < 3 & 5 > 4, a<b", false),
            ("#include <iostream>, List<String>", false),
            ("stored XSS by a <script>alert(1)</script> in the name", false),
            ("<iostream> is missing", false),
            ("Map<Time, List<Object>>", false),
            ("Bob <bob@example.com>", false),
            ("<", false),
            ("", false),
        ] {
            assert_eq!(is_markup(text), wanted, "{text}");
        }
    }
}
