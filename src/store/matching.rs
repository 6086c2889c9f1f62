//! How copies find each other: every item leaves its traces in the index, and a new one follows those that it shares.
//!
//! Traces are its link, the origins that its text declares, and the buckets of its fingerprint. `dedup` judges each candidate.

use std::collections::BTreeMap;

use super::{
    buckets::{Buckets, era_of},
    error::Result,
    index::{Index, Overlay, Rows},
    record::Content,
    rows::{self, ItemRow, LinkRow, Probes},
};
use crate::{
    dedup::{Fingerprint, KeyTitles, Scores, Verdict, judge, judge_with_key},
    model::{JoinRule, LinkKey, MergeThresholds},
};

/// Items kept under one link, and as many that declare it. The first ones: stories grow around what was seen first.
const LINK_ITEMS_MAX: usize = 8;
/// Declared origins followed.
const DECLARED_MAX: usize = 8;
/// Candidates judged for one new item, those that share the most traces first.
const CANDIDATES_MAX: usize = 64;
/// Traces a shared link counts for: more than all buckets together.
const LINK_VOTES: u32 = 1000;

/// The story that a new item belongs to, and why.
pub(super) struct Match {
    pub(super) story: u64,
    pub(super) rule: JoinRule,
    pub(super) scores: Scores,
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
    pub(super) index: &'a Index,
    pub(super) buckets: &'a mut Buckets,
    pub(super) thresholds: &'a MergeThresholds,
}

impl Search<'_> {
    /// The story that an item with the fingerprint `new` belongs to. `known` reads the fingerprint of a candidate.
    pub(super) fn find(mut self, new: &Fingerprint, known: impl Fn(u64, &ItemRow) -> Result<Option<Fingerprint>>) -> Result<Option<Match>> {
        let link: LinkRow = match &new.key {
            Some(key) => self.rows.row(&rows::link(key))?.unwrap_or_default(),
            None => LinkRow::default(),
        };
        let candidates = self.candidates(new, &link)?;
        let mut titles = KeyTitles { digests: link.titles };
        titles.note(new);
        let mut best: Option<(Verdict, u64)> = None;
        for seq in candidates {
            let Some(row) = self.rows.row::<ItemRow>(&rows::item(seq))? else { continue };
            let Some(old) = known(seq, &row)? else { continue };
            let verdict = if new.key.is_some() && new.key == old.key {
                judge_with_key(new, &old, &titles, self.thresholds)
            } else {
                judge(new, &old, self.thresholds)
            };
            // Candidates come oldest first, so that of equals the oldest stays.
            if best.as_ref().is_none_or(|(best, _)| verdict.strength() > best.strength()) {
                best = Some((verdict, row.story));
            }
        }
        Ok(best.and_then(|(verdict, story)| match verdict {
            Verdict::Join { rule, scores } => Some(Match { story, rule, scores }),
            Verdict::Apart { .. } => None,
        }))
    }

    /// The items that share a trace, oldest first.
    fn candidates(&mut self, new: &Fingerprint, link: &LinkRow) -> Result<Vec<u64>> {
        let mut votes: BTreeMap<u64, u32> = BTreeMap::new();
        let mut vote = |seq: u64, weight: u32| *votes.entry(seq).or_default() += weight;
        link.items.iter().chain(&link.declaring).for_each(|seq| vote(*seq, LINK_VOTES));
        for key in new.declared.iter().take(DECLARED_MAX) {
            let declared: LinkRow = self.rows.row(&rows::link(key))?.unwrap_or_default();
            declared.items.iter().for_each(|seq| vote(*seq, LINK_VOTES));
        }
        let window = self.thresholds.window;
        let eras = era_of(new.dated - window)..=era_of(new.dated + window);
        self.buckets.find(self.index, eras, &Probes::of(new), |seq| vote(seq, 1))?;
        let mut ranked: Vec<(u64, u32)> = votes.into_iter().collect();
        ranked.sort_by_key(|(seq, votes)| (std::cmp::Reverse(*votes), *seq));
        ranked.truncate(CANDIDATES_MAX);
        let mut found: Vec<u64> = ranked.into_iter().map(|(seq, _)| seq).collect();
        found.sort_unstable();
        Ok(found)
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
