//! `watchfire health`: is the daemon well?

use std::process::ExitCode;

use super::{block_on, say};
use crate::app::{self, Choice};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Ask whether all of it works: also what a new start would not mend, such as a full disk
    #[arg(long)]
    ready: bool,
}

pub(super) fn run(choice: &Choice, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    app::start_logging("warn");
    say(&block_on(app::health(choice, arguments.ready))?)?;
    Ok(ExitCode::SUCCESS)
}
