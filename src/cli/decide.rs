//! `watchfire split`, `never-merge` and `merge`: an operator's word stands above every rule.

use std::process::ExitCode;

use super::{block_on, parse_handle, say};
use crate::{
    app::{self, Choice},
    model::{Decision, Handle},
};

#[derive(Debug, clap::Args)]
pub(super) struct One {
    /// Id or link of the item that is no copy
    #[arg(value_name = "ID|URL", value_parser = parse_handle)]
    pub(super) item: Handle,
}

#[derive(Debug, clap::Args)]
pub(super) struct Two {
    /// Id or link of an item or a story
    #[arg(value_name = "ID|URL", value_parser = parse_handle)]
    pub(super) one: Handle,

    /// Id or link of another
    #[arg(value_name = "ID|URL", value_parser = parse_handle)]
    pub(super) other: Handle,
}

pub(super) fn run(choice: &Choice, decision: &Decision) -> anyhow::Result<ExitCode> {
    app::start_logging("warn");
    say(&(block_on(app::decide(choice, decision))?.done + "\n"))?;
    Ok(ExitCode::SUCCESS)
}
