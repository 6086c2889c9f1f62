//! How a poll ended: exactly one of these, logged once and recorded once (invariant 5).

use std::{fmt, time::Duration};

use super::{Link, Timestamp, trouble::is_block};

/// The one result of a poll.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// A document was read.
    Read(Tally),
    /// The server said 304.
    Unchanged,
    /// The server sent the same bytes as last time.
    SameBytes,
    /// Nothing could be read.
    Failed(Failure),
}

/// What reading a document brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Items never seen before that opened a story.
    pub new: u32,
    /// Items never seen before that joined a story.
    pub joined: u32,
    /// Items whose content changed.
    pub updated: u32,
    /// Items that were there already.
    pub unchanged: u32,
    /// Entries left out: over a limit, purged before, or without title and text.
    pub refused: u32,
    /// Problems met while reading.
    pub problems: u32,
}

/// Why nothing could be read. The words are the user interface: `Display` writes them.
#[derive(Debug, Clone, PartialEq)]
pub enum Failure {
    /// The name does not resolve.
    Dns(String),
    /// No connection, or it broke.
    Connect(String),
    /// The certificate or the handshake is bad.
    Tls(String),
    /// Something took too long: "connecting", "first byte", "body", "poll".
    Timeout {
        /// What was being waited for.
        phase: &'static str,
        /// How long.
        after: Duration,
    },
    /// The address is not one that may be asked (protocol X1 to X3).
    AddressRefused(String),
    /// The site's `robots.txt` does not let us ask (protocol F22).
    Disallowed,
    /// A redirect could not be followed.
    Redirect(String),
    /// A status that is no success.
    Status(u16),
    /// 429, or 503 with Retry-After.
    TooManyRequests {
        /// The status.
        status: u16,
        /// When to come back, as asked.
        until: Option<Timestamp>,
    },
    /// 410: the publisher wants no more requests, ever.
    Gone,
    /// The body, decoded, is over the cap.
    TooLarge {
        /// The cap in bytes.
        bytes_max: u64,
    },
    /// The body is shorter than announced, or its coding is broken.
    BrokenBody(String),
    /// An answer without a body.
    Empty,
    /// A web page.
    Html {
        /// The feed that the page names.
        alternate: Option<Link>,
    },
    /// Some other document that is no feed.
    NotAFeed(String),
    /// What it brought is so unlike it that nobody is shown it before an operator looked, in words.
    HeldBack(String),
    /// The poll panicked: a fault of ours that costs only this source.
    Panicked(String),
    /// The daemon itself could not keep the result.
    Store(String),
}

impl Failure {
    /// Whether our own network being down would look like this.
    pub fn looks_offline(&self) -> bool {
        matches!(self, Self::Dns(_) | Self::Connect(_) | Self::Timeout { phase: "connecting", .. })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(why) => write!(f, "name does not resolve: {why}"),
            Self::Connect(why) => write!(f, "no connection: {why}"),
            Self::Tls(why) => write!(f, "no secure connection: {why}"),
            Self::Timeout { phase, after } => write!(f, "timeout: {phase} took over {}s", after.as_secs()),
            Self::AddressRefused(why) => write!(f, "address refused: {why}"),
            Self::Disallowed => f.write_str("robots.txt does not allow it (`poll.robots`)"),
            Self::Redirect(why) => write!(f, "bad redirect: {why}"),
            Self::Status(status) if is_block(*status) => write!(f, "blocked: status {status}"),
            Self::Status(404) => f.write_str("not found: status 404"),
            Self::Status(status) => write!(f, "status {status}"),
            Self::TooManyRequests { status, until: Some(until) } => write!(f, "told to wait: status {status}, until {}", until.rfc3339()),
            Self::TooManyRequests { status, until: None } => write!(f, "told to wait: status {status}"),
            Self::Gone => f.write_str("gone for good: status 410"),
            Self::TooLarge { bytes_max } => write!(f, "body over {bytes_max} bytes"),
            Self::BrokenBody(why) => write!(f, "broken body: {why}"),
            Self::Empty => f.write_str("empty body"),
            Self::Html { alternate: Some(link) } => write!(f, "a web page, not a feed; it names {link}"),
            Self::Html { alternate: None } => f.write_str("a web page, not a feed"),
            Self::NotAFeed(what) => write!(f, "not a feed: {what}"),
            Self::HeldBack(why) => write!(f, "held back until `watchfire release`: {why}"),
            Self::Panicked(why) => write!(f, "a fault of ours, please report it: {why}"),
            Self::Store(why) => write!(f, "not stored: {why}"),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unchanged => f.write_str("unchanged (304)"),
            Self::SameBytes => f.write_str("same bytes"),
            Self::Failed(failure) => fmt::Display::fmt(failure, f),
            Self::Read(tally) => {
                write!(f, "{} new", tally.new)?;
                for (count, word) in [
                    (tally.joined, "joined"),
                    (tally.updated, "updated"),
                    (tally.unchanged, "known"),
                    (tally.refused, "refused"),
                    (tally.problems, if tally.problems == 1 { "problem" } else { "problems" }),
                ] {
                    if count > 0 {
                        write!(f, ", {count} {word}")?;
                    }
                }
                Ok(())
            }
        }
    }
}

/// Why a source is due when it is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It was never asked.
    New,
    /// Its interval.
    Interval,
    /// Its cron line.
    Cron,
    /// Its own rhythm of new items.
    Rhythm,
    /// `Cache-Control`, `Expires`, `ttl` or `sy:*` ask for a longer distance.
    Freshness,
    /// `skipHours` or `skipDays`.
    Skip,
    /// It failed; the distance doubles.
    Backoff,
    /// It asked us to wait.
    RetryAfter,
    /// It said that it is gone: never.
    Gone,
    /// A request is on its way; the time is the reservation.
    Reserved,
    /// Our own network seems to be down.
    Offline,
}

impl Why {
    /// All reasons with the words that outputs and records use.
    pub const ALL: [(Self, &'static str); 11] = [
        (Self::New, "new"),
        (Self::Interval, "interval"),
        (Self::Cron, "cron"),
        (Self::Rhythm, "rhythm"),
        (Self::Freshness, "freshness"),
        (Self::Skip, "skip hours"),
        (Self::Backoff, "backoff"),
        (Self::RetryAfter, "retry-after"),
        (Self::Gone, "gone"),
        (Self::Reserved, "reserved"),
        (Self::Offline, "offline"),
    ];

    /// The reason in a word or two.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(why, _)| *why == self).map_or("", |(_, word)| word)
    }

    /// The reason as people are told it.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::New => "it was never asked",
            Self::Interval => "its interval",
            Self::Cron => "its schedule",
            Self::Rhythm => "enough news is likely by then",
            Self::Freshness => "it wants to be asked no sooner",
            Self::Skip => "it wants the hours before to be skipped",
            Self::Backoff => "it failed: after each failure twice as long",
            Self::RetryAfter => "as usual, and no sooner than it asked for",
            Self::Gone => "it said that it is gone",
            Self::Reserved => "it is being asked, or a poll was cut short",
            Self::Offline => "our own network seems to be down",
        }
    }

    /// Reads the words back.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == word).map(|(why, _)| *why)
    }
}
