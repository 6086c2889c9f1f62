//! What an operator decides about stories, and how they call an item.

use std::fmt;

use super::{Digest, ItemId, Link};

/// A decision that outlives every rule: later polls respect it, and so does an index that is made again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// This item is no copy: it leaves its story and opens its own.
    Split(Handle),
    /// These two never stand in one story; if they do now, the one that came later leaves it.
    KeepApart(Handle, Handle),
    /// The stories of these two are one; the older one keeps its id.
    Merge(Handle, Handle),
}

/// What an item is called by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handle {
    /// By its id. A story's id is that of the item that opened it.
    Id(ItemId),
    /// By a link to it.
    Link(Link),
}

/// Why a text is no handle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither an id of 32 hexadecimal digits nor an http or https link")]
pub struct BadHandle(String);

impl Handle {
    /// Reads an id, the address of a story's page, or any other http or https link.
    pub fn parse(text: &str) -> Result<Self, BadHandle> {
        let text = text.trim();
        let page = text.split_once("/stories/").map(|(_, id)| id);
        if let Some(digest) = [Some(text), page].into_iter().flatten().find_map(Digest::from_hex) {
            return Ok(Self::Id(ItemId::from_digest(digest)));
        }
        Link::parse(text).map(Self::Link).map_err(|_| BadHandle(text.chars().take(100).collect()))
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Link(link) => link.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Handle;

    #[test]
    fn ids_pages_and_links_are_handles() {
        let id = "0123456789abcdef0123456789abcdef";
        for text in [id, &format!(" {id}\n"), &format!("https://watchfire.example/stories/{id}")] {
            assert_eq!(Handle::parse(text).map(|handle| handle.to_string()).as_deref(), Ok(id), "{text}");
        }
        let link = "https://news.example/stories/1?a=b";
        assert_eq!(Handle::parse(link).map(|handle| handle.to_string()).as_deref(), Ok(link));
        for text in ["", "krebs", "0123", "ftp://a.example/", "/stories/1"] {
            assert!(Handle::parse(text).is_err(), "{text}");
        }
    }
}
