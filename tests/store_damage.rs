//! A damaged journal: `rebuild` sets aside what cannot be read, says what is lost, and the store is sound and goes on.

mod support;

use std::{collections::HashSet, fs, ops::Range, path::Path};

use support::{copy_dir, text};
use watchfire::{
    model::{Decision, Handle, Item, MergeThresholds, NativeId, SafeHtml, SourceId, SourceState, StoryId, Text, Timestamp},
    store::{Arrival, BackedUp, Decided, PollCommit, Position, Recovery, Refusal, Store, StoreError},
};

const NOW: i64 = 1_795_000_000;
/// Begins a frame.
const MARK: &[u8] = b"WFr\x01";

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(NOW + secs)
}

fn item(source: &str, n: u64) -> Item {
    let text = text(n);
    let source = SourceId::parse(source).expect("a slug");
    Item { body: SafeHtml::vouched(text.clone()), ..Item::titled(source, NativeId::new(n.to_string()), Text::line(&text, 60), at(0)) }
}

fn poll(store: &Store, item: &Item, secs: i64) {
    let arrivals = vec![Arrival::of(item.clone(), item.body.as_str(), &[])];
    let poll = PollCommit { source: item.source.clone(), arrivals, new_max: 9 };
    store.commit(poll, at(secs), |_| SourceState::default()).expect("committed");
}

fn open(dir: &Path) -> (Store, Vec<Recovery>) {
    Store::open(dir, MergeThresholds::default()).expect("opens")
}

fn back_up(dir: &Path, target: &Path) -> Result<BackedUp, StoreError> {
    Store::begin_backup(dir, target)?.copy(None, |_| ())
}

/// Stories of two and three copies, and decisions about some of them, a commit each. Says where it was after the first three polls.
fn fill(dir: &Path) -> Position {
    let store = open(dir).0;
    for n in 0..6 {
        poll(&store, &item("krebs", n), 0);
        poll(&store, &item("mirror", n), 1);
    }
    let id = |source, n| Handle::Id(item(source, n).id);
    for decision in [
        Decision::Merge(id("krebs", 0), id("krebs", 1)),
        Decision::Split(id("mirror", 2)),
        Decision::KeepApart(id("krebs", 3), id("krebs", 4)),
    ] {
        store.decide(&decision, at(9)).expect("carried out").expect("makes sense");
    }
    assert!(store.purge(item("krebs", 5).id, at(10)).expect("purged"));
    let position = store.changes(&store.beginning(), usize::MAX).expect("read").expect("ours").position;
    for n in 0..3 {
        poll(&store, &item("third", n), 2);
    }
    position
}

/// Where the frames of a journal stand.
fn frames(journal: &[u8]) -> Vec<Range<usize>> {
    let mut begins: Vec<usize> = (0..journal.len()).filter(|at| journal[*at..].starts_with(MARK)).collect();
    begins.push(journal.len());
    begins.windows(2).map(|pair| pair[0]..pair[1]).collect()
}

