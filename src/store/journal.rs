//! The journal: an append-only file that is never purged, one frame a commit. With the archive it is the truth.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
    ops::{ControlFlow, Range},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use uuid::Uuid;

use super::{
    codec::{Decoder, Encoder},
    error::{Result, StoreError},
    event::{Commit, Event},
    frame, lock,
};

/// Begins the file.
const MARK: &[u8; 6] = b"WFJNL\n";
/// The newest format that this program reads and the one that it writes. Format 1 is that of programs which knew no retention, 2
/// of those which knew no risks: a journal may hold no events that they do not know, but from the first look on they must not take it for
/// theirs.
pub(super) const FORMAT: u16 = 3;
/// Begins the payload of a frame that stands where damaged bytes were: no commit begins so, and a program that does not know it refuses.
const NOTHING: u8 = 0;
/// Bytes of mark and format number.
pub(super) const HEADER_BYTES: u64 = 8;

/// The open journal.
#[derive(Debug)]
pub(super) struct Journal {
    pub(super) path: PathBuf,
    pub(super) file: File,
}

/// What stands at some place in the journal.
pub(super) enum Entry {
    /// A commit, and where its frame ends.
    Commit(Box<Commit>, u64),
    /// Where damaged bytes were that have been set aside ends.
    Nothing(u64),
    /// Damaged bytes with undamaged commits behind them: where they begin and end.
    Gap(u64, u64),
    /// Bytes to the end of the file that are no commit: a write that was cut short.
    TornTail(u64),
}

impl Journal {
    /// Opens the journal at `path`; a missing or empty file begins a new one. Says whether it is new.
    pub(super) fn open(path: PathBuf) -> Result<(Self, bool)> {
        let failed = |error| StoreError::io(&path, error);
        let file = File::options().read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        if length < HEADER_BYTES {
            file.write_all_at(&Encoder::default().raw(MARK).u16(FORMAT).finish(), 0).map_err(failed)?;
        } else if check_header(&path, &file)? < FORMAT {
            // One byte changes, so that a crash leaves one of the two formats.
            let raised = Encoder::default().raw(MARK).u16(FORMAT).finish();
            file.write_all_at(&raised, 0).and_then(|()| file.sync_data()).map_err(failed)?;
        }
        Ok((Self { path, file }, length <= HEADER_BYTES))
    }

    /// Opens a journal that another process may be writing.
    pub(super) fn open_to_read(path: PathBuf) -> Result<Self> {
        let file = File::open(&path).map_err(|error| StoreError::io(&path, error))?;
        check_header(&path, &file)?;
        Ok(Self { path, file })
    }

    /// Marks the store as being backed up as long as what is returned is open, also when the process is killed; `None` if somebody else
    /// does so. A lock on the journal itself leaves nothing behind, and needs no room on a full disk.
    pub(super) fn claim(&self) -> Result<Option<File>> {
        // Some network file systems lock only what may be written.
        let opened = File::options().read(true).write(true).open(&self.path).or_else(|_| File::open(&self.path));
        let claimed = opened.and_then(|file| Ok(lock::try_lock(&file)?.then_some(file)));
        claimed.map_err(|error| self.failed(error))
    }

    /// Bytes in the file.
    pub(super) fn length(&self) -> Result<u64> {
        self.file.metadata().map(|metadata| metadata.len()).map_err(|error| self.failed(error))
    }

    /// Writes a commit at `end` and returns the new end; on failure the file is cut back.
    pub(super) fn append(&self, end: u64, commit: &Commit) -> Result<u64> {
        let mut bytes = Vec::new();
        frame::write(&mut bytes, &commit.encode()?);
        match self.file.write_all_at(&bytes, end) {
            Ok(()) => Ok(end + bytes.len() as u64),
            Err(error) => {
                // What stands behind the end counts for nothing, even if it cannot be removed now.
                let _ = self.cut(end);
                Err(self.failed(error))
            }
        }
    }

    /// Ends the file at `end`.
    pub(super) fn cut(&self, end: u64) -> Result<()> {
        self.file.set_len(end).map_err(|error| self.failed(error))
    }

    /// Makes everything written durable.
    pub(super) fn sync(&self) -> Result<()> {
        self.file.sync_data().map_err(|error| self.failed(error))
    }

