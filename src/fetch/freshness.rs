//! What an answer says about when to ask again: `Cache-Control`, `Expires`, `Age` and `Retry-After`.

use std::time::{Duration, UNIX_EPOCH};

use reqwest::header::{AGE, CACHE_CONTROL, DATE, EXPIRES, HeaderMap, HeaderName, RETRY_AFTER};

use crate::model::Timestamp;

/// The longest wait that is believed (protocol F13); also keeps `10^12` seconds from overflowing anything.
const WAIT_MAX: Duration = Duration::from_secs(24 * 3600);

/// The longest lifetime that is believed (RFC 9111 section 1.2.2 lets a cache cap what it cannot hold).
const LIFETIME_SECS_MAX: u64 = 1 << 31;

/// How long the answer stays fresh: `max-age`, else `Expires` minus `Date`, less `Age` (RFC 9111 section 4.2). `no-store`, `no-cache`
/// and values that cannot be read count as zero; `None` where nothing was said.
pub fn max_age(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let lifetime = match cache_control(headers) {
        Some(lifetime) => lifetime,
        None => expires(headers, now)?,
    };
    Some(lifetime.saturating_sub(age(headers)))
}

/// The lifetime in `Cache-Control`. `s-maxage` speaks to shared caches, which we are not.
fn cache_control(headers: &HeaderMap) -> Option<Duration> {
    let mut lifetime = None;
    for value in headers.get_all(CACHE_CONTROL) {
        for directive in value.to_str().unwrap_or_default().split(',') {
            let (name, argument) = directive.split_once('=').unwrap_or((directive, ""));
            let name = name.trim();
            if name.eq_ignore_ascii_case("no-store") || name.eq_ignore_ascii_case("no-cache") {
                return Some(Duration::ZERO);
            }
            if name.eq_ignore_ascii_case("max-age") && lifetime.is_none() {
                let secs = delta_secs(argument.trim().trim_matches('"')).unwrap_or(0);
                lifetime = Some(Duration::from_secs(secs.min(LIFETIME_SECS_MAX)));
            }
        }
    }
    lifetime
}

fn expires(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = headers.get(EXPIRES)?;
    let Some(end) = value.to_str().ok().and_then(http_date) else { return Some(Duration::ZERO) };
    let start = text(headers, DATE).and_then(http_date).unwrap_or(now);
    Some(end.since(start).min(Duration::from_secs(LIFETIME_SECS_MAX)))
}

fn age(headers: &HeaderMap) -> Duration {
    Duration::from_secs(text(headers, AGE).and_then(delta_secs).unwrap_or(0))
}

/// When the server wants to be asked again, at most 24 hours from now: seconds or an HTTP date (RFC 9110 section 10.2.3). `None` where
/// it did not say so, or in no form that can be read. A time that has passed is `now`.
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Timestamp> {
    let value = text(headers, RETRY_AFTER)?.trim();
    let until = match delta_secs(value) {
        Some(secs) => now + Duration::from_secs(secs).min(WAIT_MAX),
        None => http_date(value)?,
    };
    Some(until.clamp(now, now + WAIT_MAX))
}

/// A number of seconds: digits only. More than 64 bits of them is as good as for ever.
fn delta_secs(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

/// The three date forms of HTTP (RFC 9110 section 5.6.7).
fn http_date(text: &str) -> Option<Timestamp> {
    let time = httpdate::parse_http_date(text.trim()).ok()?;
    let secs = time.duration_since(UNIX_EPOCH).ok()?.as_secs();
    Some(Timestamp::from_secs(i64::try_from(secs).unwrap_or(i64::MAX)))
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

    use super::{max_age, retry_after};
    use crate::model::Timestamp;

    /// 1994-11-06T08:49:37Z, the instant of RFC 9110's examples.
    const NOW: i64 = 784_111_777;

    type Lines<'a> = &'a [(&'a str, &'a str)];

    fn headers(lines: Lines<'_>) -> HeaderMap {
        lines
            .iter()
            .map(|(name, value)| {
                let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
                (name, HeaderValue::from_bytes(value.as_bytes()).expect("a value"))
            })
            .collect()
    }

    #[test]
    fn retry_after_is_honoured_in_full_up_to_a_day() {
        for (value, wanted_secs) in [
            ("0", Some(0)),
            ("7200", Some(7200)),
            (" 120 ", Some(120)),
            ("86400", Some(86400)),
            ("1000000000000", Some(86400)),
            ("99999999999999999999999999", Some(86400)),
            ("Sun, 06 Nov 1994 09:49:37 GMT", Some(3600)),
            ("Sunday, 06-Nov-94 09:49:37 GMT", Some(3600)),
            ("Sun Nov  6 09:49:37 1994", Some(3600)),
            ("Sun, 06 Nov 1994 07:49:37 GMT", Some(0)),
            ("Sun, 06 Nov 2044 07:49:37 GMT", Some(86400)),
            ("-5", None),
            ("1.5", None),
            ("abc", None),
            ("", None),
            ("Sun, 31 Feb 1994 07:49:37 GMT", None),
        ] {
            let now = Timestamp::from_secs(NOW);
            let wanted = wanted_secs.map(|secs| now + Duration::from_secs(secs));
            assert_eq!(retry_after(&headers(&[("retry-after", value)]), now), wanted, "{value:?}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), Timestamp::from_secs(NOW)), None);
    }

    #[test]
    fn freshness_is_read_as_a_private_cache_reads_it() {
        const DATE: (&str, &str) = ("date", "Sun, 06 Nov 1994 08:00:00 GMT");
        const EXPIRES: (&str, &str) = ("expires", "Sun, 06 Nov 1994 09:00:00 GMT");
        let table: &[(Lines<'_>, Option<u64>)] = &[
            (&[], None),
            (&[("cache-control", "public")], None),
            (&[("cache-control", "max-age=10800")], Some(10800)),
            (&[("cache-control", "public, MAX-AGE=\"60\"")], Some(60)),
            (&[("cache-control", "max-age=60"), ("cache-control", "max-age=90")], Some(60)),
            (&[("cache-control", "max-age=600"), ("age", "100")], Some(500)),
            (&[("cache-control", "max-age=600"), ("age", "700")], Some(0)),
            (&[("cache-control", "max-age=600"), ("age", "-1")], Some(600)),
            (&[("cache-control", "s-maxage=600")], None),
            (&[("cache-control", "max-age=600, no-cache")], Some(0)),
            (&[("cache-control", "no-store")], Some(0)),
            (&[("cache-control", "max-age=abc")], Some(0)),
            (&[("cache-control", "max-age=99999999999999999999")], Some(1 << 31)),
            (&[EXPIRES, DATE], Some(3600)),
            (&[EXPIRES], Some(623)),
            (&[EXPIRES, DATE, ("cache-control", "max-age=5")], Some(5)),
            (&[("expires", "0")], Some(0)),
            (&[("expires", "Sun, 06 Nov 1994 07:00:00 GMT"), DATE], Some(0)),
        ];
        for (lines, wanted) in table {
            let wanted = wanted.map(Duration::from_secs);
            assert_eq!(max_age(&headers(lines), Timestamp::from_secs(NOW)), wanted, "{lines:?}");
        }
    }
}
