//! What the survey noted beside what feed-rs will read.

use crate::{
    feed::address::Address,
    model::{Enclosure, Link, Origin, Rhythm},
};

/// What one entry, or the channel, says that feed-rs drops or does not understand. Text has its references resolved.
#[derive(Debug, Clone, Default)]
pub(in crate::feed) struct Notes {
    /// An id under a name that feed-rs does not look for.
    pub id: Option<String>,
    /// RSS `guid/@isPermaLink`, where it was written.
    pub is_permalink: Option<bool>,
    /// `rdf:about` of an RSS 1.0 item.
    pub about: Option<String>,
    /// A title under a name that feed-rs does not look for.
    pub title: Option<String>,
    /// The same for the address.
    pub link: Option<Address>,
    /// The entry's own address, for one that names no page.
    pub own: Option<Address>,
    /// `feedburner:origLink`.
    pub original_link: Option<Link>,
    /// `related` and `via` links.
    pub related: Vec<Link>,
    /// A short text under a name that feed-rs does not look for.
    pub summary: Option<String>,
    /// The same for the full text.
    pub content: Option<String>,
    /// `pubDate`, `published`, `issued`, as written.
    pub published: Option<String>,
    /// `updated`, `modified`, `lastBuildDate`, as written.
    pub updated: Option<String>,
    /// `dc:date`, which may mean either, as written.
    pub dated: Option<String>,
    /// `created`, as written.
    pub created: Option<String>,
    /// Names of authors.
    pub authors: Vec<String>,
    /// Names in places that stand for an author only where there is none (`itunes:author`, `managingEditor`).
    pub other_authors: Vec<String>,
    /// Categories that feed-rs does not look for.
    pub categories: Vec<String>,
    /// Media RSS files, and enclosures written as links.
    pub enclosures: Vec<Enclosure>,
    /// Language of the entry or of its content.
    pub language: Option<String>,
    /// The feed it was copied from.
    pub origin: Option<Origin>,
    /// `xml:base` in force.
    pub base: Option<Link>,
}

/// What only a channel says.
#[derive(Debug, Clone, Default)]
pub(in crate::feed) struct ChannelNotes {
    /// What an entry could say as well.
    pub notes: Notes,
    /// How often it wants to be asked.
    pub rhythm: Rhythm,
    /// `sy:updatePeriod` in seconds.
    pub period_secs: Option<u64>,
    /// `sy:updateFrequency`.
    pub frequency: Option<u64>,
    /// Rights under a name that feed-rs does not look for.
    pub rights: Option<String>,
    /// WebSub hubs.
    pub hubs: Vec<Link>,
    /// Its own address.
    pub self_link: Option<Link>,
}

impl ChannelNotes {
    /// Whether the channel says that it is written in Chinese.
    pub(in crate::feed) fn is_chinese(&self) -> bool {
        self.notes.language.as_deref().and_then(|language| language.get(..2)).is_some_and(|code| code.eq_ignore_ascii_case("zh"))
    }
}
