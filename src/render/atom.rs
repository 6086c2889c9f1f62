//! Atom (RFC 4287).

use std::{borrow::Cow, collections::BTreeMap};

use atom_syndication as atom;

use super::{
    Feed, Format, GENERATOR, Site, SourceCard, SourceCards,
    copies::{self, Arranged},
    entry::{Category, Entry},
    feed::{HISTORY, Sample},
};
use crate::model::{Enclosure, Item, Link, Story, Text, Timestamp, ZonedTime, is_xml_char};

/// A story as an `entry` element.
pub(super) fn entry(site: &Site, story: &Story, cards: &SourceCards) -> String {
    let document = written(&atom::Feed { entries: vec![write_entry(site, story, cards)], ..atom::Feed::default() });
    Sample { document: &document, element: "entry" }.entry()
}

/// A feed without its entries: what is before them, and what is behind.
pub(super) fn frame(site: &Site, feed: &Feed) -> (String, String) {
    let mut links = vec![
        typed("self", &feed.url(site, Format::Atom), Format::Atom.media_type()),
        typed("alternate", &feed.page_url(site), "text/html"),
    ];
    links.extend(feed.part_urls(site, Format::Atom).map(|(relation, address)| typed(relation, &address, Format::Atom.media_type())));
    if feed.is_announced {
        links.extend(site.hubs.iter().map(|hub| link("hub", hub.as_str())));
    }
    let (namespaces, extensions) = archive_mark(feed.is_archive);
    let document = written(&atom::Feed {
        namespaces,
        extensions,
        title: plain(feed.title.as_str()),
        id: feed.id.clone(),
        updated: date(ZonedTime::utc(feed.updated)),
        authors: vec![person(site.author.as_str())],
        generator: Some(atom::Generator { value: GENERATOR.0.to_owned(), uri: None, version: Some(GENERATOR.1.to_owned()) }),
        links,
        subtitle: (!feed.subtitle.is_empty()).then(|| plain(feed.subtitle.as_str())),
        entries: vec![atom::Entry::default()],
        ..atom::Feed::default()
    });
    Sample { document: &document, element: "entry" }.frame()
}

/// What says that a feed is a volume of the archive: the declaration of the name space, and the element.
fn archive_mark(is_archive: bool) -> (BTreeMap<String, String>, atom::extension::ExtensionMap) {
    if !is_archive {
        return Default::default();
    }
    let mark = atom::extension::Extension { name: "fh:archive".to_owned(), ..atom::extension::Extension::default() };
    let marks = BTreeMap::from([("archive".to_owned(), vec![mark])]);
    (BTreeMap::from([("fh".to_owned(), HISTORY.to_owned())]), BTreeMap::from([("fh".to_owned(), marks)]))
}

pub(super) fn written(feed: &atom::Feed) -> String {
    // The crate's own declaration leaves the encoding out.
    let declaration = b"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n".to_vec();
    let bare = atom::WriteConfig { write_document_declaration: false, indent_size: None };
    let bytes = feed.write_with_config(declaration, bare).expect("writing to memory does not fail");
    String::from_utf8(bytes).expect("only text was written")
}

/// One story. It carries its own authors and its source, so that nobody takes this feed for the author (RFC 4287 section 4.2.11).
fn write_entry(site: &Site, story: &Story, cards: &SourceCards) -> atom::Entry {
    let Entry { arranged, id, language, authors, categories, html, .. } = Entry::of(site, story, cards);
    let language = language.map(str::to_owned);
    atom::Entry {
        title: atom::Text { lang: language.clone(), ..plain(arranged.first.title.as_str()) },
        id: id.into_owned(),
        updated: date(story.updated),
        authors: authors.iter().map(|name| person(name)).collect(),
        categories: categories
            .into_iter()
            .map(|Category { term, scheme }| atom::Category { term: term.into_owned(), scheme: scheme.map(Cow::into_owned), label: None })
            .collect(),
        links: links(site, story, &arranged, cards),
        published: Some(date(story.published)),
        source: Some(source(site, arranged.first, cards)),
        content: (!html.is_empty()).then(|| atom::Content {
            lang: language,
            value: Some(html),
            content_type: Some("html".to_owned()),
            ..atom::Content::default()
        }),
        ..atom::Entry::default()
    }
}

/// Where it is, who else has it, what it cites, where it was met first, what is attached; no address twice.
fn links(site: &Site, story: &Story, arranged: &Arranged<'_>, cards: &SourceCards) -> Vec<atom::Link> {
    let own_page = site.story_url(story.id);
    let mut links = vec![link("alternate", arranged.alternate.unwrap_or(&own_page).as_str())];
    for copy in arranged.others() {
        if let Some(address) = &copy.item.link
            && !links.iter().any(|known| known.href == address.as_str())
        {
            links.push(atom::Link { title: Some(copy.name.as_str().to_owned()), ..link("related", address.as_str()) });
        }
    }
    links.extend(arranged.cited.iter().map(|cited| atom::Link { title: Some(cited.host()), ..link("related", cited.as_str()) }));
    if let Some(url) = cards.get(&arranged.first.source).and_then(SourceCard::shown_url) {
        links.push(atom::Link { title: Some(cards.name(&arranged.first.source).to_owned()), ..link("via", url) });
    }
    links.extend(arranged.first.enclosures.iter().map(enclosure));
    links
}

