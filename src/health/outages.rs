//! From one look at all sources to the next: which outages begin, end, come back.
//!
//! The rules against floods:
//!
//! - A failure is told once it has lasted [`TELL_AFTER`] and over [`FAILURES_MIN`] polls; what is slow by nature (silence, a move, an
//!   end) at once. An outage is over once its sources were well for [`OVER_AFTER`].
//! - Trouble that comes back within [`SAME_WITHIN`] is the same outage. From its [`RELAPSES_FREE`]th relapse on it is over only after a
//!   whole day: who comes and goes has one entry, which changes a few times and then once a day at most.
//! - [`HOST_SOURCES_MIN`] sources of one host that fail at once, being at least half of it, are one outage of that host.
//! - Our own network is one outage, and while it lasts nothing else begins.
//! - At most [`BEGIN_MAX`] outages begin in an hour. What is more is one crowd, which gathers for a day.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use super::{
    Verdict,
    outage::{About, Outage},
};
use crate::model::{SourceId, SourceState, Timestamp};

const HOUR: Duration = Duration::from_secs(3600);

/// A failure that is shorter is nobody's business.
const TELL_AFTER: Duration = HOUR;
const FAILURES_MIN: u32 = 2;

/// All must be well for so long.
const OVER_AFTER: Duration = HOUR;

/// Who relapsed so often must be well for longer.
const RELAPSES_FREE: u32 = 3;
const OVER_AFTER_RELAPSES: Duration = Duration::from_secs(24 * 3600);

/// Trouble that begins again so soon after its end is the same.
const SAME_WITHIN: Duration = Duration::from_secs(24 * 3600);

/// Our own network is missed for so long before it is told, and back for so long.
const NETWORK_AFTER: Duration = Duration::from_secs(600);

const HOST_SOURCES_MIN: usize = 3;

/// Outages that begin in an hour; then a crowd gathers, for a day, of so many sources.
const BEGIN_MAX: usize = 10;
const CROWD_GATHERS: Duration = Duration::from_secs(24 * 3600);
const SOURCES_MAX: usize = 10_000;

/// A polled source at one look: of its memory what outages are told by, since thousands are held at once.
#[derive(Debug, Clone)]
pub struct Seen {
    source: SourceId,
    host: String,
    condition: Condition,
    /// When it could not be asked, because our own network was down.
    missed: Option<Timestamp>,
    /// When it was last read.
    read: Option<Timestamp>,
    failing_since: Option<Timestamp>,
    /// What its last poll met, where that is to be told.
    outcome: Option<String>,
}

impl Seen {
    /// A source that is asked on `host`, with this memory, at `now`.
    pub fn of(source: SourceId, host: String, state: &SourceState, now: Timestamp) -> Self {
        let condition = Condition::of(state, now);
        let is_told = matches!(condition, Condition::Bad(..));
        Self {
            source,
            host,
            condition,
            missed: state.last_attempt.filter(|_| Verdict::of(state, now) == Verdict::Offline),
            read: state.last_success,
            failing_since: state.failing_since,
            outcome: state.last_outcome.clone().filter(|_| is_told),
        }
    }
}

/// How a source is at this look.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Condition {
    Well,
    /// It was not asked, or could not be.
    Unknown,
    /// Not well, but that is not to be told yet.
    Ailing,
    /// Not well, since then.
    Bad(Verdict, Timestamp),
}

impl Condition {
    fn of(state: &SourceState, now: Timestamp) -> Self {
        // A silence that we did not listen to says nothing: after a week without us every source would be late.
        let heard = state.last_success.unwrap_or(now).min(now);
        match Verdict::of(state, heard) {
            Verdict::Fine | Verdict::Quiet | Verdict::Empty => Self::Well,
            Verdict::Unasked | Verdict::Offline => Self::Unknown,
            verdict @ Verdict::Failing(_) => {
                let since = state.failing_since.or(state.last_attempt).unwrap_or(now);
                if now.since(since) >= TELL_AFTER && state.failures >= FAILURES_MIN { Self::Bad(verdict, since) } else { Self::Ailing }
            }
            verdict @ (Verdict::Gone | Verdict::Frozen | Verdict::Expiring | Verdict::Late | Verdict::Moved) => Self::Bad(verdict, now),
        }
    }
}

