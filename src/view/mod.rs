//! Which stories stand where: what a filter asks of a story, the views and other selections that feeds and pages are made of, and how
//! much of a selection one page holds.

mod filter;
mod query;
mod selection;
mod tally;
mod week;
mod window;

pub use self::{
    filter::{Filter, Place},
    query::{QUERY_CHARS_MAX, misread, query},
    selection::{Question, Selection, View, ViewId},
    tally::{Mentioned, Share, Total},
    week::Week,
    window::{Candidate, Window, WindowLimits, crowd, page, window},
};
