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
const SUSPECTS_MAX: usize = 100_000;
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
    let mut check = Check { core, second: &second, head: Head::default(), suspects: BTreeSet::new(), found: Verification::default() };
    check.follow(progress)?;
    check.catch_up()?;
    let rows = compare(&core.index, &second, |key| {
        check.suspects.insert(key.to_vec());
        if check.is_full() {
            check.catch_up()?;
        }
        Ok(if check.is_full() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
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
    found: Verification,
}

impl Check<'_> {
    fn records(&self) -> Records<'_> {
        Records { archive: &self.core.archive, journal: &self.core.journal }
    }

    fn is_full(&self) -> bool {
        self.suspects.len() >= SUSPECTS_MAX
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
        if self.is_full() {
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
