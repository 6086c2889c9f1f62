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
