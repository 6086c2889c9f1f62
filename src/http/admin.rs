//! The operator's addresses: only from this machine, only with the token.
//!
//! `POST /admin/reload`, `POST /admin/poll[?source=ID]`, `POST /admin/release?source=ID`, `POST /admin/import` (body: a JSON array of
//! paths), `GET /admin/export` (one JSON line a story), `GET /admin/sources` (a JSON array), `GET /admin/why?item=ID|URL` (a JSON array),
//! `GET /admin/search?q=TEXT[&order=best][&limit=N]`, `POST /admin/archive` (body: a path as JSON), `POST /admin/verify`, `POST
//! /admin/compact`, `POST /admin/manners` (for a backup; answers with the path of a file), `POST /admin/split`, `POST
//! /admin/never-merge`, `POST /admin/merge` (body: a JSON array of one or two ids or URLs).
//! Errors are `{"error": ...}`. Who accepts `application/x-ndjson` of an import, an archive or a check hears how far it is (`progress`).

use std::path::PathBuf;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, RawQuery, Request, State as Shared},
    http::{HeaderMap, HeaderValue, Response, StatusCode, header},
    middleware::{self, Next},
    routing::{get, post},
};
use tokio::sync::{mpsc, oneshot, watch};
use url::form_urlencoded;

use super::{LINES_TYPE, Order, connection::IsLocal, lines::Lines, progress, routes::State, token};
use crate::{
    model::{Command, CommandError, Decision, Handle, Inquiry, SourceId},
    render,
};

/// Longest list of paths, in bytes.
const BODY_BYTES_MAX: usize = 1 << 20;

/// Lines of an export on their way to a slow client.
const LINES_MAX: usize = 64;

/// The operator's routes, behind the door.
pub(super) fn router(state: &State) -> Router<State> {
    Router::new()
        .route("/reload", post(reload))
        .route("/poll", post(poll))
        .route("/release", post(release))
        .route("/import", post(import))
        .route("/export", get(export))
        .route("/sources", get(sources))
        .route("/why", get(why))
        .route("/search", get(search))
        .route("/archive", post(import_archive))
        .route("/manners", post(async |Shared(state): Shared<State>| order(&state, Command::NoteManners).await))
        .route("/verify", post(verify))
        .route("/compact", post(async |Shared(state): Shared<State>| order(&state, Command::Compact).await))
        .route("/split", post(split))
        .route("/never-merge", post(keep_apart))
        .route("/merge", post(merge))
        .fallback(async || failure(StatusCode::NOT_FOUND, "no such order"))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(state.clone(), guard))
}

/// Lets in who comes from this machine and shows the token. A web page that the operator visits can do neither: a browser sends no
/// `Authorization` of its own accord.
async fn guard(Shared(state): Shared<State>, request: Request, next: Next) -> Response<Body> {
    if request.extensions().get() != Some(&IsLocal(true)) {
        return failure(StatusCode::FORBIDDEN, "orders are taken from this machine only");
    }
    if !token::bearer(request.headers()).is_some_and(|shown| state.token.admits(shown)) {
        let mut response = failure(StatusCode::UNAUTHORIZED, "the token in daemon.json must be shown");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        return response;
    }
    next.run(request).await
}

async fn reload(Shared(state): Shared<State>) -> Response<Body> {
    order(&state, Command::Reload).await
}

async fn poll(Shared(state): Shared<State>, RawQuery(query): RawQuery) -> Response<Body> {
    let source = match query.as_deref() {
        None | Some("") => None,
        // A source id needs no percent-encoding.
        Some(query) => match query.strip_prefix("source=").map(SourceId::parse) {
            Some(Ok(id)) => Some(id),
            Some(Err(error)) => return failure(StatusCode::BAD_REQUEST, &error.to_string()),
            None => return failure(StatusCode::BAD_REQUEST, "the only parameter is `source`"),
        },
    };
    order(&state, Command::PollNow(source)).await
}

async fn release(Shared(state): Shared<State>, RawQuery(query): RawQuery) -> Response<Body> {
    match token::parameter(&query.unwrap_or_default(), "source").map(|id| SourceId::parse(&id)) {
        Some(Ok(id)) => order(&state, Command::Release(id)).await,
        Some(Err(error)) => failure(StatusCode::BAD_REQUEST, &error.to_string()),
        None => failure(StatusCode::BAD_REQUEST, "the parameter `source` must hold an id"),
    }
}

async fn import(Shared(state): Shared<State>, headers: HeaderMap, body: Bytes) -> Response<Body> {
    match serde_json::from_slice::<Vec<PathBuf>>(&body) {
        Ok(paths) if paths.iter().all(|path| path.is_absolute()) && !paths.is_empty() => {
            long_order(&state, &headers, Command::Import(paths)).await
        }
        _ => failure(StatusCode::BAD_REQUEST, "the body must be a JSON array of absolute paths"),
    }
}

async fn import_archive(Shared(state): Shared<State>, headers: HeaderMap, body: Bytes) -> Response<Body> {
    match serde_json::from_slice::<PathBuf>(&body) {
        Ok(path) if path.is_absolute() => long_order(&state, &headers, Command::ImportArchive(path)).await,
        _ => failure(StatusCode::BAD_REQUEST, "the body must be an absolute path as JSON"),
    }
}

async fn why(Shared(state): Shared<State>, RawQuery(query): RawQuery) -> Response<Body> {
    let query = query.unwrap_or_default();
    match token::parameter(&query, "item").map(|item| Handle::parse(&item)) {
        Some(Ok(handle)) => order(&state, Command::Explain(handle)).await,
        Some(Err(error)) => failure(StatusCode::BAD_REQUEST, &error.to_string()),
        None => failure(StatusCode::BAD_REQUEST, "the parameter `item` must hold an id or a link"),
    }
}

