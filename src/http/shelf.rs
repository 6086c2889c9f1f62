//! The rendered documents, made once for each generation. Readers take what stands on the shelf and never wait for a poll; while
//! new documents are made, the old ones are served.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use axum::http::HeaderValue;
use tokio::sync::{Semaphore, watch};

use super::{
    Served, Topic,
    coding::Coding,
    document::{Document, Kind, feed_lifetime},
    fragments::Fragments,
    library::{Edition, Library},
    parts::Parts,
    press::{Press, Wanted},
    volumes::VolumeName,
};
use crate::{
    model::{SourceId, SourceState, StoryId, Timestamp},
    render::{self, BadXml, Format, Site, SourceCards},
    search::SearchError,
    store::StoreError,
    view::Selection,
};

/// How often the edition is looked at; also how long it must stand still before it is rendered.
const TICK: Duration = Duration::from_millis(500);

/// An edition that never stands still is rendered after so many ticks all the same.
const TICKS_MAX: u32 = 10;

/// Ticks between two attempts after a failed one.
const TICKS_AFTER_FAILURE: u32 = 20;

/// Memory for pages that are made when they are asked for, in bytes.
const PAGES_BYTES_MAX: usize = 16 << 20;

/// Such pages made at once.
const PAGES_IN_WORK_MAX: usize = 4;

/// A page that is made when it is first asked for in a generation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum PageName {
    /// The page of one story.
    Story(StoryId),
    /// A page of a selection, or its feed.
    Selected(Wanted),
    /// A closed volume of the combined feed, or of a view.
    Volume(VolumeName, Format),
    /// The vulnerabilities that are most talked about.
    Talk,
    /// The list of the sources.
    Opml,
    /// The description of our search.
    OpenSearch,
}

/// Why documents could not be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum ShelfError {
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The search index could not be read.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// The search index is being filled.
    #[error("the search index is being filled")]
    NotReady,
    /// What was rendered must not be served.
    #[error("rendered feed is {0}")]
    BadXml(#[from] BadXml),
    /// A fault of ours.
    #[error("rendering panicked")]
    Panicked,
}

/// The documents that stand for a whole generation.
pub(super) struct Front {
    edition: Edition,
    changed_at: Timestamp,
    /// The settings they were rendered with.
    pub(super) served: Arc<Served>,
    /// The sources' names, as learned up to that generation.
    pub(super) cards: SourceCards,
    /// How long feeds stay fresh, as it is sent.
    pub(super) feed_lifetime: HeaderValue,
    /// The combined feed.
    pub(super) feed: Document,
    /// The home page.
    pub(super) home: Document,
    /// The page for publishers.
    pub(super) about: Document,
}

/// The shelf.
pub(super) struct Shelf {
    library: Library,
    served: watch::Receiver<Arc<Served>>,
    front: RwLock<Option<Arc<Front>>>,
    pages: Mutex<Pages>,
    fragments: Arc<Fragments>,
    work: Semaphore,
    topics: watch::Sender<Arc<[Topic]>>,
}

/// Pages of one front.
#[derive(Default)]
struct Pages {
    front: Option<Arc<Front>>,
    pages: HashMap<PageName, Arc<Document>>,
    /// Those of the front before: what did not change need not be compressed again.
    older: HashMap<PageName, Arc<Document>>,
    bytes: usize,
}

impl Shelf {
    /// An empty shelf.
    pub(super) fn new(library: Library, served: watch::Receiver<Arc<Served>>, topics: watch::Sender<Arc<[Topic]>>) -> Self {
        Self {
            library,
            served,
            front: RwLock::default(),
            pages: Mutex::default(),
            fragments: Arc::default(),
            work: Semaphore::new(PAGES_IN_WORK_MAX),
            topics,
        }
    }

    /// The library behind the shelf.
    pub(super) fn library(&self) -> &Library {
        &self.library
    }

    /// The settings of this moment, rendered or not.
    pub(super) fn served(&self) -> Arc<Served> {
        Arc::clone(&self.served.borrow())
    }