#[test]
fn damage_to_any_commit_is_set_aside_and_the_rest_is_a_sound_store() {
    let whole = tempfile::tempdir().expect("a folder");
    let position = fill(whole.path());
    let id = open(whole.path()).0.feed_uuid();
    let journal = fs::read(whole.path().join("journal")).expect("there");
    let frames = frames(&journal);
    assert_eq!(frames.len(), 20, "a commit each: {frames:?}");
    for (number, frame) in frames.iter().enumerate() {
        for has_index in [true, false] {
            let folder = tempfile::tempdir().expect("a folder");
            let (dir, target) = (folder.path().join("data"), folder.path().join("copy"));
            copy_dir(whole.path(), &dir);
            let mut damaged = journal.clone();
            damaged[frame.end - 1] ^= 0x40;
            fs::write(dir.join("journal"), &damaged).expect("written");
            if has_index {
                let check = open(&dir).0.verify(|_| ()).expect("checked");
                assert_eq!(check.damaged_bytes, frame.len() as u64, "{number}");
            } else {
                fs::remove_dir_all(dir.join("index")).expect("removed");
            }
            let told = Store::rebuild(&dir, |_| ()).expect("rebuilt");
            let Some(Recovery::SetAside { bytes, file }) = told.first() else { panic!("{number}: {told:?}") };
            assert_eq!((*bytes, fs::read(file).expect("kept")), (frame.len() as u64, damaged[frame.clone()].to_vec()), "{number}");
            assert_eq!(file, &dir.join(format!("journal.damaged-{}", frame.start)));

            let (store, told) = open(&dir);
            assert_eq!(told, [], "{number}: nothing more to tell");
            assert!(store.verify(|_| ()).expect("checked").is_sound(), "{number}");
            assert!(number > 0 || !has_index || store.feed_uuid() == id, "which store it is was in the index");
            let stories: Vec<_> = store.stories().map(|story| story.expect("read")).collect();
            let members = stories.iter().flat_map(|story| story.members.iter().map(|member| member.item.id));
            assert_eq!(members.collect::<HashSet<_>>().len() as u64, store.counts().expect("counted").items, "{number}: each in one");
            assert_eq!(stories.iter().map(|story| &story.entry_id).collect::<HashSet<_>>().len(), stories.len(), "{number}: its own");
            // Without the first copy of a story its second names it, unless that was split off later and has one of its own.
            for story in stories {
                assert_eq!(store.story(story.id).expect("read").as_ref(), Some(&story), "{number}: found by its id");
                assert!(store.revision(story.id).expect("read").is_some(), "{number}: and listed");
            }
            // What was lost comes back with its sources, and the store goes on.
            for n in 0..6 {
                ["krebs", "mirror"].iter().for_each(|source| poll(&store, &item(source, n), 50));
            }
            // All 14, or one of a source that is not asked again less, or the purged one more.
            assert!((13..=15).contains(&store.counts().expect("counted").items), "{number}");
            if store.feed_uuid() == id && number + 1 < frames.len() {
                let changes = store.changes(&position, usize::MAX).expect("read");
                assert!(changes.is_some(), "{number}: places in the history are what they were");
            }
            let copied = back_up(&dir, &target).expect("copied");
            assert_eq!(copied.damaged_bytes, 0, "{number}");
            let file = folder.path().join("all.zst");
            Store::export_archive(&dir, &file, None, |_| ()).expect("exported");
            let other = open(&folder.path().join("other")).0;
            other.import_archive(&file, |_| ()).expect("imported");
            assert_eq!(other.counts().expect("counted").items, store.counts().expect("counted").items, "{number}: none is left out");
            assert!(store.verify(|_| ()).expect("checked").is_sound(), "{number}");
        }
    }
}

#[test]
fn what_names_a_story_whose_opening_is_lost_is_not_split_from_it_and_others_are() {
    let folder = tempfile::tempdir().expect("a folder");
    fill(folder.path());
    let path = folder.path().join("journal");
    let mut journal = fs::read(&path).expect("there");
    let opening = frames(&journal)[1].clone();
    journal[opening.end - 1] ^= 0x40;
    fs::write(&path, &journal).expect("written");
    Store::rebuild(folder.path(), |_| ()).expect("rebuilt");
    let store = open(folder.path()).0;
    let split = |source| store.decide(&Decision::Split(Handle::Id(item(source, 0).id)), at(60)).expect("decided");
    assert_eq!(split("mirror"), Err(Refusal::Opener(item("mirror", 0).id)));
    let Ok(Decided::Split { from, opened }) = split("third") else { panic!("it is but a copy") };
    assert_eq!(from, StoryId::opened_by(item("mirror", 0).id));
    assert!([from, opened].iter().all(|id| store.story(*id).expect("read").is_some()));
    assert!(store.verify(|_| ()).expect("checked").is_sound());
}

#[test]
fn what_was_set_aside_is_never_written_over() {
    let folder = tempfile::tempdir().expect("a folder");
    fill(folder.path());
    let path = folder.path().join("journal");
    let frame = frames(&fs::read(&path).expect("there"))[5].clone();
    let mut kept = Vec::new();
    // The second time as after a crash in the middle of the frame that took the place of what was damaged.
    for sign in [0x40, 0x20] {
        let mut journal = fs::read(&path).expect("there");
        journal[frame.end - 1] ^= sign;
        fs::write(&path, &journal).expect("written");
        let told = Store::rebuild(folder.path(), |_| ()).expect("rebuilt");
        let Some(Recovery::SetAside { file, .. }) = told.first() else { panic!("{told:?}") };
        kept.push((file.clone(), journal[frame.clone()].to_vec()));
    }
    assert!(kept.iter().all(|(file, bytes)| fs::read(file).expect("kept") == *bytes), "{kept:?}");
}

