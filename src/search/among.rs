//! Which of some stories a filter lets through, by their numbers in the store: for those who follow it and care for what changed, and
//! for the volumes of its archive.

use std::ops::{Bound, Range};

use tantivy::{
    Order as Direction, Term,
    collector::{TopDocs, sort_key::SortByStaticFastValue},
    query::{BooleanQuery, Occur, Query, RangeQuery, TermSetQuery},
};

use super::{Search, SearchError, fields::NUMBER, ranking};
use crate::{model::StoryId, view::Filter};

impl Search {
    /// Those of the stories with these numbers that `filter` lets through, as far as the index knows them. Blocking.
    pub fn among(&self, filter: &Filter, numbers: &[u64]) -> Result<Vec<StoryId>, SearchError> {
        let numbered = TermSetQuery::new(numbers.iter().map(|number| self.numbered(*number)));
        let query = self.both(numbered, filter);
        ranking::newest(&self.0.reader.searcher(), &query, (0, numbers.len().max(1)))
    }

    /// The lowest number among these of a story that `filter` lets through. Blocking.
    pub fn first_within(&self, filter: &Filter, numbers: Range<u64>) -> Result<Option<u64>, SearchError> {
        self.outermost(filter, numbers, Direction::Asc)
    }

    /// The highest number among these of a story that `filter` lets through. Blocking.
    pub fn last_within(&self, filter: &Filter, numbers: Range<u64>) -> Result<Option<u64>, SearchError> {
        self.outermost(filter, numbers, Direction::Desc)
    }

    fn outermost(&self, filter: &Filter, numbers: Range<u64>, direction: Direction) -> Result<Option<u64>, SearchError> {
        let within = RangeQuery::new(Bound::Included(self.numbered(numbers.start)), Bound::Excluded(self.numbered(numbers.end)));
        let by_number = TopDocs::with_limit(1).order_by((SortByStaticFastValue::<u64>::for_field(NUMBER), direction));
        let found = self.0.reader.searcher().search(&self.both(within, filter), &by_number)?;
        Ok(found.into_iter().next().and_then(|(number, _)| number))
    }

    fn numbered(&self, number: u64) -> Term {
        Term::from_field_u64(self.0.fields.number, number)
    }

    /// What the query finds and the filter lets through.
    fn both(&self, query: impl Query, filter: &Filter) -> BooleanQuery {
        BooleanQuery::new(vec![(Occur::Must, Box::new(query)), (Occur::Must, self.ask(filter, false))])
    }
}
