//! Finds identifiers of vulnerabilities, weaknesses and techniques in a text.
//!
//! `\b` is of no use here: between `漏洞` and `CVE` there is no boundary in Unicode's eyes, and every sixth Chinese article with an
//! identifier writes it so. What stands before and behind a match is looked at by hand instead.

use std::{borrow::Cow, sync::LazyLock};

use regex::Regex;

use crate::model::{Catalogue, Tag};

/// Tags kept of one text.
const TAGS_MAX: usize = 20;
/// A text that names so many vulnerabilities is a round-up.
const ROUNDUP_MIN: usize = 20;
/// Characters at the beginning of a text that say what it is about.
const OPENING_CHARS: usize = 500;
/// Whatever is named so often is what the text is about.
const MENTIONS_MIN: u32 = 3;
/// Matches looked at in one text, and different names among them.
const MATCHES_MAX: usize = 2000;
const NAMES_MAX: usize = 200;

/// The gap inside an identifier: hyphens and dashes of every width, low lines, white space.
macro_rules! gap {
    () => {
        r"[\s_\-\u{2010}-\u{2015}\u{2212}\u{FE63}\u{FF0D}\u{FF3F}]"
    };
}

/// One spelling: the catalogue, and a pattern whose groups are the parts of the name.
struct Spelling {
    catalogue: Catalogue,
    pattern: LazyLock<Regex>,
}

macro_rules! spelling {
    ($catalogue:ident, $($part:expr),+) => {
        Spelling {
            catalogue: Catalogue::$catalogue,
            pattern: LazyLock::new(|| Regex::new(concat!("(?i)", $($part),+)).expect("the pattern is fixed")),
        }
    };
}

static SPELLINGS: [Spelling; 8] = [
    spelling!(Cve, "(CVE):?", gap!(), r"{0,3}((?:19[89]|20[0-4])\d)", gap!(), r"{1,3}(\d{4,7})"),
    spelling!(Cnvd, "(CNVD(?:-C)?)", gap!(), r"{0,2}(20[0-4]\d)", gap!(), r"{1,2}(\d{4,8})"),
    spelling!(Cnnvd, "(CNNVD)", gap!(), r"{0,2}(20[0-4]\d(?:0[1-9]|1[0-2]))", gap!(), r"{1,2}(\d{3,5})"),
    spelling!(Ghsa, "(GHSA)", gap!(), "([2-9cfghjmpqrvwx]{4})", gap!(), "([2-9cfghjmpqrvwx]{4})", gap!(), "([2-9cfghjmpqrvwx]{4})"),
    spelling!(Qvd, "(QVD)", gap!(), r"{0,2}(20[0-4]\d)", gap!(), r"{1,2}(\d{3,7})"),
    spelling!(Xve, "(XVE)", gap!(), r"{0,2}(20[0-4]\d)", gap!(), r"{1,2}(\d{3,7})"),
    spelling!(Cwe, "(CWE)", gap!(), r"{1,2}(0{0,3}[1-9]\d{0,3})"),
    spelling!(Attack, r"(T1\d{3}(?:\.\d{3})?|TA00\d{2})"),
];

/// Technique numbers collide with model numbers and transactions: a text must say that it speaks of ATT&CK.
static SPEAKS_OF_ATTACK: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)ATT&(?:amp;)?CK|\bTTPs?\b|战术|战技|戰術").expect("the pattern is fixed"));

/// `CVSS`, a version perhaps, words, and a score of one decimal or the full ten.
static SCORE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)CVSS(?:[\s:_-]{0,2}(?:version|版本|v)?[\s:]{0,2}(?:2\.0|3\.[01x]|4\.0|[234]))?[^0-9\n]{0,60}(10(?:\.0)?|[0-9]\.[0-9])")
        .expect("the pattern is fixed")
});

/// What a text speaks of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mentions {
    /// What it is about first, each name once, at most 20.
    pub tags: Vec<Tag>,
    /// It lists many vulnerabilities and is about none of them in particular.
    pub is_roundup: bool,
}

/// An identifier on its way to a tag.
struct Mention {
    catalogue: Catalogue,
    name: String,
    count: u32,
    is_early: bool,
}