#[test]
fn a_backup_of_damaged_bytes_is_not_called_whole_and_has_what_is_mended_once_that_is() {
    let (folder, target) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    fill(folder.path());
    let path = folder.path().join("journal");
    let mut journal = fs::read(&path).expect("there");
    let frame = frames(&journal)[5].clone();
    journal[frame.end - 1] ^= 0x40;
    fs::write(&path, &journal).expect("written");
    for _ in 0..2 {
        let copied = back_up(folder.path(), target.path()).expect("copied");
        assert_eq!((copied.damaged_bytes, copied.mended_bytes), (frame.len() as u64, 0), "as long as it is damaged");
    }
    Store::rebuild(folder.path(), |_| ()).expect("rebuilt");
    let shown = |dir: &Path| format!("{:#?}", open(dir).0.stories().collect::<Vec<_>>());
    let wanted = shown(folder.path());
    let older = tempfile::tempdir().expect("a folder");
    copy_dir(target.path(), older.path());
    let copied = back_up(folder.path(), target.path()).expect("copied");
    assert_eq!((copied.damaged_bytes, copied.mended_bytes), (0, frame.len() as u64));
    let told = |target: &Path| {
        let restored = tempfile::tempdir().expect("a folder");
        let told = Store::restore(target, restored.path(), |_| ()).expect("restored").told;
        assert_eq!(shown(restored.path()), wanted);
        told.iter().any(|told| matches!(told, Recovery::SetAside { .. }))
    };
    assert!(!told(target.path()), "nothing is damaged in it");
    assert_eq!(back_up(folder.path(), target.path()).expect("copied").bytes_copied, 0);

    // As a kill leaves it in the middle: what counts is the older one, and the next backup goes on.
    let half = fs::read(target.path().join("journal-1")).expect("there");
    fs::write(older.path().join("journal-1"), &half[..half.len() / 2]).expect("written");
    assert!(told(older.path()), "it holds the damaged bytes");
    // One that says nothing of damage, as those of the first programs.
    let manifest = fs::read_to_string(older.path().join("backup.json")).expect("there");
    let mut manifest: serde_json::Value = serde_json::from_str(&manifest).expect("JSON");
    manifest.as_object_mut().expect("an object").retain(|key, _| !["damaged", "journal_copy"].contains(&key.as_str()));
    fs::write(older.path().join("backup.json"), manifest.to_string()).expect("written");
    assert_eq!(back_up(folder.path(), older.path()).expect("copied").mended_bytes, frame.len() as u64);
    assert!(!told(older.path()));
    assert_eq!(fs::read(older.path().join("journal-1")).expect("there"), fs::read(&path).expect("there"));
    assert!(!older.path().join("journal").exists());
}

#[test]
fn a_backup_that_its_disk_has_damaged_is_mended_from_the_store() {
    let (folder, target) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    fill(folder.path());
    back_up(folder.path(), target.path()).expect("copied");
    let path = target.path().join("journal");
    let mut journal = fs::read(&path).expect("there");
    let frame = frames(&journal)[5].clone();
    journal[frame.end - 1] ^= 0x40;
    fs::write(&path, &journal).expect("written");
    assert_eq!(back_up(folder.path(), target.path()).expect("copied").mended_bytes, frame.len() as u64);
    assert_eq!(fs::read(target.path().join("journal-1")).expect("there"), fs::read(folder.path().join("journal")).expect("there"));
}

#[test]
fn a_backup_that_is_whole_where_the_store_is_damaged_is_kept_as_it_is() {
    let (folder, target) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    fill(folder.path());
    back_up(folder.path(), target.path()).expect("copied");
    let path = folder.path().join("journal");
    let mut journal = fs::read(&path).expect("there");
    let frame = frames(&journal)[5].clone();
    journal[frame.end - 1] ^= 0x40;
    fs::write(&path, &journal).expect("written");
    for _ in 0..2 {
        let refused = back_up(folder.path(), target.path()).expect_err("refused").to_string();
        assert!(refused.contains("is damaged at byte") && refused.ends_with("keep that one, and back up into another folder"), "{refused}");
        Store::rebuild(folder.path(), |_| ()).expect("rebuilt");
    }
    let dir = tempfile::tempdir().expect("a folder");
    Store::restore(target.path(), dir.path(), |_| ()).expect("restored");
    assert_eq!(open(dir.path()).0.counts().expect("counted").items, 14, "all that there was");
}
