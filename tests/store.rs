//! The store's promises, each as a test on a folder of its own.

use std::{
    fs,
    path::Path,
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use watchfire::{
    dedup,
    model::{
        Digest, Handle, Item, JoinRule, Link, MergeThresholds, NativeId, SafeHtml, SourceId, SourceState, Story, StoryId, Tally, Text,
        Timestamp, Validators, ZonedTime,
    },
    store::{Arrival, PollCommit, ReadDocument, Recovery, Store, StoreError},
};

const NOW: i64 = 1_795_000_000;

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(NOW + secs)
}

fn source(id: &str) -> SourceId {
    SourceId::parse(id).expect("a slug")
}

/// An item of `source`, without a date, first seen `secs` after the beginning.
fn item(source_id: &str, native: &str, secs: i64) -> Item {
    let title = Text::line(&format!("Advisory {source_id} {native}"), 300);
    Item {
        authors: vec![Text::line("网安", 10)],
        body: SafeHtml::vouched(format!("<p>{source_id} says \"{native}\"</p>")),
        ..Item::titled(source(source_id), NativeId::new(native.to_owned()), title, at(secs))
    }
}

fn linked(item: Item, link: &str) -> Item {
    let link = Link::parse(link).expect("a link");
    Item { key: dedup::link_key(&link), link: Some(link), ..item }
}

fn arrival(item: Item) -> Arrival {
    let text = item.body.as_str().to_owned();
    Arrival::of(item, &text, &[])
}

fn open(dir: &Path) -> Store {
    let (store, told) = Store::open(dir, MergeThresholds::default()).expect("opens");
    assert_eq!(told, [], "nothing to mend");
    store
}

fn open_mending(dir: &Path) -> (Store, Vec<Recovery>) {
    Store::open(dir, MergeThresholds::default()).expect("opens")
}

/// The closed store's index, by the back door.
fn raw_index(dir: &Path) -> sled::Db {
    sled::Config::new().path(dir.join("index")).segment_size(2 << 20).open().expect("opens")
}

/// Commits the items as one poll of the first one's source.
fn poll(store: &Store, items: Vec<Item>, secs: i64) -> Tally {
    let source = items[0].source.clone();
    let arrivals = items.into_iter().map(arrival).collect();
    store.commit(PollCommit { source, arrivals, new_max: 500 }, at(secs), |_| SourceState::default()).expect("committed")
}

fn all(store: &Store) -> Vec<Story> {
    store.stories().collect::<Result<_, _>>().expect("readable")
}

/// Everything that an output can be made from, in one text.
fn shown(store: &Store) -> String {
    let newest = store.newest(1000).expect("readable");
    format!("{} {:?} {} {:#?} {:#?}", store.generation(), store.changed_at(), store.feed_uuid(), all(store), newest.stories)
}

/// A store with stories, copies, edits, a purge and documents, of two sources.
fn filled(dir: &Path) -> Store {
    let store = open(dir);
    for round in 0..10 {
        let own = |n: i64| {
            linked(item("krebs", &format!("https://krebs.example/{round}/{n}"), round), &format!("https://krebs.example/{round}/{n}"))
        };
        poll(&store, (0..5).map(own).collect(), round);
        let copy = linked(item("mirror", &format!("copy {round}"), round), &format!("http://www.krebs.example/{round}/1?utm_source=x"));
        poll(&store, vec![copy, item("mirror", &format!("own {round}"), round)], round);
    }
    let edited = Item { title: Text::line("Corrected", 300), ..item("mirror", "own 3", 50) };
    poll(&store, vec![edited], 50);
    assert!(store.purge(item("mirror", "own 4", 0).id, at(60)).expect("purged"));
    let document = ReadDocument { path: "a/1.txt".to_owned(), digest: Digest::of(&[b"1"]) };
    store.commit_documents(vec![document], vec![arrival(item("seeds", "1", 61))], at(61)).expect("imported");
    store.settle_rendering(Digest::of(&[b"settings"]), at(62)).expect("settled");
    assert_eq!(store.counts().expect("counted").items, 70);
    assert_eq!(store.counts().expect("counted").stories, 60);
    store
}

#[test]
fn same_items_twice_change_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let items = || vec![item("krebs", "1", 0), item("krebs", "2", 0)];
    assert_eq!(poll(&store, items(), 0), Tally { new: 2, ..Tally::default() });
    let before = shown(&store);
    assert_eq!(poll(&store, items(), 100), Tally { unchanged: 2, ..Tally::default() });
    let bumped = Item { updated: Some(ZonedTime::utc(at(90))), first_seen: at(90), ..item("krebs", "1", 0) };
    assert_eq!(poll(&store, vec![bumped], 100), Tally { unchanged: 1, ..Tally::default() }, "a bumped date alone");
    assert_eq!(shown(&store), before);
}

