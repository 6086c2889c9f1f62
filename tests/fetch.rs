//! Fetching over real sockets: every promise of `fetch`, against an origin that breaks every one of its own.

mod support;

use std::{
    collections::HashMap,
    net::IpAddr,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use support::{
    origin::{AUTHORITY_PEM, Cut, Origin, Reply},
    reply::{brotli, gzip},
};
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

/// Limits that make slowness cheap to test.
fn limits() -> FetchLimits {
    FetchLimits {
        dns: Duration::from_secs(5),
        connect: Duration::from_millis(500),
        idle: Duration::from_millis(500),
        hop: Duration::from_secs(5),
        poll: Duration::from_secs(10),
        body_bytes_max: 1 << 20,
        redirects_max: 5,
    }
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

// --- what we send

#[tokio::test]
async fn the_headers_are_the_same_on_every_poll_and_every_hop() {
    let origin = Origin::start().await;
    origin.on("/feed", Reply::ok(FEED).header("set-cookie", "id=1; Path=/"));
    origin.on("/moved", Reply::redirect(302, "/feed").header("set-cookie", "id=2; Path=/"));
    let client = client();
    for path in ["/feed", "/moved", "/feed"] {
        client.fetch(request(&origin.url(path), &[&origin])).await.expect("a feed");
    }
    let seen = origin.all_requests();
    assert_eq!(seen.len(), 4);
    for request in &seen {
        assert_eq!(request.header_names(), ["accept", "accept-encoding", "host", "user-agent"], "{}", request.target);
        assert_eq!(request.header("accept-encoding"), Some(&b"gzip, br"[..]));
        let version = env!("CARGO_PKG_VERSION");
        let agent = format!("watchfire/{version} (+https://watchfire.test/bot; feed aggregator)");
        assert_eq!(request.header("user-agent"), Some(agent.as_bytes()));
        assert!(request.header("accept").expect("accept").starts_with(b"application/atom+xml, application/rss+xml"));
        assert!(request.raw.starts_with(b"GET /"));
    }
}

#[tokio::test]
async fn validators_come_back_byte_for_byte() {
    let origin = Origin::start().await;
    let client = client();
    let etags: &[&[u8]] = &[b"W/\"a\"", b"\"a,b\"", b"abc", b"\"\xe9\"", b"\"\xe7\x83\xbd\"", b"\"\""];
    let dates: &[&[u8]] = &[b"Sunday, 06-Nov-94 08:49:37 GMT", b"Mon, 06 Nov 1994 08:49:37 GMT", b"0", b"yesterday"];
    for (etag, date) in etags.iter().flat_map(|etag| dates.iter().map(move |date| (*etag, *date))) {
        origin.on("/feed", Reply::ok(FEED).header("ETag", etag).header("Last-Modified", date).conditional());
        let mut request = request(&origin.url("/feed"), &[&origin]);
        let first = client.fetch(request.clone()).await.expect("a feed");
        request.validators = first.validators.clone();
        let second = client.fetch(request).await.expect("an answer");
        assert!(second.not_modified && second.body.is_empty());
        assert_eq!(second.validators, first.validators);
        let seen = origin.requests("/feed").pop().expect("a request");
        assert_eq!((seen.header("if-none-match"), seen.header("if-modified-since")), (Some(etag), Some(date)));
    }
}

#[tokio::test]
async fn a_304_that_nobody_asked_for_is_an_error() {
    let origin = Origin::start().await;
    assert_eq!(try_reply(&origin, Reply::status(304)).await, Err(Failure::Status(304)));
}

#[tokio::test]
async fn credentials_stay_with_the_configured_origin() {
    let (own, other) = (Origin::start().await, Origin::start().await);
    own.on("/feed", Reply::redirect(302, "/next"));
    own.on("/next", Reply::redirect(302, &other.url("/feed")));
    other.on("/feed", Reply::redirect(302, &own.url_at("b.test", "/same-machine-other-name")));
    own.on("/same-machine-other-name", Reply::ok(FEED));
    let mut request = request(&own.url("/feed"), &[&own, &other]);
    request.headers = vec![
        HeaderPair { name: "authorization".to_owned(), value: "Bearer secret".to_owned() },
        HeaderPair { name: "cookie".to_owned(), value: "session=secret".to_owned() },
        HeaderPair { name: "user-agent".to_owned(), value: "Custom/1".to_owned() },
    ];
    client().fetch(request).await.expect("a feed");
    for path in ["/feed", "/next"] {
        let seen = own.requests(path).pop().expect("a request");
        assert_eq!(seen.header("authorization"), Some(&b"Bearer secret"[..]));
        assert_eq!(seen.header("cookie"), Some(&b"session=secret"[..]));
        assert_eq!(seen.header("user-agent"), Some(&b"Custom/1"[..]));
    }
    for seen in [other.requests("/feed"), own.requests("/same-machine-other-name")].concat() {
        assert_eq!(seen.header_names(), ["accept", "accept-encoding", "host", "user-agent"]);
        assert!(!String::from_utf8_lossy(&seen.raw).contains("secret"));
    }
}

// --- redirects

#[tokio::test]
async fn five_redirects_are_followed_and_six_are_not() {
    let origin = Origin::start().await;
    for hop in 1..=6 {
        origin.on(&format!("/{hop}"), Reply::redirect(302, &format!("/{}", hop - 1)));
    }
    origin.on("/0", Reply::ok(FEED));
    let response = get(&origin, "/5").await.expect("five hops");
    assert_eq!((response.final_url.as_str(), response.permanent_url), (origin.url("/0").as_str(), None));
    let before = origin.all_requests().len();
    assert_eq!(get(&origin, "/6").await, Err(Failure::Redirect("more than 5 hops".to_owned())));
    assert_eq!(origin.all_requests().len() - before, 6);
}

#[tokio::test]
async fn loops_and_bad_targets_end_the_poll() {
    let origin = Origin::start().await;
    origin.on("/a", Reply::redirect(301, "/b"));
    origin.on("/b", Reply::redirect(302, "/a"));
    assert!(matches!(get(&origin, "/a").await, Err(Failure::Redirect(why)) if why.contains("a loop")));
    assert_eq!((origin.requests("/a").len(), origin.requests("/b").len()), (1, 1));
    for location in ["file:///etc/passwd", "ftp://a.test/", "https://user:pw@a.test/", "http://", "gopher:x"] {
        let failure = try_reply(&origin, Reply::redirect(302, location)).await;
        assert!(matches!(failure, Err(Failure::Redirect(_))), "{location}: {failure:?}");
    }
    assert!(matches!(try_reply(&origin, Reply::status(301)).await, Err(Failure::Redirect(_))));
    let long = format!("/{}", "x".repeat(3000));
    assert!(matches!(try_reply(&origin, Reply::redirect(302, &long)).await, Err(Failure::Redirect(_))));
    assert_eq!(try_reply(&origin, Reply::status(300)).await, Err(Failure::Status(300)));
}

#[tokio::test]
async fn only_the_permanent_beginning_of_a_way_is_reported() {
    let origin = Origin::start().await;
    origin.on("/old", Reply::redirect(301, "/newer"));
    origin.on("/newer", Reply::redirect(308, "/new"));
    origin.on("/new", Reply::ok(FEED));
    origin.on("/mixed", Reply::redirect(301, "/for-now"));
    origin.on("/for-now", Reply::redirect(302, "/old"));
    let permanent = async |path| get(&origin, path).await.expect("a feed").permanent_url.map(|link| link.to_string());
    assert_eq!(permanent("/old").await, Some(origin.url("/new")));
    assert_eq!(permanent("/mixed").await, Some(origin.url("/for-now")));
    assert_eq!(permanent("/for-now").await, None);
    assert_eq!(permanent("/new").await, None);
}

#[tokio::test]
async fn https_never_becomes_http() {
    let (secure, plain) = (Origin::launch_tls(), Origin::start().await);
    secure.on("/feed", Reply::ok(FEED));
    secure.on("/down", Reply::redirect(301, &plain.url_at("a.test", "/feed")));
    plain.on("/up", Reply::redirect(301, &secure.url_at("a.test", "/feed")));
    let client = client();
    let fetch = |url: String| client.fetch(request(&url, &[&secure, &plain]));
    assert_eq!(fetch(secure.url_at("a.test", "/feed")).await.expect("a feed").body, FEED);
    assert_eq!(fetch(plain.url_at("a.test", "/up")).await.expect("a feed").final_url.as_str(), secure.url_at("a.test", "/feed"));
    assert!(matches!(fetch(secure.url_at("a.test", "/down")).await, Err(Failure::Redirect(why)) if why.starts_with("from https to http")));
    assert_eq!(plain.requests("/feed").len(), 0);
}

// --- what the answer means

#[tokio::test]
async fn a_status_is_one_failure_and_one_request() {
    let origin = Origin::start().await;
    let now = Timestamp::from_secs(1_700_000_000);
    let until = |secs| Some(now + Duration::from_secs(secs));
    let part = |code| Reply::status(code).body(FEED);
    for (number, (reply, wanted)) in [
        (part(206), Failure::Status(206)),
        (part(226).header("im", "feed"), Failure::Status(226)),
        (Reply::status(204), Failure::Empty),
        (Reply::ok(""), Failure::Empty),
        (part(404), Failure::Status(404)),
        (part(500), Failure::Status(500)),
        (part(503), Failure::Status(503)),
        (part(410), Failure::Gone),
        (part(429), Failure::TooManyRequests { status: 429, until: None }),
        (part(429).header("retry-after", "-1"), Failure::TooManyRequests { status: 429, until: None }),
        (part(429).header("retry-after", "7200"), Failure::TooManyRequests { status: 429, until: until(7200) }),
        (part(503).header("retry-after", "1000000000000"), Failure::TooManyRequests { status: 503, until: until(86400) }),
        (part(429).header("retry-after", "Tue, 14 Nov 2023 23:13:20 GMT"), Failure::TooManyRequests { status: 429, until: until(3600) }),
        (Reply::redirect(302, "/elsewhere").header("retry-after", "60"), Failure::TooManyRequests { status: 302, until: until(60) }),
    ]
    .into_iter()
    .enumerate()
    {
        let path = format!("/{number}");
        origin.on(&path, reply);
        let connections = origin.connections();
        assert_eq!(get(&origin, &path).await, Err(wanted.clone()), "{number}");
        assert_eq!((origin.requests(&path).len(), origin.connections() - connections), (1, 1), "{wanted:?}");
    }
    assert_eq!(origin.requests("/elsewhere").len(), 0);
}

#[tokio::test]
async fn everything_worth_knowing_is_read_from_the_head() {
    let origin = Origin::start().await;
    let reply = Reply::ok(FEED)
        .header("Content-Type", "application/rss+xml; charset=GBK")
        .header("Content-Location", "/canonical/feed.xml")
        .header("Cache-Control", "public, max-age=10800")
        .header("Age", "800")
        .header("Link", "<https://hub.example/>; rel=hub, </self>; rel=\"self\"");
    let response = try_reply(&origin, reply).await.expect("a feed");
    assert_eq!(response.content_type.as_deref(), Some("application/rss+xml; charset=GBK"));
    assert_eq!(response.content_location, Some(link(&origin.url("/canonical/feed.xml"))));
    assert_eq!(response.max_age, Some(Duration::from_secs(10_000)));
    assert_eq!(response.hubs, [link("https://hub.example/")]);
    assert_eq!(response.self_link, Some(link(&origin.url("/self"))));
}

#[tokio::test]
async fn header_floods_are_errors_and_huge_validators_are_not_kept() {
    let origin = Origin::start().await;
    let huge = Reply::ok(FEED).header("etag", vec![b'e'; 60_000]).header("last-modified", vec![b'm'; 200]);
    assert_eq!(try_reply(&origin, huge).await.expect("a feed").validators, Validators::default());
    let many = (0..101).fold(Reply::ok(FEED), |reply, number| reply.header(&format!("x-{number}"), "1"));
    assert!(matches!(try_reply(&origin, many).await, Err(Failure::BrokenBody(_))));
    let wide = Reply::ok(FEED).header("x", vec![b'x'; 4 << 20]);
    assert!(matches!(try_reply(&origin, wide).await, Err(Failure::BrokenBody(_))));
}

#[tokio::test]
async fn dirty_heads_are_read_all_the_same() {
    let origin = Origin::start().await;
    for head in ["X Y: 1\r\n", "ETag : \"1\"\r\n", "X: a\r\n  folded\r\n", ": nothing\r\n", "no colon\r\n", "Date: \u{ff}\r\n"] {
        let message = format!("HTTP/1.1 200\r\n{head}Content-Length: {}\r\n\r\n{FEED}", FEED.len());
        assert_eq!(try_reply(&origin, Reply::raw(message)).await.expect(head).body, FEED);
    }
    for junk in ["SSH-2.0-OpenSSH_9.6\r\n\r\n", "HTTP/9.9 200 OK\r\n\r\n", "\0\0\0\0\r\n\r\n", "HTTP/1.1 999999 OK\r\n\r\n"] {
        let failure = try_reply(&origin, Reply::raw(junk)).await;
        assert!(matches!(failure, Err(Failure::BrokenBody(_))), "{junk:?}: {failure:?}");
    }
}

// --- bodies

#[tokio::test]
async fn codings_are_undone_in_every_spelling_and_only_once() {
    let origin = Origin::start().await;
    let coded = |body: Vec<u8>, coding: &str| Reply::ok(body).header("content-encoding", coding);
    let zlib = {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut encoder, FEED.as_bytes()).expect("coded");
        encoder.finish().expect("coded")
    };
    let bare = zlib[2..zlib.len() - 4].to_vec();
    for coding in ["gzip", "GZIP", "x-gzip", "X-GZip", "identity, gzip"] {
        assert_eq!(try_reply(&origin, coded(gzip(FEED.as_bytes()), coding)).await.expect(coding).body, FEED, "{coding}");
    }
    for (body, coding) in [
        (brotli(FEED.as_bytes()), "br"),
        (brotli(FEED.as_bytes()), "BR"),
        (zlib.clone(), "deflate"),
        (bare, "Deflate"),
        (FEED.into(), "identity"),
        (FEED.into(), ""),
        ([gzip(&FEED.as_bytes()[..9]), gzip(&FEED.as_bytes()[9..])].concat(), "gzip"),
        ([gzip(FEED.as_bytes()), b"\0\0trailing".to_vec()].concat(), "gzip"),
    ] {
        let slow = coded(body.clone(), coding).drip(7, Duration::ZERO);
        assert_eq!(try_reply(&origin, slow).await.expect(coding).body, FEED, "{coding}");
        assert_eq!(try_reply(&origin, coded(body, coding).chunked()).await.expect(coding).body, FEED, "{coding}");
    }
    for (body, coding) in [
        (gzip(&gzip(FEED.as_bytes())), "gzip, gzip"),
        (gzip(FEED.as_bytes()), "gzip, br"),
        (FEED.into(), "zstd"),
        (FEED.into(), "gzip"),
        (FEED.into(), "br"),
        (gzip(FEED.as_bytes())[..20].to_vec(), "gzip"),
        (brotli(FEED.as_bytes())[..20].to_vec(), "br"),
        (zlib[..20].to_vec(), "deflate"),
        (b"x".to_vec(), "deflate"),
    ] {
        let failure = try_reply(&origin, coded(body, coding)).await;
        assert!(matches!(failure, Err(Failure::BrokenBody(_))), "{coding}: {failure:?}");
    }
    assert_eq!(try_reply(&origin, coded(Vec::new(), "gzip")).await, Err(Failure::Empty));
}

#[tokio::test]
async fn the_cap_holds_at_its_very_byte() {
    let origin = Origin::start().await;
    let bytes_max = limits().body_bytes_max;
    let too_large = Err(Failure::TooLarge { bytes_max });
    let fits = vec![b'x'; usize::try_from(bytes_max).expect("small")];
    let over = [fits.as_slice(), b"x"].concat();
    for wrap in [Reply::ok, |body: Vec<u8>| Reply::ok(body).chunked(), |body: Vec<u8>| Reply::gzip(body)] {
        assert_eq!(try_reply(&origin, wrap(fits.clone())).await.expect("fits").body.len(), fits.len());
        assert_eq!(try_reply(&origin, wrap(over.clone())).await, too_large);
    }
    let endless = Reply::ok(vec![b'x'; 10_000]).endless();
    assert_eq!(try_reply(&origin, endless).await, too_large);
    // The length alone is enough: not one byte of this body ever comes.
    let announced = Reply::status(200).announcing(over.len());
    let head_bytes = announced.head_bytes();
    assert_eq!(try_reply(&origin, announced.cut(head_bytes, Cut::Hang)).await, too_large);
}

#[tokio::test]
#[ignore = "run alone, by `bombs_stay_small`"]
async fn bombs() {
    let origin = Origin::start().await;
    let (zeros, chunk) = (200 << 20, vec![0; 1 << 20]);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut coded = Vec::new();
    let mut brotli = brotli::CompressorWriter::new(&mut coded, 4096, 1, 22);
    for _ in 0..zeros / chunk.len() {
        std::io::Write::write_all(&mut encoder, &chunk).expect("coded");
        std::io::Write::write_all(&mut brotli, &chunk).expect("coded");
    }
    drop(brotli);
    origin.on("/gzip", Reply::ok(encoder.finish().expect("coded")).header("content-encoding", "gzip"));
    origin.on("/br", Reply::ok(coded).header("content-encoding", "br"));
    let client = client();
    let before = peak_kib();
    for path in ["/gzip", "/br"] {
        let mut request = request(&origin.url(path), &[&origin]);
        request.limits.body_bytes_max = 10 << 20;
        assert_eq!(client.fetch(request).await, Err(Failure::TooLarge { bytes_max: 10 << 20 }), "{path}");
    }
    let grown = peak_kib() - before;
    assert!(grown < 32 << 10, "grew by {grown} KiB");
}

#[test]
fn bombs_stay_small() {
    run_alone("bombs", &[]);
}

/// The largest this process has ever been.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0");
    line.trim().trim_end_matches(" kB").parse().unwrap_or(0)
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

#[tokio::test]
async fn a_connection_cut_at_any_byte_is_a_named_failure() {
    let origin = Origin::start().await;
    let whole = Reply::ok(FEED).header("etag", "\"1\"");
    let message_bytes = whole.message(b"").len();
    let client = client();
    for reply in [whole.clone(), Reply::gzip(FEED), Reply::ok(FEED).chunked()] {
        let (head_bytes, message_bytes) = (reply.head_bytes(), reply.message(b"").len());
        for (at, how) in (0..message_bytes).flat_map(|at| [(at, Cut::Close), (at, Cut::Reset)]) {
            origin.on("/cut", reply.clone().cut(at, how));
            let seen = origin.requests("/cut").len();
            let failure = client.fetch(request(&origin.url("/cut"), &[&origin])).await.expect_err("a failure");
            // A reset may overtake the bytes before it.
            let fits = match failure {
                Failure::Connect(_) => at < head_bytes || how == Cut::Reset,
                Failure::BrokenBody(_) => true,
                _ => false,
            };
            assert!(fits, "{how:?} at {at} of {head_bytes} + {}: {failure:?}", message_bytes - head_bytes);
            assert_eq!(origin.requests("/cut").len(), seen + 1, "no retry");
        }
    }
    origin.on("/cut", whole.cut(message_bytes, Cut::Close));
    assert_eq!(client.fetch(request(&origin.url("/cut"), &[&origin])).await.expect("whole").body, FEED);
    // Shorter than announced is broken; without any announcement the end is the end.
    assert!(matches!(
        try_reply(&origin, Reply::ok(FEED).announcing(FEED.len() + 1).cut(4096, Cut::Close)).await,
        Err(Failure::BrokenBody(_))
    ));
    assert_eq!(try_reply(&origin, Reply::ok(FEED).until_close()).await.expect("a feed").body, FEED);
}

// --- time

#[tokio::test]
async fn each_wait_has_its_own_limit_and_name() {
    let origin = Origin::start().await;
    let timeout = |phase, after| Err(Failure::Timeout { phase, after });
    let (short, long) = (Duration::from_millis(100), Duration::from_secs(60));
    let client = client();
    let ask = |path: &str, change: fn(&mut FetchLimits)| {
        let mut request = request(&origin.url(path), &[&origin]);
        request.limits = FetchLimits { dns: Duration::from_secs(5), connect: Duration::from_secs(5), ..limits() };
        change(&mut request.limits);
        client.fetch(request)
    };
    origin.on("/late", Reply::ok(FEED).after(long));
    assert_eq!(ask("/late", |limits| limits.hop = Duration::from_millis(100)).await, timeout("first byte", short));
    assert_eq!(ask("/late", |limits| limits.poll = Duration::from_millis(100)).await, timeout("poll", short));
    let stops = Reply::ok(FEED);
    let half = stops.head_bytes() + 5;
    origin.on("/stops", stops.cut(half, Cut::Hang));
    assert_eq!(ask("/stops", |limits| limits.idle = Duration::from_millis(100)).await, timeout("body", short));
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
    request.limits.connect = Duration::from_millis(100);
    let failure = client().fetch(request).await.expect_err("a timeout");
    assert_eq!(failure, Failure::Timeout { phase: "connecting", after: Duration::from_millis(100) });
    assert!(failure.looks_offline());
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

// --- connections

#[tokio::test]
async fn no_request_meets_a_connection_that_is_being_closed() {
    let origin = Origin::start().await;
    let kept = Reply::ok(FEED);
    let message_bytes = kept.message(b"").len();
    origin.on("/kept", kept.clone());
    // Closes without having said so: a client that kept the connection would lose its next request.
    origin.on("/closed", kept.cut(message_bytes, Cut::Close));
    let client = client();
    for path in ["/kept", "/closed"].repeat(25) {
        assert_eq!(client.fetch(request(&origin.url(path), &[&origin])).await.expect("a feed").body, FEED);
    }
    assert_eq!((origin.all_requests().len(), origin.connections()), (50, 50));
}

#[tokio::test]
async fn the_wrong_scheme_is_named() {
    let (plain, secure) = (Origin::start().await, Origin::launch_tls());
    let client = client();
    let failure = client.fetch(request(&plain.url("/").replace("http:", "https:"), &[&plain])).await.expect_err("no TLS there");
    assert!(matches!(failure, Failure::Tls(_)), "{failure:?}");
    let failure = client.fetch(request(&secure.url("/").replace("https:", "http:"), &[&secure])).await.expect_err("TLS there");
    assert!(matches!(failure, Failure::BrokenBody(_) | Failure::Connect(_)), "{failure:?}");
}

#[tokio::test]
async fn certificates_are_always_verified() {
    let origin = Origin::launch_tls();
    origin.on("/feed", Reply::ok(FEED));
    let stranger = Client::new(&ClientSettings { resolver: loopback(), ..ClientSettings::default() }).expect("a client");
    let failure = stranger.fetch(request(&origin.url("/feed"), &[&origin])).await.expect_err("an unknown authority");
    assert!(matches!(&failure, Failure::Tls(why) if why.contains("UnknownIssuer")), "{failure:?}");
    let mut request = request(&origin.url_at("c.test", "/feed"), &[&origin]);
    request.allow_private.push(PrivateHost::parse(&origin.authority_at("c.test")).expect("host:port"));
    let failure = client().fetch(request).await.expect_err("another name");
    assert!(matches!(&failure, Failure::Tls(why) if why.contains("not valid for name")), "{failure:?}");
    assert_eq!(origin.all_requests().len(), 0);
}

#[tokio::test]
#[ignore = "run alone, by `proxies_of_the_environment_are_ignored`"]
async fn proxied() {
    let origin = Origin::start().await;
    origin.on("/feed", Reply::ok(FEED));
    assert_eq!(get(&origin, "/feed").await.expect("a feed").body, FEED);
}

#[test]
fn proxies_of_the_environment_are_ignored() {
    let proxy = Origin::launch();
    let address = format!("http://{}", proxy.authority());
    run_alone("proxied", &["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"].map(|name| (name, address.as_str())));
    assert_eq!(proxy.connections(), 0);
}

// --- the address guard

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

// --- secrets

#[tokio::test]
async fn no_failure_tells_a_secret() {
    let origin = Origin::start().await;
    let secure = Origin::launch_tls();
    let replies: HashMap<&str, Reply> = HashMap::from([
        ("/status", Reply::status(500)),
        ("/cut", Reply::ok(FEED).cut(3, Cut::Reset)),
        ("/body", Reply::ok(FEED).announcing(9999).until_close().announcing(9999).cut(120, Cut::Close)),
        ("/late", Reply::ok(FEED).after(Duration::from_secs(60))),
        ("/loop", Reply::redirect(302, "/loop?key=SECRET")),
        ("/down", Reply::redirect(302, "http://169.254.169.254/SECRET?key=SECRET")),
        ("/scheme", Reply::redirect(302, "ftp://a.test/SECRET")),
        ("/junk", Reply::raw("SECRET\r\n\r\n")),
        ("/wait", Reply::status(429).header("retry-after", "SECRET")),
        ("/gzip", Reply::ok("SECRET").header("content-encoding", "gzip")),
    ]);
    let mut urls = vec![
        "http://a.test:1/SECRET?key=SECRET".to_owned(),
        "http://unknown.example/SECRET?key=SECRET".to_owned(),
        "http://localhost/SECRET?key=SECRET".to_owned(),
        secure.url_at("c.test", "/SECRET?key=SECRET"),
    ];
    for (path, reply) in replies {
        let target = format!("{path}?key=SECRET");
        origin.on(&target, reply);
        urls.push(origin.url(&target));
    }
    let client = client();
    for url in urls {
        let mut request = request(&url, &[&origin, &secure]);
        request.limits.idle = Duration::from_millis(100);
        request.headers = vec![HeaderPair { name: "x-key".to_owned(), value: "SECRET".to_owned() }];
        assert!(!format!("{request:?}").contains("SECRET"));
        let failure = client.fetch(request).await.expect_err(&url);
        let said = format!("{failure} {failure:?}");
        assert!(!said.contains("SECRET"), "{url}: {said}");
        assert!(failure.to_string().chars().count() <= 200, "{said}");
    }
}
