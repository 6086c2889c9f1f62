//! What an operator orders while the daemon runs. `http` and signals send these; `app` and `poll` carry them out.

use super::{Decision, Handle, SourceId};

/// An order to the running daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Read the configuration again.
    Reload,
    /// Poll everything that is due, or one source regardless of its due time.
    PollNow(Option<SourceId>),
    /// Let in what a source brings next, however unlike it is.
    Release(SourceId),
    /// Import documents from paths on this machine.
    Import(Vec<std::path::PathBuf>),
    /// Take in an archive file on this machine.
    ImportArchive(std::path::PathBuf),
    /// Write down for a backup what only the store's index knows.
    NoteManners,
    /// Compare the store's index with its archive.
    Verify,
    /// Copy the store's index without its garbage.
    Compact,
    /// Say why an item is in its story.
    Explain(Handle),
    /// Decide about stories.
    Decide(Decision),
    /// Say which stories say something.
    Search(Inquiry),
}

/// What somebody wants to know of all stories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inquiry {
    /// As typed into a search box.
    pub text: String,
    /// Whether what fits best comes first, instead of the newest.
    pub is_best_first: bool,
    /// Stories to tell.
    pub limit: usize,
}

impl Inquiry {
    /// No answer tells more stories.
    pub const LIMIT_MAX: usize = 1000;
}

/// Why an order was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// The order makes no sense as given; shown to the operator.
    #[error("{0}")]
    Refused(String),
    /// It was understood and failed.
    #[error("{0}")]
    Failed(String),
}
