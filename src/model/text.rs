//! Text and markup that every output can carry.

use std::fmt;

/// Whether XML 1.0 allows the character at all (section 2.2, production Char).
pub const fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// Whether every character is an XML character. Looks at bytes, several at once: every text that is read passes here.
fn is_xml_text(text: &str) -> bool {
    let is_allowed = |byte: u8| byte >= b' ' || matches!(byte, b'\t' | b'\n' | b'\r');
    let has_control = text.bytes().fold(false, |has, byte| has | !is_allowed(byte));
    !has_control && !text.contains('\u{FFFE}') && !text.contains('\u{FFFF}')
}

/// Characters that change how their neighbours are shown, or show nothing: controls, bidirectional overrides, zero-width marks.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\0'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{7F}'..='\u{84}' | '\u{86}'..='\u{9F}'
        | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206F}' | '\u{FEFF}')
}

/// Plain text without control, bidirectional or zero-width characters, in which every character is an XML character.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Text(String);

impl Text {
    /// One line: runs of white space become one space, the ends are trimmed, at most `chars_max` characters are kept.
    pub fn line(raw: &str, chars_max: usize) -> Self {
        let mut line = String::with_capacity(raw.len().min(chars_max * 4));
        let mut kept = 0;
        let visible = raw.chars().filter(|c| is_xml_char(*c) && !is_invisible(*c));
        let mut gap = false;
        for c in visible {
            if c.is_whitespace() {
                gap = kept > 0;
                continue;
            }
            if kept + usize::from(gap) >= chars_max {
                break;
            }
            if gap {
                line.push(' ');
                kept += 1;
                gap = false;
            }
            line.push(c);
            kept += 1;
        }
        Self(line)
    }

    /// Several lines: line ends are kept, as `\n`; at most `bytes_max` bytes, cut between characters.
    pub fn block(raw: &str, bytes_max: usize) -> Self {
        let mut block = String::with_capacity(raw.len().min(bytes_max));
        for c in raw.chars().filter(|c| *c != '\r' && is_xml_char(*c) && !is_invisible(*c)) {
            if block.len() + c.len_utf8() > bytes_max {
                break;
            }
            block.push(c);
        }
        Self(block)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// HTML that the sanitiser wrote: safe to show, in which every character is an XML character.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct SafeHtml(String);

impl SafeHtml {
    /// For `clean`, which sanitises, and `store`, which keeps what `clean` sanitised: nobody else may vouch for markup.
    pub fn vouched(html: String) -> Self {
        if is_xml_text(&html) { Self(html) } else { Self(html.chars().filter(|c| is_xml_char(*c)).collect()) }
    }

    /// The markup.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for SafeHtml {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// The primary subtag of a language, as it is written: without its region and script (RFC 5646 section 2.2.1).
pub fn primary_language(tag: &str) -> &str {
    tag.split(['-', '_']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{SafeHtml, Text, is_xml_char, is_xml_text};

    #[test]
    fn a_line_is_one_line_of_visible_text() {
        for (raw, wanted) in [
            ("  a \n\t b ", "a b"),
            ("\u{202E}evil\u{200B}\u{0}\u{FFFE}", "evil"),
            ("网安  要闻", "网安 要闻"),
            ("\u{3000}　全角　空格", "全角 空格"),
            ("", ""),
        ] {
            assert_eq!(Text::line(raw, 100).as_str(), wanted, "{raw:?}");
        }
    }

    #[test]
    fn limits_cut_between_characters() {
        assert_eq!(Text::line("网安要闻", 2).as_str(), "网安");
        assert_eq!(Text::line("ab cd", 3).as_str(), "ab");
        assert_eq!(Text::block("网安\r\n要闻", 8).as_str(), "网安\n");
    }

    #[test]
    fn markup_loses_what_xml_forbids() {
        assert_eq!(SafeHtml::vouched("<p>a\u{1}b\u{FFFF}</p>".to_owned()).as_str(), "<p>ab</p>");
        for c in ('\0'..='\u{FFFF}').chain(['\u{10000}', '\u{1FFFE}', '\u{10FFFF}']) {
            assert_eq!(is_xml_text(&c.to_string()), is_xml_char(c), "{c:?}");
        }
    }
}
