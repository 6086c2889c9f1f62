//! Ways of a source's own: proxies, which the address guard holds behind, and authorities that one source trusts and no other.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
};
use watchfire::model::{Proxy, Route};

use super::*;

fn through(proxy: &str) -> Route {
    Route { proxy: Some(Proxy::parse(proxy).expect(proxy)), authority: None }
}

fn allow(authority: &str) -> PrivateHost {
    PrivateHost::parse(authority).expect("host:port")
}

/// A request through a proxy that it may reach.
fn proxied(url: &str, scheme: &str, proxy: &str) -> Request {
    let mut request = request(url, &[]);
    request.route = through(&format!("{scheme}://me:SECRET@{proxy}"));
    request.allow_private = vec![allow(proxy)];
    request
}

#[tokio::test]
async fn an_http_proxy_is_given_names_and_its_own_password() {
    let proxy = Origin::start().await;
    proxy.on("http://news.example/feed", Reply::ok(FEED));
    let lookups = Arc::new(AtomicUsize::new(0));
    let counted = lookups.clone();
    let client = client_with(Resolver::Table(Arc::new(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        Vec::new()
    })));
    let asking = proxied("http://news.example/feed", "http", &proxy.authority());
    assert_eq!(client.fetch(asking.clone()).await.expect("a feed").body, FEED);
    let seen = proxy.all_requests().pop().expect("a request");
    assert_eq!(seen.header("proxy-authorization"), Some(&b"Basic bWU6U0VDUkVU"[..]));
    assert_eq!(lookups.load(Ordering::Relaxed), 0, "the proxy resolves");

    let stranger = Request { allow_private: Vec::new(), ..asking };
    let failure = client.fetch(stranger).await.expect_err("a private proxy that nobody allowed");
    assert!(matches!(&failure, Failure::AddressRefused(why) if why.contains("the proxy")), "{failure:?}");
    assert_eq!(proxy.connections(), 1);
}

#[tokio::test]
async fn the_guard_holds_behind_a_proxy() {
    let proxy = Origin::start().await;
    let client = client();
    for scheme in ["http", "socks5", "socks5h"] {
        for url in
            ["http://127.0.0.1/", "http://0x7f.1/", "http://localhost/", "http://169.254.169.254/", "http://[::1]/", "http://8.8.8.8:25/"]
        {
            let failure = client.fetch(proxied(url, scheme, &proxy.authority())).await.expect_err(url);
            assert!(matches!(failure, Failure::AddressRefused(_)), "{scheme} {url}: {failure:?}");
        }
    }
    assert_eq!(proxy.connections(), 0);
    proxy.on("http://news.example/feed", Reply::redirect(302, "http://169.254.169.254/latest/meta-data/"));
    let failure = client.fetch(proxied("http://news.example/feed", "http", &proxy.authority())).await.expect_err("refused");
    assert!(matches!(failure, Failure::AddressRefused(_)), "{failure:?}");
    assert_eq!(proxy.connections(), 1);
}

/// A SOCKS5 proxy (RFC 1928) that leads everybody to one place, and where they wanted to go.
async fn socks(to: String) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let place = listener.local_addr().expect("an address").to_string();
    let wanted = Arc::new(Mutex::new(Vec::new()));
    let seen = wanted.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (to, seen) = (to.clone(), seen.clone());
            tokio::spawn(async move { serve_socks(stream, &to, &seen).await.expect("served") });
        }
    });
    (place, wanted)
}

