//! JSON Feed 1.0 and 1.1 with its usual faults (<https://www.jsonfeed.org/version/1.1/>).

use serde_json::{Map, Value};

use super::{
    address,
    drafts::{self, Frame, kept},
    strict,
    survey::{ChannelNotes, Notes},
};
use crate::model::{Channel, Draft, Problem, ProblemKind};

/// A JSON feed as read.
pub(super) struct JsonReading {
    pub channel: Channel,
    pub drafts: Vec<Draft>,
    pub truncated: bool,
}

/// Texts of an item that must be strings.
const ITEM_TEXTS: &[&str] =
    &["id", "url", "external_url", "title", "content_html", "content_text", "summary", "date_published", "date_modified", "language"];
/// Texts of the feed that must be strings.
const FEED_TEXTS: &[&str] = &["version", "title", "home_page_url", "feed_url", "language", "description", "icon", "favicon"];

/// Reads a JSON feed. The error says why the text is none.
pub(super) fn read(text: &str, frame: Frame<'_>, entries_max: usize, problems: &mut Vec<Problem>) -> Result<JsonReading, String> {
    let mut feed = match serde_json::from_str(text) {
        Ok(Value::Object(feed)) => feed,
        Ok(_) => return Err("JSON, but no object".to_owned()),
        Err(error) => return Err(format!("malformed JSON: {error}")),
    };
    let version = feed.get("version").and_then(Value::as_str).unwrap_or_default().to_owned();
    let is_named = version.contains("jsonfeed.org/version/");
    if !feed.get("items").is_some_and(Value::is_array) && !is_named {
        return Err("JSON, but no JSON Feed".to_owned());
    }
    let number = version.rsplit('/').next().filter(|_| is_named).unwrap_or("1");
    let format = format!("JSON Feed {}", if number == "1" { "1.0" } else { number });
    let mut faults = 0;
    repair_feed(&mut feed, &mut faults);
    let items = feed.get_mut("items").and_then(Value::as_array_mut).map(std::mem::take).unwrap_or_default();
    let mut repaired = Vec::with_capacity(items.len().min(entries_max));
    if items.len() > entries_max {
        faults += 1;
        problems.push(Problem::new(ProblemKind::Limit, format!("more than {entries_max} entries, the rest is left out")));
    }
    for item in items.into_iter().take(entries_max) {
        match item {
            Value::Object(mut item) => {
                repair_item(&mut item, &mut faults);
                repaired.push(Value::Object(item));
            }
            _ => faults += 1,
        }
    }
    let notes: Vec<Notes> = repaired.iter().map(|item| item_notes(item, frame)).collect();
    let channel_notes = feed_notes(&feed, frame);
    let expired = feed.get("expired").and_then(Value::as_bool).unwrap_or_default();
    feed.insert("items".to_owned(), Value::Array(repaired));
    let read = if faults == 0 { strict::read(text) } else { strict::read(&Value::Object(feed).to_string()) };
    if faults > 0 {
        problems.push(Problem::new(ProblemKind::Field, format!("{faults} fields were not as JSON Feed wants them")));
    }
    let mut read = read?;
    let entries = std::mem::take(&mut read.entries);
    let drafts = entries.into_iter().zip(notes).map(|(entry, notes)| drafts::draft(entry, notes, frame)).collect();
    let mut channel = drafts::channel(Some(read), channel_notes, frame, format);
    channel.expired = expired;
    Ok(JsonReading { channel, drafts, truncated: false })
}

/// Makes the feed's own fields what the standard says.
fn repair_feed(feed: &mut Map<String, Value>, faults: &mut u32) {
    make_texts(feed, FEED_TEXTS, faults);
    if !feed.get("version").and_then(Value::as_str).is_some_and(|version| version.starts_with("https://jsonfeed.org/version/1")) {
        *faults += 1;
        feed.insert("version".to_owned(), "https://jsonfeed.org/version/1.1".into());
    }
    if !feed.contains_key("title") {
        *faults += 1;
        feed.insert("title".to_owned(), "".into());
    }
    repair_authors(feed, faults);
}

