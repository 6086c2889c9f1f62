//! What systemd is told: ready, alive, stopping. Without systemd nobody listens, and nothing is said.

use std::{convert::Infallible, time::Duration};

use sd_notify::NotifyState;

use crate::store::Store;

/// The feed is served.
pub(super) fn ready() {
    tell(NotifyState::Ready);
}

/// The end has begun.
pub(super) fn stopping() {
    tell(NotifyState::Stopping);
}

/// Says "alive" twice in each of the watchdog's periods, as long as the runtime turns and the store answers: a writer that hangs holds
/// its lock, and the silence makes systemd start the service anew. Where no watchdog waits, this waits for ever.
pub(super) async fn keep_alive(store: Store) -> Infallible {
    let Some(period) = sd_notify::watchdog_enabled().filter(|period| !period.is_zero()) else { return std::future::pending().await };
    let mut ticks = tokio::time::interval((period / 2).max(Duration::from_millis(1)));
    loop {
        ticks.tick().await;
        let store = store.clone();
        if tokio::task::spawn_blocking(move || store.generation()).await.is_ok() {
            tell(NotifyState::Watchdog);
        }
    }
}

fn tell(state: NotifyState<'_>) {
    let _ = sd_notify::notify(&[state]);
}
