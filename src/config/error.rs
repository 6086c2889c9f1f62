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

impl ConfigError {
    /// Where the faults are, as `watchfire.toml:8`, without the values, which may be secret, and without folders.
    pub fn places(&self) -> String {
        const NAMED_MAX: usize = 5;
        let Self::Faults(faults) = self else { return "no file".to_owned() };
        let mut places: Vec<String> = faults.iter().map(Fault::place).collect();
        places.dedup();
        let more = places.len().saturating_sub(NAMED_MAX);
        places.truncate(NAMED_MAX);
        if more > 0 { format!("{} and {more} more", places.join(", ")) } else { places.join(", ") }
    }
}

impl Fault {
    fn place(&self) -> String {
        let name = self.file.file_name().unwrap_or(self.file.as_os_str()).to_string_lossy();
        self.line.map_or_else(|| name.to_string(), |line| format!("{name}:{line}"))
    }
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

#[cfg(test)]
mod tests {
    use super::{ConfigError, Fault};

    #[test]
    fn places_tell_no_value_and_no_folder() {
        let fault = |file: &str, line| Fault { file: file.into(), line, message: "is `hunter2`".to_owned() };
        let places = |faults: Vec<Fault>| ConfigError::Faults(faults).places();
        assert_eq!(places(vec![fault("/etc/w/watchfire.toml", Some(8)), fault("/etc/w/sources.d", None)]), "watchfire.toml:8, sources.d");
        let many = (1..=7).map(|line| fault("a.toml", Some(line))).collect();
        assert_eq!(places(many), "a.toml:1, a.toml:2, a.toml:3, a.toml:4, a.toml:5 and 2 more");
        assert_eq!(ConfigError::NotFound(Vec::new()).places(), "no file");
    }
}
