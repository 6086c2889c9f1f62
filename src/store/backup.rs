//! Backups: archive and journal as they are after one commit, copied by any process while the store is in use.
//!
//! Nothing is asked of the store's owner but to note its manners. The journal is read up to its last whole commit, then the archive as far
//! as those commits reach: content is written before its commit, so it is there. A later backup into the same folder copies what is new,
//! and those segments whole that were written anew meanwhile. `backup.json` is written last and says how far the copy counts; a copy that
//! was cut short is gone on with. The index is not copied: it is made again, but what it alone knows (`manners`) goes along in a file of
//! its own, whose name says to how much of the journal it belongs: a copy that is cut short never has manners that claim more than its
//! items.
//!
//! A copy may hold damaged bytes: those of the journal, or of the disk that it is on. Once they are mended in the journal, the next backup
//! makes a new copy of it with what stands there now. Where the copy is whole and the journal is not, it is the better one and stays.
//!
//! One backup of a store is made at a time, and one into a folder: the noted manners are those of whoever asked for them.

use std::{
    fs::{self, File},
    io,
    ops::{ControlFlow, Range},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use super::{
    archive::{Segment, sync_dir},
    error::{Result, StoreError},
    event::Event,
    folder::{copy_range, is_empty, lies_within, make_dir, remove_file, writable},
    journal::{self, Entry, Journal},
    lock,
    manifest::Manifest,
    manners::Manners,
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
    /// Bytes of its journal that are damaged: the commits there are missing in it.
    pub damaged_bytes: u64,
    /// Bytes of its journal that were damaged, and were replaced by what has been mended since.
    pub mended_bytes: u64,
}

/// A backup that was begun. Until it is dropped nobody else copies this store, or anything to its target.
#[derive(Debug)]
pub struct Backup {
    dir: PathBuf,
    target: PathBuf,
    journal: Journal,
    /// What the target holds already.
    known: Manifest,
    /// Where that is damaged and the journal is whole, or was mended.
    mended: Vec<Range<u64>>,
    _locks: [File; 2],
}

impl Backup {
    /// Begins to copy the store in `dir` to `target`: an empty folder, or an older backup of the same store.
    pub(super) fn begin(dir: &Path, target: &Path) -> Result<Self> {
        let journal = Journal::open_to_read(dir.join(JOURNAL))?;
        let Some(claim) = journal.claim()? else {
            return Err(StoreError::Refused(format!("another backup of the store `{}` is under way: wait for its end", dir.display())));
        };
        let (known, lock) = occupy(&journal, target)?;
        let mended = compare_history(&journal, target, &known)?;
        Ok(Self { dir: dir.to_owned(), target: target.to_owned(), journal, known, mended, _locks: [claim, lock] })
    }

    /// Copies what the target does not have yet. `noted` is the file that [`Store::note_manners`](super::Store::note_manners) has written
    /// since this was begun, and is taken away: the copy is of that moment. Without it sources are asked again at once after a restore.
    /// `progress` hears the share that is done, 0 to 1.
    pub fn copy(self, noted: Option<&Path>, mut progress: impl FnMut(f64)) -> Result<BackedUp> {
        let Self { dir, target, journal, known, mended, .. } = &self;
        let manners = noted.map(|noted| Manners::take(noted, known.store)).transpose()?;
        let mut manifest = known.clone();
        let until = manners.as_ref().map_or(u64::MAX, |manners| manners.journal_end).min(journal.length()?);
        // A power cut must not take from the store what the backup has: they would tell two histories. Where this fails, on a full disk for
        // one, a copy is worth more.
        let _ = journal.sync();
        manifest.damaged.retain(|(from, end)| !mended.contains(&(*from..*end)));
        for range in mended {
            read(journal, range.clone(), &mut manifest)?;
        }
        manifest.journal_end = read(journal, known.journal_end..until, &mut manifest)?;

        let archive = target.join(ARCHIVE);
        make_dir(&archive)?;
        let mut done = BackedUp {
            bytes_copied: 0,
            bytes: manifest.journal_end,
            damaged_bytes: manifest.damaged.iter().map(|(from, end)| end - from).sum(),
            mended_bytes: mended.iter().map(|range| range.end - range.start).sum(),
        };
        let all = manifest.ends.len().max(1) as f64;
        for (number, (segment, end)) in manifest.ends.iter().enumerate() {
            let known_end = known.ends.get(segment).copied().unwrap_or(0);
            let (copied, bytes) = copy_segment(dir, target, Segment::from_number(*segment), (known_end, *end))?;
            done.bytes_copied += copied;
            done.bytes += bytes;
            progress((number + 1) as f64 / all);
        }
        sync_dir(&archive)?;
        done.bytes_copied += self.copy_journal(&mut manifest)?;
        manifest.manners = manners.as_ref().map(|manners| manners.journal_end);
        if let (Some(manners), Some(name)) = (manners, manifest.manners_file()) {
            manners.write(&target.join(name))?;
        }
        manifest.write(target)?;
        remove_former(&manifest, target)?;
        Ok(done)
    }

    /// Copies what is new of the journal, and says how many bytes that is. Where mended bytes take the place of damaged ones a new copy
    /// is made beside the old one, which counts until the manifest is written.
    fn copy_journal(&self, manifest: &mut Manifest) -> Result<u64> {
        let Self { target, journal, known, mended, .. } = self;
        let older = target.join(known.journal_file());
        if !mended.is_empty() {
            manifest.rename_journal();
        }
        let copy = target.join(manifest.journal_file());
        let file = writable(&copy)?;
        if copy != older {
            let older = File::open(&older).map_err(|error| StoreError::io(&older, error))?;
            copy_range(&older, &file, 0..known.journal_end, &copy)?;
        }
        let fresh = [0..journal::HEADER_BYTES, known.journal_end..manifest.journal_end];
        for range in fresh.iter().chain(mended) {
            copy_range(&journal.file, &file, range.clone(), &copy)?;
        }
        file.set_len(manifest.journal_end).and_then(|()| file.sync_all()).map_err(|error| StoreError::io(&copy, error))?;
        Ok(manifest.journal_end - known.journal_end)
    }
}

/// Removes what earlier backups have left of manners and journal, also those that were cut short.
fn remove_former(manifest: &Manifest, target: &Path) -> Result<()> {
    for entry in fs::read_dir(target).map_err(|error| StoreError::io(target, error))? {
        let name = entry.map_err(|error| StoreError::io(target, error))?.file_name();
        if manifest.is_former(&name.to_string_lossy()) {
            remove_file(&target.join(name))?;
        }
    }
    Ok(())
}

/// Takes `target` for this backup alone; what it holds already. An empty folder gets a manifest that counts nothing.
fn occupy(journal: &Journal, target: &Path) -> Result<(Manifest, File)> {
    let store = journal.store()?.ok_or_else(|| journal.lacks_a_beginning("copy"))?;
    if journal.path.parent().is_some_and(|dir| lies_within(target, dir)) {
        return Err(StoreError::Refused(format!(
            "`{}` lies in the folder of the store, which nothing else may write to",
            target.display()
        )));
    }
    make_dir(target)?;
    // No lock is left in a folder that is none of ours.
    if Manifest::read(target)?.is_none() && !is_empty(target)? {
        return Err(StoreError::Refused(format!("`{}` is neither empty nor an older backup", target.display())));
    }
    let busy = || StoreError::Refused(format!("another backup is being written to `{}`: wait for its end", target.display()));
    let lock = lock::take(target).map_err(|error| if matches!(error, StoreError::Locked(_)) { busy() } else { error })?;
    // Whoever had the lock before may have finished meanwhile.
    match Manifest::read(target)? {
        Some(known) if known.store == store => Ok((known, lock)),
        Some(_) => Err(StoreError::Refused(format!("`{}` is a backup of another store", target.display()))),
        None => {
            let manifest = Manifest::empty(store);
            manifest.write(target)?;
            Ok((manifest, lock))
        }
    }
}

/// Refuses a copy of the journal that is not the beginning of the journal. Says where it is damaged and the journal is not, or no longer.
fn compare_history(journal: &Journal, target: &Path, known: &Manifest) -> Result<Vec<Range<u64>>> {
    let path = target.join(known.journal_file());
    let mut mended = Vec::new();
    for range in known.damaged.iter().map(|(from, end)| *from..*end) {
        if is_whole(journal, &range)? {
            mended.push(range);
        }
    }
    if difference(journal, &path, known.journal_end, &mended)?.is_none() {
        return Ok(mended);
    }
    // Damage that its manifest does not know: of the disk that it is on, or from before manifests told it.
    for range in Journal::open_to_read(path.clone())?.damage()? {
        if range.end <= known.journal_end && !mended.contains(&range) && is_whole(journal, &range)? {
            mended.push(range);
        }
    }
    let Some(at) = difference(journal, &path, known.journal_end, &mended)? else { return Ok(mended) };
    let (journal_path, target) = (journal.path.display(), target.display());
    let why = if is_hole(journal, at)? {
        format!("`{journal_path}` is damaged at byte {at}, where the backup in `{target}` is whole:")
    } else {
        format!("`{target}` tells another history than this store from byte {at} of its journal on; was the store set back?")
    };
    Err(StoreError::Refused(format!("{why} keep that one, and back up into another folder")))
}

/// The first byte near the end of a copy of the journal that is another one there, outside of some ranges.
fn difference(journal: &Journal, copy: &Path, end: u64, except: &[Range<u64>]) -> Result<Option<u64>> {
    let from = end.saturating_sub(COMPARED_BYTES).max(journal::HEADER_BYTES);
    if end <= from {
        return Ok(None);
    }
    let file = File::open(copy).map_err(|error| StoreError::io(copy, error))?;
    let [mut ours, mut theirs] = [vec![0; (end - from) as usize], vec![0; (end - from) as usize]];
    if journal.file.read_exact_at(&mut ours, from).is_err() || file.read_exact_at(&mut theirs, from).is_err() {
        return Ok(Some(end));
    }
    let is_other = |at: &u64| ours[(at - from) as usize] != theirs[(at - from) as usize];
    Ok((from..end).filter(is_other).find(|at| !except.iter().any(|range| range.contains(at))))
}

/// Whether a range of the journal is whole commits, or what stands where damaged bytes were set aside.
fn is_whole(journal: &Journal, range: &Range<u64>) -> Result<bool> {
    let mut is_whole = true;
    journal.walk(range.clone(), |entry| {
        is_whole &= matches!(entry, Entry::Commit(..) | Entry::Nothing(_));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(is_whole)
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
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(is_hole)
}

/// Reads the commits in a range of the journal: how far into the archive they reach, and what is damaged. Says where the last one ends.
fn read(journal: &Journal, range: Range<u64>, manifest: &mut Manifest) -> Result<u64> {
    let mut last = range.start;
    journal.walk(range, |entry| {
        match entry {
            Entry::Commit(commit, end) => {
                for place in commit.events.iter().filter_map(Event::content) {
                    let known = manifest.ends.entry(place.segment.number()).or_default();
                    *known = place.end().max(*known);
                }
                last = end;
            }
            Entry::Nothing(end) => last = end,
            Entry::Gap(from, end) => {
                manifest.damaged.push((from, end));
                last = end;
            }
            // A commit that is being written.
            Entry::TornTail(_) => {}
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(last)
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
    // A segment that has lost its end is no reason to take it off the copy.
    let end = end.max(from);
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
