//! What JSON feeds get wrong, set right in place, so that feed-rs reads them: each function counts the faults it found.

use serde_json::{Map, Value, json};

use super::shape::{LIST_MAX, holds_hidden_mail};

/// Texts of an item that must be strings.
const ITEM_TEXTS: &[&str] =
    &["id", "url", "external_url", "title", "content_html", "content_text", "summary", "date_published", "date_modified", "language"];
/// Texts of the feed that must be strings.
const FEED_TEXTS: &[&str] = &["version", "title", "home_page_url", "feed_url", "language", "description", "icon", "favicon"];

/// Makes the feed and its items what the standard says; what is no item goes. The number of faults.
pub(super) fn feed(feed: &mut Map<String, Value>) -> u32 {
    let mut faults = 0;
    make_texts(feed, FEED_TEXTS, &mut faults);
    if !feed.get("version").and_then(Value::as_str).is_some_and(|version| version.starts_with("https://jsonfeed.org/version/1")) {
        faults += 1;
        feed.insert("version".to_owned(), "https://jsonfeed.org/version/1.1".into());
    }
    if !feed.contains_key("title") {
        faults += 1;
        feed.insert("title".to_owned(), "".into());
    }
    make_people(feed, &mut faults);
    for (name, is_sound) in [("hubs", Value::is_array as fn(&Value) -> bool), ("expired", Value::is_boolean)] {
        if feed.get(name).is_some_and(|value| !is_sound(value)) {
            faults += 1;
            feed.remove(name);
        }
    }
    if let Some(Value::Array(hubs)) = feed.get_mut("hubs") {
        hubs.retain(|hub| hub.get("url").is_some_and(Value::is_string));
    }
    let items = feed.entry("items").or_insert_with(|| Value::Array(Vec::new()));
    if !items.is_array() {
        faults += 1;
        *items = Value::Array(Vec::new());
    }
    for entry in items.as_array_mut().into_iter().flatten() {
        match entry {
            Value::Object(fields) => item(fields, &mut faults),
            _ => faults += 1,
        }
    }
    items.as_array_mut().into_iter().for_each(|items| items.retain(Value::is_object));
    faults
}

/// The same for an item.
fn item(item: &mut Map<String, Value>, faults: &mut u32) {
    make_texts(item, ITEM_TEXTS, faults);
    make_people(item, faults);
    for list in ["tags", "attachments", "authors"] {
        if let Some(Value::Array(list)) = item.get_mut(list).filter(|list| list.as_array().is_some_and(|list| list.len() > LIST_MAX)) {
            *faults += 1;
            list.truncate(LIST_MAX);
        }
    }
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
            *attachment = json!({ "url": "", "mime_type": "" });
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

/// Authors: an object, and a list of objects, whose names are strings.
fn make_people(fields: &mut Map<String, Value>, faults: &mut u32) {
    if let Some(author) = fields.get_mut("author") {
        make_person(author, faults);
    }
    let Some(authors) = fields.get_mut("authors") else { return };
    if authors.is_object() || authors.is_string() {
        *faults += 1;
        *authors = Value::Array(vec![authors.take()]);
    }
    match authors {
        Value::Array(people) => people.iter_mut().for_each(|person| make_person(person, faults)),
        Value::Null => {}
        other => {
            *faults += 1;
            *other = Value::Null;
        }
    }
}

/// One author.
fn make_person(person: &mut Value, faults: &mut u32) {
    match person {
        Value::Object(fields) => make_texts(fields, &["name", "url"], faults),
        Value::String(name) => {
            *faults += 1;
            *person = json!({ "name": name });
        }
        other => {
            *faults += 1;
            *other = Value::Object(Map::new());
        }
    }
}

/// Takes away the names that feed-rs would panic over: `shape` has noted them. The number of names.
pub(super) fn hide_mails(feed: &mut Value) -> u32 {
    let mut hidden = 0;
    hide_in(feed, &mut hidden);
    for item in feed.get_mut("items").and_then(Value::as_array_mut).into_iter().flatten() {
        hide_in(item, &mut hidden);
    }
    hidden
}

/// The same in one object.
fn hide_in(object: &mut Value, hidden: &mut u32) {
    for list in ["author", "authors"] {
        let people = match object.get_mut(list) {
            Some(Value::Array(people)) => people.iter_mut().collect(),
            Some(person) => vec![person],
            None => Vec::new(),
        };
        for person in people.into_iter().filter_map(Value::as_object_mut) {
            if person.get("name").and_then(Value::as_str).is_some_and(holds_hidden_mail) {
                *hidden += 1;
                person.remove("name");
            }
        }
    }
}
