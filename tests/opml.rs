//! Lists of feeds taken over into a configuration and written out again, by the real binary.

mod support;

use std::fs;

use support::{
    daemon::Home,
    origin::{Origin, Reply},
};

fn feed(date: &str) -> String {
    format!(
        "<rss version=\"2.0\"><channel><title>Its own name</title><item><guid>g</guid><title>A story</title><pubDate>{date}</pubDate>\
        <link>https://wire.example/1</link></item></channel></rss>"
    )
}

fn run(home: &Home, arguments: &[&str]) -> (bool, String) {
    let output = home.command(arguments);
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn a_list_is_taken_over_without_what_is_there_or_dead() {
    let origin = Origin::launch();
    for (path, date) in [("/have", "Mon, 06 Jan 2025 10:00:00 GMT"), ("/new", ""), ("/old", "Mon, 06 Jan 2014 10:00:00 GMT")] {
        origin.on(path, Reply::ok(feed(date)));
    }
    origin.on("/page", Reply::ok("<!doctype html><title>No feed</title><body>"));
    origin.on("/shy", Reply::status(403));
    let at = |path: &str| origin.url(path);
    let home = Home::new(&format!("[[source]]\nid = \"have\"\nurl = \"{}\"\nallow_private = [\"{}\"]\n", at("/have"), origin.authority()));
    let before = fs::read_to_string(home.config()).expect("a configuration");
    let outlines: String =
        [at("/have/"), at("/new"), at("/new/"), at("/old"), at("/page"), at("/none"), at("/shy"), "ftp://a.example/".to_owned()]
            .iter()
            .map(|address| format!("<outline text=\"Named &quot;there&quot;\" type=\"rss\" xmlUrl=\"{address}\"/>"))
            .collect();
    let list = format!("<opml version=\"1.0\"><body><outline text=\"安全\">{outlines}</outline></body></opml>");
    fs::write(home.path("My List.opml"), list).expect("a list");
    let path = home.path("My List.opml");
    let path = path.to_str().expect("UTF-8");
    let file = home.path("sources.d/my-list.toml");

    let (is_done, said) = run(&home, &["opml", "import", path, "--allow-private", "--tag", "en", "--dry-run"]);
    assert!(is_done && said.contains("3 would be added to") && !file.exists(), "{said}");

    let (is_done, said) = run(&home, &["opml", "import", path, "--allow-private", "--tag", "en"]);
    assert!(is_done, "{said}");
    for wanted in ["8 feeds in the list", "3 added to", "2 of them with something to know", "blocked: status 403", "of 2014-01-06"] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
    for wanted in [
        "1 known as a source already",
        "1 repeated from further up",
        "2 left out, without a feed",
        "a web page",
        "404",
        "1 left out, unfit as a source",
    ] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
    let written = fs::read_to_string(&file).expect("the sources");
    assert!(written.contains("title = 'Named \"there\"'\ntags = [\"安全\", \"en\"]\n"), "{written}");
    assert!(written.contains("# When it was imported: blocked: status 403.\n[[source]]\n"), "{written}");
    assert_eq!(fs::read_to_string(home.config()).expect("a configuration"), before);
    assert!(run(&home, &["check"]).1.contains("4 sources"));

    let (_, said) = run(&home, &["opml", "import", path, "--allow-private"]);
    assert!(said.contains("0 added to") && said.contains("5 known as a source already"), "a second time changes nothing: {said}");
    assert_eq!(fs::read_to_string(&file).expect("the sources"), written);
}

#[test]
fn private_addresses_of_a_list_are_not_asked_and_what_is_no_list_is_said() {
    let origin = Origin::launch();
    origin.on("/feed", Reply::ok(feed("")));
    let home = Home::new("");
    fs::write(home.path("l.opml"), format!("<opml><body><outline xmlUrl=\"{}\"/></body></opml>", origin.url("/feed"))).expect("a list");
    fs::write(home.path("page.html"), "<html><body>nothing</body></html>").expect("a page");
    let path = |name: &str| home.path(name).to_str().expect("UTF-8").to_owned();
    let (is_done, said) = run(&home, &["opml", "import", &path("l.opml")]);
    assert!(is_done && said.contains("0 added to") && said.contains("address refused"), "{said}");
    assert_eq!(origin.requests("/feed").len(), 0);
    for (list, wanted) in [(path("page.html"), "not a list of feeds"), (path("none.opml"), "No such file")] {
        let (is_done, said) = run(&home, &["opml", "import", &list]);
        assert!(!is_done && said.contains(wanted) && said.contains(&list), "{said}");
    }
    fs::write(home.config(), "include = []\n[daemon]\ndata_dir = \"data\"\n").expect("a configuration");
    let (is_done, said) = run(&home, &["opml", "import", &path("l.opml")]);
    assert!(!is_done && said.contains("the configuration does not read `"), "{said}");
}

#[test]
fn what_is_exported_can_be_imported_and_private_sources_stay_at_home() {
    let sources = "[[source]]\nid = \"a\"\nurl = \"https://a.example/f?x=1&y=2\"\ntitle = \"A & B\"\ntags = [\"zh\"]\n\n\
        [[source]]\nid = \"p\"\nurl = \"https://p.example/${KEY}/feed\"\n";
    let home = Home::new(sources);
    let (is_done, list) = run(&home, &["opml", "export"]);
    assert!(is_done && list.contains("https://a.example/f?x=1&amp;y=2") && !list.contains("p.example"), "{list}");
    let (is_done, said) = run(&home, &["opml", "export", "--private"]);
    assert!(!is_done && said.contains("KEY"), "what is not known is not made up: {said}");
    let other = Home::new("");
    fs::write(other.path("list.opml"), list).expect("a list");
    let path = other.path("list.opml");
    let (is_done, said) = run(&other, &["opml", "import", path.to_str().expect("UTF-8"), "--unchecked"]);
    assert!(is_done && said.contains("1 added to"), "{said}");
    let written = fs::read_to_string(other.path("sources.d/list.toml")).expect("the sources");
    assert!(
        written.ends_with("[[source]]\nid = \"a-example\"\nurl = \"https://a.example/f?x=1&y=2\"\ntitle = \"A & B\"\ntags = [\"zh\"]\n"),
        "{written}"
    );
}
