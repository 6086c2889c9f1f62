//! Notifications over real sockets: receivers on loopback that enforce their documented limits, a clock that the test moves, a store that
//! is dropped in the middle.

#[path = "../library/mod.rs"]
mod library;
mod receiving;
#[path = "../support/site.rs"]
mod site;
#[path = "../support/mod.rs"]
mod support;

use std::{sync::Arc, time::Duration};

use library::{Library, item};
use receiving::{MailServer, Protection, Received, Receiving, dingtalk, feishu, ok, sign, wecom};
use site::site;
use support::{
    daemon::Home,
    origin::{Origin, Reply},
};
use tokio_util::sync::CancellationToken;
use watchfire::{
    clock::Clock,
    fetch::{Client, ClientSettings},
    health::{About, Outage, Verdict},
    model::{
        Carrier, Catalogue, Cve, Exploited, Hook, Item, Kev, Link, MailTls, Mailbox, Messenger, Pace, PrivateHost, QuietHours, Receiver,
        RiskLists, SourceId, Tag, Text, Timestamp, Trouble,
    },
    notify::{Courier, Doors, Office, Postings},
    render::SourceCards,
    view::{Filter, View, ViewId},
};

const NOW: Timestamp = Timestamp::from_secs_const(1_726_200_000);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const SECRET: &str = "SEC-of-the-group";

fn hook(messenger: Messenger, receiving: &Receiving, path: &str) -> Receiver {
    let hook = Hook {
        messenger,
        url: Link::parse(&receiving.url(path)).expect("a link"),
        secret: (messenger != Messenger::Wecom).then(|| SECRET.to_owned()),
        allow_private: PrivateHost::parse(&receiving.authority()).into_iter().collect(),
    };
    receiver(Carrier::Hook(hook))
}

/// Somebody who is told by mail, through a server that may be reached.
fn mailbox(server: &MailServer, tls: MailTls) -> Mailbox {
    let server = PrivateHost::parse(&server.address.to_string()).expect("a place");
    Mailbox {
        allow_private: vec![server.clone()],
        server,
        tls,
        login: None,
        from: "watch@example.org".to_owned(),
        to: vec!["team@example.org".to_owned()],
        unsubscribe: None,
    }
}

fn receiver(carrier: Carrier) -> Receiver {
    let pace = Pace { batch: Duration::ZERO, quiet: None, hourly_max: 1000 };
    Receiver {
        id: "team".to_owned(),
        carrier,
        views: vec!["krebs".to_owned()],
        health: false,
        on_update: false,
        age_max: HOUR * 24 * 30,
        pace,
    }
}

/// What is told: the stories of one source.
fn postings() -> Postings {
    let source = SourceId::parse("krebs").expect("a slug");
    let view = View {
        id: ViewId::parse("krebs").expect("a slug"),
        title: Text::line("Krebs", 80),
        filter: Filter::Source(source),
        entries_max: None,
        tokens: Vec::new(),
    };
    Postings { receivers: Vec::new(), views: [view].into(), site: site(), cards: SourceCards::default() }
}

/// A courier whose clock the test moves.
struct Desk {
    courier: Option<Courier>,
    now: Timestamp,
    end: CancellationToken,
}

impl Desk {
    fn new(library: &Library, receiver: &Receiver, now: Timestamp) -> Self {
        Self::sharing(library, receiver, now, &Doors::default())
    }

    /// The same beside others, with which it shares the doors.
    fn sharing(library: &Library, receiver: &Receiver, now: Timestamp, doors: &Doors) -> Self {
        let client = Client::new(&ClientSettings::default()).expect("a client");
        let (store, search) = (library.store(), library.search());
        let office = Office { store, search, client, clock: Clock::simulated(now), doors: doors.clone() };
        let end = CancellationToken::new();
        let courier = Courier::new(office, Arc::new(postings()), receiver.clone(), end.clone()).expect("hired");
        Self { courier: Some(courier), now, end }
    }

    /// Lets the courier work until the clock shows `until`.
    async fn work(&mut self, until: Timestamp) {
        while self.now <= until {
            let courier = self.courier.take().expect("a courier");
            let (courier, next) = courier.step(self.now).await;
            self.courier = Some(courier);
            self.now = next.expect("no failure of ours").max(self.now);
        }
    }

