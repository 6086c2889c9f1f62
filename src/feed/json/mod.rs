//! JSON Feed 1.0 and 1.1 with its usual faults (<https://www.jsonfeed.org/version/1.1/>).

mod repair;

use serde_json::{Map, Value};

use super::{
    address,
    drafts::{self, Frame, kept},
    strict,
    survey::{ChannelNotes, Notes},
};
use crate::model::{Channel, Draft, Enclosure, Problem, ProblemKind};

/// A JSON feed as read.
pub(super) struct JsonReading {
    pub channel: Channel,
    pub drafts: Vec<Draft>,
}

/// Reads a JSON feed. The error says why the text is none.
pub(super) fn read(text: &str, frame: Frame<'_>, entries_max: usize, problems: &mut Vec<Problem>) -> Result<JsonReading, String> {
    let mut feed = match serde_json::from_str(text) {
        Ok(Value::Object(feed)) => feed,
        Ok(_) => return Err("JSON, but no object".to_owned()),
        Err(error) => return Err(format!("malformed JSON: {error}")),
    };
    let version = feed.get("version").and_then(Value::as_str).unwrap_or_default().to_owned();
    let is_named = version.contains("jsonfeed.org/version/");
    if !is_named && !holds_items(&feed) {
        return Err("JSON, but no JSON Feed".to_owned());
    }
    let number = version.rsplit('/').next().filter(|_| is_named).unwrap_or("1");
    let format = format!("JSON Feed {}", if number == "1" { "1.0" } else { number });
    let mut faults = 0;
    repair::feed(&mut feed, &mut faults);
    let channel_notes = feed_notes(&feed, frame);
    repair::hide_mail_names(&mut feed, &mut faults);
    let expired = feed.get("expired").and_then(Value::as_bool).unwrap_or_default();
    let mut items = feed.get_mut("items").and_then(Value::as_array_mut).map(std::mem::take).unwrap_or_default();
    if items.len() > entries_max {
        faults += 1;
        problems.push(Problem::new(ProblemKind::Limit, format!("more than {entries_max} entries, the rest is left out")));
        items.truncate(entries_max);
    }
    let mut notes = Vec::with_capacity(items.len());
    items.retain_mut(|item| {
        let Some(fields) = item.as_object_mut() else {
            faults += 1;
            return false;
        };
        repair::item(fields, &mut faults);
        notes.push(item_notes(fields, frame));
        repair::hide_mail_names(fields, &mut faults);
        true
    });
    feed.insert("items".to_owned(), Value::Array(items));
    let mut read = if faults == 0 { strict::read(text) } else { strict::read(&Value::Object(feed).to_string()) }?;
    if faults > 0 {
        problems.push(Problem::new(ProblemKind::Field, format!("{faults} fields were not as JSON Feed wants them")));
    }
    let entries = std::mem::take(&mut read.entries);
    let drafts = entries.into_iter().zip(notes).map(|(entry, notes)| drafts::draft(entry, notes, frame)).collect();
    let mut channel = drafts::channel(Some(read), channel_notes, frame, format);
    channel.expired = expired;
    Ok(JsonReading { channel, drafts })
}

/// Whether an object without the version of JSON Feed is one all the same: it lists what looks like items.
fn holds_items(feed: &Map<String, Value>) -> bool {
    let is_item = |item: &Value| ["content_html", "content_text", "title", "url"].iter().any(|name| item.get(*name).is_some());
    feed.get("items").and_then(Value::as_array).is_some_and(|items| items.iter().any(is_item))
}

/// What feed-rs drops of an item.
fn item_notes(item: &Map<String, Value>, frame: Frame<'_>) -> Notes {
    let text = |name: &str| kept(item.get(name).and_then(Value::as_str).map(str::to_owned));
    let link = |name: &str| text(name).and_then(|address| address::resolve(frame.base, &address));
    let external = link("external_url");
    let own = link("url");
    Notes {
        related: external.iter().filter(|_| own.is_some()).cloned().collect(),
        link: own.or(external),
        published: text("date_published"),
        updated: text("date_modified"),
        language: text("language"),
        authors: authors(item),
        enclosures: enclosures(item, frame),
        ..Notes::default()
    }
}

/// The names of the authors, of which version 1.0 knew one.
fn authors(fields: &Map<String, Value>) -> Vec<String> {
    let several = fields.get("authors").and_then(Value::as_array).into_iter().flatten();
    let people = fields.get("author").into_iter().chain(several);
    people.filter_map(|person| kept(person.get("name").and_then(Value::as_str).map(str::to_owned))).collect()
}

/// The attachments of an item.
fn enclosures(item: &Map<String, Value>, frame: Frame<'_>) -> Vec<Enclosure> {
    let attachments = item.get("attachments").and_then(Value::as_array).into_iter().flatten();
    let read = |attachment: &Value| {
        let link = address::resolve(frame.base, attachment.get("url")?.as_str()?)?;
        let media_type = kept(attachment.get("mime_type").and_then(Value::as_str).map(str::to_owned));
        Some(Enclosure { link, media_type, bytes: attachment.get("size_in_bytes").and_then(Value::as_u64) })
    };
    attachments.filter_map(read).collect()
}

/// What feed-rs drops of the feed.
fn feed_notes(feed: &Map<String, Value>, frame: Frame<'_>) -> ChannelNotes {
    let link = |name: &str| feed.get(name).and_then(Value::as_str).and_then(|address| address::resolve(frame.base, address));
    let hubs = feed.get("hubs").and_then(Value::as_array).into_iter().flatten();
    let hubs = hubs.filter_map(|hub| address::resolve(frame.base, hub.get("url")?.as_str()?)).collect();
    let notes = Notes { link: link("home_page_url"), authors: authors(feed), ..Notes::default() };
    ChannelNotes { notes, hubs, self_link: link("feed_url"), ..ChannelNotes::default() }
}
