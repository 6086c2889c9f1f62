//! Which of the stories that a query finds come first, and how many there are.
//!
//! The newest are looked for among the newest first: what lets much through fills its page from a small part of a large index. And what
//! lets much through is not counted to its end, and then a round number is said: how far the count came depends on how the index lies on
//! the disk, and the same stories must make the same page.

use std::{
    cmp::Reverse,
    ops::Bound,
    sync::{Arc, Mutex, PoisonError},
};

use tantivy::{
    DocAddress, Order as Direction, Searcher, Term,
    collector::{
        Count, TopDocs,
        sort_key::{SortBySimilarityScore, SortByStaticFastValue},
    },
    columnar::Column,
    query::{BooleanQuery, Occur, Query, RangeQuery},
};

use super::{
    Order,
    error::SearchError,
    fields::{Fields, ID_HIGH, ID_LOW, UPDATED},
};
use crate::{
    model::{Digest, ItemId, StoryId},
    view::Total,
};

/// Stories that may be passed over and taken, together.
pub(super) const DEPTH_MAX: usize = 100_000;

/// The newest 64th of all stories, and the newest eighth: what is asked before all are.
const NEWEST_PARTS: [u64; 2] = [64, 8];

/// Stories whose times are read to know where such a part begins.
const SAMPLES: u64 = 1024;

/// More stories than that are not told apart; found in such a part, nobody counts the others.
const COUNTED_MAX: usize = 1000;

/// The times of some stories, newest first, read once for each state of the index.
#[derive(Default)]
pub(super) struct Sample(Mutex<Option<(u64, Arc<[i64]>)>>);

impl Sample {
    fn of(&self, searcher: &Searcher) -> Result<Arc<[i64]>, SearchError> {
        let state = searcher.generation().generation_id();
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, times)) = known.as_ref().filter(|(of, _)| *of == state) {
            return Ok(Arc::clone(times));
        }
        let step = usize::try_from(searcher.num_docs() / SAMPLES).unwrap_or(usize::MAX).max(1);
        let mut sample = Vec::new();
        for (updated, segment) in times(searcher)?.into_iter().zip(searcher.segment_readers()) {
            sample.extend((0..segment.max_doc()).step_by(step).filter_map(|story| updated.first(story)));
        }
        sample.sort_unstable_by_key(|time| Reverse(*time));
        let sample: Arc<[i64]> = sample.into();
        *known = Some((state, Arc::clone(&sample)));
        Ok(sample)
    }
}

/// Looks things up in one state of the index.
pub(super) struct Ranking<'a> {
    pub(super) searcher: Searcher,
    pub(super) fields: &'a Fields,
    pub(super) sample: &'a Sample,
}

impl Ranking<'_> {
    /// What a query finds, from `skip` on, at most `limit`.
    pub(super) fn find(&self, query: &dyn Query, order: Order, (skip, limit): (usize, usize)) -> Result<Vec<StoryId>, SearchError> {
        let limit = limit.min(DEPTH_MAX.saturating_sub(skip));
        if limit == 0 {
            return Ok(Vec::new());
        }
        if order == Order::Best {
            return best(&self.searcher, query, (skip, limit));
        }
        for part in self.newest_parts((skip + limit) as u64)? {
            let found = newest(&self.searcher, &both(query, part), (skip, limit))?;
            if found.len() == limit {
                return Ok(found);
            }
        }
        newest(&self.searcher, query, (skip, limit))
    }

    /// How many stories a query finds.
    pub(super) fn count(&self, query: &dyn Query) -> Result<Total, SearchError> {
        for part in self.newest_parts(COUNTED_MAX as u64)? {
            let found = self.searcher.search(&both(query, part), &Count)?;
            if found > COUNTED_MAX {
                return Ok(Total::MoreThan(COUNTED_MAX));
            }
        }
        let found = self.searcher.search(query, &Count)?;
        Ok(if found > COUNTED_MAX { Total::MoreThan(COUNTED_MAX) } else { Total::Exactly(found) })
    }

    /// The newest parts of all stories, the smallest first, each as the query that finds it; none that has fewer than `stories`.
    fn newest_parts(&self, stories: u64) -> Result<Vec<RangeQuery>, SearchError> {
        let all = self.searcher.num_docs();
        let wanted: Vec<u64> = NEWEST_PARTS.into_iter().filter(|part| all / part >= stories).collect();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let sample = self.sample.of(&self.searcher)?;
        let since = |part: u64| Term::from_field_i64(self.fields.updated, sample[sample.len() / part as usize]);
        Ok(wanted.into_iter().map(|part| RangeQuery::new(Bound::Included(since(part)), Bound::Unbounded)).collect())
    }
}

