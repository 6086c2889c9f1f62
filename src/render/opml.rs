//! Lists of feeds as OPML 2.0, so that a reader takes them over at once: our sources, and our own feeds.

use quick_xml::{
    Writer,
    events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event},
};

use super::{Feed, Format, Site, SourceCard, SourceCards};
use crate::model::Link;

/// Every source whose card shows its address, in the order of the ids, as UTF-8 XML; `title` is that of our feed.
pub fn opml(title: &str, cards: &SourceCards) -> Vec<u8> {
    let outlines = cards.ids().filter_map(|id| {
        let card = cards.get(id)?;
        let mut outline = outline(cards.name(id), card.shown_url()?);
        if let Some(site) = SourceCard::site(card) {
            outline.push_attribute(("htmlUrl", Link::as_str(site)));
        }
        // OPML 2.0: categories are separated by commas.
        let tags: Vec<String> = card.tags().iter().map(|tag| tag.as_str().replace(',', " ")).collect();
        if !tags.is_empty() {
            outline.push_attribute(("category", tags.join(",").as_str()));
        }
        Some(outline)
    });
    written(&format!("Sources of {title}"), outlines)
}

/// Our own `feeds` with their Atom addresses, in their order, as UTF-8 XML.
pub fn outputs(site: &Site, feeds: &[Feed]) -> Vec<u8> {
    let outlines = feeds.iter().map(|feed| {
        let mut outline = outline(feed.title.as_str(), feed.url(site, Format::Atom).as_str());
        outline.push_attribute(("htmlUrl", feed.page_url(site).as_str()));
        outline
    });
    written(&format!("Feeds of {}", site.title), outlines)
}

fn outline(name: &str, address: &str) -> BytesStart<'static> {
    let mut outline = BytesStart::new("outline");
    outline.extend_attributes([("type", "rss"), ("text", name), ("title", name), ("xmlUrl", address)]);
    outline
}

fn written(title: &str, outlines: impl Iterator<Item = BytesStart<'static>>) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    write(&mut writer, title, outlines).expect("writing to memory does not fail");
    let mut bytes = writer.into_inner();
    bytes.push(b'\n');
    bytes
}

fn write(writer: &mut Writer<Vec<u8>>, title: &str, outlines: impl Iterator<Item = BytesStart<'static>>) -> std::io::Result<()> {
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None)))?;
    writer.write_event(Event::Start(BytesStart::new("opml").with_attributes([("version", "2.0")])))?;
    writer.write_event(Event::Start(BytesStart::new("head")))?;
    writer.write_event(Event::Start(BytesStart::new("title")))?;
    writer.write_event(Event::Text(BytesText::new(title)))?;
    writer.write_event(Event::End(BytesEnd::new("title")))?;
    writer.write_event(Event::End(BytesEnd::new("head")))?;
    writer.write_event(Event::Start(BytesStart::new("body")))?;
    for outline in outlines {
        writer.write_event(Event::Empty(outline))?;
    }
    writer.write_event(Event::End(BytesEnd::new("body")))?;
    writer.write_event(Event::End(BytesEnd::new("opml")))
}
