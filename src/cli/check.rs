//! `watchfire check`: the configuration and the store, without network.

use std::process::ExitCode;

use crate::app::{self, Choice};

pub(super) fn run(choice: &Choice) -> anyhow::Result<ExitCode> {
    app::start_logging(true);
    let report = app::check(choice)?;
    let settings = &report.settings;
    let enabled = settings.sources.iter().filter(|source| source.enabled).count();
    println!("configuration `{}`: {} sources, {enabled} enabled", settings.files[0].display(), settings.sources.len());
    for warning in &settings.warnings {
        println!("warning: {warning}");
    }
    for line in &report.store {
        println!("{line}");
    }
    Ok(ExitCode::SUCCESS)
}
