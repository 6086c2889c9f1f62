//! What is handed to the store.

use crate::{
    dedup::Fingerprint,
    model::{Digest, Item, SourceId},
};

/// An item as it came in, with what it is compared by. Its `first_seen` is now; a known item keeps the one it has.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The item.
    pub item: Item,
    /// `Fingerprint::of` that item.
    pub fingerprint: Fingerprint,
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

/// A document that was read for an import.
#[derive(Debug, Clone)]
pub struct ReadDocument {
    /// Its path, as `document_digest` will be asked for it.
    pub path: String,
    /// Digest of its bytes.
    pub digest: Digest,
    /// What it holds; `None` where it was refused, which is remembered as well.
    pub arrival: Option<Arrival>,
}
