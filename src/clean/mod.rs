//! Publishers' text made fit to show: HTML made safe, plain text taken out of it, and what a page says on every article taken away.

pub mod boilerplate;
mod distil;
mod entities;
mod gauge;
mod html;
mod pinyin;
mod text;
mod title;
mod tokens;

pub use html::html;
pub use pinyin::{pinyin_note_bytes, without_pinyin};
pub use text::{beginning, plain};
pub use title::title;
