//! What pages are made of: the only place in `http` that asks the store.

use crate::{
    model::{SourceId, SourceState, Story, StoryId, Timestamp},
    view::{self, WindowLimits},
};

/// How many times the candidates are multiplied until the window no longer depends on how many were offered.
const WIDENINGS_MAX: u32 = 2;

/// By how much.
const WIDENING: usize = 4;

/// Reads the store. Everything here blocks: it is for blocking threads.
#[derive(Clone)]
pub(super) struct Library(Store);

/// What the pages of one generation are made of.
pub(super) struct Snapshot {
    /// Moves whenever rendered content can change.
    pub(super) generation: u64,
    /// When it last moved.
    pub(super) changed_at: Timestamp,
    /// The stories of the feed page.
    pub(super) stories: Vec<Story>,
    /// What the sources say of themselves.
    pub(super) states: Vec<(SourceId, SourceState)>,
}

impl Library {
    /// Over a store.
    pub(super) fn new(store: Store) -> Self {
        Self(store)
    }

    /// The present generation; cheap.
    pub(super) fn generation(&self) -> u64 {
        self.0.generation()
    }

    /// The stories of the feed page, all of one generation. A store that is written to without pause is read as it comes; the next
    /// generation is then rendered anyway.
    pub(super) fn snapshot(&self, limits: &WindowLimits) -> Result<Snapshot, StoreError> {
        let mut snapshot = self.read(limits)?;
        if self.generation() != snapshot.generation {
            snapshot = self.read(limits)?;
        }
        Ok(snapshot)
    }

    fn read(&self, limits: &WindowLimits) -> Result<Snapshot, StoreError> {
        let (generation, changed_at) = (self.0.generation(), self.0.changed_at());
        // One more than fit, so that an overflow is seen.
        let mut candidates_max = limits.entries_max.saturating_add(1);
        let mut widenings = 0;
        let stories = loop {
            let candidates = self.0.newest(candidates_max)?;
            let are_all = candidates.len() < candidates_max;
            let window = view::window(candidates, limits);
            if window.settled || are_all || widenings == WIDENINGS_MAX {
                break window.stories;
            }
            candidates_max = candidates_max.saturating_mul(WIDENING);
            widenings += 1;
        };
        Ok(Snapshot { generation, changed_at, stories, states: self.states()? })
    }

    /// One story with all its copies.
    pub(super) fn story(&self, id: StoryId) -> Result<Option<Story>, StoreError> {
        self.0.story(id)
    }

    /// What is remembered of every source.
    pub(super) fn states(&self) -> Result<Vec<(SourceId, SourceState)>, StoreError> {
        self.0.source_states()
    }

    /// Hands every story to `take`, oldest first, until it says false.
    pub(super) fn each_story(&self, mut take: impl FnMut(&Story) -> bool) -> Result<(), StoreError> {
        for story in self.0.stories() {
            if !take(&story?) {
                break;
            }
        }
        Ok(())
    }
}

/// Stand-in until the store is merged.
#[derive(Clone, Default)]
pub struct Store(pub std::sync::Arc<std::sync::RwLock<(u64, Timestamp, Vec<Story>, Vec<(SourceId, SourceState)>)>>);

/// Stand-in until the store is merged.
#[derive(Debug, thiserror::Error)]
#[error("store failed")]
pub struct StoreError;

impl Store {
    /// Stand-in.
    pub fn generation(&self) -> u64 {
        self.0.read().expect("lock").0
    }
    /// Stand-in.
    pub fn changed_at(&self) -> Timestamp {
        self.0.read().expect("lock").1
    }
    /// Stand-in.
    pub fn newest(&self, limit: usize) -> Result<Vec<Story>, StoreError> {
        let mut stories = self.0.read().expect("lock").2.clone();
        stories.sort_by(|a, b| b.updated.at().cmp(&a.updated.at()).then(a.id.cmp(&b.id)));
        stories.truncate(limit);
        Ok(stories)
    }
    /// Stand-in.
    pub fn story(&self, id: StoryId) -> Result<Option<Story>, StoreError> {
        Ok(self.0.read().expect("lock").2.iter().find(|story| story.id == id).cloned())
    }
    /// Stand-in.
    pub fn stories(&self) -> impl Iterator<Item = Result<Story, StoreError>> {
        self.0.read().expect("lock").2.clone().into_iter().map(Ok)
    }
    /// Stand-in.
    pub fn source_states(&self) -> Result<Vec<(SourceId, SourceState)>, StoreError> {
        Ok(self.0.read().expect("lock").3.clone())
    }
}
