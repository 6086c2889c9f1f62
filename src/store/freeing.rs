//! The second half of a purge: once nothing can be a copy of a purged item any more, its traces go, and the bytes of its text.
//!
//! Until then a purged item is a ghost: hidden everywhere, but a copy of it that comes late still joins its story, under the story's id.
//! What a ghost leaves is written down as it is afterwards: an index that is made again when the texts are gone has the same rows.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    archive::Segment,
    buckets::era_of,
    error::Result,
    event::Event,
    index::Rows,
    ledger::Ledger,
    matching::DECLARED_MAX,
    rows::{self, ItemRow, LinkRow, StoryRow},
    standing::Standing,
    transaction::Transaction,
};
use crate::{
    dedup::Fingerprint,
    model::{Digest, Timestamp, ZonedTime},
};

/// What is gone, and what remains of that which it shared with others.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Freed {
    /// Numbers of the items.
    pub(super) items: Vec<u64>,
    /// Era and number of the rows of probes that go.
    pub(super) probes: Vec<(u16, u64)>,
    /// The links that they had.
    pub(super) links: Vec<LinkState>,
    /// The stories that they were in and that go on without them.
    pub(super) stories: Vec<StoryState>,
    /// Bytes that are of no use now, by the numbers of their segments.
    pub(super) bytes: Vec<(u32, u64)>,
}

/// A link's row from now on; none if it is empty.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct LinkState {
    link: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    items: Vec<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    declaring: Vec<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    titles: Vec<u64>,
}

/// The dates of a story (milliseconds, minutes east), part of which it has from an item that is gone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct StoryState {
    pub(super) story: u64,
    published: (i64, i16),
    updated: (i64, i16),
    listed: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_backlog: bool,
}

impl LinkState {
    fn of(key: &[u8], row: LinkRow) -> Option<Self> {
        let link = Digest::from_bytes(key.get(1..)?.try_into().ok()?).to_string();
        // Titles tell whether a link names one article: without items that is no question.
        let titles = if row.items.is_empty() && row.declaring.is_empty() { Vec::new() } else { row.titles };
        Some(Self { link, items: row.items, declaring: row.declaring, titles })
    }
}

impl StoryState {
    pub(super) fn of(number: u64, story: &StoryRow) -> Self {
        let pair = |time: ZonedTime| (time.at().as_millis(), time.offset_minutes());
        let (listed, is_backlog) = (story.standing != Standing::Hidden, story.standing == Standing::Backlog);
        Self { story: number, published: pair(story.published), updated: pair(story.updated), listed, is_backlog }
    }

    /// The same for a story that has another number.
    pub(super) fn of_story(&self, number: u64) -> Self {
        Self { story: number, ..self.clone() }
    }
}

impl Transaction<'_> {
    /// Frees purged items; others are passed over. `dates` are those of stories whose texts were never here.
    pub(super) fn free(&mut self, seqs: &[u64], dates: &[StoryState]) -> Result<()> {
        let mut freed = Freed::default();
        let (mut links, mut probes, mut bytes) = (BTreeMap::<Vec<u8>, LinkRow>::new(), BTreeSet::new(), BTreeMap::<u32, u64>::new());
        let mut stories = BTreeSet::new();
        for seq in seqs {
            let Some(ghost) = self.ledger.rows.row::<ItemRow>(&rows::ghost(*seq))? else { continue };
            freed.items.push(*seq);
            stories.insert(ghost.story);
            let newest = ghost.content.map(|(place, _)| place);
            self.core.each_version(newest, |place, print| {
                *bytes.entry(place.segment.number()).or_default() += u64::from(place.length);
                probes.insert((era_of(print.dated), *seq));
                for key in link_keys(print) {
                    let row = match links.get(&key) {
                        Some(_) => continue,
                        None => self.ledger.rows.row::<LinkRow>(&key)?.unwrap_or_default(),
                    };
                    links.insert(key, row);
                }
                Ok(())
            })?;
        }
        let gone: BTreeSet<u64> = freed.items.iter().copied().collect();
        for (key, mut row) in links {
            row.items.retain(|seq| !gone.contains(seq));
            row.declaring.retain(|seq| !gone.contains(seq));
            freed.links.extend(LinkState::of(&key, row));
        }
        for number in stories {
            let story = self.ledger.rows.row::<StoryRow>(&rows::story(number))?;
            let known = dates.iter().find(|state| state.story == number).cloned();
            let state = |story: &StoryRow| known.unwrap_or_else(|| StoryState::of(number, story));
            freed.stories.extend(story.as_ref().filter(|story| !story.members.is_empty()).map(state));
        }
        freed.probes = probes.into_iter().collect();
        freed.bytes = bytes.into_iter().collect();
        if freed.items.is_empty() { Ok(()) } else { self.note(Event::Freed(freed), false) }
    }
}

/// The rows of the links that an item with this fingerprint left its number in.
fn link_keys(print: &Fingerprint) -> impl Iterator<Item = Vec<u8>> {
    print.key.iter().chain(print.declared.iter().take(DECLARED_MAX)).map(rows::link)
}

impl Ledger<'_> {
    /// Takes the rows of freed items out, and those of stories in which nothing is left.
    pub(super) fn free(&mut self, freed: &Freed) -> Result<()> {
        for seq in &freed.items {
            let key = rows::ghost(*seq);
            let Some(ghost) = self.rows.row::<ItemRow>(&key)? else { continue };
            self.rows.remove(key);
            let story = rows::story(ghost.story);
            if self.rows.row::<StoryRow>(&story)?.is_some_and(|story| story.members.is_empty()) {
                self.rows.remove(story);
            }
        }
        for (era, seq) in &freed.probes {
            self.rows.remove(rows::probes(*era, *seq));
        }
        for LinkState { link, items, declaring, titles } in &freed.links {
            let Some(key) = Digest::from_hex(link).map(rows::link_of) else { continue };
            if items.is_empty() && declaring.is_empty() {
                self.rows.remove(key);
            } else {
                self.rows.put(key, &LinkRow { items: items.clone(), declaring: declaring.clone(), titles: titles.clone() });
            }
        }
        freed.stories.iter().try_for_each(|state| self.date(state))?;
        for (segment, bytes) in &freed.bytes {
            let key = rows::garbage(Segment::from_number(*segment));
            let known = self.rows.row::<u64>(&key)?.unwrap_or(0);
            self.rows.put(key, &(known + bytes));
        }
        Ok(())
    }

    /// Gives a story the dates that it had when the text was still there from which it took them.
    pub(super) fn date(&mut self, state: &StoryState) -> Result<()> {
        let key = rows::story(state.story);
        let Some(mut story) = self.rows.row::<StoryRow>(&key)? else { return Ok(()) };
        let time = |(millis, minutes)| ZonedTime::new(Timestamp::from_millis(millis), minutes);
        self.take_off_the_line(&story);
        story.standing = match (state.listed, state.is_backlog) {
            (false, _) => Standing::Hidden,
            (true, true) => Standing::Backlog,
            (true, false) => Standing::News,
        };
        (story.published, story.updated) = (time(state.published), time(state.updated));
        self.put_in_line(state.story, &story);
        self.rows.put(key, &story);
        Ok(())
    }
}
