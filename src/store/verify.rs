//! Checking a store: the index is made a second time from archive and journal and compared row by row.

use std::cmp::Ordering;

use super::{
    core::Core,
    error::{Result, StoreError},
    folder,
    index::Index,
    manners,
    replay::{self, Records},
    rows::Head,
};

/// The folder of the second index.
const CHECK: &str = "index.check";

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

/// Checks an open store. Commits go on while the second index is made, and wait while the two are compared; readers do not.
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
    let _writer = core.writer();
    let rest = replay::run(records, &second, &mut head, &mut |_| ())?;
    let mut found = Verification {
        commits: first.commits + rest.commits,
        lost: first.lost + rest.lost,
        // What was no whole commit at the end of the first look is met again by the second.
        damaged_bytes: first.gap_bytes + rest.gap_bytes + rest.torn_bytes,
        ..Verification::default()
    };
    compare(&core.index, &second, &mut found)?;
    Ok(found)
}

/// Walks both indexes side by side. Manners are in the index alone.
fn compare(index: &Index, second: &Index, found: &mut Verification) -> Result<()> {
    let is_derived = |row: &Result<(Vec<u8>, Vec<u8>)>| row.as_ref().map_or(true, |(key, _)| !manners::is_own(key[0]));
    let mut one = index.rows().filter(is_derived);
    let mut other = second.rows().filter(is_derived);
    let (mut left, mut right) = (one.next().transpose()?, other.next().transpose()?);
    while left.is_some() || right.is_some() {
        let order = match (&left, &right) {
            (Some((left, _)), Some((right, _))) => left.cmp(right),
            (Some(_), None) => Ordering::Less,
            (None, _) => Ordering::Greater,
        };
        found.rows += 1;
        found.differences += u64::from(left != right);
        if order.is_le() {
            left = one.next().transpose()?;
        }
        if order.is_ge() {
            right = other.next().transpose()?;
        }
    }
    Ok(())
}
