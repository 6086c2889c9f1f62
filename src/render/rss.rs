//! Stories as an RSS 2.0 document, for readers that know nothing else.

use super::{GENERATOR, Site, SourceCards, entry, entry::Entry};
use crate::model::{Enclosure, Story, Timestamp, ZonedTime};

/// The feed of `stories`, newest first, as UTF-8 XML; the text of each is in `content:encoded`. The same arguments give the same bytes.
pub fn rss(site: &Site, stories: &[Story], cards: &SourceCards, changed_at: Timestamp) -> Vec<u8> {
    let description = if site.subtitle.is_empty() { &site.title } else { &site.subtitle };
    let channel = rss::Channel {
        title: site.title.to_string(),
        link: site.home.to_string(),
        description: description.to_string(),
        last_build_date: Some(rfc2822(ZonedTime::utc(entry::newest(stories, changed_at)))),
        generator: Some(format!("{} {}", GENERATOR.0, GENERATOR.1)),
        docs: Some("https://www.rssboard.org/rss-specification".to_owned()),
        atom_ext: Some(rss::extension::atom::AtomExtension {
            links: vec![rss::extension::atom::Link {
                rel: "self".to_owned(),
                href: site.rss_url().to_string(),
                mime_type: Some("application/rss+xml".to_owned()),
                ..rss::extension::atom::Link::default()
            }],
        }),
        items: stories.iter().map(|story| item(&Entry::of(site, story, cards))).collect(),
        ..rss::Channel::default()
    };
    let mut bytes = channel.write_to(Vec::new()).expect("writing to memory does not fail");
    bytes.push(b'\n');
    bytes
}

fn item(entry: &Entry<'_>) -> rss::Item {
    rss::Item {
        title: Some(entry.arranged.first.title.to_string()),
        link: Some(entry.address.to_string()),
        guid: Some(rss::Guid { value: entry.id.to_string(), permalink: false }),
        pub_date: Some(rfc2822(entry.story.published)),
        content: (!entry.html.is_empty()).then(|| entry.html.clone()),
        categories: entry
            .categories
            .iter()
            .map(|category| rss::Category { name: category.term.to_string(), domain: category.scheme.as_deref().map(str::to_owned) })
            .collect(),
        enclosure: entry.arranged.first.enclosures.iter().find_map(enclosure),
        dublin_core_ext: Some(rss::extension::dublincore::DublinCoreExtension {
            creators: entry.authors.iter().map(ToString::to_string).collect(),
            languages: entry.language.map(str::to_owned).into_iter().collect(),
            ..rss::extension::dublincore::DublinCoreExtension::default()
        }),
        ..rss::Item::default()
    }
}

/// All three attributes must be there (RSS 2.0); a length that nobody named is 0, as validators suggest.
fn enclosure(file: &Enclosure) -> Option<rss::Enclosure> {
    let mime_type = file.media_type.clone()?;
    Some(rss::Enclosure { url: file.link.to_string(), length: file.bytes.unwrap_or(0).to_string(), mime_type })
}

/// `Fri, 13 Sep 2024 00:00:00 +0800` (RFC 2822 section 3.3).
fn rfc2822(time: ZonedTime) -> String {
    time.to_chrono().to_rfc2822()
}
