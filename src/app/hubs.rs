//! Tells WebSub hubs which of our feeds have changed, so that those who subscribe there need not ask (W3C WebSub section 4; that a hub is
//! told by `hub.mode=publish` is what hubs agreed upon, not the recommendation).

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::sync::watch;
use url::form_urlencoded;

use crate::{
    clock::Clock,
    config::Settings,
    fetch::{Client, Post},
    http::Topic,
    model::{HeaderPair, Link, PrivateHost, counted},
    store::Store,
};

/// Between two messages to one hub.
const GAP: Duration = Duration::from_secs(60);

/// A hub that fails is told again after a minute, then after twice as long, up to this.
const GAP_MAX: Duration = Duration::from_secs(3600);

/// Tells the configured hubs of every change of `topics`, at most once a minute. Has no end of its own.
pub(super) async fn announce(
    (store, client): (Store, Client),
    settings: watch::Receiver<Arc<Settings>>,
    mut topics: watch::Receiver<Arc<[Topic]>>,
) {
    let mut told = store.announced().unwrap_or_else(|error| {
        tracing::warn!("it cannot be read which hubs were told of what: {error}; they may be told twice");
        BTreeMap::new()
    });
    let mut gap = GAP;
    let mut is_owed = false;
    while is_owed || topics.changed().await.is_ok() {
        let (hubs, current) = (settings.borrow().http.hubs.clone(), topics.borrow_and_update().clone());
        let (mut is_told, mut is_failing) = (false, false);
        for hub in &hubs {
            let changed = changed(told.get(hub.as_str()), &current);
            if changed.is_empty() {
                continue;
            }
            match tell(&client, hub, &changed).await {
                Ok(()) => {
                    told.insert(hub.as_str().to_owned(), tags(&current));
                    is_told = true;
                }
                Err(why) => {
                    tracing::warn!("hub `{}` not told that {} changed: {why}", hub.host(), counted(changed.len(), "feed", "feeds"));
                    is_failing = true;
                }
            }
        }
        let before = told.len();
        told.retain(|hub, _| hubs.iter().any(|configured| configured.as_str() == hub));
        if (is_told || told.len() < before)
            && let Err(error) = store.keep_announced(&told)
        {
            tracing::warn!("it cannot be written which hubs were told of what: {error}; they may be told twice");
        }
        is_owed = is_failing;
        if is_told || is_failing {
            tokio::time::sleep(gap).await;
        }
        gap = if is_failing { (gap * 2).min(GAP_MAX) } else { GAP };
    }
}

/// The feeds that are not as the hub was told.
fn changed<'a>(told: Option<&BTreeMap<String, String>>, topics: &'a [Topic]) -> Vec<&'a Topic> {
    topics.iter().filter(|topic| told.and_then(|told| told.get(topic.url.as_str())) != Some(&topic.tag)).collect()
}

fn tags(topics: &[Topic]) -> BTreeMap<String, String> {
    topics.iter().map(|topic| (topic.url.as_str().to_owned(), topic.tag.clone())).collect()
}

async fn tell(client: &Client, hub: &Link, topics: &[&Topic]) -> Result<(), String> {
    let kind = HeaderPair { name: "content-type".to_owned(), value: "application/x-www-form-urlencoded".to_owned() };
    // Whoever writes a hub into the configuration vouches for it.
    let allow_private = PrivateHost::parse(&hub.authority()).into_iter().collect();
    let post = Post { url: hub.clone(), headers: vec![kind], body: form(topics).into_bytes(), allow_private };
    let receipt = client.post(post, Clock::System.now()).await.map_err(|failure| failure.to_string())?;
    if (200..300).contains(&receipt.status) { Ok(()) } else { Err(format!("status {}", receipt.status)) }
}

fn form(topics: &[&Topic]) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("hub.mode", "publish");
    for topic in topics {
        form.append_pair("hub.url", topic.url.as_str());
    }
    form.finish()
}

#[cfg(test)]
mod tests {
    use super::{changed, tags};
    use crate::{http::Topic, model::Link};

    #[test]
    fn only_feeds_whose_bytes_changed_are_told() {
        let topic = |name: &str, tag: &str| Topic {
            url: Link::parse(&format!("https://watchfire.example/{name}.atom")).expect("a link"),
            tag: tag.to_owned(),
        };
        let before = [topic("feed", "\"1\""), topic("views/a", "\"1\"")];
        let names =
            |told: Option<&_>, topics: &[Topic]| changed(told, topics).iter().map(|topic| topic.url.to_string()).collect::<Vec<_>>();
        assert_eq!(names(None, &before).len(), 2, "a new hub knows nothing");
        let told = tags(&before);
        assert!(names(Some(&told), &before).is_empty());
        let after = [topic("feed", "\"1\""), topic("views/a", "\"2\""), topic("views/b", "\"1\"")];
        assert_eq!(names(Some(&told), &after), ["https://watchfire.example/views/a.atom", "https://watchfire.example/views/b.atom"]);
    }
}
