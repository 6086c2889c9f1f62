//! One commit: decides what each arrival is, then writes archive, journal and index, in this order, all or none.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use super::{
    archive::{Location, Pending, Segment},
    arrival::Arrival,
    buckets::{Probes, era_of},
    core::{Core, Writer},
    entry_id,
    error::Result,
    event::{Arrived, Commit, Event},
    index::Rows,
    ledger::Ledger,
    matching::{Known, Match, Search, Side},
    memories::{self, Memories},
    record::{self, Content},
    rows::{self, ItemRow, StoryRow},
    standing::Standing,
};
use crate::{
    dedup::{self, Fingerprint, Naming},
    model::{Digest, Item, ItemId, RiskLists, SourceId, Tally, Timestamp, ZonedTime},
    telemetry,
};

/// Members of one story; further copies are refused. Only a feed that mints new ids without end gets here.
pub(super) const MEMBERS_MAX: usize = 256;

/// A commit in the making.
pub(super) struct Transaction<'a> {
    pub(super) core: &'a Core,
    writer: &'a mut Writer,
    now: Timestamp,
    pub(super) ledger: Ledger<'a>,
    pending: Pending,
    events: Vec<Event>,
    /// Items of this very commit: their records cannot be read back yet.
    fresh: HashMap<u64, Content>,
    handled: HashSet<ItemId>,
    /// New items that wait for `admit_new`.
    newcomers: Vec<Arrival>,
    /// What those who speak in the new items repeat.
    memories: Memories,
    is_rendered_changed: bool,
    /// What is known of vulnerabilities, and the stories that are to be marked by it.
    pub(super) lists: Arc<RiskLists>,
    pub(super) touched: BTreeSet<u64>,
    /// What became of the arrivals so far.
    pub(super) tally: Tally,
}

impl<'a> Transaction<'a> {
    pub(super) fn begin(core: &'a Core, writer: &'a mut Writer, now: Timestamp) -> Self {
        let ledger = Ledger::new(&core.index, core.head().clone());
        Self {
            core,
            writer,
            now,
            ledger,
            pending: Pending::default(),
            events: Vec::new(),
            fresh: HashMap::new(),
            handled: HashSet::new(),
            newcomers: Vec::new(),
            memories: Memories::default(),
            is_rendered_changed: false,
            lists: core.lists(),
            touched: BTreeSet::new(),
            tally: Tally::default(),
        }
    }

    /// Takes in one arrival that is known, unchanged or edited or purged before; a new one is put aside for `admit_new`.
    pub(super) fn take(&mut self, arrival: Arrival, new_max: usize) -> Result<()> {
        // Of two entries with one id the first counts: else each poll would find the other one changed.
        if !self.handled.insert(arrival.item.id) {
            self.tally.unchanged += 1;
            return Ok(());
        }
        let Some(seq) = self.ledger.rows.row::<u64>(&rows::identity(arrival.item.id))? else {
            if self.newcomers.len() < new_max {
                self.newcomers.push(arrival);
            } else {
                self.tally.refused += 1;
            }
            return Ok(());
        };
        match self.ledger.rows.row::<ItemRow>(&rows::item(seq))? {
            None => self.tally.refused += 1,
            Some(row) if row.content.is_some_and(|(_, digest)| digest == arrival.item.content_digest()) => self.tally.unchanged += 1,
            Some(row) => self.update(seq, &row, arrival)?,
        }
        Ok(())
    }

    /// Takes in the new items, the oldest first: what was said first opens the story, and each era's buckets are needed once. Of one
    /// moment the longest text comes first, so that it hardly matters in which order the documents of a day are listed.
    pub(super) fn admit_new(&mut self) -> Result<()> {
        let mut newcomers = std::mem::take(&mut self.newcomers);
        let length = |print: &Fingerprint| print.text.as_ref().map_or(0, |text| text.useful);
        newcomers.sort_by_key(|Arrival { fingerprint, .. }| (fingerprint.dated, Reverse(length(fingerprint))));
        newcomers.into_iter().try_for_each(|arrival| self.admit(arrival))
    }

    /// Notes an event that points to no content. `is_rendered` says whether an output can change by it.
    pub(super) fn note(&mut self, event: Event, is_rendered: bool) -> Result<()> {
        self.happen(event, None)?;
        self.is_rendered_changed |= is_rendered;
        Ok(())
    }

    /// Notes a decision that changes what is rendered. `content` is what the event points to.
    pub(super) fn change(&mut self, event: Event, content: Option<&Content>) -> Result<()> {
        self.is_rendered_changed = true;
        self.happen(event, content)
    }

    /// Takes an item out for good. Says whether it was there.
    pub(super) fn purge(&mut self, id: ItemId) -> Result<bool> {
        let Some(seq) = self.ledger.rows.row::<u64>(&rows::identity(id))? else { return Ok(false) };
        let row = self.ledger.rows.row::<ItemRow>(&rows::item(seq))?;
        let Some(item) = row.and_then(|row| row.content).map(|(place, _)| self.core.item(place)).transpose()?.flatten() else {
            return Ok(false);
        };
        self.purge_numbered(seq, item.source.as_str())
    }

