//! The plan of one source: its memory in, its memory with the next due time out.

use std::time::Duration;

use super::{
    backoff, regular,
    skip::skip,
    spread::{Place, fraction, scaled},
};
use crate::model::{Failure, ScheduleLimits, Source, SourceState, Timestamp, Why};

/// Longest silence a server can ask for (protocol F13).
pub(super) const SILENCE_MAX: Duration = Duration::from_secs(24 * 3600);

/// A clock that is set back by less does not count as changed.
const CLOCK_SLACK: Duration = Duration::from_secs(60);

/// After the clock was set back, polls are spread over this much time.
const CLOCK_SPREAD_MAX: Duration = Duration::from_secs(600);

/// When our own network is down, a source is tried again after a quarter of the time that it has been down, within these bounds,
/// and up to twice as much.
const OFFLINE_RETRY_MIN: Duration = Duration::from_secs(60);
const OFFLINE_RETRY_MAX: Duration = Duration::from_secs(15 * 60);

/// No operator asks a public source by hand more often than this (protocol S9).
const MANUAL_GAP: Duration = Duration::from_secs(60);

/// Least distance on hosts that are the operator's own.
pub(super) const PRIVATE_GAP: Duration = Duration::from_secs(1);

/// How often a feed that says that it is expired is looked at again (protocol P11).
const EXPIRED_INTERVAL: Duration = Duration::from_secs(30 * 86_400);

/// When to ask, and why then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// When; `None` for never.
    pub at: Option<Timestamp>,
    /// Why.
    pub why: Why,
}

/// What the due times of one source are made from, beside its memory.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'a> {
    /// The source.
    pub source: &'a Source,
    /// Its place among its host's sources, from [`super::places`].
    pub place: Place,
    /// Floors and ceilings.
    pub limits: &'a ScheduleLimits,
}