/// The same for an item.
fn repair_item(item: &mut Map<String, Value>, faults: &mut u32) {
    make_texts(item, ITEM_TEXTS, faults);
    repair_authors(item, faults);
    match item.get_mut("tags") {
        Some(Value::Array(tags)) => {
            let before = tags.len();
            tags.retain(Value::is_string);
            *faults += u32::from(tags.len() < before);
        }
        Some(Value::Null) | None => {}
        Some(other) => {
            *faults += 1;
            let tags = other.as_str().map(|tags| tags.split(',').map(|tag| tag.trim().into()).collect()).unwrap_or_default();
            *other = Value::Array(tags);
        }
    }
    let Some(attachments) = item.get_mut("attachments") else { return };
    if !attachments.is_array() && !attachments.is_null() {
        *faults += 1;
        *attachments = Value::Null;
    }
    for attachment in attachments.as_array_mut().into_iter().flatten() {
        let Some(fields) = attachment.as_object_mut() else {
            *faults += 1;
            *attachment = serde_json::json!({ "url": "", "mime_type": "" });
            continue;
        };
        make_texts(fields, &["url", "mime_type", "title"], faults);
        for name in ["url", "mime_type"] {
            if !fields.contains_key(name) {
                *faults += 1;
                fields.insert(name.to_owned(), "".into());
            }
        }
        if let Some(size) = fields.get_mut("size_in_bytes")
            && !size.is_u64()
            && !size.is_null()
        {
            *faults += 1;
            let bytes =
                size.as_f64().or_else(|| size.as_str().and_then(|text| text.parse().ok())).filter(|bytes| *bytes >= 0.0 && *bytes < 1e18);
            *size = bytes.map_or(Value::Null, |bytes| Value::from(bytes.round() as u64));
        }
    }
}

/// Turns numbers into texts, and drops what can be no text.
fn make_texts(fields: &mut Map<String, Value>, names: &[&str], faults: &mut u32) {
    for name in names {
        let Some(value) = fields.get_mut(*name) else { continue };
        match value {
            Value::String(_) => continue,
            Value::Number(number) => *value = number.to_string().into(),
            Value::Null if !matches!(*name, "title" | "version") => continue,
            _ => {
                fields.remove(*name);
            }
        }
        *faults += 1;
    }
}

/// Authors: a list of objects, each with a name that feed-rs can bear (it panics on a mail address behind a character of several bytes).
fn repair_authors(fields: &mut Map<String, Value>, faults: &mut u32) {
    if let Some(author) = fields.get_mut("author")
        && !author.is_object()
        && !author.is_null()
    {
        *faults += 1;
        *author = author.as_str().map_or(Value::Null, |name| serde_json::json!({ "name": name }));
    }
    if let Some(authors) = fields.get_mut("authors")
        && !authors.is_array()
        && !authors.is_null()
    {
        *faults += 1;
        *authors = match authors.take() {
            Value::Object(author) => Value::Array(vec![Value::Object(author)]),
            Value::String(name) => serde_json::json!([{ "name": name }]),
            _ => Value::Null,
        };
    }
    let single = fields.get_mut("author").and_then(Value::as_object_mut).into_iter().count();
    let _ = single;
    for list in ["author", "authors"] {
        let Some(value) = fields.get_mut(list) else { continue };
        let people = match value {
            Value::Array(people) => people.iter_mut().collect(),
            Value::Object(_) => vec![value],
            _ => Vec::new(),
        };
        for person in people {
            if let Some(name) = person.as_str() {
                *faults += 1;
                *person = serde_json::json!({ "name": name });
            }
            let Some(person) = person.as_object_mut() else {
                *faults += 1;
                *person = Value::Object(Map::new());
                continue;
            };
            make_texts(person, &["name", "url"], faults);
            if let Some(Value::String(name)) = person.get_mut("name")
                && name.contains('@')
                && !name.is_ascii()
            {
                *faults += 1;
                *name = name.replace('@', " ");
            }
        }
    }
}

/// What feed-rs drops of an item.
fn item_notes(item: &Value, frame: Frame<'_>) -> Notes {
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
        enclosures: enclosures(item, frame),
        ..Notes::default()
    }
}

/// The attachments of an item.
fn enclosures(item: &Value, frame: Frame<'_>) -> Vec<crate::model::Enclosure> {
    let attachments = item.get("attachments").and_then(Value::as_array).into_iter().flatten();
    let read = |attachment: &Value| {
        let link = address::resolve(frame.base, attachment.get("url")?.as_str()?)?;
        let media_type = kept(attachment.get("mime_type").and_then(Value::as_str).map(str::to_owned));
        Some(crate::model::Enclosure { link, media_type, bytes: attachment.get("size_in_bytes").and_then(Value::as_u64) })
    };
    attachments.filter_map(read).collect()
}

/// What feed-rs drops of the feed.
fn feed_notes(feed: &Map<String, Value>, frame: Frame<'_>) -> ChannelNotes {
    let link = |name: &str| feed.get(name).and_then(Value::as_str).and_then(|address| address::resolve(frame.base, address));
    let hubs = feed.get("hubs").and_then(Value::as_array).into_iter().flatten();
    let hubs = hubs.filter_map(|hub| address::resolve(frame.base, hub.get("url")?.as_str()?)).collect();
    let notes = Notes { link: link("home_page_url"), ..Notes::default() };
    ChannelNotes { notes, hubs, self_link: link("feed_url"), ..ChannelNotes::default() }
}
