//! `watchfire health`: is the daemon well?

use std::process::ExitCode;

use super::{block_on, say};
use crate::app::{self, Choice};

pub(super) fn run(choice: &Choice) -> anyhow::Result<ExitCode> {
    app::start_logging("warn");
    say(&block_on(app::health(choice))?)?;
    Ok(ExitCode::SUCCESS)
}
