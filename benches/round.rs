//! Whole rounds of polls against an origin of our own making: feeds a second and CPU a poll, for new documents and for 304, beside bare
//! conditional requests by the same HTTP client.
//!
//! `cargo bench --bench round -- [FEEDS [LATENCY_MS]]`; 500 feeds at 100 ms by default. The origin runs in a process of its own, so
//! that the CPU reported is the daemon's. Every feed has a host of its own in 127.0.0.0/8.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc, oneshot, watch},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;
use watchfire::{
    clock::Clock,
    fetch::{Client, ClientSettings},
    model::{Cadence, FetchLimits, ItemLimits, Link, MergeThresholds, Outcome, PrivateHost, ScheduleLimits, Source, SourceId},
    poll::{self, Mode, PollOrder, Poller, Report, Roster},
    store::Store,
};

const ITEMS: usize = 30;
const ITEM_BYTES: usize = 2000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    if arguments.first().is_some_and(|argument| argument == "origin") {
        let latency = Duration::from_millis(arguments[1].parse().expect("milliseconds"));
        return runtime().block_on(serve(latency));
    }
    let number = |at: usize, default: u64| arguments.get(at).map_or(default, |text| text.parse().expect("a number"));
    let (feeds, latency) = (number(0, 500), number(1, 100));
    let (mut origin, port) = start_origin(latency);
    let feeds = usize::try_from(feeds).expect("a count");
    runtime().block_on(measure(feeds, port));
    runtime().block_on(measure_bare(feeds, port));
    let _ = origin.kill();
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime")
}

