//! Redirects: how many, where to, and what is remembered of them.

use super::*;

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
