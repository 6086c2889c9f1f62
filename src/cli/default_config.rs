//! `watchfire default-config`: the shipped configuration, which is the documentation of every key.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use crate::config;

pub(super) fn run() -> anyhow::Result<ExitCode> {
    io::stdout().write_all(config::DEFAULT.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
