//! What recognising copies costs: each part for one item of 4 KB, and the whole for one item inside a full window.

use std::{collections::HashMap, hint::black_box};

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use watchfire::{
    clean,
    dedup::{Fingerprint, LineMemory, TextPrint, declared_links, judge, line_digests, link_key, native_ids},
    model::{Draft, Item, Link, Markup, MergeThresholds, NativeId, SourceId, Text, Timestamp, ZonedTime},
    tag,
};

const TEXT_BYTES: usize = 4096;

/// A window of 45 days with 400 new items a day.
const WINDOW_ITEMS: u64 = 18_000;

/// A stream of numbers that is the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

const SIMPLIFIED: &str = "安全漏洞攻击网络数据系统服务器远程代码执行补丁修复影响版本厂商研究人员发现利用恶意软件勒索组织披露";
const TRADITIONAL: &str = "安全漏洞攻擊網絡數據系統服務器遠程代碼執行補丁修復影響版本廠商研究人員發現利用惡意軟件勒索組織披露";
const WORDS: &[&str] =
    &["security", "the", "attacker", "of", "Remote", "code", "and", "vulnerability", "server", "patch", "in", "exploit", "a"];

fn chinese(signs: &str, seed: u64) -> String {
    let (signs, mut dice) = (signs.chars().collect::<Vec<_>>(), Dice(seed));
    let mut text = String::new();
    while text.len() < TEXT_BYTES {
        text.push(signs[dice.roll(signs.len())]);
        match dice.roll(40) {
            0 => text.push('，'),
            1 => text.push_str("。\n"),
            2 => text.push_str(" CVE-2024-1234 "),
            _ => {}
        }
    }
    text
}

/// Every twentieth sign is followed by its pronunciation, as some publishers' readers leave it behind.
fn annotated(seed: u64) -> String {
    chinese(TRADITIONAL, seed)
        .chars()
        .enumerate()
        .fold(String::new(), |text, (at, c)| text + c.encode_utf8(&mut [0; 4]) + if at % 20 == 7 { "(wǎng)" } else { "" })
}

fn english(seed: u64) -> String {
    let mut dice = Dice(seed);
    let mut text = String::new();
    while text.len() < TEXT_BYTES {
        text.push_str(WORDS[dice.roll(WORDS.len())]);
        text.push_str(if dice.roll(20) == 0 { ".\n" } else { " " });
    }
    text
}

/// The text as a weblog writes it.
fn html(text: &str) -> String {
    let link = "<a href=\"https://example.com/a?b=1\" target=\"_blank\">link</a>";
    text.lines().map(|line| format!("<p style=\"color: #333\">{line} {link}</p>\n")).collect()
}

fn item(number: u64) -> Item {
    let source = SourceId::parse(&format!("source-{}", number % 700)).expect("a slug");
    let link = Link::parse(&format!("https://www.example.com/news/{number}.html?utm_source=rss")).expect("a link");
    let mut dice = Dice(number);
    let signs: Vec<char> = SIMPLIFIED.chars().collect();
    let title: String = (0..20).map(|_| signs[dice.roll(signs.len())]).collect();
    let title = Text::line(&format!("【快讯】{title}（CVE-2024-{number}）"), 300);
    Item {
        key: link_key(&link),
        link: Some(link),
        published: Some(ZonedTime::utc(Timestamp::from_secs(1_700_000_000 + number as i64 * 216))),
        ..Item::titled(source, NativeId::new(number.to_string()), title, Timestamp::from_secs(1_700_000_000))
    }
}

