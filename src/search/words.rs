//! A text as words: what is indexed and what is asked for are read alike.
//!
//! A word is a run of letters and digits, folded: case, width, accents, Traditional Chinese. Han text has no spaces, so that each sign
//! stands for the pair that it begins with the next one; the last of a run stands alone. Every word and every sign has its own place,
//! and a phrase is a row of places: that is how `漏洞利用` is found in a sentence, and why `Tor` is not found in "instructor".

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

/// The words of one text, at their places from 0 on.
#[derive(Debug, Clone, Default)]
pub(super) struct Words {
    letters: String,
    /// Where each one ends in `letters`, and what it is.
    ends: Vec<(usize, Kind)>,
}

impl Words {
    /// Reads a text.
    pub(super) fn of(text: &str) -> Self {
        let mut words = Self::default();
        words.read(text);
        words
    }

    /// The words in their order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, Kind)> {
        let begins = std::iter::once(0).chain(self.ends.iter().map(|(end, _)| *end));
        begins.zip(&self.ends).map(|(begin, (end, kind))| (&self.letters[begin..*end], *kind))
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    fn read(&mut self, text: &str) {
        self.letters.clear();
        self.ends.clear();
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
        Stream { words: self, begin: 0, next: 0, token: Token::default() }
    }
}

/// The words one after the other, as tantivy takes them.
pub(super) struct Stream<'a> {
    words: &'a Words,
    begin: usize,
    next: usize,
    token: Token,
}

impl TokenStream for Stream<'_> {
    fn advance(&mut self) -> bool {
        let Some((end, _)) = self.words.ends.get(self.next) else { return false };
        self.token.text.clear();
        self.token.text.push_str(&self.words.letters[self.begin..*end]);
        self.token.position = self.next;
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
