//! What finding a new item's story costs in a small store and in a large one, and how much memory the daemon's share of it takes. Times are
//! of the processor: at most 30 us a lookup, and no more with a million items than with ten thousand.
//!
//! `cargo bench --bench lookup -- [ITEMS ...]`; 10,000 and 1,000,000 by default. Every store is filled and measured in a process of its
//! own. Four hundred items a day, one in seven a copy; measured are the latest days, with all older ones in the store.

use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use watchfire::{
    dedup,
    model::{Handle, Item, ItemId, Link, MergeThresholds, NativeId, SafeHtml, SourceId, SourceState, Text, Timestamp, ZonedTime},
    store::{Arrival, PollCommit, Store},
};

/// Items a day, over all sources.
const ITEMS_A_DAY: u64 = 400;
/// Sources that the items come from.
const SOURCES: u64 = 200;
/// Every so many items a copy of one that came a little earlier.
const COPIES: u64 = 7;
/// New items in one poll.
const POLL_ITEMS: u64 = 4;
/// Items of one poll while the store is filled.
const FILL_ITEMS: u64 = 40;
/// Polls measured.
const POLLS: u64 = 500;
/// Lookups measured, of originals and of copies.
const LOOKUPS: u64 = 2000;
/// The size of a text, in ideographs.
const TEXT_SIGNS: usize = 300;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["fill", folder, items] => fill(Path::new(folder), items.parse().expect("a number")),
        ["tidy", folder, _] => tidy(Path::new(folder)),
        ["measure", folder, items] => measure(Path::new(folder), items.parse().expect("a number")),
        [] => [10_000, 1_000_000].into_iter().for_each(run),
        sizes => sizes.iter().for_each(|size| run(size.parse().expect("a number"))),
    }
}

/// Fills a store and measures it, each in a new process: one must not see the other's memory. Opening it in between may tidy its index up.
fn run(items: u64) {
    let folder = tempfile::tempdir().expect("a folder");
    for step in ["fill", "tidy", "measure"] {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        let status = command.arg(step).arg(folder.path()).arg(items.to_string()).status();
        assert!(status.expect("a process").success(), "{step}");
    }
}

fn fill(folder: &Path, items: u64) {
    let store = open(folder);
    let started = Instant::now();
    for first in (0..items).step_by(FILL_ITEMS as usize) {
        commit(&store, (first..items.min(first + FILL_ITEMS)).map(arrival).collect());
    }
    store.flush().expect("flushed");
    let counts = store.counts().expect("counted");
    let secs = started.elapsed().as_secs_f64();
    println!(
        "{} items in {} stories: {:.0} items/s; archive {:.0} MB, index {:.0} MB",
        counts.items,
        counts.stories,
        counts.items as f64 / secs,
        counts.archive_bytes as f64 / 1e6,
        counts.index_bytes as f64 / 1e6
    );
}

fn tidy(folder: &Path) {
    let started = Instant::now();
    for told in Store::open(folder, MergeThresholds::default()).expect("opens").1 {
        println!("  {told}, in {:.0} ms", started.elapsed().as_secs_f64() * 1e3);
    }
}

