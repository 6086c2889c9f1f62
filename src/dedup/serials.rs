//! What tells the parts of a series apart: the numbers in a title, and the catalogue ids of what it is about.

use std::sync::LazyLock;

use regex::Regex;
use xxhash_rust::xxh3::xxh3_64;

use super::fold::{Folded, expand, fold};

/// Every number a title holds, sorted, as often as it stands there.
///
/// Digits count everywhere. `第十五章`, `(二)`, `之三`, `（上）`, `Part Two`, `III` and names of months count as the numbers they mean.
pub fn numbers(title: &str) -> Vec<u64> {
    let marks = marks(title);
    let mut found = digit_runs(&marks);
    found.extend(chinese_numerals(&marks));
    found.extend(word_numbers(&marks));
    found.sort_unstable();
    found.truncate(NUMBERS_MAX);
    found
}

/// Digests of the catalogue ids that a title names (CVE, CNVD, GHSA, advisories of vendors), sorted, each once.
pub fn ids(title: &str) -> Vec<u64> {
    named(title, NUMBERS_MAX)
}

/// The same of a whole text.
pub fn ids_in_text(text: &str) -> Vec<u64> {
    const IDS_MAX: usize = 4096;
    named(text, IDS_MAX)
}

fn named(text: &str, ids_max: usize) -> Vec<u64> {
    let mut found: Vec<u64> = IDS
        .captures_iter(text)
        .take(ids_max)
        .filter_map(|found| {
            let parts = found.get(1).or(found.get(3)).zip(found.get(2).or(found.get(4)))?;
            let name = [parts.0.as_str(), parts.1.as_str()].concat();
            let plain: String = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
            Some(xxh3_64(plain.as_bytes()))
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Whether every element of the smaller sorted list is in the other, as often.
pub fn is_subset_either_way(one: &[u64], other: &[u64]) -> bool {
    let (small, large) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    let mut large = large.iter();
    small.iter().all(|element| large.any(|candidate| candidate == element))
}

/// Whether two sorted lists share an element.
pub fn is_overlapping(one: &[u64], other: &[u64]) -> bool {
    one.iter().any(|element| other.binary_search(element).is_ok())
}

/// Numbers and ids kept of one title.
const NUMBERS_MAX: usize = 32;

/// A catalogue's name before its number. Not `\b`: between `漏洞` and `CVE` there is no boundary in Unicode's eyes.
static IDS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i)(?:^|[^a-z0-9])(cve|cnvd(?:-?c)?|cnnvd|qvd|xve|edb-id|rhsa|rhba|usn|dsa|dla|elsa|glsa|vmsa|zdi|icsa|icsma|talos|fg-ir|xsa|apple-sa|cisco-sa|jvn)",
        r"[\s_\-:‐-―－—#]{0,3}([0-9]{2,}(?:[\-‐-―－—][0-9]{1,10}){0,4})",
        r"|(?i)(?:^|[^a-z0-9])(ghsa)((?:-[23456789cfghjmpqrvwx]{4}){3})",
    ))
    .expect("the pattern is fixed")
});

/// A title as this module reads it: folded, with brackets kept and every other gap as a space.
fn marks(title: &str) -> Vec<char> {
    let mut marks = Vec::with_capacity(title.len());
    for c in title.chars() {
        match fold(c) {
            Folded::Sign(c) | Folded::Letter(c) => marks.push(c),
            Folded::Several => marks.extend(expand(c).filter_map(|part| match part {
                Folded::Sign(c) | Folded::Letter(c) => Some(c),
                _ => None,
            })),
            Folded::Gap => marks.push(match c {
                '(' | '（' | '[' | '［' | '【' | '〔' | '「' => '(',
                ')' | '）' | ']' | '］' | '】' | '〕' | '」' => ')',
                _ => ' ',
            }),
            Folded::Nothing => {}
        }
    }
    marks
}

fn digit_runs(marks: &[char]) -> Vec<u64> {
    marks
        .split(|c| !c.is_ascii_digit())
        .filter(|run| !run.is_empty())
        .map(|run| run.iter().collect::<String>().parse().unwrap_or(u64::MAX))
        .collect()
}

/// Numerals that count something: after `第` or `之`, before a word for a part, or alone in brackets.
fn chinese_numerals(marks: &[char]) -> Vec<u64> {
    const PARTS: &str = "期章篇讲节回弹卷集届批版部季辑";
    let at = |index: usize| marks.get(index).copied().unwrap_or(' ');
    let mut found = Vec::new();
    let mut index = 0;
    while index < marks.len() {
        let length = marks[index..].iter().take_while(|c| numeral(**c).is_some()).count();
        let (before, behind) = (if index == 0 { ' ' } else { at(index - 1) }, at(index + length));
        let is_bracketed = before == '(' && behind == ')';
        if length > 0 && (matches!(before, '第' | '之') || is_bracketed || PARTS.contains(behind)) {
            found.push(numeral_value(&marks[index..index + length]));
        } else if let Some(place) = "上中下终".chars().position(|part| part == at(index)) {
            // The parts of a text in two or three: far from any number somebody counts to.
            let is_part = (before == '(' && at(index + 1) == ')') || (at(index + 1) == '篇' && matches!(before, ' ' | '('));
            found.extend(is_part.then_some(1_000_000_007 + place as u64));
        }
        index += length.max(1);
    }
    found
}