#[test]
fn edit_updates_in_place_and_keeps_the_older_version() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    poll(&store, vec![item("krebs", "1", 0)], 0);
    let (first, generation) = (all(&store).remove(0), store.generation());
    assert_eq!(first.updated, ZonedTime::utc(at(0)), "no date of its own: first sight");

    let edited = Item { title: Text::line("Corrected title", 300), first_seen: at(500), ..item("krebs", "1", 0) };
    assert_eq!(poll(&store, vec![edited.clone()], 500), Tally { updated: 1, ..Tally::default() });
    let stories = all(&store);
    assert_eq!(stories.len(), 1);
    assert_eq!((stories[0].id, &stories[0].entry_id), (first.id, &first.entry_id));
    assert_eq!(stories[0].first().title, edited.title);
    assert_eq!(stories[0].first().first_seen, at(0), "first sight is stored once");
    assert_eq!((stories[0].published, stories[0].updated), (first.published, ZonedTime::utc(at(500))));
    assert!(store.generation() > generation);

    let dated = Item { updated: Some(ZonedTime::new(at(800), 480)), body: SafeHtml::vouched("<p>again</p>".to_owned()), ..edited };
    poll(&store, vec![dated], 900);
    assert_eq!(all(&store)[0].updated, ZonedTime::new(at(800), 480), "the publisher's own date where it is newer");
    let titles: Vec<_> = store.versions(first.first().id, 10).expect("readable").into_iter().map(|item| item.title.to_string()).collect();
    assert_eq!(titles, ["Corrected title", "Corrected title", "Advisory krebs 1"]);
    assert_eq!(store.versions(first.first().id, 2).expect("readable").len(), 2);
}

#[test]
fn only_an_edit_in_substance_moves_updated() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let notice = |body: &str, secs| {
        let dates = Some(ZonedTime::utc(at(secs)));
        Item { published: dates, updated: dates, body: SafeHtml::vouched(body.to_owned()), ..item("ubuntu", "USN-1", 0) }
    };
    let first = "<p>Several flaws were fixed in the kernel.</p><p>Published: 1 March 2026</p><p>CVE-2026-1234</p>";
    poll(&store, vec![notice(first, -500)], 0);
    let before = all(&store).remove(0);
    assert_eq!(poll(&store, vec![notice(first, 10)], 20), Tally { unchanged: 1, ..Tally::default() }, "a date alone");
    assert_eq!(all(&store), std::slice::from_ref(&before));

    let redated = "<div>Several flaws were fixed in the <b>kernel</b>.</div><p>Published: 2 April 2026</p><p>CVE-2026-1234</p>";
    assert_eq!(poll(&store, vec![notice(redated, 30)], 40).updated, 1);
    let after = all(&store).remove(0);
    assert_eq!(after.first().body.as_str(), redated, "shown as it is now");
    assert_eq!((after.published, after.updated), (before.published, before.updated), "but no news");

    for (secs, body) in [(50, redated.replace("1234", "1235")), (60, redated.replace("Several", "Two"))] {
        poll(&store, vec![notice(&body, secs)], secs + 5);
        assert_eq!(all(&store)[0].updated, ZonedTime::utc(at(secs)), "{body}");
    }
    assert_eq!(store.versions(before.first().id, 10).expect("readable").len(), 4, "every version is kept");
    assert_eq!(all(&store)[0].published, before.published);
    drop(store);
    assert!(open(folder.path()).verify(|_| ()).expect("checked").is_sound());
}

#[test]
fn edited_copy_is_rendered_but_does_not_bump_its_story() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    poll(&store, vec![linked(item("krebs", "1", 0), "https://a.example/1")], 0);
    poll(&store, vec![linked(item("mirror", "x", 5), "https://a.example/1")], 5);
    let generation = store.generation();
    let edited = Item { title: Text::line("Other words for it", 300), ..linked(item("mirror", "x", 9), "https://a.example/1") };
    assert_eq!(poll(&store, vec![edited], 9).updated, 1);
    let stories = all(&store);
    assert_eq!((stories.len(), stories[0].updated), (1, ZonedTime::utc(at(0))));
    assert!(store.generation() > generation, "the copy's title is shown on the story's page");
}

