//! The loop that keeps the index behind the store, at a distance of about a second.

use std::{ops::ControlFlow, time::Duration};

use tokio::{sync::watch, task::JoinError};
use tokio_util::sync::CancellationToken;

use super::{Progress, Search, SearchError};
use crate::store::Store;

/// How often the store is looked at, which costs next to nothing. What comes in between is taken in together.
const PAUSE: Duration = Duration::from_millis(500);

/// Pauses without anything to do until threads and memory are given back.
const PAUSES_UNTIL_REST: u32 = 60;

/// Pauses after a failure.
const PAUSES_AFTER_FAILURE: u32 = 120;

/// Follows the store until told to stop. A failure is said, and tried again a minute later: the store does not wait for it. Until that
/// goes well, `is_following` is false.
pub async fn follow(search: Search, store: Store, is_following: watch::Sender<bool>, shutdown: CancellationToken) {
    let (mut known, mut idle) = (None, 0);
    loop {
        let generation = store.generation();
        let worked = if known != Some(generation) {
            idle = 0;
            catch_up(&search, &store, &shutdown).await
        } else {
            idle += 1;
            if idle == PAUSES_UNTIL_REST { rest(&search).await } else { Ok(()) }
        };
        let was_following = is_following.send_replace(worked.is_ok());
        let pauses = match worked {
            Ok(()) => {
                if !was_following {
                    tracing::info!("the search index can be written again, and knows all that came meanwhile");
                }
                known = Some(generation);
                1
            }
            Err(error) => {
                tracing::error!("{error}; the next attempt is in a minute");
                PAUSES_AFTER_FAILURE
            }
        };
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(PAUSE * pauses) => {}
        }
    }
}

async fn catch_up(search: &Search, store: &Store, shutdown: &CancellationToken) -> Result<(), SearchError> {
    let is_new = !search.is_ready();
    let (search, store, shutdown) = (search.clone(), store.clone(), shutdown.clone());
    let work = move || {
        let go_on = |_| if shutdown.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        search.catch_up(&store, go_on)
    };
    let Progress { stories, .. } = finished(tokio::task::spawn_blocking(work).await)?;
    if is_new && stories > 0 {
        tracing::info!("search index filled with {stories} stories");
    }
    Ok(())
}

async fn rest(search: &Search) -> Result<(), SearchError> {
    let search = search.clone();
    finished(tokio::task::spawn_blocking(move || search.rest()).await)
}

/// What a blocking thread brought; a panic there is a failure of the index.
fn finished<T>(joined: Result<Result<T, SearchError>, JoinError>) -> Result<T, SearchError> {
    joined.unwrap_or_else(|crash| Err(SearchError::Crashed(crash.to_string())))
}
