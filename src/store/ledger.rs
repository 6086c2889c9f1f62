//! From events to rows: the one place where the index is changed, by a live commit and by a rebuild alike.
//!
//! Because both go through here, an index that is made again from archive and journal has the rows that the lost one had.

use super::{
    archive::{Location, Segment},
    error::{Result, StoreError},
    event::{Arrived, Commit, Event, Names},
    index::{Changes, Index, Overlay, Rows, unreadable},
    matching,
    record::Content,
    regrouping::Parting,
    rows::{self, CountRow, Head, ItemRow, StoryRow},
    standing::Standing,
    state_record,
};
use crate::model::{Item, Joined, Risk, SourceId, StoryId, Timestamp, ZonedTime};

/// The rows that one commit sees and changes.
pub(super) struct Ledger<'a> {
    pub(super) rows: Overlay<'a>,
    pub(super) head: Head,
}

impl<'a> Ledger<'a> {
    pub(super) fn new(index: &'a Index, head: Head) -> Self {
        Self { rows: Overlay::new(index), head }
    }

    /// Takes in what happened at `at`. `content` is what the event points to; `None` where the archive lost it: then the item keeps
    /// its place and its name, is shown nowhere, and is whole again when its source brings it again.
    pub(super) fn record(&mut self, at: Timestamp, event: &Event, content: Option<&Content>) -> Result<()> {
        match event {
            Event::Created { feed_uuid } => self.head.feed_uuid = *feed_uuid,
            Event::Opened { arrived, entry_id } => self.open(at, arrived, entry_id, content)?,
            Event::Joined { arrived, story, rule, text_score, title_score } => {
                let joined = Joined { rule: *rule, text_score: *text_score, title_score: *title_score, at };
                self.join(*story, arrived, joined, content)?;
            }
            Event::Updated { seq, content: _, updated } => {
                if let Some(content) = content {
                    self.update(*seq, event, content, *updated)?;
                }
            }
            Event::Split { seq, item, content: _, entry_id, published, from: _ } => {
                let parting = Parting { seq: *seq, item: *item, entry_id, published: *published, content };
                self.split(at, &parting)?;
            }
            Event::KeptApart { one, other } => self.set_apart(*one, *other, true)?,
            Event::Merged { into, from, lifted } => {
                self.merge(at, *into, *from)?;
                if let Some((one, other)) = lifted {
                    self.set_apart(*one, *other, false)?;
                }
            }
            Event::Marked { story, risk, updated } => self.mark(*story, risk.read(), *updated)?,
            Event::Purged { seq, source } => self.purge(*seq, source)?,
            Event::Freed(freed) => self.free(freed)?,
            Event::Shrunk { segment } => self.rows.remove(rows::garbage(Segment::from_number(*segment))),
            Event::Received { store, end } => self.rows.put(rows::received(*store), end),
            Event::Document { path, digest } => self.rows.put(rows::document(path), digest),
            Event::Renamed { source, names } => self.rename(source, names)?,
            Event::Rendering { digest } => self.head.rendering = Some(*digest),
        }
        Ok(())
    }

    /// Moves the high-water mark of a segment behind `place`. Also where nothing can be read there: no place is ever used twice.
    pub(super) fn reach(&mut self, place: Location) -> Result<()> {
        let key = rows::end(place.segment);
        if self.rows.row::<u64>(&key)?.is_none_or(|end| end < place.end()) {
            self.rows.put(key, &place.end());
        }
        Ok(())
    }

    /// Ends a commit: the head as it is from now on.
    pub(super) fn close(&mut self, commit: &Commit, journal_end: u64) {
        self.head.generation = commit.generation;
        self.head.changed_at = commit.changed_at;
        self.head.journal_end = journal_end;
    }

    /// What is to be written: the changed rows and the head.
    pub(super) fn into_changes(mut self) -> (Changes, Head) {
        self.rows.put(rows::HEAD.to_vec(), &self.head);
        (self.rows.into_changes(), self.head)
    }

    /// The story `number`, which must exist.
    pub(super) fn story(&self, number: u64) -> Result<StoryRow> {
        let key = rows::story(number);
        self.rows.row(&key)?.ok_or_else(|| unreadable(&key))
    }