#[test]
fn same_link_of_two_sources_is_one_story() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let wechat = "https://mp.weixin.qq.com/s?__biz=MzA4MTg0MDQ4Nw==&mid=2247575372&idx=1&sn=aa";
    let opener = Item { published: Some(ZonedTime::new(at(-90), 480)), ..linked(item("a", "urn:example:1", 0), wechat) };
    poll(&store, vec![opener], 0);
    let (before, generation) = (all(&store).remove(0), store.generation());
    let copy =
        Item { published: Some(ZonedTime::utc(at(-100))), ..linked(item("b", "7", 50), &format!("{wechat}&scene=27#wechat_redirect")) };
    assert_eq!(poll(&store, vec![copy.clone()], 50), Tally { joined: 1, ..Tally::default() });

    let stories = all(&store);
    assert_eq!(stories.len(), 1);
    let members: Vec<_> =
        stories[0].members.iter().map(|member| (member.item.source.as_str(), member.joined.map(|joined| joined.rule))).collect();
    assert_eq!(members, [("a", None), ("b", Some(JoinRule::SameLink))]);
    assert_eq!((stories[0].id, stories[0].entry_id.as_str()), (before.id, "urn:example:1"));
    assert_eq!(stories[0].published, ZonedTime::utc(at(-100)), "the earliest publication");
    assert_eq!(stories[0].updated, before.updated, "a copy bumps nothing");
    assert!(store.generation() > generation, "the copy is named in the entry");
    assert_eq!(store.story(before.id).expect("readable"), Some(stories[0].clone()));
    assert_eq!(store.story(StoryId::opened_by(copy.id)).expect("readable"), None, "a copy opens nothing");
}

#[test]
fn copies_inside_one_poll_find_each_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let text: String = (0..400).map(|n| format!("word{} ", n * 7919 % 1000)).collect();
    let long = |name: &str| Item {
        title: Text::line("Breach at the example company", 300),
        body: SafeHtml::vouched(text.clone()),
        ..item(name, "1", 0)
    };
    let arrivals = vec![arrival(long("a")), arrival(long("b"))];
    let commit = PollCommit { source: source("a"), arrivals, new_max: 500 };
    let tally = store.commit(commit, at(0), |_| SourceState::default()).expect("committed");
    assert_eq!(tally, Tally { new: 1, joined: 1, ..Tally::default() });
    assert_eq!(all(&store)[0].members[1].joined.map(|joined| joined.rule), Some(JoinRule::SameText));
    assert_eq!(poll(&store, vec![long("c")], 5).joined, 1, "and those of earlier commits");
}

#[test]
fn a_title_alone_joins_only_a_story_in_which_all_bear_it() {
    let text: String = (0..400).map(|n| format!("word{} ", n * 7919 % 1000)).collect();
    let told = |name: &str, title: &str, text: &str| Item {
        title: Text::line(title, 300),
        body: SafeHtml::vouched(text.to_owned()),
        ..item(name, "1", 0)
    };
    let [first, second] = ["Breach at the example company exposes customers", "What we know about the stolen records so far"];
    let items = [told("a", first, &text), told("b", second, &text), told("c", second, ""), told("d", first, "")];
    for (order, wanted) in [
        ([0, 1, 2, 3], vec![vec!["a", "b"], vec!["c"], vec!["d"]]),
        ([0, 2, 1, 3], vec![vec!["a", "b"], vec!["c"], vec!["d"]]),
        ([2, 0, 1, 3], vec![vec!["c"], vec!["a", "b"], vec!["d"]]),
        ([0, 3, 2, 1], vec![vec!["a", "d", "b"], vec!["c"]]),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let store = open(folder.path());
        for at in order {
            poll(&store, vec![items[at].clone()], 0);
        }
        let sources = |story: &Story| story.members.iter().map(|member| member.item.source.to_string()).collect::<Vec<_>>();
        assert_eq!(all(&store).iter().map(sources).collect::<Vec<_>>(), wanted, "{order:?}");
    }
}