    async fn work_for(&mut self, span: Duration) {
        self.work(self.now + span).await;
    }
}

/// A story of the view that is like no other.
fn story(number: i64) -> Item {
    let word = |salt: i64| format!("{:x}", (number * 31 + salt).wrapping_mul(0x9E37_79B9_7F4A_7C15_u64.cast_signed()));
    item("krebs", &format!("{} 漏洞[{number}](x) {} 预警 {}", word(1), word(2), word(3)), number)
}

fn titles(received: &[Received]) -> Vec<String> {
    let entries = received.iter().flat_map(|received| received.json()["entries"].as_array().expect("entries").clone());
    entries.map(|entry| entry["title"].as_str().expect("a title").to_owned()).collect()
}

fn taken() -> Receiving {
    Receiving::start(|_, _| ok(""))
}

#[tokio::test]
async fn a_story_is_told_once_and_a_new_receiver_hears_no_history() {
    let receiving = taken();
    let library = Library::with(&[item("krebs", "An old story of yesterday", 1)]);
    let mut desk = Desk::new(&library, &hook(Messenger::Webhook, &receiving, "/in"), NOW);
    desk.work_for(MINUTE).await;
    assert_eq!(receiving.seen().len(), 0, "history");
    library.add(&[item("krebs", "A new story of today", 2), item("other", "Something else entirely", 3)]);
    desk.work_for(MINUTE).await;
    assert_eq!(titles(&receiving.seen()), ["A new story of today"]);
    // A copy of it, a copy of the old one, and an edit.
    let copy = Item { link: item("krebs", "", 2).link, key: item("krebs", "", 2).key, ..item("mirror", "A new story of today", 2) };
    let edit = Item { title: Text::line("A new story of today, with a correction", 300), ..item("krebs", "A new story of today", 2) };
    library.add(&[copy, item("mirror", "An old story of yesterday", 1), edit]);
    desk.work_for(MINUTE).await;
    assert_eq!(receiving.seen().len(), 1, "{:?}", titles(&receiving.seen()));
    let body = receiving.seen()[0].json();
    assert_eq!(body["entries"][0]["url"], "https://krebs.example/posts/2.html");
    assert_eq!((body["receiver"].as_str(), body["type"].as_str()), (Some("team"), Some("notification")));
}

#[tokio::test]
async fn what_was_published_long_ago_is_no_news() {
    let receiving = taken();
    let library = Library::with(&[]);
    let mut desk = Desk::new(&library, &hook(Messenger::Webhook, &receiving, "/in"), NOW);
    let old: Vec<Item> = (0..300).map(|day| item("krebs", &format!("A story of {day} years before"), -(60 + day) * 24 * 60)).collect();
    library.add(&old);
    library.add(&[item("krebs", "The story of today", 2)]);
    desk.work_for(MINUTE).await;
    assert_eq!(titles(&receiving.seen()), ["The story of today"]);
}

/// It is news also for a receiver that was not there when the story came.
#[tokio::test]
async fn an_old_story_that_becomes_known_to_be_exploited_is_told_once() {
    let receiving = taken();
    let cve = Cve::parse("CVE-2024-3094").expect("a number");
    let tags = vec![Tag { catalogue: Catalogue::Cve, name: cve.to_string(), is_primary: true }];
    let library = Library::with(&[Item { tags, ..item("krebs", "A story of the spring", -60 * 24 * 60) }]);
    let mut desk = Desk::new(&library, &hook(Messenger::Webhook, &receiving, "/in"), NOW);
    desk.work_for(MINUTE).await;
    assert_eq!(receiving.seen().len(), 0, "history");
    let since = NOW.to_utc().date_naive();
    let kev = Kev::new(since, vec![(cve, Exploited { since, by_ransomware: true })]);
    library.store().heed(RiskLists { kev: Some(kev.into()), epss: None });
    assert_eq!(library.store().mark(0, NOW).expect("marked").risen, 1);
    desk.work_for(MINUTE).await;
    library.add(&[item("mirror", "A story of the spring", -60 * 24 * 60)]);
    desk.work_for(MINUTE).await;
    assert_eq!(titles(&receiving.seen()), ["A story of the spring"]);
    assert_eq!(receiving.seen()[0].json()["entries"][0]["tags"][0], "kev");
}

