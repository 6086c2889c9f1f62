//! Searching over HTTP: the page, the feeds, the description for browsers.

mod library;
mod server;

use library::{Library, item};
use server::{Server, served};
use watchfire::{http::Served, view::WindowLimits};

/// Some stories about gateways, and one about nothing.
fn library() -> Library {
    let mut items: Vec<_> =
        (0..6).map(|n| item("wire", &format!("Gateway number {n} is under attack by group {}", n * 7919), n * 3000)).collect();
    items.push(item("krebs", "网络安全周报: nothing of the kind", 50_000));
    Library::with(&items)
}

#[tokio::test]
async fn what_is_searched_for_is_found_on_a_page_and_in_every_format() {
    let server = Server::start(&library(), served("Watch")).await;
    let page = server.ask("GET", "/search?q=gateway+attack", &[]).await;
    assert_eq!((page.status, page.text().matches("class=\"story\"").count()), (200, 6), "{}", page.text());
    assert!(page.text().contains("6 stories") && page.text().contains("value=\"gateway attack\""), "{}", page.text());
    assert!(page.text().contains("https://watch.example.org/search.atom?q=gateway+attack"), "the feed of the same search");
    for (path, wanted) in [
        ("/search.atom?q=%E7%BD%91%E7%BB%9C%E5%AE%89%E5%85%A8", "网络安全周报"),
        ("/search.rss?q=nothing+source:krebs", "网络安全周报"),
        ("/search.json?q=%22number+3%22", "Gateway number 3"),
        ("/search?q=gateway&order=best", "Gateway number 3"),
    ] {
        let answer = server.ask("GET", path, &[]).await;
        assert!(answer.status == 200 && answer.text().contains(wanted), "{path}: {} {}", answer.status, answer.text());
    }
    let nothing = server.ask("GET", "/search?q=gateway+-attack", &[]).await;
    assert!(nothing.status == 200 && nothing.text().contains("No story says so."));
    // 网络周报 stands nowhere in a row.
    let apart = server.ask("GET", "/search?q=%E7%BD%91%E7%BB%9C%E5%91%A8%E6%8A%A5", &[]).await;
    assert!(apart.text().contains("网络安全周报") && apart.text().contains("these say its parts"), "{}", apart.text());
    let exactly = server.ask("GET", "/search.atom?q=%E7%BD%91%E7%BB%9C%E5%91%A8%E6%8A%A5", &[]).await;
    assert!(!exactly.text().contains("<entry>"), "a feed keeps to what was asked");
    let empty = server.ask("GET", "/search", &[]).await;
    assert!(empty.status == 200 && empty.text().contains("the words in a row") && !empty.text().contains("class=\"story\""));
    assert_eq!(server.ask("GET", "/search.atom", &[]).await.text().matches("<entry>").count(), 0);
    assert_eq!(server.ask("GET", "/search?q=gateway&skip=x", &[]).await.status, 404);
}

#[tokio::test]
async fn pages_of_a_search_lead_to_each_other() {
    let few = Served { window: WindowLimits { entries_max: 4, ..WindowLimits::default() }, ..(*served("Watch")).clone() };
    let server = Server::start(&library(), few.into()).await;
    let first = server.ask("GET", "/search?q=gateway&order=best", &[]).await;
    assert_eq!(first.text().matches("class=\"story\"").count(), 4, "{}", first.text());
    assert!(first.text().contains("/search?q=gateway&amp;order=best&amp;skip=4"), "{}", first.text());
    let second = server.ask("GET", "/search?q=gateway&order=best&skip=4", &[]).await;
    assert_eq!(second.text().matches("class=\"story\"").count(), 2);
    let feed = server.ask("GET", "/search.atom?q=gateway", &[]).await;
    let next = "href=\"https://watch.example.org/search.atom?q=gateway&amp;skip=4\" rel=\"next\"";
    assert!(feed.text().contains(next), "{}", feed.text());
}

#[tokio::test]
async fn what_was_typed_stays_text() {
    let server = Server::start(&library(), served("Watch")).await;
    let page = server.ask("GET", "/search?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E", &[]).await;
    assert!(page.status == 200 && !page.text().contains("<script>"), "{}", page.text());
    assert!(page.field("content-security-policy").is_some_and(|policy| policy.contains("form-action 'self'")));
    let feed = server.ask("GET", "/search.atom?q=%3Cb%3E%26%22", &[]).await;
    assert!(feed.status == 200 && !feed.text().contains("<b>"), "{}", feed.text());
    let long = format!("/search?q={}", "a".repeat(5_000));
    assert_eq!(server.ask("GET", &long, &[]).await.status, 200);
}

#[tokio::test]
async fn a_browser_learns_how_to_search() {
    let server = Server::start(&library(), served("Watch & wait for the fires")).await;
    assert!(server.ask("GET", "/", &[]).await.text().contains("href=\"https://watch.example.org/opensearch.xml\""));
    let description = server.ask("GET", "/opensearch.xml", &[]).await;
    assert_eq!(description.field("content-type"), Some("application/opensearchdescription+xml"));
    let text = description.text();
    assert!(text.contains("<ShortName>Watch &amp; wait for</ShortName>"), "{text}");
    assert!(text.contains("template=\"https://watch.example.org/search?q={searchTerms}\""), "{text}");
    assert!(text.contains("template=\"https://watch.example.org/search.atom?q={searchTerms}\""), "{text}");
}

#[tokio::test]
async fn a_story_can_be_found_soon_after_it_was_stored() {
    let library = library();
    let server = Server::start(&library, served("Watch")).await;
    assert!(!server.ask("GET", "/search?q=plover", &[]).await.text().contains("class=\"story\""));
    library.add(&[item("wire", "A plover was seen", 60_000)]);
    let found = async {
        while !server.ask("GET", "/search?q=plover", &[]).await.text().contains("A plover was seen") {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(server::PATIENCE, found).await.expect("found in time");
}
