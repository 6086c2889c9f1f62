//! What a story is about, as a row of labels.

use super::Html;
use crate::model::Story;

/// Labels in one row.
const LABELS_MAX: usize = 8;

/// The identifiers that the story is about; nothing where there is none.
pub(super) fn write_tags(html: &mut Html, story: &Story) {
    let tags: Vec<&str> = story.tags().into_iter().filter(|tag| tag.is_primary).map(|tag| tag.name.as_str()).collect();
    let is_roundup = story.first().is_roundup;
    if tags.is_empty() && !is_roundup {
        return;
    }
    html.wrap("ul", &[("class", "tags"), ("lang", "en")], |html| {
        if is_roundup {
            html.element("li", &[], "round-up");
        }
        for tag in tags.iter().take(LABELS_MAX) {
            html.element("li", &[], tag);
        }
        if let more @ 1.. = tags.len().saturating_sub(LABELS_MAX) {
            html.element("li", &[], &format!("{more} more"));
        }
    });
}
