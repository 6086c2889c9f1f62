//! Writes a segment anew without the texts of freed items, while the store is in use.
//!
//! What stays is copied into a new file beside the old one, slowly; then commits wait while the little that was appended meanwhile
//! follows and the new file takes the old one's name. Readers that hold the old file read on in it. A crash leaves one of the two, and
//! perhaps an unfinished copy, which the next open removes.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, BufWriter, Write},
    os::unix::fs::FileExt,
    path::Path,
    thread,
    time::Duration,
};

use super::{
    archive::{Location, Segment, sync_dir},
    core::Core,
    error::{Result, StoreError},
    rows::{self, ItemRow, Row},
    segment::{Layout, SegmentFile},
};

/// A segment is written anew when at least one part in so many is garbage.
const GARBAGE_SHARE: u64 = 4;
/// Bytes copied in one go, and the rest after each: others want the disk as well.
const CHUNK_BYTES: usize = 1 << 20;
const REST: Duration = Duration::from_millis(5);

/// The segments that are worth it.
pub(super) fn worthwhile(core: &Core) -> Result<Vec<Segment>> {
    let mut found = Vec::new();
    for row in core.index.walk(&[rows::GARBAGE]) {
        let (key, value) = row?;
        let Some((segment, bytes)) = rows::segment_of(&key).zip(u64::decode(&value)) else { continue };
        if bytes.saturating_mul(GARBAGE_SHARE) >= core.archive.bytes_on_disk(segment)? {
            found.push(segment);
        }
    }
    Ok(found)
}

/// Writes a segment anew and says how many bytes came free. What was freed must be durable: a crash must not bring it back without text.
pub(super) fn run(core: &Core, segment: Segment) -> Result<u64> {
    core.flush()?;
    // First the end, then what is kept in front of it: what is committed meanwhile stands behind.
    let Some(end) = core.writer().ends.get(&segment).copied() else { return Ok(0) };
    let frames: Vec<(u64, u32)> = kept(core, segment)?.into_iter().filter(|(place, _)| *place < end).collect();
    let path = core.archive.path_of_copy(segment);
    let written = write_anew(core, segment, &frames, end, &path);
    if written.is_err() {
        let _ = fs::remove_file(&path);
    }
    written
}

/// Places and lengths of all frames that an item or a ghost needs, older versions included.
fn kept(core: &Core, segment: Segment) -> Result<BTreeMap<u64, u32>> {
    let mut frames = BTreeMap::new();
    // Ghosts last: an item that becomes one meanwhile is met at least once.
    for family in [rows::ITEMS, rows::GHOSTS] {
        for row in core.index.walk(&[family]) {
            let place = ItemRow::decode(&row?.1).and_then(|row| row.content).map(|(place, _)| place);
            let Some(newest) = place.filter(|place| place.segment == segment) else { continue };
            frames.insert(newest.offset, newest.length);
            core.each_version(Some(newest), |Location { offset, length, .. }, _| {
                frames.insert(offset, length);
                Ok(())
            })?;
        }
    }
    Ok(frames)
}

fn write_anew(core: &Core, segment: Segment, frames: &[(u64, u32)], end: u64, path: &Path) -> Result<u64> {
    let failed = |error| StoreError::io(path, error);
    let old = core.archive.file(segment)?;
    let layout = Layout::keeping(frames, end);
    let file = File::options().read(true).write(true).create(true).truncate(true).open(path).map_err(failed)?;
    copy_frames(&old, &file, frames, &layout).and_then(|()| file.sync_all()).map_err(failed)?;

    let writer = core.writer();
    let new = SegmentFile { file, layout };
    let end_now = writer.ends.get(&segment).copied().unwrap_or(end);
    copy_tail(&old, &new, end, end_now).and_then(|()| new.file.sync_all()).map_err(failed)?;
    let sizes = [&old, &new].map(|segment| segment.file.metadata().map(|metadata| metadata.len()));
    fs::rename(path, core.archive.path(segment)).map_err(failed)?;
    core.archive.keep(segment, new);
    drop(writer);
    sync_dir(&core.dir.join(super::recovery::ARCHIVE))?;
    let [before, after] = sizes;
    Ok(before.map_err(failed)?.saturating_sub(after.map_err(failed)?))
}

/// Writes the table and the frames that stay.
fn copy_frames(old: &SegmentFile, new: &File, frames: &[(u64, u32)], layout: &Layout) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(CHUNK_BYTES, new);
    out.write_all(&layout.write())?;
    let mut copied = 0;
    for (place, length) in frames {
        let mut bytes = vec![0; *length as usize];
        // A frame that cannot be read was lost before; zeros are no frame either.
        if let Some(position) = old.layout.position(*place) {
            match old.file.read_exact_at(&mut bytes, position) {
                Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(error),
                _ => {}
            }
        }
        out.write_all(&bytes)?;
        copied += bytes.len();
        if copied >= CHUNK_BYTES {
            copied = 0;
            thread::sleep(REST);
        }
    }
    out.flush()
}

/// Copies what was appended to the old file meanwhile.
fn copy_tail(old: &SegmentFile, new: &SegmentFile, from: u64, to: u64) -> io::Result<()> {
    let mut at = from;
    while at < to {
        let mut bytes = vec![0; usize::try_from(to - at).unwrap_or(CHUNK_BYTES).min(CHUNK_BYTES)];
        let (Some(source), Some(target)) = (old.layout.position(at), new.layout.position(at)) else { break };
        old.file.read_exact_at(&mut bytes, source)?;
        new.file.write_all_at(&bytes, target)?;
        at += bytes.len() as u64;
    }
    Ok(())
}
