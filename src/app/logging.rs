//! Log lines: one readable line an event, on standard error.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, fmt};

/// Starts logging. `WATCHFIRE_LOG` sets levels in the form of `RUST_LOG`; `info` is the default. Under systemd the journal
/// writes the time, so we do not.
pub fn start(quiet: bool) {
    let default = if quiet { "warn" } else { "info" };
    let filter = std::env::var("WATCHFIRE_LOG").ok().and_then(|text| text.parse().ok());
    let filter = filter.unwrap_or_else(|| EnvFilter::new(default));
    let lines = fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false).with_ansi(std::io::stderr().is_terminal());
    // A second start, as in a test, keeps the first.
    let _ = if std::env::var_os("JOURNAL_STREAM").is_some() { lines.without_time().try_init() } else { lines.try_init() };
}
