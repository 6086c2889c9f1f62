//! Carries out what an operator decides: events like any other, so that an index that is made again respects them as well.

use std::fmt;

use super::{
    Store,
    error::{Result, StoreError},
    event::Event,
    index::Rows,
    rows::{self, ItemRow, LinkRow},
    transaction::{MEMBERS_MAX, Transaction},
};
use crate::{
    dedup,
    model::{Decision, Handle, Item, ItemId, StoryId, Timestamp, ZonedTime},
};

/// Items that one item is kept apart from.
const APART_MAX: usize = 256;

/// What a decision changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decided {
    /// A copy left `from` and opened `opened`.
    Split {
        /// The story it was in.
        from: StoryId,
        /// Its own.
        opened: StoryId,
    },
    /// The two were in different stories and stay so.
    KeptApart(StoryId, StoryId),
    /// `gone` is part of `into` from now on.
    Merged {
        /// The older one.
        into: StoryId,
        /// Its id leads to the other from now on.
        gone: StoryId,
        /// Whether the two items had been kept apart, which they no longer are.
        lifted: bool,
    },
}

/// Why a decision makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No item is called that.
    #[error("no item is called `{0}`")]
    Unknown(String),
    /// Several are, and not all in one story.
    #[error("`{0}` is the link of several items, name one by its id: {1}")]
    Ambiguous(String, String),
    /// The item is a story of its own already.
    #[error("`{0}` is the only item of its story")]
    Alone(ItemId),
    /// Its story is named by it.
    #[error("`{0}` opened its story, which is named by it: split the other copies from it")]
    Opener(ItemId),
    /// The archive has lost it.
    #[error("the content of `{0}` is lost; its source will bring it again")]
    Lost(ItemId),
    /// One item cannot be kept apart from itself.
    #[error("both names mean `{0}`")]
    Same(ItemId),
    /// There is nothing to merge.
    #[error("both are in the story `{0}` already")]
    Merged(StoryId),
    /// An earlier decision speaks against it.
    #[error("`{0}` and `{1}` were ordered to stay apart; merging these two lifts that")]
    Apart(ItemId, ItemId),
    /// A limit.
    #[error("a story has at most {MEMBERS_MAX} copies, and an item is kept apart from at most {APART_MAX} others")]
    Full,
}

impl fmt::Display for Decided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Split { from, opened } => write!(f, "split from story {from}; it is the story {opened} now"),
            Self::KeptApart(one, other) => write!(f, "the stories {one} and {other} stay apart"),
            Self::Merged { into, gone, lifted } => {
                write!(f, "story {gone} is part of story {into} now")?;
                if *lifted { f.write_str("; the order to keep the two items apart is lifted") } else { Ok(()) }
            }
        }
    }
}

impl Decided {
    /// The stories that it is about.
    pub const fn stories(&self) -> [StoryId; 2] {
        match *self {
            Self::Split { from: one, opened: other } | Self::KeptApart(one, other) | Self::Merged { into: one, gone: other, .. } => {
                [one, other]
            }
        }
    }
}

impl Store {
    /// Carries out an operator's decision, or says why it makes no sense.
    pub fn decide(&self, decision: &Decision, now: Timestamp) -> Result<std::result::Result<Decided, Refusal>> {
        let mut answer = None;
        self.write(now, |transaction| {
            let decided = match decision {
                Decision::Split(item) => transaction.split_named(item),
                Decision::KeepApart(one, other) => transaction.keep_apart(one, other),
                Decision::Merge(one, other) => transaction.merge(one, other),
            };
            answer = Some(match decided {
                Ok(decided) => Ok(decided),
                Err(Stop::Refused(refusal)) => Err(refusal),
                Err(Stop::Failed(error)) => return Err(error),
            });
            Ok(())
        })?;
        Ok(answer.expect("every decision is answered"))
    }
}

/// The numbers of the items that a handle means and that are still there, the oldest first.
pub(super) fn named(rows: &impl Rows, handle: &Handle) -> Result<Vec<u64>> {
    let known = match handle {
        Handle::Id(id) => rows.row::<u64>(&rows::identity(*id))?.into_iter().collect(),
        Handle::Link(link) => match dedup::link_key(link) {
            Some(key) => rows.row::<LinkRow>(&rows::link(&key))?.unwrap_or_default().items,
            None => Vec::new(),
        },
    };
    let mut there = Vec::with_capacity(known.len());
    for seq in known {
        if rows.row::<ItemRow>(&rows::item(seq))?.is_some() {
            there.push(seq);
        }
    }
    Ok(there)
}

/// What ends a decision early.
enum Stop {
    Refused(Refusal),
    Failed(StoreError),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

/// An item that a decision speaks of.
#[derive(Clone, Copy)]
struct Subject {
    seq: u64,
    id: ItemId,
    /// The number of its story.
    story: u64,
}

impl Transaction<'_> {
    fn split_named(&mut self, handle: &Handle) -> std::result::Result<Decided, Stop> {
        let named = self.subjects(handle)?;
        // Of all that stand under a link, only a copy can be meant.
        let copies: Vec<_> = named.iter().copied().filter(|subject| subject.seq != subject.story).collect();
        match (named.as_slice(), copies.as_slice()) {
            ([subject], _) | (_, [subject]) => self.split(*subject),
            _ => Err(ambiguous(handle, &named).into()),
        }
    }

