//! One message posted to a receiver that the operator named, under the same guard as every request. No redirects: a receiver that has
//! moved is one that the operator has to name anew, and its address may be a secret.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue};

use super::{
    client::Client,
    failure, freshness,
    guard::{self, Reach},
};
use crate::model::{Failure, FetchLimits, HeaderPair, Link, PrivateHost, Timestamp};

/// Bytes of an answer that are read: enough for a code and a sentence.
const ANSWER_BYTES_MAX: usize = 16 << 10;

/// How long all of it may take.
const SPAN_MAX: Duration = Duration::from_secs(30);

/// A message. `Debug` would show its address, so there is none.
#[derive(Clone)]
pub struct Post {
    /// Where it goes; may be a secret.
    pub url: Link,
    /// Beside those that every request has.
    pub headers: Vec<HeaderPair>,
    /// What is said.
    pub body: Vec<u8>,
    /// Private addresses that may be reached.
    pub allow_private: Vec<PrivateHost>,
}

/// What the receiver said to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The status.
    pub status: u16,
    /// Until when it asked us to wait.
    pub retry_after: Option<Timestamp>,
    /// The beginning of the body.
    pub body: Bytes,
}

impl Client {
    /// Posts a message and reads what the receiver says. An error has no address in it.
    pub async fn post(&self, post: Post, now: Timestamp) -> Result<Receipt, Failure> {
        let sent = tokio::time::timeout(SPAN_MAX, self.post_once(post, now)).await;
        sent.unwrap_or(Err(Failure::Timeout { phase: "post", after: SPAN_MAX }))
    }

    async fn post_once(&self, post: Post, now: Timestamp) -> Result<Receipt, Failure> {
        let reach = guard::check(&post.url, &post.allow_private).map_err(|why| Failure::AddressRefused(failure::line(&why)))?;
        let client = self.of_reach(reach);
        let mut headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json, */*;q=0.1"))]);
        for HeaderPair { name, value } in &post.headers {
            let pair = HeaderName::try_from(name.as_str()).ok().zip(HeaderValue::try_from(value.as_str()).ok());
            let (name, value) = pair.ok_or_else(|| Failure::Connect("a header cannot be sent".to_owned()))?;
            headers.insert(name, value);
        }
        let sending = client.post(post.url.to_url()).headers(headers).body(post.body).send();
        let mut answer = sending.await.map_err(|error| failure::before_head(&error, &FetchLimits::default()))?;
        if reach == Reach::Public
            && let Some(what) = answer.remote_addr().and_then(|peer| guard::non_public(peer.ip()))
        {
            return Err(Failure::AddressRefused(format!("the connection went to {what}")));
        }
        let (status, retry_after) = (answer.status().as_u16(), freshness::retry_after(answer.headers(), now));
        let mut body = Vec::new();
        // The message has arrived: what goes wrong from here on changes nothing.
        while let Ok(Some(chunk)) = answer.chunk().await {
            let room = ANSWER_BYTES_MAX - body.len();
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if body.len() == ANSWER_BYTES_MAX {
                break;
            }
        }
        Ok(Receipt { status, retry_after, body: body.into() })
    }
}
