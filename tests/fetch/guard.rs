//! The address guard: a sentinel that must never be connected to, whatever the URL, the redirect or the resolver says.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// An origin on a port that the guard lets pass, at a loopback address of its own.
fn origin_on_web_port(address: &str) -> Origin {
    [8080, 8443, 80, 443].into_iter().find_map(|port| Origin::launch_at(&format!("{address}:{port}")).ok()).expect("a free web port")
}

#[tokio::test]
async fn refused_addresses_are_never_connected_to() {
    let sentinel = origin_on_web_port("127.91.0.1");
    sentinel.on("/", Reply::ok(FEED));
    let port = sentinel.address().port();
    let client = client();
    for host in [
        "127.91.0.1",
        "2136670209",
        "0x7f5b0001",
        "0x7f.91.1",
        "0177.0133.0.1",
        "127.91.1",
        "127.91.0.1.",
        "１２７.９１.０.１",
        "127。91。0。1",
        "[::ffff:127.91.0.1]",
        "[::ffff:7f5b:1]",
        "[::127.91.0.1]",
        "[64:ff9b::7f5b:1]",
        "[2002:7f5b:1::1]",
        "[2001:0:7f5b:1::1]",
        "localhost",
        "LOCALHOST.",
        "x.localhost",
        "db.internal",
        "a.test",
    ] {
        let failure = client.fetch(request(&format!("http://{host}:{port}/"), &[])).await.expect_err(host);
        assert!(matches!(failure, Failure::AddressRefused(_)), "{host}: {failure:?}");
        assert!(failure.to_string().len() <= 200, "{failure}");
    }
    assert_eq!(sentinel.connections(), 0);
}

#[tokio::test]
async fn redirects_pass_the_guard_hop_by_hop() {
    let origin = Origin::start().await;
    let sentinel = origin_on_web_port("127.91.0.2");
    let port = sentinel.address().port();
    for target in [
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "http://metadata.google.internal/".to_owned(),
        "http://[::1]/".to_owned(),
        sentinel.url_at("127.91.0.2", "/"),
        format!("http://{}:{port}/", 0x7f5b_0002),
        sentinel.url_at("a.test", "/"),
        "http://8.8.8.8:25/".to_owned(),
    ] {
        let failure = try_reply(&origin, Reply::redirect(302, &target)).await.expect_err(&target);
        assert!(matches!(failure, Failure::AddressRefused(_)), "{target}: {failure:?}");
    }
    assert_eq!(sentinel.connections(), 0);
}

#[tokio::test]
async fn a_name_that_changes_its_answer_is_checked_each_time() {
    let sentinel = origin_on_web_port("127.91.0.3");
    let lookups = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&lookups);
    // Unknown at first, then partly and wholly on this machine.
    let flipping = Resolver::Table(Arc::new(move |_| match counted.fetch_add(1, Ordering::Relaxed) {
        0 => Vec::new(),
        1 => vec![IpAddr::from([8, 8, 8, 8]), IpAddr::from([127, 91, 0, 3])],
        _ => vec![IpAddr::from([127, 91, 0, 3])],
    }));
    let client = client_with(flipping);
    let request = request(&sentinel.url_at("flips.test", "/"), &[]);
    assert!(matches!(client.fetch(request.clone()).await, Err(Failure::Dns(_))));
    for _ in 0..2 {
        assert!(matches!(client.fetch(request.clone()).await, Err(Failure::AddressRefused(_))));
    }
    assert_eq!((lookups.load(Ordering::Relaxed), sentinel.connections()), (3, 0));
}

#[tokio::test]
async fn what_one_source_may_reach_no_other_source_reaches() {
    let origin = origin_on_web_port("127.91.0.4");
    origin.on("/feed", Reply::ok(FEED));
    let client = client_with(Resolver::Table(Arc::new(|_| vec![IpAddr::from([127, 91, 0, 4])])));
    let url = origin.url_at("bridge.test", "/feed");
    let mut allowed = request(&url, &[]);
    allowed.allow_private = vec![PrivateHost::parse(&origin.authority_at("bridge.test")).expect("host:port")];
    client.fetch(allowed.clone()).await.expect("a feed");
    assert!(matches!(client.fetch(request(&url, &[])).await, Err(Failure::AddressRefused(_))));
    client.fetch(allowed).await.expect("a feed");
    assert_eq!((origin.requests("/feed").len(), origin.connections()), (2, 2));
}
