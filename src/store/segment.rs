//! One open segment: where in its file the frame stands that has a given place.
//!
//! A place is an offset in the segment as it was first written, and stays valid for ever. A segment that was shrunk has lost the frames
//! of items that are gone; those that stay have moved towards its beginning, and a table says where each of them stands. Behind what was
//! shrunk it grows as before.
//!
//! | bytes | beginning of a shrunk segment |
//! |---|---|
//! | 8 | mark and format number |
//! | 8 | places below this one are in the table |
//! | 8 | where in the file that place is |
//! | 8 | rows of the table |
//! | 16 each | a place and where in the file it is, ascending |
//! | 4 | CRC-32C of all before it |

use std::{fs::File, io, os::unix::fs::FileExt, path::Path};

use super::{
    archive::HEADER_BYTES,
    codec::{Decoder, Encoder},
    error::{Result, StoreError},
};

/// Begins every segment.
const MARK: &[u8; 6] = b"WFSEG\n";
/// The format of segments that were never shrunk.
const PLAIN: u16 = 1;
/// The newest format of segments that this program reads: that of shrunk ones.
const SHRUNK: u16 = 2;
/// Bytes before the table.
const FIXED_BYTES: u64 = 32;
/// Bytes of one row of the table, and of the checksum behind it.
const ROW_BYTES: u64 = 16;
const SUM_BYTES: u64 = 4;
/// No month has more frames: a damaged header must not ask for memory.
const ROWS_MAX: u64 = 50_000_000;

/// A segment's file, open.
pub(super) struct SegmentFile {
    pub(super) file: File,
    pub(super) layout: Layout,
}

/// How places become positions in a file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layout {
    /// Places below this are in the table.
    shrunk_end: u64,
    /// Where in the file that place is.
    base: u64,
    /// Places and positions, ascending.
    table: Vec<(u64, u64)>,
}

impl SegmentFile {
    /// Reads the beginning of a segment; one that a crash cut short is written again, one of a later format is refused.
    pub(super) fn open(path: &Path, file: File) -> Result<Self> {
        let failed = |error| StoreError::io(path, error);
        let corrupt = || StoreError::Corrupt(format!("`{}` does not begin like an archive segment", path.display()));
        let mut header = [0; HEADER_BYTES as usize];
        match file.read_exact_at(&mut header, 0) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                file.write_all_at(&plain_header(), 0).map_err(failed)?;
                return Ok(Self { file, layout: Layout::plain() });
            }
            Err(error) => return Err(failed(error)),
        }
        let mut input = Decoder::new(&header);
        let layout = match (input.take(MARK.len()), input.u16()) {
            (Some(mark), Some(PLAIN)) if mark == MARK => Layout::plain(),
            (Some(mark), Some(SHRUNK)) if mark == MARK => Layout::read(&file).map_err(failed)?.ok_or_else(corrupt)?,
            (Some(mark), Some(found)) if mark == MARK && found > SHRUNK => {
                return Err(StoreError::Newer { path: path.to_owned(), found, known: SHRUNK });
            }
            _ => return Err(corrupt()),
        };
        Ok(Self { file, layout })
    }

    /// The place behind the last byte.
    pub(super) fn end(&self) -> io::Result<u64> {
        let length = self.file.metadata()?.len();
        Ok(length.checked_sub(self.layout.base).map_or(HEADER_BYTES.min(length), |tail| self.layout.shrunk_end + tail))
    }

    /// Ends the file at a place. What was shrunk is never cut.
    pub(super) fn cut(&self, end: u64) -> io::Result<()> {
        self.file.set_len(self.layout.base + end.saturating_sub(self.layout.shrunk_end))
    }
}

impl Layout {
    /// The layout of a segment that was never shrunk.
    pub(super) const fn plain() -> Self {
        Self { shrunk_end: HEADER_BYTES, base: HEADER_BYTES, table: Vec::new() }
    }

    /// The layout that keeps these frames (places and lengths, ascending) of a segment that ends at `end`.
    pub(super) fn keeping(frames: &[(u64, u32)], end: u64) -> Self {
        let mut base = FIXED_BYTES + frames.len() as u64 * ROW_BYTES + SUM_BYTES;
        let mut table = Vec::with_capacity(frames.len());
        for (place, length) in frames {
            table.push((*place, base));
            base += u64::from(*length);
        }
        Self { shrunk_end: end, base, table }
    }

