//! `watchfire check`: the configuration and the store, without network.

use std::process::ExitCode;

use super::say;
use crate::{
    app::{self, Choice},
    model::counted,
};

pub(super) fn run(choice: &Choice) -> anyhow::Result<ExitCode> {
    app::start_logging("warn");
    let report = app::check(choice)?;
    let settings = &report.settings;
    let enabled = settings.sources.iter().filter(|source| source.enabled).count();
    let sources = counted(settings.sources.len(), "source", "sources");
    let mut lines = vec![format!("configuration `{}`: {sources}, {enabled} enabled", settings.files[0].display())];
    if enabled == 0 {
        lines.push("warning: there is no source to poll; `watchfire sources add URL` adds one".to_owned());
    }
    lines.extend(report.warnings.iter().map(|warning| format!("warning: {warning}")));
    lines.extend(report.store);
    say(&(lines.join("\n") + "\n"))?;
    Ok(ExitCode::SUCCESS)
}
