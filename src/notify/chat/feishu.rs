//! 飞书 and Lark: custom bots of groups. Rich text (`post`), whose parts are fields and not markup, so that nothing in a title can become a
//! link or a mention. 30 KB a request, 100 a minute, 5 a second.

use std::time::Duration;

use serde_json::json;

use super::{Chat, Codes, json, signature};
use crate::{
    fetch::Post,
    model::{Hook, Timestamp},
    notify::message::Message,
};

pub(super) const CHAT: Chat =
    Chat { bytes_max: 30_000, gap: Duration::from_millis(700), post, judge: |receipt, now| CODES.judge(receipt, now) };

/// 9499 and 11232 are too many requests; 11233 too many of one app.
const CODES: Codes = Codes {
    code: "code",
    reason: "msg",
    passing: &[(9499, Duration::from_secs(60)), (11232, Duration::from_secs(60)), (11233, Duration::from_secs(60))],
};

fn post(hook: &Hook, message: &Message, now: Timestamp) -> Post {
    let mut lines = Vec::new();
    for note in &message.notes {
        lines.push(json!([{ "tag": "a", "text": note.title, "href": note.link }]));
        if !note.detail.is_empty() {
            lines.push(json!([{ "tag": "text", "text": note.detail }]));
        }
    }
    let content = json!({ "post": { "zh_cn": { "title": message.heading(), "content": lines } } });
    let mut body = json!({ "msg_type": "post", "content": content });
    if let Some(secret) = &hook.secret {
        // The text to sign is the key, and nothing is signed with it.
        let timestamp = now.as_secs().to_string();
        body["sign"] = json!(signature(format!("{timestamp}\n{secret}").as_bytes(), b""));
        body["timestamp"] = json!(timestamp);
    }
    json(hook, &body)
}
