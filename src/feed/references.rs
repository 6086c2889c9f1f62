//! Entity and character references in text: which are well formed, and what they mean.

use std::borrow::Cow;

use markup5ever::data::NAMED_ENTITIES;
use memchr::{memchr, memmem};
use quick_xml::escape::resolve_html5_entity;

/// Longest name of an entity, in bytes; HTML's longest has 31.
const NAME_BYTES_MAX: usize = 40;

/// What a `&` turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reference {
    /// A reference that every reader reads right, or leaves as it stands: its length with `&` and `;`.
    Sound { bytes: usize },
    /// A name of HTML that the strict reader would take for another text, or would not know: its length and what it means.
    Misread { bytes: usize, means: (char, Option<char>) },
    /// A character reference that XML forbids, and the character it should have been, if any.
    Forbidden { bytes: usize, means: Option<char> },
    /// A bare `&`.
    Bare,
}

/// Looks at the `&` at the start of `text`.
pub(super) fn inspect(text: &str) -> Reference {
    // Nearly all of them, in escaped markup.
    for known in ["&lt;", "&gt;", "&amp;", "&quot;", "&#39;"] {
        if text.starts_with(known) {
            return Reference::Sound { bytes: known.len() };
        }
    }
    let window = &text.as_bytes()[..text.len().min(NAME_BYTES_MAX)];
    let Some(length) = window.iter().skip(1).position(|b| !b.is_ascii_alphanumeric() && *b != b'#') else { return Reference::Bare };
    let bytes = length + 2;
    if window[length + 1] != b';' {
        return Reference::Bare;
    }
    match &text[1..=length] {
        number if number.starts_with('#') => match code_point(&number[1..]) {
            None => Reference::Bare,
            Some(code) => match char::from_u32(code).filter(|c| crate::model::is_xml_char(*c)) {
                // XML has no capital X.
                Some(c) if number.starts_with("#X") => Reference::Forbidden { bytes, means: Some(c) },
                Some('\u{80}'..='\u{9F}') => Reference::Forbidden { bytes, means: windows_1252(code) },
                Some(_) => Reference::Sound { bytes },
                None => match low_half(code, &text[bytes..]) {
                    Some((c, more)) => Reference::Forbidden { bytes: bytes + more, means: Some(c) },
                    None => Reference::Forbidden { bytes, means: None },
                },
            },
        },
        name if name.starts_with(|c: char| c.is_ascii_alphabetic()) && !name.contains('#') => match character(&text[1..bytes]) {
            Some(means) if !is_read_as(name, means) => Reference::Misread { bytes, means },
            _ => Reference::Sound { bytes },
        },
        _ => Reference::Bare,
    }
}

/// The text with its references resolved: XML's, HTML's, and character references. What means nothing stays as it stands.
pub(super) fn decode(text: &str) -> Cow<'_, str> {
    if memchr(b'&', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        decoded.push_str(&rest[..at]);
        rest = &rest[at..];
        let taken = match inspect(rest) {
            Reference::Bare => {
                decoded.push('&');
                1
            }
            Reference::Forbidden { bytes, means } => {
                decoded.extend(means);
                bytes
            }
            Reference::Misread { bytes, means: (one, two) } => {
                decoded.push(one);
                decoded.extend(two);
                bytes
            }
            Reference::Sound { bytes } => {
                let name = &rest[1..bytes - 1];
                match name.strip_prefix('#') {
                    Some(number) => decoded.extend(code_point(number).and_then(char::from_u32)),
                    // What is sound by name, quick-xml reads right.
                    None => decoded.push_str(resolve_html5_entity(name).unwrap_or(&rest[..bytes])),
                }
                bytes
            }
        };
        rest = &rest[taken..];
    }
    decoded.push_str(rest);
    Cow::Owned(decoded)
}

/// The one or two characters that HTML means by a name, which ends with its semicolon.
fn character(name: &str) -> Option<(char, Option<char>)> {
    let &(one, two) = NAMED_ENTITIES.get(name)?;
    // Its table also holds beginnings of names, which mean nothing.
    Some((char::from_u32(one).filter(|c| *c != '\0')?, char::from_u32(two).filter(|c| *c != '\0')))
}

/// Whether quick-xml, through which feed-rs reads, knows a name and means the same by it. Its own table has some eighty slips
/// (to it, `&alpha;` is `;`).
fn is_read_as(name: &str, (one, two): (char, Option<char>)) -> bool {
    let mut read = resolve_html5_entity(name).unwrap_or_default().chars();
    read.next() == Some(one) && read.next() == two && read.next().is_none()
}

