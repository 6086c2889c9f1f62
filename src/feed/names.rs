//! Namespaces: which vocabulary an element belongs to, read as tolerantly as publishers write it.

/// A vocabulary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Space {
    /// RSS of any version, which mostly has no namespace.
    Rss,
    /// Atom 1.0 and 0.3 (RFC 4287).
    Atom,
    /// RDF, the frame of RSS 0.90 and 1.0.
    Rdf,
    /// `content:encoded`.
    Content,
    /// Dublin Core elements.
    Dc,
    /// Dublin Core terms.
    DcTerms,
    /// Media RSS.
    Media,
    /// iTunes.
    Itunes,
    /// Podcasting 2.0.
    Podcast,
    /// `feedburner:origLink`.
    FeedBurner,
    /// `sy:updatePeriod`.
    Syndication,
    /// XHTML.
    Xhtml,
    /// Everything else.
    Foreign,
}

/// Namespaces known by address, compared without regard to case, to `https`, and to a sign at the end.
const ADDRESSES: &[(&str, Space)] = &[
    ("http://purl.org/rss/1.0/", Space::Rss),
    ("http://www.w3.org/2005/atom", Space::Atom),
    ("http://purl.org/rss/1.0/modules/content/", Space::Content),
    ("http://purl.org/dc/elements/1.1/", Space::Dc),
    ("http://search.yahoo.com/mrss/", Space::Media),
    ("http://www.itunes.com/dtds/podcast-1.0.dtd", Space::Itunes),
    ("https://podcastindex.org/namespace/1.0", Space::Podcast),
    ("http://www.w3.org/1999/02/22-rdf-syntax-ns#", Space::Rdf),
    ("http://rssnamespace.org/feedburner/ext/1.0", Space::FeedBurner),
    ("http://purl.org/rss/1.0/modules/syndication/", Space::Syndication),
    ("http://www.w3.org/1999/xhtml", Space::Xhtml),
    ("http://my.netscape.com/rdf/simple/0.9/", Space::Rss),
    ("http://channel.netscape.com/rdf/simple/0.9/", Space::Rss),
    ("http://purl.org/net/rss1.1#", Space::Rss),
    ("http://backend.userland.com/rss", Space::Rss),
    ("http://backend.userland.com/rss2", Space::Rss),
    ("http://backend.userland.com/rss091", Space::Rss),
    ("http://blogs.law.harvard.edu/tech/rss", Space::Rss),
    ("http://cyber.law.harvard.edu/rss/rss.html", Space::Rss),
    ("http://my.netscape.com/publish/formats/rss-0.91.dtd", Space::Rss),
    ("http://purl.org/rss/2.0/", Space::Rss),
    ("http://purl.org/atom/ns#", Space::Atom),
    ("http://example.com/newformat#", Space::Atom),
    ("http://example.com/necho", Space::Atom),
    ("http://purl.org/echo/", Space::Atom),
    ("uri/of/echo/namespace#", Space::Atom),
    ("http://purl.org/pie/", Space::Atom),
    ("http://purl.org/net/rss1.1/payload#", Space::Foreign),
    ("http://purl.org/dc/terms/", Space::DcTerms),
    ("http://www.rssboard.org/media-rss", Space::Media),
    ("http://video.search.yahoo.com/mrss/", Space::Media),
    ("http://www.itunes.com/dtd/podcast-1.0.dtd", Space::Itunes),
    ("http://example.com/dtds/podcast-1.0.dtd", Space::Itunes),
];

/// Prefixes that everyone uses for the same vocabulary, for documents that forgot to declare them.
const PREFIXES: &[(&str, Space)] = &[
    ("atom", Space::Atom),
    ("atom10", Space::Atom),
    ("a10", Space::Atom),
    ("rss", Space::Rss),
    ("rdf", Space::Rdf),
    ("content", Space::Content),
    ("dc", Space::Dc),
    ("dcterms", Space::DcTerms),
    ("dcterm", Space::DcTerms),
    ("media", Space::Media),
    ("itunes", Space::Itunes),
    ("feedburner", Space::FeedBurner),
    ("sy", Space::Syndication),
    ("xhtml", Space::Xhtml),
];

/// Namespace declarations in force at once; more than a feed needs, and few enough to search one by one.
const BINDINGS_MAX: usize = 100;

/// The namespace declarations in force.
#[derive(Debug, Default)]
pub(super) struct Bindings<'a> {
    in_force: Vec<Binding<'a>>,
}

/// One `xmlns` attribute.
#[derive(Debug)]
struct Binding<'a> {
    prefix: &'a str,
    space: Space,
    /// How many elements were open when it was declared.
    depth: usize,
}

/// What an element's prefix means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Meaning {
    /// The vocabulary.
    pub space: Space,
    /// Whether the prefix, or the default namespace, was declared.
    pub is_declared: bool,
}

impl<'a> Bindings<'a> {
    /// Notes a declaration on an element at `depth`; false when there are too many, and it is ignored.
    pub(super) fn declare(&mut self, prefix: &'a str, address: &str, depth: usize) -> bool {
        if self.in_force.len() >= BINDINGS_MAX {
            return false;
        }
        let space = by_address(address).unwrap_or(Space::Foreign);
        self.in_force.push(Binding { prefix, space, depth });
        true
    }

