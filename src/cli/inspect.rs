//! `watchfire inspect`: what we read in a document, as published.

use std::process::ExitCode;

use super::{
    block_on, say,
    table::{clip, table, text},
};
use crate::{
    app::{self, Choice, Inspected, Inspector},
    model::{Draft, Problem, ZonedTime, counted},
};

/// Entries shown in a table; `--json` shows all.
const ROWS_MAX: usize = 50;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// One JSON line per argument, and nothing else, on standard output
    #[arg(long)]
    json: bool,

    /// Feeds or documents; `-` is standard input
    #[arg(required = true, value_name = "FILE|URL")]
    documents: Vec<String>,
}

/// Exit code 1 if an argument cannot be read at all; a document that is no feed is an answer.
pub(super) fn run(choice: &Choice, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    app::start_logging("warn");
    block_on(async {
        let inspector = Inspector::new(choice)?;
        let mut code = ExitCode::SUCCESS;
        for argument in &arguments.documents {
            let (inspected, is_readable) = match inspector.inspect(argument).await {
                Ok(inspected) => (inspected, true),
                Err(error) => (Err(format!("{error:#}")), false),
            };
            if !is_readable {
                code = ExitCode::FAILURE;
            }
            match &inspected {
                _ if arguments.json => say(&app::inspect_line(argument, &inspected))?,
                Err(why) if !is_readable => eprintln!("watchfire: {why}"),
                _ => say(&answer(argument, &inspected))?,
            }
        }
        Ok(code)
    })
}

/// What was read, for people.
fn answer(argument: &str, inspected: &Result<Inspected, String>) -> String {
    match inspected {
        Ok(inspected) => listing(argument, inspected, ROWS_MAX),
        Err(why) => format!("{argument}: {why}\n"),
    }
}

/// A feed and its first entries.
pub(super) fn listing(argument: &str, Inspected { channel, drafts, problems }: &Inspected, rows_max: usize) -> String {
    let title = clip(channel.title.as_deref().unwrap_or("untitled"), 60);
    let (entries, faults) = (counted(drafts.len(), "entry", "entries"), counted(problems.len(), "problem", "problems"));
    let mut lines = format!("{argument}: {title}, {}, {entries}, {faults}\n", channel.format);
    for problem in problems {
        lines += &told(problem);
    }
    if drafts.is_empty() {
        return lines;
    }
    let mut entries = table(&["published", "title", "link"]);
    for draft in drafts.iter().take(rows_max) {
        entries.add_row(row(draft));
    }
    lines += &text(&entries);
    if drafts.len() > rows_max {
        lines += &format!("… and {} more; `inspect --json` shows all\n", drafts.len() - rows_max);
    }
    lines
}

/// A problem with its place, as people name places.
fn told(problem: &Problem) -> String {
    match problem.at {
        Some((line, column)) => format!("  line {line}, column {column}: {}\n", problem.what),
        None => format!("  {}\n", problem.what),
    }
}

fn row(draft: &Draft) -> [String; 3] {
    let date = draft.published.or(draft.updated).map_or_else(|| "-".to_owned(), ZonedTime::rfc3339);
    let title = draft.title.as_deref().unwrap_or("-").split_whitespace().collect::<Vec<_>>().join(" ");
    let link = draft.spelled_link().unwrap_or("-");
    [date, clip(&title, 60), clip(link, 90)]
}