/// The value of one Chinese numeral sign.
fn numeral(c: char) -> Option<u64> {
    "零一二三四五六七八九十百".chars().position(|sign| sign == c).map(|place| match place {
        11 => 100,
        value => value as u64,
    })
}

/// `二十三` is 23, `一百零五` is 105, `二零二四` is 2024.
fn numeral_value(signs: &[char]) -> u64 {
    let (mut total, mut digit) = (0_u64, 0_u64);
    for value in signs.iter().filter_map(|sign| numeral(*sign)) {
        match value {
            10 | 100 => {
                total = total.saturating_add(value * digit.max(1));
                digit = 0;
            }
            _ => digit = digit.saturating_mul(10).saturating_add(value),
        }
    }
    total.saturating_add(digit)
}

/// English words that number a part, and months.
fn word_numbers(marks: &[char]) -> Vec<u64> {
    const MONTHS: &[&str] =
        &["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];
    const COUNTS: &[&str] = &["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
    const ROMANS: &[&str] = &["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x"];
    const PARTS: &[&str] = &["chapter", "episode", "part", "round", "season", "vol", "volume", "week"];
    let place = |list: &[&str], word: &str| list.iter().position(|entry| *entry == word).map(|place| place as u64 + 1);
    let words: Vec<String> =
        marks.split(|c| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).map(|word| word.iter().collect()).collect();
    let mut found = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let counts_part = index > 0 && PARTS.contains(&words[index - 1].as_str());
        // `march` and `may` are words of every day, a lone `i`, `v` or `x` is too; beside a number they are what they seem.
        let is_dated = words.iter().any(|word| word.bytes().all(|b| b.is_ascii_digit()));
        let month = place(MONTHS, word).filter(|month| is_dated || !matches!(month, 3 | 5));
        let count =
            if counts_part { place(COUNTS, word).or_else(|| place(ROMANS, word)) } else { place(ROMANS, word).filter(|_| word.len() > 1) };
        found.extend(month.or(count));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{ids, is_overlapping, is_subset_either_way, numbers};

    #[test]
    fn numbers_are_read_in_every_script() {
        for (title, wanted) in [
            ("New Alpha Release: Tor Browser 14.0a2", &[0, 2, 14][..]),
            ("论安全运营的本质（第十章）", &[10]),
            ("第二十三期 周报", &[23]),
            ("专家解读之二", &[2]),
            ("中国网络安全（三）：立法", &[3]),
            ("第１２期", &[12]),
            ("Security Report Part Two", &[2]),
            ("Writing a Hypervisor, Part III", &[3]),
            ("Patch Tuesday, July 2024", &[7, 2024]),
            ("一周特辑：二维码与十大趋势", &[]),
            ("They may march", &[]),
            ("20240701期", &[20_240_701]),
        ] {
            assert_eq!(numbers(title), wanted, "{title}");
        }
        assert_ne!(numbers("调试漏洞（上）"), numbers("调试漏洞（下）"));
    }

    #[test]
    fn catalogue_ids_are_read_whatever_stands_around_them() {
        let id = ids("CVE-2024-1234");
        for title in ["漏洞CVE-2024-1234通告", "cve_2024-1234", "(CVE‑2024‑1234)", "CVE 2024-1234", "CVE-2024-1234/CVE-2024-1234"] {
            assert_eq!(ids(title), id, "{title}");
        }
        assert_eq!(ids("CVE-2024-1 CNVD-2024-12345 GHSA-2c7c-3mj9-8fqh").len(), 3);
        assert_ne!(ids("APPLE-SA-09-16-2024-1 iOS"), ids("APPLE-SA-09-16-2024-2 iOS"));
        assert!(ids("RECVE-2024 terms 2024").is_empty());
    }

    #[test]
    fn a_number_more_is_a_subset_and_another_number_is_not() {
        for (one, other, wanted) in [
            (&[][..], &[1][..], true),
            (&[1], &[1, 2], true),
            (&[1, 2, 3], &[2], true),
            (&[1, 1], &[1, 2], false),
            (&[1, 2], &[1, 3], false),
        ] {
            assert_eq!(is_subset_either_way(one, other), wanted, "{one:?} {other:?}");
        }
        assert!(is_overlapping(&[1, 5], &[5]));
        assert!(!is_overlapping(&[], &[5]));
    }
}