/// The character of which `high` is the first half in UTF-16, where the reference to its second half follows, and that one's length.
fn low_half(high: u32, behind: &str) -> Option<(char, usize)> {
    let number = behind.strip_prefix("&#")?;
    let length = number.bytes().take("1234567".len()).position(|b| b == b';')?;
    let units = [u16::try_from(high).ok()?, u16::try_from(code_point(&number[..length])?).ok()?];
    let c = char::decode_utf16(units).next()?.ok().filter(|c| c.len_utf16() == 2)?;
    Some((c, "&#;".len() + length))
}

/// HTML in which characters that were written as two references, one for each half in UTF-16 (`&#55357;&#56832;`), are one character.
pub(super) fn joined(html: &str) -> Cow<'_, str> {
    let mut joined = Cow::Borrowed("");
    let mut behind = 0;
    for at in memmem::find_iter(html.as_bytes(), b"&#") {
        if at >= behind
            && let Reference::Forbidden { bytes, means: Some(c) } = inspect(&html[at..])
            && c.len_utf16() == 2
        {
            joined.to_mut().push_str(&html[behind..at]);
            joined.to_mut().push(c);
            behind = at + bytes;
        }
    }
    if behind == 0 {
        return Cow::Borrowed(html);
    }
    joined.to_mut().push_str(&html[behind..]);
    joined
}

/// The number of `8217` or `x2019`; `None` where it is none. A number beyond Unicode stays beyond it.
fn code_point(number: &str) -> Option<u32> {
    let (digits, radix) = match number.strip_prefix(['x', 'X']) {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    let is_number = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    is_number.then(|| u32::from_str_radix(digits, radix).unwrap_or(u32::MAX))
}

/// What browsers make of `&#128;` to `&#159;`: the characters of windows-1252.
fn windows_1252(code: u32) -> Option<char> {
    let byte = [u8::try_from(code).ok()?];
    encoding_rs::WINDOWS_1252.decode_without_bom_handling(&byte).0.chars().next()
}

#[cfg(test)]
mod tests {
    use super::{NAMED_ENTITIES, Reference, decode, inspect, joined};

    #[test]
    fn a_bare_ampersand_is_told_from_a_reference() {
        for (text, wanted) in [
            ("&amp; b", Reference::Sound { bytes: 5 }),
            ("&nbsp;", Reference::Sound { bytes: 6 }),
            ("&Omega;", Reference::Misread { bytes: 7, means: ('Ω', None) }),
            ("&unknown;", Reference::Sound { bytes: 9 }),
            ("&#x2019;", Reference::Sound { bytes: 8 }),
            ("&#150;", Reference::Forbidden { bytes: 6, means: Some('–') }),
            ("&#X41;", Reference::Forbidden { bytes: 6, means: Some('A') }),
            ("&#0;", Reference::Forbidden { bytes: 4, means: None }),
            ("&#xD800;", Reference::Forbidden { bytes: 8, means: None }),
            ("&#55357;&#xDE00;", Reference::Forbidden { bytes: 16, means: Some('😀') }),
            ("&#55357;&#65;", Reference::Forbidden { bytes: 8, means: None }),
            ("&#55357;&#", Reference::Forbidden { bytes: 8, means: None }),
            ("&#99999999999;", Reference::Forbidden { bytes: 14, means: None }),
            ("&copy=3", Reference::Bare),
            ("& b;", Reference::Bare),
            ("&;", Reference::Bare),
            ("&#;", Reference::Bare),
            ("&", Reference::Bare),
            ("&é;", Reference::Bare),
        ] {
            assert_eq!(inspect(text), wanted, "{text}");
        }
    }

    #[test]
    fn references_are_resolved_once() {
        assert_eq!(decode("AT&amp;amp;T &eacute;&#233;&#xE9; &foo; a&b &#0;&#146;"), "AT&amp;T ééé &foo; a&b ’");
    }

    #[test]
    fn halves_of_a_character_are_joined() {
        assert_eq!(decode("a&#55357;&#56832;b"), "a😀b");
        assert_eq!(joined("<p>&#xD83D;&#xDE00;&amp;&#65;&#55357;</p>"), "<p>😀&amp;&#65;&#55357;</p>");
        assert_eq!(joined("&#65;"), "&#65;");
    }

    #[test]
    fn every_name_means_what_html_says() {
        for (name, (one, two)) in &NAMED_ENTITIES {
            let Some(means) = char::from_u32(*one).filter(|c| *c != '\0' && name.ends_with(';')) else { continue };
            let mut wanted = String::from(means);
            wanted.extend(char::from_u32(*two).filter(|c| *c != '\0'));
            assert_eq!(decode(&format!("&{name}")), wanted, "{name}");
        }
        assert_eq!(decode("&scaron;&oelig; &chi;&lang;"), "šœ χ⟨");
    }
}
