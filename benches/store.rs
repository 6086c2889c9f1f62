//! What the store costs: commits of new items, polls that bring nothing new, opening, the newest page, and bytes on disk.

use std::{hint::black_box, path::Path};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use watchfire::{
    dedup,
    model::{Item, Link, MergeThresholds, NativeId, SafeHtml, SourceId, SourceState, Text, Timestamp, ZonedTime},
    store::{Arrival, PollCommit, Store},
};

/// Items in one poll.
const POLL_ITEMS: u64 = 30;
/// Sources that the items come from.
const SOURCES: u64 = 200;
/// Items a day, over all sources.
const ITEMS_A_DAY: u64 = 400;

/// Words that texts are made of: half of them Chinese.
const WORDS: [&str; 32] = [
    "漏洞",
    "攻击",
    "数据",
    "网络",
    "安全",
    "系统",
    "利用",
    "远程",
    "代码",
    "执行",
    "发布",
    "补丁",
    "用户",
    "服务器",
    "泄露",
    "分析",
    "vulnerability",
    "attacker",
    "remote",
    "execution",
    "patch",
    "advisory",
    "exploit",
    "update",
    "server",
    "breach",
    "credential",
    "kernel",
    "the",
    "of",
    "with",
    "in",
];

/// Pseudo-random numbers that are the same in every run.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB)
    }

    /// Some words in pairs with a number now and then: about as compressible as an article.
    fn text(&mut self, words: usize) -> String {
        let mut text = String::new();
        for at in 0..words {
            let number = self.next();
            text.push_str(WORDS[(number % 32) as usize]);
            if number >> 8 & 7 == 0 {
                text.push_str(&format!(" {} ", number >> 40 & 0xFFFF));
            } else if at % 2 == 1 {
                text.push(' ');
            }
        }
        text
    }
}

/// The `n`th item: 4 KB of HTML.
fn arrival(n: u64) -> Arrival {
    let mut chance = Chance(n);
    let source = SourceId::parse(&format!("source-{}", n / POLL_ITEMS % SOURCES)).expect("a slug");
    let native_id = NativeId::new(format!("https://www.{source}.example/posts/{n}"));
    let link = Link::parse(native_id.as_str()).expect("a link");
    let dated = Timestamp::from_secs(1_795_000_000 + (n * 86_400 / ITEMS_A_DAY) as i64);
    let text = chance.text(600);
    let item = Item {
        key: dedup::link_key(&link),
        link: Some(link),
        published: Some(ZonedTime::new(dated, 480)),
        authors: vec![Text::line("Reporter", 100)],
        language: Some(Text::line("zh-Hans", 20)),
        body: SafeHtml::vouched(text.split_inclusive("  ").map(|part| format!("<p>{part}</p>\n")).collect()),
        ..Item::titled(source, native_id, Text::line(&chance.text(8), 300), dated)
    };
    Arrival::of(item, &text, &[])
}

fn polls(items: std::ops::Range<u64>) -> Vec<PollCommit> {
    let arrivals: Vec<_> = items.map(arrival).collect();
    let poll = |part: &[Arrival]| PollCommit { source: part[0].item.source.clone(), arrivals: part.to_vec(), new_max: 500 };
    arrivals.chunks(POLL_ITEMS as usize).map(poll).collect()
}

fn open(dir: &Path) -> Store {
    Store::open(dir, MergeThresholds::default()).expect("opens").0
}

fn commit(store: &Store, poll: PollCommit) {
    let now = poll.arrivals[0].item.first_seen;
    store.commit(poll, now, |_| SourceState::default()).expect("committed");
}

fn costs(c: &mut Criterion) {
    let items: u64 = std::env::var("STORE_BENCH_ITEMS").ok().and_then(|text| text.parse().ok()).unwrap_or(6_000);
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let payload: usize = (0..items).map(|n| arrival(n).item.body.as_str().len()).sum();
    let mut next = 0;
    let mut spent = std::time::Duration::ZERO;
    while next < items {
        let batch = polls(next..next + POLL_ITEMS * 50);
        let begin = std::time::Instant::now();
        batch.into_iter().for_each(|poll| commit(&store, poll));
        spent += begin.elapsed();
        next += POLL_ITEMS * 50;
    }
    store.flush().expect("flushed");
    let counts = store.counts().expect("counted");
    let of_payload = |bytes: u64| bytes as f64 / payload as f64;
    println!(
        "{} items in {} stories, {:.0} items/s, payload {payload} bytes; archive and journal {:.2}, index {:.2} of it",
        counts.items,
        counts.stories,
        counts.items as f64 / spent.as_secs_f64(),
        of_payload(counts.archive_bytes),
        of_payload(counts.index_bytes)
    );

    let mut group = c.benchmark_group("store");
    group.sample_size(20).throughput(Throughput::Elements(POLL_ITEMS));
    group.bench_function("commit of 30 new items", |b| {
        let fresh = || {
            next += POLL_ITEMS;
            polls(next - POLL_ITEMS..next).remove(0)
        };
        b.iter_batched(fresh, |poll| commit(&store, poll), BatchSize::PerIteration);
    });
    let known = polls(0..POLL_ITEMS).remove(0);
    group.bench_function("commit of 30 known items", |b| {
        b.iter_batched(|| known.clone(), |poll| commit(&store, poll), BatchSize::PerIteration)
    });
    group.throughput(Throughput::Elements(100));
    group.bench_function("newest 100 stories", |b| b.iter(|| black_box(store.newest(100).expect("readable"))));
    group.finish();

    drop(store);
    c.benchmark_group("store").sample_size(10).bench_function("open and close", |b| b.iter(|| open(folder.path())));
}

criterion_group!(benches, costs);
criterion_main!(benches);
