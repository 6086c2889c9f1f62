//! What an operator's decisions do to the rows: a copy leaves its story, two stories become one, two items stay apart.
//!
//! Where the journal has lost commits, what is left of them must give sound rows all the same: every item in one story, no two stories of
//! one name. A story whose opening is lost is named by the first of its items that is left. When that one opens a story of its own, which
//! then has its name, the other gets one that no item ever has.

use super::{
    error::Result,
    index::Rows,
    ledger::{self, Ledger},
    marking,
    record::Content,
    rows::{self, ItemRow, StoryRow},
    standing::Standing,
};
use crate::model::{Digest, ItemId, JoinRule, Joined, StoryId, Timestamp, ZonedTime};

/// A copy that leaves its story.
pub(super) struct Parting<'a> {
    pub(super) seq: u64,
    pub(super) item: ItemId,
    /// `atom:id` of its own entry.
    pub(super) entry_id: &'a str,
    /// The earliest publication among those that stay.
    pub(super) published: Option<ZonedTime>,
    /// `None` where the archive lost it.
    pub(super) content: Option<&'a Content>,
}

impl Ledger<'_> {
    /// Gives a copy a story of its own, which is named by it.
    pub(super) fn split(&mut self, at: Timestamp, parting: &Parting<'_>) -> Result<()> {
        let Parting { seq, item, entry_id, published, content } = *parting;
        let key = rows::item(seq);
        // In a story of its own already: the journal has lost how it left that.
        let Some(row) = self.rows.row::<ItemRow>(&key)?.filter(|row| row.story != seq) else { return Ok(()) };
        let mut left = self.leave(row.story, seq)?;
        if let Some(published) = published {
            left.published = published;
        }
        if left.id == StoryId::opened_by(item) {
            self.rename_orphan(row.story, &mut left);
        }
        self.rows.put(rows::story(row.story), &left);
        self.rows.put(key, &ItemRow { story: seq, ..row });
        let mut own = StoryRow {
            risk: self.risk_of_copy(&left, seq)?,
            was_exploited: left.was_exploited,
            ..ledger::new_story(StoryId::opened_by(item), entry_id, at)
        };
        // Copies that joined it after a split that the journal has lost.
        if let Some(known) = self.rows.row::<StoryRow>(&rows::story(seq))? {
            self.take_off_the_line(&known);
            let (risk, was_exploited) = (marking::together(&known.risk, &own.risk), known.was_exploited | own.was_exploited);
            own = StoryRow { id: own.id, entry_id: own.entry_id, risk, was_exploited, ..known };
            self.put_in_line(seq, &own);
        }
        self.head.stories += u64::from(own.members.is_empty());
        own.members.push((seq, Some(by_order(at))));
        if let Some(content) = content {
            self.show(seq, &mut own, &content.item);
        }
        self.rows.put(rows::owner(entry_id), &seq);
        self.rows.put(rows::story(seq), &own);
        Ok(())
    }

    /// The story of a number whose opening the journal has lost, at the first of its items that is left.
    pub(super) fn found_again(&mut self, number: u64, first: ItemId, at: Timestamp) -> StoryRow {
        let entry_id = orphan_entry_id(first);
        self.rows.put(rows::owner(&entry_id), &number);
        ledger::new_story(StoryId::opened_by(first), &entry_id, at)
    }

    /// Gives such a story another name: that item opens a story of its own.
    fn rename_orphan(&mut self, number: u64, story: &mut StoryRow) {
        let name = ItemId::from_digest(Digest::of(&[b"orphan", story.id.first().digest().as_bytes()]));
        self.take_off_the_line(story);
        (story.id, story.entry_id) = (StoryId::opened_by(name), orphan_entry_id(name));
        self.put_in_line(number, story);
        self.rows.put(rows::identity(name), &number);
        self.rows.put(rows::owner(&story.entry_id), &number);
    }

    /// Makes the story `from` part of `into`. A copy bumps nothing: `updated` stays.
    pub(super) fn merge(&mut self, at: Timestamp, into: u64, from: u64) -> Result<()> {
        let rows = (self.rows.row::<StoryRow>(&rows::story(into))?, self.rows.row::<StoryRow>(&rows::story(from))?);
        // One of which the journal has lost everything is part of nothing.
        let (Some(mut story), Some(gone)) = rows else { return Ok(()) };
        let were_both_there = !story.members.is_empty() && !gone.members.is_empty();
        self.take_off_the_line(&gone);
        match (story.standing, gone.standing) {
            (_, Standing::Hidden) => {}
            (Standing::Hidden, standing) => (story.standing, story.published, story.updated) = (standing, gone.published, gone.updated),
            (known, standing) => {
                if gone.published.at() < story.published.at() {
                    story.published = gone.published;
                }
                if (known, standing) == (Standing::Backlog, Standing::News) {
                    (story.standing, story.updated) = (standing, gone.updated);
                }
            }
        }
        story.risk = marking::together(&story.risk, &gone.risk);
        story.was_exploited |= gone.was_exploited;
        self.put_in_line(into, &story);
        for (seq, joined) in gone.members {
            let key = rows::item(seq);
            if let Some(row) = self.rows.row::<ItemRow>(&key)? {
                self.rows.put(key, &ItemRow { story: into, ..row });
            }
            story.members.push((seq, joined.or(Some(by_order(at)))));
        }
        if self.rows.get(&rows::item(from))?.is_none() {
            self.rows.put(rows::alias(from), &into);
        }
        self.rows.remove(rows::story(from));
        self.rows.put(rows::story(into), &story);
        self.head.stories -= u64::from(were_both_there);
        Ok(())
    }

    /// The items that an item is kept apart from.
    pub(super) fn kept_apart(&self, seq: u64) -> Result<Vec<u64>> {
        Ok(self.rows.row(&rows::apart(seq))?.unwrap_or_default())
    }

    /// Keeps two items apart from now on, or lets them come together again.
    pub(super) fn set_apart(&mut self, one: u64, other: u64, is_apart: bool) -> Result<()> {
        for (seq, rival) in [(one, other), (other, one)] {
            let mut rivals = self.kept_apart(seq)?;
            rivals.retain(|known| *known != rival);
            if is_apart {
                rivals.push(rival);
            }
            if rivals.is_empty() {
                self.rows.remove(rows::apart(seq));
            } else {
                self.rows.put(rows::apart(seq), &rivals);
            }
        }
        Ok(())
    }
}

