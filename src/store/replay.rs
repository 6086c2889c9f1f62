//! Reading the journal into an index: its last commits after a crash, all of them for a rebuild.

use super::{
    archive::Archive,
    core::load,
    error::Result,
    event::Names,
    index::{Index, Rows},
    journal::{Entry, Journal},
    ledger::Ledger,
    rows::{self, Head},
    state_record,
};
use crate::model::{SourceState, Validators};

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

/// Takes every commit behind `head` into the index, each in one batch, and moves `head` along.
pub(super) fn run(archive: &Archive, journal: &Journal, index: &Index, head: &mut Head) -> Result<Replayed> {
    let mut replayed = Replayed::default();
    let length = journal.length()?;
    journal.replay(head.journal_end, |entry| {
        let (commit, end) = match entry {
            Entry::Commit(commit, end) => (commit, end),
            Entry::Gap(begin, end) => {
                replayed.gap_bytes += end - begin;
                return Ok(());
            }
            Entry::TornTail(begin) => {
                replayed.torn_bytes = length - begin;
                return Ok(());
            }
        };
        let mut ledger = Ledger::new(index, head.clone());
        for event in &commit.events {
            let place = event.content();
            let content = place.map(|place| load(archive, place)).transpose()?.flatten();
            if let Some(place) = place {
                replayed.lost += u64::from(content.is_none());
                ledger.reach(place)?;
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
        replayed.commits += 1;
        Ok(())
    })?;
    Ok(replayed)
}

/// What only an index that is given up knows: what speakers repeat, outages, outboxes, and the sources' states. Manners survive: when to ask again, who is
/// gone, where redirects led. Validators do not: they vouch for items that may be lost (invariant 6).
pub(super) fn own_rows(index: &Index) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let mut own = Vec::new();
    for family in rows::OWN {
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
