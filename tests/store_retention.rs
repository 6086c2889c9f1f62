//! Retention: what is purged is hidden at once, gives its space back, and never returns; a crash at any point leaves a sound store.

mod support;

use std::{
    collections::{BTreeMap, HashMap},
    env,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use support::killing;
use watchfire::{
    dedup,
    model::{
        Item, Keeping, Link, MergeThresholds, NativeId, Retention, SafeHtml, SourceId, SourceState, Story, Tally, Text, Timestamp,
        ZonedTime,
    },
    store::{Arrival, PollCommit, Retained, Store},
};

const NOW: i64 = 1_795_000_000;
const DAY: Duration = Duration::from_secs(86_400);

fn day(n: u64) -> Timestamp {
    Timestamp::from_secs(NOW + n as i64 * 86_400)
}

fn source(id: &str) -> SourceId {
    SourceId::parse(id).expect("a slug")
}

/// A text that is long enough to be compared, and unlike those of other numbers.
fn text(number: u64) -> String {
    (0..80).map(|word| format!("{} ", (word * 7919 + number * 104_729) % 99_991)).collect()
}

/// The item `number` of a source, in the words of `number`, first seen on a day.
fn item(id: &str, number: u64, seen: u64) -> Item {
    let title = Text::line(&format!("Advisory {}", text(number)), 120);
    let native = NativeId::new(number.to_string());
    Item {
        body: SafeHtml::vouched(text(number)),
        published: Some(ZonedTime::utc(day(seen))),
        ..Item::titled(source(id), native, title, day(seen))
    }
}

fn linked(item: Item, link: &str) -> Item {
    let link = Link::parse(link).expect("a link");
    Item { key: dedup::link_key(&link), link: Some(link), ..item }
}

fn open(dir: &Path) -> Store {
    let thresholds = MergeThresholds { window: 10 * DAY, ..MergeThresholds::default() };
    Store::open(dir, thresholds).expect("opens").0
}

fn poll(store: &Store, items: Vec<Item>, on: u64) -> Tally {
    let source = items[0].source.clone();
    let arrivals = items.into_iter().map(|item| Arrival::of(item.clone(), item.body.as_str(), &[])).collect();
    store.commit(PollCommit { source, arrivals, new_max: 500 }, day(on), |_| SourceState::default()).expect("committed")
}

fn retain(store: &Store, rules: &Retention, on: u64) -> Retained {
    store.retain(rules, day(on), || false).expect("carried out")
}

fn days(days: u32) -> Retention {
    Retention { age_max: Some(days * DAY), ..Retention::default() }
}

fn all(store: &Store) -> Vec<Story> {
    store.stories().collect::<Result<_, _>>().expect("readable")
}

/// Everything that an output can be made from, in one text.
fn shown(store: &Store) -> String {
    let newest = store.newest(1000).expect("readable");
    format!("{} {:?} {:#?} {:#?}", store.generation(), store.counts().expect("counted").items, all(store), newest.stories)
}

/// Closed, checked, and with an index made from archive and journal alone: nothing may look otherwise.
fn lasts(folder: &Path, store: Store) -> Store {
    let before = shown(&store);
    let check = store.verify(|_| ()).expect("checked");
    assert!(check.is_sound(), "{check:?}");
    drop(store);
    std::fs::remove_dir_all(folder.join("index")).expect("removed");
    let store = open(folder);
    assert_eq!(shown(&store), before, "after a rebuild");
    let check = store.verify(|_| ()).expect("checked");
    assert!(check.is_sound(), "{check:?}");
    store
}

#[test]
fn what_is_too_old_is_hidden_gives_its_space_back_and_never_returns() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = open(folder.path());
    for n in 0..40 {
        poll(&store, vec![item("krebs", n, n), item("mirror", 1000 + n, n)], n);
    }
    let bytes = store.counts().expect("counted").archive_bytes;
    let generation = store.generation();
    assert!(retain(&store, &Retention::default(), 40).is_nothing(), "the default keeps everything");
    assert_eq!(store.generation(), generation);

    let done = retain(&store, &days(5), 40);
    assert_eq!((done.old, done.surplus, done.oversize), (70, 0, 0), "{done}");
    assert!(store.generation() > generation, "readers must learn of it");
    assert_eq!((all(&store).len(), store.counts().expect("counted").stories), (10, 10));
    assert!(done.bytes_freed > bytes / 3, "{done} of {bytes}");
    assert!(retain(&store, &days(5), 40).is_nothing(), "a second round finds nothing to do");
    for _ in 0..2 {
        assert_eq!(poll(&store, vec![item("krebs", 3, 41)], 41), Tally { refused: 1, ..Tally::default() }, "listed again");
        assert!(store.has(&item("krebs", 3, 41)).expect("asked"), "so that nobody works on it");
        store = lasts(folder.path(), store);
    }
    // Life goes on in a segment that was written anew.
    assert_eq!(poll(&store, vec![item("krebs", 39, 41), item("krebs", 500, 41)], 41).new, 1);
    let edited = Item { title: Text::line("Corrected", 100), ..item("krebs", 39, 41) };
    assert_eq!(poll(&store, vec![edited.clone()], 42).updated, 1);
    let store = lasts(folder.path(), store);
    assert_eq!(store.versions(edited.id, 9).expect("readable").len(), 2, "its older version as well");
}

