//! Heads of answers: each status is one failure and one request; floods and dirt are survived.

use std::time::Instant;

use super::*;

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

#[tokio::test]
async fn damage_at_any_byte_of_an_answer_ends_in_an_answer() {
    let origin = Origin::start().await;
    let whole = Reply::gzip(FEED).header("cache-control", "max-age=60").header("link", "</hub>; rel=\"hub\"").message(b"");
    let client = client();
    for at in 0..whole.len() {
        for flip in [0x01, 0x20, 0x80] {
            let mut damaged = whole.clone();
            damaged[at] ^= flip;
            origin.on("/damaged", Reply::raw(damaged));
            let started = Instant::now();
            let _ = client.fetch(request(&origin.url("/damaged"), &[&origin])).await;
            assert!(started.elapsed() < limits().hop, "byte {at}, flip {flip:#x}");
        }
    }
}
