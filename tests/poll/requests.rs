//! Which requests go out, and with what: one a turn, to the configured address alone, with the validators of the last answer that was
//! understood.

use super::*;

fn etag(text: &str) -> Validators {
    Validators { etag: Some(text.as_bytes().to_vec()), last_modified: None }
}

#[tokio::test(start_paused = true)]
async fn f4_validators_are_replaced_by_every_200_and_merged_from_every_304() {
    let url = "https://news.example/feed";
    let rig = Rig::new(vec![source("news", url)]);
    let dated = || Validators { last_modified: Some(b"yesterday".to_vec()), ..etag("1") };
    rig.script.on(url, Duration::ZERO, move |_, before| match before {
        0 => Ok(Response { validators: dated(), ..full(url, rss(&["a"])) }),
        // Names one of the two.
        1 => Ok(Response { validators: etag("2"), ..unchanged(url) }),
        2 => Ok(full(url, rss(&["a", "b"]))),
        _ => Ok(Response { validators: etag("4"), ..full(url, rss(&["a", "b"])) }),
    });
    rig.run_for(5 * HOUR).await;
    let sent: Vec<_> = rig.script.asked(url).into_iter().map(|(_, sent)| sent).collect();
    let merged = Validators { etag: Some(b"2".to_vec()), ..dated() };
    assert_eq!(sent[..5], [Validators::default(), dated(), merged, Validators::default(), etag("4")], "same bytes bring new ones, too");
}

#[tokio::test(start_paused = true)]
async fn f5_what_could_not_be_read_leaves_no_validators() {
    let url = "https://news.example/feed";
    let rig = Rig::new(vec![source("news", url)]);
    rig.script.on(url, Duration::ZERO, move |_, before| match before {
        0 => Ok(Response { validators: etag("good"), ..full(url, rss(&["a"])) }),
        1 => Ok(Response { validators: etag("broken"), ..full(url, b"<rss><channel><it".to_vec()) }),
        _ => Ok(Response { validators: etag("page"), ..full(url, b"<!doctype html><title>Busy</title>".to_vec()) }),
    });
    rig.run_for(30 * HOUR).await;
    let sent: Vec<_> = rig.script.asked(url).into_iter().map(|(_, sent)| sent).collect();
    assert!(sent.len() > 3 && sent[1] == etag("good"), "{sent:?}");
    assert!(sent[2..].iter().all(|sent| *sent == etag("good") || sent.is_empty()), "{sent:?}");
}

#[tokio::test(start_paused = true)]
async fn f21_nothing_is_asked_for_but_what_is_configured() {
    let (feed, page) = ("https://news.example/feed", "https://page.example/");
    let rig = Rig::new(vec![source("news", feed), source("page", page)]);
    let body = "<?xml version=\"1.0\"?><?xml-stylesheet href=\"https://news.example/style.xsl\"?>\
        <rss version=\"2.0\" xmlns:atom=\"http://www.w3.org/2005/Atom\"><channel><title>News</title><link>https://news.example/</link>\
        <atom:link rel=\"self\" href=\"https://news.example/canonical\"/><atom:link rel=\"hub\" href=\"https://hub.example/\"/>\
        <atom:link rel=\"next\" href=\"https://news.example/feed?page=2\"/><image><url>https://news.example/favicon.ico</url></image>\
        <item><title>A</title><link>https://news.example/a</link><comments>https://news.example/a/comments</comments>\
        <enclosure url=\"https://news.example/a.mp3\" length=\"1\" type=\"audio/mpeg\"/>\
        <description>&lt;img src=\"https://cdn.example/pixel.gif\"&gt; The text is &lt;a href=\"https://news.example/a\"&gt;here&lt;/a&gt;.\
        </description></item></channel></rss>";
    rig.script.on(feed, Duration::ZERO, move |_, _| Ok(full(feed, body.as_bytes().to_vec())));
    let html = "<!doctype html><html><head><title>News</title><link rel=\"icon\" href=\"/favicon.ico\">\
        <link rel=\"alternate\" type=\"application/rss+xml\" href=\"/feed.xml\"></head><body><a href=\"/a\">A</a></body></html>";
    rig.script.on(page, Duration::ZERO, move |_, _| Ok(full(page, html.as_bytes().to_vec())));
    rig.run_for(DAY).await;
    assert_eq!(rig.script.urls(), [feed, page].map(str::to_owned).into());
    assert_eq!(rig.titles(), ["A"]);
    let outcome = rig.state("page").last_outcome.expect("an outcome");
    assert!(outcome.contains("https://page.example/feed.xml"), "an operator is told where the feed is: {outcome}");
}

