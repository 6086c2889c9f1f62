//! From what feed-rs read and what the survey noted to the model.

use std::{borrow::Cow, time::Duration};

use chrono_tz::Tz;
use feed_rs::model::{Content, Entry, Feed, Text};

use super::{
    address::{self, Address},
    cut, date,
    markup::is_markup,
    references,
    survey::{ChannelNotes, Notes},
    wrappings::{unescaped, unwrapped},
};
use crate::model::{Channel, Draft, Enclosure, Link, Markup, ZonedTime};

/// Longest title, in bytes (protocol P7).
const TITLE_BYTES_MAX: usize = 1 << 10;
/// Longest text, in bytes.
const TEXT_BYTES_MAX: usize = 256 << 10;
/// Longest id, in bytes.
const ID_BYTES_MAX: usize = 1 << 10;
/// Categories kept of one entry.
const CATEGORIES_MAX: usize = 32;
/// Authors kept of one entry.
const AUTHORS_MAX: usize = 16;
/// Other addresses and files kept of one entry.
const LINKS_MAX: usize = 32;

/// What holds for all entries of a document.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame<'a> {
    /// Where relative addresses start.
    pub base: Option<&'a Link>,
    /// The source's zone, for dates without one.
    pub timezone: Option<Tz>,
    /// The document is of China, where `CST` is China's time.
    pub is_chinese: bool,
    /// RSS does not say whether its texts are markup.
    pub is_rss: bool,
}

impl Frame<'_> {
    /// Reads a date of the document.
    fn date(&self, text: &str) -> Option<ZonedTime> {
        let of_china = || (self.is_chinese && text.contains("CST")).then_some(Tz::Asia__Shanghai);
        date::read(text, self.timezone.or_else(of_china))
    }
}

/// An entry as a draft.
pub(super) fn draft(entry: Entry, notes: Notes, frame: Frame<'_>) -> Draft {
    let base = notes.base.or_else(|| frame.base.cloned());
    let read_address = |text: &str| Address::read(base.as_ref(), text);
    let native_id = kept(Some(entry.id)).or(notes.id).or(notes.about.clone()).map(|id| cut(id, ID_BYTES_MAX));
    let native_link =
        || entry.links.iter().filter(|link| link.target.is_none() && link.rel.is_none()).find_map(|link| read_address(&link.href));
    let permalink = || native_id.as_deref().filter(|_| notes.is_permalink != Some(false)).and_then(|id| Address::read(None, id));
    let about = || notes.about.as_deref().and_then(read_address);
    let (link, link_spelling) = match notes.link.or_else(native_link).or_else(permalink).or_else(about).or(notes.own) {
        Some(Address { link, spelling }) => (Some(link), spelling),
        None => (None, None),
    };
    let read_date = |texts: [&Option<String>; 3]| texts.into_iter().flatten().find_map(|text| frame.date(text));
    let own_authors = || entry.authors.into_iter().filter_map(|person| kept(person.name).or(kept(person.email))).collect();
    let authors = [notes.authors, notes.other_authors].into_iter().find(|names| !names.is_empty()).unwrap_or_else(own_authors);
    let mut enclosures = Vec::new();
    let media = entry.media.into_iter().flat_map(|media| media.content).filter_map(|file| {
        let media_type = file.content_type.map(|kind| kind.to_string());
        Some(Enclosure { link: Link::try_from(file.url?).ok()?, media_type, bytes: file.size })
    });
    for file in media.chain(notes.enclosures) {
        if enclosures.len() < LINKS_MAX && !enclosures.iter().any(|other: &Enclosure| other.link == file.link) {
            enclosures.push(file);
        }
    }
    let categories = notes.categories.into_iter().chain(entry.categories.into_iter().map(|category| category.term));
    Draft {
        native_id,
        title_is_text: entry.title.as_ref().is_none_or(|title| title.content_type.subty() == "plain"),
        title: kept(entry.title.map(|title| title.content)).or(notes.title).map(|title| cut(title, TITLE_BYTES_MAX)),
        link,
        link_spelling,
        original_link: notes.original_link,
        related: notes.related.into_iter().take(LINKS_MAX).collect(),
        published: read_date([&notes.published, &notes.dated, &notes.created]),
        updated: read_date([&notes.updated, &None, &None]),
        authors: distinct(authors, AUTHORS_MAX),
        categories: distinct(categories, CATEGORIES_MAX),
        summary: entry.summary.and_then(|text| markup(text, frame)).or(notes.summary.and_then(untyped)),
        content: entry.content.and_then(body).or(notes.content.map(whole)),
        enclosures,
        language: kept(notes.language.or(entry.language)),
        origin: notes.origin.filter(|origin| origin.id.is_some() || origin.title.is_some() || origin.link.is_some()),
        base,
    }
}

