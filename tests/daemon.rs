//! The daemon as its operator meets it: the real binary, real sockets, real signals.

mod support;

use std::{fs, os::unix::net::UnixDatagram, time::Duration};

use support::{
    daemon::{Daemon, Home, binary, request},
    origin::{Origin, Reply},
};

/// A small RSS document with these items: (guid, title, link).
fn rss(items: &[(&str, &str, &str)]) -> String {
    let items: String = items
        .iter()
        .map(|(guid, title, link)| {
            format!(
                "<item><guid isPermaLink=\"false\">{guid}</guid><title>{title}</title><link>{}</link>\
                 <pubDate>Fri, 20 Nov 2026 08:00:00 GMT</pubDate><description>About {title}.</description></item>",
                link.replace('&', "&amp;")
            )
        })
        .collect();
    format!(
        "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>Wire</title><link>https://wire.example/</link>{items}</channel></rss>"
    )
}

/// A source table that may reach a scripted origin.
fn source(id: &str, origin: &Origin, path: &str) -> String {
    let address = origin.address();
    format!("[[source]]\nid = \"{id}\"\nurl = \"http://{address}{path}\"\nallow_private = [\"{address}\"]\n")
}

#[test]
fn first_start_imports_the_seeds_and_serves_them_later_ones_do_not_change_a_byte() {
    let home = Home::new("");
    let daemon = home.start();
    let first = daemon.get("/feed.atom");
    assert_eq!(first.status, 200);
    for title in [
        "鼓励企业加强“卡脖子”技术攻关",
        "嘉兴市委书记陈伟调研360嘉兴数字安全公司事件分析",
        "國家網信辦:做好頂層規劃",
        "网安要闻｜2024全国两会",
        "2024网安周",
    ] {
        assert!(first.body.contains(title), "{title} is missing:\n{}", first.body);
    }
    assert_eq!(first.body.matches("<entry>").count(), 5);
    daemon.stop();
    assert!(!home.path("data/daemon.json").exists());

    let daemon = home.start();
    let second = daemon.get("/feed.atom");
    assert_eq!(header(&first.head, "etag"), header(&second.head, "etag"));
    assert_eq!(header(&first.head, "last-modified"), header(&second.head, "last-modified"));
    assert_eq!(first.body, second.body);
    daemon.stop();
}

#[test]
fn a_polled_copy_of_a_seed_joins_the_seeds_story() {
    let origin = Origin::launch();
    let link = "https://mp.weixin.qq.com/s?__biz=MzA4MTg0MDQ4Nw==&mid=2247575372&idx=1&sn=0000&scene=27&key=abc#wechat_redirect";
    origin.on("/wx.xml", Reply::ok(rss(&[("g1", "全国政协调研", link), ("g2", "Another story", "https://wire.example/2")])));
    let home = Home::new(&source("wx", &origin, "/wx.xml"));
    let daemon = home.start();
    daemon.wait_for("the poll", |daemon| daemon.get("/feed.atom").body.contains("Another story"));
    let feed = daemon.get("/feed.atom").body;
    assert_eq!(feed.matches("<entry>").count(), 6, "five seeds and one story more:\n{feed}");
    let export = home.command(&["export"]);
    assert!(export.status.success(), "{}", String::from_utf8_lossy(&export.stderr));
    let lines = String::from_utf8(export.stdout).expect("UTF-8");
    let story = lines.lines().find(|line| line.contains("wx:MzA4MTg0MDQ4Nw:2247575372:1")).expect("the seed's key");
    let story: serde_json::Value = serde_json::from_str(story).expect("JSON");
    assert_eq!(story["members"].as_array().expect("members").len(), 2, "{story}");
    daemon.stop();
}

#[test]
fn sigterm_finishes_the_poll_in_flight_and_exits_0() {
    let origin = Origin::launch();
    origin.on("/slow.xml", Reply::ok(rss(&[("g1", "Slow story", "https://wire.example/slow")])).after(Duration::from_millis(700)));
    let home = Home::new(&source("slow", &origin, "/slow.xml"));
    let mut daemon = home.start();
    daemon.wait_for("the request", |_| !origin.requests("/slow.xml").is_empty());
    daemon.signal("TERM");
    assert_eq!(daemon.wait(), Some(0), "{}", daemon.log());
    let export = home.command(&["export"]);
    assert!(String::from_utf8_lossy(&export.stdout).contains("Slow story"), "{}", daemon.log());
}

