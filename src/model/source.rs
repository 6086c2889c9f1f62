//! An origin of items, as the operator configured it.

use std::{fmt, time::Duration};

use chrono_tz::Tz;

use super::{Keeping, Link, Route, SourceId, Text};

/// A configured source.
#[derive(Clone, PartialEq)]
pub struct Source {
    /// Slug.
    pub id: SourceId,
    /// Names that it had before, the oldest first.
    pub formerly: Vec<SourceId>,
    /// What to ask. May hold credentials in its query: show it only through `shown_url`.
    pub url: Link,
    /// Name for people; `None` until the document itself names one.
    pub title: Option<Text>,
    /// The operator's tags.
    pub tags: Vec<Text>,
    /// When to ask.
    pub cadence: Cadence,
    /// The zone of cron lines and of dates that name none.
    pub timezone: Option<Tz>,
    /// Sent with every request to the configured origin, and to no other.
    pub headers: Vec<HeaderPair>,
    /// Private addresses that this source may reach, each as `host:port`.
    pub allow_private: Vec<PrivateHost>,
    /// Its URL appears in no output.
    pub private: bool,
    /// Whether it is polled at all.
    pub enabled: bool,
    /// Whose copy a story leads to: of several, that of the greatest; `Source::PRIORITY` unless the operator says otherwise.
    pub priority: u8,
    /// An encoding label that overrides every guess.
    pub encoding: Option<String>,
    /// The way there, where it is not the usual one.
    pub route: Route,
    /// Whether what is unlike it is held back.
    pub guard: bool,
    /// Whether it may answer with the new entries alone (RFC 3229, `A-IM: feed`).
    pub delta: bool,
    /// How long its items are kept.
    pub keeping: Keeping,
}

impl Source {
    /// Characters kept of the name that a source gives itself.
    pub const TITLE_CHARS_MAX: usize = 120;

    /// The priority of a source that names none.
    pub const PRIORITY: u8 = 50;

    /// A public source about which nothing else is said.
    pub const fn new(id: SourceId, url: Link, cadence: Cadence) -> Self {
        Self {
            id,
            formerly: Vec::new(),
            url,
            title: None,
            tags: Vec::new(),
            cadence,
            timezone: None,
            headers: Vec::new(),
            allow_private: Vec::new(),
            private: false,
            enabled: true,
            priority: Self::PRIORITY,
            encoding: None,
            route: Route { proxy: None, authority: None },
            guard: true,
            delta: false,
            keeping: Keeping { age_max: None, items_max: None },
        }
    }

    /// The name that its items bear for ever: the first that it had, so that a new name leaves their ids as they are.
    pub fn identity(&self) -> &SourceId {
        self.formerly.first().unwrap_or(&self.id)
    }

    /// The name that its items bear, if that is not its own.
    pub fn former_identity(&self) -> Option<SourceId> {
        self.formerly.first().filter(|name| **name != self.id).cloned()
    }

    /// The URL for outputs; none for a private source. The query is left out: it may hold a key.
    pub fn shown_url(&self) -> Option<String> {
        (!self.private).then(|| self.url.without_query())
    }

    /// Name for people: the configured title, else the id.
    pub fn name(&self) -> &str {
        self.title.as_ref().map_or(self.id.as_str(), Text::as_str)
    }

    /// Whether the operator vouches for its address as a machine of their own.
    pub fn is_on_private_host(&self) -> bool {
        let authority = self.url.authority();
        self.allow_private.iter().any(|host| host.as_str() == authority)
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("id", &self.id).field("cadence", &self.cadence).finish_non_exhaustive()
    }
}

/// A request header. Its value is a secret: `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct HeaderPair {
    /// Lowercase name.
    pub name: String,
    /// Value, visible ASCII.
    pub value: String,
}

impl fmt::Debug for HeaderPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: [hidden]", self.name)
    }
}

/// A `host:port` on the operator's own network.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PrivateHost(String);

impl PrivateHost {
    /// Reads `host:port`; `[::1]:8080` for IPv6.
    pub fn parse(text: &str) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        let port: u16 = port.parse().ok().filter(|port| *port > 0)?;
        let link = Link::parse(&format!("http://{host}:{port}/")).ok()?;
        (!host.is_empty() && link.to_url().path() == "/").then(|| Self(link.authority()))
    }

    /// `host:port`, in the form of `Link::authority`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.0.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or_default()
    }

    /// The host alone; IPv6 in brackets.
    pub fn host(&self) -> &str {
        self.0.rsplit_once(':').map_or("", |(host, _)| host)
    }
}

/// When a source is asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Cadence {
    /// As often as its own rhythm suggests, starting from the configured default.
    Adaptive(Duration),
    /// At a fixed distance.
    Every(Duration),
    /// At the times of a cron line.
    Cron(CronLine),
}

/// A validated cron line: sets of minutes, hours, days and months with Vixie cron's meaning. Made by `schedule`'s parser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CronLine {
    /// The line as written.
    pub text: String,
    /// Seconds 0 to 59; a five-field line has the single second 0.
    pub seconds: u64,
    /// Minutes 0 to 59, one bit each.
    pub minutes: u64,
    /// Hours 0 to 23.
    pub hours: u32,
    /// Days of the month 1 to 31.
    pub days_of_month: u32,
    /// Months 1 to 12.
    pub months: u16,
    /// Days of the week, 0 = Sunday to 6 = Saturday.
    pub days_of_week: u8,
    /// The hour field begins with `*`: the line follows elapsed time through clock changes.
    pub hour_is_wild: bool,
    /// The day-of-month field begins with `*`: then both day fields must match, else either (Vixie).
    pub day_of_month_is_wild: bool,
    /// The day-of-week field begins with `*`.
    pub day_of_week_is_wild: bool,
}

#[cfg(test)]
mod tests {
    use super::PrivateHost;

    #[test]
    fn private_hosts_name_host_and_port() {
        for (text, wanted) in [
            ("127.0.0.1:8080", Some("127.0.0.1:8080")),
            ("RSSHub.lan:80", Some("rsshub.lan:80")),
            ("[::1]:1200", Some("[::1]:1200")),
            ("127.0.0.1", None),
            ("127.0.0.1:0", None),
            (":80", None),
            ("a/b:80", None),
            ("http://a:80", None),
        ] {
            assert_eq!(PrivateHost::parse(text).as_ref().map(PrivateHost::as_str), wanted, "{text}");
        }
    }
}
