//! `watchfire verify`, `rebuild` and `compact`: care for the store.

use std::process::ExitCode;

use super::{
    block_on,
    progress::{share, spinner},
    say,
};
use crate::app::{self, Choice};

pub(super) fn verify(choice: &Choice) -> anyhow::Result<ExitCode> {
    app::start_logging("warn");
    let bar = share("checking");
    let found = block_on(app::verify(choice, |share| bar.set_position((share * 1000.0) as u64)));
    bar.finish_and_clear();
    say(&(found? + "\n"))?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn rebuild(choice: &Choice) -> anyhow::Result<ExitCode> {
    app::start_logging("warn");
    let bar = share("rebuilding");
    let told = app::rebuild(choice, |share| bar.set_position((share * 1000.0) as u64));
    bar.finish_and_clear();
    say(&(told?.join("\n") + "\n"))?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn compact(choice: &Choice) -> anyhow::Result<ExitCode> {
    app::start_logging("warn");
    let bar = spinner("compacting");
    let done = block_on(app::compact(choice));
    bar.finish_and_clear();
    say(&(done? + "\n"))?;
    Ok(ExitCode::SUCCESS)
}
