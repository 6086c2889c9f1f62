//! Tables for people: columns as wide as their widest cell, Chinese characters counted as two, no lines.

use comfy_table::{ContentArrangement, Table, presets};

/// A table with these column heads. On a terminal it keeps to the width; in a pipe every row is one line.
pub(super) fn table(heads: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled).set_header(heads);
    table
}

/// The table as text, without blanks at the ends of its lines.
pub(super) fn text(table: &Table) -> String {
    table.trim_fmt() + "\n"
}

/// At most `chars_max` characters, an ellipsis for the rest.
pub(super) fn clip(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        Some(_) => text.chars().take(chars_max.saturating_sub(1)).chain(['…']).collect(),
        None => text.to_owned(),
    }
}
