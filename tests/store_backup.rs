//! Backups: what is restored is the store as it was after some commit, whatever went on while it was copied.

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use watchfire::{
    health::{About, Outage, Verdict},
    model::{Digest, Item, MergeThresholds, NativeId, Retention, SafeHtml, SourceId, SourceState, Text, Timestamp, Validators},
    store::{Arrival, BackedUp, Mail, Outbox, PollCommit, Recovery, Store, StoreError, Subject, Waiting},
};

const NOW: i64 = 1_795_000_000;
/// Items of one commit.
const PARTS: u64 = 3;

fn day(n: u64) -> Timestamp {
    Timestamp::from_secs(NOW + n as i64 * 86_400)
}

fn open(dir: &Path) -> Store {
    let (store, told) = Store::open(dir, MergeThresholds { window: Duration::from_secs(1), ..MergeThresholds::default() }).expect("opens");
    assert_eq!(told, []);
    store
}

/// Commits `PARTS` items on day `n`.
fn commit(store: &Store, n: u64) {
    let source = SourceId::parse("a").expect("a slug");
    let arrival = |part: u64| {
        let text: String = (0..60).map(|word| format!("{} ", (word * 7919 + n * 104_729 + part * 1_299_709) % 99_991)).collect();
        let native = NativeId::new(format!("{n}/{part}"));
        let item = Item { body: SafeHtml::vouched(text.clone()), ..Item::titled(source.clone(), native, Text::line(&text, 60), day(n)) };
        Arrival::of(item, &text, &[])
    };
    let arrivals = (0..PARTS).map(arrival).collect();
    store.commit(PollCommit { source: source.clone(), arrivals, new_max: 99 }, day(n), |_| SourceState::default()).expect("committed");
}

/// Copies a store, with its manners if they were noted.
fn back_up(dir: &Path, target: &Path, noted: Option<&Path>) -> Result<BackedUp, StoreError> {
    Store::begin_backup(dir, target)?.copy(noted, |_| ())
}

fn shown(store: &Store) -> String {
    let stories: Vec<_> = store.stories().collect::<Result<_, _>>().expect("readable");
    format!("{} {} {stories:#?}", store.feed_uuid(), store.generation())
}

fn restored(backup: &Path) -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("data");
    Store::restore(backup, &dir, |_| ()).expect("restored");
    let store = open(&dir);
    let check = store.verify(|_| ()).expect("checked");
    assert!(check.is_sound(), "{check:?}");
    (folder, store)
}

#[test]
fn backup_of_a_store_at_rest_is_the_store_and_the_next_one_copies_what_is_new() {
    let (folder, target) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let store = open(folder.path());
    (0..40).for_each(|n| commit(&store, n));
    let first = back_up(folder.path(), target.path(), None).expect("copied");
    assert!(first.bytes_copied > 10_000 && first.bytes >= first.bytes_copied, "{first:?}");
    assert_eq!(shown(&restored(target.path()).1), shown(&store));
    assert_eq!(back_up(folder.path(), target.path(), None).expect("copied").bytes_copied, 0, "nothing is new");
    commit(&store, 40);
    let next = back_up(folder.path(), target.path(), None).expect("copied");
    assert!((1..4000).contains(&next.bytes_copied), "{next:?}");
    assert_eq!(shown(&restored(target.path()).1), shown(&store));
    // Segments that were written anew are copied whole.
    let rules = Retention { age_max: Some(Duration::from_secs(5 * 86_400)), ..Retention::default() };
    assert!(store.retain(&rules, day(41), || false).expect("carried out").bytes_freed > 0);
    commit(&store, 41);
    back_up(folder.path(), target.path(), None).expect("copied");
    let (_folder, copy) = restored(target.path());
    assert_eq!(shown(&copy), shown(&store));
    commit(&copy, 42);
    assert!(copy.verify(|_| ()).expect("checked").is_sound(), "the copy lives on");
}

