//! The configuration: TOML files in, typed [`Settings`] out, or every fault of every file at once.
//!
//! A message names file, line, key, the value in backticks and the rule; values that may be secret are never shown. What others
//! need of the configuration they take as plain values from `Settings`, so that nothing else knows TOML.

mod edit;
mod error;
mod guess;
mod include;
mod notify;
mod piece;
mod quantity;
mod route;
mod secret;
mod section;
mod settings;
mod source;
mod stamp;
mod tables;
mod view;
mod watch_list;
mod zone;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use chrono_tz::Tz;
use toml::de::DeTable;

pub use self::{
    edit::{NewSource, with_source, without_source},
    error::{ConfigError, Fault},
    guess::did_you_mean,
    include::find,
    secret::Env,
    settings::{DaemonSettings, DocumentSettings, FeedSettings, HttpSettings, PollSettings, Settings},
    source::spelling,
    stamp::Stamp,
};
use self::{
    notify::Receivers,
    piece::{Piece, pieces},
    section::{File, Section},
    source::Catalogue,
    view::Views,
};
use crate::model::{ScheduleLimits, Source};

/// The configuration that is shipped: what `watchfire default-config` prints, with every key explained.
pub const DEFAULT: &str = include_str!("../../config/watchfire.toml");

/// Gives the text of a file, or its fault.
type TextOf<'a> = &'a dyn Fn(&Path) -> Result<String, Fault>;

/// Where further files are looked for, unless the main one says otherwise.
const INCLUDE: [&str; 1] = ["sources.d/*.toml"];

/// What only the main file may say.
const MAIN_ONLY: [&str; 11] = ["include", "daemon", "http", "poll", "feed", "documents", "risk", "merge", "retention", "view", "notify"];

/// Reads a configuration with the files it includes. `env` looks up the variables in URLs and headers. An error lists all faults.
pub fn load(path: &Path, env: Env<'_>) -> Result<Settings, ConfigError> {
    read_all(path, env, &include::read)
}

/// Reads a configuration as if one of its files held another text: whether a change would do.
pub fn load_as_if(path: &Path, env: Env<'_>, (changed, text): (&Path, &str)) -> Result<Settings, ConfigError> {
    read_all(path, env, &|file| if file == changed { Ok(text.to_owned()) } else { include::read(file) })
}

fn read_all(path: &Path, env: Env<'_>, text_of: TextOf<'_>) -> Result<Settings, ConfigError> {
    let text = text_of(path).map_err(|fault| ConfigError::Faults(vec![fault]))?;
    let mut faults = Vec::new();
    let (head, sources) = read_head(path, &text);
    let Some(table) = parse(&head, &mut faults) else { return Err(ConfigError::Faults(faults)) };
    let folder = path.parent().unwrap_or(Path::new(""));

    let mut root = Section::new(&head, "", Some(&table));
    let mut settings = tables::read(&mut root, folder, &mut faults);
    let mut catalogue = Catalogue::new(settings.poll.schedule, env);
    root.sections("source").into_iter().for_each(|section| catalogue.read(section, &mut faults));
    read_sources(path, &sources, &mut catalogue, &mut faults);
    let (included, folders) = included(&mut root, path, folder);
    let (views, receivers) = (root.sections("view"), root.sections("notify"));
    root.finish(&mut faults);

    settings.files.push(path.to_owned());
    settings.folders = folders;
    for file in included {
        read_included(&file, text_of, &mut catalogue, &mut faults);
        settings.files.push(file);
    }
    // Views name sources, so all of these must be known.
    let mut read = Views::new(&catalogue.sources, env, text_of);
    views.into_iter().for_each(|section| read.read(section, &mut faults));
    let Views { views, files, warnings, .. } = read;
    settings.watch_lists = files;
    let mut read = Receivers::new(&views, settings.documents.timezone, env);
    receivers.into_iter().for_each(|section| read.read(section, &mut faults));
    settings.receivers = read.receivers;
    catalogue.warnings.extend(warnings);
    if faults.is_empty() {
        settings.warnings.append(&mut catalogue.warnings);
        let names = |source: &Source| [std::slice::from_ref(&source.id), source.formerly.as_slice()].concat();
        let keepings = catalogue.sources.iter().flat_map(|source| names(source).into_iter().map(|name| (name, source.keeping)));
        settings.retention.sources = keepings.collect();
        settings.sources = catalogue.sources;
        settings.views = views.into();
        return Ok(settings);
    }
    let places: Vec<_> = settings.files.iter().chain(&settings.watch_lists).collect();
    // By file, then by line: the order in which they are mended.
    faults.sort_by_key(|fault| (places.iter().position(|file| **file == fault.file), fault.line));
    Err(ConfigError::Faults(faults))
}

