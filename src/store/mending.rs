//! Sets damaged bytes of the journal aside, into files of their own, when the index is made again.
//!
//! Where they stood in the middle a frame comes that holds nothing: what stands behind keeps its place, by which receivers, followers,
//! archive files and backups know it. Damaged bytes at the end are cut off, and kept as well unless the index never heard of a commit
//! there: then a crash left it unfinished.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    ops::Range,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use super::{
    archive::sync_dir,
    error::{Result, StoreError},
    journal::Journal,
    mended::Recovery,
    recovery::JOURNAL,
};

/// Sets aside what is damaged and tells it. `known_end` is how much of the journal the old index had, if that can be said. Says whether
/// every commit is there.
pub(super) fn run(journal: &Journal, known_end: Option<u64>, told: &mut Vec<Recovery>) -> Result<bool> {
    let length = journal.length()?;
    let mut is_whole = true;
    for range in journal.damage()? {
        let (bytes, is_tail) = (range.end - range.start, range.end == length);
        if is_tail && known_end.is_some_and(|known| known <= range.start) {
            told.push(Recovery::TornTail(bytes));
            journal.cut(range.start)?;
            continue;
        }
        is_whole = false;
        // What has no room for a frame stays, and is told as damage: bytes were taken out there.
        if !is_tail && !Journal::has_room(&range) {
            continue;
        }
        let file = keep(journal, &range)?;
        if is_tail {
            journal.cut(range.start)?;
        } else {
            journal.blank(&range)?;
        }
        told.push(Recovery::SetAside { bytes, file });
    }
    Ok(is_whole)
}

/// Copies a range of the journal, durably, into a file beside it that is named by its place. What was kept of that place before stays:
/// whoever was cut short while the frame was written has the damaged bytes there, and no more in the journal.
fn keep(journal: &Journal, range: &Range<u64>) -> Result<PathBuf> {
    let dir = journal.path.parent().unwrap_or(Path::new(""));
    let mut path = dir.join(format!("{JOURNAL}.damaged-{}", range.start));
    let mut number = 1;
    while path.exists() {
        number += 1;
        path = dir.join(format!("{JOURNAL}.damaged-{}-{number}", range.start));
    }
    let failed = |error| StoreError::io(&path, error);
    let mut from = File::open(&journal.path).map_err(failed)?;
    from.seek(SeekFrom::Start(range.start)).map_err(failed)?;
    let mut to = File::options().write(true).create_new(true).mode(0o600).open(&path).map_err(failed)?;
    io::copy(&mut from.take(range.end - range.start), &mut to).and_then(|_| to.sync_all()).map_err(failed)?;
    sync_dir(dir)?;
    Ok(path)
}
