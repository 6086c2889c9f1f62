//! From a filter to a query of the index.

use std::{collections::HashMap, ops::Bound};

use tantivy::{
    Term,
    query::{
        AllQuery, BooleanQuery, BoostQuery, EmptyQuery, Occur, PhrasePrefixQuery, PhraseQuery, Query, RangeQuery, TermQuery, TermSetQuery,
    },
    schema::{Field, IndexRecordOption},
};

use super::{
    fields::Fields,
    names::Names,
    words::{Kind, Words},
};
use crate::{
    model::{SourceId, Timestamp, primary_language},
    view::{Filter, Place},
};

/// Words of a phrase that are looked at; what follows is taken for granted.
const WORDS_MAX: usize = 64;

/// Pairs that a single sign may stand for.
const EXPANSIONS_MAX: u32 = 20_000;

/// How much more a word counts in a title, where the best come first.
const TITLE_BOOST: f32 = 2.0;

/// Puts filters as questions.
pub(super) struct Asker<'a> {
    pub(super) fields: &'a Fields,
    /// What the sources are called.
    pub(super) names: &'a Names,
    /// The names that the items of renamed sources bear.
    pub(super) identities: &'a HashMap<SourceId, SourceId>,
    /// Whether it matters how well a story fits, beside whether it does.
    pub(super) is_scored: bool,
}

impl Asker<'_> {
    /// The query that finds what the filter lets through.
    pub(super) fn ask(&self, filter: &Filter) -> Box<dyn Query> {
        match filter {
            Filter::All(parts) => self.all(parts),
            Filter::Any(parts) if parts.is_empty() => Box::new(EmptyQuery),
            Filter::Any(parts) => Box::new(BooleanQuery::union(parts.iter().map(|part| self.ask(part)).collect())),
            Filter::Not(part) => Box::new(BooleanQuery::new(vec![(Occur::Must, Box::new(AllQuery)), (Occur::MustNot, self.ask(part))])),
            Filter::Words { place, phrase } => self.words(*place, &Words::of(phrase)),
            Filter::Tag(tag) => self.exactly(self.fields.tag, &tag.to_lowercase()),
            Filter::Source(source) => self.exactly(self.fields.source, self.borne(source)),
            Filter::Language(language) => self.exactly(self.fields.language, &primary_language(language).to_lowercase()),
            Filter::Published { from, until } => self.published(*from, *until),
        }
    }

    fn all(&self, parts: &[Filter]) -> Box<dyn Query> {
        let mut clauses = Vec::with_capacity(parts.len() + 1);
        for part in parts {
            clauses.push(match part {
                Filter::Not(part) => (Occur::MustNot, self.ask(part)),
                part => (Occur::Must, self.ask(part)),
            });
        }
        if !clauses.iter().any(|(occur, _)| *occur == Occur::Must) {
            clauses.push((Occur::Must, Box::new(AllQuery)));
        }
        Box::new(BooleanQuery::new(clauses))
    }

    /// Words in a row: in a title, or anywhere a story says something, its sources' names included.
    fn words(&self, place: Place, words: &Words) -> Box<dyn Query> {
        if words.len() == 0 {
            return Box::new(EmptyQuery);
        }
        if place == Place::Title {
            return in_a_row(self.fields.title, words);
        }
        let mut ways = vec![in_a_row(self.fields.text, words)];
        if self.is_scored {
            ways.push(Box::new(BoostQuery::new(in_a_row(self.fields.title, words), TITLE_BOOST)));
        }
        let named: Vec<_> = self.names.with(words).map(|source| Term::from_field_text(self.fields.source, self.borne(source))).collect();
        if !named.is_empty() {
            ways.push(Box::new(TermSetQuery::new(named)));
        }
        if ways.len() == 1 { ways.remove(0) } else { Box::new(BooleanQuery::union(ways)) }
    }

    /// The name that a source's items bear.
    fn borne<'s>(&'s self, source: &'s SourceId) -> &'s str {
        self.identities.get(source).unwrap_or(source).as_str()
    }

    fn exactly(&self, field: Field, value: &str) -> Box<dyn Query> {
        Box::new(TermQuery::new(Term::from_field_text(field, value), IndexRecordOption::Basic))
    }

    fn published(&self, from: Option<Timestamp>, until: Option<Timestamp>) -> Box<dyn Query> {
        let term = |at: Timestamp| Term::from_field_i64(self.fields.published, at.as_millis().div_euclid(1000));
        match (from, until) {
            (None, None) => Box::new(AllQuery),
            _ => Box::new(RangeQuery::new(
                from.map_or(Bound::Unbounded, |at| Bound::Included(term(at))),
                until.map_or(Bound::Unbounded, |at| Bound::Excluded(term(at))),
            )),
        }
    }
}

/// The words in a row. Of a run of signs every second pair says as much as all of them. Its last sign says that it ends there, which only
/// matters where something follows; a sign that is alone at the end may be the beginning of any pair.
fn in_a_row(field: Field, words: &Words) -> Box<dyn Query> {
    let all: Vec<_> = words.placed().take(WORDS_MAX).collect();
    let mut asked = Vec::with_capacity(all.len());
    let mut run = 0;
    for (index, (place, word, kind)) in all.iter().enumerate() {
        let rest = &all[index + 1..];
        let is_needed = match kind {
            Kind::Word => true,
            Kind::Pair => run % 2 == 0 || matches!(rest, [] | [(_, _, Kind::Last), ..]),
            Kind::Last => run == 0 || !rest.is_empty(),
        };
        run = if *kind == Kind::Pair { run + 1 } else { 0 };
        if is_needed {
            asked.push((*place, Term::from_field_text(field, word)));
        }
    }
    let is_open = all.last().is_some_and(|(end, _, kind)| *kind == Kind::Last && asked.last().is_some_and(|(place, _)| place == end));
    match asked.len() {
        _ if is_open => {
            let mut query = PhrasePrefixQuery::new_with_offset(asked);
            query.set_max_expansions(EXPANSIONS_MAX);
            Box::new(query)
        }
        1 => Box::new(TermQuery::new(asked.remove(0).1, IndexRecordOption::WithFreqs)),
        _ => Box::new(PhraseQuery::new_with_offset(asked)),
    }
}
