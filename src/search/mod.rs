//! The full-text index: which stories say what, in which order.
//!
//! One document a story, made from the store and made again at will: the folder may be deleted while nobody uses it. A story's document
//! is replaced as a whole when anything about the story changes. The index follows the store by itself (`catch_up`), behind the commits
//! and never in their way: it keeps the place in the store's history up to which it has read, in the very commit that holds the
//! documents, so that a crash between the two costs nothing but reading on from there.
//!
//! What is asked is a [`Filter`], by people's queries and by views alike.

mod among;
mod building;
mod error;
mod extract;
mod fields;
mod following;
mod loosening;
mod names;
mod question;
mod ranking;
mod tallies;
mod words;

use std::{
    collections::HashMap,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use tantivy::{Index, IndexReader, ReloadPolicy, query::Query};

use self::{
    building::Builder,
    fields::Fields,
    names::Names,
    question::Asker,
    ranking::{Ranking, Sample},
};
pub use self::{
    building::{Mended, Progress},
    error::SearchError,
    following::follow,
    loosening::loosened,
};
use crate::{
    model::{SourceId, StoryId},
    view::{Filter, Total},
};

/// An open search index. Clones share it.
#[derive(Clone)]
pub struct Search(Arc<Shared>);

/// Which stories come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Order {
    /// `updated` descending, then id ascending: as everywhere else.
    #[default]
    Newest,
    /// What fits best (BM25; words of a title count more), then the newest.
    Best,
}

struct Shared {
    index: Index,
    reader: IndexReader,
    fields: Fields,
    builder: Mutex<Builder>,
    sample: Sample,
    names: RwLock<Named>,
    revision: AtomicU64,
    is_ready: AtomicBool,
}

/// What the sources are called, in the operator's words and in their own.
#[derive(Default)]
struct Named {
    configured: Vec<(SourceId, String)>,
    own: Vec<(SourceId, String)>,
    names: Names,
    /// Sources that had another name before, with the one that their items bear.
    identities: HashMap<SourceId, SourceId>,
}

impl Named {
    fn ask(&self, fields: &Fields, filter: &Filter, is_scored: bool) -> Box<dyn Query> {
        Asker { fields, names: &self.names, identities: &self.identities, is_scored }.ask(filter)
    }
}

impl Search {
    /// Opens the index in `dir`, which is made where missing. One that is damaged or of another shape is thrown away and begun again;
    /// that is told, and `catch_up` fills it.
    pub fn open(dir: &Path) -> Result<(Self, Vec<Mended>), SearchError> {
        let (index, told) = building::open(dir)?;
        let fields = Fields::of(&index.schema())?;
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let metas = index.load_metas()?;
        let builder = Builder::reading(metas.payload.as_deref());
        let is_ready = AtomicBool::new(builder.is_complete());
        let shared = Shared {
            index,
            reader,
            fields,
            builder: Mutex::new(builder),
            sample: Sample::default(),
            names: RwLock::default(),
            revision: AtomicU64::new(metas.opstamp),
            is_ready,
        };
        Ok((Self(Arc::new(shared)), told))
    }

    /// The stories that `filter` lets through in their order: `limit` of them behind the first `skip`. Blocking; some milliseconds of
    /// computing.
    pub fn find(&self, filter: &Filter, order: self::Order, skip: usize, limit: usize) -> Result<Vec<StoryId>, SearchError> {
        let query = self.ask(filter, order == self::Order::Best);
        self.ranking().find(&*query, order, (skip, limit))
    }

    /// How many stories `filter` lets through. Blocking.
    pub fn count(&self, filter: &Filter) -> Result<Total, SearchError> {
        self.ranking().count(&*self.ask(filter, false))
    }

    fn ranking(&self) -> Ranking<'_> {
        Ranking { searcher: self.0.reader.searcher(), fields: &self.0.fields, sample: &self.0.sample }
    }

    fn ask(&self, filter: &Filter, is_scored: bool) -> Box<dyn Query> {
        let named = self.0.names.read().unwrap_or_else(PoisonError::into_inner);
        named.ask(&self.0.fields, filter, is_scored)
    }

    /// Moves whenever an answer can be another than before.
    pub fn revision(&self) -> u64 {
        self.0.revision.load(Ordering::Acquire)
    }

    /// Whether everything was taken in at least once: not while a new index is being filled.
    pub fn is_ready(&self) -> bool {
        self.0.is_ready.load(Ordering::Acquire)
    }

    /// How many stories can be found.
    pub fn stories(&self) -> u64 {
        self.0.reader.searcher().num_docs()
    }

    /// Says what the operator calls the sources: who asks for a name finds what its bearer brought.
    pub fn name(&self, sources: Vec<(SourceId, String)>) {
        self.rename(|named| named.configured = sources);
    }

    /// Says which sources had another name before, and which one their items bear.
    pub fn identify(&self, renamed: HashMap<SourceId, SourceId>) {
        self.rename(|named| named.identities = renamed);
    }

    fn rename(&self, change: impl FnOnce(&mut Named)) {
        let mut named = self.0.names.write().unwrap_or_else(PoisonError::into_inner);
        change(&mut named);
        let Named { configured, own, .. } = &*named;
        named.names = Names::of(configured.iter().chain(own).map(|(source, name)| (source, name.as_str())));
        drop(named);
        self.0.revision.fetch_add(1, Ordering::Release);
    }
}
