//! Filling the index, and following the store.

use std::{fmt, fs, io, ops::ControlFlow, path::Path, sync::PoisonError, sync::atomic::Ordering};

use tantivy::{
    Index, IndexSettings, IndexWriter, TantivyError, Term,
    directory::MmapDirectory,
    indexer::{IndexWriterOptions, LogMergePolicy},
};

use super::{
    Search, Shared,
    error::SearchError,
    extract,
    fields::{self, TOKENIZER},
    words::Words,
};
use crate::{
    model::Story,
    store::{Position, Store},
};

/// The shape of what is indexed. An index of another one is filled again.
const FORMAT: &str = "2";

/// Memory for documents that are not written yet, in bytes. Given back with each commit.
const ARENA_BYTES: usize = 48 << 20;

/// Events that are read from the store at once, and stories after which they become durable.
const EVENTS_AT_ONCE: usize = 512;
const COMMIT_STORIES: u64 = 8192;

/// Parts of the index with fewer stories than this count as equally small when parts are put together. tantivy's own 10,000 would write
/// all of them again for every few new stories.
const SMALL_PART_STORIES: u32 = 64;

/// Of a part whose stories have gone elsewhere to this share, the rest is written anew.
const GONE_SHARE_MAX: f32 = 0.3;

/// Something that opening the index had to mend, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mended(String);

impl fmt::Display for Mended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the search index is made again: {}", self.0)
    }
}

/// How far catching up has come.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Progress {
    /// Stories taken in.
    pub stories: u64,
    /// How much of the store's history the index knows, 0 to 1.
    pub share: f64,
}

/// Opens the index in `dir`, or begins a new one there.
pub(super) fn open(dir: &Path) -> Result<(Index, Vec<Mended>), SearchError> {
    fs::create_dir_all(dir).map_err(|error| SearchError::io(dir, error))?;
    let why = match existing(dir) {
        Ok(Some(index)) => return Ok((prepared(index), Vec::new())),
        Ok(None) => None,
        Err(why) => Some(Mended(why)),
    };
    for entry in fs::read_dir(dir).map_err(|error| SearchError::io(dir, error))? {
        let path = entry.map_err(|error| SearchError::io(dir, error))?.path();
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(SearchError::io(&path, error)),
            _ => {}
        }
    }
    let directory = MmapDirectory::open(dir).map_err(TantivyError::from)?;
    let index = Index::create(directory, fields::schema(), IndexSettings::default())?;
    Ok((prepared(index), why.into_iter().collect()))
}

/// The index that is there, if it is whole and of our shape; in words why it cannot be used.
fn existing(dir: &Path) -> Result<Option<Index>, String> {
    let directory = MmapDirectory::open(dir).map_err(|error| error.to_string())?;
    if !Index::exists(&directory).map_err(|error| error.to_string())? {
        return Ok(None);
    }
    let index = Index::open(directory).map_err(|error| error.to_string())?;
    if index.schema() != fields::schema() {
        return Err("the old one had other fields".to_owned());
    }
    let payload = index.load_metas().map_err(|error| error.to_string())?.payload;
    if payload.is_some_and(|payload| !payload.starts_with(&format!("{FORMAT} "))) {
        return Err("the old one had another format".to_owned());
    }
    // Opens every file of it.
    prepared(index.clone()).reader().map_err(|error| error.to_string())?;
    Ok(Some(index))
}

fn prepared(index: Index) -> Index {
    index.tokenizers().register(TOKENIZER, Words::default());
    index
}

/// What the one who fills the index knows.
#[derive(Default)]
pub(super) struct Builder {
    /// How much of the store is in the index.
    position: Option<Position>,
    /// Whether the index has known everything once.
    is_complete: bool,
    /// Whether the sources' own names were read.
    is_named: bool,
    /// While there is something to do.
    writer: Option<IndexWriter>,
}

impl Builder {
    /// Reads what the last commit of an index left behind.
    pub(super) fn reading(payload: Option<&str>) -> Self {
        let mut words = payload.unwrap_or_default().split(' ').skip(1);
        let position = words.next().and_then(Position::parse);
        Self { position, is_complete: position.is_some() && words.next() == Some("complete"), ..Self::default() }
    }

    pub(super) const fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// The writer, which costs threads as long as it lives.
    fn writer(&mut self, index: &Index) -> Result<&mut IndexWriter, SearchError> {
        let writer = match self.writer.take() {
            Some(writer) => writer,
            None => {
                let options =
                    IndexWriterOptions::builder().memory_budget_per_thread(ARENA_BYTES).num_worker_threads(1).num_merge_threads(1);
                let writer = index.writer_with_options(options.build())?;
                let mut policy = LogMergePolicy::default();
                policy.set_min_layer_size(SMALL_PART_STORIES);
                policy.set_del_docs_ratio_before_merge(GONE_SHARE_MAX);
                writer.set_merge_policy(Box::new(policy));
                writer
            }
        };
        Ok(self.writer.insert(writer))
    }
}

