//! Manners: what stands in the index alone, and as a file, so that a backup carries it.
//!
//! When each source is asked next and with which validators, what speakers repeat, outages, and which receiver or hub was told what: none
//! of it can be made from archive and journal. The file is written by whoever has the store open, between two commits, and says how much
//! of the journal it belongs to. Nothing reads it but the next rebuild of an index that is gone.
//!
//! | part | content |
//! |---|---|
//! | 8 bytes | mark and format number |
//! | first frame | the store's id, the journal's end, how many rows follow |
//! | other frames | packed: keys and rows, each with its length |

use std::{
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use uuid::Uuid;

use super::{
    Store,
    codec::{Decoder, Encoder},
    error::{Result, StoreError},
    event::Names,
    folder::{put_in_place, remove_if_there},
    frame,
    hubs::HUBS,
    index::{Index, Rows},
    journal::Journal,
    outages::OUTAGES,
    outbox::{OUTBOXES, TOLD, WAITING},
    packing,
    rows::{MEMORIES, STATES},
    state_record,
};
use crate::model::{SourceState, Validators};

/// The families of rows that cannot be made again from archive and journal.
const OWN: [u8; 7] = [STATES, MEMORIES, OUTAGES, OUTBOXES, WAITING, TOLD, HUBS];

/// The file of a store that was restored, until its index is made.
pub(super) const MANNERS: &str = "manners";
/// The file that a backup fetches.
const NOTED: &str = "manners.noted";

/// Begins the file.
const MARK: &[u8; 6] = b"WFMAN\n";
/// The newest form of the file that this program reads and the one that it writes. Those of form 1 say nothing of hubs.
const FORMAT: u16 = 2;
/// Rows are packed in portions of so many bytes, and a little more.
const PORTION_BYTES: usize = 1 << 20;
/// No portion is larger than this once unpacked, and no file than that: damage must not ask for memory.
const PORTION_BYTES_MAX: usize = 64 << 20;
const FILE_BYTES_MAX: u64 = 1 << 30;

/// A key and its row.
type KeyedRow = (Vec<u8>, Vec<u8>);

/// What an index knows alone.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Manners {
    /// Which store it is of.
    pub(super) store: Uuid,
    /// The journal up to here is what validators vouch for, and what outboxes have seen.
    pub(super) journal_end: u64,
    rows: Vec<KeyedRow>,
}

/// Whether a family of rows is one of these.
pub(super) fn is_own(family: u8) -> bool {
    OWN.contains(&family)
}

impl Store {
    /// Writes what only the index knows to a file in the store's folder, for `back_up`, which takes it away. Writers wait while the rows
    /// are read.
    pub fn note_manners(&self) -> Result<PathBuf> {
        let noted = {
            let _writer = self.core.writer();
            let _own = self.core.own();
            let head = self.core.head();
            Manners::of(&self.core.index, head.feed_uuid, head.journal_end)?
        };
        let path = self.core.dir.join(NOTED);
        let _noting = self.core.noting();
        noted.write(&path)?;
        Ok(path)
    }
}

/// Removes what a backup that was killed has left in the store's folder.
pub(super) fn tidy(dir: &Path, journal: &Journal) -> Result<()> {
    let noted = dir.join(NOTED);
    let left = [fresh(&noted), noted];
    if !left.iter().any(|path| path.exists()) {
        return Ok(());
    }
    match journal.claim()? {
        Some(_claim) => left.iter().try_for_each(|path| remove_if_there(path)),
        None => Ok(()),
    }
}

/// The name of a file that is not finished.
fn fresh(path: &Path) -> PathBuf {
    path.with_extension("new")
}

impl Manners {
    /// Reads them from an index.
    pub(super) fn of(index: &Index, store: Uuid, journal_end: u64) -> Result<Self> {
        let mut rows = Vec::new();
        for family in OWN {
            for row in index.walk(&[family]) {
                rows.push(row?);
            }
        }
        Ok(Self { store, journal_end, rows })
    }

    /// The same without what vouches for items: some of them are lost, and their sources must tell everything once more (invariant 6).
    pub(super) fn without_validators(mut self) -> Self {
        for (_, row) in self.rows.iter_mut().filter(|(key, _)| key.starts_with(&[STATES])) {
            if let Some(state) = state_record::decode(row) {
                let state = SourceState { validators: Validators::default(), body_digest: None, last_full: None, ..state };
                *row = state_record::encode(&state);
            }
        }
        self
    }

    /// Writes them into a new index, which knows best what the sources call themselves.
    pub(super) fn put_into(self, index: &Index) -> Result<()> {
        for (key, row) in self.rows {
            let row = match index.get(&key)?.as_deref().and_then(state_record::decode).zip(state_record::decode(&row)) {
                Some((replayed, kept)) if key.starts_with(&[STATES]) => state_record::encode(&Names::of(&replayed).in_state(kept)),
                _ => row,
            };
            index.put(key, row)?;
            if index.is_behind() {
                index.flush()?;
            }
        }
        Ok(())
    }

