//! A store with items of our own making.

use std::sync::{Arc, RwLock};

use watchfire::{
    http::Store,
    model::{Item, ItemId, Link, Member, NativeId, SafeHtml, SourceId, Story, StoryId, Text, Timestamp, ZonedTime},
};

/// An item of `source`, published `minutes` after a fixed moment.
pub fn item(source: &str, title: &str, minutes: i64) -> Item {
    let (source, native_id) = (SourceId::parse(source).expect("a slug"), NativeId::new(title.to_owned()));
    let published = ZonedTime::utc(Timestamp::from_secs(1_726_156_800 + 60 * minutes));
    Item {
        id: ItemId::of(&source, &native_id),
        native_id,
        source,
        origin: None,
        document: None,
        title: Text::line(title, 300),
        link: Link::parse(&format!("https://krebs.example/{minutes}")).ok(),
        key: None,
        related: Vec::new(),
        published: Some(published),
        updated: None,
        first_seen: published.at(),
        authors: Vec::new(),
        categories: Vec::new(),
        language: Some(Text::line("en", 20)),
        body: SafeHtml::vouched(format!("<p>{title}</p>")),
        enclosures: Vec::new(),
    }
}

/// The store.
pub struct Library(Store);

impl Library {
    /// A store that holds `items`.
    pub fn with(items: &[Item]) -> Self {
        let library = Self(Store(Arc::new(RwLock::new((0, Timestamp::from_secs(1_726_000_000), Vec::new(), Vec::new())))));
        library.add(items);
        library
    }

    /// Adds items, each a story of its own.
    pub fn add(&self, items: &[Item]) {
        let mut state = self.0.0.write().expect("lock");
        state.0 += 1;
        for item in items {
            let id = StoryId::opened_by(item.id);
            let at = item.dated();
            state.2.push(Story {
                id,
                entry_id: format!("urn:x:{id}"),
                published: at,
                updated: at,
                members: vec![Member { item: item.clone(), joined: None }],
            });
        }
    }

    /// The store for a server.
    pub fn store(&self) -> Store {
        self.0.clone()
    }

    /// The newest story.
    pub fn newest(&self) -> StoryId {
        self.0.newest(1).expect("read")[0].id
    }

    /// The same after a restart.
    pub fn reopened(&self) -> Self {
        Self(self.0.clone())
    }
}
