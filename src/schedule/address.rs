//! Which address is asked, and when the whole document is asked for: two ways not to be fooled for ever.

use std::time::Duration;

use crate::model::{Digest, Link, Source, SourceState, Timestamp};

/// Failures in a row after which a learned address is doubted.
const DOUBT_FAILURES: u32 = 3;

/// After this much time the configured address is tried again.
const TRUST_MAX: Duration = Duration::from_secs(30 * 86_400);

/// A server that says 304 is believed for this long, and up to a day longer.
const UNCHANGED_MAX: Duration = Duration::from_secs(7 * 86_400);
const UNCHANGED_SPREAD_SECS: u64 = 86_400;

/// The address to ask: where permanent redirects led, but the configured one after three failures in a row there, and again every
/// 30 days (protocol F11).
pub fn address<'a>(source: &'a Source, state: &'a SourceState, now: Timestamp) -> &'a Link {
    let trusted = state.failures < DOUBT_FAILURES && state.effective_since.is_some_and(|since| now.since(since) < TRUST_MAX);
    state.effective_url.as_ref().filter(|_| trusted).unwrap_or(&source.url)
}

/// Whether a document that comes in full now comes only because it was asked for without validators: until then the server said that
/// nothing had changed.
pub fn was_said_unchanged(state: &SourceState, now: Timestamp) -> bool {
    const RECENT: Duration = Duration::from_secs(2 * 86_400);
    is_validator_stale(state, now) && state.failures == 0 && state.last_success.is_some_and(|success| now.since(success) < RECENT)
}

/// Whether the next request should carry no validators, because no document has come in full for a week and a fixed part of a day
/// (protocol F9).
pub fn is_validator_stale(state: &SourceState, now: Timestamp) -> bool {
    state.last_full.is_some_and(|full| {
        let spread = Digest::of(&[b"full", &full.as_millis().to_be_bytes()]).to_u64() % UNCHANGED_SPREAD_SECS;
        now.since(full) > UNCHANGED_MAX + Duration::from_secs(spread)
    })
}