#[test]
fn copies_made_while_everything_moves_hold_whole_commits_and_no_gap() {
    let (folder, target) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let store = open(folder.path());
    commit(&store, 0);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let rules = Retention { age_max: Some(Duration::from_secs(30 * 86_400)), ..Retention::default() };
            for n in 1..150 {
                commit(&store, n);
                if n % 20 == 0 {
                    store.retain(&rules, day(n), || false).expect("carried out");
                    store.compact().expect("compacted");
                }
            }
            is_over.store(true, Ordering::SeqCst);
        });
        while !is_over.load(Ordering::SeqCst) {
            back_up(folder.path(), target.path(), None).expect("copied");
            let dir = tempfile::tempdir().expect("a folder");
            Store::restore(target.path(), dir.path(), |_| ()).expect("restored");
            let copy = open(dir.path());
            let check = copy.verify(|_| ()).expect("checked");
            assert_eq!((check.differences, check.damaged_bytes), (0, 0), "{check:?}");
            let mut days: Vec<u64> = copy
                .stories()
                .flat_map(|story| story.expect("readable").members)
                .map(|member| member.item.native_id.as_str().split('/').next().and_then(|n| n.parse().ok()).expect("a day"))
                .collect();
            days.sort_unstable();
            let (first, last) = (days[0], days[days.len() - 1]);
            // What a purge took after the commit that the copy ends with may be gone already, always whole days and the oldest.
            assert_eq!(days.len() as u64, (last - first + 1) * PARTS, "from {first} to {last}");
        }
    });
    back_up(folder.path(), target.path(), None).expect("copied");
    assert_eq!(shown(&restored(target.path()).1), shown(&store));
}

#[test]
fn backup_cut_short_anywhere_is_gone_on_with() {
    let (folder, target) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let store = open(folder.path());
    (0..10).for_each(|n| commit(&store, n));
    back_up(folder.path(), target.path(), None).expect("copied");
    let manifest = fs::read(target.path().join("backup.json")).expect("there");
    let older = shown(&store);
    (10..60).for_each(|n| commit(&store, n));
    let rules = Retention { age_max: Some(Duration::from_secs(40 * 86_400)), ..Retention::default() };
    for step in 0..3 {
        back_up(folder.path(), target.path(), None).expect("copied");
        // As a kill leaves it: the copies are longer than the manifest says, and the last one ends anywhere.
        fs::write(target.path().join("backup.json"), &manifest).expect("set back");
        if step == 0 {
            assert_eq!(shown(&restored(target.path()).1), older, "what counts is the older one");
        }
        let journal = fs::File::options().write(true).open(target.path().join("journal")).expect("there");
        journal.set_len(journal.metadata().expect("there").len() - 7 * step).expect("cut");
        fs::write(target.path().join("archive/2026-11.seg.new"), b"half").expect("written");
        store.retain(&rules, day(60), || false).expect("carried out");
    }
    back_up(folder.path(), target.path(), None).expect("copied");
    assert_eq!(shown(&restored(target.path()).1), shown(&store));
}

#[test]
fn a_segment_that_has_lost_its_end_leaves_the_copy_as_it_was() {
    let (folder, target) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let store = open(folder.path());
    (0..10).for_each(|n| commit(&store, n));
    let wanted = shown(&store);
    drop(store);
    back_up(folder.path(), target.path(), None).expect("copied");
    let segment = fs::File::options().write(true).open(folder.path().join("archive/2026-11.seg")).expect("there");
    segment.set_len(segment.metadata().expect("there").len() / 2).expect("cut");
    back_up(folder.path(), target.path(), None).expect("copied");
    assert_eq!(shown(&restored(target.path()).1), wanted);
}