/// What one look at all polled sources changes in the outages that are `known`: those that are new or other than before.
pub fn advance(known: &[Outage], seen: &[Seen], now: Timestamp) -> Vec<Outage> {
    let conditions = seen.iter().map(|seen| (&seen.source, seen.condition)).collect();
    let mut look = Look {
        revision: known.iter().map(|outage| outage.revision).max().unwrap_or(0),
        number: known.iter().map(|outage| outage.number).max().unwrap_or(0),
        conditions,
        outages: known.to_vec(),
        now,
    };
    look.follow_network(seen);
    for at in 0..look.outages.len() {
        if look.outages[at].about != About::Network {
            look.follow(at);
        }
    }
    if !look.outages.iter().any(|outage| outage.is_open() && outage.about == About::Network) {
        look.begin(seen);
    }
    let before: HashMap<u64, &Outage> = known.iter().map(|outage| (outage.number, outage)).collect();
    look.outages.into_iter().filter(|outage| before.get(&outage.number) != Some(&outage)).collect()
}

struct Look<'a> {
    conditions: HashMap<&'a SourceId, Condition>,
    outages: Vec<Outage>,
    number: u64,
    revision: u64,
    now: Timestamp,
}

impl<'a> Look<'a> {
    fn condition(&self, source: &SourceId) -> Option<Condition> {
        self.conditions.get(source).copied()
    }

    /// Says that what is told of an outage is another thing now.
    fn tell(&mut self, at: usize) {
        self.revision += 1;
        (self.outages[at].revision, self.outages[at].updated) = (self.revision, self.now);
    }

    fn open(&mut self, about: About, (verdict, began): (Verdict, Timestamp), said: Option<String>) {
        self.number += 1;
        let (number, now) = (self.number, self.now);
        self.outages.push(Outage {
            number,
            about,
            verdict,
            said,
            began,
            told: now,
            updated: now,
            revision: 0,
            well_since: None,
            ended: None,
            relapses: 0,
        });
        self.tell(self.outages.len() - 1);
    }

    /// Begins the last outage of that kind again, if it is over and that was not long ago.
    fn reopen(&mut self, is_it: impl Fn(&About) -> bool) -> bool {
        let now = self.now;
        let is_fresh = |outage: &Outage| outage.ended.is_some_and(|ended| now.since(ended) < SAME_WITHIN);
        let Some(at) = self.outages.iter().rposition(|outage| is_it(&outage.about) && is_fresh(outage)) else { return false };
        let outage = &mut self.outages[at];
        outage.relapses += 1;
        (outage.ended, outage.well_since) = (None, None);
        self.tell(at);
        true
    }

    /// Ends an open outage that has been well for long enough, and notes a trouble of another kind.
    fn follow(&mut self, at: usize) {
        let now = self.now;
        if !self.outages[at].is_open() {
            return;
        }
        let sources = self.outages[at].about.sources();
        let conditions: Vec<Condition> = sources.iter().filter_map(|source| self.condition(source)).collect();
        let is_polled = !conditions.is_empty();
        let is_bad = conditions.iter().any(|condition| matches!(condition, Condition::Ailing | Condition::Bad(..)));
        let is_well = !is_bad && conditions.iter().all(|condition| *condition == Condition::Well);
        let outage = &mut self.outages[at];
        if is_bad {
            outage.well_since = None;
        } else if is_well && outage.well_since.is_none() {
            outage.well_since = Some(now);
        }
        let lasting = if outage.relapses >= RELAPSES_FREE { OVER_AFTER_RELAPSES } else { OVER_AFTER };
        if !is_polled || (is_well && outage.well_since.is_some_and(|since| now.since(since) >= lasting)) {
            outage.ended = outage.well_since.or(Some(now));
            return self.tell(at);
        }
        if let (About::Source(_), [Condition::Bad(verdict, _)]) = (&outage.about, conditions.as_slice())
            && std::mem::discriminant(verdict) != std::mem::discriminant(&outage.verdict)
            && (*verdict == Verdict::Gone || now.since(outage.updated) >= TELL_AFTER)
        {
            outage.verdict = *verdict;
            self.tell(at);
        }
    }