/// The identifiers in a title and the plain text under it. `year_max` is the last year that an identifier can be of.
pub fn mentions(title: &str, text: &str, year_max: i32) -> Mentions {
    let (title, text) = (&*plainly_written(title), &*plainly_written(text));
    let opening = text.char_indices().nth(OPENING_CHARS).map_or(text.len(), |(at, _)| at);
    let mut found = Found { mentions: Vec::new(), year_max };
    found.read(title, title.len());
    found.read(text, opening);
    if let Some(score) = [title, text].into_iter().filter_map(highest_score).max_by(f32::total_cmp) {
        found.note(Catalogue::Cvss, format!("CVSS {score:.1}"), true);
    }
    let is_roundup = found.mentions.iter().filter(|mention| mention.catalogue.names_vulnerabilities()).count() >= ROUNDUP_MIN;
    let mut tags: Vec<Tag> = found
        .mentions
        .into_iter()
        .map(|Mention { catalogue, name, count, is_early }| Tag { catalogue, name, is_primary: is_early || count >= MENTIONS_MIN })
        .collect();
    tags.sort_by_key(|tag| !tag.is_primary);
    tags.truncate(TAGS_MAX);
    Mentions { tags, is_roundup }
}

/// The one identifier that a text consists of, whatever its spelling: `cve 2024 3094` is `CVE-2024-3094`.
pub fn identifier(text: &str) -> Option<(Catalogue, String)> {
    let text = plainly_written(text);
    let text = text.trim();
    SPELLINGS.iter().find_map(|Spelling { catalogue, pattern }| {
        let parts = pattern.captures(text).filter(|parts| parts.get_match().as_str() == text)?;
        let parts: Vec<&str> = parts.iter().skip(1).flatten().map(|part| part.as_str()).collect();
        Some((*catalogue, canonical(*catalogue, &parts)))
    })
}

/// The text with the letters, digits and signs of full width as ASCII, and without characters that nobody sees: soft hyphens and spaces
/// of no width, which editors leave inside long words.
fn plainly_written(text: &str) -> Cow<'_, str> {
    let is_unseen = |c: char| matches!(c, '\u{AD}' | '\u{200B}'..='\u{200D}' | '\u{2060}' | '\u{FEFF}');
    let is_wide = |c: char| matches!(c, '！'..='～');
    if !text.contains(|c| is_unseen(c) || is_wide(c)) {
        return Cow::Borrowed(text);
    }
    let narrow = |c: char| if is_wide(c) { char::from_u32(c as u32 - '！' as u32 + '!' as u32).unwrap_or(c) } else { c };
    Cow::Owned(text.chars().filter(|c| !is_unseen(*c)).map(narrow).collect())
}

struct Found {
    mentions: Vec<Mention>,
    year_max: i32,
}

impl Found {
    /// Takes in the identifiers of `text`; those that begin before `opening` are early ones.
    fn read(&mut self, text: &str, opening: usize) {
        let speaks_of_attack = SPEAKS_OF_ATTACK.is_match(text);
        for Spelling { catalogue, pattern } in &SPELLINGS {
            if *catalogue == Catalogue::Attack && !speaks_of_attack {
                continue;
            }
            for parts in pattern.captures_iter(text).take(MATCHES_MAX) {
                let whole = parts.get_match();
                if !stands_alone(*catalogue, &text[..whole.start()], &text[whole.end()..]) {
                    continue;
                }
                let parts: Vec<&str> = parts.iter().skip(1).flatten().map(|part| part.as_str()).collect();
                if *catalogue != Catalogue::Attack && *catalogue != Catalogue::Ghsa && self.is_of_the_future(&parts) {
                    continue;
                }
                let is_early = whole.start() < opening;
                self.note(*catalogue, canonical(*catalogue, &parts), is_early);
                if *catalogue == Catalogue::Cve {
                    for number in continuations(&text[whole.end()..], parts[2]) {
                        self.note(*catalogue, canonical(*catalogue, &[parts[0], parts[1], number]), is_early);
                    }
                }
            }
        }
    }