/// `updated` descending, then id ascending: where a document lies in the index depends on its history.
pub(super) fn newest(searcher: &Searcher, query: &dyn Query, (skip, limit): (usize, usize)) -> Result<Vec<StoryId>, SearchError> {
    let time = (SortByStaticFastValue::<i64>::for_field(UPDATED), Direction::Desc);
    let id = (SortByStaticFastValue::<u64>::for_field(ID_HIGH), Direction::Asc);
    let top = TopDocs::with_limit(limit).and_offset(skip).order_by((time, id));
    let addresses: Vec<_> = searcher.search(query, &top)?.into_iter().map(|(_, address)| address).collect();
    ids(searcher, &addresses)
}

/// What fits best; of equals the newest, then by id. Only the score is asked for, so that what cannot be among the best is not looked at.
fn best(searcher: &Searcher, query: &dyn Query, (skip, limit): (usize, usize)) -> Result<Vec<StoryId>, SearchError> {
    let found = searcher.search(query, &TopDocs::with_limit(skip + limit).order_by(SortBySimilarityScore))?;
    let addresses: Vec<_> = found.iter().map(|(_, address)| *address).collect();
    let updated = times(searcher)?;
    let times = addresses.iter().map(|address| updated[address.segment_ord as usize].first(address.doc_id));
    let mut ranked: Vec<_> = found.iter().map(|(score, _)| *score).zip(times).zip(ids(searcher, &addresses)?).collect();
    ranked.sort_by(|((one, a), id), ((other, b), more)| other.total_cmp(one).then(b.cmp(a)).then(id.cmp(more)));
    Ok(ranked.into_iter().skip(skip).map(|(_, id)| id).collect())
}

/// When the stories of each segment were updated.
fn times(searcher: &Searcher) -> Result<Vec<Column<i64>>, SearchError> {
    Ok(searcher.segment_readers().iter().map(|segment| segment.fast_fields().i64(UPDATED)).collect::<Result<_, _>>()?)
}

fn both(query: &dyn Query, other: impl Query) -> BooleanQuery {
    BooleanQuery::new(vec![(Occur::Must, query.box_clone()), (Occur::Must, Box::new(other))])
}

/// The ids of the stories at these addresses.
fn ids(searcher: &Searcher, addresses: &[DocAddress]) -> Result<Vec<StoryId>, SearchError> {
    let mut columns: Vec<Option<[Column<u64>; 2]>> = vec![None; searcher.segment_readers().len()];
    let mut ids = Vec::with_capacity(addresses.len());
    for DocAddress { segment_ord, doc_id } in addresses {
        let place = &mut columns[*segment_ord as usize];
        if place.is_none() {
            let fast = searcher.segment_reader(*segment_ord).fast_fields();
            *place = Some([fast.u64(ID_HIGH)?, fast.u64(ID_LOW)?]);
        }
        let halves = place.as_ref().map(|columns| columns.each_ref().map(|column| column.first(*doc_id).unwrap_or_default()));
        ids.push(id_of(halves.expect("the columns were opened")));
    }
    Ok(ids)
}

/// A story's id from its two halves.
pub(super) fn id_of([high, low]: [u64; 2]) -> StoryId {
    let bytes = ((u128::from(high) << 64) | u128::from(low)).to_be_bytes();
    StoryId::opened_by(ItemId::from_digest(Digest::from_bytes(bytes)))
}
