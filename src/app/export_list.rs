//! The sources as an OPML list for other readers, or for another Watchfire.

use super::Choice;
use crate::render::{self, SourceCards};

/// All sources with their whole addresses, the private ones only if they are asked for: then their variables must be set. UTF-8 XML.
pub fn export_list(choice: &Choice, with_private: bool) -> anyhow::Result<String> {
    let settings = if with_private { choice.load()? } else { choice.load_or_default()? };
    let sources = settings.sources.iter().map(|source| &**source).filter(|source| with_private || !source.private);
    let list = render::opml(&settings.feed.title, &SourceCards::disclosing(sources));
    Ok(String::from_utf8(list)?)
}