    fn is_of_the_future(&self, parts: &[&str]) -> bool {
        parts.len() == 3 && parts[1].get(..4).and_then(|year| year.parse::<i32>().ok()).is_some_and(|year| year > self.year_max)
    }

    fn note(&mut self, catalogue: Catalogue, name: String, is_early: bool) {
        let known = self.mentions.iter_mut().find(|mention| mention.catalogue == catalogue && mention.name == name);
        if let Some(mention) = known {
            mention.count += 1;
            mention.is_early |= is_early;
        } else if self.mentions.len() < NAMES_MAX {
            self.mentions.push(Mention { catalogue, name, count: 1, is_early });
        }
    }
}

/// Whether a match is no part of a longer word or number.
fn stands_alone(catalogue: Catalogue, before: &str, behind: &str) -> bool {
    let last = before.chars().next_back();
    let mut next = behind.chars();
    let follows = next.next();
    if last.is_some_and(|c| c.is_ascii_alphanumeric()) || follows.is_some_and(|c| c.is_ascii_alphanumeric()) {
        // `CVE-2024-3094and` is a missing space, `CVE-2024-30947...` a longer number.
        return last.is_none_or(|c| !c.is_ascii_alphanumeric())
            && catalogue == Catalogue::Cve
            && follows.is_some_and(|c| c.is_ascii_alphabetic());
    }
    if catalogue == Catalogue::Attack {
        let is_decimal = follows == Some('.') && next.next().is_some_and(|c| c.is_ascii_alphanumeric());
        return !is_decimal && !last.is_some_and(|c| "#._/-".contains(c));
    }
    true
}

/// The one spelling of a name.
fn canonical(catalogue: Catalogue, parts: &[&str]) -> String {
    let mut name = parts[0].to_ascii_uppercase();
    for part in &parts[1..] {
        name.push('-');
        match catalogue {
            Catalogue::Ghsa => name.push_str(&part.to_ascii_lowercase()),
            Catalogue::Cwe => name.push_str(part.trim_start_matches('0')),
            _ => name.push_str(part),
        }
    }
    name
}

/// Further numbers of the same year: `CVE-2024-49112/49113`, `CVE-2024-49112、49113`, and, as only a hyphen can tell them from other
/// numbers there, `CVE-2024-49112, -49113 and -49114`. A number of another length, or one that reads as a year, is something else.
fn continuations<'a>(behind: &'a str, first: &str) -> Vec<&'a str> {
    const NUMBERS_MAX: usize = 20;
    let mut found = Vec::new();
    let mut rest = behind;
    while found.len() < NUMBERS_MAX {
        let Some(next) = next_in_list(rest) else { break };
        let length = next.bytes().take_while(u8::is_ascii_digit).count();
        let (number, behind) = next.split_at(length);
        let reads_as_year = is_year(number) && !is_year(first);
        // A full stop ends a sentence, unless a digit follows.
        let is_longer_word = behind.strip_prefix('.').unwrap_or(behind).starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-');
        if !(4..=7).contains(&length) || length.abs_diff(first.len()) > 1 || reads_as_year || is_longer_word {
            break;
        }
        found.push(number);
        rest = behind;
    }
    found
}

/// What stands behind the sign or the word that joins two numbers of a list.
fn next_in_list(rest: &str) -> Option<&str> {
    let rest = rest.trim_start_matches(' ');
    if let Some(next) = rest.strip_prefix(['/', '、', '&']) {
        let next = next.trim_start_matches(' ');
        return Some(next.strip_prefix('-').unwrap_or(next));
    }
    let behind_comma = rest.strip_prefix(',').map(|rest| rest.trim_start_matches(' '));
    let words = ["and ", "or ", "和", "及", "与"];
    let behind_word = words.into_iter().find_map(|word| behind_comma.unwrap_or(rest).strip_prefix(word));
    behind_word.or(behind_comma)?.trim_start_matches(' ').strip_prefix('-')
}

fn is_year(number: &str) -> bool {
    number.len() == 4 && (number.starts_with("19") || number.starts_with("20"))
}

