//! `[[notify]]`: who is told, of what, how often.

use std::{collections::HashMap, time::Duration};

use chrono_tz::Tz;

use super::{
    error::Fault,
    guess::did_you_mean,
    route::read_allow_private,
    secret::{Env, expand},
    section::{Position, Section, fault, shorten},
    tables::INTERVAL_MAX,
};
use crate::{
    model::{Carrier, Hook, Link, MailTls, Mailbox, Messenger, Pace, PrivateHost, QuietHours, Receiver, SourceId},
    view::View,
};

/// Most receivers: each has a courier of its own.
const RECEIVERS_MAX: usize = 100;

/// Most recipients of one mail.
const RECIPIENTS_MAX: usize = 100;

/// Messages in an hour that can be configured; twenty in a minute are what chats bear.
const HOURLY_MAX: usize = 1000;

const BATCH_MAX: Duration = Duration::from_secs(7 * 24 * 3600);

/// The keys of a receiver by mail, and those of the others.
const MAIL_KEYS: [&str; 8] = ["host", "port", "tls", "user", "password_env", "from", "to", "unsubscribe"];
const HOOK_KEYS: [&str; 2] = ["url", "secret_env"];

/// What receivers are read against.
pub(super) struct Receivers<'e> {
    /// In the order of the file.
    pub receivers: Vec<Receiver>,
    views: &'e [View],
    zone: Tz,
    env: Env<'e>,
    ids: HashMap<String, Position>,
}

impl<'e> Receivers<'e> {
    pub fn new(views: &'e [View], zone: Tz, env: Env<'e>) -> Self {
        Self { receivers: Vec::new(), views, zone, env, ids: HashMap::new() }
    }

    /// Reads one `[[notify]]`; every key is asked for before anything is given up, so that all its faults are found.
    pub fn read(&mut self, mut section: Section<'_>, faults: &mut Vec<Fault>) {
        let (id, carrier) = (read_id(&mut section), self.read_carrier(&mut section));
        let views = self.read_views(&mut section);
        let health = section.flag("health").unwrap_or(false);
        let on_update = section.flag("on_update").unwrap_or(false);
        let age_max = section.duration("age_max", Duration::from_secs(30 * 86_400), Duration::from_secs(3600)..=INTERVAL_MAX);
        let pace = Pace {
            batch: section.duration("batch", Duration::from_secs(60), Duration::ZERO..=BATCH_MAX),
            quiet: self.read_quiet_hours(&mut section),
            hourly_max: section.count("messages_per_hour_max", 60, 1..=HOURLY_MAX),
        };
        if !health && !section.has("views") {
            section.fault("id", "has nothing to be told, must have `views`, or `health = true`");
        }
        let id_at = section.position("id");
        section.finish(faults);
        let (Some(id), Some(carrier)) = (id, carrier) else { return };
        if self.receivers.len() == RECEIVERS_MAX {
            return faults.push(fault(id_at, format!("must be at most {RECEIVERS_MAX} receivers in all")));
        }
        if let Some(first) = self.ids.get(&id) {
            let message = format!("`notify.id` is `{id}`, which is taken already at {}:{}", first.file.display(), first.line);
            return faults.push(fault(id_at, message));
        }
        self.ids.insert(id.clone(), id_at);
        self.receivers.push(Receiver { id, carrier, views, health, on_update, age_max, pace });
    }

