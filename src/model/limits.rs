//! The typed limits and thresholds that the configuration fills (invariant 9: everything has a limit).

use std::time::Duration;

/// Limits of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FetchLimits {
    /// Resolving a name.
    pub dns: Duration,
    /// Connecting and the TLS handshake.
    pub connect: Duration,
    /// Silence while reading.
    pub idle: Duration,
    /// One hop, headers and body.
    pub hop: Duration,
    /// The whole poll, redirects included.
    pub poll: Duration,
    /// Body after decoding, in bytes.
    pub body_bytes_max: u64,
    /// Redirects followed.
    pub redirects_max: u32,
}

impl Default for FetchLimits {
    /// Protocol F10, F15, F16.
    fn default() -> Self {
        Self {
            dns: Duration::from_secs(5),
            connect: Duration::from_secs(10),
            idle: Duration::from_secs(10),
            hop: Duration::from_secs(20),
            poll: Duration::from_secs(60),
            body_bytes_max: 10 << 20,
            redirects_max: 5,
        }
    }
}

/// Limits of what one document may bring (protocol P7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ItemLimits {
    /// Entries read from one document.
    pub entries_max: usize,
    /// Items that one poll may add; the first one of a source may add all that it read.
    pub new_max: usize,
    /// Of what a source holds when it is first asked, so many items are news: the newest. The others can be found.
    pub first_new_max: usize,
    /// Title, in characters.
    pub title_chars_max: usize,
    /// One body, in bytes.
    pub body_bytes_max: usize,
    /// Categories of one item.
    pub categories_max: usize,
    /// Authors of one item.
    pub authors_max: usize,
}

impl Default for ItemLimits {
    fn default() -> Self {
        Self {
            entries_max: 1000,
            new_max: 500,
            first_new_max: 100,
            title_chars_max: 300,
            body_bytes_max: 256 << 10,
            categories_max: 32,
            authors_max: 16,
        }
    }
}

/// Limits of scheduling (protocol S2, F18).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScheduleLimits {
    /// Distance between polls of a source that sets none.
    pub interval: Duration,
    /// No public source is asked more often.
    pub interval_min: Duration,
    /// No source is asked less often, unless it says so itself.
    pub interval_max: Duration,
    /// Distance between two starts on one host.
    pub host_gap: Duration,
    /// Polls in flight over all hosts.
    pub concurrency: usize,
}

impl Default for ScheduleLimits {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(3600),
            interval_min: Duration::from_secs(15 * 60),
            interval_max: Duration::from_secs(24 * 3600),
            host_gap: Duration::from_secs(1),
            concurrency: 256,
        }
    }
}

/// When two items are one story. The defaults are the measured ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MergeThresholds {
    /// Items further apart than this are never joined by text or title.
    pub window: Duration,
    /// Likeness of texts that is enough by itself.
    pub text: f32,
    /// Likeness of texts that is enough beside a like title ...
    pub text_beside_title: f32,
    /// ... and how like that title must be.
    pub title_beside_text: f32,
    /// Characters and letters a text must have to count at all.
    pub text_chars_min: usize,
}

impl Default for MergeThresholds {
    fn default() -> Self {
        Self { window: Duration::from_secs(30 * 86_400), text: 0.6, text_beside_title: 0.4, title_beside_text: 0.3, text_chars_min: 150 }
    }
}
