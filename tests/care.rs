//! Care for the store with the real binary: beside a running daemon, and without one.

mod support;

use std::process::Output;

use support::{
    daemon::Home,
    origin::{Origin, Reply},
};

use watchfire::{
    model::{MergeThresholds, SourceId},
    store::Store,
};

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

#[test]
fn store_is_checked_copied_and_compacted_beside_the_daemon_and_restored_elsewhere() {
    let home = Home::new("");
    let daemon = home.start();
    let stories = |home: &Home| said(&home.command(&["export"]));
    daemon.wait_for("the seeds", |_| stories(&home).lines().count() == 5);
    let before = stories(&home);
    assert!(said(&home.command(&["verify"])).contains("5 items in 5 stories"));
    assert!(said(&home.command(&["compact"])).starts_with("the index was copied without its garbage: "));
    assert!(said(&home.command(&["backup", "copy"])).contains("bytes copied to `copy`"));
    assert!(said(&home.command(&["backup", "copy"])).starts_with("0 bytes copied"));
    assert!(refused(&home.command(&["rebuild"])).contains("stop it first"));
    assert!(refused(&home.command(&["restore", "copy"])).contains("is not empty"));
    assert_eq!(stories(&home), before, "the daemon goes on");
    daemon.kill();

    assert!(said(&home.command(&["rebuild"])).contains("index rebuilt from"));
    assert!(said(&home.command(&["verify"])).contains("5 items in 5 stories"));
    assert!(said(&home.command(&["compact"])).starts_with("the index was copied"));
    assert!(said(&home.command(&["restore", "copy", "--data-dir", "elsewhere"])).contains("bytes copied to `elsewhere`"));
    assert_eq!(said(&home.command(&["export", "--data-dir", "elsewhere"])), before);
    assert!(refused(&home.command(&["verify", "--data-dir", "nowhere"])).contains("no store in `nowhere`"));
}

#[test]
fn no_slip_makes_a_store() {
    let home = Home::new("");
    std::fs::write(home.path("letter.txt"), "dear").expect("written");
    std::fs::create_dir(home.path("full")).expect("made");
    std::fs::write(home.path("full/letter.txt"), "dear").expect("written");
    let verbs = [
        &["verify"][..],
        &["rebuild"],
        &["compact"],
        &["backup", "copy"],
        &["restore", "full"],
        &["archive", "export", "all.zst"],
        &["archive", "import", "letter.txt"],
        &["archive", "import", "gone.zst"],
        &["import", "gone"],
        &["export"],
        &["sources"],
        &["search", "word"],
        &["search", "--rebuild"],
        &["why", "https://a.example/"],
        &["split", "https://a.example/"],
        &["merge", "https://a.example/", "https://b.example/"],
        &["never-merge", "https://a.example/", "https://b.example/"],
        &["release", "krebs"],
        &["once", "--source", "krebs"],
        &["notify", "test", "team"],
        &["health"],
    ];
    for verb in verbs {
        for dir in ["nowhere", "full"] {
            let output = home.command(&[verb, &["--data-dir", dir][..]].concat());
            assert_eq!(output.status.code(), Some(1), "{verb:?}: {output:?}");
            let left = std::fs::read_dir(home.path(dir)).map_or(0, Iterator::count);
            assert_eq!(left, usize::from(dir == "full"), "{verb:?} in `{dir}` makes nothing: {output:?}");
        }
    }
    assert!(!home.path("copy").exists() && !home.path("all.zst").exists());
}

#[test]
fn root_leaves_nothing_in_the_folder_of_a_service() {
    let home = Home::new("");
    home.start().stop();
    let copied = said(&home.command(&["backup", "copy"]));
    assert!(copied.trim_end().ends_with(" now"), "{copied}");
    let [data, empty] = ["data", "empty"].map(|name| home.path(name));
    std::fs::create_dir(&empty).expect("made");
    for dir in [&data, &empty] {
        if std::os::unix::fs::chown(dir, Some(12_345), None).is_err() {
            // Only root can try this.
            return;
        }
    }
    for verb in [&["verify"][..], &["rebuild"], &["import", "watchfire.toml"], &["restore", "copy", "--data-dir", "empty"]] {
        assert!(refused(&home.command(verb)).contains("belongs to user 12345"), "{verb:?}");
    }
    assert_eq!(std::fs::read_dir(&empty).expect("there").count(), 0);
    let copied = said(&home.command(&["backup", "copy"]));
    assert!(copied.contains("asks its sources at once") && copied.contains("belongs to user 12345"), "{copied}");
}

