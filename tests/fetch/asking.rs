//! What goes out: the same headers every time, validators as they came, credentials to one origin only.

use super::*;

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
