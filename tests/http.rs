//! The server as clients meet it: real sockets on a free port, raw requests, every header looked at.

use std::{io::Read as _, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::mpsc,
    time::timeout,
};
use watchfire::{
    http::Order,
    model::{Command, CommandError, SourceId},
};

mod library;
mod server;

use library::{Library, item};
use server::{Answer, PATIENCE, Server, TOKEN, served};

async fn start(library: &Library) -> Server {
    Server::start(library, served("Watchfire")).await
}

#[tokio::test]
async fn second_get_is_304_in_every_coding_and_each_has_its_own_tag() {
    let server = start(&Library::with(&[item("krebs", "Four zero-days", 1)])).await;
    let plain = server.ask("GET", "/feed.atom", &[]).await;
    assert_eq!((plain.status, plain.field("content-encoding")), (200, None));
    assert!(plain.text().contains("Four zero-days"));
    let mut tags = vec![plain.field("etag").expect("a tag").to_owned()];
    for coding in ["gzip", "br"] {
        let coded = server.ask("GET", "/feed.atom", &[("Accept-Encoding", coding)]).await;
        assert_eq!(coded.field("content-encoding"), Some(coding));
        let mut decoded = Vec::new();
        match coding {
            "gzip" => flate2::read::GzDecoder::new(&coded.body[..]).read_to_end(&mut decoded).expect("gzip"),
            _ => brotli::Decompressor::new(&coded.body[..], 4096).read_to_end(&mut decoded).expect("brotli"),
        };
        assert_eq!(decoded, plain.body);
        tags.push(coded.field("etag").expect("a tag").to_owned());
    }
    assert!(tags[0] != tags[1] && tags[1] != tags[2] && tags[0] != tags[2]);
    for (coding, tag) in ["identity", "gzip", "br"].iter().zip(&tags) {
        let again = server.ask("GET", "/feed.atom", &[("Accept-Encoding", coding), ("If-None-Match", &format!("W/{tag}"))]).await;
        assert_eq!((again.status, again.body.len()), (304, 0));
        assert_eq!(again.field("etag"), Some(tag.as_str()));
        for name in ["cache-control", "vary", "date", "last-modified"] {
            assert!(again.field(name).is_some(), "{name}");
        }
        assert_eq!((again.field("content-length"), again.field("content-type")), (None, None));
    }
    let since = plain.field("last-modified").expect("a date").to_owned();
    assert_eq!(server.ask("GET", "/feed.atom", &[("If-Modified-Since", &since)]).await.status, 304);
    assert_eq!(server.ask("GET", "/feed.atom", &[("If-Match", "\"other\"")]).await.status, 412);
}

#[tokio::test]
async fn head_says_what_get_says_and_sends_nothing() {
    let library = Library::with(&[item("krebs", "Four zero-days", 1)]);
    let server = start(&library).await;
    let story = format!("/stories/{}", library.newest());
    for path in ["/feed.atom", "/", "/about", &story, "/healthz"] {
        for coding in ["identity", "gzip"] {
            let fields = [("Accept-Encoding", coding)];
            let (get, head) = (server.ask("GET", path, &fields).await, server.ask("HEAD", path, &fields).await);
            let steady = |answer: &Answer| answer.fields.iter().filter(|(name, _)| name != "date").cloned().collect::<Vec<_>>();
            assert_eq!((get.status, steady(&get)), (head.status, steady(&head)), "{path}");
            assert_eq!((get.status, head.body.len()), (200, 0), "{path}");
            assert_eq!(get.field("content-length"), Some(get.body.len().to_string().as_str()), "{path}");
        }
    }
}

