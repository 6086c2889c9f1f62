//! The services that take messages over HTTP.

/// Whom a notification is posted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Messenger {
    /// A program of the operator's own.
    Webhook,
    /// 飞书, Lark.
    Feishu,
    /// 企业微信.
    Wecom,
    /// 钉钉.
    Dingtalk,
}

impl Messenger {
    /// All services with the words that the configuration uses.
    pub const ALL: [(Self, &'static str); 4] =
        [(Self::Webhook, "webhook"), (Self::Feishu, "feishu"), (Self::Wecom, "wecom"), (Self::Dingtalk, "dingtalk")];

    /// The service in a word.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(messenger, _)| *messenger == self).map_or("", |(_, word)| word)
    }

    /// Reads the word back.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == word).map(|(messenger, _)| *messenger)
    }
}
