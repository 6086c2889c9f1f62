//! What a text is about, and in which language it is.

mod language;

pub use language::language;
