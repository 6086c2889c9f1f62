//! What is handed to the store.

use crate::{
    dedup::{self, Fingerprint},
    model::{Digest, Item, Link, SourceId},
};

/// An item as it came in, with what it is compared by. Its `first_seen` is now; a known item keeps the one it has.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The item.
    pub item: Item,
    /// `Fingerprint::of` that item.
    pub fingerprint: Fingerprint,
    /// `line_digests` of its text: what its speaker may be learned to repeat.
    pub lines: Vec<u64>,
}

impl Arrival {
    /// An item with its plain text and the origins that the text declares, where nothing is known of what its speaker repeats.
    pub fn of(item: Item, text: &str, declared: &[Link]) -> Self {
        Self { fingerprint: Fingerprint::of(&item, text, declared), lines: dedup::line_digests(text), item }
    }
}

/// What one poll of one source brought.
#[derive(Debug, Clone)]
pub struct PollCommit {
    /// The source that was polled.
    pub source: SourceId,
    /// Its entries in the order of the document.
    pub arrivals: Vec<Arrival>,
    /// New items taken from this poll; more are refused (protocol P7).
    pub new_max: usize,
}

/// A file that was read for an import, whether it holds an item or was refused.
#[derive(Debug, Clone)]
pub struct ReadDocument {
    /// Its path, as `document_digest` will be asked for it.
    pub path: String,
    /// Digest of its bytes.
    pub digest: Digest,
}
