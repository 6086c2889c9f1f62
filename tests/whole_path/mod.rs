//! The whole way of a document: bytes, drafts, items made safe, the feed we serve, and a strict reader that reads it again.
//!
//! Shared by the mutation test and by the fuzzer (`fuzz/`).

#[path = "../support/site.rs"]
mod site;

use watchfire::{
    clean, dedup,
    feed::{Hints, NotAFeed, Reading, read},
    model::{Draft, Item, ItemId, ItemLimits, Link, Markup, Member, NativeId, Risk, SafeHtml, SourceId, Story, StoryId, Text, Timestamp},
    render::{self, Feed, Format, SourceCard, SourceCards},
};

use site::site;

/// 2024-09-13T00:00:00Z.
const NOW: Timestamp = Timestamp::from_secs_const(1_726_185_600);

/// Entries of one document that walk the whole way.
pub const ENTRIES_MAX: usize = 20;

/// Walks the whole way with a document that may be anything, and panics where a promise is broken. What was read, or why nothing was.
pub fn walk(bytes: &[u8]) -> Result<Reading, NotAFeed> {
    let base = Link::parse("https://base.example/dir/feed").expect("absolute");
    let hints = Hints { base: Some(&base), entries_max: ENTRIES_MAX, ..Hints::default() };
    let reading = read(bytes, &hints)?;
    assert!(reading.drafts.len() <= ENTRIES_MAX, "no more entries than allowed");
    assert_eq!(read(bytes, &hints).as_ref(), Ok(&reading), "the same bytes read the same");
    let ids = dedup::native_ids(&reading.drafts);
    let pairs = reading.drafts.iter().zip(ids);
    let stories: Vec<Story> = pairs.filter_map(|(draft, id)| Some(story(item(draft, id?)?))).collect();
    let entry = |story: &Story| render::entry(&site(), story, &cards(), Format::Atom).expect("a sound entry");
    let entries: Vec<_> = stories.iter().map(entry).collect();
    let feed = render::frame(&site(), &Feed::combined(&site(), NOW), Format::Atom).expect("a sound frame").around(&entries);
    assert_eq!(render::check_xml(&feed), Ok(()), "what we serve is well formed");
    let read_again = feed_rs::parser::parse(feed.as_slice()).expect("what we serve is a feed");
    assert_eq!(read_again.entries.len(), stories.len(), "what we serve holds every story");
    Ok(reading)
}

/// A draft made safe to show.
fn item(draft: &Draft, native_id: NativeId) -> Option<Item> {
    let limits = ItemLimits::default();
    let body = draft.content.as_ref().or(draft.summary.as_ref()).map_or_else(SafeHtml::default, |markup| body(markup, draft, &limits));
    let (raw, chars_max) = (draft.title.as_deref()?, limits.title_chars_max);
    let title = if draft.title_is_text { Text::line(raw, chars_max) } else { clean::title(raw, chars_max) };
    if title.is_empty() {
        return None;
    }
    let line = |text: &String| Text::line(text, 120);
    let source = source();
    Some(Item {
        id: ItemId::of(&source, &native_id),
        native_id,
        source,
        origin: draft.origin.clone(),
        document: None,
        title,
        key: draft.link.as_ref().and_then(dedup::link_key),
        link: draft.link.clone(),
        related: draft.related.clone(),
        published: draft.published,
        updated: draft.updated,
        first_seen: NOW,
        authors: draft.authors.iter().map(line).collect(),
        categories: draft.categories.iter().map(line).collect(),
        tags: Vec::new(),
        is_roundup: false,
        is_backlog: false,
        language: draft.language.as_ref().map(line),
        body,
        enclosures: draft.enclosures.clone(),
    })
}

/// The body made safe; making it safe again changes nothing.
fn body(markup: &Markup, draft: &Draft, limits: &ItemLimits) -> SafeHtml {
    let base = draft.base.as_ref().or(draft.link.as_ref());
    let once = clean::html(markup, base, limits.body_bytes_max);
    let twice = clean::html(&Markup::Html(once.as_str().to_owned()), base, limits.body_bytes_max);
    assert_eq!(once, twice, "what is safe stays as it is");
    once
}

fn story(item: Item) -> Story {
    let (id, dated) = (StoryId::opened_by(item.id), item.dated());
    Story {
        id,
        entry_id: format!("urn:x-test:{id}"),
        published: dated,
        updated: dated,
        risk: Risk::default(),
        members: vec![Member { joined: None, item, declared: Vec::new() }],
    }
}

fn source() -> SourceId {
    SourceId::parse("origin").expect("a slug")
}

fn cards() -> SourceCards {
    let mut cards = SourceCards::default();
    cards.insert(source(), SourceCard::named(Text::line("Origin", 80)));
    cards
}
