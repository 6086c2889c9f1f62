//! Which of the stories that a query finds come first, and how many there are.

use tantivy::{
    DocAddress, Order as Direction, Searcher,
    collector::{
        Collector, Count, TopDocs,
        sort_key::{SortBySimilarityScore, SortByStaticFastValue},
    },
    columnar::Column,
    query::Query,
};

use super::{
    Found, Order,
    error::SearchError,
    fields::{ID_HIGH, ID_LOW, UPDATED},
};
use crate::model::{Digest, ItemId, StoryId};

/// Stories that may be passed over and taken, together.
pub(super) const DEPTH_MAX: usize = 100_000;

/// What a query finds, from `skip` on, at most `limit`.
pub(super) fn rank(searcher: &Searcher, query: &dyn Query, order: Order, skip: usize, limit: usize) -> Result<Found, SearchError> {
    let limit = limit.min(DEPTH_MAX.saturating_sub(skip));
    if limit == 0 {
        return Ok(Found { ids: Vec::new(), total: searcher.search(query, &Count)? });
    }
    let top = TopDocs::with_limit(limit).and_offset(skip);
    let newest = (SortByStaticFastValue::<i64>::for_field(UPDATED), Direction::Desc);
    let first = (SortByStaticFastValue::<u64>::for_field(ID_HIGH), Direction::Asc);
    // Ties go by id, as everywhere: where a document lies in the index depends on its history.
    let (addresses, total) = match order {
        Order::Newest => addresses(searcher, query, top.order_by((newest, first)))?,
        Order::Best => addresses(searcher, query, top.order_by((SortBySimilarityScore, (newest, first))))?,
    };
    Ok(Found { ids: ids(searcher, &addresses)?, total })
}

fn addresses<K: 'static>(
    searcher: &Searcher,
    query: &dyn Query,
    collector: impl Collector<Fruit = Vec<(K, DocAddress)>>,
) -> Result<(Vec<DocAddress>, usize), SearchError> {
    let (top, total) = searcher.search(query, &(collector, Count))?;
    Ok((top.into_iter().map(|(_, address)| address).collect(), total))
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
