//! Known-exploited and likelihood: lists of vulnerabilities label the stories that are about them, and a story rises once, for good reason.

mod support;

use std::{fs, io::Write, path::Path};

use support::{
    daemon::Home,
    origin::{Origin, Reply},
    text,
};
use watchfire::{
    dedup,
    model::{
        Catalogue, Cve, Decision, Epss, Exploited, Handle, Item, Kev, Link, MergeThresholds, NativeId, RiskLists, SafeHtml, SourceId,
        SourceState, Story, Tag, Text, Timestamp, ZonedTime,
    },
    render,
    store::{Arrival, Marking, PollCommit, Store},
};

fn at(text: &str) -> Timestamp {
    Timestamp::from(chrono::DateTime::parse_from_rfc3339(text).expect("a time"))
}

fn cve(number: u32) -> Cve {
    Cve::parse(&format!("CVE-2026-{number}")).expect("a number")
}

/// What a source says in the words of `words` about some vulnerabilities, first seen at some time.
fn item(source: &str, words: u64, about: &[u32], seen: &str) -> Item {
    let source = SourceId::parse(source).expect("a slug");
    let link = Link::parse(&format!("https://{source}.example/{words}")).expect("a link");
    let tag = |number: &u32| Tag { catalogue: Catalogue::Cve, name: cve(*number).to_string(), is_primary: true };
    Item {
        key: dedup::link_key(&link),
        link: Some(link),
        published: Some(ZonedTime::new(at(seen), 480)),
        tags: about.iter().map(tag).collect(),
        body: SafeHtml::vouched(format!("<p>{}</p>", text(words))),
        ..Item::titled(source, NativeId::new(words.to_string()), Text::line(&format!("通告 {}", text(words)), 100), at(seen))
    }
}

fn poll(store: &Store, items: &[Item], on: &str) {
    let source = items[0].source.clone();
    let arrivals = items.iter().map(|item| Arrival::of(item.clone(), item.body.as_str(), &[])).collect();
    store.commit(PollCommit { source, arrivals, new_max: 500 }, at(on), |_| SourceState::default()).expect("committed");
}

/// The list of what is exploited: number, day, ransomware.
fn kev(entries: &[(u32, &str, bool)]) -> RiskLists {
    let exploited = |day: &str, by_ransomware| Exploited { since: day.parse().expect("a day"), by_ransomware };
    let entries = entries.iter().map(|(number, day, by_ransomware)| (cve(*number), exploited(day, *by_ransomware))).collect();
    RiskLists { kev: Some(Kev::new("2026-11-20".parse().expect("a day"), entries).into()), epss: None }
}

fn epss(scores: &[(u32, u8)]) -> RiskLists {
    let scores = scores.iter().map(|(number, tenths)| (cve(*number), *tenths)).collect::<Vec<_>>();
    RiskLists { kev: None, epss: Some(Epss::new("2026-11-20".parse().expect("a day"), scores.len(), scores).into()) }
}

/// Has all stories marked: how many were, and how many rose.
fn mark(store: &Store, lists: RiskLists, now: &str) -> (usize, usize) {
    store.heed(lists);
    let (mut next, mut all) = (Some(0), (0, 0));
    while let Some(from) = next {
        let Marking { next: behind, marked, risen } = store.mark(from, at(now)).expect("marked");
        (next, all) = (behind, (all.0 + marked, all.1 + risen));
    }
    all
}

fn story(store: &Store, item: &Item) -> Story {
    store.story(store.story_of(item.id).expect("readable").expect("a story")).expect("readable").expect("a story")
}

fn labels(store: &Store, item: &Item) -> String {
    story(store, item).risk.labels().collect::<Vec<_>>().join(" ")
}

fn open(dir: &Path) -> Store {
    Store::open(dir, MergeThresholds::default()).expect("opens").0
}

/// Everything that outputs are made from.
fn shown(store: &Store) -> String {
    let mut lines: Vec<String> = store.stories().map(|story| format!("{:?}", story.expect("readable"))).collect();
    lines.sort();
    lines.extend(store.newest(100).expect("readable").stories.iter().map(render::export_line));
    lines.join("\n")
}

