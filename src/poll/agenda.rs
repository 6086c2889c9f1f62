//! Who is asked next: sources by due time, and hosts by the time at which they may be asked again (protocol F18).

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    time::Duration,
};

use crate::model::{Link, Source, SourceId, Timestamp};

/// Polls in flight on a host that the operator named as their own.
const PRIVATE_IN_FLIGHT_MAX: usize = 16;

/// How a host may be asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct HostRule {
    /// Host name; with its port where the host is the operator's own.
    pub(super) name: String,
    /// Polls in flight at once.
    pub(super) in_flight_max: usize,
    /// Distance between two starts.
    pub(super) gap: Duration,
}

impl HostRule {
    /// The rule for asking `source` at `address`, which may be where a redirect led: one request at a time and `gap` apart, except
    /// on the operator's own machines.
    pub(super) fn of(source: &Source, address: &Link, gap: Duration) -> Self {
        let authority = address.authority();
        if source.allow_private.iter().any(|host| host.as_str() == authority) {
            Self { name: authority, in_flight_max: PRIVATE_IN_FLIGHT_MAX, gap: Duration::ZERO }
        } else {
            Self { name: address.host(), in_flight_max: 1, gap }
        }
    }
}

/// The order of polls. A source is in one of three places: waiting for its time, waiting for its host, in flight.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    due: BTreeSet<(Timestamp, SourceId)>,
    due_at: HashMap<SourceId, Timestamp>,
    hosts: HashMap<String, Host>,
    /// Hosts that have someone waiting and room for them, by the time at which they may be asked.
    openings: BTreeSet<(Timestamp, String)>,
    in_flight: HashMap<SourceId, String>,
    waiting: HashMap<SourceId, String>,
}

#[derive(Debug)]
struct Host {
    in_flight: usize,
    in_flight_max: usize,
    gap: Duration,
    free_at: Timestamp,
    queue: VecDeque<SourceId>,
}

impl Agenda {
    /// Sets when a source is due. One that is in flight or waiting for its host stays there.
    pub(super) fn schedule(&mut self, id: &SourceId, at: Timestamp) {
        if self.in_flight.contains_key(id) || self.waiting.contains_key(id) {
            return;
        }
        self.unschedule(id);
        self.due_at.insert(id.clone(), at);
        self.due.insert((at, id.clone()));
    }

    /// Takes a source off the list. One in flight ends as it will.
    pub(super) fn forget(&mut self, id: &SourceId) {
        self.unschedule(id);
        if let Some(name) = self.waiting.remove(id)
            && let Some(host) = self.hosts.get_mut(&name)
        {
            host.queue.retain(|waiting| waiting != id);
        }
    }

    /// When something can start next, if there is room for it.
    pub(super) fn next_start(&self) -> Option<Timestamp> {
        let due = self.due.first().map(|(at, _)| *at);
        let opening = self.openings.first().map(|(at, _)| *at);
        due.into_iter().chain(opening).min()
    }

    /// Everything that may start now, at most `room`, in the order of due times. What is returned counts as in flight.
    pub(super) fn start(&mut self, now: Timestamp, room: usize, rule_of: impl Fn(&SourceId) -> Option<HostRule>) -> Vec<SourceId> {
        while self.due.first().is_some_and(|(at, _)| *at <= now) {
            let Some((_, id)) = self.due.pop_first() else { break };
            self.due_at.remove(&id);
            if let Some(rule) = rule_of(&id) {
                self.queue(id, rule);
            }
        }
        let mut started = Vec::new();
        while started.len() < room && self.openings.first().is_some_and(|(at, _)| *at <= now) {
            let Some((_, name)) = self.openings.pop_first() else { break };
            let Some(host) = self.hosts.get_mut(&name) else { continue };
            if let Some(id) = host.queue.pop_front() {
                host.in_flight += 1;
                host.free_at = host.free_at.max(now + host.gap);
                self.waiting.remove(&id);
                self.in_flight.insert(id.clone(), name.clone());
                started.push(id);
            }
            self.open(&name);
        }
        started
    }

    /// A poll ended: its host has room again.
    pub(super) fn finish(&mut self, id: &SourceId) {
        let Some(name) = self.in_flight.remove(id) else { return };
        if let Some(host) = self.hosts.get_mut(&name) {
            host.in_flight -= 1;
        }
        self.open(&name);
    }

    /// Nobody on this host is asked before `until`.
    pub(super) fn hold(&mut self, rule: HostRule, until: Timestamp) {
        let name = rule.name.clone();
        let host = self.host(rule);
        let free_at = std::mem::replace(&mut host.free_at, until);
        self.openings.remove(&(free_at, name.clone()));
        self.open(&name);
    }

    /// Until when this host is held, if it is.
    pub(super) fn held_until(&self, rule: &HostRule, now: Timestamp) -> Option<Timestamp> {
        self.hosts.get(&rule.name).map(|host| host.free_at).filter(|free_at| *free_at > now + rule.gap)
    }

    /// The clock was set back: hosts may be asked again as much earlier on it. Sources are to be scheduled anew.
    pub(super) fn set_back(&mut self, by: Duration) {
        for host in self.hosts.values_mut() {
            host.free_at = host.free_at - by;
        }
        let openings = std::mem::take(&mut self.openings);
        self.openings = openings.into_iter().map(|(at, name)| (at - by, name)).collect();
    }

    /// How many polls are in flight.
    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// All sources on the list, wherever they are.
    pub(super) fn known(&self) -> impl Iterator<Item = &SourceId> {
        self.due_at.keys().chain(self.waiting.keys()).chain(self.in_flight.keys())
    }