#[test]
fn systemd_hears_that_it_is_ready_alive_and_stopping() {
    let home = Home::new("");
    let path = home.path("notify.sock");
    let socket = UnixDatagram::bind(&path).expect("a socket");
    socket.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
    let heard = || {
        let mut bytes = [0; 256];
        let length = socket.recv(&mut bytes).expect("a message");
        String::from_utf8_lossy(&bytes[..length]).trim().to_owned()
    };
    let mut daemon = home.start_with(&[("NOTIFY_SOCKET", path.to_str().expect("UTF-8")), ("WATCHDOG_USEC", "200000")]);
    assert_eq!(heard(), "READY=1");
    for _ in 0..3 {
        assert_eq!(heard(), "WATCHDOG=1");
    }
    daemon.signal("TERM");
    let last = std::iter::from_fn(|| Some(heard())).find(|message| message != "WATCHDOG=1");
    assert_eq!(last.as_deref(), Some("STOPPING=1"));
    assert_eq!(daemon.wait(), Some(0), "{}", daemon.log());
}

#[test]
fn health_is_the_daemons_own_word_or_a_failure() {
    let home = Home::new("");
    let none = home.command(&["health"]);
    assert_eq!((none.status.code(), none.stdout.len()), (Some(1), 0));
    assert!(String::from_utf8_lossy(&none.stderr).contains("no daemon uses the store in `"), "{none:?}");
    let daemon = home.start();
    assert_eq!(String::from_utf8_lossy(&home.command(&["health"]).stdout), "ok\n");
    daemon.wait_for("the search index", |daemon| daemon.get("/readyz").status == 200);
    assert_eq!(String::from_utf8_lossy(&home.command(&["health", "--ready"]).stdout), "ok\n");
    daemon.kill();
    let dead = home.command(&["health"]);
    assert!(dead.status.code() == Some(1) && String::from_utf8_lossy(&dead.stderr).contains("no daemon answers at"), "{dead:?}");
}

#[test]
fn a_restart_asks_nobody_again() {
    let origin = Origin::launch();
    origin.on("/feed.xml", Reply::ok(rss(&[("g1", "Story", "https://wire.example/1")])));
    let home = Home::new(&source("one", &origin, "/feed.xml"));
    for _ in 0..3 {
        let daemon = home.start();
        daemon.wait_for("the story", |daemon| daemon.get("/feed.atom").body.contains("Story"));
        daemon.stop();
    }
    assert_eq!(origin.requests("/feed.xml").len(), 1);
}

#[test]
fn a_killed_daemon_has_lost_nothing_that_it_served() {
    let origin = Origin::launch();
    let home = Home::new(&source("one", &origin, "/feed.xml"));
    origin.on("/feed.xml", Reply::ok(rss(&[("g1", "Kept story", "https://wire.example/1")])));
    let daemon = home.start();
    daemon.wait_for("the story", |daemon| daemon.get("/feed.atom").body.contains("Kept story"));
    let before = daemon.get("/feed.atom").body;
    daemon.kill();
    let daemon = home.start();
    assert_eq!(daemon.get("/feed.atom").body, before);
    daemon.stop();
}

