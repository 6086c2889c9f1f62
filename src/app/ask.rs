//! Asks the daemon that holds the store: the commands' way in while it runs.

use std::{path::Path, time::Duration};

use anyhow::{Context, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Method, Request, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::daemon_file::DaemonFile;

/// Importing a large folder or polling a long list takes its time; a daemon that hangs should not hold a terminal for ever.
const ANSWER_MAX: Duration = Duration::from_secs(3600);

/// A running daemon.
pub(super) struct Daemon(DaemonFile);

impl Daemon {
    /// The daemon that uses `data_dir`; none if it left no `daemon.json`. The file may name one that is dead.
    pub(super) fn find(data_dir: &Path) -> Option<Self> {
        DaemonFile::read(data_dir).map(Self)
    }

    /// Sends one request and returns the body of the answer. `body` is JSON.
    pub(super) async fn ask(&self, method: Method, path: &str, body: String) -> anyhow::Result<String> {
        let DaemonFile { pid, address, token } = &self.0;
        let exchange = async {
            let stream = TcpStream::connect(address).await.with_context(|| format!("no daemon answers at {address} (process {pid})"))?;
            let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
            tokio::spawn(connection);
            let request = Request::builder()
                .method(method)
                .uri(path)
                .header(header::HOST, address.to_string())
                .header(header::AUTHORIZATION, format!("Bearer {token}"))
                .header(header::CONTENT_TYPE, "application/json")
                .body(Full::new(Bytes::from(body)))?;
            let response = sender.send_request(request).await?;
            let status = response.status();
            let is_text = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/plain"));
            let text = String::from_utf8_lossy(&response.into_body().collect().await?.to_bytes()).into_owned();
            if !status.is_success() {
                bail!("{}", reason(&text, is_text).unwrap_or_else(|| format!("the daemon answers with status {status}")));
            }
            Ok(text)
        };
        tokio::time::timeout(ANSWER_MAX, exchange).await.context("the daemon did not answer within an hour")?
    }
}

/// What the daemon says in `{"error": ...}`, or in lines of plain text.
fn reason(answer: &str, is_text: bool) -> Option<String> {
    if is_text {
        return Some(answer.trim_end().replace('\n', "; "));
    }
    let answer: serde_json::Value = serde_json::from_str(answer).ok()?;
    Some(answer["error"].as_str()?.to_owned())
}
