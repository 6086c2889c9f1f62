//! The fields of a JSON feed that feed-rs drops, or gives without what we need of them. Texts stay where they are.

use serde::{Deserialize, de::IgnoredAny};

use super::few::Few;
use crate::{
    feed::{
        address::{self, Address},
        drafts::{Frame, kept},
        survey::{ChannelNotes, Notes},
    },
    model::{Enclosure, Link},
};

/// Items read of one feed, whatever the caller allows.
pub(super) const ITEMS_MAX: usize = 10_000;

/// Entries read of any other list.
pub(super) const LIST_MAX: usize = 100;

/// Authors of a feed that feed-rs may see: it gives each entry a copy of them.
const FEED_AUTHORS_MAX: usize = 8;

/// A feed, as JSON Feed 1.0 and 1.1 shape it.
#[derive(Debug, Deserialize)]
pub(super) struct Shape {
    pub version: String,
    pub home_page_url: Option<String>,
    pub feed_url: Option<String>,
    pub author: Option<Person>,
    pub authors: Option<Few<Person, LIST_MAX>>,
    pub hubs: Option<Few<Hub, LIST_MAX>>,
    pub expired: Option<bool>,
    pub items: Few<Item, ITEMS_MAX>,
}

/// An item.
#[derive(Debug, Deserialize)]
pub(super) struct Item {
    pub url: Option<String>,
    pub external_url: Option<String>,
    pub date_published: Option<String>,
    pub date_modified: Option<String>,
    pub language: Option<String>,
    pub author: Option<Person>,
    pub authors: Option<Few<Person, LIST_MAX>>,
    pub tags: Option<Few<IgnoredAny, LIST_MAX>>,
    pub attachments: Option<Few<Attachment, LIST_MAX>>,
}

/// An author.
#[derive(Debug, Deserialize)]
pub(super) struct Person {
    pub name: Option<String>,
}

/// A hub.
#[derive(Debug, Deserialize)]
pub(super) struct Hub {
    pub url: Option<String>,
}

/// An attached file.
#[derive(Debug, Deserialize)]
pub(super) struct Attachment {
    pub url: String,
    pub mime_type: Option<String>,
    pub size_in_bytes: Option<u64>,
}

impl Shape {
    /// Whether feed-rs can be given the text as it is: it knows the version, no list is too long for it, and no name makes it panic.
    pub(super) fn is_bearable(&self) -> bool {
        let items = || self.items.kept.iter();
        let of_items = items().flat_map(|item| people(item.author.as_ref(), item.authors.as_ref()));
        let mut names = people(self.author.as_ref(), self.authors.as_ref()).chain(of_items);
        let has_many_authors = self.authors.as_ref().is_some_and(|authors| authors.kept.len() > FEED_AUTHORS_MAX);
        let is_cut = self.items.is_cut || has_many_authors || items().any(Item::is_cut);
        self.version.starts_with("https://jsonfeed.org/version/1") && !is_cut && !names.any(holds_hidden_mail)
    }

    /// What it notes on the channel.
    pub(super) fn channel_notes(&self, frame: Frame<'_>) -> ChannelNotes {
        let hubs = self.hubs.iter().flat_map(|hubs| &hubs.kept).filter_map(|hub| link(hub.url.as_deref(), frame)).collect();
        let authors = people(self.author.as_ref(), self.authors.as_ref()).map(str::to_owned).collect();
        let notes = Notes { link: address(self.home_page_url.as_deref(), frame), authors, ..Notes::default() };
        ChannelNotes { notes, hubs, self_link: link(self.feed_url.as_deref(), frame), ..ChannelNotes::default() }
    }
}

impl Item {
    /// Whether one of its lists was too long.
    fn is_cut(&self) -> bool {
        is_cut(self.authors.as_ref()) || is_cut(self.tags.as_ref()) || is_cut(self.attachments.as_ref())
    }

    /// What it notes on an entry.
    pub(super) fn into_notes(self, frame: Frame<'_>) -> Notes {
        let (own, external) = (address(self.url.as_deref(), frame), address(self.external_url.as_deref(), frame));
        let enclosures = self.attachments.into_iter().flat_map(|files| files.kept).filter_map(|file| {
            let link = link(Some(&file.url), frame)?;
            Some(Enclosure { link, media_type: kept(file.mime_type), bytes: file.size_in_bytes })
        });
        Notes {
            related: external.iter().filter(|_| own.is_some()).map(|external| external.link.clone()).collect(),
            link: own.or(external),
            published: self.date_published,
            updated: self.date_modified,
            language: self.language,
            authors: people(self.author.as_ref(), self.authors.as_ref()).map(str::to_owned).collect(),
            enclosures: enclosures.collect(),
            ..Notes::default()
        }
    }
}

/// Whether feed-rs would look for a mail address in a name, and panic if it stands behind a character of several bytes.
pub(super) fn holds_hidden_mail(name: &str) -> bool {
    name.contains('@') && !name.is_ascii()
}

fn is_cut<T, const MAX: usize>(list: Option<&Few<T, MAX>>) -> bool {
    list.is_some_and(|list| list.is_cut)
}

/// The names of authors, of which version 1.0 knew one.
fn people<'a>(author: Option<&'a Person>, authors: Option<&'a Few<Person, LIST_MAX>>) -> impl Iterator<Item = &'a str> {
    author.into_iter().chain(authors.into_iter().flat_map(|list| &list.kept)).filter_map(|person| person.name.as_deref())
}

fn link(address: Option<&str>, frame: Frame<'_>) -> Option<Link> {
    address::resolve(frame.base, address?)
}

fn address(text: Option<&str>, frame: Frame<'_>) -> Option<Address> {
    Address::read(frame.base, text?)
}
