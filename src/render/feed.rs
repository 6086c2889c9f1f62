//! A feed in any format: what it says of itself, around entries that were written before.
//!
//! An entry is written once for each format and version of its story: a feed that gains one story costs one entry.

use super::{Site, SourceCards, atom, json_feed, rss, strict};
use crate::model::{Link, Story, Text, Timestamp};

/// The formats that feeds are served in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// Atom (RFC 4287).
    Atom,
    /// RSS 2.0.
    Rss,
    /// JSON Feed 1.1.
    Json,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 3] = [Self::Atom, Self::Rss, Self::Json];

    /// How its addresses end.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Atom => ".atom",
            Self::Rss => ".rss",
            Self::Json => ".json",
        }
    }

    /// Its media type, without parameters.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Atom => "application/atom+xml",
            Self::Rss => "application/rss+xml",
            Self::Json => "application/feed+json",
        }
    }
}

/// A feed, or one page of it: everything but its entries.
#[derive(Debug, Clone, PartialEq)]
pub struct Feed {
    /// Its name for ever, the same in every format and on every page (RFC 4287 section 4.2.6).
    pub id: String,
    /// Its name for people.
    pub title: Text,
    /// One sentence about it; may be empty.
    pub subtitle: Text,
    /// When the newest of its stories was changed.
    pub updated: Timestamp,
    /// Where it is.
    pub place: Place,
    /// Other parts of the same feed, with the relations of RFC 5005: `next`, `prev-archive` and their like.
    pub parts: Vec<(&'static str, Place)>,
    /// Whether it is a volume of the archive, which new stories are not added to (RFC 5005 section 4).
    pub is_archive: bool,
    /// Whether hubs are told when it changes: then it names them, as Atom (W3C WebSub section 4).
    pub is_announced: bool,
}

/// Where a feed is: its address without the ending that names a format. Without any ending, a page for people is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The folder and the name: `("views", "china")`. A name may be any text; that of a search is the query of its address.
    pub path: (&'static str, String),
    /// Newer stories that it leaves out.
    pub skip: usize,
}

impl Feed {
    /// The name of the feed of health, which is served as Atom alone.
    pub const HEALTH: &'static str = "health";

    /// The combined feed.
    pub fn combined(site: &Site, updated: Timestamp) -> Self {
        Self {
            id: site.feed_id(),
            title: site.title.clone(),
            subtitle: site.subtitle.clone(),
            updated,
            place: Place { path: ("", "feed".to_owned()), skip: 0 },
            parts: Vec::new(),
            is_archive: false,
            is_announced: false,
        }
    }

    /// Another feed of the same site, with an id that follows from where it is.
    pub fn named(site: &Site, title: Text, path: (&'static str, String), updated: Timestamp) -> Self {
        let id = site.mint("feed", &format!("{}/{}", path.0, path.1));
        Self {
            id,
            title,
            subtitle: Text::default(),
            updated,
            place: Place { path, skip: 0 },
            parts: Vec::new(),
            is_archive: false,
            is_announced: false,
        }
    }

    /// Where a search in a format is sent, or one of the pages, without its query.
    pub fn search_url(site: &Site, format: Option<Format>) -> Link {
        site.below(&[&search_name(format)], "")
    }

    /// The formats it is served in.
    pub fn formats(&self) -> &'static [Format] {
        if self.place.is_health() { &[Format::Atom] } else { &Format::ALL }
    }

    /// Its own address in a format.
    pub fn url(&self, site: &Site, format: Format) -> Link {
        self.place.url(site, Some(format))
    }

    /// Where people read the same stories.
    pub fn page_url(&self, site: &Site) -> Link {
        self.place.url(site, None)
    }

