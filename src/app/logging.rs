//! Log lines: one readable line an event, on standard error.

use std::io::IsTerminal;

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
    let _ = if std::env::var_os("JOURNAL_STREAM").is_some() { lines.without_time().try_init() } else { lines.try_init() };
    if let Some(text) = refused {
        tracing::warn!("`{VARIABLE}` is `{text}`, must be levels such as `debug` or `watchfire::poll=trace`; it is passed over");
    }
}
