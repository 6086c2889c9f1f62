//! Fetching: one request of one source, over as many redirects as allowed, to bytes or to a failure in words.
//!
//! [`Fetch`] is the one trait of the program, so that a poll can be tested and simulated without a network; [`Client`] is what the daemon
//! runs. A fetch is one attempt: nothing here retries, waits for its turn, remembers or logs. What it promises:
//!
//! - Only public addresses are asked, unless the source allows a private `host:port` by name ([`guard`]).
//! - No wait is longer than its limit, no body larger than its cap, before and after decoding.
//! - A source's own headers go to its configured origin only; no cookies, no referer, no proxy but the source's own.
//! - Validators are bytes: they are sent back as they came.

mod body;
mod certificate;
mod client;
mod decode;
mod failure;
mod freshness;
pub mod guard;
mod head;
mod links;
mod locate;
mod post;
mod redirect;
mod resolve;
mod robots;
mod route;
mod stage;
mod tls;

use std::{fmt, future::Future, time::Duration};

use bytes::Bytes;

pub use client::{BadClient, Client, ClientSettings};
pub use post::{Post, Receipt};
pub use resolve::{Resolver, Table};
pub use robots::Robots;

use crate::model::{Failure, FetchLimits, HeaderPair, Link, PrivateHost, Route, Source, Timestamp, Validators, Validity};

/// Something that answers requests.
pub trait Fetch: Send + Sync + 'static {
    /// Makes one attempt. It ends within `request.limits.poll`, whatever the other side does.
    fn fetch(&self, request: Request) -> impl Future<Output = Result<Response, Failure>> + Send;
}

/// What to ask, of whom, and within which limits.
#[derive(Clone, PartialEq)]
pub struct Request {
    /// Where to ask: the configured URL, or the one that permanent redirects led to.
    pub url: Link,
    /// The configured URL: `headers` are sent to its origin and to no other.
    pub configured: Link,
    /// The source's own headers.
    pub headers: Vec<HeaderPair>,
    /// Sent as `If-None-Match` and `If-Modified-Since`, byte for byte.
    pub validators: Validators,
    /// Private addresses that this source may reach.
    pub allow_private: Vec<PrivateHost>,
    /// The way there, where it is not the usual one.
    pub route: Route,
    /// Ask for what is new since the `ETag` alone, if there is one (RFC 3229, `A-IM: feed`).
    pub delta: bool,
    /// Limits of time and size.
    pub limits: FetchLimits,
    /// The time of asking, from which `Retry-After` counts.
    pub now: Timestamp,
}

impl Request {
    /// A plain request for `url`: no validators, no headers, default limits.
    pub fn new(url: Link, now: Timestamp) -> Self {
        Self {
            configured: url.clone(),
            url,
            headers: Vec::new(),
            validators: Validators::default(),
            allow_private: Vec::new(),
            route: Route::default(),
            delta: false,
            limits: FetchLimits::default(),
            now,
        }
    }

    /// What a source is asked as it is configured, without validators: for the whole document.
    pub fn of(source: &Source, now: Timestamp) -> Self {
        Self {
            headers: source.headers.clone(),
            allow_private: source.allow_private.clone(),
            route: source.route.clone(),
            delta: source.delta,
            ..Self::new(source.url.clone(), now)
        }
    }
}

/// A document, or the word that it has not changed.
#[derive(Clone, PartialEq)]
pub struct Response {
    /// The server said 304: there is no body.
    pub not_modified: bool,
    /// The body, decoded; never empty unless `not_modified`.
    pub body: Bytes,
    /// The body holds new entries alone (226): what is not in it is still there.
    pub is_delta: bool,
    /// Where the answer came from.
    pub final_url: Link,
    /// Where permanent redirects led from the requested URL, if there were any: what to ask next time (protocol F11).
    pub permanent_url: Option<Link>,
    /// What to send next time: replaced by a 200, completed by a 304.
    pub validators: Validators,
    /// `Content-Type` as written.
    pub content_type: Option<String>,
    /// `Content-Location`: the base of relative addresses, before `final_url`.
    pub content_location: Option<Link>,
    /// How long the answer says that it stays fresh.
    pub max_age: Option<Duration>,
    /// From when to when its server's certificate holds; none without TLS.
    pub certificate: Option<Validity>,
    /// WebSub hubs from `Link` headers.
    pub hubs: Vec<Link>,
    /// `rel=self` from `Link` headers: the WebSub topic.
    pub self_link: Option<Link>,
}

/// Paths and queries may hold keys: neither is shown.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("authority", &self.url.authority()).field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("authority", &self.final_url.authority())
            .field("not_modified", &self.not_modified)
            .field("body_bytes", &self.body.len())
            .field("validators", &self.validators)
            .finish_non_exhaustive()
    }
}

/// How we introduce ourselves: name, version, where publishers find us, and how many sources read here if that is to be told.
pub fn user_agent(contact: Option<&str>, subscribers: Option<u32>) -> String {
    let contact = contact.map(|contact| format!("+{contact}; ")).unwrap_or_default();
    let subscribers = subscribers.map(|count| format!("; {count} subscribers")).unwrap_or_default();
    format!("watchfire/{} ({contact}feed aggregator{subscribers})", env!("CARGO_PKG_VERSION"))
}

#[cfg(test)]
mod tests {
    use super::user_agent;

    #[test]
    fn the_user_agent_names_version_contact_and_subscribers() {
        let version = env!("CARGO_PKG_VERSION");
        for (contact, subscribers, wanted) in [
            (None, None, "(feed aggregator)"),
            (Some("https://a.example/bot"), None, "(+https://a.example/bot; feed aggregator)"),
            (Some("me@a.example"), Some(3), "(+me@a.example; feed aggregator; 3 subscribers)"),
        ] {
            assert_eq!(user_agent(contact, subscribers), format!("watchfire/{version} {wanted}"));
        }
    }
}
