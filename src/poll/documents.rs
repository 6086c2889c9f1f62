//! Imports documents: files that become items the way entries of a feed do.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use chrono_tz::Tz;

use super::{
    assemble::{self, Desk, Extra, Reading},
    learning::{self, Batch},
};
use crate::{
    document::{self, Document},
    model::{Channel, Digest, ItemLimits, MergeThresholds, NativeId, Origin, SourceId, Tally, Timestamp, ZonedTime},
    store::{ReadDocument, Store, StoreError},
};

/// Largest file that is read.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// Documents in one commit.
const BATCH: usize = 128;

/// Folders inside folders that are followed.
const DEPTH_MAX: usize = 16;

/// Files of these kinds are documents; any other name is passed over unless it is named itself.
const EXTENSIONS: [&str; 3] = ["md", "markdown", "txt"];

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
    pub refused: Vec<(String, u32)>,
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

/// One file, known by its path below what was named.
struct File {
    source: SourceId,
    path: PathBuf,
    /// Below the folder that was imported, with `/` between names.
    name: String,
    /// Named by itself: read whatever it is called.
    is_named: bool,
}

impl File {
    /// What the store remembers it by.
    fn key(&self) -> String {
        format!("{}/{}", self.source, self.name)
    }
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
    let files = list(paths)?;
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
    if !file.is_named && !has_document_name(&file.path) {
        return Ok(None);
    }
    summary.files += 1;
    let bytes = match read(&file.path) {
        Ok(bytes) => bytes,
        Err(error) if file.is_named => return Err(ImportError::Unreadable { path: file.path, error }),
        Err(error) => {
            add(&mut summary.refused, &error.to_string());
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
            add(&mut summary.refused, &reason);
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
        add(&mut summary.refused, "nothing to show");
    }
    reading
}

/// All files below what was named, in the order of their names.
fn list(paths: &[PathBuf]) -> Result<Vec<File>, ImportError> {
    let mut files = Vec::new();
    for path in paths {
        let unreadable = |error| ImportError::Unreadable { path: path.clone(), error };
        let path = path.canonicalize().map_err(unreadable)?;
        if path.is_dir() {
            walk(&path, &path, &source_of(&path), 0, &mut files).map_err(unreadable)?;
        } else {
            let folder = path.parent().unwrap_or(Path::new("/"));
            files.push(File { source: source_of(folder), name: name_below(folder, &path), path, is_named: true });
        }
    }
    Ok(files)
}

fn walk(root: &Path, folder: &Path, source: &SourceId, depth: usize, files: &mut Vec<File>) -> io::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (path, kind) = (entry.path(), entry.file_type()?);
        let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if kind.is_dir() && !is_hidden && depth < DEPTH_MAX {
            walk(root, &path, source, depth + 1, files)?;
        } else if kind.is_file() && !is_hidden {
            files.push(File { source: source.clone(), name: name_below(root, &path), path, is_named: false });
        }
    }
    Ok(())
}

/// Documents belong to the folder that was imported: its name, as far as a slug can hold it.
fn source_of(folder: &Path) -> SourceId {
    let name = folder.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let slug: String = name.chars().map(|c| if c == ' ' { '-' } else { c }).collect();
    SourceId::parse(&slug).or_else(|_| SourceId::parse("documents")).expect("`documents` is a slug")
}

fn name_below(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path);
    below.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

fn has_document_name(path: &Path) -> bool {
    path.extension().is_some_and(|extension| EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known)))
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    if fs::metadata(path)?.len() > FILE_BYTES_MAX {
        return Err(io::Error::other(format!("larger than {FILE_BYTES_MAX} bytes")));
    }
    fs::read(path)
}

fn add(counts: &mut Vec<(String, u32)>, reason: &str) {
    match counts.iter_mut().find(|(known, _)| known == reason) {
        Some((_, count)) => *count += 1,
        None => counts.push((reason.to_owned(), 1)),
    }
}
