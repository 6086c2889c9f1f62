//! The page for readers and publishers: what this is, who asks, how often, how to slow it down or stop it.

use super::{Head, page, words};
use crate::{
    model::{Link, Text, Timestamp, counted},
    render::{Feed, Format, Site, SourceCards, html::Html},
};

/// The about page, with the sources that may be named.
pub fn about(site: &Site, cards: &SourceCards) -> Vec<u8> {
    page(site, &Head { title: "About", canonical: Some(&site.about_url()), listed: true, feed: None }, |html| {
        html.wrap("div", &[("class", "prose")], |html| {
            html.element("h1", &[], "About this feed");
            write_for_readers(html, site, cards);
            write_for_publishers(html, site);
        });
    })
}

fn write_for_readers(html: &mut Html, site: &Site, cards: &SourceCards) {
    html.element("h2", &[], "For readers");
    html.wrap("p", &[], |html| {
        let sources = counted(cards.len(), "source", "sources");
        html.text(&format!("{} reads {sources} and publishes them as one feed: ", site.title));
        let feed = site.feed_url();
        html.element("a", &[("href", feed.as_str())], feed.as_str());
        html.text(
            ". When several sources carry the same text, it stands there once; the story's page lists every copy and says why it was taken \
             for the same. Stories that merely report the same event stay apart.",
        );
    });
    html.wrap("p", &[], |html| {
        let combined = Feed::combined(site, Timestamp::default());
        html.text("The same feed for other readers: ");
        html.element("a", &[("href", combined.url(site, Format::Rss).as_str())], "RSS");
        html.text(", ");
        html.element("a", &[("href", combined.url(site, Format::Json).as_str())], "JSON Feed");
        html.text(". Its sources as a list: ");
        html.element("a", &[("href", site.opml_url().as_str())], "OPML");
        html.text(". All feeds of this site as a list: ");
        html.element("a", &[("href", site.views_opml_url().as_str())], "OPML");
        html.text(".");
    });
    html.element(
        "p",
        &[],
        "A story keeps its id for ever, and its date moves only when its text changes: a reader shows it once. These pages load nothing from \
         anywhere else, no pictures and no scripts, so a publisher cannot see who reads here.",
    );
}

fn write_for_publishers(html: &mut Html, site: &Site) {
    let manners = &site.manners;
    html.element("h2", &[], "For publishers");
    html.element("p", &[], "If you came here from a log file: a person follows your feed with this program. It asks for the feed alone, never for your pages or pictures, and calls itself");
    html.wrap("p", &[], |html| html.element("code", &[("class", "agent")], &manners.user_agent));
    if let Some(contact) = &manners.contact {
        html.wrap("p", &[], |html| {
            html.text("Whoever runs it can be reached at ");
            write_contact(html, contact);
            html.text(".");
        });
    }
    let usual = words::distance(manners.interval);
    let least = words::distance(manners.interval_min);
    let robots = if manners.robots {
        "It reads your robots.txt once a day and obeys what it says to watchfire, or else to everybody."
    } else {
        "It does not read robots.txt, which speaks to programs that follow links: it asks for the one address that a person gave it."
    };
    let rules = [
        format!("It asks about once in {usual}, never more often than once in {least}, and one request at a time for each host."),
        "It sends your ETag and Last-Modified back as they came: an unchanged feed costs you a 304. It accepts gzip and Brotli.".to_owned(),
        "To slow it down, send Cache-Control max-age, or ttl, skipHours, skipDays or sy:updatePeriod in the feed: it comes back no sooner, up to a day apart.".to_owned(),
        "To make it wait, answer 429 or 503 with Retry-After. After failures it waits longer each time, up to a day.".to_owned(),
        robots.to_owned(),
        "To stop it, answer 410 Gone: it never asks for that address again. To move it, answer 301 or 308.".to_owned(),
    ];
    html.wrap("ul", &[], |html| {
        for rule in &rules {
            html.element("li", &[], rule);
        }
    });
    html.element("p", &[], "Every story leads to your page first, under your name. Your text is cleaned of scripts, forms and trackers and is not changed otherwise.");
}

fn write_contact(html: &mut Html, contact: &str) {
    let contact = contact.strip_prefix("mailto:").unwrap_or(contact);
    let is_mail = contact.contains('@') && contact.chars().all(|c| c.is_ascii_alphanumeric() || "@.-_+".contains(c));
    if let Ok(link) = Link::parse(contact) {
        html.element("a", &[("href", link.as_str())], link.as_str());
    } else if is_mail {
        html.element("a", &[("href", &format!("mailto:{contact}"))], contact);
    } else {
        html.text(Text::line(contact, 200).as_str());
    }
}