#[test]
fn story_keeps_its_id_and_dates_when_its_opener_goes_and_hides_with_its_last_member() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = open(folder.path());
    let link = "https://krebs.example/1";
    poll(&store, vec![linked(item("krebs", 1, 0), link)], 0);
    poll(&store, vec![linked(item("mirror", 1, 3), link)], 3);
    let opened = all(&store).remove(0);
    assert_eq!(opened.members.len(), 2);

    let rules =
        Retention { sources: HashMap::from([(source("krebs"), Keeping { age_max: Some(DAY), items_max: None })]), ..Retention::default() };
    assert_eq!(retain(&store, &rules, 4).old, 1);
    let left = all(&store).remove(0);
    assert_eq!((left.id, &left.entry_id, left.published, left.updated), (opened.id, &opened.entry_id, opened.published, opened.updated));
    assert_eq!(left.members.len(), 1);
    store = lasts(folder.path(), store);
    // Its text is gone, and with it all that the dates were made from.
    poll(&store, vec![item("krebs", 7, 30)], 30);
    assert!(retain(&store, &rules, 30).bytes_freed > 0);
    store = lasts(folder.path(), store);
    assert_eq!(all(&store)[0], left);
    assert_eq!(poll(&store, vec![linked(item("third", 1, 12), link)], 30).joined, 1, "by the link of the member that stayed");
    assert_eq!(retain(&store, &days(1), 90).old, 3);
    store = lasts(folder.path(), store);
    assert_eq!((all(&store).len(), store.counts().expect("counted").stories), (0, 0));
    assert_eq!(store.story_of(opened.first().id).expect("asked"), None);
}

#[test]
fn copies_of_what_was_purged_find_its_story_inside_the_window() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = open(folder.path());
    poll(&store, vec![item("krebs", 1, 0)], 0);
    let opened = all(&store).remove(0);
    assert_eq!(retain(&store, &days(2), 5).old, 1);
    assert!(all(&store).is_empty() && store.newest(9).expect("readable").stories.is_empty());
    store = lasts(folder.path(), store);

    let renamed = NativeId::new("again".to_owned());
    let again = Item { id: watchfire::model::ItemId::of(&source("krebs"), &renamed), native_id: renamed, ..item("krebs", 1, 0) };
    assert_eq!(poll(&store, vec![again], 5), Tally { unchanged: 1, ..Tally::default() }, "its source under a new id");
    assert_eq!(poll(&store, vec![item("mirror", 1, 5)], 5), Tally { joined: 1, ..Tally::default() });
    let back = all(&store).remove(0);
    assert_eq!((back.id, &back.entry_id, back.members.len()), (opened.id, &opened.entry_id, 1), "told once");
    store = lasts(folder.path(), store);
    assert_eq!(store.counts().expect("counted").stories, 1);

    assert_eq!(retain(&store, &days(2), 40).old, 1);
    assert_eq!(poll(&store, vec![item("third", 1, 40)], 40).new, 1, "outside of the window it is news");
    lasts(folder.path(), store);
}

#[test]
fn quotas_keep_the_newest_of_each_configured_source() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    poll(&store, (0..30).map(|n| item("krebs", n, 0)).collect(), 0);
    poll(&store, (0..5).map(|n| item("mirror", 100 + n, 0)).collect(), 0);
    poll(&store, (0..50).map(|n| item("documents", 200 + n, 0)).collect(), 0);
    let keeping = |items_max| Keeping { age_max: None, items_max };
    let sources = HashMap::from([(source("krebs"), keeping(Some(10))), (source("mirror"), keeping(None))]);
    let rules = Retention { source_items_max: Some(20), sources, ..Retention::default() };
    assert_eq!(retain(&store, &rules, 1).surplus, 20);
    let count = |id: &str| store.item_count(&source(id)).expect("counted");
    assert_eq!((count("krebs"), count("mirror"), count("documents")), (10, 5, 50));
    assert_eq!(poll(&store, (0..30).map(|n| item("krebs", n, 1)).collect(), 1), Tally { unchanged: 10, refused: 20, ..Tally::default() });

    let rules = Retention { source_bytes_max: Some(4000), sources: rules.sources, ..Retention::default() };
    let done = retain(&store, &Retention { sources: HashMap::from([(source("krebs"), keeping(None))]), ..rules }, 1);
    assert!(done.surplus > 0 && count("krebs") > 0 && count("mirror") == 5, "{done}");
    lasts(folder.path(), store);
}

