//! How a source's state stands in the index: JSON, since it is small and grows fields.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::{Digest, Freshness, Link, Rhythm, SourceState, Timestamp, Validators, Why};

/// A source's state as it stands in the index. Missing fields have their defaults, so that a field can be added.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct StateRecord {
    next_due: Option<i64>,
    why: Option<String>,
    last_attempt: Option<i64>,
    last_success: Option<i64>,
    last_full: Option<i64>,
    etag: Option<Vec<u8>>,
    last_modified: Option<Vec<u8>>,
    request_digest: Option<String>,
    reader_version: u32,
    body_digest: Option<String>,
    body_bytes: u64,
    effective_url: Option<String>,
    effective_since: Option<i64>,
    failures: u32,
    failing_since: Option<i64>,
    silent_until: Option<i64>,
    gone: bool,
    max_age: Option<Duration>,
    ttl: Option<Duration>,
    update_period: Option<Duration>,
    skip_hours: u32,
    skip_days: u8,
    last_outcome: Option<String>,
    last_failed: bool,
    title: Option<String>,
    feed_id: Option<String>,
    site: Option<String>,
    items: u64,
    arrivals: Vec<i64>,
}

/// Writes a state.
pub(super) fn encode(state: &SourceState) -> Vec<u8> {
    let record = StateRecord {
        next_due: state.next_due.map(Timestamp::as_millis),
        why: state.why.map(|why| why.as_str().to_owned()),
        last_attempt: state.last_attempt.map(Timestamp::as_millis),
        last_success: state.last_success.map(Timestamp::as_millis),
        last_full: state.last_full.map(Timestamp::as_millis),
        etag: state.validators.etag.clone(),
        last_modified: state.validators.last_modified.clone(),
        request_digest: state.request_digest.map(|digest| digest.to_string()),
        reader_version: state.reader_version,
        body_digest: state.body_digest.map(|digest| digest.to_string()),
        body_bytes: state.body_bytes,
        effective_url: state.effective_url.as_ref().map(Link::to_string),
        effective_since: state.effective_since.map(Timestamp::as_millis),
        failures: state.failures,
        failing_since: state.failing_since.map(Timestamp::as_millis),
        silent_until: state.silent_until.map(Timestamp::as_millis),
        gone: state.gone,
        max_age: state.freshness.max_age,
        ttl: state.freshness.rhythm.ttl,
        update_period: state.freshness.rhythm.update_period,
        skip_hours: state.freshness.rhythm.skip_hours,
        skip_days: state.freshness.rhythm.skip_days,
        last_outcome: state.last_outcome.clone(),
        last_failed: state.last_failed,
        title: state.title.clone(),
        feed_id: state.feed_id.clone(),
        site: state.site.as_ref().map(Link::to_string),
        items: state.items,
        arrivals: state.arrivals.iter().map(|at| at.as_millis()).collect(),
    };
    serde_json::to_vec(&record).expect("numbers, strings and lists of them are always JSON")
}

/// Reads a state; `None` where the bytes are none.
pub(super) fn decode(bytes: &[u8]) -> Option<SourceState> {
    let record: StateRecord = serde_json::from_slice(bytes).ok()?;
    let link = |text: Option<String>| text.and_then(|text| Link::parse(&text).ok());
    let digest = |hex: Option<String>| hex.and_then(|hex| Digest::from_hex(&hex));
    let time = |millis: Option<i64>| millis.map(Timestamp::from_millis);
    let rhythm =
        Rhythm { ttl: record.ttl, update_period: record.update_period, skip_hours: record.skip_hours, skip_days: record.skip_days };
    Some(SourceState {
        next_due: time(record.next_due),
        why: record.why.and_then(|why| Why::parse(&why)),
        last_attempt: time(record.last_attempt),
        last_success: time(record.last_success),
        last_full: time(record.last_full),
        validators: Validators { etag: record.etag, last_modified: record.last_modified },
        request_digest: digest(record.request_digest),
        reader_version: record.reader_version,
        body_digest: digest(record.body_digest),
        body_bytes: record.body_bytes,
        effective_url: link(record.effective_url),
        effective_since: time(record.effective_since),
        failures: record.failures,
        failing_since: time(record.failing_since),
        silent_until: time(record.silent_until),
        gone: record.gone,
        freshness: Freshness { max_age: record.max_age, rhythm },
        last_outcome: record.last_outcome,
        last_failed: record.last_failed,
        title: record.title,
        feed_id: record.feed_id,
        site: link(record.site),
        items: record.items,
        arrivals: record.arrivals.into_iter().map(Timestamp::from_millis).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn validators_come_back_byte_for_byte_and_everything_else_too() {
        let at = |secs| Some(Timestamp::from_secs(secs));
        let link = || Link::parse("https://example.com/feed").ok();
        let rhythm = Rhythm { ttl: Some(Duration::from_secs(60)), update_period: None, skip_hours: 1 << 23, skip_days: 3 };
        let state = SourceState {
            next_due: at(1),
            why: Some(Why::RetryAfter),
            last_attempt: at(2),
            last_success: at(3),
            last_full: at(4),
            validators: Validators { etag: Some(b"W/\"\xe9\"".to_vec()), last_modified: Some(b"0".to_vec()) },
            request_digest: Some(Digest::of(&[b"request"])),
            reader_version: 2,
            body_digest: Some(Digest::of(&[b"body"])),
            body_bytes: 61_000,
            effective_url: link(),
            effective_since: at(5),
            failures: 3,
            failing_since: at(6),
            silent_until: at(7),
            gone: true,
            freshness: Freshness { max_age: Some(Duration::from_millis(1500)), rhythm },
            last_outcome: Some("3 new".to_owned()),
            last_failed: true,
            title: Some("网安".to_owned()),
            feed_id: Some("urn:x".to_owned()),
            site: link(),
            items: 12,
            arrivals: vec![Timestamp::from_secs(8)],
        };
        assert_eq!(decode(&encode(&state)), Some(state));
        assert_eq!(decode(b"{}"), Some(SourceState::default()), "fields may be missing");
        assert_eq!(decode(b"{"), None);
    }
}
