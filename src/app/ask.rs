//! Asks the daemon that holds the store: the commands' way in while it runs.

use std::{path::Path, time::Duration};

use anyhow::{Context, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Method, Request, Response, body::Incoming, header};
use hyper_util::rt::TokioIo;
use serde_json::value::RawValue;
use tokio::net::TcpStream;

use super::daemon_file::DaemonFile;
use crate::http::LINES_TYPE;

/// Importing a large folder or polling a long list takes its time; a daemon that hangs should not hold a terminal for ever.
const ANSWER_MAX: Duration = Duration::from_secs(3600);
const TOO_LATE: &str = "the daemon did not answer within an hour";

/// A running daemon.
pub(super) struct Daemon(DaemonFile);

impl Daemon {
    /// The daemon that uses `data_dir`; none if it left no `daemon.json`. The file may name one that is dead.
    pub(super) fn find(data_dir: &Path) -> Option<Self> {
        DaemonFile::read(data_dir).map(Self)
    }

    /// Sends one request and returns the body of the answer. `body` is JSON.
    pub(super) async fn ask(&self, method: Method, path: &str, body: String) -> anyhow::Result<String> {
        let exchange = async { whole(self.send(method, path, (body, "*/*")).await?).await };
        tokio::time::timeout(ANSWER_MAX, exchange).await.context(TOO_LATE)?
    }

    /// Orders something that takes its time: `progress` hears how far the daemon is, 0 to 1, if it says so.
    pub(super) async fn order(&self, path: &str, body: String, progress: impl FnMut(f64)) -> anyhow::Result<String> {
        let exchange = async {
            let response = self.send(Method::POST, path, (body, LINES_TYPE)).await?;
            if is_of(&response, LINES_TYPE) { follow(response.into_body(), progress).await } else { whole(response).await }
        };
        tokio::time::timeout(ANSWER_MAX, exchange).await.context(TOO_LATE)?
    }

    async fn send(&self, method: Method, path: &str, (body, accepted): (String, &str)) -> anyhow::Result<Response<Incoming>> {
        let DaemonFile { pid, address, token } = &self.0;
        let stream = TcpStream::connect(address).await.with_context(|| format!("no daemon answers at {address} (process {pid})"))?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, address.to_string())
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::ACCEPT, accepted)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))?;
        Ok(sender.send_request(request).await?)
    }
}

/// The body of an answer, or what it says is wrong.
async fn whole(response: Response<Incoming>) -> anyhow::Result<String> {
    let (status, is_text) = (response.status(), is_of(&response, "text/plain"));
    let text = String::from_utf8_lossy(&response.into_body().collect().await?.to_bytes()).into_owned();
    if !status.is_success() {
        bail!("{}", reason(&text, is_text).unwrap_or_else(|| format!("the daemon answers with status {status}")));
    }
    Ok(text)
}

fn is_of(response: &Response<Incoming>, media_type: &str) -> bool {
    response.headers().get(header::CONTENT_TYPE).is_some_and(|found| found.as_bytes().starts_with(media_type.as_bytes()))
}

/// Reads lines that say how far the daemon is, to the last, which has the outcome.
async fn follow(mut body: Incoming, mut progress: impl FnMut(f64)) -> anyhow::Result<String> {
    let mut rest = Vec::new();
    while let Some(frame) = body.frame().await {
        rest.extend_from_slice(frame?.data_ref().map_or(&[], |data| data));
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = rest.drain(..=end).collect();
            match serde_json::from_slice(&line)? {
                Line::Progress(share) => progress(share),
                Line::Done(outcome) => return Ok(outcome.get().to_owned()),
                Line::Error(why) => bail!("{why}"),
            }
        }
    }
    bail!("the daemon ended before the work did")
}

/// One such line.
#[derive(serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Line {
    Progress(f64),
    Done(Box<RawValue>),
    Error(String),
}

/// What the daemon says in `{"error": ...}`, or in lines of plain text.
fn reason(answer: &str, is_text: bool) -> Option<String> {
    if is_text {
        return Some(answer.trim_end().replace('\n', "; "));
    }
    let answer: serde_json::Value = serde_json::from_str(answer).ok()?;
    Some(answer["error"].as_str()?.to_owned())
}
