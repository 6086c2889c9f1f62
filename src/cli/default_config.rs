//! `watchfire default-config`: the shipped configuration, which is the documentation of every key.

use std::process::ExitCode;

use super::say;
use crate::config;

pub(super) fn run() -> anyhow::Result<ExitCode> {
    say(config::DEFAULT)?;
    Ok(ExitCode::SUCCESS)
}
