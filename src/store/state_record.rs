//! How a source's state stands in the index: fields with a tag and a length each, of which only those are written that say something. It
//! is written twice and read three times a poll, so its size is what a poll costs.

use std::time::Duration;

use super::codec::{Decoder, Encoder};
use crate::model::{Freshness, Habit, Link, Recent, Rhythm, Shares, SourceId, SourceState, Timestamp, Trouble, Validity, Why};

/// The tags. One that was ever used keeps its meaning; what is missing has its default, and unknown ones are passed over.
mod tag {
    pub const NEXT_DUE: u8 = 1;
    pub const WHY: u8 = 2;
    pub const LAST_ATTEMPT: u8 = 3;
    pub const LAST_SUCCESS: u8 = 4;
    pub const LAST_FULL: u8 = 5;
    pub const ETAG: u8 = 6;
    pub const LAST_MODIFIED: u8 = 7;
    pub const REQUEST_DIGEST: u8 = 8;
    pub const READER_VERSION: u8 = 9;
    pub const BODY_DIGEST: u8 = 10;
    pub const BODY_BYTES: u8 = 11;
    pub const EFFECTIVE_URL: u8 = 12;
    pub const EFFECTIVE_SINCE: u8 = 13;
    pub const FAILURES: u8 = 14;
    pub const FAILING_SINCE: u8 = 15;
    pub const SILENT_UNTIL: u8 = 16;
    pub const GONE: u8 = 17;
    pub const MAX_AGE: u8 = 18;
    pub const TTL: u8 = 19;
    pub const UPDATE_PERIOD: u8 = 20;
    pub const SKIP_HOURS: u8 = 21;
    pub const SKIP_DAYS: u8 = 22;
    pub const LAST_OUTCOME: u8 = 23;
    pub const LAST_FAILED: u8 = 24;
    pub const TITLE: u8 = 25;
    pub const FEED_ID: u8 = 26;
    pub const SITE: u8 = 27;
    pub const ITEMS: u8 = 28;
    pub const ARRIVALS: u8 = 29;
    pub const TROUBLE: u8 = 30;
    pub const FROZEN: u8 = 31;
    pub const HABIT: u8 = 32;
    pub const IS_RELEASED: u8 = 33;
    pub const CERTIFICATE: u8 = 34;
    pub const RECENT: u8 = 35;
    pub const IDENTITY: u8 = 36;
}

/// Writes a state.
pub(super) fn encode(state: &SourceState) -> Vec<u8> {
    let Freshness { max_age, rhythm: Rhythm { ttl, update_period, skip_hours, skip_days } } = state.freshness;
    let arrivals = state.arrivals.iter().fold(Encoder::default(), |out, at| out.i64(at.as_millis())).finish();
    Fields::default()
        .time(tag::NEXT_DUE, state.next_due)
        .bytes(tag::WHY, state.why.map(|why| why.as_str().as_bytes()))
        .time(tag::LAST_ATTEMPT, state.last_attempt)
        .time(tag::LAST_SUCCESS, state.last_success)
        .time(tag::LAST_FULL, state.last_full)
        .bytes(tag::ETAG, state.validators.etag.as_deref())
        .bytes(tag::LAST_MODIFIED, state.validators.last_modified.as_deref())
        .bytes(tag::REQUEST_DIGEST, state.request_digest.as_ref().map(|digest| digest.as_bytes().as_slice()))
        .number(tag::READER_VERSION, state.reader_version.into())
        .bytes(tag::BODY_DIGEST, state.body_digest.as_ref().map(|digest| digest.as_bytes().as_slice()))
        .number(tag::BODY_BYTES, state.body_bytes)
        .bytes(tag::EFFECTIVE_URL, state.effective_url.as_ref().map(|link| link.as_str().as_bytes()))
        .time(tag::EFFECTIVE_SINCE, state.effective_since)
        .number(tag::FAILURES, state.failures.into())
        .time(tag::FAILING_SINCE, state.failing_since)
        .time(tag::SILENT_UNTIL, state.silent_until)
        .number(tag::GONE, state.gone.into())
        .span(tag::MAX_AGE, max_age)
        .span(tag::TTL, ttl)
        .span(tag::UPDATE_PERIOD, update_period)
        .number(tag::SKIP_HOURS, skip_hours.into())
        .number(tag::SKIP_DAYS, skip_days.into())
        .bytes(tag::LAST_OUTCOME, state.last_outcome.as_deref().map(str::as_bytes))
        .number(tag::LAST_FAILED, state.last_failed.into())
        .bytes(tag::TROUBLE, state.trouble.map(|trouble| trouble.as_str().as_bytes()))
        .number(tag::FROZEN, state.frozen.into())
        .number(tag::RECENT, state.recent.bits())
        .bytes(tag::HABIT, habit(&state.habit).as_deref())
        .number(tag::IS_RELEASED, state.is_released.into())
        .bytes(tag::CERTIFICATE, state.certificate.map(certificate).as_deref())
        .bytes(tag::TITLE, state.title.as_deref().map(str::as_bytes))
        .bytes(tag::FEED_ID, state.feed_id.as_deref().map(str::as_bytes))
        .bytes(tag::SITE, state.site.as_ref().map(|link| link.as_str().as_bytes()))
        .bytes(tag::IDENTITY, state.identity.as_ref().map(|name| name.as_str().as_bytes()))
        .number(tag::ITEMS, state.items)
        .bytes(tag::ARRIVALS, Some(arrivals.as_slice()).filter(|arrivals| !arrivals.is_empty()))
        .0
        .finish()
}

