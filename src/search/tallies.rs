//! Counts over the stories, read off the index's columns: what is talked about, and what each source had.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use tantivy::{
    Order as Direction, SegmentReader, Term,
    collector::{TopDocs, sort_key::SortByStaticFastValue},
    columnar::{Column, StrColumn},
    query::{AllQuery, Query, TermQuery},
    schema::IndexRecordOption,
};

use super::{
    Search,
    error::SearchError,
    fields::{ID_HIGH, ID_LOW, PUBLISHED, SOURCE, TAG},
    ranking,
};
use crate::{
    model::{Risk, SourceId, Timestamp},
    view::{Mentioned, Selection, Share},
};

impl Search {
    /// When the newest story was published; `None` without any.
    pub fn newest(&self) -> Result<Option<Timestamp>, SearchError> {
        self.published(&AllQuery, Direction::Desc)
    }

    /// The vulnerabilities that most stories published since `from` are about: by stories, then sources, then name; at most `limit`.
    pub fn talk(&self, from: Timestamp, limit: usize) -> Result<Vec<Mentioned>, SearchError> {
        let from = from.as_secs();
        let mut found: BTreeMap<String, Talk> = BTreeMap::new();
        for segment in self.0.reader.searcher().segment_readers() {
            let (published, tags) = (segment.fast_fields().i64(PUBLISHED)?, Names::of(segment, TAG)?);
            if published.max_value() < from {
                continue;
            }
            let sources = Names::of(segment, SOURCE)?;
            let halves = [segment.fast_fields().u64(ID_HIGH)?, segment.fast_fields().u64(ID_LOW)?];
            for story in segment.doc_ids_alive() {
                let Some(at) = published.first(story).filter(|at| *at >= from) else { continue };
                let id = halves.each_ref().map(|half| half.first(story).unwrap_or_default());
                let names = tags.of_story(story).map(|tag| tags.name(tag)).collect::<Result<Vec<_>, _>>()?;
                let is_marked = names.iter().any(|name| Risk::label(name).is_some());
                for name in names {
                    let Talk { times, tellers, newest } = found.entry(name).or_default();
                    times.push(at);
                    *newest = (is_marked, at, id).max(*newest);
                    for source in sources.of_story(story) {
                        tellers.insert(sources.name(source)?);
                    }
                }
            }
        }
        let mut ranked: Vec<_> = found
            .into_iter()
            .filter_map(|(tag, talk)| match Selection::vulnerability(&tag)? {
                Selection::Vulnerability(name) => Some((tag, name, talk)),
                _ => None,
            })
            .collect();
        ranked.sort_by(|(_, a, one), (_, b, other)| {
            (other.times.len(), other.tellers.len(), a).cmp(&(one.times.len(), one.tellers.len(), b))
        });
        ranked.truncate(limit);
        ranked
            .into_iter()
            .map(|(tag, name, Talk { mut times, tellers, newest: (.., id) })| {
                times.sort_unstable();
                let about = TermQuery::new(Term::from_field_text(self.0.fields.tag, &tag), IndexRecordOption::Basic);
                let stories: Vec<_> = times.into_iter().map(Timestamp::from_secs).collect();
                let first = self.published(&about, Direction::Asc)?.unwrap_or(stories[0]);
                Ok(Mentioned { name, stories, sources: tellers.len(), first, newest: ranking::id_of(id) })
            })
            .collect()
    }

    /// What every source had of all stories, and of those published since `lately`.
    pub fn shares(&self, lately: Timestamp) -> Result<HashMap<SourceId, Share>, SearchError> {
        let mut shares: HashMap<SourceId, Share> = HashMap::new();
        for segment in self.0.reader.searcher().segment_readers() {
            let (published, sources) = (segment.fast_fields().i64(PUBLISHED)?, Names::of(segment, SOURCE)?);
            let mut of_segment: HashMap<u64, Share> = HashMap::new();
            for story in segment.doc_ids_alive() {
                let tellers = sources.of_story(story).count();
                let is_late = published.first(story).is_some_and(|at| at >= lately.as_secs());
                for (place, source) in sources.of_story(story).enumerate() {
                    let share = of_segment.entry(source).or_default();
                    share.stories += 1;
                    share.lately += u32::from(is_late);
                    share.first += u32::from(place == 0);
                    share.only += u32::from(tellers == 1);
                }
            }
            for (source, Share { stories, lately, first, only }) in of_segment {
                let Ok(source) = SourceId::parse(&sources.name(source)?) else { continue };
                let share = shares.entry(source).or_default();
                share.stories += stories;
                share.lately += lately;
                share.first += first;
                share.only += only;
            }
        }
        Ok(shares)
    }

    /// When the first or the last of the stories that a query finds was published.
    fn published(&self, query: &dyn Query, direction: Direction) -> Result<Option<Timestamp>, SearchError> {
        let by_time = TopDocs::with_limit(1).order_by((SortByStaticFastValue::<i64>::for_field(PUBLISHED), direction));
        let found = self.0.reader.searcher().search(query, &by_time)?;
        Ok(found.into_iter().next().and_then(|(at, _)| at).map(Timestamp::from_secs))
    }
}

/// What is said of one tag.
#[derive(Default)]
struct Talk {
    times: Vec<i64>,
    tellers: BTreeSet<String>,
    /// Whether lists say something of the vulnerabilities of the newest story, when it was published, and the halves of its id. A round-up
    /// is not marked: what is known of one of its vulnerabilities is known by the others.
    newest: (bool, i64, [u64; 2]),
}

/// The names that the stories of a segment have in one field.
struct Names {
    /// None where no story of the segment has any.
    column: Option<StrColumn>,
}

impl Names {
    fn of(segment: &SegmentReader, field: &str) -> Result<Self, SearchError> {
        Ok(Self { column: segment.fast_fields().str(field)? })
    }

    fn of_story(&self, story: u32) -> impl Iterator<Item = u64> + '_ {
        let ords: Option<&Column<u64>> = self.column.as_ref().map(|column| column.ords());
        ords.into_iter().flat_map(move |ords| ords.values_for_doc(story))
    }

    fn name(&self, ord: u64) -> Result<String, SearchError> {
        let mut name = String::new();
        if let Some(column) = &self.column {
            column.ord_to_str(ord, &mut name).map_err(tantivy::TantivyError::from)?;
        }
        Ok(name)
    }
}
