//! The heads of both messages: the headers we send, and what status and headers of the answer mean.

use bytes::Bytes;
use reqwest::header::{
    CONTENT_LOCATION, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
};

use super::{Request, Response, freshness, links, redirect, redirect::Trail};
use crate::model::{Failure, Link, Validators};

/// Longest `ETag` kept, in bytes; a longer one is as good as none (protocol X13).
const ETAG_BYTES_MAX: usize = 1024;

/// Longest `Last-Modified` kept, in bytes.
const LAST_MODIFIED_BYTES_MAX: usize = 128;

/// Longest `Content-Type` kept, in bytes.
const CONTENT_TYPE_BYTES_MAX: usize = 256;

/// What we ask to be done to a document, and what was done to it (RFC 3229): new entries are sent alone.
const A_IM: HeaderName = HeaderName::from_static("a-im");
const IM: HeaderName = HeaderName::from_static("im");
const FEED: HeaderValue = HeaderValue::from_static("feed");

/// The headers that differ from request to request: validators as they came, the wish for new entries alone, and the operator's own
/// headers where `target` is of the configured origin (scheme, host and port). They may hold credentials, so a redirect elsewhere never
/// carries them.
pub fn of_request(request: &Request, target: &Link) -> Result<HeaderMap, Failure> {
    let mut headers = HeaderMap::new();
    for (name, value) in [(IF_NONE_MATCH, &request.validators.etag), (IF_MODIFIED_SINCE, &request.validators.last_modified)] {
        if let Some(value) = value.as_deref().and_then(|bytes| HeaderValue::from_bytes(bytes).ok()) {
            headers.insert(name, value);
        }
    }
    if asks_for_delta(request) {
        headers.insert(A_IM, FEED);
    }
    if !request.headers.is_empty() && request.configured.to_url().origin() == target.to_url().origin() {
        for pair in &request.headers {
            let (Ok(name), Ok(mut value)) = (HeaderName::try_from(&pair.name), HeaderValue::try_from(&pair.value)) else {
                return Err(Failure::Connect(format!("the configured header `{}` cannot be sent", pair.name.escape_debug())));
            };
            value.set_sensitive(true);
            headers.append(name, value);
        }
    }
    Ok(headers)
}

/// New entries alone are of use only beside the old ones.
const fn asks_for_delta(request: &Request) -> bool {
    request.delta && request.validators.etag.is_some()
}

/// Whether an answer says that it holds new entries alone.
fn is_delta(headers: &HeaderMap) -> bool {
    let names = headers.get_all(IM).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    names.map(str::trim).eq(["feed"])
}

/// Why an answer is no success, if it is none. Redirects are none of these, unless they tell us to wait.
pub fn refusal(status: u16, headers: &HeaderMap, request: &Request, trail: &Trail) -> Option<Failure> {
    let asked = freshness::retry_after(headers, request.now);
    match status {
        200 | 203 => None,
        226 if asks_for_delta(request) && is_delta(headers) => None,
        304 if !request.validators.is_empty() => None,
        204 | 205 => Some(Failure::Empty),
        // Gone is the first URL, not what some temporary redirect happened to lead to.
        410 if trail.is_all_permanent() => Some(Failure::Gone),
        429 => Some(Failure::TooManyRequests { status, until: asked }),
        503 | 301 | 302 | 303 | 307 | 308 if asked.is_some_and(|until| until > request.now) => {
            Some(Failure::TooManyRequests { status, until: asked })
        }
        status if redirect::is_redirect(status) => None,
        _ => Some(Failure::Status(status)),
    }
}

/// A response without its body: 304, or the head of a 200.
pub fn of_response(status: u16, headers: &HeaderMap, request: &Request, trail: &Trail) -> Response {
    let not_modified = status == 304;
    let mut validators =
        Validators { etag: short(headers, ETAG, ETAG_BYTES_MAX), last_modified: short(headers, LAST_MODIFIED, LAST_MODIFIED_BYTES_MAX) };
    if not_modified {
        // A 304 updates what it names and leaves the rest (RFC 9111 section 4.3.4); a 200 replaces both.
        validators.etag = validators.etag.or_else(|| request.validators.etag.clone());
        validators.last_modified = validators.last_modified.or_else(|| request.validators.last_modified.clone());
    }
    let links = links::read(headers, trail.at());
    Response {
        not_modified,
        body: Bytes::new(),
        is_delta: status == 226,
        final_url: trail.at().clone(),
        permanent_url: trail.permanent().cloned(),
        validators,
        content_type: short(headers, CONTENT_TYPE, CONTENT_TYPE_BYTES_MAX).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
        content_location: headers
            .get(CONTENT_LOCATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|text| Link::resolve(Some(trail.at()), text).ok()),
        max_age: freshness::max_age(headers, request.now),
        certificate: None,
        hubs: links.hubs,
        self_link: links.self_link,
    }
}

