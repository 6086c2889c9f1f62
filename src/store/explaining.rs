//! Why an item stands where it stands: what joined it to its story, and what keeps its nearest neighbours out of it.

use super::{
    Store,
    arrival::Arrival,
    decisions,
    error::Result,
    index::{Overlay, Rows},
    matching::{Judged, Known as _, Search, Side},
    rows::{self, ItemRow, StoryRow},
};
use crate::{
    dedup::{Fingerprint, Naming, Verdict, judge},
    model::{Handle, Item, JoinRule, Joined, StoryId},
};

/// Copies and neighbours that an explanation names, each.
const NAMED_MAX: usize = 10;

/// Why an item is in its story.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The item.
    pub item: Item,
    /// Its story.
    pub story: StoryId,
    /// What joined it; the opener has no reason.
    pub joined: Option<Joined>,
    /// Items in its story.
    pub members: usize,
    /// The first other members, and what the rule says of each beside the item now.
    pub copies: Vec<Relative>,
    /// The nearest items of other stories, the nearest first.
    pub others: Vec<Relative>,
}

/// An item beside the one that is explained.
#[derive(Debug, Clone, PartialEq)]
pub struct Relative {
    /// The other item.
    pub item: Item,
    /// Its story.
    pub story: StoryId,
    /// What the rule says of the two as they are now. Across stories even a join changes nothing: two stories are never made one but
    /// by an operator.
    pub verdict: Verdict,
    /// Whether an operator ordered the two to stay apart.
    pub kept_apart: bool,
}

impl Store {
    /// Explains every item that a handle means: none where there is no such item, several where they share the link. Commits go on
    /// meanwhile: what they change may or may not be seen.
    pub fn explain(&self, handle: &Handle) -> Result<Vec<Explanation>> {
        let rows = Overlay::new(&self.core.index);
        let search = Search { rows: &rows, core: &self.core, side: Side::Reading };
        let mut explained = Vec::new();
        for seq in decisions::named(&rows, handle)? {
            explained.extend(self.explain_one(&search, seq)?);
        }
        Ok(explained)
    }

    /// The story that a new item would join now, and the rule that says so.
    pub fn would_join(&self, new: &Arrival) -> Result<Option<(StoryId, JoinRule)>> {
        let rows = Overlay::new(&self.core.index);
        let search = Search { rows: &rows, core: &self.core, side: Side::Reading };
        let Some(found) = search.find(new, None, &*self.core)? else { return Ok(None) };
        Ok(rows.row::<StoryRow>(&rows::story(found.story))?.map(|story| (story.id, found.rule)))
    }

    fn explain_one(&self, search: &Search<'_>, seq: u64) -> Result<Option<Explanation>> {
        let rows = search.rows;
        let Some(row) = rows.row::<ItemRow>(&rows::item(seq))? else { return Ok(None) };
        let Some(content) = row.content.map(|(place, _)| self.core.content(place)).transpose()?.flatten() else { return Ok(None) };
        let Some(story) = rows.row::<StoryRow>(&rows::story(row.story))? else { return Ok(None) };
        let mut others = search.judge(&content.fingerprint, &*self.core)?;
        others.retain(|judged| judged.seq != seq);
        let mut copies = Vec::new();
        for (member, _) in story.members.iter().filter(|(member, _)| *member != seq).take(NAMED_MAX) {
            let found = others.iter().find(|judged| judged.seq == *member).copied();
            copies.extend(found.map_or_else(|| self.judge_member(rows, *member, &content.fingerprint), |found| Ok(Some(found)))?);
        }
        others.retain(|judged| judged.story != row.story);
        others.sort_by_key(|judged| std::cmp::Reverse(judged.verdict.strength()));
        others.truncate(NAMED_MAX);
        let rivals: Vec<u64> = rows.row(&rows::apart(seq))?.unwrap_or_default();
        let naming = Naming::of(&content.item);
        let relatives = |all: Vec<Judged>| -> Result<Vec<Relative>> {
            all.into_iter().filter_map(|judged| self.relative(rows, judged, (&naming, &rivals)).transpose()).collect()
        };
        Ok(Some(Explanation {
            item: content.item,
            story: story.id,
            joined: story.members.iter().find(|(member, _)| *member == seq).and_then(|(_, joined)| *joined),
            members: story.members.len(),
            copies: relatives(copies)?,
            others: relatives(others)?,
        }))
    }

    /// What the rule says of a member that shares no trace: stories grow around their opener.
    fn judge_member(&self, rows: &Overlay<'_>, seq: u64, print: &Fingerprint) -> Result<Option<Judged>> {
        let Some(row) = rows.row::<ItemRow>(&rows::item(seq))? else { return Ok(None) };
        let other = self.core.print(seq, &row)?;
        Ok(other.map(|other| Judged::of((seq, &row), (print, &other), judge(print, &other, &self.core.thresholds))))
    }

    fn relative(&self, rows: &Overlay<'_>, judged: Judged, (new, rivals): (&Naming, &[u64])) -> Result<Option<Relative>> {
        let Judged { seq, story, .. } = judged;
        let place = rows.row::<ItemRow>(&rows::item(seq))?.and_then(|row| row.content);
        let item = place.map_or(Ok(None), |(place, _)| self.core.item(place))?;
        let story = rows.row::<StoryRow>(&rows::story(story))?;
        Ok(item.zip(story).map(|(item, story)| {
            let verdict = if judged.is_unread { judged.read(new, &Naming::of(&item)) } else { judged.verdict };
            Relative { item, story: story.id, verdict, kept_apart: rivals.contains(&seq) }
        }))
    }
}