    /// The documents of the newest rendered generation; none if none could ever be rendered.
    pub(super) fn front(&self) -> Option<Arc<Front>> {
        self.front.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Renders the present generation and puts it on the shelf. What hubs are told of is rendered with it, and kept for those who come
    /// for it then.
    pub(super) async fn renew(&self) -> Result<(), ShelfError> {
        let (library, fragments, served, older) = (self.library.clone(), Arc::clone(&self.fragments), self.served(), self.front());
        let made = tokio::task::spawn_blocking(move || {
            let front = Front::make(&library, &fragments, served, older.as_deref())?;
            let announced = front.announced(&library, &fragments)?;
            Ok::<_, ShelfError>((Arc::new(front), announced))
        });
        let (front, announced) = made.await.map_err(|_| ShelfError::Panicked)??;
        tracing::debug!(generation = front.edition.generation, feed_bytes = front.feed.bytes(), "feed rendered");
        *self.front.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&front));
        let site = &front.served.site;
        let mut topics = vec![Topic { url: site.feed_url(), tag: front.feed.etag().to_owned() }];
        for (wanted, page) in announced {
            topics.push(Topic { url: wanted.url(site), tag: page.etag().to_owned() });
            let name = PageName::Selected(wanted);
            let (_, older) = self.kept_page(&front, &name);
            self.keep_page(&front, &name, &Arc::new(page.after(older.as_deref())));
        }
        self.topics.send_replace(if site.hubs.is_empty() { Arc::default() } else { topics.into() });
        Ok(())
    }

    /// Renews the shelf whenever the generation, the search index or the settings move; has no end of its own. A burst of commits is
    /// rendered once, when it is over or has lasted too long.
    pub(super) async fn keep_fresh(&self) -> Infallible {
        let mut settings = self.served.clone();
        let (mut seen, mut ticks, mut pause) = (self.library.edition(), 0_u32, 0_u32);
        loop {
            tokio::select! {
                () = tokio::time::sleep(TICK) => {}
                Ok(()) = settings.changed() => {}
            }
            pause = pause.saturating_sub(1);
            let edition = self.library.edition();
            let is_still = edition == seen;
            seen = edition;
            if self.is_current(edition) {
                ticks = 0;
                continue;
            }
            ticks += 1;
            if pause > 0 || !(is_still || ticks >= TICKS_MAX) {
                continue;
            }
            ticks = 0;
            if let Err(error) = self.renew().await {
                tracing::error!(%error, "feed not rendered, the old one is served");
                pause = TICKS_AFTER_FAILURE;
            }
        }
    }

    fn is_current(&self, edition: Edition) -> bool {
        self.front().is_some_and(|front| front.edition == edition && Arc::ptr_eq(&front.served, &self.served()))
    }

    /// The story whose page should be read in the place of a page that is not there.
    pub(super) async fn survivor(&self, id: StoryId) -> Result<Option<StoryId>, ShelfError> {
        let library = self.library.clone();
        let found = tokio::task::spawn_blocking(move || library.story_of(id.first())).await;
        Ok(found.map_err(|_| ShelfError::Panicked)??)
    }

    /// A page, from the shelf or made now, and ready in a coding; `None` if there is no such page.
    pub(super) async fn page(&self, front: &Arc<Front>, name: &PageName, coding: Coding) -> Result<Option<Arc<Document>>, ShelfError> {
        let (kept, older) = self.kept_page(front, name);
        if kept.as_ref().is_some_and(|page| page.is_ready(coding)) {
            return Ok(kept);
        }
        let _permit = self.work.acquire().await.map_err(|_| ShelfError::Panicked)?;
        let (library, fragments, shown, wanted) = (self.library.clone(), Arc::clone(&self.fragments), Arc::clone(front), name.clone());
        let made = tokio::task::spawn_blocking(move || {
            let page = match kept {
                Some(page) => Some(page),
                None => shown.page(&library, &fragments, &wanted)?.map(|page| Arc::new(page.after(older.as_deref()))),
            };
            page.iter().for_each(|page| page.prepare(coding));
            Ok::<_, ShelfError>(page)
        });
        let page = made.await.map_err(|_| ShelfError::Panicked)??;
        if let Some(page) = &page {
            self.keep_page(front, name, page);
        }
        Ok(page)
    }

    /// Our own feeds that somebody who showed this token may read, as a list.
    pub(super) fn outputs(&self, front: &Front, shown: Option<&str>) -> Document {
        let feeds = front.press(&self.library, &self.fragments).outputs(shown);
        Document::new(Kind::Opml, render::outputs_opml(&front.served.site, &feeds), front.changed_at)
    }

    /// The feed of health as it is at this moment: few ask for it, and it is small.
    pub(super) async fn health(&self, front: &Arc<Front>) -> Result<Document, ShelfError> {
        let _permit = self.work.acquire().await.map_err(|_| ShelfError::Panicked)?;
        let (library, front) = (self.library.clone(), Arc::clone(front));
        let made = tokio::task::spawn_blocking(move || {
            let outages = library.outages()?;
            let bytes = render::health_feed(&front.served.site, &outages, &front.cards)?;
            let changed_at = outages.iter().map(|outage| outage.updated).max().unwrap_or_default();
            Ok::<_, ShelfError>(Document::new(Kind::Atom, bytes, changed_at))
        });
        made.await.map_err(|_| ShelfError::Panicked)?
    }

    /// What `show` makes of the sources as they are at this moment.
    pub(super) async fn sources<T: Send + 'static>(
        &self,
        show: impl FnOnce(&Site, &SourceCards, &[(SourceId, SourceState)]) -> T + Send + 'static,
    ) -> Result<T, ShelfError> {
        let _permit = self.work.acquire().await.map_err(|_| ShelfError::Panicked)?;
        let (library, served) = (self.library.clone(), self.served());
        let made = tokio::task::spawn_blocking(move || {
            let states = library.states()?;
            let cards = served.cards.clone().learned(states.iter().map(|(id, state)| (id, state)));
            Ok::<_, StoreError>(show(&served.site, &cards, &states))
        });
        Ok(made.await.map_err(|_| ShelfError::Panicked)??)
    }

    /// The page of this front, and the one of the front before.
    fn kept_page(&self, front: &Arc<Front>, name: &PageName) -> (Option<Arc<Document>>, Option<Arc<Document>>) {
        let pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        let are_current = pages.front.as_ref().is_some_and(|of| Arc::ptr_eq(of, front));
        let (current, older) = if are_current { (Some(&pages.pages), &pages.older) } else { (None, &pages.pages) };
        (current.and_then(|pages| pages.get(name)).cloned(), older.get(name).cloned())
    }

    /// Keeps a page until the next generation, or until memory for pages runs out: then all go, and those that are asked for again
    /// are made again.
    fn keep_page(&self, front: &Arc<Front>, name: &PageName, page: &Arc<Document>) {
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        let are_current = pages.front.as_ref().is_some_and(|of| Arc::ptr_eq(of, front));
        if !are_current {
            let older = std::mem::take(&mut pages.pages);
            *pages = Pages { front: Some(Arc::clone(front)), older, ..Pages::default() };
        } else if pages.bytes + page.bytes() > PAGES_BYTES_MAX {
            *pages = Pages { front: Some(Arc::clone(front)), ..Pages::default() };
        }
        pages.older.remove(name);
        if pages.pages.insert(name.clone(), Arc::clone(page)).is_none() {
            pages.bytes += page.bytes();
        }
    }
}

