//! Receivers on loopback: a program, chats that enforce their documented limits and check their signatures, a mail server.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::hmac;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Received {
    /// Path and query.
    pub target: String,
    pub fields: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Received {
    pub fn field(&self, name: &str) -> &str {
        self.fields.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

/// What it is answered: status, further lines of the head, body.
pub type Said = (u16, String, String);

/// 200 and this body.
pub fn ok(body: &str) -> Said {
    (200, String::new(), body.to_owned())
}

/// A server that answers every request as it is told, on a thread of its own.
pub struct Receiving {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Received>>>,
}

impl Receiving {
    /// Answers each request with what `answer` says; it is told how many came before.
    pub fn start(answer: impl Fn(&Received, usize) -> Said + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let seen: Arc<Mutex<Vec<Received>>> = Arc::default();
        let log = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let Some(received) = read(&stream) else { continue };
                let before = {
                    let mut log = log.lock().expect("log");
                    log.push(received.clone());
                    log.len() - 1
                };
                let (status, head, body) = answer(&received, before);
                let length = body.len();
                let _ = (&stream).write_all(
                    format!("HTTP/1.1 {status} X\r\n{head}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}").as_bytes(),
                );
            }
        });
        Self { address, seen }
    }

    pub fn seen(&self) -> Vec<Received> {
        self.seen.lock().expect("log").clone()
    }

    pub fn authority(&self) -> String {
        self.address.to_string()
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

fn read(stream: &TcpStream) -> Option<Received> {
    stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
    let mut lines = BufReader::new(stream);
    let mut line = String::new();
    lines.read_line(&mut line).ok()?;
    let target = line.split(' ').nth(1)?.to_owned();
    assert!(line.starts_with("POST "), "{line}");
    let mut fields = Vec::new();
    loop {
        let mut line = String::new();
        lines.read_line(&mut line).ok()?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) => fields.push((name.to_ascii_lowercase(), value.to_owned())),
            None => break,
        }
    }
    let mut received = Received { target, fields, body: Vec::new() };
    let mut body = vec![0; received.field("content-length").parse().ok()?];
    lines.read_exact(&mut body).ok()?;
    received.body = body;
    Some(received)
}

/// HMAC-SHA256 in base64.
pub fn sign(key: &[u8], data: &[u8]) -> String {
    STANDARD.encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data))
}

