//! What lists say of the vulnerabilities that stories are about, noted beside the stories: an event like any other.
//!
//! **When a story rises.** A story that is found to be about a vulnerability known to be exploited is labelled and says so. Its `updated`
//! moves, once for ever, if that vulnerability was put on the list on or after the day on which the story came, and at most seven days
//! ago. So the first list in an old store makes no flood, and what was on the list already when a story came is no news about it. That
//! a vulnerability leaves the list, or that its likelihood changes, moves nothing. A copy that comes, or an edit, makes no story rise.

use std::collections::BTreeSet;

use chrono::{FixedOffset, NaiveDate};

use super::{
    Store,
    error::Result,
    event::Event,
    index::Rows,
    ledger::Ledger,
    risk_record::RiskRecord,
    rows::{self, ItemRow, StoryRow},
    standing::Standing,
    transaction::{Transaction, moved},
};
use crate::{
    model::{Cve, Item, Risk, RiskLists, StoryId, Threat, Timestamp, ZonedTime},
    telemetry,
};

/// A vulnerability that was put on the list longer ago makes no story rise.
const NEWS_DAYS: i64 = 7;

/// The days of the list are those of Washington in winter, five hours west of Greenwich.
const LIST_SECS_WEST: i32 = 5 * 3600;

/// Stories that are marked in one commit, about, and spans of 256 items that are looked through for them.
const STORIES_AT_ONCE: usize = 256;
const SPANS_AT_ONCE: u64 = 64;
const SPAN_ITEMS: u64 = 256;

/// What a look through some of the stories did.
///
/// A story *rises*, which moves its `updated` once for ever, when a vulnerability that it is about was put on the list of what is known to
/// be exploited on or after the day on which the story came, and at most seven days ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Marking {
    /// Where to go on; `None` when all have been looked at.
    pub next: Option<u64>,
    /// Stories of which something else is known than before.
    pub marked: usize,
    /// Those of them whose `updated` moved.
    pub risen: usize,
}

/// What is to be noted of a story.
pub(super) struct Mark {
    risk: Risk,
    updated: Option<ZonedTime>,
}

impl Store {
    /// From now on stories that come are marked by these lists, in the commit that brings them. For those that are there: `mark`.
    pub fn heed(&self, lists: RiskLists) {
        telemetry::risk_lists_read(&lists);
        self.core.heed(lists);
    }

    /// Marks stories that are there by the lists: those of some thousand items from number `from` on, in one commit, or in none if nothing
    /// is other than before. Commits are in nobody's way between two calls.
    pub fn mark(&self, from: u64, now: Timestamp) -> Result<Marking> {
        let lists = self.core.lists();
        let end = self.core.head().next_seq;
        let mut stale = BTreeSet::new();
        let mut next = from - from % SPAN_ITEMS;
        let last = next.saturating_add(SPANS_AT_ONCE * SPAN_ITEMS).min(end);
        while !lists.is_empty() && next < last && stale.len() < STORIES_AT_ONCE {
            for number in self.stories_in_span(next)? {
                let Some(story) = self.core.index.row::<StoryRow>(&rows::story(number))? else { continue };
                if assess(&self.core.index, &lists, &story, (|_| false, now))?.is_some() {
                    stale.insert(number);
                }
            }
            next += SPAN_ITEMS;
        }
        let mut marking = Marking { next: Some(next).filter(|next| *next < end && !lists.is_empty()), ..Marking::default() };
        if !stale.is_empty() {
            self.write(now, |transaction| {
                for number in stale {
                    if let Some(has_risen) = transaction.mark(number)? {
                        marking.marked += 1;
                        marking.risen += usize::from(has_risen);
                    }
                }
                Ok(())
            })?;
        }
        Ok(marking)
    }

    /// What lists say of the vulnerabilities that a story is about; nothing where there is no such story.
    pub fn risk(&self, id: StoryId) -> Result<Risk> {
        let _head = self.core.head();
        let number = self.core.index.row::<u64>(&rows::identity(id.first()))?;
        let story = number.map_or(Ok(None), |number| self.core.index.row::<StoryRow>(&rows::story(number)))?;
        Ok(story.map(|story| story.risk).unwrap_or_default())
    }