/// A header's bytes, unless there are none or too many.
fn short(headers: &HeaderMap, name: HeaderName, bytes_max: usize) -> Option<Vec<u8>> {
    headers.get(name).map(HeaderValue::as_bytes).filter(|bytes| !bytes.is_empty() && bytes.len() <= bytes_max).map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

    use super::{of_request, of_response, refusal};
    use crate::{
        fetch::{Request, redirect::Trail},
        model::{Failure, HeaderPair, Link, Timestamp, Validators},
    };

    fn link(text: &str) -> Link {
        Link::parse(text).expect(text)
    }

    fn request(etag: Option<&[u8]>) -> Request {
        let mut request = Request::new(link("https://a.example/feed"), Timestamp::from_secs(1_000_000));
        request.validators.etag = etag.map(<[u8]>::to_vec);
        request
    }

    fn headers(lines: &[(&'static str, &[u8])]) -> HeaderMap {
        lines.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_bytes(value).expect("a header value"))).collect()
    }

    #[test]
    fn each_status_means_one_thing() {
        let now = Timestamp::from_secs(1_000_000);
        let soon = Some(now + Duration::from_secs(60));
        let conditional = request(Some(b"x"));
        let direct = Trail::new(conditional.url.clone(), 5);
        let wait = headers(&[("retry-after", b"60")]);
        let told = |status, until| Some(Failure::TooManyRequests { status, until });
        let status = |code| Some(Failure::Status(code));
        for (code, headers, wanted) in [
            (200, HeaderMap::new(), None),
            (203, HeaderMap::new(), None),
            (304, HeaderMap::new(), None),
            (201, HeaderMap::new(), status(201)),
            (204, HeaderMap::new(), Some(Failure::Empty)),
            (206, HeaderMap::new(), status(206)),
            (226, HeaderMap::new(), status(226)),
            (300, HeaderMap::new(), status(300)),
            (302, HeaderMap::new(), None),
            (302, wait.clone(), told(302, soon)),
            (305, HeaderMap::new(), status(305)),
            (404, wait.clone(), status(404)),
            (410, HeaderMap::new(), Some(Failure::Gone)),
            (429, HeaderMap::new(), told(429, None)),
            (429, headers(&[("retry-after", b"abc")]), told(429, None)),
            (429, wait.clone(), told(429, soon)),
            (503, HeaderMap::new(), status(503)),
            (503, headers(&[("retry-after", b"0")]), status(503)),
            (503, wait.clone(), told(503, soon)),
        ] {
            assert_eq!(refusal(code, &headers, &conditional, &direct), wanted, "{code}");
        }
        assert_eq!(refusal(304, &HeaderMap::new(), &request(None), &direct), status(304));
    }

    #[test]
    fn new_entries_alone_are_taken_only_where_they_were_asked_for() {
        let asking = Request { delta: true, ..request(Some(b"x")) };
        let trail = Trail::new(asking.url.clone(), 5);
        let (im, gzip) = (headers(&[("im", b"feed")]), headers(&[("im", b"feed, gzip")]));
        for (request, headers, wanted) in [
            (&asking, &im, None),
            (&asking, &gzip, Some(Failure::Status(226))),
            (&asking, &HeaderMap::new(), Some(Failure::Status(226))),
            (&Request { delta: true, ..self::request(None) }, &im, Some(Failure::Status(226))),
            (&request(Some(b"x")), &im, Some(Failure::Status(226))),
        ] {
            assert_eq!(refusal(226, headers, request, &trail), wanted);
            let sent = of_request(request, &request.url).expect("headers");
            assert_eq!(sent.contains_key("a-im"), request.delta && request.validators.etag.is_some());
        }
        assert!(of_response(226, &im, &asking, &trail).is_delta);
    }

    #[test]
    fn gone_behind_a_temporary_redirect_is_not_gone_for_good() {
        let request = request(None);
        let mut trail = Trail::new(request.url.clone(), 5);
        trail.follow(301, Some(b"/moved")).expect("followed");
        assert_eq!(refusal(410, &HeaderMap::new(), &request, &trail), Some(Failure::Gone));
        trail.follow(302, Some(b"/elsewhere")).expect("followed");
        assert_eq!(refusal(410, &HeaderMap::new(), &request, &trail), Some(Failure::Status(410)));
    }

    #[test]
    fn a_200_replaces_the_validators_and_a_304_adds_to_them() {
        let mut request = request(Some(b"\"old\""));
        request.validators.last_modified = Some(b"0".to_vec());
        let trail = Trail::new(request.url.clone(), 5);
        let new = headers(&[("etag", b"W/\"\xe9\"")]);
        let etag = Some(b"W/\"\xe9\"".to_vec());
        assert_eq!(of_response(200, &new, &request, &trail).validators, Validators { etag: etag.clone(), last_modified: None });
        assert_eq!(of_response(304, &new, &request, &trail).validators, Validators { etag, last_modified: Some(b"0".to_vec()) });
        assert_eq!(of_response(200, &HeaderMap::new(), &request, &trail).validators, Validators::default());
        assert_eq!(of_response(304, &HeaderMap::new(), &request, &trail).validators, request.validators);
    }

    #[test]
    fn oversized_headers_are_as_good_as_absent() {
        let request = request(None);
        let trail = Trail::new(request.url.clone(), 5);
        for (bytes, is_kept) in [(1024, true), (1025, false), (60_000, false)] {
            let answer = headers(&[("etag", &vec![b'e'; bytes]), ("last-modified", &vec![b'm'; bytes])]);
            let validators = of_response(200, &answer, &request, &trail).validators;
            assert_eq!((validators.etag.is_some(), validators.last_modified.is_some()), (is_kept, false));
        }
    }

    #[test]
    fn own_headers_go_to_the_configured_origin_and_nowhere_else() {
        let mut request = request(None);
        request.headers = vec![HeaderPair { name: "authorization".to_owned(), value: "Bearer secret".to_owned() }];
        for (target, is_sent) in [
            ("https://a.example/feed", true),
            ("https://a.example:443/other?x", true),
            ("http://a.example/feed", false),
            ("https://a.example:8443/feed", false),
            ("https://b.example/feed", false),
            ("https://sub.a.example/feed", false),
        ] {
            let sent = of_request(&request, &link(target)).expect("headers");
            assert_eq!(sent.contains_key("authorization"), is_sent, "{target}");
        }
        request.headers[0].value = "two\nlines".to_owned();
        assert!(of_request(&request, &link("https://a.example/feed")).is_err());
    }
}