    /// Where in the file a place is; `None` where it is gone.
    pub(super) fn position(&self, place: u64) -> Option<u64> {
        if let Some(behind) = place.checked_sub(self.shrunk_end) {
            return Some(self.base + behind);
        }
        let row = self.table.binary_search_by_key(&place, |(place, _)| *place).ok()?;
        Some(self.table[row].1)
    }

    /// The beginning of a file with this layout.
    pub(super) fn write(&self) -> Vec<u8> {
        let out = Encoder::default().raw(MARK).u16(SHRUNK).u64(self.shrunk_end).u64(self.base).u64(self.table.len() as u64);
        let out = self.table.iter().fold(out, |out, (place, position)| out.u64(*place).u64(*position)).finish();
        let sum = crc32c::crc32c(&out);
        Encoder::default().raw(&out).u32(sum).finish()
    }

    /// The bytes that tell a file of this layout from those of others.
    pub(super) fn beginning(&self) -> Vec<u8> {
        if *self == Self::plain() { plain_header() } else { self.write() }
    }

    /// Places below this are in the table, or gone.
    pub(super) const fn shrunk_end(&self) -> u64 {
        self.shrunk_end
    }

    /// Where in the file that place is.
    pub(super) const fn base(&self) -> u64 {
        self.base
    }

    /// Reads what `write` wrote; `None` where it is damaged.
    fn read(file: &File) -> io::Result<Option<Self>> {
        let mut bytes = vec![0; FIXED_BYTES as usize];
        if !read_whole(file, &mut bytes)? {
            return Ok(None);
        }
        let rows = Decoder::new(&bytes[FIXED_BYTES as usize - 8..]).u64().filter(|rows| *rows <= ROWS_MAX).unwrap_or(ROWS_MAX);
        let length = FIXED_BYTES + rows * ROW_BYTES + SUM_BYTES;
        if file.metadata()?.len() < length {
            return Ok(None);
        }
        bytes.resize(length as usize, 0);
        Ok(if read_whole(file, &mut bytes)? { Self::parse(&bytes, rows) } else { None })
    }

    fn parse(bytes: &[u8], rows: u64) -> Option<Self> {
        let (summed, sum) = bytes.split_at_checked(bytes.len() - SUM_BYTES as usize)?;
        if Decoder::new(sum).u32()? != crc32c::crc32c(summed) {
            return None;
        }
        let mut input = Decoder::new(summed.get(HEADER_BYTES as usize..)?);
        let (shrunk_end, base, _) = (input.u64()?, input.u64()?, input.u64()?);
        let table = (0..rows).map(|_| Some((input.u64()?, input.u64()?))).collect::<Option<_>>()?;
        Some(Self { shrunk_end, base, table })
    }
}

/// The beginning of a segment that was never shrunk.
pub(super) fn plain_header() -> Vec<u8> {
    Encoder::default().raw(MARK).u16(PLAIN).finish()
}

/// Fills `bytes` from the beginning of a file; says whether there were so many.
fn read_whole(file: &File, bytes: &mut [u8]) -> io::Result<bool> {
    match file.read_exact_at(bytes, 0) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_lead_to_their_frames_before_and_after_shrinking() {
        let plain = Layout::plain();
        assert_eq!((plain.position(8), plain.position(900)), (Some(8), Some(900)));
        let layout = Layout::keeping(&[(100, 10), (300, 20)], 500);
        let first = FIXED_BYTES + 2 * ROW_BYTES + SUM_BYTES;
        let positions = [8, 100, 110, 300, 500, 507].map(|place| layout.position(place));
        assert_eq!(positions, [None, Some(first), None, Some(first + 10), Some(first + 30), Some(first + 37)]);
    }

    #[test]
    fn layouts_are_read_back_and_damage_is_noticed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.seg");
        let layout = Layout::keeping(&[(100, 10), (300, 20)], 500);
        let read = |bytes: &[u8]| {
            std::fs::write(&path, bytes).expect("written");
            SegmentFile::open(&path, File::options().read(true).write(true).open(&path).expect("opens")).map(|opened| opened.layout)
        };
        let bytes = layout.write();
        assert_eq!(read(&bytes).expect("reads"), layout);
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x40;
            assert!(read(&damaged).is_err(), "changed at {at}");
        }
        assert!((8..bytes.len()).all(|end| read(&bytes[..end]).is_err()), "cut short");
        assert_eq!(read(b"WFS").expect("begun again"), Layout::plain());
    }
}