/// A copy of an older day, put in the place of the store: its next story gets a number that another one had.
#[tokio::test]
async fn after_the_store_was_set_back_what_is_new_is_told() {
    let receiving = taken();
    let receiver = hook(Messenger::Webhook, &receiving, "/in");
    let library = Library::with(&[item("krebs", "The first of all", 1)]);
    let journal = std::fs::read(library.path().join("journal")).expect("a journal");
    let mut desk = Desk::new(&library, &receiver, NOW);
    library.add(&[item("krebs", "A story that will be lost", 2), item("krebs", "Another that will be lost", 3)]);
    desk.work_for(MINUTE).await;
    assert_eq!(titles(&receiving.seen()).len(), 2);
    drop(desk);
    let library = library.set_back(&journal);
    let mut desk = Desk::new(&library, &receiver, NOW + HOUR);
    desk.work_for(MINUTE).await;
    library.add(&[item("krebs", "What came after", 4)]);
    desk.work_for(MINUTE).await;
    assert_eq!(titles(&receiving.seen())[2..], ["What came after"]);
}

#[tokio::test]
async fn a_mail_server_that_offers_no_protection_is_told_nothing() {
    let server = MailServer::start("250 ok");
    let login = Some(("user".to_owned(), "pass-word".to_owned()));
    let mailbox = Mailbox { login, ..mailbox(&server, MailTls::StartTls) };
    let library = Library::with(&[]);
    let mut desk = Desk::new(&library, &receiver(Carrier::Mail(mailbox)), NOW);
    library.add(&[story(1)]);
    desk.work_for(MINUTE).await;
    let heard = server.heard();
    assert!(heard.contains("EHLO") && !heard.contains("AUTH") && !heard.contains("MAIL FROM"), "{heard}");
}

#[tokio::test]
async fn an_edit_in_substance_is_told_where_that_is_wished() {
    let receiving = taken();
    let library = Library::with(&[]);
    let receiver = Receiver { on_update: true, ..hook(Messenger::Webhook, &receiving, "/in") };
    let mut desk = Desk::new(&library, &receiver, NOW);
    library.add(&[item("krebs", "A story", 2)]);
    desk.work_for(MINUTE).await;
    let mut edit = item("krebs", "A story", 2);
    edit.title = Text::line("Another story altogether", 300);
    edit.first_seen = NOW;
    library.add(&[edit]);
    desk.work_for(MINUTE).await;
    assert_eq!(titles(&receiving.seen()), ["A story", "Another story altogether"]);
}

#[tokio::test]
async fn a_webhook_is_signed_and_tried_again_under_the_same_name_until_it_is_taken() {
    let receiving = Receiving::start(|_, before| match before {
        0 => (503, "Retry-After: 600\r\n".to_owned(), String::new()),
        1 | 2 => (500, String::new(), "oops".to_owned()),
        _ => ok(""),
    });
    let library = Library::with(&[]);
    let mut desk = Desk::new(&library, &hook(Messenger::Webhook, &receiving, "/in?key=s3cret"), NOW);
    library.add(&[item("krebs", "A story", 2)]);
    desk.work_for(MINUTE * 9).await;
    assert_eq!(receiving.seen().len(), 1, "it was asked to wait ten minutes");
    desk.work_for(MINUTE * 10).await;
    let seen = receiving.seen();
    assert_eq!(seen.len(), 4);
    for received in &seen {
        let [id, timestamp, signature] = ["webhook-id", "webhook-timestamp", "webhook-signature"].map(|name| received.field(name));
        let signed = [id.as_bytes(), b".", timestamp.as_bytes(), b".", &received.body].concat();
        assert_eq!(signature, format!("v1,{}", sign(SECRET.as_bytes(), &signed)));
        assert_eq!((id, received.field("idempotency-key")), (seen[0].field("webhook-id"), id));
        assert_eq!(received.field("content-type"), "application/json; charset=utf-8");
    }
    assert_ne!(seen[0].field("webhook-timestamp"), seen[1].field("webhook-timestamp"));
    desk.work_for(HOUR).await;
    assert_eq!(receiving.seen().len(), 4, "taken is taken");
}