#[tokio::test]
async fn feeds_and_pages_carry_their_headers() {
    let server = start(&Library::with(&[item("krebs", "Four zero-days", 1)])).await;
    let feed = server.ask("GET", "/feed.atom", &[]).await;
    for (name, wanted) in [
        ("content-type", "application/atom+xml; charset=utf-8"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; sandbox"),
        ("referrer-policy", "no-referrer"),
        ("access-control-allow-origin", "*"),
        ("vary", "Accept-Encoding"),
        ("cache-control", "public, max-age=1200, stale-while-revalidate=60, stale-if-error=86400"),
    ] {
        assert_eq!(feed.field(name), Some(wanted), "{name}");
    }
    let page = server.ask("GET", "/", &[]).await;
    assert_eq!(page.field("content-type"), Some("text/html; charset=utf-8"));
    assert!(page.field("content-security-policy").is_some_and(|policy| policy.starts_with("default-src 'none'; style-src 'sha256-")));
}

#[tokio::test]
async fn every_format_has_its_type_and_a_tag_that_is_known_again() {
    let server = start(&Library::with(&[item("krebs", "Four zero-days", 1)])).await;
    for (path, media_type) in [
        ("/feed.rss", "application/rss+xml; charset=utf-8"),
        ("/feed.json", "application/feed+json"),
        ("/opml", "text/x-opml; charset=utf-8"),
    ] {
        let answer = server.ask("GET", path, &[]).await;
        assert_eq!((answer.status, answer.field("content-type")), (200, Some(media_type)), "{path}");
        assert_eq!(answer.text().contains("Four zero-days"), path != "/opml", "{path}");
        let tag = answer.field("etag").expect("a tag");
        assert_eq!(server.ask("HEAD", path, &[("If-None-Match", tag)]).await.status, 304, "{path}");
    }
}

#[tokio::test]
async fn the_page_of_the_sources_is_never_stale() {
    let server = start(&Library::with(&[])).await;
    let answer = server.ask("GET", "/sources", &[]).await;
    assert_eq!((answer.status, answer.field("cache-control")), (200, Some("no-store")));
    assert!(answer.field("content-security-policy").is_some_and(|policy| policy.starts_with("default-src 'none'")));
    assert!(answer.text().contains("Krebs on Security") && answer.text().contains("not asked yet"), "{}", answer.text());
}

#[tokio::test]
async fn unknown_addresses_are_404_and_other_methods_405() {
    let server = start(&Library::with(&[item("krebs", "Four zero-days", 1)])).await;
    for (method, path, status) in [
        ("GET", "/nothing", 404),
        ("POST", "/nothing", 404),
        ("GET", "/stories/", 404),
        ("GET", "/stories/xyz", 404),
        ("GET", "/stories/00000000000000000000000000000000", 404),
        ("GET", "/stories/%00%ff", 404),
        ("GET", "/feed.atom/", 404),
        ("POST", "/feed.atom", 405),
        ("DELETE", "/", 405),
        ("PUT", "/stories/00000000000000000000000000000000", 405),
        ("POST", "/healthz", 405),
        ("GET", "/feed.atom?utm_source=x", 200),
    ] {
        let answer = server.ask(method, path, &[]).await;
        assert_eq!(answer.status, status, "{method} {path}");
        assert_eq!(answer.field("allow").is_some(), status == 405, "{method} {path}");
    }
    assert_eq!(server.ask("POST", "/feed.atom", &[]).await.field("allow"), Some("GET,HEAD"));
}

#[tokio::test]
async fn the_host_header_is_not_believed() {
    let library = Library::with(&[item("krebs", "Four zero-days", 1)]);
    let server = start(&library).await;
    for path in ["/feed.atom", "/", "/about", &format!("/stories/{}", library.newest()), "/nothing"] {
        let answer = server.ask("GET", path, &[("X-Forwarded-Host", "evil.example"), ("Forwarded", "host=evil.example")]).await;
        assert!(!answer.text().contains("evil.example"), "{path}");
        assert!(answer.text().contains("https://watch.example.org/"), "{path}");
    }
}

#[tokio::test]
async fn etag_and_last_modified_survive_a_restart() {
    let mut library = Library::with(&[item("krebs", "Four zero-days", 1), item("krebs", "A patch", 2)]);
    let mut seen = Vec::new();
    for _ in 0..2 {
        library = library.reopened();
        let server = start(&library).await;
        let answer = server.ask("GET", "/feed.atom", &[("Accept-Encoding", "gzip")]).await;
        seen.push((answer.field("etag").map(str::to_owned), answer.field("last-modified").map(str::to_owned), answer.body));
        assert!(server.stop().await);
    }
    assert_eq!(seen[0], seen[1]);
    assert!(seen[0].0.is_some() && seen[0].1.is_some());
}

#[tokio::test]
async fn a_new_story_and_a_new_setting_appear_by_themselves() {
    let library = Library::with(&[item("krebs", "Four zero-days", 1)]);
    let server = start(&library).await;
    let before = server.ask("GET", "/feed.atom", &[]).await;
    library.add(&[item("krebs", "Something new", 2)]);
    server.wait_for("Something new").await;
    let tag = before.field("etag").expect("a tag");
    assert_eq!(server.ask("GET", "/feed.atom", &[("If-None-Match", tag)]).await.status, 200);
    server.served.send(served("Another name")).expect("running");
    server.wait_for("<title>Another name</title>").await;
    assert!(server.ask("GET", &format!("/stories/{}", library.newest()), &[]).await.text().contains("Another name"));
}

#[tokio::test]
async fn orders_need_the_token() {
    let server = start(&Library::with(&[])).await;
    let right = format!("Bearer {TOKEN}");
    for (fields, status) in [
        (&[][..], 401),
        (&[("Authorization", "Bearer wrong")], 401),
        (&[("Authorization", TOKEN)], 401),
        (&[("Authorization", &format!("Basic {TOKEN}")[..])], 401),
        (&[("Authorization", &format!("{right}x")[..])], 401),
        (&[("Authorization", "Bearer ")], 401),
        (&[("Authorization", &right[..])], 200),
    ] {
        assert_eq!(server.ask("GET", "/admin/sources", fields).await.status, status, "{fields:?}");
    }
    assert_eq!(server.ask("GET", "/admin/nothing", &[("Authorization", &right)]).await.status, 404);
    assert_eq!(server.ask("GET", "/admin/reload", &[("Authorization", &right)]).await.status, 405);
}

#[tokio::test]
async fn orders_reach_the_daemon_and_its_reply_comes_back() {
    let mut server = start(&Library::with(&[])).await;
    let authorization = format!("Bearer {TOKEN}");
    let mut orders = std::mem::replace(&mut server.orders, mpsc::channel(1).1);
    let daemon = tokio::spawn(async move {
        let mut received = Vec::new();
        while let Some(Order { command, reply, .. }) = orders.recv().await {
            let result = match &command {
                Command::Reload => Err(CommandError::Refused("line 3: unknown key `x`".to_owned())),
                Command::PollNow(None) => Err(CommandError::Failed("disk is full".to_owned())),
                _ => Ok("{\"new\":1}".to_owned()),
            };
            received.push(command);
            drop(reply.send(result));
        }
        received
    });
    for (path, body, status, reply) in [
        ("/admin/reload", "", 422, "{\"error\":\"line 3: unknown key `x`\"}"),
        ("/admin/poll", "", 500, "{\"error\":\"disk is full\"}"),
        ("/admin/poll?source=krebs", "", 200, "{\"new\":1}"),
        ("/admin/poll?source=Not+A+Slug", "", 400, ""),
        ("/admin/poll?other=1", "", 400, "{\"error\":\"the only parameter is `source`\"}"),
        ("/admin/import", "[\"/tmp/a b\",\"/tmp/c\"]", 200, "{\"new\":1}"),
        ("/admin/import", "[\"relative\"]", 400, "{\"error\":\"the body must be a JSON array of absolute paths\"}"),
        ("/admin/import", "[]", 400, ""),
        ("/admin/import", "not json", 400, ""),
    ] {
        let answer = server.ask_with_body("POST", path, (&[("Authorization", &authorization)], body)).await;
        assert_eq!(answer.status, status, "{path} {body}: {}", answer.text());
        assert!(reply.is_empty() || answer.text() == reply, "{path} {body}: {}", answer.text());
    }
    assert!(server.stop().await);
    let krebs = SourceId::parse("krebs").expect("a slug");
    assert_eq!(
        daemon.await.expect("no panic"),
        [Command::Reload, Command::PollNow(None), Command::PollNow(Some(krebs)), Command::Import(vec!["/tmp/a b".into(), "/tmp/c".into()]),]
    );
}

#[tokio::test]
async fn who_can_read_it_hears_how_far_a_long_order_is() {
    let mut server = start(&Library::with(&[])).await;
    let authorization = format!("Bearer {TOKEN}");
    let mut orders = std::mem::replace(&mut server.orders, mpsc::channel(1).1);
    let daemon = tokio::spawn(async move {
        while let Some(Order { command, reply, progress }) = orders.recv().await {
            progress.send_replace(0.25);
            let result = match command {
                Command::Verify => Ok("\"sound\"".to_owned()),
                _ => Err(CommandError::Failed("line 2: is \"damaged\"".to_owned())),
            };
            drop(reply.send(result));
        }
    });
    for (path, body, wanted) in [
        ("/admin/verify", "", "{\"progress\":0.25}\n{\"done\":\"sound\"}\n"),
        ("/admin/archive", "\"/tmp/all.zst\"", "{\"progress\":0.25}\n{\"error\":\"line 2: is \\\"damaged\\\"\"}\n"),
    ] {
        let headers = [("Authorization", authorization.as_str()), ("Accept", "application/x-ndjson")];
        let answer = server.ask_with_body("POST", path, (&headers, body)).await;
        assert_eq!((answer.status, answer.field("content-type"), answer.text()), (200, Some("application/x-ndjson"), wanted));
    }
    assert!(server.stop().await);
    daemon.await.expect("no panic");
}

#[tokio::test]
async fn an_export_is_one_line_a_story() {
    let items: Vec<_> = (0..300).map(|n| item("krebs", &format!("Story number {n}"), n)).collect();
    let server = start(&Library::with(&items)).await;
    let answer = server.ask("GET", "/admin/export", &[("Authorization", &format!("Bearer {TOKEN}"))]).await;
    assert_eq!((answer.status, answer.field("content-type")), (200, Some("application/x-ndjson")));
    let titles: Vec<_> = answer
        .text()
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON")["title"].as_str().expect("a title").to_owned())
        .collect();
    assert_eq!(titles.len(), 300);
    assert!(titles.contains(&"Story number 299".to_owned()));
}

#[tokio::test]
async fn heads_that_are_too_long_are_refused() {
    let server = start(&Library::with(&[])).await;
    let long = format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "a".repeat(20 << 10));
    let many = format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "X: y\r\n".repeat(70));
    for request in [long, many] {
        assert_eq!(server.send(&request).await.status, 431);
    }
}

