//! A scripted HTTP origin on loopback. It says what it is told, path by path and host by host, and records what it was asked and when.
//!
//! It runs on a thread of its own, so blocking tests can use it too, and ends when it is dropped.
//!
//! ```ignore
//! let origin = Origin::start().await;
//! origin.on("/feed.xml", Reply::ok(FEED).header("etag", "\"1\"").conditional());
//! origin.script("/flaky", [Reply::status(503), Reply::ok(FEED)]);
//! // ... ask origin.url("/feed.xml"), with origin.authority() in `allow_private` ...
//! assert_eq!(origin.requests("/feed.xml").len(), 1);
//! ```

use std::{
    collections::{HashMap, VecDeque},
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    thread::JoinHandle,
    time::Instant,
};

use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::reply::header_of;
pub use super::reply::{Cut, Reply};

/// The authority that signed the certificate of [`Origin::launch_tls`], for `a.test`, `b.test` and 127.0.0.1.
pub const AUTHORITY_PEM: &[u8] = include_bytes!("tls/authority.pem");

/// Longest request head that is read.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// The first byte of a TLS connection.
const TLS_HANDSHAKE: u8 = 0x16;

/// The origin.
pub struct Origin {
    address: SocketAddr,
    scheme: &'static str,
    state: Arc<Mutex<State>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    /// By `/path?query`, or by `host/path?query`, which is looked up first.
    replies: HashMap<String, VecDeque<Reply>>,
    seen: Vec<Seen>,
    connections: usize,
    in_flight: HashMap<String, usize>,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Path and query.
    pub target: String,
    /// `Host` without its port.
    pub host: String,
    /// Request line and headers, byte for byte.
    pub raw: Vec<u8>,
    /// When its head was complete.
    pub at: Instant,
    /// Which connection it came on, counted from 1.
    pub connection: usize,
    /// Requests of this host that were being answered when it came, itself included.
    pub in_flight: usize,
}

impl Seen {
    /// The raw value of a header.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        header_of(&self.raw, name)
    }

    /// The names of all headers, lowercase, sorted.
    pub fn header_names(&self) -> Vec<String> {
        let text = String::from_utf8_lossy(&self.raw);
        let mut names: Vec<_> = text.lines().skip(1).filter_map(|line| Some(line.split_once(':')?.0.to_ascii_lowercase())).collect();
        names.sort();
        names
    }
}

impl Origin {
    /// Starts an origin on a free port of 127.0.0.1.
    pub async fn start() -> Self {
        Self::launch()
    }

    /// The same for tests that are not async.
    pub fn launch() -> Self {
        Self::launch_at("127.0.0.1:0").expect("a free port")
    }

    /// An origin on all addresses, so that every 127.x.y.z is a host of its own.
    pub fn launch_on_all() -> Self {
        Self::launch_at("0.0.0.0:0").expect("a free port")
    }

    /// An origin at one address, for tests that need a certain port.
    pub fn launch_at(address: &str) -> io::Result<Self> {
        Ok(Self::launch_with(std::net::TcpListener::bind(address)?, None))
    }

