//! Makes feeds and pages of selections: filter, stories, window, bytes.

use std::{cmp::Reverse, collections::HashSet, sync::Arc};

use axum::http::HeaderValue;

use super::{
    Served,
    fragments::{Fragment, Fragments, Shape},
    library::{Library, is_everything},
    parts::{Part, Parts},
    shelf::ShelfError,
};
use crate::{
    model::{Link, Source, SourceId, StoryId, Text, Timestamp},
    render::{self, Feed, Format, List, Listed, Place, Searched, Site, SourceCard, SourceCards},
    search::{self, Order},
    view::{self, Candidate, Filter, Mentioned, QUERY_CHARS_MAX, Selection, Week, WindowLimits},
};

/// How many times the candidates are multiplied until the window no longer depends on how many were offered.
const WIDENINGS_MAX: u32 = 2;

/// By how much.
const WIDENING: usize = 4;

/// Newer stories that a page may leave out: nobody reads further back by turning pages.
pub(super) const SKIP_MAX: usize = 100_000;

/// Vulnerabilities on the page of those that are most talked about.
const TALK_MAX: usize = 50;

/// One page of a selection, as a feed or for people.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Wanted {
    /// Which stories.
    pub(super) selection: Selection,
    /// A feed in a format; `None` is the page for people.
    pub(super) format: Option<Format>,
    /// Newer stories that it leaves out.
    pub(super) skip: usize,
}

impl Wanted {
    /// The newest stories of a selection.
    pub(super) fn newest(selection: Selection, format: Option<Format>) -> Self {
        Self { selection, format, skip: 0 }
    }

    /// Its address.
    pub(super) fn url(&self, site: &Site) -> Link {
        let (folder, name) = self.selection.place();
        Place { path: (folder, name.to_owned()), skip: self.skip }.url(site, self.format)
    }
}

/// Makes documents of one generation.
pub(super) struct Press<'a> {
    pub(super) library: &'a Library,
    pub(super) fragments: &'a Fragments,
    pub(super) served: &'a Served,
    pub(super) cards: &'a SourceCards,
    pub(super) changed_at: Timestamp,
}

/// A selection, and what is said of it.
pub(super) struct Chosen {
    pub(super) filter: Filter,
    pub(super) feed: Feed,
    limits: WindowLimits,
    is_open: bool,
    /// Whether it is a search: its stories stand as they were found.
    is_search: bool,
    /// Whether sources leave room for each other: not in a search, nor on a source's own page.
    is_shared: bool,
    order: Order,
}

/// Stories that stand on a page, and the number of those that the next older page leaves out.
struct Stand {
    fragments: Vec<Arc<Fragment>>,
    next: Option<usize>,
}

