//! The feed of health: an entry an outage.

use std::cmp::Reverse;

use atom_syndication as atom;

use super::{
    Feed, Format, Site, SourceCard, SourceCards,
    atom::{date, link, plain, written},
    feed::{Sample, frame},
    html::Html,
    strict::{self, BadXml},
};
use crate::{
    health::{About, Outage},
    model::{SourceId, Text, Timestamp, ZonedTime},
};

/// Entries in the feed.
const ENTRIES_MAX: usize = 100;

/// The feed of health without its entries; an empty one is as old as time.
pub fn health_feed_of(site: &Site, outages: &[Outage]) -> Feed {
    let updated = outages.iter().map(|outage| outage.updated).max().unwrap_or_default();
    let title = Text::line(&format!("Health of the sources of {}", site.title), 300);
    Feed::named(site, title, ("", Feed::HEALTH.to_owned()), updated)
}

/// The outages that changed last, as Atom in UTF-8. The same arguments give the same bytes. A private source has its name here, and no
/// word of what its server said, nor its host.
pub fn health_feed(site: &Site, outages: &[Outage], cards: &SourceCards) -> Result<Vec<u8>, BadXml> {
    let mut newest: Vec<&Outage> = outages.iter().collect();
    newest.sort_by_key(|outage| Reverse(outage.revision));
    newest.truncate(ENTRIES_MAX);
    let entries: Vec<String> = newest.iter().map(|outage| entry(site, outage, cards)).collect::<Result<_, _>>()?;
    Ok(frame(site, &health_feed_of(site, outages), Format::Atom)?.around(&entries))
}

/// An outage in a line.
pub fn outage_title(outage: &Outage, cards: &SourceCards) -> String {
    match &outage.about {
        // A host that only private sources are on is as private as they are.
        About::Host { sources, .. } if !sources.iter().any(|source| is_open(source, cards)) => {
            let nameless = About::Host { name: "One host".to_owned(), sources: sources.clone() };
            Outage { about: nameless, ..(*outage).clone() }.title(|source| cards.name(source).to_owned())
        }
        _ => outage.title(|source| cards.name(source).to_owned()),
    }
}

/// An outage in sentences.
pub fn outage_sentences(outage: &Outage, cards: &SourceCards) -> Vec<String> {
    let may_quote = outage.about.sources().iter().all(|source| is_open(source, cards));
    outage.sentences(|source| cards.name(source).to_owned(), may_quote)
}

/// Where its page is: its source's place among all of them.
pub fn outage_url(site: &Site, outage: &Outage) -> String {
    let sources = site.sources_url();
    match &outage.about {
        About::Source(source) => format!("{sources}#{source}"),
        _ => sources.to_string(),
    }
}

fn entry(site: &Site, outage: &Outage, cards: &SourceCards) -> Result<String, BadXml> {
    let time = |at: Timestamp| date(ZonedTime::utc(at));
    let entry = atom::Entry {
        title: plain(Text::line(&outage_title(outage, cards), 300).as_str()),
        id: site.mint("outage", &format!("{} {}", outage.about.key(), outage.told.as_millis())),
        updated: time(outage.updated),
        published: Some(time(outage.told)),
        categories: vec![atom::Category { term: outage.verdict.as_str().to_owned(), ..atom::Category::default() }],
        links: vec![link("alternate", &outage_url(site, outage))],
        content: Some(atom::Content {
            value: Some(paragraphs(&outage_sentences(outage, cards))),
            content_type: Some("html".to_owned()),
            ..atom::Content::default()
        }),
        ..atom::Entry::default()
    };
    let document = written(&atom::Feed { entries: vec![entry], ..atom::Feed::default() });
    let entry = Sample { document: &document, element: "entry" }.entry();
    strict::check(entry.as_bytes())?;
    Ok(entry)
}

fn paragraphs(sentences: &[String]) -> String {
    let mut html = Html::new();
    sentences.iter().for_each(|sentence| html.element("p", &[], Text::line(sentence, 10_000).as_str()));
    html.finish()
}

fn is_open(source: &SourceId, cards: &SourceCards) -> bool {
    cards.get(source).is_some_and(|card| !SourceCard::is_private(card))
}
