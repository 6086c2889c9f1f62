//! What JSON feeds get wrong, set right in place, so that feed-rs reads them. Each function tells what it found, in words.

use serde_json::{Map, Value, json};

/// Texts of an item that must be strings.
const ITEM_TEXTS: &[&str] =
    &["id", "url", "external_url", "title", "content_html", "content_text", "summary", "date_published", "date_modified", "language"];
/// Texts of the feed that must be strings.
const FEED_TEXTS: &[&str] = &["version", "title", "home_page_url", "feed_url", "language", "description", "icon", "favicon"];

/// What was wrong with one object.
pub(super) type Told = Vec<String>;

/// Makes a feed, but for its items, what the standard says.
pub(super) fn feed(feed: &mut Map<String, Value>, told: &mut Told) {
    make_texts(feed, FEED_TEXTS, told);
    let version = feed.get("version").and_then(Value::as_str);
    if !version.is_some_and(|version| version.starts_with("https://jsonfeed.org/version/1")) {
        told.push(version.map_or("no `version`".to_owned(), |version| format!("`version` is `{}`", super::text::brief(version))));
        feed.insert("version".to_owned(), "https://jsonfeed.org/version/1.1".into());
    }
    if !feed.contains_key("title") {
        told.push("no `title`".to_owned());
        feed.insert("title".to_owned(), "".into());
    }
    make_people(feed, told);
    for (name, is_sound) in [("hubs", Value::is_array as fn(&Value) -> bool), ("expired", Value::is_boolean)] {
        if feed.get(name).is_some_and(|value| !is_sound(value)) {
            told.push(format!("`{name}` has the wrong type, left out"));
            feed.remove(name);
        }
    }
    if let Some(Value::Array(hubs)) = feed.get_mut("hubs") {
        hubs.retain(|hub| hub.get("url").is_some_and(Value::is_string));
    }
}

/// Makes an item what the standard says. False for what is no object.
pub(super) fn item(item: &mut Value, told: &mut Told) -> bool {
    let Value::Object(fields) = item else {
        told.push("no object, left out".to_owned());
        return false;
    };
    make_texts(fields, ITEM_TEXTS, told);
    make_people(fields, told);
    make_tags(fields, told);
    make_attachments(fields, told);
    true
}

fn make_tags(item: &mut Map<String, Value>, told: &mut Told) {
    match item.get_mut("tags") {
        Some(Value::Array(tags)) => {
            let before = tags.len();
            tags.retain(Value::is_string);
            if tags.len() < before {
                told.push("`tags` holds what is no text, left out".to_owned());
            }
        }
        Some(Value::Null) | None => {}
        Some(other) => {
            told.push("`tags` is no list".to_owned());
            let tags = other.as_str().map(|tags| tags.split(',').map(|tag| tag.trim().into()).collect()).unwrap_or_default();
            *other = Value::Array(tags);
        }
    }
}

fn make_attachments(item: &mut Map<String, Value>, told: &mut Told) {
    let Some(attachments) = item.get_mut("attachments") else { return };
    if !attachments.is_array() && !attachments.is_null() {
        told.push("`attachments` is no list, left out".to_owned());
        *attachments = Value::Null;
    }
    for attachment in attachments.as_array_mut().into_iter().flatten() {
        let Some(fields) = attachment.as_object_mut() else {
            told.push("attachment is no object, left out".to_owned());
            *attachment = json!({ "url": "", "mime_type": "" });
            continue;
        };
        make_texts(fields, &["url", "mime_type", "title"], told);
        for name in ["url", "mime_type"] {
            if !fields.contains_key(name) {
                told.push(format!("attachment without `{name}`"));
                fields.insert(name.to_owned(), "".into());
            }
        }
        if let Some(size) = fields.get_mut("size_in_bytes")
            && !size.is_u64()
            && !size.is_null()
        {
            told.push("`size_in_bytes` is no whole number".to_owned());
            let bytes =
                size.as_f64().or_else(|| size.as_str().and_then(|text| text.parse().ok())).filter(|bytes| *bytes >= 0.0 && *bytes < 1e18);
            *size = bytes.map_or(Value::Null, |bytes| Value::from(bytes.round() as u64));
        }
    }
}

