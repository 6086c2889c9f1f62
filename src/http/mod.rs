//! The reading half: serves the feed, the pages and the operator's orders over HTTP/1.1. It never polls and never writes to the
//! store; what an operator orders goes through a channel.

mod admin;
mod coding;
mod conditional;
mod connection;
mod document;
mod fragments;
mod guests;
mod library;
mod lines;
mod parts;
mod press;
mod progress;
mod routes;
mod selected;
mod shelf;
mod socket;
mod token;
mod vitals;
mod volumes;

use std::{future::Future, sync::Arc, time::Duration};

use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot, watch},
};

use self::{library::Library, shelf::Shelf};
use crate::{
    clock::Clock,
    model::{Command, CommandError, Digest, Link, Secret},
    render::{Site, SourceCards},
    search::Search,
    store::Store,
    view::{View, WindowLimits},
};

/// The media type of JSON lines, in which an export comes and whoever waits for an order hears how far it is.
pub const LINES_TYPE: &str = "application/x-ndjson";

/// Everything the server needs.
pub struct Service {
    /// What is read.
    pub store: Store,
    /// What finds stories by what they say.
    pub search: Search,
    /// Whether `search` takes in what comes into the store: false after a failure.
    pub is_following: watch::Receiver<bool>,
    /// Where the configuration has faults, while a changed one is refused.
    pub refused: watch::Receiver<Option<String>>,
    /// What is said about it; a new value replaces the old one at once.
    pub served: watch::Receiver<Arc<Served>>,
    /// Where the operator's orders go.
    pub orders: mpsc::Sender<Order>,
    /// What an operator must show.
    pub token: Secret,
    /// Where it is said which feeds are served now, for hubs.
    pub topics: watch::Sender<Arc<[Topic]>>,
    /// Connections at once; when there are more, the one that has been idle the longest makes room.
    pub connections_max: usize,
    /// The present.
    pub clock: Clock,
}

/// A feed that hubs are told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// Its own address.
    pub url: Link,
    /// The entity tag of its bytes.
    pub tag: String,
}

/// The settings that outputs depend on.
#[derive(Debug, Clone, PartialEq)]
pub struct Served {
    /// The daemon's own names and addresses.
    pub site: Site,
    /// The configured sources.
    pub cards: SourceCards,
    /// How much stands on the feed page.
    pub window: WindowLimits,
    /// The operator's selections.
    pub views: Arc<[View]>,
    /// The shortest distance between two polls of any source: nothing can change sooner.
    pub interval_min: Duration,
}

impl Served {
    /// A digest of everything that outputs depend on beside the stories: where it differs, the same stories render otherwise.
    pub fn digest(&self) -> Digest {
        let window = [self.window.entries_max, self.window.bytes_max].map(|max| (max as u64).to_be_bytes());
        // `Debug` shows all of a view but its tokens, which change no output.
        let views = format!("{:?}", self.views);
        Digest::of(&[self.site.digest().as_bytes(), self.cards.digest().as_bytes(), &window[0], &window[1], views.as_bytes()])
    }

    /// `max-age` of the feed, in seconds (protocol V5).
    fn max_age_secs(&self) -> u64 {
        self.interval_min.as_secs().clamp(900, 3600)
    }
}

/// An operator's order on its way, with the way back. The reply is JSON.
pub struct Order {
    /// What to do.
    pub command: Command,
    /// Where the result goes.
    pub reply: oneshot::Sender<Result<String, CommandError>>,
    /// Where it is said how far it is, 0 to 1, if it takes its time.
    pub progress: watch::Sender<f64>,
}

/// Serves `service` on `listener` until `shutdown` is ready; answers in flight are finished. The documents are rendered before the
/// first connection is taken. True if every answer was finished in time.
pub async fn run(listener: TcpListener, service: Service, shutdown: impl Future<Output = ()>) -> bool {
    let library = Library::new(service.store, service.search, service.is_following);
    let shelf = Arc::new(Shelf::new(library, service.served, service.topics));
    if let Err(error) = shelf.renew().await {
        tracing::error!(%error, "nothing rendered yet, answering 503");
    }
    let router = routes::router(routes::State {
        shelf: Arc::clone(&shelf),
        refused: service.refused,
        orders: service.orders,
        token: Arc::new(service.token),
        clock: service.clock,
    });
    tokio::select! {
        is_drained = connection::serve(listener, router, service.connections_max, shutdown) => is_drained,
        never = shelf.keep_fresh() => match never {},
    }
}
