//! What care for a large store costs: time, memory, and how long commits wait meanwhile.
//!
//! `cargo run --release --example care -- ITEMS` makes a store of so many items over a hundred days in the folder for temporary files,
//! purges the older half, and then checks, compacts, copies and restores it, while somebody polls a source two hundred times a second.

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use watchfire::{
    dedup,
    model::{Item, Link, MergeThresholds, NativeId, Retention, SafeHtml, SourceId, SourceState, Text, Timestamp, ZonedTime},
    store::{Arrival, PollCommit, Store},
};

const BEGIN: i64 = 1_795_000_000;
const DAYS: u64 = 100;
const POLL_ITEMS: u64 = 30;
const SOURCES: u64 = 200;
/// Between two polls of the one who goes on meanwhile.
const PAUSE: Duration = Duration::from_millis(5);

fn main() {
    let items: u64 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("data");
    let store = open(&dir);
    let begin = Instant::now();
    let seen = |n: u64| Timestamp::from_secs(BEGIN + (n * DAYS * 86_400 / items) as i64);
    for first in (0..items).step_by(POLL_ITEMS as usize) {
        poll(&store, first..first + POLL_ITEMS, seen(first));
    }
    store.flush().expect("flushed");
    println!("{items} items committed in {:.0} s; {}", begin.elapsed().as_secs_f64(), sizes(&store));

    let (end, mut next) = (seen(items), items * 2);
    let rules = Retention { age_max: Some(Duration::from_secs(DAYS / 2 * 86_400)), ..Retention::default() };
    next = beside(&store, (next, end), "retain", || println!("{}", store.retain(&rules, end, || false).expect("carried out")));
    next = beside(&store, (next, end), "verify", || println!("{:?}", store.verify(|_| ()).expect("checked")));
    next = beside(&store, (next, end), "compact", || println!("{:?}", store.compact().expect("compacted")));
    let copy = folder.path().join("copy");
    beside(&store, (next, end), "backup", || {
        let backup = Store::begin_backup(&dir, &copy).expect("begun");
        let noted = store.note_manners().expect("noted");
        println!("{:?}", backup.copy(Some(&noted), |_| ()).expect("copied"));
    });
    println!("{}", sizes(&store));
    drop(store);
    measured("restore", || drop(Store::restore(&copy, &folder.path().join("restored"), |_| ()).expect("restored")));
    measured("rebuild", || drop(Store::rebuild(&dir, |_| ()).expect("rebuilt")));
}

/// Does something while somebody commits polls from a number on; says how long that one had to wait, and where it ended.
fn beside(store: &Store, (from, now): (u64, Timestamp), what: &str, work: impl FnOnce()) -> u64 {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let polling = scope.spawn(|| {
            let (mut next, mut waits) = (from, Vec::new());
            while !is_over.load(Ordering::Relaxed) {
                let begin = Instant::now();
                poll(store, next..next + 1, now);
                waits.push(begin.elapsed());
                next += 1;
                thread::sleep(PAUSE);
            }
            (next, waits)
        });
        measured(what, work);
        is_over.store(true, Ordering::Relaxed);
        let (next, mut waits) = polling.join().expect("no panic");
        waits.sort();
        let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
        println!("  {} commits beside it: median {:.1} ms, 99 % {:.1} ms, longest {:.1} ms", waits.len(), at(0.5), at(0.99), at(1.0));
        next
    })
}

fn measured(what: &str, work: impl FnOnce()) {
    // 5 sets the peak of the resident set back (Linux proc(5)).
    let is_reset = fs::write("/proc/self/clear_refs", "5").is_ok();
    let before = resident("VmRSS:");
    let begin = Instant::now();
    work();
    let spent = begin.elapsed().as_secs_f64();
    let peak = if is_reset { resident("VmHWM:") } else { resident("VmRSS:") };
    println!("{what}: {spent:.1} s, {before} MB before, {peak} MB at most");
}

/// A line of `/proc/self/status`, in megabytes.
fn resident(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.split_whitespace().next().and_then(|kilobytes| kilobytes.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn sizes(store: &Store) -> String {
    let counts = store.counts().expect("counted");
    let [archive, index] = [counts.archive_bytes, counts.index_bytes].map(|bytes| bytes >> 20);
    format!("{} items in {} stories, archive and journal {archive} MB, index {index} MB", counts.items, counts.stories)
}

fn open(dir: &Path) -> Store {
    Store::open(dir, MergeThresholds::default()).expect("opens").0
}

fn poll(store: &Store, numbers: std::ops::Range<u64>, now: Timestamp) {
    let source = SourceId::parse(&format!("source-{}", numbers.start / POLL_ITEMS % SOURCES)).expect("a slug");
    let arrivals = numbers.map(|n| arrival(&source, n, now)).collect();
    let poll = PollCommit { source: source.clone(), arrivals, new_max: 500 };
    store.commit(poll, now, |_| SourceState::default()).expect("committed");
}

/// The `n`th item: one and a half kilobytes that are like no other's.
fn arrival(source: &SourceId, n: u64, seen: Timestamp) -> Arrival {
    let word = |at: u64| ((at + 1) * 7919 + n * 104_729).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 44;
    let text: String = (0..220).map(|at| format!("{:x} ", word(at))).collect();
    let native_id = NativeId::new(format!("https://www.{source}.example/posts/{n}"));
    let link = Link::parse(native_id.as_str()).expect("a link");
    let item = Item {
        key: dedup::link_key(&link),
        link: Some(link),
        published: Some(ZonedTime::new(seen, 480)),
        body: SafeHtml::vouched(text.clone()),
        ..Item::titled(source.clone(), native_id, Text::line(&text[..60], 300), seen)
    };
    Arrival::of(item, &text, &[])
}
