//! The writing half under a simulated clock: a scripted fetcher, a real store, days in milliseconds.

mod backlog;
mod hijack;
mod requests;

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use watchfire::{
    clock::Clock,
    fetch::{Fetch, Request, Response},
    model::{
        Cadence, CommandError, Failure, FetchLimits, HeaderPair, ItemLimits, Link, MergeThresholds, Outcome, PrivateHost, ScheduleLimits,
        Source, SourceId, SourceState, Timestamp, Trouble, Validators,
    },
    poll::{self, Mode, PollOrder, Poller, Report, Roster},
    store::Store,
};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

/// 2026-11-22T00:00:00Z.
fn birth() -> Timestamp {
    Timestamp::from_secs(1_795_305_600)
}

fn link(text: &str) -> Link {
    Link::parse(text).expect("a link")
}

fn id(text: &str) -> SourceId {
    SourceId::parse(text).expect("a slug")
}

/// A public source polled every hour.
fn source(name: &str, url: &str) -> Source {
    Source::new(id(name), link(url), Cadence::Every(HOUR))
}

/// An RSS document with one item a name.
fn rss(names: &[&str]) -> Vec<u8> {
    let items: String = names
        .iter()
        .map(|name| {
            format!(
                "<item><guid isPermaLink=\"false\">{name}</guid><title>Story {name}</title><link>https://news.example/{name}</link></item>"
            )
        })
        .collect();
    format!("<rss version=\"2.0\"><channel><title>News</title>{items}</channel></rss>").into_bytes()
}

/// An answer with a body.
fn full(url: &str, body: Vec<u8>) -> Response {
    Response {
        not_modified: false,
        is_delta: false,
        body: body.into(),
        final_url: link(url),
        permanent_url: None,
        validators: Validators::default(),
        content_type: None,
        content_location: None,
        max_age: None,
        hubs: Vec::new(),
        certificate: None,
        self_link: None,
    }
}

/// A 304.
fn unchanged(url: &str) -> Response {
    Response { not_modified: true, ..full(url, Vec::new()) }
}

/// What a script says to one request.
type Answer = Box<dyn Fn(&Request, usize) -> Result<Response, Failure> + Send + Sync>;

/// Delay and answer by URL.
type Answers = HashMap<String, (Duration, Arc<Answer>)>;

/// Answers from a script by URL and remembers who asked when.
#[derive(Clone, Default)]
struct Script {
    answers: Arc<Mutex<Answers>>,
    log: Arc<Mutex<Vec<(Timestamp, String, Validators)>>>,
}

impl Script {
    /// `answer` gets the request and how often this URL was asked before; it comes after `delay`.
    fn on(&self, url: &str, delay: Duration, answer: impl Fn(&Request, usize) -> Result<Response, Failure> + Send + Sync + 'static) {
        let answer: Answer = Box::new(answer);
        self.answers.lock().expect("answers").insert(url.to_owned(), (delay, Arc::new(answer)));
    }

    /// When and with which validators a URL was asked.
    fn asked(&self, url: &str) -> Vec<(Timestamp, Validators)> {
        let log = self.log.lock().expect("log");
        log.iter().filter(|(_, asked, _)| asked == url).map(|(at, _, validators)| (*at, validators.clone())).collect()
    }

    /// Every URL that was ever asked, once.
    fn urls(&self) -> BTreeSet<String> {
        self.log.lock().expect("log").iter().map(|(_, url, _)| url.clone()).collect()
    }

    /// Hours between the polls of a URL.
    fn gaps_in_hours(&self, url: &str) -> Vec<f64> {
        self.asked(url).windows(2).map(|pair| pair[1].0.since(pair[0].0).as_secs_f64() / 3600.0).collect()
    }
}

impl Fetch for Script {
    async fn fetch(&self, request: Request) -> Result<Response, Failure> {
        let url = request.url.to_string();
        let before = self.asked(&url).len();
        self.log.lock().expect("log").push((request.now, url.clone(), request.validators.clone()));
        let (delay, answer) = self.answers.lock().expect("answers").get(&url).cloned().unwrap_or_else(|| panic!("no script for {url}"));
        tokio::time::sleep(delay).await;
        answer(&request, before)
    }
}

