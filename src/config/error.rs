//! What is wrong with a configuration: every fault with its file, line, key, value and rule.

use std::{fmt, path::PathBuf};

/// Faults shown; the rest is counted.
const SHOWN_MAX: usize = 50;

/// Why there are no settings. `Display` writes one line for each fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// No file was named and none is where one is looked for.
    #[error("no configuration: none of {} exists; `watchfire default-config` prints one to begin with", list(.0))]
    NotFound(Vec<PathBuf>),
    /// The file has faults.
    #[error("{}", lines(.0))]
    Faults(Vec<Fault>),
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file, as it was named.
    pub file: PathBuf,
    /// Its line, from 1; none when the file as a whole is meant.
    pub line: Option<usize>,
    /// Key, value and rule.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file.display(), self.message),
            None => write!(f, "{}: {}", self.file.display(), self.message),
        }
    }
}

fn list(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| format!("`{}`", path.display())).collect::<Vec<_>>().join(", ")
}

fn lines(faults: &[Fault]) -> String {
    let mut lines: Vec<String> = faults.iter().take(SHOWN_MAX).map(Fault::to_string).collect();
    if faults.len() > SHOWN_MAX {
        lines.push(format!("and {} more", faults.len() - SHOWN_MAX));
    }
    lines.join("\n")
}