#[tokio::test(start_paused = true)]
async fn s9_missed_ticks_collapse_to_one_and_no_source_is_asked_twice_at_once() {
    let url = "http://bridge.lan:1200/feed";
    let line = Cadence::Cron(watchfire::schedule::parse_cron("*/10 * * * * *").expect("a line"));
    let host = PrivateHost::parse("bridge.lan:1200").expect("a host");
    let rig = Rig::new(vec![Source { cadence: line, allow_private: vec![host], ..source("slow", url) }]);
    rig.script.on(url, Duration::from_secs(45), move |_, _| Ok(full(url, rss(&["a"]))));
    rig.run_for(Duration::from_secs(300)).await;
    let asked: Vec<_> = rig.script.asked(url).into_iter().map(|(at, _)| at).collect();
    let gaps: Vec<_> = asked.windows(2).map(|pair| pair[1].since(pair[0]).as_secs()).collect();
    assert!(gaps.len() >= 4 && gaps.iter().all(|gap| (45..=60).contains(gap)), "{gaps:?}");
}

#[tokio::test(start_paused = true)]
async fn s7_the_syndication_module_is_heeded_within_the_bounds() {
    for (wish, wanted) in [
        ("<sy:updatePeriod>weekly</sy:updatePeriod><sy:updateFrequency>1</sy:updateFrequency>", DAY),
        ("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>", HOUR),
        ("<sy:updatePeriod> Daily </sy:updatePeriod><sy:updateFrequency>8</sy:updateFrequency>", 3 * HOUR),
        ("<sy:updatePeriod>daily</sy:updatePeriod>", DAY),
        ("<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>", DAY),
    ] {
        let url = "https://news.example/feed";
        let rig = Rig::new(vec![source("news", url)]);
        let body = format!(
            "<rss version=\"2.0\" xmlns:sy=\"http://purl.org/rss/1.0/modules/syndication/\"><channel><title>News</title>{wish}\
             <item><title>A</title><link>https://news.example/a</link></item></channel></rss>"
        );
        rig.script.on(url, Duration::ZERO, move |_, _| Ok(full(url, body.clone().into_bytes())));
        rig.run_for(Duration::from_secs(60)).await;
        let state = rig.state("news");
        assert_eq!(state.next_due, state.last_attempt.map(|attempt| attempt + wanted), "{wish}");
    }
}

#[tokio::test(start_paused = true)]
async fn f9_a_server_that_said_unchanged_while_it_had_news_is_called_frozen() {
    let (liar, honest) = ("https://liar.example/feed", "https://honest.example/feed");
    let rig = Rig::new(vec![source("liar", liar), source("honest", honest)]);
    for url in [liar, honest] {
        rig.script.on(url, Duration::ZERO, move |request, _| {
            let days = usize::try_from(request.now.since(birth()).as_secs() / 86_400).expect("few");
            let names: Vec<String> = (0..=days).map(|day| format!("{url}-{day}")).collect();
            let tokens = etag(if url == liar { "for ever" } else { &names[days] });
            if request.validators == tokens {
                return Ok(unchanged(url));
            }
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            Ok(Response { validators: tokens, ..full(url, rss(&names)) })
        });
    }
    rig.run_for(6 * DAY).await;
    assert!(!rig.state("liar").frozen && rig.state("liar").items == 1, "nobody can tell yet");
    rig.run_for(3 * DAY).await;
    assert!(rig.state("liar").frozen && rig.state("liar").items > 7, "{:?}", rig.state("liar"));
    assert!(!rig.state("honest").frozen && rig.state("honest").items >= 9);
}