    /// The same for an item of a source that is known by its number.
    pub(super) fn purge_numbered(&mut self, seq: u64, source: &str) -> Result<bool> {
        if self.ledger.rows.row::<ItemRow>(&rows::item(seq))?.is_none() {
            return Ok(false);
        }
        self.note(Event::Purged { seq, source: source.to_owned() }, true)?;
        Ok(true)
    }

    /// When it happens.
    pub(super) const fn now(&self) -> Timestamp {
        self.now
    }

    /// Whether an item came or changed in this very commit.
    pub(super) fn is_fresh(&self, seq: u64) -> bool {
        self.fresh.contains_key(&seq)
    }

    /// Puts a row that is no part of the truth: a source's state.
    pub(super) fn put_state(&mut self, key: Vec<u8>, state: Vec<u8>) {
        self.ledger.rows.put_bytes(key, state);
    }

    /// A new item: joins the story that it is a copy of, or opens its own.
    fn admit(&mut self, arrival: Arrival) -> Result<()> {
        // Two files that say the same are two copies.
        let again = arrival.item.document.is_none().then(|| arrival.item.content_digest());
        let search = Search { rows: &self.ledger.rows, core: self.core, side: Side::Writing };
        let matched = search.find(&arrival, again, self)?;
        let Arrival { item, fingerprint, lines } = arrival;
        if let Some(matched) = &matched {
            let story = self.ledger.story(matched.story)?;
            // An entry that comes again under a new id is no copy, also when it was purged.
            if let Some(digest) = again
                && (matched.is_purged || self.has_twin(&story, &item.source, digest)?)
            {
                self.tally.unchanged += 1;
                return Ok(());
            }
            if story.members.len() >= MEMBERS_MAX {
                self.tally.refused += 1;
                return Ok(());
            }
        }
        self.memories.observe(&self.core.index, fingerprint.speaker, &lines)?;
        let seq = self.ledger.head.next_seq;
        let content = Content { item, fingerprint, previous: None };
        let arrived =
            Arrived { seq, item: content.item.id, source: content.item.source.as_str().to_owned(), content: self.place(&content)? };
        let event = match matched {
            Some(Match { story, rule, scores, .. }) => {
                self.tally.joined += 1;
                Event::Joined { arrived, story, rule, text_score: scores.text, title_score: Some(scores.title) }
            }
            None => {
                self.tally.new += 1;
                let entry_id = self.mint(seq, &content.item)?;
                Event::Opened { arrived, entry_id }
            }
        };
        self.take_in(seq, event, content)
    }

    /// A known item with other content, or one whose content was lost.
    fn update(&mut self, seq: u64, row: &ItemRow, arrival: Arrival) -> Result<()> {
        let story = self.ledger.story(row.story)?;
        let previous = row.content.map(|(place, _)| place);
        let is_edit_of_shown = self.shown(&story)? == Some(seq) && self.is_edit(previous, &arrival)?;
        let updated = is_edit_of_shown.then(|| moved(story.updated, arrival.item.updated, self.now)).flatten();
        // An edit of what was no news is news; a new date of it is not.
        let is_backlog = story.standing == Standing::Backlog && !self.is_edit(previous, &arrival)?;
        let item = Item { first_seen: row.first_seen, is_backlog, ..arrival.item };
        let content = Content { item, fingerprint: arrival.fingerprint, previous };
        let event = Event::Updated { seq, content: self.place(&content)?, updated };
        self.tally.updated += 1;
        self.take_in(seq, event, content)
    }

    /// Whether a new version says anything else than the one before it, if that can be read.
    fn is_edit(&self, previous: Option<Location>, arrival: &Arrival) -> Result<bool> {
        let Some(known) = previous.map(|place| self.core.item(place)).transpose()?.flatten() else { return Ok(false) };
        let repeated = memories::read(&self.core.index, arrival.fingerprint.speaker)?;
        Ok(dedup::substance(&known, &repeated) != dedup::substance(&arrival.item, &repeated))
    }

    /// Records what happened to an item and lets later ones find it.
    pub(super) fn take_in(&mut self, seq: u64, event: Event, content: Content) -> Result<()> {
        self.happen(event, Some(&content))?;
        self.is_rendered_changed = true;
        let print = &content.fingerprint;
        self.core.buckets().push(&self.core.index, era_of(print.dated), seq, &Probes::of(print))?;
        self.fresh.insert(seq, content);
        Ok(())
    }