/// 飞书: what its documentation says of a custom bot with a signature.
pub fn feishu(secret: &'static str) -> Receiving {
    Receiving::start(move |received, _| {
        let body = received.json();
        let timestamp = body["timestamp"].as_str().expect("a timestamp");
        if body["sign"] != sign(format!("{timestamp}\n{secret}").as_bytes(), b"") {
            return ok(r#"{"code":19021,"msg":"sign match fail or timestamp is not within one hour from current time"}"#);
        }
        let is_text = |part: &serde_json::Value| part["tag"] == "text" && part["text"].is_string();
        let is_link = |part: &serde_json::Value| part["tag"] == "a" && part["text"].is_string() && part["href"].is_string();
        let lines = body["content"]["post"]["zh_cn"]["content"].as_array().expect("lines");
        let is_sound = lines.iter().flat_map(|line| line.as_array().expect("parts")).all(|part| is_text(part) || is_link(part));
        if received.body.len() > 30_000 || body["msg_type"] != "post" || !is_sound {
            return ok(r#"{"code":9499,"msg":"Bad Request"}"#);
        }
        ok(r#"{"StatusCode":0,"StatusMessage":"success","code":0,"data":{},"msg":"success"}"#)
    })
}

/// 企业微信: a robot with a key in its address.
pub fn wecom() -> Receiving {
    Receiving::start(|received, _| {
        let body = received.json();
        let content = body["markdown"]["content"].as_str().unwrap_or_default();
        if !received.target.contains("key=k3y") {
            return ok(r#"{"errcode":93000,"errmsg":"invalid webhook url"}"#);
        }
        if body["msgtype"] != "markdown" || content.is_empty() || content.len() > 4096 {
            return ok(r#"{"errcode":40058,"errmsg":"markdown.content exceed max length 4096"}"#);
        }
        ok(r#"{"errcode":0,"errmsg":"ok"}"#)
    })
}

/// 钉钉: a robot with a signature in the query.
pub fn dingtalk(secret: &'static str) -> Receiving {
    Receiving::start(move |received, _| {
        let query: Vec<(String, String)> =
            url::form_urlencoded::parse(received.target.split_once('?').expect("a query").1.as_bytes()).into_owned().collect();
        let value = |name: &str| query.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str());
        let timestamp = value("timestamp");
        if value("access_token") != "t0ken" || value("sign") != sign(secret.as_bytes(), format!("{timestamp}\n{secret}").as_bytes()) {
            return ok(r#"{"errcode":310000,"errmsg":"sign not match"}"#);
        }
        let body = received.json();
        if body["msgtype"] != "markdown" || !body["markdown"]["title"].is_string() || received.body.len() > 20_000 {
            return ok(r#"{"errcode":460101,"errmsg":"message too long"}"#);
        }
        ok(r#"{"errcode":0,"errmsg":"ok"}"#)
    })
}

/// A mail server for one conversation after the other; keeps what it was told, line by line.
pub struct MailServer {
    pub address: SocketAddr,
    pub heard: Arc<Mutex<Vec<String>>>,
    /// It takes the next mail and goes away without a word.
    is_leaving: Arc<AtomicBool>,
}

impl MailServer {
    /// A server that answers recipients with `to`, such as `250 ok`.
    pub fn start(to: &'static str) -> Self {
        Self::protected(to, Protection::None)
    }

    /// The same with TLS, with the certificate of the tests.
    pub fn protected(to: &'static str, protection: Protection) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let heard: Arc<Mutex<Vec<String>>> = Arc::default();
        let is_leaving: Arc<AtomicBool> = Arc::default();
        let (log, leaves) = (Arc::clone(&heard), Arc::clone(&is_leaving));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let _ = protected(stream, &Manner { log: &log, to, leaves: &leaves }, protection);
            }
        });
        Self { address, heard, is_leaving }
    }

    /// The answer to the next mail gets lost.
    pub fn lose_first_answer(&self) {
        self.is_leaving.store(true, Ordering::Relaxed);
    }

    pub fn heard(&self) -> String {
        self.heard.lock().expect("log").join("\n")
    }
}

/// How a mail server protects its connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    None,
    StartTls,
    Implicit,
}

/// How a conversation goes.
struct Manner<'a> {
    log: &'a Mutex<Vec<String>>,
    /// The answer to recipients.
    to: &'a str,
    leaves: &'a AtomicBool,
}

fn protected(stream: TcpStream, manner: &Manner<'_>, protection: Protection) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut stream = stream;
    if protection == Protection::StartTls {
        stream.write_all(b"220 mail.test ESMTP\r\n")?;
        let mut lines = BufReader::new(stream.try_clone()?);
        let mut line = String::new();
        lines.read_line(&mut line)?;
        stream.write_all(b"250-mail.test\r\n250 STARTTLS\r\n")?;
        line.clear();
        lines.read_line(&mut line)?;
        assert_eq!(line, "STARTTLS\r\n", "nothing else goes over an open line");
        stream.write_all(b"220 go on\r\n")?;
    }
    if protection == Protection::None {
        stream.write_all(b"220 mail.test ESMTP\r\n")?;
        return converse(BufReader::new(stream.try_clone()?), stream, manner);
    }
    let connection = rustls::ServerConnection::new(Arc::new(tls())).map_err(std::io::Error::other)?;
    let shared = Mutex::new(rustls::StreamOwned::new(connection, stream));
    if protection == Protection::Implicit {
        shared.lock().expect("a stream").write_all(b"220 mail.test ESMTP\r\n")?;
    }
    converse(BufReader::new(Half(&shared)), Half(&shared), manner)
}

/// One direction of a connection.
struct Half<'a, S>(&'a Mutex<S>);

impl<S: Read> Read for Half<'_, S> {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        self.0.lock().expect("a stream").read(bytes)
    }
}

impl<S: Write> Write for Half<'_, S> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("a stream").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.lock().expect("a stream").flush()
    }
}

fn tls() -> rustls::ServerConfig {
    let certificate = CertificateDer::from_pem_slice(include_bytes!("../support/tls/origin.pem")).expect("a certificate");
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("../support/tls/origin.key")).expect("a key");
    rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![certificate], key))
        .expect("a TLS configuration")
}

fn converse(lines: impl BufRead, mut stream: impl Write, manner: &Manner<'_>) -> std::io::Result<()> {
    let mut is_data = false;
    for line in lines.lines() {
        let line = line?;
        manner.log.lock().expect("log").push(line.clone());
        let verb = line.split(' ').next().unwrap_or_default();
        let answer = match verb {
            "." if is_data && manner.leaves.swap(false, Ordering::Relaxed) => return Ok(()),
            "." if is_data => {
                is_data = false;
                "250 2.0.0 queued"
            }
            _ if is_data => continue,
            "EHLO" => "250-mail.test\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN",
            "AUTH" => "235 2.7.0 welcome",
            "RCPT" => manner.to,
            "DATA" => {
                is_data = true;
                "354 go on"
            }
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes())?;
        stream.flush()?;
    }
    Ok(())
}
