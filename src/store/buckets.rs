//! Which items share a bucket of their fingerprints: tables in memory, one for each era of sixteen days, made from the index on demand.
//!
//! An item stands in some thirty buckets. As rows of their own these would be nine tenths of the index and four fifths of a commit's
//! time; so the index keeps one row an item, and the tables are made from those rows when an item of that era is looked for.

use std::ops::RangeInclusive;

use super::{
    codec::{Decoder, Encoder},
    error::Result,
    index::Index,
    rows::{self, Row},
};
use crate::{dedup::Fingerprint, model::Timestamp};

const ERA_SECS: i64 = 16 * 86_400;
/// Tables kept, unless a search needs more: those in use longest ago go first.
const ERAS_MAX: usize = 6;
/// Postings of one table, some 18 bytes each: a hundred thousand items. What comes then is found by its link only.
const POSTINGS_MAX: usize = 4_000_000;
/// Items taken from one bucket, the latest ones.
const BUCKET_ITEMS_MAX: usize = 32;

/// The era of a date.
pub(super) fn era_of(time: Timestamp) -> u16 {
    /// Makes the eras before 1970 positive, as far back as there were feeds; what is dated earlier shares the first.
    const OFFSET: i64 = 1000;
    u16::try_from((time.as_secs().div_euclid(ERA_SECS) + OFFSET).max(0)).unwrap_or(u16::MAX)
}

/// The buckets that an item stands in. Half of a probe is enough inside one era.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Probes(Vec<u32>);

impl Probes {
    /// The buckets of a fingerprint.
    pub(super) fn of(print: &Fingerprint) -> Self {
        Self(print.probes().into_iter().map(|probe| (probe >> 32) as u32).collect())
    }
}

impl Row for Probes {
    fn encode(&self) -> Vec<u8> {
        Encoder::default().list(&self.0, |out, probe| out.u32(*probe)).finish()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        Decoder::new(bytes).list(Decoder::u32).map(Self)
    }
}

/// The tables, the one used last at the end.
#[derive(Default)]
pub(super) struct Buckets(Vec<(u16, Table)>);

impl Buckets {
    /// Puts an item in its buckets, before the index has it.
    pub(super) fn push(&mut self, index: &Index, era: u16, seq: u64, probes: &Probes) -> Result<()> {
        self.table(index, era, ERAS_MAX)?.push(seq, probes);
        Ok(())
    }

    /// Calls `visit` with every item of these eras that shares a bucket, once for each that it shares.
    pub(super) fn find(&mut self, index: &Index, eras: RangeInclusive<u16>, probes: &Probes, mut visit: impl FnMut(u64)) -> Result<()> {
        let kept = ERAS_MAX.max(eras.len());
        for era in eras {
            self.table(index, era, kept)?.sharing_any(probes, &mut visit);
        }
        Ok(())
    }

    /// The same for one era, if its table is there; says whether it is.
    pub(super) fn find_known(&self, era: u16, probes: &Probes, visit: impl FnMut(u64)) -> bool {
        let table = self.0.iter().find(|(known, _)| *known == era);
        table.map(|(_, table)| table.sharing_any(probes, visit)).is_some()
    }

    /// Forgets everything: a commit failed, and what it put in must not be found.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    fn table(&mut self, index: &Index, era: u16, kept: usize) -> Result<&mut Table> {
        let (_, table) = match self.0.iter().position(|(known, _)| *known == era) {
            Some(place) => self.0.remove(place),
            None => {
                self.0.drain(..(self.0.len() + 1).saturating_sub(kept));
                (era, Table::load(index, era)?)
            }
        };
        self.0.push((era, table));
        Ok(&mut self.0.last_mut().expect("just pushed").1)
    }
}

/// The buckets of one era: a hash table with chains, the latest item first.
#[derive(Default)]
struct Table {
    /// By the low bits of a probe: the first posting of its chain. As long as a power of two.
    heads: Vec<u32>,
    postings: Vec<Posting>,
    /// The items' numbers, which postings name by their place.
    seqs: Vec<u64>,
}

struct Posting {
    probe: u32,
    item: u32,
    next: u32,
}

/// Ends a chain.
const NONE: u32 = u32::MAX;

impl Table {
    fn load(index: &Index, era: u16) -> Result<Self> {
        let mut table = Self::default();
        for row in index.walk(&rows::era(era)) {
            let (key, value) = row?;
            if let Some((seq, probes)) = rows::seq_in_era(&key).zip(Probes::decode(&value)) {
                table.push(seq, &probes);
            }
        }
        Ok(table)
    }

    fn push(&mut self, seq: u64, probes: &Probes) {
        if self.postings.len() + probes.0.len() > POSTINGS_MAX {
            return;
        }
        let item = self.seqs.len() as u32;
        self.seqs.push(seq);
        for probe in &probes.0 {
            if self.postings.len() == self.heads.len() {
                self.grow();
            }
            self.postings.push(Posting { probe: *probe, item, next: NONE });
            self.link(self.postings.len() - 1);
        }
    }

    /// Calls `visit` with every item under these probes, once for each.
    fn sharing_any(&self, probes: &Probes, mut visit: impl FnMut(u64)) {
        probes.0.iter().for_each(|probe| self.sharing(*probe).take(BUCKET_ITEMS_MAX).for_each(&mut visit));
    }

    /// The items under a probe, the latest first.
    fn sharing(&self, probe: u32) -> impl Iterator<Item = u64> {
        let mut next = self.heads.get(self.slot(probe)).copied().unwrap_or(NONE);
        std::iter::from_fn(move || {
            while let Some(posting) = self.postings.get(next as usize) {
                next = posting.next;
                if posting.probe == probe {
                    return Some(self.seqs[posting.item as usize]);
                }
            }
            None
        })
    }

    fn grow(&mut self) {
        self.heads = vec![NONE; (self.heads.len() * 2).max(1024)];
        (0..self.postings.len()).for_each(|place| self.link(place));
    }

    /// Puts a posting at the front of its chain.
    fn link(&mut self, place: usize) {
        let slot = self.slot(self.postings[place].probe);
        self.postings[place].next = self.heads[slot];
        self.heads[slot] = place as u32;
    }

    fn slot(&self, probe: u32) -> usize {
        probe as usize & self.heads.len().wrapping_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_found_under_their_probes_the_latest_first() {
        let mut table = Table::default();
        assert_eq!(table.sharing(7).count(), 0, "nothing in an empty table");
        for seq in 0..2000 {
            table.push(seq, &Probes(vec![7, seq as u32 * 1024, 1_000_000 + seq as u32 % 3]));
        }
        assert_eq!(table.sharing(7).take(3).collect::<Vec<_>>(), [1999, 1998, 1997]);
        assert_eq!(table.sharing(5 * 1024).collect::<Vec<_>>(), [5], "whatever shares its slot");
        assert_eq!(table.sharing(1_000_001).count(), 667);
        assert_eq!(table.sharing(8).count(), 0);
    }

    #[test]
    fn eras_are_in_order_and_have_ends() {
        let era = |secs| era_of(Timestamp::from_secs(secs));
        assert!(era(i64::MIN) <= era(0) && era(0) < era(ERA_SECS) && era(1_795_000_000) < era(i64::MAX));
        assert_eq!(era(ERA_SECS), era(2 * ERA_SECS - 1));
    }
}