    /// The other parts in a format, with their relations.
    pub(super) fn part_urls(&self, site: &Site, format: Format) -> impl Iterator<Item = (&'static str, Link)> {
        self.parts.iter().map(move |(relation, place)| (*relation, place.url(site, Some(format))))
    }
}

impl Place {
    fn is_health(&self) -> bool {
        self.path.0.is_empty() && self.path.1 == Feed::HEALTH
    }

    /// The address of the feed in a format, or of the page. The page of the combined feed is the home page.
    pub fn url(&self, site: &Site, format: Option<Format>) -> Link {
        let query = if self.skip > 0 { format!("?skip={}", self.skip) } else { String::new() };
        let (folder, name) = (self.path.0, self.path.1.as_str());
        match (folder, format) {
            ("search", format) => site.below(&[&search_name(format)], &format!("?{name}{}", query.replace('?', "&"))),
            ("", None) if self.is_health() => site.sources_url(),
            ("", None) => site.below(&[], &query),
            ("", Some(format)) => site.below(&[&format!("{name}{}", format.ending())], &query),
            (_, None) => site.below(&[folder, name], &query),
            (_, Some(format)) => site.below(&[folder, &format!("{name}{}", format.ending())], &query),
        }
    }
}

fn search_name(format: Option<Format>) -> String {
    format!("search{}", format.map_or("", Format::ending))
}

/// A story as an entry in a format. `Err` if what was written is not sound: then nobody may be served it.
pub fn entry(site: &Site, story: &Story, cards: &SourceCards, format: Format) -> Result<String, strict::BadXml> {
    let entry = match format {
        Format::Atom => atom::entry(site, story, cards),
        Format::Rss => rss::entry(site, story, cards),
        Format::Json => return Ok(json_feed::entry(site, story, cards)),
    };
    strict::check(entry.as_bytes())?;
    Ok(entry)
}

/// What stands around the entries of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Before the first.
    pub head: String,
    /// Between two.
    pub separator: &'static str,
    /// Behind the last.
    pub foot: String,
}

impl Frame {
    /// The whole feed, in UTF-8.
    pub fn around(self, entries: &[String]) -> Vec<u8> {
        (self.head + &entries.join(self.separator) + &self.foot).into_bytes()
    }
}

/// The frame for entries that [`entry`] wrote in the same format, newest first. The same arguments give the same text.
pub fn frame(site: &Site, feed: &Feed, format: Format) -> Result<Frame, strict::BadXml> {
    let (head, mut foot) = match format {
        Format::Atom => atom::frame(site, feed),
        Format::Rss => rss::frame(site, feed),
        Format::Json => json_feed::frame(site, feed),
    };
    // Sound entries inside a sound frame make a sound feed.
    if format != Format::Json {
        strict::check([head.as_str(), &foot].concat().as_bytes())?;
    }
    foot.push('\n');
    Ok(Frame { head, separator: if format == Format::Json { "," } else { "" }, foot })
}

/// The namespace of `archive` (RFC 5005 section 4).
pub(super) const HISTORY: &str = "http://purl.org/syndication/history/1.0";

/// Cuts a document with one entry in two, what is before the entry and what is behind it, or takes the entry alone. Texts are escaped:
/// the first tag of that name is the entry's own, and so is the last.
pub(super) struct Sample<'a> {
    /// The document.
    pub(super) document: &'a str,
    /// The entry's element.
    pub(super) element: &'static str,
}

impl Sample<'_> {
    fn range(&self) -> (usize, usize) {
        let open = self.document.find(&format!("<{}>", self.element));
        let close = format!("</{}>", self.element);
        let end = self.document.rfind(&close).map(|at| at + close.len());
        open.zip(end).expect("a document with an entry")
    }

    /// What stands around the entry.
    pub(super) fn frame(&self) -> (String, String) {
        let (begin, end) = self.range();
        (self.document[..begin].to_owned(), self.document[end..].to_owned())
    }

    /// The entry.
    pub(super) fn entry(&self) -> String {
        let (begin, end) = self.range();
        self.document[begin..end].to_owned()
    }
}