/// Reads a state; `None` where the bytes are none.
pub(super) fn decode(bytes: &[u8]) -> Option<SourceState> {
    let mut state = SourceState::default();
    let mut input = Decoder::new(bytes);
    while !input.is_empty() {
        let tag = input.u8()?;
        take(&mut state, tag, input.bytes()?)?;
    }
    Some(state)
}

/// Puts one field into a state.
fn take(state: &mut SourceState, tag: u8, field: &[u8]) -> Option<()> {
    let Freshness { max_age, rhythm } = &mut state.freshness;
    match tag {
        tag::NEXT_DUE => state.next_due = Some(time(field)?),
        tag::WHY => state.why = Why::parse(&text(field)?),
        tag::LAST_ATTEMPT => state.last_attempt = Some(time(field)?),
        tag::LAST_SUCCESS => state.last_success = Some(time(field)?),
        tag::LAST_FULL => state.last_full = Some(time(field)?),
        tag::ETAG => state.validators.etag = Some(field.to_vec()),
        tag::LAST_MODIFIED => state.validators.last_modified = Some(field.to_vec()),
        tag::REQUEST_DIGEST => state.request_digest = Some(Decoder::new(field).digest()?),
        tag::READER_VERSION => state.reader_version = u32::try_from(number(field)?).ok()?,
        tag::BODY_DIGEST => state.body_digest = Some(Decoder::new(field).digest()?),
        tag::BODY_BYTES => state.body_bytes = number(field)?,
        tag::EFFECTIVE_URL => state.effective_url = link(field),
        tag::EFFECTIVE_SINCE => state.effective_since = Some(time(field)?),
        tag::FAILURES => state.failures = u32::try_from(number(field)?).ok()?,
        tag::FAILING_SINCE => state.failing_since = Some(time(field)?),
        tag::SILENT_UNTIL => state.silent_until = Some(time(field)?),
        tag::GONE => state.gone = true,
        tag::MAX_AGE => *max_age = Some(span(field)?),
        tag::TTL => rhythm.ttl = Some(span(field)?),
        tag::UPDATE_PERIOD => rhythm.update_period = Some(span(field)?),
        tag::SKIP_HOURS => rhythm.skip_hours = u32::try_from(number(field)?).ok()?,
        tag::SKIP_DAYS => rhythm.skip_days = u8::try_from(number(field)?).ok()?,
        tag::LAST_OUTCOME => state.last_outcome = Some(text(field)?),
        tag::LAST_FAILED => state.last_failed = true,
        tag::TROUBLE => state.trouble = Trouble::parse(&text(field)?),
        tag::FROZEN => state.frozen = true,
        tag::HABIT => state.habit = take_habit(&mut Decoder::new(field))?,
        tag::IS_RELEASED => state.is_released = true,
        tag::CERTIFICATE => state.certificate = Some(Validity { from: time(field.get(..8)?)?, until: time(field.get(8..)?)? }),
        tag::TITLE => state.title = Some(text(field)?),
        tag::FEED_ID => state.feed_id = Some(text(field)?),
        tag::SITE => state.site = link(field),
        tag::RECENT => state.recent = Recent::from_bits(number(field)?),
        tag::IDENTITY => state.identity = SourceId::parse(&text(field)?).ok(),
        tag::ITEMS => state.items = number(field)?,
        tag::ARRIVALS => state.arrivals = field.chunks(8).map(time).collect::<Option<_>>()?,
        _ => {}
    }
    Some(())
}

fn certificate(Validity { from, until }: Validity) -> Vec<u8> {
    Encoder::default().i64(from.as_millis()).i64(until.as_millis()).finish()
}