#[test]
fn articles_of_one_template_are_stories_of_their_own() {
    const NAMES: [&str; 14] = [
        "Harrods",
        "Asahi",
        "Renault",
        "WestJet",
        "Discord",
        "Allianz",
        "Globex",
        "Initech",
        "Umbrella",
        "Northwind",
        "Contoso",
        "Fabrikam",
        "Tailspin",
        "Litware",
    ];
    let facts: String = (0..120).map(|n| format!("fact{} ", n * 7919 % 1000)).collect();
    let told = |by: &str, title: &str, name: &str| Item {
        title: Text::line(title, 300),
        body: SafeHtml::vouched(format!("<p>{name} discloses a breach of its systems. {facts}</p>")),
        ..item(by, title, 0)
    };
    let titles = NAMES.map(|name| format!("{name} discloses a large data breach after an attack"));
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    // Some in one commit, some after it.
    let (first, later) = titles.split_at(3);
    poll(&store, first.iter().zip(NAMES).map(|(title, name)| told("wire", title, name)).collect(), 0);
    for (title, name) in later.iter().zip(&NAMES[3..]) {
        poll(&store, vec![told("wire", title, name)], 0);
    }
    assert_eq!(all(&store).len(), NAMES.len());
    let edited = "Umbrella discloses a large data breach after an attack on its systems";
    assert_eq!(poll(&store, vec![told("copyist", edited, "Umbrella")], 5).joined, 1, "an edited title over the same text");
    let cut = told("shortener", edited, "Umbrella");
    let cut = Item { body: SafeHtml::vouched(cut.body.as_str().replace("fact7 ", "")), ..cut };
    assert_eq!(poll(&store, vec![cut], 10).joined, 1, "and over one that lost a word");
    let why = store.explain(&Handle::Id(all(&store)[0].members[0].item.id)).expect("readable");
    assert!(why[0].others.iter().all(|other| other.verdict.rule().is_none()), "{why:?}");
}

#[test]
fn spoofed_entry_id_cannot_touch_its_owner() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    poll(&store, vec![item("honest", "tag:honest.example,2026:1", 0)], 0);
    let owner = all(&store).remove(0);
    assert_eq!(owner.entry_id, "tag:honest.example,2026:1");
    poll(&store, vec![item("spoofer", "tag:honest.example,2026:1", 1), item("spoofer", "plain", 1)], 1);
    let stories = all(&store);
    assert_eq!(stories[0], owner);
    for story in &stories[1..] {
        assert!(story.entry_id.starts_with("urn:uuid:"), "{}", story.entry_id);
    }
    let other = tempfile::tempdir().expect("a folder");
    let elsewhere = open(other.path());
    poll(&elsewhere, vec![item("spoofer", "plain", 77)], 77);
    assert_eq!(all(&elsewhere)[0].entry_id, stories[2].entry_id, "minted from names, not from time or order");
}

#[test]
fn endless_new_ids_for_the_same_content_are_no_news() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let fresh_id = |native: &str| Item {
        title: Text::line("One advisory", 300),
        body: SafeHtml::default(),
        ..linked(item("krebs", native, 0), "https://a.example/1")
    };
    poll(&store, vec![fresh_id("random-1")], 0);
    let before = shown(&store);
    assert_eq!(poll(&store, vec![fresh_id("random-2")], 10), Tally { unchanged: 1, ..Tally::default() });
    assert_eq!(shown(&store), before);
}

#[test]
fn one_id_twice_in_a_document_does_not_flap() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let twice = || vec![item("krebs", "1", 0), Item { title: Text::line("Another", 300), ..item("krebs", "1", 0) }];
    poll(&store, twice(), 0);
    let before = shown(&store);
    assert_eq!(poll(&store, twice(), 10), Tally { unchanged: 2, ..Tally::default() });
    assert_eq!(shown(&store), before);
}

#[test]
fn one_poll_adds_only_so_many_items() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let arrivals = (0..5).map(|n| arrival(item("krebs", &n.to_string(), 0))).collect();
    let commit = PollCommit { source: source("krebs"), arrivals, new_max: 3 };
    let mut told = Tally::default();
    let finish = |tally: &Tally| {
        told = *tally;
        SourceState { body_bytes: 7, ..SourceState::default() }
    };
    let tally = store.commit(commit, at(0), finish).expect("committed");
    assert_eq!(tally, Tally { new: 3, refused: 2, ..Tally::default() });
    assert_eq!(told, tally, "the state is made from what was decided");
    let state = store.source_state(&source("krebs")).expect("readable");
    assert_eq!((state.body_bytes, state.items), (7, 3));
}

#[test]
fn purged_item_does_not_come_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let (one, copy) = (linked(item("a", "1", 0), "https://a.example/1"), linked(item("b", "1", 0), "https://a.example/1"));
    poll(&store, vec![one.clone()], 0);
    poll(&store, vec![copy.clone()], 0);
    let story = all(&store).remove(0);
    assert!(store.purge(one.id, at(1)).expect("purged"));
    assert!(!store.purge(one.id, at(1)).expect("nothing to purge"));
    let left = store.story(story.id).expect("readable").expect("the copy is left");
    assert_eq!((left.id, &left.entry_id, left.first()), (story.id, &story.entry_id, &copy));
    assert!(store.purge(copy.id, at(2)).expect("purged"));
    assert_eq!(store.story(story.id).expect("readable"), None);
    assert_eq!(poll(&store, vec![one.clone(), copy], 3), Tally { refused: 2, ..Tally::default() });
    assert!(store.newest(10).expect("readable").stories.is_empty());
    drop(store);
    Store::rebuild(folder.path(), |_| ()).expect("rebuilt");
    let store = open(folder.path());
    assert_eq!(poll(&store, vec![one], 4), Tally { refused: 1, ..Tally::default() }, "also after a rebuild");
}

