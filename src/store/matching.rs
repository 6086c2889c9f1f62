//! How copies find each other: every item leaves its traces in the index, and a new one follows those that it shares.
//!
//! Traces are its link, the origins that its text declares, and the buckets of its fingerprint. `dedup` judges each candidate.

use std::{cell::OnceCell, cmp::Reverse, collections::BTreeMap};

use super::{
    arrival::Arrival,
    buckets::{Buckets, Probes, era_of},
    core::Core,
    error::Result,
    index::{Overlay, Rows},
    record::Content,
    rows::{self, ItemRow, LinkRow, StoryRow},
};
use crate::{
    dedup::{Fingerprint, KeyTitles, Naming, Obstacle, Scores, Verdict, agrees, judge, judge_with_key},
    model::{Digest, JoinRule, LinkKey},
};

/// Items kept under one link, and as many that declare it. The first ones: stories grow around what was seen first.
const LINK_ITEMS_MAX: usize = 8;
/// Declared origins followed.
pub(super) const DECLARED_MAX: usize = 8;
/// Candidates judged for one new item, those that share the most traces first.
const CANDIDATES_MAX: usize = 64;
/// So many likely copies that turn out to name another say that all of them are of one template.
const TEMPLATE_ITEMS: usize = 8;
/// Traces a shared link counts for: more than all buckets together.
const LINK_VOTES: u32 = 1000;

/// The story that a new item belongs to, and why.
pub(super) struct Match {
    pub(super) story: u64,
    pub(super) rule: JoinRule,
    pub(super) scores: Scores,
    /// Whether the very same content of the same speaker was purged.
    pub(super) is_purged: bool,
}

/// What the rule says of one candidate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judged {
    pub(super) seq: u64,
    /// The number of its story.
    pub(super) story: u64,
    pub(super) verdict: Verdict,
    /// Whether the words have to be read to know whether it names another: texts that are the same, or titles, cannot.
    pub(super) is_unread: bool,
    /// Whether the same speaker said it.
    pub(super) is_own: bool,
    /// Of its content.
    pub(super) digest: Option<Digest>,
    /// Whether it was purged.
    pub(super) is_ghost: bool,
}

/// Leaves an item's traces.
pub(super) fn learn(rows: &mut Overlay<'_>, seq: u64, content: &Content) -> Result<()> {
    let print = &content.fingerprint;
    if let Some(key) = &print.key {
        let row = change_link(rows, key, |row| push(&mut row.items, seq, LINK_ITEMS_MAX));
        let mut titles = KeyTitles { digests: row?.titles };
        if titles.note(print) {
            change_link(rows, key, |row| row.titles = titles.digests)?;
        }
    }
    for key in print.declared.iter().take(DECLARED_MAX) {
        change_link(rows, key, |row| push(&mut row.declaring, seq, LINK_ITEMS_MAX))?;
    }
    rows.put(rows::probes(era_of(print.dated), seq), &Probes::of(print));
    Ok(())
}

/// Where traces are followed.
pub(super) struct Search<'a> {
    pub(super) rows: &'a Overlay<'a>,
    pub(super) core: &'a Core,
    pub(super) side: Side,
}

/// Who searches.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The one writer, for whom the buckets are kept.
    Writing,
    /// A reader: it looks into buckets that are there, and makes its own of an era that the writer has not needed. A poll must not wait.
    Reading,
}

/// Reads what is compared of an item by its number and row; `None` where it is lost.
pub(super) trait Known {
    fn print(&self, seq: u64, row: &ItemRow) -> Result<Option<Fingerprint>>;
    fn naming(&self, seq: u64, row: &ItemRow) -> Result<Option<Naming>>;
}

/// What stands in the archive.
impl Known for Core {
    fn print(&self, _: u64, row: &ItemRow) -> Result<Option<Fingerprint>> {
        row.content.map_or(Ok(None), |(place, _)| self.fingerprint(place))
    }

    fn naming(&self, _: u64, row: &ItemRow) -> Result<Option<Naming>> {
        let item = row.content.map_or(Ok(None), |(place, _)| self.item_once(place))?;
        Ok(item.as_ref().map(Naming::of))
    }
}

