//! kill -9 of the real binary in the middle of backup, restore, rebuild, compaction, export and import: what it worked on is whole, and
//! what it was making is either whole as well, or known for what it is and finished by the same command.

mod support;

use std::{fs, path::Path, time::Instant};

use support::{
    copy_dir,
    daemon::Home,
    killing::{Moment, kill_at},
};
use watchfire::{
    model::{Item, MergeThresholds, NativeId, SafeHtml, SourceId, SourceState, Text, Timestamp, Validators},
    render,
    store::{Arrival, PollCommit, Store},
};

const NOW: i64 = 1_795_000_000;
/// Moments of each command's life at which it is killed; `WATCHFIRE_KILL_ROUNDS=50 cargo test --release --test care_kill` for more.
const ROUNDS: u32 = 4;
const BATCH: u64 = 20;

/// A home with a store of some batches.
struct Origin {
    home: Home,
    batches: u64,
}

impl Origin {
    fn new(batches: u64) -> Self {
        let mut origin = Self { home: Home::new(""), batches: 0 };
        origin.grow(batches);
        origin
    }

    /// Commits more batches, each of which moves the validators on.
    fn grow(&mut self, batches: u64) {
        let store = open(&self.home.path("data"));
        for batch in self.batches..self.batches + batches {
            let source = SourceId::parse("a").expect("a slug");
            let arrival = |part: u64| {
                let n = batch * BATCH + part;
                let text: String = (0..400).map(|word| format!("{} ", (word * 7919 + n * 104_729) % 99_991)).collect();
                let item = Item::titled(source.clone(), NativeId::new(n.to_string()), Text::line(&text, 60), Timestamp::from_secs(NOW));
                Arrival::of(Item { body: SafeHtml::vouched(text.clone()), ..item }, &text, &[])
            };
            let poll = PollCommit { source: source.clone(), arrivals: (0..BATCH).map(arrival).collect(), new_max: 500 };
            let validators = Validators { etag: Some(batch.to_string().into_bytes()), last_modified: None };
            let state = SourceState { validators, ..SourceState::default() };
            store.commit(poll, Timestamp::from_secs(NOW), |_| state).expect("committed");
        }
        self.batches += batches;
    }

    /// What it shows, after a check.
    fn shown(&self) -> String {
        shown(&self.home.path("data"))
    }

    /// Runs a command to its end; its first words.
    fn run(&self, arguments: &[&str]) -> Result<String, String> {
        let output = self.home.command(arguments);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
    }

