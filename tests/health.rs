//! The feed of health: what it tells, to whom it shows what, and that no restart changes a byte of it.

mod library;
mod server;
mod support;

use std::{sync::Arc, time::Duration};

use library::Library;
use server::{Server, served};
use support::{
    daemon::Home,
    origin::{Origin, Reply},
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use watchfire::{
    clock::Clock,
    model::{Cadence, FetchLimits, ItemLimits, Link, MergeThresholds, ScheduleLimits, Source, SourceId, SourceState, Timestamp, Trouble},
    poll::{self, Roster},
    render::SourceCards,
};

const NOW: Timestamp = Timestamp::from_secs_const(1_726_200_000);
const HOUR: Duration = Duration::from_secs(3600);

fn source(id: &str, private: bool) -> Source {
    let url = Link::parse(&format!("https://{id}.example/feed")).expect("a link");
    Source { private, ..Source::new(SourceId::parse(id).expect("a slug"), url, Cadence::Every(HOUR)) }
}

fn failing(since: Timestamp) -> SourceState {
    SourceState {
        last_outcome: Some("blocked: status 403 <at> https://secret.example/key".to_owned()),
        last_failed: true,
        trouble: Some(Trouble::Blocked),
        failures: 4,
        failing_since: Some(since),
        last_attempt: Some(since),
        ..SourceState::default()
    }
}

fn well(at: Timestamp) -> SourceState {
    SourceState { last_outcome: Some("1 new".to_owned()), items: 1, last_success: Some(at), ..SourceState::default() }
}

/// Looks at the sources once.
async fn look(library: &Library, sources: &[Source], now: Timestamp) {
    let sources: Vec<Arc<Source>> = sources.iter().cloned().map(Arc::new).collect();
    let limits = (ScheduleLimits::default(), FetchLimits::default(), ItemLimits::default(), MergeThresholds::default());
    let roster = Roster::new(&sources, limits.0, limits.1, limits.2, limits.3);
    let end = CancellationToken::new();
    end.cancel();
    poll::watch_health(library.store(), watch::channel(Arc::new(roster)).1, Clock::simulated(now), end).await;
}

fn settings(sources: &[Source]) -> server::Settings {
    let mut settings = (*served("Watchfire")).clone();
    settings.cards = SourceCards::of(sources);
    settings.into()
}

async fn feed(library: &Library, sources: &[Source]) -> server::Answer {
    let server = Server::start(library, settings(sources)).await;
    let answer = server.ask("GET", "/health.atom", &[]).await;
    assert!(server.stop().await);
    answer
}

#[tokio::test]
async fn an_outage_is_an_entry_that_is_updated_when_it_ends_and_outlives_restart_and_rebuild() {
    let sources = [source("krebs", false), source("hidden", true)];
    let library = Library::with(&[]);
    let empty = feed(&library, &sources).await;
    assert_eq!((empty.status, feed_rs::parser::parse(&empty.body[..]).expect("a feed").entries.len()), (200, 0));
    for source in &sources {
        library.store().reserve(&source.id, &failing(NOW - HOUR * 3)).expect("kept");
    }
    look(&library, &sources, NOW).await;
    let answer = feed(&library, &sources).await;
    assert_eq!(answer.field("content-type"), Some("application/atom+xml; charset=utf-8"));
    let told = feed_rs::parser::parse(&answer.body[..]).expect("a feed");
    let titles: Vec<_> = told.entries.iter().map(|entry| entry.title.as_ref().expect("a title").content.clone()).collect();
    assert_eq!(titles, ["krebs: blocked", "hidden: blocked"]);
    assert_eq!(told.entries[0].links[0].href, "https://watch.example.org/sources#krebs");
    assert!(answer.text().contains("status 403") && answer.text().matches("secret.example").count() == 1, "{}", answer.text());

    let library = library.reopened();
    look(&library, &sources, NOW + Duration::from_secs(60)).await;
    assert_eq!(feed(&library, &sources).await.body, answer.body, "a restart changes nothing");
    let library = library.rebuilt();
    look(&library, &sources, NOW + Duration::from_secs(120)).await;
    assert_eq!(feed(&library, &sources).await.body, answer.body, "a rebuild changes nothing");

    library.store().reserve(&sources[0].id, &well(NOW + HOUR)).expect("kept");
    look(&library, &sources, NOW + HOUR).await;
    assert_eq!(feed(&library, &sources).await.body, answer.body, "an end must last");
    look(&library, &sources, NOW + HOUR * 3).await;
    let ended = feed_rs::parser::parse(&feed(&library, &sources).await.body[..]).expect("a feed");
    let entry = &ended.entries[0];
    assert_eq!(
        (entry.id.as_str(), entry.title.as_ref().expect("a title").content.as_str()),
        (told.entries[0].id.as_str(), "krebs: blocked; over")
    );
    assert_eq!((entry.published, entry.updated.map(|at| at.timestamp())), (told.entries[0].published, Some((NOW + HOUR * 3).as_secs())));
    assert_eq!(ended.entries.len(), 2);
}

#[tokio::test]
async fn readers_find_the_feed_of_health_and_it_is_asked_for_conditionally() {
    let sources = [source("krebs", false)];
    let library = Library::with(&[]);
    let server = Server::start(&library, settings(&sources)).await;
    let page = server.ask("GET", "/sources", &[]).await;
    let address = "href=\"https://watch.example.org/health.atom\"";
    assert!(page.text().contains(address) && page.text().contains("application/atom+xml"), "{}", page.text());
    assert!(!page.text().contains("health.rss"));
    assert!(server.ask("GET", "/views.opml", &[]).await.text().contains("xmlUrl=\"https://watch.example.org/health.atom\""));
    let answer = server.ask("GET", "/health.atom", &[]).await;
    let again = server.ask("GET", "/health.atom", &[("If-None-Match", answer.field("etag").expect("a tag"))]).await;
    assert_eq!(again.status, 304);
    assert!(server.stop().await);
}

#[test]
fn a_source_that_is_gone_is_told_by_the_daemon() {
    let origin = Origin::launch();
    origin.on("/feed.xml", Reply::status(410));
    let address = origin.authority();
    let home = Home::new(&format!("[[source]]\nid = \"old\"\nurl = \"http://{address}/feed.xml\"\nallow_private = [\"{address}\"]\n"));
    let daemon = home.start();
    daemon.wait_for("the poll", |daemon| daemon.get("/sources").body.contains("gone"));
    daemon.stop();
    let daemon = home.start();
    daemon.wait_for("the entry", |daemon| daemon.get("/health.atom").body.contains("old: gone"));
    daemon.stop();
}
