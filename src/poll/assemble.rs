//! Drafts to items: what a publisher wrote becomes what we believe. Pure; polls and documents both come through here.

use std::time::Duration;

use crate::{
    clean,
    dedup::{self, Fingerprint},
    model::{
        Channel, Draft, Item, ItemId, ItemLimits, Link, Markup, MergeThresholds, NativeId, SafeHtml, SourceId, Text, Timestamp, ZonedTime,
    },
    store::Arrival,
    tag,
};

/// Longest name of an author or a category, in characters.
const NAME_CHARS_MAX: usize = 120;

/// Characters of the text that stand in for a missing title.
const TITLE_FROM_TEXT_CHARS: usize = 80;

/// How far a publisher's clock may be ahead of ours before its date is not believed (protocol P8).
const AHEAD_MAX: Duration = Duration::from_secs(3600);

/// 1990-01-01: nothing on the web is older (protocol P8).
const FIRST_YEAR: Timestamp = Timestamp::from_secs_const(631_152_000);

/// What a draft is read with.
pub(super) struct Desk<'a> {
    /// Where it came from.
    pub(super) source: &'a SourceId,
    /// What the document says about itself.
    pub(super) channel: &'a Channel,
    /// Limits of an item.
    pub(super) limits: &'a ItemLimits,
    /// The window: items older than it need no sketch on a first poll.
    pub(super) thresholds: &'a MergeThresholds,
    /// The first poll of its source: old items are only archived.
    pub(super) is_first_poll: bool,
    /// When it was read.
    pub(super) now: Timestamp,
}

/// A draft with what only an imported document has.
pub(super) struct Extra {
    /// Its identity, where the document's path is it.
    pub(super) native_id: NativeId,
    /// Path relative to the folder that was imported.
    pub(super) path: String,
    /// The address it declares as its origin.
    pub(super) declared: Option<Link>,
}

/// Items with their fingerprints, and how many drafts were left out because they hold nothing to show.
pub(super) fn assemble(drafts: Vec<Draft>, desk: &Desk<'_>) -> (Vec<Arrival>, u32) {
    let ids = dedup::native_ids(&drafts);
    let mut refused = 0;
    let mut arrivals = Vec::with_capacity(drafts.len());
    for (draft, native_id) in drafts.into_iter().zip(ids) {
        match native_id.and_then(|native_id| arrival(draft, native_id, desk)) {
            Some(arrival) => arrivals.push(arrival),
            None => refused += 1,
        }
    }
    (arrivals, refused)
}

/// One imported document as an arrival.
pub(super) fn assemble_document(draft: Draft, extra: Extra, desk: &Desk<'_>) -> Option<Arrival> {
    let (mut item, text) = item(draft, extra.native_id, desk)?;
    item.document = Some(extra.path);
    let fingerprint = Fingerprint::of(&item, &text, extra.declared.as_slice());
    Some(Arrival { item, fingerprint })
}

fn arrival(draft: Draft, native_id: NativeId, desk: &Desk<'_>) -> Option<Arrival> {
    let (item, text) = item(draft, native_id, desk)?;
    let is_old = item.dated().at() + desk.thresholds.window < desk.now;
    let text = if desk.is_first_poll && is_old { "" } else { text.as_str() };
    let declared = dedup::declared_links(item.body.as_str());
    let fingerprint = Fingerprint::of(&item, text, &declared);
    Some(Arrival { item, fingerprint })
}

/// The item, and its text as deduplication wants it: without markup and boilerplate.
fn item(draft: Draft, native_id: NativeId, desk: &Desk<'_>) -> Option<(Item, String)> {
    let body = body(&draft, desk);
    let plain = clean::plain(body.as_str());
    let link = draft.original_link.or(draft.link);
    let title = title(draft.title.as_deref(), &plain, link.as_ref(), desk.limits)?;
    let origin = draft.origin;
    let account = origin.as_ref().and_then(|origin| origin.title.as_deref()).or(desk.channel.title.as_deref());
    let text = clean::boilerplate::strip(&plain, title.as_str(), account);
    let language = draft.language.as_deref().or(desk.channel.language.as_deref()).or_else(|| tag::language(&text));
    let authors = if draft.authors.is_empty() { &desk.channel.authors } else { &draft.authors };
    let item = Item {
        id: ItemId::of(desk.source, &native_id),
        native_id,
        source: desk.source.clone(),
        origin,
        document: None,
        title,
        key: link.as_ref().and_then(dedup::link_key),
        link,
        related: draft.related,
        published: draft.published.filter(|date| is_believable(*date, desk.now)),
        updated: draft.updated.filter(|date| is_believable(*date, desk.now)),
        first_seen: desk.now,
        authors: names(authors, desk.limits.authors_max),
        categories: names(&draft.categories, desk.limits.categories_max),
        language: language.map(|language| Text::line(language, 35)).filter(|language| !language.is_empty()),
        body,
        enclosures: draft.enclosures,
    };
    Some((item, text))
}

/// The full text if there is any, else the short one, made safe.
fn body(draft: &Draft, desk: &Desk<'_>) -> SafeHtml {
    let base = draft.base.as_ref().or(draft.link.as_ref());
    [&draft.content, &draft.summary]
        .into_iter()
        .flatten()
        .map(|markup: &Markup| clean::html(markup, base, desk.limits.body_bytes_max))
        .find(|html| !html.is_empty())
        .unwrap_or_default()
}

/// The title, else the beginning of the text, else the host of the link (protocol N5); nothing if there is neither.
fn title(raw: Option<&str>, plain: &str, link: Option<&Link>, limits: &ItemLimits) -> Option<Text> {
    let chars_max = limits.title_chars_max;
    let published = raw.map(|raw| clean::title(raw, chars_max));
    let from_text = || plain.lines().map(|line| Text::line(line, TITLE_FROM_TEXT_CHARS)).find(|line| !line.is_empty());
    let from_link = || link.map(|link| Text::line(&link.host(), chars_max));
    published.filter(|title| !title.is_empty()).or_else(from_text).or_else(from_link)
}

fn names(raw: &[String], count_max: usize) -> Vec<Text> {
    let mut names = Vec::new();
    for name in raw.iter().map(|raw| Text::line(raw, NAME_CHARS_MAX)) {
        if names.len() < count_max && !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn is_believable(date: ZonedTime, now: Timestamp) -> bool {
    (FIRST_YEAR..=now + AHEAD_MAX).contains(&date.at())
}
