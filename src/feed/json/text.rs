//! One text of JSON that is not well formed, written anew: control characters, escapes and quotes inside it.

use crate::{feed::fault::Faults, model::ProblemKind};

/// Writes the text whose quote stands at `at` in `json`. Where it ends; `None` when the document ended inside it.
///
/// A quote ends a text only where something follows that can follow a text, so that `"a "word" in quotes"` is one.
pub(super) fn write(json: &str, at: usize, is_name: bool, out: &mut String, faults: &mut Faults) -> Option<usize> {
    let bytes = json.as_bytes();
    let quote = bytes[at];
    if quote == b'\'' {
        faults.note(at, ProblemKind::Syntax, "text in single quotes");
    }
    out.push('"');
    let mut from = at + 1;
    loop {
        let length = bytes[from..].iter().position(|b| *b < b' ' || matches!(*b, b'"' | b'\'' | b'\\'))?;
        out.push_str(&json[from..from + length]);
        let found = from + length;
        from = found + 1;
        match bytes[found] {
            b'\\' => from = write_escape(json, found, out, faults)?,
            sign if sign == quote && ends_text(&json[from..], is_name) => {
                out.push('"');
                return Some(from);
            }
            b'"' => {
                if quote == b'"' {
                    faults.note(found, ProblemKind::Syntax, "bare `\"` inside a text, read as `\\\"`");
                }
                out.push_str("\\\"");
            }
            b'\'' => out.push('\''),
            control => {
                faults.note(found, ProblemKind::Syntax, "control character inside a text, escaped");
                write_control(control, out);
            }
        }
    }
}

/// Whether a quote before `rest` ends a text: what follows is what may follow one. Names hold no quotes.
fn ends_text(rest: &str, is_name: bool) -> bool {
    if is_name {
        return true;
    }
    let behind = rest.trim_ascii_start();
    let has_line_end = || rest[..rest.len() - behind.len()].contains('\n');
    match behind.bytes().next() {
        None | Some(b',' | b'}' | b']') => true,
        Some(b'/') => behind.starts_with("//") || behind.starts_with("/*"),
        // The next text, before which the comma is missing.
        Some(b'"') => has_line_end() || begins_member(behind),
        _ => false,
    }
}

/// Whether `text` begins with `"name":`.
fn begins_member(text: &str) -> bool {
    let length = text.bytes().skip(1).take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')).count();
    let behind = text[1 + length..].strip_prefix('"');
    length > 0 && behind.is_some_and(|behind| behind.trim_ascii_start().starts_with(':'))
}

/// Writes the escape at `at`. The first byte behind it; `None` when the document ends inside it.
fn write_escape(json: &str, at: usize, out: &mut String, faults: &mut Faults) -> Option<usize> {
    let sign = json[at + 1..].chars().next()?;
    let end = at + 1 + sign.len_utf8();
    match sign {
        '"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't' => {
            out.push_str(&json[at..end]);
            return Some(end);
        }
        'u' => {
            if let Some(code) = hex(json, end, 4) {
                return Some(write_unit(json, at, code, out, faults));
            }
            faults.note(at, ProblemKind::Syntax, "`\\u` without four digits");
            out.push_str("\\\\u");
        }
        'x' => {
            if let Some(c) = hex(json, end, 2).and_then(char::from_u32) {
                faults.note(at, ProblemKind::Syntax, "`\\x`, which JSON does not know");
                push_escaped(c, out);
                return Some(end + 2);
            }
            out.push('x');
        }
        other => {
            faults.note(at, ProblemKind::Syntax, "`\\` before what needs none, dropped");
            push_escaped(other, out);
        }
    }
    Some(end)
}

