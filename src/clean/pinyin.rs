//! Inline pinyin notes: `網(wǎng)信` is `網信`.

use std::borrow::Cow;

/// Longest note, in characters between its brackets (`zhuǎng` has six, seven with its mark apart).
const NOTE_CHARS_MAX: usize = 8;

/// Text without its pinyin notes. A note is a bracket behind a Chinese character that holds one syllable with a tone mark, so that
/// `漏洞(RCE)` and `(完)` stay. Run this before any Unicode normalisation, which would take the tone marks apart.
pub fn without_pinyin(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_tone) {
        return Cow::Borrowed(text);
    }
    let mut kept = String::with_capacity(text.len());
    let mut behind_han = false;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if behind_han && let Some(len) = pinyin_note_bytes(rest) {
            rest = &rest[len..];
            continue;
        }
        behind_han = is_han(c);
        kept.push(c);
        rest = &rest[c.len_utf8()..];
    }
    Cow::Owned(kept)
}

/// Length in bytes of the note that `text` begins with, brackets included; it counts as one behind a Chinese character only.
pub fn pinyin_note_bytes(text: &str) -> Option<usize> {
    let mut chars = text.char_indices();
    if !matches!(chars.next(), Some((_, '(' | '（'))) {
        return None;
    }
    let mut has_tone = false;
    for (at, c) in chars.take(NOTE_CHARS_MAX + 1) {
        match c {
            ')' | '）' => return has_tone.then_some(at + c.len_utf8()),
            _ if is_tone(c) => has_tone = true,
            'a'..='z' | 'A'..='Z' | 'ü' | 'Ü' | '\u{308}' => {}
            _ => return None,
        }
    }
    None
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

/// A vowel with one of the four tones, or the mark of one that stands apart from its vowel.
fn is_tone(c: char) -> bool {
    matches!(
        c,
        'ā' | 'á'
            | 'ǎ'
            | 'à'
            | 'ē'
            | 'é'
            | 'ě'
            | 'è'
            | 'ī'
            | 'í'
            | 'ǐ'
            | 'ì'
            | 'ō'
            | 'ó'
            | 'ǒ'
            | 'ò'
            | 'ū'
            | 'ú'
            | 'ǔ'
            | 'ù'
            | 'ǖ'
            | 'ǘ'
            | 'ǚ'
            | 'ǜ'
            | 'ń'
            | 'ň'
            | 'ǹ'
            | 'Ā'
            | 'Á'
            | 'Ǎ'
            | 'À'
            | 'Ē'
            | 'É'
            | 'Ě'
            | 'È'
            | 'Ō'
            | 'Ó'
            | 'Ǒ'
            | 'Ò'
            | '\u{300}'
            | '\u{301}'
            | '\u{304}'
            | '\u{30C}'
    )
}

#[cfg(test)]
mod tests {
    use super::without_pinyin;

    #[test]
    fn notes_go_and_other_brackets_stay() {
        for (text, wanted) in [
            ("國家網(wǎng)信辦", "國家網信辦"),
            ("評（píng）論(評(píng)論僅代表)", "評論(評論僅代表)"),
            ("漏洞(RCE)与(wǎng)", "漏洞(RCE)与"),
            ("記者郭倩(完)", "記者郭倩(完)"),
            ("café(é) (wǎng)", "café(é) (wǎng)"),
            ("網(wǎng", "網(wǎng"),
            ("長(zhǎng)(zhǎng)", "長"),
            ("綠(lǜ)", "綠"),
            ("網(wa\u{30C}ng)", "網"),
            ("網絡(wǎng luò)", "網絡(wǎng luò)"),
        ] {
            assert_eq!(without_pinyin(text), wanted, "{text}");
        }
    }

    #[test]
    fn text_without_tone_marks_is_not_copied() {
        assert!(matches!(without_pinyin("网信(wang)"), std::borrow::Cow::Borrowed(_)));
    }
}