/// The highest score that stands behind the word CVSS. A version is no score, so `CVSS 3.1` alone says nothing.
fn highest_score(text: &str) -> Option<f32> {
    let mut highest: Option<f32> = None;
    let mut at = 0;
    for _ in 0..MATCHES_MAX {
        let Some(found) = SCORE.captures_at(text, at) else { break };
        let (whole, Some(number)) = (found.get_match(), found.get(1)) else { break };
        let said = text[whole.start() + "CVSS".len()..number.start()].to_ascii_lowercase();
        // The word again: whatever follows is said of that one.
        if let Some(again) = said.rfind("cvss") {
            at = whole.start() + "CVSS".len() + again;
            continue;
        }
        at = whole.end();
        let is_whole = text[number.end()..].chars().next().is_none_or(|c| !c.is_ascii_digit());
        // `CVSS:3.1/AV:N` is a vector, and `CVSS 3.1 ` without a further number a version.
        let is_version = matches!(number.as_str(), "2.0" | "3.0" | "3.1" | "4.0")
            && said.replace("version", "").replace("版本", "").chars().all(|c| c.is_whitespace() || ":v_-".contains(c));
        let score = number.as_str().parse::<f32>().ok().filter(|score| is_whole && !is_version && (0.1..=10.0).contains(score));
        highest = highest.into_iter().chain(score).max_by(f32::total_cmp);
    }
    highest
}

#[cfg(test)]
mod tests {
    use super::{Mentions, identifier, mentions};
    use crate::model::Catalogue;

    fn names(title: &str, text: &str) -> Vec<String> {
        mentions(title, text, 2027).tags.into_iter().map(|tag| tag.name).collect()
    }

    #[test]
    fn one_identifier_has_one_name_however_it_is_spelled() {
        for (text, wanted) in [
            ("CVE-2024-3094", Some("CVE-2024-3094")),
            (" cve 2024 3094 ", Some("CVE-2024-3094")),
            ("cve_2024—3094", Some("CVE-2024-3094")),
            ("ghsa-RXWQ-x6h5-x525", Some("GHSA-rxwq-x6h5-x525")),
            ("t1059.001", Some("T1059.001")),
            ("CWE-079", Some("CWE-79")),
            ("CVE-2024-3094 and more", None),
            ("CVE-2024-30941234", None),
            ("kev", None),
            ("", None),
        ] {
            assert_eq!(identifier(text).map(|(_, name)| name).as_deref(), wanted, "{text}");
        }
    }

