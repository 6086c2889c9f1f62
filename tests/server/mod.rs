//! A server on a free port, and what it answers.

#![allow(dead_code, reason = "each test file uses its own part of this")]

#[path = "../support/site.rs"]
mod site;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
    time::timeout,
};
use tokio_util::sync::{CancellationToken, DropGuard};
use watchfire::{
    clock::Clock,
    http::{self, Order, Served, Service},
    model::{Secret, SourceId, Text},
    render::{Site, SourceCard, SourceCards},
    search::follow,
    view::WindowLimits,
};

use crate::library::Library;
use site::site;

/// What the server serves by.
pub type Settings = Arc<Served>;

/// The operator's token.
pub const TOKEN: &str = "a token of some length";

/// Longer than anything here takes on a busy machine; only a failing test waits so long.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A server on a free port; it stops when it is dropped.
pub struct Server {
    pub address: SocketAddr,
    pub served: watch::Sender<Arc<Served>>,
    pub orders: mpsc::Receiver<Order>,
    shutdown: Option<oneshot::Sender<()>>,
    running: JoinHandle<bool>,
    following: JoinHandle<()>,
    end: DropGuard,
}

/// Settings with one source.
pub fn served(title: &str) -> Arc<Served> {
    let mut cards = SourceCards::default();
    cards.insert(SourceId::parse("krebs").expect("a slug"), SourceCard::named(Text::line("Krebs on Security", 80)));
    Arc::new(Served {
        site: Site { title: Text::line(title, 80), author: Text::line(title, 80), ..site() },
        cards,
        window: WindowLimits::default(),
        views: [].into(),
        interval_min: Duration::from_secs(1200),
    })
}

impl Server {
    /// Serves a library.
    pub async fn start(library: &Library, settings: Settings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (served, receiver) = watch::channel(settings);
        let (sender, orders) = mpsc::channel(4);
        let (shutdown, stopped) = oneshot::channel::<()>();
        let search = library.search();
        let end = CancellationToken::new();
        let (is_following, is_following_out) = watch::channel(true);
        let following = tokio::spawn(follow(search.clone(), library.store(), is_following, end.clone()));
        let service = Service {
            store: library.store(),
            search,
            is_following: is_following_out,
            refused: watch::channel(None).1,
            served: receiver,
            orders: sender,
            token: Secret::new(TOKEN.to_owned()),
            topics: tokio::sync::watch::Sender::default(),
            connections_max: 512,
            clock: Clock::System,
        };
        let running = tokio::spawn(http::run(listener, service, async { drop(stopped.await) }));
        Self { address, served, orders, shutdown: Some(shutdown), running, following, end: end.drop_guard() }
    }

    /// One request on a connection of its own.
    pub async fn ask(&self, method: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.ask_with_body(method, path, (fields, "")).await
    }

    /// The same with a body.
    pub async fn ask_with_body(&self, method: &str, path: &str, (fields, body): (&[(&str, &str)], &str)) -> Answer {
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n");
        fields.iter().for_each(|(name, value)| request += &format!("{name}: {value}\r\n"));
        if !body.is_empty() {
            request += &format!("Content-Length: {}\r\n", body.len());
        }
        self.send(&(request + "\r\n" + body)).await
    }

    /// Sends a request as it is.
    pub async fn send(&self, request: &str) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.expect("connected");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut bytes = Vec::new();
        timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("an answer in time").expect("read");
        Answer::parse(&bytes)
    }

    /// Asks for the feed until it holds `needle`.
    pub async fn wait_for(&self, needle: &str) {
        let found = async {
            while !self.ask("GET", "/feed.atom", &[]).await.text().contains(needle) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(PATIENCE, found).await.expect(needle);
    }

    /// Stops, and says whether every answer was finished.
    pub async fn stop(mut self) -> bool {
        drop(self.shutdown.take());
        drop(self.end);
        timeout(PATIENCE, self.following).await.expect("an end").expect("no panic");
        timeout(PATIENCE, &mut self.running).await.expect("an end").expect("no panic")
    }
}

/// An answer.
pub struct Answer {
    pub status: u16,
    pub fields: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// Reads an answer.
    pub fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
        let head = std::str::from_utf8(&bytes[..end]).expect("ASCII");
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok()).expect("a status");
        let pair = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).expect("a field");
        let fields: Vec<_> = lines.map(pair).collect();
        let body = bytes[end + 4..].to_vec();
        let is_chunked = fields.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
        Self { status, fields, body: if is_chunked { unchunked(&body) } else { body } }
    }

    /// One of its fields.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Its body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|window| window == b"\r\n").expect("a chunk's size");
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).expect("ASCII"), 16).expect("a size");
        if size == 0 {
            return body;
        }
        body.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 4 + size..];
    }
}
