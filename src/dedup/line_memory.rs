//! Lines that one source repeats under many items: its boilerplate, learned from the items themselves.
//!
//! Observe all items of a document before stripping any of them: then their order matters least, and a source's first poll is clean too.

use xxhash_rust::xxh3::xxh3_64;

/// What a source's latest items repeat: a bounded count of line hashes. Plain data, so that the store can keep it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LineMemory {
    /// Items observed, older ones counting ever less.
    pub items: u32,
    /// Items ever observed: the clock of `LineCount::seen`.
    pub clock: u32,
    /// Lines, sorted by their hash, at most `LINES_MAX`.
    pub lines: Vec<LineCount>,
}

/// How often one line was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineCount {
    /// Hash of the line without the white space around it.
    pub hash: u64,
    /// Items that held it, older ones counting ever less.
    pub items: u32,
    /// The memory's clock when it was last seen.
    pub seen: u32,
}

impl LineMemory {
    /// Lines remembered: 8 KB a speaker.
    pub const LINES_MAX: usize = 512;

    /// Items after which everything counts half: what is remembered are the last two hundred or so.
    const ITEMS_MAX: u32 = 200;

    /// A line must have been in more items than this.
    const ITEMS_MIN: u32 = 3;

    /// And in more than one item of fifty.
    const SHARE: u32 = 50;

    /// Takes note of one item by its `line_digests`.
    pub fn observe(&mut self, lines: &[u64]) {
        self.clock = self.clock.saturating_add(1);
        self.items += 1;
        for &hash in lines {
            match self.lines.binary_search_by_key(&hash, |line| line.hash) {
                Ok(at) => {
                    self.lines[at].items += 1;
                    self.lines[at].seen = self.clock;
                }
                Err(at) => self.lines.insert(at, LineCount { hash, items: 1, seen: self.clock }),
            }
        }
        if self.items >= Self::ITEMS_MAX {
            self.age();
        }
        self.shrink();
    }

    /// The text without the lines that the source repeats.
    pub fn strip(&self, text: &str) -> String {
        let mut kept = String::with_capacity(text.len());
        for line in text.lines().filter(|line| !self.is_repeated(line)) {
            if !kept.is_empty() {
                kept.push('\n');
            }
            kept.push_str(line);
        }
        kept
    }

    /// Whether a line is one that the source repeats.
    pub fn is_repeated(&self, line: &str) -> bool {
        let least = Self::ITEMS_MIN.max(self.items / Self::SHARE);
        self.lines.binary_search_by_key(&line_hash(line.trim()), |line| line.hash).is_ok_and(|at| self.lines[at].items > least)
    }

    fn age(&mut self) {
        self.items /= 2;
        for line in &mut self.lines {
            line.items /= 2;
        }
        self.lines.retain(|line| line.items > 0);
    }

    /// Forgets the rarest lines, of these the ones not seen for longest, until what is left has room to grow.
    fn shrink(&mut self) {
        if self.lines.len() <= Self::LINES_MAX {
            return;
        }
        self.lines.sort_unstable_by_key(|line| std::cmp::Reverse((line.items, line.seen, line.hash)));
        self.lines.truncate(Self::LINES_MAX * 3 / 4);
        self.lines.sort_unstable_by_key(|line| line.hash);
    }
}

/// Digests of an item's lines, each once: of its first 256.
pub fn line_digests(text: &str) -> Vec<u64> {
    const LINES_MAX: usize = 256;
    let mut digests: Vec<u64> = lines(text).map(line_hash).take(LINES_MAX).collect();
    digests.sort_unstable();
    digests.dedup();
    digests
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

fn line_hash(line: &str) -> u64 {
    xxh3_64(line.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::{LineMemory, line_digests};

    fn item(number: u32) -> String {
        format!("  Subscribe to our newsletter \nArticle {number}\n\nText {number}\nAbout us")
    }

    #[test]
    fn what_every_item_repeats_is_stripped_once_it_was_seen_often_enough() {
        let mut memory = LineMemory::default();
        for number in 0..3 {
            memory.observe(&line_digests(&item(number)));
        }
        assert_eq!(memory.strip(&item(9)), item(9));
        memory.observe(&line_digests(&item(3)));
        assert_eq!(memory.strip(&item(9)), "Article 9\n\nText 9");
    }

    #[test]
    fn a_line_said_twice_in_one_item_counts_once() {
        let mut memory = LineMemory::default();
        memory.observe(&line_digests("same\nsame\nsame\nsame\nsame"));
        assert!(!memory.is_repeated("same"));
    }

    #[test]
    fn old_boilerplate_is_forgotten() {
        let mut memory = LineMemory::default();
        for _ in 0..10 {
            memory.observe(&line_digests("old footer"));
        }
        assert!(memory.is_repeated("old footer"));
        for number in 0..1000 {
            memory.observe(&line_digests(&item(number)));
        }
        assert!(!memory.is_repeated("old footer"));
        assert!(memory.is_repeated("About us"));
    }

    #[test]
    fn memory_is_bounded_and_keeps_what_is_repeated() {
        let mut memory = LineMemory::default();
        for number in 0..150 {
            let lines: Vec<String> = (0..1000).map(|line| format!("{number} {line}")).collect();
            memory.observe(&line_digests(&(String::from("footer\n") + &lines.join("\n"))));
            assert!(memory.lines.len() <= LineMemory::LINES_MAX);
            assert!(memory.lines.is_sorted_by_key(|line| line.hash));
        }
        assert!(memory.is_repeated("footer"));
    }
}