    fn split(&mut self, Subject { seq, id, story: number }: Subject) -> std::result::Result<Decided, Stop> {
        let story = self.ledger.story(number)?;
        if story.members.len() == 1 {
            return Err(Refusal::Alone(id).into());
        }
        if number == seq || story.id == StoryId::opened_by(id) {
            return Err(Refusal::Opener(id).into());
        }
        let place = self.ledger.rows.row::<ItemRow>(&rows::item(seq))?.and_then(|row| row.content).map(|(place, _)| place);
        let content = place.map(|place| self.core.content(place)).transpose()?.flatten();
        let (Some(place), Some(content)) = (place, content) else { return Err(Refusal::Lost(id).into()) };
        let mut published: Option<ZonedTime> = None;
        for (member, _) in story.members.iter().filter(|(member, _)| *member != seq) {
            let dated = self.item_of(*member)?.map(|item| item.dated());
            published = published.into_iter().chain(dated).min_by_key(|date| date.at());
        }
        let entry_id = self.mint(seq, &content.item)?;
        let event = Event::Split { seq, item: id, content: place, entry_id, published, from: Some(number) };
        self.change(event, Some(&content))?;
        Ok(Decided::Split { from: story.id, opened: StoryId::opened_by(id) })
    }

    fn keep_apart(&mut self, one: &Handle, other: &Handle) -> std::result::Result<Decided, Stop> {
        let (one, other) = (self.subject(one)?, self.subject(other)?);
        if one.seq == other.seq {
            return Err(Refusal::Same(one.id).into());
        }
        let known = self.ledger.kept_apart(one.seq)?;
        if known.len().max(self.ledger.kept_apart(other.seq)?.len()) >= APART_MAX {
            return Err(Refusal::Full.into());
        }
        let decided = if one.story == other.story {
            let is_one_first = one.seq == one.story || (other.seq != other.story && one.seq < other.seq);
            self.split(if is_one_first { other } else { one })?
        } else {
            Decided::KeptApart(self.ledger.story(one.story)?.id, self.ledger.story(other.story)?.id)
        };
        if !known.contains(&other.seq) {
            self.note(Event::KeptApart { one: one.seq, other: other.seq }, false)?;
        }
        Ok(decided)
    }

    fn merge(&mut self, one: &Handle, other: &Handle) -> std::result::Result<Decided, Stop> {
        let (one, other) = (self.subject(one)?, self.subject(other)?);
        let (into, from) = (one.story.min(other.story), one.story.max(other.story));
        let (survivor, gone) = (self.ledger.story(into)?, self.ledger.story(from)?);
        if into == from {
            return Err(Refusal::Merged(survivor.id).into());
        }
        if survivor.members.len() + gone.members.len() > MEMBERS_MAX {
            return Err(Refusal::Full.into());
        }
        let mut lifted = None;
        for (member, _) in &gone.members {
            let rivals = self.ledger.kept_apart(*member)?;
            for (rival, _) in survivor.members.iter().filter(|(seq, _)| rivals.contains(seq)) {
                if ![(one.seq, other.seq), (other.seq, one.seq)].contains(&(*member, *rival)) {
                    let ids =
                        self.item_of(*member)?.zip(self.item_of(*rival)?).map_or((one.id, other.id), |(one, other)| (one.id, other.id));
                    return Err(Refusal::Apart(ids.0, ids.1).into());
                }
                lifted = Some((*member, *rival));
            }
        }
        self.change(Event::Merged { into, from, lifted }, None)?;
        Ok(Decided::Merged { into: survivor.id, gone: gone.id, lifted: lifted.is_some() })
    }

    /// The one item that a handle means, or of several in one story the first.
    fn subject(&self, handle: &Handle) -> std::result::Result<Subject, Stop> {
        let named = self.subjects(handle)?;
        let first = named[0];
        if named.iter().any(|subject| subject.story != first.story) {
            return Err(ambiguous(handle, &named).into());
        }
        Ok(first)
    }

    /// All items that a handle means: at least one.
    fn subjects(&self, handle: &Handle) -> std::result::Result<Vec<Subject>, Stop> {
        let mut subjects = Vec::new();
        for seq in named(&self.ledger.rows, handle)? {
            let row = self.ledger.rows.row::<ItemRow>(&rows::item(seq))?;
            if let Some((row, item)) = row.zip(self.item_of(seq)?) {
                subjects.push(Subject { seq, id: item.id, story: row.story });
            }
        }
        if subjects.is_empty() { Err(Refusal::Unknown(handle.to_string()).into()) } else { Ok(subjects) }
    }

    fn item_of(&self, seq: u64) -> Result<Option<Item>> {
        let row = self.ledger.rows.row::<ItemRow>(&rows::item(seq))?;
        row.and_then(|row| row.content).map_or(Ok(None), |(place, _)| self.core.item(place))
    }
}

fn ambiguous(handle: &Handle, named: &[Subject]) -> Refusal {
    let ids: Vec<_> = named.iter().map(|subject| subject.id.to_string()).collect();
    Refusal::Ambiguous(handle.to_string(), ids.join(", "))
}