#[test]
fn a_restore_that_was_cut_short_is_no_store_and_is_begun_anew() {
    let (folder, target) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let store = open(folder.path());
    (0..10).for_each(|n| commit(&store, n));
    back_up(folder.path(), target.path(), None).expect("copied");
    let dir = tempfile::tempdir().expect("a folder");
    fs::write(dir.path().join("restore.unfinished"), b"").expect("written");
    fs::create_dir(dir.path().join("archive")).expect("made");
    fs::write(dir.path().join("archive/2026-11.seg"), b"half").expect("written");
    fs::write(dir.path().join("journal"), b"half").expect("written");
    let refused = Store::open(dir.path(), MergeThresholds::default()).err().expect("refused");
    assert!(refused.to_string().ends_with("was cut short: run `watchfire restore` again"), "{refused}");
    Store::restore(target.path(), dir.path(), |_| ()).expect("restored");
    assert_eq!(shown(&open(dir.path())), shown(&store));
}

#[test]
fn what_is_missing_in_a_copy_of_a_damaged_journal_is_told() {
    let (folder, target) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let store = open(folder.path());
    (0..9).for_each(|n| commit(&store, n));
    drop(store);
    let journal = folder.path().join("journal");
    let mut bytes = fs::read(&journal).expect("there");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x40;
    fs::write(&journal, bytes).expect("written");
    let copied = back_up(folder.path(), target.path(), None).expect("copied");
    assert!(copied.damaged_bytes > 0, "{copied:?}");
    let written = Store::export_archive(folder.path(), &target.path().join("all.zst"), None, |_| ()).expect("exported");
    assert_eq!(written.damaged_bytes, copied.damaged_bytes);
}

/// What a store remembers beside its items, as text.
fn manners(store: &Store) -> String {
    let receiver = store.outbox("team").expect("read");
    let (waiting, told) = (store.waiting("team").expect("read"), store.told("team", 1).expect("read"));
    let source = store.source_state(&SourceId::parse("a").expect("a slug")).expect("read");
    let (outages, hubs) = (store.outages().expect("read"), store.announced().expect("read"));
    format!("{receiver:#?} {waiting:#?} {told:#?} {source:#?} {outages:#?} {hubs:#?}")
}

/// A store whose source, receiver, outage and hub have something to remember.
fn with_manners(dir: &Path) -> Store {
    let store = open(dir);
    (0..9).for_each(|n| commit(&store, n));
    let state = SourceState {
        next_due: Some(day(11)),
        silent_until: Some(day(12)),
        failures: 2,
        validators: Validators { etag: Some(b"W/\"9\"".to_vec()), last_modified: Some(b"then".to_vec()) },
        body_digest: Some(Digest::of(&[b"body"])),
        ..SourceState::default()
    };
    let source = SourceId::parse("a").expect("a slug");
    store.commit(PollCommit { source: source.clone(), arrivals: Vec::new(), new_max: 9 }, day(9), |_| state).expect("committed");
    let outage = Outage {
        number: 1,
        about: About::Source(source),
        verdict: Verdict::Late,
        said: Some("late".to_owned()),
        began: day(8),
        told: day(8),
        updated: day(9),
        well_since: None,
        ended: None,
        revision: 3,
        relapses: 1,
    };
    store.keep_outages(&[outage]).expect("kept");
    let tags = [("https://watchfire.example/feed.atom".to_owned(), "\"1\"".to_owned())].into();
    store.keep_announced(&[("https://hub.example/".to_owned(), tags)].into()).expect("kept");
    let mut outbox = Outbox { failures: 1, next: 1, ..store.new_outbox("team").expect("made") };
    let queued = vec![Waiting { number: 0, subject: Subject::Story(2), since: day(9) }];
    store.keep_outbox(&mut outbox, &Mail { queued, told: vec![(1, day(8))], done: Vec::new() }).expect("kept");
    store
}