/// The channel, of which feed-rs may have read nothing. `format` is its name for people.
pub(super) fn channel(feed: Option<Feed>, noted: ChannelNotes, frame: Frame<'_>, format: String) -> Channel {
    let notes = noted.notes;
    let (id, title, description, rights, language, links, own_authors) = match feed {
        Some(feed) => (feed.id, feed.title, feed.description, feed.rights, feed.language, feed.links, feed.authors),
        None => Default::default(),
    };
    let own_authors = || own_authors.into_iter().filter_map(|person| kept(person.name).or(kept(person.email))).collect();
    let authors: Vec<String> = [notes.authors, notes.other_authors].into_iter().find(|names| !names.is_empty()).unwrap_or_else(own_authors);
    let native_site = || links.iter().filter(|link| link.rel.is_none()).find_map(|link| address::resolve(frame.base, &link.href));
    let dates = [&notes.updated, &notes.dated, &notes.published];
    let mut rhythm = noted.rhythm;
    rhythm.update_period = noted.period_secs.map(|secs| Duration::from_secs(secs / noted.frequency.unwrap_or(1)));
    Channel {
        format,
        id: kept(Some(id)).or(notes.id).map(|id| cut(id, ID_BYTES_MAX)),
        title: kept(title.map(|text| text.content)).or(notes.title).map(|title| cut(title, TITLE_BYTES_MAX)),
        description: kept(description.map(|text| text.content)).or(notes.summary).map(|text| cut(text, TEXT_BYTES_MAX)),
        site: notes.link.map(|address| address.link).or_else(native_site),
        self_link: noted.self_link,
        hubs: noted.hubs.into_iter().take(LINKS_MAX).collect(),
        authors: distinct(authors, AUTHORS_MAX),
        rights: kept(rights.map(|text| text.content)).or(noted.rights),
        language: kept(notes.language.or(language)),
        updated: dates.into_iter().flatten().find_map(|text| frame.date(text)),
        rhythm,
        expired: false,
    }
}

/// Text without white space and sections of character data around it; `None` where nothing is left.
pub(super) fn kept(text: Option<String>) -> Option<String> {
    let text = text?;
    let trimmed = unwrapped(text.trim());
    match trimmed.len() {
        0 => None,
        length if length == text.len() => Some(text),
        _ => Some(trimmed.to_owned()),
    }
}

/// A text of feed-rs with the type it was given.
fn markup(text: Text, frame: Frame<'_>) -> Option<Markup> {
    let content = cut(kept(Some(text.content))?, TEXT_BYTES_MAX);
    if frame.is_rss {
        return untyped(content);
    }
    Some(if text.content_type.subty() == "plain" { Markup::Plain(content) } else { html(content) })
}

/// An entry's content, where it is text.
fn body(content: Content) -> Option<Markup> {
    let text = cut(kept(content.body)?, TEXT_BYTES_MAX);
    Some(if content.content_type.subty() == "plain" { Markup::Plain(text) } else { html(text) })
}

/// HTML, escaped once.
fn html(text: String) -> Markup {
    let text = unescaped(&text).unwrap_or(text);
    match references::joined(&text) {
        Cow::Owned(joined) => Markup::Html(joined),
        Cow::Borrowed(_) => Markup::Html(text),
    }
}

/// A full text in RSS, which is HTML wherever it looks like it.
fn whole(text: String) -> Markup {
    if text.contains('<') || is_markup(&text) { html(text) } else { Markup::Plain(text) }
}

/// A text that does not say what it is: markup if there is any in it.
fn untyped(text: String) -> Option<Markup> {
    Some(if is_markup(&text) { html(text) } else { Markup::Plain(text) })
}

/// The text, cut where it is too long.
fn cut(mut text: String, bytes_max: usize) -> String {
    text.truncate(cut::cut(&text, bytes_max).len());
    text
}

/// Names and terms without white space around them and without repetition. Their references are resolved once more: they are no markup,
/// though many publishers escape them as if they were.
fn distinct(names: impl IntoIterator<Item = String>, max: usize) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for name in names {
        let name = match kept(Some(name)) {
            Some(name) => Cow::<str>::Owned(cut(references::decode(&name).into_owned(), TITLE_BYTES_MAX)),
            None => continue,
        };
        if !found.iter().any(|other| *other == name) {
            found.push(name.into_owned());
            if found.len() == max {
                break;
            }
        }
    }
    found
}
