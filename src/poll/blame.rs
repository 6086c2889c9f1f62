//! Whose fault a failure is: the source's, or our own network's.

use std::sync::{MutexGuard, PoisonError, atomic::Ordering};

use super::{
    Poller, Roster,
    network::{Change, Network, Suspect},
    report::span_in_words,
};
use crate::{
    fetch::Fetch,
    model::{Failure, Source, SourceState, Timestamp},
};

impl<F: Fetch> Poller<F> {
    /// A host answered, whatever it said.
    pub(super) fn heard_from(&self, source: &Source, roster: &Roster) {
        if source.is_on_private_host() {
            return;
        }
        let mut network = self.network();
        let host = source.url.host();
        let excused = network.host_answered(&host, self.clock().now());
        let change = network.answered(&host);
        drop(network);
        self.note(change, roster);
        if !excused.is_empty() {
            tracing::info!("`{host}` answers again: {} sources are not blamed for its silence", excused.len());
            excused.into_iter().for_each(|suspect| self.excuse(suspect, roster));
            self.network_turned.store(true, Ordering::Relaxed);
        }
    }

    /// Takes note of a failure, and says since when it is our own network's, if it is.
    pub(super) fn observe(&self, source: &Source, roster: &Roster, state: &SourceState, failure: &Failure) -> Option<Timestamp> {
        // Whom we refuse to ask cannot answer, and the operator's own hosts may answer without a network.
        if matches!(failure, Failure::AddressRefused(_)) || source.is_on_private_host() {
            return None;
        }
        if !failure.looks_offline() {
            self.heard_from(source, roster);
            return None;
        }
        let now = self.clock().now();
        let mut network = self.network();
        let host = source.url.host();
        let is_excused = network.excuses(&host);
        let suspect = Suspect { source: source.id.clone(), state: state.clone() };
        let change = network.silent(&host, suspect, roster.hosts, now);
        let since = network.offline_since();
        drop(network);
        self.note(change, roster);
        since.or_else(|| is_excused.then_some(now))
    }

    fn network(&self) -> MutexGuard<'_, Network> {
        // Whoever panicked while holding it left a plain set behind.
        self.network.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, change: Option<Change>, roster: &Roster) {
        match change {
            Some(Change::WentOffline { excused }) => {
                tracing::warn!("we seem to be offline: no host answers; serving what is stored, trying again all the time");
                for suspect in excused {
                    self.excuse(suspect, roster);
                }
            }
            Some(Change::CameBack { since }) => {
                tracing::info!("back online after {}", span_in_words(self.clock().now().since(since)));
            }
            Some(Change::Heard) => {}
            None => return,
        }
        self.network_turned.store(true, Ordering::Relaxed);
    }

    /// Whether a source whose poll failed keeps its distance, to see when its silent host is back.
    pub(super) fn watches_host(&self, source: &Source, failure: &Failure) -> bool {
        failure.looks_offline() && self.network().is_watch(&source.url.host(), &source.id, self.clock().now())
    }

    /// Takes back what polls were held against their source for since the one that it is suspected for.
    fn excuse(&self, suspect: Suspect, roster: &Roster) {
        let Suspect { source, state: before } = suspect;
        let (Some(known), Ok(state)) = (roster.sources.get(&source), self.store().source_state(&source)) else { return };
        // Since then it may have answered, or failed in another way.
        if !state.last_failed || state.failures == 0 || state.last_success != before.last_success || state.silent_until.is_some() {
            return;
        }
        let at = self.clock().now();
        let state = SourceState { failures: before.failures, failing_since: before.failing_since, ..state };
        if let Err(error) = self.store().reserve(&source, &roster.plan(known).after_offline(state, at, at)) {
            tracing::error!(%source, "not excused: {error}");
        }
    }

    /// Whether our own network seems to be down.
    pub(super) fn is_offline(&self) -> bool {
        self.network().offline_since().is_some()
    }

    /// Whether our own network went or came back since the last time this was asked.
    pub(super) fn take_turn_of_network(&self) -> bool {
        self.network_turned.swap(false, Ordering::Relaxed)
    }

    /// The clock jumped.
    pub(super) fn woke(&self) {
        self.network().woke(self.clock().now());
    }
}