    /// Ends the declarations of elements at `depth` and deeper.
    pub(super) fn leave(&mut self, depth: usize) {
        while self.in_force.last().is_some_and(|binding| binding.depth >= depth) {
            self.in_force.pop();
        }
    }

    /// The vocabulary of a prefix; `""` asks for the default namespace, which is `unbound` where none is declared.
    pub(super) fn resolve(&self, prefix: &str, unbound: Space) -> Meaning {
        if let Some(binding) = self.in_force.iter().rev().find(|binding| binding.prefix == prefix) {
            return Meaning { space: binding.space, is_declared: true };
        }
        if prefix.is_empty() {
            return Meaning { space: unbound, is_declared: false };
        }
        let known = PREFIXES.iter().find(|(name, _)| name.eq_ignore_ascii_case(prefix));
        Meaning { space: known.map_or(Space::Foreign, |(_, space)| *space), is_declared: false }
    }
}

/// The vocabulary of a namespace address, however it is spelled.
pub(super) fn by_address(address: &str) -> Option<Space> {
    let address = bare(address.trim());
    ADDRESSES.iter().find(|(known, _)| bare(known).eq_ignore_ascii_case(address)).map(|(_, space)| *space)
}

/// An address without what publishers get wrong in it: the scheme, and the sign that ends it.
fn bare(address: &str) -> &str {
    let address = address.strip_prefix("http://").or_else(|| address.strip_prefix("https://")).unwrap_or(address);
    address.trim_end_matches(['/', '#'])
}

/// The address to show feed-rs in the place of another one; `None` where it may see what is written.
///
/// Vocabularies that it reads get the one spelling it knows. Those that it stumbles over are hidden from it: an empty `media:title`
/// or an unknown `podcast:person` role costs it the feed, a long `itunes:duration` makes it panic. What we need of them we read ourselves.
pub(super) fn shown_address(address: &str) -> Option<&'static str> {
    let shown = match by_address(address)? {
        Space::Rss => "http://purl.org/rss/1.0/",
        Space::Atom => "http://www.w3.org/2005/Atom",
        Space::Content => "http://purl.org/rss/1.0/modules/content/",
        Space::Dc => "http://purl.org/dc/elements/1.1/",
        Space::Media | Space::Itunes | Space::Podcast => "urn:hidden",
        _ => return None,
    };
    (shown != address).then_some(shown)
}

/// Whether a declaration touches what Namespaces in XML reserves (section 3): strict readers refuse the document for it.
pub(super) fn is_reserved(prefix: &str, address: &str) -> bool {
    let is_reserved_address = matches!(address, "http://www.w3.org/XML/1998/namespace" | "http://www.w3.org/2000/xmlns/");
    matches!(prefix, "xml" | "xmlns") || is_reserved_address
}

/// Whether an attribute declares a namespace.
pub(super) fn is_declaration(attribute: &str) -> bool {
    attribute == "xmlns" || attribute.starts_with("xmlns:")
}

/// Splits `dc:date` into `dc` and `date`; the prefix is empty where there is none.
pub(super) fn split(name: &str) -> (&str, &str) {
    // Names are short: faster than looking for a character.
    name.bytes().position(|b| b == b':').map_or(("", name), |at| (&name[..at], &name[at + 1..]))
}

#[cfg(test)]
mod tests {
    use super::{Bindings, Space, shown_address, split};

    #[test]
    fn inner_declarations_win_and_end_with_their_element() {
        let mut bindings = Bindings::default();
        assert!(bindings.declare("", "http://www.w3.org/2005/Atom", 0));
        assert!(bindings.declare("", "http://www.w3.org/1999/xhtml", 3));
        assert_eq!(bindings.resolve("", Space::Rss).space, Space::Xhtml);
        bindings.leave(3);
        assert_eq!(bindings.resolve("", Space::Rss).space, Space::Atom);
    }

    #[test]
    fn forgotten_declarations_are_guessed() {
        let meaning = Bindings::default().resolve("dc", Space::Rss);
        assert_eq!((meaning.space, meaning.is_declared), (Space::Dc, false));
        assert_eq!(Bindings::default().resolve("foo", Space::Rss).space, Space::Foreign);
    }

    #[test]
    fn feed_rs_is_shown_spellings_it_can_bear() {
        for (address, wanted) in [
            ("http://www.w3.org/2005/Atom", None),
            ("http://purl.org/atom/ns#", Some("http://www.w3.org/2005/Atom")),
            ("http://search.yahoo.com/mrss/", Some("urn:hidden")),
            ("https://search.yahoo.com/mrss", Some("urn:hidden")),
            ("http://purl.org/rss/1.0/modules/content", Some("http://purl.org/rss/1.0/modules/content/")),
            ("https://purl.org/dc/elements/1.1", Some("http://purl.org/dc/elements/1.1/")),
            ("urn:x", None),
        ] {
            assert_eq!(shown_address(address), wanted);
        }
        assert_eq!(split("dc:date"), ("dc", "date"));
    }

    #[test]
    fn declarations_are_limited() {
        let mut bindings = Bindings::default();
        assert_eq!((0..1000).filter(|_| bindings.declare("p", "urn:x", 1)).count(), super::BINDINGS_MAX);
    }
}
