//! Rows about what each source holds, which quotas and ages are read from, about what was purged, and what other stores sent.

use super::{
    archive::Segment,
    codec::{Decoder, Encoder},
    rows::{GARBAGE, GHOSTS, OWNED, Row},
};
use crate::model::{SourceId, Timestamp};

/// How much a source has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct CountRow {
    pub(super) items: u64,
    /// Bytes that they take in the archive.
    pub(super) bytes: u64,
}

pub(super) fn ghost(seq: u64) -> Vec<u8> {
    Encoder::default().u8(GHOSTS).u64(seq).finish()
}

/// Oldest first; ids hold no zero bytes.
pub(super) fn owned(source: &SourceId, first_seen: Timestamp, seq: u64) -> Vec<u8> {
    let ascending = first_seen.as_millis().cast_unsigned() ^ (1 << 63);
    Encoder::default().raw(&owned_by(source)).u64(ascending).u64(seq).finish()
}

/// What the keys of a source's items begin with.
pub(super) fn owned_by(source: &SourceId) -> Vec<u8> {
    Encoder::default().u8(OWNED).raw(source.as_str().as_bytes()).u8(0).finish()
}

/// First sight and number of an item from such a key.
pub(super) fn owned_item(key: &[u8]) -> Option<(Timestamp, u64)> {
    let mut input = Decoder::new(key.get(key.len().checked_sub(16)?..)?);
    let millis = (input.u64()? ^ (1 << 63)).cast_signed();
    Some((Timestamp::from_millis(millis), input.u64()?))
}

pub(super) fn received(store: uuid::Uuid) -> Vec<u8> {
    Encoder::default().u8(b'y').raw(store.as_bytes()).finish()
}

pub(super) fn garbage(segment: Segment) -> Vec<u8> {
    Encoder::default().u8(GARBAGE).u32(segment.number()).finish()
}

impl Row for CountRow {
    fn encode(&self) -> Vec<u8> {
        Encoder::default().varint(self.items).varint(self.bytes).finish()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut input = Decoder::new(bytes);
        Some(Self { items: input.varint()?, bytes: input.varint()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_of_a_source_stand_in_the_order_of_their_first_sight_also_before_1970() {
        let source = SourceId::parse("krebs").expect("a slug");
        for time in [Timestamp::from_millis(-5), Timestamp::from_millis(5)] {
            let key = owned(&source, time, 900);
            assert!(key.starts_with(&owned_by(&source)));
            assert_eq!(owned_item(&key), Some((time, 900)));
        }
        let key = |millis| owned(&source, Timestamp::from_millis(millis), 1);
        assert!(key(-9) < key(-5) && key(-5) < key(0) && key(0) < key(7));
    }
}