    /// Kills a command at moments all over its life, and at those when something first holds. `before` and `after` are given the round.
    fn kill(&self, arguments: &[&str], holds: &[&dyn Fn() -> bool], before: impl Fn(), after: impl Fn(bool)) {
        before();
        let begun = Instant::now();
        self.run(arguments).expect("the whole of it");
        let whole = begun.elapsed();
        after(false);
        let rounds = std::env::var("WATCHFIRE_KILL_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(ROUNDS);
        let moments = (1..=rounds).map(|round| Moment::After(whole * round / (rounds + 1)));
        let mut killed = 0;
        for moment in moments.chain(holds.iter().map(|holds| Moment::When(*holds))) {
            before();
            let was_killed = kill_at(self.home.spawn(arguments), moment);
            killed += u32::from(was_killed);
            after(was_killed);
        }
        assert!(killed > 0, "{arguments:?} was never killed in time");
    }
}

fn open(dir: &Path) -> Store {
    Store::open(dir, MergeThresholds::default()).expect("opens").0
}

/// What a store shows and how far its validators are, after a check.
fn shown(dir: &Path) -> String {
    let store = open(dir);
    let check = store.verify(|_| ()).expect("checked");
    assert!(check.is_sound(), "{check:?}");
    let mut lines: Vec<String> = store.stories().map(|story| render::export_line(&story.expect("readable"))).collect();
    let state = store.source_state(&SourceId::parse("a").expect("a slug")).expect("read");
    lines.push(format!("{:?}", state.validators.etag));
    lines.join("\n")
}

fn remove(path: &Path) {
    if path.is_dir() {
        fs::remove_dir_all(path).expect("removed");
    } else if path.exists() {
        fs::remove_file(path).expect("removed");
    }
}

#[test]
fn backup_that_is_killed_is_refused_or_is_an_older_one_and_is_gone_on_with() {
    let mut origin = Origin::new(10);
    let (older, copy, scratch) = (origin.home.path("older"), origin.home.path("copy"), origin.home.path("scratch"));
    let first = origin.shown();
    origin.run(&["backup", "older"]).expect("copied");
    origin.grow(10);
    let second = origin.shown();
    for is_first in [true, false] {
        let before = || {
            remove(&copy);
            if !is_first {
                copy_dir(&older, &copy);
            }
        };
        let after = |was_killed: bool| {
            assert_eq!(origin.shown(), second, "the store that is copied is whole");
            remove(&scratch);
            match origin.run(&["restore", "copy", "--data-dir", "scratch"]) {
                Ok(_) => {
                    let found = shown(&scratch);
                    assert!(found == second || (was_killed && !is_first && found == first), "one of the two, as a whole");
                }
                Err(why) => {
                    assert!(was_killed && is_first, "{why}");
                    let words =
                        if copy.exists() { "holds no backup that was finished: `watchfire backup` goes on" } else { "is not there" };
                    assert!(why.contains(words), "{why}");
                    assert!(!scratch.exists(), "nothing is made of what is none");
                }
            }
            origin.run(&["backup", "copy"]).expect("goes on");
            remove(&scratch);
            origin.run(&["restore", "copy", "--data-dir", "scratch"]).expect("restored");
            assert_eq!(shown(&scratch), second);
        };
        let has_archive = || fs::read_dir(copy.join("archive")).is_ok_and(|mut entries| entries.next().is_some());
        origin.kill(&["backup", "copy"], &[&|| copy.join("backup.json").exists(), &has_archive], before, after);
    }
}

#[test]
fn restore_that_is_killed_is_no_store_or_a_whole_one() {
    let origin = Origin::new(20);
    let (wanted, scratch) = (origin.shown(), origin.home.path("scratch"));
    origin.run(&["backup", "copy"]).expect("copied");
    let after = |_| {
        let checked = origin.run(&["verify", "--data-dir", "scratch"]);
        match &checked {
            Ok(_) => assert_eq!(shown(&scratch), wanted),
            Err(why) if why.contains("no store in `scratch`") || why.contains("run `watchfire restore` again") => {
                origin.run(&["restore", "copy", "--data-dir", "scratch"]).expect("begun anew");
                assert_eq!(shown(&scratch), wanted);
            }
            Err(why) => panic!("{why}"),
        }
    };
    let is_there = |name: &str| scratch.join(name).exists();
    let holds: [&dyn Fn() -> bool; 5] =
        [&|| is_there("restore.unfinished"), &|| is_there("manners"), &|| is_there("journal"), &|| is_there("index.new"), &|| {
            is_there("index")
        }];
    origin.kill(&["restore", "copy", "--data-dir", "scratch"], &holds, || remove(&scratch), after);
}

#[test]
fn rebuild_and_compaction_that_are_killed_leave_the_store_as_it_was() {
    let origin = Origin::new(20);
    let wanted = origin.shown();
    let is_there = |name: &'static str| {
        let path = origin.home.path("data").join(name);
        move || path.exists()
    };
    let compacted: [&dyn Fn() -> bool; 2] = [&is_there("index.other.partial"), &is_there("index.stale")];
    origin.kill(&["compact"], &compacted, || (), |_| assert_eq!(origin.shown(), wanted));
    // A rebuild asks all sources for everything once more: what they were asked with is of no use to it.
    let stories = |shown: String| shown.rsplit_once('\n').expect("lines").0.to_owned();
    let rebuilt: [&dyn Fn() -> bool; 2] = [&is_there("index.new"), &is_there("index.old")];
    origin.kill(&["rebuild"], &rebuilt, || (), |_| assert_eq!(stories(origin.shown()), stories(wanted.clone())));
}

#[test]
fn archive_file_that_is_killed_on_its_way_out_is_none_and_on_its_way_in_is_gone_on_with() {
    let origin = Origin::new(20);
    let (wanted, file, scratch) = (origin.shown(), origin.home.path("all.zst"), origin.home.path("scratch"));
    let half = origin.home.path("all.zst.new");
    let after = |was_killed: bool| {
        assert!(file.exists() || was_killed, "whole, or not there");
        origin.run(&["archive", "export", "all.zst"]).expect("written");
        assert!(!half.exists(), "nothing is left over");
        assert_eq!(origin.shown(), wanted);
    };
    origin.kill(&["archive", "export", "all.zst"], &[&|| half.exists()], || remove(&file), after);

    let stories = |shown: String| shown.rsplit_once('\n').expect("lines").0.to_owned();
    let after = |_| {
        if scratch.join("journal").exists() {
            origin.run(&["verify", "--data-dir", "scratch"]).expect("whole as far as it goes");
        }
        origin.run(&["archive", "import", "all.zst", "--data-dir", "scratch"]).expect("goes on");
        assert_eq!(stories(shown(&scratch)), stories(wanted.clone()));
    };
    let has_begun = || fs::metadata(scratch.join("journal")).is_ok_and(|journal| journal.len() > 4096);
    origin.kill(&["archive", "import", "all.zst", "--data-dir", "scratch"], &[&has_begun], || remove(&scratch), after);
}
