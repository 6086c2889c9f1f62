//! The archives of the combined feed and of the views (RFC 5005 section 4): volumes of stories that nobody opens any more.
//!
//! A volume holds the stories that were opened by the items of one span of numbers, in the order in which the store took them in: where
//! it begins and ends never moves. A volume of a view holds those of them that its filter lets through, and where none is, there is no
//! volume on the way. A story that is edited later stands in the newest feed again, with a later `updated`: whoever kept its volume is
//! not misled, so that caches may keep volumes for ever. Only the last closed one changes once more, when it learns the address of the
//! next. Another filter makes other volumes, with other addresses: those of a view bear a digest of what it is made by.
//!
//! What retention purges leaves its volume, as it leaves every output; the volume keeps its number, its span and its neighbours, if need
//! be without an entry. So a volume of the combined feed never gains or moves an entry, and a copy of it that somebody kept is a copy of
//! what was published. One of a view gains an old story that its filter lets through at last: after an edit, which brings it into the
//! newest feed as well, or by a label, which need not (`store::Marking`): who kept the volume has not got it.

use std::cmp::Reverse;

use super::{
    fragments::Shape,
    parts::Parts,
    press::{self, Press},
    shelf::ShelfError,
};
use crate::{
    model::Digest,
    render::{Feed, Format, Place},
    view::{Filter, Selection, View, ViewId},
};

/// Digits of the digest of a filter in an address.
const FILTER_DIGITS: usize = 8;

/// Which volume of which feed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct VolumeName {
    /// The feed: the combined one, or a view.
    of: Selection,
    /// Its number, from 0.
    number: u64,
}

/// A volume as it is served.
pub(super) struct Volume {
    /// The feed.
    pub(super) feed: Parts,
    /// Whether it stays as it is.
    pub(super) is_final: bool,
}

impl VolumeName {
    /// Reads the name in an address, `12` or `china-5f0c9e21-12`, and finds the view that it is of. One volume has one address: a number
    /// in another spelling is none, and a view that was changed has others.
    pub(super) fn read<'a>(name: &str, views: &'a [View]) -> Option<(Self, Option<&'a View>)> {
        let number = |text: &str| text.parse().ok().filter(|number: &u64| number.to_string() == text);
        let Some((feed, last)) = name.rsplit_once('-') else {
            return Some((Self { of: Selection::Everything, number: number(name)? }, None));
        };
        let (id, digest) = feed.rsplit_once('-')?;
        let id = ViewId::parse(id).ok()?;
        let view = views.iter().find(|view| view.id == id && filter_digits(&view.filter) == digest)?;
        Some((Self { of: view.selection(), number: number(last)? }, Some(view)))
    }
}

impl Press<'_> {
    /// A volume; `None` if it is not closed yet.
    pub(super) fn volume(&self, name: &VolumeName, format: Format) -> Result<Option<Volume>, ShelfError> {
        let Some(chosen) = self.choose(&name.of).filter(|_| name.number < self.library.volumes()) else { return Ok(None) };
        let (site, made_of) = (&self.served.site, (self.library, &self.served.site, self.cards));
        let mut fragments = Vec::new();
        for revision in self.library.volume(&chosen.filter, name.number)? {
            fragments.extend(self.fragments.fragment(made_of, revision, Shape::Entry(format))?);
        }
        fragments.sort_by_key(|fragment| (Reverse(fragment.candidate.updated.at()), fragment.candidate.id));
        let updated = fragments.first().map(|fragment| fragment.candidate.updated.at()).unwrap_or_default();
        let place = |number| place(&name.of, &chosen.filter, number);
        let older = self.library.volume_before(&chosen.filter, name.number)?;
        let newer = self.library.volume_after(&chosen.filter, name.number)?;
        let current = chosen.feed.place.clone();
        let mut feed = Feed { place: place(name.number), is_archive: true, updated, ..chosen.feed };
        feed.parts.push(("current", current));
        feed.parts.extend(older.map(|older| ("prev-archive", place(older))));
        feed.parts.extend(newer.map(|newer| ("next-archive", place(newer))));
        Ok(Some(Volume { feed: press::feed_in(format, site, &feed, &fragments)?, is_final: newer.is_some() }))
    }

    /// Where the newest closed volume of a feed is; none for feeds without an archive.
    pub(super) fn newest_volume(&self, of: &Selection, filter: &Filter) -> Result<Option<Place>, ShelfError> {
        if !matches!(of, Selection::Everything | Selection::View(_)) {
            return Ok(None);
        }
        let newest = self.library.volume_before(filter, self.library.volumes())?;
        Ok(newest.map(|number| place(of, filter, number)))
    }
}

fn place(of: &Selection, filter: &Filter, number: u64) -> Place {
    let name = match of {
        Selection::View(id) => format!("{id}-{}-{number}", filter_digits(filter)),
        _ => number.to_string(),
    };
    Place { path: ("archive", name), skip: 0 }
}

/// Another filter has others.
fn filter_digits(filter: &Filter) -> String {
    let mut digits = Digest::of(&[format!("{filter:?}").as_bytes()]).to_string();
    digits.truncate(FILTER_DIGITS);
    digits
}
