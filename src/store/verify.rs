//! Checking a store: the index is made a second time from archive and journal and compared row by row.

use std::{cmp::Ordering, ops::ControlFlow};

use super::{
    core::Core,
    error::{Result, StoreError},
    folder,
    index::{Index, Rows},
    manners,
    replay::{self, Records},
    rows::Head,
};

/// The folder of the second index.
const CHECK: &str = "index.check";

/// Rows that differ at first sight which are remembered for a second look. Commits that are made meanwhile touch far fewer.
const SUSPECTS_MAX: usize = 100_000;

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

/// Checks an open store. Commits go on while the second index is made and while the two are compared; then they wait until the rows that
/// differ were looked at once more, with what came meanwhile. Readers never wait.
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
    let records = Records { archive: &core.archive, journal: &core.journal };
    let mut head = Head::default();
    // Not in the call: who holds the head holds up every commit.
    let end = core.head().journal_end;
    let first = replay::run_until(records, &second, (&mut head, end), progress)?;
    let mut suspects = Vec::new();
    let mut rows = compare(&core.index, &second, |key| {
        suspects.push(key.to_vec());
        if suspects.len() < SUSPECTS_MAX { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    let _writer = core.writer();
    let rest = replay::run(records, &second, &mut head, &mut |_| ())?;
    let mut differences = 0;
    if suspects.len() < SUSPECTS_MAX {
        for key in &suspects {
            differences += u64::from(core.index.get(key)? != second.get(key)?);
        }
    } else {
        rows = compare(&core.index, &second, |_| {
            differences += 1;
            ControlFlow::Continue(())
        })?;
    }
    Ok(Verification {
        commits: first.commits + rest.commits,
        rows,
        lost: first.lost + rest.lost,
        // What was no whole commit at the end of the first look is met again by the second.
        damaged_bytes: first.gap_bytes + rest.gap_bytes + rest.torn_bytes,
        differences,
    })
}

/// Walks both indexes side by side and tells the keys of rows that differ, until told to stop; how many rows were compared. Manners are in
/// the index alone.
fn compare(index: &Index, second: &Index, mut differs: impl FnMut(&[u8]) -> ControlFlow<()>) -> Result<u64> {
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
        if left != right && first.as_ref().is_some_and(|(key, _)| differs(key).is_break()) {
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
