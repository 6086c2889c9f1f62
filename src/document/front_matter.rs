//! Front matter: lines of `key: value` between two lines of `---`. It looks like YAML and is not: values hold colons, quotes and
//! backslashes as they are, so each line is split at its first `: `; only quotes around a whole value are taken off.

use crate::clean::beginning;

/// Lines looked through for the closing `---`.
const LINES_MAX: usize = 64;
/// Longest value read, in bytes.
const VALUE_BYTES_MAX: usize = 4 << 10;

/// The fields that are understood; empty values are absent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Fields {
    pub(super) title: Option<String>,
    pub(super) url: Option<String>,
    pub(super) source: Option<String>,
    pub(super) author: Option<String>,
    pub(super) date: Option<String>,
}

/// The front matter and the body; no fields where a text has none.
pub(super) fn split(text: &str) -> (Fields, &str) {
    let text = text.trim_start_matches('\u{FEFF}').trim_start();
    let mut fields = Fields::default();
    let Some(inside) = text.strip_prefix("---").and_then(|rest| rest.strip_prefix("\r\n").or(rest.strip_prefix('\n'))) else {
        return (fields, text);
    };
    let mut at = 0;
    for line in inside.split_inclusive('\n').take(LINES_MAX) {
        at += line.len();
        if line.trim_end() == "---" {
            return (fields, &inside[at..]);
        }
        if let Some((key, value)) = line.trim_end().split_once(": ") {
            fields.set(key.trim(), value);
        }
    }
    (Fields::default(), text)
}

impl Fields {
    fn set(&mut self, key: &str, value: &str) {
        let value = unquoted(unescaped(beginning(value, VALUE_BYTES_MAX)).trim()).to_owned();
        let field = match key {
            "title" => &mut self.title,
            "url" | "link" => &mut self.url,
            "source" => &mut self.source,
            "author" => &mut self.author,
            "date" => &mut self.date,
            _ => return,
        };
        if field.is_none() && !value.is_empty() {
            *field = Some(value);
        }
    }
}

/// A value without the quotes around the whole of it. Quotes that end before the value does are part of it.
fn unquoted(value: &str) -> &str {
    let inside =
        ['"', '\''].iter().find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote).filter(|inside| !inside.contains(*quote)));
    inside.map_or(value, str::trim)
}

/// Undoes what a careless writer left behind: `\"`, and no-break spaces written out as `\xa0` or `xa0`.
fn unescaped(value: &str) -> String {
    let mut text = value.replace("\\\"", "\"").replace("\\xa0", " ").replace("\\u3000", " ");
    let mut from = 0;
    while let Some(at) = text[from..].find("xa0").map(|at| from + at) {
        let before = text[..at].chars().next_back();
        let after = text[at + 3..].chars().next();
        // `exa0`, `0xa0` may be words and numbers; before a Chinese character neither is likely.
        let is_word = before.is_some_and(|c| c.is_ascii_alphabetic() || c == '0') && after.is_none_or(|c| c < '\u{2E80}');
        if is_word {
            from = at + 3;
        } else {
            text.replace_range(at..at + 3, " ");
            from = at + 1;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{split, unescaped};

    #[test]
    fn lines_are_split_at_the_first_colon_and_space() {
        let (fields, body) =
            split("---\ntitle: \"A\": b: c \\ d\nurl: https://a.example/?x=1: 2\nsource:\ndate: 2024-01-02\nother: x\n---\nbody");
        assert_eq!(fields.title.as_deref(), Some("\"A\": b: c \\ d"));
        assert_eq!(fields.url.as_deref(), Some("https://a.example/?x=1: 2"));
        assert_eq!((fields.source, fields.date.as_deref()), (None, Some("2024-01-02")));
        assert_eq!(body, "body");
    }

    #[test]
    fn a_rule_at_the_top_is_no_front_matter() {
        for text in ["---\nno end", "--- a\n---\n", "text\n---\ntitle: x\n---\n", ""] {
            let (fields, body) = split(text);
            assert_eq!((fields.title, body), (None, text));
        }
        assert_eq!(split("\u{FEFF}---\r\ntitle: x\r\n---\r\nbody").0.title.as_deref(), Some("x"));
    }

    #[test]
    fn spaces_written_out_become_spaces() {
        for (value, wanted) in [
            ("资讯xa0:xa02024xa0年 11xa0月", "资讯 : 2024 年 11 月"),
            ("10xa0月", "10 月"),
            ("分享xa0|xa0AD", "分享 | AD"),
            ("offset 0xa0 overflow", "offset 0xa0 overflow"),
            ("a\\xa0b \\\"c\\\"", "a b \"c\""),
        ] {
            assert_eq!(unescaped(value), wanted);
        }
    }
}