/// A habit; nothing where there is none yet.
fn habit(habit: &Habit) -> Option<Vec<u8>> {
    let Habit { polls, batch_max, hosts, languages, id_shapes } = habit;
    let shares = |out: Encoder, Shares(shares): &Shares| {
        let begun = out.u32(u32::try_from(shares.len()).unwrap_or_default());
        shares.iter().fold(begun, |out, (value, count)| out.bytes(value.as_bytes()).u32(*count))
    };
    let numbers = Encoder::default().u32(*polls).u32(*batch_max);
    (*polls > 0).then(|| [hosts, languages, id_shapes].into_iter().fold(numbers, shares).finish())
}

fn take_habit(input: &mut Decoder<'_>) -> Option<Habit> {
    fn shares(input: &mut Decoder<'_>) -> Option<Shares> {
        let count = input.u32()?;
        (0..count).map(|_| Some((text(input.bytes()?)?, input.u32()?))).collect::<Option<_>>().map(Shares)
    }
    let (polls, batch_max) = (input.u32()?, input.u32()?);
    Some(Habit { polls, batch_max, hosts: shares(input)?, languages: shares(input)?, id_shapes: shares(input)? })
}

/// The fields that say something.
#[derive(Default)]
struct Fields(Encoder);

impl Fields {
    fn bytes(self, tag: u8, value: Option<&[u8]>) -> Self {
        match value {
            Some(value) => Self(self.0.u8(tag).bytes(value)),
            None => self,
        }
    }

    /// Big-endian, without leading zeros; nothing for zero and `false`.
    fn number(self, tag: u8, value: u64) -> Self {
        let skipped = value.leading_zeros() as usize / 8;
        self.bytes(tag, value.to_be_bytes().get(skipped..).filter(|digits| !digits.is_empty()))
    }

    fn time(self, tag: u8, value: Option<Timestamp>) -> Self {
        self.bytes(tag, value.map(|at| at.as_millis().to_be_bytes()).as_ref().map(<[u8; 8]>::as_slice))
    }

    /// Whole milliseconds.
    fn span(self, tag: u8, value: Option<Duration>) -> Self {
        let millis = value.map(|span| u64::try_from(span.as_millis()).unwrap_or(u64::MAX).to_be_bytes());
        self.bytes(tag, millis.as_ref().map(<[u8; 8]>::as_slice))
    }
}

fn number(field: &[u8]) -> Option<u64> {
    (field.len() <= 8).then(|| field.iter().fold(0, |number, digit| number << 8 | u64::from(*digit)))
}

fn time(field: &[u8]) -> Option<Timestamp> {
    Some(Timestamp::from_millis(i64::from_be_bytes(field.try_into().ok()?)))
}

fn span(field: &[u8]) -> Option<Duration> {
    number(field).map(Duration::from_millis)
}

fn text(field: &[u8]) -> Option<String> {
    String::from_utf8(field.to_vec()).ok()
}

/// A link that is none any more is forgotten.
fn link(field: &[u8]) -> Option<Link> {
    Link::parse(std::str::from_utf8(field).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Digest, Validators};

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
            recent: Recent::from_bits(0b10_11_01),
            freshness: Freshness { max_age: Some(Duration::from_millis(1500)), rhythm },
            last_outcome: Some("3 new".to_owned()),
            last_failed: true,
            trouble: Some(Trouble::Blocked),
            frozen: true,
            habit: Habit {
                polls: 3,
                batch_max: 4,
                hosts: Shares(vec![("a.example".to_owned(), 9), ("b.example".to_owned(), 1)]),
                languages: Shares::default(),
                id_shapes: Shares(vec![("urn".to_owned(), 10)]),
            },
            is_released: true,
            certificate: Some(Validity { from: Timestamp::from_secs(9), until: Timestamp::from_secs(10) }),
            title: Some("网安".to_owned()),
            feed_id: Some("urn:x".to_owned()),
            site: link(),
            identity: SourceId::parse("before").ok(),
            items: 12,
            arrivals: vec![Timestamp::from_secs(8)],
        };
        let bytes = encode(&state);
        assert_eq!(decode(&bytes), Some(state));
        let later = [bytes.as_slice(), &[200, 2, 7, 7]].concat();
        assert_eq!(decode(&later), decode(&bytes), "a later version may say more");
        assert_eq!(decode(b""), Some(SourceState::default()), "fields may be missing");
        assert_eq!(decode(b"{\"next_due\":1}"), None);
        assert!(encode(&SourceState::default()).is_empty());
    }

    #[test]
    fn damage_is_no_panic() {
        let bytes = encode(&SourceState { arrivals: vec![Timestamp::from_secs(8)], items: 3, ..SourceState::default() });
        for end in 0..bytes.len() {
            let _ = decode(&bytes[..end]);
        }
        for at in 0..bytes.len() {
            for value in [0, 1, 8, 9, 255] {
                let mut damaged = bytes.clone();
                damaged[at] = value;
                let _ = decode(&damaged);
            }
        }
    }
}