#[test]
fn a_restored_store_goes_on_as_if_nothing_had_happened() {
    let (folder, target) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let store = with_manners(folder.path());
    let wanted = (shown(&store), manners(&store));
    let noted = store.note_manners().expect("noted");
    // What comes later belongs to the next backup: validators and items are of one moment.
    commit(&store, 10);
    back_up(folder.path(), target.path(), Some(&noted)).expect("copied");
    assert!(!noted.exists(), "it was taken away");
    let (copied, copy) = restored(target.path());
    assert_eq!((shown(&copy), manners(&copy)), wanted);
    let names = fs::read_dir(copied.path().join("data")).expect("there").map(|entry| entry.expect("one").file_name());
    assert!(names.into_iter().all(|name| !name.to_string_lossy().starts_with("manners")), "nothing is left over");

    // The next one takes the place of the first, and without manners there are none rather than old ones.
    let noted = store.note_manners().expect("noted");
    back_up(folder.path(), target.path(), Some(&noted)).expect("copied");
    assert_eq!(manners(&restored(target.path()).1), manners(&store));
    back_up(folder.path(), target.path(), None).expect("copied");
    let dir = tempfile::tempdir().expect("a folder");
    let done = Store::restore(target.path(), dir.path(), |_| ()).expect("restored");
    assert!(matches!(&done.told[..], [Recovery::NoManners(_), Recovery::Rebuilt { why: None, .. }]), "{done:?}");
    assert_eq!(open(dir.path()).outbox("team").expect("read"), None);
}

#[test]
fn a_restore_that_was_cut_short_before_its_index_was_made_has_its_manners() {
    let (folder, target, dir) = (tempfile::tempdir().expect("one"), tempfile::tempdir().expect("one"), tempfile::tempdir().expect("one"));
    let store = with_manners(folder.path());
    let noted = store.note_manners().expect("noted");
    back_up(folder.path(), target.path(), Some(&noted)).expect("copied");
    Store::restore(target.path(), dir.path(), |_| ()).expect("restored");
    // As a kill leaves it.
    let end = fs::read_dir(target.path()).expect("there").find_map(|entry| {
        let path = entry.expect("one").path();
        path.file_name().expect("a name").to_string_lossy().starts_with("manners-").then_some(path)
    });
    fs::copy(end.expect("a file"), dir.path().join("manners")).expect("copied");
    fs::remove_dir_all(dir.path().join("index")).expect("removed");
    let (copy, _) = Store::open(dir.path(), MergeThresholds::default()).expect("opens");
    assert_eq!((shown(&copy), manners(&copy)), (shown(&store), manners(&store)));
    assert!(!dir.path().join("manners").exists(), "they are in the index now");
}

#[test]
fn validators_are_not_restored_where_items_are_missing_that_they_vouch_for() {
    let (folder, target) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let store = with_manners(folder.path());
    let noted = store.note_manners().expect("noted");
    back_up(folder.path(), target.path(), Some(&noted)).expect("copied");
    let source = SourceId::parse("a").expect("a slug");
    for name in ["archive/2026-11.seg", "journal"] {
        let path = target.path().join(name);
        let whole = fs::read(&path).expect("there");
        let mut damaged = whole.clone();
        let middle = damaged.len() / 2;
        damaged[middle] ^= 0x40;
        fs::write(&path, damaged).expect("written");
        let dir = tempfile::tempdir().expect("a folder");
        Store::restore(target.path(), dir.path(), |_| ()).expect("restored");
        let copy = Store::open(dir.path(), MergeThresholds::default()).expect("opens").0;
        let state = copy.source_state(&source).expect("read");
        assert_eq!((state.validators, state.body_digest), (Validators::default(), None), "{name}");
        assert_eq!((state.next_due, state.failures), (Some(day(11)), 2), "{name}: manners stay");
        fs::write(&path, whole).expect("written");
    }
}

