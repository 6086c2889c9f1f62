//! Tells a source that is down from its whole host being down, and from our own network being down.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use crate::model::{SourceId, SourceState, Timestamp};

/// Different hosts that must fail, with no answer from any host in between, before we think it is us; all of them where fewer are
/// known to answer, but never one alone.
const HOSTS_MIN: usize = 3;
const HOSTS_LEAST: usize = 2;

/// For so long nobody must have answered: of a crowd that is asked at once, the dead are the first to say nothing.
const SILENCE_MIN: Duration = Duration::from_secs(10);

/// Polls that can be excused afterwards.
const SUSPECTS_MAX: usize = 100;

/// Sources of one host that must have met no answer, for so long and with no answer from it in between, before it was the host and
/// none of them. A list whose sources all sit on one host cannot tell an outage of its own from one of that host, and need not.
const HOST_SUSPECTS_MIN: usize = 2;
const HOST_SILENCE_MIN: Duration = Duration::from_secs(600);
const HOST_SUSPECTS_MAX: usize = 10_000;

/// A host that gives no answer for longer is watched no more than any other that is broken.
const WATCH_MAX: Duration = Duration::from_secs(86_400);

/// Hosts that are known to answer; as many as there can be sources.
const ANSWERING_MAX: usize = 50_000;

/// What the last polls say about our own network. Hosts of the operator's own are left out: they may answer without it.
#[derive(Debug, Default)]
pub(super) struct Network {
    /// Hosts whose last word was an answer.
    answering: HashSet<String>,
    /// Hosts that used to answer and gave none since one last did.
    silent: HashSet<String>,
    /// When the first of them did.
    silent_since: Timestamp,
    /// Polls that met no answer since then.
    suspects: Vec<Suspect>,
    /// When we began to think that it is us.
    offline_since: Option<Timestamp>,
    /// Whether any host answered since we came up: until then nobody knows whether there is a network at all.
    heard: bool,
    /// By host: the first poll of each source that met no answer since the host last gave one.
    unreached: HashMap<String, Unreached>,
}

/// The silence of one host.
#[derive(Debug)]
struct Unreached {
    since: Timestamp,
    suspects: HashMap<SourceId, Suspect>,
}

/// A poll that met no answer, which may be our own network's fault.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Suspect {
    /// Who was asked.
    pub(super) source: SourceId,
    /// Its memory as it was when the request went out.
    pub(super) state: SourceState,
}

/// What an observation changed.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Change {
    /// It is us.
    WentOffline {
        /// Polls that were held against their sources before we knew.
        excused: Vec<Suspect>,
    },
    /// Someone answered for the first time since we came up: whom an earlier process did not reach may be reached.
    Heard,
    /// Someone answered again.
    CameBack {
        /// When it had begun.
        since: Timestamp,
    },
}

impl Network {
    /// Whom the silence of a host that now answers is not to be held against.
    pub(super) fn host_answered(&mut self, host: &str, now: Timestamp) -> Vec<Suspect> {
        let ended = self.unreached.remove(host);
        let is_host = |was: &Unreached| was.suspects.len() >= HOST_SUSPECTS_MIN && now.since(was.since) >= HOST_SILENCE_MIN;
        ended.filter(is_host).map_or_else(Vec::new, |was| was.suspects.into_values().collect())
    }

    /// Whether a source is the one that watches its silent host for the others, for a day: when it is answered, so are they.
    pub(super) fn is_watch(&self, host: &str, source: &SourceId, now: Timestamp) -> bool {
        let is_crowd = |was: &&Unreached| was.suspects.len() >= HOST_SUSPECTS_MIN && now.since(was.since) < WATCH_MAX;
        self.unreached.get(host).filter(is_crowd).and_then(|was| was.suspects.keys().min()) == Some(source)
    }

    /// A source met no answer on its host.
    fn host_silent(&mut self, host: &str, suspect: &Suspect, now: Timestamp) {
        if !self.unreached.contains_key(host) {
            self.unreached.insert(host.to_owned(), Unreached { since: now, suspects: HashMap::new() });
        }
        let was = self.unreached.get_mut(host).expect("just inserted");
        if was.suspects.len() < HOST_SUSPECTS_MAX {
            was.suspects.entry(suspect.source.clone()).or_insert_with(|| suspect.clone());
        }
    }

