//! What the index keeps of each story: the fields, and how they are indexed.

use tantivy::{
    TantivyError,
    schema::{FAST, Field, INDEXED, IndexRecordOption, STRING, Schema, TextFieldIndexing, TextOptions},
};

/// The name under which the index finds our tokenizer.
pub(super) const TOKENIZER: &str = "words";

/// Names of the fields that are sorted by or counted.
pub(super) const NUMBER: &str = "number";
pub(super) const UPDATED: &str = "updated";
pub(super) const ID_HIGH: &str = "id_high";
pub(super) const ID_LOW: &str = "id_low";
pub(super) const TAG: &str = "tag";
pub(super) const SOURCE: &str = "source";
pub(super) const PUBLISHED: &str = "published";

/// One document a story.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields {
    /// The story's number in its store: the key by which it is replaced.
    pub(super) number: Field,
    /// The story's id, in two halves.
    pub(super) id_high: Field,
    pub(super) id_low: Field,
    /// The copies' titles.
    pub(super) title: Field,
    /// Everything that can be searched, the titles included.
    pub(super) text: Field,
    /// What it is about and its labels, in lower case.
    pub(super) tag: Field,
    /// The copies' sources, the opener's first.
    pub(super) source: Field,
    /// The copies' languages, the first part of the BCP 47 tag.
    pub(super) language: Field,
    /// Seconds.
    pub(super) published: Field,
    /// Milliseconds.
    pub(super) updated: Field,
}

/// The shape of the index.
pub(super) fn schema() -> Schema {
    let words = TextFieldIndexing::default().set_tokenizer(TOKENIZER).set_index_option(IndexRecordOption::WithFreqsAndPositions);
    let words = TextOptions::default().set_indexing_options(words);
    let mut schema = Schema::builder();
    schema.add_u64_field(NUMBER, INDEXED | FAST);
    schema.add_u64_field(ID_HIGH, FAST);
    schema.add_u64_field(ID_LOW, FAST);
    schema.add_text_field("title", words.clone());
    schema.add_text_field("text", words);
    schema.add_text_field(TAG, STRING | FAST);
    schema.add_text_field(SOURCE, STRING | FAST);
    schema.add_text_field("language", STRING);
    schema.add_i64_field(PUBLISHED, FAST);
    schema.add_i64_field(UPDATED, FAST);
    schema.build()
}

impl Fields {
    /// The fields of an index; an error where it has another shape.
    pub(super) fn of(schema: &Schema) -> Result<Self, TantivyError> {
        let field = |name: &str| schema.get_field(name);
        Ok(Self {
            number: field(NUMBER)?,
            id_high: field(ID_HIGH)?,
            id_low: field(ID_LOW)?,
            title: field("title")?,
            text: field("text")?,
            tag: field(TAG)?,
            source: field(SOURCE)?,
            language: field("language")?,
            published: field(PUBLISHED)?,
            updated: field(UPDATED)?,
        })
    }
}
