//! Views and the other selections as readers meet them: every address in every format, read back by other people's code.

mod library;
mod server;

use library::{Library, item};
use server::{Server, served};
use watchfire::{
    model::{Cadence, Catalogue, Item, Link, Outcome, Recent, SafeHtml, Secret, Source, SourceId, SourceState, Tag, Text, Timestamp},
    render::SourceCards,
    store::PollCommit,
    view::{Filter, Place, View, ViewId, WindowLimits},
};

const TOKEN: &str = "alice-token-of-some-length";

fn source(id: &str, tags: &[&str], private: bool) -> Source {
    let url = Link::parse(&format!("https://{id}.example/feed")).expect("a link");
    let cadence = Cadence::Every(std::time::Duration::from_secs(3600));
    let tags = tags.iter().map(|tag| Text::line(tag, 64)).collect();
    Source { tags, private, ..Source::new(SourceId::parse(id).expect("a slug"), url, cadence) }
}

fn view(id: &str, phrase: &str, tokens: &[&str]) -> View {
    View {
        id: ViewId::parse(id).expect("a slug"),
        title: Text::line(&format!("View {id}"), 80),
        filter: Filter::Words { place: Place::Anywhere, phrase: phrase.to_owned() },
        entries_max: None,
        tokens: tokens.iter().map(|token| Secret::new((*token).to_owned())).collect(),
    }
}

fn about(mut item: Item, name: &str) -> Item {
    item.tags = vec![Tag { catalogue: Catalogue::Cve, name: name.to_owned(), is_primary: true }];
    item
}

/// Three sources, a view for everybody, one with a token.
fn settings() -> server::Settings {
    let mut served = (*served("Watchfire")).clone();
    served.cards =
        SourceCards::of(&[source("krebs", &["news"], false), source("seebug", &["漏洞 库"], false), source("hidden", &["news"], true)]);
    served.views = vec![view("tor", "Tor", &[]), view("team", "secret plan", &[TOKEN, "other-token-of-some-length"])].into();
    served.into()
}

fn library() -> Library {
    Library::with(&[
        item("krebs", "An instructor speaks", 1),
        item("krebs", "Tor has a new release", 2),
        about(item("seebug", "漏洞CVE-2024-3094被利用", 3), "CVE-2024-3094"),
        item("hidden", "A secret plan", 4),
    ])
}

/// Where a feed says that another part of it is, without its host.
fn part(answer: &server::Answer, relation: &str) -> Option<String> {
    let feed = feed_rs::parser::parse(&answer.body[..]).expect("a feed");
    let link = feed.links.into_iter().find(|link| link.rel.as_deref() == Some(relation))?;
    Some(link.href.replace("https://watch.example.org", ""))
}

/// Titles of a feed, whatever its format.
fn titles(body: &[u8]) -> Vec<String> {
    let feed = feed_rs::parser::parse(body).expect("a feed");
    feed.entries.iter().map(|entry| entry.title.as_ref().map(|title| title.content.clone()).unwrap_or_default()).collect()
}

#[tokio::test]
async fn every_selection_has_three_feeds_and_a_page_that_names_them() {
    let server = Server::start(&library(), settings()).await;
    for (path, wanted) in [
        ("/views/tor", &["Tor has a new release"][..]),
        ("/sources/krebs", &["Tor has a new release", "An instructor speaks"]),
        ("/tags/news", &["A secret plan", "Tor has a new release", "An instructor speaks"]),
        ("/tags/%E6%BC%8F%E6%B4%9E%20%E5%BA%93", &["漏洞CVE-2024-3094被利用"]),
        ("/tags/CVE-2024-3094", &["漏洞CVE-2024-3094被利用"]),
        ("/vulnerabilities/CVE-2024-3094", &["漏洞CVE-2024-3094被利用"]),
        ("/vulnerabilities/CVE-2030-1000", &[]),
    ] {
        let mut ids = Vec::new();
        for (ending, media_type) in [
            (".atom", "application/atom+xml; charset=utf-8"),
            (".rss", "application/rss+xml; charset=utf-8"),
            (".json", "application/feed+json"),
        ] {
            let answer = server.ask("GET", &format!("{path}{ending}"), &[]).await;
            assert_eq!((answer.status, answer.field("content-type")), (200, Some(media_type)), "{path}{ending}");
            assert_eq!(titles(&answer.body), wanted, "{path}{ending}");
            let own = format!("https://watch.example.org{path}{ending}");
            assert!(answer.text().contains(&own), "{own} is not in {}", answer.text());
            let tag = answer.field("etag").expect("a tag").to_owned();
            let again = server.ask("GET", &format!("{path}{ending}"), &[("If-None-Match", &tag)]).await;
            assert_eq!((again.status, again.body.len()), (304, 0), "{path}{ending}");
            if ending == ".atom" {
                ids.push(feed_rs::parser::parse(&answer.body[..]).expect("a feed").id);
            }
        }
        assert!(ids[0].starts_with("urn:uuid:"), "{ids:?}");
        let page = server.ask("GET", path, &[]).await;
        assert_eq!((page.status, page.field("content-type")), (200, Some("text/html; charset=utf-8")), "{path}");
        for ending in [".atom", ".rss", ".json"] {
            assert!(page.text().contains(&format!(
                "<link rel=\"alternate\" type=\"application/{}",
                if ending == ".json" { "feed+json" } else { &ending[1..] }
            )));
            assert!(page.text().contains(&format!("href=\"https://watch.example.org{path}{ending}\"")), "{path}{ending}: {}", page.text());
        }
        assert!(wanted.iter().all(|title| page.text().contains(title)), "{path}");
    }
}