    /// An https origin; see [`AUTHORITY_PEM`].
    pub fn launch_tls() -> Self {
        let certificate = CertificateDer::from_pem_slice(include_bytes!("tls/origin.pem")).expect("a certificate");
        let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls/origin.key")).expect("a key");
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![certificate], key))
            .expect("a TLS configuration");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        Self::launch_with(listener, Some(TlsAcceptor::from(Arc::new(config))))
    }

    fn launch_with(listener: std::net::TcpListener, tls: Option<TlsAcceptor>) -> Self {
        listener.set_nonblocking(true).expect("a listener that does not block");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(Mutex::new(State::default()));
        let scheme = if tls.is_some() { "https" } else { "http" };
        let (stop, stopped) = oneshot::channel();
        let shared = Arc::clone(&state);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                tokio::select! {
                    () = accept(listener, tls, shared) => {}
                    _ = stopped => {}
                }
            });
        });
        Self { address, scheme, state, stop: Some(stop), thread: Some(thread) }
    }

    /// Always gives this reply to `key`: `/path?query`, or `host/path?query` for one host alone.
    pub fn on(&self, key: &str, reply: Reply) -> &Self {
        self.script(key, [reply])
    }

    /// Gives these replies one after the other; the last one stays.
    pub fn script(&self, key: &str, replies: impl IntoIterator<Item = Reply>) -> &Self {
        self.state().replies.insert(key.to_owned(), replies.into_iter().collect());
        self
    }

    /// The requests for a path (and query) so far, in order.
    pub fn requests(&self, target: &str) -> Vec<Seen> {
        self.state().seen.iter().filter(|seen| seen.target == target).cloned().collect()
    }

    /// All requests so far, in order.
    pub fn all_requests(&self) -> Vec<Seen> {
        self.state().seen.clone()
    }

    /// Connections accepted so far, also those without a request.
    pub fn connections(&self) -> usize {
        self.state().connections
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `127.0.0.1:port`, as `allow_private` wants it.
    pub fn authority(&self) -> String {
        self.authority_at("127.0.0.1")
    }

    /// `host:port`; the test's resolver must lead `host` to loopback.
    pub fn authority_at(&self, host: &str) -> String {
        format!("{host}:{}", self.address.port())
    }

    /// The URL of a path on 127.0.0.1.
    pub fn url(&self, path: &str) -> String {
        self.url_at("127.0.0.1", path)
    }

    /// The URL of a path on some host.
    pub fn url_at(&self, host: &str, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.authority_at(host))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// A connection, encrypted or not, whose TCP stream can still be reset.
trait Wire: AsyncRead + AsyncWrite + Unpin + Send {
    fn tcp(&self) -> &TcpStream;
}

impl Wire for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Wire for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

async fn accept(listener: std::net::TcpListener, tls: Option<TlsAcceptor>, state: Arc<Mutex<State>>) {
    let listener = TcpListener::from_std(listener).expect("a listener");
    while let Ok((stream, _)) = listener.accept().await {
        let connection = {
            let mut state = lock(&state);
            state.connections += 1;
            state.connections
        };
        let (tls, state) = (tls.clone(), Arc::clone(&state));
        tokio::spawn(async move {
            let _ = stream.set_nodelay(true);
            // A client that goes away in the middle is none of our business.
            let _ = match tls {
                None => serve(Box::new(stream), connection, &state).await,
                Some(tls) => match tls.accept(stream).await {
                    Ok(stream) => serve(Box::new(stream), connection, &state).await,
                    Err(error) => Err(error),
                },
            };
        });
    }
}

async fn serve(mut wire: Box<dyn Wire>, connection: usize, state: &Mutex<State>) -> io::Result<()> {
    let mut pending = Vec::new();
    while let Some(raw) = read_head(&mut wire, &mut pending).await? {
        let line = String::from_utf8_lossy(&raw);
        let target = line.split(' ').nth(1).unwrap_or_default().to_owned();
        let host = String::from_utf8_lossy(header_of(&raw, "host").unwrap_or_default()).into_owned();
        let host = host.rsplit_once(':').map_or(host.clone(), |(name, _)| name.to_owned());
        let reply = arrive(state, Seen { target, host: host.clone(), raw: raw.clone(), at: Instant::now(), connection, in_flight: 0 });
        let sent = say(&mut wire, &reply, &raw).await;
        if let Some(count) = lock(state).in_flight.get_mut(&host) {
            *count -= 1;
        }
        sent?;
        if reply.closes() || reply.cut.is_some() {
            break;
        }
    }
    let _ = wire.shutdown().await;
    Ok(())
}

/// Records a request and picks its reply.
fn arrive(state: &Mutex<State>, mut seen: Seen) -> Reply {
    let mut state = lock(state);
    let count = state.in_flight.entry(seen.host.clone()).or_default();
    *count += 1;
    seen.in_flight = *count;
    let keys = [format!("{}{}", seen.host, seen.target), seen.target.clone()];
    state.seen.push(seen);
    for key in keys {
        if let Some(replies) = state.replies.get_mut(&key) {
            let next = if replies.len() > 1 { replies.pop_front() } else { replies.front().cloned() };
            return next.unwrap_or_else(|| Reply::status(404));
        }
    }
    Reply::status(404)
}

/// The next request head; `None` at the end of the connection, and for a TLS handshake on a plain port.
async fn read_head(wire: &mut Box<dyn Wire>, pending: &mut Vec<u8>) -> io::Result<Option<Vec<u8>>> {
    loop {
        if let Some(end) = pending.windows(4).position(|window| window == b"\r\n\r\n") {
            let rest = pending.split_off(end + 4);
            return Ok(Some(std::mem::replace(pending, rest)));
        }
        if pending.first() == Some(&TLS_HANDSHAKE) {
            wire.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await?;
            return Ok(None);
        }
        if pending.len() > HEAD_BYTES_MAX || wire.read_buf(pending).await? == 0 {
            return Ok(None);
        }
    }
}

async fn say(wire: &mut Box<dyn Wire>, reply: &Reply, request: &[u8]) -> io::Result<()> {
    tokio::time::sleep(reply.delay).await;
    let mut message = reply.message(request);
    if let Some((at, _)) = reply.cut {
        message.truncate(at);
    }
    let (piece_bytes, pause) = reply.drip.unwrap_or((message.len().max(1), std::time::Duration::ZERO));
    for piece in message.chunks(piece_bytes) {
        wire.write_all(piece).await?;
        wire.flush().await?;
        tokio::time::sleep(pause).await;
    }
    while reply.is_endless() {
        wire.write_all(&reply.chunk()).await?;
        tokio::time::sleep(pause).await;
    }
    match reply.cut {
        Some((_, Cut::Reset)) => wire.tcp().set_zero_linger()?,
        Some((_, Cut::Hang)) => std::future::pending().await,
        Some((_, Cut::Close)) | None => {}
    }
    // A reset must not be preceded by an orderly end.
    if matches!(reply.cut, Some((_, Cut::Reset))) { Err(io::Error::other("reset as scripted")) } else { Ok(()) }
}
