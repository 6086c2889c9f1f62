//! The sources as an OPML 2.0 list, so that a reader or another aggregator can take them over.

use quick_xml::{
    Writer,
    events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event},
};

use super::{SourceCard, SourceCards};
use crate::model::Link;

/// Every source whose card shows its address, in the order of the ids, as UTF-8 XML; `title` is that of our feed.
pub fn opml(title: &str, cards: &SourceCards) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    write(&mut writer, title, cards).expect("writing to memory does not fail");
    let mut bytes = writer.into_inner();
    bytes.push(b'\n');
    bytes
}

fn write(writer: &mut Writer<Vec<u8>>, title: &str, cards: &SourceCards) -> std::io::Result<()> {
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None)))?;
    writer.write_event(Event::Start(BytesStart::new("opml").with_attributes([("version", "2.0")])))?;
    writer.write_event(Event::Start(BytesStart::new("head")))?;
    writer.write_event(Event::Start(BytesStart::new("title")))?;
    writer.write_event(Event::Text(BytesText::new(&format!("Sources of {title}"))))?;
    writer.write_event(Event::End(BytesEnd::new("title")))?;
    writer.write_event(Event::End(BytesEnd::new("head")))?;
    writer.write_event(Event::Start(BytesStart::new("body")))?;
    for id in cards.ids() {
        let Some(card) = cards.get(id) else { continue };
        let Some(address) = card.shown_url() else { continue };
        let name = cards.name(id);
        let mut outline = BytesStart::new("outline");
        outline.extend_attributes([("type", "rss"), ("text", name), ("title", name), ("xmlUrl", address)]);
        if let Some(site) = SourceCard::site(card) {
            outline.push_attribute(("htmlUrl", Link::as_str(site)));
        }
        // OPML 2.0: categories are separated by commas.
        let tags: Vec<String> = card.tags().iter().map(|tag| tag.as_str().replace(',', " ")).collect();
        if !tags.is_empty() {
            outline.push_attribute(("category", tags.join(",").as_str()));
        }
        writer.write_event(Event::Empty(outline))?;
    }
    writer.write_event(Event::End(BytesEnd::new("body")))?;
    writer.write_event(Event::End(BytesEnd::new("opml")))
}