/// Writes the UTF-16 unit `\uXXXX` at `at`, whose value is `code`: half a pair alone becomes U+FFFD. The first byte behind it.
fn write_unit(json: &str, at: usize, code: u32, out: &mut String, faults: &mut Faults) -> usize {
    let end = at + 6;
    let is_low = |code: u32| (0xDC00..0xE000).contains(&code);
    let partner = || json[end..].strip_prefix("\\u").and_then(|_| hex(json, end + 2, 4)).filter(|code| is_low(*code));
    let end = match code {
        0xD800..0xDC00 if partner().is_some() => end + 6,
        0xD800..0xE000 => {
            faults.note(at, ProblemKind::Syntax, "half a character, replaced");
            out.push('\u{FFFD}');
            return end;
        }
        _ => end,
    };
    out.push_str(&json[at..end]);
    end
}

/// The number of `digits` hexadecimal digits at `at`.
fn hex(json: &str, at: usize, digits: usize) -> Option<u32> {
    let text = json.get(at..at + digits).filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()))?;
    u32::from_str_radix(text, 16).ok()
}

/// Writes a word as a text.
pub(super) fn quote(word: &str, out: &mut String) {
    out.push('"');
    word.chars().for_each(|c| push_escaped(c, out));
    out.push('"');
}

fn push_escaped(c: char, out: &mut String) {
    match c {
        '"' | '\\' => out.extend(['\\', c]),
        // A line that goes on behind its end.
        '\n' => {}
        control if control < ' ' => write_control(control as u8, out),
        c => out.push(c),
    }
}

fn write_control(control: u8, out: &mut String) {
    match control {
        b'\n' => out.push_str("\\n"),
        b'\r' => out.push_str("\\r"),
        b'\t' => out.push_str("\\t"),
        other => out.push_str(&format!("\\u{other:04x}")),
    }
}

/// A word short enough for a message.
pub(super) fn brief(word: &str) -> &str {
    word.char_indices().nth(40).map_or(word, |(end, _)| &word[..end])
}

#[cfg(test)]
mod tests {
    use super::{Faults, write};

    fn written(json: &str, is_name: bool) -> (Option<String>, usize) {
        let (mut out, mut faults) = (String::new(), Faults::default());
        let end = write(json, 0, is_name, &mut out, &mut faults);
        (end.map(|end| out + " " + &json[end..]), faults.located(json).len())
    }

    #[test]
    fn texts_are_written_as_json_wants_them() {
        for (json, wanted, faults) in [
            ("\"a\\n\\\"b\\u00e9\\\\\",", "\"a\\n\\\"b\\u00e9\\\\\" ,", 0),
            ("\"a\nb\tc\",", "\"a\\nb\\tc\" ,", 2),
            ("\"a \"b\" c\",", "\"a \\\"b\\\" c\" ,", 2),
            ("\"<a href=\"x\">y</a>\"}", "\"<a href=\\\"x\\\">y</a>\" }", 2),
            ("\"it\\'s\",", "\"it's\" ,", 1),
            ("\"\\x41\\xZ\",", "\"AxZ\" ,", 1),
            ("\"\\ud83d\\ude00 \\ud83d \\udc00\",", "\"\\ud83d\\ude00 \u{FFFD} \u{FFFD}\" ,", 2),
            ("\"\\u12 \",", "\"\\\\u12 \" ,", 1),
            ("\"a\\\nb\",", "\"ab\" ,", 1),
            ("\"a\"\n\"b\"", "\"a\" \n\"b\"", 0),
            ("\"a\" \"b\" : 1", "\"a\"  \"b\" : 1", 0),
            ("'a \"b\" c',", "\"a \\\"b\\\" c\" ,", 1),
        ] {
            assert_eq!(written(json, false), (Some(wanted.to_owned()), faults), "{json}");
        }
        assert_eq!(written("\"a\": 1", true), (Some("\"a\" : 1".to_owned()), 0));
    }

    #[test]
    fn a_text_that_does_not_end_is_none() {
        for json in ["\"a", "\"a\\", "\"a\\u12", "\"a \"b", "\""] {
            assert_eq!(written(json, false).0, None, "{json}");
        }
    }
}