    /// Our own network is down while some source could not be asked and none was read since.
    fn follow_network(&mut self, seen: &[Seen]) {
        let now = self.now;
        let missed: Vec<Timestamp> = seen.iter().filter_map(|seen| seen.missed).collect();
        let read = seen.iter().filter_map(|seen| seen.read).max();
        let is_down = missed.iter().max().is_some_and(|missed| read.is_none_or(|read| read < *missed));
        let since = missed.iter().min().copied().unwrap_or(now);
        let open = self.outages.iter().rposition(|outage| outage.is_open() && outage.about == About::Network);
        match open {
            Some(at) if is_down => self.outages[at].well_since = None,
            Some(at) => {
                let well_since = *self.outages[at].well_since.get_or_insert(now);
                if now.since(well_since) >= NETWORK_AFTER {
                    self.outages[at].ended = Some(well_since);
                    self.tell(at);
                }
            }
            None if is_down && now.since(since) >= NETWORK_AFTER => {
                let is_the_same = self.reopen(|about| *about == About::Network);
                if !is_the_same {
                    self.open(About::Network, (Verdict::Offline, since), None);
                }
            }
            None => {}
        }
    }

    /// Begins what has lasted long enough and belongs to nothing that goes on.
    fn begin(&mut self, seen: &'a [Seen]) {
        let covered: HashSet<SourceId> =
            self.outages.iter().filter(|outage| outage.is_open()).flat_map(|outage| outage.about.sources().to_vec()).collect();
        let mut by_host: BTreeMap<&str, Vec<&Seen>> = BTreeMap::new();
        for seen in seen {
            by_host.entry(&seen.host).or_default().push(seen);
        }
        let mut rest = Vec::new();
        for (host, all) in by_host {
            let is_failing =
                |seen: &&&Seen| matches!(self.condition(&seen.source), Some(Condition::Ailing | Condition::Bad(Verdict::Failing(_), _)));
            let failing: Vec<&Seen> = all.iter().filter(is_failing).copied().filter(|seen| !covered.contains(&seen.source)).collect();
            let bad: Vec<&Seen> = all
                .iter()
                .filter(|seen| !covered.contains(&seen.source) && matches!(self.condition(&seen.source), Some(Condition::Bad(..))))
                .copied()
                .collect();
            let is_host = failing.len() >= HOST_SOURCES_MIN && failing.len() * 2 >= all.len();
            let (of_host, alone): (Vec<&Seen>, Vec<&Seen>) =
                bad.into_iter().partition(|seen| matches!(self.condition(&seen.source), Some(Condition::Bad(Verdict::Failing(_), _))));
            rest.extend(alone);
            match self.open_host(host) {
                Some(at) => of_host.iter().for_each(|seen| self.join(at, &seen.source)),
                None if is_host && !of_host.is_empty() => self.begin_host(host, &of_host, &failing),
                None => rest.extend(of_host),
            }
        }
        rest.sort_by(|a, b| a.source.cmp(&b.source));
        rest.retain(|seen| !self.reopen(|about| *about == About::Source(seen.source.clone())));
        let room = self.room().min(rest.len());
        let more = rest.split_off(room);
        for seen in rest {
            if let Some(Condition::Bad(verdict, since)) = self.condition(&seen.source) {
                self.open(About::Source(seen.source.clone()), (verdict, since), seen.outcome.clone());
            }
        }
        self.begin_crowd(&more);
    }

    /// How many outages may begin at this look.
    fn room(&self) -> usize {
        let begun = self.outages.iter().filter(|outage| self.now.since(outage.told) < HOUR).count();
        BEGIN_MAX.saturating_sub(begun)
    }

    fn open_host(&self, host: &str) -> Option<usize> {
        let is_it = |about: &About| matches!(about, About::Host { name, .. } if name == host);
        self.outages.iter().rposition(|outage| outage.is_open() && is_it(&outage.about))
    }

    fn begin_host(&mut self, host: &str, bad: &[&Seen], failing: &[&Seen]) {
        let is_it = |about: &About| matches!(about, About::Host { name, .. } if name == host);
        if self.reopen(is_it) {
            let at = self.open_host(host).expect("it was just opened again");
            return failing.iter().for_each(|seen| self.join(at, &seen.source));
        }
        let Some(Condition::Bad(verdict, _)) = self.condition(&bad[0].source) else { return };
        let since = bad.iter().filter_map(|seen| seen.failing_since).min().unwrap_or(self.now);
        let mut sources: Vec<SourceId> = failing.iter().take(SOURCES_MAX).map(|seen| seen.source.clone()).collect();
        sources.sort();
        self.open(About::Host { name: host.to_owned(), sources }, (verdict, since), None);
    }