#[test]
fn daemon_with_a_restored_store_asks_nobody_early_and_with_what_it_knew() {
    let origin = Origin::launch();
    let feed = "<rss version=\"2.0\"><channel><title>A</title><item><guid>1</guid><title>One</title></item></channel></rss>";
    origin.on("/feed.xml", Reply::ok(feed).header("etag", "\"1\"").conditional());
    let (url, authority) = (origin.url("/feed.xml"), origin.authority());
    let home = Home::new(&format!("[[source]]\nid = \"a\"\nurl = \"{url}\"\nallow_private = [\"{authority}\"]\ninterval = \"1h\"\n"));
    let daemon = home.start();
    daemon.wait_for("the item", |daemon| daemon.get("/feed.atom").body.contains("One"));
    let copied = said(&home.command(&["backup", "copy"]));
    assert!(copied.trim_end().ends_with(" now") && !daemon.data_dir().join("manners.noted").exists(), "{copied}");
    daemon.kill();
    let open = || Store::open(&home.path("data"), MergeThresholds::default()).expect("opens").0;
    let state = || open().source_state(&SourceId::parse("a").expect("a slug")).expect("read");
    let before = state();
    std::fs::remove_dir_all(home.path("data")).expect("lost");
    let restored = said(&home.command(&["restore", "copy"]));
    assert!(!restored.contains("asked at once"), "{restored}");
    assert_eq!(state(), before);
    let daemon = home.start();
    daemon.wait_for("the item", |daemon| daemon.get("/feed.atom").body.contains("One"));
    assert_eq!(origin.requests("/feed.xml").len(), 1);
    assert!(said(&home.command(&["once", "--source", "a"])).contains("unchanged"));
    let asked = origin.requests("/feed.xml");
    assert_eq!(asked.last().expect("asked").header("if-none-match"), Some(&b"\"1\""[..]));
    daemon.kill();

    // Without a daemon the same, and a store that cannot say it tells so.
    std::fs::remove_file(home.path("data/daemon.json")).expect("removed");
    let store = open();
    let copied = said(&home.command(&["backup", "other"]));
    assert!(copied.contains("asks its sources at once") && copied.contains("is in use by another process"), "{copied}");
    drop(store);
    assert!(said(&home.command(&["backup", "other"])).trim_end().ends_with(" now"));
}

#[test]
fn archive_files_carry_stories_between_homes_without_a_network() {
    let (outside, inside) = (Home::new(""), Home::new(""));
    let stories = |home: &Home| said(&home.command(&["export"]));
    let writer = outside.start();
    writer.wait_for("the seeds", |_| stories(&outside).lines().count() == 5);
    let wanted = stories(&outside);
    let said_then = said(&outside.command(&["archive", "export", "all.zst"]));
    let cursor = said_then.trim_end().rsplit_once("--since ").expect("a cursor").1.trim_end_matches('`').to_owned();
    let file = outside.path("all.zst").display().to_string();
    let feed = writer.get("/feed.atom").body;
    writer.kill();

    // Not the seeds of its own: what it knows comes by file alone.
    let text = std::fs::read_to_string(inside.config()).expect("there").replace("seeds =", "# seeds =");
    std::fs::write(inside.config(), text).expect("written");
    let reader = inside.start();
    assert!(said(&inside.command(&["archive", "import", &file])).starts_with("5 items new; "));
    assert!(said(&inside.command(&["archive", "import", &file])).starts_with("0 items new; 0 commits taken in"));
    assert_eq!(stories(&inside), wanted);
    // The feed's own id is another, and with it those that it makes for sources that have none.
    let entries = |feed: &str| {
        let (_, entries) = feed.split_once("<entry>").expect("entries");
        let without_id = |source: &str| source.split_once("</id>").map_or(source, |(_, rest)| rest).to_owned();
        let mut parts = entries.split("<source>");
        let first = parts.next().unwrap_or_default().to_owned();
        std::iter::once(first).chain(parts.map(without_id)).collect::<Vec<_>>()
    };
    reader.wait_for("the stories", |reader| reader.get("/feed.atom").body.contains("<entry>"));
    assert_eq!(entries(&reader.get("/feed.atom").body), entries(&feed), "the same bytes");
    let gone = refused(&inside.command(&["archive", "import", "gone.zst"]));
    assert!(gone.contains("`gone.zst`"), "{gone}");
    reader.kill();

    assert!(said(&outside.command(&["archive", "export", "next.zst", "--since", &cursor])).contains("commits written to `next.zst`"));
    let foreign = refused(&inside.command(&["archive", "export", "next.zst", "--since", &cursor]));
    assert!(foreign.contains("is one of another store"), "{foreign}");
    assert!(said(&inside.command(&["archive", "import", &outside.path("next.zst").display().to_string()])).starts_with("0 items new"));
}
