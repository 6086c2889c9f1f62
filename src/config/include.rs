//! Finds and reads the files of a configuration.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use super::{
    error::{ConfigError, Fault},
    secret::Env,
};

/// Largest file read, in bytes.
const FILE_BYTES_MAX: u64 = 8 << 20;

/// Most files read.
const FILES_MAX: usize = 1000;

/// Where a configuration is looked for when none is named.
const PLACES: [&str; 2] = ["config/watchfire.toml", "/etc/watchfire/watchfire.toml"];

/// The variable that names a configuration.
const VARIABLE: &str = "WATCHFIRE_CONFIG";

/// The file to read: the one named on the command line, else the one `$WATCHFIRE_CONFIG` names, else `config/watchfire.toml` below
/// the working folder, else `/etc/watchfire/watchfire.toml`. A named file is taken as it is, whether it exists or not.
pub fn find(explicit: Option<&Path>, env: Env<'_>) -> Result<PathBuf, ConfigError> {
    let named = explicit.map(Path::to_owned).or_else(|| env(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from));
    let existing = || PLACES.iter().map(PathBuf::from).find(|path| path.is_file());
    named.or_else(existing).ok_or_else(|| ConfigError::NotFound(PLACES.iter().map(PathBuf::from).collect()))
}

/// The text of a file. `Err` is the rule it broke.
pub(super) fn read(path: &Path) -> Result<String, Fault> {
    let refuse = |message: String| Fault { file: path.to_owned(), line: None, message };
    let size = fs::metadata(path).map_err(|error| refuse(format!("cannot be read: {error}")))?.len();
    if size > FILE_BYTES_MAX {
        return Err(refuse(format!("is over {} MiB, which is too much for a configuration", FILE_BYTES_MAX >> 20)));
    }
    let bytes = fs::read(path).map_err(|error| refuse(format!("cannot be read: {error}")))?;
    String::from_utf8(bytes).map_err(|_| refuse("must be UTF-8".to_owned()))
}

/// The files that a pattern of `include` names, sorted. `*` stands for any characters within a file's name; hidden files and folders
/// are left out. `Err` is the rule that was broken.
pub(super) fn matches(folder: &Path, pattern: &str) -> Result<Vec<PathBuf>, String> {
    let path = folder.join(pattern);
    let name = path.file_name().and_then(|name| name.to_str()).ok_or("must name files, such as `sources.d/*.toml`")?;
    let parent = path.parent().unwrap_or(folder);
    if parent.to_string_lossy().contains('*') {
        return Err("may have `*` in the file's name only, such as `sources.d/*.toml`".to_owned());
    }
    if !name.contains('*') {
        return if path.is_file() { Ok(vec![path]) } else { Err("must name a file that exists".to_owned()) };
    }
    let entries = match fs::read_dir(parent) {
        Ok(entries) => entries,
        // A folder that is not there holds no files: the line may stand before the first file does.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(format!("must name files in a folder, and `{}` cannot be read as one: {error}", parent.display())),
    };
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|file| file.is_file() && file.file_name().and_then(|name| name.to_str()).is_some_and(|file| fits(name, file)))
        .take(FILES_MAX + 1)
        .collect();
    if files.len() > FILES_MAX {
        return Err(format!("must name at most {FILES_MAX} files"));
    }
    files.sort();
    Ok(files)
}

/// Whether a file's name fits a pattern: its parts between the stars occur in their order.
fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let last = parts.next_back().unwrap_or_default();
    if name.starts_with('.') || name.len() < first.len() + last.len() {
        return false;
    }
    let Some(mut middle) = name.strip_prefix(first).and_then(|rest| rest.strip_suffix(last)) else { return false };
    for part in parts {
        let Some((_, rest)) = middle.split_once(part) else { return false };
        middle = rest;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn stars_stand_for_any_characters() {
        for (pattern, name, wanted) in [
            ("*.toml", "a.toml", true),
            ("*.toml", ".a.toml", false),
            ("*.toml", ".toml", false),
            ("*.toml", "a.toml~", false),
            ("a*b*.toml", "a-x-b-y.toml", true),
            ("a*b*.toml", "a-x.toml", false),
            ("aa*aa", "aaa", false),
            ("*", "x", true),
        ] {
            assert_eq!(fits(pattern, name), wanted, "{pattern} {name}");
        }
    }
}
