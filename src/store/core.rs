//! The open store: archive, journal and index behind one writer, and readers that never wait for the disk writes of others.

use std::{
    collections::BTreeSet,
    fs::File,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard},
};

use super::{
    archive::{Archive, Ends, Location, Pending, Segment},
    buckets::Buckets,
    cache::{ItemCache, RevisionCache},
    error::Result,
    index::{Changes, Index},
    journal::Journal,
    record::{Content, Packed},
    rows::Head,
};
use crate::{
    dedup::Fingerprint,
    model::{Item, MergeThresholds, RiskLists},
};

/// Everything an open store holds.
pub(super) struct Core {
    pub(super) dir: PathBuf,
    pub(super) archive: Archive,
    pub(super) journal: Journal,
    pub(super) index: Index,
    pub(super) thresholds: MergeThresholds,
    /// The head of the index. Held for reading while rows that belong together are read, for writing while a commit becomes visible.
    head: RwLock<Head>,
    writer: Mutex<Writer>,
    /// Who shares a bucket with whom. Held for one look, or by the writer while it reads an era.
    buckets: Mutex<Buckets>,
    /// What is known of vulnerabilities.
    lists: RwLock<Arc<RiskLists>>,
    cache: Mutex<ItemCache>,
    revisions: Mutex<RevisionCache>,
    /// Held while rows of the index alone change that belong together, and while they are copied. Taken after the right to write.
    own: Mutex<()>,
    /// Held by whoever cares for the store as a whole: one after the other.
    care: Mutex<()>,
    /// Held while the file of manners is written for a backup.
    noting: Mutex<()>,
    /// Locked as long as the store is open. Declared last, so that it is released last.
    _lock: File,
}

/// What the one writer knows.
#[derive(Default)]
pub(super) struct Writer {
    /// Where the segments end.
    pub(super) ends: Ends,
    /// Segments written since the last flush.
    unsynced: BTreeSet<Segment>,
}

/// The parts of a store, as opening it found them.
pub(super) struct Parts {
    pub(super) dir: PathBuf,
    pub(super) lock: File,
    pub(super) archive: Archive,
    pub(super) journal: Journal,
    pub(super) index: Index,
    pub(super) head: Head,
    pub(super) ends: Ends,
}

impl Writer {
    /// Takes note of what a commit wrote.
    pub(super) fn wrote(&mut self, pending: &Pending) {
        self.ends.extend(pending.ends());
        self.unsynced.extend(pending.ends().map(|(segment, _)| segment));
    }
}

impl Core {
    pub(super) fn new(parts: Parts, thresholds: MergeThresholds) -> Self {
        // What opening replayed may not be on the disk yet either.
        let unsynced = parts.ends.keys().next_back().copied().into_iter().collect();
        Self {
            dir: parts.dir,
            archive: parts.archive,
            journal: parts.journal,
            index: parts.index,
            thresholds,
            head: RwLock::new(parts.head),
            writer: Mutex::new(Writer { ends: parts.ends, unsynced }),
            buckets: Mutex::default(),
            lists: RwLock::default(),
            cache: Mutex::default(),
            revisions: Mutex::default(),
            own: Mutex::default(),
            care: Mutex::default(),
            noting: Mutex::default(),
            _lock: parts.lock,
        }
    }