#[test]
fn a_story_rises_once_when_what_it_is_about_becomes_known_to_be_exploited() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let (one, other) = (item("krebs", 1, &[1000, 2000], "2026-11-18T12:00:00Z"), item("krebs", 2, &[3000], "2026-11-18T13:00:00Z"));
    store.heed(epss(&[(1000, 4), (9000, 9)]));
    poll(&store, &[one.clone(), other.clone()], "2026-11-18T14:00:00Z");
    assert_eq!((labels(&store, &one).as_str(), labels(&store, &other).as_str()), ("epss>=0.4", ""), "marked in the commit that brings it");
    let (came, generation) = (story(&store, &one).updated, store.generation());

    let listed = kev(&[(2000, "2026-11-19", false)]);
    assert_eq!(mark(&store, listed.clone(), "2026-11-20T12:00:00Z"), (1, 1));
    let risen = story(&store, &one);
    assert_eq!((labels(&store, &one).as_str(), risen.updated.at(), risen.published), ("kev epss>=0.4", at("2026-11-20T12:00:00Z"), came));
    assert_eq!((risen.risk.noticed, store.generation()), (Some(at("2026-11-20T12:00:00Z")), generation + 1));
    assert_eq!(store.newest(1).expect("readable").stories[0].id, risen.id, "it stands first");
    assert_eq!(mark(&store, listed.clone(), "2026-11-20T13:00:00Z"), (0, 0), "the same lists change nothing");
    assert_eq!(store.generation(), generation + 1);

    for (lists, now, wanted) in [
        (kev(&[(2000, "2026-11-19", true)]), "2026-11-20T14:00:00Z", "kev epss>=0.4"),
        (kev(&[(9000, "2026-11-19", true)]), "2026-11-21T12:00:00Z", "epss>=0.4"),
        (listed, "2026-11-22T12:00:00Z", "kev epss>=0.4"),
        (kev(&[(2000, "2026-11-19", false), (1000, "2026-11-22", false)]), "2026-11-22T13:00:00Z", "kev epss>=0.4"),
        (epss(&[(1000, 9)]), "2026-11-22T14:00:00Z", "kev epss>=0.9"),
    ] {
        assert_eq!(mark(&store, lists, now), (1, 0), "{now}");
        assert_eq!((labels(&store, &one).as_str(), story(&store, &one).updated), (wanted, risen.updated), "{now}");
    }

    let before = shown(&store);
    assert!(store.verify(|_| ()).expect("checked").is_sound());
    drop(store);
    Store::rebuild(folder.path(), |_| ()).expect("rebuilt");
    let store = open(folder.path());
    assert_eq!(shown(&store), before);
    assert_eq!(mark(&store, kev(&[(2000, "2026-11-19", false), (1000, "2026-11-22", false)]), "2026-11-23T12:00:00Z"), (0, 0));
}

#[test]
fn what_was_listed_when_a_story_came_or_long_ago_labels_it_and_moves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let old: Vec<_> = (0..40).map(|n| item("krebs", n, &[1000 + n as u32], "2026-01-05T12:00:00Z")).collect();
    poll(&store, &old, "2026-01-05T13:00:00Z");
    let late = item("krebs", 50, &[1050], "2026-11-18T12:00:00Z");
    let roundup = Item { is_roundup: true, ..item("krebs", 51, &[1000], "2026-11-18T12:00:00Z") };
    let mut sidebar = item("krebs", 52, &[1000], "2026-11-18T12:00:00Z");
    sidebar.tags[0].is_primary = false;
    poll(&store, &[late.clone(), roundup.clone(), sidebar.clone()], "2026-11-18T13:00:00Z");
    let before: Vec<_> = old.iter().chain([&late]).map(|item| story(&store, item).updated).collect();

    let entries: Vec<_> = (1000..1051).map(|number| (number, if number == 1050 { "2026-11-17" } else { "2026-03-05" }, false)).collect();
    assert_eq!(mark(&store, kev(&entries), "2026-11-20T12:00:00Z"), (41, 0), "the first list makes no flood");
    assert_eq!(old.iter().chain([&late]).map(|item| story(&store, item).updated).collect::<Vec<_>>(), before);
    assert_eq!((labels(&store, &late).as_str(), labels(&store, &roundup).as_str(), labels(&store, &sidebar).as_str()), ("kev", "", ""));

    // A copy that is the first to name the vulnerability labels the story at once and moves nothing.
    let first = item("krebs", 60, &[], "2026-11-18T12:00:00Z");
    poll(&store, std::slice::from_ref(&first), "2026-11-18T13:00:00Z");
    store.heed(kev(&[(1060, "2026-11-19", false)]));
    poll(&store, &[item("mirror", 60, &[1060], "2026-11-20T12:00:00Z")], "2026-11-20T13:00:00Z");
    let joined = story(&store, &first);
    assert_eq!((joined.members.len(), labels(&store, &first).as_str(), joined.updated.at()), (2, "kev", at("2026-11-18T12:00:00Z")));
    assert!(store.verify(|_| ()).expect("checked").is_sound());
}

