//! A draft that has an identity inside its source.

use std::fmt;

use super::{Catalogue, Cve, Digest, Enclosure, Link, Origin, SafeHtml, SourceId, Tag, Text, Timestamp, ZonedTime};

/// What makes an item itself inside its source: the publisher's id, else its link, else a digest of its content (protocol P10).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NativeId(String);

impl NativeId {
    /// Longest id kept as written, in bytes; longer ones are named by their digest (protocol P7).
    const BYTES_MAX: usize = 1024;

    /// An id as published, compared byte by byte (RFC 4287 section 4.2.6.1).
    pub fn new(id: String) -> Self {
        if id.len() > Self::BYTES_MAX { Self(format!("sha256:{}", Digest::of(&[id.as_bytes()]))) } else { Self(id) }
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Names an item for ever: a digest of its source id and its native id, so never of time, order or chance (invariant 3).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemId(Digest);

impl ItemId {
    /// The id of what `source` calls `native`.
    pub fn of(source: &SourceId, native: &NativeId) -> Self {
        Self(Digest::of(&[b"item", source.as_str().as_bytes(), native.as_str().as_bytes()]))
    }

    /// An id that was stored earlier.
    pub const fn from_digest(digest: Digest) -> Self {
        Self(digest)
    }

    /// The digest behind it.
    pub const fn digest(self) -> Digest {
        self.0
    }
}

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// The canonical form of a link: two links with one key lead to the same article. Made by `dedup`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkKey(String);

impl LinkKey {
    /// For `dedup`, which knows the rules, and `store`, which keeps its results.
    pub fn new(key: String) -> Self {
        Self(key)
    }

    /// The key: `wx:BIZ:MID:IDX`, `wxs:ID`, or an address without scheme.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LinkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for LinkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A draft with an identity: cleaned, clamped, safe to show.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Its name for ever.
    pub id: ItemId,
    /// What its publisher calls it.
    pub native_id: NativeId,
    /// Where it came from.
    pub source: SourceId,
    /// The feed or account that the item itself names as its origin.
    pub origin: Option<Origin>,
    /// Path of the imported file, relative to the folder that was imported; polled items have none.
    pub document: Option<String>,
    /// Title: one line, at most 300 characters, never empty.
    pub title: Text,
    /// Where it can be read; some documents have no address of their own.
    pub link: Option<Link>,
    /// Canonical form of `link`.
    pub key: Option<LinkKey>,
    /// Other addresses it points to.
    pub related: Vec<Link>,
    /// Publication date, believable: after 1990 and not in the future; else unknown.
    pub published: Option<ZonedTime>,
    /// When its publisher says it was changed; same rule.
    pub updated: Option<ZonedTime>,
    /// When we first met it. Stored once.
    pub first_seen: Timestamp,
    /// Authors' names.
    pub authors: Vec<Text>,
    /// Its publisher's category terms.
    pub categories: Vec<Text>,
    /// Identifiers that it names, what it is about first.
    pub tags: Vec<Tag>,
    /// It lists many vulnerabilities and is about none in particular.
    pub is_roundup: bool,
    /// Its source had it long before it was first asked: it can be found, and is no news.
    pub is_backlog: bool,
    /// BCP 47 language: what it says, else what it looks like.
    pub language: Option<Text>,
    /// The text to show.
    pub body: SafeHtml,
    /// Attached files.
    pub enclosures: Vec<Enclosure>,
}

impl Item {
    /// An item that says nothing but its title.
    pub fn titled(source: SourceId, native_id: NativeId, title: Text, first_seen: Timestamp) -> Self {
        Self {
            id: ItemId::of(&source, &native_id),
            native_id,
            source,
            origin: None,
            document: None,
            title,
            link: None,
            key: None,
            related: Vec::new(),
            published: None,
            updated: None,
            first_seen,
            authors: Vec::new(),
            categories: Vec::new(),
            tags: Vec::new(),
            is_roundup: false,
            is_backlog: false,
            language: None,
            body: SafeHtml::default(),
            enclosures: Vec::new(),
        }
    }

    /// When it counts as published: its own date, else when we first met it.
    pub fn dated(&self) -> ZonedTime {
        self.published.or(self.updated).unwrap_or(ZonedTime::utc(self.first_seen))
    }

    /// The vulnerabilities that it is about, by number, each once. A round-up is about none in particular.
    pub fn vulnerabilities(&self) -> Vec<Cve> {
        let primary = self.tags.iter().filter(|tag| !self.is_roundup && tag.is_primary && tag.catalogue == Catalogue::Cve);
        let mut vulnerabilities: Vec<Cve> = primary.filter_map(|tag| Cve::parse(&tag.name)).collect();
        vulnerabilities.sort_unstable();
        vulnerabilities.dedup();
        vulnerabilities
    }

    /// A digest of what a reader would notice changing. Dates are left out: a publisher's bumped date alone is no edit
    /// (protocol N2).
    pub fn content_digest(&self) -> Digest {
        let link = self.link.as_ref().map_or("", Link::as_str);
        Digest::of(&[self.title.as_str().as_bytes(), link.as_bytes(), self.body.as_str().as_bytes()])
    }
}
