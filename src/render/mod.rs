//! Stories as bytes: Atom, RSS, JSON Feed, OPML, HTML pages, JSON lines. The only writer of these formats; the same arguments give the
//! same bytes on any machine at any hour, for nothing here knows the time.

mod atom;
mod brief;
mod copies;
mod difference;
mod entry;
mod feed;
mod health;
mod html;
mod json;
mod json_feed;
mod letter;
mod opensearch;
mod opml;
mod page;
mod pictures;
mod risk;
mod rss;
mod site;
mod source_card;
mod strict;

pub use self::brief::Brief;
pub use self::feed::{Feed, Format, Frame, Place, entry, frame};
pub use health::{health_feed, health_feed_of, outage_sentences, outage_title, outage_url};
pub use json::{done as done_json, error as error_json, export_line, inspect_line, progress as progress_json, sources as sources_json};
pub use letter::{LetterLine, letter};
pub use opensearch::opensearch;
pub use opml::{opml, outputs as outputs_opml};
pub use page::{
    List, Listed, Notice, Searched, Sources, about as about_page, home as home_page, line, notice as notice_page, page_policy,
    search as search_page, selection as selection_page, sources as sources_page, story as story_page, talk as talk_page,
};
pub use risk::threat_sentences;
pub use site::{GENERATOR, Manners, Site};
pub use source_card::{SourceCard, SourceCards};
pub use strict::{BadXml, check as check_xml};
