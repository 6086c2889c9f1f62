//! Care for the store with the real binary: beside a running daemon, and without one.

mod support;

use std::process::Output;

use support::daemon::Home;

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