    #[test]
    fn identifiers_are_found_however_they_are_spelled() {
        for (text, wanted) in [
            ("漏洞CVE-2024-3094被利用", vec!["CVE-2024-3094"]),
            ("cve_2024_3094", vec!["CVE-2024-3094"]),
            ("CVE 2024-3094, CVE\u{2011}2024\u{2013}3095 and CVE－2024－3096", vec!["CVE-2024-3094", "CVE-2024-3095", "CVE-2024-3096"]),
            ("CVE-2024-\n3094", vec!["CVE-2024-3094"]),
            ("CVE-2024-49112/49113", vec!["CVE-2024-49112", "CVE-2024-49113"]),
            ("CVE-2024-49112、49113、CVE-2024-1234", vec!["CVE-2024-49112", "CVE-2024-49113", "CVE-2024-1234"]),
            ("CVE-2026-2001/2002", vec!["CVE-2026-2001", "CVE-2026-2002"]),
            ("CVE-2024-0001 keeps its zeros", vec!["CVE-2024-0001"]),
            ("CVE-2024-3094and more", vec!["CVE-2024-3094"]),
            ("CVE-2024-1234/2025年", vec!["CVE-2024-1234"]),
            ("CNVD-2021-01234 CNVD-C-2023-48094", vec!["CNVD-2021-01234", "CNVD-C-2023-48094"]),
            ("编号为CNNVD-202403-2917。", vec!["CNNVD-202403-2917"]),
            ("ghsa-RXWQ-x6h5-x525", vec!["GHSA-rxwq-x6h5-x525"]),
            ("QVD-2024-11691与XVE-2024-19087", vec!["QVD-2024-11691", "XVE-2024-19087"]),
            ("ＣＶＥ－２０２４－３０９４，CVE：2024-3095", vec!["CVE-2024-3094", "CVE-2024-3095"]),
            ("CVE-2024-\u{200B}3094 CVE\u{AD}-2024-3095", vec!["CVE-2024-3094", "CVE-2024-3095"]),
            ("CVE-2024-49112, -49113, and -49114.", vec!["CVE-2024-49112", "CVE-2024-49113", "CVE-2024-49114"]),
            ("CVE-2024-49112、49113和-49114。", vec!["CVE-2024-49112", "CVE-2024-49113", "CVE-2024-49114"]),
            ("CVE-2024-49112, 49113 hosts", vec!["CVE-2024-49112"]),
            ("CWE-079: cross-site scripting", vec!["CWE-79"]),
            ("ATT&CK: T1059.001, T1566. TA0001", vec!["T1059.001", "T1566", "TA0001"]),
        ] {
            assert_eq!(names("", text), wanted, "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_one_is_none() {
        for text in [
            "RECVE-2024-3094",
            "CVE-2024-309",
            "CVE-2024-30941234",
            "CVE-1024-3094",
            "CVE-2039-3094",
            "CNNVD-202413-2917",
            "GHSA-abcd-x6h5-x525",
            "the T1059 laser printer",
            "TTP: model/T1059, T1059.5x and #T1059",
            "CVE-2024-",
            "CWE-0",
            "CWE-000",
        ] {
            assert_eq!(names("", text), [""; 0], "{text}");
        }
    }

    #[test]
    fn scores_are_told_from_versions() {
        for (text, wanted) in [
            ("CVSS 3.1", None),
            ("CVSS:3.1/AV:N/AC:L", None),
            ("CVSS version 3.1", None),
            ("CVSS版本：3.1", None),
            ("CVSS 3.0 and CVSS 4.0 differ", None),
            ("CVSS 3.0 and CVSS 4.0 score it 8.1", Some("CVSS 8.1")),
            ("CVSS version 3.1 score 3.1", Some("CVSS 3.1")),
            ("CVSS v3.1 base score of 9.8", Some("CVSS 9.8")),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H, base 9.8", Some("CVSS 9.8")),
            ("CVSS评分为9.8", Some("CVSS 9.8")),
            ("CVSSv3.1: 7.5 and, elsewhere, CVSS score: 10.0", Some("CVSS 10.0")),
            ("a CVSS score of 10", Some("CVSS 10.0")),
            ("CVSS score 12.5", None),
        ] {
            assert_eq!(names("", text).first().map(String::as_str), wanted, "{text}");
        }
    }

    #[test]
    fn side_bars_are_not_what_a_text_is_about() {
        let body = format!("CVE-2024-1111 {} 相关推荐 CVE-2024-2222 CVE-2024-3333 CVE-2024-3333 CVE-2024-3333", "字".repeat(600));
        let Mentions { tags, is_roundup } = mentions("About CVE-2024-4444", &body, 2027);
        let primary: Vec<_> = tags.iter().map(|tag| (tag.name.as_str(), tag.is_primary)).collect();
        assert_eq!(primary, [("CVE-2024-4444", true), ("CVE-2024-1111", true), ("CVE-2024-3333", true), ("CVE-2024-2222", false)]);
        assert!(!is_roundup);
    }

    #[test]
    fn many_vulnerabilities_are_a_roundup_and_twenty_are_kept() {
        let list: String = (1000..1025).map(|number| format!("CVE-2024-{number}\n")).collect();
        let Mentions { tags, is_roundup } = mentions("Patch Tuesday", &list, 2027);
        assert!(is_roundup);
        assert_eq!(tags.len(), 20);
        assert!(tags.iter().all(|tag| tag.catalogue == Catalogue::Cve));
    }

    #[test]
    fn hostile_texts_cost_no_more_than_their_length() {
        for piece in ["CVE-", "CVE-2024-1111/", "1111/", "CVSS", "CVSS 9.", "T1", "GHSA-xxxx-", "   ", "－"] {
            let _ = mentions(piece, &piece.repeat(50_000), 2027);
        }
    }
}
