//! Addresses as publishers write them.

use crate::model::Link;

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
        let text = text.trim();
        // Nothing else can be one, and reading what many ids are (`tag:`, `urn:`) would be for nothing.
        if base.is_none() && !text.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http")) {
            return None;
        }
        let link = resolve(base, text)?;
        let is_absolute = || text.split_once("://").is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case(link.scheme()));
        let spelling = (text != link.as_str() && is_absolute()).then(|| text.to_owned());
        Some(Self { link, spelling })
    }
}

/// Reads an address that may be relative to `base`. An absolute one needs no base, and saves reading it.
pub(super) fn resolve(base: Option<&Link>, text: &str) -> Option<Link> {
    let text = text.trim();
    let is_absolute = text.starts_with("https://") || text.starts_with("http://");
    Link::resolve(base.filter(|_| !is_absolute), text).ok()
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
        ] {
            assert_eq!(resolve(Some(&base), text).as_ref().map(Link::as_str), wanted, "{text}");
        }
        assert_eq!(resolve(None, "post"), None);
    }
}