/// A store, a script and a roster, run for some simulated time.
struct Rig {
    dir: tempfile::TempDir,
    script: Script,
    clock: Clock,
    sources: Vec<Arc<Source>>,
    robots: bool,
    items: ItemLimits,
}

impl Rig {
    fn new(sources: Vec<Source>) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        Self {
            dir,
            script: Script::default(),
            clock: Clock::simulated(birth()),
            sources: sources.into_iter().map(Arc::new).collect(),
            robots: false,
            items: ItemLimits::default(),
        }
    }

    fn store(&self) -> Store {
        Store::open(self.dir.path(), MergeThresholds::default()).expect("a store").0
    }

    fn roster(&self) -> Roster {
        let (fetch, items, merge) = (FetchLimits::default(), self.items, MergeThresholds::default());
        let mut roster = Roster::new(&self.sources, ScheduleLimits::default(), fetch, items, merge);
        roster.robots = self.robots;
        roster
    }

    /// Runs the daemon's loop for a while, then shuts it down.
    async fn run_for(&self, span: Duration) {
        let store = self.store();
        let shutdown = CancellationToken::new();
        let (_orders, orders) = mpsc::channel(1);
        let (_roster, roster) = watch::channel(Arc::new(self.roster()));
        let poller = Arc::new(Poller::new(store.clone(), self.script.clone(), self.clock.clone()));
        let running = tokio::spawn(poll::run(poller, roster, orders, Mode::Daemon, shutdown.clone()));
        self.clock.sleep_until(self.clock.now() + span).await;
        shutdown.cancel();
        running.await.expect("the loop ends");
        store.flush().expect("a flush");
    }

    /// Polls one source by order.
    async fn poll_now(&self, name: Option<&str>) -> Result<Vec<Report>, CommandError> {
        self.order(name, false).await
    }

    /// Lets in what was held back of a source.
    async fn release(&self, name: &str) -> Result<Vec<Report>, CommandError> {
        self.order(Some(name), true).await
    }

    async fn order(&self, name: Option<&str>, is_release: bool) -> Result<Vec<Report>, CommandError> {
        let shutdown = CancellationToken::new();
        let (orders_in, orders) = mpsc::channel(1);
        let (_roster, roster) = watch::channel(Arc::new(self.roster()));
        let poller = Arc::new(Poller::new(self.store(), self.script.clone(), self.clock.clone()));
        let running = tokio::spawn(poll::run(poller, roster, orders, Mode::OnDemand, shutdown.clone()));
        let (reply, answer) = oneshot::channel();
        orders_in.send(PollOrder { source: name.map(id), is_release, reply }).await.expect("the loop listens");
        let answer = answer.await.expect("an answer");
        shutdown.cancel();
        running.await.expect("the loop ends");
        answer
    }

    fn state(&self, name: &str) -> SourceState {
        self.store().source_state(&id(name)).expect("a state")
    }

    fn titles(&self) -> Vec<String> {
        let store = self.store();
        store.newest(100).expect("stories").stories.iter().map(|story| story.first().title.to_string()).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_host_delays_nobody() {
    let rig = Rig::new(vec![source("slow", "https://slow.example/"), source("quick", "https://quick.example/")]);
    rig.script.on("https://slow.example/", Duration::from_secs(50), |_, _| Ok(full("https://slow.example/", rss(&["s"]))));
    rig.script.on("https://quick.example/", Duration::ZERO, |_, _| Ok(full("https://quick.example/", rss(&["q"]))));
    rig.run_for(Duration::from_secs(40)).await;
    assert_eq!(rig.script.asked("https://quick.example/").len(), 1);
    assert!(rig.titles().contains(&"Story q".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn sources_of_one_host_take_turns_a_second_apart() {
    let names = ["a", "b", "c", "d"];
    let rig = Rig::new(names.iter().map(|name| source(name, &format!("https://one.example/{name}"))).collect());
    for name in names {
        let url = format!("https://one.example/{name}");
        rig.script.on(&url.clone(), Duration::from_millis(100), move |_, _| Ok(full(&url, rss(&[name]))));
    }
    rig.run_for(HOUR).await;
    let mut starts: Vec<_> = names.iter().map(|name| rig.script.asked(&format!("https://one.example/{name}"))[0].0).collect();
    starts.sort();
    assert!(starts.windows(2).all(|pair| pair[1].since(pair[0]) >= Duration::from_secs(1)), "{starts:?}");
}

#[tokio::test(start_paused = true)]
async fn validators_come_back_byte_for_byte_and_a_304_changes_nothing() {
    let url = "https://news.example/feed";
    let rig = Rig::new(vec![source("news", url)]);
    let validators = Validators { etag: Some(b"W/\"a,\xe9\"".to_vec()), last_modified: Some(b"Sunday, 06-Nov-94 08:49:37 GMT".to_vec()) };
    let sent = validators.clone();
    rig.script.on(url, Duration::ZERO, move |request, _| {
        if request.validators == sent { Ok(unchanged(url)) } else { Ok(Response { validators: sent.clone(), ..full(url, rss(&["a"])) }) }
    });
    rig.run_for(Duration::from_secs(60)).await;
    let generation = rig.store().generation();
    rig.run_for(6 * HOUR).await;
    let asked = rig.script.asked(url);
    assert!(asked.len() >= 5, "{asked:?}");
    assert!(asked[1..].iter().all(|(_, sent)| *sent == validators), "{asked:?}");
    assert_eq!(rig.store().generation(), generation);
    assert_eq!(rig.state("news").last_outcome.as_deref(), Some("unchanged (304)"));
}

#[tokio::test(start_paused = true)]
async fn the_same_bytes_twice_change_nothing_but_poll_times() {
    let url = "https://news.example/feed";
    let rig = Rig::new(vec![source("news", url)]);
    rig.script.on(url, Duration::ZERO, move |_, _| Ok(full(url, rss(&["a", "b"]))));
    rig.run_for(Duration::from_secs(60)).await;
    let before = rig.store().newest(10).expect("stories");
    rig.run_for(3 * HOUR).await;
    assert!(rig.script.asked(url).len() >= 3);
    assert_eq!(rig.store().newest(10).expect("stories"), before, "generation included");
}

#[tokio::test(start_paused = true)]
async fn a_truncated_document_keeps_its_items_and_no_validators() {
    let url = "https://news.example/feed";
    let rig = Rig::new(vec![source("news", url)]);
    rig.script.on(url, Duration::ZERO, move |_, _| {
        let mut body = rss(&["a", "b"]);
        body.truncate(body.len() - 60);
        Ok(Response { validators: Validators { etag: Some(b"\"cut\"".to_vec()), last_modified: None }, ..full(url, body) })
    });
    rig.run_for(2 * HOUR).await;
    assert!(rig.titles().contains(&"Story a".to_owned()));
    assert!(rig.script.asked(url).iter().all(|(_, sent)| sent.is_empty()));
}

#[tokio::test(start_paused = true)]
async fn a_failing_source_is_asked_less_and_less_but_never_given_up() {
    let url = "https://news.example/feed";
    let rig = Rig::new(vec![source("news", url)]);
    rig.script.on(url, Duration::ZERO, |_, _| Err(Failure::Status(500)));
    rig.run_for(20 * DAY).await;
    let gaps = rig.script.gaps_in_hours(url);
    for (gap, wanted) in gaps.iter().zip([1.0, 2.0, 4.0, 8.0, 16.0, 24.0, 24.0]) {
        assert!((wanted..=wanted * 1.26).contains(gap), "{gaps:?}");
    }
    assert!(gaps.len() > 15, "still asked about once a day: {gaps:?}");
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_kept_in_full_and_survives_a_restart_and_an_order() {
    let url = "https://news.example/feed";
    let rig = Rig::new(vec![source("news", url)]);
    rig.script.on(url, Duration::ZERO, |request, _| Err(Failure::TooManyRequests { status: 429, until: Some(request.now + 7 * HOUR) }));
    rig.run_for(2 * HOUR).await;
    rig.run_for(4 * HOUR).await;
    assert_eq!(rig.script.asked(url).len(), 1);
    assert!(matches!(rig.poll_now(Some("news")).await, Err(CommandError::Refused(why)) if why.contains("asked us to wait until")));
    rig.run_for(3 * HOUR).await;
    assert_eq!(rig.script.asked(url).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_hosts_silence_outlives_restarts_up_to_its_last_word() {
    let url = |name: &str| format!("https://strict.example/{name}");
    let names = ["a", "b", "c", "d"];
    let rig = Rig::new(names.map(|name| source(name, &url(name))).to_vec());
    for (name, hours) in [("a", 2), ("b", 3), ("c", 6)] {
        rig.script.on(&url(name), Duration::ZERO, move |request, before| match before {
            0 => Err(Failure::TooManyRequests { status: 429, until: Some(request.now + hours * HOUR) }),
            _ => Ok(unchanged(request.url.as_str())),
        });
    }
    rig.script.on(&url("d"), Duration::ZERO, |request, _| Ok(unchanged(request.url.as_str())));
    let asked = || names.map(|name| rig.script.asked(&url(name)).len());
    rig.run_for(HOUR).await;
    assert_eq!(asked(), [1, 1, 1, 0], "nobody was told anything by d, but its host has spoken");
    // The second start finds one of them still silent by itself, and two whose time is over.
    for hours in [3, 1] {
        rig.run_for(hours * HOUR).await;
        assert_eq!(asked(), [1, 1, 1, 0]);
        let refused = rig.poll_now(Some("d")).await;
        assert!(matches!(&refused, Err(CommandError::Refused(why)) if why.contains("host")), "{refused:?}");
        assert_eq!(rig.poll_now(None).await, Ok(Vec::new()), "nobody waits for hours for an order to be carried out");
    }
    rig.run_for(HOUR + HOUR / 2).await;
    assert_eq!(asked(), [2, 2, 2, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_new_name_keeps_memory_and_items() {
    let url = "https://news.example/feed";
    let mut rig = Rig::new(vec![source("old", url)]);
    rig.script.on(url, Duration::ZERO, |request, _| match &request.validators.etag {
        None => {
            Ok(Response { validators: Validators { etag: Some(b"\"1\"".to_vec()), last_modified: None }, ..full(url, rss(&["a", "b"])) })
        }
        // A byte more, so that it is read again.
        Some(_) => Ok(full(url, [rss(&["a", "b"]), b"\n".to_vec()].concat())),
    });
    rig.run_for(HOUR / 2).await;
    let before = rig.store().newest(10).expect("stories").stories;
    rig.sources = vec![Arc::new(Source { formerly: vec![id("old")], ..source("new", url) })];
    rig.run_for(HOUR).await;
    let asked = rig.script.asked(url);
    assert_eq!(asked.len(), 2, "not asked at once: it was asked half an hour ago");
    assert_eq!(asked[1].1.etag.as_deref(), Some(b"\"1\"".as_slice()), "validators of the time before");
    assert_eq!(rig.state("new").last_outcome.as_deref(), Some("0 new, 2 known"));
    assert_eq!(rig.state("new").items, 2, "those that it brought under its old name are its own");
    assert_eq!(rig.store().newest(10).expect("stories").stories, before);
}

#[tokio::test(start_paused = true)]
async fn gone_means_never_again_until_the_address_changes() {
    let url = "https://news.example/feed";
    let mut rig = Rig::new(vec![source("news", url)]);
    rig.script.on(url, Duration::ZERO, |_, _| Err(Failure::Gone));
    rig.run_for(DAY).await;
    rig.run_for(30 * DAY).await;
    assert_eq!(rig.script.asked(url).len(), 1);
    let moved = "https://news.example/new";
    rig.sources = vec![Arc::new(source("news", moved))];
    rig.script.on(moved, Duration::ZERO, move |_, _| Ok(full(moved, rss(&["a"]))));
    rig.run_for(DAY).await;
    assert!(!rig.script.asked(moved).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_permanent_move_is_remembered_and_left_again_when_it_fails() {
    let (old, new) = ("https://old.example/feed", "https://new.example/feed");
    let rig = Rig::new(vec![source("news", old)]);
    rig.script.on(old, Duration::ZERO, move |_, _| Ok(Response { permanent_url: Some(link(new)), ..full(new, rss(&["a"])) }));
    rig.script.on(new, Duration::ZERO, |_, before| {
        if before < 3 { Ok(full("https://new.example/feed", rss(&["a"]))) } else { Err(Failure::Status(500)) }
    });
    rig.run_for(150 * Duration::from_secs(60)).await;
    assert_eq!((rig.script.asked(old).len(), rig.script.asked(new).len()), (1, 2));
    rig.run_for(3 * DAY).await;
    assert!(rig.script.asked(old).len() >= 2, "after three failures the configured address is asked again");
}

#[tokio::test(start_paused = true)]
async fn our_own_network_being_down_is_nobodys_failure() {
    let names: Vec<String> = (0..12).map(|n| format!("s{n}")).collect();
    let rig = Rig::new(names.iter().map(|name| source(name, &format!("https://{name}.example/"))).collect());
    let back_at = birth() + 5 * HOUR;
    for name in &names {
        let (url, name) = (format!("https://{name}.example/"), name.clone());
        rig.script.on(&url.clone(), Duration::from_millis(10), move |request, _| {
            if request.now < back_at { Err(Failure::Dns("no answer".to_owned())) } else { Ok(full(&url, rss(&[&name]))) }
        });
    }
    rig.run_for(5 * HOUR).await;
    let failing = names.iter().filter(|name| rig.state(name).failures > 0).count();
    assert!(failing <= 2, "{failing} sources were blamed");
    rig.run_for(Duration::from_secs(600)).await;
    let answered = names.iter().filter(|name| rig.state(name).last_success.is_some()).count();
    assert!(answered >= 10, "{answered} of 12 are back after ten minutes");
}

#[tokio::test(start_paused = true)]
async fn the_same_link_at_two_sources_is_one_story_that_names_both() {
    let (a, b) = ("https://a.example/feed", "https://b.example/feed");
    let rig = Rig::new(vec![source("a", a), source("b", b)]);
    for url in [a, b] {
        rig.script.on(url, Duration::ZERO, move |_, _| {
            let tracking = if url == a { "?utm_source=rss" } else { "" };
            let item = format!("<item><title>Breach at Example</title><link>https://www.press.example/story/1{tracking}</link></item>");
            Ok(full(url, format!("<rss version=\"2.0\"><channel><title>x</title>{item}</channel></rss>").into_bytes()))
        });
    }
    rig.run_for(Duration::from_secs(60)).await;
    let stories = rig.store().newest(10).expect("stories").stories;
    assert_eq!(stories.len(), 1, "{stories:?}");
    let mut sources: Vec<_> = stories[0].members.iter().map(|member| member.item.source.to_string()).collect();
    sources.sort();
    assert_eq!(sources, ["a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn an_order_polls_what_is_due_and_reports() {
    let url = "https://news.example/feed";
    let rig = Rig::new(vec![source("news", url)]);
    rig.script.on(url, Duration::ZERO, move |_, _| Ok(full(url, rss(&["a"]))));
    let reports = rig.poll_now(None).await.expect("reports");
    assert!(matches!(reports[0].outcome, Outcome::Read(tally) if tally.new == 1), "{reports:?}");
    assert_eq!(rig.poll_now(None).await.expect("reports"), [], "nothing is due any more");
    assert!(matches!(rig.poll_now(Some("other")).await, Err(CommandError::Refused(_))));
    assert!(matches!(rig.poll_now(Some("news")).await, Err(CommandError::Refused(why)) if why.contains("was asked a moment ago")));
}

#[tokio::test(start_paused = true)]
async fn a_panic_while_fetching_costs_its_source_alone() {
    let (bad, good) = ("https://one.example/bad", "https://one.example/good");
    let rig = Rig::new(vec![source("bad", bad), source("good", good)]);
    rig.script.on(bad, Duration::from_secs(1), |_, before| match before {
        0 => panic!("a decoder went wrong"),
        _ => Ok(full("https://one.example/bad", rss(&["b"]))),
    });
    rig.script.on(good, Duration::from_secs(1), move |_, _| Ok(full(good, rss(&["g"]))));
    rig.run_for(Duration::from_secs(600)).await;
    assert_eq!(rig.state("bad").last_outcome.as_deref(), Some("a fault of ours, please report it: a decoder went wrong"));
    assert_eq!((rig.state("bad").failures, rig.script.asked(good).len()), (1, 1), "its host is free for others");
    rig.run_for(2 * HOUR).await;
    assert!(rig.state("bad").failures == 0 && rig.titles().contains(&"Story b".to_owned()), "it is asked again");
}

#[tokio::test(start_paused = true)]
async fn new_entries_alone_are_added_and_replace_nothing() {
    let url = "https://news.example/feed";
    let rig = Rig::new(vec![Source { delta: true, ..source("news", url) }]);
    rig.script.on(url, Duration::ZERO, move |request, before| {
        assert!(request.delta);
        let etag = |etag: &str| Validators { etag: Some(etag.as_bytes().to_vec()), last_modified: None };
        match before {
            0 => Ok(Response { validators: etag("1"), ..full(url, rss(&["a", "b", "c"])) }),
            1 => Ok(Response { is_delta: true, validators: etag("2"), ..full(url, rss(&["d"])) }),
            _ => Ok(unchanged(url)),
        }
    });
    rig.run_for(Duration::from_secs(60)).await;
    let full_before = rig.state("news");
    rig.run_for(150 * Duration::from_secs(60)).await;
    let mut titles = rig.titles();
    titles.sort();
    assert_eq!(titles, ["Story a", "Story b", "Story c", "Story d"]);
    assert_eq!(rig.script.asked(url)[2].1.etag.as_deref(), Some(&b"2"[..]));
    let state = rig.state("news");
    assert_eq!((state.last_full, state.body_digest), (full_before.last_full, full_before.body_digest), "it was no whole document");
}

#[tokio::test(start_paused = true)]
async fn robots_are_heeded_where_the_operator_says_so_and_asked_once_a_day() {
    let (open, shut, robots) = ("https://one.example/open", "https://one.example/shut", "https://one.example/robots.txt");
    let (other, missing) = ("https://other.example/feed", "https://other.example/robots.txt");
    for is_heeded in [false, true] {
        let mut rig = Rig::new(vec![source("open", open), source("shut", shut), source("other", other)]);
        rig.robots = is_heeded;
        rig.script.on(open, Duration::ZERO, move |_, _| Ok(full(open, rss(&["o"]))));
        rig.script.on(shut, Duration::ZERO, move |_, _| Ok(full(shut, rss(&["s"]))));
        rig.script.on(other, Duration::ZERO, move |_, _| Ok(full(other, rss(&["x"]))));
        rig.script.on(robots, Duration::ZERO, move |_, _| Ok(full(robots, b"User-agent: watchfire\nDisallow: /shut".to_vec())));
        rig.script.on(missing, Duration::ZERO, |_, _| Err(Failure::Status(404)));
        rig.run_for(30 * HOUR).await;
        let asked = |url: &str| rig.script.asked(url).len();
        assert_eq!((asked(robots), asked(missing)), if is_heeded { (2, 2) } else { (0, 0) });
        assert_eq!(asked(shut) == 0, is_heeded);
        assert!(asked(open) >= 28 && asked(other) >= 28);
        if is_heeded {
            assert_eq!(rig.state("shut").last_outcome.as_deref(), Some("robots.txt does not allow it (`poll.robots`)"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_night_without_network_is_no_fault_of_a_list_on_one_host() {
    let names: Vec<String> = (0..20).map(|n| format!("s{n}")).collect();
    let rig = Rig::new(names.iter().map(|name| source(name, &format!("https://bridge.example/{name}"))).collect());
    let (down_at, back_at) = (birth() + 5 * HOUR, birth() + 14 * HOUR);
    for name in &names {
        let (url, name) = (format!("https://bridge.example/{name}"), name.clone());
        rig.script.on(&url.clone(), Duration::from_millis(10), move |request, _| {
            let is_down = (down_at..back_at).contains(&request.now);
            if is_down { Err(Failure::Dns("no answer".to_owned())) } else { Ok(full(&url, rss(&[&name]))) }
        });
    }
    rig.run_for(15 * HOUR + Duration::from_secs(900)).await;
    let answered = names.iter().filter(|name| rig.state(name).last_success >= Some(back_at)).count();
    let blamed = names.iter().filter(|name| rig.state(name).failures > 0).count();
    assert_eq!((answered, blamed), (20, 0), "one watches, and its first answer brings all of them back");
    let asked = names.iter().flat_map(|name| rig.script.asked(&format!("https://bridge.example/{name}")));
    let in_vain = asked.filter(|(at, _)| (down_at..back_at).contains(at)).count();
    assert!(in_vain < 20 * 5 + 9, "{in_vain} requests in vain");
}

#[tokio::test(start_paused = true)]
async fn a_night_without_network_is_no_fault_of_a_short_list() {
    // Two that answer on hosts of their own beside three that are dead for good; and two on one host.
    for hosts in [["a.example", "b.example"], ["one.example", "one.example"]] {
        let url = |n: usize| format!("https://{}/{n}", hosts[n]);
        let mut sources = vec![source("s0", &url(0)), source("s1", &url(1))];
        for n in 0..3 {
            let dead = format!("https://dead{n}.example/feed");
            sources.push(source(&format!("dead{n}"), &dead));
        }
        let rig = Rig::new(sources);
        let (down_at, back_at) = (birth() + 30 * HOUR, birth() + 39 * HOUR);
        for n in 0..2 {
            rig.script.on(&url(n), Duration::from_millis(10), move |request, _| match (down_at..back_at).contains(&request.now) {
                true => Err(Failure::Dns("no answer".to_owned())),
                false => Ok(full(request.url.as_str(), rss(&["a"]))),
            });
        }
        for n in 0..3 {
            rig.script.on(&format!("https://dead{n}.example/feed"), Duration::ZERO, |_, _| Err(Failure::Dns("no such name".to_owned())));
        }
        rig.run_for(40 * HOUR + HOUR / 2).await;
        for n in 0..2 {
            let state = rig.state(&format!("s{n}"));
            assert!(state.failures == 0 && state.last_success >= Some(back_at), "{hosts:?}: {state:?}");
        }
        let by_one = rig.script.asked("https://dead0.example/feed").len();
        assert!(by_one <= 7, "who is dead for good is not asked more because of that: {by_one}");
    }
}

#[tokio::test(start_paused = true)]
async fn another_request_is_made_without_the_validators_of_the_old_one() {
    let (old, new) = ("https://news.example/feed", "https://news.example/other");
    let mut rig = Rig::new(vec![source("news", old)]);
    for url in [old, new] {
        let validators = Validators { etag: Some(b"\"1\"".to_vec()), last_modified: None };
        rig.script.on(url, Duration::ZERO, move |request, _| match request.validators.is_empty() {
            true => Ok(Response { validators: validators.clone(), ..full(url, rss(&["a"])) }),
            false => Ok(unchanged(url)),
        });
    }
    let header = HeaderPair { name: "authorization".to_owned(), value: "Bearer x".to_owned() };
    let changed = Source { headers: vec![header], ..source("news", new) };
    for (next, url) in [(source("news", old), old), (source("news", new), new), (changed, new)] {
        let before = rig.script.asked(url).len();
        rig.sources = vec![Arc::new(next)];
        rig.run_for(90 * Duration::from_secs(60)).await;
        let asked = rig.script.asked(url).split_off(before);
        assert!(asked.len() >= 2 && asked[0].1.is_empty() && !asked[1].1.is_empty(), "{url}: {asked:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_leaves_a_document_stays_in_the_store() {
    let url = "https://news.example/feed";
    let rig = Rig::new(vec![source("news", url)]);
    rig.script.on(url, Duration::ZERO, move |_, before| Ok(full(url, if before == 0 { rss(&["a", "b"]) } else { rss(&["c"]) })));
    rig.run_for(90 * Duration::from_secs(60)).await;
    let mut titles = rig.titles();
    titles.sort();
    assert_eq!(titles, ["Story a", "Story b", "Story c"]);
}
