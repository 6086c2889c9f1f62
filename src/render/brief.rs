//! A story in a few words, for messages.

use super::{Site, SourceCards, copies};
use crate::model::{Link, Story};

/// What a message says of a story. All of it is plain text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brief {
    /// Its title.
    pub title: String,
    /// Where to read it: the publisher's page, else our own.
    pub link: Link,
    /// Our own page of it.
    pub page: Link,
    /// Who tells it: the names of its copies' sources, each once, the opener's first.
    pub voices: Vec<String>,
    /// Its labels, and what it is about.
    pub tags: Vec<String>,
    /// Publication, RFC 3339.
    pub published: String,
}

impl Brief {
    /// Puts a story briefly.
    pub fn of(site: &Site, story: &Story, cards: &SourceCards) -> Self {
        let arranged = copies::arrange(story, cards);
        let page = site.story_url(story.id);
        let mut voices: Vec<String> = Vec::new();
        for copy in &arranged.copies {
            if !voices.iter().any(|known| known == copy.name.as_str()) {
                voices.push(copy.name.to_string());
            }
        }
        Self {
            title: arranged.first.title.to_string(),
            link: arranged.alternate.unwrap_or(&page).clone(),
            page,
            voices,
            tags: story.risk.labels().map(str::to_owned).chain(story.tags().into_iter().map(|tag| tag.name.clone())).collect(),
            published: story.published.rfc3339(),
        }
    }
}
