//! The home page: what this is, the address of the feed, the operator's views, the newest stories by day.

use super::{Head, List, list, page};
use crate::{
    model::counted,
    render::{Feed, Format, Site, SourceCards, html::Html},
};

/// What the feed is, where its operator has no words of their own.
const PROMISE: &str = "Security news from many sources as one feed, each story once.";

/// The home page over the stories of the combined feed, newest first. `views` are the feeds that everybody may read beside it.
pub fn home(site: &Site, list: List<'_>, views: &[Feed], cards: &SourceCards) -> Vec<u8> {
    page(site, &Head { title: "", canonical: Some(&list.feed.page_url(site)), listed: true, feed: None }, |html| {
        write_lead(html, site, views, cards);
        list::write_days(html, site, list, "No stories yet. They appear here as soon as the first sources have answered.");
    })
}

fn write_lead(html: &mut Html, site: &Site, views: &[Feed], cards: &SourceCards) {
    html.wrap("section", &[("class", "lead")], |html| {
        html.element("h1", &[], if site.subtitle.is_empty() { PROMISE } else { site.subtitle.as_str() });
        html.wrap("div", &[("class", "feed")], |html| {
            let feed = site.feed_url();
            html.element("a", &[("href", feed.as_str())], feed.as_str());
            let sources = counted(cards.len(), "source", "sources");
            html.element("span", &[], &format!("{sources}, one feed: put this address into your reader."));
        });
        if !views.is_empty() {
            html.wrap("ul", &[("class", "views")], |html| {
                for view in views {
                    html.wrap("li", &[], |html| {
                        html.element("a", &[("href", view.page_url(site).as_str())], view.title.as_str());
                        html.element("a", &[("href", view.url(site, Format::Atom).as_str()), ("class", "many")], "feed");
                    });
                }
            });
        }
    });
}