#[test]
fn a_broken_reload_keeps_the_old_configuration_and_a_good_one_replaces_it() {
    let origin = Origin::launch();
    origin.on("/feed.xml", Reply::ok(rss(&[("g1", "Reloaded story", "https://wire.example/1")])));
    let home = Home::new("");
    let daemon = home.start();
    home.configure("[[source]]\nid = \"x\"\nurll = \"https://example.org/\"\n");
    daemon.signal("HUP");
    daemon.wait_for("the refusal", |daemon| daemon.log().contains("did you mean `url`"));
    assert_eq!(daemon.get("/feed.atom").status, 200);
    let refusal = "a changed configuration is refused and the old one stays: watchfire.toml:";
    daemon.wait_for("its words on a page", |daemon| daemon.get("/sources").body.contains(refusal));
    assert!(daemon.get("/metrics").body.contains("watchfire_config_last_reload_successful 0"));
    home.configure(&source("one", &origin, "/feed.xml"));
    daemon.signal("HUP");
    daemon.wait_for("the new source", |daemon| daemon.get("/feed.atom").body.contains("Reloaded story"));
    assert!(!daemon.get("/sources").body.contains(refusal));
    assert!(daemon.get("/metrics").body.contains("watchfire_config_last_reload_successful 1"));
    daemon.stop();
}

#[test]
fn a_changed_file_is_noticed_without_a_signal() {
    let origin = Origin::launch();
    origin.on("/feed.xml", Reply::ok(rss(&[("g1", "Story of the main file", "https://wire.example/1")])));
    origin.on("/more.xml", Reply::ok(rss(&[("g2", "Story of an included file", "https://wire.example/2")])));
    let home = Home::new("");
    let daemon = home.start();
    home.configure("[[source]]\nid = \"x\"\nurll = \"https://example.org/\"\n");
    daemon.wait_for("the refusal", |daemon| daemon.log().contains("did you mean `url`"));
    // As an editor does it: a new file takes the place of the old one.
    home.configure(&source("one", &origin, "/feed.xml"));
    let text = fs::read_to_string(home.config()).expect("a configuration");
    fs::write(home.path("next.toml"), format!("include = [\"sources.d/*.toml\"]\n{text}")).expect("written");
    fs::rename(home.path("next.toml"), home.config()).expect("renamed");
    daemon.wait_for("the new source", |daemon| daemon.get("/feed.atom").body.contains("Story of the main file"));
    fs::create_dir(home.path("sources.d")).expect("a folder");
    fs::write(home.path("sources.d/more.toml"), source("two", &origin, "/more.xml")).expect("written");
    daemon.wait_for("the included source", |daemon| daemon.get("/feed.atom").body.contains("Story of an included file"));
    fs::remove_file(home.config()).expect("removed");
    daemon.wait_for("the missing file", |daemon| daemon.log().contains("cannot be read"));
    assert!(daemon.get("/feed.atom").body.contains("Story of the main file"), "the old configuration stays");
    daemon.stop();
}

#[test]
fn commands_beside_a_running_daemon_go_through_it() {
    let origin = Origin::launch();
    origin.on("/feed.xml", Reply::ok(rss(&[("g1", "Story", "https://wire.example/1")])));
    let home = Home::new(&source("one", &origin, "/feed.xml"));
    let daemon = home.start();
    daemon.wait_for("the story", |daemon| daemon.get("/feed.atom").body.contains("Story"));

    let check = home.command(&["check"]);
    assert!(check.status.success(), "{check:?}");
    assert!(String::from_utf8_lossy(&check.stdout).contains("in use"), "{check:?}");

    let sources = home.command(&["sources"]);
    assert!(String::from_utf8_lossy(&sources.stdout).contains("1 new"), "{sources:?}");

    fs::create_dir(home.path("notes")).expect("a folder");
    fs::write(home.path("notes/a.md"), "---\ntitle: Imported note\nurl: https://notes.example/a\ndate: 2026-11-01\n---\n\nText.\n")
        .expect("a file");
    let import = home.command(&["import", "notes"]);
    assert!(import.status.success(), "{import:?}");
    let found = home.command(&["search", "imported"]);
    assert!(String::from_utf8_lossy(&found.stdout).contains("1 of 1 story"), "at once: {found:?}");
    daemon.wait_for("the note", |daemon| daemon.get("/feed.atom").body.contains("Imported note"));

    let once = home.command(&["once", "--source", "one"]);
    assert!(String::from_utf8_lossy(&once.stdout).contains("same bytes"), "{once:?}");
    let refused = home.command(&["once", "--source", "onee"]);
    assert_eq!(String::from_utf8_lossy(&refused.stderr), "watchfire: no source is called `onee`, did you mean `one`?\n");
    assert_eq!(refused.status.code(), Some(1));
    daemon.stop();
}

