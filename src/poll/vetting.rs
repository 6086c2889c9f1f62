//! Holds back what is so unlike a source that it may no longer be its own, until an operator releases it or it is like itself again.

use crate::{
    health::guard::{self, Traits},
    model::{Failure, Habit, Source, SourceState},
    store::{Arrival, Store},
};

/// What the source is like with these arrivals, or the reason to hold them back. What is told elsewhere already is no reason: a site that
/// moves brings what it brought before.
pub(super) fn vet(store: &Store, source: &Source, state: &SourceState, arrivals: &[Arrival]) -> Result<Habit, Failure> {
    let batch: Vec<_> = arrivals.iter().map(|arrival| Traits::of(&arrival.item)).collect();
    if source.guard && !state.is_released && guard::suspicion(&state.habit, &batch).is_some() {
        let mut unheard = Vec::new();
        for (arrival, traits) in arrivals.iter().zip(&batch) {
            if store.would_join(arrival).map_err(|error| Failure::Store(error.to_string()))?.is_none() {
                unheard.push(traits.clone());
            }
        }
        if let Some(suspicion) = guard::suspicion(&state.habit, &unheard) {
            return Err(Failure::HeldBack(suspicion.to_string()));
        }
    }
    Ok(guard::learn(&state.habit, &batch))
}
