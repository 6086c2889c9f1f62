//! `watchfire sources`: every source in a table.

use std::process::ExitCode;

use super::{
    block_on, say,
    table::{clip, count, table, text},
};
use crate::app::{self, Choice, SourceRow};

pub(super) fn run(choice: &Choice) -> anyhow::Result<ExitCode> {
    app::start_logging("warn");
    let rows = block_on(app::sources(choice))?;
    let mut listing = table(&["source", "items", "last outcome", "asked", "next poll", "why"]);
    for row in &rows {
        let (next, why) = next(row);
        let mut outcome = clip(row.last_outcome.as_deref().unwrap_or("never asked"), 80);
        if row.failures > 1 {
            outcome += &format!(" ({} in a row)", row.failures);
        }
        listing.add_row([
            row.id.clone(),
            row.items.to_string(),
            outcome,
            row.last_attempt.clone().unwrap_or_else(|| "-".to_owned()),
            next,
            why,
        ]);
    }
    let failing = rows.iter().filter(|row| row.is_polled && row.last_failed).count();
    say(&format!("{}{}, {failing} failing\n", text(&listing), count(rows.len(), "source", "sources")))?;
    Ok(ExitCode::SUCCESS)
}

/// When a source is asked next, and why then.
fn next(row: &SourceRow) -> (String, String) {
    let why = row.why.clone().unwrap_or_default();
    match &row.next_due {
        _ if !row.configured => ("never".to_owned(), "no longer configured".to_owned()),
        _ if !row.is_polled => ("never".to_owned(), "not enabled".to_owned()),
        Some(due) => (due.clone(), why),
        None if row.last_attempt.is_none() => ("at once".to_owned(), why),
        None => ("never".to_owned(), why),
    }
}
