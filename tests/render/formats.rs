//! The combined feed in its other formats, and the list of sources: read back by other people's code.

use feed_rs::model::Feed;
use serde_json::Value;
use watchfire::{
    model::{Catalogue, Cve, Enclosure, Exploited, Risk, SourceState, Story, Tag, Text, Threat},
    render::{self, Format, SourceCard, SourceCards},
};

use crate::fixtures::{cards, item, link, parsed, site, source, source_id, story, written};

/// Two stories: one with everything, one with next to nothing.
fn stories() -> Vec<Story> {
    let mut first = item("anquanke", "烽火 <1> & \"2\" ]]>", Some("https://www.anquanke.com/post/id/1?a=1&b=2"), 0);
    first.authors = vec![Text::line("李白", 80), Text::line("Du Fu", 80)];
    first.categories = vec![Text::line("漏洞", 80)];
    let tag = |name: &str, is_primary| Tag { catalogue: Catalogue::Cve, name: name.to_owned(), is_primary };
    first.tags = vec![tag("CVE-2024-3094", true), tag("CVE-2024-9999", false)];
    first.enclosures =
        vec![Enclosure { link: link("https://files.example/a.pdf"), media_type: Some("application/pdf".to_owned()), bytes: Some(9) }];
    let copy = item("freebuf", "烽火", Some("https://www.freebuf.com/1.html"), 20);
    vec![story(vec![first, copy]), story(vec![item("seeds", "No address", None, -30)])]
}

fn rss(stories: &[Story]) -> Vec<u8> {
    written(Format::Rss, stories, &cards())
}

fn json(stories: &[Story]) -> Value {
    serde_json::from_slice(&written(Format::Json, stories, &cards())).expect("JSON")
}

/// What a reader would show of each entry.
fn shown(feed: &Feed) -> Vec<Vec<String>> {
    let entry = |entry: &feed_rs::model::Entry| {
        let text = |text: &Option<feed_rs::model::Text>| text.as_ref().map(|text| text.content.clone()).unwrap_or_default();
        let content = entry.content.as_ref().and_then(|content| content.body.clone());
        let mut shown = vec![entry.id.clone(), text(&entry.title), content.unwrap_or_default()];
        shown.push(entry.links.first().map(|link| link.href.clone()).unwrap_or_default());
        shown.push(entry.published.expect("a date").to_rfc3339());
        shown.push(entry.authors.iter().filter_map(|person| person.name.clone()).collect::<Vec<_>>().join("|"));
        shown.push(entry.categories.iter().map(|category| category.term.clone()).collect::<Vec<_>>().join("|"));
        shown
    };
    feed.entries.iter().map(entry).collect()
}

#[test]
fn all_three_formats_show_the_same_entries() {
    let wanted = shown(&parsed(&written(Format::Atom, &stories(), &cards())));
    assert_eq!(wanted.len(), 2);
    assert_eq!(wanted[0][6], "CVE-2024-3094|漏洞", "what a text merely mentions is no category");
    assert_eq!(shown(&parsed(&rss(&stories()))), wanted);
    assert_eq!(shown(&parsed(&written(Format::Json, &stories(), &cards()))), wanted);
}

#[test]
fn what_lists_say_is_told_in_the_language_of_the_story() {
    let since = "2024-03-05".parse().expect("a day");
    let threat = Threat { exploited: Some(Exploited { since, by_ransomware: true }), likelihood: 9 };
    let risk = Risk::of(vec![(Cve::parse("CVE-2024-3094").expect("a number"), threat)], None);
    let stories: Vec<Story> = stories().into_iter().map(|story| Story { risk: risk.clone(), ..story }).collect();
    for format in Format::ALL {
        let shown = shown(&parsed(&written(format, &stories, &cards())));
        assert_eq!(shown[0][6], "CVE-2024-3094|kev|epss>=0.9|漏洞", "{format:?}");
        assert!(shown[0][2].contains("<p><small>据 CISA，自 2024-03-05 起已知被利用，并用于勒索软件攻击。</small></p>"), "{:?}", shown[0]);
    }
    let page = String::from_utf8(render::story_page(&site(), &stories[0], &[], &cards())).expect("UTF-8");
    for words in
        ["/tags/kev\"", ">known exploited<", "/tags/epss%3E=0.9\"", ">EPSS ≥ 0.9<", "CVE-2024-3094: Known to be exploited since 2024-03-05"]
    {
        assert!(page.contains(words), "{words}: {page}");
    }
}

