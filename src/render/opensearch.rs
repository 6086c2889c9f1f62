//! How a browser or another program searches here: an `OpenSearch` 1.1 description.

use quick_xml::{
    Writer,
    events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event},
};

use super::{Feed, Format, Site};

/// Longest short name that the standard allows, in characters.
const SHORT_NAME_CHARS_MAX: usize = 16;

/// The description as UTF-8 XML.
pub fn opensearch(site: &Site) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    write(&mut writer, site).expect("writing to memory does not fail");
    let mut bytes = writer.into_inner();
    bytes.push(b'\n');
    bytes
}

fn write(writer: &mut Writer<Vec<u8>>, site: &Site) -> std::io::Result<()> {
    let root = BytesStart::new("OpenSearchDescription").with_attributes([("xmlns", "http://a9.com/-/spec/opensearch/1.1/")]);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None)))?;
    writer.write_event(Event::Start(root))?;
    let title = site.title.as_str();
    for (name, text) in [
        ("ShortName", title.chars().take(SHORT_NAME_CHARS_MAX).collect()),
        ("Description", format!("Stories of {title}, by what they say")),
        ("InputEncoding", "UTF-8".to_owned()),
    ] {
        writer.write_event(Event::Start(BytesStart::new(name)))?;
        writer.write_event(Event::Text(BytesText::new(&text)))?;
        writer.write_event(Event::End(BytesEnd::new(name)))?;
    }
    let pages = std::iter::once(("text/html", None));
    for (media_type, format) in pages.chain(Format::ALL.map(|format| (format.media_type(), Some(format)))) {
        let template = format!("{}?q={{searchTerms}}", Feed::search_url(site, format));
        let attributes = [("type", media_type), ("rel", "results"), ("template", &template)];
        writer.write_event(Event::Empty(BytesStart::new("Url").with_attributes(attributes)))?;
    }
    writer.write_event(Event::End(BytesEnd::new("OpenSearchDescription")))
}
