//! Backups: archive and journal as they are after one commit, copied by any process while the store is in use.
//!
//! Nothing is asked of the store's owner. The journal is read up to its last whole commit, then the archive as far as those commits
//! reach: content is written before its commit, so it is there. A later backup into the same folder copies what is new, and those
//! segments whole that were written anew meanwhile. `backup.json` is written last and says how far the copy counts; a copy that was cut
//! short is gone on with. The index is not copied: it is made again.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt},
    path::Path,
};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    archive::{Segment, sync_dir},
    error::{Result, StoreError},
    event::Event,
    folder::{lies_within, remove_dir, remove_file},
    journal::{self, Entry, Journal},
    lock,
    recovery::{self, ARCHIVE, JOURNAL, Recovery, UNFINISHED},
    segment::SegmentFile,
};

const MANIFEST: &str = "backup.json";
/// The newest form of backups that this program reads and the one that it writes.
const FORMAT: u16 = 1;
const CHUNK_BYTES: u64 = 1 << 20;
/// So much of the end of an older copy of the journal is compared before it is gone on with.
const COMPARED_BYTES: u64 = 64 << 10;

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Manifest {
    format: u16,
    /// Which store it is of.
    store: Uuid,
    /// Bytes of the journal that count.
    journal_end: u64,
    /// Where each segment ends for them, by its number.
    ends: BTreeMap<u32, u64>,
}

/// What a backup copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackedUp {
    /// Bytes that were new.
    pub bytes_copied: u64,
    /// Bytes that the backup has.
    pub bytes: u64,
    /// Bytes among what is new of the journal that are damaged: the commits there are in no backup.
    pub damaged_bytes: u64,
}

/// What a restored store holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Restored {
    /// What making its index told.
    pub told: Vec<Recovery>,
    /// Bytes that were copied.
    pub bytes: u64,
}

/// Copies the store in `dir` to `target`: an empty folder, or an older backup of the same store. `progress` hears the share that is done.
pub(super) fn back_up(dir: &Path, target: &Path, progress: &mut dyn FnMut(f64)) -> Result<BackedUp> {
    let journal = Journal::open_to_read(dir.join(JOURNAL))?;
    let mut manifest = begin(&journal, target)?;
    let _lock = lock::take(target)?;
    let known = manifest.clone();
    check_history(&journal, target, known.journal_end)?;
    let damaged_bytes = read_on(&journal, &mut manifest)?;

    let archive = target.join(ARCHIVE);
    fs::create_dir_all(&archive).map_err(|error| StoreError::io(&archive, error))?;
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
    manifest.write(target)?;
    Ok(done)
}

/// Copies the backup in `source` to `dir`, a folder without a store, and makes the index there.
pub(super) fn restore(source: &Path, dir: &Path, progress: &mut dyn FnMut(f64)) -> Result<Restored> {
    let Some(manifest) = Manifest::read(source)?.filter(|manifest| manifest.journal_end > journal::HEADER_BYTES) else {
        return Err(StoreError::Refused(format!("`{}` holds no backup that was finished", source.display())));
    };
    make_dir(dir)?;
    let lock = {
        let unfinished = dir.join(UNFINISHED);
        if !unfinished.exists() && !is_empty(dir)? {
            return Err(StoreError::Refused(format!("`{}` is not empty: a backup is restored into an empty folder", dir.display())));
        }
        let lock = lock::take(dir)?;
        fs::write(&unfinished, b"").map_err(|error| StoreError::io(&unfinished, error))?;
        sync_dir(dir)?;
        lock
    };
    for name in [ARCHIVE, recovery::INDEX] {
        remove_dir(&dir.join(name))?;
    }
    let archive = dir.join(ARCHIVE);
    make_dir(&archive)?;
    let mut bytes = manifest.journal_end;
    let all = manifest.ends.len().max(1) as f64;
    for (number, segment) in manifest.ends.keys().enumerate() {
        let name = Segment::from_number(*segment).file_name();
        let (from, to) = (source.join(ARCHIVE).join(&name), archive.join(&name));
        match File::open(&from) {
            Ok(file) => bytes += copy_whole(&file, &to)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(StoreError::io(&from, error)),
        }
        progress((number + 1) as f64 / all / 2.0);
    }
    sync_dir(&archive)?;
    let (from, to) = (source.join(JOURNAL), dir.join(JOURNAL));
    let journal = File::open(&from).map_err(|error| StoreError::io(&from, error))?;
    let file = writable(&to)?;
    copy_range(&journal, &file, 0..manifest.journal_end, &to)?;
    file.set_len(manifest.journal_end).and_then(|()| file.sync_all()).map_err(|error| StoreError::io(&to, error))?;
    remove_file(&dir.join(UNFINISHED))?;
    sync_dir(dir)?;
    drop(lock);
    let told = recovery::rebuild(dir, &mut |share| progress(0.5 + share / 2.0))?;
    Ok(Restored { told, bytes })
}

