//! `watchfire run`: the daemon.

use std::process::ExitCode;

use super::block_on;
use crate::app::{self, Choice};

#[derive(Debug, Default, clap::Args)]
pub(super) struct Arguments {
    /// Take what sources hold when they are first asked for seen: it can be found, and is in no combined feed and no message
    #[arg(long)]
    catchup: bool,
}

pub(super) fn run(choice: Choice, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    app::start_logging("info");
    block_on(app::run(&Choice { catch_up: arguments.catchup, ..choice }))?;
    Ok(ExitCode::SUCCESS)
}
