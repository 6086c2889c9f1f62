//! A text as tokens, in one pass: each ideograph is one, each word is one, inline pinyin is none.

use super::fold::{Folded, expand, fold, is_sign};
use crate::clean;

/// What one text is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tokens {
    /// One hash a token, in their order.
    pub hashes: Vec<u64>,
    /// Ideographs, letters and digits in all of them.
    pub useful: u32,
}

/// Tokens read from one text; what follows is cut off, as publishers cut long articles anyway.
const TOKENS_MAX: usize = 20_000;

impl Tokens {
    /// Reads a text.
    pub fn of(text: &str) -> Self {
        let mut reader = Reader { hashes: Vec::with_capacity((text.len() / 4).min(TOKENS_MAX)), word: EMPTY_WORD, useful: 0 };
        each_folded(text, |folded| {
            reader.read(folded);
            reader.hashes.len() < TOKENS_MAX
        });
        reader.end_word();
        Self { hashes: reader.hashes, useful: reader.useful }
    }
}

/// A text folded to its signs, letters and digits, with one space where words are apart and none beside ideographs.
pub fn folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut gap = false;
    each_folded(text, |part| {
        match part {
            Folded::Sign(c) => {
                out.push(c);
                gap = false;
            }
            Folded::Letter(c) => {
                if gap && out.ends_with(|last: char| !is_sign(last)) {
                    out.push(' ');
                }
                out.push(c);
                gap = false;
            }
            _ => gap = true,
        }
        true
    });
    out
}

/// Hands every character's meaning to `each` until that answers `false`; inline pinyin notes are left out.
pub fn each_folded(text: &str, mut each: impl FnMut(Folded) -> bool) {
    let mut rest = text.chars();
    let mut after_sign = false;
    loop {
        let here = rest.as_str();
        let Some(c) = rest.next() else { return };
        if after_sign
            && matches!(c, '(' | '（')
            && let Some(note) = clean::pinyin_note_bytes(here)
        {
            rest = here[note..].chars();
            continue;
        }
        let go_on = match fold(c) {
            Folded::Several => expand(c).all(&mut each),
            folded => {
                if folded != Folded::Nothing {
                    after_sign = matches!(folded, Folded::Sign(_));
                }
                each(folded)
            }
        };
        if !go_on {
            return;
        }
    }
}

/// The hash of a word without letters.
const EMPTY_WORD: u64 = 0xCBF2_9CE4_8422_2325;

struct Reader {
    hashes: Vec<u64>,
    word: u64,
    useful: u32,
}

impl Reader {
    fn read(&mut self, folded: Folded) {
        match folded {
            Folded::Sign(c) => {
                self.end_word();
                self.hashes.push(hash_step(EMPTY_WORD, c));
                self.useful += 1;
            }
            Folded::Letter(c) => {
                self.word = hash_step(self.word, c);
                self.useful += 1;
            }
            Folded::Gap => self.end_word(),
            Folded::Nothing | Folded::Several => {}
        }
    }

    fn end_word(&mut self) {
        if self.word != EMPTY_WORD {
            self.hashes.push(self.word);
            self.word = EMPTY_WORD;
        }
    }
}

/// One round of FNV-1a over a whole character: enough for tokens, which the sketch mixes again.
const fn hash_step(hash: u64, c: char) -> u64 {
    (hash ^ c as u64).wrapping_mul(0x0000_0100_0000_01B3)
}

#[cfg(test)]
mod tests {
    use super::{TOKENS_MAX, Tokens, folded};

    #[test]
    fn spellings_of_one_text_give_the_same_tokens() {
        let wanted = Tokens::of("做好顶层规划 加强网络安全保障体系 RCE in v1.2");
        for text in [
            "做好頂層規劃，加強網絡安全保障體系：RCE in v1.2",
            "做好頂層規(guī)劃 加強(qiáng)網(wǎng)絡安全保障體系 rce IN ｖ１．２",
            "做\u{200B}好顶层规划 加强网（wǎng）络安全保障体系 (RCE) in v1.2",
        ] {
            assert_eq!(Tokens::of(text), wanted, "{text}");
        }
    }

    #[test]
    fn only_pinyin_notes_are_left_out() {
        for (text, wanted) in [
            ("網(wǎng)信", "网信"),
            ("漏洞(RCE)", "漏洞rce"),
            ("記者郭倩(完)", "记者郭倩完"),
            ("café (très bon)", "cafe tres bon"),
            ("网(wǎng", "网wang"),
            ("网(", "网"),
            ("网()信", "网信"),
        ] {
            assert_eq!(folded(text), wanted);
        }
    }

    #[test]
    fn words_stay_apart_and_ideographs_need_no_space() {
        assert_eq!(folded(" Log4j  2.17 — 漏洞 通告 "), "log4j 2 17漏洞通告");
    }

    #[test]
    fn a_huge_text_costs_a_bounded_number_of_tokens() {
        assert_eq!(Tokens::of(&"网".repeat(TOKENS_MAX * 3)).hashes.len(), TOKENS_MAX);
        assert_eq!(Tokens::of(&"a".repeat(1 << 20)).hashes.len(), 1);
    }
}