    fn unschedule(&mut self, id: &SourceId) {
        if let Some(at) = self.due_at.remove(id) {
            self.due.remove(&(at, id.clone()));
        }
    }

    fn queue(&mut self, id: SourceId, rule: HostRule) {
        let name = rule.name.clone();
        self.host(rule).queue.push_back(id.clone());
        self.waiting.insert(id, name.clone());
        self.open(&name);
    }

    fn host(&mut self, rule: HostRule) -> &mut Host {
        let HostRule { name, in_flight_max, gap } = rule;
        let fresh = || Host { in_flight: 0, in_flight_max, gap, free_at: Timestamp::default(), queue: VecDeque::new() };
        let host = self.hosts.entry(name).or_insert_with(fresh);
        (host.in_flight_max, host.gap) = (in_flight_max, gap);
        host
    }

    /// Lists the host among the openings exactly if someone waits and there is room for them.
    fn open(&mut self, name: &str) {
        let Some(host) = self.hosts.get(name) else { return };
        if !host.queue.is_empty() && host.in_flight < host.in_flight_max {
            self.openings.insert((host.free_at, name.to_owned()));
        } else {
            self.openings.remove(&(host.free_at, name.to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Agenda, HostRule};
    use crate::model::{SourceId, Timestamp};

    fn id(name: &str) -> SourceId {
        SourceId::parse(name).expect("a slug")
    }

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    /// The host is what stands before the dash.
    fn rule(id: &SourceId) -> Option<HostRule> {
        let name = id.as_str().split('-').next()?.to_owned();
        Some(HostRule { name, in_flight_max: 1, gap: Duration::from_secs(1) })
    }

    fn names(ids: &[SourceId]) -> Vec<&str> {
        ids.iter().map(SourceId::as_str).collect()
    }

    #[test]
    fn one_host_is_asked_once_at_a_time_and_not_before_its_gap() {
        let mut agenda = Agenda::default();
        for name in ["a-1", "a-2", "b-1"] {
            agenda.schedule(&id(name), at(10));
        }
        assert_eq!(names(&agenda.start(at(9), 10, rule)), [""; 0]);
        assert_eq!(names(&agenda.start(at(10), 10, rule)), ["a-1", "b-1"]);
        assert_eq!(agenda.next_start(), None, "a-2 waits for its host, which is busy");
        agenda.finish(&id("a-1"));
        assert_eq!(agenda.next_start(), Some(at(11)), "the gap since the last start");
        assert_eq!(names(&agenda.start(at(10), 10, rule)), [""; 0]);
        assert_eq!(names(&agenda.start(at(11), 10, rule)), ["a-2"]);
    }

    #[test]
    fn without_room_nothing_is_lost() {
        let mut agenda = Agenda::default();
        for name in ["a-1", "b-1", "c-1"] {
            agenda.schedule(&id(name), at(0));
        }
        assert_eq!(names(&agenda.start(at(0), 2, rule)), ["a-1", "b-1"]);
        assert_eq!(agenda.known().count(), 3);
        agenda.finish(&id("a-1"));
        assert_eq!(names(&agenda.start(at(0), 1, rule)), ["c-1"]);
    }

    #[test]
    fn a_source_is_never_on_the_list_twice() {
        let mut agenda = Agenda::default();
        agenda.schedule(&id("a-1"), at(5));
        agenda.schedule(&id("a-1"), at(7));
        assert_eq!(agenda.next_start(), Some(at(7)));
        assert_eq!(names(&agenda.start(at(7), 10, rule)), ["a-1"]);
        agenda.schedule(&id("a-1"), at(8));
        assert_eq!(names(&agenda.start(at(9), 10, rule)), [""; 0], "it is in flight");
        assert_eq!(agenda.known().count(), 1);
    }

    #[test]
    fn a_held_host_waits_and_the_others_do_not() {
        let mut agenda = Agenda::default();
        for name in ["a-1", "a-2", "b-1"] {
            agenda.schedule(&id(name), at(0));
        }
        assert_eq!(names(&agenda.start(at(0), 1, rule)), ["a-1"]);
        agenda.hold(rule(&id("a-1")).expect("a rule"), at(100));
        agenda.finish(&id("a-1"));
        assert_eq!(names(&agenda.start(at(50), 10, rule)), ["b-1"]);
        assert_eq!(agenda.next_start(), Some(at(100)));
        assert_eq!(names(&agenda.start(at(100), 10, rule)), ["a-2"]);
    }

    #[test]
    fn a_clock_that_is_set_back_holds_no_host() {
        let mut agenda = Agenda::default();
        for name in ["a-1", "a-2", "b-1", "b-2"] {
            agenda.schedule(&id(name), at(100_000));
        }
        assert_eq!(names(&agenda.start(at(100_000), 10, rule)), ["a-1", "b-1"]);
        agenda.finish(&id("a-1"));
        agenda.set_back(Duration::from_secs(90_000));
        agenda.finish(&id("b-1"));
        assert_eq!(agenda.next_start(), Some(at(10_001)));
        assert_eq!(names(&agenda.start(at(10_001), 10, rule)), ["a-2", "b-2"]);
    }

    #[test]
    fn a_forgotten_source_does_not_start() {
        let mut agenda = Agenda::default();
        for name in ["a-1", "a-2", "a-3"] {
            agenda.schedule(&id(name), at(0));
        }
        assert_eq!(names(&agenda.start(at(0), 10, rule)), ["a-1"]);
        agenda.forget(&id("a-2"));
        agenda.finish(&id("a-1"));
        assert_eq!(names(&agenda.start(at(1), 10, rule)), ["a-3"]);
    }
}
