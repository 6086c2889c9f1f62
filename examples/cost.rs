//! What reading costs on real documents: CPU of `feed::read` beside bare feed-rs, document by document.
//!
//! `cargo run --release --example cost -- [--list] FILE...`. Only documents that feed-rs reads without an error count; well-formed
//! UTF-8 that needs no repair is told from the rest. Each time is the best of many short rounds, so that a busy machine disturbs little.
//! `--list` prints every document.

use std::{fs, hint::black_box, panic, time::Instant};

use watchfire::{
    feed::{Hints, read},
    render::check_xml,
};

/// Rounds of which the best counts.
const ROUNDS: usize = 60;

/// Nanoseconds that one round lasts at most, but for documents that take longer: less than a scheduler gives at a time.
const ROUND_NANOS: f64 = 100_000.0;

struct Measured {
    file: String,
    bytes: usize,
    is_clean: bool,
    bare_nanos: f64,
    read_nanos: f64,
}

impl Measured {
    fn ratio(&self) -> f64 {
        self.read_nanos / self.bare_nanos
    }
}

fn main() {
    panic::set_hook(Box::new(|_| {}));
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut measured: Vec<Measured> = arguments.iter().filter(|file| *file != "--list").filter_map(|file| measure(file)).collect();
    measured.sort_by(|a, b| a.ratio().total_cmp(&b.ratio()));
    if arguments.iter().any(|argument| argument == "--list") {
        for document in &measured {
            let sort = if document.is_clean { "clean" } else { "other" };
            println!("{:.2} {sort} {} {} bytes, {:.0} ns", document.ratio(), document.file, document.bytes, document.read_nanos);
        }
    }
    let (clean, others): (Vec<_>, Vec<_>) = measured.iter().partition(|document| document.is_clean);
    summary("well-formed UTF-8", &clean);
    summary("all others", &others);
}

fn measure(file: &str) -> Option<Measured> {
    let bytes = fs::read(file).ok()?;
    let is_read = panic::catch_unwind(|| feed_rs::parser::parse(bytes.as_slice()).is_ok_and(|feed| !feed.entries.is_empty()));
    let reading = read(&bytes, &Hints::default()).ok().filter(|_| is_read.unwrap_or_default())?;
    let is_json = bytes.trim_ascii_start().starts_with(b"{");
    let is_well_formed = if is_json { serde_json::from_slice::<serde_json::Value>(&bytes).is_ok() } else { check_xml(&bytes).is_ok() };
    let is_clean = is_well_formed && reading.problems.is_empty();
    let mut bare = || drop(black_box(feed_rs::parser::parse(black_box(bytes.as_slice()))));
    let mut ours = || drop(black_box(read(black_box(&bytes), &Hints::default())));
    let calls = (ROUND_NANOS / nanos(&mut ours, 3)).clamp(1.0, 100.0) as u32;
    let (mut bare_nanos, mut read_nanos) = (f64::MAX, f64::MAX);
    for _ in 0..ROUNDS {
        bare_nanos = bare_nanos.min(nanos(&mut bare, calls));
        read_nanos = read_nanos.min(nanos(&mut ours, calls));
    }
    Some(Measured { file: file.to_owned(), bytes: bytes.len(), is_clean, bare_nanos, read_nanos })
}

/// Nanoseconds of one call among `calls`.
fn nanos(call: &mut dyn FnMut(), calls: u32) -> f64 {
    let start = Instant::now();
    (0..calls).for_each(|_| call());
    start.elapsed().as_nanos() as f64 / f64::from(calls)
}

fn summary(sort: &str, documents: &[&Measured]) {
    if documents.is_empty() {
        return;
    }
    let at = |share: f64| documents[((documents.len() - 1) as f64 * share).round() as usize].ratio();
    let total = |nanos: fn(&Measured) -> f64| documents.iter().map(|document| nanos(document)).sum::<f64>();
    let whole = total(|document| document.read_nanos) / total(|document| document.bare_nanos);
    let over = |limit: f64| documents.iter().filter(|document| document.ratio() > limit).count();
    println!(
        "{sort}: {} documents; times feed-rs: median {:.2}, p90 {:.2}, p99 {:.2}, worst {:.2}, all together {whole:.2}; over 1.5: {}, over 3: {}",
        documents.len(),
        at(0.5),
        at(0.9),
        at(0.99),
        at(1.0),
        over(1.5),
        over(3.0),
    );
}
