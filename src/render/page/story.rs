//! A story's own page: title, text, every copy with its time and why it is here.

use super::{Head, edits, page, tags, words};
use crate::{
    model::{Item, JoinRule, Joined, Link, Story, Text, ZonedTime},
    render::{
        Site, SourceCards,
        copies::{self, Arranged, Copy},
        html::Html,
        pictures, risk,
    },
};

/// On every link that leads away from the daemon.
const AWAY: (&str, &str) = ("rel", "nofollow noopener noreferrer");

/// The page of one story. `versions` has those of each copy that say something different, newest first, as far as they are known.
pub fn story(site: &Site, story: &Story, versions: &[Vec<Item>], cards: &SourceCards) -> Vec<u8> {
    let arranged = copies::arrange(story, cards);
    let own = site.story_url(story.id);
    let title = arranged.first.title.as_str();
    page(site, &Head { title, canonical: Some(&own), listed: false, feed: None }, |html| {
        let language = arranged.first.language.as_ref().map_or("", Text::as_str);
        html.wrap("article", &[("class", "article"), ("lang", language)], |html| {
            html.element("h1", &[], title);
            write_byline(html, site, story, &arranged);
            tags::write_tags(html, site, story);
            write_risk(html, site, story);
            if let Some(link) = arranged.alternate {
                html.element(
                    "a",
                    &[("class", "go"), ("href", link.as_str()), ("lang", "en"), AWAY],
                    &format!("Read it at {} ↗", link.host()),
                );
            }
            if !arranged.body.is_empty() {
                // A wide table scrolls inside; who has no mouse must be able to go there.
                let reachable = [("class", "text"), ("tabindex", "0"), ("role", "region"), ("aria-label", "Text")];
                html.wrap("div", &reachable, |html| html.safe(&pictures::as_links(arranged.body)));
            }
        });
        write_copies(html, site, story, &arranged);
        edits::write_edits(html, site, &arranged, versions);
        let cited = arranged.cited.iter().map(|link| (link.as_str().to_owned(), *link));
        write_links(html, "It points to", &cited.collect::<Vec<_>>());
        let files = arranged.first.enclosures.iter().map(|file| (file_name(&file.link, file.bytes), &file.link));
        write_links(html, "Attached files", &files.collect::<Vec<_>>());
    })
}

fn write_byline(html: &mut Html, site: &Site, story: &Story, arranged: &Arranged<'_>) {
    html.wrap("p", &[("class", "byline")], |html| {
        html.element("span", &[], arranged.copies[0].name.as_str());
        let authors: Vec<&str> = arranged.first.authors.iter().map(Text::as_str).collect();
        if !authors.is_empty() && authors != [arranged.copies[0].name.as_str()] {
            html.element("span", &[], &authors.join(", "));
        }
        html.wrap("span", &[("lang", "en")], |html| words::write_time(html, story.published, site.timezone));
        // An older copy that joined later moves `published` back: that is no edit.
        if story.updated.at() > arranged.first.dated().at() {
            html.wrap("span", &[("lang", "en")], |html| {
                html.text("updated ");
                words::write_time(html, story.updated, site.timezone);
            });
        }
    });
}

/// What is known of each vulnerability that the story is about, and whether that moved it.
fn write_risk(html: &mut Html, site: &Site, story: &Story) {
    for (cve, threat) in story.risk.threats() {
        let sentences = risk::threat_sentences(threat).unwrap_or_default();
        html.element("p", &[("class", "aside"), ("lang", "en")], &format!("{cve}: {sentences}"));
    }
    if let Some(at) = story.risk.noticed {
        html.wrap("p", &[("class", "aside"), ("lang", "en")], |html| {
            html.text("Moved to the top when that became known here, ");
            words::write_time(html, ZonedTime::utc(at), site.timezone);
            html.text(".");
        });
    }
}

fn write_copies(html: &mut Html, site: &Site, story: &Story, arranged: &Arranged<'_>) {
    html.wrap("section", &[("class", "part copies")], |html| {
        html.element(
            "h2",
            &[],
            &match story.members.len() {
                1 => "One copy so far".to_owned(),
                count => format!("{count} copies, one story"),
            },
        );
        html.wrap("ul", &[], |html| {
            for copy in &arranged.copies {
                html.wrap("li", &[], |html| write_copy(html, site, copy, arranged));
            }
        });
        if let more @ 1.. = story.members.len() - arranged.copies.len() {
            html.element("p", &[], &format!("and {more} more"));
        }
    });
}

fn write_copy(html: &mut Html, site: &Site, copy: &Copy<'_>, arranged: &Arranged<'_>) {
    html.wrap("div", &[], |html| match &copy.item.link {
        Some(link) => html.element("a", &[("href", link.as_str()), AWAY], copy.name.as_str()),
        None => html.element("span", &[], copy.name.as_str()),
    });
    words::write_time(html, copy.item.dated(), site.timezone);
    if copy.item.title != arranged.first.title {
        let language = copy.item.language.as_ref().map_or("", Text::as_str);
        html.element("p", &[("lang", language)], copy.item.title.as_str());
    }
    html.element(
        "p",
        &[],
        &match copy.joined {
            Some(joined) => why(joined),
            None => "opened the story".to_owned(),
        },
    );
}

/// Why a copy joined, in words.
fn why(joined: &Joined) -> String {
    let rule = match joined.rule {
        JoinRule::Operator => return "put here by the operator".to_owned(),
        JoinRule::SameLink => "the same link",
        JoinRule::DeclaredOrigin => "one names the other as its origin",
        JoinRule::SameText => "the same text",
        JoinRule::LikeTextLikeTitle => "much of the same text under a like title",
        JoinRule::ContainedText => "one text inside the other under nearly the same title",
        JoinRule::SameTitle => "the same title within days",
    };
    let percent = |score: f32| format!("{:.0} %", f64::from(score.clamp(0.0, 1.0)) * 100.0);
    let mut why = format!("joined: {rule}");
    // Likeness had no say where a link decided.
    if matches!(joined.rule, JoinRule::SameLink | JoinRule::DeclaredOrigin) {
        return why;
    }
    for (score, what) in [(joined.text_score, "texts"), (joined.title_score, "titles")] {
        if let Some(score) = score {
            why.push_str(&format!(", {what} {} alike", percent(score)));
        }
    }
    why
}

fn write_links(html: &mut Html, heading: &str, links: &[(String, &Link)]) {
    if links.is_empty() {
        return;
    }
    html.wrap("section", &[("class", "part")], |html| {
        html.element("h2", &[], heading);
        html.wrap("ul", &[], |html| {
            for (name, link) in links {
                html.wrap("li", &[], |html| html.element("a", &[("href", link.as_str()), AWAY], name));
            }
        });
    });
}

fn file_name(link: &Link, bytes: Option<u64>) -> String {
    let url = link.to_url();
    let name = url
        .path_segments()
        .and_then(|mut segments| segments.next_back())
        .filter(|name| !name.is_empty())
        .unwrap_or(link.as_str())
        .to_owned();
    match bytes {
        Some(bytes @ 1..) => format!("{name} ({} kB)", bytes.div_ceil(1000)),
        _ => name,
    }
}
