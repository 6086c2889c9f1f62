//! Log lines on standard error: one event a line, readable for people or as JSON for machines.

use std::{fs, io::IsTerminal, os::unix::fs::MetadataExt};

use tracing_subscriber::{EnvFilter, filter::LevelFilter, fmt};

/// The variable that sets levels.
const LEVELS: &str = "WATCHFIRE_LOG";

/// The variable that sets the form of the lines.
const FORM: &str = "WATCHFIRE_LOG_FORMAT";

/// Starts logging at the `default` level, unless `WATCHFIRE_LOG` sets another, or one for a part, in the form of `RUST_LOG`.
/// `WATCHFIRE_LOG_FORMAT=json` makes each line a JSON object: `timestamp`, `level`, `target`, and `fields` with `message` and often
/// `source`. Under systemd the journal writes the time of readable lines, so we do not.
pub fn start(default: &str) {
    let mut refused = Vec::new();
    let filter = set(LEVELS).and_then(|text| {
        let filter = levels(&text, default);
        if filter.is_none() {
            refused.push((LEVELS, text, "levels such as `debug` or `watchfire::poll=trace`"));
        }
        filter
    });
    let filter = filter.unwrap_or_else(|| EnvFilter::new(default));
    let is_json = set(FORM).is_some_and(|text| match text.as_str() {
        "json" => true,
        "text" => false,
        _ => {
            refused.push((FORM, text, "`text` or `json`"));
            false
        }
    });
    let lines = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second start, as in a test, keeps the first.
    let _ = if is_json {
        lines.json().with_current_span(false).with_span_list(false).try_init()
    } else {
        let lines = lines.with_target(false).with_ansi(std::io::stderr().is_terminal());
        if is_journal() { lines.without_time().try_init() } else { lines.try_init() }
    };
    for (variable, text, rule) in refused {
        tracing::warn!("`{variable}` is `{text}`, must be {rule}; it is passed over");
    }
}

/// The levels of a text; the `default` one for all that it does not speak of. A word that is no level would be taken for the name of a
/// part, and all others would fall silent.
fn levels(text: &str, default: &str) -> Option<EnvFilter> {
    let mut general = text.split(',').map(str::trim).filter(|part| !part.is_empty() && !part.contains('=')).peekable();
    let text = if general.peek().is_some() { text.to_owned() } else { format!("{default},{text}") };
    general.all(|part| part.parse::<LevelFilter>().is_ok()).then(|| text.parse().ok()).flatten()
}

fn set(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|text| !text.is_empty())
}

/// Whether standard error is the journal's own stream: `JOURNAL_STREAM` names its device and inode (systemd.exec(5)). A child whose
/// standard error was sent elsewhere inherits the variable all the same.
fn is_journal() -> bool {
    let stream = std::env::var("JOURNAL_STREAM").ok();
    let own = fs::metadata("/proc/self/fd/2").ok();
    stream.zip(own).is_some_and(|(stream, own)| stream == format!("{}:{}", own.dev(), own.ino()))
}

#[cfg(test)]
mod tests {
    use super::{LevelFilter, levels};

    #[test]
    fn a_slip_silences_nobody() {
        let highest = |text: &str| levels(text, "info").and_then(|filter| filter.max_level_hint());
        for (text, wanted) in [
            ("debug", Some(LevelFilter::DEBUG)),
            ("WARN", Some(LevelFilter::WARN)),
            ("off", Some(LevelFilter::OFF)),
            ("watchfire::poll=trace", Some(LevelFilter::TRACE)),
            ("watchfire::poll=off", Some(LevelFilter::INFO)),
            ("error,watchfire::poll=warn", Some(LevelFilter::WARN)),
            ("inof", None),
            ("watchfire::poll", None),
            ("watchfire=blah", None),
        ] {
            assert_eq!(highest(text), wanted, "{text}");
        }
    }
}
