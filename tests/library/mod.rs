//! A store in a folder of its own, with items of our own making.

#![allow(dead_code, reason = "each test file uses its own part of this")]

use std::{fs, path::Path};

use tempfile::TempDir;
use watchfire::{
    dedup,
    model::{Item, Link, MergeThresholds, NativeId, SafeHtml, SourceId, SourceState, StoryId, Text, Timestamp, ZonedTime},
    store::{Arrival, PollCommit, Store},
};

/// The moment from which minutes are counted here.
const START: i64 = 1_726_156_800;

/// An item of `source`, published `minutes` after a fixed moment.
pub fn item(source: &str, title: &str, minutes: i64) -> Item {
    let source = SourceId::parse(source).expect("a slug");
    let published = ZonedTime::utc(Timestamp::from_secs(START + 60 * minutes));
    let link = Link::parse(&format!("https://{source}.example/posts/{minutes}.html")).expect("a link");
    Item {
        key: dedup::link_key(&link),
        link: Some(link),
        published: Some(published),
        language: Some(Text::line("en", 20)),
        body: SafeHtml::vouched(format!("<p>{title}</p>")),
        ..Item::titled(source, NativeId::new(title.to_owned()), Text::line(title, 300), published.at())
    }
}

/// A store that is removed with its folder.
pub struct Library {
    store: Store,
    dir: TempDir,
}

impl Library {
    /// A store that holds `items`.
    pub fn with(items: &[Item]) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let library = Self { store: open(&dir), dir };
        library.add(items);
        library
    }

    /// Adds items as polls bring them.
    pub fn add(&self, items: &[Item]) {
        for item in items {
            let arrivals = vec![Arrival::of(item.clone(), item.title.as_str(), &[])];
            let poll = PollCommit { source: item.source.clone(), arrivals, new_max: 500 };
            self.store.commit(poll, item.first_seen, |_| SourceState::default()).expect("committed");
        }
    }

    /// The store for a server.
    pub fn store(&self) -> Store {
        self.store.clone()
    }

    /// The newest story.
    pub fn newest(&self) -> StoryId {
        self.store.newest(1).expect("read").stories[0].id
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The same folder with this journal and no index: what a restored copy looks like.
    pub fn restored(self, journal: &[u8]) -> Self {
        let Self { store, dir } = self;
        drop(store);
        fs::remove_dir_all(dir.path().join("index")).expect("removed");
        fs::write(dir.path().join("journal"), journal).expect("written");
        Self { store: open(&dir), dir }
    }

    /// The same folder after a restart. Everything that was served from it must have ended.
    pub fn reopened(self) -> Self {
        let Self { store, dir } = self;
        drop(store);
        Self { store: open(&dir), dir }
    }

    /// The same folder after its index was made again.
    pub fn rebuilt(self) -> Self {
        let Self { store, dir } = self;
        drop(store);
        Store::rebuild(dir.path()).expect("rebuilt");
        Self { store: open(&dir), dir }
    }
}

fn open(dir: &TempDir) -> Store {
    Store::open(dir.path(), MergeThresholds::default()).expect("opens").0
}