    /// The head, and the right to read rows that belong to it.
    pub(super) fn head(&self) -> RwLockReadGuard<'_, Head> {
        self.head.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The right to write.
    pub(super) fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The right to care for the store as a whole: to purge, to move, to check. Taken before the right to write.
    pub(super) fn care(&self) -> MutexGuard<'_, ()> {
        self.care.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The right to write rows that are no part of any commit, or to read them as they are at one moment.
    pub(super) fn own(&self) -> MutexGuard<'_, ()> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The right to write the file of manners.
    pub(super) fn noting(&self) -> MutexGuard<'_, ()> {
        self.noting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who shares a bucket with whom, as far as the writer knows.
    pub(super) fn buckets(&self) -> MutexGuard<'_, Buckets> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of vulnerabilities.
    pub(super) fn lists(&self) -> Arc<RiskLists> {
        Arc::clone(&self.lists.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes what is known of vulnerabilities from now on.
    pub(super) fn heed(&self, lists: RiskLists) {
        *self.lists.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(lists);
    }

    /// The revisions that were read before. Who holds the head reads there what the index says.
    pub(super) fn revisions(&self) -> MutexGuard<'_, RevisionCache> {
        self.revisions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a commit visible.
    pub(super) fn publish(&self, changes: &Changes, head: Head) -> Result<()> {
        let mut current = self.head.write().unwrap_or_else(PoisonError::into_inner);
        self.revisions().forget(changes);
        self.index.apply(changes)?;
        *current = head;
        Ok(())
    }

    /// Makes everything committed durable: archive and journal first, so that the index never vouches for what is not there.
    pub(super) fn flush(&self) -> Result<()> {
        // The bulk of it without the lock: commits go on meanwhile. What they add is little, and is synced under the lock.
        let written: Vec<Segment> = self.writer().unsynced.iter().copied().collect();
        self.archive.sync(written)?;
        self.journal.sync()?;
        self.flush_as_writer(&mut self.writer())
    }

    /// The same for one who has the right to write.
    pub(super) fn flush_as_writer(&self, writer: &mut Writer) -> Result<()> {
        self.sync_as_writer(writer)?;
        self.index.flush()
    }

    /// Makes archive and journal durable, without the index.
    pub(super) fn sync_as_writer(&self, writer: &mut Writer) -> Result<()> {
        self.archive.sync(writer.unsynced.iter().copied())?;
        self.journal.sync()?;
        writer.unsynced.clear();
        Ok(())
    }

    /// The fingerprint of the record at `place`; `None` where it is unreadable.
    pub(super) fn fingerprint(&self, place: Location) -> Result<Option<Fingerprint>> {
        let bytes = self.archive.read(place)?;
        Ok(bytes.as_deref().and_then(Packed::parse).and_then(|packed| packed.fingerprint()))
    }

    /// The item of the record at `place`; `None` where it is unreadable.
    pub(super) fn item(&self, place: Location) -> Result<Option<Item>> {
        let item = self.item_once(place)?;
        if let Some(item) = &item {
            self.cache.lock().unwrap_or_else(PoisonError::into_inner).put(place, item);
        }
        Ok(item)
    }

    /// The same for one who will not come back for it.
    pub(super) fn item_once(&self, place: Location) -> Result<Option<Item>> {
        let cached = self.cache.lock().unwrap_or_else(PoisonError::into_inner).get(place);
        if let Some(item) = cached {
            return Ok(Some(Item::clone(&item)));
        }
        let bytes = self.archive.read(place)?;
        Ok(bytes.as_deref().and_then(Packed::parse).and_then(|packed| packed.item()))
    }

    /// Hands the places and fingerprints of a version and of all before it to `visit`, as far as they can be read.
    pub(super) fn each_version(&self, newest: Option<Location>, mut visit: impl FnMut(Location, &Fingerprint) -> Result<()>) -> Result<()> {
        let mut next = newest;
        while let Some(place) = next {
            let bytes = self.archive.read(place)?;
            let Some(packed) = bytes.as_deref().and_then(Packed::parse) else { break };
            let Some(print) = packed.fingerprint() else { break };
            visit(place, &print)?;
            // Damage must not lead in circles.
            next = packed.previous().filter(|previous| previous.segment == place.segment && previous.offset < place.offset);
        }
        Ok(())
    }

    /// The whole record at `place`; `None` where it is unreadable.
    pub(super) fn content(&self, place: Location) -> Result<Option<Content>> {
        load(&self.archive, place)
    }
}

/// The whole record at `place`; `None` where it is unreadable.
pub(super) fn load(archive: &Archive, place: Location) -> Result<Option<Content>> {
    Ok(archive.read(place)?.as_deref().and_then(Packed::parse).and_then(|packed| packed.content()))
}
