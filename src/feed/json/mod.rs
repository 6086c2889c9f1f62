//! JSON Feed 1.0 and 1.1 with its usual faults (<https://www.jsonfeed.org/version/1.1/>).

mod few;
mod repair;
mod shape;

use feed_rs::model::Feed;
use serde_json::{Map, Value};

use super::{
    drafts::{self, Frame},
    strict,
};
use crate::model::{Channel, Draft, Problem, ProblemKind};
use shape::Shape;

/// Reads a JSON feed. The error says why the text is none.
///
/// As with XML, what is sound goes to feed-rs as it is, and is set right only after a failure.
pub(super) fn read(text: &str, frame: Frame<'_>, entries_max: usize, problems: &mut Vec<Problem>) -> Result<(Channel, Vec<Draft>), String> {
    if let Ok(shape) = serde_json::from_str::<Shape>(text)
        && shape.items.kept.len() <= entries_max
        && shape.is_bearable()
        && let Ok(feed) = strict::read(text)
    {
        let format = format_name(&shape.version);
        return Ok(joined(shape, feed, frame, format));
    }
    let mut feed = match serde_json::from_str(text) {
        Ok(Value::Object(feed)) => feed,
        Ok(_) => return Err("JSON, but no object".to_owned()),
        Err(error) => return Err(format!("malformed JSON: {error}")),
    };
    let version = feed.get("version").and_then(Value::as_str).unwrap_or_default().to_owned();
    if !version.contains("jsonfeed.org/version/") && !holds_items(&feed) {
        return Err("JSON, but no JSON Feed".to_owned());
    }
    let mut faults = repair::feed(&mut feed);
    let items = feed.get_mut("items").and_then(Value::as_array_mut);
    let entries_max = entries_max.min(shape::ITEMS_MAX);
    if let Some(items) = items.filter(|items| items.len() > entries_max) {
        problems.push(Problem::new(ProblemKind::Limit, format!("more than {entries_max} entries, the rest is left out")));
        items.truncate(entries_max);
    }
    let mut repaired = Value::Object(feed);
    let shape: Shape = serde_json::from_value(repaired.clone()).map_err(|error| format!("malformed JSON Feed: {error}"))?;
    faults += repair::hide_mails(&mut repaired);
    if faults > 0 {
        problems.push(Problem::new(ProblemKind::Field, format!("{faults} fields were not as JSON Feed wants them")));
    }
    Ok(joined(shape, strict::read(&repaired.to_string())?, frame, format_name(&version)))
}

/// What feed-rs read with what it dropped.
fn joined(shape: Shape, mut feed: Feed, frame: Frame<'_>, format: String) -> (Channel, Vec<Draft>) {
    let entries = std::mem::take(&mut feed.entries);
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

/// Whether an object without the version of JSON Feed is one all the same: it lists what looks like items.
fn holds_items(feed: &Map<String, Value>) -> bool {
    let is_item = |item: &Value| ["content_html", "content_text", "title", "url"].iter().any(|name| item.get(*name).is_some());
    feed.get("items").and_then(Value::as_array).is_some_and(|items| items.iter().any(is_item))
}
