//! `watchfire run`: the daemon.

use std::process::ExitCode;

use super::block_on;
use crate::app::{self, Choice};

pub(super) fn run(choice: &Choice) -> anyhow::Result<ExitCode> {
    app::start_logging("info");
    block_on(app::run(choice))?;
    Ok(ExitCode::SUCCESS)
}
