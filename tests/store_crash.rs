//! What is acknowledged survives a kill, and no commit survives in part: a process that commits is killed again and again.

mod support;

use std::{collections::BTreeMap, env, path::Path};

use support::killing;
use watchfire::{
    model::{Item, MergeThresholds, NativeId, SafeHtml, SourceId, SourceState, Text, Timestamp},
    store::{Arrival, PollCommit, Store},
};

/// Names the folder in which the child works; without it the child's test does nothing.
const FOLDER: &str = "WATCHFIRE_CRASH_TEST_FOLDER";
/// Where the child begins to count.
const FROM: &str = "WATCHFIRE_CRASH_TEST_FROM";

/// Items of commit `n`: a few, or many.
fn size(n: u64) -> u64 {
    1 + n % 5 * 6
}

fn arrival(n: u64, part: u64) -> Arrival {
    let source = SourceId::parse("killed").expect("a slug");
    let native_id = NativeId::new(format!("{n}/{part}"));
    let words: String = (0..60).map(|word| format!("{} ", (word * 7919 + n * 104_729 + part * 1_299_709) % 99_991)).collect();
    let (title, first_seen) = (Text::line(&format!("Commit {n} part {part}"), 300), Timestamp::from_secs(1_795_000_000));
    let item = Item { body: SafeHtml::vouched(words.clone()), ..Item::titled(source, native_id, title, first_seen) };
    Arrival::of(item, &words, &[])
}

/// The child: commits until it is killed, and says so after each commit. Run alone it passes at once.
#[test]
fn child_commits_until_it_is_killed() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let from: u64 = env::var(FROM).expect("a number").parse().expect("a number");
    killing::say("opening");
    let (store, _) = Store::open(Path::new(&folder), MergeThresholds::default()).expect("opens");
    for n in from.. {
        let arrivals = (0..size(n)).map(|part| arrival(n, part)).collect();
        let source = SourceId::parse("killed").expect("a slug");
        let state = SourceState { body_bytes: n, ..SourceState::default() };
        store.commit(PollCommit { source, arrivals, new_max: 500 }, Timestamp::from_secs(1_795_000_000), |_| state).expect("committed");
        if n % 6 == 5 {
            // The index moves to another folder: a kill may come before, in or after it.
            store.compact().expect("compacted");
        }
        killing::say(&n.to_string());
    }
}

#[test]
fn killed_ten_times_loses_nothing_acknowledged_and_keeps_no_half() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut acknowledged = None;
    // Lines heard before the kill: the first falls into the opening, later ones into commits and flushes.
    for lines in [1, 2, 20, 1, 3, 40, 7, 1, 30, 12] {
        let from = acknowledged.map_or(0, |last: u64| last + 1);
        acknowledged = run_and_kill(folder.path(), from, lines).or(acknowledged);
        let (store, told) = Store::open(folder.path(), MergeThresholds::default()).expect("opens after a kill");
        let found = commits_in(&store);
        for (n, parts) in &found {
            assert_eq!(*parts, size(*n), "commit {n} is whole; {told:?}");
        }
        if let Some(last) = acknowledged {
            assert!((0..=last).all(|n| found.contains_key(&n)), "nothing up to {last} is lost; {told:?}");
        }
        // The commit after the last acknowledged one may be there: the next child begins behind it.
        acknowledged = found.keys().next_back().copied().or(acknowledged);
        assert!(store.verify(|_| ()).expect("checked").is_sound(), "{told:?}");
    }
    assert!(acknowledged.is_some_and(|last| last >= 80), "the children worked: {acknowledged:?}");
}

/// The last commit that a child acknowledged which began at `from` and was killed after so many words.
fn run_and_kill(folder: &Path, from: u64, words: usize) -> Option<u64> {
    let from = from.to_string();
    let said = killing::run_and_kill("child_commits_until_it_is_killed", &[(FOLDER, folder.as_os_str()), (FROM, from.as_ref())], words);
    said.iter().filter_map(|word| word.parse().ok()).next_back()
}

/// How many items of each commit there are.
fn commits_in(store: &Store) -> BTreeMap<u64, u64> {
    let mut found = BTreeMap::new();
    for story in store.stories() {
        for member in story.expect("readable").members {
            let native = member.item.native_id.as_str().split('/').next().expect("a number").to_owned();
            *found.entry(native.parse().expect("a number")).or_default() += 1;
        }
    }
    found
}
