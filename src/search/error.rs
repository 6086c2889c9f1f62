//! Why a search or the making of its index failed.

use std::{io, path::PathBuf};

use crate::store::StoreError;

/// What can go wrong. None of it loses anything: the index can be made again.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The folder cannot be made, read or emptied.
    #[error("`{}`: {error}", .path.display())]
    Io {
        /// The folder.
        path: PathBuf,
        /// What the operating system said.
        error: io::Error,
    },
    /// The index cannot be read or written.
    #[error("search index: {0}")]
    Index(#[from] tantivy::TantivyError),
    /// Something in there panicked.
    #[error("search index: {0}")]
    Crashed(String),
    /// The store from which it is made cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SearchError {
    pub(super) fn io(path: &std::path::Path, error: io::Error) -> Self {
        Self::Io { path: path.to_owned(), error }
    }
}
