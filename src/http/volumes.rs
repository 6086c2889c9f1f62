//! The archive of the combined feed (RFC 5005 section 4): volumes of stories that nobody opens any more.
//!
//! A volume holds the stories that were opened by the items of one span of numbers, in the order in which the store took them in: where
//! it begins and ends never moves. A story that is edited later stands in the newest feed again, with a later `updated`: whoever kept
//! its volume is not misled, so that caches may keep volumes for ever. Only the last closed one changes once more, when it learns the
//! address of the next.
//!
//! What retention purges leaves its volume, as it leaves every output; the volume keeps its number, its span and its neighbours, if need
//! be without an entry. So a volume never gains or moves an entry, and a copy of it that somebody kept is a copy of what was published.

use std::cmp::Reverse;

use super::{
    fragments::Shape,
    parts::Parts,
    press::{self, Press},
    shelf::ShelfError,
};
use crate::render::{Feed, Format, Place};

/// A volume as it is served.
pub(super) struct Volume {
    /// The feed.
    pub(super) feed: Parts,
    /// Whether it stays as it is.
    pub(super) is_final: bool,
}

impl Press<'_> {
    /// The volume of that number, from 0; `None` if it is not closed yet.
    pub(super) fn volume(&self, number: u64, format: Format) -> Result<Option<Volume>, ShelfError> {
        let closed = self.library.volumes();
        if number >= closed {
            return Ok(None);
        }
        let (site, made_of) = (&self.served.site, (self.library, &self.served.site, self.cards));
        let mut fragments = Vec::new();
        for revision in self.library.volume(number)? {
            fragments.extend(self.fragments.fragment(made_of, revision, Shape::Entry(format))?);
        }
        fragments.sort_by_key(|fragment| (Reverse(fragment.candidate.updated.at()), fragment.candidate.id));
        let updated = fragments.first().map(|fragment| fragment.candidate.updated.at()).unwrap_or_default();
        let mut feed = Feed { place: place(number), is_archive: true, ..Feed::combined(site, updated) };
        feed.parts.push(("current", Feed::combined(site, updated).place));
        feed.parts.extend(number.checked_sub(1).map(|older| ("prev-archive", place(older))));
        let is_final = number + 1 < closed;
        feed.parts.extend(is_final.then(|| ("next-archive", place(number + 1))));
        Ok(Some(Volume { feed: press::feed_in(format, site, &feed, &fragments)?, is_final }))
    }

    /// Where the newest closed volume is.
    pub(super) fn newest_volume(&self) -> Option<Place> {
        self.library.volumes().checked_sub(1).map(place)
    }
}

fn place(number: u64) -> Place {
    Place { path: ("archive", number.to_string()), skip: 0 }
}
