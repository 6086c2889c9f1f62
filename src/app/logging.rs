//! Log lines: one readable line an event, on standard error.

use std::{fs, io::IsTerminal, os::unix::fs::MetadataExt};

use tracing_subscriber::{EnvFilter, fmt};

/// The variable that sets levels.
const VARIABLE: &str = "WATCHFIRE_LOG";

/// Starts logging at `default` levels, unless `WATCHFIRE_LOG` sets others; both have the form of `RUST_LOG`. Under systemd the
/// journal writes the time, so we do not.
pub fn start(default: &str) {
    let asked = std::env::var(VARIABLE).ok().filter(|text| !text.is_empty()).map(|text| text.parse::<EnvFilter>().map_err(|_| text));
    let (filter, refused) = match asked {
        Some(Ok(filter)) => (filter, None),
        Some(Err(text)) => (EnvFilter::new(default), Some(text)),
        None => (EnvFilter::new(default), None),
    };
    let lines = fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false).with_ansi(std::io::stderr().is_terminal());
    // A second start, as in a test, keeps the first.
    let _ = if is_journal() { lines.without_time().try_init() } else { lines.try_init() };
    if let Some(text) = refused {
        tracing::warn!("`{VARIABLE}` is `{text}`, must be levels such as `debug` or `watchfire::poll=trace`; it is passed over");
    }
}

/// Whether standard error is the journal's own stream: `JOURNAL_STREAM` names its device and inode (systemd.exec(5)). A child whose
/// standard error was sent elsewhere inherits the variable all the same.
fn is_journal() -> bool {
    let stream = std::env::var("JOURNAL_STREAM").ok();
    let own = fs::metadata("/proc/self/fd/2").ok();
    stream.zip(own).is_some_and(|(stream, own)| stream == format!("{}:{}", own.dev(), own.ino()))
}
