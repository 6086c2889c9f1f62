//! What the newest pages were made of, kept: a page is rendered again after every change, and most of it is what it was.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use super::{
    archive::Location,
    index::Changes,
    reading::Revision,
    rows::{self, ItemRow, Row as _},
};
use crate::model::{Item, StoryId};

/// Bytes of text kept.
const BYTES_MAX: usize = 16 << 20;

/// Decoded items by their places. A place is written once, so nothing here can grow stale; what came first goes first.
#[derive(Default)]
pub(super) struct ItemCache {
    items: HashMap<Location, Arc<Item>>,
    order: VecDeque<Location>,
    bytes: usize,
}

impl ItemCache {
    pub(super) fn get(&self, place: Location) -> Option<Arc<Item>> {
        self.items.get(&place).map(Arc::clone)
    }

    pub(super) fn put(&mut self, place: Location, item: &Item) {
        if self.items.contains_key(&place) {
            return;
        }
        self.items.insert(place, Arc::new(item.clone()));
        self.order.push_back(place);
        self.bytes += weight(item);
        while self.bytes > BYTES_MAX {
            let Some(oldest) = self.order.pop_front() else { break };
            self.bytes -= self.items.remove(&oldest).map_or(0, |item| weight(&item));
        }
    }
}

/// What an item costs, in bytes: its text, and a flat rate for the rest.
fn weight(item: &Item) -> usize {
    const REST: usize = 1024;
    item.body.as_str().len() + REST
}

/// Revisions kept: those of several of the largest pages.
const REVISIONS_MAX: usize = 1 << 14;

/// The revisions of stories, by the stories' numbers, until a commit touches them.
#[derive(Default)]
pub(super) struct RevisionCache {
    revisions: HashMap<u64, Revision>,
    numbers: HashMap<StoryId, u64>,
}

impl RevisionCache {
    pub(super) fn numbered(&self, number: u64) -> Option<Revision> {
        self.revisions.get(&number).copied()
    }

    pub(super) fn of(&self, story: StoryId) -> Option<Revision> {
        self.numbered(*self.numbers.get(&story)?)
    }

    pub(super) fn put(&mut self, number: u64, revision: Revision) {
        if self.revisions.len() >= REVISIONS_MAX {
            *self = Self::default();
        }
        self.revisions.insert(number, revision);
        self.numbers.insert(revision.story, number);
    }

    /// Forgets the stories whose own rows, or those of whose items, are among the changes.
    pub(super) fn forget(&mut self, changes: &Changes) {
        for (key, row) in changes {
            let touched = match key.first() {
                Some(&rows::STORIES) => rows::number_of(key),
                Some(&rows::ITEMS) => row.as_deref().and_then(ItemRow::decode).map(|row| row.story),
                _ => None,
            };
            if let Some(gone) = touched.and_then(|number| self.revisions.remove(&number)) {
                self.numbers.remove(&gone.story);
            }
        }
    }
}
