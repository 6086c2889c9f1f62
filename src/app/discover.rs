//! Finds the feed behind an address that somebody typed: the feed itself, the one that a page names, or one at a usual place.

use std::time::Duration;

use anyhow::Context;

use super::Inspected;
use crate::{
    clock::Clock,
    feed::{Hints, NotAFeed},
    fetch::{Client, Fetch, Request, Response},
    model::{Failure, Link, PrivateHost},
};

/// Where feeds usually are, when a page names none.
const USUAL_PLACES: [&str; 8] = ["/feed", "/feed.xml", "/rss.xml", "/atom.xml", "/index.xml", "/rss", "/feed.json", "/feeds/posts/default"];

/// Between two requests to one host.
const PAUSE: Duration = Duration::from_secs(1);

/// What was found.
#[derive(Debug)]
pub struct Discovered {
    /// Where the feed is: after redirects that hold for good.
    pub url: Link,
    /// The private host that it may reach, if it is one.
    pub allow_private: Option<PrivateHost>,
    /// What was read there.
    pub inspected: Inspected,
}

/// Asks for `address`, and for what it leads to. `say` hears where it looks.
pub(super) async fn discover(client: &Client, address: &Link, mut say: impl FnMut(&Link)) -> anyhow::Result<Discovered> {
    say(address);
    let answer = ask(client, address).await?;
    let named = match Inspected::of(&answer.0, &Hints::default()) {
        Ok(inspected) => return Ok(found(address, answer, inspected)),
        Err(NotAFeed::Html { alternate }) => alternate,
        Err(other) => anyhow::bail!("`{address}`: {other}"),
    };
    if let Some(named) = named {
        tokio::time::sleep(PAUSE).await;
        say(&named);
        let answer = ask(client, &named).await?;
        let inspected =
            Inspected::of(&answer.0, &Hints::default()).with_context(|| format!("`{named}`, which the page names as its feed"))?;
        return Ok(found(&named, answer, inspected));
    }
    for place in USUAL_PLACES {
        let Ok(link) = Link::resolve(Some(&answer.0.final_url), place) else { continue };
        tokio::time::sleep(PAUSE).await;
        say(&link);
        let Ok(answer) = ask(client, &link).await else { continue };
        if let Ok(inspected) = Inspected::of(&answer.0, &Hints::default()) {
            return Ok(found(&link, answer, inspected));
        }
    }
    anyhow::bail!("`{address}` is a web page that names no feed, and there is none at the usual places; name the feed itself")
}

/// Asks without leave to reach private addresses first, then with it: whoever types an address vouches for it.
async fn ask(client: &Client, link: &Link) -> anyhow::Result<(Response, Option<PrivateHost>)> {
    let request = Request::new(link.clone(), Clock::System.now());
    let answer = match client.fetch(request.clone()).await {
        Err(Failure::AddressRefused(_)) => {
            let host = PrivateHost::parse(&link.authority());
            let request = Request { allow_private: host.iter().cloned().collect(), ..request };
            client.fetch(request).await.map(|response| (response, host))
        }
        answer => answer.map(|response| (response, None)),
    };
    answer.map_err(|failure| {
        // Who types no scheme is asked by `https`.
        let hint = if matches!(failure, Failure::Tls(_)) { "; one that is served without TLS begins with `http://`" } else { "" };
        anyhow::anyhow!("`{link}`: {failure}{hint}")
    })
}

/// A redirect that does not hold for good leaves the address as it was asked for.
fn found(asked: &Link, (response, allow_private): (Response, Option<PrivateHost>), inspected: Inspected) -> Discovered {
    Discovered { url: response.permanent_url.unwrap_or_else(|| asked.clone()), allow_private, inspected }
}
