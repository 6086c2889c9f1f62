//! Carries out the rules of retention on a slow tick: the writing half's housekeeping.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    clock::Clock,
    model::Retention,
    store::{Store, StoreError},
};

/// After a start or a change of the rules: an operator who notices a slip can take it back.
const FIRST: Duration = Duration::from_secs(120);
/// Between two rounds. Ages are given in days; nobody waits for this.
const TICK: Duration = Duration::from_secs(3600);

/// Purges by the rules until `shutdown`. A round that fails is told and tried again with the next tick.
pub async fn retain(store: Store, clock: Clock, mut rules: watch::Receiver<Arc<Retention>>, shutdown: CancellationToken) {
    let mut next = clock.now() + FIRST;
    loop {
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            Ok(()) = rules.changed() => next = clock.now() + FIRST,
            () = clock.sleep_until(next) => {
                next = clock.now() + TICK;
                let (store, rules, shutdown) = (store.clone(), rules.borrow_and_update().clone(), shutdown.clone());
                let now = clock.now();
                let round = move || {
                    let done = store.retain(&rules, now, || shutdown.is_cancelled())?;
                    if store.is_compaction_worthwhile()? {
                        let (before, after) = store.compact()?;
                        tracing::info!("the index was copied without its garbage: {before} bytes are {after} now");
                    }
                    Ok::<_, StoreError>(done)
                };
                match tokio::task::spawn_blocking(round).await {
                    Ok(Ok(done)) if done.is_nothing() => tracing::debug!("retention: nothing to purge"),
                    Ok(Ok(done)) => tracing::info!("retention: {done}"),
                    Ok(Err(error)) => tracing::error!("retention: {error}"),
                    Err(crash) => tracing::error!("retention: {crash}"),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{Item, MergeThresholds, NativeId, SourceId, SourceState, Text, Timestamp},
        store::{Arrival, PollCommit},
    };

    const DAY: Duration = Duration::from_secs(86_400);

    fn days(days: u32) -> Arc<Retention> {
        Arc::new(Retention { age_max: Some(DAY * days), ..Retention::default() })
    }

    /// A store with an item a day, seen at its beginning, and what is left of it.
    fn store(dir: &std::path::Path, born: Timestamp) -> (Store, impl Fn() -> u64) {
        let store = Store::open(dir, MergeThresholds::default()).expect("opens").0;
        for day in 0..10 {
            let (source, seen) = (SourceId::parse("a").expect("a slug"), born + DAY * day);
            let item = Item::titled(source.clone(), NativeId::new(day.to_string()), Text::line(&format!("{day}"), 9), seen);
            let poll = PollCommit { source, arrivals: vec![Arrival::of(item, "", &[])], new_max: 9 };
            store.commit(poll, seen, |_| SourceState::default()).expect("committed");
        }
        let left = store.clone();
        (store, move || left.counts().expect("counted").items)
    }

    #[tokio::test(start_paused = true)]
    async fn items_go_within_the_hour_and_a_new_rule_can_be_taken_back_for_two_minutes() {
        let folder = tempfile::tempdir().expect("a folder");
        let born = Timestamp::from_secs(1_795_000_000);
        let (store, left) = store(folder.path(), born);
        // Half an hour before the fifth item is five days old.
        let start = born + DAY * 9 + Duration::from_secs(84_600);
        let clock = Clock::simulated(start);
        let (rules, rules_out) = watch::channel(days(5));
        let end = CancellationToken::new();
        let keeper = tokio::spawn(retain(store, clock.clone(), rules_out, end.clone()));
        let at = async |span: Duration| {
            clock.sleep_until(start + span).await;
            left()
        };
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        assert_eq!(at(minutes(1)).await, 10, "nothing goes right after a start");
        assert_eq!(at(minutes(3)).await, 5, "what is too old goes");
        assert_eq!(at(minutes(61)).await, 5, "not between two rounds");
        assert_eq!(at(minutes(63)).await, 4, "the next is too old since half an hour");
        rules.send(days(1)).expect("heard");
        assert_eq!(at(minutes(64)).await, 4);
        rules.send(days(3)).expect("heard");
        assert_eq!(at(minutes(67)).await, 2, "the slip was taken back, this is what counts");
        assert_eq!(at(DAY * 2).await, 1, "day after day");
        end.cancel();
        keeper.await.expect("it ends when it is told to");
        assert_eq!(at(DAY * 9).await, 1, "and does nothing more");
    }
}