#[test]
fn newest_come_first_and_ties_go_by_id() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let dated = |native: &str, secs| Item { published: Some(ZonedTime::utc(at(secs))), ..item("krebs", native, 100) };
    poll(&store, vec![dated("old", -9_000_000), dated("tie 1", -5), dated("new", -1), dated("tie 2", -5)], 100);
    let newest = store.newest(3).expect("readable");
    assert_eq!((newest.generation, newest.changed_at), (store.generation(), at(100)));
    let times: Vec<_> = newest.stories.iter().map(|story| story.updated.at()).collect();
    assert_eq!(times, [at(-1), at(-5), at(-5)]);
    assert!(newest.stories[1].id < newest.stories[2].id);
    assert_eq!(all(&store)[0].published, ZonedTime::utc(at(-9_000_000)), "stories() goes by first sight");
}

#[test]
fn states_and_documents_are_remembered_and_move_no_generation() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let generation = store.generation();
    let validators = Validators { etag: Some(b"W/\"\xe9\"".to_vec()), last_modified: None };
    let state = SourceState { next_due: Some(at(5)), validators, ..SourceState::default() };
    store.reserve(&source("krebs"), &state).expect("reserved");
    let digest = Digest::of(&[b"bytes"]);
    store.commit_documents(vec![ReadDocument { path: "a.txt".to_owned(), digest }], Vec::new(), at(0)).expect("imported");
    drop(store);
    let store = open(folder.path());
    assert_eq!(store.source_states().expect("readable"), [(source("krebs"), state)]);
    assert_eq!(store.source_state(&source("other")).expect("readable"), SourceState::default());
    assert_eq!(store.document_digest("a.txt").expect("readable"), Some(digest));
    assert_eq!(store.document_digest("b.txt").expect("readable"), None);
    assert_eq!(store.generation(), generation);
}

#[test]
fn generation_moves_when_a_source_calls_itself_otherwise() {
    let dir = tempfile::tempdir().expect("a folder");
    let store = open(dir.path());
    let poll = |title: &str| {
        let commit = PollCommit { source: source("a"), arrivals: Vec::new(), new_max: 10 };
        let state = SourceState { title: Some(title.to_owned()), ..SourceState::default() };
        store.commit(commit, at(1), |_| state).expect("a commit");
        store.generation()
    };
    let first = poll("Wire");
    assert_eq!(poll("Wire"), first);
    assert_eq!(poll("The Wire"), first + 1, "entries name their source");
}

#[test]
fn what_a_source_calls_itself_outlives_its_state() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let site = Link::parse("https://wire.example/").ok();
    let state = SourceState { title: Some("Wire".to_owned()), site, next_due: Some(at(9)), ..SourceState::default() };
    let commit = PollCommit { source: source("a"), arrivals: Vec::new(), new_max: 10 };
    store.commit(commit, at(1), |_| state.clone()).expect("a commit");
    drop(store);
    // As after a crash before the index was flushed: entries name their source, and must render to the same bytes.
    fs::remove_dir_all(folder.path().join("index")).expect("removed");
    let store = open_mending(folder.path()).0;
    let found = store.source_state(&source("a")).expect("readable");
    assert_eq!(found, SourceState { next_due: None, ..state });
}

#[test]
fn generation_moves_when_the_settings_of_rendering_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let settle = |settings: &[u8], secs| store.settle_rendering(Digest::of(&[settings]), at(secs)).expect("settled");
    settle(b"a", 1);
    let first = store.generation();
    settle(b"a", 2);
    assert_eq!((store.generation(), store.changed_at()), (first, at(1)));
    settle(b"b", 3);
    assert_eq!((store.generation(), store.changed_at()), (first + 1, at(3)));
}

#[test]
fn reopened_store_shows_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = filled(folder.path());
    let before = shown(&store);
    assert!(store.verify(|_| ()).expect("checked").is_sound());
    drop(store);
    let store = open(folder.path());
    assert_eq!(shown(&store), before);
}

