//! The feed and the pages as readers meet them: parsed by other people's code, compared byte for byte, fed with hostile texts.

mod fixtures;
mod formats;

use std::collections::HashSet;

use fixtures::{MIDNIGHT, cards, item, link, parsed, site, source, source_id, story, written};
use quick_xml::{Reader, events::Event};
use watchfire::{
    model::{
        Enclosure, Item, ItemId, JoinRule, LinkKey, NativeId, Origin, SafeHtml, Source, SourceState, Story, Text, Timestamp, ZonedTime,
    },
    render::{self, Feed, Format, List, Listed, Manners, Notice, Site, SourceCard, SourceCards},
    view::{Candidate, WindowLimits, window},
};

fn atom(stories: &[Story], cards: &SourceCards) -> Vec<u8> {
    written(Format::Atom, stories, cards)
}

/// The home page over stories.
fn home_page(stories: &[Story], cards: &SourceCards) -> Vec<u8> {
    let lines: Vec<_> = stories.iter().map(|story| render::line(&site(), story, cards)).collect();
    let listed: Vec<_> = stories.iter().zip(&lines).map(|(story, line)| Listed { updated: story.updated, line }).collect();
    let feed = Feed::combined(&site(), Timestamp::from_secs(MIDNIGHT));
    render::home_page(&site(), List { feed: &feed, stories: &listed }, &[], cards)
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("UTF-8")
}

/// Reads to the end with a strict parser, every reference and attribute included.
fn read_strictly(feed: &[u8]) {
    let mut reader = Reader::from_reader(feed);
    let mut buffer = Vec::new();
    loop {
        match reader.read_event_into(&mut buffer).expect("well formed") {
            Event::Start(tag) | Event::Empty(tag) => tag.attributes().for_each(|attribute| drop(attribute.expect("an attribute"))),
            Event::Eof => return,
            _ => {}
        }
        buffer.clear();
    }
}