#[test]
fn rss_keeps_its_own_rules() {
    let bytes = rss(&stories());
    render::check_xml(&bytes).expect("well formed");
    let text = String::from_utf8(bytes).expect("UTF-8");
    for needed in [
        "<link>https://watch.example.org/</link>",
        "<description>Each story once</description>",
        "href=\"https://watch.example.org/feed.rss\"",
        "<guid isPermaLink=\"false\">urn:x-test:",
        "<pubDate>Fri, 13 Sep 2024 00:00:00 +0800</pubDate>",
        "<enclosure url=\"https://files.example/a.pdf\" length=\"9\" type=\"application/pdf\"/>",
        "<category domain=\"https://www.cve.org/\">",
    ] {
        assert!(text.contains(needed), "{needed} is missing:\n{text}");
    }
    render::check_xml(&rss(&[])).expect("a feed without stories is well formed, too");
}

#[test]
fn json_feed_keeps_its_own_rules() {
    let feed = json(&stories());
    assert_eq!(feed["version"], "https://jsonfeed.org/version/1.1");
    assert_eq!(feed["feed_url"], "https://watch.example.org/feed.json");
    for item in feed["items"].as_array().expect("items") {
        assert!(item["id"].is_string() && item["content_html"].is_string() && item["url"].is_string(), "{item}");
    }
    let first = &feed["items"][0];
    assert_eq!(first["attachments"][0]["size_in_bytes"], 9);
    assert_eq!(first["_watchfire"]["also_at"][0]["url"], "https://www.freebuf.com/1.html");
    assert_eq!(first["language"], "zh-Hans");
    assert!(feed["items"][1].get("_watchfire").is_none());
}

#[test]
fn the_list_of_sources_names_no_secret() {
    let mut cards = SourceCards::of(&[
        source("open", "https://open.example/feed?key=s3cret", false),
        source("hidden", "https://hidden.example/feed", true),
    ]);
    cards.insert(source_id("folder"), SourceCard::named(Text::line("A folder", 80)));
    let bytes = render::opml(site().title.as_str(), &cards);
    render::check_xml(&bytes).expect("well formed");
    let text = String::from_utf8(bytes).expect("UTF-8");
    assert!(text.contains(r#"<outline type="rss" text="open" title="open" xmlUrl="https://open.example/feed"/>"#), "{text}");
    assert!(!text.contains("s3cret") && !text.contains("hidden") && !text.contains("folder"), "{text}");
}

#[test]
fn the_page_of_the_sources_keeps_private_addresses_to_itself() {
    let cards =
        SourceCards::of(&[source("open", "https://open.example/feed", false), source("hidden", "https://hidden.example/feed", true)]);
    let failing = |words: &str| SourceState { last_outcome: Some(words.to_owned()), last_failed: true, ..SourceState::default() };
    let states = [
        (source_id("hidden"), failing("`hidden.example` refused the connection")),
        (source_id("open"), failing("<script>alert(1)</script> is no feed")),
    ];
    let page = String::from_utf8(render::sources_page(
        &site(),
        &cards,
        render::Sources { states: &states, shares: &Default::default(), faults: &["it is <full>"] },
        watchfire::model::Timestamp::default(),
    ))
    .expect("UTF-8");
    assert!(page.contains("Out of order: it is &lt;full&gt;"), "{page}");
    assert!(page.contains("2 failing") && page.contains("&lt;script&gt;alert(1)"), "{page}");
    assert!(!page.contains("hidden.example") && !page.contains("<script>"), "{page}");
}