    /// Writes everything, or on failure nothing.
    pub(super) fn finish(mut self) -> Result<Tally> {
        self.memories.put(&mut self.ledger.rows, &self.core.index)?;
        self.mark_touched()?;
        if self.events.is_empty() {
            self.core.index.apply(&self.ledger.rows.into_changes())?;
            return Ok(self.tally);
        }
        let head = &self.ledger.head;
        let moved = u64::from(self.is_rendered_changed);
        let commit = Commit {
            at: self.now,
            generation: head.generation + moved,
            changed_at: if self.is_rendered_changed { head.changed_at.max(self.now) } else { head.changed_at },
            events: self.events,
        };
        let joins: Vec<_> = commit.events.iter().filter_map(Event::joined_by).collect();
        let journal_before = head.journal_end;
        self.core.archive.append(&self.pending)?;
        let written = self.core.journal.append(journal_before, &commit).and_then(|journal_end| {
            self.ledger.close(&commit, journal_end);
            let (changes, head) = self.ledger.into_changes();
            self.core.publish(&changes, head).inspect_err(|_| {
                // The index refused what the journal says already. Left in place it would be taken in at the next open.
                let _ = self.core.journal.cut(journal_before);
            })
        });
        match written {
            Ok(()) => {
                joins.into_iter().for_each(telemetry::item_joined);
                self.writer.wrote(&self.pending);
            }
            Err(_) => self.core.archive.retract(&self.pending),
        }
        written.map(|()| self.tally)
    }

    fn happen(&mut self, event: Event, content: Option<&Content>) -> Result<()> {
        self.touch(&event)?;
        self.ledger.record(self.now, &event, content)?;
        self.events.push(event);
        Ok(())
    }

    /// Gives a version its place in the segment of the month in which its item was first seen.
    pub(super) fn place(&mut self, content: &Content) -> Result<Location> {
        let payload = record::encode(&content.item, &content.fingerprint, content.previous)?;
        let place = self.pending.place(&self.writer.ends, Segment::of(content.item.first_seen), &payload);
        self.ledger.reach(place)?;
        Ok(place)
    }

    /// Whether the story holds the very same content from the same source already: some feeds give every entry a new id in every poll.
    fn has_twin(&self, story: &StoryRow, source: &SourceId, digest: Digest) -> Result<bool> {
        for (seq, _) in &story.members {
            let row = self.ledger.rows.row::<ItemRow>(&rows::item(*seq))?;
            let Some((place, _)) = row.and_then(|row| row.content).filter(|(_, known)| *known == digest) else { continue };
            let is_twin = match self.fresh.get(seq) {
                Some(known) => known.item.source == *source,
                None => self.core.item(place)?.is_some_and(|known| known.source == *source),
            };
            if is_twin {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The member that a story's entry is made of: the first that there is.
    fn shown(&self, story: &StoryRow) -> Result<Option<u64>> {
        for (seq, _) in &story.members {
            if self.ledger.rows.row::<ItemRow>(&rows::item(*seq))?.is_some_and(|row| row.content.is_some()) {
                return Ok(Some(*seq));
            }
        }
        Ok(None)
    }

    /// The entry id of the story that `item` opens: the first candidate that no other story owns.
    pub(super) fn mint(&self, number: u64, item: &Item) -> Result<String> {
        let mut candidates = entry_id::candidates(item);
        loop {
            let candidate = candidates.next().expect("the candidates are without end");
            let owner = self.ledger.rows.row::<u64>(&rows::owner(&candidate))?;
            if owner.is_none_or(|owner| owner == number) {
                return Ok(candidate);
            }
        }
    }
}

/// What stands in the archive, and what waits to be written there.
impl Known for Transaction<'_> {
    fn print(&self, seq: u64, row: &ItemRow) -> Result<Option<Fingerprint>> {
        self.fresh.get(&seq).map_or_else(|| self.core.print(seq, row), |fresh| Ok(Some(fresh.fingerprint.clone())))
    }

    fn naming(&self, seq: u64, row: &ItemRow) -> Result<Option<Naming>> {
        self.fresh.get(&seq).map_or_else(|| self.core.naming(seq, row), |fresh| Ok(Some(Naming::of(&fresh.item))))
    }
}

/// Where a story's `updated` goes when its content changes: to its publisher's own date if that is newer, else to now; never back
/// (protocol N2).
pub(super) fn moved(current: ZonedTime, published: Option<ZonedTime>, now: Timestamp) -> Option<ZonedTime> {
    let named = published.filter(|published| published.at() > current.at());
    let target = named.unwrap_or(ZonedTime::utc(now));
    (target.at() > current.at()).then_some(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn updated_follows_the_publisher_else_the_clock_and_never_goes_back() {
        let at = |secs| ZonedTime::utc(Timestamp::from_secs(secs));
        for (current, published, now, wanted) in [
            (10, Some(20), 30, Some(20)),
            (10, Some(10), 30, Some(30)),
            (10, Some(5), 30, Some(30)),
            (10, None, 30, Some(30)),
            (10, None, 10, None),
            (40, Some(20), 30, None),
        ] {
            assert_eq!(moved(at(current), published.map(at), Timestamp::from_secs(now)), wanted.map(at), "{current} {published:?} {now}");
        }
    }
}