#[test]
fn a_copy_that_comes_between_the_list_and_the_look_does_not_keep_its_story_from_rising() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let one = item("krebs", 1, &[1000], "2026-11-18T12:00:00Z");
    poll(&store, std::slice::from_ref(&one), "2026-11-18T13:00:00Z");
    store.heed(kev(&[(1000, "2026-11-19", false)]));
    poll(&store, &[item("mirror", 1, &[1000], "2026-11-20T12:00:00Z")], "2026-11-20T13:00:00Z");
    assert_eq!(story(&store, &one).updated.at(), at("2026-11-20T13:00:00Z"));
    assert_eq!(mark(&store, kev(&[(1000, "2026-11-19", false)]), "2026-11-21T12:00:00Z"), (0, 0));
}

#[test]
fn who_has_lists_goes_by_them_whatever_an_archive_file_says() {
    let [folder, other, file] = std::array::from_fn(|_| tempfile::tempdir().expect("a folder"));
    let (one, file) = (item("a", 1, &[1000, 2000], "2026-11-18T08:00:00Z"), file.path().join("archive.zst"));
    let store = open(folder.path());
    poll(&store, std::slice::from_ref(&one), "2026-11-18T08:00:00Z");
    mark(&store, epss(&[(1000, 9)]), "2026-11-19T08:00:00Z");
    mark(&store, kev(&[(2000, "2026-11-01", false)]), "2026-11-19T09:00:00Z");
    mark(&store, kev(&[(3000, "2026-11-01", false)]), "2026-11-20T09:00:00Z");
    assert_eq!(labels(&store, &one), "epss>=0.9", "taken back there");
    Store::export_archive(folder.path(), &file, None, |_| ()).expect("exported");
    let other = open(other.path());
    other.heed(kev(&[(2000, "2026-11-01", false)]));
    other.import_archive(&file, |_| ()).expect("imported");
    assert_eq!(labels(&other, &one), "kev epss>=0.9", "our catalogue, and of the scores, which we do not have, what was noted");
    assert!(other.verify(|_| ()).expect("checked").is_sound());
}

