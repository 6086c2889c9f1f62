//! What searching costs: filling the index, its size, and the time of a query among many stories.
//!
//! `WATCHFIRE_SEARCH_STORIES` sets how many stories (50,000 unless told), `WATCHFIRE_SEARCH_DIR` keeps the index there for the next run.
//! Words are drawn by Zipf's law from a vocabulary of 200,000, half of them Chinese.

use std::{
    env,
    path::PathBuf,
    time::{Duration, Instant},
};

use watchfire::{
    model::{Catalogue, Item, Member, NativeId, Risk, SafeHtml, SourceId, Story, StoryId, Tag, Text, Timestamp, ZonedTime},
    search::{Order, Search},
    view::query,
};

/// Words there are.
const VOCABULARY: u64 = 200_000;
/// Words in a text, on average; a third of the texts are summaries of a tenth of it.
const WORDS: u64 = 600;
/// Stories a day.
const STORIES_A_DAY: i64 = 400;
/// How often each query is asked.
const ROUNDS: usize = 25;

/// Queries as people ask them, from the frequent to the rare; `wN` is the N-th English word, `cN` the N-th Chinese one.
const QUERIES: [&str; 22] = [
    "w3",
    "w20",
    "w400",
    "w9000",
    "w150000",
    "c2",
    "c30",
    "c500",
    "c8000",
    "w5 w60",
    "c4 c50",
    "w30 -w7",
    "w11 OR c12",
    "\"w2 w3\"",
    "\"c40 w41\"",
    "title:w25",
    "CVE-2024-3094",
    "source:source-7 w9",
    "lang:zh c9",
    "w9 after:2026-06-01",
    "before:2020-01-01",
    "c3 w8 c21 w700",
];

/// Pseudo-random numbers that are the same in every run.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB)
    }

    /// A rank by Zipf's law: the first words of a language make up most of a text.
    fn rank(&mut self) -> u64 {
        let share = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        ((VOCABULARY as f64).powf(share) - 1.0) as u64
    }
}

/// The English word of a rank: the frequent ones are short.
fn english(rank: u64) -> String {
    let mut left = rank + 26;
    let mut word = String::new();
    while left > 0 {
        word.push(char::from(b'a' + (left % 26) as u8));
        left /= 26;
    }
    word + "ing"
}

/// The Chinese word of a rank: two signs of the three thousand common ones.
fn chinese(rank: u64) -> String {
    let sign = |number: u64| char::from_u32(0x4E00 + (number * 7 % 3000) as u32).expect("an ideograph");
    [sign(rank % 3000), sign(rank / 3 + rank * 31)].iter().collect()
}

fn text(chance: &mut Chance, words: u64, is_chinese: bool) -> String {
    let mut text = String::new();
    for at in 0..words {
        let rank = chance.rank();
        match is_chinese {
            true if at % 12 == 11 => text.push_str(&(english(rank) + "。")),
            true => text.push_str(&chinese(rank)),
            false => text.push_str(&(english(rank) + if at % 90 == 89 { ".</p><p>" } else { " " })),
        }
    }
    text
}

fn story(number: u64) -> Story {
    let mut chance = Chance(number.wrapping_mul(0x5851_F42D_4C95_7F2D));
    let is_chinese = number.is_multiple_of(2);
    let words = if number.is_multiple_of(3) { WORDS / 10 } else { WORDS / 2 + chance.next() % WORDS };
    let at = Timestamp::from_secs(1_790_000_000 + (number as i64 * 86_400 / STORIES_A_DAY) - 2_500 * 86_400);
    let source = SourceId::parse(&format!("source-{}", chance.next() % 2_000)).expect("a slug");
    let title = Text::line(&text(&mut chance, 8, is_chinese), 300);
    let cve = format!("CVE-{}-{}", 2019 + number % 7, 3000 + chance.next() % 5_000);
    let body = SafeHtml::vouched(format!("<p>{} {cve}</p>", text(&mut chance, words, is_chinese)));
    let item = Item {
        published: Some(ZonedTime::utc(at)),
        language: Some(Text::line(if is_chinese { "zh" } else { "en" }, 10)),
        tags: vec![Tag { catalogue: Catalogue::Cve, name: cve, is_primary: true }],
        body,
        ..Item::titled(source, NativeId::new(number.to_string()), title, at)
    };
    let id = StoryId::opened_by(item.id);
    Story {
        id,
        entry_id: String::new(),
        published: item.dated(),
        updated: item.dated(),
        risk: Risk::default(),
        members: vec![Member { item, joined: None, declared: Vec::new() }],
    }
}

