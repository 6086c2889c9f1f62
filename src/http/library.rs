//! What pages are made of: the only place in `http` that asks the store.

use crate::{
    model::{ItemId, SourceId, SourceState, Story, StoryId, Timestamp},
    render::SourceCards,
    store::{Newest, Store, StoreError},
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

    /// The stories of the feed page, all of one generation.
    pub(super) fn snapshot(&self, limits: &WindowLimits) -> Result<Snapshot, StoreError> {
        // One more than fit, so that an overflow is seen.
        let mut candidates_max = limits.entries_max.saturating_add(1);
        let mut widenings = 0;
        loop {
            let Newest { generation, changed_at, stories } = self.0.newest(candidates_max)?;
            let are_all = stories.len() < candidates_max;
            let window = view::window(stories, limits);
            if window.settled || are_all || widenings == WIDENINGS_MAX {
                return Ok(Snapshot { generation, changed_at, stories: window.stories });
            }
            candidates_max = candidates_max.saturating_mul(WIDENING);
            widenings += 1;
        }
    }

    /// One story with all its copies.
    pub(super) fn story(&self, id: StoryId) -> Result<Option<Story>, StoreError> {
        self.0.story(id)
    }

    /// Where an item is that opened no story, or one that is part of another by now.
    pub(super) fn story_of(&self, item: ItemId) -> Result<Option<StoryId>, StoreError> {
        self.0.story_of(item)
    }

    /// The cards with what their sources say of themselves.
    pub(super) fn learned(&self, mut cards: SourceCards) -> Result<SourceCards, StoreError> {
        self.0.each_source_state(|id, state| cards.learn(&id, &state))?;
        Ok(cards)
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