#[test]
fn the_feed_of_one_story_is_exactly_this() {
    let mut first = item("anquanke", "烽火 <1> & \"2\"", Some("https://www.anquanke.com/post/id/1?a=1&b=2"), 0);
    first.authors = vec![Text::line("李白", 80)];
    first.categories = vec![Text::line("CVE-2024-1", 80)];
    first.related = vec![link("https://cited.example/x")];
    first.enclosures =
        vec![Enclosure { link: link("https://files.example/a.pdf"), media_type: Some("application/pdf".to_owned()), bytes: Some(9) }];
    let copy = item("freebuf", "烽火", Some("https://www.freebuf.com/1.html"), 20);
    let feed = text(atom(&[story(vec![first, copy])], &cards()));
    let id = ItemId::of(&source_id("anquanke"), &NativeId::new("烽火 <1> & \"2\" 0".to_owned()));
    let version = env!("CARGO_PKG_VERSION");
    let wanted = [
        r#"<?xml version="1.0" encoding="utf-8"?>"#,
        "\n",
        r#"<feed xmlns="http://www.w3.org/2005/Atom"><title>Watchfire</title><id>urn:uuid:00000000-0000-0000-0000-000000005eed</id>"#,
        r#"<updated>2024-09-12T16:00:00+00:00</updated><author><name>Watchfire</name></author>"#,
        &format!(r#"<generator version="{version}">Watchfire</generator>"#),
        r#"<link href="https://watch.example.org/feed.atom" rel="self" type="application/atom+xml"/>"#,
        r#"<link href="https://watch.example.org/" rel="alternate" type="text/html"/><subtitle>Each story once</subtitle>"#,
        r#"<entry><title xml:lang="zh-Hans">烽火 &lt;1&gt; &amp; &quot;2&quot;</title>"#,
        &format!("<id>urn:x-test:{id}</id><updated>2024-09-13T00:00:00+08:00</updated><author><name>李白</name></author>"),
        r#"<category term="CVE-2024-1"/>"#,
        r#"<link href="https://www.anquanke.com/post/id/1?a=1&amp;b=2" rel="alternate"/>"#,
        r#"<link href="https://www.freebuf.com/1.html" rel="related" title="FreeBuf"/>"#,
        r#"<link href="https://cited.example/x" rel="related" title="cited.example"/>"#,
        r#"<link href="https://files.example/a.pdf" rel="enclosure" type="application/pdf" length="9"/>"#,
        r#"<published>2024-09-13T00:00:00+08:00</published>"#,
        r#"<source><title>安全客</title><id>urn:uuid:feb09686-0b2f-591b-a454-7e71b87524ee</id><updated>2024-09-13T00:00:00+08:00</updated></source>"#,
        r#"<content xml:lang="zh-Hans" type="html">&lt;p&gt;正文 &amp;amp; more&lt;/p&gt;&lt;p&gt;&lt;small&gt;亦见于：&lt;a href=&quot;https://www.freebuf.com/1.html&quot;&gt;"#,
        r#"FreeBuf&lt;/a&gt; (2024-09-13)&lt;/small&gt;&lt;/p&gt;</content></entry></feed>"#,
        "\n",
    ];
    assert_eq!(feed, wanted.concat());
}

#[test]
fn rendering_is_the_same_twice_and_reads_back() {
    let stories: Vec<_> = (0..40)
        .map(|n| {
            let address = format!("https://www.anquanke.com/post/id/{n}");
            story(vec![item("anquanke", &format!("故事 {n}"), Some(&address), n), item("freebuf", "转载", None, n + 1)])
        })
        .collect();
    let feed = atom(&stories, &cards());
    assert_eq!(feed, atom(&stories, &cards()));
    read_strictly(&feed);
    let read = parsed(&feed);
    assert_eq!(read.id, site().feed_id());
    assert_eq!(read.updated.map(|at| at.timestamp()), stories.iter().map(|story| story.updated.at().as_secs()).max());
    assert_eq!(read.entries.len(), stories.len());
    for (entry, story) in read.entries.iter().zip(&stories) {
        assert_eq!(entry.id, story.entry_id);
        assert_eq!(entry.title.as_ref().map(|title| title.content.as_str()), Some(story.first().title.as_str()));
        assert_eq!(entry.published.map(|at| at.timestamp()), Some(story.published.at().as_secs()));
        assert_eq!(entry.authors.len(), 1, "the source stands in for a missing author");
        let body = entry.content.as_ref().and_then(|content| content.body.as_deref()).expect("content");
        assert!(body.starts_with(story.first().body.as_str()) && body.contains("亦见于：FreeBuf ("), "{body}");
    }
}

#[test]
fn a_feed_without_stories_is_a_feed() {
    let feed = atom(&[], &SourceCards::default());
    let read = parsed(&feed);
    assert_eq!(read.updated.map(|at| at.timestamp()), Some(MIDNIGHT), "when the generation began, not the time of rendering");
    assert!(text(home_page(&[], &SourceCards::default())).contains("No stories yet"));
}

#[test]
fn links_say_where_who_else_and_what_it_cites_once_each() {
    let own = |story: &Story| format!("https://watch.example.org/stories/{}", story.id);
    let mut cites = item("seeds", "事件分析", None, 0);
    cites.related = vec![link("https://www.anquanke.com/post/id/306496"), link("https://mp.weixin.qq.com/s/WnG7QHK5ESPN6EPQNEBotw")];
    let mut mirror = item("freebuf", "转载", Some("https://mirror.example/1"), 0);
    mirror.related = vec![link("https://origin.example/1"), link("https://mirror.example/1")];
    let stories = [
        story(vec![cites]),
        story(vec![
            mirror,
            item("anquanke", "原文", Some("https://origin.example/1"), 1),
            item("seeds", "又一", Some("https://mirror.example/1"), 2),
        ]),
        story(vec![item("seeds", "无链接", None, 0), item("freebuf", "有链接", Some("https://copy.example/1"), 1)]),
    ];
    let read = parsed(&atom(&stories, &cards()));
    let links = |index: usize| -> Vec<(String, String)> {
        let rel = |link: &feed_rs::model::Link| link.rel.clone().unwrap_or_default();
        read.entries[index].links.iter().map(|link| (rel(link), link.href.clone())).collect()
    };
    let pair = |rel: &str, href: &str| (rel.to_owned(), href.to_owned());
    assert_eq!(
        links(0),
        [
            pair("alternate", &own(&stories[0])),
            pair("related", "https://www.anquanke.com/post/id/306496"),
            pair("related", "https://mp.weixin.qq.com/s/WnG7QHK5ESPN6EPQNEBotw"),
        ]
    );
    assert_eq!(
        links(1),
        [pair("alternate", "https://origin.example/1"), pair("related", "https://mirror.example/1")],
        "the cited origin leads"
    );
    assert_eq!(links(2), [pair("alternate", "https://copy.example/1")], "a copy with an address leads where the opener has none");
}

#[test]
fn a_source_of_greater_priority_leads_whoever_was_first_or_is_cited() {
    let mut mirror = item("freebuf", "转载", Some("https://mirror.example/1"), 0);
    mirror.related = vec![link("https://origin.example/1")];
    let told = story(vec![
        mirror,
        item("anquanke", "原文", Some("https://origin.example/1"), 1),
        item("preferred", "又一", Some("https://preferred.example/1"), 2),
    ]);
    let leading = |priority: u8| {
        let preferred = Source { priority, ..source("preferred", "https://preferred.example/feed", false) };
        let cards = SourceCards::of(&[source("freebuf", "https://a.example/feed", false), preferred]);
        let read = parsed(&atom(std::slice::from_ref(&told), &cards));
        read.entries[0].links.iter().find(|link| link.rel.as_deref() == Some("alternate")).map(|link| link.href.clone())
    };
    assert_eq!(leading(51).as_deref(), Some("https://preferred.example/1"));
    assert_eq!(leading(Source::PRIORITY).as_deref(), Some("https://origin.example/1"));
}

#[test]
fn a_declared_origin_leads_before_the_original_and_that_before_a_mirror() {
    let key = |address: &str| LinkKey::new(address.trim_start_matches("https://").to_owned());
    let leading = |declared: [Option<&str>; 3]| {
        let place = |index: usize| format!("https://place-{index}.example/1");
        let item = |index: usize| Item { key: Some(key(&place(index))), ..item("seeds", "转载", Some(&place(index)), index as i64) };
        let mut told = story((0..3).map(item).collect());
        for (member, declared) in told.members.iter_mut().zip(declared) {
            member.declared = declared.map(key).into_iter().collect();
        }
        let (first, title) = (told.first().clone(), told.first().title.clone());
        let read = parsed(&atom(&[told], &cards()));
        assert_eq!(read.entries[0].title.as_ref().map(|title| title.content.as_str()), Some(title.as_str()));
        assert!(read.entries[0].id.ends_with(&first.id.to_string()), "whoever leads, the entry stays its opener's");
        read.entries[0].links.iter().find(|link| link.rel.as_deref() == Some("alternate")).map(|link| link.href.clone())
    };
    let (second, elsewhere) = ("https://place-1.example/1", "https://elsewhere.example/1");
    for (declared, leader) in [
        ([None, None, None], 0),
        ([None, Some(elsewhere), None], 0),
        ([Some(elsewhere), None, None], 1),
        ([Some(elsewhere), Some(elsewhere), None], 2),
        ([Some(elsewhere), Some(elsewhere), Some(second)], 1),
        ([None, None, Some(second)], 1),
    ] {
        assert_eq!(leading(declared), Some(format!("https://place-{leader}.example/1")), "{declared:?}");
    }
}

#[test]
fn an_origin_of_its_own_is_kept_and_a_document_names_its_account() {
    let mut planet = item("anquanke", "来自行星", Some("https://blog.example/1"), 0);
    planet.origin = Some(Origin {
        id: Some("tag:blog.example,2024:feed".to_owned()),
        title: Some("A blog".to_owned()),
        link: Some(link("https://blog.example/feed")),
    });
    let mut seed = item("seeds", "文档", Some("https://mp.weixin.qq.com/s/x"), 1);
    seed.document = Some("000.txt".to_owned());
    seed.origin = Some(Origin { title: Some("360数字安全".to_owned()), ..Origin::default() });
    let feed = text(atom(
        &[story(vec![planet.clone()]), story(vec![seed])],
        &SourceCards::of(&[source("anquanke", "https://planet.example/feed", false)]),
    ));
    assert!(feed.contains("<source><title>A blog</title><id>tag:blog.example,2024:feed</id>"), "{feed}");
    assert!(feed.contains(r#"<link href="https://blog.example/feed" rel="self"/></source>"#), "{feed}");
    assert!(feed.contains(r#"<link href="https://planet.example/feed" rel="via" title="anquanke"/>"#), "{feed}");
    assert!(feed.contains("<source><title>360数字安全</title><id>urn:uuid:"), "{feed}");
    assert!(feed.contains("<author><name>360数字安全</name></author>"), "{feed}");
}

#[test]
fn a_private_source_is_named_and_its_address_is_nowhere() {
    const SECRET: &str = "https://bridge.lan.example/rss/SECRET?key=HIDDEN";
    let mut told = item("bridge", "内部", Some("https://news.example/1"), 0);
    told.origin = Some(Origin { id: Some(SECRET.to_owned()), title: Some("Team feed".to_owned()), link: Some(link(SECRET)) });
    let stories =
        [story(vec![told, item("bridge", "再一", Some("https://news.example/2"), 1)]), story(vec![item("bridge", "第三", None, 2)])];
    let state = SourceState {
        title: Some("Bridge".to_owned()),
        feed_id: Some(SECRET.to_owned()),
        site: Some(link(SECRET)),
        ..SourceState::default()
    };
    let id = source_id("bridge");
    let cards = SourceCards::of(&[source("bridge", SECRET, true)]).learned([(&id, &state)]);
    let mut outputs = vec![
        text(atom(&stories, &cards)),
        text(home_page(&stories, &cards)),
        text(render::about_page(&site(), &cards)),
        render::sources_json(&cards, [(&id, &state)], Timestamp::default()),
    ];
    outputs.extend(stories.iter().map(|story| text(render::story_page(&site(), story, &[], &cards))));
    for output in &outputs {
        assert!(!output.contains("bridge.lan.example") && !output.contains("HIDDEN"), "{output}");
    }
    assert!(outputs[0].contains("Bridge"), "it has a name");
    // A public source shows its address, and never the query, wherever its own document repeats it.
    let public = [story(vec![item("bridge", "第三", None, 2)])];
    let cards = SourceCards::of(&[source("bridge", SECRET, false)]).learned([(&id, &state)]);
    let feed = text(atom(&public, &cards));
    assert!(feed.contains("https://bridge.lan.example/rss/SECRET") && !feed.contains("HIDDEN"), "{feed}");
}

#[test]
fn hostile_texts_stay_texts() {
    let bad = "\u{0}\u{1}\u{B}\u{FFFF}\u{202E}</title><script>alert(1)</script>]]>&#0;&bogus;";
    let mut first = item("anquanke", bad, Some("https://evil.example/?\"><script>"), 0);
    first.authors = vec![Text::line(bad, 100)];
    first.categories = vec![Text::line(bad, 100), Text::line("\u{200B}", 10)];
    first.language = Some(Text::line("\"><x", 20));
    first.body = SafeHtml::vouched("<p>]]>\u{1}\u{FFFE} &amp;lt;</p>".to_owned());
    first.origin = Some(Origin { id: Some("urn:\u{1}<x>".to_owned()), title: Some(bad.to_owned()), link: None });
    first.enclosures = vec![Enclosure { link: link("https://e.example/a"), media_type: Some("\u{0}".to_owned()), bytes: Some(u64::MAX) }];
    let mut told = story(vec![first.clone(), first]);
    told.entry_id = "urn:x:\u{1}\u{FFFE}<&".to_owned();
    let mut cards = SourceCards::default();
    cards.insert(source_id("anquanke"), SourceCard::named(Text::line(bad, 200)));
    let feed = atom(std::slice::from_ref(&told), &cards);
    assert_eq!(render::check_xml(&feed), Ok(()));
    read_strictly(&feed);
    assert_eq!(parsed(&feed).entries.len(), 1);
    for page in [home_page(std::slice::from_ref(&told), &cards), render::story_page(&site(), &told, &[], &cards)] {
        let page = text(page);
        assert!(!page.contains("<script") && !page.contains("</title><script"), "{page}");
        assert_eq!(page.matches("<style>").count(), 1);
    }
}

#[test]
fn a_page_of_the_feed_stays_under_its_bytes() {
    let heavy = |n: i64| {
        let mut first =
            item(["a", "b", "c", "d", "e"][(n % 5) as usize], &"\"<题>\"".repeat(40), Some(&format!("https://e.example/{n}?a&b&c")), n);
        first.body = SafeHtml::vouched("<p>\"quoted\" &amp; more</p>".repeat(800));
        first.categories = (0..32).map(|term| Text::line(&format!("<term & {term}>"), 80)).collect();
        let mut copies = vec![first.clone()];
        copies.extend((0..20).map(|copy| item("f", "copy", Some(&format!("https://copy.example/{n}/{copy}?a&b")), n)));
        story(copies)
    };
    let limits = WindowLimits::default();
    let mut stories: Vec<_> = (0..200).map(heavy).collect();
    let standing = window(&stories.iter().map(Candidate::of).collect::<Vec<_>>(), &limits).stories;
    stories.retain(|story| standing.contains(&story.id));
    let feed = atom(&stories, &cards());
    assert!(stories.len() > 10, "{} stories", stories.len());
    assert!(feed.len() <= limits.bytes_max, "{} bytes of {} stories", feed.len(), stories.len());
    assert!(feed.len() > limits.bytes_max / 2, "the estimate wastes no more than half: {} bytes", feed.len());
}

#[test]
fn pages_load_nothing_and_say_what_they_are() {
    let mut first = item("anquanke", "图文", Some("https://www.anquanke.com/post/id/1"), 9);
    first.body = SafeHtml::vouched(r#"<p>文<img src="https://tracker.example/pixel.png" alt="图"></p>"#.to_owned());
    let told = story(vec![first, item("freebuf", "图文转载", Some("https://www.freebuf.com/1.html"), 10)]);
    let page = text(render::story_page(&site(), &told, &[], &cards()));
    for wanted in [
        "<title>图文 · Watchfire</title>",
        r#"<a class="picture" href="https://tracker.example/pixel.png""#,
        "Read it at www.anquanke.com",
        "2 copies, one story",
        "opened the story",
        "joined: the same text, texts 93 % alike",
        "图文转载",
        r#"<time datetime="2024-09-13T09:00:00+08:00">2024-09-13 09:00 +08:00</time>"#,
        r#"<meta name="robots" content="noindex">"#,
    ] {
        assert!(page.contains(wanted), "{wanted} in {page}");
    }
    let stories = [told];
    let home = text(home_page(&stories, &cards()));
    for wanted in [
        r#"<link rel="alternate" type="application/atom+xml" title="Watchfire" href="https://watch.example.org/feed.atom">"#,
        "Fri 13 Sep 2024",
        "2 copies",
        "安全客 · FreeBuf",
    ] {
        assert!(home.contains(wanted), "{wanted} in {home}");
    }
    let about = text(render::about_page(&site(), &cards()));
    for wanted in ["Watchfire/0.1.0 (+https://watch.example.org/about)", "mailto:ops@example.org", "once in 1 hour", "15 minutes", "410"] {
        assert!(about.contains(wanted), "{wanted} in {about}");
    }
    let notice = text(render::notice_page(&site(), Notice::NotFound));
    for page in [page, home, about, notice] {
        for loading in ["<script", "<img", "<iframe", "@import", "url(", "srcset", "onclick", "style=\""] {
            assert!(!page.contains(loading), "{loading} in {page}");
        }
    }
}

#[test]
fn only_an_edit_is_called_an_update() {
    let older = item("freebuf", "旧", None, 1);
    let mut told = story(vec![item("anquanke", "新", None, 9), older.clone()]);
    told.published = older.dated();
    assert!(!text(render::story_page(&site(), &told, &[], &cards())).contains("updated "), "an older copy joined");
    told.updated = ZonedTime::utc(Timestamp::from_secs(MIDNIGHT + 100 * 3600));
    assert!(text(render::story_page(&site(), &told, &[], &cards())).contains("updated <time"));
}

#[test]
fn likeness_is_told_only_where_it_decided() {
    let mut told = story(vec![item("anquanke", "图文", None, 9), item("freebuf", "转载", None, 10)]);
    let joined = told.members[1].joined.as_mut().expect("a copy");
    joined.rule = JoinRule::SameLink;
    let page = text(render::story_page(&site(), &told, &[], &cards()));
    assert!(page.contains("joined: the same link<"), "{page}");
}

#[test]
fn whoever_runs_it_can_be_reached_with_one_click() {
    for (contact, wanted) in [
        ("ops@example.org", r#"<a href="mailto:ops@example.org">ops@example.org</a>"#),
        ("mailto:ops@example.org", r#"<a href="mailto:ops@example.org">ops@example.org</a>"#),
        ("https://example.org/us", r#"<a href="https://example.org/us">https://example.org/us</a>"#),
    ] {
        let own = site();
        let page = text(render::about_page(
            &Site { manners: Manners { contact: Some(contact.to_owned()), ..own.manners.clone() }, ..own },
            &cards(),
        ));
        assert!(page.contains(wanted), "{contact}: {page}");
    }
}

#[test]
fn the_policy_names_the_style_sheet_that_pages_carry() {
    use base64::Engine as _;
    use sha2::Digest as _;
    let page = text(render::notice_page(&site(), Notice::NotFound));
    let style = page.split("<style>").nth(1).and_then(|tail| tail.split("</style>").next()).expect("a style sheet");
    let digest = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(style));
    assert!(render::page_policy().contains(&format!("style-src 'sha256-{digest}'")));
    assert!(render::page_policy().starts_with("default-src 'none'"));
}

#[test]
fn every_setting_that_shows_makes_another_digest() {
    let own = site();
    let changed = [
        Site { title: Text::line("Other", 80), ..own.clone() },
        Site { subtitle: Text::line("Other", 80), ..own.clone() },
        Site { home: link("https://other.example/"), ..own.clone() },
        Site { timezone: chrono_tz::UTC, ..own.clone() },
        Site { feed_uuid: uuid::Uuid::from_u128(1), ..own.clone() },
        Site { manners: Manners { contact: None, ..own.manners.clone() }, ..own.clone() },
    ];
    let digests: HashSet<_> = changed.iter().chain([&own]).map(Site::digest).collect();
    assert_eq!(digests.len(), changed.len() + 1);
    assert_ne!(cards().digest(), SourceCards::default().digest());
}

#[test]
fn an_exported_story_is_one_line_with_all_its_members() {
    let mut seed = item("seeds", "文档\u{2028}一", None, 0);
    seed.document = Some("sub/000.txt".to_owned());
    let told = story(vec![seed, item("freebuf", "二", Some("https://www.freebuf.com/1.html"), 5)]);
    let line = render::export_line(&told);
    assert!(!line.contains('\n'));
    let read: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(read["id"], told.id.to_string());
    assert_eq!(read["updated"], "2024-09-13T00:00:00+08:00");
    assert_eq!(read["members"][0]["document"], "sub/000.txt");
    assert!(read["members"][0]["link"].is_null() && read["members"][0]["key"].is_null());
    assert_eq!(read["members"][1]["source"], "freebuf");
    assert_eq!(read["members"][1]["key"], "www.freebuf.com/1.html");
    assert_eq!(read["members"][1]["joined"]["rule"], "same-text");
}

#[test]
fn an_inspected_document_is_one_line_whether_feed_or_not() {
    use watchfire::model::{Channel, Draft, Problem, ProblemKind};
    let channel = Channel { format: "RSS 2.0".to_owned(), title: Some("A <b>".to_owned()), ..Channel::default() };
    let draft = Draft { title: Some("<i>t</i>".to_owned()), link: Some(link("https://e.example/1")), ..Draft::default() };
    let problem = Problem::at(3, 7, ProblemKind::Syntax, "bare `&`, read as `&amp;`");
    let line = render::inspect_line("a/feed.xml", Ok((&channel, &[draft], &[problem])));
    let read: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!((&read["file"], &read["ok"], &read["title"]), (&"a/feed.xml".into(), &true.into(), &"A <b>".into()));
    assert_eq!(read["entries"][0]["title"], "<i>t</i>");
    assert!(read["error"].is_null() && read["entries"][0]["published"].is_null());
    assert_eq!(read["problems"][0], "3:7: bare `&`, read as `&amp;`");
    let read: serde_json::Value = serde_json::from_str(&render::inspect_line("x", Err("a web page"))).expect("JSON");
    assert_eq!((&read["ok"], &read["error"]), (&false.into(), &"a web page".into()));
}