    fn read_carrier(&self, section: &mut Section<'_>) -> Option<Carrier> {
        const RULE: &str = "must be `webhook`, `feishu`, `wecom`, `dingtalk` or `smtp`";
        if !section.has("kind") {
            section.fault("kind", format_args!("is missing, {RULE}"));
        }
        let kind = |text: &str| if text == "smtp" { Some(None) } else { Messenger::parse(text).map(Some) };
        let kind = section.parsed("kind", RULE, kind);
        let allow_private = read_allow_private(section);
        let hook = self.read_hook(section, kind.flatten(), &allow_private);
        let mail = self.read_mailbox(section, (kind == Some(None)).then_some(allow_private));
        let foreign = if kind == Some(None) { &HOOK_KEYS[..] } else { &MAIL_KEYS[..] };
        for key in foreign.iter().filter(|key| kind.is_some() && section.has(key)).collect::<Vec<_>>() {
            section.fault(key, "means nothing to a receiver of this `notify.kind`, leave it out");
        }
        match kind? {
            Some(_) => hook.map(Carrier::Hook),
            None => mail.map(Carrier::Mail),
        }
    }

    fn read_hook(&self, section: &mut Section<'_>, messenger: Option<Messenger>, allow_private: &[PrivateHost]) -> Option<Hook> {
        let url = self.read_url(section);
        let secret = self.read_variable(section, "secret_env");
        let messenger = messenger?;
        if !section.has("url") {
            section.fault("kind", format_args!("is `{}`, which needs `notify.url`", messenger.as_str()));
        }
        if messenger == Messenger::Wecom && section.has("secret_env") {
            section.fault("secret_env", "means nothing to `wecom`, whose key is in its URL; leave it out");
        }
        Some(Hook { messenger, url: url?, secret, allow_private: allow_private.to_vec() })
    }

    /// The address. It is a secret: messages never show it.
    fn read_url(&self, section: &mut Section<'_>) -> Option<Link> {
        let found = section.string("url")?;
        let link = expand(found.value, self.env).and_then(|url| {
            Link::parse(&url).map_err(|_| "must be an absolute http or https URL of at most 2048 bytes without user name".to_owned())
        });
        link.map_err(|rule| section.fault("url", rule)).ok()
    }

    /// The mailbox; `None` for `allow_private` where the receiver is none.
    fn read_mailbox(&self, section: &mut Section<'_>, allow_private: Option<Vec<PrivateHost>>) -> Option<Mailbox> {
        let host = section.parsed("host", "must be the name of a mail server", |text| place(text, 25).map(|_| text.to_owned()));
        let tls = section.parsed("tls", "must be `starttls`, `implicit` or `none`", |text| {
            Some(match text {
                "starttls" => MailTls::StartTls,
                "implicit" => MailTls::Implicit,
                "none" => MailTls::None,
                _ => return None,
            })
        });
        let tls = tls.unwrap_or(MailTls::StartTls);
        let port = section.count("port", usize::from(tls.port()), 1..=65_535);
        let user = section.string("user").map(|found| found.value.to_owned());
        let password = self.read_variable(section, "password_env");
        const ADDRESS: &str = "must be a mail address such as `me@example.org` or `Me <me@example.org>`";
        let from = section.parsed("from", ADDRESS, mail_address);
        let to = section.strings("to");
        let lacks_recipient = to.is_empty() && (section.has_texts("to") || !section.has("to"));
        if to.len() > RECIPIENTS_MAX {
            section.fault("to", format_args!("must be at most {RECIPIENTS_MAX}"));
        }
        let mut recipients = Vec::new();
        for found in to {
            match mail_address(found.value) {
                Some(address) => recipients.push(address),
                None => section.fault("to", format_args!("is `{}`, {ADDRESS}", shorten(found.value))),
            }
        }
        let unsubscribe = section.parsed("unsubscribe", "must be a mail address such as `me@example.org`", plain_address);
        let allow_private = allow_private?;
        for (key, is_missing) in [("host", !section.has("host")), ("from", !section.has("from")), ("to", lacks_recipient)] {
            if is_missing {
                section.fault("kind", format_args!("is `smtp`, which needs `notify.{key}`"));
            }
        }
        if section.has("user") != section.has("password_env") {
            section.fault("user", "and `notify.password_env` stand together, or neither does");
        }
        let mailbox = Mailbox {
            server: place(&host?, port)?,
            allow_private,
            tls,
            login: user.zip(password),
            from: from?,
            to: recipients,
            unsubscribe,
        };
        if tls == MailTls::None && !mailbox.is_on_loopback() {
            section.fault("tls", "is `none`, which is for a server on this machine alone: `localhost`, `127.0.0.1`, `::1`");
        }
        Some(mailbox)
    }