#[test]
fn rebuilt_index_shows_the_same_and_keeps_manners_without_validators() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = filled(folder.path());
    let before = shown(&store);
    let validators = Validators { etag: Some(b"e".to_vec()), last_modified: None };
    let state = SourceState { next_due: Some(at(5)), body_digest: Some(Digest::of(&[b"x"])), validators, ..SourceState::default() };
    store.reserve(&source("krebs"), &state).expect("reserved");
    drop(store);
    let told = Store::rebuild(folder.path(), |_| ()).expect("rebuilt");
    assert!(matches!(told[..], [Recovery::Rebuilt { lost: 0, .. }]), "{told:?}");
    let store = open(folder.path());
    assert_eq!(shown(&store), before);
    assert!(store.verify(|_| ()).expect("checked").is_sound());
    let state = store.source_state(&source("krebs")).expect("readable");
    assert_eq!((state.next_due, state.body_digest, state.validators), (Some(at(5)), None, Validators::default()));
    assert_eq!(state.items, 50);
    assert_eq!(store.document_digest("a/1.txt").expect("readable"), Some(Digest::of(&[b"1"])));
}

#[test]
fn missing_index_is_rebuilt() {
    let folder = tempfile::tempdir().expect("a folder");
    let before = shown(&filled(folder.path()));
    fs::remove_dir_all(folder.path().join("index")).expect("removed");
    let (store, told) = open_mending(folder.path());
    assert!(matches!(told[..], [Recovery::Rebuilt { lost: 0, .. }]), "{told:?}");
    assert_eq!(shown(&store), before);
}

#[test]
fn damaged_snapshots_of_the_index_are_survived() {
    let folder = tempfile::tempdir().expect("a folder");
    let before = shown(&filled(folder.path()));
    // Opening twice makes sled write a snapshot.
    drop(open(folder.path()));
    let index = folder.path().join("index");
    let snapshots: Vec<_> = fs::read_dir(&index).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    let snapshot = snapshots.iter().find(|path| path.to_string_lossy().contains("snap.")).expect("a snapshot");
    let bytes = fs::read(snapshot).expect("read");
    fs::write(snapshot, &bytes[..bytes.len() / 2]).expect("cut");
    fs::write(index.join("snap.FFFFFFFF.generating"), b"half").expect("written");
    let (store, told) = open_mending(folder.path());
    assert!(matches!(told[..], [Recovery::HalfSnapshot(_), Recovery::Snapshots { .. }]), "{told:?}");
    assert_eq!(shown(&store), before);
    assert!(store.verify(|_| ()).expect("checked").is_sound());
    assert!(folder.path().join("index.damaged").exists(), "a copy was kept");
}

#[test]
fn garbage_in_the_index_is_rebuilt_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let before = shown(&filled(folder.path()));
    let db = folder.path().join("index").join("db");
    let bytes = fs::read(&db).expect("read");
    fs::write(&db, vec![0xA5; bytes.len()]).expect("overwritten");
    let (store, told) = open_mending(folder.path());
    assert!(matches!(told[..], [.., Recovery::Rebuilt { lost: 0, .. }]), "{told:?}");
    assert_eq!(shown(&store), before);
}

#[test]
fn torn_journal_tail_is_taken_off() {
    let folder = tempfile::tempdir().expect("a folder");
    let before = shown(&filled(folder.path()));
    let journal = folder.path().join("journal");
    let whole = fs::read(&journal).expect("read");
    fs::write(&journal, [&whole[..], b"WFr\x01\xff\x00\x00\x00half"].concat()).expect("written");
    let (store, told) = open_mending(folder.path());
    assert_eq!(told, [Recovery::TornTail(12)]);
    assert_eq!(shown(&store), before);
    drop(store);
    assert_eq!(fs::read(&journal).expect("read"), whole);
    open(folder.path());
}

#[test]
fn archive_shorter_than_the_index_knows_costs_only_what_is_gone() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = filled(folder.path());
    poll(&store, vec![item("krebs", "last 1", 100), item("krebs", "last 2", 100)], 100);
    let before = shown(&store);
    drop(store);
    let archive = folder.path().join("archive");
    let segment = fs::read_dir(&archive).expect("a folder").next().expect("a segment").expect("an entry").path();
    let bytes = fs::read(&segment).expect("read");
    fs::write(&segment, &bytes[..bytes.len() - 5]).expect("cut");

    let (store, told) = open_mending(folder.path());
    assert!(matches!(told[..], [Recovery::Rebuilt { lost: 1, .. }]), "{told:?}");
    assert_eq!(all(&store).len(), 61, "one story cannot be shown");
    assert!(!store.verify(|_| ()).expect("checked").is_sound());
    drop(store);
    let store = open(folder.path());
    let tally = poll(&store, vec![item("krebs", "last 2", 100)], 100);
    assert_eq!(tally, Tally { updated: 1, ..Tally::default() }, "it comes back under its old name");
    assert_eq!(all(&store).len(), 62);
    let ids = |text: &str| text.lines().filter(|line| line.contains("entry_id")).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(ids(&shown(&store)), ids(&before));
    drop(store);
    Store::rebuild(folder.path(), |_| ()).expect("rebuilt");
    assert_eq!(all(&open(folder.path())).len(), 62);
}