#[test]
fn an_operators_word_goes_through_the_daemon_and_outlives_it() {
    let origin = Origin::launch();
    let title = "Attackers exploit a flaw in the example gateway to steal sessions";
    origin.on("/a.xml", Reply::ok(rss(&[("a1", title, "https://a.example/1")])));
    origin.on("/b.xml", Reply::ok(rss(&[("b1", title, "https://b.example/1"), ("b2", "A story of its own", "https://b.example/2")])));
    let home = Home::new(&format!("{}\n{}", source("a", &origin, "/a.xml"), source("b", &origin, "/b.xml")));
    let daemon = home.start();
    let run = |arguments: &[&str]| {
        let output = home.command(arguments);
        (
            output.status.success(),
            String::from_utf8_lossy(if output.status.success() { &output.stdout } else { &output.stderr }).into_owned(),
        )
    };
    let entries = |daemon: &Daemon| daemon.get("/feed.atom").body.matches("<entry>").count();
    daemon.wait_for("one story of two copies, one more, five seeds", |daemon| {
        entries(daemon) == 7 && daemon.get("/feed.atom").body.contains("https://b.example/1")
    });

    let (is_done, why) = run(&["why", "https://b.example/1?utm_source=x"]);
    assert!(is_done && why.contains("same-text") && why.contains("https://b.example/1"), "{why}");
    let story = why.lines().find_map(|line| line.strip_prefix("story  ")).expect("its story").split(' ').next().expect("an id").to_owned();
    let (is_done, refused) = run(&["split", "https://b.example/3"]);
    assert!(!is_done && refused.contains("no item is called `https://b.example/3`"), "{refused}");

    // Whichever was polled first opened the story: keeping apart lets the other one leave.
    let (is_done, words) = run(&["never-merge", "https://a.example/1", "https://b.example/1"]);
    assert!(is_done && words.contains(&story), "{words}");
    daemon.wait_for("two stories", |daemon| entries(daemon) == 8);
    let (is_done, why) = run(&["why", "https://a.example/1"]);
    assert!(is_done && why.contains("an operator ordered them to stay apart"), "{why}");

    let (is_done, words) = run(&["merge", "https://b.example/2", &story]);
    assert!(is_done, "{words}");
    daemon.wait_for("one story less", |daemon| entries(daemon) == 7);
    let ids: Vec<&str> = words.split_whitespace().filter(|word| word.len() == 32).collect();
    let page = daemon.get(&format!("/stories/{}", ids[0]));
    let (gone, survivor) = if page.status == 307 { (ids[0], ids[1]) } else { (ids[1], ids[0]) };
    let page = daemon.get(&format!("/stories/{gone}"));
    assert_eq!((page.status, header(&page.head, "location")), (307, format!("https://watchfire.example/stories/{survivor}").as_str()));
    assert_eq!(daemon.get(&format!("/stories/{survivor}")).status, 200);
    daemon.stop();

    let (is_done, words) = run(&["split", gone]);
    assert!(is_done, "and without a daemon: {words}");
    let daemon = home.start();
    daemon.wait_for("the split", |daemon| entries(daemon) == 8);
    assert_eq!(daemon.get(&format!("/stories/{gone}")).status, 200);
    for path in ["/admin/split", "/admin/never-merge", "/admin/merge"] {
        assert_eq!(request(daemon.address, "POST", path, &[], "[]").status, 401);
    }
    daemon.stop();
}

#[test]
fn a_reader_that_has_gone_is_no_failure() {
    let home = Home::new("");
    home.start().stop();
    for verb in ["sources", "export", "check", "once", "default-config"] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = binary().args([verb, "--config"]).arg(home.config()).stdout(writer).output().expect("the binary runs");
        assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned()), (Some(0), String::new()), "{verb}");
    }
}

