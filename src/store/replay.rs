//! Reading the journal into an index: its last commits after a crash, all of them for a rebuild.

use std::{collections::HashMap, ops::ControlFlow};

use super::{
    archive::Archive,
    core::load,
    error::Result,
    event::Event,
    index::{Index, Rows},
    journal::{Entry, Journal},
    ledger::Ledger,
    rows::{self, Head, Row},
};

/// What replaying met.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Replayed {
    /// Commits taken in.
    pub(super) commits: u64,
    /// Versions of items that the archive has no more, without those that a later one took the place of.
    pub(super) lost: u64,
    /// Bytes at the end of the journal that are no commit.
    pub(super) torn_bytes: u64,
    /// Damaged bytes between commits.
    pub(super) gap_bytes: u64,
}

impl Replayed {
    /// Whether all that was ever committed was there.
    pub(super) const fn is_whole(&self) -> bool {
        self.lost == 0 && self.torn_bytes == 0 && self.gap_bytes == 0
    }
}

/// What an index is made from.
#[derive(Clone, Copy)]
pub(super) struct Records<'a> {
    pub(super) archive: &'a Archive,
    pub(super) journal: &'a Journal,
}

/// Takes every commit behind `head` into the index, each in one batch, and moves `head` along. `progress` hears how far it has come in
/// the journal, 0 to 1.
pub(super) fn run(records: Records<'_>, index: &Index, head: &mut Head, progress: &mut dyn FnMut(f64)) -> Result<Replayed> {
    let end = records.journal.length()?;
    run_until(records, index, (head, end), progress)
}

/// The same up to an end: beside a writer only what it has committed may be read.
pub(super) fn run_until(
    records: Records<'_>,
    index: &Index,
    (head, length): (&mut Head, u64),
    progress: &mut dyn FnMut(f64),
) -> Result<Replayed> {
    let Records { archive, journal } = records;
    let mut replayed = Replayed::default();
    let mut lost: HashMap<u64, u64> = HashMap::new();
    journal.walk(head.journal_end..length, |entry| {
        let (commit, end) = match entry {
            Entry::Commit(commit, end) => (commit, end),
            Entry::Nothing(end) => {
                head.journal_end = end;
                return Ok(ControlFlow::Continue(()));
            }
            Entry::Gap(begin, end) => {
                replayed.gap_bytes += end - begin;
                return Ok(ControlFlow::Continue(()));
            }
            Entry::TornTail(begin) => {
                replayed.torn_bytes = length - begin;
                return Ok(ControlFlow::Continue(()));
            }
        };
        let mut ledger = Ledger::new(index, head.clone());
        for event in &commit.events {
            let place = event.content();
            let content = place.map(|place| load(archive, place)).transpose()?.flatten();
            if let Some(place) = place {
                ledger.reach(place)?;
            }
            match event {
                // That these texts are gone is as it should be.
                Event::Freed(freed) => lost.retain(|seq, _| !freed.items.contains(seq)),
                // What came later is what counts.
                _ if content.is_some() => drop(event.item().and_then(|seq| lost.remove(&seq))),
                _ if place.is_some() => *lost.entry(event.item().unwrap_or(u64::MAX)).or_default() += 1,
                _ => {}
            }
            ledger.record(commit.at, event, content.as_ref())?;
        }
        ledger.close(&commit, end);
        let (changes, next) = ledger.into_changes();
        index.apply(&changes)?;
        if index.is_behind() {
            index.flush()?;
        }
        *head = next;
        progress(end as f64 / length as f64);
        replayed.commits += 1;
        Ok(ControlFlow::Continue(()))
    })?;
    if index.row::<Head>(rows::HEAD)?.as_ref() != Some(head) {
        index.put(rows::HEAD.to_vec(), head.encode())?;
    }
    replayed.lost = lost.values().sum();
    Ok(replayed)
}
