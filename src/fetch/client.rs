//! The HTTP client behind [`Fetch`]: one poll as a row of hops, each hop under the guard and on a connection of its own.
//!
//! There are two clients because a resolver belongs to a client: the public one's refuses every address that is not public, the private
//! one's resolves freely and is asked for a hop only if this very source may reach this very `host:port`. Sources with a proxy or an
//! authority of their own have clients of their own, by the same rule.
//!
//! Connections are not kept. Polls of one host are seconds to minutes apart, and a kept connection is one that the server may be closing
//! under the next request: a failure that says nothing about the source and that only a retry could mend, which a poll never makes.
//! It also means that no connection which one source was allowed to make can ever serve another.

use std::{sync::Arc, time::Duration};

use reqwest::header::{ACCEPT, ACCEPT_ENCODING, HeaderMap, HeaderValue, LOCATION};
use tokio::sync::watch;

use super::{
    Fetch, Request, Response, body, certificate, failure,
    guard::{self, Reach},
    head,
    redirect::{self, Trail},
    resolve::{Names, Resolver},
    route::Routes,
    stage::{ReportConnections, Stage, watch_stages},
    tls,
};
use crate::model::{Failure, FetchLimits, Route};

/// What we read, and how much we like it (protocol F2).
const ACCEPTED: &str = "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9, \
                        application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, */*;q=0.1";

/// The codings we ask for; others are decoded when they come unasked.
const ACCEPTED_CODINGS: &str = "gzip, br";

/// Response headers of one answer (protocol F16).
const HEADERS_MAX: usize = 100;

/// Header bytes of one HTTP/2 answer.
const HEADER_BYTES_MAX: u32 = 64 << 10;

/// How a client is made. Everything here holds for all requests.
#[derive(Clone)]
pub struct ClientSettings {
    /// `User-Agent`; see [`super::user_agent`].
    pub user_agent: String,
    /// Who knows the addresses of names.
    pub resolver: Resolver,
    /// How long a connection may take over all addresses of a name; each address gets its share.
    pub connect: Duration,
    /// PEM certificates of an authority of the operator's own, trusted beside the usual ones.
    pub extra_roots: Option<Vec<u8>>,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            user_agent: super::user_agent(None, None),
            resolver: Resolver::System,
            connect: FetchLimits::default().connect,
            extra_roots: None,
        }
    }
}

/// Why no client could be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadClient {
    /// The user agent, which holds the configured contact.
    #[error("`{0}` cannot be sent as a user agent: it must be visible ASCII")]
    UserAgent(String),
    /// The extra certificates.
    #[error("certificates cannot be read: {0}")]
    Roots(String),
    /// TLS itself.
    #[error("no TLS: {0}")]
    Tls(String),
    /// Anything else the HTTP library says.
    #[error("no HTTP client: {0}")]
    Build(String),
}

/// The fetcher of the daemon. Cloning is cheap and shares everything.
#[derive(Clone)]
pub struct Client {
    public: reqwest::Client,
    private: reqwest::Client,
    names: Names,
    routes: Routes,
}

impl Client {
    /// A client; reads the machine's certificates, so make one and clone it.
    pub fn new(settings: &ClientSettings) -> Result<Self, BadClient> {
        let tls = tls::config(settings.extra_roots.as_deref().into_iter())?;
        let names = Names::new(settings.resolver.clone(), Reach::Public);
        let make = |reach| build(settings, tls.clone(), names.reaching(reach), None);
        Ok(Self { public: make(Reach::Public)?, private: make(Reach::Private)?, names, routes: Routes::new(settings) })
    }

    async fn follow(&self, request: &Request) -> Result<Response, Failure> {
        let mut trail = Trail::new(request.url.clone(), request.limits.redirects_max);
        loop {
            let reach = guard::check(trail.at(), &request.allow_private).map_err(|why| Failure::AddressRefused(failure::line(&why)))?;
            let client = self.client_for(request, reach)?;
            let leg = Leg { client, reach, request, stage: watch::Sender::new(Stage::Waiting) };
            match tokio::time::timeout(request.limits.hop, leg.travel(&mut trail)).await {
                Ok(Ok(Some(response))) => return Ok(response),
                Ok(Ok(None)) => {}
                Ok(Err(failure)) => return Err(failure),
                Err(_) => return Err(leg.stage.borrow().timeout(request.limits.hop)),
            }
        }
    }
}

