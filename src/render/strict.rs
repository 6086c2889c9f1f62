//! The last look at a document before it is served: no reader shall meet XML that is not well formed.

use quick_xml::{Reader, events::Event};

use crate::model::is_xml_char;

/// Why a document must not be served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadXml {
    /// Not UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
    /// A character that XML forbids (XML 1.0 section 2.2).
    #[error("character U+{0:04X} is not allowed in XML")]
    Char(u32),
    /// Not well formed.
    #[error("not well formed: {0}")]
    Syntax(String),
}

/// Reads a whole document strictly: characters, nesting, references, attributes.
pub fn check(document: &[u8]) -> Result<(), BadXml> {
    let text = std::str::from_utf8(document).map_err(|_| BadXml::NotUtf8)?;
    if let Some(c) = text.chars().find(|c| !is_xml_char(*c)) {
        return Err(BadXml::Char(c.into()));
    }
    let syntax = |why: &dyn std::fmt::Display| BadXml::Syntax(why.to_string());
    let mut reader = Reader::from_str(text);
    let mut depth = 0_usize;
    let mut is_first = true;
    loop {
        match reader.read_event().map_err(|why| syntax(&why))? {
            Event::Start(tag) => {
                tag.attributes().try_for_each(|attribute| attribute.map(|_| ())).map_err(|why| syntax(&why))?;
                depth += 1;
            }
            Event::Empty(tag) => tag.attributes().try_for_each(|attribute| attribute.map(|_| ())).map_err(|why| syntax(&why))?,
            Event::End(_) => depth = depth.saturating_sub(1),
            // XML 1.0 section 2.8: at the very beginning, or not at all.
            Event::Decl(_) if !is_first => {
                return Err(BadXml::Syntax("a declaration behind the beginning".to_owned()));
            }
            Event::Eof if depth > 0 => return Err(BadXml::Syntax("ends early".to_owned())),
            Event::Eof => return Ok(()),
            _ => {}
        }
        is_first = false;
    }
}

#[cfg(test)]
mod tests {
    use super::{BadXml, check};

    #[test]
    fn only_well_formed_xml_passes() {
        assert_eq!(check(b"<a b=\"&amp;\">&lt;<c/></a>"), Ok(()));
        assert_eq!(check("<a>\u{1}</a>".as_bytes()), Err(BadXml::Char(1)));
        assert_eq!(check(b"<a>\xff</a>"), Err(BadXml::NotUtf8));
        assert_eq!(check(b"<?xml version='1.0'?><a/>"), Ok(()));
        for bad in ["<?xml version='1.0'?><?xml version='1.0'?><a/>", "<a>", "<a></b>", "<a b=c></a>", "<a b='1' b='2'/>", "<a", "<a/><!--"]
        {
            assert!(matches!(check(bad.as_bytes()), Err(BadXml::Syntax(_))), "{bad}");
        }
    }
}
