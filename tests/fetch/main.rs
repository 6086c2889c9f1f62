//! Fetching over real sockets: every promise of `fetch`, against an origin that breaks every one of its own.

mod answers;
mod asking;
mod bodies;
mod connections;
mod guard;
mod hostile;
mod redirects;
mod routes;
mod secrets;
#[path = "../support/mod.rs"]
mod support;
mod waits;

use std::{collections::HashMap, net::IpAddr, process::Command, sync::Arc, time::Duration};

use support::origin::{AUTHORITY_PEM, Cut, Origin, Reply};
use watchfire::{
    fetch::{Client, ClientSettings, Fetch, Request, Resolver, Response, user_agent},
    model::{Failure, FetchLimits, HeaderPair, Link, PrivateHost, Timestamp, Validators},
};

const FEED: &str = "<rss version=\"2.0\"><channel><title>烽火</title></channel></rss>";

/// The names of the tests, all on loopback.
fn loopback() -> Resolver {
    Resolver::Table(Arc::new(|name| if name.ends_with(".test") { vec![IpAddr::from([127, 0, 0, 1])] } else { Vec::new() }))
}

fn client() -> Client {
    client_with(loopback())
}

fn client_with(resolver: Resolver) -> Client {
    Client::new(&ClientSettings {
        user_agent: user_agent(Some("https://watchfire.test/bot"), None),
        resolver,
        extra_roots: Some(AUTHORITY_PEM.to_vec()),
        ..ClientSettings::default()
    })
    .expect("a client")
}

fn link(text: &str) -> Link {
    Link::parse(text).expect(text)
}

/// Limits wide enough for a busy machine; a test of slowness sets its own.
fn limits() -> FetchLimits {
    FetchLimits { body_bytes_max: 1 << 20, ..FetchLimits::default() }
}

/// A request that may reach these origins under their usual names.
fn request(url: &str, origins: &[&Origin]) -> Request {
    let mut request = Request::new(link(url), Timestamp::from_secs(1_700_000_000));
    request.limits = limits();
    request.allow_private = origins
        .iter()
        .flat_map(|origin| ["127.0.0.1", "a.test", "b.test"].map(|host| origin.authority_at(host)))
        .map(|authority| PrivateHost::parse(&authority).expect("host:port"))
        .collect();
    request
}

async fn get(origin: &Origin, path: &str) -> Result<Response, Failure> {
    client().fetch(request(&origin.url(path), &[origin])).await
}

/// Asks once for a reply at a path of its own.
async fn try_reply(origin: &Origin, reply: Reply) -> Result<Response, Failure> {
    origin.on("/reply", reply);
    get(origin, "/reply").await
}

/// Runs an ignored test in a process of its own.
fn run_alone(test: &str, environment: &[(&str, &str)]) {
    let binary = std::env::current_exe().expect("the test binary");
    let output = Command::new(binary)
        .args(["--exact", test, "--ignored", "--nocapture"])
        .envs(environment.iter().copied())
        .output()
        .expect("the test binary runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&output.stderr));
}
