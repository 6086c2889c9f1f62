//! A publisher's bytes become drafts and problems. Dirt is not an error; only "this is not a feed" is.
//!
//! The way of a document: `encoding` makes text of the bytes; `survey` walks once over the text, repairs what a strict reader would not
//! read as it was meant, and notes what it would drop; `strict` hands the text to feed-rs; `drafts` joins both. A clean document is never
//! copied nor changed. JSON Feed takes the same way through `json`.

mod address;
mod attributes;
mod cut;
mod date;
mod drafts;
mod edits;
mod encoding;
mod entities;
mod fault;
mod html;
mod json;
mod markup;
mod names;
mod person;
mod references;
mod strict;
mod subscriptions;
mod survey;
mod titles;
mod tokens;
mod wrappings;

use chrono_tz::Tz;

use crate::model::{Channel, Draft, Failure, ItemLimits, Link, Problem, ProblemKind};
use drafts::Frame;
pub use subscriptions::{NotAList, Subscription, subscriptions};
use survey::{Found, Root, Survey};

/// Moves when documents are read otherwise than before: every source's next document is then asked for in full.
pub const VERSION: u32 = 4;

/// What is known about a document from outside it.
#[derive(Debug, Clone)]
pub struct Hints<'a> {
    /// The `Content-Type` header: only its charset counts.
    pub content_type: Option<&'a str>,
    /// Where the document came from, for relative addresses (RFC 3986 section 5.1.3).
    pub base: Option<&'a Link>,
    /// The zone of dates that name none, and what tells whose `CST` is meant.
    pub timezone: Option<Tz>,
    /// The operator's word on the encoding, by WHATWG label.
    pub encoding: Option<&'a str>,
    /// Entries read at most.
    pub entries_max: usize,
}

impl Default for Hints<'_> {
    fn default() -> Self {
        Self { content_type: None, base: None, timezone: None, encoding: None, entries_max: ItemLimits::default().entries_max }
    }
}

impl From<NotAFeed> for Failure {
    fn from(not: NotAFeed) -> Self {
        match not {
            NotAFeed::Empty => Self::Empty,
            NotAFeed::Html { alternate } => Self::Html { alternate },
            NotAFeed::Other(what) => Self::NotAFeed(what),
        }
    }
}

/// A feed as read.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// What it says about itself.
    pub channel: Channel,
    /// Its entries, in document order.
    pub drafts: Vec<Draft>,
    /// What was wrong, and what was done about it.
    pub problems: Vec<Problem>,
    /// The document ended early: what it lacks must be asked for again (no validator may vouch for it).
    pub truncated: bool,
}

/// Why a document is no feed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAFeed {
    /// Nothing, or nothing but white space.
    #[error("document is empty")]
    Empty,
    /// A web page.
    #[error("document is a web page, not a feed{}", alternate.as_ref().map_or_else(String::new, |link| format!("; it names the feed `{link}`")))]
    Html {
        /// The feed that the page names by `link rel=alternate`.
        alternate: Option<Link>,
    },
    /// Something else, in words.
    #[error("not a feed: {0}")]
    Other(String),
}

/// Reads a feed of any dialect in any encoding. Never fails on faults that leave something to read.
pub fn read(bytes: &[u8], hints: &Hints<'_>) -> Result<Reading, NotAFeed> {
    let mut reading = read_any(bytes, hints)?;
    titles::settle(&mut reading.drafts);
    Ok(reading)
}

fn read_any(bytes: &[u8], hints: &Hints<'_>) -> Result<Reading, NotAFeed> {
    if bytes.iter().all(|b| b.is_ascii_whitespace() || *b == 0) {
        return Err(NotAFeed::Empty);
    }
    let mut problems = Vec::new();
    let labels = encoding::Labels { configured: hints.encoding, content_type: hints.content_type };
    let text = encoding::decode(bytes, labels, &mut problems);
    if text.trim_start().starts_with(['{', '[']) {
        return read_json(&text, 0, hints, problems);
    }
    let not_a_feed = match survey::find_root(&text) {
        Found::Root(root) => return Ok(read_xml(&entities::expand(&text, root.at), &root, hints, problems)),
        Found::Html => NotAFeed::Html { alternate: html::alternate(&text, hints.base) },
        Found::Other(Some(name)) => NotAFeed::Other(format!("the root element is `<{name}>`")),
        Found::Other(None) => NotAFeed::Other("neither XML nor JSON".to_owned()),
    };
    let Some(start) = json::find(&text) else { return Err(not_a_feed) };
    problems.push(Problem::new(ProblemKind::Syntax, BEFORE_THE_FEED));
    read_json(&text, start, hints, problems).map_err(|_| not_a_feed)
}

/// What is said when the root of a feed is not the first thing in its document.
const BEFORE_THE_FEED: &str = "something stands before the feed, skipped";

/// Reads the JSON that begins at the byte `start`.
fn read_json(text: &str, start: usize, hints: &Hints<'_>, mut problems: Vec<Problem>) -> Result<Reading, NotAFeed> {
    let frame = Frame { base: hints.base, timezone: hints.timezone, is_chinese: false, is_rss: false };
    let feed = json::read(text, start, frame, hints.entries_max).map_err(NotAFeed::Other)?;
    problems.extend(feed.problems);
    Ok(Reading { channel: feed.channel, drafts: feed.drafts, problems, truncated: feed.truncated })
}

/// Reads what has the root of a feed.
fn read_xml(source: &str, root: &Root, hints: &Hints<'_>, mut problems: Vec<Problem>) -> Reading {
    if root.has_junk_before {
        problems.push(Problem::new(ProblemKind::Syntax, BEFORE_THE_FEED));
    }
    let survey = survey::survey(source, root, hints.base, hints.entries_max);
    let is_chinese = survey.channel.is_chinese() || hints.base.is_some_and(is_of_china);
    let frame = Frame { base: hints.base, timezone: hints.timezone, is_chinese, is_rss: !root.dialect.is_atom() };
    let Survey { text, spans, starts, root_tag, entries: notes, channel: channel_notes, mut faults, truncated } = survey;
    let (feed, entries) = match strict::read(&text) {
        Ok(mut feed) if feed.entries.len() == notes.len() => {
            let entries = std::mem::take(&mut feed.entries).into_iter().map(Ok).collect();
            (Some(feed), entries)
        }
        _ => strict::read_apart(&text, root_tag, &spans),
    };
    for (index, start) in starts.iter().enumerate() {
        if let Some(Err(error)) = entries.get(index) {
            faults.note(*start, ProblemKind::Field, format!("entry {} could not be read, left out: {error}", index + 1));
        }
    }
    problems.extend(faults.located(source));
    let drafts = entries.into_iter().zip(notes).filter_map(|(entry, notes)| Some(drafts::draft(entry.ok()?, notes, frame))).collect();
    Reading { channel: drafts::channel(feed, channel_notes, frame, root.format.clone()), drafts, problems, truncated }
}

/// Whether an address is one of China's.
fn is_of_china(link: &Link) -> bool {
    link.host().ends_with(".cn")
}