#[test]
fn commands_that_read_make_no_store() {
    let home = Home::new("");
    for (verb, code) in [("check", 0), ("sources", 0), ("export", 1)] {
        assert_eq!(home.command(&[verb]).status.code(), Some(code), "{verb}");
        assert!(!home.path("data").exists(), "{verb}");
    }
    fs::create_dir(home.path("data")).expect("a folder");
    for (verb, code) in [("check", 0), ("sources", 0), ("export", 1)] {
        assert_eq!(home.command(&[verb]).status.code(), Some(code), "{verb}");
        assert_eq!(fs::read_dir(home.path("data")).expect("a folder").count(), 0, "{verb}");
    }
}

#[test]
fn an_inspection_has_one_line_for_each_argument() {
    let home = Home::new("");
    fs::write(home.path("page.html"), "<!doctype html><html><body>hello</body></html>").expect("a file");
    fs::write(home.path("feed.xml"), rss(&[("g1", "Story", "https://wire.example/1")])).expect("a file");
    let output = home.command(&["inspect", "--json", "feed.xml", "nowhere.xml", "page.html"]);
    assert_eq!(output.status.code(), Some(1));
    let lines = String::from_utf8(output.stdout).expect("UTF-8");
    let read: Vec<_> = lines
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"))
        .map(|line| (line["file"].as_str().map(str::to_owned), line["ok"].as_bool(), line["error"].is_string()))
        .collect();
    let wanted = [("feed.xml", true), ("nowhere.xml", false), ("page.html", false)];
    assert_eq!(read, wanted.map(|(file, ok)| (Some(file.to_owned()), Some(ok), !ok)));
    assert!(home.command(&["inspect", "--json", "feed.xml", "page.html"]).status.success());
}

#[test]
fn sources_that_are_not_asked_say_why() {
    let origin = Origin::launch();
    origin.on("/feed.xml", Reply::ok(rss(&[("g1", "Story", "https://wire.example/1")])));
    let off = "[[source]]\nid = \"off\"\nurl = \"https://example.org/\"\nenabled = false\n";
    let home = Home::new(&format!("{}{off}", source("one", &origin, "/feed.xml")));
    assert!(home.command(&["once"]).status.success());
    home.configure(off);
    let listed = |arguments: &[&str]| String::from_utf8(home.command(arguments).stdout).expect("UTF-8");
    let short = listed(&["sources"]);
    assert!(!short.contains("one") && short.contains("1 source, 0 fine, 1 not polled; `--all` shows 1 more"), "{short}");
    let table = listed(&["sources", "--all"]);
    let row = |id: &str| table.lines().find(|line| line.trim_start().starts_with(id)).unwrap_or_else(|| panic!("no {id} in {table}"));
    assert!(row("off").ends_with("never      not enabled"), "{table}");
    assert!(row("one").ends_with("never      no longer configured"), "{table}");
}

#[test]
fn orders_need_the_token() {
    let home = Home::new("");
    let daemon = home.start();
    for headers in [&[][..], &[("Authorization", "Bearer wrong")]] {
        assert_eq!(request(daemon.address, "POST", "/admin/reload", headers, "").status, 401);
    }
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(daemon.data_dir().join("daemon.json")).expect("a file").permissions());
    assert_eq!(mode & 0o777, 0o600);
    daemon.stop();
}

#[test]
fn what_cannot_start_says_why_in_one_line() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let home = Home::new("");
    let text = fs::read_to_string(home.config()).expect("a configuration");
    let busy = text.replace("127.0.0.1:0", &taken.local_addr().expect("an address").to_string());
    fs::write(home.config(), busy).expect("a configuration");
    let output = home.command(&["run"]);
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{words}");
    assert!(words.contains("cannot listen on `127.0.0.1:"), "{words}");

    let output = binary().args(["check", "--config", "/nowhere/watchfire.toml"]).output().expect("the binary runs");
    assert_eq!(output.status.code(), Some(2));
    let output = binary().args(["pol"]).output().expect("the binary runs");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn once_polls_what_is_due_and_prints_a_table() {
    let origin = Origin::launch();
    origin.on("/good.xml", Reply::ok(rss(&[("g1", "Story", "https://wire.example/1")])));
    origin.on("/page", Reply::ok("<!doctype html><html><head><title>x</title></head><body>hello</body></html>"));
    let home = Home::new(&format!("{}\n{}", source("good", &origin, "/good.xml"), source("page", &origin, "/page")));
    let once = home.command(&["once"]);
    let table = String::from_utf8(once.stdout).expect("UTF-8");
    assert!(table.contains("1 new") && table.contains("a web page, not a feed"), "{table}");
    let again = home.command(&["once"]);
    assert!(String::from_utf8_lossy(&again.stdout).contains("nothing is due"), "{again:?}");
}

