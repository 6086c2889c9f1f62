//! Carries out the rules of retention: what is too old or too much is hidden at once, and its space comes free step by step.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, thread,
    time::Duration,
};

use super::{
    Store,
    error::Result,
    rows::{self, CountRow, ItemRow, Row},
    shrinking,
};
use crate::model::{Quota, Retention, SourceId, Timestamp};

/// Items in one commit: others wait for no longer than it takes.
const BATCH: usize = 256;
/// The pause between two commits, in which others write.
const PAUSE: Duration = Duration::from_millis(2);
/// Ghosts kept for copies that come late. Only a source that floods its quota has so many: then the oldest go early.
const GHOSTS_MAX: usize = 50_000;
/// Items of one hour are compared one by one when the oldest must go.
const HOUR_MILLIS: i64 = 3_600_000;

/// What one round of retention did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retained {
    /// Items hidden because they were too old.
    pub old: u64,
    /// Items hidden because their source had too many.
    pub surplus: u64,
    /// Items hidden because all together took too much space.
    pub oversize: u64,
    /// Bytes that came free on the disk.
    pub bytes_freed: u64,
    /// Segments that were written anew for it.
    pub segments: u64,
}

impl Retained {
    /// Whether there was nothing to do.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for Retained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { old, surplus, oversize, bytes_freed, segments } = *self;
        write!(
            f,
            "{} items purged ({old} by age, {surplus} over a source's quota, {oversize} over the size of all)",
            old + surplus + oversize
        )?;
        write!(f, "; {bytes_freed} bytes came free in {segments} segments")
    }
}

/// An item that a source owns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Owned {
    first_seen: Timestamp,
    seq: u64,
    bytes: u64,
}

impl Store {
    /// Carries out the rules once, as of `now`. `is_stopping` ends it between two steps; the next round goes on.
    pub fn retain(&self, rules: &Retention, now: Timestamp, is_stopping: impl Fn() -> bool) -> Result<Retained> {
        let _care = self.core.care();
        let mut done = Retained::default();
        let purge = |source: &SourceId, seqs: &[u64]| -> Result<u64> {
            let mut purged = 0;
            for batch in seqs.chunks(BATCH) {
                if is_stopping() {
                    break;
                }
                purged += self.purge_batch(source, batch, now)?;
                thread::sleep(PAUSE);
            }
            Ok(purged)
        };
        for (source, count) in self.source_counts()? {
            let (old, surplus) = self.beyond(&source, count, rules.quota(&source), now)?;
            done.old += purge(&source, &old)?;
            done.surplus += purge(&source, &surplus)?;
        }
        if let Some(bytes_max) = rules.bytes_max {
            let bytes: u64 = self.source_counts()?.iter().map(|(_, count)| count.bytes).sum();
            for (source, seqs) in self.oldest(bytes.saturating_sub(bytes_max))? {
                done.oversize += purge(&source, &seqs)?;
            }
        }
        self.free_ghosts(now, &is_stopping)?;
        for segment in shrinking::worthwhile(&self.core)? {
            if is_stopping() {
                break;
            }
            done.bytes_freed += shrinking::run(&self.core, segment)?;
            done.segments += 1;
            self.write(now, |transaction| transaction.note(super::Event::Shrunk { segment: segment.number() }, false))?;
        }
        Ok(done)
    }

    /// Every source with what the store holds of it.
    fn source_counts(&self) -> Result<Vec<(SourceId, CountRow)>> {
        let mut found = Vec::new();
        for row in self.core.index.walk(&[rows::COUNTS]) {
            let (key, value) = row?;
            found.extend(rows::source_of(&key).zip(CountRow::decode(&value)));
        }
        Ok(found)
    }

    /// The numbers of a source's items that are too old, and of those that are too many, oldest first.
    fn beyond(&self, source: &SourceId, count: CountRow, quota: Quota, now: Timestamp) -> Result<(Vec<u64>, Vec<u64>)> {
        let (mut old, mut surplus) = (Vec::new(), Vec::new());
        let CountRow { mut items, mut bytes } = count;
        for owned in self.owned(source) {
            let Owned { first_seen, seq, bytes: own } = owned?;
            if quota.age_max.is_some_and(|age| first_seen < now - age) {
                old.push(seq);
            } else if quota.items_max.is_some_and(|max| items > max) || quota.bytes_max.is_some_and(|max| bytes > max) {
                surplus.push(seq);
            } else {
                break;
            }
            (items, bytes) = (items.saturating_sub(1), bytes.saturating_sub(own));
        }
        Ok((old, surplus))
    }

