//! Reading the journal into an index: its last commits after a crash, all of them for a rebuild.

use std::{collections::HashMap, ops::ControlFlow};

use super::{
    archive::Archive,
    core::load,
    error::Result,
    event::{Event, Names},
    index::{Index, Rows},
    journal::{Entry, Journal},
    ledger::Ledger,
    outages::OUTAGES,
    outbox::{OUTBOXES, TOLD, WAITING},
    rows::{self, Head},
    state_record,
};
use crate::model::{SourceState, Validators};

/// Families of rows that cannot be made again from archive and journal: they are copied as they are into an index that is.
pub(super) const OWN: [u8; 5] = [rows::MEMORIES, OUTAGES, OUTBOXES, WAITING, TOLD];

/// What replaying met.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Replayed {
    /// Commits taken in.
    pub(super) commits: u64,
    /// Versions of items that the archive has no more.
    pub(super) lost: u64,
    /// Bytes at the end of the journal that are no commit.
    pub(super) torn_bytes: u64,
    /// Damaged bytes between commits.
    pub(super) gap_bytes: u64,
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
                _ if place.is_some() && content.is_none() => *lost.entry(event.item().unwrap_or(u64::MAX)).or_default() += 1,
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
    replayed.lost = lost.values().sum();
    Ok(replayed)
}

/// What only an index that is given up knows: what speakers repeat, outages, outboxes, and the sources' states. Manners survive: when to
/// ask again, who is gone, where redirects led. Validators do not: they vouch for items that may be lost (invariant 6).
pub(super) fn own_rows(index: &Index) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let mut own = Vec::new();
    for family in OWN {
        own.extend(index.walk(&[family]).collect::<Result<Vec<_>>>()?);
    }
    for row in index.walk(&[rows::STATES]) {
        let (key, value) = row?;
        if let Some(state) = state_record::decode(&value) {
            let state = SourceState { validators: Validators::default(), body_digest: None, last_full: None, ..state };
            own.push((key, state_record::encode(&state)));
        }
    }
    Ok(own)
}

/// Writes such rows into a new index, which knows best what the sources call themselves.
pub(super) fn keep_rows(index: &Index, own: Vec<(Vec<u8>, Vec<u8>)>) -> Result<()> {
    for (key, row) in own {
        let row = match index.get(&key)?.as_deref().and_then(state_record::decode).zip(state_record::decode(&row)) {
            Some((replayed, kept)) if key.starts_with(&[rows::STATES]) => state_record::encode(&Names::of(&replayed).in_state(kept)),
            _ => row,
        };
        index.put(key, row)?;
        if index.is_behind() {
            index.flush()?;
        }
    }
    Ok(())
}
