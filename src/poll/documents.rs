//! Imports documents: files that become items the way entries of a feed do.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use chrono_tz::Tz;

use super::{
    assemble::{self, Desk, Extra, Reading},
    learning::{self, Batch},
    listing::{self, File, Listing},
};
use crate::{
    document::{self, Document},
    model::{Channel, Digest, ItemLimits, MergeThresholds, NativeId, Origin, Tally, Timestamp, ZonedTime},
    store::{ReadDocument, Store, StoreError},
};

/// Largest file that is read.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// Documents in one commit.
const BATCH: usize = 128;

/// How documents are read.
#[derive(Debug, Clone)]
pub struct ImportSettings {
    /// The zone of bare dates.
    pub timezone: Tz,
    /// Limits of an item.
    pub items: ItemLimits,
    /// When two items are one story.
    pub merge: MergeThresholds,
}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportSummary {
    /// Files looked at.
    pub files: u32,
    /// Files that had not changed since they were last imported.
    pub known: u32,
    /// What the others brought.
    pub tally: Tally,
    /// Documents whose body was an empty shell and was dropped, by reason.
    pub dropped: Vec<(String, u32)>,
    /// Files refused, by reason.
    pub refused: Vec<Refused>,
}

/// Files that were refused for one reason.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refused {
    /// The reason.
    pub reason: String,
    /// How many there are.
    pub count: u32,
    /// The names of the first of them, at most `Refused::NAMES_MAX`.
    pub names: Vec<String>,
}

impl Refused {
    /// Names that are kept for one reason.
    pub const NAMES_MAX: usize = 3;
}

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Files done.
    pub done: usize,
    /// Files in all.
    pub total: usize,
}

/// Why an import stopped. What was committed before stays.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A path that was named cannot be read.
    #[error("`{}`: {error}", path.display())]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A file that has changed, with its place in time.
struct Candidate {
    file: File,
    digest: Digest,
    dated: Option<Timestamp>,
}

/// Imports files and the documents inside folders, in the order of their dates, those without a date last.
pub fn import(
    store: &Store,
    paths: &[PathBuf],
    settings: &ImportSettings,
    now: Timestamp,
    mut progress: impl FnMut(Progress),
) -> Result<ImportSummary, ImportError> {
    let mut summary = ImportSummary::default();
    let mut candidates = Vec::new();
    let Listing { files, closed } = listing::list(paths)?;
    closed.into_iter().for_each(|(name, reason)| refuse(&mut summary.refused, name, &reason));
    for file in files {
        if let Some(candidate) = consider(store, file, settings, &mut summary)? {
            candidates.push(candidate);
        }
    }
    // Oldest first, so that the first publication opens the story; the name settles equal dates.
    candidates.sort_by(|a, b| (a.dated.is_none(), a.dated, &a.file.name).cmp(&(b.dated.is_none(), b.dated, &b.file.name)));
    let total = candidates.len();
    let mut done = 0;
    for batch in candidates.chunks(BATCH) {
        commit(store, batch, settings, now, &mut summary)?;
        done += batch.len();
        progress(Progress { done, total });
    }
    summary.dropped.sort();
    summary.refused.sort();
    Ok(summary)
}

/// Whether a file is new or changed; when it is, its date.
fn consider(store: &Store, file: File, settings: &ImportSettings, summary: &mut ImportSummary) -> Result<Option<Candidate>, ImportError> {
    summary.files += 1;
    let bytes = match read(&file.path) {
        Ok(bytes) => bytes,
        Err(error) if file.is_named => return Err(ImportError::Unreadable { path: file.path, error }),
        Err(error) => {
            refuse(&mut summary.refused, file.name, &error.to_string());
            return Ok(None);
        }
    };
    let digest = Digest::of(&[&bytes]);
    if store.document_digest(&file.key())? == Some(digest) {
        summary.known += 1;
        return Ok(None);
    }
    let dated = document::date(&bytes, settings.timezone).map(ZonedTime::at);
    Ok(Some(Candidate { file, digest, dated }))
}

/// Reads a batch again (holding all bodies at once would not fit for a large archive) and commits it.
fn commit(
    store: &Store,
    batch: &[Candidate],
    settings: &ImportSettings,
    now: Timestamp,
    summary: &mut ImportSummary,
) -> Result<(), ImportError> {
    let documents = batch.iter().map(|Candidate { file, digest, .. }| ReadDocument { path: file.key(), digest: *digest }).collect();
    let readings: Vec<_> = batch.iter().filter_map(|candidate| reading(&candidate.file, settings, now, summary)).collect();
    let Batch { arrivals, unchanged } = learning::settle(store, readings)?;
    let tally = store.commit_documents(documents, arrivals, now)?;
    summary.tally.new += tally.new;
    summary.tally.joined += tally.joined;
    summary.tally.updated += tally.updated;
    summary.tally.unchanged += tally.unchanged + unchanged;
    summary.tally.refused += tally.refused;
    Ok(())
}

fn reading(file: &File, settings: &ImportSettings, now: Timestamp, summary: &mut ImportSummary) -> Option<Reading> {
    let read = read(&file.path).map_err(|error| error.to_string());
    let read = read.and_then(|bytes| document::read(&file.name, &bytes, settings.timezone).map_err(|refusal| refusal.to_string()));
    let Document { mut draft, account, dropped, declared_origin } = match read {
        Ok(document) => document,
        Err(reason) => {
            refuse(&mut summary.refused, file.name.clone(), &reason);
            return None;
        }
    };
    if let Some(shell) = dropped {
        add(&mut summary.dropped, shell.as_str());
    }
    if draft.origin.is_none() {
        draft.origin = account.map(|title| Origin { title: Some(title), ..Origin::default() });
    }
    let desk = Desk {
        source: &file.source,
        channel: &Channel::default(),
        limits: &settings.items,
        thresholds: &settings.merge,
        is_first_poll: false,
        now,
    };
    let extra = Extra { native_id: NativeId::new(format!("document:{}", file.name)), path: file.name.clone(), declared: declared_origin };
    let reading = assemble::assemble_document(draft, extra, &desk);
    if reading.is_none() {
        refuse(&mut summary.refused, file.name.clone(), "nothing to show");
    }
    reading
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    if fs::metadata(path)?.len() > FILE_BYTES_MAX {
        return Err(io::Error::other(format!("larger than {FILE_BYTES_MAX} bytes")));
    }
    fs::read(path)
}

fn refuse(refused: &mut Vec<Refused>, name: String, reason: &str) {
    let at = refused.iter().position(|known| known.reason == reason).unwrap_or_else(|| {
        refused.push(Refused { reason: reason.to_owned(), count: 0, names: Vec::new() });
        refused.len() - 1
    });
    refused[at].count += 1;
    if refused[at].names.len() < Refused::NAMES_MAX {
        refused[at].names.push(name);
    }
}

fn add(counts: &mut Vec<(String, u32)>, reason: &str) {
    match counts.iter_mut().find(|(known, _)| known == reason) {
        Some((_, count)) => *count += 1,
        None => counts.push((reason.to_owned(), 1)),
    }
}
