//! JSON Feed 1.1.

use serde_json::{Map, Value, json};

use super::{Feed, Format, Site, SourceCards, entry::Entry};
use crate::model::Story;

/// A story as an item. Each copy beside the one that leads is in `_watchfire.also_at`.
pub(super) fn entry(site: &Site, story: &Story, cards: &SourceCards) -> String {
    item(&Entry::of(site, story, cards), site).to_string()
}

/// A feed without its items: what is before them, and what is behind.
pub(super) fn frame(site: &Site, feed: &Feed) -> (String, String) {
    let mut head = json!({
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title.as_str(),
        "home_page_url": feed.page_url(site).as_str(),
        "feed_url": feed.url(site, Format::Json).as_str(),
        "authors": [{ "name": site.author.as_str() }],
    });
    if !feed.subtitle.is_empty() {
        head["description"] = json!(feed.subtitle.as_str());
    }
    if let Some((_, next)) = feed.part_urls(site, Format::Json).find(|(relation, _)| *relation == "next") {
        head["next_url"] = json!(next.as_str());
    }
    let head = head.to_string();
    let open = head.strip_suffix('}').expect("an object");
    (format!("{open},\"items\":["), "]}".to_owned())
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