impl Judged {
    /// What the rule says of two items.
    pub(super) fn of((seq, row): (u64, &ItemRow), (new, old): (&Fingerprint, &Fingerprint), verdict: Verdict) -> Self {
        Self {
            seq,
            story: row.story,
            verdict,
            is_unread: verdict.leans_on_text() && new.title != old.title && new.text != old.text,
            is_own: new.speaker == old.speaker,
            digest: row.content.map(|(_, digest)| digest),
            is_ghost: false,
        }
    }

    /// The verdict on one that was unread, after the words of both were read.
    pub(super) fn read(&self, new: &Naming, old: &Naming) -> Verdict {
        match self.verdict {
            Verdict::Join { scores, .. } if new.names_another(old) => Verdict::Apart { reason: Obstacle::OtherName, scores },
            verdict => verdict,
        }
    }
}

impl Search<'_> {
    /// The story that a new item belongs to.
    ///
    /// What leans on a title must agree with every member of the story: a chain of such steps leads anywhere, and to another place for each
    /// order in which its links come. What leans on a text must not name another.
    ///
    /// What a speaker says again, under a new id but in the content `again` or under its link, goes where it stood: an operator may have
    /// put it there. `None` where a second time is meant to be one, as of two files.
    pub(super) fn find(&self, new: &Arrival, again: Option<Digest>, known: &impl Known) -> Result<Option<Match>> {
        let judged = self.judge(&new.fingerprint, known)?;
        let is_same_link = |judged: &Judged| judged.verdict.rule() == Some(JoinRule::SameLink);
        let is_former = |judged: &&Judged| judged.is_own && (is_same_link(judged) || (again.is_some() && judged.digest == again));
        let former = judged.iter().find(is_former).copied();
        let best = self.best(new, &judged, known)?;
        let is_purged = judged.iter().any(|judged| judged.is_ghost && judged.is_own && again.is_some() && judged.digest == again);
        Ok(best.or(former).and_then(|best| match best.verdict {
            Verdict::Join { rule, scores } => {
                Some(Match { story: former.map_or(best.story, |former| former.story), rule, scores, is_purged })
            }
            Verdict::Apart { .. } => None,
        }))
    }

    /// The strongest of the `judged` that holds when everything is looked at. They come oldest first, so that of equals the oldest is taken,
    /// unless the speaker's own is among them.
    fn best(&self, new: &Arrival, judged: &[Judged], known: &impl Known) -> Result<Option<Judged>> {
        let mut joins: Vec<Judged> = judged.iter().filter(|one| one.verdict.rule().is_some()).copied().collect();
        joins.sort_by_key(|one| Reverse((one.verdict.strength(), one.is_own)));
        let naming = OnceCell::new();
        let mut others = 0;
        for one in joins {
            if one.verdict.leans_on_title() && !self.agree(one.story, &new.fingerprint, judged, known)? {
                continue;
            }
            if one.is_unread {
                let is_copy = others < TEMPLATE_ITEMS && self.is_copy(one, naming.get_or_init(|| Naming::of(&new.item)), known)?;
                if !is_copy {
                    others += 1;
                    continue;
                }
            }
            return Ok(Some(one));
        }
        Ok(None)
    }

    /// Whether two items are one story now that their words are read, as far as they can be.
    fn is_copy(&self, judged: Judged, new: &Naming, known: &impl Known) -> Result<bool> {
        let Some((row, _)) = self.item_or_ghost(judged.seq)? else { return Ok(true) };
        let old = known.naming(judged.seq, &row)?;
        Ok(old.is_none_or(|old| judged.read(new, &old).rule().is_some()))
    }

    /// Whether every member of a story agrees with a newcomer that joins some of them: the `judged`.
    fn agree(&self, story: u64, new: &Fingerprint, judged: &[Judged], known: &impl Known) -> Result<bool> {
        let Some(story) = self.rows.row::<StoryRow>(&rows::story(story))? else { return Ok(false) };
        for (seq, _) in &story.members {
            if judged.iter().any(|other| other.seq == *seq && other.verdict.rule().is_some()) {
                continue;
            }
            let Some(row) = self.rows.row::<ItemRow>(&rows::item(*seq))? else { continue };
            if known.print(*seq, &row)?.is_some_and(|member| !agrees(new, &member, &self.core.thresholds)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What the rule says of every candidate, the oldest first.
    pub(super) fn judge(&self, new: &Fingerprint, known: &impl Known) -> Result<Vec<Judged>> {
        let link: LinkRow = match &new.key {
            Some(key) => self.link(key)?,
            None => LinkRow::default(),
        };
        let candidates = self.candidates(new, &link)?;
        let mut titles = KeyTitles { digests: link.titles };
        titles.note(new);
        let mut judged = Vec::with_capacity(candidates.len());
        for seq in candidates {
            let Some((row, is_ghost)) = self.item_or_ghost(seq)? else { continue };
            let Some(old) = known.print(seq, &row)? else { continue };
            let verdict = if new.key.is_some() && new.key == old.key {
                judge_with_key(new, &old, &titles, &self.core.thresholds)
            } else {
                judge(new, &old, &self.core.thresholds)
            };
            judged.push(Judged { is_ghost, ..Judged::of((seq, &row), (new, &old), verdict) });
        }
        Ok(judged)
    }

    /// An item that there is, or one that was purged from a story that can be joined; and which of the two it is.
    fn item_or_ghost(&self, seq: u64) -> Result<Option<(ItemRow, bool)>> {
        if let Some(row) = self.rows.row(&rows::item(seq))? {
            return Ok(Some((row, false)));
        }
        let Some(ghost) = self.rows.row::<ItemRow>(&rows::ghost(seq))? else { return Ok(None) };
        Ok(self.rows.get(&rows::story(ghost.story))?.map(|_| (ghost, true)))
    }

    /// The items that share a trace, oldest first.
    fn candidates(&self, new: &Fingerprint, link: &LinkRow) -> Result<Vec<u64>> {
        let mut votes: BTreeMap<u64, u32> = BTreeMap::new();
        let mut vote = |seq: u64, weight: u32| *votes.entry(seq).or_default() += weight;
        link.items.iter().chain(&link.declaring).for_each(|seq| vote(*seq, LINK_VOTES));
        for key in new.declared.iter().take(DECLARED_MAX) {
            self.link(key)?.items.iter().for_each(|seq| vote(*seq, LINK_VOTES));
        }
        self.sharing(new, |seq| vote(seq, 1))?;
        let mut ranked: Vec<(u64, u32)> = votes.into_iter().collect();
        ranked.sort_by_key(|(seq, votes)| (std::cmp::Reverse(*votes), *seq));
        ranked.truncate(CANDIDATES_MAX);
        let mut found: Vec<u64> = ranked.into_iter().map(|(seq, _)| seq).collect();
        found.sort_unstable();
        Ok(found)
    }

    /// What is known of a link.
    fn link(&self, key: &LinkKey) -> Result<LinkRow> {
        if self.side == Side::Writing {
            self.core.index.sift_links(|| usize::try_from(self.core.head().items).unwrap_or(usize::MAX))?;
        }
        Ok(self.rows.row(&rows::link(key))?.unwrap_or_default())
    }

    /// Calls `visit` with every item inside the window that shares a bucket, once for each that it shares.
    fn sharing(&self, new: &Fingerprint, mut visit: impl FnMut(u64)) -> Result<()> {
        let window = self.core.thresholds.window;
        let eras = era_of(new.dated - window)..=era_of(new.dated + window);
        let probes = Probes::of(new);
        if self.side == Side::Writing {
            return self.core.buckets().find(&self.core.index, eras, &probes, visit);
        }
        for era in eras {
            if !self.core.buckets().find_known(era, &probes, &mut visit) {
                Buckets::default().find(&self.core.index, era..=era, &probes, &mut visit)?;
            }
        }
        Ok(())
    }
}

fn change_link(rows: &mut Overlay<'_>, key: &LinkKey, change: impl FnOnce(&mut LinkRow)) -> Result<LinkRow> {
    let key = rows::link(key);
    let mut row: LinkRow = rows.row(&key)?.unwrap_or_default();
    change(&mut row);
    rows.put(key, &row);
    Ok(row)
}

/// Puts an item in a list that has room for it.
fn push(items: &mut Vec<u64>, seq: u64, max: usize) {
    if items.len() < max && !items.contains(&seq) {
        items.push(seq);
    }
}