    /// A source's items, oldest first.
    fn owned(&self, source: &SourceId) -> impl Iterator<Item = Result<Owned>> + '_ {
        let walk = self.core.index.walk(&rows::owned_by(source));
        walk.filter_map(|row| {
            row.map(|(key, value)| {
                let (first_seen, seq) = rows::owned_item(&key)?;
                Some(Owned { first_seen, seq, bytes: u64::decode(&value)? })
            })
            .transpose()
        })
    }

    /// The oldest items of all sources that together take at least so many bytes.
    fn oldest(&self, excess: u64) -> Result<Vec<(SourceId, Vec<u64>)>> {
        if excess == 0 {
            return Ok(Vec::new());
        }
        let sources: Vec<SourceId> = self.source_counts()?.into_iter().map(|(source, _)| source).collect();
        let hour = |owned: &Owned| owned.first_seen.as_millis().div_euclid(HOUR_MILLIS);
        let mut hours: BTreeMap<i64, u64> = BTreeMap::new();
        for source in &sources {
            for owned in self.owned(source) {
                let owned = owned?;
                *hours.entry(hour(&owned)).or_default() += owned.bytes;
            }
        }
        let mut left = excess;
        let Some((last, _)) = hours.into_iter().find(|(_, bytes)| {
            let is_last = *bytes >= left;
            left = if is_last { left } else { left - bytes };
            is_last
        }) else {
            return Ok(Vec::new());
        };
        // Whole hours go, and of the last one the oldest items.
        let (mut doomed, mut marginal) = (BTreeMap::<usize, Vec<u64>>::new(), BTreeSet::new());
        for (number, source) in sources.iter().enumerate() {
            for owned in self.owned(source) {
                let owned = owned?;
                match hour(&owned).cmp(&last) {
                    std::cmp::Ordering::Less => doomed.entry(number).or_default().push(owned.seq),
                    std::cmp::Ordering::Equal => drop(marginal.insert((owned, number))),
                    std::cmp::Ordering::Greater => break,
                }
            }
        }
        for (owned, number) in marginal {
            if left == 0 {
                break;
            }
            left = left.saturating_sub(owned.bytes);
            doomed.entry(number).or_default().push(owned.seq);
        }
        Ok(doomed.into_iter().map(|(number, seqs)| (sources[number].clone(), seqs)).collect())
    }

    fn purge_batch(&self, source: &SourceId, seqs: &[u64], now: Timestamp) -> Result<u64> {
        let mut purged = 0;
        self.write(now, |transaction| {
            for seq in seqs {
                purged += u64::from(transaction.purge_numbered(*seq, source.as_str())?);
            }
            Ok(())
        })?;
        Ok(purged)
    }

    /// Frees the ghosts that nothing can be a copy of any more.
    fn free_ghosts(&self, now: Timestamp, is_stopping: &impl Fn() -> bool) -> Result<()> {
        let past = now - self.core.thresholds.window;
        let mut ghosts = Vec::new();
        for row in self.core.index.walk(&[rows::GHOSTS]) {
            let (key, value) = row?;
            if let Some((seq, row)) = rows::number_of(&key).zip(ItemRow::decode(&value)) {
                ghosts.push((seq, row.first_seen < past));
            }
        }
        let early = ghosts.len().saturating_sub(GHOSTS_MAX);
        let freed: Vec<u64> =
            ghosts.iter().enumerate().filter(|(n, (_, is_past))| *is_past || *n < early).map(|(_, (seq, _))| *seq).collect();
        for batch in freed.chunks(BATCH) {
            if is_stopping() {
                break;
            }
            self.write(now, |transaction| transaction.free(batch, &[]))?;
            thread::sleep(PAUSE);
        }
        Ok(())
    }
}
