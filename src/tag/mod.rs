//! What a text is about, and in which language it is.

mod identifiers;
mod language;

pub use identifiers::{Mentions, identifier, mentions};
pub use language::language;