/// The entry id of a story whose own is lost. Not one that a publisher gave the item: other stories may have had that by then.
pub(super) fn orphan_entry_id(name: ItemId) -> String {
    format!("urn:sha256:{name}")
}

/// How an item came where an operator put it.
const fn by_order(at: Timestamp) -> Joined {
    Joined { rule: JoinRule::Operator, text_score: None, title_score: None, at }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::{
        dedup::Fingerprint,
        model::{Item, NativeId, SourceId, Text},
        store::{
            archive::{Location, Segment},
            event::{Arrived, Event},
            index::{Changes, Index},
            rows::{Head, Row},
        },
    };

    fn content(seq: u64) -> Content {
        let source = SourceId::parse("a").expect("a slug");
        let item = Item::titled(source, NativeId::new(seq.to_string()), Text::line(&format!("Item {seq}"), 60), Timestamp::from_secs(9));
        Content { fingerprint: Fingerprint::of(&item, "", &[]), item, previous: None }
    }

    /// Splits, merges, and copies that come behind them.
    fn history() -> Vec<Event> {
        let id = |seq| content(seq).item.id;
        let place = |seq| Location { segment: Segment::from_number(24_322), offset: seq * 100, length: 100 };
        let arrived = |seq| Arrived { seq, item: id(seq), source: "a".to_owned(), content: place(seq) };
        let open = |seq| Event::Opened { arrived: arrived(seq), entry_id: format!("urn:x:{seq}") };
        let join = |seq, story| {
            let (rule, text_score, title_score) = (JoinRule::SameText, None, None);
            Event::Joined { arrived: arrived(seq), story, rule, text_score, title_score }
        };
        let split = |seq, from| {
            let (entry_id, published, from) = (format!("urn:x:{seq}"), None, Some(from));
            Event::Split { seq, item: id(seq), content: place(seq), entry_id, published, from }
        };
        let merge = |into, from| Event::Merged { into, from, lifted: None };
        let purged = Event::Purged { seq: 2, source: "a".to_owned() };
        vec![
            open(0),
            join(1, 0),
            join(2, 0),
            split(1, 0),
            join(3, 1),
            merge(0, 1),
            split(1, 0),
            open(4),
            join(5, 4),
            join(6, 4),
            merge(0, 4),
            split(5, 0),
            split(4, 0),
            purged,
            join(7, 0),
            split(7, 0),
        ]
    }

    /// The rows of some of these events.
    fn replayed(index: &Index, events: &[&Event]) -> (Changes, Head) {
        let mut ledger = Ledger::new(index, Head::default());
        for event in events {
            let content = event.item().map(content);
            ledger.record(Timestamp::from_secs(9), event, content.as_ref()).expect("taken in");
        }
        ledger.into_changes()
    }

    /// Every item in one story, as its row says; no two stories of one name or one entry id; each found by its name, and in its line.
    fn assert_sound((changes, head): &(Changes, Head), lost: &[usize]) {
        let family = |prefix: u8| {
            changes.iter().filter(move |(key, _)| key[0] == prefix).filter_map(|(key, row)| row.as_ref().map(|row| (key, row)))
        };
        let number = |key: &[u8]| rows::number_of(key).expect("a number");
        let stories: BTreeMap<u64, StoryRow> =
            family(rows::STORIES).map(|(key, row)| (number(key), StoryRow::decode(row).expect("a story"))).collect();
        let wanted: BTreeSet<(u64, u64)> =
            family(rows::ITEMS).map(|(key, row)| (number(key), ItemRow::decode(row).expect("an item").story)).collect();
        let members: Vec<(u64, u64)> =
            stories.iter().flat_map(|(number, story)| story.members.iter().map(|(seq, _)| (*seq, *number))).collect();
        assert_eq!(members.len(), wanted.len(), "without {lost:?}");
        assert_eq!(members.into_iter().collect::<BTreeSet<_>>(), wanted, "without {lost:?}");
        let names: BTreeSet<_> = stories.values().map(|story| story.id).collect();
        let entries: BTreeSet<_> = stories.values().map(|story| &story.entry_id).collect();
        assert_eq!((names.len(), entries.len()), (stories.len(), stories.len()), "without {lost:?}: {stories:#?}");
        let shown = stories.values().filter(|story| !story.members.is_empty());
        assert_eq!((head.stories, head.items), (shown.clone().count() as u64, wanted.len() as u64), "without {lost:?}");
        let line: BTreeSet<_> = shown.map(|story| rows::by_time(story.updated, story.id)).collect();
        assert_eq!(family(rows::BY_TIME).map(|(key, _)| key.clone()).collect::<BTreeSet<_>>(), line, "without {lost:?}");
        let leads = |key: Vec<u8>| changes.get(&key).cloned().flatten().and_then(|row| u64::decode(&row));
        for (number, story) in &stories {
            assert_eq!(leads(rows::owner(&story.entry_id)), Some(*number), "without {lost:?}");
            let seq = leads(rows::identity(story.id.first())).expect("known");
            let in_story = || wanted.iter().find(|(item, _)| *item == seq).map(|(_, story)| *story).or_else(|| leads(rows::alias(seq)));
            let found = if stories.contains_key(&seq) { Some(seq) } else { in_story() };
            assert_eq!(found, Some(*number), "without {lost:?}: {} is found by its name", story.id);
        }
    }

    #[test]
    fn whatever_commits_are_lost_every_item_is_in_one_story_and_no_two_have_one_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let index = Index::open(folder.path()).expect("opens");
        let events = history();
        for first in 0..events.len() {
            for second in first..events.len() {
                for third in second..events.len() {
                    let lost = [first, second, third];
                    let left: Vec<&Event> =
                        events.iter().enumerate().filter(|(number, _)| !lost.contains(number)).map(|(_, event)| event).collect();
                    assert_sound(&replayed(&index, &left), &lost);
                }
            }
        }
        assert_sound(&replayed(&index, &events.iter().collect::<Vec<_>>()), &[]);
    }
}
