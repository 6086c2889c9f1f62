//! What an operator's decisions do to the rows: a copy leaves its story, two stories become one, two items stay apart.

use super::{
    error::Result,
    index::Rows,
    ledger::{self, Ledger},
    marking,
    record::Content,
    rows::{self, ItemRow, StoryRow},
    standing::Standing,
};
use crate::model::{ItemId, JoinRule, Joined, StoryId, Timestamp, ZonedTime};

/// A copy that leaves its story.
pub(super) struct Parting<'a> {
    pub(super) seq: u64,
    pub(super) item: ItemId,
    /// `atom:id` of its own entry.
    pub(super) entry_id: &'a str,
    /// The earliest publication among those that stay.
    pub(super) published: Option<ZonedTime>,
    /// `None` where the archive lost it.
    pub(super) content: Option<&'a Content>,
}

impl Ledger<'_> {
    /// Gives a copy a story of its own, which is named by it.
    pub(super) fn split(&mut self, at: Timestamp, parting: &Parting<'_>) -> Result<()> {
        let Parting { seq, item, entry_id, published, content } = *parting;
        let key = rows::item(seq);
        let Some(row) = self.rows.row::<ItemRow>(&key)? else { return Ok(()) };
        let mut left = self.leave(row.story, seq)?;
        if let Some(published) = published {
            left.published = published;
            self.rows.put(rows::story(row.story), &left);
        }
        self.rows.put(key, &ItemRow { story: seq, ..row });
        let mut own = StoryRow {
            members: vec![(seq, Some(by_order(at)))],
            risk: self.risk_of_copy(&left, seq)?,
            was_exploited: left.was_exploited,
            ..ledger::new_story(StoryId::opened_by(item), entry_id, at)
        };
        if let Some(content) = content {
            self.show(seq, &mut own, &content.item);
        }
        self.rows.put(rows::owner(entry_id), &seq);
        self.rows.put(rows::story(seq), &own);
        self.head.stories += 1;
        Ok(())
    }

    /// Makes the story `from` part of `into`. A copy bumps nothing: `updated` stays.
    pub(super) fn merge(&mut self, at: Timestamp, into: u64, from: u64) -> Result<()> {
        let rows = (self.rows.row::<StoryRow>(&rows::story(into))?, self.rows.row::<StoryRow>(&rows::story(from))?);
        // One of which the journal has lost everything is part of nothing.
        let (Some(mut story), Some(gone)) = rows else { return Ok(()) };
        self.take_off_the_line(&gone);
        match (story.standing, gone.standing) {
            (_, Standing::Hidden) => {}
            (Standing::Hidden, standing) => (story.standing, story.published, story.updated) = (standing, gone.published, gone.updated),
            (known, standing) => {
                if gone.published.at() < story.published.at() {
                    story.published = gone.published;
                }
                if (known, standing) == (Standing::Backlog, Standing::News) {
                    (story.standing, story.updated) = (standing, gone.updated);
                }
            }
        }
        story.risk = marking::together(&story.risk, &gone.risk);
        story.was_exploited |= gone.was_exploited;
        self.put_in_line(into, &story);
        for (seq, joined) in gone.members {
            let key = rows::item(seq);
            if let Some(row) = self.rows.row::<ItemRow>(&key)? {
                self.rows.put(key, &ItemRow { story: into, ..row });
            }
            story.members.push((seq, joined.or(Some(by_order(at)))));
        }
        if self.rows.get(&rows::item(from))?.is_none() {
            self.rows.put(rows::alias(from), &into);
        }
        self.rows.remove(rows::story(from));
        self.rows.put(rows::story(into), &story);
        self.head.stories -= 1;
        Ok(())
    }

    /// The items that an item is kept apart from.
    pub(super) fn kept_apart(&self, seq: u64) -> Result<Vec<u64>> {
        Ok(self.rows.row(&rows::apart(seq))?.unwrap_or_default())
    }

    /// Keeps two items apart from now on, or lets them come together again.
    pub(super) fn set_apart(&mut self, one: u64, other: u64, is_apart: bool) -> Result<()> {
        for (seq, rival) in [(one, other), (other, one)] {
            let mut rivals = self.kept_apart(seq)?;
            rivals.retain(|known| *known != rival);
            if is_apart {
                rivals.push(rival);
            }
            if rivals.is_empty() {
                self.rows.remove(rows::apart(seq));
            } else {
                self.rows.put(rows::apart(seq), &rivals);
            }
        }
        Ok(())
    }
}

/// How an item came where an operator put it.
const fn by_order(at: Timestamp) -> Joined {
    Joined { rule: JoinRule::Operator, text_score: None, title_score: None, at }
}
