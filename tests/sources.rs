//! Sources added to and taken out of a configuration, by the real binary: nothing else in the file may change.

mod support;

use std::fs;

use support::{
    daemon::Home,
    origin::{Origin, Reply},
};

const FEED: &str = "<rss version=\"2.0\"><channel><title>Wire &amp; Co</title><link>https://wire.example/</link>\
    <item><guid>g1</guid><title>A story of the wire</title><link>https://wire.example/1</link></item></channel></rss>";

fn words(output: &std::process::Output) -> (bool, String) {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn the_feed_of_a_page_is_added_and_a_running_daemon_polls_it() {
    let origin = Origin::launch();
    origin.on("/blog/", Reply::ok("<!doctype html><title>Blog</title><link rel=alternate type='application/rss+xml' href='news.xml'>"));
    origin.on("/blog/news.xml", Reply::ok(FEED));
    let home = Home::new("# My sources, with care.\n[[source]]\nid = \"off\" # for now\nurl = \"https://off.example/\"\nenabled = false\n");
    let before = fs::read_to_string(home.config()).expect("a configuration");
    let daemon = home.start();

    let (_, shown) = words(&home.command(&["sources", "add", &origin.url("/blog/"), "--dry-run"]));
    assert!(shown.contains("A story of the wire") && shown.contains("would be added"), "{shown}");
    assert_eq!(fs::read_to_string(home.config()).expect("a configuration"), before);

    let (is_done, said) = words(&home.command(&["sources", "add", &origin.url("/blog/"), "--id", "wire", "--tag", "en"]));
    assert!(is_done, "{said}");
    let after = fs::read_to_string(home.config()).expect("a configuration");
    let table = format!(
        "[[source]]\nid = \"wire\"\nurl = \"{}\"\ntitle = \"Wire & Co\"\ntags = [\"en\"]\nallow_private = [\"{}\"]\n",
        origin.url("/blog/news.xml"),
        origin.authority()
    );
    assert_eq!(after, format!("{}\n\n{table}", before.trim_end()));
    daemon.wait_for("the new source", |daemon| daemon.get("/feed.atom").body.contains("A story of the wire"));

    let (is_done, said) = words(&home.command(&["sources", "remove", "wire"]));
    assert!(is_done && said.contains("its items stay"), "{said}");
    assert_eq!(fs::read_to_string(home.config()).expect("a configuration").trim_end(), before.trim_end());
    daemon.stop();
}

#[test]
fn what_cannot_be_added_is_refused_and_changes_nothing() {
    let origin = Origin::launch();
    for path in ["/feed", "/feed/", "/other"] {
        origin.on(path, Reply::ok(FEED));
    }
    origin.on("/page", Reply::ok("<html><body>No feed here.</body></html>"));
    let home =
        Home::new(&format!("[[source]]\nid = \"one\"\nurl = \"{}\"\nallow_private = [\"{}\"]\n", origin.url("/feed"), origin.authority()));
    let before = fs::read_to_string(home.config()).expect("a configuration");
    for (arguments, wanted) in [
        (vec![origin.url("/feed")], "/feed` is the source `one` already"),
        (vec![origin.url("/feed/")], "/feed/` seems to be the source `one` in another spelling; `--anyway`"),
        (vec![origin.url("/other"), "--id".to_owned(), "one".to_owned()], "`one` is a source already"),
        (vec![origin.url("/other"), "--id".to_owned(), "One!".to_owned()], "`One!` must be"),
        (vec![origin.url("/none")], "404"),
        (vec!["ftp://a.example/".to_owned()], "`ftp://a.example/`"),
    ] {
        let arguments: Vec<&str> = ["sources", "add"].into_iter().chain(arguments.iter().map(String::as_str)).collect();
        let (is_done, said) = words(&home.command(&arguments));
        assert!(!is_done && said.contains(wanted), "{arguments:?}: {said}");
    }
    assert!(["/feed", "/other"].iter().all(|path| origin.requests(path).is_empty()), "nobody was asked for what cannot be");
    let (is_done, said) = words(&home.command(&["sources", "remove", "onne"]));
    assert!(!is_done && said.contains("no source is called `onne`, did you mean `one`?"), "{said}");
    assert_eq!(fs::read_to_string(home.config()).expect("a configuration"), before);

    let (is_done, said) = words(&home.command(&["sources", "add", &origin.url("/page")]));
    assert!(!is_done && said.contains("is the source `one` already"), "found at a usual place, and known: {said}");
    assert_eq!(fs::read_to_string(home.config()).expect("a configuration"), before);
}

#[test]
fn a_source_is_tested_as_it_is_configured_and_nothing_is_kept() {
    let origin = Origin::launch();
    origin.on("/feed", Reply::ok(FEED).header("ETag", "\"1\""));
    origin.on("/old", Reply::status(301).header("Location", "/feed"));
    origin.on("/page", Reply::ok("<!doctype html><title>Maintenance</title>"));
    let source = |id: &str, path: &str| {
        let (url, authority) = (origin.url(path), origin.authority());
        format!("[[source]]\nid = \"{id}\"\nurl = \"{url}\"\nallow_private = [\"{authority}\"]\nheaders = {{ X-Key = \"k\" }}\n")
    };
    let home = Home::new(&[source("good", "/feed"), source("moved", "/old"), source("page", "/page"), source("none", "/none")].concat());
    for (id, is_well, wanted) in [
        ("good", true, &["A story of the wire", "Wire & Co", "can say that nothing changed"][..]),
        ("moved", true, &["has moved for good, to", "/feed: write that"]),
        ("page", false, &["page: a web page, not a feed"]),
        ("none", false, &["none: not found: status 404"]),
        ("goood", false, &["no source is called `goood`, did you mean `good`?"]),
    ] {
        let (is_done, said) = words(&home.command(&["sources", "test", id]));
        assert_eq!(is_done, is_well, "{id}: {said}");
        assert!(wanted.iter().all(|words| said.contains(words)), "{id}: {said}");
    }
    assert!(origin.requests("/feed").iter().any(|request| request.header("x-key") == Some(b"k".as_slice())), "asked as configured");
    let (is_done, said) = words(&home.command(&["sources"]));
    assert!(is_done && said.contains("4 not asked yet"), "before the first start: {said}");
    assert!(!home.path("data").exists(), "a test makes no store");
}

#[test]
fn a_source_that_asked_us_to_wait_is_not_tested() {
    let origin = Origin::launch();
    origin.on("/busy", Reply::status(429).header("Retry-After", "3600"));
    let (url, authority) = (origin.url("/busy"), origin.authority());
    let home = Home::new(&format!("[[source]]\nid = \"busy\"\nurl = \"{url}\"\nallow_private = [\"{authority}\"]\n"));
    let daemon = home.start();
    daemon.wait_for("the poll", |daemon| daemon.log().contains("told to wait"));
    let (is_done, said) = words(&home.command(&["sources", "test", "busy"]));
    assert!(!is_done && said.contains("`busy` asked us to wait until "), "{said}");
    assert_eq!(origin.requests("/busy").len(), 1);
    daemon.stop();
}

#[test]
fn what_is_not_held_back_cannot_be_released() {
    let origin = Origin::launch();
    origin.on("/feed", Reply::ok(FEED));
    let (url, authority) = (origin.url("/feed"), origin.authority());
    let home = Home::new(&format!("[[source]]\nid = \"wire\"\nurl = \"{url}\"\nallow_private = [\"{authority}\"]\n"));
    let daemon = home.start();
    for (id, wanted) in
        [("wire", "nothing of `wire` is held back"), ("nobody", "no source is called `nobody`"), ("wirre", ", did you mean `wire`?")]
    {
        let (is_done, said) = words(&home.command(&["release", id]));
        assert!(!is_done && said.contains(wanted), "{said}");
    }
    daemon.stop();
}

#[test]
fn a_source_under_a_new_name_keeps_its_stories_and_their_ids() {
    let origin = Origin::launch();
    origin.on("/feed", Reply::ok(FEED));
    let (url, authority) = (origin.url("/feed"), origin.authority());
    let table = |id: &str, more: &str| format!("[[source]]\nid = \"{id}\"\nurl = \"{url}\"\nallow_private = [\"{authority}\"]\n{more}\n");
    let home = Home::new(&table("wire", ""));
    let daemon = home.start();
    let told = |daemon: &support::daemon::Daemon, path: &str| daemon.get(path).body.contains("A story of the wire");
    daemon.wait_for("the story", |daemon| told(daemon, "/sources/wire.atom"));
    let id_of = |feed: &str| feed.split("<entry>").nth(1).and_then(|entry| Some(entry.split("<id>").nth(1)?.split('<').next()?.to_owned()));
    let before = id_of(&daemon.get("/sources/wire.atom").body);
    assert!(before.is_some());
    home.configure(&table("the-wire", "title = \"The Wire\"\nformerly = [\"wire\"]"));
    daemon.wait_for("the new name", |daemon| told(daemon, "/sources/the-wire.atom"));
    let feed = daemon.get("/sources/the-wire.atom").body;
    assert_eq!(id_of(&feed), before);
    assert!(feed.contains("<name>The Wire</name>") || feed.contains("<title>The Wire</title>"), "{feed}");
    let (_, listed) = words(&home.command(&["sources"]));
    assert!(listed.contains("the-wire") && !listed.contains("no longer configured"), "{listed}");
    assert_eq!(origin.requests("/feed").len(), 1, "it was asked already");
    home.configure(&(table("the-wire", "formerly = [\"wire\"]") + &table("wire", "").replace("/feed", "/other")));
    let (is_sound, said) = words(&home.command(&["check"]));
    assert!(!is_sound && said.contains("`source.id` is `wire`, which is taken already at"), "{said}");
    home.configure(&(table("wire", "").replace("/feed", "/other") + &table("the-wire", "formerly = [\"wire\"]")));
    let (_, said) = words(&home.command(&["check"]));
    let config = std::fs::read_to_string(home.path("watchfire.toml")).expect("there");
    let line = 1 + config.lines().position(|line| line.starts_with("formerly")).expect("a line");
    assert!(said.contains(&format!(":{line}: `source.formerly` is `wire`, which is taken already at")), "{said}");
    daemon.stop();
}

#[test]
fn a_check_says_who_will_not_be_asked_or_told() {
    let home = Home::new(
        "[[source]]\nid = \"inside\"\nurl = \"http://10.0.0.1/feed\"\n\n[[source]]\nid = \"named\"\nurl = \"http://10.0.0.2:1200/feed\"\n\
         allow_private = [\"10.0.0.2:1200\"]\n\n[[notify]]\nid = \"mail\"\nkind = \"smtp\"\nhost = \"localhost\"\ntls = \"none\"\n\
         from = \"a@example.org\"\nto = [\"b@example.org\"]\nhealth = true\n",
    );
    let (is_sound, said) = words(&home.command(&["check"]));
    assert!(is_sound, "{said}");
    for wanted in [
        "warning: `inside` will not be asked: `10.0.0.1:80` is a private address (`allow_private` can permit it)",
        "warning: `mail` will not be told: the mail server `localhost:25` is this machine (`allow_private` can permit it)",
    ] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
    assert!(!said.contains("`named`"), "{said}");
}