#[tokio::test]
async fn what_is_refused_for_a_day_is_dropped_and_what_follows_is_told() {
    let receiving = Receiving::start(|received, _| {
        if String::from_utf8_lossy(&received.body).contains("unwanted") { (400, String::new(), "no".to_owned()) } else { ok("") }
    });
    let library = Library::with(&[]);
    let mut desk = Desk::new(&library, &hook(Messenger::Webhook, &receiving, "/in"), NOW);
    library.add(&[item("krebs", "An unwanted story", 2)]);
    desk.work_for(MINUTE).await;
    library.add(&[item("krebs", "Quite another thing", 3)]);
    desk.work_for(HOUR * 23).await;
    let before = receiving.seen().len();
    assert!((5..60).contains(&before), "{before}");
    desk.work_for(HOUR * 3).await;
    assert_eq!(titles(&receiving.seen()).last().map(String::as_str), Some("Quite another thing"));
}

#[tokio::test]
async fn chats_take_every_message_within_their_limits_and_each_story_once() {
    for messenger in [Messenger::Feishu, Messenger::Wecom, Messenger::Dingtalk] {
        let (receiving, path) = match messenger {
            Messenger::Feishu => (feishu(SECRET), "/open-apis/bot/v2/hook/x"),
            Messenger::Wecom => (wecom(), "/cgi-bin/webhook/send?key=k3y"),
            _ => (dingtalk(SECRET), "/robot/send?access_token=t0ken"),
        };
        let library = Library::with(&[]);
        let mut desk = Desk::new(&library, &hook(messenger, &receiving, path), NOW);
        let stories: Vec<Item> = (0..240).map(story).collect();
        library.add(&stories);
        let mut sent = Vec::new();
        let mut known = 0;
        for _ in 0..400 {
            desk.work_for(Duration::from_secs(1)).await;
            let count = receiving.seen().len();
            sent.extend(std::iter::repeat_n(desk.now, count - known));
            known = count;
        }
        let all: String = receiving.seen().iter().map(|received| received.json().to_string()).collect();
        for number in 0..240 {
            let link = format!("https://krebs.example/posts/{number}.html");
            assert_eq!(all.matches(&link).count(), 1, "{messenger:?} {number}");
        }
        let per_minute = if messenger == Messenger::Feishu { 100 } else { 20 };
        for (at, first) in sent.iter().enumerate() {
            let within = sent[at..].iter().filter(|time| time.since(*first) < MINUTE).count();
            assert!(within <= per_minute, "{messenger:?}: {within} in a minute");
        }
        assert!(!all.contains("漏洞[1](x)") || messenger == Messenger::Feishu, "a title must not look like a link");
    }
}

