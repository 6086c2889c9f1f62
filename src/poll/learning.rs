//! From readings to arrivals, with what the store remembers of those who speak in them. Only what is news is compared.

use std::collections::btree_map::Entry;

use super::assemble::{self, LineMemories, Reading};
use crate::{
    dedup,
    store::{Arrival, Store, StoreError},
};

/// What a batch of readings comes to.
pub(super) struct Batch {
    /// New items and edited ones, with their fingerprints.
    pub(super) arrivals: Vec<Arrival>,
    /// Items that the store has in the same words already.
    pub(super) unchanged: u32,
}

/// Leaves out what the store has already, and fingerprints the rest.
pub(super) fn settle(store: &Store, readings: Vec<Reading>) -> Result<Batch, StoreError> {
    let total = readings.len();
    let mut news = Vec::new();
    let mut memories = LineMemories::new();
    for reading in readings {
        if store.has(&reading.item)? {
            continue;
        }
        let speaker = dedup::speaker(&reading.item);
        if let Entry::Vacant(place) = memories.entry(speaker) {
            place.insert(store.line_memory(speaker)?);
        }
        news.push(reading);
    }
    let unchanged = u32::try_from(total - news.len()).unwrap_or(u32::MAX);
    Ok(Batch { arrivals: assemble::fingerprint(news, memories), unchanged })
}