fn enclosure(file: &Enclosure) -> atom::Link {
    atom::Link {
        mime_type: file.media_type.as_deref().map(|kind| Text::line(kind, 100).as_str().to_owned()).filter(|kind| is_media_type(kind)),
        length: file.bytes.map(|bytes| bytes.to_string()),
        ..link("enclosure", file.link.as_str())
    }
}

/// The feed an entry was copied from: the one that the entry itself names as its origin, else the source we read.
fn source(site: &Site, item: &Item, cards: &SourceCards) -> atom::Source {
    let card = cards.get(&item.source);
    // What a private source names as its origin may be its own address.
    let origin = item.origin.as_ref();
    let origin_link = origin.filter(|_| !is_private(item, card)).and_then(|origin| origin.link.as_ref());
    let origin_id = origin.filter(|_| !is_private(item, card)).and_then(|origin| origin.id.as_deref());
    let own_link = card.and_then(SourceCard::shown_url).map(str::to_owned);
    let title = copies::voice_name(item, cards);
    let (id, self_link) = match origin {
        Some(_) => {
            let id = origin_id.filter(|id| is_absolute_iri(id)).map(str::to_owned).or_else(|| origin_link.map(Link::to_string));
            (id.unwrap_or_else(|| site.mint("origin", title.as_str())), origin_link.map(Link::to_string))
        }
        None => {
            let id = card.and_then(SourceCard::feed_id).filter(|id| is_absolute_iri(id)).map(str::to_owned);
            (id.unwrap_or_else(|| site.mint("source", item.source.as_str())), own_link)
        }
    };
    let home = card.filter(|_| origin.is_none()).and_then(SourceCard::site);
    atom::Source {
        title: plain(title.as_str()),
        id,
        // The source as it stood when it carried this item; its own date moves with every poll and would change old entries.
        updated: date(item.updated.unwrap_or_else(|| item.dated())),
        links: self_link
            .map(|address| link("self", &address))
            .into_iter()
            .chain(home.map(|address| link("alternate", address.as_str())))
            .collect(),
        ..atom::Source::default()
    }
}

/// Whether an item's source must not be recognised by any address. Documents have no address at all.
fn is_private(item: &Item, card: Option<&SourceCard>) -> bool {
    item.document.is_none() && card.is_none_or(SourceCard::is_private)
}

pub(super) fn plain(text: &str) -> atom::Text {
    atom::Text { value: text.to_owned(), ..atom::Text::default() }
}

fn person(name: &str) -> atom::Person {
    atom::Person { name: name.to_owned(), ..atom::Person::default() }
}

pub(super) fn link(rel: &str, href: &str) -> atom::Link {
    atom::Link { href: href.to_owned(), rel: rel.to_owned(), ..atom::Link::default() }
}

fn typed(rel: &str, href: &Link, mime_type: &str) -> atom::Link {
    atom::Link { mime_type: Some(mime_type.to_owned()), ..link(rel, href.as_str()) }
}

/// A date in whole seconds, with the offset it was published with.
pub(super) fn date(time: ZonedTime) -> atom::FixedDateTime {
    let seconds = Timestamp::from_secs(time.at().as_secs());
    ZonedTime::new(seconds, time.offset_minutes()).to_chrono()
}

/// Whether a publisher's id can stand as an IRI: a scheme, a colon, and neither spaces nor characters that XML forbids.
fn is_absolute_iri(id: &str) -> bool {
    let Some((scheme, rest)) = id.split_once(':') else { return false };
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    is_scheme && !rest.is_empty() && id.len() <= 2048 && id.chars().all(|c| is_xml_char(c) && !c.is_whitespace() && !c.is_control())
}

fn is_media_type(text: &str) -> bool {
    text.split_once('/').is_some_and(|(kind, rest)| !kind.is_empty() && !rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{is_absolute_iri, is_media_type};

    #[test]
    fn only_what_the_format_allows_is_written() {
        for (id, wanted) in [
            ("https://example.com/?p=1", true),
            ("tag:example.com,2024:1", true),
            ("urn:网安", true),
            ("12345", false),
            ("a b:c", false),
            ("http:", false),
            ("://x", false),
            ("http://example.com/a b", false),
            ("", false),
        ] {
            assert_eq!(is_absolute_iri(id), wanted, "{id}");
        }
        assert!(is_media_type("audio/mpeg") && !is_media_type("audio") && !is_media_type("/"));
    }
}
