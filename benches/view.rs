//! What one more story costs a feed of a thousand: written as a whole, and after a poll that added one story. Asked over a socket, so
//! everything is in it: what the store must say, the entries, their frame, the entity tag. Prints medians and their ratio.
//!
//! `cargo bench --bench view`.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use watchfire::{
    model::{Item, SafeHtml},
    view::WindowLimits,
};

#[path = "../tests/library/mod.rs"]
mod library;
#[path = "../tests/server/mod.rs"]
mod server;

use library::{Library, item};
use server::{Server, Settings, served};

const ENTRIES: usize = 1000;
const ROUNDS: usize = 12;

/// Bytes of one story's text.
const BODY_BYTES: usize = 4000;

fn news(n: usize) -> Item {
    let words: String = (0..BODY_BYTES / 25).map(|word| format!("<p>word {} of {n}</p>", word * 7919 % 1000)).collect();
    Item { body: SafeHtml::vouched(words), ..item(["krebs", "b", "c", "d", "e"][n % 5], &format!("Story number {n}"), n as i64) }
}

fn settings(title: &str) -> Settings {
    let window = WindowLimits { entries_max: ENTRIES, bytes_max: 64 << 20 };
    Arc::new(watchfire::http::Served { window, ..(*served(title)).clone() })
}

/// The time from a question to the head of its answer.
async fn time(server: &Server, path: &str) -> Duration {
    let start = Instant::now();
    assert_eq!(server.ask("HEAD", path, &[]).await.status, 200);
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn main() {
    // `cargo test --benches` only wants to see that it builds.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let library = Library::with(&(0..ENTRIES).map(news).collect::<Vec<_>>());
        let server = Server::start(&library, settings("Round 0")).await;
        let (mut whole, mut one, mut kept) = (Vec::new(), Vec::new(), Vec::new());
        for round in 1..=ROUNDS {
            let title = format!("Round {round}");
            server.served.send(settings(&title)).expect("running");
            server.wait_for(&title).await;
            whole.push(time(&server, "/feed.rss").await);
            library.add(&[news(ENTRIES + round)]);
            server.wait_for(&format!("Story number {}<", ENTRIES + round)).await;
            one.push(time(&server, "/feed.rss").await);
            kept.push(time(&server, "/feed.rss").await);
        }
        let [whole, one, kept] = [whole, one, kept].map(median);
        println!("{ENTRIES} entries of {BODY_BYTES} bytes: whole {whole:?}, one more {one:?}, kept {kept:?}");
        println!("one more costs 1/{:.1} of the whole", whole.as_secs_f64() / one.as_secs_f64());
    });
}
