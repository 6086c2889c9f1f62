//! What the daemon answers to a command, as JSON: the shapes that both ends share.

use serde::{Deserialize, Serialize};

use crate::{
    model::{Outcome, Tally, Why},
    poll::{ImportSummary, Report},
};

/// How one ordered poll ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PollRow {
    /// Source id.
    pub source: String,
    /// The outcome in words.
    pub outcome: String,
    /// Whether it is a failure.
    pub failed: bool,
    /// When the source is asked next, RFC 3339; none: never.
    pub next_due: Option<String>,
    /// Why then.
    pub why: String,
}

/// A source and what we remember of it, as `render::sources_json` writes it.
#[derive(Debug, Clone, Deserialize)]
pub struct SourceRow {
    /// Source id.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Whether the configuration still names it.
    pub configured: bool,
    /// Whether it is asked at all: configured, and not switched off.
    #[serde(skip)]
    pub is_polled: bool,
    /// Items ever stored.
    pub items: u64,
    /// The last outcome in words; none: never asked.
    pub last_outcome: Option<String>,
    /// Whether it is a failure.
    pub last_failed: bool,
    /// Failures in a row.
    pub failures: u32,
    /// When it was last asked, RFC 3339.
    pub last_attempt: Option<String>,
    /// When it is asked next, RFC 3339.
    pub next_due: Option<String>,
    /// Why then.
    pub why: Option<String>,
}

/// What an import did.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ImportRow {
    /// Files looked at.
    pub files: u32,
    /// Files that had not changed since they were last imported.
    pub known: u32,
    /// Documents that opened a story.
    pub new: u32,
    /// Documents that joined a story.
    pub joined: u32,
    /// Documents that changed.
    pub updated: u32,
    /// Documents that were there already in the same words.
    pub unchanged: u32,
    /// Documents whose body was an empty shell and was dropped, by reason.
    pub dropped: Vec<(String, u32)>,
    /// Files refused, by reason.
    pub refused: Vec<(String, u32)>,
}

impl From<&Report> for PollRow {
    fn from(report: &Report) -> Self {
        Self {
            source: report.source.to_string(),
            outcome: report.outcome.to_string(),
            failed: matches!(report.outcome, Outcome::Failed(_)),
            next_due: report.next_due.map(crate::model::Timestamp::rfc3339),
            why: report.why.map_or("", Why::as_str).to_owned(),
        }
    }
}

impl From<ImportSummary> for ImportRow {
    fn from(summary: ImportSummary) -> Self {
        let ImportSummary { files, known, tally, dropped, mut refused } = summary;
        let Tally { new, joined, updated, unchanged, refused: by_store, .. } = tally;
        if by_store > 0 {
            refused.push(("purged before, or too many copies of one story".to_owned(), by_store));
        }
        Self { files, known, new, joined, updated, unchanged, dropped, refused }
    }
}