#[test]
fn marks_go_with_copies_backups_and_archive_files() {
    let [folder, backup, restored, imported] = std::array::from_fn(|_| tempfile::tempdir().expect("a folder"));
    let store = open(folder.path());
    let items: Vec<_> = (0..4).map(|n| item("krebs", n, &[1000 + n as u32], "2026-11-18T12:00:00Z")).collect();
    poll(&store, &items, "2026-11-18T13:00:00Z");
    let copy = item("mirror", 0, &[1000, 1001], "2026-11-18T14:00:00Z");
    poll(&store, std::slice::from_ref(&copy), "2026-11-18T15:00:00Z");
    let lists = kev(&[(1000, "2026-11-19", false), (1001, "2026-11-19", true), (1002, "2026-11-19", true)]);
    assert_eq!(mark(&store, lists, "2026-11-20T12:00:00Z"), (3, 3));
    let risen = story(&store, &items[0]).updated;
    let decide = |decision: Decision, on: &str| store.decide(&decision, at(on)).expect("carried out").expect("makes sense");
    decide(Decision::Split(Handle::Id(copy.id)), "2026-11-21T12:00:00Z");
    assert_eq!((labels(&store, &items[0]), labels(&store, &copy)), ("kev".to_owned(), "kev".to_owned()));
    assert_eq!(story(&store, &copy).risk.threats().len(), 2);
    assert_eq!(story(&store, &copy).updated.at(), at("2026-11-18T14:00:00Z"), "what was split off does not rise again");
    decide(Decision::Merge(Handle::Id(items[2].id), Handle::Id(items[3].id)), "2026-11-21T13:00:00Z");
    assert_eq!((story(&store, &items[3]).updated, labels(&store, &items[3]).as_str()), (risen, "kev"));
    assert!(store.purge(items[2].id, at("2026-11-21T14:00:00Z")).expect("purged"));
    assert_eq!(labels(&store, &items[3]), "", "nothing is left that is about it");
    assert!(store.verify(|_| ()).expect("checked").is_sound());
    store.flush().expect("written");

    let file = imported.path().join("archive.zst");
    Store::export_archive(folder.path(), &file, None, |_| ()).expect("exported");
    let other = open(&imported.path().join("store"));
    other.import_archive(&file, |_| ()).expect("imported");
    assert!(other.verify(|_| ()).expect("checked").is_sound());
    let risks = |store: &Store| {
        items
            .iter()
            .chain([&copy])
            .filter_map(|item| store.story_of(item.id).expect("readable"))
            .map(|id| store.story(id).expect("readable").map(|story| (story.id, story.risk, story.updated)))
            .collect::<Vec<_>>()
    };
    assert_eq!(risks(&other), risks(&store));

    let begun = Store::begin_backup(folder.path(), &backup.path().join("copy")).expect("begun");
    begun.copy(None, |_| ()).expect("backed up");
    let target = restored.path().join("store");
    Store::restore(&backup.path().join("copy"), &target, |_| ()).expect("restored");
    assert_eq!(shown(&open(&target)), shown(&store));
}

const KEV: &str = "known_exploited_vulnerabilities.json";

fn kev_file(day: &str) -> String {
    format!(
        "{{\"catalogVersion\": \"1\", \"dateReleased\": \"{day}T15:00:00Z\", \"count\": 1, \"vulnerabilities\": [\n\
         {{\"cveID\": \"CVE-2026-31337\", \"dateAdded\": \"{day}\", \"knownRansomwareCampaignUse\": \"Known\"}}]}}\n"
    )
}

fn etag(answer: &support::daemon::Answer) -> Option<String> {
    answer.head.lines().find_map(|line| line.to_lowercase().strip_prefix("etag:").map(|tag| tag.trim().to_owned()))
}

