//! What we remember of a source between polls.

use std::time::Duration;

use super::{Digest, Habit, Link, Recent, Rhythm, SourceId, Timestamp, Trouble, Why};

/// A source's memory: who is asked next, with which validators, and how the last polls went. Kept by `store`, advanced by
/// `schedule` and `poll`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SourceState {
    /// When to ask next; `None` for a source that was never asked, and for one that is gone.
    pub next_due: Option<Timestamp>,
    /// Why then.
    pub why: Option<Why>,
    /// When a request last went out.
    pub last_attempt: Option<Timestamp>,
    /// When it last answered 200 or 304.
    pub last_success: Option<Timestamp>,
    /// When a document last came in full; a server that answers 304 for ever is asked in full once a week (protocol F9).
    pub last_full: Option<Timestamp>,
    /// What to send as `If-None-Match` and `If-Modified-Since`.
    pub validators: Validators,
    /// Digest of (configured URL, credentials) that this memory belongs to (protocol F6).
    pub request_digest: Option<Digest>,
    /// Version of the reader that read the last document: a better one asks for it again (protocol F6).
    pub reader_version: u32,
    /// Digest of the last decoded body (protocol F8).
    pub body_digest: Option<Digest>,
    /// Bytes of the last decoded body.
    pub body_bytes: u64,
    /// Where permanent redirects led (protocol F11).
    pub effective_url: Option<Link>,
    /// When `effective_url` was learned.
    pub effective_since: Option<Timestamp>,
    /// Failures in a row.
    pub failures: u32,
    /// When the row of failures began.
    pub failing_since: Option<Timestamp>,
    /// The server asked for silence until then (protocol F13).
    pub silent_until: Option<Timestamp>,
    /// It answered 410, or said that it is expired (protocol F12).
    pub gone: bool,
    /// How often it wants to be asked.
    pub freshness: Freshness,
    /// How the last polls ended.
    pub recent: Recent,
    /// The last outcome, in words.
    pub last_outcome: Option<String>,
    /// Whether the last outcome was a failure.
    pub last_failed: bool,
    /// What kind of failure it was.
    pub trouble: Option<Trouble>,
    /// The server said 304 for a week and had news all the same.
    pub frozen: bool,
    /// What the document calls itself.
    pub title: Option<String>,
    /// `atom:id` of the document.
    pub feed_id: Option<String>,
    /// The site it belongs to.
    pub site: Option<Link>,
    /// From when to when the certificate holds that its server showed last.
    pub certificate: Option<Validity>,
    /// What its items are like.
    pub habit: Habit,
    /// An operator vouched for what it brings next.
    pub is_released: bool,
    /// The name that its items bear, if that is not its own: the first that it had.
    pub identity: Option<SourceId>,
    /// Items ever stored.
    pub items: u64,
    /// Arrivals of new items, newest last, at most 32: the source's own rhythm.
    pub arrivals: Vec<Timestamp>,
}

/// A span of time in which something holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// Its beginning.
    pub from: Timestamp,
    /// Its end.
    pub until: Timestamp,
}

/// Validators as raw bytes, sent back as they came (protocol F3).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Validators {
    /// `ETag`.
    pub etag: Option<Vec<u8>>,
    /// `Last-Modified`.
    pub last_modified: Option<Vec<u8>>,
}

impl Validators {
    /// Whether there is nothing to send.
    pub const fn is_empty(&self) -> bool {
        self.etag.is_none() && self.last_modified.is_none()
    }
}

/// How often a source wants to be asked: what its answer said and what its document said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Freshness {
    /// `max-age`, or `Expires` minus `Date`, less `Age`.
    pub max_age: Option<Duration>,
    /// From inside the document.
    pub rhythm: Rhythm,
}
