//! Folds characters so that spellings of one text meet: width, case, accents, Traditional and Simplified Chinese.

use std::sync::LazyLock;

use ferrous_opencc::{OpenCC, config::BuiltinConfig};
use unicode_normalization::UnicodeNormalization as _;

/// What a character means to a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folded {
    /// Invisible or a mark on the letter before: as if it were not there.
    Nothing,
    /// Ends a word.
    Gap,
    /// Stands for itself: an ideograph or a kana sign.
    Sign(char),
    /// Part of a word: a letter or digit, lowercase, without accents.
    Letter(char),
    /// Stands for several characters; `expand` lists them.
    Several,
}

/// One cell for each character of the basic plane, because this runs for every character of every text.
///
/// Folding sign by sign, without looking at phrases, is what makes one cell enough: for comparing, it only matters that both spellings
/// meet, not that either is right. It also leaves nothing to gain from a quick check that skips a text without Traditional characters.
static CELLS: LazyLock<Box<[u16]>> = LazyLock::new(build_cells);

const NOTHING: u16 = 0;
const GAP: u16 = 1;
const SEVERAL: u16 = 2;

/// The meaning of one character.
pub fn fold(c: char) -> Folded {
    let Ok(code) = u16::try_from(u32::from(c)) else {
        return fold_supplementary(c);
    };
    match CELLS[usize::from(code)] {
        NOTHING => Folded::Nothing,
        GAP => Folded::Gap,
        SEVERAL => Folded::Several,
        folded => char::from_u32(u32::from(folded)).map_or(Folded::Gap, classify),
    }
}

/// The characters that a `Folded::Several` stands for, each folded.
pub fn expand(c: char) -> impl Iterator<Item = Folded> {
    decompose(c).into_iter().map(|part| match fold(part) {
        Folded::Several => classify(part),
        folded => folded,
    })
}

/// Whether the character stands for itself in a text that has no spaces between words.
pub const fn is_sign(c: char) -> bool {
    matches!(c,
        '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{323AF}'
        | '\u{3041}'..='\u{309F}' | '\u{30A1}'..='\u{30FF}' | '\u{3005}'..='\u{3007}')
}

fn classify(c: char) -> Folded {
    if is_sign(c) {
        Folded::Sign(c)
    } else if c.is_alphanumeric() {
        Folded::Letter(c)
    } else {
        Folded::Gap
    }
}

/// Emoji, rare ideographs, mathematical letters.
fn fold_supplementary(c: char) -> Folded {
    if is_sign(c) {
        return Folded::Sign(c);
    }
    match decompose(c).as_slice() {
        [] => Folded::Nothing,
        [single] if *single == c => classify(c),
        _ => Folded::Several,
    }
}

/// Compatibility decomposition in lowercase, without marks and invisible characters.
fn decompose(c: char) -> Vec<char> {
    // A Hangul syllable is a letter of its own; its decomposition would only make words longer.
    if ('\u{AC00}'..='\u{D7A3}').contains(&c) {
        return vec![c];
    }
    std::iter::once(c).nfkd().flat_map(char::to_lowercase).nfkd().filter(|part| !is_ignorable(*part)).collect()
}

/// Combining marks, and characters that show nothing: soft hyphen, zero-width and bidirectional marks, variation selectors.
fn is_ignorable(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
        || matches!(c, '\u{AD}' | '\u{34F}' | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{E0000}'..='\u{E0FFF}')
}

fn build_cells() -> Box<[u16]> {
    let mut cells: Box<[u16]> = (0..=u16::MAX).map(|code| char::from_u32(u32::from(code)).map_or(GAP, cell_of)).collect();
    simplify(&mut cells);
    cells
}

fn cell_of(c: char) -> u16 {
    match decompose(c).as_slice() {
        [] => NOTHING,
        [single] if classify(*single) == Folded::Gap => GAP,
        // Three codes are taken as marks; they are control characters, which are gaps anyway.
        [single] => u16::try_from(u32::from(*single)).unwrap_or(SEVERAL),
        several if several.iter().all(|part| classify(*part) == Folded::Gap) => GAP,
        _ => SEVERAL,
    }
}

/// Replaces every Traditional sign by its Simplified form. Without a dictionary the signs stay as they are.
fn simplify(cells: &mut [u16]) {
    let Ok(converter) = OpenCC::from_config(BuiltinConfig::T2s) else {
        return;
    };
    let signs: Vec<char> = cells.iter().filter_map(|cell| char::from_u32(u32::from(*cell))).filter(|c| is_sign(*c)).collect();
    // A line end between the signs keeps the converter from seeing phrases.
    let lines: String = signs.iter().flat_map(|sign| [*sign, '\n']).collect();
    let simple: std::collections::HashMap<char, char> =
        signs.iter().copied().zip(converter.convert(&lines).lines().filter_map(|line| line.chars().next())).collect();
    for cell in cells.iter_mut() {
        let folded = char::from_u32(u32::from(*cell)).and_then(|c| simple.get(&c));
        *cell = folded.and_then(|c| u16::try_from(u32::from(*c)).ok()).unwrap_or(*cell);
    }
}

#[cfg(test)]
mod tests {
    use super::{Folded, expand, fold};

    #[test]
    fn spellings_of_one_character_meet() {
        for (one, other) in
            [('網', '网'), ('發', '发'), ('Ａ', 'a'), ('７', '7'), ('é', 'E'), ('ｶ', 'カ'), ('佈', '布'), ('爲', '为'), ('Й', 'и')]
        {
            assert_eq!(fold(one), fold(other), "{one} {other}");
        }
    }

    #[test]
    fn marks_vanish_and_punctuation_separates() {
        for c in ['\u{200B}', '\u{AD}', '\u{301}', '\u{FE0F}', '\u{202E}'] {
            assert_eq!(fold(c), Folded::Nothing, "{c:?}");
        }
        for c in [' ', '\u{3000}', '，', '。', '“', '|', '\u{0}', '\u{1}', '\u{2}', '🔥', '(', '（'] {
            assert_eq!(fold(c), Folded::Gap, "{c:?}");
        }
    }

    #[test]
    fn ligatures_and_units_are_spelled_out() {
        for (c, wanted) in [('ﬁ', "fi"), ('㎏', "kg"), ('⑿', "12"), ('𝐀', "a")] {
            assert_eq!(fold(c), Folded::Several, "{c}");
            let spelled: String = expand(c).filter_map(|part| if let Folded::Letter(c) = part { Some(c) } else { None }).collect();
            assert_eq!(spelled, wanted);
        }
    }

    #[test]
    fn hangul_and_kana_keep_their_kind() {
        assert_eq!(fold('한'), Folded::Letter('한'));
        assert_eq!(fold('か'), Folded::Sign('か'));
    }
}
