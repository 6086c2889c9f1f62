//! `watchfire inspect`: what we read in a document, as published.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use super::{
    block_on,
    table::{clip, table, text},
};
use crate::{
    app::{self, Choice, Inspected, Inspector},
    model::{Draft, Link, ZonedTime},
};

/// Entries shown in a table; `--json` shows all.
const ROWS_MAX: usize = 50;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// One JSON line per argument, and nothing else, on standard output
    #[arg(long)]
    json: bool,

    /// Feeds or documents
    #[arg(required = true, value_name = "FILE|URL")]
    documents: Vec<String>,
}

/// Exit code 1 if an argument cannot be read at all; a document that is no feed is an answer.
pub(super) fn run(choice: &Choice, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    app::start_logging(true);
    block_on(async {
        let inspector = Inspector::new(choice)?;
        let mut code = ExitCode::SUCCESS;
        for argument in &arguments.documents {
            match inspector.inspect(argument).await {
                Ok(inspected) if arguments.json => writeln!(io::stdout(), "{}", app::inspect_line(argument, &inspected))?,
                Ok(inspected) => print(argument, &inspected)?,
                Err(error) => {
                    eprintln!("watchfire: {error:#}");
                    code = ExitCode::FAILURE;
                }
            }
        }
        Ok(code)
    })
}

fn print(argument: &str, inspected: &Result<Inspected, String>) -> io::Result<()> {
    let mut out = io::stdout();
    let Inspected { channel, drafts, problems } = match inspected {
        Ok(inspected) => inspected,
        Err(why) => return writeln!(out, "{argument}: {why}"),
    };
    let title = channel.title.as_deref().unwrap_or("untitled");
    writeln!(out, "{argument}: {}, {}, {} entries, {} problems", clip(title, 60), channel.format, drafts.len(), problems.len())?;
    for problem in problems {
        writeln!(out, "  problem {problem}")?;
    }
    if drafts.is_empty() {
        return Ok(());
    }
    let mut listing = table(&["published", "title", "link"]);
    for draft in drafts.iter().take(ROWS_MAX) {
        listing.add_row(row(draft));
    }
    write!(out, "{}", text(&listing))?;
    if drafts.len() > ROWS_MAX {
        writeln!(out, "… and {} more; --json shows all", drafts.len() - ROWS_MAX)?;
    }
    Ok(())
}

fn row(draft: &Draft) -> [String; 3] {
    let date = draft.published.or(draft.updated).map_or_else(|| "-".to_owned(), ZonedTime::rfc3339);
    let title = draft.title.as_deref().unwrap_or("-").split_whitespace().collect::<Vec<_>>().join(" ");
    let link = draft.link.as_ref().map_or("-", Link::as_str);
    [date, clip(&title, 60), clip(link, 90)]
}
