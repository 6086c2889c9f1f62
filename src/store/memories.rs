//! What speakers repeat under their items, learned item by item: in the index alone, because no row of the truth depends on it.
//!
//! Memories are bounded: a speaker shares a set of a few with others, and who has said least in it makes room. So a source that names
//! a new speaker in every item cannot fill the disk, nor push out those who have been heard for long.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
};

use super::{
    codec::{Decoder, Encoder},
    error::Result,
    index::{Index, Overlay, Rows},
    rows::{self, Row},
};
use crate::dedup::{LineCount, LineMemory};

/// Memories kept in one set.
const SET_MAX: usize = 4;

/// The memories that a commit changes.
#[derive(Default)]
pub(super) struct Memories(BTreeMap<u64, LineMemory>);

impl Memories {
    /// Learns the lines of one new item.
    pub(super) fn observe(&mut self, index: &Index, speaker: u64, lines: &[u64]) -> Result<()> {
        let memory = match self.0.entry(speaker) {
            Entry::Occupied(place) => place.into_mut(),
            Entry::Vacant(place) => place.insert(read(index, speaker)?),
        };
        memory.observe(lines);
        Ok(())
    }

    /// Writes what was learned, and makes room for it.
    pub(super) fn put(&self, rows: &mut Overlay<'_>, index: &Index) -> Result<()> {
        for (speaker, memory) in &self.0 {
            rows.put(rows::memory(*speaker), memory);
        }
        let sets: BTreeSet<Vec<u8>> = self.0.keys().map(|speaker| rows::memory_set(*speaker)).collect();
        for set in sets {
            let changed = self.0.iter().map(|(speaker, memory)| (rows::memory(*speaker), memory.clock));
            let mut clocks: BTreeMap<Vec<u8>, u32> = BTreeMap::new();
            for row in index.walk(&set) {
                let (key, value) = row?;
                clocks.insert(key, LineMemory::decode(&value).map_or(0, |memory| memory.clock));
            }
            clocks.extend(changed.filter(|(key, _)| key.starts_with(&set)));
            let mut ranked: Vec<_> = clocks.into_iter().map(|(key, clock)| (Reverse(clock), key)).collect();
            ranked.sort_unstable();
            ranked.into_iter().skip(SET_MAX).for_each(|(_, key)| rows.remove(key));
        }
        Ok(())
    }
}

/// What a speaker repeats; nothing is known of one that was never heard, or made room for others.
pub(super) fn read(index: &Index, speaker: u64) -> Result<LineMemory> {
    Ok(index.row(&rows::memory(speaker))?.unwrap_or_default())
}

impl Row for LineMemory {
    fn encode(&self) -> Vec<u8> {
        let line = |out: Encoder, line: &LineCount| out.u64(line.hash).varint(line.items.into()).varint(line.seen.into());
        Encoder::default().u32(self.items).u32(self.clock).list(&self.lines, line).finish()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut input = Decoder::new(bytes);
        let number = |input: &mut Decoder<'_>| u32::try_from(input.varint()?).ok();
        Some(Self {
            items: input.u32()?,
            clock: input.u32()?,
            lines: input.list(|input| Some(LineCount { hash: input.u64()?, items: number(input)?, seen: number(input)? }))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_heard_often_is_remembered_among_any_number_of_strangers() {
        let folder = tempfile::tempdir().expect("a folder");
        let index = Index::open(folder.path()).expect("opens");
        let learn = |speakers: std::ops::Range<u64>, times: usize| {
            let (mut memories, mut rows) = (Memories::default(), Overlay::new(&index));
            for speaker in speakers {
                (0..times).for_each(|_| memories.observe(&index, speaker, &[1, 2]).expect("learned"));
            }
            memories.put(&mut rows, &index).expect("room");
            index.apply(&rows.into_changes()).expect("written");
        };
        learn(7..8, 5);
        (0..20).for_each(|round| learn(1000 + 100 * round..1100 + 100 * round, 1));
        let memory = read(&index, 7).expect("readable");
        assert_eq!((memory.clock, memory.lines.len()), (5, 2));
        assert!(memory.lines.iter().all(|line| line.items == 5));
        assert_eq!(index.walk(&[rows::MEMORIES]).count(), SET_MAX, "all of these share one set");
        assert_eq!(read(&index, 1).expect("readable"), LineMemory::default());
    }
}
