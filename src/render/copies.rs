//! How a story's members become one entry: which link leads, who else has it, what it cites.

use std::{cmp::Reverse, collections::HashSet};

use super::SourceCards;
use crate::model::{Item, Joined, Link, Member, SafeHtml, Source, Story, Text};

/// Copies and cited addresses that an output lists; a story with more says so on its page only by its first ones.
const LISTED_MAX: usize = 32;

/// A story, arranged for showing.
pub(super) struct Arranged<'a> {
    /// The item that opened the story.
    pub first: &'a Item,
    /// The text to show: the opener's, else the first there is.
    pub body: &'a SafeHtml,
    /// Where to read it (`leading_member`). Only the link goes there: an entry's words stay its opener's, so that what was read once does
    /// not change because another copy came.
    pub alternate: Option<&'a Link>,
    /// Every member, in the order in which they came.
    pub copies: Vec<Copy<'a>>,
    /// What the opener points to, the copies left out.
    pub cited: Vec<&'a Link>,
}

/// One member of a story.
pub(super) struct Copy<'a> {
    /// The item.
    pub item: &'a Item,
    /// Whose it is, for people.
    pub name: Text,
    /// Why it is here; the opener has no reason.
    pub joined: Option<&'a Joined>,
    /// Whether its link is the one that leads; without any link the opener leads all the same.
    pub leads: bool,
}

/// Arranges a story's members.
pub(super) fn arrange<'a>(story: &'a Story, cards: &SourceCards) -> Arranged<'a> {
    let first = story.first();
    let leading = leading_member(story, cards);
    let copies = story.members.iter().enumerate().take(LISTED_MAX).map(|(index, member)| Copy {
        item: &member.item,
        name: voice_name(&member.item, cards),
        joined: member.joined.as_ref(),
        leads: index == leading.unwrap_or(0),
    });
    let mut shown: HashSet<&Link> = story.members.iter().filter_map(|member| member.item.link.as_ref()).collect();
    Arranged {
        first,
        body: story.members.iter().map(|member| &member.item.body).find(|body| !body.is_empty()).unwrap_or(&first.body),
        alternate: leading.and_then(|index| story.members[index].item.link.as_ref()),
        copies: copies.collect(),
        cited: first.related.iter().filter(|link| shown.insert(link)).take(LISTED_MAX).collect(),
    }
}

impl Arranged<'_> {
    /// The copies beside the one that leads.
    pub(super) fn others(&self) -> impl Iterator<Item = &Copy<'_>> {
        self.copies.iter().filter(|copy| !copy.leads)
    }
}

/// Whose item it is, for people: the account or feed that it names as its origin, else its source.
pub(super) fn voice_name(item: &Item, cards: &SourceCards) -> Text {
    let origin = item.origin.as_ref().and_then(|origin| origin.title.as_deref()).map(|title| Text::line(title, Source::TITLE_CHARS_MAX));
    origin.filter(|name| !name.is_empty()).unwrap_or_else(|| Text::line(cards.name(&item.source), Source::TITLE_CHARS_MAX))
}

/// The member whose link leads, of those that have one: of the sources with the greatest priority the origin that another member names,
/// else the first that names no other origin for itself, else the first.
fn leading_member(story: &Story, cards: &SourceCards) -> Option<usize> {
    let links = || story.members.iter().enumerate().filter(|(_, member)| member.item.link.is_some());
    links()
        .max_by_key(|(index, member)| (cards.priority(&member.item.source), standing(member, story), Reverse(*index)))
        .map(|(index, _)| index)
}

/// What the members say of one another. The greatest leads.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    /// It says itself that it was published elsewhere first.
    Mirror,
    /// Nothing speaks against it.
    Account,
    /// Another member names it as its origin.
    Origin,
}

fn standing(member: &Member, story: &Story) -> Standing {
    let names = |one: &Member, other: &Member| {
        other.item.key.as_ref().is_some_and(|key| one.declared.contains(key))
            || other.item.link.as_ref().is_some_and(|link| one.item.related.contains(link))
    };
    let is_named = story.members.iter().any(|other| other.item.id != member.item.id && names(other, member));
    match is_named {
        true => Standing::Origin,
        false if member.declared.is_empty() => Standing::Account,
        false => Standing::Mirror,
    }
}
