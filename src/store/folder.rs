//! Files and folders that recovery moves about.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt},
    path::Path,
};

use super::{
    archive::sync_dir,
    error::{Result, StoreError},
    manifest::MANIFEST_NEW,
};

/// So much is copied in one go.
const CHUNK_BYTES: u64 = 1 << 20;

/// Names of sled's snapshot files in an index folder, finished or not.
pub(super) fn snapshots(index: &Path) -> Result<Vec<String>> {
    let failed = |error| StoreError::io(index, error);
    let mut names = Vec::new();
    for entry in fs::read_dir(index).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
        if name.starts_with("snap.") {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Whether a path, that need not be there yet, lies in a folder or is it.
pub(super) fn lies_within(path: &Path, folder: &Path) -> bool {
    let Ok(path) = std::path::absolute(path) else { return false };
    let known = path.ancestors().find_map(|part| part.canonicalize().ok());
    known.zip(folder.canonicalize().ok()).is_some_and(|(known, folder)| known.starts_with(folder))
}

/// Removes a file.
pub(super) fn remove_file(path: &Path) -> Result<()> {
    fs::remove_file(path).map_err(|error| StoreError::io(path, error))
}

/// Removes a file if it is there.
pub(super) fn remove_if_there(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StoreError::io(path, error)),
        _ => Ok(()),
    }
}

/// Puts a finished file in the place of another at once, durably; both are in one folder, and the bytes of the new one were synced.
pub(super) fn put_in_place(fresh: &Path, path: &Path) -> Result<()> {
    fs::rename(fresh, path).map_err(|error| StoreError::io(path, error))?;
    sync_dir(path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")))
}

/// Removes a folder if it is there.
pub(super) fn remove_dir(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StoreError::io(path, error)),
        _ => Ok(()),
    }
}

/// Copies a folder with everything in it.
pub(super) fn copy_dir(from: &Path, to: &Path) -> Result<()> {
    let failed = |error| StoreError::io(to, error);
    fs::create_dir_all(to).map_err(failed)?;
    for entry in fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let target = to.join(entry.file_name());
        if entry.file_type().map_err(failed)?.is_dir() {
            copy_dir(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target).map_err(failed)?;
        }
    }
    Ok(())
}

/// Bytes in the files of a folder, and in folders in it. A file that goes while they are counted counts for nothing: sled replaces its
/// snapshots as it likes.
pub(super) fn size(dir: &Path) -> Result<u64> {
    let failed = |error| StoreError::io(dir, error);
    let mut bytes = 0;
    for entry in fs::read_dir(dir).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        bytes += match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => size(&entry.path())?,
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(failed(error)),
        };
    }
    Ok(bytes)
}

/// Copies a range of bytes to the same place in another file.
pub(super) fn copy_range(from: &File, to: &File, range: std::ops::Range<u64>, path: &Path) -> Result<()> {
    let mut at = range.start;
    while at < range.end {
        let mut bytes = vec![0; (range.end - at).min(CHUNK_BYTES) as usize];
        from.read_exact_at(&mut bytes, at).and_then(|()| to.write_all_at(&bytes, at)).map_err(|error| StoreError::io(path, error))?;
        at += bytes.len() as u64;
    }
    Ok(())
}

/// Copies a file, durably, and says how many bytes it has.
pub(super) fn copy_whole(from: &File, to: &Path) -> Result<u64> {
    let file = writable(to)?;
    let length = from.metadata().map_err(|error| StoreError::io(to, error))?.len();
    copy_range(from, &file, 0..length, to)?;
    file.set_len(length).and_then(|()| file.sync_all()).map_err(|error| StoreError::io(to, error))?;
    Ok(length)
}

/// A file to write, for its owner alone where it is new.
pub(super) fn writable(path: &Path) -> Result<File> {
    let opened = File::options().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
    opened.map_err(|error| StoreError::io(path, error))
}

/// Makes a folder for its owner alone, unless there is one.
pub(super) fn make_dir(dir: &Path) -> Result<()> {
    if dir.is_file() {
        return Err(StoreError::Refused(format!("`{}` is a file, must be a folder", dir.display())));
    }
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|error| StoreError::io(dir, error))
}

/// Whether there is nothing in a folder but a lock, or a manifest that was never finished.
pub(super) fn is_empty(dir: &Path) -> Result<bool> {
    let mut entries = fs::read_dir(dir).map_err(|error| StoreError::io(dir, error))?;
    Ok(entries.all(|entry| entry.is_ok_and(|entry| ["lock", MANIFEST_NEW].iter().any(|name| entry.file_name() == *name))))
}
