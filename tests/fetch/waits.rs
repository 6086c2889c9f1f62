//! Waits: each has its own limit and its own name.

use std::time::Instant;

use tokio::net::{TcpSocket, TcpStream};

use super::*;

/// Longer than a busy machine needs for a hop on loopback.
const SHORT: Duration = Duration::from_millis(300);

#[tokio::test]
async fn each_wait_has_its_own_limit_and_name() {
    let origin = Origin::start().await;
    let timeout = |phase, after| Err(Failure::Timeout { phase, after });
    let client = client();
    let ask = |path: &str, change: fn(&mut FetchLimits)| {
        let mut request = request(&origin.url(path), &[&origin]);
        change(&mut request.limits);
        client.fetch(request)
    };
    origin.on("/late", Reply::ok(FEED).after(Duration::from_secs(60)));
    assert_eq!(ask("/late", |limits| limits.hop = SHORT).await, timeout("first byte", SHORT));
    assert_eq!(ask("/late", |limits| limits.poll = SHORT).await, timeout("poll", SHORT));
    let stops = Reply::ok(FEED);
    let half = stops.head_bytes() + 5;
    origin.on("/stops", stops.cut(half, Cut::Hang));
    assert_eq!(ask("/stops", |limits| limits.idle = SHORT).await, timeout("body", SHORT));
    // Never silent for long, and never done.
    origin.on("/drips", Reply::ok(vec![b'x'; 100_000]).drip(1, Duration::from_millis(20)));
    let started = Instant::now();
    assert_eq!(ask("/drips", |limits| limits.hop = Duration::from_millis(600)).await, timeout("first byte", Duration::from_millis(600)));
    origin.on("/drips", Reply::ok(vec![b'x'; 50]).endless().drip(500, Duration::from_millis(20)));
    assert_eq!(ask("/drips", |limits| limits.hop = Duration::from_millis(600)).await, timeout("body", Duration::from_millis(600)));
    assert!(started.elapsed() < Duration::from_secs(5));
    for hop in 0..5 {
        origin.on(&format!("/{hop}"), Reply::redirect(302, &format!("/{}", hop + 1)).after(Duration::from_millis(150)));
    }
    assert_eq!(ask("/0", |limits| limits.poll = Duration::from_millis(400)).await, timeout("poll", Duration::from_millis(400)));
}

#[tokio::test]
async fn a_handshake_that_hangs_is_a_timeout_while_connecting() {
    // Accepts and says nothing: the TLS handshake never ends.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let authority = silent.local_addr().expect("an address").to_string();
    let mut request = request(&format!("https://{authority}/"), &[]);
    request.allow_private = vec![PrivateHost::parse(&authority).expect("host:port")];
    request.limits.connect = SHORT;
    let failure = client().fetch(request).await.expect_err("a timeout");
    assert_eq!(failure, Failure::Timeout { phase: "connecting", after: SHORT });
    assert!(failure.looks_offline());
}

#[tokio::test]
async fn a_connect_that_nobody_answers_is_a_timeout_while_connecting() {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
    // Nobody accepts, and once the queue is full the machine drops whoever else knocks.
    let full = socket.listen(1).expect("a listener");
    let address = full.local_addr().expect("an address");
    let mut queued = Vec::new();
    while let Ok(stream) = tokio::time::timeout(SHORT, TcpStream::connect(address)).await {
        queued.push(stream.expect("queued"));
    }
    let mut request = request(&format!("http://{address}/"), &[]);
    request.allow_private = vec![PrivateHost::parse(&address.to_string()).expect("host:port")];
    request.limits.connect = SHORT;
    assert_eq!(client().fetch(request).await, Err(Failure::Timeout { phase: "connecting", after: SHORT }));
}

#[tokio::test]
async fn a_closed_port_and_an_unknown_name_look_offline() {
    let gone = {
        let origin = Origin::start().await;
        origin.authority_at("a.test")
    };
    let mut request = request(&format!("http://{gone}/"), &[]);
    request.allow_private = vec![PrivateHost::parse(&gone).expect("host:port")];
    let failure = client().fetch(request.clone()).await.expect_err("nobody listens");
    assert!(matches!(&failure, Failure::Connect(why) if why.contains("refused")), "{failure:?}");
    assert!(failure.looks_offline());
    request.url = link("http://unknown.example/");
    let failure = client().fetch(request).await.expect_err("no such name");
    assert_eq!(failure, Failure::Dns("no such name".to_owned()));
}