async fn search(Shared(state): Shared<State>, RawQuery(query): RawQuery) -> Response<Body> {
    let mut inquiry = Inquiry { text: String::new(), is_best_first: false, limit: Inquiry::LIMIT_MAX };
    for (key, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        match &*key {
            "q" => inquiry.text = value.into_owned(),
            "order" => inquiry.is_best_first = value == "best",
            "limit" => match value.parse() {
                Ok(limit) if limit <= Inquiry::LIMIT_MAX => inquiry.limit = limit,
                _ => return failure(StatusCode::BAD_REQUEST, "`limit` must be a number up to 1000"),
            },
            _ => return failure(StatusCode::BAD_REQUEST, "the parameters are `q`, `order` and `limit`"),
        }
    }
    order(&state, Command::Search(inquiry)).await
}

async fn split(Shared(state): Shared<State>, body: Bytes) -> Response<Body> {
    decide(&state, &body, |[item]| Decision::Split(item)).await
}

async fn keep_apart(Shared(state): Shared<State>, body: Bytes) -> Response<Body> {
    decide(&state, &body, |[one, other]| Decision::KeepApart(one, other)).await
}

async fn merge(Shared(state): Shared<State>, body: Bytes) -> Response<Body> {
    decide(&state, &body, |[one, other]| Decision::Merge(one, other)).await
}

/// Orders a decision about the `N` items that the body names.
async fn decide<const N: usize>(state: &State, body: &[u8], decision: impl FnOnce([Handle; N]) -> Decision) -> Response<Body> {
    let named = serde_json::from_slice::<Vec<String>>(body).ok().and_then(|names| <[String; N]>::try_from(names).ok());
    let Some(named) = named else {
        return failure(StatusCode::BAD_REQUEST, &format!("the body must be a JSON array of {N} ids or links"));
    };
    let mut handles = Vec::with_capacity(N);
    for name in named {
        match Handle::parse(&name) {
            Ok(handle) => handles.push(handle),
            Err(error) => return failure(StatusCode::BAD_REQUEST, &error.to_string()),
        }
    }
    let handles = handles.try_into().expect("as many handles as names");
    order(state, Command::Decide(decision(handles))).await
}

async fn verify(Shared(state): Shared<State>, headers: HeaderMap) -> Response<Body> {
    long_order(&state, &headers, Command::Verify).await
}

/// Sends an order and waits for its reply.
async fn order(state: &State, command: Command) -> Response<Body> {
    match send(state, command).await {
        Some((replied, _)) => answer_to(replied).await,
        None => failure(StatusCode::SERVICE_UNAVAILABLE, "the daemon is stopping"),
    }
}

/// The same for one that takes its time: who can read it hears how far it is.
async fn long_order(state: &State, headers: &HeaderMap, command: Command) -> Response<Body> {
    let is_followed = headers.get(header::ACCEPT).is_some_and(|accepted| accepted == LINES_TYPE);
    match send(state, command).await {
        Some((replied, progress)) if is_followed => answer(StatusCode::OK, LINES_TYPE, progress::lines(replied, progress)),
        Some((replied, _)) => answer_to(replied).await,
        None => failure(StatusCode::SERVICE_UNAVAILABLE, "the daemon is stopping"),
    }
}

/// Sends an order; `None` if nobody takes it any more.
async fn send(state: &State, command: Command) -> Option<(progress::Replied, watch::Receiver<f64>)> {
    let ((reply, replied), (progress, heard)) = (oneshot::channel(), watch::channel(0.0));
    state.orders.send(Order { command, reply, progress }).await.ok()?;
    Some((replied, heard))
}

async fn answer_to(replied: progress::Replied) -> Response<Body> {
    match replied.await {
        Ok(Ok(json)) => answer(StatusCode::OK, "application/json", Body::from(json)),
        Ok(Err(CommandError::Refused(why))) => failure(StatusCode::UNPROCESSABLE_ENTITY, &why),
        Ok(Err(CommandError::Failed(why))) => failure(StatusCode::INTERNAL_SERVER_ERROR, &why),
        Err(_) => failure(StatusCode::SERVICE_UNAVAILABLE, "the daemon is stopping"),
    }
}

/// Every story, as it is read: the export never stands in memory as a whole.
async fn export(Shared(state): Shared<State>) -> Response<Body> {
    let (lines, body) = mpsc::channel(LINES_MAX);
    let library = state.shelf.library().clone();
    tokio::task::spawn_blocking(move || {
        let sent = library.each_story(|story| lines.blocking_send(Bytes::from(render::export_line(story) + "\n")).is_ok());
        if let Err(error) = sent {
            tracing::error!(%error, "export broken off");
            // The client sees a line that is no story instead of an end that looks like success.
            let _ = lines.blocking_send(Bytes::from(render::error_json(&error.to_string()) + "\n"));
        }
    });
    answer(StatusCode::OK, LINES_TYPE, Body::new(Lines(body)))
}

async fn sources(Shared(state): Shared<State>) -> Response<Body> {
    let now = state.clock.now();
    let listed =
        state.shelf.sources(move |_, cards, states| render::sources_json(cards, states.iter().map(|(id, state)| (id, state)), now));
    match listed.await {
        Ok(json) => answer(StatusCode::OK, "application/json", Body::from(json)),
        Err(error) => failure(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

fn failure(status: StatusCode, why: &str) -> Response<Body> {
    answer(status, "application/json", Body::from(render::error_json(why)))
}

fn answer(status: StatusCode, media_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