    /// A host answered, whatever it said.
    pub(super) fn answered(&mut self, host: &str) -> Option<Change> {
        if !self.answering.contains(host) && self.answering.len() < ANSWERING_MAX {
            self.answering.insert(host.to_owned());
        }
        self.silent.clear();
        self.suspects.clear();
        let is_first = !std::mem::replace(&mut self.heard, true);
        match self.offline_since.take() {
            Some(since) => Some(Change::CameBack { since }),
            None => is_first.then_some(Change::Heard),
        }
    }

    /// A host gave no answer at all; `hosts` is how many different ones there are to ask, for as long as nobody answered. One that gave
    /// none the time before says nothing new.
    pub(super) fn silent(&mut self, host: &str, suspect: Suspect, hosts: usize, now: Timestamp) -> Option<Change> {
        if self.silent.is_empty() {
            self.silent_since = now;
        }
        if self.offline_since.is_none() {
            self.host_silent(host, &suspect, now);
        }
        if self.answering.remove(host) || suspect.state.failures == 0 {
            self.silent.insert(host.to_owned());
        }
        if self.offline_since.is_none() && self.suspects.len() < SUSPECTS_MAX {
            self.suspects.push(suspect);
        }
        // Who is dead for good is no reason to believe that somebody is left who could answer.
        let hosts = if self.heard { self.answering.len() + self.silent.len() } else { hosts };
        let are_enough = self.silent.len() >= HOSTS_MIN.min(hosts).max(HOSTS_LEAST);
        (are_enough && now.since(self.silent_since) >= SILENCE_MIN && self.offline_since.is_none()).then(|| {
            self.offline_since = Some(now);
            Change::WentOffline { excused: std::mem::take(&mut self.suspects) }
        })
    }

    /// The clock jumped: the machine may have slept, and its network may need a moment.
    pub(super) fn woke(&mut self, now: Timestamp) {
        self.heard = false;
        self.silent.clear();
        self.suspects.clear();
        self.unreached.clear();
        self.offline_since = self.offline_since.map(|_| now);
    }

    /// Since when we think that it is us.
    pub(super) fn offline_since(&self) -> Option<Timestamp> {
        self.offline_since
    }

    /// Whether a host that gives no answer now should not be blamed: we are offline, or it is the first that we hear of it, and of
    /// anybody.
    pub(super) fn excuses(&self, host: &str) -> bool {
        self.offline_since.is_some() || (!self.heard && !self.silent.contains(host))
    }
}

#[cfg(test)]
mod tests {
    use super::{Change, Network, SUSPECTS_MAX, Suspect};
    use crate::model::{SourceId, SourceState, Timestamp};

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    fn suspect(host: &str) -> Suspect {
        Suspect { source: SourceId::parse(host).expect("a slug"), state: SourceState::default() }
    }

    #[test]
    fn three_silent_hosts_in_a_row_mean_us_and_excuse_all_who_were_blamed() {
        let mut network = Network::default();
        for (host, secs) in [("a", 0), ("a", 20), ("b", 40)] {
            assert_eq!(network.silent(host, suspect(host), 60, at(secs)), None);
        }
        assert_eq!(network.answered("x"), Some(Change::Heard));
        assert_eq!(network.answered("y"), None);
        for (host, secs) in [("a", 50), ("b", 60), ("b", 70)] {
            assert_eq!(network.silent(host, suspect(host), 60, at(secs)), None);
        }
        let Some(Change::WentOffline { excused }) = network.silent("c", suspect("c"), 60, at(80)) else { panic!("offline") };
        let mut names: Vec<_> = excused.iter().map(|suspect| suspect.source.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["a", "b", "b", "c"]);
        assert_eq!(network.silent("d", suspect("d"), 60, at(90)), None, "said once");
        assert_eq!(network.answered("x"), Some(Change::CameBack { since: at(80) }));
        assert_eq!(network.offline_since(), None);
    }