#[tokio::test]
async fn every_feed_has_an_id_of_its_own_that_survives_a_restart() {
    let mut library = library();
    let mut seen = Vec::new();
    for _ in 0..2 {
        library = library.reopened();
        let server = Server::start(&library, settings()).await;
        let mut answers = Vec::new();
        for path in [
            "/feed.atom",
            "/views/tor.atom",
            "/sources/krebs.atom",
            "/tags/news.atom",
            "/tags/CVE-2024-3094.atom",
            "/vulnerabilities/CVE-2024-3094.atom",
        ] {
            let answer = server.ask("GET", path, &[]).await;
            answers.push((feed_rs::parser::parse(&answer.body[..]).expect("a feed").id, answer.field("etag").map(str::to_owned)));
        }
        let ids: std::collections::HashSet<_> = answers.iter().map(|(id, _)| id.clone()).collect();
        assert_eq!(ids.len(), answers.len());
        seen.push(answers);
        assert!(server.stop().await);
    }
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn one_identifier_has_one_address() {
    let server = Server::start(&library(), settings()).await;
    for (path, wanted) in [
        ("/vulnerabilities/cve-2024-3094.atom", "/vulnerabilities/CVE-2024-3094.atom"),
        ("/vulnerabilities/CVE%202024%203094", "/vulnerabilities/CVE-2024-3094"),
        ("/tags/cve_2024_3094.json?skip=3", "/tags/CVE-2024-3094.json?skip=3"),
    ] {
        let answer = server.ask("GET", path, &[]).await;
        assert_eq!((answer.status, answer.field("location")), (308, Some(format!("https://watch.example.org{wanted}").as_str())), "{path}");
    }
    for path in [
        "/vulnerabilities/xz",
        "/vulnerabilities/CWE-79.atom",
        "/vulnerabilities/",
        "/tags/",
        "/tags/nobody-has-it.atom?skip=1",
        "/tags/%FF",
        "/sources/unknown.atom",
        "/sources/hidden.atom",
        "/sources/hidden",
        "/views/unknown.atom",
        "/views/.atom",
        "/views/tor.atom?skip=x",
        "/views/tor.atom?skip=1",
        "/views/tor.atom?skip=99999999999999999999",
        "/feed.atom?skip=1000001",
    ] {
        assert_eq!(server.ask("GET", path, &[]).await.status, 404, "{path}");
    }
    assert_eq!(server.ask("POST", "/views/tor.atom", &[]).await.status, 405);
    for path in ["/tags/nobody-has-it", "/tags/nobody-has-it.atom", "/vulnerabilities/CVE-2031-1234.rss"] {
        let waiting = server.ask("GET", path, &[]).await;
        assert!(waiting.status == 200 && !waiting.text().contains("xz"), "{path} may be subscribed to before there is anything");
    }
}

#[tokio::test]
async fn a_view_with_tokens_is_not_there_for_others() {
    let server = Server::start(&library(), settings()).await;
    let right = format!("Bearer {TOKEN}");
    for (path, fields, status) in [
        ("/views/team.atom", &[][..], 404),
        ("/views/team.atom?token=", &[], 404),
        ("/views/team.atom?token=alice", &[], 404),
        ("/views/team.atom", &[("Authorization", "Bearer a token of some length")], 404),
        ("/views/team.atom?token=alice-token-of-some-length", &[], 200),
        ("/views/team?token=other-token-of-some-length", &[], 200),
        ("/views/team.json", &[("Authorization", &right[..])], 200),
        ("/views/tor.atom", &[("Authorization", "Bearer wrong")], 200),
        ("/admin/sources", &[("Authorization", &right[..])], 401),
    ] {
        let answer = server.ask("GET", path, fields).await;
        assert_eq!(answer.status, status, "{path} {fields:?}");
        if status == 200 && path.contains("team") {
            assert_eq!(answer.field("cache-control"), Some("private, max-age=60"), "{path}");
            assert_eq!(answer.field("access-control-allow-origin"), None, "{path}");
            assert!(!answer.text().contains("alice") && !answer.text().contains("other-token"), "{path}");
            assert!(answer.text().contains("A secret plan"), "{path}");
        }
    }
    // Nobody who has no token learns of it.
    for path in ["/", "/about", "/sources", "/views.opml", "/feed.atom", "/opml"] {
        assert!(!server.ask("GET", path, &[]).await.text().contains("views/team"), "{path}");
    }
    let list = server.ask("GET", "/views.opml", &[("Authorization", &right)]).await;
    assert!(list.text().contains("https://watch.example.org/views/team.atom") && !list.text().contains("alice"), "{}", list.text());
    assert_eq!(list.field("cache-control"), Some("private, max-age=60"));
}

#[tokio::test]
async fn the_list_of_our_feeds_and_the_home_page_name_what_is_open() {
    let server = Server::start(&library(), settings()).await;
    let list = server.ask("GET", "/views.opml", &[]).await;
    assert_eq!((list.status, list.field("content-type")), (200, Some("text/x-opml; charset=utf-8")));
    for path in ["feed.atom", "views/tor.atom", "sources/krebs.atom", "sources/seebug.atom"] {
        assert!(list.text().contains(&format!("xmlUrl=\"https://watch.example.org/{path}\"")), "{path}: {}", list.text());
    }
    assert!(!list.text().contains("hidden"), "{}", list.text());
    watchfire::render::check_xml(&list.body).expect("well formed");
    let home = server.ask("GET", "/", &[]).await;
    assert!(home.text().contains("href=\"https://watch.example.org/views/tor\""));
    assert!(home.text().contains("href=\"https://watch.example.org/vulnerabilities/CVE-2024-3094\""), "a label leads to its stories");
}

#[tokio::test]
async fn pages_lead_back_to_the_first_story_and_none_is_left_out() {
    let items: Vec<_> = (0..25).map(|n| item(["krebs", "seebug"][n % 2], &format!("Tor number {n}"), n as i64)).collect();
    let mut settings = (*settings()).clone();
    settings.window = WindowLimits { entries_max: 8, ..WindowLimits::default() };
    let server = Server::start(&Library::with(&items), settings.into()).await;
    for start in ["/feed.atom", "/views/tor.atom", "/views/tor.rss", "/sources/krebs.atom", "/tags/news.atom"] {
        let mut next = Some(start.to_owned());
        let (mut seen, mut pages) = (std::collections::HashSet::new(), 0);
        while let Some(path) = next {
            let answer = server.ask("GET", &path, &[]).await;
            assert_eq!(answer.status, 200, "{path}");
            pages += 1;
            assert!(titles(&answer.body).len() <= 8, "{path}");
            seen.extend(titles(&answer.body));
            next = if start.ends_with(".rss") { before(answer.text(), "\" rel=\"next\"") } else { part(&answer, "next") };
            if pages > 1 && start.ends_with(".atom") {
                assert!(part(&answer, "previous").is_some() && part(&answer, "first").as_deref() == Some(start), "{path}");
            }
        }
        let wanted = if start.contains("krebs") || start.contains("news") { 13 } else { 25 };
        assert_eq!(seen.len(), wanted, "{start} in {pages} pages");
    }
    let json: serde_json::Value = serde_json::from_slice(&server.ask("GET", "/feed.json", &[]).await.body).expect("JSON");
    assert!(json["next_url"].as_str().is_some_and(|next| next.starts_with("https://watch.example.org/feed.json?skip=")), "{json}");
    let page = server.ask("GET", "/views/tor", &[]).await;
    let older = after(page.text(), "<a href=\"https://watch.example.org/views/tor?skip=").expect("a way to older stories");
    assert!(!older.is_empty());
}

/// The address that stands before a mark, without its host.
fn before(text: &str, mark: &str) -> Option<String> {
    let (before, _) = text.split_once(mark)?;
    Some(before.rsplit('"').next()?.replace("https://watch.example.org", ""))
}

/// The address that follows a mark, without its host.
fn after(text: &str, mark: &str) -> Option<String> {
    let rest = text.split(mark).nth(1)?;
    Some(rest.split('"').next()?.replace("https://watch.example.org", ""))
}

#[tokio::test]
async fn a_new_story_appears_in_its_view() {
    let library = library();
    let server = Server::start(&library, settings()).await;
    let before = server.ask("GET", "/views/tor.atom", &[]).await;
    library.add(&[item("krebs", "Nothing of note", 8), item("krebs", "Another Tor release", 9)]);
    server.wait_for("Another Tor release").await;
    let now = server.ask("GET", "/views/tor.atom", &[]).await;
    assert_eq!(titles(&now.body), ["Another Tor release", "Tor has a new release"]);
    assert_ne!(before.field("etag"), now.field("etag"));
    library.add(&[item("krebs", "More of no note", 10)]);
    server.wait_for("More of no note").await;
    let again = server.ask("GET", "/views/tor.atom", &[]).await;
    assert_eq!(again.field("etag"), now.field("etag"), "what others bring changes nothing here");
}

#[tokio::test]
async fn closed_volumes_of_the_archive_lead_back_to_the_first_story_and_stay_as_they_are() {
    let news = |n: usize| item(["krebs", "seebug"][n % 2], &format!("Told {n}"), n as i64);
    let library = Library::with(&(0..150).map(news).collect::<Vec<_>>());
    let server = Server::start(&library, settings()).await;
    let newest = server.ask("GET", "/feed.atom", &[]).await;
    let (mut seen, mut next) = (std::collections::HashSet::new(), part(&newest, "prev-archive"));
    assert_eq!(next.as_deref(), Some("/archive/1.atom"), "150 stories close two volumes of 64");
    seen.extend(titles(&newest.body));
    while let Some(path) = next {
        let volume = server.ask("GET", &path, &[]).await;
        assert_eq!((volume.status, titles(&volume.body).len()), (200, 64), "{path}");
        assert_eq!(part(&volume, "current").as_deref(), Some("/feed.atom"));
        assert!(
            volume.text().contains("xmlns:fh=\"http://purl.org/syndication/history/1.0\"")
                && volume.text().contains("<fh:archive></fh:archive>")
        );
        let ids = [&newest, &volume].map(|answer| feed_rs::parser::parse(&answer.body[..]).expect("a feed").id);
        assert_eq!(ids[0], ids[1], "{path} is part of the same feed");
        seen.extend(titles(&volume.body));
        next = part(&volume, "prev-archive");
    }
    assert!((0..128).all(|n| seen.contains(&format!("Told {n}"))), "{} stories", seen.len());
    let first = server.ask("GET", "/archive/0.atom", &[]).await;
    assert_eq!(first.field("cache-control"), Some("public, max-age=31536000, immutable"));
    assert_ne!(
        server.ask("GET", "/archive/1.atom", &[]).await.field("cache-control"),
        first.field("cache-control"),
        "it has no next one yet"
    );
    for path in
        ["/archive/2.atom", "/archive/00.atom", "/archive/+0.atom", "/archive/0", "/archive/x.atom", "/archive/99999999999999999999.atom"]
    {
        assert_eq!(server.ask("GET", path, &[]).await.status, 404, "{path}");
    }
    let rss = server.ask("GET", "/archive/0.rss", &[]).await;
    assert!(rss.text().contains("<fh:archive></fh:archive>") && titles(&rss.body).len() == 64);
    library.add(&(150..200).map(news).collect::<Vec<_>>());
    server.wait_for("/archive/2.atom").await;
    assert_eq!(server.ask("GET", "/archive/0.atom", &[]).await.body, first.body);
    assert_eq!(part(&server.ask("GET", "/archive/1.atom", &[]).await, "next-archive").as_deref(), Some("/archive/2.atom"));
}

#[tokio::test]
async fn the_vulnerabilities_most_talked_about_are_those_of_the_week_before_the_newest_story() {
    let about =
        |source: &str, name: &str, minutes: i64| about(item(source, &format!("{source} told of {name} at {minutes}"), minutes), name);
    const DAY: i64 = 24 * 60;
    let library = Library::with(&[
        about("krebs", "CVE-2024-3094", 0),
        about("krebs", "CVE-2020-0001", 0),
        about("krebs", "CVE-2024-3094", 20 * DAY),
        about("seebug", "CVE-2024-3094", 21 * DAY),
        about("krebs", "CVE-2021-4034", 20 * DAY + 1),
        about("seebug", "CVE-2021-4034", 21 * DAY + 1),
        about("wire", "CVE-2021-4034", 21 * DAY + 2),
    ]);
    let server = Server::start(&library, served("Watch")).await;
    let page = server.ask("GET", "/vulnerabilities", &[]).await;
    let text = page.text();
    assert_eq!((page.status, text.matches("<li>").count()), (200, 2), "{text}");
    let [first, second] = ["CVE-2021-4034", "CVE-2024-3094"].map(|name| text.find(&format!("/vulnerabilities/{name}\"")).expect(name));
    assert!(first < second, "the one with more stories first");
    assert!(text.contains("3 stories · 3 sources") && text.contains("2 stories · 2 sources"), "{text}");
    assert!(text.contains("Thu 12 Sep 2024</time>"), "first of all told long before: {text}");
    assert!(text.contains("aria-label=\"Stories a day: Fri 27 Sep 2024 0, "), "{text}");
    let again = server.ask("GET", "/vulnerabilities", &[("If-None-Match", page.field("etag").expect("a tag"))]).await;
    assert_eq!(again.status, 304);
    let empty = Server::start(&Library::with(&[]), served("Watch")).await;
    assert!(empty.ask("GET", "/vulnerabilities", &[]).await.text().contains("No story of the last week"));
}

#[tokio::test]
async fn a_storys_page_shows_what_was_changed_in_its_copies() {
    let told = item("krebs", "3 hosts were hit", 5);
    let edited = Item {
        title: Text::line("12 hosts were hit <b>", 300),
        body: SafeHtml::vouched("<p>12 hosts were hit</p><p>漏洞未被利用</p>".to_owned()),
        ..told.clone()
    };
    let library = Library::with(&[told]);
    let server = Server::start(&library, served("Watch")).await;
    let path = format!("/stories/{}", library.newest());
    assert!(!server.ask("GET", &path, &[]).await.text().contains("Earlier versions"));
    library.add(&[edited]);
    server.wait_for("12 hosts were hit").await;
    let page = server.ask("GET", &path, &[]).await;
    let text = page.text();
    assert!(text.contains("<h3><del>3</del><ins>12</ins> hosts were hit<ins> &lt;b&gt;</ins></h3>"), "{text}");
    assert!(text.contains("漏洞未被利用</ins>") && text.contains("Earlier versions"), "{text}");
}

#[tokio::test]
async fn the_sources_page_says_what_each_was_first_with_and_alone_with() {
    let both = item("krebs", "A thing that two of them tell", 5);
    let copy = Item { link: both.link.clone(), key: both.key.clone(), ..item("seebug", "A thing that two of them tell", 6) };
    let library = Library::with(&[both, copy, item("krebs", "One tells this", 9)]);
    let state = SourceState { recent: Recent::default().with(&Outcome::Unchanged), ..SourceState::default() };
    let krebs = SourceId::parse("krebs").expect("a slug");
    library
        .store()
        .commit(PollCommit { source: krebs, arrivals: Vec::new(), new_max: 1 }, Timestamp::default(), |_| state)
        .expect("committed");
    let server = Server::start(&library, served("Watch")).await;
    let page = server.ask("GET", "/sources", &[]).await;
    let text = page.text();
    assert!(text.contains("told 2 stories, 0 in the last week · 100 % as the first, 50 % as the only one"), "{text}");
    assert!(text.contains("aria-label=\"Last 1 poll: 0 with news, 1 without, 0 failed\""), "{text}");
}

#[tokio::test]
async fn volumes_of_a_view_hold_what_it_lets_through_and_pass_over_what_it_does_not() {
    // 300 stories close four volumes of 64; the view knows stories of the first and of the third.
    let tor = [3, 40, 150, 290];
    let news = |n: usize| item("krebs", &format!("{} {n}", if tor.contains(&n) { "Tor news" } else { "Told" }), n as i64);
    let library = Library::with(&(0..300).map(news).collect::<Vec<_>>());
    let server = Server::start(&library, settings()).await;
    let newest = server.ask("GET", "/views/tor.atom", &[]).await;
    let third = part(&newest, "prev-archive").expect("an archive");
    assert!(third.starts_with("/archive/tor-") && third.ends_with("-2.atom"), "{third}");
    let volume = server.ask("GET", &third, &[]).await;
    assert_eq!((titles(&volume.body), part(&volume, "current").as_deref()), (vec!["Tor news 150".to_owned()], Some("/views/tor.atom")));
    assert_eq!(part(&volume, "next-archive"), None);
    let first = part(&volume, "prev-archive").expect("an older one");
    assert_eq!(first, third.replace("-2.atom", "-0.atom"), "the second has nothing of it");
    let oldest = server.ask("GET", &first, &[]).await;
    assert_eq!(titles(&oldest.body), ["Tor news 40", "Tor news 3"]);
    assert_eq!((part(&oldest, "prev-archive"), part(&oldest, "next-archive")), (None, Some(third.clone())));
    assert_eq!(oldest.field("cache-control"), Some("public, max-age=31536000, immutable"));
    let ids = [&newest, &oldest].map(|answer| feed_rs::parser::parse(&answer.body[..]).expect("a feed").id);
    assert_eq!(ids[0], ids[1]);
    for path in [third.replace("tor-", "tor-0"), third.replace("tor", "nobody"), third.replace("-2.", "-02."), third.replace("-2.", "-4.")]
    {
        assert_eq!(server.ask("GET", &path, &[]).await.status, 404, "{path}");
    }
    assert_eq!(part(&server.ask("GET", "/sources/krebs.atom", &[]).await, "prev-archive"), None, "sources have no archive");

    let mut others = (*settings()).clone();
    others.views = [view("tor", "told", &[])].into();
    let changed = Server::start(&library, others.into()).await;
    assert_eq!(changed.ask("GET", &first, &[]).await.status, 404, "another filter has another archive");
    let newest = part(&changed.ask("GET", "/views/tor.atom", &[]).await, "prev-archive").expect("an archive");
    assert!(newest.ends_with("-3.atom") && titles(&changed.ask("GET", &newest, &[]).await.body).len() == 64, "{newest}");
}

#[tokio::test]
async fn the_archive_of_a_view_with_tokens_opens_as_the_view_does() {
    let library = Library::with(&(0..130).map(|n| item("krebs", &format!("A secret plan {n}"), n)).collect::<Vec<_>>());
    let server = Server::start(&library, settings()).await;
    let team = server.ask("GET", &format!("/views/team.atom?token={TOKEN}"), &[]).await;
    let volume = team.text().split("/archive/").nth(1).and_then(|rest| rest.split('"').next()).expect("an archive").to_owned();
    assert_eq!(server.ask("GET", &format!("/archive/{volume}"), &[]).await.status, 404);
    let opened = server.ask("GET", &format!("/archive/{volume}?token={TOKEN}"), &[]).await;
    assert_eq!(opened.status, 200);
    assert!(opened.field("cache-control").is_some_and(|field| field.contains("private")), "{:?}", opened.field("cache-control"));
}

#[tokio::test]
async fn a_source_that_floods_a_view_holds_a_quarter_of_its_page_unless_it_is_alone() {
    let flood = (0..200).map(|n| item("krebs", &format!("Tor news {n}"), 1000 + n));
    let others = (0..20).map(|n| item(["seebug", "other", "third"][n % 3], &format!("Tor as others see it {n}"), n as i64));
    let alone = (0..20).map(|n| item("lonely", &format!("Lone word {n}"), n));
    let library = Library::with(&flood.chain(others).chain(alone).collect::<Vec<_>>());
    // Who floods copies what others have: the newest story of theirs.
    let copied = item("seebug", "Tor as two see it", 500);
    library.add(&[copied.clone(), Item { link: copied.link, key: copied.key, ..item("krebs", "Tor as two see it", 501) }]);
    let mut settings = (*settings()).clone();
    settings.window = WindowLimits { entries_max: 8, ..settings.window };
    settings.views = [view("tor", "Tor", &[]), view("lone", "Lone", &[])].into();
    let server = Server::start(&library, settings.into()).await;
    let shown = titles(&server.ask("GET", "/views/tor.atom", &[]).await.body);
    let of_flood = shown.iter().filter(|title| title.starts_with("Tor news")).count();
    assert_eq!((of_flood, shown.len()), (2, 8), "{shown:?}");
    assert_eq!(shown[2], "Tor as two see it", "it stays the story of who told it");
    assert_eq!(titles(&server.ask("GET", "/views/lone.atom", &[]).await.body).len(), 8);
    let own = titles(&server.ask("GET", "/sources/krebs.atom", &[]).await.body);
    assert_eq!((own.len(), own[0].as_str()), (8, "Tor news 199"), "on its own page a source has all the room");
}
