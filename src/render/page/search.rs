//! The search page: a box, what can be typed into it, and what was found.

use super::{Head, List, list, page};
use crate::{
    model::counted,
    render::{Feed, Format, Site, html::Html},
    view::Total,
};

/// What was searched for.
#[derive(Debug, Clone, Copy)]
pub struct Searched<'a> {
    /// As it was typed; empty before anything was.
    pub text: &'a str,
    /// Whether what fits best comes first, instead of the newest.
    pub is_best_first: bool,
    /// Whether nothing said the words in a row, so that these are the stories that say them apart.
    pub is_loosened: bool,
    /// What was meant as a filter and taken as words.
    pub misread: &'a [String],
    /// Stories that were found.
    pub total: Total,
    /// Characters that are read of it.
    pub chars_max: usize,
}

/// What can be typed, and what it finds.
const SYNTAX: [(&str, &str); 7] = [
    ("lazarus group", "stories that say both words; Chinese needs no spaces"),
    ("\"lazarus group\"", "the words in a row"),
    ("xz -backdoor", "the one without the other"),
    ("qilin OR akira", "one of them"),
    ("CVE-2024-3094", "what is about a vulnerability, or mentions it"),
    ("title:exchange  source:krebs  lang:zh  tag:CWE-79", "only in titles, of a source, in a language, about what is tagged"),
    ("after:2026-01-31  before:2026-03", "by the day of publication"),
];

/// The page over the stories that were found.
pub fn search(site: &Site, list: List<'_>, searched: Searched<'_>) -> Vec<u8> {
    let feed = Some(list.feed).filter(|_| !searched.text.is_empty());
    let title = if searched.text.is_empty() { "Search" } else { searched.text };
    page(site, &Head { title, canonical: Some(&list.feed.page_url(site)), listed: false, feed }, |html| {
        html.element("h1", &[("class", "heading")], "Search");
        write_box(html, site, searched);
        match feed {
            None => write_syntax(html),
            Some(feed) => {
                write_misread(html, searched.misread);
                write_summary(html, site, (feed, searched));
                list::write_days(html, site, list, "No story says so.");
            }
        }
    })
}

fn write_box(html: &mut Html, site: &Site, searched: Searched<'_>) {
    let Searched { text, is_best_first, chars_max, .. } = searched;
    // Without a host: a page may be read under another name than its public one, and its policy lets forms go nowhere else.
    let address = Feed::search_url(site, None).to_url();
    html.wrap("form", &[("class", "search"), ("role", "search"), ("action", address.path())], |html| {
        html.element("label", &[("for", "q")], "What stories say");
        let chars_max = chars_max.to_string();
        html.void("input", &[("type", "search"), ("id", "q"), ("name", "q"), ("value", text), ("maxlength", &chars_max)]);
        html.wrap("select", &[("name", "order"), ("aria-label", "Order")], |html| {
            for (value, name, is_chosen) in [("newest", "Newest first", !is_best_first), ("best", "Best first", is_best_first)] {
                let chosen: &[_] = if is_chosen { &[("value", value), ("selected", "")] } else { &[("value", value)] };
                html.element("option", chosen, name);
            }
        });
        html.element("button", &[], "Search");
    });
}

fn write_misread(html: &mut Html, misread: &[String]) {
    for term in misread {
        html.wrap("p", &[("class", "aside"), ("role", "status")], |html| {
            html.element("code", &[], term);
            html.text(" is looked for as words: a day is written 2026-01-31, 2026-01 or 2026, a language zh, a source as on its page.");
        });
    }
}

fn write_summary(html: &mut Html, site: &Site, (feed, searched): (&Feed, Searched<'_>)) {
    html.wrap("p", &[("class", "byline"), ("role", "status")], |html| {
        let found = match searched.total {
            Total::Exactly(0) => None,
            Total::Exactly(total) => Some(counted(total, "story", "stories")),
            Total::MoreThan(counted) => Some(format!("more than {counted} stories")),
        };
        if let Some(found) = found {
            let how = if searched.is_loosened { ": none says it in a row, these say its parts" } else { "" };
            html.element("span", &[], &(found + how));
        }
        for (format, name) in [(Format::Atom, "As a feed"), (Format::Rss, "RSS"), (Format::Json, "JSON Feed")] {
            html.element("a", &[("href", feed.url(site, format).as_str())], name);
        }
    });
}

fn write_syntax(html: &mut Html) {
    html.wrap("dl", &[("class", "syntax")], |html| {
        for (example, meaning) in SYNTAX {
            html.wrap("dt", &[], |html| html.element("code", &[], example));
            html.element("dd", &[], meaning);
        }
    });
}