#[test]
fn all_together_take_no_more_than_they_may_and_the_oldest_go() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    for n in 0..20 {
        poll(&store, (0..10).map(|part| item(["krebs", "mirror"][n as usize % 2], n * 10 + part, n)).collect(), n);
    }
    let whole = store.counts().expect("counted");
    let bytes_max = whole.archive_bytes / 4;
    let done = retain(&store, &Retention { bytes_max: Some(bytes_max), ..Retention::default() }, 60);
    let left = store.counts().expect("counted");
    assert_eq!(done.oversize, 200 - left.items);
    assert!((20..80).contains(&left.items), "{left:?}");
    let numbers: Vec<u64> = all(&store).iter().map(|story| story.first().native_id.as_str().parse().expect("a number")).collect();
    // Items of one day are of one moment: which of these go is told by their numbers in the store.
    assert!(numbers.iter().all(|n| n / 10 >= (200 - left.items) / 10), "the newest stay: {numbers:?}");
    assert!(done.bytes_freed > whole.archive_bytes / 3, "{done}");
    lasts(folder.path(), store);
}

#[test]
fn a_segment_is_written_anew_under_the_hands_of_readers_and_writers() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..300 {
                poll(&store, vec![item("krebs", n, n / 10)], n / 10);
                let edited = Item { title: Text::line(&format!("Edited {n}"), 100), ..item("krebs", n, 0) };
                poll(&store, vec![edited], n / 10);
            }
            is_over.store(true, Ordering::SeqCst);
        });
        scope.spawn(|| {
            while !is_over.load(Ordering::SeqCst) {
                for story in store.newest(5).expect("readable").stories {
                    assert!(!story.members.is_empty());
                }
            }
        });
        let mut on = 0;
        while !is_over.load(Ordering::SeqCst) {
            on = (on + 1) % 30;
            retain(&store, &days(3), on);
        }
    });
    retain(&store, &days(3), 30);
    assert_eq!(all(&store).len(), 30, "those of the last three days");
    lasts(folder.path(), store);
}

/// Names the folder in which the child works; without it the child's test does nothing.
const FOLDER: &str = "WATCHFIRE_RETENTION_TEST_FOLDER";
/// The day on which the child begins.
const FROM: &str = "WATCHFIRE_RETENTION_TEST_FROM";
const KEPT_DAYS: u32 = 20;
const A_DAY: u64 = 8;

/// The child: a day is a commit and a round of retention, until it is killed. Run alone it passes at once.
#[test]
fn child_purges_until_it_is_killed() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let from: u64 = env::var(FROM).expect("a number").parse().expect("a number");
    let store = open(Path::new(&folder));
    for n in from.. {
        poll(&store, (0..A_DAY).map(|part| item("killed", n * A_DAY + part, n)).collect(), n);
        retain(&store, &days(KEPT_DAYS), n);
        killing::say(&n.to_string());
    }
}

#[test]
fn killed_at_any_moment_of_a_purge_the_store_is_sound_and_nothing_returns() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut next = 0;
    for lines in [30, 12, 25, 7, 31, 16] {
        run_and_kill(folder.path(), next, lines);
        let store = open(folder.path());
        let check = store.verify(|_| ()).expect("checked");
        assert!(check.is_sound(), "{check:?}");
        let found = days_in(&store);
        let last = *found.keys().next_back().expect("something is kept");
        retain(&store, &days(KEPT_DAYS), last);
        let found = days_in(&store);
        let wanted: Vec<u64> = (last.saturating_sub(KEPT_DAYS.into())..=last).collect();
        assert_eq!(found.keys().copied().collect::<Vec<_>>(), wanted);
        assert!(found.values().all(|parts| *parts == A_DAY), "{found:?}");
        if wanted[0] > 0 {
            let again = (0..A_DAY).map(|part| item("killed", part, last)).collect();
            assert_eq!(poll(&store, again, last), Tally { refused: A_DAY as u32, ..Tally::default() });
        }
        lasts(folder.path(), store);
        next = last + 1;
    }
    let names: Vec<_> = std::fs::read_dir(folder.path().join("archive")).expect("there").map(|entry| entry.expect("one").path()).collect();
    assert!(names.iter().all(|path| path.extension().is_some_and(|end| end == "seg")), "{names:?}");
}

/// Starts a child on a day and kills it a moment after so many words.
fn run_and_kill(folder: &Path, from: u64, words: usize) {
    let from = from.to_string();
    let said = killing::run_and_kill("child_purges_until_it_is_killed", &[(FOLDER, folder.as_os_str()), (FROM, from.as_ref())], words);
    assert!(said.len() >= words, "{said:?}");
}

/// How many items of each day there are.
fn days_in(store: &Store) -> BTreeMap<u64, u64> {
    let mut found = BTreeMap::new();
    for story in all(store) {
        for member in story.members {
            let number: u64 = member.item.native_id.as_str().parse().expect("a number");
            *found.entry(number / A_DAY).or_default() += 1;
        }
    }
    found
}