    fn open(&mut self, at: Timestamp, arrived: &Arrived, entry_id: &str, content: Option<&Content>) -> Result<()> {
        let number = arrived.seq;
        self.enter(at, arrived, number, content)?;
        let new = new_story(StoryId::opened_by(arrived.item), entry_id, at);
        let mut story = StoryRow { members: vec![(number, None)], ..new };
        if let Some(content) = content {
            self.show(number, &mut story, &content.item);
        }
        self.rows.put(rows::owner(entry_id), &number);
        self.rows.put(rows::story(number), &story);
        self.head.stories += 1;
        Ok(())
    }

    fn join(&mut self, number: u64, arrived: &Arrived, joined: Joined, content: Option<&Content>) -> Result<()> {
        self.enter(joined.at, arrived, number, content)?;
        let mut story = match self.rows.row(&rows::story(number))? {
            Some(story) => story,
            None => self.found_again(number, arrived.item, joined.at),
        };
        // A late copy of what was purged: the story is back, under its id.
        self.head.stories += u64::from(story.members.is_empty());
        story.members.push((arrived.seq, Some(joined)));
        if let Some(content) = content {
            self.show(number, &mut story, &content.item);
        }
        self.rows.put(rows::story(number), &story);
        Ok(())
    }

    fn update(&mut self, seq: u64, event: &Event, content: &Content, updated: Option<ZonedTime>) -> Result<()> {
        let key = rows::item(seq);
        let Some(mut row) = self.rows.row::<ItemRow>(&key)? else { return Ok(()) };
        row.content = event.content().map(|place| (place, content.item.content_digest()));
        self.rows.put(key, &row);
        let bytes = event.content().map_or(0, |place| u64::from(place.length));
        self.own(&content.item.source, row.first_seen, seq, bytes)?;
        matching::learn(&mut self.rows, seq, content)?;
        self.know_vulnerabilities(seq, &content.item)?;
        let mut story = self.story(row.story)?;
        if let Some(updated) = updated.filter(|_| story.standing != Standing::Hidden) {
            self.take_off_the_line(&story);
            story.updated = updated;
            self.put_in_line(row.story, &story);
        }
        self.show(row.story, &mut story, &content.item);
        self.rows.put(rows::story(row.story), &story);
        Ok(())
    }

    /// Takes an item out. Its identity row stays, so that it cannot come back as new; its traces stay until it is freed, so that copies
    /// which come late find its story.
    fn purge(&mut self, seq: u64, source: &str) -> Result<()> {
        let key = rows::item(seq);
        let Some(row) = self.rows.row::<ItemRow>(&key)? else { return Ok(()) };
        self.rows.remove(key);
        self.forget_vulnerabilities(seq)?;
        self.rows.put(rows::ghost(seq), &row);
        if row.story != seq {
            // It may have opened a story that is part of this one now: its id leads here.
            self.rows.put(rows::alias(seq), &row.story);
        }
        self.head.items -= 1;
        self.disown(&source_id(source)?, row.first_seen, seq)?;
        self.leave(row.story, seq).map(drop)
    }

    /// Takes a member out of a story, which is hidden without its last one; the story as it is now.
    pub(super) fn leave(&mut self, number: u64, seq: u64) -> Result<StoryRow> {
        let mut story = self.story(number)?;
        story.members.retain(|(member, _)| *member != seq);
        let mut is_shown = false;
        for (member, _) in &story.members {
            is_shown |= self.rows.row::<ItemRow>(&rows::item(*member))?.is_some_and(|row| row.content.is_some());
        }
        if !is_shown {
            self.take_off_the_line(&story);
            story.standing = Standing::Hidden;
        }
        self.head.stories -= u64::from(story.members.is_empty());
        self.rows.put(rows::story(number), &story);
        Ok(story)
    }

    /// What every new item has: an identity, a row, a count, and ways to be found.
    fn enter(&mut self, at: Timestamp, arrived: &Arrived, story: u64, content: Option<&Content>) -> Result<()> {
        self.rows.put(rows::identity(arrived.item), &arrived.seq);
        let row = ItemRow {
            story,
            first_seen: content.map_or(at, |content| content.item.first_seen),
            content: content.map(|content| (arrived.content, content.item.content_digest())),
        };
        self.rows.put(rows::item(arrived.seq), &row);
        self.head.next_seq = self.head.next_seq.max(arrived.seq + 1);
        self.head.items += 1;
        self.own(&source_id(&arrived.source)?, row.first_seen, arrived.seq, u64::from(arrived.content.length))?;
        match content {
            Some(content) => {
                self.know_vulnerabilities(arrived.seq, &content.item)?;
                matching::learn(&mut self.rows, arrived.seq, content)
            }
            None => Ok(()),
        }
    }

