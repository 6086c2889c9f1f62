//! Which of some stories a filter lets through: for those who follow the store and care for what changed.

use std::sync::PoisonError;

use tantivy::{
    Term,
    query::{BooleanQuery, Occur, TermSetQuery},
};

use super::{Order, Search, SearchError, ranking};
use crate::{model::StoryId, view::Filter};

impl Search {
    /// Those of the stories with these numbers that `filter` lets through, as far as the index knows them. Blocking.
    pub fn among(&self, filter: &Filter, numbers: &[u64]) -> Result<Vec<StoryId>, SearchError> {
        let fields = &self.0.fields;
        let numbered = TermSetQuery::new(numbers.iter().map(|number| Term::from_field_u64(fields.number, *number)));
        let query = {
            let named = self.0.names.read().unwrap_or_else(PoisonError::into_inner);
            let asked = named.ask(fields, filter, false);
            BooleanQuery::new(vec![(Occur::Must, Box::new(numbered)), (Occur::Must, asked)])
        };
        Ok(ranking::rank(&self.0.reader.searcher(), &query, Order::Newest, 0, numbers.len())?.ids)
    }
}
