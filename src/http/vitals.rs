//! What machines ask of the daemon: is it alive, is it ready, what has it counted.

use std::collections::BTreeMap;

use axum::{
    Router,
    body::Body,
    extract::{MatchedPath, Request, State as Shared},
    http::{HeaderValue, Response, StatusCode, header},
    middleware::Next,
    routing::{MethodRouter, get},
};

use super::{
    routes::{State, method_not_allowed},
    shelf::ShelfError,
};
use crate::{
    clock::Stopwatch,
    health::Verdict,
    model::{SourceId, SourceState, Timestamp},
    render::SourceCards,
    telemetry::{self, Standing},
};

/// The route that requests to no address of ours are counted under.
const NO_ROUTE: &str = "none";

const NOT_RENDERED: &str = "no feed rendered yet";

/// `/healthz`, `/readyz`, `/metrics`.
pub(super) fn router() -> Router<State> {
    let readable = |handler: MethodRouter<State>| handler.fallback(method_not_allowed);
    Router::new().route("/healthz", readable(get(alive))).route("/readyz", readable(get(ready))).route("/metrics", readable(get(metrics)))
}

/// Counts an answer, whatever it is.
pub(super) async fn count(request: Request, next: Next) -> Response<Body> {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let watch = Stopwatch::start();
    let response = next.run(request).await;
    telemetry::request_answered(route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str), response.status().as_u16(), watch.elapsed());
    response
}

/// 200 while the feed can be served: whoever gets anything else may start the daemon anew.
async fn alive(Shared(state): Shared<State>) -> Response<Body> {
    match state.shelf.front() {
        Some(_) => said(StatusCode::OK, "ok\n"),
        None => said(StatusCode::SERVICE_UNAVAILABLE, format!("{NOT_RENDERED}\n")),
    }
}

/// 200 while everything works; 503 with what does not, a line each. Starting anew does not help a full disk.
async fn ready(Shared(state): Shared<State>) -> Response<Body> {
    let unrendered = state.shelf.front().is_none().then_some(NOT_RENDERED);
    let faults: Vec<_> = unrendered.into_iter().chain(state.shelf.library().faults()).collect();
    if faults.is_empty() { said(StatusCode::OK, "ok\n") } else { said(StatusCode::SERVICE_UNAVAILABLE, faults.join("\n") + "\n") }
}

/// Everything that is counted, for Prometheus. It names no source and no address.
async fn metrics(Shared(state): Shared<State>) -> Response<Body> {
    match standing(&state).await {
        Ok(standing) => {
            let mut response = said(StatusCode::OK, telemetry::text(&standing));
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(telemetry::MEDIA_TYPE));
            response
        }
        Err(error) => {
            tracing::error!(%error, "metrics not made");
            said(StatusCode::SERVICE_UNAVAILABLE, "the store cannot be read\n")
        }
    }
}

async fn standing(state: &State) -> Result<Standing, ShelfError> {
    let (now, library) = (state.clock.now(), state.shelf.library().clone());
    let is_configured = state.refused.borrow().is_none();
    let made = state
        .shelf
        .sources(move |_, cards, states| Ok(Standing { sources: verdicts(cards, states, now), is_configured, ..library.standing()? }));
    made.await?
}

/// How many of the configured sources each verdict is on.
fn verdicts(cards: &SourceCards, states: &[(SourceId, SourceState)], now: Timestamp) -> Vec<(&'static str, u64)> {
    let mut counts = BTreeMap::new();
    for (_, state) in cards.with_states(states.iter().map(|(id, state)| (id, state))) {
        *counts.entry(Verdict::of(state, now).as_str()).or_default() += 1;
    }
    counts.into_iter().collect()
}

fn said(status: StatusCode, words: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(words.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
