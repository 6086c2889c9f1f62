//! The store's lock: one process at a time.

use std::{
    fs::{File, TryLockError},
    path::Path,
};

use super::error::{Result, StoreError};

/// Locks the folder; the lock ends with the file that is returned, also when the process is killed.
pub(super) fn take(dir: &Path) -> Result<File> {
    let path = dir.join("lock");
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(|error| StoreError::io(&path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked(dir.to_owned())),
        Err(TryLockError::Error(error)) => Err(StoreError::io(&path, error)),
    }
}

/// Whether another process has the folder locked.
pub(super) fn is_taken(dir: &Path) -> bool {
    File::open(dir.join("lock")).is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}