    /// Calls `visit` with every entry in a range of bytes, in their order, until it has enough.
    pub(super) fn walk(&self, range: Range<u64>, mut visit: impl FnMut(Entry) -> Result<ControlFlow<()>>) -> Result<()> {
        let Range { start: from, end: length } = range;
        let mut file = BufReader::with_capacity(1 << 20, File::open(&self.path).map_err(|error| self.failed(error))?);
        file.seek(SeekFrom::Start(from)).map_err(|error| self.failed(error))?;
        let mut at = from;
        while at < length {
            match read_frame(&mut file, length - at).map_err(|error| self.failed(error))? {
                Some(bytes) => {
                    let payload = frame::read(&bytes).unwrap_or_default();
                    let commit = if payload.first() == Some(&NOTHING) {
                        None
                    } else {
                        Some(Commit::decode(payload).ok_or_else(|| self.unknown(at))?)
                    };
                    at += bytes.len() as u64;
                    if visit(commit.map_or(Entry::Nothing(at), |commit| Entry::Commit(Box::new(commit), at)))?.is_break() {
                        return Ok(());
                    }
                }
                None => match self.next_frame(at, length)? {
                    Some(next) => {
                        if visit(Entry::Gap(at, next))?.is_break() {
                            return Ok(());
                        }
                        file.seek(SeekFrom::Start(next)).map_err(|error| self.failed(error))?;
                        at = next;
                    }
                    None => return visit(Entry::TornTail(at)).map(drop),
                },
            }
        }
        Ok(())
    }

