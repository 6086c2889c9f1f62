//! `watchfire backup` and `restore`: the store as it is at one moment.

use std::{path::PathBuf, process::ExitCode};

use super::{block_on, progress::share, say};
use crate::app::{self, Choice};

#[derive(Debug, clap::Args)]
pub(super) struct Target {
    /// An empty folder, or an older backup of the same store, to which what is new is added
    #[arg(value_name = "DIR")]
    target: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(super) struct Source {
    /// A folder that `watchfire backup` has made
    #[arg(value_name = "DIR")]
    source: PathBuf,
}

pub(super) fn back_up(choice: &Choice, Target { target }: &Target) -> anyhow::Result<ExitCode> {
    app::start_logging("warn");
    let bar = share("copying");
    let done = block_on(app::back_up(choice, target, |share| bar.set_position((share * 1000.0) as u64)));
    bar.finish_and_clear();
    say(&(done? + "\n"))?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn restore(choice: &Choice, Source { source }: &Source) -> anyhow::Result<ExitCode> {
    app::start_logging("warn");
    let bar = share("restoring");
    let done = app::restore(choice, source, |share| bar.set_position((share * 1000.0) as u64));
    bar.finish_and_clear();
    say(&(done? + "\n"))?;
    Ok(ExitCode::SUCCESS)
}
