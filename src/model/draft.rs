//! What a publisher wrote, before we believe it.

use std::time::Duration;

use super::{Link, ZonedTime};

/// One entry of a feed, or one document, as published: not sanitised, not clamped, without an identity yet.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Draft {
    /// Atom id, RSS guid or JSON id, trimmed; absent where empty.
    pub native_id: Option<String>,
    /// Title with its entities decoded as its type says; may still hold tags.
    pub title: Option<String>,
    /// The title is text: what looks like a tag or a reference in it is meant to be read. Otherwise it is HTML.
    pub title_is_text: bool,
    /// Where the entry can be read: `alternate`, `link`, or a guid that is a permalink.
    pub link: Option<Link>,
    /// That address as its publisher spelled it, where `link` spells it otherwise; identity and output know the link alone.
    pub link_spelling: Option<String>,
    /// The address before a distributor replaced it (`feedburner:origLink`).
    pub original_link: Option<Link>,
    /// Other addresses the entry points to (`related`, or what a document cites).
    pub related: Vec<Link>,
    /// When it says it was published.
    pub published: Option<ZonedTime>,
    /// When it says it was last changed.
    pub updated: Option<ZonedTime>,
    /// Names of authors.
    pub authors: Vec<String>,
    /// Category terms.
    pub categories: Vec<String>,
    /// The short text.
    pub summary: Option<Markup>,
    /// The full text.
    pub content: Option<Markup>,
    /// Attached files.
    pub enclosures: Vec<Enclosure>,
    /// BCP 47 language of this entry where it differs from its channel's.
    pub language: Option<String>,
    /// The feed it was copied from (`atom:source`, RSS `source`), or the account a document names.
    pub origin: Option<Origin>,
    /// Base for the relative addresses in its markup (`xml:base`, else the document's own address).
    pub base: Option<Link>,
}

impl Draft {
    /// Where the entry can be read, in its publisher's spelling.
    pub fn spelled_link(&self) -> Option<&str> {
        self.link_spelling.as_deref().or(self.link.as_ref().map(Link::as_str))
    }
}

/// A publisher's text: markup, or text to be escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Markup {
    /// HTML or XHTML, as written.
    Html(String),
    /// Plain text; Markdown counts as plain.
    Plain(String),
}

impl Markup {
    /// The text as written, whatever it is.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Html(text) | Self::Plain(text) => text,
        }
    }
}

/// A file attached to an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enclosure {
    /// Where it is.
    pub link: Link,
    /// Media type, as written.
    pub media_type: Option<String>,
    /// Size in bytes, as written.
    pub bytes: Option<u64>,
}

/// The feed or account an entry names as its own origin.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    /// `atom:id` of that feed.
    pub id: Option<String>,
    /// Its name.
    pub title: Option<String>,
    /// Its address: `self`, or RSS `source/@url`.
    pub link: Option<Link>,
}

/// What a document says about itself.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Channel {
    /// Name of the format, for people: "RSS 2.0", "Atom 1.0", "JSON Feed 1.1".
    pub format: String,
    /// `atom:id` of the feed.
    pub id: Option<String>,
    /// Title, entities decoded.
    pub title: Option<String>,
    /// Subtitle or description.
    pub description: Option<String>,
    /// The site it belongs to.
    pub site: Option<Link>,
    /// Its own address (`rel=self`, JSON `feed_url`).
    pub self_link: Option<Link>,
    /// WebSub hubs.
    pub hubs: Vec<Link>,
    /// Names of authors, for entries that have none.
    pub authors: Vec<String>,
    /// Rights statement.
    pub rights: Option<String>,
    /// BCP 47 language.
    pub language: Option<String>,
    /// When it says it was last changed.
    pub updated: Option<ZonedTime>,
    /// How often it wants to be asked.
    pub rhythm: Rhythm,
    /// It says that it will never be updated again (JSON Feed `expired`).
    pub expired: bool,
}

/// How often a publisher wants to be asked, from inside the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rhythm {
    /// RSS `ttl`.
    pub ttl: Option<Duration>,
    /// `sy:updatePeriod` divided by `sy:updateFrequency`.
    pub update_period: Option<Duration>,
    /// RSS `skipHours`: bit H is set when hour H (UTC) is to be skipped.
    pub skip_hours: u32,
    /// RSS `skipDays`: bit D is set when day D (0 = Monday, UTC) is to be skipped.
    pub skip_days: u8,
}
