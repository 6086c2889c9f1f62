//! What outputs may show of a source. A private source's address never gets as far as this type.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write as _,
    sync::{Arc, LazyLock},
};

use crate::model::{Digest, Link, Source, SourceId, SourceState, Text};

/// A source as outputs show it. Copies share what the configuration says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceCard {
    configured: Arc<Configured>,
    learned: Learned,
}

/// What the configuration says of a source.
#[derive(Debug, PartialEq, Eq)]
struct Configured {
    /// The name its operator gave it.
    name: Option<Text>,
    /// Its address, without a query; none for a private source and for a folder of documents.
    shown_url: Option<String>,
    /// Nothing that could tell its address is shown.
    is_private: bool,
    /// The address has a query, which may be a key.
    has_query: bool,
    /// Whose copy a story leads to.
    priority: u8,
    /// The operator's tags.
    tags: Vec<Text>,
}

/// What its document says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Learned {
    name: Option<Text>,
    /// `atom:id`.
    feed_id: Option<String>,
    /// The site it belongs to.
    site: Option<Link>,
}

impl SourceCard {
    /// What the configuration says of a source.
    pub fn of(source: &Source) -> Self {
        Self::showing(source, source.shown_url())
    }

    fn showing(source: &Source, shown_url: Option<String>) -> Self {
        let configured = Configured {
            name: source.title.clone(),
            shown_url,
            is_private: source.private,
            has_query: source.url.to_url().query().is_some(),
            priority: source.priority,
            tags: source.tags.clone(),
        };
        Self { configured: Arc::new(configured), learned: Learned::default() }
    }

    /// A folder of documents, or a source that the configuration no longer names.
    pub fn named(name: Text) -> Self {
        let configured = Configured {
            name: Some(name),
            shown_url: None,
            is_private: true,
            has_query: false,
            priority: Source::PRIORITY,
            tags: Vec::new(),
        };
        Self { configured: Arc::new(configured), learned: Learned::default() }
    }

    /// Adds what the source's own document says. An id or a site with a query is left out where the configured address has one:
    /// it may be that address, key and all.
    pub fn learn(&mut self, state: &SourceState) {
        let name = state.title.as_deref().map(|title| Text::line(title, Source::TITLE_CHARS_MAX)).filter(|title| !title.is_empty());
        let Configured { is_private, has_query, .. } = *self.configured;
        let is_shown = |address: &str| !is_private && (!has_query || !address.contains('?'));
        self.learned = Learned {
            name,
            feed_id: state.feed_id.clone().filter(|id| is_shown(id)),
            site: state.site.clone().filter(|site| is_shown(site.as_str())),
        };
    }

    /// Its name, if it has one beside its id.
    pub fn name(&self) -> Option<&str> {
        self.configured.name.as_ref().or(self.learned.name.as_ref()).map(Text::as_str)
    }

    /// Its address for people.
    pub fn shown_url(&self) -> Option<&str> {
        self.configured.shown_url.as_deref()
    }

    /// Its own `atom:id`.
    pub fn feed_id(&self) -> Option<&str> {
        self.learned.feed_id.as_deref()
    }

    /// The site it belongs to.
    pub fn site(&self) -> Option<&Link> {
        self.learned.site.as_ref()
    }

    /// The operator's tags.
    pub fn tags(&self) -> &[Text] {
        &self.configured.tags
    }

    /// Whether its address is a secret.
    pub fn is_private(&self) -> bool {
        self.configured.is_private
    }
}

/// The cards of all sources. Copies share them until they learn something.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SourceCards {
    cards: Arc<BTreeMap<SourceId, SourceCard>>,
    /// Names that sources had before, with those that they have.
    renamed: Arc<BTreeMap<SourceId, SourceId>>,
}

impl SourceCards {
    /// The cards of the configured sources.
    pub fn of<'a>(sources: impl IntoIterator<Item = &'a Source>) -> Self {
        Self::made(sources, SourceCard::of)
    }

    /// The same with whole addresses, queries and all: for the operator, never for a page.
    pub fn disclosing<'a>(sources: impl IntoIterator<Item = &'a Source>) -> Self {
        Self::made(sources, |source| SourceCard::showing(source, Some(source.url.as_str().to_owned())))
    }

    fn made<'a>(sources: impl IntoIterator<Item = &'a Source>, card: impl Fn(&Source) -> SourceCard) -> Self {
        let (mut cards, mut renamed) = (BTreeMap::new(), BTreeMap::new());
        for source in sources {
            cards.insert(source.id.clone(), card(source));
            renamed.extend(source.formerly.iter().map(|name| (name.clone(), source.id.clone())));
        }
        Self { cards: Arc::new(cards), renamed: Arc::new(renamed) }
    }

    /// Adds or replaces a card.
    pub fn insert(&mut self, id: SourceId, card: SourceCard) {
        Arc::make_mut(&mut self.cards).insert(id, card);
    }

    /// The card of a source, by the name that it has or one that it had; a source that is not configured (any more) has none.
    pub fn get(&self, id: &SourceId) -> Option<&SourceCard> {
        self.cards.get(self.renamed.get(id).unwrap_or(id))
    }

    /// Whether this is a name that a source had before.
    pub fn is_former(&self, id: &SourceId) -> bool {
        self.renamed.contains_key(id)
    }

    /// Their sources, in order.
    pub fn ids(&self) -> impl Iterator<Item = &SourceId> {
        self.cards.keys()
    }

    /// Each source that has a card with what is remembered of it, in order. Of one that was never asked, that is nothing.
    pub fn with_states<'a>(
        &'a self,
        states: impl IntoIterator<Item = (&'a SourceId, &'a SourceState)>,
    ) -> impl Iterator<Item = (&'a SourceId, &'a SourceState)> {
        static UNKNOWN: LazyLock<SourceState> = LazyLock::new(SourceState::default);
        let states: HashMap<&SourceId, &SourceState> = states.into_iter().collect();
        self.ids().map(move |id| (id, states.get(id).copied().unwrap_or(&UNKNOWN)))
    }

    /// The same cards with what the sources say of themselves.
    #[must_use]
    pub fn learned<'a>(mut self, states: impl IntoIterator<Item = (&'a SourceId, &'a SourceState)>) -> Self {
        states.into_iter().for_each(|(id, state)| self.learn(id, state));
        self
    }

    /// Adds what one source says of itself, if it has a card.
    pub fn learn(&mut self, id: &SourceId, state: &SourceState) {
        if let Some(card) = Arc::make_mut(&mut self.cards).get_mut(id) {
            card.learn(state);
        }
    }

    /// Name of a source for people: configured, else its own, else its id.
    pub fn name<'a>(&'a self, id: &'a SourceId) -> &'a str {
        self.get(id).and_then(SourceCard::name).unwrap_or(id.as_str())
    }

    /// A source's priority: that of a folder of documents is the common one.
    pub(super) fn priority(&self, id: &SourceId) -> u8 {
        self.get(id).map_or(Source::PRIORITY, |card| card.configured.priority)
    }

    /// How many sources there are.
    pub fn len(&self) -> usize {
        self.cards.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.cards.is_empty()
    }

    /// A digest of everything that the cards put into outputs.
    pub fn digest(&self) -> Digest {
        let mut all = String::new();
        for (id, card) in &*self.cards {
            // Writing to a String cannot fail.
            let _ = writeln!(all, "{id} {card:?}");
        }
        let _ = write!(all, "{:?}", self.renamed);
        Digest::of(&[all.as_bytes()])
    }
}
