//! kill -9, again and again: no item may be lost that a validator vouches for, and none that was served.

mod support;

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use support::daemon::Home;

/// Rounds in a test run; `WATCHFIRE_KILL_ROUNDS=50 cargo test --release --test kill -- --nocapture` for more.
const ROUNDS: u64 = 5;

/// An origin whose every answer holds one item, and never again: the item after the one whose entity tag it is shown. A poller that
/// shows a tag before it has kept the item loses that item for ever.
struct Ratchet {
    address: SocketAddr,
    /// The newest tag that was shown: everything up to it is vouched for.
    vouched: Arc<AtomicU64>,
    requests: Arc<AtomicU64>,
}

impl Ratchet {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let (vouched, requests) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let counters = (vouched.clone(), requests.clone());
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // A daemon that is killed breaks its connection: that is the point.
                let _ = answer(stream, &counters.0, &counters.1);
            }
        });
        Self { address, vouched, requests }
    }
}

fn answer(mut stream: TcpStream, vouched: &AtomicU64, requests: &AtomicU64) -> std::io::Result<()> {
    let mut shown = 0;
    for line in BufReader::new(&stream).lines() {
        let line = line?.to_lowercase();
        if let Some(tag) = line.strip_prefix("if-none-match: ") {
            shown = tag.trim_matches('"').parse().expect("one of our tags");
        }
        if line.is_empty() {
            break;
        }
    }
    vouched.fetch_max(shown, Ordering::SeqCst);
    requests.fetch_add(1, Ordering::SeqCst);
    let next = shown + 1;
    let body = format!(
        "<rss version=\"2.0\"><channel><title>Ratchet</title><item><guid isPermaLink=\"false\">{next}</guid><title>Item number {next}.</title>\
         <link>https://ratchet.example/{next}</link></item></channel></rss>"
    );
    let head = format!("HTTP/1.1 200 OK\r\nETag: \"{next}\"\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all((head + &body).as_bytes())
}

/// Numbers of the items in a text that holds their titles.
fn items_in(text: &str) -> BTreeSet<u64> {
    text.split("Item number ").skip(1).filter_map(|tail| tail.split('.').next()?.parse().ok()).collect()
}

#[test]
fn no_item_is_lost_however_often_the_daemon_is_killed() {
    let rounds = std::env::var("WATCHFIRE_KILL_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(ROUNDS);
    let origin = Ratchet::start();
    let address = origin.address;
    let home = Home::new(&format!(
        "[[source]]\nid = \"ratchet\"\nurl = \"http://{address}/feed.xml\"\nallow_private = [\"{address}\"]\ninterval = \"1s\"\n"
    ));
    let mut served = BTreeSet::new();
    for round in 0..rounds {
        let daemon = home.start();
        let before = origin.requests.load(Ordering::SeqCst);
        let polled = || origin.requests.load(Ordering::SeqCst) > before;
        daemon.wait_for("a poll", |_| polled());
        // Another moment of the life of a poll in each round: parsing, commit, flush, the next reservation.
        let until = Instant::now() + Duration::from_millis(round * 37 % 1100);
        while Instant::now() < until {
            served.extend(items_in(&daemon.get("/feed.atom").body));
        }
        daemon.kill();
    }
    let vouched = origin.vouched.load(Ordering::SeqCst);
    let check = home.command(&["check"]);
    assert!(check.status.success(), "{check:?}");
    let kept = items_in(&String::from_utf8(home.command(&["export"]).stdout).expect("UTF-8"));
    let wanted: BTreeSet<u64> = (1..=vouched).chain(served.iter().copied()).collect();
    let lost: Vec<_> = wanted.difference(&kept).collect();
    println!(
        "{rounds} rounds, {} requests, {vouched} items vouched for, {} served, {} lost",
        origin.requests.load(Ordering::SeqCst),
        served.len(),
        lost.len()
    );
    assert_eq!(lost, [&0; 0], "lost of {vouched}");
}