    /// Writes the file as a whole, for its owner alone: validators may be secrets.
    pub(super) fn write(&self, path: &Path) -> Result<()> {
        let failed = |error| StoreError::io(path, error);
        let fresh = fresh(path);
        let mut out = Encoder::default().raw(MARK).u16(FORMAT).finish();
        let head = Encoder::default().raw(self.store.as_bytes()).u64(self.journal_end).u64(self.rows.len() as u64);
        frame::write(&mut out, &head.finish());
        let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&fresh).map_err(failed)?;
        let mut portion = Encoder::default();
        let mut portion_bytes = 0;
        for (number, (key, row)) in self.rows.iter().enumerate() {
            portion = portion.bytes(key).bytes(row);
            portion_bytes += key.len() + row.len();
            if portion_bytes >= PORTION_BYTES || number + 1 == self.rows.len() {
                let packed = packing::pack(&std::mem::take(&mut portion).finish()).map_err(failed)?;
                portion_bytes = 0;
                frame::write(&mut out, &packed);
                file.write_all(&std::mem::take(&mut out)).map_err(failed)?;
            }
        }
        file.write_all(&out).and_then(|()| file.sync_all()).map_err(failed)?;
        put_in_place(&fresh, path)
    }

    /// Reads the file that was noted for a backup of a store, and takes it away.
    pub(super) fn take(noted: &Path, store: Uuid) -> Result<Self> {
        let manners = Self::read(noted)?.filter(|manners| manners.store == store);
        let manners = manners.ok_or_else(|| StoreError::Refused(format!("`{}` is not what was noted for this backup", noted.display())))?;
        remove_if_there(noted)?;
        Ok(manners)
    }

    /// Reads the file; `None` where there is none.
    pub(super) fn read(path: &Path) -> Result<Option<Self>> {
        let bytes = match File::open(path).and_then(|file| Ok((file.metadata()?.len(), file))) {
            Ok((length, _)) if length > FILE_BYTES_MAX => return Err(damaged(path)),
            Ok(_) => fs::read(path).map_err(|error| StoreError::io(path, error))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StoreError::io(path, error)),
        };
        let mut input = Decoder::new(&bytes);
        match (input.take(MARK.len()), input.u16()) {
            (Some(mark), Some(1..=FORMAT)) if mark == MARK => {}
            (Some(mark), Some(found)) if mark == MARK && found > FORMAT => {
                return Err(StoreError::Newer { path: path.to_owned(), found, known: FORMAT });
            }
            _ => return Err(damaged(path)),
        }
        Self::parse(input.rest()).map(Some).ok_or_else(|| damaged(path))
    }

    fn parse(mut frames: &[u8]) -> Option<Self> {
        let mut next = || {
            let payload = frame::read(frames)?;
            frames = &frames[frame::OVERHEAD + payload.len()..];
            Some(payload)
        };
        let mut head = Decoder::new(next()?);
        let (store, journal_end, count) = (Uuid::from_slice(head.take(16)?).ok()?, head.u64()?, head.u64()?);
        let mut rows = Vec::new();
        while (rows.len() as u64) < count {
            let portion = packing::unpack(next()?, PORTION_BYTES_MAX).ok()?;
            let mut input = Decoder::new(&portion);
            while !input.is_empty() {
                let (key, row) = (input.bytes()?.to_vec(), input.bytes()?.to_vec());
                // A family that is made from the truth is not this file's to tell.
                key.first().filter(|family| is_own(**family))?;
                rows.push((key, row));
            }
        }
        Some(Self { store, journal_end, rows })
    }
}

fn damaged(path: &Path) -> StoreError {
    StoreError::Corrupt(format!("`{}` is not what was once written", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::rows;

    fn manners() -> Manners {
        let row = |n: usize| {
            let family = OWN[n % OWN.len()];
            (vec![family, n as u8, (n >> 8) as u8], [n as u8, 7].repeat(n))
        };
        Manners { store: Uuid::from_u128(7), journal_end: 900, rows: (0..1500).map(row).collect() }
    }

    #[test]
    fn file_is_read_back_and_any_damage_to_it_is_noticed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(MANNERS);
        assert_eq!(Manners::read(&path).expect("looked"), None);
        manners().write(&path).expect("written");
        assert_eq!(Manners::read(&path).expect("read"), Some(manners()));
        let bytes = fs::read(&path).expect("there");
        for at in (0..bytes.len()).step_by(41) {
            let mut changed = bytes.clone();
            changed[at] ^= 0x40;
            fs::write(&path, changed).expect("written");
            assert!(Manners::read(&path).is_err(), "changed at {at}");
            fs::write(&path, &bytes[..at]).expect("written");
            assert!(Manners::read(&path).is_err(), "cut at {at}");
        }
        let mut older = bytes.clone();
        older[MARK.len()..MARK.len() + 2].copy_from_slice(&1_u16.to_be_bytes());
        fs::write(&path, older).expect("written");
        assert_eq!(Manners::read(&path).expect("read"), Some(manners()), "one that an earlier program wrote");
        let none = Manners { rows: Vec::new(), ..manners() };
        none.write(&path).expect("written");
        assert_eq!(Manners::read(&path).expect("read"), Some(none));
        let derived = Manners { rows: vec![(rows::item(1), vec![1])], ..manners() };
        derived.write(&path).expect("written");
        assert!(Manners::read(&path).is_err(), "a row that is made from the truth");
    }
}
