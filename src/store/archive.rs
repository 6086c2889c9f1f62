//! The archive: append-only segment files, one per month of first sight, that hold every version of every item.
//!
//! A segment begins with a mark and a format number; frames follow. Nothing in a file is ever changed: a reader needs no lock. Where the
//! frames of a segment are that was written anew without what was purged, `segment` knows.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use chrono::Datelike;

use super::{
    codec::{Decoder, Encoder},
    error::{Result, StoreError},
    frame,
    segment::{Layout, SegmentFile, plain_header},
};
use crate::model::Timestamp;

/// No frame is longer: a damaged place must not ask for memory.
const FRAME_BYTES_MAX: u32 = 128 << 20;
/// Bytes of mark and format number.
pub(super) const HEADER_BYTES: u64 = 8;

/// A month: names a segment file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Segment(u32);

/// Where a record's frame stands. `length` counts the whole frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Location {
    pub(super) segment: Segment,
    pub(super) offset: u64,
    pub(super) length: u32,
}

/// Where every segment ends, as far as it is part of the truth.
pub(super) type Ends = BTreeMap<Segment, u64>;

impl Segment {
    /// The segment of what is first seen at `time`.
    pub(super) fn of(time: Timestamp) -> Self {
        let date = time.to_utc();
        Self(u32::try_from(date.year()).unwrap_or(0) * 12 + date.month0())
    }

    pub(super) const fn from_number(number: u32) -> Self {
        Self(number)
    }

    pub(super) const fn number(self) -> u32 {
        self.0
    }

    pub(super) fn file_name(self) -> String {
        format!("{:04}-{:02}.seg", self.0 / 12, self.0 % 12 + 1)
    }
}

impl Location {
    /// Of a text that was gone before the store heard of it.
    pub(super) const NOWHERE: Self = Self { segment: Segment(u32::MAX), offset: 0, length: 0 };

    pub(super) const fn end(self) -> u64 {
        self.offset + self.length as u64
    }

    pub(super) fn encode(self, out: Encoder) -> Encoder {
        out.u32(self.segment.0).u64(self.offset).u32(self.length)
    }

    pub(super) fn decode(input: &mut Decoder<'_>) -> Option<Self> {
        Some(Self { segment: Segment(input.u32()?), offset: input.u64()?, length: input.u32()? })
    }
}

/// Frames that wait for their commit, with the places they will have.
#[derive(Default)]
pub(super) struct Pending(BTreeMap<Segment, (u64, Vec<u8>)>);

impl Pending {
    /// Gives `payload` its place behind `ends` and what is pending already.
    pub(super) fn place(&mut self, ends: &Ends, segment: Segment, payload: &[u8]) -> Location {
        let begin = ends.get(&segment).copied().unwrap_or(HEADER_BYTES);
        let (_, bytes) = self.0.entry(segment).or_insert_with(|| (begin, Vec::new()));
        let before = bytes.len();
        frame::write(bytes, payload);
        let length = u32::try_from(bytes.len() - before).expect("a frame is below 4 GiB");
        Location { segment, offset: begin + before as u64, length }
    }

    /// Where the segments will end once this is written.
    pub(super) fn ends(&self) -> impl Iterator<Item = (Segment, u64)> {
        self.0.iter().map(|(segment, (begin, bytes))| (*segment, begin + bytes.len() as u64))
    }
}

/// The open segments of one store.
pub(super) struct Archive {
    dir: PathBuf,
    is_writable: bool,
    files: RwLock<BTreeMap<Segment, Arc<SegmentFile>>>,
}

impl Archive {
    /// Opens the archive in `dir`, which is created where missing. Refuses segments of a later format.
    pub(super) fn open(dir: PathBuf) -> Result<Self> {
        fs::create_dir_all(&dir).map_err(|error| StoreError::io(&dir, error))?;
        let archive = Self { dir, is_writable: true, files: RwLock::default() };
        for segment in archive.segments()? {
            archive.file(segment)?;
            // A copy that a crash left unfinished.
            match fs::remove_file(archive.path_of_copy(segment)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(StoreError::io(&archive.dir, error)),
                _ => {}
            }
        }
        Ok(archive)
    }

