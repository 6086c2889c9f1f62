//! Reads the lists of vulnerabilities in a folder: whatever their files are called, packed by gzip or not, the newest of each kind.

use std::{
    cmp::Reverse,
    fs::{self, File},
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono::NaiveDate;
use flate2::bufread::MultiGzDecoder;

use crate::{
    config::Fault,
    model::{Epss, Kev, RiskLists},
    tag::{self, ListFault},
};

/// Largest list, in bytes, unpacked. That of scores has 10 MB.
const LIST_BYTES_MAX: u64 = 64 << 20;

/// Files of one folder that are looked at, the last by name: scores of a year.
const FILES_MAX: usize = 500;

/// Bytes at the beginning of a file that say what it is.
const BEGINNING_BYTES: u64 = 4096;

/// What files of lists are called; others are left alone.
const ENDINGS: [&str; 4] = [".json", ".csv", ".json.gz", ".csv.gz"];

/// What was found in a folder.
pub(super) struct Found {
    /// The lists that hold from now on.
    pub(super) lists: RiskLists,
    /// Why files were refused, a line each.
    pub(super) faults: Vec<String>,
}

/// What a file is, by its beginning.
enum Kind {
    Kev,
    Epss(NaiveDate),
    Unknown,
}

/// Reads the lists in a folder, of which `known` were read before. A list that is not there any more still holds, and so does one that is
/// newer than what can be read beside a refused file.
pub(super) fn read(folder: &Path, known: &RiskLists) -> Found {
    let mut faults = Vec::new();
    let (mut kevs, mut scores) = (Vec::new(), Vec::new());
    for file in files(folder, &mut faults) {
        match beginning(&file) {
            Ok(Kind::Kev) => kevs.extend(taken(parsed(&file, tag::kev), &mut faults)),
            Ok(Kind::Epss(day)) => scores.push((day, file)),
            Ok(Kind::Unknown) => {
                faults.push(refused(&file, "is neither the KEV catalogue nor a list of EPSS scores with its `score_date`"))
            }
            Err(error) => faults.push(refused(&file, &format!("cannot be read: {error}"))),
        }
    }
    let kev = kevs.into_iter().max_by_key(|kev: &Kev| kev.released);
    // Of many days' scores only those of the last day are read.
    scores.sort_by_key(|(day, _)| Reverse(*day));
    let epss = scores.iter().find_map(|(_, file)| taken(parsed(file, tag::epss), &mut faults));
    let is_sound = faults.is_empty();
    let lists = RiskLists {
        kev: newest((kev, &known.kev), is_sound, |kev| kev.released),
        epss: newest((epss, &known.epss), is_sound, |epss: &Epss| epss.scored),
    };
    Found { lists, faults }
}

/// The list that holds: the one that was read, if any was, unless a refused file may stand for the newer one that is known.
fn newest<T>((read, known): (Option<T>, &Option<Arc<T>>), is_sound: bool, day: impl Fn(&T) -> NaiveDate) -> Option<Arc<T>> {
    match (read, known) {
        (None, known) => known.clone(),
        (Some(read), Some(known)) if !is_sound && day(known) > day(&read) => Some(Arc::clone(known)),
        (Some(read), _) => Some(Arc::new(read)),
    }
}

/// The files of a folder that may be lists, in the order of their names.
fn files(folder: &Path, faults: &mut Vec<String>) -> Vec<PathBuf> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            faults.push(refused(folder, &format!("`risk.folder` cannot be read: {error}")));
            return Vec::new();
        }
    };
    let is_list = |file: &PathBuf| {
        let name = file.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
        !name.starts_with('.') && ENDINGS.iter().any(|ending| name.ends_with(ending)) && file.is_file()
    };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(is_list).collect();
    files.sort();
    files.split_off(files.len().saturating_sub(FILES_MAX))
}

/// Opens a file, unpacked.
fn open(file: &Path) -> io::Result<Box<dyn Read>> {
    let mut input = BufReader::new(File::open(file)?);
    let is_packed = input.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    Ok(if is_packed { Box::new(MultiGzDecoder::new(input)) } else { Box::new(input) })
}

fn beginning(file: &Path) -> io::Result<Kind> {
    let mut bytes = Vec::new();
    open(file)?.take(BEGINNING_BYTES).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let text = text.trim_start_matches('\u{FEFF}').trim_start();
    Ok(match tag::epss_day(text) {
        Some(day) => Kind::Epss(day),
        None if text.starts_with('{') => Kind::Kev,
        None => Kind::Unknown,
    })
}

/// Reads a file as a list; else why it is refused.
fn parsed<T>(file: &Path, parse: impl Fn(&str) -> Result<T, ListFault>) -> Result<T, String> {
    let mut bytes = Vec::new();
    let read = open(file).and_then(|input| input.take(LIST_BYTES_MAX + 1).read_to_end(&mut bytes));
    read.map_err(|error| refused(file, &format!("cannot be read: {error}")))?;
    if bytes.len() as u64 > LIST_BYTES_MAX {
        return Err(refused(file, &format!("is over {} MiB, which is too much for a list", LIST_BYTES_MAX >> 20)));
    }
    let text = String::from_utf8(bytes).map_err(|_| refused(file, "must be UTF-8"))?;
    parse(&text).map_err(|ListFault { line, rule }| Fault { file: file.to_owned(), line, message: rule }.to_string())
}

fn taken<T>(parsed: Result<T, String>, faults: &mut Vec<String>) -> Option<T> {
    parsed.map_err(|fault| faults.push(fault)).ok()
}

fn refused(file: &Path, rule: &str) -> String {
    Fault { file: file.to_owned(), line: None, message: rule.to_owned() }.to_string()
}
