//! `watchfire sources`: every source in a table.

use std::process::ExitCode;

use super::{
    block_on, say,
    table::{clip, count, table, text},
};
use crate::{
    app::{self, Choice, SourceRow},
    model::Timestamp,
};

pub(super) fn run(choice: &Choice) -> anyhow::Result<ExitCode> {
    app::start_logging("warn");
    let rows = block_on(app::sources(choice))?;
    let now = app::now();
    let mut listing = table(&["source", "items", "last outcome", "asked", "next poll", "why then"]);
    for row in &rows {
        let (next, why) = next(row, now);
        let mut outcome = clip(row.last_outcome.as_deref().unwrap_or("not asked yet"), 80);
        if row.failures > 1 {
            outcome += &format!(" ({} times in a row)", row.failures);
        }
        let asked = row.asked(now).unwrap_or_else(|| "-".to_owned());
        listing.add_row([row.id.clone(), row.items.to_string(), outcome, asked, next, why]);
    }
    say(&format!("{}{}\n", text(&listing), summary(&rows)))?;
    Ok(ExitCode::SUCCESS)
}

/// How many there are, and how many of those that are polled are well.
fn summary(rows: &[SourceRow]) -> String {
    let polled = || rows.iter().filter(|row| row.is_polled);
    let failing = polled().filter(|row| row.last_failed).count();
    let unasked = polled().filter(|row| row.last_outcome.is_none()).count();
    let resting = rows.len() - polled().count();
    let parts = [(failing, "failing"), (unasked, "not asked yet"), (resting, "not polled")];
    let parts: String = parts.iter().filter(|(count, _)| *count > 0).map(|(count, words)| format!(", {count} {words}")).collect();
    format!("{}, {} fine{parts}", count(rows.len(), "source", "sources"), rows.len() - failing - unasked - resting)
}

/// When a source is asked next, and why then.
fn next(row: &SourceRow, now: Timestamp) -> (String, String) {
    let why = row.why_in_words().to_owned();
    match row.due(now) {
        _ if !row.configured => ("never".to_owned(), "no longer configured".to_owned()),
        _ if !row.is_polled => ("never".to_owned(), "not enabled".to_owned()),
        Some(due) => (due, why),
        None if row.last_attempt.is_none() => ("at once".to_owned(), "it was never asked".to_owned()),
        None => ("never".to_owned(), why),
    }
}
