//! Stores of earlier programs open in this one and serve what they served: each is a folder in `tests/stores`, as its program left it.
//!
//! A fixture is written by the program whose format it shows, before the format changes:
//! `WATCHFIRE_FIXTURE=tests/stores/NAME cargo test --test store_upgrade -- --ignored`.

mod support;

use std::{
    fs,
    path::{Path, PathBuf},
};

use support::text;
use watchfire::{
    dedup,
    model::{
        Catalogue, Cve, Decision, Digest, Exploited, Handle, Item, Kev, Link, MergeThresholds, NativeId, RiskLists, SafeHtml, SourceId,
        SourceState, Tag, Text, Timestamp, Validators, ZonedTime,
    },
    render,
    store::{Arrival, PollCommit, ReadDocument, Recovery, Store},
};

const NOW: i64 = 1_795_000_000;

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(NOW + secs)
}

fn item(source: &str, native: &str, text: &str) -> Item {
    let source = SourceId::parse(source).expect("a slug");
    let link = Link::parse(&format!("https://{source}.example/{native}")).expect("a link");
    Item {
        key: dedup::link_key(&link),
        link: Some(link),
        published: Some(ZonedTime::new(at(-3600), 480)),
        body: SafeHtml::vouched(format!("<p>{text}</p>")),
        ..Item::titled(source, NativeId::new(native.to_owned()), Text::line(&format!("通告 {text}"), 300), at(0))
    }
}

fn poll(store: &Store, items: &[Item], secs: i64) {
    let source = items[0].source.clone();
    let arrivals = items.iter().map(|item| Arrival::of(item.clone(), item.body.as_str(), &[])).collect();
    let state = SourceState {
        title: Some(format!("The source {source}")),
        validators: Validators { etag: Some(b"\"1\"".to_vec()), last_modified: None },
        ..SourceState::default()
    };
    store.commit(PollCommit { source, arrivals, new_max: 500 }, at(secs), |_| state).expect("committed");
}

/// One of everything that a store of any age knows: copies, an edit, a purge, a document, decisions, what lists say.
fn fill(store: &Store) {
    let krebs: Vec<Item> = (0..4).map(|n| item("krebs", &n.to_string(), &text(n))).collect();
    let mirror: Vec<Item> = (0..3).map(|n| item("mirror", &n.to_string(), &text(n))).collect();
    poll(store, &krebs, 0);
    poll(store, &mirror, 10);
    let edited = Item { updated: Some(ZonedTime::utc(at(20))), ..item("krebs", "3", &text(33)) };
    poll(store, &[edited], 20);
    let handle = |item: &Item| Handle::Id(item.id);
    let decide = |decision: Decision, secs: i64| {
        store.decide(&decision, at(secs)).expect("carried out").expect("makes sense");
    };
    decide(Decision::Split(handle(&mirror[2])), 30);
    decide(Decision::KeepApart(handle(&krebs[0]), handle(&krebs[3])), 31);
    decide(Decision::Merge(handle(&krebs[2]), handle(&krebs[3])), 32);
    assert!(store.purge(krebs[1].id, at(40)).expect("purged"), "the opener of a story that stays");
    let document = ReadDocument { path: "网安/1.txt".to_owned(), digest: Digest::of(&[b"1"]) };
    let arrival = Arrival::of(item("seeds", "1", &text(9)), &text(9), &[]);
    store.commit_documents(vec![document], vec![arrival], at(50)).expect("imported");
    store.settle_rendering(Digest::of(&[b"settings"]), at(60)).expect("settled");
    let cve = Cve::parse("CVE-2026-3094").expect("a number");
    let tag = Tag { catalogue: Catalogue::Cve, name: cve.to_string(), is_primary: true };
    poll(store, &[Item { tags: vec![tag], ..item("krebs", "5", &text(5)) }], 70);
    let since = at(0).to_utc().date_naive();
    let kev = Kev::new(since, vec![(cve, Exploited { since, by_ransomware: true })]);
    store.heed(RiskLists { kev: Some(kev.into()), epss: None });
    assert_eq!(store.mark(0, at(80)).expect("marked").risen, 1);
}

/// What readers see, as text.
fn shown(store: &Store) -> String {
    let mut lines = vec![format!("{} {} {}", store.feed_uuid(), store.generation(), store.changed_at().rfc3339())];
    lines.extend(store.stories().map(|story| render::export_line(&story.expect("readable"))));
    lines.extend(store.newest(100).expect("readable").stories.iter().map(|story| story.id.to_string()));
    lines.join("\n") + "\n"
}

/// Copies a store's folder. Zeros at the end of an index are not kept in a fixture, and the rest is packed.
fn copy(from: &Path, to: &Path, change: fn(&Path, Vec<u8>) -> (PathBuf, Vec<u8>)) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name");
        if path.is_dir() {
            copy(&path, &to.join(name), change);
        } else if name != "lock" {
            let (name, bytes) = change(Path::new(name), fs::read(&path).expect("read"));
            fs::write(to.join(name), bytes).expect("written");
        }
    }
}

fn pack(name: &Path, bytes: Vec<u8>) -> (PathBuf, Vec<u8>) {
    if name.as_os_str() != "db" {
        return (name.to_owned(), bytes);
    }
    (PathBuf::from("db.zst"), zstd::encode_all(bytes.as_slice(), 19).expect("packed"))
}

fn unpack(name: &Path, bytes: Vec<u8>) -> (PathBuf, Vec<u8>) {
    if name.as_os_str() != "db.zst" {
        return (name.to_owned(), bytes);
    }
    (PathBuf::from("db"), zstd::decode_all(bytes.as_slice()).expect("unpacked"))
}

#[test]
#[ignore = "writes a fixture"]
fn write_the_fixture_of_this_program() {
    let Some(target) = std::env::var_os("WATCHFIRE_FIXTURE") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let (store, _) = Store::open(folder.path(), MergeThresholds::default()).expect("opens");
    fill(&store);
    store.flush().expect("written");
    let shown = shown(&store);
    drop(store);
    copy(folder.path(), Path::new(&target), pack);
    fs::write(Path::new(&target).join("shown"), shown).expect("written");
}

#[test]
fn stores_of_earlier_programs_serve_what_they_served() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stores");
    let names: Vec<_> = fs::read_dir(fixtures).expect("fixtures").map(|entry| entry.expect("an entry").path()).collect();
    assert!(!names.is_empty());
    for fixture in names {
        let wanted = fs::read_to_string(fixture.join("shown")).expect("what it showed");
        // With its own index, and made again from its archive and journal alone.
        for has_index in [true, false] {
            let folder = tempfile::tempdir().expect("a folder");
            copy(&fixture, folder.path(), unpack);
            if !has_index {
                fs::remove_dir_all(folder.path().join("index")).expect("removed");
            }
            let (store, told) = Store::open(folder.path(), MergeThresholds::default()).expect("opens");
            assert!(told.iter().all(|told| matches!(told, Recovery::Rebuilt { lost: 0, .. })), "{}: {told:?}", fixture.display());
            assert_eq!(shown(&store), wanted, "{}", fixture.display());
            assert!(store.verify(|_| ()).expect("checked").is_sound(), "{}", fixture.display());
            let again = Arrival::of(item("krebs", "1", &text(1)), &text(1), &[]);
            let poll = PollCommit { source: again.item.source.clone(), arrivals: vec![again], new_max: 9 };
            let tally = store.commit(poll, at(100), |_| SourceState::default()).expect("committed");
            assert_eq!((tally.new, tally.joined, tally.refused), (0, 0, 1), "what was purged stays away");
        }
    }
}
