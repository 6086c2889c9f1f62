//! A document that is ready to be sent: its bytes in every coding that was asked for, each with its own entity tag.

use std::sync::{Arc, OnceLock};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header},
};

use super::{
    coding::{self, Coding},
    conditional::{self, Verdict},
    parts::Parts,
};
use crate::{
    model::Timestamp,
    render::{Format, page_policy},
};

/// What sort of document it is; decides its headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An Atom feed.
    Atom,
    /// An RSS 2.0 feed.
    Rss,
    /// A JSON Feed.
    JsonFeed,
    /// A list of feeds.
    Opml,
    /// The description of our search.
    OpenSearch,
    /// An HTML page.
    Page,
}

impl From<Option<Format>> for Kind {
    fn from(format: Option<Format>) -> Self {
        match format {
            Some(Format::Atom) => Self::Atom,
            Some(Format::Rss) => Self::Rss,
            Some(Format::Json) => Self::JsonFeed,
            None => Self::Page,
        }
    }
}

/// Bytes that never change, compressed once for each coding that somebody wants.
pub(super) struct Document {
    kind: Kind,
    last_modified: Timestamp,
    /// `last_modified` as it is sent.
    last_modified_field: HeaderValue,
    identity: Coded,
    gzip: Arc<OnceLock<Coded>>,
    brotli: Arc<OnceLock<Coded>>,
    /// Whether caches may keep it for ever.
    is_final: bool,
    /// Its `Link` field (RFC 8288).
    links: Option<HeaderValue>,
}

/// A body in one coding. The tag is a digest of exactly these bytes (RFC 9110 section 8.8.3.3: one tag a coding).
#[derive(Clone)]
struct Coded {
    body: Parts,
    etag: String,
    /// `etag` as it is sent.
    etag_field: HeaderValue,
}

impl Coded {
    fn new(body: Parts) -> Self {
        let etag = format!("\"{}\"", body.digest());
        let etag_field = value(&etag);
        Self { body, etag, etag_field }
    }
}

/// What a request asks of a document.
pub(super) struct Wish<'a> {
    /// GET or HEAD.
    pub(super) method: &'a Method,
    /// The request's headers.
    pub(super) headers: &'a HeaderMap,
    /// The present.
    pub(super) now: Timestamp,
    /// What a feed says of how long it stays fresh, made by `feed_lifetime`.
    pub(super) feed_lifetime: &'a HeaderValue,
    /// Whether everybody may have it; else no cache between may keep it.
    pub(super) is_open: bool,
}

impl Document {
    /// A body, not compressed yet.
    pub(super) fn new(kind: Kind, body: impl Into<Parts>, last_modified: Timestamp) -> Self {
        let last_modified_field = value(&http_date(last_modified));
        let (gzip, brotli) = (Arc::default(), Arc::default());
        Self { kind, last_modified, last_modified_field, identity: Coded::new(body.into()), gzip, brotli, is_final: false, links: None }
    }

    /// The same as one that will not change: a copy of it stays good for ever.
    pub(super) fn forever(self) -> Self {
        Self { is_final: true, ..self }
    }

    /// The same with a `Link` field.
    pub(super) fn linked(self, links: Option<HeaderValue>) -> Self {
        Self { links, ..self }
    }

    /// The entity tag of its bytes as they are.
    pub(super) fn etag(&self) -> &str {
        &self.identity.etag
    }

    /// The same, with what was compressed of an older document if that has the same bytes.
    pub(super) fn after(self, older: Option<&Self>) -> Self {
        let Some(older) = older.filter(|older| older.identity.etag == self.identity.etag) else { return self };
        let (identity, gzip, brotli) = (older.identity.clone(), Arc::clone(&older.gzip), Arc::clone(&older.brotli));
        Self { identity, gzip, brotli, ..self }
    }

    /// Whether it can be sent in a coding at once.
    pub(super) fn is_ready(&self, coding: Coding) -> bool {
        match coding {
            Coding::Identity => true,
            Coding::Gzip => self.gzip.get().is_some(),
            Coding::Brotli => self.brotli.get().is_some(),
        }
    }

    /// Compresses the body where that was not done yet. Takes some hundredths of a second for a feed of 600 kB: not for an async thread.
    pub(super) fn prepare(&self, coding: Coding) {
        self.coded(coding);
    }

