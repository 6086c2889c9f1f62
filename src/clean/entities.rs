//! Character references of HTML (section 13.2.5.72 of the standard): `&amp;`, `&#8217;`, `&nbsp`.

use std::borrow::Cow;

use markup5ever::data::{C1_REPLACEMENTS, NAMED_ENTITIES};

/// Longest name looked up, in bytes with its semicolon (`&CounterClockwiseContourIntegral;`).
const NAME_BYTES_MAX: usize = 32;

/// Decodes every reference once; what is none stays as it is.
pub(super) fn decode(text: &str) -> Cow<'_, str> {
    let Some(first) = text.find('&') else { return Cow::Borrowed(text) };
    let mut decoded = String::with_capacity(text.len());
    decoded.push_str(&text[..first]);
    let mut rest = &text[first..];
    while !rest.is_empty() {
        match read(rest) {
            Some((one, two, len)) => {
                decoded.push(one);
                decoded.extend(two);
                rest = &rest[len..];
            }
            None => {
                decoded.push('&');
                rest = &rest[1..];
            }
        }
        let next = rest.find('&').unwrap_or(rest.len());
        decoded.push_str(&rest[..next]);
        rest = &rest[next..];
    }
    Cow::Owned(decoded)
}

/// Reads the reference that `text` begins with: its one or two characters, and its length in bytes.
pub(super) fn read(text: &str) -> Option<(char, Option<char>, usize)> {
    let inside = text.strip_prefix('&')?;
    match inside.strip_prefix('#') {
        Some(number) => read_number(number).map(|(c, len)| (c, None, len + 2)),
        None => read_name(inside).map(|(one, two, len)| (one, two, len + 1)),
    }
}

fn read_number(text: &str) -> Option<(char, usize)> {
    let (digits, radix, start) = match text.strip_prefix(['x', 'X']) {
        Some(hex) => (hex, 16, 1),
        None => (text, 10, 0),
    };
    let len = digits.bytes().take_while(|b| char::from(*b).is_digit(radix)).count();
    if len == 0 {
        return None;
    }
    let code = u32::from_str_radix(&digits[..len], radix).unwrap_or(u32::MAX);
    let windows = code.checked_sub(0x80).and_then(|at| C1_REPLACEMENTS.get(at as usize).copied().flatten());
    let c = windows.or_else(|| char::from_u32(code).filter(|c| *c != '\0')).unwrap_or('\u{FFFD}');
    let semicolon = usize::from(digits[len..].starts_with(';'));
    Some((c, start + len + semicolon))
}

/// Names with a semicolon, then the old ones that may stand without (`&amp`, `&copy`).
fn read_name(text: &str) -> Option<(char, Option<char>, usize)> {
    let len = text.bytes().take(NAME_BYTES_MAX).take_while(u8::is_ascii_alphanumeric).count();
    let whole = text[len..].starts_with(';').then_some(len + 1);
    whole.into_iter().chain((2..=len.min(6)).rev()).find_map(|len| match NAMED_ENTITIES.get(&text[..len]) {
        Some(&(one, two)) if one != 0 => Some((char::from_u32(one)?, char::from_u32(two).filter(|c| *c != '\0'), len)),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn references_are_decoded_once() {
        for (text, wanted) in [
            ("plain", "plain"),
            ("a &amp; b", "a & b"),
            ("&amp;lt;", "&lt;"),
            ("&lt;b&gt;", "<b>"),
            ("AT&T &copy 2024 &notit;", "AT&T © 2024 ¬it;"),
            ("&#8217;&#x4e2d;&#147;", "’中“"),
            ("&#0;&#xD800;&#99999999999;", "\u{FFFD}\u{FFFD}\u{FFFD}"),
            ("&#; &#x; & &bogus;", "&#; &#x; & &bogus;"),
            ("&ngE;", "\u{2267}\u{338}"),
            ("汉&", "汉&"),
        ] {
            assert_eq!(decode(text), wanted, "{text}");
        }
    }
}
