//! Earlier versions of a story's copies, each with what was changed in it.

use super::words;
use crate::{
    clean,
    model::{Item, Text, counted},
    render::{
        Site,
        copies::Arranged,
        difference::{Budget, Fate, Passage, passage, passages},
        html::Html,
    },
};

/// Bytes of a version's text that are compared.
const TEXT_BYTES_MAX: usize = 64 << 10;

/// Words and signs that are compared for one page.
const WORDS_MAX: usize = 20_000;

/// Changed passages of one version that are shown.
const PASSAGES_MAX: usize = 40;

/// What was changed in the copies. `versions` has those of each copy, in the order of the copies, newest first; nothing is written where
/// every copy has one.
pub(super) fn write_edits(html: &mut Html, site: &Site, arranged: &Arranged<'_>, versions: &[Vec<Item>]) {
    if versions.iter().all(|versions| versions.len() < 2) {
        return;
    }
    let mut budget = Budget(WORDS_MAX);
    html.wrap("section", &[("class", "part edits")], |html| {
        html.element("h2", &[], "Earlier versions");
        for (copy, versions) in arranged.copies.iter().zip(versions) {
            for pair in versions.windows(2) {
                html.wrap("details", &[], |html| write_edit(html, (site, copy.name.as_str()), [&pair[1], &pair[0]], &mut budget));
            }
        }
    });
}

fn write_edit(html: &mut Html, (site, name): (&Site, &str), [older, newer]: [&Item; 2], budget: &mut Budget) {
    html.wrap("summary", &[], |html| {
        html.text(&format!("{name} changed it"));
        // A publisher that does not say when it edits leaves the date of the version before.
        if let Some(at) = newer.updated.filter(|at| older.updated != Some(*at)) {
            html.text(" ");
            words::write_time(html, at, site.timezone);
        }
    });
    let language = newer.language.as_ref().map_or("", Text::as_str);
    html.wrap("div", &[("lang", language)], |html| {
        if older.title != newer.title {
            html.wrap("h3", &[], |html| write_passage(html, &passage(older.title.as_str(), newer.title.as_str(), budget)));
        }
        let [before, after] = [older, newer].map(|version| clean::plain(clean::beginning(version.body.as_str(), TEXT_BYTES_MAX)));
        let passages = passages(&before, &after, budget);
        for passage in passages.iter().take(PASSAGES_MAX) {
            html.wrap("p", &[], |html| write_passage(html, passage));
        }
        if let more @ 1.. = passages.len().saturating_sub(PASSAGES_MAX) {
            html.element("p", &[("class", "many"), ("lang", "en")], &format!("and {} more", counted(more, "change", "changes")));
        }
        if passages.is_empty() && older.title == newer.title {
            html.element("p", &[("lang", "en")], "Where it leads to, or what stands far down in it.");
        }
    });
}

fn write_passage(html: &mut Html, passage: &Passage) {
    for (fate, text) in passage {
        match fate {
            Fate::Kept => html.text(text),
            Fate::Gone => html.element("del", &[], text),
            Fate::Come => html.element("ins", &[], text),
        }
    }
}
