//! A sieve: which keys an index does not have, told from memory. It errs on one side only: what it refuses is not there.
//!
//! Nearly every new item has a link that nobody had before, and to find that out below a million others costs a page of sled's from the
//! disk. A Bloom filter in blocks (Putze, Sanders, Singler, WEA 2007) costs one line of the processor's cache instead.

use std::sync::atomic::{AtomicU64, Ordering};

/// Words of a block: one line of the cache.
const WORDS: usize = 8;
/// Bits of a block.
const BLOCK_BITS: u64 = 64 * WORDS as u64;
/// Bits that a key sets in its block.
const KEY_BITS: u32 = 4;
/// Keys of a block when the sieve is full: then one key in a hundred that is not there passes.
const BLOCK_KEYS: usize = 50;
/// Keys there is room for at least.
const KEYS_MIN: usize = 100_000;
/// Blocks at most: 16 MB. A sieve with more keys than it has room for lets more pass, and still refuses nothing that is there.
const BLOCKS_MAX: usize = 1 << 18;

/// Keys are digests, so that any of their bits are as good as a hash. Read and written by many threads at once.
pub(super) struct Sieve(Box<[[AtomicU64; WORDS]]>);

impl Sieve {
    /// An empty sieve with room for twice as many keys.
    pub(super) fn with_room_for(keys: usize) -> Self {
        let blocks = (keys.saturating_mul(2).max(KEYS_MIN) / BLOCK_KEYS).min(BLOCKS_MAX);
        Self((0..blocks).map(|_| Default::default()).collect())
    }

    /// Takes note of a key.
    pub(super) fn insert(&self, key: &[u8]) {
        if let Some((block, bits)) = self.place(key) {
            for bit in bits {
                block[(bit / 64) as usize].fetch_or(1 << (bit % 64), Ordering::Relaxed);
            }
        }
    }

    /// Whether a key may be there; `false` is certain.
    pub(super) fn may_have(&self, key: &[u8]) -> bool {
        self.place(key)
            .is_none_or(|(block, mut bits)| bits.all(|bit| block[(bit / 64) as usize].load(Ordering::Relaxed) & (1 << (bit % 64)) != 0))
    }

    /// The block of a key and its bits there; none of what is no digest.
    fn place(&self, key: &[u8]) -> Option<(&[AtomicU64; WORDS], impl Iterator<Item = u64>)> {
        let (first, rest) = key.split_first_chunk::<8>()?;
        let second = u64::from_le_bytes(*rest.first_chunk::<8>()?);
        let block = u64::from_le_bytes(*first) % self.0.len() as u64;
        Some((&self.0[block as usize], (0..KEY_BITS).map(move |nth| (second >> (9 * nth)) % BLOCK_BITS)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Digest;

    fn keys(range: std::ops::Range<u32>) -> impl Iterator<Item = [u8; 16]> {
        range.map(|n| *Digest::of(&[&n.to_be_bytes()]).as_bytes())
    }

    #[test]
    fn what_is_there_passes_and_hardly_anything_else() {
        let passing = |sieve: &Sieve, range| keys(range).filter(|key| sieve.may_have(key)).count();
        let sieve = Sieve::with_room_for(50_000);
        assert_eq!(passing(&sieve, 0..1000), 0);
        for (full, strangers_max) in [(50_000, 50), (100_000, 200)] {
            keys(0..full).for_each(|key| sieve.insert(&key));
            assert_eq!(passing(&sieve, 0..full), full as usize);
            assert!(passing(&sieve, 1_000_000..1_010_000) <= strangers_max, "{full}");
        }
    }

    #[test]
    fn room_has_an_end_and_odd_keys_pass() {
        let sieve = Sieve::with_room_for(usize::MAX);
        assert_eq!(sieve.0.len() * WORDS * 8, 16 << 20);
        sieve.insert(b"short");
        assert!(sieve.may_have(b"short") && sieve.may_have(b""));
    }
}
