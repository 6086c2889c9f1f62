//! What can be asked of a store. Readers share a lock with each other and wait for a writer only while one batch becomes visible.

use std::ops::Range;

use super::{
    Store,
    archive::Location,
    error::Result,
    folder,
    index::Rows,
    memories, recovery,
    rows::{self, CountRow, ItemRow, Row, StoryRow},
    state_record,
};
use crate::{
    dedup::{self, LineMemory},
    model::{Digest, Item, ItemId, Joined, LinkKey, Member, SourceId, SourceState, Story, StoryId, Timestamp},
};

/// The newest stories, and the generation that they are of.
#[derive(Debug, Clone, PartialEq)]
pub struct Newest {
    /// The generation.
    pub generation: u64,
    /// When it began.
    pub changed_at: Timestamp,
    /// `updated` descending, then id ascending.
    pub stories: Vec<Story>,
}

/// Item numbers in one volume. Keys are walked in spans of 256 numbers: a power of two up to that.
const VOLUME_ITEMS: u64 = 64;

/// A story in the state that it is in at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revision {
    /// The story.
    pub story: StoryId,
    /// Moves with everything that can be read of it.
    pub digest: Digest,
}

/// How much a store holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Items.
    pub items: u64,
    /// Stories.
    pub stories: u64,
    /// Sources that ever brought an item.
    pub sources: u64,
    /// Bytes of the archive and the journal on disk.
    pub archive_bytes: u64,
    /// Bytes of the index on disk.
    pub index_bytes: u64,
}

/// A story's rows: all that must be read at one moment.
pub(super) struct StoryRows {
    story: StoryRow,
    members: Vec<(Location, Option<Joined>)>,
}

impl Store {
    /// Moves whenever something rendered can have changed; the same after a restart.
    pub fn generation(&self) -> u64 {
        self.core.head().generation
    }

    /// When the generation last moved; the epoch in a new store.
    pub fn changed_at(&self) -> Timestamp {
        self.core.head().changed_at
    }

    /// The id of the combined feed: `urn:uuid:` and a random UUID, minted when the store was made.
    pub fn feed_uuid(&self) -> String {
        self.core.head().feed_uuid.urn().to_string()
    }

    /// The `limit` stories that were updated last, all of one generation.
    pub fn newest(&self, limit: usize) -> Result<Newest> {
        let head = self.core.head();
        let (generation, changed_at) = (head.generation, head.changed_at);
        let mut found = Vec::new();
        for row in self.core.index.walk(&[rows::BY_TIME]).take(limit) {
            found.extend(match u64::decode(&row?.1) {
                Some(number) => self.story_rows(number)?,
                None => None,
            });
        }
        drop(head);
        let stories = found.into_iter().map(|rows| self.read_story(rows)).filter_map(Result::transpose).collect::<Result<_>>()?;
        Ok(Newest { generation, changed_at, stories })
    }

    /// The stories that were updated last, without the first `skip` of them, at most `limit`. Reads no content.
    pub fn newest_revisions(&self, skip: usize, limit: usize) -> Result<Vec<Revision>> {
        let _head = self.core.head();
        let mut found = Vec::new();
        for row in self.core.index.walk(&[rows::BY_TIME]).skip(skip).take(limit) {
            found.extend(match u64::decode(&row?.1) {
                Some(number) => self.revision_of(number)?,
                None => None,
            });
        }
        Ok(found)
    }

    /// Closed volumes: spans of items in the order in which the store took them in, which no item will be added to.
    pub fn volumes(&self) -> u64 {
        Self::volume_of(self.core.head().next_seq)
    }

    /// The numbers of the stories in a volume.
    pub fn volume_span(volume: u64) -> Range<u64> {
        let first = volume.saturating_mul(VOLUME_ITEMS);
        first..first.saturating_add(VOLUME_ITEMS)
    }

    /// The volume in which the story of that number stands, once it is closed.
    pub fn volume_of(story: u64) -> u64 {
        story / VOLUME_ITEMS
    }

    /// The stories that the items of a volume opened, in that order.
    pub fn volume(&self, number: u64) -> Result<Vec<Revision>> {
        let _head = self.core.head();
        let numbers = Self::volume_span(number);
        let span = rows::story(numbers.start);
        let mut found = Vec::new();
        // The last byte of the key is the number within the span.
        for row in self.core.index.walk(&span[..span.len() - 1]) {
            let story = rows::number_of(&row?.0).filter(|story| numbers.contains(story));
            found.extend(match story {
                Some(story) => self.revision_of(story)?,
                None => None,
            });
        }
        Ok(found)
    }

    /// The state of one story; `None` where there is none of that id.
    pub fn revision(&self, id: StoryId) -> Result<Option<Revision>> {
        let _head = self.core.head();
        if let Some(known) = self.core.revisions().of(id) {
            return Ok(Some(known));
        }
        self.read_story_named(id, |number| self.revision_of(number))
    }

