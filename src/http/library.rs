//! What pages are made of: the only place in `http` that asks the store and the search index.

use std::collections::{HashMap, HashSet};

use tokio::sync::watch;

use super::shelf::ShelfError;
use crate::{
    health::Outage,
    model::{Cve, Item, ItemId, SourceId, SourceState, Story, StoryId, Threat, Timestamp},
    render::SourceCards,
    search::{Order, Search},
    store::{Counts, Revision, Store, StoreError},
    telemetry::Standing,
    view::{Filter, Mentioned, Share, Total},
};

/// Volumes that are looked at before all others are: what lets much through has its next one near, and to look at all of them takes the
/// longer the more a filter lets through.
const NEAR: u64 = 16;

/// Reads the store. Everything here blocks: it is for blocking threads.
#[derive(Clone)]
pub(super) struct Library {
    store: Store,
    search: Search,
    is_following: watch::Receiver<bool>,
}

/// Moves whenever a page can be another than before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Edition {
    /// Of the store.
    pub(super) generation: u64,
    /// Of the index, which follows the store.
    index: u64,
}

impl Library {
    /// Over a store and its index, of which it is said whether it follows the store.
    pub(super) fn new(store: Store, search: Search, is_following: watch::Receiver<bool>) -> Self {
        Self { store, search, is_following }
    }

    /// What pages are made of now. Cheap.
    pub(super) fn edition(&self) -> Edition {
        Edition { generation: self.store.generation(), index: self.search.revision() }
    }

    /// When the generation last moved.
    pub(super) fn changed_at(&self) -> Timestamp {
        self.store.changed_at()
    }

    /// The stories that a filter holds for, without the first `skip` of them, at most `limit`. The index is asked for all but the whole.
    pub(super) fn find(&self, filter: &Filter, order: Order, skip: usize, limit: usize) -> Result<Vec<Revision>, ShelfError> {
        if is_everything(filter) {
            return Ok(self.store.newest_revisions(skip, limit)?);
        }
        let found = self.ready()?.find(filter, order, skip, limit)?;
        let mut stories = Vec::with_capacity(found.len());
        for id in found {
            // It may have gone since the index heard of it.
            stories.extend(self.store.revision(id)?);
        }
        Ok(stories)
    }

    /// How many stories a filter holds for.
    pub(super) fn count(&self, filter: &Filter) -> Result<Total, ShelfError> {
        Ok(self.ready()?.count(filter)?)
    }

    /// When the newest story that can be found was published.
    pub(super) fn newest(&self) -> Result<Option<Timestamp>, ShelfError> {
        Ok(self.ready()?.newest()?)
    }

    /// The vulnerabilities that most stories published since `from` are about.
    pub(super) fn talk(&self, from: Timestamp, limit: usize) -> Result<Vec<Mentioned>, ShelfError> {
        Ok(self.ready()?.talk(from, limit)?)
    }

    /// What lists say of a vulnerability that a story is about.
    pub(super) fn threat(&self, name: &str, story: StoryId) -> Result<Threat, StoreError> {
        let Some(cve) = Cve::parse(name) else { return Ok(Threat::default()) };
        Ok(self.store.risk(story)?.threat(cve))
    }

    /// What each source had of all stories, and of those published since `lately`; nothing while that cannot be known.
    pub(super) fn shares(&self, lately: Timestamp) -> HashMap<SourceId, Share> {
        let counted = self.ready().and_then(|search| Ok(search.shares(lately)?));
        counted.unwrap_or_default()
    }

    fn ready(&self) -> Result<&Search, ShelfError> {
        if self.search.is_ready() { Ok(&self.search) } else { Err(ShelfError::NotReady) }
    }

    /// Closed volumes of the archive.
    pub(super) fn volumes(&self) -> u64 {
        self.store.volumes()
    }

    /// The stories of a volume that a filter lets through.
    pub(super) fn volume(&self, filter: &Filter, number: u64) -> Result<Vec<Revision>, ShelfError> {
        let mut stories = self.store.volume(number)?;
        if !is_everything(filter) {
            let numbers: Vec<u64> = Store::volume_span(number).collect();
            let through: HashSet<StoryId> = self.ready()?.among(filter, &numbers)?.into_iter().collect();
            stories.retain(|revision| through.contains(&revision.story));
        }
        Ok(stories)
    }

