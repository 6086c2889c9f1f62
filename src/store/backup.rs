//! Backups: archive and journal as they are after one commit, copied by any process while the store is in use.
//!
//! Nothing is asked of the store's owner but to note its manners. The journal is read up to its last whole commit, then the archive as
//! far as those commits reach: content is written before its commit, so it is there. A later backup into the same folder copies what is new, and those
//! segments whole that were written anew meanwhile. `backup.json` is written last and says how far the copy counts; a copy that was cut
//! short is gone on with. The index is not copied: it is made again, but what it alone knows (`manners`) goes along in a file of its own,
//! whose name says to how much of the journal it belongs: a copy that is cut short never has manners that claim more than its items.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::FileExt,
    path::Path,
};

use super::{
    archive::{Segment, sync_dir},
    error::{Result, StoreError},
    event::Event,
    folder::{copy_range, is_empty, lies_within, make_dir, remove_file, remove_if_there, writable},
    journal::{self, Entry, Journal},
    lock,
    manifest::Manifest,
    manners::{MANNERS, Manners},
    recovery::{ARCHIVE, JOURNAL},
    segment::SegmentFile,
};

/// So much of the end of an older copy of the journal is compared before it is gone on with.
const COMPARED_BYTES: u64 = 64 << 10;

/// What a backup copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackedUp {
    /// Bytes of archive and journal that were new.
    pub bytes_copied: u64,
    /// Bytes of both that the backup has.
    pub bytes: u64,
    /// Bytes among what is new of the journal that are damaged: the commits there are in no backup.
    pub damaged_bytes: u64,
}

/// Copies the store in `dir` to `target`: an empty folder, or an older backup of the same store. With `noted` manners the copy is of the
/// moment when they were. `progress` hears the share that is done.
pub(super) fn back_up(dir: &Path, target: &Path, noted: Option<&Path>, progress: &mut dyn FnMut(f64)) -> Result<BackedUp> {
    let journal = Journal::open_to_read(dir.join(JOURNAL))?;
    let mut manifest = begin(&journal, target)?;
    let _lock = lock::take(target)?;
    let manners = noted.map(Manners::read).transpose()?.flatten().filter(|manners| manners.store == manifest.store);
    let known = manifest.clone();
    check_history(&journal, target, known.journal_end)?;
    let until = manners.as_ref().map_or(u64::MAX, |manners| manners.journal_end).min(journal.length()?);
    let damaged_bytes = read_on(&journal, until, &mut manifest)?;

    let archive = target.join(ARCHIVE);
    make_dir(&archive)?;
    let mut done = BackedUp { bytes_copied: 0, bytes: manifest.journal_end, damaged_bytes };
    let all = manifest.ends.len().max(1) as f64;
    for (number, (segment, end)) in manifest.ends.iter().enumerate() {
        let known_end = known.ends.get(segment).copied().unwrap_or(0);
        let (copied, bytes) = copy_segment(dir, target, Segment::from_number(*segment), (known_end, *end))?;
        done.bytes_copied += copied;
        done.bytes += bytes;
        progress((number + 1) as f64 / all);
    }
    sync_dir(&archive)?;
    let copy = target.join(JOURNAL);
    let file = writable(&copy)?;
    copy_range(&journal.file, &file, 0..journal::HEADER_BYTES, &copy)?;
    copy_range(&journal.file, &file, known.journal_end..manifest.journal_end, &copy)?;
    file.set_len(manifest.journal_end).and_then(|()| file.sync_all()).map_err(|error| StoreError::io(&copy, error))?;
    done.bytes_copied += manifest.journal_end - known.journal_end;
    manifest.manners = manners.as_ref().map(|manners| manners.journal_end);
    if let (Some(manners), Some(name)) = (manners, manifest.manners_file()) {
        manners.write(&target.join(name))?;
    }
    manifest.write(target)?;
    remove_former_manners(&manifest, target)?;
    noted.map_or(Ok(()), remove_if_there)?;
    Ok(done)
}

/// Removes the files of manners that earlier backups have left, also those that were cut short.
fn remove_former_manners(manifest: &Manifest, target: &Path) -> Result<()> {
    let current = manifest.manners_file();
    for entry in fs::read_dir(target).map_err(|error| StoreError::io(target, error))? {
        let name = entry.map_err(|error| StoreError::io(target, error))?.file_name().to_string_lossy().into_owned();
        if name.starts_with(MANNERS) && current.as_ref() != Some(&name) {
            remove_file(&target.join(name))?;
        }
    }
    Ok(())
}

/// The manifest of what `target` holds already; an empty folder gets one that counts nothing.
fn begin(journal: &Journal, target: &Path) -> Result<Manifest> {
    let store = journal.store()?.ok_or_else(|| journal.lacks_a_beginning("copy"))?;
    if journal.path.parent().is_some_and(|dir| lies_within(target, dir)) {
        return Err(StoreError::Refused(format!(
            "`{}` lies in the folder of the store, which nothing else may write to",
            target.display()
        )));
    }
    make_dir(target)?;
    if let Some(known) = Manifest::read(target)? {
        return if known.store == store {
            Ok(known)
        } else {
            Err(StoreError::Refused(format!("`{}` is a backup of another store", target.display())))
        };
    }
    if !is_empty(target)? {
        return Err(StoreError::Refused(format!("`{}` is neither empty nor an older backup", target.display())));
    }
    let manifest = Manifest::empty(store);
    manifest.write(target)?;
    Ok(manifest)
}

