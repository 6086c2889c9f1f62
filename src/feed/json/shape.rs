//! The fields of a JSON feed that feed-rs drops, or gives without what we need of them. Texts stay where they are.

use serde::Deserialize;

use crate::{
    feed::{
        address,
        drafts::{Frame, kept},
        survey::{ChannelNotes, Notes},
    },
    model::{Enclosure, Link},
};

/// A feed, as JSON Feed 1.0 and 1.1 shape it.
#[derive(Debug, Deserialize)]
pub(super) struct Shape {
    pub version: String,
    pub home_page_url: Option<String>,
    pub feed_url: Option<String>,
    pub author: Option<Person>,
    pub authors: Option<Vec<Person>>,
    pub hubs: Option<Vec<Hub>>,
    pub expired: Option<bool>,
    pub items: Vec<Item>,
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
    pub authors: Option<Vec<Person>>,
    pub attachments: Option<Vec<Attachment>>,
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
    /// Whether feed-rs can be given the text as it is: it knows the version, and no name makes it panic.
    pub(super) fn is_bearable(&self) -> bool {
        let of_items = self.items.iter().flat_map(|item| people(item.author.as_ref(), item.authors.as_deref()));
        let mut names = people(self.author.as_ref(), self.authors.as_deref()).chain(of_items);
        self.version.starts_with("https://jsonfeed.org/version/1") && !names.any(holds_hidden_mail)
    }

    /// What it notes on the channel.
    pub(super) fn channel_notes(&self, frame: Frame<'_>) -> ChannelNotes {
        let hubs = self.hubs.iter().flatten().filter_map(|hub| link(hub.url.as_deref(), frame)).collect();
        let authors = people(self.author.as_ref(), self.authors.as_deref()).map(str::to_owned).collect();
        let notes = Notes { link: link(self.home_page_url.as_deref(), frame), authors, ..Notes::default() };
        ChannelNotes { notes, hubs, self_link: link(self.feed_url.as_deref(), frame), ..ChannelNotes::default() }
    }
}

impl Item {
    /// What it notes on an entry.
    pub(super) fn into_notes(self, frame: Frame<'_>) -> Notes {
        let (own, external) = (link(self.url.as_deref(), frame), link(self.external_url.as_deref(), frame));
        let enclosures = self.attachments.into_iter().flatten().filter_map(|file| {
            let link = link(Some(&file.url), frame)?;
            Some(Enclosure { link, media_type: kept(file.mime_type), bytes: file.size_in_bytes })
        });
        Notes {
            related: external.iter().filter(|_| own.is_some()).cloned().collect(),
            link: own.or(external),
            published: self.date_published,
            updated: self.date_modified,
            language: self.language,
            authors: people(self.author.as_ref(), self.authors.as_deref()).map(str::to_owned).collect(),
            enclosures: enclosures.collect(),
            ..Notes::default()
        }
    }
}

/// Whether feed-rs would look for a mail address in a name, and panic if it stands behind a character of several bytes.
pub(super) fn holds_hidden_mail(name: &str) -> bool {
    name.contains('@') && !name.is_ascii()
}

/// The names of authors, of which version 1.0 knew one.
fn people<'a>(author: Option<&'a Person>, authors: Option<&'a [Person]>) -> impl Iterator<Item = &'a str> {
    author.into_iter().chain(authors.into_iter().flatten()).filter_map(|person| person.name.as_deref())
}

fn link(address: Option<&str>, frame: Frame<'_>) -> Option<Link> {
    address::resolve(frame.base, address?)
}
