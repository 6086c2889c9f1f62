//! No failure tells a secret, whichever way a request fails.

use super::*;

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
        format!("http://{}localhost/SECRET?key=SECRET", "long.".repeat(45)),
        format!("http://{}unknown.example/SECRET?key=SECRET", "long.".repeat(45)),
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
        request.limits.hop = Duration::from_secs(1);
        request.headers = vec![HeaderPair { name: "x-key".to_owned(), value: "SECRET".to_owned() }];
        assert!(!format!("{request:?}").contains("SECRET"));
        let failure = client.fetch(request).await.expect_err(&url);
        let said = format!("{failure} {failure:?}");
        assert!(!said.contains("SECRET"), "{url}: {said}");
        assert!(failure.to_string().chars().count() <= 200, "{said}");
    }
}
