//! The regular turn of a source that answers: interval, rhythm or cron line, and what the publisher asks for (protocol S2 to S4,
//! S6, S10).

use std::time::Duration;

use chrono_tz::Tz;

use super::{
    plan::{PRIVATE_GAP, Plan, Turn},
    rhythm::rhythm,
    skip::skip,
    spread::{fraction, in_slot, phase, scaled},
    tick::Ticks,
};
use crate::model::{Cadence, CronLine, Freshness, SourceState, Timestamp, Why};

/// A document over this size that comes without a validator is sent in full each time, so it is asked for once a day.
const HEAVY_BYTES_MIN: u64 = 100_000;

/// A cron tick may come this much before the least distance is over: then the poll waits until it is.
const TICK_SLACK_MAX: Duration = Duration::from_secs(120);

/// Sources of the same rhythm are drawn apart by up to this much.
const RHYTHM_SPREAD_MAX: Duration = Duration::from_secs(300);

/// Ticks without a second one behind them get the phase of a daily line.
const DAY: Duration = Duration::from_secs(86_400);

/// The turn after an answer to a request that went out at `base`.
pub(super) fn turn(plan: &Plan<'_>, state: &SourceState, base: Timestamp) -> Turn {
    let asked = asked(plan, &state.freshness);
    let own = own(plan, state, base);
    let (at, why) = match &plan.source.cadence {
        Cadence::Cron(line) => match ticked(plan, line, base, least(plan, state, base)) {
            Some(at) => (at, Why::Cron),
            // After the year 2100 there are no ticks.
            None => return Turn { at: None, why: Why::Cron },
        },
        _ if asked > own => (base + asked, Why::Freshness),
        Cadence::Every(_) => (in_slot(plan.place, own, base + own), Why::Interval),
        Cadence::Adaptive(_) if is_heavy(plan, state) => (base + own, Why::Freshness),
        Cadence::Adaptive(_) => (base + own, Why::Rhythm),
    };
    let allowed = skip(at, &state.freshness.rhythm);
    Turn { at: Some(allowed), why: if allowed > at { Why::Skip } else { why } }
}

/// No poll follows one at `base` sooner: the floor or the source's own distance, and what the publisher asks for.
pub(super) fn least(plan: &Plan<'_>, state: &SourceState, base: Timestamp) -> Duration {
    own(plan, state, base).max(asked(plan, &state.freshness))
}

/// The usual distance between two polls of a source that answers. For a cron line it is the distance between its ticks.
pub(super) fn distance(plan: &Plan<'_>, state: &SourceState) -> Duration {
    let base = state.last_attempt.unwrap_or_default();
    let own = match &plan.source.cadence {
        Cadence::Cron(line) => gap(&Ticks::of(line), timezone(plan), base).max(floor(plan)),
        // Without jitter, so that a rhythm is no reason to ask a failing source more often.
        Cadence::Adaptive(interval) => (*interval).max(floor(plan)),
        Cadence::Every(_) => own(plan, state, base),
    };
    own.max(asked(plan, &state.freshness))
}

/// The first tick, with the source's phase, that is `least` away from `base`.
pub(super) fn ticked(plan: &Plan<'_>, line: &CronLine, base: Timestamp, least: Duration) -> Option<Timestamp> {
    let (ticks, tz) = (Ticks::of(line), timezone(plan));
    let phase_at = |at| phase(&plan.source.id, gap(&ticks, tz, at));
    let earliest = base + least;
    let mut before = earliest - phase_at(base) - (least / 10).min(TICK_SLACK_MAX);
    // Where the gaps between ticks differ, so do the phases, and the tick just served may be found again.
    loop {
        let tick = ticks.next(tz, before)?;
        let at = tick + phase_at(tick);
        if at > base {
            return Some(at.max(earliest));
        }
        before = tick;
    }
}

/// Distance without the publisher's wishes.
fn own(plan: &Plan<'_>, state: &SourceState, base: Timestamp) -> Duration {
    let floor = floor(plan);
    match plan.source.cadence {
        Cadence::Every(interval) => interval.max(floor),
        Cadence::Cron(_) => floor,
        Cadence::Adaptive(_) if is_heavy(plan, state) => plan.limits.interval_max,
        Cadence::Adaptive(interval) => {
            let chance = fraction(&plan.source.id, "rhythm", base);
            let spread = match rhythm(&state.arrivals, base, interval) {
                // A little: the hour at which a source writes is not to be missed by much.
                Some(distance) => distance + scaled((distance / 10).min(RHYTHM_SPREAD_MAX), chance),
                // Sources that start together are drawn apart from their second poll on.
                None => scaled(interval, 1.0 + 0.3 * chance),
            };
            spread.clamp(floor, plan.limits.interval_max.max(floor))
        }
    }
}

/// The distance that a publisher asks for, at most the configured ceiling: a `max-age` of weeks is a mistake more often than a wish.
fn asked(plan: &Plan<'_>, freshness: &Freshness) -> Duration {
    [freshness.max_age, freshness.rhythm.ttl, freshness.rhythm.update_period]
        .into_iter()
        .flatten()
        .max()
        .unwrap_or_default()
        .min(plan.limits.interval_max)
}

/// No poll follows another sooner. A rhythm is never let under the public floor: seconds are for those who asked for seconds.
fn floor(plan: &Plan<'_>) -> Duration {
    let is_chosen = !matches!(plan.source.cadence, Cadence::Adaptive(_));
    if is_chosen && plan.source.is_on_private_host() { PRIVATE_GAP } else { plan.limits.interval_min }
}

/// Whether each poll costs the publisher a large body because it sends nothing to compare (protocol S2). Where the operator has
/// set a cadence, or owns the host, that decides.
fn is_heavy(plan: &Plan<'_>, state: &SourceState) -> bool {
    state.body_bytes > HEAVY_BYTES_MIN && state.validators.is_empty() && !plan.source.is_on_private_host()
}

/// The distance between the next two ticks after `at`.
fn gap(ticks: &Ticks, tz: Tz, at: Timestamp) -> Duration {
    let first = ticks.next(tz, at);
    let second = first.and_then(|first| ticks.next(tz, first));
    first.zip(second).map_or(DAY, |(first, second)| second.since(first))
}

fn timezone(plan: &Plan<'_>) -> Tz {
    plan.source.timezone.unwrap_or(Tz::UTC)
}
