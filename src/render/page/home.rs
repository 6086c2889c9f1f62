//! The home page: what this is, the address of the feed, the newest stories by day.

use chrono::NaiveDate;

use super::{Head, page, tags, words};
use crate::{
    model::{Story, Text},
    render::{Site, SourceCards, copies, html::Html},
};

/// What the feed is, where its operator has no words of their own.
const PROMISE: &str = "Security news from many sources as one feed, each story once.";

/// Names of sources shown beside a title.
const NAMES_MAX: usize = 3;

/// The home page over the same stories as the feed, newest first.
pub fn home(site: &Site, stories: &[Story], cards: &SourceCards) -> Vec<u8> {
    page(site, &Head { title: "", canonical: Some(&site.home), listed: true }, |html| {
        write_lead(html, site, cards);
        if stories.is_empty() {
            html.element("p", &[("class", "none")], "No stories yet. They appear here as soon as the first sources have answered.");
        }
        let mut rest = stories;
        while let Some(newest) = rest.first() {
            let day = words::day(newest.updated, site.timezone);
            let count = rest.iter().take_while(|story| words::day(story.updated, site.timezone) == day).count();
            let (today, older) = rest.split_at(count);
            write_day(html, site, (day, today), cards);
            rest = older;
        }
        if !stories.is_empty() {
            html.element("p", &[("class", "zone")], &format!("Times are those of {}.", site.timezone.name()));
        }
    })
}

fn write_lead(html: &mut Html, site: &Site, cards: &SourceCards) {
    html.wrap("section", &[("class", "lead")], |html| {
        html.element("h1", &[], if site.subtitle.is_empty() { PROMISE } else { site.subtitle.as_str() });
        html.wrap("div", &[("class", "feed")], |html| {
            let feed = site.feed_url();
            html.element("a", &[("href", feed.as_str())], feed.as_str());
            let sources = words::count_of(cards.len(), "source");
            html.element("span", &[], &format!("{sources}, one feed: put this address into your reader."));
        });
    });
}

fn write_day(html: &mut Html, site: &Site, (day, stories): (NaiveDate, &[Story]), cards: &SourceCards) {
    html.constant("\n");
    html.wrap("section", &[("class", "day")], |html| {
        html.element("h2", &[], &words::day_name(day));
        html.wrap("ol", &[], |html| {
            for story in stories {
                html.wrap("li", &[("class", "story")], |html| write_story(html, site, story, cards));
            }
        });
    });
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
        tags::write_tags(html, story);
    });
}
