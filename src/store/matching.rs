//! How copies find each other: every item leaves its traces in the index, and a new one follows those that it shares.
//!
//! Traces are its link, the origins that its text declares, and the buckets of its fingerprint. `dedup` judges each candidate.

use std::collections::BTreeMap;

use super::{
    error::Result,
    index::{Overlay, Rows},
    record::Content,
    rows::{self, ItemRow, LinkRow},
};
use crate::{
    dedup::{Fingerprint, KeyTitles, Scores, Verdict, judge, judge_with_key},
    model::{JoinRule, LinkKey, MergeThresholds, Timestamp},
};

/// Items kept under one link, and as many that declare it. The first ones: stories grow around what was seen first.
const LINK_ITEMS_MAX: usize = 8;
/// Items kept in one bucket.
const BUCKET_ITEMS_MAX: usize = 32;
/// Declared origins followed.
const DECLARED_MAX: usize = 8;
/// Candidates judged for one new item, those that share the most traces first.
const CANDIDATES_MAX: usize = 64;
/// Traces a shared link counts for: more than all buckets together.
const LINK_VOTES: u32 = 1000;

/// Buckets are kept apart by eras of 64 days, so that those of years ago are neither read nor written again.
const ERA_SECS: i64 = 64 * 86_400;

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
    let era = era_of(print.dated);
    for probe in print.probes() {
        let key = rows::bucket(era, probe);
        let mut items: Vec<u64> = rows.row(&key)?.unwrap_or_default();
        if push(&mut items, seq, BUCKET_ITEMS_MAX) {
            rows.put(key, &items);
        }
    }
    Ok(())
}

/// The story that an item with the fingerprint `new` belongs to. `known` reads the fingerprint of a candidate.
pub(super) fn find(
    rows: &Overlay<'_>,
    new: &Fingerprint,
    thresholds: &MergeThresholds,
    known: impl Fn(u64, &ItemRow) -> Result<Option<Fingerprint>>,
) -> Result<Option<Match>> {
    let link: LinkRow = match &new.key {
        Some(key) => rows.row(&rows::link(key))?.unwrap_or_default(),
        None => LinkRow::default(),
    };
    let mut titles = KeyTitles { digests: link.titles.clone() };
    titles.note(new);
    let mut best: Option<(Verdict, u64)> = None;
    for seq in candidates(rows, new, &link, thresholds)? {
        let Some(row) = rows.row::<ItemRow>(&rows::item(seq))? else { continue };
        let Some(old) = known(seq, &row)? else { continue };
        let verdict = if new.key.is_some() && new.key == old.key {
            judge_with_key(new, &old, &titles, thresholds)
        } else {
            judge(new, &old, thresholds)
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
fn candidates(rows: &Overlay<'_>, new: &Fingerprint, link: &LinkRow, thresholds: &MergeThresholds) -> Result<Vec<u64>> {
    let mut votes: BTreeMap<u64, u32> = BTreeMap::new();
    let mut vote = |items: &[u64], weight: u32| items.iter().for_each(|seq| *votes.entry(*seq).or_default() += weight);
    vote(&link.items, LINK_VOTES);
    vote(&link.declaring, LINK_VOTES);
    for key in new.declared.iter().take(DECLARED_MAX) {
        vote(&rows.row::<LinkRow>(&rows::link(key))?.unwrap_or_default().items, LINK_VOTES);
    }
    let eras = era_of(new.dated - thresholds.window)..=era_of(new.dated + thresholds.window);
    for probe in new.probes() {
        for era in eras.clone() {
            vote(&rows.row::<Vec<u64>>(&rows::bucket(era, probe))?.unwrap_or_default(), 1);
        }
    }
    let mut ranked: Vec<(u64, u32)> = votes.into_iter().collect();
    ranked.sort_by_key(|(seq, votes)| (std::cmp::Reverse(*votes), *seq));
    ranked.truncate(CANDIDATES_MAX);
    let mut found: Vec<u64> = ranked.into_iter().map(|(seq, _)| seq).collect();
    found.sort_unstable();
    Ok(found)
}

fn change_link<T>(rows: &mut Overlay<'_>, key: &LinkKey, change: impl FnOnce(&mut LinkRow) -> T) -> Result<LinkRow> {
    let key = rows::link(key);
    let mut row: LinkRow = rows.row(&key)?.unwrap_or_default();
    change(&mut row);
    rows.put(key, &row);
    Ok(row)
}

/// Puts an item in a list that has room for it; says whether the list changed.
fn push(items: &mut Vec<u64>, seq: u64, max: usize) -> bool {
    let has_room = items.len() < max && !items.contains(&seq);
    if has_room {
        items.push(seq);
    }
    has_room
}

fn era_of(time: Timestamp) -> u32 {
    /// Makes the eras before 1970 positive: a timestamp is not before the year 0.
    const OFFSET: i64 = 20_000;
    u32::try_from(time.as_secs().div_euclid(ERA_SECS) + OFFSET).unwrap_or(0)
}