fn parts(c: &mut Criterion) {
    let mut group = c.benchmark_group("part");
    for (name, text) in [("simplified", chinese(SIMPLIFIED, 1)), ("traditional with pinyin", annotated(1)), ("english", english(1))] {
        group.bench_function(format!("sketch of 4 KB {name}"), |b| b.iter(|| TextPrint::of(black_box(&text))));
    }
    let (one, text) = (item(1), chinese(SIMPLIFIED, 1));
    group.bench_function("fingerprint without text", |b| b.iter(|| Fingerprint::of(black_box(&one), "", &[])));
    group.bench_function("fingerprint with 4 KB", |b| b.iter(|| Fingerprint::of(black_box(&one), black_box(&text), &[])));
    let (new, old) = (Fingerprint::of(&one, &text, &[]), Fingerprint::of(&item(2), &chinese(SIMPLIFIED, 2), &[]));
    group.bench_function("probes", |b| b.iter(|| black_box(&new).probes()));
    let thresholds = MergeThresholds::default();
    group.bench_function("judge one candidate", |b| b.iter(|| judge(black_box(&new), black_box(&old), &thresholds)));
    let link = Link::parse("https://mp.weixin.qq.com/s?__biz=MzA4MTg0MDQ4Nw==&mid=2247575372&idx=1&sn=8a1570c7&chksm=fa59&scene=58#rd")
        .expect("a link");
    group.bench_function("link key", |b| b.iter(|| link_key(black_box(&link))));
    group.bench_function("declared links in 4 KB", |b| b.iter(|| declared_links(black_box(&text))));
    let markup = Markup::Html(html(&text));
    group.bench_function("sanitise 4 KB", |b| b.iter(|| clean::html(black_box(&markup), Some(&link), 256 << 10)));
    group.bench_function("plain text of 4 KB", |b| b.iter(|| clean::plain(black_box(markup.as_str()))));
    group.bench_function("known boilerplate of 4 KB", |b| b.iter(|| clean::boilerplate::strip(black_box(&text), one.title.as_str(), None)));
    group.bench_function("language of 4 KB", |b| b.iter(|| tag::language(black_box(&text))));
    let drafts: Vec<Draft> = (0..30).map(|n| Draft { native_id: Some(format!("tag:{n}")), ..Draft::default() }).collect();
    group.bench_function("identities of 30 drafts", |b| b.iter(|| native_ids(black_box(&drafts))));
    let mut memory = LineMemory::default();
    (0..300).for_each(|seed| memory.observe(&line_digests(&(chinese(SIMPLIFIED, seed) + "\n扫码关注我们"))));
    group.bench_function("observe and strip lines of 4 KB", |b| {
        b.iter_batched_ref(
            || memory.clone(),
            |memory| {
                memory.observe(&line_digests(black_box(&text)));
                memory.strip(black_box(&text))
            },
            BatchSize::SmallInput,
        )
    });
    group.finish();
}

/// The buckets of a window, as the store keeps them.
#[derive(Default)]
struct Window {
    prints: Vec<Fingerprint>,
    buckets: HashMap<u64, Vec<usize>>,
}

impl Window {
    fn put(&mut self, print: Fingerprint) {
        for probe in print.probes() {
            self.buckets.entry(probe).or_default().push(self.prints.len());
        }
        self.prints.push(print);
    }

    fn joins(&self, print: &Fingerprint, thresholds: &MergeThresholds) -> bool {
        let mut candidates: Vec<usize> = print.probes().iter().filter_map(|probe| self.buckets.get(probe)).flatten().copied().collect();
        candidates.sort_unstable();
        candidates.dedup();
        candidates.iter().any(|at| judge(print, &self.prints[*at], thresholds).rule().is_some())
    }
}

fn whole(c: &mut Criterion) {
    let thresholds = MergeThresholds::default();
    let mut window = Window::default();
    for number in 0..WINDOW_ITEMS {
        window.put(Fingerprint::of(&item(number), &chinese(SIMPLIFIED, number), &[]));
    }
    let (copied, copied_text) = (item(WINDOW_ITEMS / 2 + 1), annotated(WINDOW_ITEMS / 2));
    let copy = Fingerprint::of(&copied, &copied_text, &[]);
    let (fresh, fresh_text) = (item(WINDOW_ITEMS), chinese(SIMPLIFIED, WINDOW_ITEMS));
    let original = Fingerprint::of(&fresh, &fresh_text, &[]);
    let mut group = c.benchmark_group("whole");
    group.bench_function("look up an original among 18,000", |b| b.iter(|| window.joins(black_box(&original), &thresholds)));
    group.bench_function("look up a copy among 18,000", |b| b.iter(|| window.joins(black_box(&copy), &thresholds)));
    for (name, item, text) in [("an original", &fresh, &fresh_text), ("a copy in Traditional with pinyin", &copied, &copied_text)] {
        group.bench_function(format!("4 KB from text to verdict, {name}"), |b| {
            b.iter(|| window.joins(&Fingerprint::of(black_box(item), &black_box(text).clone(), &[]), &thresholds))
        });
    }
    // All that a new item costs for the sake of recognising copies, from its plain text on.
    let mut memory = LineMemory::default();
    (0..300).for_each(|seed| memory.observe(&line_digests(&(chinese(SIMPLIFIED, seed) + "\n扫码关注我们"))));
    for (name, item, text) in [("an original", &fresh, &fresh_text), ("a copy in Traditional with pinyin", &copied, &copied_text)] {
        let body = html(text);
        group.bench_function(format!("4 KB with its boilerplate, link and origins, {name}"), |b| {
            b.iter_batched_ref(
                || memory.clone(),
                |memory| {
                    let text = clean::boilerplate::strip(black_box(text), item.title.as_str(), Some("安全客"));
                    memory.observe(&line_digests(&text));
                    let declared = declared_links(black_box(&body));
                    let key = item.link.as_ref().and_then(link_key);
                    let print = Fingerprint::of(black_box(item), &memory.strip(&text), &declared);
                    (key, window.joins(&print, &thresholds))
                },
                BatchSize::SmallInput,
            )
        });
    }
    group.finish();
}

criterion_group!(benches, parts, whole);
criterion_main!(benches);
