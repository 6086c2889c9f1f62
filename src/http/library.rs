//! What pages are made of: the only place in `http` that asks the store.

use crate::{
    model::{ItemId, SourceId, SourceState, Story, StoryId, Timestamp},
    store::{Revision, Store, StoreError},
    view::Filter,
};

/// Reads the store. Everything here blocks: it is for blocking threads.
#[derive(Clone)]
pub(super) struct Library(Store);

impl Library {
    /// Over a store.
    pub(super) fn new(store: Store) -> Self {
        Self(store)
    }

    /// The present generation; moves whenever rendered content can change. Cheap.
    pub(super) fn generation(&self) -> u64 {
        self.0.generation()
    }

    /// When the generation last moved.
    pub(super) fn changed_at(&self) -> Timestamp {
        self.0.changed_at()
    }

    /// The newest stories that a filter holds for, without the first `skip` of them, at most `limit`.
    pub(super) fn newest(&self, filter: &Filter, skip: usize, limit: usize) -> Result<Vec<Revision>, StoreError> {
        if *filter == Filter::All(Vec::new()) {
            return self.0.newest_revisions(skip, limit);
        }
        let (mut found, mut passed) = (Vec::new(), 0);
        for revision in self.0.newest_revisions(0, usize::MAX)? {
            if found.len() == limit {
                break;
            }
            if self.0.story(revision.story)?.is_some_and(|story| filter.holds(&story)) {
                passed += 1;
                found.extend((passed > skip).then_some(revision));
            }
        }
        Ok(found)
    }

    /// One story with all its copies.
    pub(super) fn story(&self, id: StoryId) -> Result<Option<Story>, StoreError> {
        self.0.story(id)
    }

    /// Where an item is that opened no story, or one that is part of another by now.
    pub(super) fn story_of(&self, item: ItemId) -> Result<Option<StoryId>, StoreError> {
        self.0.story_of(item)
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
