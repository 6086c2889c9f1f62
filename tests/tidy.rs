//! The architecture, as a test: who may import whom, how long a file may grow, and what is banned.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Ground first. A module may import the modules listed beside it, and no other.
const LAYERS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("feed", &["model"]),
    ("clean", &["model"]),
    ("document", &["model", "clean"]),
    ("dedup", &["model", "clean"]),
    ("tag", &["model"]),
    ("schedule", &["model"]),
    ("health", &["model"]),
    ("view", &["model", "tag"]),
    ("render", &["model", "clean", "health", "view"]),
    ("clock", &["model"]),
    ("telemetry", &["model"]),
    ("fetch", &["model"]),
    ("store", &["model", "dedup", "schedule", "health", "view", "telemetry"]),
    ("search", &["model", "clean", "dedup", "view", "store"]),
    ("poll", &["model", "feed", "document", "clean", "dedup", "tag", "schedule", "health", "clock", "telemetry", "fetch", "store"]),
    ("http", &["model", "health", "view", "render", "clock", "telemetry", "store", "search"]),
    ("notify", &["model", "health", "view", "render", "clock", "telemetry", "fetch", "store", "search"]),
    ("config", &["model", "schedule", "tag", "view"]),
    (
        "app",
        &[
            "model", "feed", "document", "clean", "dedup", "tag", "schedule", "health", "notify", "view", "render", "clock", "fetch",
            "store", "search", "poll", "http", "config",
        ],
    ),
    ("cli", &["model", "config", "app"]),
];

/// The modules that compute and do nothing else (invariant 2): no files, no sockets, no clock, no logs, no async.
const PURE: &[&str] = &["model", "feed", "document", "clean", "dedup", "tag", "schedule", "health", "view", "render"];

/// What a pure module may not name.
const IMPURE: &[&str] = &["std::fs", "std::net::Tcp", "tokio::", "reqwest::", "tracing::", "async fn", ".await", "std::env", "println!"];

/// A word, the one home where it is allowed, and why it is banned elsewhere.
const BANNED: &[(&str, &str, &str)] = &[
    ("SystemTime::now", "clock.rs", "take `now` as an argument"),
    ("Instant::now", "clock.rs", "take `now` as an argument"),
    ("Utc::now", "clock.rs", "take `now` as an argument"),
    ("sled::", "store/", "the store is the only module that knows sled"),
    ("tantivy::", "search/", "search is the only module that knows tantivy"),
    ("prometheus::", "telemetry.rs", "telemetry is the only module that names what is counted"),
    ("lettre::", "notify/", "notify is the only module that sends mail"),
    ("reqwest::", "fetch/", "fetch is the only module that makes requests"),
    ("Serialize", "store/ config/ render/ app/", "domain types do not know their wire forms"),
    (".unwrap()", "", "return an error, or `expect` with the invariant"),
    ("todo!", "", "finish it or cut it"),
    ("unimplemented!", "", "finish it or cut it"),
];

const LINES_MAX: usize = 400;

#[test]
fn every_import_points_down() {
    let mut faults = Vec::new();
    for (path, text) in sources() {
        let module = module_of(&path);
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == module) else {
            if !["lib", "main"].contains(&module.as_str()) {
                faults.push(format!("{}: module `{module}` has no layer", path.display()));
            }
            continue;
        };
        if climbs_out(&path, production(&text)) {
            faults.push(format!("{}: reach other modules by `crate::`", path.display()));
        }
        for target in imports(production(&text)) {
            if target != module && !allowed.contains(&target.as_str()) {
                faults.push(format!("{}: `{module}` must not import `{target}`", path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn pure_modules_do_nothing_but_compute() {
    let mut faults = Vec::new();
    for (path, text) in sources() {
        if PURE.contains(&module_of(&path).as_str()) {
            faults.extend(
                IMPURE
                    .iter()
                    .filter(|word| code(production(&text)).contains(**word))
                    .map(|word| format!("{}: `{word}` in a pure module", path.display())),
            );
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn every_file_is_short_and_says_what_it_is() {
    let mut faults = Vec::new();
    for (path, text) in sources() {
        if !text.starts_with("//! ") {
            faults.push(format!("{}: first line must be a `//!` sentence", path.display()));
        }
        let lines = production(&text).lines().count();
        if lines > LINES_MAX {
            faults.push(format!("{}: {lines} lines, at most {LINES_MAX}", path.display()));
        }
        for word in ["util", "utils", "common", "helpers", "misc"] {
            if path.file_stem().is_some_and(|stem| stem == word) {
                faults.push(format!("{}: name the concern", path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn banned_words_stay_home() {
    let mut faults = Vec::new();
    for (path, text) in sources() {
        for (word, homes, why) in BANNED {
            let at_home = homes.split_whitespace().any(|home| path.to_string_lossy().contains(&format!("src/{home}")));
            if !at_home && code(production(&text)).contains(word) {
                faults.push(format!("{}: `{word}`: {why}", path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// Every source file with its text, in a fixed order.
fn sources() -> Vec<(PathBuf, String)> {
    let mut paths = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut found = Vec::new();
    while let Some(path) = paths.pop() {
        if path.is_dir() {
            paths.extend(fs::read_dir(&path).expect("a folder").map(|entry| entry.expect("an entry").path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push((path.clone(), fs::read_to_string(&path).expect("UTF-8")));
        }
    }
    assert!(!found.is_empty(), "no sources found");
    found.sort();
    found
}

/// The text before the unit tests: a test may look anywhere, but a doc link counts as an import.
fn production(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap_or_default()
}

/// The text without its comments: prose may name what code may not.
fn code(text: &str) -> String {
    text.lines().filter(|line| !line.trim_start().starts_with("//")).fold(String::new(), |all, line| all + line + "\n")
}

/// The top-level module a file belongs to: `src/poll/pipeline.rs` is `poll`.
fn module_of(path: &Path) -> String {
    let inside = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).expect("inside src");
    let first = inside.components().next().expect("a name").as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// Whether a `super::` path leaves the top-level module, where the layer table cannot see it go.
fn climbs_out(path: &Path, text: &str) -> bool {
    let inside = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).expect("inside src");
    let depth = inside.components().count();
    let is_root = depth == 1 || (depth == 2 && inside.ends_with("mod.rs"));
    (depth < 3 && text.contains("super::super")) || (is_root && text.contains("super::"))
}

/// The `crate::` modules a text names, in `use` trees and in paths alike.
fn imports(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for tail in text.split("crate::").skip(1) {
        match tail.strip_prefix('{') {
            Some(tree) => found.extend(first_segments(tree)),
            None => found.push(tail.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()),
        }
    }
    found.retain(|word| !word.is_empty());
    found
}

/// The first path segments inside a brace group whose opening brace has been read.
fn first_segments(tree: &str) -> Vec<String> {
    let (mut found, mut word, mut depth, mut fresh) = (Vec::new(), String::new(), 0, true);
    for c in tree.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                found.push(std::mem::take(&mut word));
                fresh = true;
            }
            _ if depth == 0 && fresh && (c.is_alphanumeric() || c == '_') => word.push(c),
            _ if depth == 0 && !word.is_empty() => fresh = false,
            _ => {}
        }
    }
    found.push(word);
    found
}

#[test]
fn imports_are_read_from_every_form() {
    let text = "use crate::model::Item;\nuse crate::{\n  feed::{parse, render},\n  store as _,\n};\nfn f() { crate::clock::now() }";
    assert_eq!(imports(text), ["model", "feed", "store", "clock"]);
}
