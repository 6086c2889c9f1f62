//! The items of the newest pages, decoded: a page is rendered again after every change, and most of it is what it was.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use super::archive::Location;
use crate::model::Item;

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
        if self.items.insert(place, Arc::new(item.clone())).is_some() {
            return;
        }
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