    /// The stories that items of a span of 256 numbers are in, if these are about vulnerabilities.
    fn stories_in_span(&self, first: u64) -> Result<BTreeSet<u64>> {
        let key = rows::vulnerabilities(first);
        let mut stories = BTreeSet::new();
        // The last byte of the key is the number within the span.
        for row in self.core.index.walk(&key[..key.len() - 1]) {
            let Some(seq) = rows::number_of(&row?.0) else { continue };
            stories.extend(self.core.index.row::<ItemRow>(&rows::item(seq))?.map(|row| row.story));
        }
        Ok(stories)
    }
}

impl Transaction<'_> {
    /// Keeps in mind which stories an event touches, before it is recorded.
    pub(super) fn touch(&mut self, event: &Event) -> Result<()> {
        if self.lists.is_empty() {
            return Ok(());
        }
        let story_of = |seq: u64| Ok::<_, super::StoreError>(self.ledger.rows.row::<ItemRow>(&rows::item(seq))?.map(|row| row.story));
        let stories = match event {
            Event::Opened { arrived, .. } => [Some(arrived.seq), None],
            Event::Joined { story, .. } => [Some(*story), None],
            Event::Updated { seq, .. } | Event::Purged { seq, .. } => [story_of(*seq)?, None],
            Event::Split { seq, from, .. } => [Some(*seq), *from],
            Event::Merged { into, .. } => [Some(*into), None],
            _ => [None, None],
        };
        self.touched.extend(stories.into_iter().flatten());
        Ok(())
    }

    /// Marks the stories that this commit touched.
    pub(super) fn mark_touched(&mut self) -> Result<()> {
        for number in std::mem::take(&mut self.touched) {
            self.mark(number)?;
        }
        Ok(())
    }

    /// Notes what the lists say of a story, if that is something else than before; says whether it has risen.
    fn mark(&mut self, number: u64) -> Result<Option<bool>> {
        let Some(story) = self.ledger.rows.row::<StoryRow>(&rows::story(number))? else { return Ok(None) };
        let is_fresh = |seq| self.is_fresh(seq);
        let Some(Mark { risk, updated }) = assess(&self.ledger.rows, &self.lists, &story, (is_fresh, self.now()))? else { return Ok(None) };
        self.note(Event::Marked { story: number, risk: RiskRecord::of(&risk), updated }, true)?;
        Ok(Some(updated.is_some()))
    }
}

/// What is to be noted of a story; `None` where it stands there already. Items that `is_fresh` names came or changed just now.
fn assess(
    rows: &impl Rows,
    lists: &RiskLists,
    story: &StoryRow,
    (is_fresh, now): (impl Fn(u64) -> bool, Timestamp),
) -> Result<Option<Mark>> {
    if story.members.is_empty() {
        return Ok(None);
    }
    let (mut threats, mut first_seen, mut settled) = (Vec::<(Cve, Threat)>::new(), None::<Timestamp>, BTreeSet::new());
    for (seq, _) in &story.members {
        let is_fresh = is_fresh(*seq);
        let seen = rows.row::<ItemRow>(&rows::item(*seq))?.map(|row| row.first_seen).filter(|_| !is_fresh);
        first_seen = first_seen.into_iter().chain(seen).min();
        for cve in vulnerabilities(rows, *seq)? {
            threats.push((cve, lists.threat(cve, story.risk.threat(cve))));
            if !is_fresh {
                settled.insert(cve);
            }
        }
    }
    let is_news = |threat: &Threat| threat.exploited.zip(first_seen).is_some_and(|(known, seen)| is_news(known.since, seen, now));
    let rises = !story.was_exploited
        && story.standing != Standing::Hidden
        && threats.iter().any(|(cve, threat)| settled.contains(cve) && is_news(threat));
    let noticed = if rises { Some(now) } else { story.risk.noticed };
    let risk = Risk::of(threats, noticed);
    let updated = if rises { moved(story.updated, None, now) } else { None };
    Ok((risk != story.risk).then_some(Mark { risk, updated }))
}

