//! Web pages in the place of feeds: which feed they name.

use super::{
    address,
    attributes::Attributes,
    cut::cut,
    tokens::{Kind, Tokens},
};
use crate::model::Link;

/// How far into a page its head is searched, in bytes.
const HEAD_BYTES_MAX: usize = 512 << 10;

/// The first feed that a page names by `<link rel="alternate">`.
pub(super) fn alternate(text: &str, base: Option<&Link>) -> Option<Link> {
    let head = cut(text, HEAD_BYTES_MAX);
    let mut base = base.cloned();
    for token in Tokens::new(head, 0) {
        let Kind::Start { name, attributes, .. } = token.kind else { continue };
        if name.eq_ignore_ascii_case("base") {
            let href = Attributes::read(attributes);
            if let Some(href) = href.get("href").and_then(|href| address::resolve(base.as_ref(), &href)) {
                base = Some(href);
            }
        } else if name.eq_ignore_ascii_case("link") {
            let attributes = Attributes::read(attributes);
            let is_alternate =
                attributes.get("rel").is_some_and(|rel| rel.split_whitespace().any(|word| word.eq_ignore_ascii_case("alternate")));
            let is_feed = attributes.get("type").is_some_and(|kind| is_feed_type(&kind));
            if is_alternate
                && is_feed
                && let Some(link) = attributes.get("href").and_then(|href| address::resolve(base.as_ref(), &href))
            {
                return Some(link);
            }
        }
    }
    None
}

/// Whether a media type is one of feeds.
fn is_feed_type(kind: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    matches!(
        kind.as_str(),
        "application/rss+xml"
            | "application/atom+xml"
            | "application/rdf+xml"
            | "application/feed+json"
            | "application/json"
            | "text/xml"
            | "application/xml"
    )
}

#[cfg(test)]
mod tests {
    use super::{Link, alternate};

    #[test]
    fn a_page_names_its_feed() {
        let base = Link::parse("https://example.com/blog/").expect("absolute");
        for (page, wanted) in [
            ("<html><head><link rel='alternate' type='application/rss+xml' href='feed.xml'>", Some("https://example.com/blog/feed.xml")),
            ("<LINK REL=\"home Alternate\" TYPE=application/atom+xml HREF=/a>", Some("https://example.com/a")),
            ("<base href='https://b.example/'><link rel=alternate type='application/feed+json' href=f>", Some("https://b.example/f")),
            ("<link rel='alternate' hreflang='de' href='/de'><link rel='stylesheet' href='/s.css'>", None),
        ] {
            assert_eq!(alternate(page, Some(&base)).as_ref().map(Link::as_str), wanted, "{page}");
        }
    }
}
