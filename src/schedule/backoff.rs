//! The turn of a source that fails: the distance doubles up to a day, and it is never given up (protocol S5, F13).

use std::time::Duration;

use super::{
    plan::{Plan, SILENCE_MAX, Turn},
    regular,
    skip::skip,
    spread::{fraction, scaled},
};
use crate::model::{Cadence, SourceState, Timestamp, Why};

/// Longest distance that failures alone lead to.
const BACKOFF_MAX: Duration = Duration::from_secs(24 * 3600);

/// A tick that comes this much before the distance is over is taken: a day's line is asked once a day.
const TICK_SLACK: Duration = Duration::from_secs(3600);

/// What a server that says 429 without saying how long is given.
const SILENCE_DEFAULT: Duration = Duration::from_secs(3600);

/// The turn after `state.failures` failures in a row, the last of which began at `base`.
pub(super) fn turn(plan: &Plan<'_>, state: &SourceState, base: Timestamp) -> Turn {
    let usual = regular::distance(plan, state);
    let doublings = state.failures.saturating_sub(1).min(31);
    let doubled = usual.saturating_mul(1 << doublings).min(BACKOFF_MAX).max(usual);
    let at = match &plan.source.cadence {
        // A line keeps its own hours: the first failure waits for the next tick, the second for the one after it, and so on.
        Cadence::Cron(line) => {
            let at_most_daily = doubled.min(BACKOFF_MAX).saturating_sub(TICK_SLACK);
            let skipped = if doubled > usual { doubled - usual / 2 } else { Duration::ZERO };
            let further = if doublings == 0 { Duration::ZERO } else { skipped.max(at_most_daily) };
            regular::ticked(plan, line, base, regular::least(plan, state, base).max(further))
        }
        _ => Some(base + scaled(doubled, 1.0 + 0.25 * fraction(&plan.source.id, "backoff", base))),
    };
    Turn { at: at.map(|at| skip(at, &state.freshness.rhythm)), why: Why::Backoff }
}

/// Whether a source has failed for so long that an operator should look at it: ten times in a row, over at least a week. It is still
/// asked once a day.
pub fn is_failing(state: &SourceState, now: Timestamp) -> bool {
    const ROW_MIN: u32 = 10;
    const SPAN_MIN: Duration = Duration::from_secs(7 * 86_400);
    state.failures >= ROW_MIN && state.failing_since.is_some_and(|since| now.since(since) >= SPAN_MIN)
}

/// Until when a server that asked for it is left in peace: as long as it said, up to a day.
pub(super) fn silence(until: Option<Timestamp>, now: Timestamp) -> Timestamp {
    until.map_or(now + SILENCE_DEFAULT, |until| until.clamp(now, now + SILENCE_MAX))
}
