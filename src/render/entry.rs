//! A story as an entry of a feed, whatever the format: its text, its authors, its categories.

use std::{borrow::Cow, collections::HashSet};

use super::{
    Site, SourceCards,
    copies::{self, Arranged, Copy},
    html::Html,
    pictures, risk,
};
use crate::model::{Images, Link, Story, Text, is_xml_char};

/// What every format says of a story.
pub(super) struct Entry<'a> {
    /// The story.
    pub(super) story: &'a Story,
    /// Its copies, in order.
    pub(super) arranged: Arranged<'a>,
    /// Its name for ever.
    pub(super) id: Cow<'a, str>,
    /// Where to read it: at its publisher, else on our own page.
    pub(super) address: Cow<'a, str>,
    /// A language tag that formats allow.
    pub(super) language: Option<&'a str>,
    /// Never empty: who wrote it, else who published it.
    pub(super) authors: Vec<Cow<'a, str>>,
    /// What it is about.
    pub(super) categories: Vec<Category<'a>>,
    /// The sanitised text, then quiet lines: that it is about something known to be exploited, and the other copies.
    pub(super) html: String,
}

/// A term, and whose it is: a catalogue's or ours; a publisher's own term has no scheme.
pub(super) struct Category<'a> {
    pub(super) term: Cow<'a, str>,
    pub(super) scheme: Option<Cow<'a, str>>,
}

impl<'a> Entry<'a> {
    /// The entry of a story.
    pub(super) fn of(site: &Site, story: &'a Story, cards: &SourceCards) -> Self {
        let arranged = copies::arrange(story, cards);
        let first = arranged.first;
        let mut authors: Vec<Cow<'_, str>> =
            first.authors.iter().map(Text::as_str).filter(|name| !name.is_empty()).map(Cow::Borrowed).collect();
        if authors.is_empty() {
            authors.push(Cow::Owned(copies::voice_name(first, cards).as_str().to_owned()));
        }
        Self {
            story,
            id: allowed(&story.entry_id),
            address: match arranged.alternate {
                Some(link) => Cow::Borrowed(link.as_str()),
                None => Cow::Owned(site.story_url(story.id).to_string()),
            },
            language: first.language.as_ref().map(Text::as_str).filter(|tag| is_language_tag(tag)),
            authors,
            categories: categories(site, story),
            html: html(site.images, story, &arranged),
            arranged,
        }
    }
}

/// A publisher's id without what XML forbids.
fn allowed(id: &str) -> Cow<'_, str> {
    if id.chars().all(is_xml_char) { Cow::Borrowed(id) } else { Cow::Owned(id.chars().filter(|c| is_xml_char(*c)).collect()) }
}

/// What the story is about, in the catalogues' own names, then its publisher's terms. What a text merely mentions is left out: it may
/// come from a side bar.
fn categories<'a>(site: &Site, story: &'a Story) -> Vec<Category<'a>> {
    let tags = story.tags().into_iter().filter(|tag| tag.is_primary);
    let mut categories: Vec<_> =
        tags.map(|tag| Category { term: Cow::Borrowed(tag.name.as_str()), scheme: Some(Cow::Borrowed(tag.catalogue.scheme())) }).collect();
    let labels = story.first().is_roundup.then_some("roundup").into_iter().chain(story.risk.labels());
    categories.extend(labels.map(|label| Category { term: Cow::Borrowed(label), scheme: Some(Cow::Owned(site.tags_url().to_string())) }));
    let terms = story.first().categories.iter().map(Text::as_str).filter(|term| !term.is_empty());
    categories.extend(terms.map(|term| Category { term: Cow::Borrowed(term), scheme: None }));
    categories
}

fn html(images: Images, story: &Story, arranged: &Arranged<'_>) -> String {
    let mut html = Html::new();
    html.safe(&pictures::in_entry(images, arranged.body));
    let is_chinese = arranged.first.language.as_ref().is_some_and(|tag| tag.as_str().starts_with("zh"));
    if let Some(known) = story.risk.exploited() {
        html.wrap("p", &[], |html| html.element("small", &[], &risk::exploited(known, is_chinese)));
    }
    also_at(&mut html, arranged, is_chinese);
    html.finish()
}

/// Other places where the story stands, each once: sources overlap.
fn also_at(html: &mut Html, arranged: &Arranged<'_>, is_chinese: bool) {
    let mut told: HashSet<&str> = arranged.alternate.map(Link::as_str).into_iter().collect();
    let mut others: Vec<&Copy<'_>> = Vec::new();
    for copy in arranged.others() {
        if told.insert(copy.item.link.as_ref().map_or(copy.name.as_str(), Link::as_str)) {
            others.push(copy);
        }
    }
    if others.is_empty() {
        return;
    }
    html.wrap("p", &[], |html| {
        html.wrap("small", &[], |html| {
            html.text(if is_chinese { "亦见于：" } else { "Also at: " });
            for (index, copy) in others.iter().enumerate() {
                if index > 0 {
                    html.text(if is_chinese { "、" } else { ", " });
                }
                match &copy.item.link {
                    Some(address) => html.element("a", &[("href", address.as_str())], copy.name.as_str()),
                    None => html.text(copy.name.as_str()),
                }
                let day = copy.item.dated().rfc3339();
                html.text(&format!(" ({})", &day[..10]));
            }
        });
    });
}

/// RFC 4287 section 2: language tags as RFC 3066 writes them.
fn is_language_tag(tag: &str) -> bool {
    tag.split('-').enumerate().all(|(index, part)| {
        (1..=8).contains(&part.len()) && part.bytes().all(|b| if index == 0 { b.is_ascii_alphabetic() } else { b.is_ascii_alphanumeric() })
    })
}

#[cfg(test)]
mod tests {
    use super::{allowed, is_language_tag};

    #[test]
    fn only_what_formats_allow_is_written() {
        for (tag, wanted) in
            [("zh-Hans", true), ("en", true), ("en-419", true), ("", false), ("zh_CN", false), ("1a", false), ("en-", false)]
        {
            assert_eq!(is_language_tag(tag), wanted, "{tag}");
        }
        assert_eq!(allowed("urn:x\u{1}:网"), "urn:x:网");
    }
}