/// Whether it is news about a story first seen at `seen` that a vulnerability was put on the list on the day `since`.
fn is_news(since: NaiveDate, seen: Timestamp, now: Timestamp) -> bool {
    let there = FixedOffset::west_opt(LIST_SECS_WEST).expect("within a day");
    let day = |at: Timestamp| at.to_utc().with_timezone(&there).date_naive();
    since >= day(seen) && (day(now) - since).num_days() <= NEWS_DAYS
}

/// The vulnerabilities that an item is about.
fn vulnerabilities(rows: &impl Rows, seq: u64) -> Result<Vec<Cve>> {
    let keys = rows.row::<Vec<u64>>(&rows::vulnerabilities(seq))?.unwrap_or_default();
    Ok(keys.into_iter().filter_map(|key| u32::try_from(key).ok()).map(Cve::of_key).collect())
}

impl Ledger<'_> {
    /// Keeps which vulnerabilities an item is about.
    pub(super) fn know_vulnerabilities(&mut self, seq: u64, item: &Item) -> Result<()> {
        let keys: Vec<u64> = item.vulnerabilities().into_iter().map(|cve| u64::from(cve.key())).collect();
        if keys.is_empty() {
            return self.forget_vulnerabilities(seq);
        }
        self.rows.put(rows::vulnerabilities(seq), &keys);
        Ok(())
    }

    /// Forgets it, if there was any.
    pub(super) fn forget_vulnerabilities(&mut self, seq: u64) -> Result<()> {
        let key = rows::vulnerabilities(seq);
        if self.rows.get(&key)?.is_some() {
            self.rows.remove(key);
        }
        Ok(())
    }

    /// Notes the risk of a story, and where its `updated` goes if it rises.
    pub(super) fn mark(&mut self, number: u64, risk: Risk, updated: Option<ZonedTime>) -> Result<()> {
        let key = rows::story(number);
        let Some(mut story) = self.rows.row::<StoryRow>(&key)? else { return Ok(()) };
        if let Some(updated) = updated.filter(|_| story.standing != Standing::Hidden) {
            self.take_off_the_line(&story);
            story.updated = updated;
            self.put_in_line(number, &story);
        }
        story.was_exploited |= risk.exploited().is_some();
        story.risk = risk;
        self.rows.put(key, &story);
        Ok(())
    }

    /// What a copy takes along of the risk of the story that it leaves.
    pub(super) fn risk_of_copy(&self, left: &StoryRow, seq: u64) -> Result<Risk> {
        let about = vulnerabilities(&self.rows, seq)?;
        let own = left.risk.threats().iter().filter(|(cve, _)| about.contains(cve)).copied();
        Ok(Risk::of(own.collect(), None))
    }
}

/// The risk of two stories that become one.
pub(super) fn together(one: &Risk, other: &Risk) -> Risk {
    Risk::of(one.threats().iter().chain(other.threats()).copied().collect(), one.noticed.max(other.noticed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_listed_after_a_story_came_and_within_a_week_is_news() {
        let at = |text: &str| Timestamp::from(chrono::DateTime::parse_from_rfc3339(text).expect("a time"));
        let listed = NaiveDate::from_ymd_opt(2024, 3, 5).expect("a day");
        for (seen, now, wanted) in [
            ("2024-03-01T12:00:00Z", "2024-03-05T20:00:00Z", true),
            ("2024-03-05T23:00:00Z", "2024-03-06T20:00:00Z", true),
            ("2024-03-06T04:59:59Z", "2024-03-06T20:00:00Z", true),
            ("2024-03-06T05:00:00Z", "2024-03-06T20:00:00Z", false),
            ("2020-01-01T00:00:00Z", "2024-03-13T04:59:59Z", true),
            ("2020-01-01T00:00:00Z", "2024-03-13T05:00:00Z", false),
            // A clock that was set back.
            ("2024-03-01T12:00:00Z", "2024-03-01T12:00:00Z", true),
        ] {
            assert_eq!(is_news(listed, at(seen), at(now)), wanted, "{seen} {now}");
        }
    }
}
