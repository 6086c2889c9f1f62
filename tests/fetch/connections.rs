//! Connections: none is kept, TLS is always verified, proxies of the environment are ignored.

use super::*;

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
    run_alone(
        "connections::proxied",
        &["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"].map(|name| (name, address.as_str())),
    );
    assert_eq!(proxy.connections(), 0);
}
