//! Lists of feeds that other readers write: OPML 1.0 and 2.0, read as tolerantly as feeds are.

use super::{
    attributes::Attributes,
    encoding,
    tokens::{Kind, Tokens},
};
use crate::model::Text;

/// Subscriptions read from one list; what is beyond is left out.
const SUBSCRIPTIONS_MAX: usize = 50_000;

/// Folders inside folders whose names become tags.
const DEPTH_MAX: usize = 8;

/// Longest title, in characters.
const TITLE_CHARS_MAX: usize = 120;

/// Longest tag, in characters.
const TAG_CHARS_MAX: usize = 64;

/// A feed that a list names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Its name there.
    pub title: Option<Text>,
    /// Its address as written, which may be none.
    pub address: String,
    /// The folders that it lies in, from the outside, and its categories.
    pub tags: Vec<Text>,
}

/// A document has no outlines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a list of feeds: there is no `<outline>` in it")]
pub struct NotAList;

/// Reads every outline that has an address, in document order. Folders are outlines without one.
pub fn subscriptions(bytes: &[u8]) -> Result<Vec<Subscription>, NotAList> {
    let text = encoding::decode(bytes, encoding::Labels::default(), &mut Vec::new());
    let (mut found, mut folders, mut is_list) = (Vec::new(), Vec::<Option<Text>>::new(), false);
    for token in Tokens::new(&text, 0) {
        match token.kind {
            Kind::Start { name, attributes, is_empty } if name.eq_ignore_ascii_case("outline") => {
                is_list = true;
                let attributes = Attributes::read(attributes);
                let title = ["title", "text"].iter().find_map(|name| line(&attributes.get(name)?, TITLE_CHARS_MAX));
                let address = attributes.get("xmlUrl").map(|address| address.trim().to_owned()).filter(|address| !address.is_empty());
                let is_folder = address.is_none();
                if let Some(address) = address.filter(|_| found.len() < SUBSCRIPTIONS_MAX) {
                    found.push(Subscription { title: title.clone(), address, tags: tags(&folders, &attributes) });
                }
                if !is_empty {
                    folders.push(title.filter(|_| is_folder));
                }
            }
            Kind::End { name } if name.eq_ignore_ascii_case("outline") => {
                folders.pop();
            }
            _ => {}
        }
    }
    if is_list { Ok(found) } else { Err(NotAList) }
}

/// The names of the folders, then what `category` says: words with commas between, or paths (OPML 2.0, "category").
fn tags(folders: &[Option<Text>], attributes: &Attributes<'_>) -> Vec<Text> {
    let mut tags: Vec<Text> = folders.iter().take(DEPTH_MAX).flatten().map(|name| Text::line(name.as_str(), TAG_CHARS_MAX)).collect();
    for word in attributes.get("category").iter().flat_map(|words| words.split([',', '/'])) {
        if let Some(tag) = line(word, TAG_CHARS_MAX).filter(|tag| tags.len() < 2 * DEPTH_MAX && !tags.contains(tag)) {
            tags.push(tag);
        }
    }
    tags
}

fn line(text: &str, chars_max: usize) -> Option<Text> {
    Some(Text::line(text.trim(), chars_max)).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{NotAList, subscriptions};

    fn shown(list: &str) -> Vec<String> {
        let found = subscriptions(list.as_bytes()).expect("a list");
        let tags = |tags: &[crate::model::Text]| tags.iter().map(|tag| tag.as_str()).collect::<Vec<_>>().join(" ");
        let title = |title: &Option<crate::model::Text>| title.as_ref().map_or(String::new(), |title| title.as_str().to_owned());
        found.iter().map(|entry| format!("{}|{}|{}", title(&entry.title), entry.address, tags(&entry.tags))).collect()
    }

    #[test]
    fn folders_and_categories_become_tags() {
        let list = r#"<?xml version="1.0"?><opml version="2.0"><head><title>L</title></head><body>
            <outline text="安全"><outline text="News &amp; co" title="N"><outline type="rss" text="A" xmlUrl="https://a.example/f?x=1&amp;y=2"/></outline>
            <outline text="B" xmlUrl="https://b.example/"></outline></outline>
            <outline title="C" text="c" xmlurl=" https://c.example/ " category="one,/two/three,one"/></body></opml>"#;
        assert_eq!(
            shown(list),
            ["A|https://a.example/f?x=1&y=2|安全 N", "B|https://b.example/|安全", "C|https://c.example/|one two three"]
        );
    }

    #[test]
    fn dirt_is_read_as_it_was_meant() {
        let list = "\u{feff}<opml><body><OUTLINE text=\"R&D\" XMLURL='https://a.example/?a=1&b=2'>\
            <outline text=broken xmlUrl=\"https://b.example/\"><outline xmlUrl=\"\" text=\"none\"/></body>";
        assert_eq!(shown(list), ["R&D|https://a.example/?a=1&b=2|", "broken|https://b.example/|"]);
    }

    #[test]
    fn what_has_no_outlines_is_no_list() {
        for text in ["", "<rss/>", "{\"version\": 1}", "<html><ul><li>outline</ul>"] {
            assert_eq!(subscriptions(text.as_bytes()), Err(NotAList), "{text}");
        }
        assert_eq!(subscriptions(b"<opml><body><outline text='empty'/></body></opml>"), Ok(Vec::new()));
    }
}
