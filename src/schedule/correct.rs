//! What a clock that is set back means for a memory.

use std::time::Duration;

use crate::model::{SourceState, Timestamp};

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
