//! Archive files: another store tells the same stories under the same ids, however often and in however many pieces it is fed.

mod support;

use std::{fs, io::Read, path::Path, time::Duration};

use support::text;
use watchfire::{
    dedup,
    model::{
        Decision, Digest, Handle, Item, Link, MergeThresholds, NativeId, Retention, SafeHtml, SourceId, SourceState, Text, Timestamp,
        ZonedTime,
    },
    render,
    store::{Arrival, PollCommit, ReadDocument, Received, Store, StoreError},
};

const NOW: i64 = 1_795_000_000;
const DAY: Duration = Duration::from_secs(86_400);

fn day(n: u64) -> Timestamp {
    Timestamp::from_secs(NOW + n as i64 * 86_400)
}

/// What a source says under a number, in the words of `words`, first seen on a day.
fn item(source: &str, number: u64, words: u64, seen: u64) -> Item {
    let source = SourceId::parse(source).expect("a slug");
    let link = Link::parse(&format!("https://{source}.example/{number}")).expect("a link");
    Item {
        key: dedup::link_key(&link),
        link: Some(link),
        published: Some(ZonedTime::new(day(seen), 480)),
        body: SafeHtml::vouched(format!("<p>{}</p>", text(words))),
        ..Item::titled(source, NativeId::new(number.to_string()), Text::line(&format!("通告 {}", text(words)), 100), day(seen))
    }
}

fn open(dir: &Path) -> Store {
    Store::open(dir, MergeThresholds { window: 10 * DAY, ..MergeThresholds::default() }).expect("opens").0
}

fn poll(store: &Store, items: &[Item], on: u64) {
    let source = items[0].source.clone();
    let arrivals = items.iter().map(|item| Arrival::of(item.clone(), item.body.as_str(), &[])).collect();
    let state = SourceState { title: Some(format!("The source {source}")), last_attempt: Some(day(on)), ..SourceState::default() };
    store.commit(PollCommit { source, arrivals, new_max: 500 }, day(on), |_| state).expect("committed");
}

fn decide(store: &Store, decision: &Decision, on: u64) {
    store.decide(decision, day(on)).expect("carried out").expect("makes sense");
}

/// Copies, edits there and back, decisions, a purge, documents, and retention that left some stories without their openers.
fn fill(store: &Store) {
    let id = |item: &Item| Handle::Id(item.id);
    for n in 0..8 {
        poll(store, &[item("krebs", n, n, n), item("krebs", 100 + n, 100 + n, n)], n);
        poll(store, &[item("mirror", n, n, n)], n);
    }
    for (words, on) in [(50, 8), (51, 9), (50, 10)] {
        poll(store, &[item("krebs", 7, words, 7)], on);
    }
    decide(store, &Decision::Split(id(&item("mirror", 6, 6, 6))), 11);
    decide(store, &Decision::KeepApart(id(&item("krebs", 4, 4, 4)), id(&item("krebs", 105, 105, 5))), 11);
    decide(store, &Decision::Merge(id(&item("krebs", 4, 4, 4)), id(&item("krebs", 104, 104, 4))), 11);
    assert!(store.purge(item("krebs", 5, 5, 5).id, day(12)).expect("purged"), "the opener of a story that goes on");
    let document = ReadDocument { path: "网安/1.txt".to_owned(), digest: Digest::of(&[b"1"]) };
    let arrival = Arrival::of(item("seeds", 1, 70, 12), &text(70), &[]);
    store.commit_documents(vec![document], vec![arrival], day(12)).expect("imported");
    store.retain(&Retention { age_max: Some(9 * DAY), ..Retention::default() }, day(12), || false).expect("carried out");
    store.retain(&Retention::default(), day(16), || false).expect("carried out");
}

/// Everything that outputs are made from, but the name of the feed.
fn shown(store: &Store) -> String {
    let mut lines: Vec<String> = store.stories().map(|story| render::export_line(&story.expect("readable"))).collect();
    lines.sort();
    lines.push(format!("{:#?}", store.newest(1000).expect("readable").stories));
    lines.join("\n")
}

/// An archive file of a store's folder, and the cursor behind it.
fn exported(dir: &Path, file: &Path, since: Option<&str>) -> (u64, String) {
    let done = Store::export_archive(dir, file, since, |_| ()).expect("exported");
    (done.commits, done.cursor)
}

fn import(store: &Store, file: &Path) -> Result<Received, StoreError> {
    store.import_archive(file, |_| ())
}

