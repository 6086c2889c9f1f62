//! Conditional requests: whether a client has the current representation already (RFC 9110 section 13).

use std::time::UNIX_EPOCH;

use axum::http::{HeaderMap, HeaderName, header};

use crate::model::Timestamp;

/// What to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// 200 with the body.
    Send,
    /// 304: the client has it.
    NotModified,
    /// 412: the client wants another version than there is.
    PreconditionFailed,
}

/// Judges a GET or HEAD by its preconditions, in the order of RFC 9110 section 13.2.2. `etag` is the strong tag of the
/// representation that was selected, quotes included.
pub(super) fn judge(request: &HeaderMap, etag: &str, last_modified: Option<Timestamp>) -> Verdict {
    if let Some(wanted) = list(request, &header::IF_MATCH) {
        if !matches_any(&wanted, etag, Comparison::Strong) {
            return Verdict::PreconditionFailed;
        }
    } else if let Some(since) = date(request, &header::IF_UNMODIFIED_SINCE)
        && last_modified.is_some_and(|changed| changed.as_secs() > since)
    {
        return Verdict::PreconditionFailed;
    }
    // A tag rules alone, even one that cannot be read: dates are only looked at in its absence.
    if let Some(known) = list(request, &header::IF_NONE_MATCH) {
        return if matches_any(&known, etag, Comparison::Weak) { Verdict::NotModified } else { Verdict::Send };
    }
    match (date(request, &header::IF_MODIFIED_SINCE), last_modified) {
        (Some(since), Some(changed)) if changed.as_secs() <= since => Verdict::NotModified,
        _ => Verdict::Send,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Comparison {
    /// Both tags must be strong.
    Strong,
    /// `W/` is overlooked.
    Weak,
}

/// The field's lines as one list; `None` if the field is absent.
fn list(request: &HeaderMap, name: &HeaderName) -> Option<Vec<u8>> {
    let lines: Vec<&[u8]> = request.get_all(name).iter().map(|value| value.as_bytes()).collect();
    (!lines.is_empty()).then(|| lines.join(&b','))
}

/// Whether a list of entity tags, or `*`, holds `etag`. A malformed list holds what stands before its fault.
fn matches_any(list: &[u8], etag: &str, comparison: Comparison) -> bool {
    if list.trim_ascii() == b"*" {
        return true;
    }
    let mut rest = list;
    loop {
        rest = rest.trim_ascii_start();
        while let Some(after) = rest.strip_prefix(b",") {
            rest = after.trim_ascii_start();
        }
        let is_weak = rest.starts_with(b"W/");
        let opaque = if is_weak { &rest[2..] } else { rest };
        // A tag may hold commas, but no quote.
        let Some(end) = opaque.strip_prefix(b"\"").and_then(|inside| inside.iter().position(|byte| *byte == b'"')) else { return false };
        let (tag, after) = opaque.split_at(end + 2);
        if tag == etag.as_bytes() && !(is_weak && comparison == Comparison::Strong) {
            return true;
        }
        rest = after.trim_ascii_start();
        if !rest.is_empty() && !rest.starts_with(b",") {
            return false;
        }
    }
}

/// A date field in seconds since the epoch, in any of HTTP's three forms; a field that repeats or cannot be read counts as absent.
fn date(request: &HeaderMap, name: &HeaderName) -> Option<i64> {
    let mut values = request.get_all(name).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let at = httpdate::parse_http_date(value.to_str().ok()?.trim()).ok()?;
    i64::try_from(at.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderName, HeaderValue};

    use super::{
        Verdict::{self, NotModified, PreconditionFailed, Send},
        judge,
    };
    use crate::model::Timestamp;

    /// Sun, 06 Nov 1994 08:49:37 GMT.
    const CHANGED: i64 = 784_111_777;

    fn verdict(fields: &[(&'static str, &str)]) -> Verdict {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).expect("a value"));
        }
        judge(&headers, "\"abc\"", Some(Timestamp::from_millis(CHANGED * 1000 + 789)))
    }

    #[test]
    fn a_client_that_has_it_is_told_so_and_no_other() {
        const INM: &str = "if-none-match";
        const IMS: &str = "if-modified-since";
        for (fields, wanted) in [
            (&[][..], Send),
            (&[(INM, "\"abc\"")], NotModified),
            (&[(INM, "W/\"abc\"")], NotModified),
            (&[(INM, "\"x\", \"abc\"")], NotModified),
            (&[(INM, "\"x,\",,\"abc\" ")], NotModified),
            (&[(INM, "\"x\""), (INM, "\"abc\"")], NotModified),
            (&[(INM, "*")], NotModified),
            (&[(INM, "\"x\"")], Send),
            (&[(INM, "abc")], Send),
            (&[(INM, "\"abc")], Send),
            (&[(INM, "")], Send),
            (&[(INM, "w/\"abc\"")], Send),
            (&[(INM, "\"x\" \"abc\"")], Send),
            // The tag rules, whatever the date says.
            (&[(INM, "\"x\""), (IMS, "Sun, 06 Nov 1994 08:49:37 GMT")], Send),
            (&[(INM, "nonsense"), (IMS, "Sun, 06 Nov 1994 08:49:37 GMT")], Send),
            (&[(INM, "\"abc\""), (IMS, "Sun, 06 Nov 1994 08:49:36 GMT")], NotModified),
            // Whole seconds, and the three forms of a date.
            (&[(IMS, "Sun, 06 Nov 1994 08:49:37 GMT")], NotModified),
            (&[(IMS, "Sunday, 06-Nov-94 08:49:37 GMT")], NotModified),
            (&[(IMS, "Sun Nov  6 08:49:37 1994")], NotModified),
            (&[(IMS, "Sun, 06 Nov 1994 08:49:38 GMT")], NotModified),
            (&[(IMS, "Sun, 06 Nov 1994 08:49:36 GMT")], Send),
            (&[(IMS, "yesterday")], Send),
            (&[(IMS, "0")], Send),
            (&[(IMS, "Sun, 06 Nov 1994 08:49:37 GMT"), (IMS, "Sun, 06 Nov 1994 08:49:37 GMT")], Send),
        ] {
            assert_eq!(verdict(fields), wanted, "{fields:?}");
        }
    }

    #[test]
    fn a_client_that_wants_another_version_gets_412() {
        for (fields, wanted) in [
            (&[("if-match", "\"abc\"")][..], Send),
            (&[("if-match", "*")], Send),
            (&[("if-match", "\"x\"")], PreconditionFailed),
            (&[("if-match", "W/\"abc\"")], PreconditionFailed),
            (&[("if-match", "\"abc\""), ("if-none-match", "\"abc\"")], NotModified),
            (&[("if-unmodified-since", "Sun, 06 Nov 1994 08:49:37 GMT")], Send),
            (&[("if-unmodified-since", "Sun, 06 Nov 1994 08:49:36 GMT")], PreconditionFailed),
            (&[("if-unmodified-since", "never")], Send),
        ] {
            assert_eq!(verdict(fields), wanted, "{fields:?}");
        }
    }
}
