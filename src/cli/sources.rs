//! `watchfire sources`: every source in a table.

use std::process::ExitCode;

use super::{
    block_on,
    table::{clip, table, text},
};
use crate::app::{self, Choice};

pub(super) fn run(choice: &Choice) -> anyhow::Result<ExitCode> {
    app::start_logging(true);
    let rows = block_on(app::sources(choice))?;
    let mut listing = table(&["source", "items", "last outcome", "asked", "next poll", "why"]);
    for row in &rows {
        let id = if row.configured { row.id.clone() } else { format!("{} (no longer configured)", row.id) };
        let mut outcome = clip(row.last_outcome.as_deref().unwrap_or("never asked"), 80);
        if row.failures > 1 {
            outcome += &format!(" ({} in a row)", row.failures);
        }
        let never = if row.last_attempt.is_none() { "at once" } else { "never" };
        listing.add_row([
            id,
            row.items.to_string(),
            outcome,
            row.last_attempt.clone().unwrap_or_else(|| "-".to_owned()),
            row.next_due.clone().unwrap_or_else(|| never.to_owned()),
            row.why.clone().unwrap_or_default(),
        ]);
    }
    print!("{}", text(&listing));
    let failing = rows.iter().filter(|row| row.last_failed).count();
    println!("{} sources, {failing} failing", rows.len());
    Ok(ExitCode::SUCCESS)
}
