//! The addresses, and what answers there.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{Path, Request, State as Shared, rejection::PathRejection},
    http::{HeaderValue, Response, StatusCode, header},
    middleware,
    routing::{MethodRouter, get},
};
use tokio::sync::{mpsc, watch};

use super::{
    Order, admin, coding,
    document::{Document, Kind, Wish},
    press::Wanted,
    selected,
    shelf::{Front, PageName, Shelf, ShelfError},
    vitals,
};
use crate::{
    clock::Clock,
    model::{Secret, StoryId},
    render::{self, Format, Notice, Sources},
    view::Selection,
};

/// What the page of the sources calls lately.
const WEEK: Duration = Duration::from_secs(7 * 86_400);

/// What every handler can reach.
#[derive(Clone)]
pub(super) struct State {
    pub(super) shelf: Arc<Shelf>,
    pub(super) refused: watch::Receiver<Option<String>>,
    pub(super) orders: mpsc::Sender<Order>,
    pub(super) token: Arc<Secret>,
    pub(super) clock: Clock,
}

/// All routes. A known address answers other methods with 405 and `Allow`, an unknown one everything with 404.
pub(super) fn router(state: State) -> Router {
    let readable = |handler: MethodRouter<State>| handler.fallback(method_not_allowed);
    Router::new()
        .route("/", readable(get(async |state, request| combined(state, None, request).await)))
        .route("/feed.atom", readable(get(async |state, request| combined(state, Some(Format::Atom), request).await)))
        .route("/feed.rss", readable(get(async |state, request| combined(state, Some(Format::Rss), request).await)))
        .route("/feed.json", readable(get(async |state, request| combined(state, Some(Format::Json), request).await)))
        .route("/health.atom", readable(get(health_feed)))
        .route("/views.opml", readable(get(selected::outputs)))
        .route("/views/{name}", readable(get(selected::view)))
        .route("/sources/{name}", readable(get(selected::source)))
        .route("/tags/{name}", readable(get(selected::tag)))
        .route("/vulnerabilities/{name}", readable(get(selected::vulnerability)))
        .route("/vulnerabilities", readable(get(talk)))
        .route("/archive/{name}", readable(get(selected::volume)))
        .route("/search", readable(get(async |state, request| selected::search(state, None, request).await)))
        .route("/search.atom", readable(get(async |state, request| selected::search(state, Some(Format::Atom), request).await)))
        .route("/search.rss", readable(get(async |state, request| selected::search(state, Some(Format::Rss), request).await)))
        .route("/search.json", readable(get(async |state, request| selected::search(state, Some(Format::Json), request).await)))
        .route("/opensearch.xml", readable(get(opensearch)))
        .route("/opml", readable(get(opml)))
        .route("/about", readable(get(about)))
        .route("/sources", readable(get(sources)))
        .route("/stories/{id}", readable(get(story)))
        .merge(vitals::router())
        .nest("/admin", admin::router(&state))
        .fallback(not_found)
        .layer(middleware::from_fn(vitals::count))
        .with_state(state)
}

/// The combined feed, or the home page. The newest stories stand ready in the formats that most ask for.
async fn combined(Shared(state): Shared<State>, format: Option<Format>, request: Request) -> Response<Body> {
    let Some(skip) = selected::skip(&request) else { return state.notice(Notice::NotFound) };
    match (format, skip) {
        (Some(Format::Atom), 0) => state.show(&request, |front| &front.feed),
        (None, 0) => state.show(&request, |front| &front.home),
        _ => state.make(request, Wanted { selection: Selection::Everything, format, skip }, true).await,
    }
}

async fn about(Shared(state): Shared<State>, request: Request) -> Response<Body> {
    state.show(&request, |front| &front.about)
}

async fn story(Shared(state): Shared<State>, id: Result<Path<String>, PathRejection>, request: Request) -> Response<Body> {
    let Some(front) = state.shelf.front() else { return state.notice(Notice::NotReady) };
    let Some(id) = id.ok().and_then(|Path(id)| StoryId::parse(&id)) else { return state.notice(Notice::NotFound) };
    let page = match state.shelf.page(&front, &PageName::Story(id), coding::choose(request.headers())).await {
        Ok(Some(page)) => return page.answer(&state.wish(&request, &front, true)),
        Ok(None) => state.shelf.survivor(id).await,
        Err(error) => Err(error),
    };
    match page {
        Ok(Some(survivor)) => see(front.served.site.story_url(survivor).as_str()),
        Ok(None) => state.notice(Notice::NotFound),
        Err(error) => {
            tracing::error!(%error, story = %id, "story page not made");
            state.notice(Notice::NotReady)
        }
    }
}

