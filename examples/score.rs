//! Scores deduplication on labelled pairs of documents, through the store as an import goes.
//!
//! `cargo run --release --example score -- FOLDER PAIRS [--summaries] [--shuffles N [--names]]`
//!
//! PAIRS is a table with tabs and a heading: two file names, `same` or `different`, the kind of the pair, and the days between the two.
//!
//! - `--summaries` cuts every document down to what most feeds carry: title, link and 200 characters. It should reach precision .985 and
//!   recall .85.
//! - `--shuffles N` imports the documents one by one, each in a commit of its own as polls bring them, in N orders within each day, and
//!   counts the documents that then share a story with others than when those of a day come in the order of their names: at most 1 %.
//!   `--names` says which. How far that differs from the import in one go, which learns a batch's boilerplate beforehand, is told first.

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

/// With whom every document shares a story, by its name.
type Company = BTreeMap<String, BTreeSet<String>>;

/// How documents come into a store.
#[derive(Clone, Copy)]
enum Way {
    /// As `watchfire import` takes a folder: by date, then by name, many in one commit.
    InOneGo,
    /// Each in a commit of its own, by day, those of one day in an order that the number makes: by name for 0.
    OneByOne(u64),
}

fn main() -> anyhow::Result<()> {
    let options = options()?;
    let documents = documents(&options)?;
    let pairs = pairs(&fs::read_to_string(&options.pairs).context("the pairs")?)?;
    let first = stories(&documents, Way::InOneGo)?;
    println!("{} documents in {} stories", first.len(), first.values().collect::<BTreeSet<_>>().len());
    report(&pairs, &first);
    if options.shuffles > 0 {
        shuffle(&documents, &options, &company(&first))?;
    }
    Ok(())
}

/// Imports again in other orders, and tells who then shares a story with others.
fn shuffle(documents: &[(String, Vec<u8>)], options: &Options, in_one_go: &Company) -> anyhow::Result<()> {
    let tell = |what: &str, before: &Company, after: &Company| {
        let moved: BTreeSet<_> =
            before.iter().filter(|(name, others)| after.get(*name) != Some(*others)).map(|(name, _)| name.clone()).collect();
        println!("{what}: {} documents share a story with others, {:.2} %", moved.len(), percent(moved.len(), before.len()));
        if options.names_movers {
            moved.iter().for_each(|name| println!("  {name}: {:?}, before {:?}", after.get(name), before.get(name)));
        }
        moved
    };
    let in_order = company(&stories(documents, Way::OneByOne(0))?);
    tell("one by one instead of in one go", in_one_go, &in_order);
    let (mut ever, mut all) = (BTreeSet::new(), 0);
    for seed in 1..=options.shuffles {
        let moved = tell(&format!("order {seed}"), &in_order, &company(&stories(documents, Way::OneByOne(seed))?));
        all += moved.len();
        ever.extend(moved);
    }
    let mean = percent(all, in_order.len()) / options.shuffles as f64;
    println!("mean of all orders {mean:.2} %; in any of them {} documents, {:.2} %", ever.len(), percent(ever.len(), in_order.len()));
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

/// Imports the documents into a store of their own.
fn stories(documents: &[(String, Vec<u8>)], way: Way) -> anyhow::Result<Stories> {
    let folder = tempfile::tempdir()?;
    let (store, files) = (folder.path().join("store"), folder.path().join("documents"));
    fs::create_dir(&files)?;
    for (name, bytes) in documents {
        fs::write(files.join(name), bytes)?;
    }
    let store = Store::open(&store, MergeThresholds::default())?.0;
    let settings = ImportSettings { timezone: chrono_tz::UTC, items: ItemLimits::default(), merge: MergeThresholds::default() };
    let batches = match way {
        Way::InOneGo => vec![files],
        Way::OneByOne(seed) => in_order(documents, seed).into_iter().map(|name| files.join(name)).collect(),
    };
    for batch in batches {
        poll::import(&store, &[batch], &settings, Clock::System.now(), |_| {})?;
    }
    let mut stories = Stories::new();
    for story in store.stories() {
        let story = story?;
        stories.extend(story.members.iter().filter_map(|member| Some((member.item.document.clone()?, story.id.to_string()))));
    }
    Ok(stories)
}

/// The documents' names day by day, those of one day in the order of the seed.
fn in_order(documents: &[(String, Vec<u8>)], seed: u64) -> Vec<&str> {
    let mut order: Vec<_> = documents
        .iter()
        .map(|(name, bytes)| {
            let date = document::date(bytes, chrono_tz::UTC).map(|date| date.rfc3339());
            let day = date.as_deref().and_then(|date| date.get(..10)).unwrap_or("9999").to_owned();
            (day, place(name, seed), name.as_str())
        })
        .collect();
    order.sort_unstable();
    order.into_iter().map(|(_, _, name)| name).collect()
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
fn company(stories: &Stories) -> Company {
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