impl Front {
    /// Renders what stands for the whole generation, in every coding. What is as in the `older` front is not compressed again.
    fn make(library: &Library, fragments: &Fragments, served: Arc<Served>, older: Option<&Self>) -> Result<Self, ShelfError> {
        // Before the stories are read: what a commit adds meanwhile is of a generation to come, and is looked for again.
        let (edition, changed_at) = (library.edition(), library.changed_at());
        let cards = library.learned(served.cards.clone())?;
        fragments.settle(&served.site, &cards);
        let press = Press { library, fragments, served: &served, cards: &cards, changed_at };
        let newest = |format| {
            let made = press.make(&Wanted::newest(Selection::Everything, format))?;
            Ok::<_, ShelfError>(made.expect("the combined feed may be empty"))
        };
        let (feed, home) = (newest(Some(Format::Atom))?, newest(None)?);
        let about = render::about_page(&served.site, &cards);
        let document = |kind, body: Parts, older: Option<&Document>| {
            let document = Document::new(kind, body, changed_at).after(older);
            Coding::ALL.into_iter().for_each(|coding| document.prepare(coding));
            document
        };
        Ok(Self {
            edition,
            changed_at,
            feed_lifetime: feed_lifetime(served.max_age_secs()),
            feed: document(Kind::Atom, feed, older.map(|older| &older.feed))
                .linked(press.links(&Wanted::newest(Selection::Everything, Some(Format::Atom)))),
            home: document(Kind::Page, home, older.map(|older| &older.home)),
            about: document(Kind::Page, about.into(), older.map(|older| &older.about)),
            cards,
            served,
        })
    }