async fn opml(Shared(state): Shared<State>, request: Request) -> Response<Body> {
    state.serve(request, PageName::Opml, true).await
}

async fn talk(Shared(state): Shared<State>, request: Request) -> Response<Body> {
    state.serve(request, PageName::Talk, true).await
}

async fn opensearch(Shared(state): Shared<State>, request: Request) -> Response<Body> {
    state.serve(request, PageName::OpenSearch, true).await
}

/// How every source is at this moment: made for each request, and few ask.
async fn sources(Shared(state): Shared<State>) -> Response<Body> {
    let (now, library) = (state.clock.now(), state.shelf.library().clone());
    let refused = state.refused.borrow().as_ref().map(|places| {
        format!("a changed configuration is refused and the old one stays: {places}; the log and `watchfire check` say what is wrong")
    });
    let page = state.shelf.sources(move |site, cards, states| {
        let shares = library.shares(now - WEEK);
        let faults: Vec<_> = library.faults().into_iter().chain(refused.as_deref()).collect();
        render::sources_page(site, cards, Sources { states, shares: &shares, faults: &faults }, now)
    });
    match page.await {
        Ok(page) => {
            let mut response = Response::new(Body::from(page));
            Kind::Page.describe(response.headers_mut());
            response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
        Err(error) => {
            tracing::error!(%error, "page of the sources not made");
            state.notice(Notice::NotReady)
        }
    }
}

/// What stopped being well and what is well again.
async fn health_feed(Shared(state): Shared<State>, request: Request) -> Response<Body> {
    let Some(front) = state.shelf.front() else { return state.notice(Notice::NotReady) };
    match state.shelf.health(&front).await {
        Ok(feed) => feed.answer(&state.wish(&request, &front, true)),
        Err(error) => {
            tracing::error!(%error, "feed of health not made");
            state.notice(Notice::NotReady)
        }
    }
}

/// Leads to another page: for now, since an operator who merged two stories may split them again.
fn see(address: &str) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, HeaderValue::from_str(address).expect("an address is visible ASCII"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

async fn not_found(Shared(state): Shared<State>) -> Response<Body> {
    state.notice(Notice::NotFound)
}

pub(super) async fn method_not_allowed(Shared(state): Shared<State>) -> Response<Body> {
    state.notice(Notice::MethodNotAllowed)
}

impl State {
    /// Answers with one of the documents of the present front.
    fn show(&self, request: &Request, choose: impl Fn(&Front) -> &Document) -> Response<Body> {
        match self.shelf.front() {
            Some(front) => choose(&front).answer(&self.wish(request, &front, true)),
            None => self.notice(Notice::NotReady),
        }
    }

    /// Answers with a page of a selection, or its feed.
    pub(super) async fn make(&self, request: Request, wanted: Wanted, is_open: bool) -> Response<Body> {
        self.serve(request, PageName::Selected(wanted), is_open).await
    }

    /// Answers with a page of the present front that is made when it is first asked for.
    pub(super) async fn serve(&self, request: Request, name: PageName, is_open: bool) -> Response<Body> {
        let Some(front) = self.shelf.front() else { return self.notice(Notice::NotReady) };
        match self.shelf.page(&front, &name, coding::choose(request.headers())).await {
            Ok(Some(page)) => page.answer(&self.wish(&request, &front, is_open)),
            Ok(None) => self.notice(Notice::NotFound),
            Err(ShelfError::NotReady) => self.notice(Notice::NotReady),
            Err(error) => {
                tracing::error!(%error, page = ?name, "page not made");
                self.notice(Notice::NotReady)
            }
        }
    }

    pub(super) fn wish<'a>(&self, request: &'a Request, front: &'a Front, is_open: bool) -> Wish<'a> {
        Wish { method: request.method(), headers: request.headers(), now: self.clock.now(), feed_lifetime: &front.feed_lifetime, is_open }
    }

    /// A page that says what is wrong.
    pub(super) fn notice(&self, notice: Notice) -> Response<Body> {
        let mut response = Response::new(Body::from(render::notice_page(&self.shelf.served().site, notice)));
        *response.status_mut() = match notice {
            Notice::NotFound => StatusCode::NOT_FOUND,
            Notice::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Notice::NotReady => StatusCode::SERVICE_UNAVAILABLE,
        };
        let headers = response.headers_mut();
        Kind::Page.describe(headers);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if notice == Notice::NotReady {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
        }
        response
    }
}
