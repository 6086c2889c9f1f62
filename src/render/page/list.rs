//! Stories by day: what the home page and the page of every selection show.

use chrono::NaiveDate;

use super::{Head, page, tags, words};
use crate::{
    model::{Story, Text, ZonedTime},
    render::{Feed, Format, Site, SourceCards, copies, html::Html},
};

/// Names of sources shown beside a title.
const NAMES_MAX: usize = 3;

/// Stories on a page of a feed, newest first.
#[derive(Debug, Clone, Copy)]
pub struct List<'a> {
    /// The feed that holds the same stories.
    pub feed: &'a Feed,
    /// The stories.
    pub stories: &'a [Listed<'a>],
}

/// A story as it stands in a list.
#[derive(Debug, Clone, Copy)]
pub struct Listed<'a> {
    /// When it last changed in substance.
    pub updated: ZonedTime,
    /// What [`line()`] wrote.
    pub line: &'a str,
}

/// The page of a selection of stories: its name, its feeds, its stories. `is_open` says whether everybody may read it.
pub fn selection(site: &Site, list: List<'_>, is_open: bool) -> Vec<u8> {
    let feed = list.feed;
    let head = Head { title: feed.title.as_str(), canonical: Some(&feed.page_url(site)), listed: false, feed: Some(feed) };
    page(site, &head, |html| {
        html.element("h1", &[("class", "heading")], feed.title.as_str());
        if !feed.subtitle.is_empty() {
            html.element("p", &[("class", "byline")], feed.subtitle.as_str());
        }
        html.wrap("p", &[("class", "byline")], |html| {
            for (format, name) in [(Format::Atom, "Atom"), (Format::Rss, "RSS"), (Format::Json, "JSON Feed")] {
                html.element("a", &[("href", feed.url(site, format).as_str())], name);
            }
            if !is_open {
                html.element("span", &[], "For those who have its token: a reader needs it at the end of the address, as ?token=…");
            }
        });
        write_days(html, site, list, "No stories yet. They appear here, and in the feed, as soon as there are any.");
    })
}

/// The stories by day, and the ways to older and newer ones; `none` stands where there are none.
pub(super) fn write_days(html: &mut Html, site: &Site, list: List<'_>, none: &str) {
    if list.stories.is_empty() {
        html.element("p", &[("class", "none")], none);
    }
    let mut rest = list.stories;
    while let Some(newest) = rest.first() {
        let day = words::day(newest.updated, site.timezone);
        let count = rest.iter().take_while(|story| words::day(story.updated, site.timezone) == day).count();
        let (today, older) = rest.split_at(count);
        write_day(html, (day, today));
        rest = older;
    }
    let ways: Vec<_> = list.feed.parts.iter().filter_map(|(relation, place)| Some((way(relation)?, *relation, place))).collect();
    if !ways.is_empty() {
        html.wrap("nav", &[("class", "byline"), ("aria-label", "Pages")], |html| {
            for (name, relation, place) in ways {
                html.element("a", &[("href", place.url(site, None).as_str()), ("rel", relation)], name);
            }
        });
    }
    if !list.stories.is_empty() {
        html.element("p", &[("class", "zone")], &format!("Times are those of {}.", site.timezone.name()));
    }
}

/// What a page calls another part of its feed, if people go there.
fn way(relation: &str) -> Option<&'static str> {
    match relation {
        "previous" => Some("Newer stories"),
        "next" => Some("Older stories"),
        _ => None,
    }
}

fn write_day(html: &mut Html, (day, stories): (NaiveDate, &[Listed<'_>])) {
    html.constant("\n");
    html.wrap("section", &[("class", "day")], |html| {
        html.element("h2", &[], &words::day_name(day));
        html.wrap("ol", &[], |html| stories.iter().for_each(|story| html.written(story.line)));
    });
}

/// A story as one `li` element: time, title, who tells it, what it is about.
pub fn line(site: &Site, story: &Story, cards: &SourceCards) -> String {
    let mut html = Html::new();
    html.wrap("li", &[("class", "story")], |html| write_story(html, site, story, cards));
    html.finish()
}

fn write_story(html: &mut Html, site: &Site, story: &Story, cards: &SourceCards) {
    let first = story.first();
    words::write_clock(html, story.updated, site.timezone);
    html.wrap("div", &[], |html| {
        html.wrap("h3", &[], |html| {
            let address = site.story_url(story.id);
            let language = first.language.as_ref().map_or("", Text::as_str);
            html.element("a", &[("href", address.as_str()), ("lang", language)], first.title.as_str());
        });
        let mut names: Vec<Text> = Vec::new();
        for member in &story.members {
            let name = copies::voice_name(&member.item, cards);
            if !names.contains(&name) {
                names.push(name);
            }
            // Counting stops where nobody reads on: a story with hundreds of copies costs no more than one with ten.
            if names.len() > 2 * NAMES_MAX {
                break;
            }
        }
        html.wrap("p", &[], |html| {
            let shown: Vec<&str> = names.iter().take(NAMES_MAX).map(Text::as_str).collect();
            html.text(&shown.join(" · "));
            if names.len() > NAMES_MAX {
                html.text(" …");
            }
            if story.members.len() > 1 {
                html.text(" ");
                html.element("span", &[("class", "many")], &format!("{} copies", story.members.len()));
            }
        });
        tags::write_tags(html, site, story);
    });
}
