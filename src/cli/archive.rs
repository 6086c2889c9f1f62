//! `watchfire archive export` and `archive import`: a store's knowledge as a file.

use std::{path::PathBuf, process::ExitCode};

use super::{block_on, progress::share, say};
use crate::app::{self, Choice};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Write all that the store knows to a file, also while the daemon runs
    ///
    /// The file holds every version of every text, the ids of stories and what is in them, decisions, and what was purged: zstd JSON lines,
    /// one a commit. It says at its end with which `--since` the next one goes on. What is true of this network alone is not in it: outages,
    /// when sources are asked next and with which validators, and who was told what. A copy of all that is made by `watchfire backup`.
    Export {
        /// The file, which is replaced as a whole
        #[arg(value_name = "FILE")]
        file: PathBuf,

        /// Only what happened since an earlier export, which printed this
        #[arg(long, value_name = "CURSOR")]
        since: Option<String>,
    },
    /// Take in such a file, also while the daemon runs
    ///
    /// Stories get the ids that they have there. What is here already stays; the same file again changes nothing; one that was cut short
    /// goes on where it ended. Take in only what a store of your own wrote: its texts were made safe there.
    Import {
        /// The file
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

pub(super) fn run(choice: &Choice, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    app::start_logging("warn");
    let bar = match arguments.verb {
        Verb::Export { .. } => share("exporting"),
        Verb::Import { .. } => share("importing"),
    };
    let heard = |share: f64| bar.set_position((share * 1000.0) as u64);
    let done = match &arguments.verb {
        Verb::Export { file, since } => app::export_archive(choice, file, since.as_deref(), heard),
        Verb::Import { file } => block_on(app::import_archive(choice, file, heard)),
    };
    bar.finish_and_clear();
    say(&(done? + "\n"))?;
    Ok(ExitCode::SUCCESS)
}
