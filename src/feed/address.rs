//! Addresses as publishers write them.

use crate::model::Link;

/// Reads an address that may be relative to `base`. An absolute one needs no base, and saves reading it.
pub(super) fn resolve(base: Option<&Link>, text: &str) -> Option<Link> {
    let text = text.trim();
    let is_absolute = text.starts_with("https://") || text.starts_with("http://");
    Link::resolve(base.filter(|_| !is_absolute), text).ok()
}

#[cfg(test)]
mod tests {
    use super::{Link, resolve};

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
