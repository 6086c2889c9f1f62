//! Tells a source that is down from our own network being down.

use std::collections::HashSet;

use crate::model::Timestamp;

/// Different hosts that must fail, with no answer from any host in between, before we think it is us.
const HOSTS_MIN: usize = 3;

/// What the last polls say about our own network. Hosts of the operator's own are left out: they may answer without it.
#[derive(Debug, Default)]
pub(super) struct Network {
    /// Hosts that gave no answer since one last did.
    silent: HashSet<String>,
    /// When we began to think that it is us.
    offline_since: Option<Timestamp>,
    /// Whether any host ever answered: until then nobody knows whether there is a network at all.
    heard: bool,
}

/// What an observation changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// It is us.
    WentOffline,
    /// Someone answered again.
    CameBack {
        /// When it had begun.
        since: Timestamp,
    },
}

impl Network {
    /// A host answered, whatever it said.
    pub(super) fn answered(&mut self) -> Option<Change> {
        self.silent.clear();
        self.heard = true;
        self.offline_since.take().map(|since| Change::CameBack { since })
    }

    /// A host gave no answer at all; `hosts` is how many different ones there are to ask.
    pub(super) fn silent(&mut self, host: &str, hosts: usize, now: Timestamp) -> Option<Change> {
        self.silent.insert(host.to_owned());
        let enough = self.silent.len() >= HOSTS_MIN.min(hosts.max(2));
        (enough && self.offline_since.is_none()).then(|| {
            self.offline_since = Some(now);
            Change::WentOffline
        })
    }

    /// Whether we think that it is us.
    pub(super) fn is_offline(&self) -> bool {
        self.offline_since.is_some()
    }

    /// Whether a host that gives no answer now should not be blamed: we are offline, or it is the first that we hear of it, and of
    /// anybody.
    pub(super) fn excuses(&self, host: &str) -> bool {
        self.is_offline() || (!self.heard && !self.silent.contains(host))
    }
}

#[cfg(test)]
mod tests {
    use super::{Change, Network};
    use crate::model::Timestamp;

    #[test]
    fn three_silent_hosts_in_a_row_mean_us() {
        let now = Timestamp::from_secs(7);
        let mut network = Network::default();
        assert_eq!(network.silent("a", 60, now), None);
        assert_eq!(network.silent("a", 60, now), None, "the same host again");
        assert_eq!(network.silent("b", 60, now), None);
        assert_eq!(network.answered(), None);
        for host in ["a", "b"] {
            assert_eq!(network.silent(host, 60, now), None);
        }
        assert_eq!(network.silent("c", 60, now), Some(Change::WentOffline));
        assert_eq!(network.silent("d", 60, now), None, "said once");
        assert_eq!(network.answered(), Some(Change::CameBack { since: now }));
        assert!(!network.is_offline());
    }

    #[test]
    fn before_anybody_answered_the_first_silence_is_excused() {
        let mut network = Network::default();
        assert!(network.excuses("a"));
        network.silent("a", 60, Timestamp::from_secs(0));
        assert!(!network.excuses("a"), "the second one is its own");
        assert!(network.excuses("b"));
        network.answered();
        assert!(!network.excuses("b"));
    }

    #[test]
    fn a_single_host_is_no_network() {
        let mut network = Network::default();
        assert_eq!(network.silent("a", 1, Timestamp::from_secs(0)), None);
    }
}
