//! What a story must be to stand in a view, or in what a search finds.

use crate::model::{SourceId, Timestamp};

/// What a story must be to stand in a view or in what a search finds. A filter is asked of all stories, never only of the newest; a
/// story fits where any of its copies does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// Each of these holds; of none: every story.
    All(Vec<Filter>),
    /// One of these holds; of none: no story.
    Any(Vec<Filter>),
    /// This does not hold.
    Not(Box<Filter>),
    /// A copy says these words in a row, beginning and ending at word boundaries, whatever their case: `Tor` does not hit "instructor".
    /// Han text has no boundaries: its bigrams stand in a row.
    Words {
        /// Where they must stand.
        place: Place,
        /// One word or several.
        phrase: String,
    },
    /// It is about what is called so, whatever else it mentions, or is labelled so: an identifier in its canonical spelling,
    /// `CVE-2024-3094`, or `kev`, `epss>=0.9`, `roundup`.
    Tag(String),
    /// One of its copies is of that source.
    Source(SourceId),
    /// It is written in that language: `zh`, `en`; the first part of a BCP 47 tag, in lower case.
    Language(String),
    /// It was published in that span.
    Published {
        /// Not before.
        from: Option<Timestamp>,
        /// Before.
        until: Option<Timestamp>,
    },
}

/// Where words must stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// In the title or the text of a copy, its authors and categories included, or in the name of its source.
    Anywhere,
    /// In the title of a copy.
    Title,
}