    /// The id of the store, which its first commit says; `None` where that is damaged, or there is none yet.
    pub(super) fn store(&self) -> Result<Option<Uuid>> {
        let mut store = None;
        self.walk(HEADER_BYTES..self.length()?, |entry| {
            if let Entry::Commit(commit, _) = entry {
                store = commit.events.iter().find_map(Event::created);
            }
            Ok(if store.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        Ok(store)
    }

    /// Why there is nothing to copy, or to export, in a journal that does not say which store it is of.
    pub(super) fn lacks_a_beginning(&self, verb: &str) -> StoreError {
        if self.damage().is_ok_and(|damage| damage.is_empty()) {
            return StoreError::Refused(format!("the store has no commit yet: there is nothing to {verb}"));
        }
        StoreError::Refused(format!("the beginning of `{}` is damaged: `watchfire rebuild` sets aside what is", self.path.display()))
    }

    /// The ranges of bytes that are damaged, or at the end no whole commit.
    pub(super) fn damage(&self) -> Result<Vec<Range<u64>>> {
        let length = self.length()?;
        let mut found = Vec::new();
        self.walk(HEADER_BYTES..length, |entry| {
            match entry {
                Entry::Gap(begin, end) => found.push(begin..end),
                Entry::TornTail(begin) => found.push(begin..length),
                Entry::Commit(..) | Entry::Nothing(_) => {}
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(found)
    }

    /// Whether one frame can take the place of a range of bytes.
    pub(super) fn has_room(range: &Range<u64>) -> bool {
        let overhead = frame::OVERHEAD as u64;
        (overhead + 1..=overhead + u64::from(u32::MAX)).contains(&(range.end - range.start))
    }

    /// Writes a frame that holds nothing over a range of bytes that has room for it, durably: what stands behind keeps its place.
    pub(super) fn blank(&self, range: &Range<u64>) -> Result<()> {
        let mut bytes = Vec::new();
        frame::write(&mut bytes, &vec![NOTHING; (range.end - range.start) as usize - frame::OVERHEAD]);
        self.file.write_all_at(&bytes, range.start).and_then(|()| self.file.sync_data()).map_err(|error| self.failed(error))
    }

    /// Where the next undamaged frame behind the damaged one at `at` begins.
    fn next_frame(&self, at: u64, length: u64) -> Result<Option<u64>> {
        let mut bytes = vec![0; usize::try_from(length - at).unwrap_or(usize::MAX)];
        self.file.read_exact_at(&mut bytes, at).map_err(|error| self.failed(error))?;
        Ok(frame::find(&bytes, 1).map(|found| at + found as u64))
    }

    /// An undamaged commit that makes no sense to this program must not be taken for damage, and cut off.
    fn unknown(&self, at: u64) -> StoreError {
        StoreError::Corrupt(format!("`{}` holds a commit at byte {at} that this program does not understand", self.path.display()))
    }

    fn failed(&self, error: io::Error) -> StoreError {
        StoreError::io(&self.path, error)
    }
}

/// Reads one whole, undamaged frame of at most `bytes_max` bytes; `None` where there is none.
fn read_frame(file: &mut impl Read, bytes_max: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = vec![0; frame::OVERHEAD];
    if bytes_max < bytes.len() as u64 {
        return Ok(None);
    }
    file.read_exact(&mut bytes)?;
    let Some(total) = frame::length(&bytes).filter(|total| *total <= bytes_max) else { return Ok(None) };
    file.take(total - bytes.len() as u64).read_to_end(&mut bytes)?;
    Ok(frame::read(&bytes).is_some().then_some(bytes))
}

/// The format of a journal, if it is one that this program reads.
fn check_header(path: &Path, file: &File) -> Result<u16> {
    let mut header = [0; HEADER_BYTES as usize];
    file.read_exact_at(&mut header, 0).map_err(|error| StoreError::io(path, error))?;
    let mut input = Decoder::new(&header);
    match (input.take(MARK.len()), input.u16()) {
        (Some(mark), Some(found)) if mark == MARK && found > FORMAT => {
            Err(StoreError::Newer { path: path.to_owned(), found, known: FORMAT })
        }
        (Some(mark), Some(found @ 1..=FORMAT)) if mark == MARK => Ok(found),
        _ => Err(StoreError::Corrupt(format!("`{}` does not begin like a journal", path.display()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    fn commit(generation: u64) -> Commit {
        Commit { at: Timestamp::from_secs(1), generation, changed_at: Timestamp::from_secs(1), events: Vec::new() }
    }

    /// A journal of three commits, the ends of each, and its folder.
    fn journal() -> (tempfile::TempDir, Journal, Vec<u64>) {
        let folder = tempfile::tempdir().expect("a folder");
        let (journal, _) = Journal::open(folder.path().join("journal")).expect("opens");
        let mut ends = vec![HEADER_BYTES];
        for generation in 1..=3 {
            ends.push(journal.append(ends[ends.len() - 1], &commit(generation)).expect("written"));
        }
        (folder, journal, ends)
    }

    /// What replaying gives, in words.
    fn told(journal: &Journal, from: u64) -> Vec<String> {
        let mut told = Vec::new();
        let visit = |entry| {
            told.push(match entry {
                Entry::Commit(commit, end) => format!("{} to {end}", commit.generation),
                Entry::Nothing(end) => format!("nothing to {end}"),
                Entry::Gap(begin, end) => format!("gap {begin} to {end}"),
                Entry::TornTail(begin) => format!("torn at {begin}"),
            });
            Ok(ControlFlow::Continue(()))
        };
        journal.walk(from..journal.length().expect("length"), visit).expect("read");
        told
    }

    #[test]
    fn commits_come_back_in_order_from_any_place() {
        let (_folder, journal, ends) = journal();
        assert_eq!(told(&journal, HEADER_BYTES), [format!("1 to {}", ends[1]), format!("2 to {}", ends[2]), format!("3 to {}", ends[3])]);
        assert_eq!(told(&journal, ends[2]), [format!("3 to {}", ends[3])]);
        assert!(told(&journal, ends[3]).is_empty());
    }

    #[test]
    fn a_tail_cut_anywhere_costs_the_last_commit_only() {
        let (_folder, journal, ends) = journal();
        for length in (ends[2] + 1..ends[3]).rev() {
            journal.cut(length).expect("cut");
            assert_eq!(told(&journal, ends[1]), [format!("2 to {}", ends[2]), format!("torn at {}", ends[2])]);
        }
    }

    #[test]
    fn commit_of_a_later_program_is_not_taken_for_damage() {
        let (_folder, journal, ends) = journal();
        let mut bytes = Vec::new();
        frame::write(&mut bytes, b"\xFFfuture");
        journal.file.write_all_at(&bytes, ends[3]).expect("written");
        let refused =
            journal.walk(HEADER_BYTES..journal.length().expect("length"), |_| Ok(ControlFlow::Continue(()))).expect_err("refused");
        assert!(matches!(refused, StoreError::Corrupt(_)), "{refused}");
        assert_eq!(journal.length().expect("length"), ends[3] + bytes.len() as u64, "nothing was cut");
    }

    #[test]
    fn damage_in_the_middle_costs_that_commit_only() {
        let (_folder, journal, ends) = journal();
        for at in ends[1]..ends[2] {
            let mut byte = [0];
            journal.file.read_exact_at(&mut byte, at).expect("read");
            journal.file.write_all_at(&[byte[0] ^ 0x11], at).expect("damaged");
            assert_eq!(
                told(&journal, HEADER_BYTES),
                [format!("1 to {}", ends[1]), format!("gap {} to {}", ends[1], ends[2]), format!("3 to {}", ends[3])],
                "at {at}"
            );
            journal.file.write_all_at(&byte, at).expect("mended");
        }
    }
}
