//! Stories as a JSON Feed 1.1 document.

use serde_json::{Map, Value, json};

use super::{Site, SourceCards, entry::Entry};
use crate::model::Story;

/// The feed of `stories`, newest first, as UTF-8 JSON. Each copy beside the one that leads is in `_watchfire.also_at`. The same
/// arguments give the same bytes.
pub fn json_feed(site: &Site, stories: &[Story], cards: &SourceCards) -> Vec<u8> {
    let mut feed = json!({
        "version": "https://jsonfeed.org/version/1.1",
        "title": site.title.as_str(),
        "home_page_url": site.home.as_str(),
        "feed_url": site.json_url().as_str(),
        "description": site.subtitle.as_str(),
        "authors": [{ "name": site.author.as_str() }],
        "items": stories.iter().map(|story| item(&Entry::of(site, story, cards), site)).collect::<Vec<_>>(),
    });
    if let Some(feed) = feed.as_object_mut().filter(|_| site.subtitle.is_empty()) {
        feed.shift_remove("description");
    }
    let mut bytes = feed.to_string().into_bytes();
    bytes.push(b'\n');
    bytes
}

fn item(entry: &Entry<'_>, site: &Site) -> Value {
    let first = entry.arranged.first;
    let mut item = Map::new();
    let mut put = |key: &str, value: Value| drop(item.insert(key.to_owned(), value));
    put("id", json!(entry.id));
    put("url", json!(entry.address));
    put("title", json!(first.title.as_str()));
    // One of the two contents must be there, if only as an empty string.
    put("content_html", json!(entry.html));
    put("date_published", json!(entry.story.published.rfc3339()));
    put("date_modified", json!(entry.story.updated.rfc3339()));
    put("authors", entry.authors.iter().map(|name| json!({ "name": name })).collect());
    if let Some(language) = entry.language {
        put("language", json!(language));
    }
    if !entry.categories.is_empty() {
        put("tags", entry.categories.iter().map(|category| json!(category.term)).collect());
    }
    let files: Vec<Value> = first
        .enclosures
        .iter()
        .filter_map(|file| {
            let mut attached = json!({ "url": file.link.as_str(), "mime_type": file.media_type.as_ref()? });
            if let Some(bytes) = file.bytes {
                attached["size_in_bytes"] = json!(bytes);
            }
            Some(attached)
        })
        .collect();
    if !files.is_empty() {
        put("attachments", Value::Array(files));
    }
    let also_at: Vec<Value> = entry
        .arranged
        .others()
        .map(|copy| json!({ "name": copy.name.as_str(), "url": copy.item.link.as_ref().map(|link| link.as_str()) }))
        .collect();
    if !also_at.is_empty() {
        put("_watchfire", json!({ "about": site.about_url().as_str(), "also_at": also_at }));
    }
    Value::Object(item)
}