fn measure(folder: &Path, items: u64) {
    let started = Instant::now();
    let store = open(folder);
    println!("  opened in {:.0} ms, {:.0} MB resident", started.elapsed().as_secs_f64() * 1e3, resident_mb());
    // The first poll reads the window's buckets.
    let polls: Vec<Vec<Arrival>> =
        (0..=POLLS).map(|poll| (0..POLL_ITEMS).map(|n| arrival(items + poll * POLL_ITEMS + n)).collect()).collect();
    let mut polls = polls.into_iter();
    let first = timed(|| commit(&store, polls.next().expect("a poll")));
    println!("  first commit {:.1} ms, {:.0} MB resident", first.as_secs_f64() * 1e3, resident_mb());
    let took = timed(|| polls.for_each(|poll| commit(&store, poll)));
    println!("  commit of {POLL_ITEMS} new items: {:.0} us an item", micros(took) / (POLLS * POLL_ITEMS) as f64);
    let next = items + (POLLS + 1) * POLL_ITEMS;
    for (name, earlier) in [("an original", None), ("a copy", Some(3 * ITEMS_A_DAY))] {
        let told = |n: u64| earlier.map_or(next + n, |earlier| next - 1 - n % earlier);
        let told: Vec<Arrival> = (0..LOOKUPS).map(|n| telling(next + n, told(n))).collect();
        let mut joined = 0;
        let took = timed(|| joined = told.iter().filter(|told| store.would_join(told).expect("readable").is_some()).count());
        println!("  lookup of {name}: {:.1} us; {joined} of {LOOKUPS} would join a story", micros(took) / LOOKUPS as f64);
    }
    let ids: Vec<ItemId> = (0..POLLS).map(|n| arrival(items - 1 - n * 7 % (items / 2)).item.id).collect();
    let took = timed(|| ids.iter().for_each(|id| assert_eq!(store.explain(&Handle::Id(*id)).expect("readable").len(), 1)));
    println!("  explanation of an item, its neighbours read and judged: {:.0} us", micros(took) / POLLS as f64);
    println!("  {:.0} MB resident", resident_mb());
}

/// The time of this thread's on a processor: that others wait for it as well is not our cost.
fn timed(work: impl FnOnce()) -> Duration {
    let started = on_processor();
    work();
    on_processor() - started
}

fn on_processor() -> Duration {
    let spent = fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = spent.and_then(|text| text.split(' ').next()?.parse().ok());
    Duration::from_nanos(nanos.expect("Linux counts the time of each thread"))
}

fn micros(took: Duration) -> f64 {
    took.as_secs_f64() * 1e6
}

fn open(folder: &Path) -> Store {
    Store::open(folder, MergeThresholds::default()).expect("opens").0
}

fn commit(store: &Store, arrivals: Vec<Arrival>) {
    let Item { source, first_seen, .. } = arrivals[0].item.clone();
    store.commit(PollCommit { source, arrivals, new_max: 500 }, first_seen, |_| SourceState::default()).expect("committed");
}

/// The `n`th item: a text of its own, or that of one that came up to three days earlier.
fn arrival(n: u64) -> Arrival {
    let mut signs = Signs(n);
    telling(n, if n % COPIES == COPIES - 1 { n.saturating_sub(1 + signs.next() % (3 * ITEMS_A_DAY)) } else { n })
}

/// The `n`th item in the words of the one numbered `told`.
fn telling(n: u64, told: u64) -> Arrival {
    let mut signs = Signs(told);
    let (title, text) = (signs.text(20), signs.text(TEXT_SIGNS));
    let source = SourceId::parse(&format!("source-{}", n / FILL_ITEMS % SOURCES)).expect("a slug");
    let native_id = NativeId::new(format!("https://www.{source}.example/posts/{n}"));
    let link = Link::parse(native_id.as_str()).expect("a link");
    let dated = Timestamp::from_secs(1_600_000_000 + (n * 86_400 / ITEMS_A_DAY) as i64);
    let item = Item {
        key: dedup::link_key(&link),
        link: Some(link),
        published: Some(ZonedTime::new(dated, 480)),
        body: SafeHtml::vouched(format!("<p>{text}</p>")),
        ..Item::titled(source, native_id, Text::line(&title, 300), dated)
    };
    Arrival::of(item, &text, &[])
}

/// Pseudo-random ideographs that are the same in every run.
struct Signs(u64);

impl Signs {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn text(&mut self, signs: usize) -> String {
        (0..signs).filter_map(|_| char::from_u32(0x4E00 + (self.next() % 2000) as u32)).collect()
    }
}

fn resident_mb() -> f64 {
    const PAGE_BYTES: f64 = 4096.0;
    let pages = fs::read_to_string("/proc/self/statm").ok();
    pages.and_then(|text| text.split(' ').nth(1)?.parse::<f64>().ok()).unwrap_or_default() * PAGE_BYTES / 1e6
}
