//! A text as words: what is indexed and what is asked for are read alike.
//!
//! A word is a run of letters and digits, folded: case, width, accents, Traditional Chinese. Han text has no spaces, so that each sign
//! stands for the pair that it begins with the next one; the last of a run stands alone. Every word and every sign has its own place,
//! and a phrase is a row of places in one line: that is how `漏洞利用` is found in a sentence, and why `Tor` is not found in "instructor".

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

use crate::dedup::{Folded, each_folded};

/// A longer word is known by its beginning: a SHA-512 in hexadecimal digits is one word.
const WORD_BYTES_MAX: usize = 128;

/// What stands at one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Letters and digits.
    Word,
    /// A sign and the one behind it.
    Pair,
    /// The last sign of a run.
    Last,
}

/// The words of one text.
#[derive(Debug, Clone, Default)]
pub(super) struct Words {
    letters: String,
    /// Where each one ends in `letters`, and what it is.
    ends: Vec<(usize, Kind)>,
    /// How many words stand before each line but the first.
    lines: Vec<usize>,
}

impl Words {
    /// Reads a text.
    pub(super) fn of(text: &str) -> Self {
        let mut words = Self::default();
        words.read_line(text);
        words
    }

    /// Reads a text of several lines.
    fn read(&mut self, text: &str) {
        self.letters.clear();
        self.ends.clear();
        self.lines.clear();
        for (place, line) in text.split('\n').enumerate() {
            if place > 0 {
                self.lines.push(self.ends.len());
            }
            self.read_line(line);
        }
    }

    /// The words in their order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, Kind)> {
        let begins = std::iter::once(0).chain(self.ends.iter().map(|(end, _)| *end));
        begins.zip(&self.ends).map(|(begin, (end, kind))| (&self.letters[begin..*end], *kind))
    }

    /// The words of one line with their places. Before the last sign of a run one stays empty: then a pair that stands two places behind
    /// another is of the same run, and every second one says as much as all of them.
    pub(super) fn placed(&self) -> impl Iterator<Item = (usize, &str, Kind)> {
        let (mut runs, mut is_in_run) = (0, false);
        self.iter().enumerate().map(move |(index, (word, kind))| {
            runs += usize::from(kind == Kind::Last && is_in_run);
            is_in_run = kind == Kind::Pair;
            (index + runs, word, kind)
        })
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    fn read_line(&mut self, text: &str) {
        let mut sign = None;
        each_folded(text, |folded| {
            match folded {
                Folded::Sign(c) => {
                    self.end_word();
                    if let Some(before) = sign.replace(c) {
                        self.push(&[before, c], Kind::Pair);
                    }
                }
                Folded::Letter(c) => {
                    self.end_run(&mut sign);
                    if self.letters.len() - self.word_begin() < WORD_BYTES_MAX {
                        self.letters.push(c);
                    }
                }
                Folded::Gap => {
                    self.end_run(&mut sign);
                    self.end_word();
                }
                Folded::Nothing | Folded::Several => {}
            }
            true
        });
        self.end_run(&mut sign);
        self.end_word();
    }

    fn end_run(&mut self, sign: &mut Option<char>) {
        if let Some(last) = sign.take() {
            self.push(&[last], Kind::Last);
        }
    }

    fn end_word(&mut self) {
        if self.letters.len() > self.word_begin() {
            self.ends.push((self.letters.len(), Kind::Word));
        }
    }

    fn push(&mut self, signs: &[char], kind: Kind) {
        self.letters.extend(signs);
        self.ends.push((self.letters.len(), kind));
    }

    /// Where the word begins that is being read.
    fn word_begin(&self) -> usize {
        self.ends.last().map_or(0, |(end, _)| *end)
    }
}

impl Tokenizer for Words {
    type TokenStream<'a> = Stream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Stream<'a> {
        self.read(text);
        Stream { words: self, begin: 0, next: 0, line: 0, runs: 0, is_in_run: false, token: Token::default() }
    }
}

/// The words one after the other at their places, as tantivy takes them. Between two lines a place stays empty: no phrase goes across.
pub(super) struct Stream<'a> {
    words: &'a Words,
    begin: usize,
    next: usize,
    line: usize,
    /// Runs of several signs that have ended.
    runs: usize,
    is_in_run: bool,
    token: Token,
}

impl TokenStream for Stream<'_> {
    fn advance(&mut self) -> bool {
        let Some((end, kind)) = self.words.ends.get(self.next) else { return false };
        self.token.text.clear();
        self.token.text.push_str(&self.words.letters[self.begin..*end]);
        while self.words.lines.get(self.line).is_some_and(|before| *before <= self.next) {
            self.line += 1;
        }
        self.runs += usize::from(*kind == Kind::Last && self.is_in_run);
        self.is_in_run = *kind == Kind::Pair;
        self.token.position = self.next + self.line + self.runs;
        self.begin = *end;
        self.next += 1;
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, WORD_BYTES_MAX, Words};

    fn words(text: &str) -> Vec<String> {
        Words::of(text).iter().map(|(word, _)| word.to_owned()).collect()
    }

    #[test]
    fn words_are_folded_and_signs_come_in_pairs() {
        for (text, wanted) in [
            ("", vec![]),
            ("— !", vec![]),
            ("Café ＡＢＣ", vec!["cafe", "abc"]),
            ("CVE-2024-3094", vec!["cve", "2024", "3094"]),
            ("漏洞", vec!["漏洞", "洞"]),
            ("网络安全", vec!["网络", "络安", "安全", "全"]),
            ("漏洞CVE-2024被利用", vec!["漏洞", "洞", "cve", "2024", "被利", "利用", "用"]),
            ("漏洞，利用", vec!["漏洞", "洞", "利用", "用"]),
            ("頂層規(guī)劃", vec!["顶层", "层规", "规划", "划"]),
            ("第3季", vec!["第", "3", "季"]),
        ] {
            assert_eq!(words(text), wanted, "{text}");
        }
    }

    #[test]
    fn the_last_sign_of_a_run_is_marked() {
        let kinds: Vec<_> = Words::of("漏洞x").iter().map(|(_, kind)| kind).collect();
        assert_eq!(kinds, [Kind::Pair, Kind::Last, Kind::Word]);
    }

    #[test]
    fn a_word_without_end_is_known_by_its_beginning() {
        assert_eq!(words(&"a".repeat(1 << 20)), ["a".repeat(WORD_BYTES_MAX)]);
    }
}
