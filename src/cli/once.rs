//! `watchfire once`: one round of polls, as a table.

use std::process::ExitCode;

use super::{
    block_on, parse_source_id,
    progress::spinner,
    say,
    table::{clip, table, text},
};
use crate::{
    app::{self, Choice},
    model::SourceId,
};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Poll this source now, whatever its due time; a Retry-After is still respected
    #[arg(long, value_name = "ID", value_parser = parse_source_id)]
    source: Option<SourceId>,

    /// Take what sources hold when they are first asked for seen: it can be found, and is in no combined feed and no message
    #[arg(long)]
    catchup: bool,
}

/// Exit code 1 if every poll failed.
pub(super) fn run(choice: Choice, arguments: Arguments) -> anyhow::Result<ExitCode> {
    // The table says how each poll ended.
    app::start_logging("warn,watchfire::poll=error");
    let bar = spinner("polling");
    let rows = block_on(app::once(&Choice { catch_up: arguments.catchup, ..choice }, arguments.source));
    bar.finish_and_clear();
    let rows = rows?;
    if rows.is_empty() {
        say("nothing is due\n")?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut listing = table(&["source", "outcome", "next poll", "why"]);
    for row in &rows {
        listing.add_row([&row.source, &clip(&row.outcome, 100), row.next_due.as_deref().unwrap_or("never"), &row.why]);
    }
    let failed = rows.iter().filter(|row| row.failed).count();
    say(&format!("{}{} polled, {failed} failed\n", text(&listing), rows.len()))?;
    Ok(if failed == rows.len() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Exit code 1 if the poll that follows fails.
pub(super) fn release(choice: &Choice, source: &SourceId) -> anyhow::Result<ExitCode> {
    app::start_logging("warn,watchfire::poll=error");
    let row = block_on(app::release(choice, source))?;
    say(&match &row {
        Some(row) => format!("`{source}` released: {}\n", row.outcome),
        None => format!("`{source}` released; it was asked a moment ago, and is let in at its next poll\n"),
    })?;
    Ok(if row.is_some_and(|row| row.failed) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
