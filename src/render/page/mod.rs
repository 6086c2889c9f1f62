//! The daemon's own pages: server-rendered HTML with one inlined style sheet, no scripts, and nothing loaded from anywhere.

mod about;
mod edits;
mod home;
mod list;
mod notice;
mod plot;
mod search;
mod sources;
mod story;
mod tags;
mod talk;
mod words;

use std::sync::LazyLock;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

pub use self::{
    about::about,
    home::home,
    list::{List, Listed, line, selection},
    notice::{Notice, notice},
    search::{Searched, search},
    sources::{Sources, sources},
    story::story,
    talk::talk,
};
use super::{Feed, GENERATOR, Site, html::Html};
use crate::model::{Link, Timestamp};

/// The one style sheet.
const STYLE: &str = include_str!("style.css");

/// A beacon tower with its fire: the mark beside the name.
const MARK: &str = concat!(
    r#"<svg viewBox="0 0 32 32" aria-hidden="true"><path class="tower" d="M9.5 30 11 17h10l1.500 13zM8.500 14h15v3.200h-15z"/>"#,
    r#"<path class="flame" d="M16 1.500c.8 3.200 5 4.600 5 8.500 0 2.200-1.900 3.500-5 3.500S11 12.200 11 10c0-2 1.200-2.900 2-4.200.4 1 .9 1.500 1.500 1.700C14.300 5.300 15 3.200 16 1.500z"/>"#,
    r#"<path class="heart" d="M16.200 7.500c.4 1.300 1.900 2 1.900 3.600 0 1.200-.9 1.900-2.100 1.900s-2.100-.7-2.100-1.900c0-1.400 1.700-1.900 2.300-3.600z"/></svg>"#
);

/// The mark as an icon: a `data:` address, so that it costs no request.
const ICON: &str = concat!(
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E",
    "%3Cpath fill='%23786e63' d='M9.5 30 11 17h10l1.500 13zM8.500 14h15v3.200h-15z'/%3E",
    "%3Cpath fill='%23d9580d' d='M16 1.500c.8 3.200 5 4.600 5 8.500 0 2.200-1.900 3.500-5 3.500S11 12.200 11 10c0-2 1.200-2.900 2-4.200.4 1 .9 1.500 1.500 1.700",
    "C14.300 5.300 15 3.200 16 1.500z'/%3E%3C/svg%3E"
);

/// `Content-Security-Policy` of every page: our style sheet by its digest, our icon, our search, and nothing else. Whatever a publisher's
/// markup might still hold, a browser neither runs it nor asks anybody for it.
pub fn page_policy() -> &'static str {
    static POLICY: LazyLock<String> = LazyLock::new(|| {
        let digest = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
        format!(
            "default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        )
    });
    &POLICY
}

/// What stands in a page's head.
struct Head<'a> {
    /// Beside the site's name.
    title: &'a str,
    /// The page's own address; a page that stands for an error has none.
    canonical: Option<&'a Link>,
    /// Whether search engines may list it. A story's page is a copy: its publisher's own page is the one to be found.
    listed: bool,
    /// The feed that holds what the page shows, beside the combined one.
    feed: Option<&'a Feed>,
}

/// A whole page around what `main` writes.
fn page(site: &Site, head: &Head<'_>, main: impl FnOnce(&mut Html)) -> Vec<u8> {
    let mut html = Html::new();
    html.constant("<!doctype html>\n");
    html.wrap("html", &[("lang", "en")], |html| {
        html.wrap("head", &[], |html| write_head(html, site, head));
        html.constant("\n");
        html.wrap("body", &[], |html| {
            write_top(html, site);
            html.constant("\n");
            html.wrap("main", &[], main);
            html.constant("\n");
            write_foot(html, site);
        });
    });
    html.constant("\n");
    html.finish().into_bytes()
}

fn write_head(html: &mut Html, site: &Site, head: &Head<'_>) {
    html.void("meta", &[("charset", "utf-8")]);
    html.void("meta", &[("name", "viewport"), ("content", "width=device-width, initial-scale=1")]);
    html.void("meta", &[("name", "referrer"), ("content", "no-referrer")]);
    html.void("meta", &[("name", "generator"), ("content", &format!("{} {}", GENERATOR.0, GENERATOR.1))]);
    if !head.listed {
        html.void("meta", &[("name", "robots"), ("content", "noindex")]);
    }
    let name = site.title.as_str();
    html.element("title", &[], &if head.title.is_empty() { name.to_owned() } else { format!("{} · {name}", head.title) });
    let combined = Feed::combined(site, Timestamp::default());
    for feed in head.feed.into_iter().chain([&combined]) {
        for format in feed.formats() {
            let (kind, address) = (format.media_type(), feed.url(site, *format));
            html.void("link", &[("rel", "alternate"), ("type", kind), ("title", feed.title.as_str()), ("href", address.as_str())]);
        }
    }
    if let Some(own) = head.canonical {
        html.void("link", &[("rel", "canonical"), ("href", own.as_str())]);
    }
    let search = [("rel", "search"), ("type", "application/opensearchdescription+xml"), ("title", name)];
    html.void("link", &[search[0], search[1], search[2], ("href", site.opensearch_url().as_str())]);
    html.void("link", &[("rel", "icon"), ("href", ICON)]);
    html.constant("<style>");
    html.constant(STYLE);
    html.constant("</style>");
}

fn write_top(html: &mut Html, site: &Site) {
    html.wrap("header", &[("class", "top")], |html| {
        html.wrap("a", &[("class", "name"), ("href", site.home.as_str())], |html| {
            html.constant(MARK);
            html.element("span", &[], site.title.as_str());
        });
        html.wrap("nav", &[], |html| {
            html.element("a", &[("href", site.feed_url().as_str())], "Feed");
            html.element("a", &[("href", Feed::search_url(site, None).as_str())], "Search");
            html.element("a", &[("href", site.vulnerabilities_url().as_str())], "Vulnerabilities");
            html.element("a", &[("href", site.sources_url().as_str())], "Sources");
            html.element("a", &[("href", site.about_url().as_str())], "About");
        });
    });
}

fn write_foot(html: &mut Html, site: &Site) {
    html.wrap("footer", &[("class", "foot")], |html| {
        html.element("span", &[], &format!("{} {}", GENERATOR.0, GENERATOR.1));
        html.element("a", &[("href", site.about_url().as_str())], "For readers and publishers");
    });
}