async fn serve_socks(mut stream: TcpStream, to: &str, seen: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut bytes = [0; 512];
    let methods = usize::from({
        stream.read_exact(&mut bytes[..2]).await?;
        bytes[1]
    });
    stream.read_exact(&mut bytes[..methods]).await?;
    // By name and password (RFC 1929).
    stream.write_all(&[5, 2]).await?;
    for _ in 0..2 {
        let skip = if bytes[0] == 0xff { 1 } else { 2 };
        stream.read_exact(&mut bytes[..skip]).await?;
        let length = usize::from(bytes[skip - 1]);
        stream.read_exact(&mut bytes[..length]).await?;
        bytes[0] = 0xff;
    }
    stream.write_all(&[1, 0]).await?;
    stream.read_exact(&mut bytes[..4]).await?;
    let target = match bytes[3] {
        1 => {
            stream.read_exact(&mut bytes[..4]).await?;
            format!("address {}", std::net::Ipv4Addr::from(<[u8; 4]>::try_from(&bytes[..4]).expect("four bytes")))
        }
        _ => {
            let length = usize::from(stream.read_u8().await?);
            stream.read_exact(&mut bytes[..length]).await?;
            format!("name {}", String::from_utf8_lossy(&bytes[..length]))
        }
    };
    let _port = stream.read_u16().await?;
    seen.lock().expect("a list").push(target);
    stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
    let mut onward = TcpStream::connect(to).await?;
    let _ = copy_bidirectional(&mut stream, &mut onward).await;
    Ok(())
}

#[tokio::test]
async fn a_socks_proxy_is_given_checked_addresses_or_with_socks5h_names() {
    let origin = Origin::start().await;
    origin.on("/feed", Reply::ok(FEED));
    let (place, wanted) = socks(origin.authority()).await;
    let client = client_with(Resolver::Table(Arc::new(|name| match name {
        "news.example" => vec![IpAddr::from([8, 8, 8, 8])],
        "trap.example" => vec![IpAddr::from([8, 8, 8, 8]), IpAddr::from([10, 0, 0, 1])],
        _ => Vec::new(),
    })));
    for (scheme, wants) in [("socks5", "address 8.8.8.8"), ("socks5h", "name news.example")] {
        let response = client.fetch(proxied("http://news.example/feed", scheme, &place)).await;
        assert_eq!(response.expect("a feed").body, FEED);
        assert_eq!(wanted.lock().expect("a list").pop().as_deref(), Some(wants));
    }
    let failure = client.fetch(proxied("http://trap.example/feed", "socks5", &place)).await.expect_err("it leads inside");
    assert!(matches!(failure, Failure::AddressRefused(_)), "{failure:?}");
    assert_eq!(wanted.lock().expect("a list").len(), 0);
}

#[tokio::test]
async fn no_failure_of_a_proxy_tells_its_password() {
    let refusing = Origin::start().await;
    refusing.on("http://news.example/feed", Reply::status(407));
    for (scheme, place) in [("http", refusing.authority()), ("socks5", refusing.authority()), ("socks5h", "127.0.0.1:1".to_owned())] {
        for url in ["http://news.example/feed", "https://news.example/feed"] {
            let asking = proxied(url, scheme, &place);
            assert!(!format!("{asking:?}").contains("SECRET"));
            let failure = client().fetch(asking).await.expect_err(url);
            assert!(!format!("{failure} {failure:?}").contains("SECRET"), "{scheme} {url}: {failure:?}");
        }
    }
}

#[tokio::test]
async fn an_authority_of_its_own_is_trusted_for_one_source_alone() {
    let origin = Origin::launch_tls();
    origin.on("/feed", Reply::ok(FEED));
    let client = Client::new(&ClientSettings { resolver: loopback(), ..ClientSettings::default() }).expect("a client");
    let usual = request(&origin.url("/feed"), &[&origin]);
    let trusting = Request { route: Route { proxy: None, authority: Some(AUTHORITY_PEM.into()) }, ..usual.clone() };
    for _ in 0..2 {
        let answer = client.fetch(trusting.clone()).await.expect("a feed");
        assert_eq!(answer.body, FEED);
        let years = answer.certificate.map(|validity| [validity.from, validity.until].map(|at| at.rfc3339()[..4].to_owned()));
        assert_eq!(years, Some(["2020".to_owned(), "2120".to_owned()]));
        assert!(matches!(client.fetch(usual.clone()).await, Err(Failure::Tls(why)) if why.contains("UnknownIssuer")));
    }
}
