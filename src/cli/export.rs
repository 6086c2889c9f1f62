//! `watchfire export`: all stories as JSON lines.

use std::{
    io::{self, BufWriter, Write},
    process::ExitCode,
};

use super::block_on;
use crate::app::{self, Choice};

pub(super) fn run(choice: &Choice) -> anyhow::Result<ExitCode> {
    app::start_logging("warn");
    let mut out = BufWriter::new(io::stdout());
    block_on(app::export(choice, &mut out))?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}