/// Turns numbers into texts, and drops what can be no text.
fn make_texts(fields: &mut Map<String, Value>, names: &[&str], told: &mut Told) {
    for name in names {
        let Some(value) = fields.get_mut(*name) else { continue };
        match value {
            Value::String(_) => {}
            Value::Null if !matches!(*name, "title" | "version") => {}
            Value::Number(number) => {
                told.push(format!("`{name}` is a number, read as text"));
                *value = number.to_string().into();
            }
            _ => {
                told.push(format!("`{name}` is no text, left out"));
                fields.remove(*name);
            }
        }
    }
}

/// Authors: an object, and a list of objects, whose names are strings.
fn make_people(fields: &mut Map<String, Value>, told: &mut Told) {
    if let Some(author) = fields.get_mut("author") {
        make_person(author, told);
    }
    let Some(authors) = fields.get_mut("authors") else { return };
    if authors.is_object() || authors.is_string() {
        told.push("`authors` is no list".to_owned());
        *authors = Value::Array(vec![authors.take()]);
    }
    match authors {
        Value::Array(people) => people.iter_mut().for_each(|person| make_person(person, told)),
        Value::Null => {}
        other => {
            told.push("`authors` is no list, left out".to_owned());
            *other = Value::Null;
        }
    }
}

/// One author.
fn make_person(person: &mut Value, told: &mut Told) {
    match person {
        Value::Object(fields) => make_texts(fields, &["name", "url"], told),
        Value::Null => *person = Value::Object(Map::new()),
        Value::String(name) => {
            told.push("an author is a text, read as the name".to_owned());
            *person = json!({ "name": name });
        }
        other => {
            told.push("an author is no object, left out".to_owned());
            *other = Value::Object(Map::new());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{feed, item};

    #[test]
    fn each_fault_of_an_item_is_told_and_set_right() {
        for (field, right, told) in [
            (json!({ "id": 1 }), json!({ "id": "1" }), "`id` is a number, read as text"),
            (json!({ "title": null }), json!({}), "`title` is no text, left out"),
            (json!({ "url": ["u"] }), json!({}), "`url` is no text, left out"),
            (json!({ "tags": "a, b" }), json!({ "tags": ["a", "b"] }), "`tags` is no list"),
            (json!({ "tags": ["a", 1] }), json!({ "tags": ["a"] }), "`tags` holds what is no text, left out"),
            (json!({ "author": "Eve" }), json!({ "author": { "name": "Eve" } }), "an author is a text, read as the name"),
            (json!({ "authors": { "name": "Eve" } }), json!({ "authors": [{ "name": "Eve" }] }), "`authors` is no list"),
            (json!({ "attachments": {} }), json!({ "attachments": null }), "`attachments` is no list, left out"),
            (
                json!({ "attachments": [{ "url": "u", "mime_type": "m", "size_in_bytes": "12.0" }] }),
                json!({ "attachments": [{ "url": "u", "mime_type": "m", "size_in_bytes": 12 }] }),
                "`size_in_bytes` is no whole number",
            ),
            (
                json!({ "attachments": [{ "url": "u" }] }),
                json!({ "attachments": [{ "url": "u", "mime_type": "" }] }),
                "attachment without `mime_type`",
            ),
        ] {
            let (mut fields, mut found) = (field, Vec::new());
            assert!(item(&mut fields, &mut found));
            assert_eq!((fields, found), (right, vec![told.to_owned()]));
        }
        assert!(!item(&mut json!("text"), &mut Vec::new()));
    }

    #[test]
    fn a_feed_without_version_and_title_gets_them() {
        let mut found = Vec::new();
        let mut fields = json!({ "version": "http://jsonfeed.org/version/1", "expired": "yes" });
        feed(fields.as_object_mut().expect("an object"), &mut found);
        assert_eq!(fields, json!({ "version": "https://jsonfeed.org/version/1.1", "title": "" }));
        assert_eq!(found, ["`version` is `http://jsonfeed.org/version/1`", "no `title`", "`expired` has the wrong type, left out"]);
    }
}
