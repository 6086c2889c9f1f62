//! WebSub: hubs hear of changes, once each, and of nothing else; those who subscribe find the hub.

mod support;

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    sync::mpsc,
    thread,
    time::Duration,
};

use support::daemon::{Daemon, Home};
use watchfire::{model::MergeThresholds, store::Store};

/// A hub that accepts everything: its address, and the bodies of what it was sent.
fn hub() -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}/hub", listener.local_addr().expect("an address"));
    let (heard, bodies) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.expect("a connection"));
            let (mut line, mut bytes) = (String::new(), 0);
            while stream.read_line(&mut line).is_ok() && line.trim_end() != "" {
                let length = line.to_ascii_lowercase().strip_prefix("content-length:").map(|length| length.trim().parse());
                bytes = length.map_or(bytes, |length| length.expect("a number"));
                line.clear();
            }
            let mut body = vec![0; bytes];
            stream.read_exact(&mut body).expect("a body");
            let _ = stream.get_mut().write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
            let _ = heard.send(String::from_utf8(body).expect("a form"));
        }
    });
    (address, bodies)
}

fn heard(bodies: &mpsc::Receiver<String>) -> String {
    bodies.recv_timeout(Duration::from_secs(60)).expect("a message")
}

/// What the feed calls itself and its hub, in its head and in its `Link` field.
fn assert_names_hub(daemon: &Daemon, hub: &str, path: &str) {
    let answer = daemon.get(path);
    let own = format!("https://watchfire.example{path}");
    assert!(answer.head.contains(&format!("link: <{hub}>; rel=\"hub\", <{own}>; rel=\"self\"")), "{}", answer.head);
    assert!(answer.body.contains(&format!("<link href=\"{hub}\" rel=\"hub\"/>")), "{}", &answer.body[..2000]);
}

#[test]
fn hubs_hear_of_changes_once_and_of_nothing_else() {
    let (hub, bodies) = hub();
    let home = Home::new(
        "[[view]]\nid = \"kept\"\ntitle = \"Kept\"\nwords = [\"安全\"]\n\n[[view]]\nid = \"closed\"\ntitle = \"C\"\nwords = [\"a\"]\ntoken_env = \"T\"",
    );
    let text = fs::read_to_string(home.config()).expect("a configuration");
    fs::write(home.config(), text.replace("[http]\n", &format!("[http]\nhubs = [\"{hub}\"]\n"))).expect("written");
    let variables = [("T", "a-token-of-some-length")];
    let daemon = home.start_with(&variables);
    let first = heard(&bodies);
    assert!(first.starts_with("hub.mode=publish&hub.url=https%3A%2F%2Fwatchfire.example%2Ffeed.atom"), "{first}");
    daemon.wait_for("the view", |daemon| daemon.get("/views/kept.atom").status == 200);
    for path in ["/feed.atom", "/views/kept.atom"] {
        assert_names_hub(&daemon, &hub, path);
    }
    for path in ["/feed.rss", "/feed.json", "/tags/CVE-2024-3094.atom", "/views/closed.atom?token=a-token-of-some-length"] {
        assert!(!daemon.get(path).head.contains("rel=\"hub\""), "{path}");
    }
    daemon.stop();

    let announced = || Store::open(&home.path("data"), MergeThresholds::default()).expect("opens").0.announced().expect("read");
    let known = announced();
    let feeds: Vec<&str> = known[&hub].keys().map(String::as_str).collect();
    assert!(feeds.iter().any(|feed| feed.ends_with("feed.atom")) && !feeds.iter().any(|feed| feed.contains("closed")), "{feeds:?}");
    // A restored store tells nobody twice.
    assert!(home.command(&["backup", "copy"]).status.success());
    fs::remove_dir_all(home.path("data")).expect("lost");
    assert!(home.command(&["restore", "copy"]).status.success());
    assert_eq!(announced(), known);
    let daemon = home.start_with(&variables);
    fs::write(home.path("new.md"), "# One more advisory\n\nA text that nobody has told before, of some length at least.\n")
        .expect("written");
    assert!(home.command(&["import", home.path("new.md").to_str().expect("UTF-8")]).status.success());
    // The index may have had the view ready only now: it is told then, if the hub never heard of it.
    let second = heard(&bodies);
    assert!(second.contains("feed.atom") || second.contains("kept.atom"), "{second}");
    assert!(!second.contains("closed"), "{second}");
    daemon.stop();
}
