//! One or more items that carry the same text.

use std::fmt;

use super::{Digest, Item, ItemId, LinkKey, Risk, Tag, Timestamp, ZonedTime};

/// Names a story for ever: the id of its first item, whatever joins or leaves later.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoryId(ItemId);

impl StoryId {
    /// The story that `first` opens.
    pub const fn opened_by(first: ItemId) -> Self {
        Self(first)
    }

    /// Reads what `Display` writes: 32 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        Digest::from_hex(text).map(|digest| Self(ItemId::from_digest(digest)))
    }

    /// The item that opened it.
    pub const fn first(self) -> ItemId {
        self.0
    }
}

impl fmt::Display for StoryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for StoryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A story with its copies.
#[derive(Debug, Clone, PartialEq)]
pub struct Story {
    /// Its name on our own pages.
    pub id: StoryId,
    /// `atom:id` of its entry, minted once (protocol N1).
    pub entry_id: String,
    /// Earliest publication among its members.
    pub published: ZonedTime,
    /// When its content last changed in substance; a new copy does not move it (invariant 8).
    pub updated: ZonedTime,
    /// What lists say of the vulnerabilities that it is about.
    pub risk: Risk,
    /// Its copies, the one that opened it first. Never empty.
    pub members: Vec<Member>,
}

impl Story {
    /// Tags of one story.
    pub const TAGS_MAX: usize = 20;

    /// The member that opened the story, or the oldest that is left.
    pub fn first(&self) -> &Item {
        &self.members[0].item
    }

    /// Whether all of it was old when its sources were first asked.
    pub fn is_backlog(&self) -> bool {
        self.members.iter().all(|member| member.item.is_backlog)
    }

    /// What its copies name, each once: what any of them is about first, then as they came. At most `Story::TAGS_MAX`.
    pub fn tags(&self) -> Vec<&Tag> {
        let mut tags: Vec<&Tag> = Vec::new();
        for is_primary in [true, false] {
            for tag in self.members.iter().flat_map(|member| &member.item.tags).filter(|tag| tag.is_primary == is_primary) {
                if tags.len() == Self::TAGS_MAX {
                    return tags;
                }
                if !tags.iter().any(|known| known.catalogue == tag.catalogue && known.name == tag.name) {
                    tags.push(tag);
                }
            }
        }
        tags
    }
}

/// One copy of a story.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// The copy.
    pub item: Item,
    /// Why it is here; the opener has no reason.
    pub joined: Option<Joined>,
    /// Where its text says that it was published first: canonical links, which need not lead to another member. Known beside other members
    /// only: it says who of them is the origin.
    pub declared: Vec<LinkKey>,
}

/// How a copy came into its story.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Joined {
    /// The rule that held.
    pub rule: JoinRule,
    /// Likeness of the texts (estimated Jaccard of 5-token shingles), 0 to 1, where both had one.
    pub text_score: Option<f32>,
    /// Likeness of the titles (trigram Jaccard), 0 to 1.
    pub title_score: Option<f32>,
    /// When it joined.
    pub at: Timestamp,
}

/// The rules by which items become one story, in the order in which they are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JoinRule {
    /// The same canonical link.
    SameLink,
    /// Its text declares the other as its origin.
    DeclaredOrigin,
    /// The same text.
    SameText,
    /// Much of the same text under a like title.
    LikeTextLikeTitle,
    /// One text inside the other under nearly the same title, within days.
    ContainedText,
    /// The same title at another source, within days.
    SameTitle,
    /// No rule: an operator put it here.
    Operator,
}

impl JoinRule {
    /// All rules with the words that outputs and records use.
    pub const ALL: [(Self, &'static str); 7] = [
        (Self::SameLink, "same-link"),
        (Self::DeclaredOrigin, "declared-origin"),
        (Self::SameText, "same-text"),
        (Self::LikeTextLikeTitle, "like-text-like-title"),
        (Self::ContainedText, "contained-text"),
        (Self::SameTitle, "same-title"),
        (Self::Operator, "operator"),
    ];

    /// The rule in a word.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(rule, _)| *rule == self).map_or("", |(_, word)| word)
    }

    /// Reads the word back.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == word).map(|(rule, _)| *rule)
    }
}
