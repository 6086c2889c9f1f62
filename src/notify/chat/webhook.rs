//! A program of the operator's own: JSON, signed as Standard Webhooks has it (<https://www.standardwebhooks.com>), so that libraries for
//! the other side exist.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;

use super::{Chat, Judgement, json, signature};
use crate::{
    fetch::Post,
    model::{HeaderPair, Hook, Timestamp},
    notify::message::{Kind, Message, Note},
};

pub(super) const CHAT: Chat = Chat { bytes_max: 256 << 10, gap: Duration::ZERO, post, judge: |_, _| Judgement::Taken };

/// Secrets that begin so hold their bytes in base64.
const SECRET_MARK: &str = "whsec_";

fn post(hook: &Hook, message: &Message, now: Timestamp) -> Post {
    let entry = |note: &Note| {
        json!({
            "kind": note.kind.as_str(), "title": note.title, "url": note.link, "page": note.page, "text": note.detail,
            "at": Some(&note.at).filter(|at| !at.is_empty()), "sources": note.voices, "tags": note.tags,
        })
    };
    let entries: Vec<_> = message.notes.iter().map(entry).collect();
    let kind = if message.notes.iter().any(|note| note.kind == Kind::Test) { "test" } else { "notification" };
    let mut post = json(
        hook,
        &json!({ "id": message.id.to_string(), "type": kind, "receiver": message.receiver, "title": message.heading(), "entries": entries }),
    );
    let (id, timestamp) = (message.id.to_string(), now.as_secs().to_string());
    let mut header = |name: &str, value: String| post.headers.push(HeaderPair { name: name.to_owned(), value });
    header("webhook-id", id.clone());
    header("idempotency-key", id.clone());
    header("webhook-timestamp", timestamp.clone());
    if let Some(secret) = &hook.secret {
        let signed = [id.as_bytes(), b".", timestamp.as_bytes(), b".", &post.body].concat();
        post.headers.push(HeaderPair { name: "webhook-signature".to_owned(), value: format!("v1,{}", signature(&key(secret), &signed)) });
    }
    post
}

fn key(secret: &str) -> Vec<u8> {
    let decoded = secret.strip_prefix(SECRET_MARK).and_then(|secret| STANDARD.decode(secret).ok());
    decoded.unwrap_or_else(|| secret.as_bytes().to_vec())
}
