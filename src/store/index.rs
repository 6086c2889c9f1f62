//! The index: one sled tree. Everything in it can be made again from archive and journal, except the sources' manners.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use super::{
    error::{Result, StoreError},
    rows::Row,
};

/// sled's cache, in bytes. It is no ceiling: loads peak at two to three times this.
const CACHE_BYTES: u64 = 32 << 20;

/// Size of sled's segments, four times its default: fewer and larger writes.
const SEGMENT_BYTES: usize = 2 << 20;

/// Rows may be this far ahead of the disk, in bytes.
///
/// sled 0.34.7 can hang for ever: a writer that holds its segment lock waits for the file to be shortened, that job waits for a thread
/// of sled's pool, and every thread there waits for the segment lock with a buffer to write. It takes more waiting buffers than the
/// pool has threads at rest, seven. A flush waits until all buffers are written, so that one in time keeps them to two or three.
const BACKLOG_BYTES_MAX: u64 = 1 << 20;

/// Rows that are to be written (`Some`) or removed (`None`) together.
pub(super) type Changes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// The open index.
pub(super) struct Index {
    db: sled::Db,
    path: PathBuf,
    /// Bytes of rows written since the last flush.
    backlog_bytes: AtomicU64,
}

/// Something that rows can be read from: the index, or the index under changes that are not written yet.
pub(super) trait Rows {
    /// The bytes under a key.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>>;

    /// The row under a key.
    fn row<R: Row>(&self, key: &[u8]) -> Result<Option<R>> {
        match self.get(key)? {
            Some(bytes) => R::decode(&bytes).map(Some).ok_or_else(|| unreadable(key)),
            None => Ok(None),
        }
    }
}

/// An index row that its own program cannot read.
pub(super) fn unreadable(key: &[u8]) -> StoreError {
    StoreError::Corrupt(format!("index row `{}` is unreadable; the index can be rebuilt", key.escape_ascii()))
}

impl Index {
    /// Opens the index in the folder `path`, which is created where missing. sled may panic on damaged files: that counts as damage.
    pub(super) fn open(path: &Path) -> std::result::Result<Self, sled::Error> {
        // The store has its own flusher: sled's could make a commit durable before the archive is.
        let config = sled::Config::new().path(path).cache_capacity(CACHE_BYTES).segment_size(SEGMENT_BYTES).flush_every_ms(None);
        let opened = catch_unwind(AssertUnwindSafe(|| config.open()));
        let db = opened.unwrap_or_else(|_| Err(sled::Error::ReportableBug("it panicked while opening".to_owned())))?;
        Ok(Self { db, path: path.to_owned(), backlog_bytes: AtomicU64::new(0) })
    }

    /// Writes all changes or none.
    pub(super) fn apply(&self, changes: Changes) -> Result<()> {
        let mut batch = sled::Batch::default();
        let bytes: usize = changes.iter().map(|(key, value)| key.len() + value.as_ref().map_or(0, Vec::len)).sum();
        self.backlog_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        for (key, value) in changes {
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        self.db.apply_batch(batch).map_err(|error| self.failed(error))
    }

    /// Writes one row.
    pub(super) fn put(&self, key: Vec<u8>, row: Vec<u8>) -> Result<()> {
        self.backlog_bytes.fetch_add((key.len() + row.len()) as u64, Ordering::Relaxed);
        self.db.insert(key, row).map(|_| ()).map_err(|error| self.failed(error))
    }

    /// The rows whose keys begin with `prefix`, in order.
    pub(super) fn walk(&self, prefix: &[u8]) -> impl Iterator<Item = Result<(Vec<u8>, Vec<u8>)>> + use<'_> {
        self.owned(self.db.scan_prefix(prefix))
    }

    /// Every row, in order.
    pub(super) fn rows(&self) -> impl Iterator<Item = Result<(Vec<u8>, Vec<u8>)>> + '_ {
        self.owned(self.db.iter())
    }

    /// Whether so much was written that it must be flushed before more is.
    pub(super) fn is_behind(&self) -> bool {
        self.backlog_bytes.load(Ordering::Relaxed) > BACKLOG_BYTES_MAX
    }

    /// Makes everything written durable.
    pub(super) fn flush(&self) -> Result<()> {
        self.backlog_bytes.store(0, Ordering::Relaxed);
        self.db.flush().map(|_| ()).map_err(|error| self.failed(error))
    }

    /// Bytes on disk.
    pub(super) fn size(&self) -> Result<u64> {
        self.db.size_on_disk().map_err(|error| self.failed(error))
    }

    fn owned<'a>(&'a self, rows: sled::Iter) -> impl Iterator<Item = Result<(Vec<u8>, Vec<u8>)>> + 'a {
        rows.map(|row| row.map(|(key, value)| (key.to_vec(), value.to_vec())).map_err(|error| self.failed(error)))
    }

    fn failed(&self, error: sled::Error) -> StoreError {
        StoreError::index(&self.path, error)
    }
}

impl Rows for Index {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.db.get(key).map(|value| value.map(|value| value.to_vec())).map_err(|error| self.failed(error))
    }
}

/// The index under changes that are not written yet: what one commit sees while it is being decided.
pub(super) struct Overlay<'a> {
    index: &'a Index,
    changes: Changes,
}

impl<'a> Overlay<'a> {
    pub(super) fn new(index: &'a Index) -> Self {
        Self { index, changes: Changes::new() }
    }

    pub(super) fn put<R: Row>(&mut self, key: Vec<u8>, row: &R) {
        self.changes.insert(key, Some(row.encode()));
    }

    pub(super) fn put_bytes(&mut self, key: Vec<u8>, bytes: Vec<u8>) {
        self.changes.insert(key, Some(bytes));
    }

    pub(super) fn remove(&mut self, key: Vec<u8>) {
        self.changes.insert(key, None);
    }

    pub(super) fn into_changes(self) -> Changes {
        self.changes
    }
}

impl Rows for Overlay<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        match self.changes.get(key) {
            Some(changed) => Ok(changed.clone()),
            None => self.index.get(key),
        }
    }
}