    #[test]
    fn the_dead_of_a_crowd_are_not_our_network() {
        let mut network = Network::default();
        for host in ["a", "b", "c", "d"] {
            assert_eq!(network.silent(host, suspect(host), 60, at(5)), None);
        }
    }

    #[test]
    fn who_failed_before_is_no_evidence() {
        let mut network = Network::default();
        for (host, secs) in [("a", 0), ("b", 20), ("c", 40)] {
            let state = SourceState { failures: 1, ..SourceState::default() };
            assert_eq!(network.silent(host, Suspect { state, ..suspect(host) }, 60, at(secs)), None);
        }
    }

    #[test]
    fn a_host_that_answers_again_excuses_all_that_it_left_without_an_answer() {
        let minutes = |minutes: i64| at(60 * minutes);
        for (sources, answered_after_minutes, wanted) in [(3, 11, 3), (2, 11, 2), (1, 11, 0), (3, 9, 0)] {
            let mut network = Network::default();
            network.answered("x");
            for minute in 0..2 * sources {
                let name = ["a", "b", "c"][minute as usize % sources as usize];
                let state = SourceState { failures: u32::from(minute >= sources), ..SourceState::default() };
                network.silent("host", Suspect { state, ..suspect(name) }, 1, minutes(minute));
            }
            assert_eq!(network.host_answered("other", minutes(answered_after_minutes)), []);
            let excused = network.host_answered("host", minutes(answered_after_minutes));
            assert_eq!(excused.len(), wanted, "{sources} sources, {answered_after_minutes} minutes");
            assert!(excused.iter().all(|suspect| suspect.state.failures == 0), "as they were before");
            assert_eq!(network.host_answered("host", minutes(60)), [], "once");
        }
    }

    #[test]
    fn the_dead_do_not_hide_that_all_who_used_to_answer_are_silent() {
        let mut network = Network::default();
        for host in ["a", "b"] {
            network.answered(host);
        }
        for (host, secs) in [("dead", 0), ("dying", 0), ("a", 20)] {
            let failures = u32::from(host != "a");
            let state = SourceState { failures, ..SourceState::default() };
            assert_eq!(network.silent(host, Suspect { state, ..suspect(host) }, 60, at(secs)), None, "b may answer");
        }
        assert!(matches!(network.silent("b", suspect("b"), 60, at(40)), Some(Change::WentOffline { .. })));
        let mut network = Network::default();
        network.answered("a");
        network.silent("a", suspect("a"), 60, at(0));
        assert_eq!(network.silent("a", suspect("a-2"), 60, at(60)), None, "the only one that answers may be down itself");
    }

    #[test]
    fn a_silent_host_is_watched_by_one_of_its_sources_for_a_day() {
        let mut network = Network::default();
        network.answered("host");
        network.silent("host", suspect("b"), 9, at(0));
        assert!(!network.is_watch("host", &suspect("b").source, at(60)), "alone it has a backoff like everybody");
        network.silent("host", suspect("a"), 9, at(60));
        assert!(network.is_watch("host", &suspect("a").source, at(60)) && !network.is_watch("host", &suspect("b").source, at(60)));
        assert!(network.is_watch("host", &suspect("a").source, at(86_399)));
        assert!(!network.is_watch("host", &suspect("a").source, at(86_400)), "who is broken for good costs one request a day");
    }

    #[test]
    fn before_anybody_answered_the_first_silence_is_excused() {
        let mut network = Network::default();
        assert!(network.excuses("a"));
        network.silent("a", suspect("a"), 60, at(0));
        assert!(!network.excuses("a"), "the second one is its own");
        assert!(network.excuses("b"));
        network.answered("x");
        assert!(!network.excuses("b"));
        network.woke(at(5));
        assert!(network.excuses("b"), "after a sleep nobody knows");
    }

    #[test]
    fn a_single_host_is_no_network_and_not_remembered_without_end() {
        let mut network = Network::default();
        for secs in (0..).take(2 * SUSPECTS_MAX) {
            assert_eq!(network.silent("a", suspect("a"), 1, at(secs)), None);
        }
        assert_eq!(network.suspects.len(), SUSPECTS_MAX);
    }
}
