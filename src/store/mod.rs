//! The store: what we believe. An archive holds the content, a journal the decisions, an index finds both.
//!
//! **Archive** and **journal** are append-only files and together the truth. The **index** is a sled tree that can be made again from
//! them, but for `manners`: when each source is asked again and with which validators, outages, and who was told what. A commit is
//! written in this order: content to the archive, one frame to the journal, one batch to the index. A crash between leaves bytes that
//! belong to no commit and are cut off at the next open, or a commit that the index has missed, which is taken from the journal. Within a
//! second a commit is durable: archive and journal first, then the index.
//!
//! **Retention** (`retaining`) works in three steps, each of which may be cut short. What a rule dooms is purged: an event, after which
//! it is hidden everywhere, but stays comparable. Once no copy of it can come any more it is freed: another event, after which its text
//! and its traces are of no use. And when enough of a segment is of no use it is written anew (`shrinking`). The journal keeps all of
//! these events, so that an index made again later has the same rows though the texts are gone.
//!
//! **Damage** is never passed over in silence. Each frame of archive and journal has a checksum; what `recovery` mends at an open is told
//! (`mended`), what `verify` finds it counts, and a rebuild sets damaged bytes of the journal aside (`mending`), so that the store is
//! sound afterwards and the loss known. Only the texts of items can be lost by themselves: their sources bring them back.
//!
//! **Risk** (`marking`): what lists say of the vulnerabilities that a story is about stands in its row, by an event of its own: with the
//! commit that brings the story, and whenever other lists are heeded.
//!
//! Every change of the index goes through `ledger`, by a live commit and by a rebuild alike, so that both give the same rows.
//! Functions here speak of polls, items, stories and sources, never of keys or trees.

mod archive;
mod arrival;
mod backup;
mod buckets;
mod cache;
mod changes;
mod codec;
mod core;
mod decisions;
mod entry_id;
mod error;
mod event;
mod explaining;
mod exporting;
mod fingerprint_record;
mod flusher;
mod folder;
mod frame;
mod freeing;
mod holdings;
mod hubs;
mod importing;
mod index;
mod journal;
mod ledger;
mod lock;
mod manifest;
mod manners;
mod marking;
mod matching;
mod memories;
mod mended;
mod mending;
mod moving;
mod outages;
mod outbox;
mod packing;
mod parcel;
mod reading;
mod record;
mod recovery;
mod regrouping;
mod replay;
mod restoring;
mod retaining;
mod risk_record;
mod rows;
mod runs;
mod segment;
mod shrinking;
mod sieve;
mod standing;
mod state_record;
mod transaction;
mod verify;

use std::{path::Path, sync::Arc};

pub use arrival::{Arrival, PollCommit, ReadDocument};
pub use backup::{BackedUp, Backup};
pub use changes::{Changes, Position};
pub use decisions::{Decided, Refusal};
pub use error::{Result, StoreError};
pub use explaining::{Explanation, Relative};
pub use exporting::Exported;
pub use hubs::Announced;
pub use importing::Received;
pub use marking::Marking;
pub use mended::Recovery;
pub use outbox::{Letter, Mail, Outbox, Subject, Waiting};
pub use reading::{Counts, Newest, Revision};
pub use restoring::Restored;
pub use retaining::Retained;
pub use verify::Verification;

use self::{
    core::Core,
    event::{Event, Names},
    flusher::Flusher,
    transaction::Transaction,
};
use crate::model::{Digest, ItemId, MergeThresholds, SourceId, SourceState, Tally, Timestamp};

/// An open store. Clones share it; the last one to go makes everything durable and closes it.
#[derive(Clone)]
pub struct Store {
    // Before `core`: the flusher's thread must end while there is something to flush.
    flusher: Arc<Flusher>,
    core: Arc<Core>,
}