    /// The last closed volume before `number` with a story that the filter lets through.
    pub(super) fn volume_before(&self, filter: &Filter, number: u64) -> Result<Option<u64>, ShelfError> {
        if is_everything(filter) {
            return Ok(number.checked_sub(1));
        }
        let (search, end) = (self.ready()?, Store::volume_span(number).start);
        let near = Store::volume_span(number.saturating_sub(NEAR)).start;
        let found = match search.last_within(filter, near..end)? {
            Some(story) => Some(story),
            None => search.last_within(filter, 0..near)?,
        };
        Ok(found.map(Store::volume_of))
    }

    /// The first closed volume behind `number` with a story that the filter lets through.
    pub(super) fn volume_after(&self, filter: &Filter, number: u64) -> Result<Option<u64>, ShelfError> {
        let closed = self.volumes();
        if is_everything(filter) {
            return Ok(number.checked_add(1).filter(|next| *next < closed));
        }
        let (search, begin, end) = (self.ready()?, Store::volume_span(number).end, Store::volume_span(closed).start);
        let near = Store::volume_span(number.saturating_add(NEAR)).end.min(end);
        let found = match search.first_within(filter, begin..near)? {
            Some(story) => Some(story),
            None => search.first_within(filter, near..end)?,
        };
        Ok(found.map(Store::volume_of))
    }

    /// One story with all its copies.
    pub(super) fn story(&self, id: StoryId) -> Result<Option<Story>, StoreError> {
        self.store.story(id)
    }

    /// The versions of each copy, newest first: those of the first copies, and of each the last ones.
    pub(super) fn versions(&self, story: &Story) -> Result<Vec<Vec<Item>>, StoreError> {
        const COPIES_MAX: usize = 32;
        const VERSIONS_MAX: usize = 6;
        story.members.iter().take(COPIES_MAX).map(|member| self.store.edits(member.item.id, VERSIONS_MAX)).collect()
    }

    /// Where an item is that opened no story, or one that is part of another by now.
    pub(super) fn story_of(&self, item: ItemId) -> Result<Option<StoryId>, StoreError> {
        self.store.story_of(item)
    }

    /// The cards with what their sources say of themselves.
    pub(super) fn learned(&self, mut cards: SourceCards) -> Result<SourceCards, StoreError> {
        self.store.each_source_state(|id, state| cards.learn(&id, &state))?;
        Ok(cards)
    }

    /// Every outage that is kept.
    pub(super) fn outages(&self) -> Result<Vec<Outage>, StoreError> {
        self.store.outages()
    }

    /// What is remembered of every source.
    pub(super) fn states(&self) -> Result<Vec<(SourceId, SourceState)>, StoreError> {
        self.store.source_states()
    }

    /// How the store and its index stand now.
    pub(super) fn standing(&self) -> Result<Standing, StoreError> {
        let Counts { items, stories, archive_bytes, index_bytes, .. } = self.store.counts()?;
        Ok(Standing {
            sources: Vec::new(),
            items,
            stories,
            stories_indexed: self.search.stories(),
            archive_bytes,
            index_bytes,
            generation: self.store.generation(),
            is_durable: self.store.is_durable(),
            is_following: *self.is_following.borrow(),
            ..Standing::default()
        })
    }

    /// What does not work at the moment, in words.
    pub(super) fn faults(&self) -> Vec<&'static str> {
        let faults = [
            (self.store.is_durable(), "what is polled does not reach the disk; is it full?"),
            (
                *self.is_following.borrow(),
                "the search index cannot be written; views, searches and notifications stay as they were; is the disk full?",
            ),
            (self.search.is_ready(), "the search index is being filled; views and searches wait"),
        ];
        faults.into_iter().filter_map(|(works, words)| (!works).then_some(words)).collect()
    }

    /// Hands every story to `take`, oldest first, until it says false.
    pub(super) fn each_story(&self, mut take: impl FnMut(&Story) -> bool) -> Result<(), StoreError> {
        for story in self.store.stories() {
            if !take(&story?) {
                break;
            }
        }
        Ok(())
    }
}

pub(super) fn is_everything(filter: &Filter) -> bool {
    *filter == Filter::All(Vec::new())
}
