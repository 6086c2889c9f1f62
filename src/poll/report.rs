//! What is told of a poll: a report to whoever ordered it, and one line in the log.

use std::time::Duration;

use crate::model::{Outcome, SourceId, Text, Timestamp, Why};

/// How one poll ended, and when the next one is.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Who was asked.
    pub source: SourceId,
    /// How it ended.
    pub outcome: Outcome,
    /// When it is asked again; `None`: never.
    pub next_due: Option<Timestamp>,
    /// Why then.
    pub why: Option<Why>,
}

impl Report {
    /// The one log line of a poll.
    pub(super) fn log(&self, started: Timestamp, ended: Timestamp, is_offline: bool) {
        let Self { source, outcome, next_due, why: next_why } = self;
        let took = ended.since(started).as_millis();
        let next = next_due.map_or_else(|| "never".to_owned(), |at| format!("in {}", span_in_words(at.since(ended))));
        let why = next_why.map_or("", Why::as_str);
        // What a publisher or a peer wrote may stand in a failure: one line, visible characters only (protocol X11).
        let words = Text::line(&outcome.to_string(), 200);
        match outcome {
            Outcome::Failed(failure) if (is_offline || *next_why == Some(Why::Offline)) && failure.looks_offline() => {
                tracing::debug!(%source, "{words}; next {next} ({why}), took {took}ms");
            }
            Outcome::Failed(_) => tracing::warn!(%source, "{words}; next {next} ({why}), took {took}ms"),
            _ => tracing::info!(%source, "{words}; next {next} ({why}), took {took}ms"),
        }
    }
}

/// "58m", "1h05m", "3d": for people, so one or two units.
pub(crate) fn span_in_words(span: Duration) -> String {
    let secs = span.as_secs();
    match (secs / 86_400, secs / 3600 % 24, secs / 60 % 60, secs % 60) {
        (0, 0, 0, secs) => format!("{secs}s"),
        (0, 0, minutes, secs) if minutes < 5 && secs > 0 => format!("{minutes}m{secs:02}s"),
        (0, 0, minutes, _) => format!("{minutes}m"),
        (0, hours, minutes, _) => format!("{hours}h{minutes:02}m"),
        (days, hours, ..) => format!("{days}d{hours:02}h"),
    }
}
