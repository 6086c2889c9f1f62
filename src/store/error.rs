//! Why the store cannot do something, in one clear line each.

use std::{
    io,
    path::{Path, PathBuf},
};

/// What can go wrong with a store. Every message names the offender and, where there is one, the rule.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has it open: ask that one instead.
    #[error("the store `{}` is in use by another process", .0.display())]
    Locked(PathBuf),
    /// A later version of the program wrote it.
    #[error("`{}` has format {found}, this program knows formats up to {known}: use the newer program", .path.display())]
    Newer {
        /// The file that says so.
        path: PathBuf,
        /// The format it has.
        found: u16,
        /// The newest format this program reads.
        known: u16,
    },
    /// The folder cannot be created or written.
    #[error("the store folder `{}` cannot be written: {why}", .path.display())]
    Unwritable {
        /// What was to be written.
        path: PathBuf,
        /// What the operating system said.
        why: String,
    },
    /// No space left, or a quota is used up.
    #[error("no space left on the disk of `{}`", .0.display())]
    Full(PathBuf),
    /// What was asked for makes no sense with what is there.
    #[error("{0}")]
    Refused(String),
    /// Bytes that are not what was once written, where no recovery is possible without losing more.
    #[error("the store is damaged: {0}")]
    Corrupt(String),
    /// Any other failure of the operating system.
    #[error("`{}`: {error}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The failure, which the message tells whole.
        error: io::Error,
    },
}

/// Results of the store.
pub type Result<T> = std::result::Result<T, StoreError>;

impl StoreError {
    /// Sorts a failure of the operating system at `path` into what an operator can act on.
    pub(super) fn io(path: &Path, error: io::Error) -> Self {
        use io::ErrorKind as Kind;
        let path = path.to_owned();
        match error.kind() {
            Kind::StorageFull | Kind::QuotaExceeded => Self::Full(path),
            Kind::PermissionDenied | Kind::ReadOnlyFilesystem | Kind::NotADirectory => Self::Unwritable { path, why: error.to_string() },
            _ => Self::Io { path, error },
        }
    }

    /// Sorts a failure of sled, whose files are in `path`.
    pub(super) fn index(path: &Path, error: sled::Error) -> Self {
        match error {
            sled::Error::Io(error) => Self::io(path, error),
            other => Self::Corrupt(format!("index `{}`: {}; `watchfire rebuild` makes it again", path.display(), index_damage(&other))),
        }
    }
}

/// What is wrong with an index, in our words: those of sled are for its makers.
pub(super) fn index_damage(error: &sled::Error) -> String {
    match error {
        sled::Error::Io(error) => error.to_string(),
        sled::Error::Corruption { .. } => "some of it is not what was once written".to_owned(),
        sled::Error::CollectionNotFound(_) | sled::Error::Unsupported(_) | sled::Error::ReportableBug(_) => {
            "it is in a state that nobody leaves it in".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_of_the_disk_are_told_apart() {
        for (kind, wanted) in [
            (io::ErrorKind::StorageFull, "no space left on the disk of `/data`"),
            (io::ErrorKind::QuotaExceeded, "no space left on the disk of `/data`"),
            (io::ErrorKind::ReadOnlyFilesystem, "the store folder `/data` cannot be written: read-only filesystem or storage medium"),
        ] {
            assert_eq!(StoreError::io(Path::new("/data"), kind.into()).to_string(), wanted);
            let through_sled = StoreError::index(Path::new("/data"), sled::Error::Io(kind.into()));
            assert_eq!(through_sled.to_string(), wanted, "sled hides nothing");
        }
    }

    #[test]
    fn damage_of_the_index_is_told_in_words_with_what_to_do() {
        for error in [sled::Error::Corruption { at: None, bt: () }, sled::Error::ReportableBug("segment accountant".to_owned())] {
            let told = StoreError::index(Path::new("/data/index"), error).to_string();
            assert!(told.ends_with("; `watchfire rebuild` makes it again") && !told.contains("accountant"), "{told}");
        }
    }
}
