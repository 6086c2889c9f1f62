//! Files and folders that recovery moves about.

use std::{fs, io, path::Path};

use super::error::{Result, StoreError};

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
