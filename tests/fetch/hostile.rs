//! Hostile servers over the whole path: sockets, client, loop, reader, store. Each outcome names what happened, nobody else waits for
//! them, and memory stays small.

use std::time::Instant;

use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use watchfire::{
    clock::Clock,
    model::{Cadence, ItemLimits, MergeThresholds, ScheduleLimits, Source, SourceId},
    poll::{self, Mode, PollOrder, Poller, Roster},
    store::Store,
};

use super::{bodies::peak_kib, *};

const BODY_BYTES_MAX: u64 = 2 << 20;

const NEWS: &str = "<rss version=\"2.0\"><channel><title>News</title><item><title>One</title><link>https://n.example/1</link></item>\
                    </channel></rss>";

/// What a server does, and the words that the outcome must hold.
fn cruelties() -> Vec<(&'static str, Reply, &'static str)> {
    let head_bytes = Reply::ok(NEWS).head_bytes();
    let page = "<!doctype html><html><head><title>x</title></head><body>x</body></html>";
    let items = "<item><title>x</title>".repeat(60_000);
    vec![
        ("endless", Reply::ok(vec![b'x'; 50_000]).endless(), "body over 2097152 bytes"),
        ("gzip-bomb", Reply::gzip(vec![0; 64 << 20]), "body over 2097152 bytes"),
        ("huge-length", Reply::ok(NEWS).announcing(1 << 40), "body over 2097152 bytes"),
        (
            "many-headers",
            (0..101).fold(Reply::ok(NEWS), |reply, n| reply.header(&format!("x-{n}"), "1")),
            "the head of the answer is too large",
        ),
        ("wide-header", Reply::ok(NEWS).header("x", vec![b'x'; 8 << 20]), "the head of the answer is too large"),
        ("head-drip", Reply::ok(NEWS).drip(1, Duration::from_millis(200)), "timeout: first byte took over 2s"),
        ("body-drip", Reply::ok(vec![b'x'; 10]).endless().drip(500, Duration::from_millis(100)), "timeout: body took over 2s"),
        ("silence", Reply::ok(NEWS).cut(head_bytes + 9, Cut::Hang), "timeout: body took over 1s"),
        ("no-answer", Reply::ok(NEWS).cut(0, Cut::Hang), "timeout: first byte took over 2s"),
        ("loop", Reply::redirect(302, "/loop"), "bad redirect: a loop at"),
        ("too-long", Reply::ok(NEWS).announcing(NEWS.len() + 5).cut(1 << 20, Cut::Close), "ends before its announced length"),
        ("too-short", Reply::ok(NEWS).announcing(20), "0 new, 2 problems"),
        ("closed-head", Reply::ok(NEWS).cut(7, Cut::Close), "no connection: closed before the answer"),
        ("reset-body", Reply::ok(vec![b'x'; 200_000]).cut(100_000, Cut::Reset), "broken body"),
        ("no-http", Reply::raw("SSH-2.0-OpenSSH_9.6\r\n\r\n"), "the answer is not HTTP"),
        ("not-asked", Reply::status(304), "status 304"),
        ("page", Reply::ok(page), "a web page, not a feed"),
        ("tags", Reply::ok("<a>".repeat(600_000)), "not a feed"),
        ("unclosed", Reply::ok(format!("<rss version=\"2.0\"><channel>{items}")), "new"),
    ]
}

/// Every cruelty on a host of its own, and as many healthy sources.
fn sources(origin: &Origin, secure: &Origin) -> Vec<Source> {
    let port = origin.address().port();
    let source = |id: &str, url: String| {
        let url = link(&url);
        let allowed = [url.authority(), format!("127.0.0.1:{port}"), secure.authority()];
        let allow_private = allowed.iter().map(|authority| PrivateHost::parse(authority).expect("host:port")).collect();
        Source { allow_private, ..Source::new(SourceId::parse(id).expect("a slug"), url, Cadence::Every(Duration::from_secs(1))) }
    };
    let mut sources = vec![source("downgrade", secure.url("/downgrade"))];
    secure.on("/downgrade", Reply::redirect(301, &origin.url("/healthy")));
    origin.on("/healthy", Reply::ok(NEWS));
    for (number, (id, reply, _)) in cruelties().into_iter().enumerate() {
        origin.on(&format!("/{id}"), reply);
        sources.push(source(id, format!("http://127.92.1.{number}:{port}/{id}")));
        origin.on(&format!("/healthy-{number}"), Reply::ok(NEWS));
        sources.push(source(&format!("healthy-{number}"), format!("http://127.92.2.{number}:{port}/healthy-{number}")));
    }
    sources
}

#[tokio::test]
#[ignore = "run alone, by `hostile_servers_are_named_and_cost_nobody_else_anything`"]
async fn hostile_servers() {
    let (origin, secure) = (Origin::launch_on_all(), Origin::launch_tls());
    let sources = sources(&origin, &secure);
    let limits = FetchLimits {
        idle: Duration::from_secs(1),
        hop: Duration::from_secs(2),
        poll: Duration::from_secs(5),
        body_bytes_max: BODY_BYTES_MAX,
        ..FetchLimits::default()
    };
    let merge = MergeThresholds::default();
    let sources: Vec<_> = sources.into_iter().map(Arc::new).collect();
    let roster = Roster::new(&sources, ScheduleLimits::default(), limits, ItemLimits::default(), merge);
    let dir = tempfile::tempdir().expect("a folder");
    let store = Store::open(dir.path(), merge).expect("a store").0;
    let (_roster, roster) = watch::channel(Arc::new(roster));
    let (orders, orders_out) = mpsc::channel(1);
    let shutdown = CancellationToken::new();
    let poller = Arc::new(Poller::new(store.clone(), client(), Clock::System));
    let (began, before) = (Instant::now(), peak_kib());
    let running = tokio::spawn(poll::run(poller, roster, orders_out, Mode::OnDemand, shutdown.clone()));
    let (reply, answer) = oneshot::channel();
    orders.send(PollOrder { source: None, is_release: false, reply }).await.expect("the loop listens");
    let reports = answer.await.expect("an answer").expect("reports");
    shutdown.cancel();
    running.await.expect("the loop ends");

    let told: HashMap<String, String> = reports.iter().map(|report| (report.source.to_string(), report.outcome.to_string())).collect();
    for (number, (id, _, wanted)) in cruelties().into_iter().enumerate() {
        assert!(told[id].contains(wanted), "{id}: {}", told[id]);
        assert!(store.source_state(&SourceId::parse(id).expect("a slug")).expect("a state").next_due.is_some(), "{id} is asked again");
        let healthy = &told[&format!("healthy-{number}")];
        assert!(healthy.ends_with("new") || healthy.ends_with("joined"), "{healthy}");
        let asked = origin.requests(&format!("/healthy-{number}"));
        assert!(asked.len() == 1 && asked[0].at.duration_since(began) < Duration::from_secs(1), "healthy-{number} kept its time");
    }
    assert!(told["downgrade"].contains("bad redirect: from https to http"), "{}", told["downgrade"]);
    let grown = peak_kib() - before;
    println!("{} polls, {:.1} s, {grown} KiB", reports.len(), began.elapsed().as_secs_f64());
    assert!(grown < 128 << 10, "grew by {grown} KiB");
}

#[test]
fn hostile_servers_are_named_and_cost_nobody_else_anything() {
    run_alone("hostile::hostile_servers", &[]);
}
