//! Which stories are not what they were: how something that is derived from the stories follows the store.
//!
//! The journal says it: every commit is there in its order and for ever. A follower keeps the place up to which it has read, so that it
//! goes on there after any crash, and reads from the beginning when it is new.

use std::{
    collections::BTreeSet,
    fmt,
    ops::{ControlFlow, Range},
};

use uuid::Uuid;

use super::{
    Store,
    error::Result,
    event::Event,
    index::Rows,
    journal::{self, Entry},
    rows::{self, ItemRow},
};
use crate::model::Story;

/// A place in the history of one store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    store: Uuid,
    /// Bytes of the journal.
    end: u64,
}

/// What changed behind a position.
#[derive(Debug, Clone, PartialEq)]
pub struct Changes {
    /// The numbers of the stories that are new, other than before, or gone. A number is never used for another story.
    pub stories: BTreeSet<u64>,
    /// Those of them that rose: they were here already, and are about what has just become known to be exploited.
    pub risen: BTreeSet<u64>,
    /// Whether a source calls itself otherwise than before.
    pub renamed: bool,
    /// Where to go on.
    pub position: Position,
    /// How much of the history is behind that place, 0 to 1.
    pub share: f64,
    /// Whether that is all there is for now.
    pub is_last: bool,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.store, self.end)
    }
}

impl Position {
    /// The place behind so many bytes of a store's journal.
    pub(super) const fn new(store: Uuid, end: u64) -> Self {
        Self { store, end }
    }

    /// Whether it is one of this store.
    pub(super) fn is_in(&self, store: Uuid) -> bool {
        self.store == store
    }

    /// Bytes of the journal before it.
    pub(super) const fn end(&self) -> u64 {
        self.end
    }

    /// Reads what `Display` writes.
    pub fn parse(text: &str) -> Option<Self> {
        let (store, end) = text.split_once(':')?;
        Some(Self { store: Uuid::parse_str(store).ok()?, end: end.parse().ok()? })
    }
}

impl Store {
    /// The place before everything that ever happened.
    pub fn beginning(&self) -> Position {
        Position { store: self.core.head().feed_uuid, end: journal::HEADER_BYTES }
    }

    /// What changed since `since`: whole commits until at least `events_max` events are read, or all there are. `None` where the place
    /// is none of this store's: another store, or one that was set back to an older copy.
    pub fn changes(&self, since: &Position, events_max: usize) -> Result<Option<Changes>> {
        let (store, end) = {
            let head = self.core.head();
            (head.feed_uuid, head.journal_end)
        };
        if since.store != store || !(journal::HEADER_BYTES..=end).contains(&since.end) {
            return Ok(None);
        }
        let Some(read) = self.read_events(since.end..end, events_max)? else { return Ok(None) };
        let (mut stories, mut risen) = (BTreeSet::new(), BTreeSet::new());
        let mut renamed = false;
        for event in read.events {
            renamed |= matches!(event, Event::Renamed { .. });
            if let Event::Marked { story, updated: Some(_), .. } = event {
                risen.insert(story);
            }
            stories.extend(self.stories_in(&event)?.into_iter().flatten());
        }
        let position = Position { store, end: read.end };
        Ok(Some(Changes { stories, risen, renamed, position, share: read.end as f64 / end as f64, is_last: read.end == end }))
    }

    /// The words of the story that has this number, without what its copies declare; `None` where it is gone, or nothing is left of it.
    pub fn story_numbered(&self, number: u64) -> Result<Option<Story>> {
        let rows = {
            let _head = self.core.head();
            self.story_rows(number)?
        };
        rows.map_or(Ok(None), |rows| self.read_words(rows))
    }

    /// The events of whole commits; `None` where no commit begins at the beginning of the range.
    fn read_events(&self, range: Range<u64>, events_max: usize) -> Result<Option<Read>> {
        let mut read = Read { events: Vec::new(), end: range.start };
        let mut is_ours = true;
        self.core.journal.walk(range.clone(), |entry| {
            match entry {
                Entry::Commit(commit, end) => {
                    read.events.extend(commit.events);
                    read.end = end;
                }
                Entry::Nothing(end) => read.end = end,
                // In the middle it is damage, which opening the store has told of.
                Entry::Gap(begin, end) => {
                    is_ours = begin != range.start || begin == journal::HEADER_BYTES;
                    read.end = end;
                }
                Entry::TornTail(_) => is_ours = false,
            }
            Ok(if is_ours && read.events.len() < events_max { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })?;
        Ok(is_ours.then_some(read))
    }

    /// The numbers of the stories that an event touched, as far as they can be told now. Where a later event took an item on, that one
    /// names the rest.
    fn stories_in(&self, event: &Event) -> Result<[Option<u64>; 2]> {
        let index = &self.core.index;
        Ok(match event {
            Event::Opened { arrived, .. } => [Some(arrived.seq), None],
            Event::Joined { story, .. } => [Some(*story), None],
            Event::Updated { seq, .. } => [index.row::<ItemRow>(&rows::item(*seq))?.map(|row| row.story), None],
            Event::Split { seq, from, .. } => [Some(*seq), *from],
            Event::Merged { into, from, .. } => [Some(*into), Some(*from)],
            Event::Marked { story, .. } => [Some(*story), None],
            // An opener's own story, or the one that its id leads to since.
            Event::Purged { seq, .. } => [Some(*seq), index.row(&rows::alias(*seq))?],
            Event::Created { .. }
            | Event::KeptApart { .. }
            | Event::Freed(_)
            | Event::Shrunk { .. }
            | Event::Received { .. }
            | Event::Document { .. }
            | Event::Renamed { .. }
            | Event::Rendering { .. } => [None, None],
        })
    }
}

/// Events read from the journal.
struct Read {
    events: Vec<Event>,
    /// Where the last of their commits ends.
    end: u64,
}
