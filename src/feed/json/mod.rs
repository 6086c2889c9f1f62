//! JSON Feed 1.0 and 1.1 with its usual faults (<https://www.jsonfeed.org/version/1.1/>).

mod few;
mod lean;
mod mend;
mod repair;
mod shape;
mod text;

use feed_rs::model::Feed;
use serde::Deserialize;
use serde_json::Value;

use super::{
    drafts::{self, Frame},
    fault::Faults,
    strict,
};
use crate::model::{Channel, Draft, Problem, ProblemKind};
use lean::Outline;
use shape::{Item, Shape};

/// A JSON feed as read.
#[derive(Debug)]
pub(super) struct JsonFeed {
    /// What it says about itself.
    pub channel: Channel,
    /// Its entries.
    pub drafts: Vec<Draft>,
    /// What was wrong with it.
    pub problems: Vec<Problem>,
    /// The document ended early.
    pub truncated: bool,
}

/// Where a JSON feed begins that something else stands before: a comment, a warning, a guard against inclusion, but no page.
pub(super) fn find(text: &str) -> Option<usize> {
    let start = text.find('{')?;
    let is_page = text[..start].to_ascii_lowercase().contains("<html");
    (!is_page && text[start..].contains("jsonfeed.org/version/")).then_some(start)
}

/// Reads the JSON feed that begins at the byte `start` of a text. The error says why it is none.
///
/// As with XML, what is sound goes to feed-rs as it is, and is set right only after a failure: its fields first, then its syntax.
pub(super) fn read(text: &str, start: usize, frame: Frame<'_>, entries_max: usize) -> Result<JsonFeed, String> {
    let json = &text[start..];
    if let Some((channel, drafts)) = read_strictly(json, frame, entries_max) {
        return Ok(JsonFeed { channel, drafts, problems: Vec::new(), truncated: false });
    }
    let place_of = |part: &str| part.as_ptr() as usize - text.as_ptr() as usize;
    let mut faults = Faults::default();
    let sound = Outline::read(json).and_then(|outline| {
        let places: Vec<usize> = outline.entries.iter().map(|raw| place_of(raw.get())).collect();
        Rebuilt::new(outline, &places, entries_max, &mut faults)
    });
    let (rebuilt, truncated) = match sound {
        Ok(rebuilt) => (rebuilt, false),
        Err(error) => {
            faults = Faults::default();
            let mended = mend::mend(text, start, &mut faults);
            let outline = Outline::read(&mended.text);
            let rebuilt = outline.and_then(|outline| Rebuilt::new(outline, &mended.entries, entries_max, &mut faults));
            match rebuilt {
                Ok(rebuilt) if rebuilt.is_feed => (rebuilt, mended.truncated),
                _ => return Err(format!("malformed JSON: {error}")),
            }
        }
    };
    if !rebuilt.is_feed {
        return Err("JSON, but no JSON Feed".to_owned());
    }
    let feed = strict::read(&rebuilt.text)?;
    let (channel, drafts) = joined(rebuilt.shape, feed, frame, rebuilt.format);
    Ok(JsonFeed { channel, drafts, problems: faults.located(text), truncated })
}

/// Reads what has no fault that feed-rs would not bear.
fn read_strictly(text: &str, frame: Frame<'_>, entries_max: usize) -> Option<(Channel, Vec<Draft>)> {
    let shape: Shape = serde_json::from_str(text).ok()?;
    if shape.items.kept.len() > entries_max || !shape.is_bearable() {
        return None;
    }
    let feed = strict::read(text).ok()?;
    let format = format_name(&shape.version);
    Some(joined(shape, feed, frame, format))
}

/// A feed whose fields were set right.
struct Rebuilt {
    /// What feed-rs is to read.
    text: String,
    /// The same for us, with the people that feed-rs had better not see.
    shape: Shape,
    /// Its name for people.
    format: String,
    /// Whether it says that it is a feed, or looks like one.
    is_feed: bool,
}

impl Rebuilt {
    /// Sets the fields of a feed right, one entry after the other; `places` are where the entries begin. The error is that of a text
    /// inside which the JSON reader had not looked before.
    fn new(outline: Outline<'_>, places: &[usize], entries_max: usize, faults: &mut Faults) -> serde_json::Result<Self> {
        let Outline { mut head, entries, has_entries, is_cut } = outline;
        let version = head.get("version").and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut is_feed = version.contains("jsonfeed.org/version/");
        let mut told = Vec::new();
        repair::feed(&mut head, &mut told);
        if !has_entries {
            told.push("no `items`".to_owned());
        }
        told.drain(..).for_each(|what| faults.note(0, ProblemKind::Field, what));
        head.insert("items".to_owned(), Value::Array(Vec::new()));
        let mut head = Value::Object(head);
        let mut shape = Shape::deserialize(&head)?;
        hide_people(&mut head);
        let mut items = String::new();
        for (index, raw) in entries.iter().enumerate() {
            let place = places.get(index).copied().unwrap_or_default();
            if shape.items.kept.len() >= entries_max {
                faults.insist(place, ProblemKind::Limit, format!("more than {entries_max} entries, the rest is left out"));
                break;
            }
            let mut item = lean::entry(raw)?;
            let is_kept = repair::item(&mut item, &mut told);
            told.drain(..).for_each(|what| faults.note(place, ProblemKind::Field, format!("entry {}: {what}", index + 1)));
            if is_kept {
                is_feed |= looks_like_item(&item);
                shape.items.kept.push(Item::deserialize(&item)?);
                hide_people(&mut item);
                items.push_str(if items.is_empty() { "" } else { "," });
                items.push_str(&item.to_string());
            }
        }
        if is_cut && shape.items.kept.len() < entries_max {
            faults.insist(0, ProblemKind::Limit, format!("more than {} entries, the rest is left out", shape::ITEMS_MAX));
        }
        let text = head.to_string().replacen("\"items\":[]", &format!("\"items\":[{items}]"), 1);
        Ok(Self { text, shape, format: format_name(&version), is_feed })
    }
}

/// Takes away people, whom we read ourselves: feed-rs panics over some names, and gives each entry a copy of all authors of the feed.
fn hide_people(object: &mut Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.remove("author");
        fields.remove("authors");
    }
}

/// What feed-rs read with what it dropped.
fn joined(shape: Shape, mut feed: Feed, frame: Frame<'_>, format: String) -> (Channel, Vec<Draft>) {
    let mut entries = std::mem::take(&mut feed.entries);
    // The feed's own, copied: they are the channel's.
    entries.iter_mut().for_each(|entry| entry.authors.clear());
    let mut channel = drafts::channel(Some(feed), shape.channel_notes(frame), frame, format);
    channel.expired = shape.expired.unwrap_or_default();
    let drafts = entries.into_iter().zip(shape.items.kept).map(|(entry, item)| drafts::draft(entry, item.into_notes(frame), frame));
    (channel, drafts.collect())
}

/// `https://jsonfeed.org/version/1.1` for people.
fn format_name(version: &str) -> String {
    match version.rsplit_once("/version/").map(|(_, number)| number) {
        Some("1") | None => "JSON Feed 1.0".to_owned(),
        Some(number) => format!("JSON Feed {}", super::cut::cut(number, 10)),
    }
}

/// Whether something is an item though its feed names no version of JSON Feed.
fn looks_like_item(item: &Value) -> bool {
    ["content_html", "content_text", "title", "url"].iter().any(|name| item.get(*name).is_some())
}
