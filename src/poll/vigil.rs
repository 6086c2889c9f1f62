//! Notices when something stops being well, and when it is well again: looks at all sources once a minute and has the outages kept.
//!
//! It is the writing half that does so, and not whoever serves the feed of health: silence begins at an hour at which nothing happens,
//! and a reader must not be the one who makes history.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::Roster;
use crate::{
    clock::Clock,
    health::{self, Outage, Seen},
    model::Timestamp,
    store::{Result, Store},
};

/// The distance between two looks. Nothing is told before it has lasted, so that a minute is soon enough.
const LOOK: Duration = Duration::from_secs(60);

/// Looks at the polled sources until told to stop.
pub async fn watch_health(store: Store, roster: watch::Receiver<Arc<Roster>>, clock: Clock, shutdown: CancellationToken) {
    loop {
        let (reader, sources, now) = (store.clone(), roster.borrow().clone(), clock.now());
        match tokio::task::spawn_blocking(move || look(&reader, &sources, now)).await {
            Ok(Ok(changed)) => changed.iter().for_each(tell),
            Ok(Err(error)) => tracing::error!("health not looked at: {error}"),
            Err(crash) => tracing::error!("health not looked at: {crash}"),
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = clock.sleep_until(now + LOOK) => {}
        }
    }
}

/// Looks once, and keeps what changed. Blocking.
fn look(store: &Store, roster: &Roster, now: Timestamp) -> Result<Vec<Outage>> {
    let mut seen = Vec::with_capacity(roster.sources.len());
    store.each_source_state(|source, state| {
        if let Some(polled) = roster.sources.get(&source) {
            seen.push(Seen::of(source, polled.url.host(), &state, now));
        }
    })?;
    let known = store.outages()?;
    let changed = health::advance(&known, &seen, now);
    store.keep_outages(&changed)?;
    Ok(changed.into_iter().filter(|outage| outage.updated == now).collect())
}

fn tell(outage: &Outage) {
    tracing::info!("health: {}", outage.title(ToString::to_string));
}