    /// Makes one of the pages that few ask for.
    fn page(&self, library: &Library, fragments: &Fragments, name: &PageName) -> Result<Option<Document>, ShelfError> {
        let site = &self.served.site;
        let (kind, body): (_, Parts) = match name {
            PageName::Story(id) => {
                let Some(story) = library.story(*id)? else { return Ok(None) };
                (Kind::Page, render::story_page(site, &story, &library.versions(&story)?, &self.cards).into())
            }
            PageName::Selected(wanted) => {
                let press = self.press(library, fragments);
                let Some(body) = press.make(wanted)? else { return Ok(None) };
                let document = Document::new(Kind::from(wanted.format), body, self.changed_at);
                return Ok(Some(document.linked(press.links(wanted))));
            }
            PageName::Volume(name, format) => {
                let Some(volume) = self.press(library, fragments).volume(name, *format)? else { return Ok(None) };
                let document = Document::new(Kind::from(Some(*format)), volume.feed, self.changed_at);
                return Ok(Some(if volume.is_final { document.forever() } else { document }));
            }
            PageName::Talk => (Kind::Page, self.press(library, fragments).talk()?.into()),
            PageName::Opml => {
                let list = render::opml(site.title.as_str(), &self.cards);
                render::check_xml(&list)?;
                (Kind::Opml, list.into())
            }
            PageName::OpenSearch => (Kind::OpenSearch, render::opensearch(site).into()),
        };
        Ok(Some(Document::new(kind, body, self.changed_at)))
    }

    /// The feeds that hubs are told of, beside the combined one; none where no hub is configured.
    fn announced(&self, library: &Library, fragments: &Fragments) -> Result<Vec<(Wanted, Document)>, ShelfError> {
        let has_hubs = !self.served.site.hubs.is_empty();
        let mut announced = Vec::new();
        for view in self.served.views.iter().filter(|view| has_hubs && view.is_open()) {
            let wanted = Wanted::newest(view.selection(), Some(Format::Atom));
            // While the index is being filled nobody is served a view either.
            match self.page(library, fragments, &PageName::Selected(wanted.clone())) {
                Ok(page) => announced.extend(page.map(|page| (wanted, page))),
                Err(ShelfError::NotReady) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(announced)
    }

    fn press<'a>(&'a self, library: &'a Library, fragments: &'a Fragments) -> Press<'a> {
        Press { library, fragments, served: &self.served, cards: &self.cards, changed_at: self.changed_at }
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::*;
    use crate::{
        model::{Images, Link, MergeThresholds, Text},
        render::Manners,
        search::Search,
        store::Store,
        view::{Filter, View, ViewId, WindowLimits},
    };

    fn site(hub: Link) -> Site {
        let title = Text::line("Watchfire", 80);
        let interval = Duration::from_secs(3600);
        let manners = Manners { user_agent: "Watchfire".to_owned(), contact: None, interval, interval_min: interval, robots: false };
        Site {
            feed_uuid: uuid::Uuid::nil(),
            author: title.clone(),
            subtitle: title.clone(),
            title,
            home: hub.clone(),
            timezone: chrono_tz::UTC,
            images: Images::Link,
            hubs: vec![hub],
            manners,
        }
    }

    #[tokio::test]
    async fn what_hubs_are_told_of_is_rendered_once_and_kept_for_those_who_come_for_it() {
        let dir = tempfile::tempdir().expect("a folder");
        let (store, _) = Store::open(dir.path(), MergeThresholds::default()).expect("opens");
        let (search, _) = Search::open(&dir.path().join("search")).expect("opens");
        search.catch_up(&store, |_| ControlFlow::Continue(())).expect("caught up");
        let (id, title) = (ViewId::parse("kept").expect("a slug"), Text::line("Kept", 80));
        let view = View { id, title, filter: Filter::All(Vec::new()), entries_max: None, tokens: Vec::new() };
        let served = Served {
            site: site(Link::parse("https://hub.example/").expect("a link")),
            cards: SourceCards::default(),
            window: WindowLimits::default(),
            views: [view].into(),
            interval_min: Duration::from_secs(900),
        };
        let (_served, served) = watch::channel(Arc::new(served));
        let (_following, is_following) = watch::channel(true);
        let topics = watch::Sender::default();
        let shelf = Shelf::new(Library::new(store, search, is_following), served, topics.clone());
        shelf.renew().await.expect("rendered");
        let front = shelf.front().expect("a front");
        let name = PageName::Selected(Wanted::newest(front.served.views[0].selection(), Some(Format::Atom)));
        let (kept, _) = shelf.kept_page(&front, &name);
        let told: Vec<String> = topics.borrow().iter().map(|topic| topic.tag.clone()).collect();
        assert_eq!(told, [front.feed.etag(), kept.as_ref().expect("kept").etag()]);
        let page = shelf.page(&front, &name, Coding::Identity).await.expect("read").expect("there");
        assert!(Arc::ptr_eq(&page, &kept.expect("kept")), "nobody has it rendered again");
    }
}