impl Plan<'_> {
    /// The first turn of a source that was never asked: now. The distance kept on each host spreads a crowd of them.
    pub fn first_turn(&self, now: Timestamp) -> Turn {
        Turn { at: Some(now), why: Why::New }
    }

    /// The turn after a start or a change of the configuration: what the last poll led to, seen with the present settings, and
    /// never early (protocol S1). A memory from the future means that the clock was set back while nobody watched: then it is due
    /// within ten minutes (protocol S8), but silence that was asked for is kept once more.
    pub fn start_turn(&self, state: &SourceState, now: Timestamp) -> Turn {
        let turn = self.turn(state);
        match state.last_attempt {
            None => self.first_turn(now),
            Some(_) if state.gone && state.last_failed => turn,
            Some(attempt) if attempt > now + CLOCK_SLACK => {
                let span = regular::distance(self, state).min(CLOCK_SPREAD_MAX);
                let spread = scaled(span, fraction(&self.source.id, "clock", Timestamp::from_millis(0)));
                let silence = state.silent_until.map_or(Duration::ZERO, |until| until.since(attempt).min(SILENCE_MAX));
                Turn { at: Some(now + spread.max(silence)), why: turn.why }
            }
            // Nobody was reached, so nobody is asked early.
            Some(_) if state.why == Some(Why::Offline) => Turn { at: state.next_due.min(turn.at), why: Why::Offline },
            Some(_) => turn,
        }
    }

    /// The memory to store before a request goes out: the attempt is made, and if nothing more is ever heard of it, the next one
    /// is as far away as after an answer without news (protocol S1).
    pub fn reservation(&self, state: SourceState, now: Timestamp) -> SourceState {
        let mut next = SourceState { last_attempt: Some(now), why: None, ..state };
        next.next_due = self.turn(&next).at;
        next.why = Some(Why::Reserved);
        next
    }

    /// The memory after a 200 or a 304. The caller has already stored freshness, arrivals, validators and sizes in it, and set
    /// `gone` if the document says that it is expired, else cleared it.
    pub fn after_success(&self, state: SourceState, now: Timestamp) -> SourceState {
        self.settle(SourceState {
            last_attempt: Some(attempt(&state, now)),
            last_success: Some(now),
            failures: 0,
            failing_since: None,
            silent_until: None,
            last_failed: false,
            why: None,
            ..state
        })
    }

    /// The memory after a poll that brought nothing. A failure of our own to store the result is not counted against the source.
    pub fn after_failure(&self, state: SourceState, failure: &Failure, now: Timestamp) -> SourceState {
        let attempt = attempt(&state, now);
        let mut next = SourceState { last_attempt: Some(attempt), last_failed: true, why: None, ..state };
        if !matches!(failure, Failure::Store(_)) {
            next.failures = next.failures.saturating_add(1);
            next.failing_since.get_or_insert(now);
        }
        match failure {
            Failure::Gone => next.gone = true,
            Failure::TooManyRequests { until, .. } => {
                next.silent_until = Some(backoff::silence(*until, now));
                next.why = until.map(|_| Why::RetryAfter);
            }
            _ => {}
        }
        self.settle(next)
    }

    /// The memory after a poll that failed because our own network has been down since some time: nothing is counted, and the next
    /// try is soon. A source that failed before that keeps its distance.
    pub fn after_offline(&self, state: SourceState, since: Timestamp, now: Timestamp) -> SourceState {
        if state.failures > 0 {
            return self.settle(SourceState { why: None, ..state });
        }
        let least = (now.since(since) / 4).clamp(OFFLINE_RETRY_MIN, OFFLINE_RETRY_MAX);
        let wait = regular::distance(self, &state).min(scaled(least, 1.0 + fraction(&self.source.id, "offline", now)));
        let silent = state.silent_until.map(|until| until.min(now + SILENCE_MAX));
        SourceState { next_due: Some(now + wait).max(silent), why: Some(Why::Offline), ..state }
    }

    /// The memory after a failure for the one source that watches a silent host for all others: it is asked again as if it had not failed.
    pub fn on_watch(&self, state: SourceState) -> SourceState {
        let next = state.last_attempt.map(|attempt| attempt + regular::distance(self, &state));
        SourceState { next_due: next.max(state.silent_until), ..state }
    }

    /// When an operator's own order to ask is carried out: at once, but never within a server's `Retry-After`, and not twice
    /// within a minute (protocol S9).
    pub fn manual_turn(&self, state: &SourceState, now: Timestamp) -> Timestamp {
        let gap = if self.source.is_on_private_host() { PRIVATE_GAP } else { MANUAL_GAP };
        let spaced = state.last_attempt.filter(|attempt| *attempt <= now).map_or(now, |attempt| attempt + gap);
        let silent = state.silent_until.map_or(now, |until| until.min(now + SILENCE_MAX));
        now.max(spaced).max(silent)
    }

    /// The due time that a memory leads to, from its last attempt on. The same memory and settings always give the same time.
    fn turn(&self, state: &SourceState) -> Turn {
        let Some(base) = state.last_attempt else { return Turn { at: None, why: Why::New } };
        if state.gone {
            return Turn { at: (!state.last_failed).then(|| base + EXPIRED_INTERVAL), why: Why::Gone };
        }
        let silent = state.silent_until.map(|until| until.min(base + SILENCE_MAX * 2));
        let turn = match (state.why, silent) {
            (Some(Why::RetryAfter), Some(until)) => {
                Turn { at: Some(until.max(base + regular::distance(self, state))), why: Why::RetryAfter }
            }
            _ if state.failures > 0 => backoff::turn(self, state, base),
            _ => regular::turn(self, state, base),
        };
        // Silence may end within an hour that is to be skipped.
        Turn { at: turn.at.max(silent).map(|at| skip(at, &state.freshness.rhythm)), why: turn.why }
    }

    fn settle(&self, state: SourceState) -> SourceState {
        let turn = self.turn(&state);
        SourceState { next_due: turn.at, why: Some(turn.why), ..state }
    }
}

/// When the request of a poll that ends now went out.
fn attempt(state: &SourceState, now: Timestamp) -> Timestamp {
    state.last_attempt.filter(|attempt| *attempt <= now).unwrap_or(now)
}