    /// An archive that another process may be writing. A segment is opened when it is needed, and stays what it was then.
    pub(super) fn open_to_read(dir: PathBuf) -> Self {
        Self { dir, is_writable: false, files: RwLock::default() }
    }

    /// The segments there are, oldest first.
    pub(super) fn segments(&self) -> Result<Vec<Segment>> {
        let failed = |error| StoreError::io(&self.dir, error);
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.dir).map_err(failed)? {
            found.extend(parse_file_name(&entry.map_err(failed)?.file_name().to_string_lossy()));
        }
        found.sort();
        Ok(found)
    }

    /// The payload at `location`; `None` where there is no whole, undamaged frame.
    pub(super) fn read(&self, location: Location) -> Result<Option<Vec<u8>>> {
        if location.length > FRAME_BYTES_MAX {
            return Ok(None);
        }
        let path = self.path(location.segment);
        let file = match self.file(location.segment) {
            Ok(file) => file,
            Err(StoreError::Io { error, .. }) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let Some(position) = file.layout.position(location.offset) else { return Ok(None) };
        let mut bytes = vec![0; location.length as usize];
        match file.file.read_exact_at(&mut bytes, position) {
            Ok(()) => Ok(frame::read(&bytes).map(<[u8]>::to_vec)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(StoreError::io(&path, error)),
        }
    }

    /// Writes what is pending behind the ends; on failure nothing of it counts and the segments are cut back.
    pub(super) fn append(&self, pending: &Pending) -> Result<()> {
        let written = pending.0.iter().try_for_each(|(segment, (begin, bytes))| {
            let file = self.create(*segment)?;
            let position = file.layout.position(*begin).ok_or_else(|| misplaced(*segment, *begin))?;
            file.file.write_all_at(bytes, position).map_err(|error| StoreError::io(&self.path(*segment), error))
        });
        if written.is_err() {
            self.retract(pending);
        }
        written
    }

    /// Cuts off what `append` wrote, as far as the disk allows: bytes behind an end count for nothing in any case.
    pub(super) fn retract(&self, pending: &Pending) {
        for (segment, (begin, _)) in &pending.0 {
            let _ = self.cut(*segment, *begin);
        }
    }

    /// Ends a segment at `end`.
    pub(super) fn cut(&self, segment: Segment, end: u64) -> Result<()> {
        self.file(segment)?.cut(end).map_err(|error| StoreError::io(&self.path(segment), error))
    }

    /// Makes a segment at least `end` long: zeros are no frame.
    pub(super) fn fill(&self, segment: Segment, end: u64) -> Result<()> {
        self.create(segment)?;
        if self.length(segment)? < end { self.cut(segment, end) } else { Ok(()) }
    }

    /// The place behind the last byte of a segment; 0 for one that does not exist.
    pub(super) fn length(&self, segment: Segment) -> Result<u64> {
        let path = self.path(segment);
        if !path.exists() {
            return Ok(0);
        }
        self.file(segment)?.end().map_err(|error| StoreError::io(&path, error))
    }

    /// Bytes that a segment takes.
    pub(super) fn bytes_on_disk(&self, segment: Segment) -> Result<u64> {
        let path = self.path(segment);
        fs::metadata(&path).map(|metadata| metadata.len()).map_err(|error| StoreError::io(&path, error))
    }

    /// Makes everything written to these segments durable.
    pub(super) fn sync(&self, segments: impl IntoIterator<Item = Segment>) -> Result<()> {
        let mut any = false;
        for segment in segments {
            self.file(segment)?.file.sync_data().map_err(|error| StoreError::io(&self.path(segment), error))?;
            any = true;
        }
        if any { sync_dir(&self.dir) } else { Ok(()) }
    }

    pub(super) fn path(&self, segment: Segment) -> PathBuf {
        self.dir.join(segment.file_name())
    }

    /// Where a segment is written anew.
    pub(super) fn path_of_copy(&self, segment: Segment) -> PathBuf {
        self.dir.join(segment.file_name() + ".new")
    }

    /// The open file of a segment.
    pub(super) fn file(&self, segment: Segment) -> Result<Arc<SegmentFile>> {
        if let Some(file) = self.files.read().unwrap_or_else(PoisonError::into_inner).get(&segment) {
            return Ok(Arc::clone(file));
        }
        let path = self.path(segment);
        let file = File::options().read(true).write(self.is_writable).open(&path).map_err(|error| StoreError::io(&path, error))?;
        Ok(self.keep(segment, SegmentFile::open(&path, file)?))
    }

    fn create(&self, segment: Segment) -> Result<Arc<SegmentFile>> {
        let path = self.path(segment);
        if path.exists() {
            return self.file(segment);
        }
        let failed = |error| StoreError::io(&path, error);
        let file = File::options().read(true).write(true).create_new(true).open(&path).map_err(failed)?;
        if let Err(error) = file.write_all_at(&plain_header(), 0) {
            let _ = fs::remove_file(&path);
            return Err(failed(error));
        }
        Ok(self.keep(segment, SegmentFile { file, layout: Layout::plain() }))
    }

    /// Takes an open file as that of a segment, in the place of an older one.
    pub(super) fn keep(&self, segment: Segment, file: SegmentFile) -> Arc<SegmentFile> {
        let file = Arc::new(file);
        self.files.write().unwrap_or_else(PoisonError::into_inner).insert(segment, Arc::clone(&file));
        file
    }
}

/// Makes the names in a folder durable.
pub(super) fn sync_dir(dir: &Path) -> Result<()> {
    File::open(dir).and_then(|folder| folder.sync_all()).map_err(|error| StoreError::io(dir, error))
}

/// The writer never places anything in front of what was shrunk.
fn misplaced(segment: Segment, place: u64) -> StoreError {
    StoreError::Corrupt(format!("segment `{}` has no room at byte {place}", segment.file_name()))
}

/// Reads `2026-11.seg`.
fn parse_file_name(name: &str) -> Option<Segment> {
    let (year, month) = name.strip_suffix(".seg")?.split_once('-')?;
    let (year, month): (u32, u32) = (year.parse().ok()?, month.parse().ok()?);
    let segment = Segment(year.checked_mul(12)?.checked_add(month.checked_sub(1)?)?);
    (segment.file_name() == name).then_some(segment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_a_file() {
        let segment = Segment::of(Timestamp::from_secs(1_795_000_000));
        assert_eq!(segment.file_name(), "2026-11.seg");
        assert_eq!(parse_file_name("2026-11.seg"), Some(segment));
        for other in ["2026-13.seg", "2026-00.seg", "2026-1.seg", "2026-11.seg.tmp", "x.seg", "+026-11.seg"] {
            assert_eq!(parse_file_name(other), None, "{other}");
        }
    }

    #[test]
    fn pending_frames_stand_where_they_were_placed() {
        let folder = tempfile::tempdir().expect("a folder");
        let archive = Archive::open(folder.path().join("archive")).expect("opens");
        let (segment, mut ends) = (Segment::of(Timestamp::from_secs(0)), Ends::new());
        for round in 0..3_u8 {
            let mut pending = Pending::default();
            let placed = [pending.place(&ends, segment, &[round]), pending.place(&ends, segment, b"second")];
            archive.append(&pending).expect("written");
            ends.extend(pending.ends());
            assert_eq!(archive.read(placed[0]).expect("read"), Some(vec![round]));
            assert_eq!(archive.read(placed[1]).expect("read"), Some(b"second".to_vec()));
            assert_eq!(ends[&segment], placed[1].end());
        }
        assert_eq!(archive.length(segment).expect("length"), ends[&segment]);
        let beyond = Location { segment, offset: ends[&segment], length: 20 };
        assert_eq!(archive.read(beyond).expect("no failure"), None, "beyond the end");
        let nowhere = Location { segment: Segment(1), offset: 8, length: 20 };
        assert_eq!(archive.read(nowhere).expect("no failure"), None, "no such segment");
    }

    #[test]
    fn a_segment_of_a_later_format_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("2026-11.seg"), b"WFSEG\n\x00\x09").expect("written");
        let refused = Archive::open(folder.path().to_owned()).err().expect("refused");
        assert!(matches!(refused, StoreError::Newer { found: 9, known: 2, .. }), "{refused}");
    }
}
