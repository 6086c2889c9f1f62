//! Counts over many stories: what is talked about, and what each source had.

use crate::model::{StoryId, Timestamp};

/// A vulnerability that stories of some time are about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mentioned {
    /// Its canonical identifier.
    pub name: String,
    /// When those stories were published, ascending.
    pub stories: Vec<Timestamp>,
    /// How many sources told them.
    pub sources: usize,
    /// When the first story of all about it was published, in that time or long before.
    pub first: Timestamp,
    /// The newest of the stories, of those first that lists say something of.
    pub newest: StoryId,
}

/// What one source had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Share {
    /// Stories that it told.
    pub stories: u32,
    /// Those that were published lately.
    pub lately: u32,
    /// Those that it opened.
    pub first: u32,
    /// Those that nobody else told.
    pub only: u32,
}

/// How many stories a filter lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Total {
    /// So many.
    Exactly(usize),
    /// So many among the newest alone: the others were not counted.
    AtLeast(usize),
}
