//! The addresses of selections: views, sources, tags, vulnerabilities, searches, each in every format and as a page.
//!
//! A view with tokens answers whoever shows none of them as if it were not there: 404. A tag or an identifier in another spelling
//! leads to the one address that it has.

use axum::{
    body::Body,
    extract::{Path, Request, State as Shared, rejection::PathRejection},
    http::{HeaderValue, Response, StatusCode, header},
};

use super::{
    press::{SKIP_MAX, Wanted},
    routes::State,
    shelf::PageName,
    token,
    volumes::VolumeName,
};
use crate::{
    model::SourceId,
    render::{Format, Notice},
    view::{Question, Selection, View, ViewId},
};

type Name = Result<Path<String>, PathRejection>;

/// `/views/ID`, `.atom`, `.rss`, `.json`.
pub(super) async fn view(Shared(state): Shared<State>, name: Name, request: Request) -> Response<Body> {
    let Some((id, format)) = stem(&name).and_then(|(stem, format)| Some((ViewId::parse(stem).ok()?, format))) else {
        return state.notice(Notice::NotFound);
    };
    let Some(skip) = skip(&request) else { return state.notice(Notice::NotFound) };
    let served = state.shelf.served();
    let shown = token::shown(request.headers(), request.uri().query().unwrap_or_default());
    let view = served.views.iter().find(|view| view.id == id && view.admits(shown.as_deref()));
    match view.map(|view| (view.selection(), view.is_open())) {
        Some((selection, is_open)) => state.make(request, Wanted { selection, format, skip }, is_open).await,
        None => state.notice(Notice::NotFound),
    }
}

/// `/sources/ID` and its feeds.
pub(super) async fn source(Shared(state): Shared<State>, name: Name, request: Request) -> Response<Body> {
    answer(&state, name, request, |stem| SourceId::parse(stem).ok().map(Selection::Source)).await
}

/// `/tags/NAME` and its feeds.
pub(super) async fn tag(Shared(state): Shared<State>, name: Name, request: Request) -> Response<Body> {
    answer(&state, name, request, Selection::tag).await
}

/// `/vulnerabilities/CVE-2024-3094` and its feeds.
pub(super) async fn vulnerability(Shared(state): Shared<State>, name: Name, request: Request) -> Response<Body> {
    answer(&state, name, request, Selection::vulnerability).await
}

/// `/archive/NUMBER.atom`, `.rss`, `.json`: closed volumes of the combined feed; `/archive/VIEW-DIGEST-NUMBER.atom`: those of a view,
/// for who may read the view.
pub(super) async fn volume(Shared(state): Shared<State>, name: Name, request: Request) -> Response<Body> {
    let served = state.shelf.served();
    let wanted = stem(&name).and_then(|(stem, format)| Some((VolumeName::read(stem, &served.views)?, format?)));
    let Some(((name, view), format)) = wanted else { return state.notice(Notice::NotFound) };
    let shown = token::shown(request.headers(), request.uri().query().unwrap_or_default());
    if view.is_some_and(|view| !view.admits(shown.as_deref())) {
        return state.notice(Notice::NotFound);
    }
    state.serve(request, PageName::Volume(name, format), view.is_none_or(View::is_open)).await
}

/// `/search?q=`, `.atom`, `.rss`, `.json`; `order=best` for what fits best.
pub(super) async fn search(Shared(state): Shared<State>, format: Option<Format>, request: Request) -> Response<Body> {
    let Some(skip) = skip(&request) else { return state.notice(Notice::NotFound) };
    let parameters = request.uri().query().unwrap_or_default();
    let typed = token::parameter(parameters, "q").unwrap_or_default();
    let is_best_first = token::parameter(parameters, "order").is_some_and(|order| order == "best");
    let selection = Selection::Search(Question::new(&typed, is_best_first));
    state.make(request, Wanted { selection, format, skip }, true).await
}

/// `/views.opml`: our own feeds, those with tokens only for who shows one.
pub(super) async fn outputs(Shared(state): Shared<State>, request: Request) -> Response<Body> {
    let Some(front) = state.shelf.front() else { return state.notice(Notice::NotReady) };
    let shown = token::shown(request.headers(), request.uri().query().unwrap_or_default());
    state.shelf.outputs(&front, shown.as_deref()).answer(&state.wish(&request, &front, shown.is_none()))
}

async fn answer(state: &State, name: Name, request: Request, read: impl Fn(&str) -> Option<Selection>) -> Response<Body> {
    let chosen = stem(&name).and_then(|(stem, format)| Some((stem, read(stem)?, format)));
    let (Some((stem, selection, format)), Some(skip)) = (chosen, skip(&request)) else { return state.notice(Notice::NotFound) };
    let is_canonical = selection.place().1 == stem;
    let wanted = Wanted { selection, format, skip };
    if is_canonical {
        return state.make(request, wanted, true).await;
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    let address = wanted.url(&state.shelf.served().site);
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, HeaderValue::from_str(address.as_str()).expect("an address is visible ASCII"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=86400"));
    response
}

/// The name before the ending that names a format, and that format. Without such an ending a page is meant.
fn stem(name: &Name) -> Option<(&str, Option<Format>)> {
    let Path(name) = name.as_ref().ok()?;
    let format = Format::ALL.into_iter().find(|format| name.ends_with(format.ending()));
    Some((format.map_or(name, |format| &name[..name.len() - format.ending().len()]), format))
}

/// How many newer stories a page leaves out; `None` if that is no number, or too many.
pub(super) fn skip(request: &Request) -> Option<usize> {
    match token::parameter(request.uri().query().unwrap_or_default(), "skip") {
        Some(skip) => skip.parse().ok().filter(|skip| *skip <= SKIP_MAX),
        None => Some(0),
    }
}
