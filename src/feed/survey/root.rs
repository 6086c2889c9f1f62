//! Finds the root of a feed, whatever stands before it.

use crate::feed::{
    attributes::Attributes,
    names::{self, Space},
    tokens::{Kind, Token, Tokens},
};

/// The families that the reader reads, and the dialects that are led to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::feed) enum Dialect {
    /// `rss`, any version or none.
    Rss,
    /// RSS 0.90 and 1.0.
    Rdf,
    /// A bare channel: RSS 1.1, CDF, and RSS without its frame.
    Channel,
    /// Atom 1.0, 0.3 and the drafts between.
    Atom,
    /// An Atom entry by itself.
    AtomEntry,
}

impl Dialect {
    /// Whether feed-rs reads it as Atom; as RSS otherwise.
    pub(in crate::feed) fn is_atom(self) -> bool {
        matches!(self, Self::Atom | Self::AtomEntry)
    }
}

/// Where a feed begins.
#[derive(Debug)]
pub(in crate::feed) struct Root {
    /// Its dialect.
    pub dialect: Dialect,
    /// The byte of its `<`.
    pub at: usize,
    /// Name and version for people: "RSS 2.0".
    pub format: String,
    /// Whether something other than a prologue stands before it.
    pub has_junk_before: bool,
}

/// What a text turned out to be.
#[derive(Debug)]
pub(in crate::feed) enum Found {
    /// A feed.
    Root(Root),
    /// A web page.
    Html,
    /// Markup with another root, whose name this is; `None` where there is no element at all.
    Other(Option<String>),
}

/// Looks for the first element that can be the root of a feed.
pub(in crate::feed) fn find_root(text: &str) -> Found {
    let mut first: Option<String> = None;
    let mut has_junk_before = false;
    for token in Tokens::new(text, 0) {
        match token.kind {
            Kind::Start { name, attributes, .. } => {
                if let Some((dialect, format)) = dialect(name, attributes, first.is_none()) {
                    return Found::Root(Root { dialect, at: token.start, format, has_junk_before });
                }
                has_junk_before = true;
                first.get_or_insert_with(|| name.to_ascii_lowercase());
            }
            Kind::Text(text) => has_junk_before |= !text.trim().is_empty(),
            Kind::Instruction if is_html_doctype(text, token) => first = Some("html".to_owned()),
            _ => {}
        }
    }
    match first.as_deref() {
        Some("html" | "head" | "body" | "title" | "script" | "div" | "meta" | "p") => Found::Html,
        _ => Found::Other(first),
    }
}

fn is_html_doctype(text: &str, token: Token<'_>) -> bool {
    let declaration = text[token.start..token.end].to_ascii_lowercase();
    declaration.strip_prefix("<!doctype").is_some_and(|rest| rest.trim_start().starts_with("html"))
}

/// The dialect of a root element. Behind other markup only what carries a version or a namespace counts.
fn dialect(name: &str, attributes: &str, is_first: bool) -> Option<(Dialect, String)> {
    let (prefix, local) = names::split(name);
    let local = local.to_ascii_lowercase();
    if !matches!(local.as_str(), "rss" | "rdf" | "feed" | "entry" | "channel") {
        return None;
    }
    let attributes = Attributes::read(attributes);
    let version = attributes.get("version").unwrap_or_default();
    let binding = if prefix.is_empty() { "xmlns".to_owned() } else { format!("xmlns:{prefix}") };
    let address = attributes.get(&binding);
    let space = address.as_deref().and_then(names::by_address);
    let is_marked = !version.is_empty() || address.is_some() || is_first;
    let numbered =
        |name: &str, otherwise: &str| if version.is_empty() { otherwise.to_owned() } else { format!("{name} {}", version.trim()) };
    Some(match local.as_str() {
        "rss" if is_marked || prefix.is_empty() => (Dialect::Rss, numbered("RSS", "RSS")),
        "rdf" => {
            let has_old_core = attributes.get("xmlns").is_some_and(|address| address.contains("simple/0.9"));
            (Dialect::Rdf, if has_old_core { "RSS 0.90" } else { "RSS 1.0" }.to_owned())
        }
        "feed" if is_marked => {
            let is_old =
                address.as_deref().is_some_and(|address| address.trim() != "http://www.w3.org/2005/Atom") && space == Some(Space::Atom);
            (Dialect::Atom, if is_old { numbered("Atom", "Atom 0.3") } else { "Atom 1.0".to_owned() })
        }
        "entry" if space == Some(Space::Atom) => (Dialect::AtomEntry, "Atom 1.0 entry".to_owned()),
        "channel" if is_first => {
            let is_rss = space == Some(Space::Rss);
            (
                Dialect::Channel,
                if is_rss {
                    "RSS 1.1"
                } else if name.starts_with('C') {
                    "CDF"
                } else {
                    "RSS"
                }
                .to_owned(),
            )
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{Dialect, Found, find_root};

    #[test]
    fn every_root_is_known_by_its_name_and_namespace() {
        for (text, wanted, format) in [
            ("<rss version='2.0'>", Dialect::Rss, "RSS 2.0"),
            ("<?xml version='1.0'?><!DOCTYPE rss [<!ENTITY a '<feed>'>]><RSS>", Dialect::Rss, "RSS"),
            ("<rdf:RDF xmlns='http://my.netscape.com/rdf/simple/0.9/'>", Dialect::Rdf, "RSS 0.90"),
            ("<feed xmlns='http://www.w3.org/2005/Atom'>", Dialect::Atom, "Atom 1.0"),
            ("<feed version='0.3' xmlns='http://purl.org/atom/ns#'>", Dialect::Atom, "Atom 0.3"),
            ("<CHANNEL HREF='http://example.com/'>", Dialect::Channel, "CDF"),
            ("<!-- <rss> --><br />Warning: x<br /><rss version='2.0'>", Dialect::Rss, "RSS 2.0"),
        ] {
            let Found::Root(root) = find_root(text) else { panic!("{text}") };
            assert_eq!((root.dialect, root.format.as_str()), (wanted, format), "{text}");
        }
    }

    #[test]
    fn pages_and_other_documents_are_no_feeds() {
        assert!(matches!(find_root("<!DOCTYPE html><html><p>feed</p></html>"), Found::Html));
        assert!(matches!(find_root("<HTML><body><feed-list></feed-list></body>"), Found::Html));
        assert!(matches!(find_root("<opml version='2.0'>"), Found::Other(Some(name)) if name == "opml"));
        assert!(matches!(find_root("plain text"), Found::Other(None)));
    }
}
