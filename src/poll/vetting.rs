//! Holds back what is so unlike a source that it may no longer be its own, until an operator releases it or it is like itself again.

use crate::{
    health::guard::{self, Traits},
    model::{Failure, Habit, Source, SourceState},
    store::{Arrival, Store},
};

/// What the source is like with these arrivals, or the reason to hold them back. What is told elsewhere already is no reason: a site that
/// moves brings what it brought before.
pub(super) fn vet(store: &Store, source: &Source, state: &SourceState, arrivals: &[Arrival]) -> Result<Habit, Failure> {
    let learned = || guard::learn(&state.habit, &traits(arrivals));
    if !source.guard || state.is_released || guard::suspicion(&state.habit, &traits(arrivals)).is_none() {
        return Ok(learned());
    }
    let mut unheard = Vec::new();
    for arrival in arrivals {
        if store.would_join(&arrival.fingerprint).map_err(|error| Failure::Store(error.to_string()))?.is_none() {
            unheard.push(Traits::of(&arrival.item));
        }
    }
    match guard::suspicion(&state.habit, &unheard) {
        Some(suspicion) => Err(Failure::HeldBack(suspicion.to_string())),
        None => Ok(learned()),
    }
}

fn traits(arrivals: &[Arrival]) -> Vec<Traits> {
    arrivals.iter().map(|arrival| Traits::of(&arrival.item)).collect()
}