impl Press<'_> {
    /// A feed or a page; `None` if there is no such selection, or nothing so far back.
    pub(super) fn make(&self, wanted: &Wanted) -> Result<Option<Parts>, ShelfError> {
        let Some(mut chosen) = self.choose(&wanted.selection) else { return Ok(None) };
        let site = &self.served.site;
        let (Stand { fragments, next }, is_loosened) = self.stand_or_near(&mut chosen, wanted)?;
        if fragments.is_empty() && wanted.skip > 0 {
            return Ok(None);
        }
        let feed = &mut chosen.feed;
        if let Some(newest) = fragments.iter().map(|fragment| fragment.candidate.updated.at()).max() {
            feed.updated = newest;
        }
        if let Selection::Vulnerability(name) = &wanted.selection {
            feed.subtitle = self.threat_line(name, &fragments)?;
        }
        let part = |skip| Place { skip, ..feed.place.clone() };
        let mut parts = Vec::new();
        if wanted.skip > 0 {
            parts.extend([("first", part(0)), ("previous", part(wanted.skip.saturating_sub(chosen.limits.entries_max)))]);
        }
        parts.extend(next.map(|skip| ("next", part(skip))));
        if wanted.format.is_some() && wanted.skip == 0 {
            parts.extend(self.newest_volume(&wanted.selection, &chosen.filter)?.map(|volume| ("prev-archive", volume)));
        }
        feed.parts = parts;
        feed.is_announced = self.is_announced(wanted);
        feed.place.skip = wanted.skip;
        match wanted.format {
            Some(format) => Ok(Some(feed_in(format, site, feed, &fragments)?)),
            None => {
                let stories: Vec<_> =
                    fragments.iter().map(|fragment| Listed { updated: fragment.candidate.updated, line: fragment.text.text() }).collect();
                let list = List { feed, stories: &stories };
                let page = match &wanted.selection {
                    Selection::Search(question) => {
                        let (text, is_best_first) = (question.text(), question.is_best_first);
                        let total = self.library.count(&chosen.filter)?;
                        let misread = &view::misread(text);
                        let chars_max = QUERY_CHARS_MAX;
                        render::search_page(site, list, Searched { text, is_best_first, is_loosened, misread, total, chars_max })
                    }
                    Selection::Everything => render::home_page(site, list, &self.open_views(), self.cards),
                    _ => render::selection_page(site, list, chosen.is_open),
                };
                Ok(Some(page.into()))
            }
        }
    }

    /// What is known of a vulnerability, by the newest stories about it that are no round-ups.
    fn threat_line(&self, name: &str, fragments: &[Arc<Fragment>]) -> Result<Text, ShelfError> {
        const STORIES_MAX: usize = 8;
        for fragment in fragments.iter().take(STORIES_MAX) {
            if let Some(sentences) = render::threat_sentences(&self.library.threat(name, fragment.candidate.id)?) {
                return Ok(Text::line(&sentences, 300));
            }
        }
        Ok(Text::default())
    }

    /// Whether hubs are told when this changes: the combined feed and the open views, as Atom.
    fn is_announced(&self, wanted: &Wanted) -> bool {
        let is_ours = match &wanted.selection {
            Selection::Everything => true,
            Selection::View(id) => self.served.views.iter().any(|view| view.id == *id && view.is_open()),
            _ => false,
        };
        is_ours && wanted.skip == 0 && wanted.format == Some(Format::Atom)
    }

    /// The `Link` field of what hubs are told of: the hubs and its own address (W3C WebSub section 4).
    pub(super) fn links(&self, wanted: &Wanted) -> Option<HeaderValue> {
        let site = &self.served.site;
        if site.hubs.is_empty() || !self.is_announced(wanted) {
            return None;
        }
        let hubs: String = site.hubs.iter().map(|hub| format!("<{hub}>; rel=\"hub\", ")).collect();
        HeaderValue::from_str(&format!("{hubs}<{}>; rel=\"self\"", wanted.url(site))).ok()
    }

    /// The page of the vulnerabilities that are most talked about in the week that ends with the newest story: what is rendered does not
    /// depend on when.
    pub(super) fn talk(&self) -> Result<Vec<u8>, ShelfError> {
        let site = &self.served.site;
        let week = self.library.newest()?.map(|newest| Week::ending(newest, site.timezone));
        let mentioned = week.map_or(Ok(Vec::new()), |week| self.library.talk(week.begin(), TALK_MAX))?;
        let with_threat = |mentioned: Mentioned| {
            let threat = self.library.threat(&mentioned.name, mentioned.newest)?;
            Ok::<_, ShelfError>((mentioned, threat))
        };
        let mentioned: Vec<_> = mentioned.into_iter().map(with_threat).collect::<Result<_, _>>()?;
        Ok(render::talk_page(site, week, &mentioned))
    }

    /// Our own feeds that somebody who showed this token may read: the combined one, views, sources, health.
    pub(super) fn outputs(&self, shown: Option<&str>) -> Vec<Feed> {
        let site = &self.served.site;
        let views =
            self.served.views.iter().filter(|view| view.admits(shown)).map(|view| named(site, &view.selection(), view.title.clone()));
        let sources = self.cards.ids().filter_map(|id| Some(self.choose(&Selection::Source(id.clone()))?.feed));
        let health = render::health_feed_of(site, &[]);
        std::iter::once(Feed::combined(site, self.changed_at)).chain(views).chain(sources).chain([health]).collect()
    }

    fn open_views(&self) -> Vec<Feed> {
        let open = self.served.views.iter().filter(|view| view.is_open());
        open.map(|view| named(&self.served.site, &view.selection(), view.title.clone())).collect()
    }

    pub(super) fn choose(&self, selection: &Selection) -> Option<Chosen> {
        let site = &self.served.site;
        let mut limits = self.served.window;
        let filter = selection.filter(|tag| self.tagged(tag));
        let called = |name: &str| named(site, selection, Text::line(name, Source::TITLE_CHARS_MAX));
        let (feed, filter, is_open) = match selection {
            Selection::Everything => (Feed::combined(site, self.changed_at), filter?, true),
            Selection::View(id) => {
                let view = self.served.views.iter().find(|view| view.id == *id)?;
                limits.entries_max = view.entries_max.unwrap_or(limits.entries_max);
                (named(site, selection, view.title.clone()), view.filter.clone(), view.is_open())
            }
            Selection::Source(id) => {
                // A private source has no feed and no page of its own.
                self.cards.get(id).filter(|card| !SourceCard::is_private(card))?;
                (called(self.cards.name(id)), filter?, true)
            }
            Selection::Search(question) => {
                let title = if question.text().is_empty() { "Search" } else { question.text() };
                (called(title), filter?, true)
            }
            // One that nobody has written about yet may be waited for.
            Selection::Tag(name) | Selection::Vulnerability(name) => (called(name), filter?, true),
        };
        let (is_search, order) = match selection {
            Selection::Search(question) => (true, if question.is_best_first { Order::Best } else { Order::Newest }),
            _ => (false, Order::Newest),
        };
        let is_shared = !is_search && !matches!(selection, Selection::Source(_));
        Some(Chosen { filter, feed, limits, is_open, is_search, is_shared, order })
    }

    /// The sources with an operator's tag.
    fn tagged(&self, tag: &str) -> Vec<SourceId> {
        let carries = |card: &SourceCard| card.tags().iter().any(|own| own.as_str().eq_ignore_ascii_case(tag));
        self.cards.ids().filter(|id| self.cards.get(id).is_some_and(carries)).cloned().collect()
    }

    /// What stands on a page. Where people would see that nothing was found, what says the words apart, if they were typed together: then
    /// the second is true. A feed keeps to what was asked, for what it holds must not change when something is found at last.
    fn stand_or_near(&self, chosen: &mut Chosen, wanted: &Wanted) -> Result<(Stand, bool), ShelfError> {
        let stand = self.stand(chosen, wanted)?;
        let is_page_of_nothing = chosen.is_search && wanted.format.is_none() && wanted.skip == 0 && stand.fragments.is_empty();
        match is_page_of_nothing.then(|| search::loosened(&chosen.filter)).flatten() {
            Some(filter) => {
                chosen.filter = filter;
                Ok((self.stand(chosen, wanted)?, true))
            }
            None => Ok((stand, false)),
        }
    }

    fn stand(&self, chosen: &Chosen, wanted: &Wanted) -> Result<Stand, ShelfError> {
        let limits = &chosen.limits;
        let shape = wanted.format.map_or(Shape::Line, Shape::Entry);
        // One more than fit, so that an overflow is seen.
        let mut candidates_max = limits.entries_max.saturating_add(1);
        let mut widenings = 0;
        loop {
            let mut fragments = self.fragments(&chosen.filter, chosen.order, (wanted.skip, candidates_max), shape)?;
            let candidates = candidates_of(&fragments);
            let are_all = fragments.len() < candidates_max;
            if wanted.skip > 0 || !chosen.is_shared {
                let shown = view::page(&candidates, limits).len();
                let next = (fragments.len() > shown).then_some(wanted.skip + shown);
                fragments.truncate(shown);
                return Ok(Stand { fragments, next });
            }
            let mut window = view::window(&candidates, limits);
            let is_widest = widenings == WIDENINGS_MAX;
            if is_widest && !window.settled && !are_all {
                self.add_others(chosen, &mut fragments, shape)?;
                window = view::window(&candidates_of(&fragments), limits);
            }
            if window.settled || are_all || is_widest {
                let next = (fragments.len() > window.unbroken).then_some(window.unbroken);
                let standing = window.set();
                fragments.retain(|fragment| standing.contains(&fragment.candidate.id));
                return Ok(Stand { fragments, next });
            }
            candidates_max = candidates_max.saturating_mul(WIDENING);
            widenings += 1;
        }
    }

    /// Adds the newest stories of those who are not the crowd, however far back they stand and whoever copied them: a flood hides only
    /// itself. The combined feed does without, for it may not depend on the index; there a flood has been as far as polls and the guard let
    /// it.
    fn add_others(&self, chosen: &Chosen, fragments: &mut Vec<Arc<Fragment>>, shape: Shape) -> Result<(), ShelfError> {
        let crowd = view::crowd(&candidates_of(fragments), &chosen.limits);
        if crowd.is_empty() || is_everything(&chosen.filter) {
            return Ok(());
        }
        let others = self.cards.ids().filter(|id| !crowd.contains(id)).cloned().map(Filter::Source);
        let others = Filter::Any(others.collect());
        let crowd = Filter::Any(crowd.into_iter().map(Filter::Source).collect());
        let alone = vec![chosen.filter.clone(), Filter::Not(Box::new(crowd.clone()))];
        let together = vec![chosen.filter.clone(), crowd, others];
        let mut known: HashSet<StoryId> = fragments.iter().map(|fragment| fragment.candidate.id).collect();
        // Each by itself, so that who copies everything cannot take the room of what is told without them.
        for filter in [alone, together] {
            let found = self.fragments(&Filter::All(filter), chosen.order, (0, chosen.limits.entries_max), shape)?;
            fragments.extend(found.into_iter().filter(|fragment| known.insert(fragment.candidate.id)));
        }
        let age = |fragment: &Arc<Fragment>| (Reverse(fragment.candidate.updated.at()), fragment.candidate.id);
        fragments.sort_by_key(age);
        Ok(())
    }

    /// Stories that a filter lets through, in their order.
    fn fragments(
        &self,
        filter: &Filter,
        order: Order,
        (skip, limit): (usize, usize),
        shape: Shape,
    ) -> Result<Vec<Arc<Fragment>>, ShelfError> {
        let made_of = (self.library, &self.served.site, self.cards);
        let mut fragments = Vec::new();
        for revision in self.library.find(filter, order, skip, limit)? {
            fragments.extend(self.fragments.fragment(made_of, revision, shape)?);
        }
        Ok(fragments)
    }
}

fn candidates_of(fragments: &[Arc<Fragment>]) -> Vec<Candidate> {
    fragments.iter().map(|fragment| fragment.candidate.clone()).collect()
}

/// A feed around entries in its format.
pub(super) fn feed_in(format: Format, site: &Site, feed: &Feed, entries: &[Arc<Fragment>]) -> Result<Parts, ShelfError> {
    let frame = render::frame(site, feed, format)?;
    let separator = Part::from(frame.separator);
    let entries = entries.iter().enumerate().flat_map(|(place, entry)| {
        let before = (place > 0).then(|| separator.clone());
        before.into_iter().chain([entry.text.clone()])
    });
    Ok(std::iter::once(frame.head.into()).chain(entries).chain([frame.foot.into()]).collect())
}

fn named(site: &Site, selection: &Selection, title: Text) -> Feed {
    let (folder, name) = selection.place();
    // A feed without stories is as old as time: it must not change with every generation.
    Feed::named(site, title, (folder, name.to_owned()), Timestamp::default())
}