#[test]
fn a_list_that_is_laid_into_the_folder_makes_its_stories_rise_and_a_restart_moves_nothing() {
    let origin = Origin::launch();
    let now = chrono::Utc::now();
    let entry = |n: u32, title: &str| {
        format!(
            "<item><guid isPermaLink=\"false\">{n}</guid><title>{title}</title><link>https://wire.example/{n}</link><pubDate>{}</pubDate></item>",
            (now - chrono::Duration::hours(3)).to_rfc2822()
        )
    };
    let feed = [entry(1, "CVE-2026-31337 in a gateway"), entry(2, "漏洞CVE-2026-31338被披露，影响网关设备的多个版本")].concat();
    let feed = format!(
        "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>Wire</title><link>https://wire.example/</link>{feed}</channel></rss>"
    );
    origin.on("/feed.xml", Reply::ok(feed));
    let address = origin.address();
    let home = Home::new(&format!(
        "[risk]\nfolder = \"lists\"\n[[source]]\nid = \"wire\"\nurl = \"http://{address}/feed.xml\"\nallow_private = [\"{address}\"]\n\
         [[view]]\nid = \"exploited\"\ntags = [\"kev\", \"EPSS >= 0.9\"]\n"
    ));
    fs::create_dir(home.path("lists")).expect("a folder");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    write!(packed, "#model_version:v1,score_date:2026-11-20T00:00:00+0000\ncve,epss,percentile\nCVE-2026-31338,0.93,0.99\n")
        .expect("packed");
    fs::write(home.path("lists/epss_scores-2026-11-20.csv.gz"), packed.finish().expect("packed")).expect("written");
    let daemon = home.start();
    daemon.wait_for("the poll", |daemon| daemon.get("/feed.atom").body.contains("in a gateway"));
    daemon.wait_for("the view", |daemon| daemon.get("/views/exploited.atom").body.contains("CVE-2026-31338"));
    let view = daemon.get("/views/exploited.atom").body;
    assert!(view.contains("term=\"epss&gt;=0.9\"") && !view.contains("in a gateway"), "{view}");

    // Half of it first: it is refused, and what was known stays.
    let day = (now + chrono::Duration::days(1)).format("%Y-%m-%d").to_string();
    let whole = kev_file(&day);
    fs::write(home.path("lists").join(KEV), &whole[..whole.len() - 9]).expect("written");
    daemon.wait_for("the refusal", |daemon| daemon.log().contains("is not the JSON of the KEV catalogue"));
    assert!(daemon.log().contains(&format!("{KEV}:2: ")), "{}", daemon.log());
    let check = home.command(&["check"]);
    assert!(String::from_utf8_lossy(&[check.stdout, check.stderr].concat()).contains(&format!("{KEV}:2: ")));
    let before = daemon.get("/feed.atom").body;
    assert!(!before.contains("term=\"kev\""));

    fs::write(home.path("lists/.next"), &whole).expect("written");
    fs::rename(home.path("lists/.next"), home.path("lists").join(KEV)).expect("laid down");
    daemon.wait_for("the label", |daemon| daemon.get("/feed.atom").body.contains("term=\"kev\""));
    daemon.wait_for("the view", |daemon| daemon.get("/views/exploited.atom").body.contains("in a gateway"));
    daemon.wait_for("the tag", |daemon| daemon.get("/tags/kev.atom").body.contains("in a gateway"));
    let feed = daemon.get("/feed.atom");
    let line = format!("Known to be exploited since {day}, says CISA; used in ransomware campaigns.");
    assert_eq!(feed.body.matches(&line).count(), 1, "{}", feed.body);
    let entry = feed.body.split("<entry>").find(|entry| entry.contains("in a gateway")).expect("an entry");
    let time = |element: &str| entry.split_once(&format!("<{element}>")).and_then(|(_, rest)| rest.split('<').next()).map(at);
    assert!(time("updated") >= Some(Timestamp::from(now)) && time("published") < Some(Timestamp::from(now)), "{entry}");
    for (page, words) in [
        ("/vulnerabilities/CVE-2026-31337", line.as_str()),
        ("/vulnerabilities/CVE-2026-31338", "Likely to be exploited within 30 days: 90 % or more"),
        ("/vulnerabilities/CVE-2026-31337.atom", line.as_str()),
        ("/vulnerabilities", line.as_str()),
        ("/", "known exploited"),
        ("/tags/epss%3E=0.9", "CVE-2026-31338"),
        ("/search.atom?q=tag%3Aepss%3E%3D0.5", "CVE-2026-31338"),
        ("/metrics", "watchfire_risk_list_rows{list=\"kev\"} 1"),
    ] {
        let answer = daemon.get(page);
        assert!(answer.status == 200 && answer.body.contains(words), "{page}: {} {}", answer.status, answer.body);
    }
    let home_page = daemon.get("/").body;
    let story = home_page.split_once("/stories/").map(|(_, rest)| &rest[..32]).expect("the story on top");
    assert!(daemon.get(&format!("/stories/{story}")).body.contains("Moved to the top when that became known here"));
    assert_eq!(daemon.log().matches("of which 1 became known to be exploited").count(), 1, "{}", daemon.log());
    daemon.stop();

    let daemon = home.start();
    let again = daemon.get("/feed.atom");
    assert_eq!((etag(&again), again.body), (etag(&feed), feed.body));
    daemon.stop();
}