    /// One story; `None` where there is none of that id, or nothing is left of it.
    pub fn story(&self, id: StoryId) -> Result<Option<Story>> {
        let head = self.core.head();
        let rows = self.read_story_named(id, |number| self.story_rows(number))?;
        drop(head);
        rows.map_or(Ok(None), |rows| self.read_story(rows))
    }

    /// The number of a story.
    pub fn story_number(&self, id: StoryId) -> Result<Option<u64>> {
        let _head = self.core.head();
        self.read_story_named(id, |number| Ok(self.core.index.get(&rows::story(number))?.map(|_| number)))
    }

    /// The story that an item is in, or was in when it was purged. An operator may have merged the one that it opened into another.
    pub fn story_of(&self, item: ItemId) -> Result<Option<StoryId>> {
        /// Stories that were merged one into the other behind a purged item.
        const LEAPS_MAX: usize = 64;
        let _head = self.core.head();
        let index = &self.core.index;
        let mut next = index.row::<u64>(&rows::identity(item))?;
        for _ in 0..LEAPS_MAX {
            let Some(seq) = next else { return Ok(None) };
            let number = index.row::<ItemRow>(&rows::item(seq))?.map_or(seq, |row| row.story);
            if let Some(story) = index.row::<StoryRow>(&rows::story(number))?.filter(|story| !story.members.is_empty()) {
                return Ok(Some(story.id));
            }
            next = index.row(&rows::alias(number))?;
        }
        Ok(None)
    }

