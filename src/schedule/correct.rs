//! What a clock that is set back means for a memory.

use std::time::Duration;

use crate::model::{SourceState, Timestamp};

/// A clock that ends a poll by less before its beginning has drifted, or was corrected a little.
const SLACK: Duration = Duration::from_secs(60);

/// The memory with which a poll ends. If that is before it began, then the clock was set back meanwhile, by about as much.
pub fn settled_at(state: SourceState, now: Timestamp) -> SourceState {
    let by = state.last_attempt.map_or(Duration::ZERO, |attempt| attempt.since(now));
    if by < SLACK { state } else { corrected(state.clone(), by, now).unwrap_or(state) }
}

/// The memory on a clock that was set back by so much and now shows `now`. What was written down on the clock as it was before is
/// set back with it, so that nobody is asked early or forgotten. `None` for an older memory: it is left alone.
pub fn corrected(state: SourceState, by: Duration, now: Timestamp) -> Option<SourceState> {
    let earlier = |at: Option<Timestamp>| at.map(|at| at - by);
    state.last_attempt.filter(|attempt| *attempt > now).map(|attempt| SourceState {
        last_attempt: Some(attempt - by),
        next_due: earlier(state.next_due),
        silent_until: earlier(state.silent_until),
        last_success: earlier(state.last_success),
        last_full: earlier(state.last_full),
        failing_since: earlier(state.failing_since),
        effective_since: earlier(state.effective_since),
        ..state
    })
}