    /// Gathers what there was no room for.
    fn begin_crowd(&mut self, more: &[&Seen]) {
        let now = self.now;
        let gathers =
            |outage: &Outage| outage.is_open() && now.since(outage.told) < CROWD_GATHERS && matches!(outage.about, About::Crowd(_));
        if let Some(at) = self.outages.iter().rposition(gathers) {
            return more.iter().for_each(|seen| self.join(at, &seen.source));
        }
        // A few wait for their turn.
        if more.len() < HOST_SOURCES_MIN {
            return;
        }
        let Some(Condition::Bad(verdict, _)) = self.condition(&more[0].source) else { return };
        let since = more.iter().filter_map(|seen| seen.failing_since).min().unwrap_or(now);
        self.open(About::Crowd(more.iter().take(SOURCES_MAX).map(|seen| seen.source.clone()).collect()), (verdict, since), None);
    }

    /// A further source of an outage that goes on: it is listed, and nobody is told again.
    fn join(&mut self, at: usize, source: &SourceId) {
        if let About::Host { sources, .. } | About::Crowd(sources) = &mut self.outages[at].about
            && sources.len() < SOURCES_MAX
            && let Err(place) = sources.binary_search(source)
        {
            sources.insert(place, source.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Trouble, Why};

    const NOW: Timestamp = Timestamp::from_secs_const(1_795_305_600);
    const MINUTE: Duration = Duration::from_secs(60);

    fn id(name: &str) -> SourceId {
        SourceId::parse(name).expect("a slug")
    }

    /// A source that is polled, and what is remembered of it.
    #[derive(Clone)]
    struct Polled {
        source: SourceId,
        host: String,
        state: SourceState,
    }

    fn well(source: &str, host: &str, at: Timestamp) -> Polled {
        let state = SourceState { last_outcome: Some("0 new".to_owned()), items: 3, last_success: Some(at), ..SourceState::default() };
        Polled { source: id(source), host: host.to_owned(), state }
    }

    fn failing(source: &str, host: &str, since: Timestamp) -> Polled {
        let mut seen = well(source, host, since - HOUR);
        seen.state.last_failed = true;
        (seen.state.trouble, seen.state.failures, seen.state.failing_since) = (Some(Trouble::Blocked), 3, Some(since));
        seen.state.last_outcome = Some("blocked: status 403".to_owned());
        seen
    }

    /// Looks once a minute for a span, and counts what is told.
    struct Log {
        known: Vec<Outage>,
        at: Timestamp,
    }

    impl Log {
        fn look(&mut self, minutes: u64, see: impl Fn(Timestamp) -> Vec<Polled>) -> u64 {
            let told = |known: &[Outage]| known.iter().map(|outage| outage.revision).max().unwrap_or(0);
            let before = told(&self.known);
            for _ in 0..minutes {
                self.at = self.at + MINUTE;
                let polled = see(self.at).into_iter();
                let seen: Vec<_> = polled.map(|Polled { source, host, state }| Seen::of(source, host, &state, self.at)).collect();
                for changed in advance(&self.known, &seen, self.at) {
                    match self.known.iter_mut().find(|known| known.number == changed.number) {
                        Some(known) => *known = changed,
                        None => self.known.push(changed),
                    }
                }
            }
            told(&self.known) - before
        }

        fn open(&self) -> usize {
            self.known.iter().filter(|outage| outage.is_open()).count()
        }
    }

    fn log() -> Log {
        Log { known: Vec::new(), at: NOW }
    }

    #[test]
    fn a_failure_is_told_when_it_has_lasted_and_again_when_it_is_over() {
        let mut log = log();
        let down = |_| vec![failing("a", "a.example", NOW), well("b", "b.example", NOW)];
        assert_eq!(log.look(59, down), 0, "a short failure is nobody's business");
        assert_eq!(log.look(600, down), 1);
        let outage = &log.known[0];
        assert_eq!((&outage.about, outage.began, outage.told), (&About::Source(id("a")), NOW, NOW + HOUR));
        let up = |at| vec![well("a", "a.example", at)];
        assert_eq!(log.look(30, up), 0);
        assert_eq!(log.look(600, up), 1);
        let outage = &log.known[0];
        assert_eq!((log.known.len(), outage.ended), (1, Some(NOW + MINUTE * 660)));
        assert_eq!(outage.title(ToString::to_string), "a: blocked; over");
    }

    #[test]
    fn who_comes_and_goes_has_one_entry_that_comes_to_rest() {
        let mut log = log();
        let mut told = Vec::new();
        for _ in 0..20 {
            let since = log.at;
            let days = log.look(120, |_| vec![failing("a", "a.example", since)]) + log.look(120, |at| vec![well("a", "a.example", at)]);
            told.push(days);
        }
        assert_eq!(log.known.len(), 1);
        assert_eq!(told.iter().sum::<u64>(), 7, "three ends, three relapses, and then it goes on: {told:?}");
        assert_eq!(log.look(2 * 24 * 60, |at| vec![well("a", "a.example", at)]), 1, "a whole day ends it");
    }

    #[test]
    fn many_sources_of_one_host_are_one_entry_and_later_ones_join_it() {
        let mut log = log();
        let names: Vec<String> = (0..6).map(|n| format!("s{n}")).collect();
        let down = |_| names.iter().enumerate().map(|(n, name)| failing(name, "hub.example", NOW + MINUTE * (n as u32 * 15))).collect();
        assert_eq!(log.look(300, down), 1);
        let [Outage { about: About::Host { name, sources }, .. }] = log.known.as_slice() else { panic!("{:?}", log.known) };
        assert_eq!((name.as_str(), sources.len()), ("hub.example", 6));
        assert_eq!(log.look(300, |at| names.iter().map(|name| well(name, "hub.example", at)).collect()), 1);
        assert_eq!(log.open(), 0);
    }

    #[test]
    fn our_own_network_is_one_entry_whatever_else_fails_meanwhile() {
        let mut log = log();
        let offline = |at: Timestamp| -> Vec<Polled> {
            (0..40)
                .map(|n| {
                    let mut seen = failing(&format!("s{n:02}"), &format!("h{n}.example"), NOW);
                    if n > 3 {
                        (seen.state.why, seen.state.last_attempt) = (Some(Why::Offline), Some(at - MINUTE * 11));
                    }
                    seen
                })
                .collect()
        };
        assert_eq!(log.look(600, offline), 1);
        assert_eq!(log.known[0].about, About::Network);
        assert_eq!(log.look(60, |at| (0..40).map(|n| well(&format!("s{n:02}"), &format!("h{n}.example"), at)).collect()), 1);
        assert_eq!((log.known.len(), log.open()), (1, 0));
    }

    #[test]
    fn a_thousand_failures_at_once_are_ten_entries_and_a_crowd() {
        let mut log = log();
        let down = |_| (0..1000).map(|n| failing(&format!("s{n}"), &format!("h{n}.example"), NOW)).collect();
        assert_eq!(log.look(3, |_| Vec::new()), 0);
        log.at = NOW + HOUR;
        assert_eq!(log.look(180, down), 11);
        assert_eq!(log.known.iter().map(|outage| outage.about.sources().len()).sum::<usize>(), 1000);
    }

    #[test]
    fn a_silence_that_nobody_listened_to_is_not_held_against_a_source() {
        let mut log = log();
        let mut seen = well("a", "a.example", NOW - Duration::from_secs(30 * 86_400));
        seen.state.arrivals = (31..60).rev().map(|days| NOW - Duration::from_secs(days * 86_400)).collect();
        assert_eq!(Verdict::of(&seen.state, NOW), Verdict::Late);
        assert_eq!(log.look(60, |_| vec![seen.clone()]), 0, "nobody was there to hear it");
        seen.state.last_success = Some(NOW);
        assert_eq!(log.look(60, |_| vec![seen.clone()]), 1);
        assert_eq!(log.known[0].verdict, Verdict::Late);
    }

    #[test]
    fn what_is_not_polled_any_more_is_over_and_a_worse_end_is_told() {
        let mut log = log();
        log.look(120, |_| vec![failing("a", "a.example", NOW)]);
        let mut gone = failing("a", "a.example", NOW);
        gone.state.gone = true;
        assert_eq!(log.look(5, |_| vec![gone.clone()]), 1);
        assert_eq!((log.known[0].verdict, log.open()), (Verdict::Gone, 1));
        assert_eq!(log.look(5, |_| Vec::new()), 1);
        assert_eq!(log.open(), 0);
    }
}
