//! From a story to what the index keeps of it.

use std::collections::HashSet;

use tantivy::TantivyDocument;
use xxhash_rust::xxh3::xxh3_64;

use super::fields::Fields;
use crate::{
    clean,
    model::{Item, Story, StoryId, primary_language},
};

/// Text of one story that is indexed; what follows is not found.
const TEXT_BYTES_MAX: usize = 512 << 10;

/// The label of a story that lists many vulnerabilities.
const ROUNDUP: &str = "roundup";

/// The document of a story that has this number.
pub(super) fn document(fields: &Fields, number: u64, story: &Story) -> TantivyDocument {
    let mut document = TantivyDocument::new();
    let (high, low) = halves(story.id);
    document.add_u64(fields.number, number);
    document.add_u64(fields.id_high, high);
    document.add_u64(fields.id_low, low);
    document.add_i64(fields.published, story.published.at().as_millis().div_euclid(1000));
    document.add_i64(fields.updated, story.updated.at().as_millis());
    let items = || story.members.iter().map(|member| &member.item);
    for title in distinct(items().map(|item| item.title.as_str())) {
        document.add_text(fields.title, title);
    }
    for source in distinct(items().map(|item| item.source.as_str())) {
        document.add_text(fields.source, source);
    }
    for language in distinct(items().filter_map(|item| item.language.as_ref()).map(|language| primary_language(language.as_str()))) {
        document.add_text(fields.language, language.to_lowercase());
    }
    for tag in story.tags().into_iter().filter(|tag| tag.is_primary) {
        document.add_text(fields.tag, tag.name.to_lowercase());
    }
    if story.first().is_roundup {
        document.add_text(fields.tag, ROUNDUP);
    }
    for label in story.risk.all_labels() {
        document.add_text(fields.tag, label);
    }
    document.add_text(fields.text, text(items()));
    document
}

/// Everything that can be searched, one line for each thing that is said: copies say most of it again, and it counts once.
fn text<'a>(items: impl Iterator<Item = &'a Item>) -> String {
    let mut seen = HashSet::new();
    let mut text = String::new();
    let mut add = |line: &str| {
        if text.len() + line.len() < TEXT_BYTES_MAX && seen.insert(xxh3_64(line.as_bytes())) {
            text.push_str(line);
            text.push('\n');
        }
    };
    for item in items {
        add(item.title.as_str());
        clean::plain(item.body.as_str()).lines().for_each(&mut add);
        item.authors.iter().chain(&item.categories).for_each(|words| add(words.as_str()));
        item.tags.iter().for_each(|tag| add(&tag.name));
        if let Some(title) = item.origin.as_ref().and_then(|origin| origin.title.as_deref()) {
            add(title);
        }
    }
    text
}

/// The two halves of a story's id.
pub(super) fn halves(id: StoryId) -> (u64, u64) {
    let bytes = u128::from_be_bytes(*id.first().digest().as_bytes());
    ((bytes >> 64) as u64, bytes as u64)
}

/// Each value once, in the order of their first.
fn distinct<'a>(values: impl Iterator<Item = &'a str>) -> impl Iterator<Item = &'a str> {
    let mut seen = HashSet::new();
    values.filter(move |value| seen.insert(*value))
}