#[tokio::test]
async fn a_request_names_one_host_or_is_refused() {
    let server = start(&Library::with(&[])).await;
    for (request, status) in [
        ("GET / HTTP/1.1\r\nConnection: close\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n", 200),
        ("GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", 200),
        ("GET / HTTP/1.0\r\n\r\n", 200),
        ("nonsense\r\n\r\n", 400),
    ] {
        assert_eq!(server.send(request).await.status, status, "{request}");
    }
}

#[tokio::test]
async fn clients_that_send_nothing_do_not_shut_out_one_that_asks() {
    let server = start(&Library::with(&[item("krebs", "Four zero-days", 1)])).await;
    let mut slow = Vec::new();
    for _ in 0..600 {
        let mut stream = TcpStream::connect(server.address).await.expect("connected");
        stream.write_all(b"G").await.expect("sent");
        slow.push(stream);
    }
    let answer = timeout(Duration::from_secs(5), server.ask("GET", "/feed.atom", &[])).await.expect("an answer at once");
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn stopping_finishes_what_is_being_sent_and_closes_what_is_idle() {
    let server = start(&Library::with(&[item("krebs", "Four zero-days", 1)])).await;
    let mut idle = TcpStream::connect(server.address).await.expect("connected");
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sent");
    let mut first = [0; 12];
    idle.read_exact(&mut first).await.expect("an answer");
    assert_eq!(&first, b"HTTP/1.1 200");
    let address = server.address;
    assert!(server.stop().await, "everything was finished in time");
    let mut rest = Vec::new();
    timeout(PATIENCE, idle.read_to_end(&mut rest)).await.expect("closed").expect("closed in order");
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
}

#[tokio::test(start_paused = true)]
async fn a_head_that_does_not_end_is_cut_after_ten_seconds() {
    let server = start(&Library::with(&[])).await;
    for begun in ["", "G", "GET / HTTP/1.1\r\nHost: x\r\n"] {
        let mut stream = TcpStream::connect(server.address).await.expect("connected");
        stream.write_all(begun.as_bytes()).await.expect("sent");
        let began = tokio::time::Instant::now();
        assert_eq!(stream.read(&mut [0; 64]).await.unwrap_or_default(), 0, "closed without an answer");
        let took = began.elapsed();
        assert!((9..12).contains(&took.as_secs()), "{begun:?} {took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_quiet_connection_is_kept_for_a_minute_between_requests() {
    let server = start(&Library::with(&[])).await;
    let mut stream = TcpStream::connect(server.address).await.expect("connected");
    for _ in 0..2 {
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sent");
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\nok\n") {
            assert!(stream.read_buf(&mut answer).await.expect("read") > 0, "still open");
        }
        tokio::time::sleep(Duration::from_secs(30)).await;
    }
    let began = tokio::time::Instant::now();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.expect("closed in order");
    assert!((20..40).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_stops_reading_is_cut_after_thirty_seconds() {
    let items: Vec<_> =
        (0..50).map(|n| item(["a", "b", "c", "d", "e"][n % 5], &format!("{n} {}", "long title ".repeat(25)), n as i64)).collect();
    let server = start(&Library::with(&items)).await;
    let bytes = server.ask("GET", "/feed.atom", &[]).await.body.len();
    let mut stream = TcpStream::connect(server.address).await.expect("connected");
    let count = (64 << 20) / bytes;
    let requests = "GET /feed.atom HTTP/1.1\r\nHost: x\r\n\r\n".repeat(count);
    let (mut reading, mut writing) = stream.split();
    // More answers than the sockets of both sides can hold.
    let _ = timeout(Duration::from_secs(40), writing.write_all(requests.as_bytes())).await;
    tokio::time::sleep(Duration::from_secs(40)).await;
    let mut taken = 0;
    let mut buffer = vec![0; 1 << 20];
    while let Ok(count @ 1..) = reading.read(&mut buffer).await {
        taken += count;
    }
    assert!(taken < count * bytes, "{taken} bytes of {}", count * bytes);
}