impl Store {
    /// Opens the store in `dir`, which is created where missing. What had to be mended is told; each is worth a warning.
    pub fn open(dir: &Path, thresholds: MergeThresholds) -> Result<(Self, Vec<Recovery>)> {
        let (core, told) = recovery::open(dir, thresholds)?;
        let core = Arc::new(core);
        let flusher = Flusher::start(Arc::clone(&core)).map_err(|error| StoreError::io(dir, error))?;
        let store = Self { flusher: Arc::new(flusher), core };
        if store.core.head().feed_uuid.is_nil() {
            store.write(Timestamp::default(), |transaction| transaction.note(Event::Created { feed_uuid: uuid::Uuid::new_v4() }, false))?;
            store.flush()?;
        }
        Ok((store, told))
    }

    /// Whether there is a store in `dir`, or what was to become one, or a folder that nobody can look into.
    pub fn is_there(dir: &Path) -> bool {
        recovery::is_there(dir)
    }

    /// Whether somebody has the store in `dir` open.
    pub fn is_open(dir: &Path) -> bool {
        lock::is_taken(dir)
    }

    /// Makes the index of the closed store in `dir` again from archive and journal, and tells what went into it. `progress` hears how much
    /// of the journal is read, 0 to 1.
    pub fn rebuild(dir: &Path, mut progress: impl FnMut(f64)) -> Result<Vec<Recovery>> {
        recovery::rebuild(dir, &mut progress)
    }

    /// Begins to copy the store in `dir`, which may be in use, to `target`: an empty folder, or an older backup of it, to which the rest
    /// is added. Refused while another backup of the store, or into the folder, is under way.
    pub fn begin_backup(dir: &Path, target: &Path) -> Result<Backup> {
        Backup::begin(dir, target)
    }

    /// Writes all that the store in `dir` knows, which may be in use, to the file `target`: texts, the ids and members of stories,
    /// decisions and tombstones, as zstd JSON lines. With the cursor of an earlier export only what happened since. `progress` hears the
    /// share that is done, 0 to 1.
    pub fn export_archive(dir: &Path, target: &Path, since: Option<&str>, mut progress: impl FnMut(f64)) -> Result<Exported> {
        exporting::run(dir, target, since, &mut progress)
    }

    /// Refuses a file that does not begin like an archive file, without a store.
    pub fn check_archive(path: &Path) -> Result<()> {
        importing::check(path)
    }

    /// Copies the backup in `source` to `dir`, a folder without a store, and makes the index there. Validators are taken along if nothing
    /// is missing that they vouch for. `progress` hears the share that is done, 0 to 1.
    pub fn restore(source: &Path, dir: &Path, mut progress: impl FnMut(f64)) -> Result<Restored> {
        restoring::run(source, dir, &mut progress)
    }

    /// The one result of a poll: its items, its stories and the source's new state, all or none. `finish` makes the state once it is
    /// known what the poll brought.
    pub fn commit(&self, poll: PollCommit, now: Timestamp, finish: impl FnOnce(&Tally) -> SourceState) -> Result<Tally> {
        self.write(now, |transaction| {
            for arrival in poll.arrivals {
                transaction.take(arrival, poll.new_max)?;
            }
            transaction.admit_new()?;
            let state = finish(&transaction.tally);
            let names = Names::of(&state);
            if Names::of(&self.source_state(&poll.source)?) != names {
                transaction.note(Event::Renamed { source: poll.source.as_str().to_owned(), names }, true)?;
            }
            transaction.put_state(rows::state(&poll.source), state_record::encode(&state));
            Ok(())
        })
    }

    /// The result of an import: that these files were read, and the items and stories that they brought, all or none. A large import
    /// comes in batches of some hundred, so that it can go on where it was cut short.
    pub fn commit_documents(&self, documents: Vec<ReadDocument>, arrivals: Vec<Arrival>, now: Timestamp) -> Result<Tally> {
        self.write(now, |transaction| {
            for arrival in arrivals {
                transaction.take(arrival, usize::MAX)?;
            }
            for ReadDocument { path, digest } in documents {
                transaction.note(Event::Document { path, digest }, false)?;
            }
            transaction.admit_new()
        })
    }