#[test]
fn a_private_address_appears_in_no_output() {
    let origin = Origin::launch();
    let guided = format!(
        "<item><guid isPermaLink=\"false\">http://{}/s3cret.xml#1</guid><title>Guided</title><link>https://wire.example/1</link></item>",
        origin.address()
    );
    let feed = "<rss version=\"2.0\"><channel><title>Wire</title><link>s3cret.xml</link>\
                <item><title>Footnotes</title><description>&lt;a href=\"#1\"&gt;1&lt;/a&gt; &lt;a href=\"?page=2\"&gt;2&lt;/a&gt;</description></item>\
                <item><title>Relative</title><link>?id=1</link></item>"
        .to_owned()
        + &guided
        + "</channel></rss>";
    let page =
        "<!doctype html><html><head><link rel=\"alternate\" type=\"application/rss+xml\" href=\"?key=s3cret\"></head><body>x</body></html>";
    origin.on("/s3cret.xml", Reply::ok(feed));
    origin.on("/page/s3cret", Reply::ok(page));
    origin.on("/page?key=s3cret", Reply::ok(page));
    let private = |id: &str, path: &str| source(id, &origin, path) + "private = true\n";
    let sources = [
        private("feed", "/s3cret.xml"),
        private("page", "/page/s3cret"),
        private("gone", "/s3cret"),
        source("key", &origin, "/page?key=s3cret"),
    ];
    let home = Home::new(&sources.concat());
    let daemon = home.start();
    daemon.wait_for("all polls", |daemon| daemon.log().matches("; next in").count() == 4);
    daemon.wait_for("both stories", |daemon| daemon.get("/feed.atom").body.matches("<entry>").count() == 8);
    let mut outputs = vec![daemon.get("/feed.atom").body, daemon.get("/").body, daemon.get("/about").body, daemon.log()];
    let stories: Vec<String> = outputs[1].split("/stories/").skip(1).map(|tail| tail[..32].to_owned()).collect();
    assert_eq!(stories.len(), 8);
    outputs.extend(stories.iter().map(|id| daemon.get(&format!("/stories/{id}")).body));
    for verb in ["sources", "export", "check"] {
        outputs.push(String::from_utf8(home.command(&[verb]).stdout).expect("UTF-8"));
    }
    for output in outputs {
        assert!(!output.contains("s3cret"), "{output}");
    }
    daemon.stop();
}

/// The value of a header in a lowercase head.
fn header<'a>(head: &'a str, name: &str) -> &'a str {
    let line = head.lines().find(|line| line.starts_with(&format!("{name}:"))).unwrap_or_else(|| panic!("no {name} in {head}"));
    line.split_once(':').map(|(_, value)| value.trim()).expect("a colon")
}