#[tokio::test]
async fn a_chat_that_says_no_with_200_is_understood() {
    let receiving = Receiving::start(|_, before| match before {
        0 => ok(r#"{"errcode":45009,"errmsg":"api freq out of limit"}"#),
        1 => ok(r#"{"errcode":93000,"errmsg":"invalid webhook url"}"#),
        _ => ok(r#"{"errcode":0,"errmsg":"ok"}"#),
    });
    let library = Library::with(&[]);
    let mut desk = Desk::new(&library, &hook(Messenger::Wecom, &receiving, "/send?key=k3y"), NOW);
    library.add(&[item("krebs", "A story", 2)]);
    desk.work_for(Duration::from_secs(59)).await;
    assert_eq!(receiving.seen().len(), 1, "a minute's rest after too many");
    desk.work_for(MINUTE * 5).await;
    assert_eq!(receiving.seen().len(), 3);
}

#[tokio::test]
async fn news_of_the_night_comes_together_in_the_morning_and_never_too_often() {
    let receiving = taken();
    let library = Library::with(&[]);
    // NOW is 04:00 UTC.
    let quiet = QuietHours::new(3 * 60, 7 * 60, chrono_tz::UTC);
    let pace = Pace { batch: MINUTE * 5, quiet, hourly_max: 2 };
    let mut desk = Desk::new(&library, &Receiver { pace, ..hook(Messenger::Webhook, &receiving, "/in") }, NOW);
    library.add(&[story(1), story(2)]);
    desk.work_for(HOUR).await;
    library.add(&[story(3)]);
    desk.work(NOW + HOUR * 3 - MINUTE).await;
    assert_eq!(receiving.seen().len(), 0, "it is night");
    desk.work_for(MINUTE * 2).await;
    assert_eq!(titles(&receiving.seen()).len(), 3);
    assert_eq!(receiving.seen().len(), 1);
    library.add(&[story(4)]);
    desk.work_for(MINUTE * 4).await;
    assert_eq!(receiving.seen().len(), 1, "the batch is not over");
    desk.work_for(MINUTE * 2).await;
    assert_eq!(receiving.seen().len(), 2);
    library.add(&[story(5)]);
    desk.work_for(MINUTE * 45).await;
    assert_eq!(receiving.seen().len(), 2, "two an hour");
    desk.work_for(MINUTE * 15).await;
    assert_eq!(receiving.seen().len(), 3);
}

#[tokio::test]
async fn changes_of_health_are_told_and_only_those_since_the_receiver_is_there() {
    let receiving = taken();
    let library = Library::with(&[]);
    let outage = |number: u64, ended: Option<Timestamp>, revision| Outage {
        number,
        about: About::Source(SourceId::parse("krebs").expect("a slug")),
        verdict: Verdict::Failing(Trouble::Blocked),
        said: None,
        began: NOW,
        told: NOW,
        updated: NOW,
        revision,
        well_since: None,
        ended,
        relapses: 0,
    };
    library.store().keep_outages(&[outage(1, Some(NOW), 1)]).expect("kept");
    let receiver = Receiver { health: true, views: Vec::new(), ..hook(Messenger::Webhook, &receiving, "/in") };
    let mut desk = Desk::new(&library, &receiver, NOW);
    desk.work_for(MINUTE).await;
    assert_eq!(receiving.seen().len(), 0);
    library.store().keep_outages(&[outage(2, None, 2)]).expect("kept");
    desk.work_for(MINUTE).await;
    library.store().keep_outages(&[outage(2, Some(NOW), 3)]).expect("kept");
    desk.work_for(MINUTE).await;
    assert_eq!(titles(&receiving.seen()), ["krebs: blocked", "krebs: blocked; over"]);
}

/// An address that the operator did not allow is not asked, and neither is the one that a receiver leads to: messages may hold secrets.
#[tokio::test]
async fn messages_go_where_the_operator_said_and_nowhere_else() {
    let elsewhere = taken();
    let address = elsewhere.url("/stolen");
    let receiving = Receiving::start(move |_, _| (307, format!("Location: {address}\r\n"), String::new()));
    for is_allowed in [true, false] {
        let mut receiver = hook(Messenger::Webhook, &receiving, "/in");
        if let Carrier::Hook(hook) = &mut receiver.carrier {
            hook.allow_private =
                [receiving.authority(), elsewhere.authority()].iter().filter_map(|host| PrivateHost::parse(host)).collect();
            if !is_allowed {
                hook.allow_private.clear();
            }
        }
        let library = Library::with(&[]);
        let mut desk = Desk::new(&library, &receiver, NOW);
        library.add(&[story(1)]);
        desk.work_for(Duration::from_secs(10)).await;
        assert_eq!((receiving.seen().len(), elsewhere.seen().len()), (1, 0), "allowed: {is_allowed}");
    }
}

/// What a `kill -9` leaves: the store as it was when the answer had not come yet.
#[tokio::test]
async fn a_message_whose_answer_never_came_goes_out_again_under_its_name_and_nothing_is_lost() {
    let receiving = Receiving::start(|_, before| {
        if before == 0 {
            std::thread::sleep(Duration::from_secs(2));
        }
        ok("")
    });
    let receiver = hook(Messenger::Webhook, &receiving, "/in");
    let library = Library::with(&[]);
    let mut desk = Desk::new(&library, &receiver, NOW);
    desk.work(NOW).await;
    library.add(&[story(1), story(2)]);
    let end = desk.end.clone();
    let dying = async {
        while receiving.seen().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        end.cancel();
    };
    let (_, ()) = tokio::join!(desk.work_for(Duration::from_secs(1)), dying);
    drop(desk);
    let library = library.reopened();
    let mut desk = Desk::new(&library, &receiver, NOW + MINUTE);
    library.add(&[story(3)]);
    desk.work_for(MINUTE).await;
    let seen = receiving.seen();
    assert_eq!(seen[1].field("webhook-id"), seen[0].field("webhook-id"));
    assert_eq!(seen[1].body, seen[0].body, "a receiver can tell");
    assert_eq!((seen.len(), titles(&seen[1..]).len()), (3, 3));
    drop(desk);
    let library = library.rebuilt();
    let mut desk = Desk::new(&library, &receiver, NOW + HOUR);
    desk.work_for(MINUTE).await;
    assert_eq!(receiving.seen().len(), 3, "a rebuild tells nothing again");
}

#[tokio::test]
async fn a_line_that_grows_too_long_loses_its_oldest_and_is_told_later() {
    let receiving = Receiving::start(|_, before| if before == 0 { (503, String::new(), String::new()) } else { ok("") });
    let library = Library::with(&[]);
    let mut desk = Desk::new(&library, &hook(Messenger::Webhook, &receiving, "/in"), NOW);
    library.add(&[story(0)]);
    desk.work_for(Duration::from_secs(2)).await;
    library.add(&(1..=1100).map(story).collect::<Vec<_>>());
    desk.work_for(MINUTE * 5).await;
    let told = titles(&receiving.seen()[1..]);
    assert_eq!(told.len(), 1000);
    assert!(told[0].contains("[0]") && told[1].contains("[102]") && told[999].contains("[1100]"), "{:?}", &told[..2]);
}

/// The services count the messages of a robot, and know nothing of who sends them.
#[tokio::test]
async fn receivers_at_one_address_share_its_rate() {
    let receiving = wecom();
    let (library, doors) = (Library::with(&[]), Doors::default());
    let named = |id: &str, path: &str| Receiver { id: id.to_owned(), ..hook(Messenger::Wecom, &receiving, path) };
    let mut desks: Vec<Desk> = [("one", "/send?key=k3y"), ("two", "/send?key=k3y"), ("else", "/send?key=k3y2")]
        .map(|(id, path)| Desk::sharing(&library, &named(id, path), NOW, &doors))
        .into();
    library.add(&[story(1)]);
    for (second, wanted) in [(0, 2), (1, 2), (3, 2), (4, 3), (9, 3)] {
        for desk in &mut desks {
            desk.work(NOW + Duration::from_secs(second)).await;
        }
        assert_eq!(receiving.seen().len(), wanted, "after {second} seconds");
    }
}

#[tokio::test]
async fn a_digest_goes_out_by_mail() {
    let server = MailServer::start("250 ok");
    let mailbox = Mailbox {
        login: Some(("user".to_owned(), "pass-word".to_owned())),
        from: "Watchfire <watch@example.org>".to_owned(),
        to: vec!["team@example.org".to_owned(), "网安 <boss@example.org>".to_owned()],
        unsubscribe: Some("ops@example.org".to_owned()),
        ..mailbox(&server, MailTls::None)
    };
    let library = Library::with(&[]);
    let mut desk = Desk::new(&library, &receiver(Carrier::Mail(mailbox)), NOW);
    library.add(&[item("krebs", "A story <b>with</b> tags", 1), item("krebs", "Something quite different", 2)]);
    desk.work_for(MINUTE).await;
    let heard = server.heard();
    for wanted in [
        "MAIL FROM:<watch@example.org>",
        "RCPT TO:<team@example.org>",
        "RCPT TO:<boss@example.org>",
        "Subject: Watchfire: 2 stories",
        "Auto-Submitted: auto-generated",
        "Precedence: bulk",
        "List-Id: <team.watchfire.example.org>",
        "List-Unsubscribe: <mailto:ops@example.org?subject=unsubscribe%20team>",
        "@example.org>",
        "https://krebs.example/posts/1.html",
        "text/plain",
        "text/html",
        "A story &lt;b&gt;with&lt;/b&gt; tags",
    ] {
        assert!(heard.contains(wanted), "{wanted} is missing:\n{heard}");
    }
    assert_eq!(heard.matches("Message-ID: <").count(), 1, "{heard}");
    desk.work_for(HOUR).await;
    assert_eq!(server.heard().matches("MAIL FROM").count(), 1, "once");
}

#[tokio::test]
async fn a_mail_that_is_put_off_is_sent_again() {
    let server = MailServer::start("450 4.2.0 greylisted");
    let library = Library::with(&[]);
    let mut desk = Desk::new(&library, &receiver(Carrier::Mail(mailbox(&server, MailTls::None))), NOW);
    library.add(&[story(1)]);
    desk.work_for(MINUTE * 2).await;
    assert_eq!(server.heard().matches("RCPT").count(), 3, "at once, after 30 and after 90 seconds");
}

#[tokio::test]
async fn a_mail_server_on_the_own_network_is_asked_only_where_the_operator_names_it() {
    let server = MailServer::start("250 ok");
    let mailbox = Mailbox { allow_private: Vec::new(), ..mailbox(&server, MailTls::None) };
    let library = Library::with(&[]);
    let mut desk = Desk::new(&library, &receiver(Carrier::Mail(mailbox)), NOW);
    library.add(&[story(1)]);
    desk.work_for(MINUTE).await;
    assert_eq!(server.heard(), "");
}

#[tokio::test]
async fn a_mail_that_comes_twice_has_one_name() {
    let server = MailServer::start("250 ok");
    server.lose_first_answer();
    let library = Library::with(&[]);
    let mut desk = Desk::new(&library, &receiver(Carrier::Mail(mailbox(&server, MailTls::None))), NOW);
    library.add(&[story(1)]);
    desk.work_for(MINUTE).await;
    let names: Vec<String> = server.heard().lines().filter(|line| line.starts_with("Message-ID: ")).map(str::to_owned).collect();
    assert_eq!((names.len(), names.first()), (2, names.last()));
}

#[test]
fn no_secret_is_in_what_a_programmer_may_print() {
    let receiving = taken();
    let shown = format!("{:?}", hook(Messenger::Dingtalk, &receiving, "/robot/send?access_token=t0ken"));
    assert!(!shown.contains("t0ken") && !shown.contains(SECRET), "{shown}");
}

/// A daemon with a view, and a receiver of it at this address.
fn configured(id: &str, receiving: &Receiving) -> String {
    let (url, authority) = (receiving.url("/in?key=${KEY}"), receiving.authority());
    format!(
        "[[view]]\nid = \"all\"\nwords = [\"beacon\"]\n\n[[notify]]\nid = \"{id}\"\nkind = \"webhook\"\nurl = \"{url}\"\n\
         allow_private = [\"{authority}\"]\nviews = [\"all\"]\nbatch = \"0s\"\n"
    )
}

#[test]
fn the_daemon_tells_what_comes_in_through_kill_and_reload() {
    let (one, two) = (taken(), taken());
    let home = Home::new(&configured("one", &one));
    let import = |name: &str| {
        let path = home.path(&format!("{name}.md"));
        std::fs::write(&path, format!("# The beacon of {name}\n\nWhat {name} has to say about the beacon that burns at {name}.\n"))
            .expect("written");
        let done = home.command(&["import", path.to_str().expect("UTF-8")]);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    let key = [("KEY", "s3cret-of-the-hook")];
    let daemon = home.start_with(&key);
    import("Jiayuguan");
    daemon.wait_for("the first", |_| one.seen().len() == 1);
    assert_eq!(one.seen()[0].target, "/in?key=s3cret-of-the-hook");
    daemon.wait_for("its word", |daemon| daemon.log().contains("`one` was told 1 story"));
    assert!(!daemon.log().contains("s3cret"), "{}", daemon.log());
    daemon.kill();

    let daemon = home.start_with(&key);
    import("Yumenguan");
    daemon.wait_for("the second", |_| titles(&one.seen()).iter().any(|title| title.contains("Yumenguan")));
    let names: std::collections::BTreeSet<String> = one.seen().iter().map(|received| received.field("webhook-id").to_owned()).collect();
    assert_eq!(names.len(), 2, "each message has one name: {:?}", titles(&one.seen()));

    home.configure(&configured("two", &two));
    daemon.wait_for("the reload", |daemon| daemon.log().contains("configuration reloaded"));
    import("Shanhaiguan");
    daemon.wait_for("the third", |_| !two.seen().is_empty());
    assert!(titles(&two.seen())[0].contains("Shanhaiguan"));
    daemon.stop();
    assert!(!titles(&one.seen()).iter().any(|title| title.contains("Shanhaiguan")));
}

#[test]
fn an_operator_tries_a_receiver_and_hears_what_it_says() {
    let (good, bad) = (taken(), Receiving::start(|_, _| (403, String::new(), "who are you?".to_owned())));
    for (receiving, is_taken, wanted) in
        [(&good, true, "`team` has taken the message"), (&bad, false, "`team` refused the message: status 403: who are you?")]
    {
        let home = Home::new(&configured("team", receiving));
        let tried = home.command_with(&["notify", "test", "team"], &[("KEY", "s3cret")]);
        let said = String::from_utf8_lossy(&[tried.stdout, tried.stderr].concat()).into_owned();
        assert!(tried.status.success() == is_taken && said.contains(wanted) && !said.contains("s3cret"), "{said}");
        assert_eq!(receiving.seen()[0].json()["type"], "test");
        assert!(receiving.seen()[0].json()["entries"][0]["at"].is_null(), "no date is no text");
        let unknown = home.command_with(&["notify", "test", "nobody"], &[("KEY", "s3cret")]);
        assert!(String::from_utf8_lossy(&unknown.stderr).contains("there are `team`"), "{unknown:?}");
    }
}

/// The real command, which trusts the authority that signed the server's certificate, and then one that does not.
#[test]
fn mail_goes_over_tls_to_a_server_that_is_who_it_says() {
    for (protection, tls) in [(Protection::StartTls, "starttls"), (Protection::Implicit, "implicit")] {
        let server = MailServer::protected("250 ok", protection);
        let port = server.address.port();
        let home = Home::new(&format!(
            "[[notify]]\nid = \"mail\"\nkind = \"smtp\"\nhost = \"127.0.0.1\"\nport = {port}\nallow_private = [\"127.0.0.1:{port}\"]\ntls = \"{tls}\"\nuser = \"me\"\n\
             password_env = \"PASSWORD\"\nfrom = \"watch@example.org\"\nto = [\"team@example.org\"]\nhealth = true\n"
        ));
        let authority = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/tls/authority.pem");
        let tried = home.command_with(&["notify", "test", "mail"], &[("PASSWORD", "pass-word"), ("SSL_CERT_FILE", authority)]);
        assert!(tried.status.success(), "{tls}: {}", String::from_utf8_lossy(&tried.stderr));
        assert!(server.heard().contains("AUTH PLAIN") && server.heard().contains("Subject: Watchfire: test"), "{}", server.heard());
        let strange = home.command_with(&["notify", "test", "mail"], &[("PASSWORD", "pass-word")]);
        let said = String::from_utf8_lossy(&strange.stderr).into_owned();
        assert!(!strange.status.success() && said.contains("did not take the message") && !said.contains("pass-word"), "{said}");
        assert_eq!(server.heard().matches("AUTH").count(), 1, "no password for a stranger");
    }
}

/// From a server's word to a message: the source is gone, and the second start tells it.
#[test]
fn the_daemon_tells_that_a_source_is_gone() {
    let (origin, receiving) = (Origin::launch(), taken());
    origin.on("/feed.xml", Reply::status(410));
    let (host, authority, url) = (origin.authority(), receiving.authority(), receiving.url("/in"));
    let home = Home::new(&format!(
        "[[notify]]\nid = \"ops\"\nkind = \"webhook\"\nurl = \"{url}\"\nallow_private = [\"{authority}\"]\nhealth = true\nbatch = \"0s\"\n\n\
         [[source]]\nid = \"old\"\nurl = \"http://{host}/feed.xml\"\nallow_private = [\"{host}\"]\n"
    ));
    let daemon = home.start();
    daemon.wait_for("the poll", |daemon| daemon.get("/sources").body.contains("gone"));
    daemon.stop();
    let daemon = home.start();
    daemon.wait_for("the message", |_| !receiving.seen().is_empty());
    assert_eq!(titles(&receiving.seen()), ["old: gone"]);
    daemon.stop();
}
