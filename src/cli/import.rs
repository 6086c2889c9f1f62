//! `watchfire import`: documents become items.

use std::{path::PathBuf, process::ExitCode};

use super::{block_on, progress::bar, say};
use crate::{
    app::{self, Choice, ImportRow},
    model::counted,
};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Files, and folders whose .md, .markdown and .txt files are read
    #[arg(required = true, value_name = "DIR|FILE")]
    paths: Vec<PathBuf>,
}

pub(super) fn run(choice: &Choice, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    app::start_logging("warn");
    let bar = bar("importing");
    let row = block_on(app::import(choice, &arguments.paths, |done, total| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    }))?;
    bar.finish_and_clear();
    say(&summary(&row))?;
    Ok(ExitCode::SUCCESS)
}

fn summary(row: &ImportRow) -> String {
    let mut lines = vec![format!("{} looked at", counted(row.files, "file", "files"))];
    for (count, what) in [
        (row.known, "not changed since they were imported"),
        (row.new, "opened a story"),
        (row.joined, "joined a story"),
        (row.updated, "changed"),
        (row.unchanged, "said nothing new"),
    ] {
        if count > 0 {
            lines.push(format!("  {count:>6} {what}"));
        }
    }
    for (reason, count) in &row.dropped {
        lines.push(format!("  {count:>6} body dropped, title and link kept: {reason}"));
    }
    for refused in &row.refused {
        lines.push(format!("  {:>6} {refused}", refused.count));
    }
    lines.join("\n") + "\n"
}
