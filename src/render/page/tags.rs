//! What a story is about, as a row of labels.

use super::Html;
use crate::{
    model::{Link, Story},
    render::{Site, risk},
};

/// Labels in one row.
const LABELS_MAX: usize = 8;

/// The labels of the story and the identifiers that it is about; nothing where there is none.
pub(super) fn write_tags(html: &mut Html, site: &Site, story: &Story) {
    let tags: Vec<_> = story.tags().into_iter().filter(|tag| tag.is_primary).collect();
    let is_roundup = story.first().is_roundup;
    let mut labels = story.risk.labels().peekable();
    if tags.is_empty() && !is_roundup && labels.peek().is_none() {
        return;
    }
    html.wrap("ul", &[("class", "tags"), ("lang", "en")], |html| {
        for label in labels {
            write_label(html, &site.tag_url(label), &risk::label_name(label));
        }
        if is_roundup {
            write_label(html, &site.tag_url("roundup"), "round-up");
        }
        for tag in tags.iter().take(LABELS_MAX) {
            let page = if tag.catalogue.names_vulnerabilities() { site.vulnerability_url(&tag.name) } else { site.tag_url(&tag.name) };
            write_label(html, &page, &tag.name);
        }
        if let more @ 1.. = tags.len().saturating_sub(LABELS_MAX) {
            html.element("li", &[], &format!("{more} more"));
        }
    });
}

/// A label that leads to the stories that carry it.
fn write_label(html: &mut Html, page: &Link, name: &str) {
    html.wrap("li", &[], |html| html.element("a", &[("href", page.as_str())], name));
}
