//! What reading costs: bytes to drafts beside bare feed-rs, with quick-xml's bare tokenising as the floor.
//!
//! `cargo bench --bench feed`. The documents are made here: a weblog's RSS 2.0, an Atom feed with inline XHTML, a JSON Feed, each clean,
//! and the RSS broken in the ways that need repair. The goals: clean at most 1.5 times feed-rs, repaired at most 3 times. Sanitising is told
//! apart, with the markup that was made to cost much: at most 50 ms. `examples/cost.rs` measures documents of your own.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use watchfire::{
    clean::html,
    feed::{Hints, read},
    model::Markup,
};

/// Entries of a document.
const ENTRIES: usize = 40;

fn benches(criterion: &mut Criterion) {
    for (name, document) in [("rss", rss()), ("atom", atom()), ("json", json())] {
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Bytes(document.len() as u64));
        if name != "json" {
            group.bench_function("quick-xml alone", |bencher| bencher.iter(|| count_events(black_box(&document))));
        }
        group.bench_function("feed-rs alone", |bencher| bencher.iter(|| feed_rs::parser::parse(black_box(document.as_bytes()))));
        group.bench_function("clean", |bencher| bencher.iter(|| read(black_box(document.as_bytes()), &Hints::default())));
        if name == "rss" {
            let broken = broken(&document);
            group.bench_function("repaired", |bencher| bencher.iter(|| read(black_box(broken.as_bytes()), &Hints::default())));
            let gbk = encoding_rs::GB18030.encode(&document).0.into_owned();
            group.bench_function("undeclared gbk", |bencher| bencher.iter(|| read(black_box(&gbk), &Hints::default())));
        }
        group.finish();
    }
    let (bomb, article) = (bomb(), Markup::Html(body(1)));
    criterion.bench_function("sanitised/markup made to explode", |bencher| bencher.iter(|| html(black_box(&bomb), None, 256 << 10)));
    criterion.bench_function("sanitised/body of 2 KiB", |bencher| bencher.iter(|| html(black_box(&article), None, 256 << 10)));
}

/// The input that costs a naive sanitiser seconds and most of a gigabyte: formatting that must be opened again in each paragraph.
fn bomb() -> Markup {
    Markup::Html("<p>".to_owned() + &(0..1000).map(|i| format!("<b title={i}>")).collect::<String>() + &"<p>a".repeat(3000))
}

/// Cuts a document into events, and does nothing with them.
fn count_events(document: &str) -> usize {
    let mut reader = quick_xml::Reader::from_str(document);
    let mut events = 0;
    while !matches!(reader.read_event(), Ok(quick_xml::events::Event::Eof) | Err(_)) {
        events += 1;
    }
    events
}

/// A body as weblogs write it, about 2 KiB.
fn body(index: usize) -> String {
    let paragraph =
        format!("<p>Advisory <a href=\"https://beacon.example/{index}?a=1&amp;b=2\">{index}</a>: 远程代码执行 in the tower's gate.</p>\n");
    paragraph.repeat(18)
}

fn rss() -> String {
    let items: String = (0..ENTRIES)
        .map(|index| {
            let body = body(index);
            let summary = quick_xml::escape::escape(&body[..body.find('\n').unwrap_or_default()]);
            format!(
                "<item><title>Alarm {index} &amp; answer</title><link>https://beacon.example/{index}</link>\
                 <guid isPermaLink=\"false\">beacon-{index}</guid><pubDate>Tue, 02 Jan 2024 03:04:05 +0800</pubDate>\
                 <dc:creator>Guard {index}</dc:creator><category>smoke</category><description>{summary}</description>\
                 <content:encoded><![CDATA[{body}]]></content:encoded></item>\n"
            )
        })
        .collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" \
         xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" xmlns:atom=\"http://www.w3.org/2005/Atom\"><channel><title>Beacon</title>\
         <link>https://beacon.example/</link><description>Alarms</description>\
         <atom:link rel=\"self\" href=\"https://beacon.example/feed\"/>\n{items}</channel></rss>"
    )
}

fn atom() -> String {
    let entries: String = (0..ENTRIES)
        .map(|index| {
            format!(
                "<entry><id>tag:beacon.example,2024:{index}</id><title>Alarm {index}</title><link href=\"https://beacon.example/{index}\"/>\
                 <published>2024-01-02T03:04:05+08:00</published><updated>2024-01-02T03:04:05+08:00</updated><author><name>Guard</name></author>\
                 <content type=\"xhtml\"><div xmlns=\"http://www.w3.org/1999/xhtml\">{}</div></content></entry>\n",
                body(index)
            )
        })
        .collect();
    format!(
        "<feed xmlns=\"http://www.w3.org/2005/Atom\"><id>urn:beacon</id><title>Beacon</title><updated>2024-01-02T03:04:05Z</updated>\n{entries}</feed>"
    )
}

fn json() -> String {
    let items: Vec<serde_json::Value> = (0..ENTRIES)
        .map(|index| {
            serde_json::json!({ "id": format!("beacon-{index}"), "url": format!("https://beacon.example/{index}"), "title": format!("Alarm {index}"),
                "content_html": body(index), "date_published": "2024-01-02T03:04:05+08:00", "tags": ["smoke"] })
        })
        .collect();
    serde_json::json!({ "version": "https://jsonfeed.org/version/1.1", "title": "Beacon", "items": items }).to_string()
}

/// The RSS with a fault in every item and at its root.
fn broken(document: &str) -> String {
    document
        .replacen("<rss version=\"2.0\"", "junk <rss", 1)
        .replace(" &amp; answer</title>", " & answer")
        .replace("isPermaLink=\"false\"", "isPermaLink=false")
        .replace("<description>", "<description>1 < 2 &#0;")
}

criterion_group!(feed, benches);
criterion_main!(feed);
