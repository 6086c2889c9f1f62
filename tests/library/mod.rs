//! A store in a folder of its own, with items of our own making.

#![allow(dead_code, reason = "each test file uses its own part of this")]

use std::{fs, ops::ControlFlow, path::Path, sync::OnceLock};

use tempfile::TempDir;
use watchfire::{
    dedup,
    model::{Item, Link, MergeThresholds, NativeId, SafeHtml, SourceId, SourceState, StoryId, Text, Timestamp, ZonedTime},
    search::Search,
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
    search: OnceLock<Search>,
    dir: TempDir,
}

impl Library {
    /// A store that holds `items`.
    pub fn with(items: &[Item]) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let library = Self::in_folder(dir);
        library.add(items);
        library
    }

    fn in_folder(dir: TempDir) -> Self {
        Self { store: open(&dir), search: OnceLock::new(), dir }
    }

    /// Closes it, and keeps the folder.
    fn closed(self) -> TempDir {
        let Self { store, search, dir } = self;
        drop((store, search));
        dir
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

    /// Its search index, which knows all of it now.
    pub fn search(&self) -> Search {
        let search = self.search.get_or_init(|| Search::open(&self.dir.path().join("search")).expect("opens").0);
        search.catch_up(&self.store, |_| ControlFlow::Continue(())).expect("caught up");
        search.clone()
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
        let dir = self.closed();
        fs::remove_dir_all(dir.path().join("index")).expect("removed");
        fs::write(dir.path().join("journal"), journal).expect("written");
        Self::in_folder(dir)
    }

    /// The same folder with an older journal, whose index knows better and is made again.
    pub fn set_back(self, journal: &[u8]) -> Self {
        let dir = self.closed();
        fs::write(dir.path().join("journal"), journal).expect("written");
        Self::in_folder(dir)
    }

    /// The same folder after a restart. Everything that was served from it must have ended.
    pub fn reopened(self) -> Self {
        let dir = self.closed();
        Self::in_folder(dir)
    }

    /// The same folder after its index was made again.
    pub fn rebuilt(self) -> Self {
        let dir = self.closed();
        Store::rebuild(dir.path(), |_| ()).expect("rebuilt");
        Self::in_folder(dir)
    }
}

fn open(dir: &TempDir) -> Store {
    Store::open(dir.path(), MergeThresholds::default()).expect("opens").0
}
