//! The services that take messages over HTTP, each with its form, its limits, its signature and its way of saying no. One more is one
//! file here, and one row in [`of`] and in [`Messenger`].

mod dingtalk;
mod feishu;
mod webhook;
mod wecom;

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::hmac;

use super::message::Message;
use crate::{
    fetch::{Post, Receipt},
    model::{Failure, HeaderPair, Hook, Messenger, Text, Timestamp},
};

/// A service.
pub(super) struct Chat {
    /// Bytes of the body of one request.
    pub(super) bytes_max: usize,
    /// The distance between two messages that keeps to its limits whatever else is configured.
    pub(super) gap: Duration,
    /// Puts a message in its form, signed for this moment.
    pub(super) post: fn(&Hook, &Message, Timestamp) -> Post,
    /// What an answer with a status of success means.
    pub(super) judge: fn(&Receipt, Timestamp) -> Judgement,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// It has arrived.
    Taken,
    /// It may arrive later; not before the time, if there is one. Why, in words.
    Later(Option<Timestamp>, String),
    /// It is not wanted as it is. Why, in words.
    Refused(String),
}

/// What a message that never got there means.
impl From<Failure> for Judgement {
    fn from(failure: Failure) -> Self {
        match failure {
            // The operator has to say that it may go there.
            Failure::AddressRefused(_) => Self::Refused(failure.to_string()),
            _ => Self::Later(None, failure.to_string()),
        }
    }
}

/// The form of a service.
pub(super) fn of(messenger: Messenger) -> &'static Chat {
    match messenger {
        Messenger::Webhook => &webhook::CHAT,
        Messenger::Feishu => &feishu::CHAT,
        Messenger::Wecom => &wecom::CHAT,
        Messenger::Dingtalk => &dingtalk::CHAT,
    }
}

impl Chat {
    /// What an answer means.
    pub(super) fn judged(&self, receipt: &Receipt, now: Timestamp) -> Judgement {
        let words = format!("status {}{}", receipt.status, quoted(&receipt.body));
        match receipt.status {
            200..=299 => (self.judge)(receipt, now),
            408 | 429 | 500.. => Judgement::Later(receipt.retry_after, words),
            _ => Judgement::Refused(words),
        }
    }
}

/// The codes of services that answer 200 to everything: which one is success, and which of the others pass by themselves.
struct Codes {
    /// The field that holds the code.
    code: &'static str,
    /// The field that holds the reason.
    reason: &'static str,
    /// Codes that pass, each with the wait.
    passing: &'static [(i64, Duration)],
}

impl Codes {
    fn judge(&self, receipt: &Receipt, now: Timestamp) -> Judgement {
        let answer: Option<serde_json::Value> = serde_json::from_slice(&receipt.body).ok();
        let Some(code) = answer.as_ref().and_then(|answer| answer.get(self.code)).and_then(serde_json::Value::as_i64) else {
            return Judgement::Later(None, format!("an answer without `{}`{}", self.code, quoted(&receipt.body)));
        };
        if code == 0 {
            return Judgement::Taken;
        }
        let reason = answer.as_ref().and_then(|answer| answer.get(self.reason)).and_then(serde_json::Value::as_str).unwrap_or_default();
        let words = format!("{} {code}: {}", self.code, Text::line(reason, 200));
        match self.passing.iter().find(|(passing, _)| *passing == code) {
            Some((_, wait)) => Judgement::Later(Some(now + *wait), words),
            None => Judgement::Refused(words),
        }
    }
}

/// A request with a JSON body.
fn json(hook: &Hook, body: &serde_json::Value) -> Post {
    let content_type = HeaderPair { name: "content-type".to_owned(), value: "application/json; charset=utf-8".to_owned() };
    Post {
        url: hook.url.clone(),
        headers: vec![content_type],
        body: body.to_string().into_bytes(),
        allow_private: hook.allow_private.clone(),
    }
}

/// HMAC-SHA256 in base64.
fn signature(key: &[u8], data: &[u8]) -> String {
    STANDARD.encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data))
}

/// A text that no Markdown of a chat takes for its own, nor for a mention: what others wrote must not look like our words or links.
fn unmarked(text: &str) -> String {
    let plain = |c| match c {
        '[' => '［',
        ']' => '］',
        '<' => '＜',
        '>' => '＞',
        '*' => '＊',
        '`' => '｀',
        '\\' => '＼',
        c => c,
    };
    text.chars().map(plain).collect()
}

/// The notes as a list in Markdown.
fn markdown(message: &Message) -> String {
    let mut text = String::new();
    for note in &message.notes {
        // Brackets would end the address too early.
        let link = note.link.replace('(', "%28").replace(')', "%29");
        text += &format!("- [{}]({link})", unmarked(&note.title));
        if !note.detail.is_empty() {
            text += &format!("  \n  {}", unmarked(&note.detail));
        }
        text.push('\n');
    }
    text
}

fn quoted(body: &[u8]) -> String {
    let line = Text::line(&String::from_utf8_lossy(body), 160);
    if line.is_empty() { String::new() } else { format!(": {line}") }
}
