//! Scores deduplication on labelled pairs of documents, through the store as an import goes.
//!
//! `cargo run --release --example score -- FOLDER PAIRS [--summaries] [--shuffles N [--names]]`. PAIRS is a table with tabs and a heading: two file
//! names, `same` or `different`, the kind of the pair, and the days between the two. `--summaries` cuts every document down to what most
//! feeds carry: title, link and 200 characters. `--shuffles` imports again in other orders within each day, and counts the documents
//! that then share a story with others than before; `--names` says which.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use watchfire::{
    clean,
    clock::Clock,
    document,
    model::{ItemLimits, MergeThresholds},
    poll::{self, ImportSettings},
    store::Store,
};

/// What a feed's summary carries, in characters.
const SUMMARY_CHARS: usize = 200;

/// Pairs further apart lie outside the rule's window.
const WINDOW_DAYS: f64 = 30.0;

struct Options {
    folder: PathBuf,
    pairs: PathBuf,
    are_summaries: bool,
    shuffles: u64,
    names_movers: bool,
}

struct Pair {
    names: [String; 2],
    is_same: bool,
    kind: String,
    is_near: bool,
}

/// The story of every document, by its name.
type Stories = BTreeMap<String, String>;

fn main() -> anyhow::Result<()> {
    let options = options()?;
    let documents = documents(&options)?;
    let pairs = pairs(&fs::read_to_string(&options.pairs).context("the pairs")?)?;
    let first = stories(&documents, 0)?;
    println!("{} documents in {} stories", first.len(), first.values().collect::<BTreeSet<_>>().len());
    report(&pairs, &first);
    let before = company(&first);
    let mut ever = BTreeSet::new();
    for seed in 1..=options.shuffles {
        let after = company(&stories(&documents, seed)?);
        let moved: BTreeSet<_> =
            before.iter().filter(|(name, others)| after.get(*name) != Some(*others)).map(|(name, _)| name.clone()).collect();
        println!("order {seed}: {} documents share a story with others, {:.2} %", moved.len(), percent(moved.len(), before.len()));
        if options.names_movers {
            moved.iter().for_each(|name| println!("  {name}: {:?}, before {:?}", after.get(name), before.get(name)));
        }
        ever.extend(moved);
    }
    if options.shuffles > 0 {
        println!("in any order: {} documents, {:.2} %", ever.len(), percent(ever.len(), before.len()));
    }
    Ok(())
}

fn options() -> anyhow::Result<Options> {
    let mut options = Options { folder: PathBuf::new(), pairs: PathBuf::new(), are_summaries: false, shuffles: 0, names_movers: false };
    let mut places = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--summaries" => options.are_summaries = true,
            "--names" => options.names_movers = true,
            "--shuffles" => options.shuffles = arguments.next().context("--shuffles needs a number")?.parse()?,
            _ => places.push(PathBuf::from(argument)),
        }
    }
    [options.folder, options.pairs] = places.try_into().ok().context("name a folder of documents and a table of pairs")?;
    Ok(options)
}

/// The documents' names and bytes.
fn documents(options: &Options) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let mut documents = Vec::new();
    for entry in fs::read_dir(&options.folder).context("the documents")? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let bytes = fs::read(entry.path())?;
        documents.push((name.clone(), if options.are_summaries { summary(&name, bytes) } else { bytes }));
    }
    documents.sort();
    Ok(documents)
}

/// The document with its front matter and the beginning of its text. One that cannot be read stays as it is.
fn summary(name: &str, bytes: Vec<u8>) -> Vec<u8> {
    let Ok(read) = document::read(name, &bytes, chrono_tz::UTC) else { return bytes };
    let title = read.draft.title.unwrap_or_default();
    let body = read.draft.content.map(|markup| clean::html(&markup, None, ItemLimits::default().body_bytes_max)).unwrap_or_default();
    let text = clean::boilerplate::strip(&clean::plain(body.as_str()), &title, read.account.as_deref());
    let text: String = text.chars().take(SUMMARY_CHARS).collect();
    let whole = String::from_utf8_lossy(&bytes);
    match whole.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n")) {
        Some((front, _)) => format!("---\n{front}\n---\n\n{text}\n").into_bytes(),
        None => format!("{title}\n\n{text}\n").into_bytes(),
    }
}

fn pairs(table: &str) -> anyhow::Result<Vec<Pair>> {
    let pair = |line: &str| {
        let [one, other, label, kind, days] = line.split('\t').take(5).collect::<Vec<_>>().try_into().ok()?;
        let is_near = days.parse::<f64>().map_or(true, |days| days.abs() <= WINDOW_DAYS);
        Some(Pair { names: [one.to_owned(), other.to_owned()], is_same: label == "same", kind: kind.to_owned(), is_near })
    };
    table.lines().skip(1).map(|line| pair(line).with_context(|| format!("`{line}` is no pair"))).collect()
}

