//! What opening a store, or making its index again, had to mend, in words.

use std::{fmt, path::PathBuf};

/// Something that opening a store had to mend, in words. An operator should hear of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recovery {
    /// A snapshot of the index that a crash left half written was removed.
    HalfSnapshot(String),
    /// The index did not open; it did without its snapshots. A copy was kept.
    Snapshots {
        /// What is wrong with it.
        why: String,
        /// The folder of the copy.
        copy: PathBuf,
    },
    /// The index was made again from archive and journal.
    Rebuilt {
        /// Why it had to be, if nobody ordered it.
        why: Option<String>,
        /// Commits taken in.
        commits: u64,
        /// Items whose content is gone; they come back with their sources.
        lost: u64,
    },
    /// The index had missed these commits, which the journal had.
    Replayed(u64),
    /// Most of the index was garbage, as after a large import: it was copied without it. Its size in bytes, before and after.
    Compacted(u64, u64),
    /// A commit that a crash cut short was taken off the journal, with so many bytes.
    TornTail(u64),
    /// So many bytes in the middle of the journal are damaged; the commits behind them are there.
    Gap(u64),
    /// So many damaged bytes of the journal were set aside: what was committed there is lost.
    SetAside {
        /// How many.
        bytes: u64,
        /// The file that has them now.
        file: PathBuf,
    },
    /// Sources are asked at once and receivers begin anew, because what a backup said of them cannot be used.
    NoManners(String),
}

impl fmt::Display for Recovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HalfSnapshot(file) => write!(f, "removed `{file}`, a snapshot of the index that was never finished"),
            Self::Snapshots { why, copy } => {
                write!(f, "the index did not open ({why}) until its snapshots were removed; a copy of it is in `{}`", copy.display())
            }
            Self::Rebuilt { why, commits, lost } => {
                write!(f, "index rebuilt from {commits} commits in the journal")?;
                why.iter().try_for_each(|why| write!(f, ": {why}"))?;
                match lost {
                    0 => Ok(()),
                    _ => write!(f, "; the archive has lost the content of {lost} items"),
                }
            }
            Self::Replayed(commits) => write!(f, "the index had missed {commits} commits; they were taken from the journal"),
            Self::Compacted(before, after) => write!(f, "the index was copied without its garbage: {before} bytes are {after} now"),
            Self::TornTail(bytes) => write!(f, "removed an unfinished commit of {bytes} bytes from the end of the journal"),
            Self::Gap(bytes) => {
                write!(
                    f,
                    "{bytes} bytes inside the journal are damaged; the commits around them are whole: `watchfire rebuild` sets them aside"
                )
            }
            Self::SetAside { bytes, file } => {
                write!(f, "{bytes} damaged bytes of the journal were set aside as `{}`: ", file.display())?;
                write!(f, "what was committed there is lost, and comes back with its sources as far as they still have it")
            }
            Self::NoManners(why) => write!(f, "sources are asked at once and receivers of notifications begin anew: {why}"),
        }
    }
}