#[test]
fn backups_at_one_moment_exclude_each_other_and_none_is_without_its_manners() {
    let folder = tempfile::tempdir().expect("a folder");
    let targets = [tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder")];
    let store = with_manners(folder.path());
    let wanted = manners(&store);
    thread::scope(|scope| {
        for target in &targets {
            scope.spawn(|| {
                let backup = loop {
                    match Store::begin_backup(folder.path(), target.path()) {
                        Ok(backup) => break backup,
                        Err(StoreError::Refused(why)) if why.ends_with("is under way: wait for its end") => thread::yield_now(),
                        Err(error) => panic!("{error}"),
                    }
                };
                let noted = store.note_manners().expect("noted");
                backup.copy(Some(&noted), |_| ()).expect("copied");
            });
        }
    });
    for target in &targets {
        assert_eq!(manners(&restored(target.path()).1), wanted);
    }

    // Another store of the same id, as after a restore, must not write there either, and nobody restores what is being written.
    let (copied, copy) = restored(targets[0].path());
    let target = targets[1].path();
    let backup = Store::begin_backup(folder.path(), target).expect("begun");
    let refused = Store::begin_backup(&copied.path().join("data"), target).expect_err("refused").to_string();
    assert!(refused.starts_with("another backup is being written to"), "{refused}");
    let refused = Store::restore(target, &copied.path().join("other"), |_| ()).expect_err("refused").to_string();
    assert!(refused.starts_with("a backup is being written to"), "{refused}");

    // What a killed one leaves goes with the next open, what is in use does not.
    drop((store, copy));
    let left = ["manners.noted", "manners.new"].map(|name| folder.path().join(name));
    left.iter().for_each(|path| fs::write(path, b"half").expect("written"));
    drop(open(folder.path()));
    assert!(left.iter().all(|path| path.exists()));
    drop(backup);
    drop(open(folder.path()));
    assert!(!left.iter().any(|path| path.exists()));
    let refused = back_up(folder.path(), target, Some(&left[0])).expect_err("refused").to_string();
    assert!(refused.ends_with("is not what was noted for this backup"), "never silently without: {refused}");
}

#[test]
fn folders_that_hold_something_else_are_left_alone() {
    let (folder, target) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let store = open(folder.path());
    commit(&store, 0);
    let refused = |done: Result<(), StoreError>, wanted: &str| {
        let error = done.expect_err("refused");
        assert!(matches!(error, StoreError::Refused(_)) && error.to_string().ends_with(wanted), "{error}");
    };
    let back_up = |from: &Path, to: &Path| back_up(from, to, None).map(drop);
    fs::write(target.path().join("letters.txt"), b"dear").expect("written");
    refused(back_up(folder.path(), target.path()), "is neither empty nor an older backup");
    refused(
        Store::restore(folder.path(), target.path(), |_| ()).map(drop),
        "holds no backup that was finished: `watchfire backup` goes on with one that was cut short",
    );
    refused(back_up(folder.path(), &target.path().join("letters.txt")), "is a file, must be a folder");
    refused(back_up(folder.path(), &folder.path().join("copies/new")), "which nothing else may write to");
    assert!(!folder.path().join("copies").exists());
    fs::remove_file(target.path().join("letters.txt")).expect("removed");

    back_up(folder.path(), target.path()).expect("copied");
    refused(Store::restore(target.path(), folder.path(), |_| ()).map(drop), "is not empty: a backup is restored into an empty folder");
    let other = tempfile::tempdir().expect("a folder");
    let stranger = open(other.path());
    commit(&stranger, 0);
    refused(back_up(other.path(), target.path()), "is a backup of another store");
    // A store that was set back to an older copy and went another way since.
    let (old, fork) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    back_up(folder.path(), old.path()).expect("copied");
    Store::restore(old.path(), fork.path(), |_| ()).expect("restored");
    (1..5).for_each(|n| commit(&store, n));
    back_up(folder.path(), target.path()).expect("copied");
    let forked = open(fork.path());
    (7..20).for_each(|n| commit(&forked, n));
    refused(back_up(fork.path(), target.path()), "was the store set back? keep that one, and back up into another folder");
    let manifest = fs::read_to_string(target.path().join("backup.json")).expect("there");
    fs::write(target.path().join("backup.json"), manifest.replace("\"format\": 1", "\"format\": 9")).expect("written");
    let newer = back_up(folder.path(), target.path()).expect_err("refused");
    assert!(matches!(newer, StoreError::Newer { found: 9, known: 1, .. }), "{newer}");
}