impl Manifest {
    /// The manifest in a folder; `None` where there is none.
    fn read(dir: &Path) -> Result<Option<Self>> {
        let path = dir.join(MANIFEST);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StoreError::io(&path, error)),
        };
        let found = serde_json::from_str::<serde_json::Value>(&text).ok().and_then(|value| u16::try_from(value["format"].as_u64()?).ok());
        match (found, serde_json::from_str(&text)) {
            (Some(found), _) if found > FORMAT => Err(StoreError::Newer { path, found, known: FORMAT }),
            (_, Ok(manifest)) => Ok(Some(manifest)),
            (_, Err(error)) => Err(StoreError::Corrupt(format!("`{}`: {error}", path.display()))),
        }
    }

    fn write(&self, dir: &Path) -> Result<()> {
        let (path, fresh) = (dir.join(MANIFEST), dir.join("backup.json.new"));
        let json = serde_json::to_vec_pretty(self).map_err(|error| StoreError::Corrupt(format!("`{}`: {error}", path.display())))?;
        let failed = |error| StoreError::io(&path, error);
        fs::write(&fresh, json).map_err(failed)?;
        File::open(&fresh).and_then(|file| file.sync_all()).map_err(failed)?;
        fs::rename(&fresh, &path).map_err(failed)?;
        sync_dir(dir)
    }
}

/// The manifest of what `target` holds already; an empty folder gets one that counts nothing.
fn begin(journal: &Journal, target: &Path) -> Result<Manifest> {
    let store = store_of(journal)?;
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
    let manifest = Manifest { format: FORMAT, store, journal_end: journal::HEADER_BYTES, ends: BTreeMap::new() };
    manifest.write(target)?;
    Ok(manifest)
}

/// The id in the first commit.
fn store_of(journal: &Journal) -> Result<Uuid> {
    let mut store = None;
    journal.walk(journal::HEADER_BYTES..journal.length()?, |entry| {
        if let Entry::Commit(commit, _) = entry {
            store = commit.events.iter().find_map(|event| match event {
                Event::Created { feed_uuid } => Some(*feed_uuid),
                _ => None,
            });
        }
        Ok(std::ops::ControlFlow::Break(()))
    })?;
    store.ok_or_else(|| StoreError::Refused("the store has no commit yet: there is nothing to copy".to_owned()))
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
    let why = "its journal is not the beginning of the store's; was the store set back?";
    Err(StoreError::Refused(format!("`{}` does not go with this store: {why}", target.display())))
}

/// Reads the commits that the backup does not have yet, and how far into the archive they reach.
fn read_on(journal: &Journal, manifest: &mut Manifest) -> Result<u64> {
    let Manifest { journal_end, ends, .. } = manifest;
    let mut damaged_bytes = 0;
    journal.walk(*journal_end..journal.length()?, |entry| {
        match entry {
            Entry::Commit(commit, end) => {
                for place in commit.events.iter().filter_map(Event::content) {
                    let known = ends.entry(place.segment.number()).or_default();
                    *known = place.end().max(*known);
                }
                *journal_end = end;
            }
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

fn copy_range(from: &File, to: &File, range: std::ops::Range<u64>, path: &Path) -> Result<()> {
    let mut at = range.start;
    while at < range.end {
        let mut bytes = vec![0; (range.end - at).min(CHUNK_BYTES) as usize];
        from.read_exact_at(&mut bytes, at).and_then(|()| to.write_all_at(&bytes, at)).map_err(|error| StoreError::io(path, error))?;
        at += bytes.len() as u64;
    }
    Ok(())
}

fn copy_whole(from: &File, to: &Path) -> Result<u64> {
    let file = writable(to)?;
    let length = from.metadata().map_err(|error| StoreError::io(to, error))?.len();
    copy_range(from, &file, 0..length, to)?;
    file.set_len(length).and_then(|()| file.sync_all()).map_err(|error| StoreError::io(to, error))?;
    Ok(length)
}

fn writable(path: &Path) -> Result<File> {
    let opened = File::options().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
    opened.map_err(|error| StoreError::io(path, error))
}

fn make_dir(dir: &Path) -> Result<()> {
    if dir.is_file() {
        return Err(StoreError::Refused(format!("`{}` is a file, must be a folder", dir.display())));
    }
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|error| StoreError::io(dir, error))
}

/// Whether there is nothing in a folder but a lock.
fn is_empty(dir: &Path) -> Result<bool> {
    let mut entries = fs::read_dir(dir).map_err(|error| StoreError::io(dir, error))?;
    Ok(entries.all(|entry| entry.is_ok_and(|entry| entry.file_name() == "lock")))
}
