//! The pass before the sanitiser: leaves only elements that may stay, so that the HTML parser behind it meets neither scripts, forms nor
//! foreign content, and refuses markup that would make that parser explode (protocol X7).

use super::{
    gauge::Gauge,
    tokens::{Token, Tokens},
};

/// Elements that pass. Their attributes are the sanitiser's business.
pub(super) const ELEMENTS: &[&str] = &[
    "a",
    "abbr",
    "article",
    "aside",
    "b",
    "bdi",
    "blockquote",
    "br",
    "caption",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "details",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "main",
    "mark",
    "ol",
    "p",
    "pre",
    "q",
    "rp",
    "rt",
    "ruby",
    "s",
    "samp",
    "section",
    "small",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "time",
    "tr",
    "u",
    "ul",
    "var",
    "wbr",
];

/// Elements that pass under another name: blocks that would glue their text together if only their tags went, and old spellings.
const RENAMED: &[(&str, &str)] = &[
    ("address", "div"),
    ("center", "div"),
    ("dialog", "div"),
    ("dir", "ul"),
    ("fieldset", "div"),
    ("form", "div"),
    ("hgroup", "div"),
    ("legend", "div"),
    ("listing", "pre"),
    ("menu", "ul"),
    ("nav", "div"),
    ("search", "div"),
    ("strike", "s"),
    ("tt", "code"),
];

/// Elements that go with everything they hold.
const HIDDEN: &[&str] = &[
    "applet",
    "audio",
    "button",
    "canvas",
    "embed",
    "frameset",
    "iframe",
    "math",
    "noembed",
    "noframes",
    "noscript",
    "object",
    "option",
    "plaintext",
    "script",
    "select",
    "style",
    "svg",
    "template",
    "textarea",
    "title",
    "video",
    "xmp",
];

/// What may become of an element's tags.
enum Fate {
    Keep(&'static str),
    Rename(&'static str),
    Unwrap,
    Hide,
}

fn fate(name: &str) -> Fate {
    if let Ok(at) = ELEMENTS.binary_search(&name) {
        Fate::Keep(ELEMENTS[at])
    } else if let Ok(at) = RENAMED.binary_search_by_key(&name, |(old, _)| old) {
        Fate::Rename(RENAMED[at].1)
    } else if HIDDEN.binary_search(&name).is_ok() {
        Fate::Hide
    } else {
        Fate::Unwrap
    }
}

/// Whether HTML knows an element of that name, whatever becomes of it here.
pub(super) fn is_element(name: &str) -> bool {
    !matches!(fate(name), Fate::Unwrap) || matches!(name, "span" | "font" | "big" | "input" | "body" | "html" | "head" | "meta" | "link")
}

/// `source` with nothing in it but text and tags of `ELEMENTS`; `None` where it is too deep, too long or would be multiplied.
pub(super) fn distil(source: &str) -> Option<String> {
    let mut kept = String::with_capacity(source.len());
    let mut gauge = Gauge::new(source.len());
    let mut tokens = Tokens::new(source);
    while let Some(token) = tokens.next() {
        match token {
            // A lone `<` is written out, so that no tag can grow together from what stood on both sides of a comment.
            Token::Text(text) => match text.strip_prefix('<') {
                Some(rest) => kept.extend(["&lt;", rest]),
                None => kept.push_str(text),
            },
            Token::Open(name, tag) => match fate(name.as_str()) {
                Fate::Keep(name) => {
                    gauge.open(name, tag.len())?;
                    kept.push_str(tag);
                }
                Fate::Rename(name) => {
                    gauge.open(name, name.len() + 2)?;
                    kept.extend(["<", name, ">"]);
                }
                // A void element has no end tag to skip to.
                Fate::Hide if name.as_str() == "embed" => {}
                Fate::Hide => tokens.skip_element(name),
                Fate::Unwrap => {}
            },
            Token::Close(name, _) => match fate(name.as_str()) {
                Fate::Keep(name) | Fate::Rename(name) => {
                    gauge.close(name)?;
                    kept.extend(["</", name, ">"]);
                }
                Fate::Unwrap | Fate::Hide => {}
            },
            Token::Comment | Token::Unfinished(_) => {}
        }
    }
    Some(kept)
}

#[cfg(test)]
mod tests {
    use super::{ELEMENTS, HIDDEN, RENAMED, distil};

    #[test]
    fn tables_are_sorted_for_the_search() {
        assert!(ELEMENTS.is_sorted() && HIDDEN.is_sorted() && RENAMED.is_sorted());
        assert!(RENAMED.iter().all(|(_, new)| ELEMENTS.contains(new)));
    }

    #[test]
    fn only_known_elements_pass() {
        for (source, wanted) in [
            ("<p class=x>a</P >", "<p class=x>a</p>"),
            ("<span>a</span><x-y>b</x-y>", "ab"),
            ("a<svg><style></style><b></svg>c", "ac"),
            ("<center>a</center><tt>b</tt>", "<div>a</div><code>b</code>"),
            ("a<embed src=x>b", "ab"),
            ("<<!-- -->b>1", "&lt;b>1"),
            ("<<script></script>img src=x onerror=y>", "&lt;img src=x onerror=y>"),
            ("a < b", "a &lt; b"),
        ] {
            assert_eq!(distil(source).as_deref(), Some(wanted), "{source}");
        }
    }
}