    /// Lets a story take its dates from a member that can be shown: all of them from the first, later ones only an earlier `published`.
    pub(super) fn show(&mut self, number: u64, story: &mut StoryRow, item: &Item) {
        if story.standing == Standing::Hidden {
            story.standing = if item.is_backlog { Standing::Backlog } else { Standing::News };
            story.published = item.dated();
            story.updated = first_updated(item);
            self.put_in_line(number, story);
            return;
        }
        if item.dated().at() < story.published.at() {
            story.published = item.dated();
        }
        // Somebody tells it now: it is news, as of then.
        if story.standing == Standing::Backlog && !item.is_backlog {
            story.standing = Standing::News;
            let updated = first_updated(item);
            if updated.at() > story.updated.at() {
                story.updated = updated;
            }
            self.put_in_line(number, story);
        }
    }

    /// Puts a story among the others in the order of time, if that is where it stands.
    pub(super) fn put_in_line(&mut self, number: u64, story: &StoryRow) {
        if story.standing == Standing::News {
            self.rows.put(rows::by_time(story.updated, story.id), &number);
        }
    }

    /// Takes it out again: before its `updated` moves.
    pub(super) fn take_off_the_line(&mut self, story: &StoryRow) {
        if story.standing == Standing::News {
            self.rows.remove(rows::by_time(story.updated, story.id));
        }
    }

    /// Keeps what a source calls itself. A live commit puts the whole state over it; a replay has nothing else.
    fn rename(&mut self, source: &str, names: &Names) -> Result<()> {
        let key = rows::state(&source_id(source)?);
        let known = self.rows.get(&key)?.and_then(|bytes| state_record::decode(&bytes)).unwrap_or_default();
        self.rows.put_bytes(key, state_record::encode(&names.in_state(known)));
        Ok(())
    }

    /// Notes that an item of a source takes so many bytes more.
    fn own(&mut self, source: &SourceId, first_seen: Timestamp, seq: u64, bytes: u64) -> Result<()> {
        let (key, count_key) = (rows::owned(source, first_seen, seq), rows::count(source));
        let (known, mut count) = (self.rows.row::<u64>(&key)?, self.rows.row::<CountRow>(&count_key)?.unwrap_or_default());
        count.items += u64::from(known.is_none());
        count.bytes += bytes;
        self.rows.put(count_key, &count);
        self.rows.put(key, &(known.unwrap_or(0) + bytes));
        Ok(())
    }

    /// Notes that a source has an item no more.
    fn disown(&mut self, source: &SourceId, first_seen: Timestamp, seq: u64) -> Result<()> {
        let (key, count_key) = (rows::owned(source, first_seen, seq), rows::count(source));
        let Some(bytes) = self.rows.row::<u64>(&key)? else { return Ok(()) };
        let CountRow { items, bytes: all } = self.rows.row(&count_key)?.unwrap_or_default();
        self.rows.put(count_key, &CountRow { items: items.saturating_sub(1), bytes: all.saturating_sub(bytes) });
        self.rows.remove(key);
        Ok(())
    }
}

fn source_id(written: &str) -> Result<SourceId> {
    SourceId::parse(written).map_err(|error| StoreError::Corrupt(format!("journal: {error}")))
}

/// A story's first `updated` (protocol N2): what its opener says, else its publication, else first sight; never before publication.
fn first_updated(item: &Item) -> ZonedTime {
    let dated = item.dated();
    item.updated.filter(|updated| updated.at() > dated.at()).unwrap_or(dated)
}

/// A story without members, first heard of at `at`, of which nothing can be shown yet.
pub(super) fn new_story(id: StoryId, entry_id: &str, at: Timestamp) -> StoryRow {
    let (published, updated) = (ZonedTime::utc(at), ZonedTime::utc(at));
    let (standing, risk) = (Standing::Hidden, Risk::default());
    StoryRow { id, entry_id: entry_id.to_owned(), published, updated, standing, members: Vec::new(), risk, was_exploited: false }
}
