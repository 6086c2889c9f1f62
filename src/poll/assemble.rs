//! Drafts to items: what a publisher wrote becomes what we believe. Pure; polls and documents both come through here.
//!
//! Texts come first and fingerprints after them: what a speaker repeats under all items is learned from the whole batch before any item
//! of it is compared with others.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use chrono::Datelike;

use crate::{
    clean,
    dedup::{self, Fingerprint, LineMemory},
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

/// An item, and what its fingerprint will be made of.
pub(super) struct Reading {
    /// The item.
    pub(super) item: Item,
    /// Its text without markup and without the boilerplate that is known beforehand.
    text: String,
    /// The origins that it declares.
    declared: Vec<Link>,
    /// Whether its text is compared with others.
    is_sketched: bool,
}

/// What speakers repeat, by `dedup::speaker`.
pub(super) type LineMemories = BTreeMap<u64, LineMemory>;

/// Drafts as items, each once, and how many drafts were left out because they hold nothing to show.
pub(super) fn assemble(drafts: Vec<Draft>, desk: &Desk<'_>) -> (Vec<Reading>, u32) {
    let ids = dedup::native_ids(&drafts);
    let mut refused = 0;
    let mut readings = Vec::with_capacity(drafts.len());
    for (draft, native_id) in drafts.into_iter().zip(ids) {
        match native_id.and_then(|native_id| reading(draft, native_id, desk)) {
            Some(reading) => readings.push(reading),
            None => refused += 1,
        }
    }
    let mut seen = HashSet::new();
    readings.retain(|reading| seen.insert(reading.item.id));
    if desk.is_first_poll {
        set_backlog_apart(&mut readings, desk.limits.first_new_max);
    }
    (readings, refused)
}

/// All but the newest `new_max` are no news. Of two of one moment the first of the document is the newer.
fn set_backlog_apart(readings: &mut [Reading], new_max: usize) {
    let mut newest: Vec<&mut Item> = readings.iter_mut().map(|reading| &mut reading.item).collect();
    newest.sort_by_key(|item| Reverse(item.dated().at()));
    newest.into_iter().skip(new_max).for_each(|item| item.is_backlog = true);
}

/// One imported document. Its text is always compared: a folder of old documents deduplicates like polling them in their time would have.
pub(super) fn assemble_document(draft: Draft, extra: Extra, desk: &Desk<'_>) -> Option<Reading> {
    let (mut item, text) = item(draft, extra.native_id, desk)?;
    item.document = Some(extra.path);
    Some(Reading { item, text, declared: extra.declared.into_iter().collect(), is_sketched: true })
}

/// The readings of one batch with their fingerprints. `memories` holds what their speakers are known to repeat.
pub(super) fn fingerprint(readings: Vec<Reading>, mut memories: LineMemories) -> Vec<Arrival> {
    let lines: Vec<_> = readings.iter().map(|reading| dedup::line_digests(&reading.text)).collect();
    for (Reading { item, .. }, lines) in readings.iter().zip(&lines) {
        memories.entry(dedup::speaker(item)).or_default().observe(lines);
    }
    let arrival = |(Reading { item, text, declared, is_sketched }, lines)| {
        let text = if is_sketched { memories[&dedup::speaker(&item)].strip(&text) } else { String::new() };
        Arrival { fingerprint: Fingerprint::of(&item, &text, &declared), item, lines }
    };
    readings.into_iter().zip(lines).map(arrival).collect()
}

fn reading(draft: Draft, native_id: NativeId, desk: &Desk<'_>) -> Option<Reading> {
    let (item, text) = item(draft, native_id, desk)?;
    let is_old = item.dated().at() + desk.thresholds.window < desk.now;
    let declared = dedup::declared_links(item.body.as_str());
    Some(Reading { item, text, declared, is_sketched: !(desk.is_first_poll && is_old) })
}

/// The item, and its text as deduplication wants it: without markup and boilerplate.
fn item(draft: Draft, native_id: NativeId, desk: &Desk<'_>) -> Option<(Item, String)> {
    let body = body(&draft, desk);
    let plain = clean::plain(body.as_str());
    let link = draft.original_link.as_ref().or(draft.link.as_ref()).cloned();
    let title = title(&draft, &plain, link.as_ref(), desk.limits)?;
    let origin = draft.origin;
    let account = origin.as_ref().and_then(|origin| origin.title.as_deref()).or(desk.channel.title.as_deref());
    let text = clean::boilerplate::strip(&plain, title.as_str(), account);
    let language = draft.language.as_deref().or(desk.channel.language.as_deref()).or_else(|| tag::language(&text));
    let mentions = tag::mentions(title.as_str(), &text, desk.now.to_utc().year() + 1);
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
        tags: mentions.tags,
        is_roundup: mentions.is_roundup,
        is_backlog: false,
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
fn title(draft: &Draft, plain: &str, link: Option<&Link>, limits: &ItemLimits) -> Option<Text> {
    let chars_max = limits.title_chars_max;
    let read = |raw: &String| if draft.title_is_text { Text::line(raw, chars_max) } else { clean::title(raw, chars_max) };
    let published = draft.title.as_ref().map(read);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_speaker_repeats_is_in_no_fingerprint_of_the_batch_that_shows_it() {
        let source = SourceId::parse("a").expect("a slug");
        let (channel, limits, thresholds) = (Channel::default(), ItemLimits::default(), MergeThresholds::default());
        let desk = Desk {
            source: &source,
            channel: &channel,
            limits: &limits,
            thresholds: &thresholds,
            is_first_poll: false,
            now: Timestamp::from_secs(1_795_000_000),
        };
        let draft = |n: u32| Draft {
            native_id: Some(n.to_string()),
            title: Some(format!("Title {n}")),
            content: Some(Markup::Html(format!("<p>Words {n}</p><p>Our colleagues write about other things as well</p>"))),
            ..Draft::default()
        };
        let useful = |drafts: u32| {
            let (readings, refused) = assemble((0..drafts).map(draft).collect(), &desk);
            assert_eq!(refused, 0);
            let arrivals = fingerprint(readings, LineMemories::new());
            arrivals.iter().map(|arrival| arrival.fingerprint.text.as_ref().map_or(0, |text| text.useful)).collect::<Vec<_>>()
        };
        assert!(useful(3).iter().all(|useful| *useful > 40), "three may be chance");
        assert_eq!(useful(9), [6; 9], "`Words` and a number");
    }

    #[test]
    fn first_poll_sketches_nothing_older_than_the_window() {
        let source = SourceId::parse("a").expect("a slug");
        let (channel, limits, thresholds) = (Channel::default(), ItemLimits::default(), MergeThresholds::default());
        let now = Timestamp::from_secs(1_795_000_000);
        let draft = |days: u64| Draft {
            native_id: Some(days.to_string()),
            title: Some(format!("Title {days}")),
            content: Some(Markup::Html("<p>Some words of a text</p>".to_owned())),
            published: Some(ZonedTime::utc(now - Duration::from_secs(days * 86_400))),
            ..Draft::default()
        };
        for is_first_poll in [true, false] {
            let desk = Desk { source: &source, channel: &channel, limits: &limits, thresholds: &thresholds, is_first_poll, now };
            let (readings, _) = assemble(vec![draft(1), draft(29), draft(31)], &desk);
            let arrivals = fingerprint(readings, LineMemories::new());
            let sketched: Vec<bool> = arrivals.iter().map(|arrival| arrival.fingerprint.text.is_some()).collect();
            assert_eq!(sketched, [true, true, !is_first_poll]);
            let extra = Extra { native_id: NativeId::new("old.md".to_owned()), path: "old.md".to_owned(), declared: None };
            let document = assemble_document(draft(400), extra, &desk).expect("it has a title");
            assert!(fingerprint(vec![document], LineMemories::new())[0].fingerprint.text.is_some(), "documents always are");
        }
    }

    #[test]
    fn of_two_entries_with_one_id_the_first_counts() {
        let source = SourceId::parse("a").expect("a slug");
        let (channel, limits, thresholds) = (Channel::default(), ItemLimits::default(), MergeThresholds::default());
        let now = Timestamp::from_secs(1_795_000_000);
        let desk = Desk { source: &source, channel: &channel, limits: &limits, thresholds: &thresholds, is_first_poll: false, now };
        let draft = |title: &str| Draft { native_id: Some("1".to_owned()), title: Some(title.to_owned()), ..Draft::default() };
        let (readings, _) = assemble(vec![draft("One"), draft("One")], &desk);
        assert_eq!(readings.iter().map(|reading| reading.item.title.as_str()).collect::<Vec<_>>(), ["One"]);
    }
}
