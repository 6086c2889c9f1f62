//! RSS 2.0, for readers that know nothing else.

use std::collections::BTreeMap;

use super::{
    Feed, Format, GENERATOR, Site, SourceCards,
    entry::Entry,
    feed::{HISTORY, Sample},
};
use crate::model::{Enclosure, Story, ZonedTime};

/// A story as an `item` element; its text is in `content:encoded`.
pub(super) fn entry(site: &Site, story: &Story, cards: &SourceCards) -> String {
    let document = written(&rss::Channel { items: vec![item(&Entry::of(site, story, cards))], ..rss::Channel::default() });
    Sample { document: &document, element: "item" }.entry()
}

/// A feed without its items: what is before them, and what is behind.
pub(super) fn frame(site: &Site, feed: &Feed) -> (String, String) {
    let link = |relation: &str, href: String| rss::extension::atom::Link {
        rel: relation.to_owned(),
        href,
        mime_type: Some(Format::Rss.media_type().to_owned()),
        ..rss::extension::atom::Link::default()
    };
    let mut links = vec![link("self", feed.url(site, Format::Rss).to_string())];
    links.extend(feed.part_urls(site, Format::Rss).map(|(relation, address)| link(relation, address.to_string())));
    let description = if feed.subtitle.is_empty() { &feed.title } else { &feed.subtitle };
    let mut namespaces = BTreeMap::new();
    let mut extensions = rss::extension::ExtensionMap::new();
    if feed.is_archive {
        let mark = rss::extension::Extension { name: "fh:archive".to_owned(), ..rss::extension::Extension::default() };
        namespaces.insert("fh".to_owned(), HISTORY.to_owned());
        extensions.insert("fh".to_owned(), BTreeMap::from([("archive".to_owned(), vec![mark])]));
    }
    let document = written(&rss::Channel {
        namespaces,
        extensions,
        title: feed.title.to_string(),
        link: feed.page_url(site).to_string(),
        description: description.to_string(),
        last_build_date: Some(rfc2822(ZonedTime::utc(feed.updated))),
        generator: Some(format!("{} {}", GENERATOR.0, GENERATOR.1)),
        docs: Some("https://www.rssboard.org/rss-specification".to_owned()),
        atom_ext: Some(rss::extension::atom::AtomExtension { links }),
        // Its parts make the crate declare every namespace that items use.
        items: vec![rss::Item {
            content: Some(String::new()),
            dublin_core_ext: Some(rss::extension::dublincore::DublinCoreExtension {
                creators: vec![String::new()],
                ..rss::extension::dublincore::DublinCoreExtension::default()
            }),
            ..rss::Item::default()
        }],
        ..rss::Channel::default()
    });
    Sample { document: &document, element: "item" }.frame()
}

fn written(channel: &rss::Channel) -> String {
    let bytes = channel.write_to(Vec::new()).expect("writing to memory does not fail");
    String::from_utf8(bytes).expect("only text was written")
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