/// Imports the documents into a store of their own: in one go, or for a seed other than zero one after the other, in the seed's order
/// within each day, as polls would bring them.
fn stories(documents: &[(String, Vec<u8>)], seed: u64) -> anyhow::Result<Stories> {
    let folder = tempfile::tempdir()?;
    let (store, files) = (folder.path().join("store"), folder.path().join("documents"));
    fs::create_dir(&files)?;
    for (name, bytes) in documents {
        fs::write(files.join(format!("{}~{name}", place(name, seed))), bytes)?;
    }
    let store = Store::open(&store, MergeThresholds::default())?.0;
    let settings = ImportSettings { timezone: chrono_tz::UTC, items: ItemLimits::default(), merge: MergeThresholds::default() };
    if seed == 0 {
        poll::import(&store, &[files], &settings, Clock::System.now(), |_| {})?;
    } else {
        for file in in_order(documents, &files, seed) {
            poll::import(&store, &[file], &settings, Clock::System.now(), |_| {})?;
        }
    }
    let mut stories = Stories::new();
    for story in store.stories() {
        let story = story?;
        let names = story.members.iter().filter_map(|member| member.item.document.as_deref()?.split_once('~'));
        stories.extend(names.map(|(_, name)| (name.to_owned(), story.id.to_string())));
    }
    Ok(stories)
}

/// The files day by day, those of one day in the order of the seed.
fn in_order(documents: &[(String, Vec<u8>)], files: &Path, seed: u64) -> Vec<PathBuf> {
    let mut order: Vec<_> = documents
        .iter()
        .map(|(name, bytes)| {
            let date = document::date(bytes, chrono_tz::UTC).map(|date| date.rfc3339());
            let day = date.as_deref().and_then(|date| date.get(..10)).unwrap_or("9999").to_owned();
            (day, place(name, seed), files.join(format!("{}~{name}", place(name, seed))))
        })
        .collect();
    order.sort();
    order.into_iter().map(|(_, _, file)| file).collect()
}

/// Where a name stands in the order of a seed: 0 keeps the order.
fn place(name: &str, seed: u64) -> String {
    if seed == 0 {
        return String::from("0");
    }
    let mixed = Path::new(name).as_os_str().as_encoded_bytes().iter().fold(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15), |hash, byte| {
        let hash = (hash ^ u64::from(*byte)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        hash ^ (hash >> 29)
    });
    format!("{mixed:016x}")
}

/// With whom every document shares a story.
fn company(stories: &Stories) -> BTreeMap<String, BTreeSet<String>> {
    let mut members: HashMap<&str, BTreeSet<String>> = HashMap::new();
    for (name, story) in stories {
        members.entry(story).or_default().insert(name.clone());
    }
    stories.iter().map(|(name, story)| (name.clone(), members[story.as_str()].clone())).collect()
}

fn report(pairs: &[Pair], stories: &Stories) {
    let is_merged = |pair: &Pair| {
        let [one, other] = [0, 1].map(|at| stories.get(&pair.names[at]));
        one.is_some() && one == other
    };
    let near: Vec<_> = pairs.iter().filter(|pair| pair.is_near).collect();
    let whole: Vec<_> = near.iter().copied().filter(|pair| pair.kind != "synthetic_trunc").collect();
    for (scope, pairs) in [("within 30 days", &near), ("without the kind synthetic_trunc", &whole)] {
        let count = |is_same: bool, wanted: bool| pairs.iter().filter(|pair| pair.is_same == is_same && is_merged(pair) == wanted).count();
        let (right, wrong, missed) = (count(true, true), count(false, true), count(true, false));
        let (precision, recall) = (percent(right, right + wrong) / 100.0, percent(right, right + missed) / 100.0);
        println!("{scope}: precision {precision:.3} recall {recall:.3} (right {right}, wrong {wrong}, missed {missed})");
    }
    let mut kinds: BTreeMap<(&str, bool), (usize, usize)> = BTreeMap::new();
    for pair in near {
        let (right, all) = kinds.entry((&pair.kind, pair.is_same)).or_default();
        *right += usize::from(is_merged(pair) == pair.is_same);
        *all += 1;
    }
    for ((kind, is_same), (right, all)) in kinds {
        println!("  {kind:32} {:9} right {right}/{all}", if is_same { "same" } else { "different" });
    }
}

fn percent(part: usize, whole: usize) -> f64 {
    100.0 * part as f64 / whole.max(1) as f64
}
