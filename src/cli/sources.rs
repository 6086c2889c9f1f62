//! `watchfire sources`: every source in a table; sources added, tested and taken out.

use std::process::ExitCode;

use super::{
    block_on, inspect, say,
    table::{clip, table, text},
};
use crate::{
    app::{self, Added, Choice, Examiner, SourceRow, Trial, Wish},
    model::{Timestamp, counted},
};

/// Entries shown of a feed that is added.
const ENTRIES_SHOWN: usize = 3;

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
    /// Also those that the configuration no longer names, of which items are kept
    #[arg(long)]
    all: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Find the feed behind an address and add it to the configuration
    ///
    /// The address may be that of a page: then the feed that it names is taken, or one at a usual place. Comments and order of the file
    /// stay as they are. A running daemon notices by itself.
    Add {
        /// A feed, or a page that has one
        #[arg(value_name = "URL")]
        address: String,
        /// Its id; else one is made of the host's name
        #[arg(long)]
        id: Option<String>,
        /// Its name, instead of the one it gives itself
        #[arg(long)]
        title: Option<String>,
        /// A tag; may be given again
        #[arg(long = "tag", value_name = "TAG")]
        tags: Vec<String>,
        /// Add it although it looks like one that is there in another spelling
        #[arg(long)]
        anyway: bool,
        /// Show what would be added, and change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Ask sources of the configuration as the daemon would, and keep nothing
    ///
    /// Says what each answers, what is read in it, and what is wrong. A source that asked us to wait is left in peace.
    Test {
        /// Ids of sources
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// Take a source out of the configuration; its items stay
    Remove {
        /// Id of the source
        id: String,
    },
}

pub(super) fn run(choice: &Choice, arguments: Arguments) -> anyhow::Result<ExitCode> {
    app::start_logging("warn");
    match arguments.action {
        None => list(choice, arguments.all),
        Some(Action::Add { address, id, title, tags, anyway, dry_run }) => add(choice, &Wish { address, id, title, tags, anyway, dry_run }),
        Some(Action::Test { ids }) => block_on(test(choice, &ids)),
        Some(Action::Remove { id }) => {
            let file = app::remove_source(choice, &id)?;
            say(&format!("`{id}` taken out of {}; its items stay\n", file.display()))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn add(choice: &Choice, wish: &Wish) -> anyhow::Result<ExitCode> {
    let Added { found, table, file } = block_on(app::add_source(choice, wish, |link| eprintln!("asking {link}")))?;
    let mut lines = inspect::listing(found.url.as_str(), &found.inspected, ENTRIES_SHOWN);
    lines += &format!("\n{} {}:\n\n{table}", if wish.dry_run { "would be added to" } else { "added to" }, file.display());
    say(&lines)?;
    Ok(ExitCode::SUCCESS)
}

/// Exit code 1 if any of them cannot be read.
async fn test(choice: &Choice, ids: &[String]) -> anyhow::Result<ExitCode> {
    let examiner = Examiner::new(choice).await?;
    let mut code = ExitCode::SUCCESS;
    for id in ids {
        let answer = examiner.ask(id).await?;
        if !matches!(answer, Ok(Trial { inspected: Ok(_), .. })) {
            code = ExitCode::FAILURE;
        }
        say(&match answer {
            Ok(trial) => told(id, &trial),
            Err(failure) => format!("{id}: {failure}\n"),
        })?;
    }
    Ok(code)
}

/// What a source answered, and what is in it.
fn told(id: &str, trial: &Trial) -> String {
    let kind = trial.content_type.as_deref().unwrap_or("no content type");
    let again = if trial.has_validators {
        "can say that nothing changed"
    } else {
        "sends neither ETag nor Last-Modified: every poll loads all of it"
    };
    let fresh = trial.max_age.map_or_else(String::new, |age| format!("; stays fresh for {}s", age.as_secs()));
    let mut lines = format!("{id}: {} bytes of {} in {}ms; {again}{fresh}\n", trial.body_bytes, clip(kind, 60), trial.took.as_millis());
    if let Some(moved) = &trial.moved_to {
        lines += &format!("{id}: has moved for good, to {moved}: write that into the configuration\n");
    }
    lines
        + &match &trial.inspected {
            Ok(inspected) => inspect::listing(id, inspected, ENTRIES_SHOWN),
            Err(failure) => format!("{id}: {failure}\n"),
        }
}

fn list(choice: &Choice, all: bool) -> anyhow::Result<ExitCode> {
    let mut rows = block_on(app::sources(choice))?;
    let known = rows.len();
    rows.retain(|row| all || row.configured);
    let now = app::now();
    let mut listing = table(&["source", "items", "how it is", "asked", "next poll", "why then"]);
    for row in &rows {
        let (next, why) = next(row, now);
        let asked = row.asked(now).unwrap_or_else(|| "-".to_owned());
        listing.add_row([row.id.clone(), row.items.to_string(), clip(&row.health, 100), asked, next, why]);
    }
    let removed = match known - rows.len() {
        0 => String::new(),
        removed => format!("; `--all` shows {removed} more that the configuration no longer names"),
    };
    say(&format!("{}{}{removed}\n", text(&listing), summary(&rows)))?;
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
    format!("{}, {} fine{parts}", counted(rows.len(), "source", "sources"), rows.len() - failing - unasked - resting)
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
