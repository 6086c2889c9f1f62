//! The index: one sled tree. Everything in it can be made again from archive and journal, except the sources' manners.
//!
//! Rows of large families are gathered in runs (`runs`); nobody outside of this file sees them.

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{
        Mutex, OnceLock, PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
    vec,
};

use super::{
    error::{Result, StoreError},
    folder,
    rows::{LINKS, Row, is_gathered, is_link},
    runs,
    sieve::Sieve,
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

/// An index is copied in portions of so many bytes.
const PORTION_BYTES: u64 = 256 << 10;

/// Rows that are to be written (`Some`) or removed (`None`) together.
pub(super) type Changes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// The open index.
pub(super) struct Index {
    /// Held for reading by who writes a row: the whole index may move to another folder (`moving`).
    pub(super) live: RwLock<Live>,
    /// Keys in sled that were written since it began to move.
    pub(super) touched: Mutex<Option<BTreeSet<Vec<u8>>>>,
    /// Bytes of rows written since the last flush.
    backlog_bytes: AtomicU64,
    /// The links that there are, once the writer asked for one.
    links: OnceLock<Sieve>,
}

/// sled, and the folder that it is in.
pub(super) struct Live {
    pub(super) db: sled::Db,
    pub(super) path: PathBuf,
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
        let live = RwLock::new(Live { db, path: path.to_owned() });
        Ok(Self { live, touched: Mutex::default(), backlog_bytes: AtomicU64::new(0), links: OnceLock::new() })
    }

    pub(super) fn live(&self) -> RwLockReadGuard<'_, Live> {
        self.live.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes all changes or none.
    pub(super) fn apply(&self, changes: &Changes) -> Result<()> {
        let live = self.live();
        let mut batch = Batch::default();
        let mut gathered: BTreeMap<sled::IVec, (sled::IVec, Vec<runs::Change<'_>>)> = BTreeMap::new();
        for (key, row) in changes {
            if let Some(links) = self.links.get().filter(|_| is_link(key)) {
                links.insert(&key[1..]);
            }
            if is_gathered(key) {
                let (place, run) = live.run_of(key)?.unwrap_or_else(|| (key[..1].into(), sled::IVec::default()));
                gathered.entry(place).or_insert_with(|| (run, Vec::new())).1.push((&key[1..], row.as_deref()));
            } else {
                batch.put(key, row.as_deref());
            }
        }
        for (place, (run, changes)) in gathered {
            let mut runs = runs::changed(&run, &changes).ok_or_else(|| unreadable(&place))?.into_iter();
            batch.put(&place, runs.next().map(|(_, run)| run).as_deref());
            for (first, run) in runs {
                batch.put(&[&place[..1], &first].concat(), Some(&run));
            }
        }
        self.backlog_bytes.fetch_add(batch.bytes, Ordering::Relaxed);
        let keys = std::mem::take(&mut batch.keys);
        live.db.apply_batch(batch.batch).map_err(|error| live.failed(error))?;
        self.touch(keys);
        Ok(())
    }

    /// Reads which links there are, once, so that others are missed without a look at the disk. For the writer alone: what is written
    /// meanwhile would not be seen. `links` is about how many there are.
    pub(super) fn sift_links(&self, links: impl FnOnce() -> usize) -> Result<()> {
        if self.links.get().is_some() {
            return Ok(());
        }
        let sieve = Sieve::with_room_for(links());
        let runs = self.live().db.scan_prefix([LINKS]);
        for run in runs {
            let (place, run) = run.map_err(|error| self.failed(error))?;
            runs::rows(&run).ok_or_else(|| unreadable(&place))?.iter().for_each(|(key, _)| sieve.insert(key));
        }
        // Nobody else sets it.
        let _ = self.links.set(sieve);
        Ok(())
    }

    /// Writes one row of a family that is not gathered.
    pub(super) fn put(&self, key: Vec<u8>, row: Vec<u8>) -> Result<()> {
        self.backlog_bytes.fetch_add((key.len() + row.len()) as u64, Ordering::Relaxed);
        let live = self.live();
        live.db.insert(&key, row).map_err(|error| live.failed(error))?;
        self.touch(vec![key]);
        Ok(())
    }

    /// The rows whose keys begin with `prefix`, in order. What is written meanwhile may or may not be seen.
    pub(super) fn walk(&self, prefix: &[u8]) -> Walk<'_> {
        Walk { index: self, prefix: prefix.to_vec(), rows: None, run: Vec::new().into_iter(), last: None }
    }

    /// Every row, in order.
    pub(super) fn rows(&self) -> Walk<'_> {
        self.walk(&[])
    }

    /// Writes every row into an index that has none, and makes it durable. Rests after each portion: sled has one lock for all batches of a
    /// process, and whoever flushes holds it against them while the disk writes.
    pub(super) fn copy_to(&self, other: &Self, rest: Duration) -> Result<()> {
        let rows = self.live().db.iter();
        let mut batch = Batch::default();
        for row in rows {
            let (key, bytes) = row.map_err(|error| self.failed(error))?;
            batch.put(&key, Some(&bytes));
            if batch.bytes > PORTION_BYTES {
                other.take_over(std::mem::take(&mut batch))?;
                thread::sleep(rest);
            }
        }
        other.take_over(batch)
    }

    /// Writes rows as they stand in another index, durably.
    pub(super) fn take_over(&self, batch: Batch) -> Result<()> {
        let live = self.live();
        let written = live.db.apply_batch(batch.batch).and_then(|()| live.db.flush());
        written.map(drop).map_err(|error| live.failed(error))
    }

    /// Whether so much was written that it must be flushed before more is.
    pub(super) fn is_behind(&self) -> bool {
        self.backlog_bytes.load(Ordering::Relaxed) > BACKLOG_BYTES_MAX
    }

    /// Makes everything written durable.
    pub(super) fn flush(&self) -> Result<()> {
        self.backlog_bytes.store(0, Ordering::Relaxed);
        // Not under the lock: this waits for the disk. If the index moves meanwhile, its rows are durable where they are then.
        let db = self.live().db.clone();
        db.flush().map(drop).map_err(|error| self.failed(error))
    }

    /// Bytes on disk.
    pub(super) fn size(&self) -> Result<u64> {
        folder::size(&self.live().path)
    }

    /// Notes what was written, if the index is on the move.
    fn touch(&self, keys: Vec<Vec<u8>>) {
        if let Some(touched) = &mut *self.touched.lock().unwrap_or_else(PoisonError::into_inner) {
            touched.extend(keys);
        }
    }

    fn failed(&self, error: sled::Error) -> StoreError {
        self.live().failed(error)
    }
}