    /// Keeps a source's state alone: the reservation before a request.
    pub fn reserve(&self, source: &SourceId, state: &SourceState) -> Result<()> {
        self.core.index.put(rows::state(source), state_record::encode(state))?;
        if !self.core.index.is_behind() || self.core.flush().is_err() {
            self.flusher.wake();
        }
        Ok(())
    }

    /// Says with which settings stories are rendered. The generation moves if they are not those of the last time.
    pub fn settle_rendering(&self, settings: Digest, now: Timestamp) -> Result<()> {
        if self.core.head().rendering == Some(settings) {
            return Ok(());
        }
        self.write(now, |transaction| transaction.note(Event::Rendering { digest: settings }, true)).map(|_| ())
    }

    /// Takes an item out of every output, for good: it will not come back as new. Says whether it was there.
    pub fn purge(&self, item: ItemId, now: Timestamp) -> Result<bool> {
        let mut was_there = false;
        self.write(now, |transaction| {
            was_there = transaction.purge(item)?;
            Ok(())
        })?;
        Ok(was_there)
    }

    /// Whether what is written reaches the disk: false from a write that failed to the next one that does not.
    pub fn is_durable(&self) -> bool {
        self.flusher.is_well()
    }

    /// Makes everything committed durable now.
    pub fn flush(&self) -> Result<()> {
        let flushed = self.core.flush();
        self.flusher.wrote(flushed.is_ok());
        flushed
    }

    /// Compares the index with archive and journal. Commits wait for its last look only. `progress` hears how far it is, 0 to 1.
    pub fn verify(&self, mut progress: impl FnMut(f64)) -> Result<Verification> {
        verify::run(&self.core, &mut progress)
    }

    /// Copies the index without its garbage, while everybody goes on; its bytes before and after.
    pub fn compact(&self) -> Result<(u64, u64)> {
        let _care = self.core.care();
        moving::run(&self.core)
    }

    /// Whether most of the index is garbage: sled 0.34.7 gives space back far slower than a large import or purge takes it.
    pub fn is_compaction_worthwhile(&self) -> Result<bool> {
        let items = self.core.head().items;
        Ok(recovery::is_mostly_garbage(self.core.index.size()?, items))
    }

    fn write(&self, now: Timestamp, fill: impl FnOnce(&mut Transaction<'_>) -> Result<()>) -> Result<Tally> {
        let mut writer = self.core.writer();
        let mut transaction = Transaction::begin(&self.core, &mut writer, now);
        let written = fill(&mut transaction).and_then(|()| transaction.finish());
        match written {
            // A commit that cannot be flushed is a commit nevertheless: the flusher tries again and says what is wrong.
            Ok(_) if self.core.index.is_behind() && self.core.flush_as_writer(&mut writer).is_ok() => {}
            Ok(_) => self.flusher.wake(),
            Err(_) => {
                self.core.buckets().clear();
                self.flusher.wrote(false);
            }
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Validators;

    /// What keeps sled from hanging (`index`): whoever writes makes it durable in time, however fast others write.
    #[test]
    fn writes_without_a_pause_never_run_far_ahead_of_the_disk() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path(), MergeThresholds::default()).expect("opens").0;
        let source = SourceId::parse("a").expect("a slug");
        for n in 0..300_u32 {
            let validators = Validators { etag: Some(vec![n as u8; 16 << 10]), last_modified: None };
            let state = SourceState { validators, ..SourceState::default() };
            if n % 2 == 0 {
                store.reserve(&source, &state).expect("written");
            } else {
                let poll = PollCommit { source: source.clone(), arrivals: Vec::new(), new_max: 1 };
                store.commit(poll, Timestamp::default(), |_| state).expect("committed");
            }
            assert!(!store.core.index.is_behind(), "after {n} writes");
        }
    }
}