/// CPU that the process has used, in all of its threads.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let ticks: u64 =
        stat.rsplit(')').next().expect("fields").split(' ').skip(12).take(2).map(|field| field.parse::<u64>().expect("ticks")).sum();
    Duration::from_millis(ticks * 10)
}

fn main() {
    let stories: u64 = env::var("WATCHFIRE_SEARCH_STORIES").ok().and_then(|value| value.parse().ok()).unwrap_or(50_000);
    let kept = env::var_os("WATCHFIRE_SEARCH_DIR").map(PathBuf::from);
    let temporary = tempfile::tempdir().expect("a folder");
    let dir = kept.unwrap_or_else(|| temporary.path().to_owned());
    let search = Search::open(&dir).expect("opens").0;
    if search.stories() < stories {
        fill(&search, stories);
    }
    let bytes: u64 =
        std::fs::read_dir(&dir).expect("a folder").map(|entry| entry.expect("an entry").metadata().expect("a file").len()).sum();
    println!("{} stories, {} bytes on disk a story", search.stories(), bytes / search.stories());
    ask(&search);
}

fn fill(search: &Search, stories: u64) {
    let made = cpu();
    let bytes: usize = (0..2_000).map(|number| story(number).first().body.as_str().len()).sum();
    let making = (cpu() - made) / 2_000;
    println!("a text has {} bytes", bytes / 2_000);
    let (begin, begun) = (Instant::now(), cpu());
    let mut number = search.stories();
    while number < stories {
        let batch: Vec<_> = (number..stories.min(number + 4_096)).map(|number| (number, story(number))).collect();
        search.take_in(batch.iter().map(|(number, story)| (*number, story))).expect("taken in");
        number += 4_096;
    }
    search.rest().expect("rests");
    let each = (cpu() - begun) / u32::try_from(stories).expect("a number of stories");
    println!("filled in {:.1?}; CPU a story: {:.1?}, merging included", begin.elapsed(), each.saturating_sub(making));
}

fn ask(search: &Search) {
    let mut all = Vec::new();
    for order in [Order::Newest, Order::Best] {
        for query_text in QUERIES {
            let text: String = query_text.split(' ').map(|word| spelled(word) + " ").collect();
            let filter = query(&text);
            let mut times: Vec<_> = (0..ROUNDS)
                .map(|_| {
                    let begin = Instant::now();
                    search.find(&filter, order, 0, 50).expect("found");
                    let total = search.count(&filter).expect("counted");
                    (begin.elapsed(), total)
                })
                .collect();
            times.sort_by_key(|(time, _)| *time);
            let (median, total) = times[ROUNDS / 2];
            let (p95, total) = (times[ROUNDS * 95 / 100].0, format!("{total:?}"));
            println!("{order:?} {query_text:24} {total:>16}  {median:>9.2?}  p95 {p95:>9.2?}");
            all.extend(times.into_iter().map(|(time, _)| time));
        }
    }
    all.sort();
    println!("all queries: median {:.2?}, p95 {:.2?}, worst {:.2?}", all[all.len() / 2], all[all.len() * 95 / 100], all[all.len() - 1]);
}

/// A query's word with the ranks in it spelled out.
fn spelled(word: &str) -> String {
    let begin = word.find(['w', 'c']).filter(|at| word[at + 1..].starts_with(|c: char| c.is_ascii_digit()));
    let Some(begin) = begin else { return word.to_owned() };
    let end = word[begin + 1..].find(|c: char| !c.is_ascii_digit()).map_or(word.len(), |length| begin + 1 + length);
    let rank = word[begin + 1..end].parse().expect("a rank");
    let spelled = if &word[begin..=begin] == "w" { english(rank) } else { chinese(rank) };
    format!("{}{spelled}{}", &word[..begin], &word[end..])
}