#[test]
fn lost_journal_is_not_taken_for_a_new_store() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(filled(folder.path()));
    fs::remove_file(folder.path().join("journal")).expect("removed");
    let refused = Store::open(folder.path(), MergeThresholds::default()).err().expect("refused");
    assert!(matches!(refused, StoreError::Corrupt(_)), "{refused}");
}

#[test]
fn store_of_a_newer_version_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(open(folder.path()));
    let journal = folder.path().join("journal");
    let mut bytes = fs::read(&journal).expect("read");
    bytes[7] = 9;
    fs::write(&journal, bytes).expect("written");
    let refused = Store::open(folder.path(), MergeThresholds::default()).err().expect("refused");
    assert!(matches!(refused, StoreError::Newer { found: 9, known: 3, .. }), "{refused}");
}

#[test]
fn index_of_another_format_is_refused_if_newer_and_rebuilt_if_older() {
    let folder = tempfile::tempdir().expect("a folder");
    let before = shown(&filled(folder.path()));
    let set_format = |format: u8| {
        let index = raw_index(folder.path());
        let mut head = index.get(b"m").expect("readable").expect("a head").to_vec();
        head[..2].copy_from_slice(&[0, format]);
        index.insert(b"m", head).expect("written");
    };
    set_format(9);
    let refused = Store::open(folder.path(), MergeThresholds::default()).err().expect("refused");
    assert!(matches!(refused, StoreError::Newer { found: 9, .. }), "{refused}");
    set_format(0);
    let index = raw_index(folder.path());
    for row in index.iter() {
        // Rows of an older shape make no sense here, but for those that every format has.
        let (key, _) = row.expect("readable");
        if !b"mpv".contains(&key[0]) {
            index.insert(key, b"of another shape").expect("written");
        }
    }
    drop(index);
    let (store, told) = open_mending(folder.path());
    assert!(matches!(told[..], [Recovery::Rebuilt { lost: 0, .. }]), "{told:?}");
    assert_eq!(shown(&store), before);
}

#[test]
fn verify_notices_a_changed_row() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(filled(folder.path()));
    let index = raw_index(folder.path());
    index.insert(b"ckrebs", &[99]).expect("written");
    drop(index);
    let found = open(folder.path()).verify(|_| ()).expect("checked");
    assert_eq!((found.differences, found.lost, found.is_sound()), (1, 0, false));
}

#[test]
fn commits_do_not_wait_while_the_second_index_of_a_check_is_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = filled(folder.path());
    let mut waited = Vec::new();
    thread::scope(|scope| {
        let found = store.verify(|share| {
            if waited.is_empty() && share < 1.0 {
                let (done, heard) = mpsc::channel();
                let store = store.clone();
                scope.spawn(move || {
                    poll(&store, vec![item("late", "1", 70)], 70);
                    done.send(store.generation())
                });
                waited.push(heard.recv_timeout(Duration::from_secs(20)));
            }
        });
        assert!(found.expect("checked").is_sound(), "what came meanwhile is compared as well");
    });
    assert!(matches!(waited[..], [Ok(_)]), "it was committed, and readers were let in: {waited:?}");
}

#[test]
fn failed_commit_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    poll(&store, vec![item("krebs", "1", 0)], 0);
    let before = shown(&store);
    let (archive, away) = (folder.path().join("archive"), folder.path().join("away"));
    fs::rename(&archive, &away).expect("moved");
    // What is first seen in another month needs a new segment.
    let next_month = 40 * 86_400;
    let commit = || PollCommit { source: source("krebs"), arrivals: vec![arrival(item("krebs", "2", next_month))], new_max: 500 };
    let state = SourceState { body_bytes: 7, ..SourceState::default() };
    store.commit(commit(), at(next_month), |_| state).expect_err("no folder for the segment");
    assert_eq!(shown(&store), before);
    assert_eq!(store.source_state(&source("krebs")).expect("readable").body_bytes, 0, "no validators without their items");
    fs::rename(&away, &archive).expect("moved back");
    let tally = store.commit(commit(), at(next_month), |_| SourceState::default()).expect("committed");
    assert_eq!(tally.new, 1);
    drop(store);
    let store = open(folder.path());
    assert_eq!(all(&store).len(), 2);
    assert!(store.verify(|_| ()).expect("checked").is_sound());
}