impl Live {
    /// The run that a key belongs in, and its own key.
    fn run_of(&self, key: &[u8]) -> Result<Option<(sled::IVec, sled::IVec)>> {
        self.db.range(&key[..1]..=key).next_back().transpose().map_err(|error| self.failed(error))
    }

    /// What sled holds from the first row on whose key may begin with `prefix`.
    fn rows_from(&self, prefix: &[u8]) -> Result<sled::Iter> {
        let run = if is_gathered(prefix) { self.run_of(prefix)? } else { None };
        Ok(self.db.range(run.map_or_else(|| prefix.into(), |(place, _)| place)..))
    }

    pub(super) fn failed(&self, error: sled::Error) -> StoreError {
        StoreError::index(&self.path, error)
    }
}

impl Rows for Index {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        if !is_gathered(key) {
            let live = self.live();
            return live.db.get(key).map(|row| row.map(|row| row.to_vec())).map_err(|error| live.failed(error));
        }
        if is_link(key) && self.links.get().is_some_and(|links| !links.may_have(&key[1..])) {
            return Ok(None);
        }
        let Some((place, run)) = self.live().run_of(key)? else { return Ok(None) };
        let row = runs::find(&run, &key[1..]).ok_or_else(|| unreadable(&place))?;
        Ok(row.map(<[u8]>::to_vec))
    }
}

/// A batch for sled that knows its size and its keys.
#[derive(Default)]
pub(super) struct Batch {
    batch: sled::Batch,
    bytes: u64,
    keys: Vec<Vec<u8>>,
}

impl Batch {
    pub(super) fn put(&mut self, key: &[u8], row: Option<&[u8]>) {
        self.keys.push(key.to_vec());
        self.bytes += (key.len() + row.map_or(0, <[u8]>::len)) as u64;
        match row {
            Some(row) => self.batch.insert(key, row),
            None => self.batch.remove(key),
        }
    }
}

/// Rows in the order of their keys.
pub(super) struct Walk<'a> {
    index: &'a Index,
    prefix: Vec<u8>,
    /// sled's rows, once they are asked for.
    rows: Option<sled::Iter>,
    /// What is left of the run that was read last.
    run: vec::IntoIter<(Vec<u8>, Vec<u8>)>,
    /// The key handed out last: rows of a run that is cut meanwhile are met again.
    last: Option<Vec<u8>>,
}

impl Walk<'_> {
    /// Reads on in sled; says whether there was anything.
    fn advance(&mut self) -> Result<bool> {
        let rows = match &mut self.rows {
            Some(rows) => rows,
            None => self.rows.insert(self.index.live().rows_from(&self.prefix)?),
        };
        let Some(row) = rows.next() else { return Ok(false) };
        let (place, bytes) = row.map_err(|error| self.index.failed(error))?;
        // The next family is nobody's wish, and in an index of an older format it may not be readable.
        if self.prefix.first().is_some_and(|family| place.first() != Some(family)) {
            return Ok(false);
        }
        self.run = if is_gathered(&place) {
            let rows = runs::rows(&bytes).ok_or_else(|| unreadable(&place))?;
            rows.into_iter().map(|(key, row)| ([&place[..1], key].concat(), row.to_vec())).collect()
        } else {
            vec![(place.to_vec(), bytes.to_vec())]
        }
        .into_iter();
        Ok(true)
    }
}

impl Iterator for Walk<'_> {
    type Item = Result<(Vec<u8>, Vec<u8>)>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.run.next() {
                Some((key, _)) if key < self.prefix || self.last.as_ref().is_some_and(|last| key <= *last) => {}
                Some((key, _)) if !key.starts_with(&self.prefix) => return None,
                Some((key, row)) => {
                    self.last = Some(key.clone());
                    return Some(Ok((key, row)));
                }
                None => match self.advance() {
                    Ok(true) => {}
                    Ok(false) => return None,
                    Err(error) => return Some(Err(error)),
                },
            }
        }
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