    fn coded(&self, coding: Coding) -> &Coded {
        let made = || Coded::new(coding.encode(self.identity.body.iter()).into());
        match coding {
            Coding::Identity => &self.identity,
            Coding::Gzip => self.gzip.get_or_init(made),
            Coding::Brotli => self.brotli.get_or_init(made),
        }
    }

    /// Bytes it occupies in memory, those to come included.
    pub(super) fn bytes(&self) -> usize {
        let coded = [&self.gzip, &self.brotli].map(|coded| coded.get().map_or(self.identity.body.len() / 3, |coded| coded.body.len()));
        self.identity.body.len() + coded.iter().sum::<usize>()
    }

    /// Answers a request: 200, 304 or 412. All of them carry the same fields, so that a cache can renew what it has.
    pub(super) fn answer(&self, wish: &Wish<'_>) -> Response<Body> {
        let coding = coding::choose(wish.headers);
        let coded = self.coded(coding);
        // A clock that was set back must not make a date from the future (RFC 9110 section 8.8.2.1).
        let last_modified = (self.last_modified <= wish.now).then_some(self.last_modified);
        let verdict = conditional::judge(wish.headers, &coded.etag, last_modified);
        let mut response = Response::new(match verdict {
            Verdict::Send if wish.method != Method::HEAD => Body::new(coded.body.sending()),
            _ => Body::empty(),
        });
        let headers = response.headers_mut();
        headers.insert(header::ETAG, coded.etag_field.clone());
        headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        headers.insert(header::CACHE_CONTROL, self.lifetime(wish));
        if last_modified.is_some() {
            headers.insert(header::LAST_MODIFIED, self.last_modified_field.clone());
        }
        match verdict {
            Verdict::NotModified => *response.status_mut() = StatusCode::NOT_MODIFIED,
            Verdict::PreconditionFailed => *response.status_mut() = StatusCode::PRECONDITION_FAILED,
            Verdict::Send => {
                headers.insert(header::CONTENT_LENGTH, HeaderValue::from(coded.body.len()));
                if let Some(name) = coding.name() {
                    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
                }
                self.kind.describe(headers);
                if let Some(links) = &self.links {
                    headers.insert(header::LINK, links.clone());
                }
                if !wish.is_open {
                    headers.remove(header::ACCESS_CONTROL_ALLOW_ORIGIN);
                }
            }
        }
        response
    }

    /// A feed says how long it stays fresh; a page is looked at by people, who reload.
    fn lifetime(&self, wish: &Wish<'_>) -> HeaderValue {
        match self.kind {
            _ if !wish.is_open => HeaderValue::from_static("private, max-age=60"),
            _ if self.is_final => HeaderValue::from_static("public, max-age=31536000, immutable"),
            Kind::Page => HeaderValue::from_static("public, max-age=60, stale-if-error=86400"),
            _ => wish.feed_lifetime.clone(),
        }
    }
}

/// `Cache-Control` of a feed (protocol V5). Made once for many answers.
pub(super) fn feed_lifetime(max_age_secs: u64) -> HeaderValue {
    value(&format!("public, max-age={max_age_secs}, stale-while-revalidate=60, stale-if-error=86400"))
}

impl Kind {
    /// The fields that tell a browser what this is and what it may do with it (protocol V2).
    pub(super) fn describe(self, headers: &mut HeaderMap) {
        let media_type = match self {
            Self::Atom => "application/atom+xml; charset=utf-8",
            Self::Rss => "application/rss+xml; charset=utf-8",
            Self::JsonFeed => "application/feed+json",
            Self::Opml => "text/x-opml; charset=utf-8",
            Self::OpenSearch => "application/opensearchdescription+xml",
            Self::Page => "text/html; charset=utf-8",
        };
        let policy = if self == Self::Page { page_policy() } else { "default-src 'none'; sandbox" };
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        if self != Self::Page {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        }
    }
}

/// A field value of our own making.
fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("digits, letters and punctuation of ASCII")
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7).
fn http_date(time: Timestamp) -> String {
    time.to_utc().format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
mod tests {
    use super::http_date;
    use crate::model::Timestamp;

    #[test]
    fn dates_are_written_as_http_has_them() {
        assert_eq!(http_date(Timestamp::from_millis(784_111_777_999)), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
