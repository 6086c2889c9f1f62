//! Who is due when: from the sources' memories onto the agenda, at a start, a reload, a jump of the clock, and when our own network
//! is back.

use std::{collections::HashMap, sync::Arc, time::Duration};

use super::{Poller, Roster, agenda::HostRule, pipeline::readdress};
use crate::{
    fetch::Fetch,
    model::{Source, SourceId, SourceState, Timestamp, Why},
    schedule::{self, Told, Turn},
};

/// Why everybody is seated anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Occasion {
    /// A start, a reload, a jump of the clock.
    Start,
    /// Our own network went or came back.
    Network,
}

/// When each source of the roster is due. Those that are due by now are asked one after another and not all at
/// once: what begins together stays together, every hour anew. A source
/// whose memory cannot be read is left out until the next reload: without it we might ask too often.
pub(super) fn seats<F: Fetch>(poller: &Poller<F>, roster: &Roster, occasion: Occasion) -> Vec<(SourceId, Timestamp)> {
    let now = poller.clock().now();
    let is_back = occasion == Occasion::Network && !poller.is_offline();
    let (mut overdue, mut seats) = (Vec::new(), Vec::new());
    for (source, turn) in turns(poller, roster) {
        let Some(at) = turn.at else { continue };
        // Nobody was reached: now somebody may be.
        let at = if turn.why == Why::Offline && is_back { now.min(at) } else { at };
        if at <= now && !source.is_on_private_host() {
            overdue.push((at, &source.id));
        } else {
            seats.push((source.id.clone(), at));
        }
    }
    overdue.sort_unstable();
    let times = schedule::catch_up(now, overdue.len());
    seats.extend(overdue.into_iter().zip(times).map(|((_, id), at)| (id.clone(), at)));
    seats
}

/// Sources that were never asked under the name that they have take over what is remembered under one that they had.
pub(super) fn inherit<F: Fetch>(poller: &Poller<F>, roster: &Roster) {
    let store = poller.store();
    for source in roster.sources.values().filter(|source| !source.formerly.is_empty()) {
        let was_asked = |name: &SourceId| store.source_state(name).ok().filter(|state| state.last_attempt.is_some());
        if was_asked(&source.id).is_none()
            && let Some(state) = source.formerly.iter().rev().find_map(was_asked)
            && let Err(error) = store.reserve(&source.id, &SourceState { identity: source.former_identity(), ..state })
        {
            tracing::error!(source = %source.id, "what was remembered under its former name is not taken over: {error}");
        }
    }
}

/// The clock was set back by so much, and all memories that were written on it as it was go with it.
pub(super) fn correct<F: Fetch>(poller: &Poller<F>, roster: &Roster, by: Duration) {
    let now = poller.clock().now();
    for source in roster.sources.values() {
        let corrected = poller.store().source_state(&source.id).and_then(|state| {
            let Some(state) = schedule::corrected(state, by, now) else { return Ok(()) };
            let next_due = roster.plan(source).start_turn(&state, now).at;
            poller.store().reserve(&source.id, &SourceState { next_due, ..state })
        });
        if let Err(error) = corrected {
            tracing::error!(source = %source.id, "its times are not corrected: {error}");
        }
    }
}

/// Everybody who is due now.
pub(super) fn due_now<F: Fetch>(poller: &Poller<F>, roster: &Roster) -> Vec<SourceId> {
    let now = poller.clock().now();
    turns(poller, roster).filter(|(_, turn)| turn.at.is_some_and(|at| at <= now)).map(|(source, _)| source.id.clone()).collect()
}

/// What the sources of each host, or of the host of one source, were told.
pub(super) fn told<F: Fetch>(poller: &Poller<F>, roster: &Roster, of: Option<&SourceId>) -> HashMap<HostRule, Vec<Told>> {
    let only = of.and_then(|id| rule_of(poller, roster, id));
    let mut hosts: HashMap<HostRule, Vec<Told>> = HashMap::new();
    for source in roster.sources.values() {
        let Ok(state) = poller.store().source_state(&source.id) else { continue };
        let Some(told) = Told::of(source, &state) else { continue };
        let rule = rule(poller, roster, source, &state);
        if only.as_ref().is_none_or(|only| *only == rule) {
            hosts.entry(rule).or_default().push(told);
        }
    }
    hosts
}

/// How the host may be asked that a source will be asked on; `None` for a source that has left the roster.
pub(super) fn rule_of<F: Fetch>(poller: &Poller<F>, roster: &Roster, id: &SourceId) -> Option<HostRule> {
    let source = roster.sources.get(id)?;
    // What cannot be read is not asked: the poll ends before its request.
    let state = poller.store().source_state(id).unwrap_or_default();
    Some(rule(poller, roster, source, &state))
}

fn rule<F: Fetch>(poller: &Poller<F>, roster: &Roster, source: &Source, state: &SourceState) -> HostRule {
    HostRule::of(source, schedule::address(source, state, poller.clock().now()), roster.schedule.host_gap)
}

/// The turn of each source, from what the store remembers.
fn turns<'a, F: Fetch>(poller: &'a Poller<F>, roster: &'a Roster) -> impl Iterator<Item = (&'a Arc<Source>, Turn)> {
    let now = poller.clock().now();
    roster.sources.values().filter_map(move |source| match poller.store().source_state(&source.id) {
        Ok(state) => Some((source, roster.plan(source).start_turn(&readdress(state, source), now))),
        Err(error) => {
            tracing::error!(source = %source.id, "not polled: {error}");
            None
        }
    })
}
