//! `watchfire completions`: what a shell needs to complete our commands.

use std::process::ExitCode;

use clap_complete::{Shell, generate};

use super::{command, say};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The shell
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    generate(arguments.shell, &mut command(), "watchfire", &mut script);
    say(&String::from_utf8(script)?)?;
    Ok(ExitCode::SUCCESS)
}