/// What holds where no configuration says otherwise: no sources, and paths that start at `folder`.
pub fn defaults(folder: &Path) -> Settings {
    let nothing = File::new(folder, Piece::NOTHING);
    tables::read(&mut Section::new(&nothing, "", None), folder, &mut Vec::new())
}

/// Every key that a configuration may hold: `include`, `poll.interval`, `source.id`. Tables are among them.
pub fn keys() -> BTreeSet<String> {
    let file = File::new(Path::new(""), Piece::NOTHING);
    let mut root = Section::new(&file, "", None);
    tables::read(&mut root, Path::new(""), &mut Vec::new());
    root.sections("source");
    root.sections("view");
    root.sections("notify");
    root.strings("include");
    Catalogue::new(ScheduleLimits::default(), &|_| None).read(Section::new(&file, "source", None), &mut Vec::new());
    Views::new(&[], &|_| None, &include::read).read(Section::new(&file, "view", None), &mut Vec::new());
    Receivers::new(&[], Tz::UTC, &|_| None).read(Section::new(&file, "notify", None), &mut Vec::new());
    file.into_known()
}

/// The files that `include` names, each once, without the main one, and the folders that it looks into.
fn included(root: &mut Section<'_>, main: &Path, folder: &Path) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let (mut files, mut folders) = (Vec::<PathBuf>::new(), Vec::new());
    for pattern in root.strings_or("include", &INCLUDE) {
        folders.extend(folder.join(pattern.value).parent().map(Path::to_owned));
        match include::matches(folder, pattern.value) {
            Ok(found) => files.extend(found),
            Err(rule) => root.fault("include", format_args!("is `{}`, {rule}", section::shorten(pattern.value))),
        }
    }
    let mut seen = Vec::from_iter(main.canonicalize());
    files.retain(|file| {
        let place = file.canonicalize().unwrap_or_else(|_| file.clone());
        let is_new = !seen.contains(&place);
        seen.push(place);
        is_new
    });
    folders.dedup();
    (files, folders)
}

/// An included file holds sources and nothing else.
fn read_included(path: &Path, text_of: TextOf<'_>, catalogue: &mut Catalogue<'_>, faults: &mut Vec<Fault>) {
    let text = match text_of(path) {
        Ok(text) => text,
        Err(fault) => return faults.push(fault),
    };
    let (head, sources) = read_head(path, &text);
    if let Some(table) = parse(&head, faults) {
        let mut root = Section::new(&head, "", Some(&table));
        root.sections("source").into_iter().for_each(|section| catalogue.read(section, faults));
        for key in MAIN_ONLY {
            root.forbid(key, "belongs in the main file: an included file holds `[[source]]` tables alone");
        }
        root.finish(faults);
        read_sources(path, &sources, catalogue, faults);
    }
}

/// The first piece of a file, and the others.
fn read_head<'a>(path: &'a Path, text: &'a str) -> (File<'a>, Vec<Piece<'a>>) {
    let mut pieces = pieces(text);
    (File::new(path, pieces.remove(0)), pieces)
}

/// Reads pieces that hold sources and nothing else.
fn read_sources(path: &Path, pieces: &[Piece<'_>], catalogue: &mut Catalogue<'_>, faults: &mut Vec<Fault>) {
    for piece in pieces {
        let file = File::new(path, *piece);
        let Some(table) = parse(&file, faults) else { continue };
        Section::new(&file, "", Some(&table)).sections("source").into_iter().for_each(|section| catalogue.read(section, faults));
    }
}

/// The tree of a file; `None` if it is not TOML, with all its errors of syntax.
fn parse<'a>(file: &File<'a>, faults: &mut Vec<Fault>) -> Option<DeTable<'a>> {
    let (table, errors) = DeTable::parse_recoverable(file.text);
    let is_toml = errors.is_empty();
    faults.extend(errors.into_iter().map(|error| {
        let at = file.position(error.span().map_or(0, |span| span.start));
        section::fault(at, format!("not TOML: {}", error.message().replace('\n', ", ")))
    }));
    is_toml.then(|| table.into_inner())
}
