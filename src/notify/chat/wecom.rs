//! 企业微信: robots of groups. Markdown of 4096 bytes, 20 messages a minute. The key in the address is all that proves who we are.

use std::time::Duration;

use serde_json::json;

use super::{Chat, Codes, json, markdown};
use crate::{
    fetch::Post,
    model::{Hook, Timestamp},
    notify::message::Message,
};

/// The limit is of the text alone; keeping the whole request to it is simpler, and leaves room for how the service counts.
pub(super) const CHAT: Chat =
    Chat { bytes_max: 4096, gap: Duration::from_millis(3200), post, judge: |receipt, now| CODES.judge(receipt, now) };

/// -1 is a busy service, 45009 too many messages.
const CODES: Codes =
    Codes { code: "errcode", reason: "errmsg", passing: &[(-1, Duration::from_secs(30)), (45009, Duration::from_secs(60))] };

fn post(hook: &Hook, message: &Message, _now: Timestamp) -> Post {
    let content = format!("**{}**\n{}", message.heading(), markdown(message));
    json(hook, &json!({ "msgtype": "markdown", "markdown": { "content": content } }))
}