/// Checked, and the same after a rebuild.
fn lasts(dir: &Path, store: Store) -> Store {
    let before = shown(&store);
    let check = store.verify(|_| ()).expect("checked");
    assert!(check.is_sound(), "{check:?}");
    drop(store);
    fs::remove_dir_all(dir.join("index")).expect("removed");
    let store = open(dir);
    assert_eq!(shown(&store), before);
    store
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn an_empty_store_fed_by_file_tells_the_same_and_the_file_again_changes_nothing() {
    let (a, b) = (folder(), folder());
    let store = open(a.path());
    fill(&store);
    let file = b.path().join("all.zst");
    let (commits, _) = exported(a.path(), &file, None);
    let copy = open(b.path());
    let done = import(&copy, &file).expect("taken in");
    assert_eq!((done.commits, done.known), (commits, 0));
    assert_eq!(shown(&copy), shown(&store));
    assert_eq!(copy.counts().expect("counted").stories, store.counts().expect("counted").stories);
    let edited = item("krebs", 7, 50, 7).id;
    assert_eq!(copy.versions(edited, 9).expect("read").len(), store.versions(edited, 9).expect("read").len(), "all versions");
    let copy = lasts(b.path(), copy);

    let generation = copy.generation();
    assert_eq!(import(&copy, &file).expect("taken in"), Received { commits: 0, known: commits, items: 0 });
    assert_eq!(import(&store, &file).expect("its own").commits, 0);
    assert_eq!((copy.generation(), shown(&copy)), (generation, shown(&store)));
    // What was purged there comes as new nowhere; what was ordered there holds here.
    for store in [&store, &copy] {
        let again = [item("krebs", 0, 0, 0), item("krebs", 5, 5, 5), item("krebs", 7, 50, 7)];
        let arrivals = again.iter().map(|item| Arrival::of(item.clone(), item.body.as_str(), &[])).collect();
        let source = SourceId::parse("krebs").expect("a slug");
        let tally = store.commit(PollCommit { source, arrivals, new_max: 9 }, day(17), |_| SourceState::default()).expect("committed");
        assert_eq!((tally.new, tally.joined, tally.refused, tally.unchanged), (0, 0, 2, 1));
    }
    assert_eq!(shown(&copy), shown(&store));
}

#[test]
fn increments_follow_each_other_and_a_gap_is_refused() {
    let (a, b, c) = (folder(), folder(), folder());
    let store = open(a.path());
    let copy = open(b.path());
    let mut cursor: Option<String> = None;
    for round in 0..4_u64 {
        if round == 1 {
            fill(&store);
        }
        let n = 1000 + round;
        poll(&store, &[item("krebs", n, n, 20 + round)], 20 + round);
        poll(&store, &[item("mirror", n, n, 20 + round), item("krebs2", n, n, 20 + round)], 20 + round);
        let file = b.path().join(format!("{round}.zst"));
        let (_, next) = exported(a.path(), &file, cursor.as_deref());
        cursor = Some(next);
        import(&copy, &file).expect("taken in");
        assert_eq!(shown(&copy), shown(&store), "round {round}");
        store
            .retain(&Retention { age_max: Some(Duration::from_secs(7200)), ..Retention::default() }, day(20 + round), || false)
            .expect("carried out");
    }
    let empty = open(c.path());
    let gap = import(&empty, &b.path().join("2.zst")).expect_err("refused").to_string();
    assert!(gap.ends_with("2.zst` line 1: begins behind what was taken in of that store: an earlier file is missing"), "{gap}");
    assert!(exported(a.path(), &b.path().join("last.zst"), cursor.as_deref()).0 > 0, "the last purge");
    for wrong in ["x", "00000000-0000-0000-0000-000000000000:8"] {
        assert!(Store::export_archive(a.path(), &a.path().join("x"), Some(wrong), |_| ()).is_err(), "{wrong}");
    }
    lasts(b.path(), copy);
}

#[test]
fn a_store_that_knows_some_of_it_keeps_its_own_and_gains_the_rest() {
    let (a, b) = (folder(), folder());
    let store = open(a.path());
    fill(&store);
    let copy = open(b.path());
    poll(&copy, &[item("krebs", 3, 3, 3), item("own", 1, 900, 3)], 3);
    let before = copy.newest(9).expect("readable").stories;
    let file = b.path().join("all.zst");
    exported(a.path(), &file, None);
    import(&copy, &file).expect("taken in");
    let ids = |store: &Store| {
        store.stories().map(|story| story.map(|story| (story.id, story.entry_id))).collect::<Result<Vec<_>, _>>().expect("readable")
    };
    let (ours, theirs) = (ids(&copy), ids(&store));
    assert!(theirs.iter().all(|id| ours.contains(id)), "the same ids");
    let own = before.iter().find(|story| story.first().source.as_str() == "krebs").expect("there");
    assert_eq!(copy.story(own.id).expect("read").expect("there").entry_id, own.entry_id);
    lasts(b.path(), copy);
}

#[test]
fn faults_of_a_file_are_named_by_line_and_nothing_whole_is_lost() {
    let (a, b) = (folder(), folder());
    let store = open(a.path());
    fill(&store);
    let file = b.path().join("all.zst");
    exported(a.path(), &file, None);
    let mut text = String::new();
    zstd::Decoder::new(fs::File::open(&file).expect("there")).expect("zstd").read_to_string(&mut text).expect("lines");
    let lines: Vec<&str> = text.lines().collect();
    let copy = open(b.path());
    let damaged = b.path().join("damaged.zst");
    let refuse = |lines: &[&str], wanted: &str| {
        let bytes = zstd::encode_all((lines.join("\n") + "\n").as_bytes(), 3).expect("packed");
        fs::write(&damaged, bytes).expect("written");
        let error = import(&copy, &damaged).expect_err("refused").to_string();
        assert!(error.contains(wanted), "{error}");
    };
    refuse(&["{\"title\": \"a letter\"}"], "damaged.zst` line 1: is not the beginning of an archive of watchfire");
    refuse(&lines[1..], "line 1: is not the beginning of an archive of watchfire");
    refuse(&[&lines[0].replace("\"watchfire_archive\":2", "\"watchfire_archive\":9")], "has format 9, this program knows formats up to 2");
    refuse(&lines[..7], "line 8: is missing or cut short");
    let broken = lines[9].replace("\"events\"", "\"even\"");
    refuse(&[&lines[..9], &[broken.as_str()], &lines[10..]].concat(), "line 10: is damaged");
    refuse(&[&lines[..12], &lines[13..]].concat(), "line 13: is damaged, or lines before it are missing");
    let other_link = lines[15].replacen("mirror.example/6", "mirror.example/7", 1);
    assert_ne!(other_link, lines[15]);
    refuse(&[&lines[..15], &[other_link.as_str()], &lines[16..]].concat(), "line 16: is damaged");
    let bytes = fs::read(&file).expect("there");
    for part in [10, 3, 2] {
        fs::write(&damaged, &bytes[..bytes.len() / part]).expect("written");
        let error = import(&copy, &damaged).expect_err("refused").to_string();
        assert!(error.contains("damaged.zst` line "), "{error}");
    }
    fs::write(&damaged, b"plain text\n").expect("written");
    assert!(import(&copy, &damaged).expect_err("refused").to_string().contains("line 1: is not the beginning"));
    assert!(copy.verify(|_| ()).expect("checked").is_sound());
}

#[test]
fn an_export_that_fails_leaves_nothing_behind_and_the_store_alone() {
    let (a, b) = (folder(), folder());
    fill(&open(a.path()));
    let refuse = |target: &Path, since: Option<&str>, wanted: &str| {
        let error = Store::export_archive(a.path(), target, since, |_| ()).expect_err("refused").to_string();
        assert!(error.contains(wanted), "{error}");
    };
    refuse(&b.path().join("all.zst"), Some("yesterday"), "the cursor `yesterday` is none");
    refuse(b.path(), None, "is a folder, must be a file");
    refuse(&a.path().join("journal"), None, "lies in the folder of the store");
    assert_eq!(fs::read_dir(b.path()).expect("there").count(), 0);
    open(a.path());
}

#[test]
fn an_import_that_was_cut_short_goes_on_where_it_ended() {
    let (a, b) = (folder(), folder());
    let store = open(a.path());
    fill(&store);
    let file = b.path().join("all.zst");
    let (commits, _) = exported(a.path(), &file, None);
    let mut text = String::new();
    zstd::Decoder::new(fs::File::open(&file).expect("there")).expect("zstd").read_to_string(&mut text).expect("lines");
    let lines: Vec<&str> = text.lines().collect();
    for kept in [2, 9, 17, 30] {
        let copy = open(b.path());
        let part = b.path().join("part.zst");
        fs::write(&part, zstd::encode_all((lines[..kept.min(lines.len() - 1)].join("\n") + "\n").as_bytes(), 3).expect("packed"))
            .expect("written");
        assert!(import(&copy, &part).is_err(), "its end is missing");
    }
    let copy = open(b.path());
    let done = import(&copy, &file).expect("taken in");
    assert_eq!(done.commits + done.known, commits);
    assert!(done.known >= 16, "{done:?}");
    assert_eq!(shown(&copy), shown(&store));
    lasts(b.path(), copy);
}
