//! Addresses as publishers write them.

use std::borrow::Cow;

use super::wrappings::unwrapped;
use crate::model::Link;

/// `&` as it is spelled in addresses that were escaped once too often. No query has a parameter of such a name.
const ESCAPED_AMPERSANDS: [&str; 4] = ["&amp;", "&#38;", "&#038;", "&#x26;"];

/// What stands before an address that has a scheme already.
const SCHEMES_BEFORE_ANOTHER: [&str; 5] = ["http://", "https://", "feed:", "http:", "https:"];

/// An address, and how its publisher spelled it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// The address.
    pub link: Link,
    /// Its spelling, where an absolute address is not spelled as `Link` spells it: a host in capitals or in its own script, spaces.
    pub spelling: Option<String>,
}

impl Address {
    /// Reads an address that may be relative to `base`.
    pub(super) fn read(base: Option<&Link>, text: &str) -> Option<Self> {
        let text = mended(text);
        // Nothing else can be one, and reading what many ids are (`tag:`, `urn:`) would be for nothing.
        if base.is_none() && !text.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http")) {
            return None;
        }
        let link = resolve(base, &text)?;
        let is_absolute = || text.split_once("://").is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case(link.scheme()));
        let spelling = (text != link.as_str() && is_absolute()).then(|| text.clone().into_owned());
        Some(Self { link, spelling })
    }
}

/// Reads an address that may be relative to `base`. An absolute one needs no base, and saves reading it.
pub(super) fn resolve(base: Option<&Link>, text: &str) -> Option<Link> {
    let text = mended(text);
    let is_absolute = text.starts_with("https://") || text.starts_with("http://");
    Link::resolve(base.filter(|_| !is_absolute), &text).ok()
}

/// The address that was meant: without what a generator wrapped around it once too often, without a second scheme, and with the scheme
/// that a host without one lacks (RFC 3986 section 4.5: `www.example.com/x` is a habit of people, and no path).
fn mended(text: &str) -> Cow<'_, str> {
    let is_space = |c: char| c.is_whitespace() || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}');
    let text = unwrapped(text.trim_matches(is_space)).trim_matches(is_space);
    let behind_scheme = SCHEMES_BEFORE_ANOTHER.iter().find_map(|scheme| text.strip_prefix(scheme));
    let text = behind_scheme.filter(|rest| rest.starts_with("http://") || rest.starts_with("https://")).unwrap_or(text);
    let mut mended = Cow::Borrowed(text);
    if text.contains("&amp;") || text.contains("&#") {
        for escaped in ESCAPED_AMPERSANDS {
            mended = Cow::Owned(mended.replace(escaped, "&"));
        }
    }
    if text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("www.")) {
        mended.to_mut().insert_str(0, "https://");
    }
    mended
}

#[cfg(test)]
mod tests {
    use super::{Address, Link, resolve};

    #[test]
    fn an_absolute_address_keeps_its_spelling() {
        let base = Link::parse("https://Example.com/blog/").expect("absolute");
        for (text, link, spelling) in [
            (" https://example.com/1 ", "https://example.com/1", None),
            ("http://Example.TEST/a b", "http://example.test/a%20b", Some("http://Example.TEST/a b")),
            ("HTTP://例子.测试/", "http://xn--fsqu00a.xn--0zwm56d/", Some("HTTP://例子.测试/")),
            ("post 1", "https://example.com/blog/post%201", None),
            ("//EXAMPLE.com/x", "https://example.com/x", None),
            ("https:POST", "https://example.com/blog/POST", None),
        ] {
            let address = Address::read(Some(&base), text).expect(text);
            assert_eq!((address.link.as_str(), address.spelling.as_deref()), (link, spelling), "{text}");
        }
    }

    #[test]
    fn a_base_is_for_relative_addresses_alone() {
        let base = Link::parse("https://example.com/blog/").expect("absolute");
        for (text, wanted) in [
            (" http://other.example/x ", Some("http://other.example/x")),
            ("post", Some("https://example.com/blog/post")),
            ("//cdn.example/x", Some("https://cdn.example/x")),
            ("https:post", Some("https://example.com/blog/post")),
            ("mailto:a@b", None),
            ("https://a.example/?x=1&amp;y=2&#038;z=3", Some("https://a.example/?x=1&y=2&z=3")),
            ("https://a.example/?x=1&ampere=2", Some("https://a.example/?x=1&ampere=2")),
            ("<![CDATA[ https://a.example/x ]]>", Some("https://a.example/x")),
            ("www.other.example/x", Some("https://www.other.example/x")),
            ("\u{200B}https://a.example/x\u{FEFF}", Some("https://a.example/x")),
            ("http://https://a.example/x", Some("https://a.example/x")),
            ("feed:http://a.example/x", Some("http://a.example/x")),
            ("https://archive.example/https://a.example/x", Some("https://archive.example/https://a.example/x")),
            ("www/x", Some("https://example.com/blog/www/x")),
        ] {
            assert_eq!(resolve(Some(&base), text).as_ref().map(Link::as_str), wanted, "{text}");
        }
        assert_eq!(resolve(None, "post"), None);
    }
}
