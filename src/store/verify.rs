//! Checking a store: the index is made a second time from archive and journal and compared row by row.

use std::{cmp::Ordering, collections::BTreeSet, ops::ControlFlow};

use super::{
    core::Core,
    error::{Result, StoreError},
    folder,
    index::{Index, Rows},
    manners,
    replay::{self, Records, Replayed},
    rows::Head,
};

/// The folder of the second index.
const CHECK: &str = "index.check";

/// Rows that differ at first sight which are remembered for a second look. Commits that are made meanwhile touch far fewer.
const SUSPECTS_MAX: usize = if cfg!(test) { 1_000 } else { 100_000 };
/// What was committed meanwhile is taken in in rounds, until a round is as small as this: then writers wait for the last.
const LAST_ROUND_COMMITS: u64 = 8;
const ROUNDS_MAX: u32 = 16;

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verification {
    /// Commits in the journal.
    pub commits: u64,
    /// Rows that were compared.
    pub rows: u64,
    /// Versions of items whose content cannot be read.
    pub lost: u64,
    /// Bytes of the journal that are damaged.
    pub damaged_bytes: u64,
    /// Rows that differ, are missing, or have no reason to be there.
    pub differences: u64,
}

impl Verification {
    /// Whether everything is as it should be.
    pub const fn is_sound(&self) -> bool {
        self.lost == 0 && self.damaged_bytes == 0 && self.differences == 0
    }
}

/// Checks an open store. Commits go on while the second index is made, while the two are compared, and while the rows that differ are
/// looked at again with what came meanwhile; then they wait for the last few. Readers never wait.
pub(super) fn run(core: &Core, progress: &mut dyn FnMut(f64)) -> Result<Verification> {
    let _care = core.care();
    let path = core.dir.join(CHECK);
    folder::remove_dir(&path)?;
    let found = compare_with_second(core, &path, progress);
    folder::remove_dir(&path)?;
    found
}

fn compare_with_second(core: &Core, path: &std::path::Path, progress: &mut dyn FnMut(f64)) -> Result<Verification> {
    let second = Index::open(path).map_err(|error| StoreError::index(path, error))?;
    let mut check = Check {
        core,
        second: &second,
        head: Head::default(),
        suspects: BTreeSet::new(),
        is_overfull: false,
        found: Verification::default(),
    };
    check.follow(progress)?;
    check.catch_up()?;
    let rows = compare(&core.index, &second, |key| check.suspect(key))?;
    check.catch_up()?;
    check.finish(rows)
}

/// A check that goes on beside commits.
struct Check<'a> {
    core: &'a Core,
    second: &'a Index,
    /// Of the second index.
    head: Head,
    /// Keys of rows that differed when they were last looked at.
    suspects: BTreeSet<Vec<u8>>,
    /// Whether there were too many of them, so that all rows must be compared while nobody commits.
    is_overfull: bool,
    found: Verification,
}

impl Check<'_> {
    fn records(&self) -> Records<'_> {
        Records { archive: &self.core.archive, journal: &self.core.journal }
    }

    /// Remembers a row that differs at first sight. Where there is no room, those that differed only for commits beside it go; if these
    /// are not most, the index is another one altogether.
    fn suspect(&mut self, key: &[u8]) -> Result<ControlFlow<()>> {
        self.suspects.insert(key.to_vec());
        if self.suspects.len() >= SUSPECTS_MAX {
            self.catch_up()?;
            self.is_overfull = self.suspects.len() > SUSPECTS_MAX / 2;
        }
        Ok(if self.is_overfull { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }

    /// Takes in what was committed up to now, and says how many commits that were.
    fn follow(&mut self, progress: &mut dyn FnMut(f64)) -> Result<u64> {
        // Not in the call: who holds the head holds up every commit.
        let end = self.core.head().journal_end;
        let mut head = self.head.clone();
        let replayed = replay::run_until(self.records(), self.second, (&mut head, end), progress)?;
        self.head = head;
        self.count(&replayed);
        Ok(replayed.commits)
    }

    /// The same again and again, until there is little left, and drops the suspects that agree by then.
    fn catch_up(&mut self) -> Result<()> {
        for _ in 0..ROUNDS_MAX {
            let commits = self.follow(&mut |_| ())?;
            self.look_again()?;
            if commits <= LAST_ROUND_COMMITS {
                break;
            }
        }
        Ok(())
    }

    fn look_again(&mut self) -> Result<()> {
        for key in std::mem::take(&mut self.suspects) {
            if self.core.index.get(&key)? != self.second.get(&key)? {
                self.suspects.insert(key);
            }
        }
        Ok(())
    }

    fn count(&mut self, replayed: &Replayed) {
        self.found.commits += replayed.commits;
        self.found.lost += replayed.lost;
        self.found.damaged_bytes += replayed.gap_bytes;
    }

    /// The last look, while nobody commits. `rows` were compared.
    fn finish(mut self, rows: u64) -> Result<Verification> {
        let _writer = self.core.writer();
        let mut head = self.head.clone();
        let rest = replay::run(self.records(), self.second, &mut head, &mut |_| ())?;
        self.count(&rest);
        // What was no whole commit at the end of an earlier look is met again by this one.
        self.found.damaged_bytes += rest.torn_bytes;
        self.found.rows = rows;
        if self.is_overfull {
            self.found.rows = compare(&self.core.index, self.second, |_| {
                self.found.differences += 1;
                Ok(ControlFlow::Continue(()))
            })?;
        } else {
            self.look_again()?;
            self.found.differences = self.suspects.len() as u64;
        }
        Ok(self.found)
    }
}

/// Walks both indexes side by side and tells the keys of rows that differ, until told to stop; how many rows were compared. Manners are in
/// the index alone.
fn compare(index: &Index, second: &Index, mut differs: impl FnMut(&[u8]) -> Result<ControlFlow<()>>) -> Result<u64> {
    let is_derived = |row: &Result<(Vec<u8>, Vec<u8>)>| row.as_ref().map_or(true, |(key, _)| !manners::is_own(key[0]));
    let mut one = index.rows().filter(is_derived);
    let mut other = second.rows().filter(is_derived);
    let (mut left, mut right) = (one.next().transpose()?, other.next().transpose()?);
    let mut rows = 0;
    loop {
        let order = match (&left, &right) {
            (Some((left, _)), Some((right, _))) => left.cmp(right),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return Ok(rows),
        };
        rows += 1;
        let first = if order.is_le() { &left } else { &right };
        if let Some((key, _)) = first.as_ref().filter(|_| left != right)
            && differs(key)?.is_break()
        {
            return Ok(rows);
        }
        if order.is_le() {
            left = one.next().transpose()?;
        }
        if order.is_ge() {
            right = other.next().transpose()?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{Digest, MergeThresholds},
        store::{Store, rows},
    };

    #[test]
    fn every_row_of_an_index_that_is_another_one_altogether_is_counted() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path(), MergeThresholds::default()).expect("opens").0;
        let few = 100_u64;
        for rows_too_many in [few, SUSPECTS_MAX as u64 + few] {
            let row = |n: u64| (rows::document(&n.to_string()), Some(Digest::of(&[&n.to_le_bytes()]).as_bytes().to_vec()));
            let all: Vec<u64> = (0..rows_too_many).collect();
            for portion in all.chunks(5_000) {
                store.core.index.apply(&portion.iter().map(|n| row(*n)).collect()).expect("written");
                store.flush().expect("flushed");
            }
            let found = store.verify(|_| ()).expect("checked");
            assert_eq!((found.differences, found.is_sound()), (rows_too_many, false));
        }
    }
}