/// Refuses a copy of the journal that is not the beginning of the journal.
fn check_history(journal: &Journal, target: &Path, known_end: u64) -> Result<()> {
    let path = target.join(JOURNAL);
    let from = known_end.saturating_sub(COMPARED_BYTES).max(journal::HEADER_BYTES);
    if known_end <= from {
        return Ok(());
    }
    let copy = File::open(&path).map_err(|error| StoreError::io(&path, error))?;
    let [mut ours, mut theirs] = [vec![0; (known_end - from) as usize], vec![0; (known_end - from) as usize]];
    let is_read = journal.file.read_exact_at(&mut ours, from).is_ok() && copy.read_exact_at(&mut theirs, from).is_ok();
    if is_read && ours == theirs {
        return Ok(());
    }
    if let Some(at) = ours.iter().zip(&theirs).position(|(ours, theirs)| ours != theirs)
        && is_read
        && is_hole(journal, from + at as u64)?
    {
        let (journal, byte, target) = (journal.path.display(), from + at as u64, target.display());
        let why = if is_hole(&Journal::open_to_read(path)?, byte)? {
            format!("`{target}` has bytes of `{journal}` from byte {byte} on that were damaged, and have been set aside since")
        } else {
            format!("`{journal}` is damaged at byte {byte}, where the backup in `{target}` is whole")
        };
        return Err(StoreError::Refused(format!("{why}: keep that one, and back up into another folder")));
    }
    let why = "its journal is not the beginning of the store's; was the store set back?";
    Err(StoreError::Refused(format!("`{}` does not go with this store: {why}", target.display())))
}

/// Whether a byte of the journal is damaged, or was and has been set aside.
fn is_hole(journal: &Journal, at: u64) -> Result<bool> {
    let (mut begin, mut is_hole) = (journal::HEADER_BYTES, false);
    journal.walk(journal::HEADER_BYTES..journal.length()?, |entry| {
        let (end, is_whole) = match entry {
            Entry::Commit(_, end) => (end, true),
            Entry::Nothing(end) | Entry::Gap(_, end) => (end, false),
            Entry::TornTail(_) => (u64::MAX, false),
        };
        is_hole |= !is_whole && (begin..end).contains(&at);
        begin = end;
        Ok(std::ops::ControlFlow::Continue(()))
    })?;
    Ok(is_hole)
}

/// Reads the commits up to an end that the backup does not have yet, and how far into the archive they reach.
fn read_on(journal: &Journal, until: u64, manifest: &mut Manifest) -> Result<u64> {
    let Manifest { journal_end, ends, .. } = manifest;
    let mut damaged_bytes = 0;
    journal.walk(*journal_end..until, |entry| {
        match entry {
            Entry::Commit(commit, end) => {
                for place in commit.events.iter().filter_map(Event::content) {
                    let known = ends.entry(place.segment.number()).or_default();
                    *known = place.end().max(*known);
                }
                *journal_end = end;
            }
            Entry::Nothing(end) => *journal_end = end,
            Entry::Gap(from, end) => {
                damaged_bytes += end - from;
                *journal_end = end;
            }
            // A commit that is being written.
            Entry::TornTail(_) => {}
        }
        Ok(std::ops::ControlFlow::Continue(()))
    })?;
    Ok(damaged_bytes)
}

/// Copies what is new of a segment; bytes copied, and bytes that the copy has.
fn copy_segment(dir: &Path, target: &Path, segment: Segment, (known_end, end): (u64, u64)) -> Result<(u64, u64)> {
    let path = dir.join(ARCHIVE).join(segment.file_name());
    let file = match File::open(&path) {
        Ok(file) => file,
        // Its content is lost, which `verify` tells.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((0, 0)),
        Err(error) => return Err(StoreError::io(&path, error)),
    };
    let source = SegmentFile::open(&path, file)?;
    let beginning = source.layout.beginning();
    let length = source.file.metadata().map_err(|error| StoreError::io(&path, error))?.len();
    let end = source.layout.position(end).unwrap_or(source.layout.base()).min(length);
    let copy = target.join(ARCHIVE).join(segment.file_name());
    let known = source.layout.position(known_end).filter(|known| begins_with(&copy, &beginning, *known));
    // One that was written anew is copied whole, beside the older copy.
    let fresh = target.join(ARCHIVE).join(segment.file_name() + ".new");
    let (written, from) = known.map_or((&fresh, 0), |known| (&copy, known));
    let file = writable(written)?;
    copy_range(&source.file, &file, from..end, written)?;
    file.set_len(end).and_then(|()| file.sync_all()).map_err(|error| StoreError::io(written, error))?;
    if known.is_none() {
        fs::rename(&fresh, &copy).map_err(|error| StoreError::io(&copy, error))?;
    }
    Ok((end.saturating_sub(from), end))
}

/// Whether a copy begins with these bytes and has at least so many.
fn begins_with(copy: &Path, beginning: &[u8], length: u64) -> bool {
    let Ok(file) = File::open(copy) else { return false };
    let mut bytes = vec![0; beginning.len()];
    file.metadata().is_ok_and(|metadata| metadata.len() >= length) && file.read_exact_at(&mut bytes, 0).is_ok() && bytes == beginning
}