async fn measure(feeds: usize, port: u16) {
    let dir = tempfile::tempdir().expect("a folder");
    let store = Store::open(dir.path(), MergeThresholds::default()).expect("a store").0;
    let sources: Vec<_> = (0..feeds).map(|n| Arc::new(source(n, port))).collect();
    let roster =
        Roster::new(&sources, ScheduleLimits::default(), FetchLimits::default(), ItemLimits::default(), MergeThresholds::default());
    let client = Client::new(&ClientSettings::default()).expect("a client");
    let poller = Arc::new(Poller::new(store.clone(), client, Clock::System));
    let (orders, orders_out) = mpsc::channel(1);
    let (_roster, roster) = watch::channel(Arc::new(roster));
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(poll::run(poller, roster, orders_out, Mode::OnDemand, shutdown.clone()));
    println!("{feeds} feeds of {ITEMS} items, {} bytes each", document(0).len());
    for name in ["new documents", "unchanged (304)", "unchanged (304)"] {
        let (started, cpu) = (Instant::now(), cpu_secs());
        let (reply, answer) = oneshot::channel();
        orders.send(PollOrder { source: None, is_release: false, reply }).await.expect("the loop listens");
        let reports: Vec<Report> = answer.await.expect("an answer").expect("reports");
        let (took, cpu) = (started.elapsed().as_secs_f64(), cpu_secs() - cpu);
        let failed = reports.iter().filter(|report| matches!(report.outcome, Outcome::Failed(_))).count();
        let polls = reports.len() as f64;
        println!(
            "{name:16} {:6} polls, {failed} failed, {took:6.2} s, {:7.0} polls/s, {:7.0} us CPU a poll, {:5.1} MB resident",
            reports.len(),
            polls / took,
            cpu * 1e6 / polls,
            resident_bytes() / 1e6
        );
        // The shortest interval there is: the next round is due then.
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    shutdown.cancel();
    running.await.expect("the loop ends");
    store.flush().expect("a flush");
    let counts = store.counts().expect("counts");
    println!("{} items in {} stories", counts.items, counts.stories);
}

/// The same 304s by the HTTP client alone, with the settings that polls use: what is below us.
async fn measure_bare(feeds: usize, port: u16) {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let client = reqwest::Client::builder()
        .user_agent("bare")
        .tls_backend_preconfigured(tls)
        .connect_timeout(Duration::from_secs(10))
        .timeout(Duration::from_secs(20))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .pool_max_idle_per_host(0)
        .build()
        .expect("a client");
    let room = Arc::new(Semaphore::new(ScheduleLimits::default().concurrency));
    for _ in 0..2 {
        let (started, cpu) = (Instant::now(), cpu_secs());
        let mut requests = JoinSet::new();
        for n in 0..feeds {
            let permit = room.clone().acquire_owned().await.expect("never closed");
            let request = client.get(format!("http://{}/{n}.xml", authority(n, port))).header("if-none-match", "\"one\"");
            requests.spawn(async move {
                let answer = request.send().await.expect("an answer");
                drop(permit);
                assert_eq!(answer.status().as_u16(), 304);
            });
        }
        while let Some(ended) = requests.join_next().await {
            ended.expect("a 304");
        }
        let (took, cpu) = (started.elapsed().as_secs_f64(), cpu_secs() - cpu);
        let requests = feeds as f64;
        println!("{:16} {feeds:6} requests, {took:6.2} s, {:.0} us CPU a request", "bare 304", cpu * 1e6 / requests);
    }
}

/// Every feed has a host of its own.
fn authority(n: usize, port: u16) -> String {
    format!("127.{}.{}.{}:{port}", 1 + n / 62_500, n / 250 % 250, 1 + n % 250)
}

fn source(n: usize, port: u16) -> Source {
    let authority = authority(n, port);
    let (id, url) = (format!("feed-{n}"), format!("http://{authority}/{n}.xml"));
    let cadence = Cadence::Every(Duration::from_secs(1));
    Source {
        allow_private: vec![PrivateHost::parse(&authority).expect("an authority")],
        ..Source::new(SourceId::parse(&id).expect("a slug"), Link::parse(&url).expect("a link"), cadence)
    }
}

/// A feed whose texts share nothing with those of other feeds.
fn document(n: usize) -> String {
    let mut state = (n as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut word = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        format!("{:x}", state >> 44)
    };
    let mut items = String::new();
    for item in 0..ITEMS {
        let mut text = String::new();
        while text.len() < ITEM_BYTES {
            text += &word();
            text.push(' ');
        }
        let title = [word(), word(), word(), word()].join(" ");
        items += &format!(
            "<item><title>{title}</title><link>https://news{n}.example/{item}</link><guid>https://news{n}.example/{item}</guid>\
             <pubDate>Fri, 20 Nov 2026 08:{:02}:00 GMT</pubDate><description>&lt;p&gt;{text}&lt;/p&gt;</description></item>",
            item % 60
        );
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><rss version=\"2.0\"><channel><title>Feed {n}</title><link>https://news{n}.example/</link>{items}</channel></rss>"
    )
}

fn start_origin(latency_ms: u64) -> (Child, u16) {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    let mut child = command.args(["origin", &latency_ms.to_string()]).stdout(Stdio::piped()).spawn().expect("the origin starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a port");
    (child, line.trim().parse().expect("a port"))
}

async fn serve(latency: Duration) {
    let listener = TcpListener::bind("0.0.0.0:0").await.expect("a port");
    println!("{}", listener.local_addr().expect("an address").port());
    std::io::stdout().flush().expect("a pipe");
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        tokio::spawn(answer(stream, latency));
    }
}

async fn answer(mut stream: TcpStream, latency: Duration) {
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(count) = stream.read(&mut buffer).await
        && count > 0
    {
        head.extend_from_slice(&buffer[..count]);
        if !head.ends_with(b"\r\n\r\n") {
            continue;
        }
        let text = String::from_utf8_lossy(&head).to_lowercase();
        let n = text.split(['/', '.']).nth(1).and_then(|n| n.parse().ok()).unwrap_or(0);
        tokio::time::sleep(latency).await;
        let answer = if text.contains("if-none-match") {
            "HTTP/1.1 304 Not Modified\r\nETag: \"one\"\r\n\r\n".to_owned()
        } else {
            let body = document(n);
            format!("HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nETag: \"one\"\r\nContent-Length: {}\r\n\r\n{body}", body.len())
        };
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
        head.clear();
    }
}

/// User and system time of this process so far.
fn cpu_secs() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

fn resident_bytes() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split_whitespace().nth(1).and_then(|pages| pages.parse::<f64>().ok()).unwrap_or(0.0) * 4096.0
}
