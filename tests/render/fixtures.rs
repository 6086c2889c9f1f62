//! A site, its sources, and stories to render.

#[path = "../support/site.rs"]
mod site;

use std::time::Duration;

use watchfire::{
    model::{
        Cadence, Item, JoinRule, Joined, Link, LinkKey, Member, NativeId, Risk, SafeHtml, Source, SourceId, Story, StoryId, Text,
        Timestamp, ZonedTime,
    },
    render::{self, Feed, Format, Manners, Site, SourceCard, SourceCards},
};

/// 2024-09-13T00:00:00+08:00.
pub const MIDNIGHT: i64 = 1_726_156_800;

pub fn site() -> Site {
    let own = site::site();
    Site {
        subtitle: Text::line("Each story once", 80),
        timezone: chrono_tz::Asia::Shanghai,
        manners: Manners { contact: Some("ops@example.org".to_owned()), ..own.manners.clone() },
        ..own
    }
}

pub fn link(text: &str) -> Link {
    Link::parse(text).expect(text)
}

pub fn source_id(text: &str) -> SourceId {
    SourceId::parse(text).expect(text)
}

/// An item of `source` that was published `hours` after midnight.
pub fn item(source: &str, title: &str, address: Option<&str>, hours: i64) -> Item {
    let published = ZonedTime::new(Timestamp::from_secs(MIDNIGHT + hours * 3600), 480);
    Item {
        link: address.map(link),
        key: address.map(|address| LinkKey::new(address.trim_start_matches("https://").to_owned())),
        published: Some(published),
        language: Some(Text::line("zh-Hans", 20)),
        body: SafeHtml::vouched("<p>正文 &amp; more</p>".to_owned()),
        ..Item::titled(source_id(source), NativeId::new(format!("{title} {hours}")), Text::line(title, 300), published.at())
    }
}

pub fn story(items: Vec<Item>) -> Story {
    let first = &items[0];
    let (id, published) = (StoryId::opened_by(first.id), first.dated());
    let joined = |index: usize, item: &Item| {
        (index > 0).then_some(Joined { rule: JoinRule::SameText, text_score: Some(0.93), title_score: None, at: item.first_seen })
    };
    let members =
        items.into_iter().enumerate().map(|(index, item)| Member { joined: joined(index, &item), item, declared: Vec::new() }).collect();
    Story { id, entry_id: format!("urn:x-test:{id}"), published, updated: published, risk: Risk::default(), members }
}

pub fn cards() -> SourceCards {
    let mut cards = SourceCards::default();
    for (id, name) in [("anquanke", "安全客"), ("freebuf", "FreeBuf"), ("seeds", "seeds")] {
        cards.insert(source_id(id), SourceCard::named(Text::line(name, 80)));
    }
    cards
}

/// A configured source as the configuration would give it.
pub fn source(id: &str, url: &str, private: bool) -> Source {
    Source { private, ..Source::new(source_id(id), link(url), Cadence::Every(Duration::from_secs(3600))) }
}

pub fn parsed(feed: &[u8]) -> feed_rs::model::Feed {
    feed_rs::parser::parse(feed).expect("a feed")
}

/// The combined feed of stories.
pub fn written(format: Format, stories: &[Story], cards: &SourceCards) -> Vec<u8> {
    let entries: Vec<_> = stories.iter().map(|story| render::entry(&site(), story, cards, format).expect("sound")).collect();
    let newest = stories.iter().map(|story| story.updated.at()).max().unwrap_or(Timestamp::from_secs(MIDNIGHT));
    render::frame(&site(), &Feed::combined(&site(), newest), format).expect("sound").around(&entries)
}
