//! Notifications: stories of views, and changes of health, to webhooks, chats and mail.
//!
//! Each receiver has a courier of its own (`courier`), so that none delays another, and nothing here delays a poll or a reader. A
//! courier follows the store as the search index does (`follow`) and keeps in the store's outbox what it has seen, what waits, and
//! which message is about to be sent. A receiver begins at its first sight: it is never told history.
//!
//! - Told is a story once, when it first stands in one of the receiver's views; again only with `on_update`, when its text changes in
//!   substance.
//! - Lost is nothing but what is said in the log: entries beyond [`crate::store::Outbox::WAITING_MAX`], and messages that were refused for
//!   a day or did not arrive for a week.
//! - Sent twice is a message only where its receiver's answer did not reach us; it has the same name then.

mod chat;
mod compose;
mod courier;
mod doors;
mod follow;
mod mail;
mod message;
mod pace;

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::watch,
    task::{JoinError, JoinSet},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::message::{Message, Note};
pub use self::{chat::Judgement, courier::Courier, doors::Doors, follow::FollowError};
use crate::{
    clock::Clock,
    fetch::Client,
    model::{Receiver, Timestamp},
    render::{Site, SourceCards},
    search::Search,
    store::Store,
    view::View,
};

/// The distance between two attempts after a failure of our own.
const RETRY: Duration = Duration::from_secs(60);

/// Who is told, and what messages say beside the stories. A reload replaces it whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Postings {
    /// The receivers; their ids are unique.
    pub receivers: Vec<Receiver>,
    /// The operator's selections, in which receivers name theirs.
    pub views: Arc<[View]>,
    /// The daemon's own names and addresses.
    pub site: Site,
    /// The configured sources.
    pub cards: SourceCards,
}

/// What couriers work with.
#[derive(Clone)]
pub struct Office {
    /// What is told, and the outbox.
    pub store: Store,
    /// What finds stories by what they say.
    pub search: Search,
    /// What makes requests.
    pub client: Client,
    /// The present.
    pub clock: Clock,
    /// What receivers at one address share.
    pub doors: Doors,
}

/// Tells the receivers of `postings` until told to stop. Receivers that are no longer named are forgotten.
pub async fn run(office: Office, mut postings: watch::Receiver<Arc<Postings>>, shutdown: CancellationToken) {
    while !shutdown.is_cancelled() {
        let current = postings.borrow_and_update().clone();
        forget_others(&office, &current).await;
        let end = shutdown.child_token();
        let mut couriers = JoinSet::new();
        for receiver in &current.receivers {
            couriers.spawn(deliver(office.clone(), Arc::clone(&current), receiver.clone(), end.clone()));
        }
        loop {
            tokio::select! {
                () = shutdown.cancelled() => break,
                // Whoever held the other end is gone, and so is the daemon.
                changed = postings.changed() => match changed {
                    Ok(()) => break,
                    Err(_) => shutdown.cancelled().await,
                },
                Some(ended) = couriers.join_next() => tell_end(ended),
            }
        }
        end.cancel();
        while let Some(ended) = couriers.join_next().await {
            tell_end(ended);
        }
    }
}

/// Sends a receiver a message that says nothing, and tells what it said.
pub async fn send_test(client: &Client, receiver: &Receiver, site: &Site, now: Timestamp) -> Judgement {
    let (id, sender) = (Uuid::new_v4(), site.title.to_string());
    let message = Message { id, sender, receiver: receiver.id.clone(), notes: vec![Note::of_test(site)] };
    courier::send(client, receiver, &message, now).await
}

fn tell_end(ended: Result<(), JoinError>) {
    if let Err(crash) = ended {
        tracing::error!("a courier ended by itself, which is a fault of this program; the next start brings another: {crash}");
    }
}

async fn forget_others(office: &Office, postings: &Arc<Postings>) {
    let (store, postings) = (office.store.clone(), Arc::clone(postings));
    let work = move || {
        let kept: Vec<&str> = postings.receivers.iter().map(|receiver| receiver.id.as_str()).collect();
        store.retain_outboxes(&kept)
    };
    if let Ok(Err(error)) = tokio::task::spawn_blocking(work).await {
        tracing::error!("old receivers not forgotten: {error}");
    }
}

/// One courier's life.
async fn deliver(office: Office, postings: Arc<Postings>, receiver: Receiver, end: CancellationToken) {
    let clock = office.clock.clone();
    let id = receiver.id.clone();
    let hired = {
        let end = end.clone();
        tokio::task::spawn_blocking(move || Courier::new(office, postings, receiver, end)).await
    };
    let mut courier = match hired {
        Ok(Ok(courier)) => courier,
        Ok(Err(error)) => return tracing::error!("`{id}` is told nothing until the next start: {error}"),
        Err(crash) => return tracing::error!("`{id}` is told nothing until the next start: {crash}"),
    };
    while !end.is_cancelled() {
        let now = clock.now();
        let (moved, stepped) = courier.step(now).await;
        courier = moved;
        let again = stepped.unwrap_or_else(|error| {
            tracing::error!("`{id}`: {error}; the next attempt is in a minute");
            now + RETRY
        });
        tokio::select! {
            () = end.cancelled() => {}
            () = clock.sleep_until(again) => {}
        }
    }
}
