//! 钉钉: custom robots of groups. Markdown of 20,000 bytes, 20 messages a minute: who sends more is not heard for ten minutes.

use std::time::Duration;

use serde_json::json;
use url::form_urlencoded;

use super::{Chat, Codes, json, markdown, signature};
use crate::{
    fetch::Post,
    model::{Hook, Link, Timestamp},
    notify::message::Message,
};

pub(super) const CHAT: Chat =
    Chat { bytes_max: 20_000, gap: Duration::from_millis(3200), post, judge: |receipt, now| CODES.judge(receipt, now) };

const SILENCE: Duration = Duration::from_secs(601);

/// -1 is a busy service, 130101 and 660026 are too many messages.
const CODES: Codes =
    Codes { code: "errcode", reason: "errmsg", passing: &[(-1, Duration::from_secs(30)), (130_101, SILENCE), (660_026, SILENCE)] };

fn post(hook: &Hook, message: &Message, now: Timestamp) -> Post {
    let heading = message.heading();
    let text = format!("#### {heading}\n{}", markdown(message));
    let mut post = json(hook, &json!({ "msgtype": "markdown", "markdown": { "title": heading, "text": text } }));
    if let Some(secret) = &hook.secret {
        let millis = now.as_millis().to_string();
        let sign = signature(secret.as_bytes(), format!("{millis}\n{secret}").as_bytes());
        let mut url = post.url.to_url();
        let sign: String = form_urlencoded::byte_serialize(sign.as_bytes()).collect();
        let query = url.query().map_or_else(String::new, |query| format!("{query}&"));
        url.set_query(Some(&format!("{query}timestamp={millis}&sign={sign}")));
        // One that becomes too long by it is refused by the service, and that is told.
        post.url = Link::try_from(url).unwrap_or(post.url);
    }
    post
}