    /// The value of the variable that a key names.
    fn read_variable(&self, section: &mut Section<'_>, key: &'static str) -> Option<String> {
        let name = section.string(key)?;
        let value = (self.env)(name.value);
        if value.is_none() {
            section.fault(key, format_args!("needs the environment variable `{}`, which is not set", shorten(name.value)));
        }
        // Values from files tend to end in a line end.
        value.map(|value| value.trim_end().to_owned())
    }

    fn read_views(&self, section: &mut Section<'_>) -> Vec<String> {
        let mut views = Vec::new();
        for found in section.strings("views") {
            if self.views.iter().any(|view| view.id.as_str() == found.value) {
                views.push(found.value.to_owned());
                continue;
            }
            let guess = did_you_mean(found.value, self.views.iter().map(|view| view.id.as_str()));
            section.fault("views", format_args!("is `{}`, must be the id of a view{guess}", shorten(found.value)));
        }
        views
    }

    fn read_quiet_hours(&self, section: &mut Section<'_>) -> Option<QuietHours> {
        let minutes = |text: &str| {
            let (hour, minute) = text.trim().split_once(':')?;
            let digits = |text: &str| (text.len() == 2).then(|| text.parse::<u32>().ok())?;
            Some(digits(hour)? * 60 + digits(minute).filter(|minute| *minute < 60)?)
        };
        let span = |text: &str| {
            let (from, until) = text.split_once('-')?;
            QuietHours::new(minutes(from)?, minutes(until)?, self.zone)
        };
        section.parsed("quiet_hours", "must be a span of the day such as `22:00-07:00`", span)
    }
}

fn read_id(section: &mut Section<'_>) -> Option<String> {
    const RULE: &str = "must be 1 to 64 characters of a-z, 0-9, `-`, `_`, `.` and begin with a letter or digit";
    if !section.has("id") {
        section.fault("id", format_args!("is missing, {RULE}"));
    }
    section.parsed("id", RULE, |text| SourceId::parse(text).ok().map(|id| id.to_string()))
}

/// A server at a host, which may be an IPv6 address with or without brackets, and a port.
fn place(host: &str, port: usize) -> Option<PrivateHost> {
    let host = host.trim_matches(['[', ']']);
    PrivateHost::parse(&if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") })
}

/// `me@example.org`, also with a name before it: then in angle brackets.
fn mail_address(text: &str) -> Option<String> {
    let address = match text.split_once('<') {
        Some((_, rest)) => rest.strip_suffix('>')?,
        None => text,
    };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-@".contains(&byte);
    let (name, host) = address.split_once('@')?;
    let is_address = address.bytes().all(allowed) && !name.is_empty() && !host.is_empty() && !host.contains('@');
    (is_address && !text.chars().any(char::is_control)).then(|| text.to_owned())
}

/// A mail address that can stand in a `mailto:` as it is.
fn plain_address(text: &str) -> Option<String> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._+-@".contains(&byte));
    mail_address(text).filter(|_| is_plain)
}

#[cfg(test)]
mod tests {
    use super::mail_address;

    #[test]
    fn mail_addresses_may_have_a_name_and_no_second_line() {
        for (text, wanted) in [
            ("me@example.org", true),
            ("网安 <me@example.org>", true),
            ("me@localhost", true),
            ("me", false),
            ("@example.org", false),
            ("Me <me@example.org", false),
            ("me@example.org\nBcc: x@example.org", false),
            ("a@b@c", false),
        ] {
            assert_eq!(mail_address(text).is_some(), wanted, "{text}");
        }
    }
}