#[test]
fn open_store_is_locked_and_a_closed_one_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let clone = store.clone();
    drop(store);
    let refused = Store::open(folder.path(), MergeThresholds::default()).err().expect("refused");
    assert!(matches!(refused, StoreError::Locked(_)), "{refused}");
    drop(clone);
    for _ in 0..5 {
        open(folder.path());
    }
}

#[test]
fn unwritable_folder_is_one_clear_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    fs::write(&file, b"").expect("written");
    let refused = Store::open(&file.join("data"), MergeThresholds::default()).err().expect("refused");
    assert!(matches!(refused, StoreError::Unwritable { .. }), "{refused}");
    assert!(!refused.to_string().contains('\n'), "{refused}");
}

#[test]
fn readers_see_whole_commits_while_a_writer_works() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let writer = store.clone();
    let thread = std::thread::spawn(move || {
        for round in 0..40 {
            poll(&writer, (0..3).map(|n| item("krebs", &format!("{round} {n}"), round)).collect(), round);
        }
    });
    while !thread.is_finished() {
        let newest = store.newest(1000).expect("readable");
        assert_eq!(newest.stories.len() % 3, 0, "all of a poll or nothing");
        std::thread::yield_now();
    }
    thread.join().expect("wrote");
    assert_eq!(store.newest(1000).expect("readable").stories.len(), 120);
}

#[test]
fn windows_compare_dates_and_never_the_clock() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let text: String = (0..400).map(|n| format!("word{} ", n * 7919 % 1000)).collect();
    let day = Duration::from_secs(86_400);
    let dated = |name: &str, days: u32| {
        let published = Some(ZonedTime::utc(at(0) - day * 3000 + day * days));
        Item {
            title: Text::line(&format!("Breach at {name}"), 300),
            published,
            body: SafeHtml::vouched(text.clone()),
            ..item(name, "1", 0)
        }
    };
    assert_eq!(poll(&store, vec![dated("a", 0)], 0).new, 1);
    assert_eq!(poll(&store, vec![dated("b", 29)], 1).joined, 1, "within thirty days, years ago");
    assert_eq!(poll(&store, vec![dated("c", 70)], 2).new, 1, "beyond them");
}

#[test]
fn a_write_that_fails_is_told_until_one_succeeds() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    poll(&store, vec![item("a", "1", 0)], 0);
    assert!(store.is_durable());
    // A later month's segment cannot be made where a folder stands.
    let month = 31 * 86_400;
    let in_the_way = folder.path().join("archive/2026-12.seg");
    fs::create_dir(&in_the_way).expect("a folder");
    let late = PollCommit { source: source("a"), arrivals: vec![arrival(item("a", "2", month))], new_max: 10 };
    assert!(matches!(store.commit(late.clone(), at(month), |_| SourceState::default()), Err(StoreError::Io { .. })));
    assert!(!store.is_durable());
    fs::remove_dir(&in_the_way).expect("removed");
    assert_eq!(store.commit(late, at(month), |_| SourceState::default()).expect("commits").new, 1);
    store.flush().expect("flushed");
    assert!(store.is_durable());
}

#[test]
fn index_moves_under_the_hands_of_readers_and_writers_and_loses_no_row() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = filled(folder.path());
    let is_over = AtomicBool::new(false);
    let longest = thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let mut longest = Duration::ZERO;
            for n in 0..200 {
                let begun = Instant::now();
                poll(&store, vec![item("moved", &n.to_string(), 100)], 100);
                let state = SourceState { body_bytes: n, ..SourceState::default() };
                store.reserve(&source("moved"), &state).expect("reserved");
                longest = longest.max(begun.elapsed());
            }
            is_over.store(true, Ordering::SeqCst);
            longest
        });
        scope.spawn(|| {
            while !is_over.load(Ordering::SeqCst) {
                assert!(all(&store).len() >= 60);
            }
        });
        while !is_over.load(Ordering::SeqCst) {
            store.compact().expect("compacted");
        }
        writing.join().expect("no panic")
    });
    println!("a commit waited for {longest:?} at most");
    assert_eq!(store.item_count(&source("moved")).expect("counted"), 200);
    assert_eq!(store.source_state(&source("moved")).expect("known").body_bytes, 199);
    assert!(store.verify(|_| ()).expect("checked").is_sound());
    let before = shown(&store);
    drop(store);
    let store = open(folder.path());
    assert_eq!(shown(&store), before);
    let names: Vec<_> = fs::read_dir(folder.path()).expect("there").map(|entry| entry.expect("one").file_name()).collect();
    assert_eq!(names.len(), 4, "archive, index, journal, lock: {names:?}");
    assert!(!store.is_compaction_worthwhile().expect("measured"), "of a small index nothing is worth it");
}
