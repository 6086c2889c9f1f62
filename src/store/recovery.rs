//! Opening a store: whatever a crash, a full disk or a careless hand left behind, the truth is found again and what was done is said.

use std::{
    fs, io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use uuid::Uuid;

use super::{
    archive::{Archive, Ends, sync_dir},
    core::{Core, Parts},
    error::{Result, StoreError, index_damage},
    event::{Commit, Event},
    folder::{copy_dir, remove_dir, remove_file, remove_if_there, snapshots},
    index::{Index, Rows},
    journal::Journal,
    lock,
    manners::{self, MANNERS, Manners},
    mended::Recovery,
    mending, moving,
    replay::{self, Records, Replayed},
    rows::{self, Head, Row},
};
use crate::model::MergeThresholds;

/// The names inside a store's folder.
pub(super) const ARCHIVE: &str = "archive";
pub(super) const JOURNAL: &str = "journal";
pub(super) const INDEX: &str = "index";
/// Stands in the folder of a store as long as a backup is being copied there.
pub(super) const UNFINISHED: &str = "restore.unfinished";
const INDEX_NEW: &str = "index.new";
const INDEX_OLD: &str = "index.old";
const INDEX_DAMAGED: &str = "index.damaged";

/// How often and how long sled is waited for, which closes in the background.
const ATTEMPTS: u32 = 100;
const PAUSE: Duration = Duration::from_millis(20);

/// Whether a store is in a folder, or was to be made there; also where nobody can look: opening it says why.
pub(super) fn is_there(dir: &Path) -> bool {
    let parts = [JOURNAL, ARCHIVE, INDEX, UNFINISHED];
    match fs::read_dir(dir) {
        Ok(entries) => entries.flatten().any(|entry| parts.iter().any(|part| entry.file_name() == *part)),
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

/// Opens the store in `dir`, creating what is missing and mending what can be mended.
pub(super) fn open(dir: &Path, thresholds: MergeThresholds) -> Result<(Core, Vec<Recovery>)> {
    let mut told = Vec::new();
    let (truth, is_new) = Truth::open(dir)?;
    if is_new {
        // An index without a journal knows nothing: its making was cut short.
        remove_dir(&dir.join(INDEX))?;
        open_index(&dir.join(INDEX))?.put(rows::HEAD.to_vec(), Head::default().encode())?;
    }
    let (index, mut head) = match existing_index(dir, &mut told)? {
        Ok(index) => match usable_head(&index, &truth, !told.is_empty())? {
            Ok(head) => (index, head),
            Err(why) => rebuilt(&truth, Some(index), Some(why), (&mut told, &mut |_| ()))?,
        },
        Err(why) => rebuilt(&truth, None, Some(why), (&mut told, &mut |_| ()))?,
    };
    let replayed = replay::run(truth.records(), &index, &mut head, &mut |_| ())?;
    if replayed.commits > 0 {
        told.push(Recovery::Replayed(replayed.commits));
    }
    tell_damage(&replayed, &mut told);
    remove_if_there(&dir.join(MANNERS))?;
    manners::tidy(dir, &truth.journal)?;
    let index = compacted(dir, index, &head, &mut told)?;
    let ends = settle(&truth, &index, &head, &replayed)?;
    let Truth { dir, lock, archive, journal } = truth;
    Ok((Core::new(Parts { dir, lock, archive, journal, index, head, ends }, thresholds), told))
}

/// Makes the index of the store in `dir` again and says what went into it. `progress` hears the share of the journal that is read.
pub(super) fn rebuild(dir: &Path, progress: &mut dyn FnMut(f64)) -> Result<Vec<Recovery>> {
    let mut told = Vec::new();
    let (truth, is_new) = Truth::open(dir)?;
    if is_new {
        return Ok(told);
    }
    let old = existing_index(dir, &mut told)?.ok();
    rebuilt(&truth, old, None, (&mut told, progress))?;
    Ok(told)
}

/// Who hears what had to be mended, and how far it is done.
type Listener<'a> = (&'a mut Vec<Recovery>, &'a mut dyn FnMut(f64));

/// What the index is made from, behind the store's lock.
struct Truth {
    dir: PathBuf,
    lock: fs::File,
    archive: Archive,
    journal: Journal,
}

impl Truth {
    /// Opens lock, archive and journal. Says whether the store is new.
    fn open(dir: &Path) -> Result<(Self, bool)> {
        // Items of private sources lie in here: for its owner alone, if it is ours to make.
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(dir);
        made.map_err(|error| StoreError::io(dir, error))?;
        let lock = lock::take(dir)?;
        if dir.join(UNFINISHED).exists() {
            return Err(StoreError::Refused(format!("a restore into `{}` was cut short: run `watchfire restore` again", dir.display())));
        }
        let archive = Archive::open(dir.join(ARCHIVE))?;
        let (journal, is_new) = Journal::open(dir.join(JOURNAL))?;
        if is_new && !archive.segments()?.is_empty() {
            let lost = dir.join(JOURNAL);
            return Err(StoreError::Corrupt(format!("`{}` is empty, but there is an archive: restore the journal", lost.display())));
        }
        Ok((Self { dir: dir.to_owned(), lock, archive, journal }, is_new))
    }

    fn records(&self) -> Records<'_> {
        Records { archive: &self.archive, journal: &self.journal }
    }
}

/// The index that is there, mended if need be; in words why there is none that opens.
fn existing_index(dir: &Path, told: &mut Vec<Recovery>) -> Result<std::result::Result<Index, String>> {
    moving::tidy(dir)?;
    let (path, old) = (dir.join(INDEX), dir.join(INDEX_OLD));
    if !path.exists() && old.exists() {
        fs::rename(&old, &path).map_err(|error| StoreError::io(&path, error))?;
    }
    if !path.exists() {
        return Ok(Err("there was none".to_owned()));
    }
    for file in snapshots(&path)?.into_iter().filter(|name| name.ends_with(".generating")) {
        remove_file(&path.join(&file))?;
        told.push(Recovery::HalfSnapshot(file));
    }
    let why = match try_index(&path) {
        Ok(index) => return Ok(Ok(index)),
        Err(error) => damage(&path, error)?,
    };
    let copy = dir.join(INDEX_DAMAGED);
    remove_dir(&copy)?;
    copy_dir(&path, &copy)?;
    for file in snapshots(&path)? {
        remove_file(&path.join(file))?;
    }
    match try_index(&path) {
        Ok(index) => {
            told.push(Recovery::Snapshots { why, copy });
            Ok(Ok(index))
        }
        Err(error) => damage(&path, error).map(Err),
    }
}

/// The head of an index that the truth covers; in words why it cannot be used. One that was mended must have all of its items.
fn usable_head(index: &Index, truth: &Truth, was_mended: bool) -> Result<std::result::Result<Head, String>> {
    let Some(bytes) = index.get(rows::HEAD)? else { return Ok(Err("the old one had no head".to_owned())) };
    match rows::format_of(&bytes) {
        Some(found) if found > rows::FORMAT => {
            return Err(StoreError::Newer { path: truth.dir.join(INDEX), found, known: rows::FORMAT });
        }
        Some(found) if found < rows::FORMAT => return Ok(Err(format!("the old one had format {found}"))),
        _ => {}
    }
    let Some(head) = Head::decode(&bytes) else { return Ok(Err("the old one had an unreadable head".to_owned())) };
    if was_mended && index.walk(&[rows::ITEMS]).filter(Result::is_ok).count() as u64 != head.items {
        return Ok(Err("the old one had lost items".to_owned()));
    }
    if truth.journal.length()? < head.journal_end {
        return Ok(Err("the old one knew more than the journal".to_owned()));
    }
    for (segment, end) in ends_in(index)? {
        if truth.archive.length(segment)? < end {
            return Ok(Err(format!("the old one knew more than `{}`", segment.file_name())));
        }
    }
    Ok(Ok(head))
}

/// A new index from archive and journal, in the place of the old one.
fn rebuilt(truth: &Truth, old: Option<Index>, why: Option<String>, (told, progress): Listener<'_>) -> Result<(Index, Head)> {
    let dir = truth.dir.as_path();
    let (path, new) = (dir.join(INDEX), dir.join(INDEX_NEW));
    let known = old.as_ref().and_then(|old| old.row::<Head>(rows::HEAD).ok()?);
    let manners = match &old {
        Some(old) => Some(Manners::of(old, Uuid::nil(), u64::MAX)?),
        None => restored_manners(dir, told),
    };
    drop(old);
    let was_whole = mending::run(&truth.journal, known.as_ref().map(|head| head.journal_end), told)?;
    if let Some(known) = &known {
        begin_again(&truth.journal, known)?;
    }
    remove_dir(&new)?;
    let replayed = {
        let index = open_index(&new)?;
        let mut head = Head::default();
        let replayed = replay::run(truth.records(), &index, &mut head, progress)?;
        if let Some(manners) = manners {
            let is_covered = was_whole && replayed.is_whole() && manners.journal_end <= head.journal_end;
            if is_covered { manners } else { manners.without_validators() }.put_into(&index)?;
        }
        index.flush()?;
        replayed
    };
    exchange(dir)?;
    told.push(Recovery::Rebuilt { why, commits: replayed.commits, lost: replayed.lost });
    tell_damage(&replayed, told);
    let index = open_index(&path)?;
    let head = index.row(rows::HEAD)?.unwrap_or_default();
    settle(truth, &index, &head, &replayed)?;
    Ok((index, head))
}

/// What a backup said beside archive and journal, if this store was made from one.
fn restored_manners(dir: &Path, told: &mut Vec<Recovery>) -> Option<Manners> {
    match Manners::read(&dir.join(MANNERS)) {
        Ok(manners) => manners,
        Err(error) => {
            told.push(Recovery::NoManners(error.to_string()));
            None
        }
    }
}

/// Says again which store it is, where the journal has lost its first commit.
fn begin_again(journal: &Journal, known: &Head) -> Result<()> {
    if known.feed_uuid.is_nil() || journal.store()?.is_some() {
        return Ok(());
    }
    let events = vec![Event::Created { feed_uuid: known.feed_uuid }];
    let commit = Commit { at: known.changed_at, generation: known.generation, changed_at: known.changed_at, events };
    journal.append(journal.length()?, &commit)?;
    journal.sync()
}

/// The index without its garbage, if that is most of it: sled 0.34.7 gives space back far slower than a large import takes it, and reads
/// all of it when it opens.
fn compacted(dir: &Path, index: Index, head: &Head, told: &mut Vec<Recovery>) -> Result<Index> {
    let before = index.size()?;
    if !is_mostly_garbage(before, head.items) {
        return Ok(index);
    }
    let index = copied(dir, index)?;
    told.push(Recovery::Compacted(before, index.size()?));
    Ok(index)
}

/// Whether most of an index of so many bytes is garbage.
pub(super) const fn is_mostly_garbage(bytes: u64, items: u64) -> bool {
    /// What the rows of an item take, pages half full, and what an index takes beside them.
    const ITEM_BYTES: u64 = 700;
    const BASE_BYTES: u64 = 64 << 20;
    /// It takes this many times what it needs.
    const TIMES_MAX: u64 = 3;
    bytes > TIMES_MAX * (BASE_BYTES + items * ITEM_BYTES)
}

/// A copy of the index, in its place.
fn copied(dir: &Path, index: Index) -> Result<Index> {
    let new = dir.join(INDEX_NEW);
    remove_dir(&new)?;
    index.copy_to(&open_index(&new)?, Duration::ZERO)?;
    drop(index);
    exchange(dir)?;
    open_index(&dir.join(INDEX))
}

/// Puts the new index in the place of the old one. A crash meanwhile leaves one of the two.
fn exchange(dir: &Path) -> Result<()> {
    let (path, new, old) = (dir.join(INDEX), dir.join(INDEX_NEW), dir.join(INDEX_OLD));
    for index in [&path, &new] {
        await_closed(index);
    }
    remove_dir(&old)?;
    if path.exists() {
        fs::rename(&path, &old).map_err(|error| StoreError::io(&path, error))?;
    }
    fs::rename(&new, &path).map_err(|error| StoreError::io(&path, error))?;
    sync_dir(dir)?;
    remove_dir(&old)
}

/// Waits until sled has let go of an index that was closed: its last jobs write below the name that the folder had. Says whether it has.
pub(super) fn await_closed(index: &Path) -> bool {
    let Ok(file) = fs::File::open(index.join("db")) else { return true };
    for _ in 0..ATTEMPTS {
        if file.try_lock().is_ok() {
            return true;
        }
        thread::sleep(PAUSE);
    }
    false
}

/// Ends journal and segments where the index says: what stands behind belongs to no commit. A segment that is too short has lost
/// content; it is filled up, so that no place is ever used twice.
fn settle(truth: &Truth, index: &Index, head: &Head, replayed: &Replayed) -> Result<Ends> {
    if replayed.torn_bytes > 0 {
        truth.journal.cut(head.journal_end)?;
    }
    let mut ends = ends_in(index)?;
    for segment in truth.archive.segments()? {
        // A backup may hold a segment that was written anew after the last commit that it holds.
        let floor = truth.archive.file(segment)?.layout.shrunk_end();
        let end = ends.entry(segment).or_insert(floor);
        *end = floor.max(*end);
    }
    for segment in truth.archive.segments()? {
        let end = ends.get(&segment).copied().unwrap_or(super::archive::HEADER_BYTES);
        if truth.archive.length(segment)? != end {
            truth.archive.cut(segment, end)?;
        }
    }
    for (segment, end) in &ends {
        truth.archive.fill(*segment, *end)?;
    }
    Ok(ends)
}

fn tell_damage(replayed: &Replayed, told: &mut Vec<Recovery>) {
    for (bytes, recovery) in [(replayed.torn_bytes, Recovery::TornTail as fn(u64) -> Recovery), (replayed.gap_bytes, Recovery::Gap)] {
        let recovery = recovery(bytes);
        if bytes > 0 && !told.contains(&recovery) {
            told.push(recovery);
        }
    }
}

fn ends_in(index: &Index) -> Result<Ends> {
    let mut ends = Ends::new();
    for row in index.walk(&[rows::ENDS]) {
        let (key, value) = row?;
        if let Some((segment, end)) = rows::segment_of(&key).zip(u64::decode(&value)) {
            ends.insert(segment, end);
        }
    }
    Ok(ends)
}

/// Opens the index where any failure is final.
fn open_index(path: &Path) -> Result<Index> {
    try_index(path).map_err(|error| StoreError::index(path, error))
}

/// Opens the index. sled lets go of its own lock a moment after it was closed; ours is held already, so that waiting is safe.
fn try_index(path: &Path) -> std::result::Result<Index, sled::Error> {
    for _ in 1..ATTEMPTS {
        match Index::open(path) {
            Err(error) if is_lock(&error) => thread::sleep(PAUSE),
            opened => return opened,
        }
    }
    Index::open(path)
}

fn is_lock(error: &sled::Error) -> bool {
    matches!(error, sled::Error::Io(error) if error.to_string().contains("could not acquire lock"))
}

/// What a failure to open says about the index, if it is its damage; other failures are passed on.
fn damage(path: &Path, error: sled::Error) -> Result<String> {
    use io::ErrorKind as Kind;
    match &error {
        sled::Error::Io(cause)
            if !matches!(cause.kind(), Kind::UnexpectedEof | Kind::InvalidData | Kind::InvalidInput | Kind::NotFound) =>
        {
            Err(StoreError::index(path, error))
        }
        _ => Ok(index_damage(&error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copied_index_has_the_same_rows_and_an_exchange_cut_short_loses_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let dir = folder.path();
        let index = open_index(&dir.join(INDEX)).expect("opens");
        let row = |n: u64| ([rows::item(n), rows::story(n), b"p".to_vec()][(n % 3) as usize].clone(), Some(vec![n as u8; 100]));
        index.apply(&(0..500).map(row).collect()).expect("written");
        let rows = |index: &Index| index.rows().collect::<Result<Vec<_>>>().expect("readable");
        let before = rows(&index);
        let index = copied(dir, index).expect("copied");
        assert_eq!(rows(&index), before);
        assert!(!dir.join(INDEX_NEW).exists() && !dir.join(INDEX_OLD).exists());
        drop(index);
        await_closed(&dir.join(INDEX));
        fs::rename(dir.join(INDEX), dir.join(INDEX_OLD)).expect("renamed");
        let index = existing_index(dir, &mut Vec::new()).expect("looked").expect("found");
        assert_eq!(rows(&index), before);
    }
}