    /// Every story, in the order in which they were opened. Each is whole; commits made meanwhile may or may not be seen.
    pub fn stories(&self) -> impl Iterator<Item = Result<Story>> + '_ {
        let mut numbers = self.core.index.walk(&[rows::STORIES]);
        std::iter::from_fn(move || {
            loop {
                let number = match numbers.next()? {
                    Ok((key, _)) => rows::number_of(&key)?,
                    Err(error) => return Some(Err(error)),
                };
                let head = self.core.head();
                let rows = self.story_rows(number);
                drop(head);
                match rows.and_then(|rows| rows.map_or(Ok(None), |rows| self.read_story(rows))) {
                    Ok(None) => {}
                    Ok(Some(story)) => return Some(Ok(story)),
                    Err(error) => return Some(Err(error)),
                }
            }
        })
    }

    /// The versions of an item that say something else than the one after them, newest first, at most `limit` of its last
    /// `EDITS_MAX`: an edit of markup or of a date alone is none.
    pub fn edits(&self, id: ItemId, limit: usize) -> Result<Vec<Item>> {
        /// Versions that are read: some pages change with every poll.
        const EDITS_MAX: usize = 32;
        let mut versions = self.versions(id, EDITS_MAX)?;
        // What a source repeats is learned as time goes by: what is shown of an item must not change with it.
        let nothing = LineMemory::default();
        versions.dedup_by_key(|version| dedup::substance(version, &nothing));
        versions.truncate(limit);
        Ok(versions)
    }

    /// Every version of an item that the archive holds, newest first, at most `limit`.
    pub fn versions(&self, id: ItemId, limit: usize) -> Result<Vec<Item>> {
        let mut versions = Vec::new();
        let Some(seq) = self.core.index.row::<u64>(&rows::identity(id))? else { return Ok(versions) };
        let row = self.core.index.row::<ItemRow>(&rows::item(seq))?;
        let mut next = row.and_then(|row| row.content).map(|(place, _)| place);
        while let Some(place) = next.filter(|_| versions.len() < limit) {
            let Some(content) = self.core.content(place)? else { break };
            next = content.previous;
            versions.push(content.item);
        }
        Ok(versions)
    }

    /// What is remembered of a source; the default for one that was never heard of. `items` counts what the store holds of it, under its
    /// own name and the one that its items bear.
    pub fn source_state(&self, source: &SourceId) -> Result<SourceState> {
        let state = self.core.index.get(&rows::state(source))?.and_then(|bytes| state_record::decode(&bytes)).unwrap_or_default();
        let under_former = state.identity.as_ref().map_or(Ok(0), |name| self.item_count(name))?;
        Ok(SourceState { items: self.item_count(source)? + under_former, ..state })
    }

    /// The states of all sources that were ever polled, by their ids.
    pub fn source_states(&self) -> Result<Vec<(SourceId, SourceState)>> {
        let mut states = Vec::new();
        self.each_source_state(|source, state| states.push((source, state)))?;
        Ok(states)
    }

    /// Hands the states of all sources that were ever polled to `take`, one after another: thousands of them need not stand in memory.
    pub fn each_source_state(&self, mut take: impl FnMut(SourceId, SourceState)) -> Result<()> {
        for row in self.core.index.walk(&[rows::STATES]) {
            if let Some(source) = rows::source_of(&row?.0) {
                let state = self.source_state(&source)?;
                take(source, state);
            }
        }
        Ok(())
    }

    /// Items that the store holds of a source.
    pub fn item_count(&self, source: &SourceId) -> Result<u64> {
        Ok(self.core.index.row::<CountRow>(&rows::count(source))?.map_or(0, |count| count.items))
    }

    /// The digest of the document at `path` when it was last imported; `None` if it never was.
    pub fn document_digest(&self, path: &str) -> Result<Option<Digest>> {
        self.core.index.row(&rows::document(path))
    }

    /// Whether the store has this very item, in these words. One that was purged counts as had.
    pub fn has(&self, item: &Item) -> Result<bool> {
        let Some(seq) = self.core.index.row::<u64>(&rows::identity(item.id))? else { return Ok(false) };
        let row = self.core.index.row::<ItemRow>(&rows::item(seq))?;
        Ok(row.is_none_or(|row| row.content.is_some_and(|(_, digest)| digest == item.content_digest())))
    }

    /// What a speaker (`dedup::speaker`) is known to repeat under all items.
    pub fn line_memory(&self, speaker: u64) -> Result<LineMemory> {
        memories::read(&self.core.index, speaker)
    }

    /// How much the store holds, and what it takes on disk.
    pub fn counts(&self) -> Result<Counts> {
        let (items, stories, journal_bytes) = {
            let head = self.core.head();
            (head.items, head.stories, head.journal_end)
        };
        let mut sources = 0;
        for row in self.core.index.walk(&[rows::COUNTS]) {
            row?;
            sources += 1;
        }
        let archive_bytes = folder::size(&self.core.dir.join(recovery::ARCHIVE))? + journal_bytes;
        Ok(Counts { items, stories, sources, archive_bytes, index_bytes: self.core.index.size()? })
    }

    /// What `read` finds under the number of a story, which is that of the item that it is named by; where the journal has lost how the
    /// story began, that of the item which began it (`regrouping`). For one who holds the head.
    pub(super) fn read_story_named<T>(&self, id: StoryId, read: impl Fn(u64) -> Result<Option<T>>) -> Result<Option<T>> {
        let index = &self.core.index;
        let Some(seq) = index.row::<u64>(&rows::identity(id.first()))? else { return Ok(None) };
        if let Some(found) = read(seq)? {
            return Ok(Some(found));
        }
        let led_to = match index.row::<ItemRow>(&rows::item(seq))? {
            Some(row) => Some(row.story),
            // It was purged.
            None => index.row(&rows::alias(seq))?,
        };
        let Some(number) = led_to.filter(|number| *number != seq) else { return Ok(None) };
        let is_its = index.row::<StoryRow>(&rows::story(number))?.is_some_and(|story| story.id == id);
        if is_its { read(number) } else { Ok(None) }
    }

    /// For one who holds the head.
    fn revision_of(&self, number: u64) -> Result<Option<Revision>> {
        if let Some(known) = self.core.revisions().numbered(number) {
            return Ok(Some(known));
        }
        let Some(bytes) = self.core.index.get(&rows::story(number))? else { return Ok(None) };
        let Some(StoryRow { id, members, .. }) = StoryRow::decode(&bytes).filter(|story| !story.members.is_empty()) else {
            return Ok(None);
        };
        let mut parts = vec![bytes];
        for (seq, _) in members {
            parts.extend(self.core.index.get(&rows::item(seq))?);
        }
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        let revision = Revision { story: id, digest: Digest::of(&parts) };
        self.core.revisions().put(number, revision);
        Ok(Some(revision))
    }

    pub(super) fn story_rows(&self, number: u64) -> Result<Option<StoryRows>> {
        let Some(story) = self.core.index.row::<StoryRow>(&rows::story(number))? else { return Ok(None) };
        let mut members = Vec::with_capacity(story.members.len());
        for (seq, joined) in &story.members {
            let row = self.core.index.row::<ItemRow>(&rows::item(*seq))?;
            members.extend(row.and_then(|row| row.content).map(|(place, _)| (place, *joined)));
        }
        Ok(Some(StoryRows { story, members }))
    }

    /// Reads the items behind the rows. Places never change, so no lock is needed.
    fn read_story(&self, rows: StoryRows) -> Result<Option<Story>> {
        let is_told_twice = rows.members.len() > 1;
        self.read_members(rows, |place| {
            let item = self.core.item(place)?;
            let print = if is_told_twice { self.core.fingerprint(place)? } else { None };
            Ok((item, print.map(|print| print.declared).unwrap_or_default()))
        })
    }

    /// The same for one who reads every story once, and asks nobody where it came from.
    pub(super) fn read_words(&self, rows: StoryRows) -> Result<Option<Story>> {
        self.read_members(rows, |place| Ok((self.core.item_once(place)?, Vec::new())))
    }

    fn read_members(
        &self,
        StoryRows { story, members }: StoryRows,
        read: impl Fn(Location) -> Result<(Option<Item>, Vec<LinkKey>)>,
    ) -> Result<Option<Story>> {
        let mut found = Vec::with_capacity(members.len());
        for (place, joined) in members {
            let (item, declared) = read(place)?;
            found.extend(item.map(|item| Member { item, joined, declared }));
        }
        let StoryRow { id, entry_id, published, updated, risk, .. } = story;
        Ok((!found.is_empty()).then_some(Story { id, entry_id, published, updated, risk, members: found }))
    }
}
