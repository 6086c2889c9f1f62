//! Asks many addresses at once whether they are feeds, one after the other at each host.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinSet,
};

use super::Inspected;
use crate::{
    clock::Clock,
    feed::{Hints, NotAFeed},
    fetch::{Client, Fetch, Request},
    model::{Failure, Link, PrivateHost, Timestamp},
};

/// Between two requests to one host.
const PAUSE: Duration = Duration::from_secs(1);

/// Hosts asked at once.
const HOSTS_MAX: usize = 64;

/// What an address turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Probe {
    /// A feed.
    Feed {
        /// Where it is for good.
        url: Link,
        /// Its own name.
        title: Option<String>,
        /// Its newest date.
        newest: Option<Timestamp>,
    },
    /// No feed, and there is no reason to hope: nothing there, or something else.
    Dead(String),
    /// It may be one at another time: a timeout, a refusal, a server in trouble.
    Doubtful {
        /// What happened.
        why: String,
        /// Our own network being down would look like this.
        looks_offline: bool,
    },
}

/// Asks every address, each host of `may_reach` although it is a private one; `told` hears of each answer. In the order of `links`.
pub(super) async fn probe(client: &Client, links: &[Link], may_reach: &[PrivateHost], mut told: impl FnMut()) -> Vec<Probe> {
    let mut hosts = BTreeMap::<String, Vec<(usize, Link)>>::new();
    for (index, link) in links.iter().enumerate() {
        hosts.entry(link.authority()).or_default().push((index, link.clone()));
    }
    let (answers, mut heard) = mpsc::unbounded_channel();
    let (permits, mut work) = (Arc::new(Semaphore::new(HOSTS_MAX)), JoinSet::new());
    for (authority, links) in hosts {
        let (client, permits, answers) = (client.clone(), Arc::clone(&permits), answers.clone());
        let allow_private: Vec<_> = may_reach.iter().filter(|host| host.as_str() == authority).cloned().collect();
        work.spawn(async move {
            let _permit = permits.acquire().await;
            for (place, (index, link)) in links.into_iter().enumerate() {
                // An operator's own machine need not be spared.
                if place > 0 && allow_private.is_empty() {
                    tokio::time::sleep(PAUSE).await;
                }
                let _ = answers.send((index, ask(&client, link, &allow_private).await));
            }
        });
    }
    drop(answers);
    let fault = Probe::Doubtful { why: "a fault of ours while it was read".to_owned(), looks_offline: false };
    let mut probes = vec![fault; links.len()];
    while let Some((index, answer)) = heard.recv().await {
        probes[index] = answer;
        told();
    }
    probes
}

async fn ask(client: &Client, link: Link, allow_private: &[PrivateHost]) -> Probe {
    let request = Request { allow_private: allow_private.to_vec(), ..Request::new(link.clone(), Clock::System.now()) };
    let response = match client.fetch(request).await {
        Ok(response) => response,
        Err(failure) => return failed(&failure),
    };
    let read = tokio::task::spawn_blocking(move || {
        Inspected::of(&response, &Hints::default()).map(|inspected| (inspected, response.permanent_url))
    });
    match read.await {
        Ok(Ok((inspected, moved))) => Probe::Feed {
            url: moved.unwrap_or(link),
            title: inspected.channel.title,
            newest: inspected.drafts.iter().filter_map(|draft| draft.published.or(draft.updated)).map(|time| time.at()).max(),
        },
        Ok(Err(not_a_feed @ (NotAFeed::Html { .. } | NotAFeed::Other(_)))) => Probe::Dead(not_a_feed.to_string()),
        Ok(Err(NotAFeed::Empty)) => Probe::Doubtful { why: "the document is empty".to_owned(), looks_offline: false },
        Err(_) => Probe::Doubtful { why: "a fault of ours while it was read".to_owned(), looks_offline: false },
    }
}

fn failed(failure: &Failure) -> Probe {
    match failure {
        Failure::Gone | Failure::Status(404 | 410) | Failure::AddressRefused(_) => Probe::Dead(failure.to_string()),
        _ => Probe::Doubtful { why: failure.to_string(), looks_offline: failure.looks_offline() },
    }
}
