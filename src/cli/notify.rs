//! `watchfire notify`: whether notifications arrive.

use std::process::ExitCode;

use super::{block_on, say};
use crate::app::{self, Choice};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Send one message to a receiver and tell what it answers; exit code 1 if it does not take it
    Test {
        /// Id of the receiver
        id: String,
    },
}

pub(super) fn run(choice: &Choice, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    app::start_logging("warn");
    let Action::Test { id } = &arguments.action;
    let told = block_on(app::test_receiver(choice, id))?;
    say(&format!("{told}\n"))?;
    Ok(ExitCode::SUCCESS)
}