impl Client {
    /// The client of a reach.
    pub(super) fn of_reach(&self, reach: Reach) -> reqwest::Client {
        match reach {
            Reach::Public => self.public.clone(),
            Reach::Private => self.private.clone(),
        }
    }

    /// Who knows addresses, as far as they may be reached.
    pub(super) fn names(&self, reach: Reach) -> Names {
        self.names.reaching(reach)
    }

    /// Who makes a hop of so far a reach.
    fn client_for(&self, request: &Request, reach: Reach) -> Result<reqwest::Client, Failure> {
        match reach {
            _ if request.route != Route::default() => self.routes.client(&request.route, reach, &request.allow_private),
            reach => Ok(self.of_reach(reach)),
        }
    }
}

impl Fetch for Client {
    async fn fetch(&self, request: Request) -> Result<Response, Failure> {
        let limit = request.limits.poll;
        match tokio::time::timeout(limit, self.follow(&request)).await {
            Ok(result) => result,
            Err(_) => Err(Failure::Timeout { phase: "poll", after: limit }),
        }
    }
}

/// A client that asks `names`, through `proxy` or, without one, through none at all.
pub fn build(
    settings: &ClientSettings,
    tls: rustls::ClientConfig,
    names: Names,
    proxy: Option<reqwest::Proxy>,
) -> Result<reqwest::Client, BadClient> {
    let user_agent = HeaderValue::from_str(&settings.user_agent).map_err(|_| BadClient::UserAgent(settings.user_agent.clone()))?;
    let defaults =
        HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(ACCEPTED)), (ACCEPT_ENCODING, HeaderValue::from_static(ACCEPTED_CODINGS))]);
    let builder = reqwest::Client::builder().no_proxy();
    proxy
        .into_iter()
        .fold(builder, reqwest::ClientBuilder::proxy)
        .user_agent(user_agent)
        .default_headers(defaults)
        .tls_backend_preconfigured(tls)
        .dns_resolver(Arc::new(names))
        .connector_layer(ReportConnections)
        .connect_timeout(settings.connect)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .pool_max_idle_per_host(0)
        .tls_info(true)
        .http1_max_headers(HEADERS_MAX)
        .http1_ignore_invalid_headers_in_responses(true)
        .http1_allow_spaces_after_header_name_in_responses(true)
        .http1_allow_obsolete_multiline_headers_in_responses(true)
        .http2_max_header_list_size(HEADER_BYTES_MAX)
        .build()
        .map_err(|error| BadClient::Build(error.without_url().to_string()))
}

/// One hop of one poll.
struct Leg<'a> {
    client: reqwest::Client,
    reach: Reach,
    request: &'a Request,
    stage: watch::Sender<Stage>,
}

impl Leg<'_> {
    /// Sends one request and reads its answer; `None` after a redirect, when the trail leads on.
    async fn travel(&self, trail: &mut Trail) -> Result<Option<Response>, Failure> {
        let limits = &self.request.limits;
        let headers = head::of_request(self.request, trail.at())?;
        let sending = self.client.get(trail.at().to_url()).headers(headers).send();
        let answer = watch_stages(sending, &self.stage, limits).await?.map_err(|error| failure::before_head(&error, limits))?;
        self.stage.send_replace(Stage::Reading);
        self.check_peer(&answer)?;
        let status = answer.status().as_u16();
        if let Some(failure) = head::refusal(status, answer.headers(), self.request, trail) {
            return Err(failure);
        }
        if redirect::is_redirect(status) {
            trail.follow(status, answer.headers().get(LOCATION).map(HeaderValue::as_bytes))?;
            return Ok(None);
        }
        let mut response = head::of_response(status, answer.headers(), self.request, trail);
        response.certificate = certificate::of_connection(&answer);
        if !response.not_modified {
            response.body = body::read(answer, limits).await?;
        }
        Ok(Some(response))
    }

    /// The last line of the guard: the address that was really spoken to. Behind a proxy that is not seen.
    fn check_peer(&self, answer: &reqwest::Response) -> Result<(), Failure> {
        let is_seen = self.reach == Reach::Public && self.request.route.proxy.is_none();
        let Some(peer) = answer.remote_addr().filter(|_| is_seen) else { return Ok(()) };
        match guard::non_public(peer.ip()) {
            Some(what) => Err(Failure::AddressRefused(format!("the connection went to {}, {what}", peer.ip()))),
            None => Ok(()),
        }
    }
}
