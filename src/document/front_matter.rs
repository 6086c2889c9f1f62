//! Front matter: lines of `key: value` between two lines of `---`, or of `key = value` between two of `+++`. It looks like YAML and TOML
//! and is neither: values hold colons, quotes and backslashes as they are, so each line is split at its first sign; only quotes around a
//! whole value are taken off.

use crate::clean::beginning;

/// Lines looked through for the closing one.
const LINES_MAX: usize = 64;
/// Longest value read, in bytes.
const VALUE_BYTES_MAX: usize = 4 << 10;
/// Values that stand on the indented lines below their key.
const BLOCKS: [&str; 6] = ["|", "|-", "|+", ">", ">-", ">+"];

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
    let Some((opening, inside)) = text.split_once('\n') else { return (Fields::default(), text) };
    let (ends, sign): (&[&str], &[char]) = match opening.trim_end() {
        "---" => (&["---", "..."], &[':', '：']),
        "+++" => (&["+++"], &['=']),
        _ => return (Fields::default(), text),
    };
    let mut fields = Fields::default();
    let mut block: Option<(&str, String)> = None;
    let mut at = 0;
    for line in inside.split_inclusive('\n').take(LINES_MAX) {
        at += line.len();
        let bare = line.trim_end();
        if let Some((_, lines)) = &mut block
            && (bare.is_empty() || bare.starts_with([' ', '\t']))
        {
            lines.push_str(bare.trim_start());
            lines.push(' ');
            continue;
        }
        if let Some((key, lines)) = block.take() {
            fields.set(key, &lines);
        }
        if ends.contains(&bare) {
            return (fields, &inside[at..]);
        }
        match bare.split_once(sign) {
            Some((key, value)) if BLOCKS.contains(&value.trim()) => block = Some((key, String::new())),
            Some((key, value)) => fields.set(key, value),
            None => {}
        }
    }
    (Fields::default(), text)
}

impl Fields {
    /// Takes the value of a key that is known, by any of the names that people and programs give it. The first of several counts.
    fn set(&mut self, key: &str, value: &str) {
        let value = unquoted(unescaped(beginning(value, VALUE_BYTES_MAX)).trim()).to_owned();
        let is_address = value.starts_with("https://") || value.starts_with("http://");
        let is_dated = value.contains(|c: char| c.is_ascii_digit());
        let field = match key.trim().to_lowercase().replace('-', "_").as_str() {
            "title" | "标题" | "標題" | "题目" => &mut self.title,
            "url" | "link" | "source_url" | "original_url" | "permalink" | "链接" | "鏈接" | "连接" | "网址" | "原文链接" | "原文地址" => {
                &mut self.url
            }
            "source" | "来源" | "來源" if is_address => &mut self.url,
            "source" | "publisher" | "来源" | "來源" | "公众号" => &mut self.source,
            "author" | "authors" | "作者" => &mut self.author,
            // `published: true` is a switch.
            "date" | "published" | "published_at" | "pubdate" | "publish_date" | "publish_time" | "日期" | "时间" | "時間" | "发布时间"
            | "发布日期"
                if is_dated =>
            {
                &mut self.date
            }
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
    fn other_programs_write_other_front_matter() {
        let all = |text: &str| {
            let (fields, body) = split(text);
            assert_eq!(body, "body", "{text}");
            [fields.title, fields.url, fields.source, fields.author, fields.date].map(Option::unwrap_or_default)
        };
        for (text, wanted) in [
            (
                "--- \nTitle:x\nURL: https://a.example/\nSource: S\nAuthors: A\nDate: 2024-01-02\n---\nbody",
                ["x", "https://a.example/", "S", "A", "2024-01-02"],
            ),
            (
                "---\n标题：甲\n链接：https://a.example/\n来源：乙\n作者：丙\n发布时间：2024年1月2日\n...\nbody",
                ["甲", "https://a.example/", "乙", "丙", "2024年1月2日"],
            ),
            ("+++\ntitle = \"x = y\"\ndate = 2024-01-02T03:04:05Z\n+++\nbody", ["x = y", "", "", "", "2024-01-02T03:04:05Z"]),
            (
                "---\ntitle: >-\n  one\n  two\npublished: true\nsource: https://a.example/\npublished_at: 2024-01-02\n---\nbody",
                ["one two", "https://a.example/", "", "", "2024-01-02"],
            ),
        ] {
            assert_eq!(all(text), wanted, "{text}");
        }
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