impl Search {
    /// Takes in what changed in the store since the last time, in commits of bounded size, and tells how far it has come: who answers
    /// with a break stops it there. Blocking; for one at a time, others wait.
    pub fn catch_up(&self, store: &Store, told: impl FnMut(Progress) -> ControlFlow<()>) -> Result<Progress, SearchError> {
        let mut builder = self.0.builder.lock().unwrap_or_else(PoisonError::into_inner);
        self.follow(&mut builder, store, told).inspect_err(|_| {
            // What was not committed is gone with the writer: it is read again.
            let payload = self.0.index.load_metas().ok().and_then(|metas| metas.payload);
            *builder = Builder::reading(payload.as_deref());
        })
    }

    fn follow(
        &self,
        builder: &mut Builder,
        store: &Store,
        mut told: impl FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Progress, SearchError> {
        let shared = &*self.0;
        let mut progress = Progress::default();
        let mut uncommitted = 0;
        loop {
            let position = builder.position.unwrap_or_else(|| store.beginning());
            let Some(changes) = store.changes(&position, EVENTS_AT_ONCE)? else {
                tracing::warn!("the search index is made again: it was made from another store, or from a later state of this one");
                self.forget(builder)?;
                continue;
            };
            if changes.renamed || !builder.is_named {
                self.read_names(store)?;
                builder.is_named = true;
            }
            for number in &changes.stories {
                put(shared, builder.writer(&shared.index)?, *number, store.story_numbered(*number)?.as_ref())?;
                uncommitted += 1;
            }
            builder.position = Some(changes.position);
            progress.stories += changes.stories.len() as u64;
            progress.share = changes.share;
            let goes_on = !changes.is_last && told(progress).is_continue();
            let becomes_complete = changes.is_last && !builder.is_complete;
            if becomes_complete || (uncommitted > 0 && (!goes_on || uncommitted >= COMMIT_STORIES)) {
                builder.is_complete |= changes.is_last;
                // What the index vouches for must not be lost with the power.
                store.flush()?;
                self.commit(builder)?;
                uncommitted = 0;
            }
            if !goes_on {
                return Ok(progress);
            }
        }
    }

    /// Lets parts that belong together become one, and gives threads and memory back.
    pub fn rest(&self) -> Result<(), SearchError> {
        let mut builder = self.0.builder.lock().unwrap_or_else(PoisonError::into_inner);
        match builder.writer.take() {
            Some(writer) => writer.wait_merging_threads()?,
            None => return Ok(()),
        }
        // Readers let go of the parts that are no more.
        self.0.reader.reload()?;
        Ok(())
    }

    /// Forgets everything, so that `catch_up` begins at the beginning.
    pub fn clear(&self) -> Result<(), SearchError> {
        let mut builder = self.0.builder.lock().unwrap_or_else(PoisonError::into_inner);
        self.forget(&mut builder)?;
        self.commit(&mut builder)
    }

    /// Takes in stories by their numbers, without a store: for measuring.
    pub fn take_in<'a>(&self, stories: impl IntoIterator<Item = (u64, &'a Story)>) -> Result<(), SearchError> {
        let mut builder = self.0.builder.lock().unwrap_or_else(PoisonError::into_inner);
        for (number, story) in stories {
            put(&self.0, builder.writer(&self.0.index)?, number, Some(story))?;
        }
        self.commit(&mut builder)
    }

    fn forget(&self, builder: &mut Builder) -> Result<(), SearchError> {
        self.0.is_ready.store(false, Ordering::Release);
        (builder.position, builder.is_complete) = (None, false);
        builder.writer(&self.0.index)?.delete_all_documents()?;
        Ok(())
    }

    fn commit(&self, builder: &mut Builder) -> Result<(), SearchError> {
        let state = if builder.is_complete { "complete" } else { "begun" };
        let payload = builder.position.map(|position| format!("{FORMAT} {position} {state}"));
        let is_complete = builder.is_complete;
        let mut commit = builder.writer(&self.0.index)?.prepare_commit()?;
        if let Some(payload) = payload {
            commit.set_payload(&payload);
        }
        commit.commit()?;
        self.0.reader.reload()?;
        self.0.revision.fetch_add(1, Ordering::Release);
        self.0.is_ready.store(is_complete, Ordering::Release);
        Ok(())
    }

    fn read_names(&self, store: &Store) -> Result<(), SearchError> {
        // One after another: a list of names made of a list of states would keep the room of the latter.
        let mut own = Vec::new();
        store.each_source_state(|source, state| own.extend(state.title.map(|title| (source, title))))?;
        self.rename(|named| named.own = own);
        Ok(())
    }
}

/// Puts a story in the place of what was known under its number.
fn put(shared: &Shared, writer: &IndexWriter, number: u64, story: Option<&Story>) -> Result<(), SearchError> {
    writer.delete_term(Term::from_field_u64(shared.fields.number, number));
    if let Some(story) = story {
        writer.add_document(extract::document(&shared.fields, number, story))?;
    }
    Ok(())
}
