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
    if is_sound {
        let lacks = [
            (kev.is_none() && known.kev.is_some(), "holds no KEV catalogue any more"),
            (epss.is_none() && known.epss.is_some(), "holds no EPSS scores any more"),
            (
                kev.is_none() && epss.is_none() && known.is_empty(),
                "holds no list: no file that ends in `.json`, `.csv`, `.json.gz` or `.csv.gz`",
            ),
        ];
        faults.extend(lacks.into_iter().filter(|(is_so, _)| *is_so).map(|(_, words)| refused(folder, words)));
    }
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
        // Either stands at the beginning, whichever of its keys comes first, and in no other list.
        None if text.starts_with('{') && ["\"dateReleased\"", "\"cveID\""].iter().any(|key| text.contains(key)) => Kind::Kev,
        None => Kind::Unknown,
    })
}

/// Reads a file as a list; else why it is refused.
fn parsed<T>(file: &Path, parse: impl Fn(&str) -> Result<T, ListFault>) -> Result<T, String> {
    let unreadable = |error: io::Error| refused(file, &format!("cannot be read: {error}"));
    let too_large = || refused(file, &format!("is over {} MiB, which is too much for a list", LIST_BYTES_MAX >> 20));
    if fs::metadata(file).map_err(unreadable)?.len() > LIST_BYTES_MAX {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    open(file).and_then(|input| input.take(LIST_BYTES_MAX + 1).read_to_end(&mut bytes)).map_err(unreadable)?;
    if bytes.len() as u64 > LIST_BYTES_MAX {
        return Err(too_large());
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

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn kev(day: &str) -> String {
        format!("{{\"dateReleased\":\"{day}T12:00:00Z\",\"vulnerabilities\":[{{\"cveID\":\"CVE-2026-1000\",\"dateAdded\":\"{day}\"}}]}}")
    }

    fn epss(day: &str) -> String {
        format!("#model_version:v1,score_date:{day}T00:00:00Z\ncve,epss,percentile\nCVE-2026-1000,0.5,0.5\n")
    }

    fn packed(text: &str) -> Vec<u8> {
        let mut out = GzEncoder::new(Vec::new(), Compression::fast());
        out.write_all(text.as_bytes()).expect("packed");
        out.finish().expect("packed")
    }

    /// The days of the lists, and the faults without their folder.
    fn told(folder: &Path, found: &Found) -> (Option<String>, Option<String>, Vec<String>) {
        let kev = found.lists.kev.as_ref().map(|kev| kev.released.to_string());
        let epss = found.lists.epss.as_ref().map(|epss| epss.scored.to_string());
        let bare = |fault: &String| fault.replace(&format!("{}/", folder.display()), "");
        (kev, epss, found.faults.iter().map(bare).collect())
    }

    #[test]
    fn the_newest_list_of_each_kind_holds_whatever_its_file_is_called() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).expect("written");
        let day = |day: &str| Some(format!("2026-11-{day}"));
        let mut known = RiskLists::default();
        let mut look = |what: &str, wanted: (Option<String>, Option<String>, Vec<&str>)| {
            let found = read(folder.path(), &known);
            let (kev, epss, faults) = told(folder.path(), &found);
            assert_eq!((kev, epss, faults.len()), (wanted.0, wanted.1, wanted.2.len()), "{what}: {faults:?}");
            assert!(faults.iter().zip(wanted.2).all(|(fault, beginning)| fault.starts_with(beginning)), "{what}: {faults:?}");
            known = found.lists;
        };
        look("nothing", (None, None, vec![&format!("{}: holds no list", folder.path().display())]));
        write("a.json", kev("2026-11-18").as_bytes());
        write("b.csv", epss("2026-11-18").as_bytes());
        write("notes.txt", b"mine");
        write(".hidden.json", b"{");
        look("plain", (day("18"), day("18"), vec![]));
        write("0.json.gz", &packed(&kev("2026-11-19")));
        write("0.csv.gz", &packed(&epss("2026-11-20")));
        look("packed", (day("19"), day("20"), vec![]));
        // Cut short by whoever writes it: the older ones beside them do not come back.
        let whole = packed(&epss("2026-11-21"));
        write("0.csv.gz", &whole[..whole.len() - 6]);
        write("0.json.gz", &packed("{\n\"dateReleased\":"));
        write("other.json", b"[1]");
        look(
            "cut short",
            (day("19"), day("20"), vec!["0.csv.gz: cannot be read", "0.json.gz:2: is not the JSON", "other.json: is neither the KEV"]),
        );
        for name in ["0.csv.gz", "0.json.gz", "other.json"] {
            fs::remove_file(folder.path().join(name)).expect("removed");
        }
        look("set back by the operator", (day("18"), day("18"), vec![]));
        for name in ["a.json", "b.csv"] {
            fs::remove_file(folder.path().join(name)).expect("removed");
        }
        let gone = ["KEV catalogue", "EPSS scores"].map(|list| format!("{}: holds no {list} any more", folder.path().display()));
        look("gone", (day("18"), day("18"), gone.iter().map(String::as_str).collect()));
        fs::remove_dir_all(folder.path()).expect("removed");
        assert!(read(folder.path(), &RiskLists::default()).faults[0].contains("`risk.folder` cannot be read"));
    }
    /// Other programs keep JSON of their own in such folders, some of it large.
    #[test]
    fn what_is_no_list_is_known_by_its_beginning_or_its_size_and_not_read_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let make = |name: &str, beginning: &str, bytes: u64| {
            fs::write(folder.path().join(name), beginning).expect("written");
            let file = fs::OpenOptions::new().write(true).open(folder.path().join(name)).expect("opened");
            file.set_len(bytes).expect("holes are free");
        };
        make("0.json", "{\"resultsPerPage\":2000,\"format\":\"NVD_CVE\",\"vulnerabilities\":[{\"cve\":{", 1 << 40);
        make("1.json", "{\"title\":\"CISA Catalog\",\"dateReleased\":\"2026-11-18T12:00:00Z\",", 1 << 40);
        let (kev, _, faults) = told(folder.path(), &read(folder.path(), &RiskLists::default()));
        assert_eq!((kev, faults.len()), (None, 2), "{faults:?}");
        assert!(faults[0].starts_with("0.json: is neither the KEV") && faults[1].starts_with("1.json: is over 64 MiB"), "{faults:?}");
    }
}