/// What `watchfire search` prints for a query, as long as it succeeds.
fn searched(home: &Home, arguments: &[&str]) -> String {
    let output = home.command(&[&["search"], arguments].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn stories_are_found_by_what_they_say_while_the_daemon_runs_and_afterwards() {
    let origin = Origin::launch();
    origin.on("/feed.xml", Reply::ok(rss(&[("g1", "Heap overflow in libplover", "https://wire.example/1")])));
    let home = Home::new(&(source("one", &origin, "/feed.xml") + "title = \"Plover Watch\"\n"));
    let daemon = home.start();
    daemon.wait_for("the index", |_| {
        let output = home.command(&["search", "libplover"]);
        output.status.success() && String::from_utf8_lossy(&output.stdout).contains("Heap overflow")
    });
    assert!(searched(&home, &["\"heap overflow\"", "source:one"]).contains("1 of 1 story"));
    assert!(searched(&home, &["plover", "watch"]).contains("Heap overflow"), "by the name of its source");
    assert!(searched(&home, &["--best", "网安周"]).contains("2024网安周"), "a seed");
    assert_eq!(searched(&home, &["heap -libplover"]), "no story says so\n");
    assert!(daemon.get("/search?q=libplover").body.contains("Heap overflow"));
    let refused = home.command(&["search", "--rebuild"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("stop it first"), "{refused:?}");
    daemon.kill();

    fs::remove_dir_all(home.path("data/search")).expect("removed");
    assert!(searched(&home, &["libplover"]).contains("1 of 1 story"), "a killed daemon's store, and no index");
    assert_eq!(searched(&home, &["--rebuild"]), "the search index knows 6 stories\n");
}

/// The operator's thresholds decide, not the built-in ones.
#[test]
fn thresholds_of_the_configuration_reach_the_rule() {
    let text = "The loader decrypts its payload with a key that it derives from the volume serial number, injects it into a suspended \
        process, and asks three hard-coded addresses for orders every ninety seconds until one of them answers with a signed task.";
    let document = |day: &str, title: &str| {
        format!(
            "<rss version=\"2.0\"><channel><title>Wire</title><item><guid>1</guid><title>{title}</title><pubDate>{day} Nov 2026 08:00:00 \
             GMT</pubDate><description>{text}</description></item></channel></rss>"
        )
    };
    for (merge, stories) in [("", 1), ("[merge]\nwindow = \"10d\"", 2)] {
        let origin = Origin::launch();
        origin.on("/a.xml", Reply::ok(document("01", "A loader that waits")));
        origin.on("/b.xml", Reply::ok(document("20", "A loader that waits, again")));
        let home = Home::new(&format!("{}{}{merge}", source("a", &origin, "/a.xml"), source("b", &origin, "/b.xml")));
        let daemon = home.start();
        daemon.wait_for("both polls", |daemon| {
            let sources = home.command(&["sources"]);
            daemon.get("/healthz").status == 200 && String::from_utf8_lossy(&sources.stdout).contains("2 fine")
        });
        let export = home.command(&["export"]);
        let lines = String::from_utf8(export.stdout).expect("UTF-8");
        assert_eq!(lines.lines().filter(|line| line.contains("A loader that waits")).count(), stories, "{merge}\n{lines}");
        daemon.stop();
    }
}

/// A slip of the path is said at once, by the path's name, and makes nothing.
#[test]
fn a_path_to_the_wrong_kind_of_thing_is_named_with_its_rule() {
    let home = Home::new("");
    let (file, folder) = (home.path("file"), home.path("folder"));
    fs::write(&file, "[1]").expect("written");
    fs::create_dir(&folder).expect("made");
    let (file, folder) = (file.to_str().expect("UTF-8"), folder.to_str().expect("UTF-8"));
    let for_store = "is a file, `--data-dir` must be the folder of the store";
    let mut cases: Vec<(Vec<&str>, &str)> = ["run", "once", "check", "sources", "export", "verify", "rebuild", "compact", "health"]
        .map(|verb| (vec![verb, "--data-dir", file], for_store))
        .into();
    cases.extend([
        (vec!["backup", folder, "--data-dir", file], for_store),
        (vec!["restore", folder, "--data-dir", file], for_store),
        (vec!["restore", file], "is a file, must be the folder of a backup"),
        (vec!["restore", "nowhere"], "`nowhere` is not there, must be the folder of a backup"),
        (vec!["restore", folder], "holds no backup that was finished"),
        (vec!["archive", "import", folder], "is a folder, must be a file"),
        (vec!["manual", file], "is a file, must be a folder"),
        (vec!["import", "nowhere"], "`nowhere`: No such file"),
        (vec!["inspect", folder], "Is a directory"),
        (vec!["opml", "import", folder], "Is a directory"),
    ]);
    for (arguments, wanted) in cases {
        let refused = home.command(&arguments);
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(!refused.status.success() && said.contains(wanted), "{arguments:?}: {said}");
    }
    assert!(!home.path("data").exists(), "a slip makes no store");
}
