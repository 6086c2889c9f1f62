//! The store's lock: one process at a time.

use std::{
    fs::{File, TryLockError},
    io,
    path::Path,
};

use super::error::{Result, StoreError};

/// Locks the folder; the lock ends with the file that is returned, also when the process is killed.
pub(super) fn take(dir: &Path) -> Result<File> {
    let path = dir.join("lock");
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(|error| StoreError::io(&path, error))?;
    if try_lock(&file).map_err(|error| StoreError::io(&path, error))? { Ok(file) } else { Err(StoreError::Locked(dir.to_owned())) }
}

/// Locks a file until it is closed; false if somebody else has.
pub(super) fn try_lock(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Keeps others from locking a folder that is only read; the lock ends with the file. Nobody can who never did, or where files cannot be
/// locked.
pub(super) fn share(dir: &Path) -> Result<Option<File>> {
    let Ok(file) = File::open(dir.join("lock")) else { return Ok(None) };
    match file.try_lock_shared() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked(dir.to_owned())),
        Err(TryLockError::Error(_)) => Ok(None),
    }
}

/// Whether another process has the folder locked.
pub(super) fn is_taken(dir: &Path) -> bool {
    File::open(dir.join("lock")).is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}
