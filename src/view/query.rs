//! What a person types into a search box, read as a filter. Nothing is ever an error: what cannot be read as anything else is words.

use std::{iter::Peekable, str::CharIndices};

use chrono::{Months, NaiveDate};

use super::{Filter, Place};
use crate::{
    model::{SourceId, Timestamp},
    tag,
};

/// Characters of a query that are read.
pub const QUERY_CHARS_MAX: usize = 500;

/// Terms of a query that are read.
const TERMS_MAX: usize = 32;

/// The filter that `text` asks for: all of its words.
///
/// - `"a phrase"`: these words in a row; quotation marks of any script;
/// - `-word`: not this; `one OR other`: one of these;
/// - `title:word`, `source:id`, `lang:zh`, `tag:kev`, `tag:epss>=0.9`;
/// - `after:2026-01-31`, `before:2026-02` (days of UTC; `after` includes its day);
/// - an identifier, `CVE-2024-3094`: what is tagged so, or says it.
pub fn query(text: &str) -> Filter {
    let mut all: Vec<Filter> = Vec::new();
    let mut is_alternative = false;
    for Term { is_not, field, value } in terms(text) {
        if field.is_none() && !is_not && (value == "OR" || value == "|") {
            is_alternative = !all.is_empty();
            continue;
        }
        let Some(filter) = meaning(field.as_deref(), &value) else { continue };
        let filter = if is_not { Filter::Not(Box::new(filter)) } else { filter };
        match all.pop() {
            Some(Filter::Any(mut others)) if is_alternative && !is_identifier(&others) => {
                others.push(filter);
                all.push(Filter::Any(others));
            }
            Some(other) if is_alternative => all.push(Filter::Any(vec![other, filter])),
            last => all.extend(last.into_iter().chain([filter])),
        }
        is_alternative = false;
    }
    if all.len() == 1 { all.remove(0) } else { Filter::All(all) }
}

/// One part of a query.
struct Term {
    is_not: bool,
    field: Option<String>,
    value: String,
}

/// What begins as a filter of a field and cannot be one, as it was typed: `after:yesterday` is looked for as words.
pub fn misread(text: &str) -> Vec<String> {
    let misread = |Term { field, value, .. }: Term| {
        let field = field.filter(|field| !value.is_empty() && of_field(field, &value).is_none())?;
        Some(format!("{field}:{value}"))
    };
    terms(text).into_iter().filter_map(misread).collect()
}

/// What a term asks for; `None` where it says nothing.
fn meaning(field: Option<&str>, value: &str) -> Option<Filter> {
    match field {
        Some(field) => of_field(field, value).or_else(|| words(Place::Anywhere, &format!("{field}:{value}"))),
        None => identified(value).or_else(|| words(Place::Anywhere, value)),
    }
}

/// What is tagged with the identifier of a vulnerability, or says it.
fn identified(value: &str) -> Option<Filter> {
    let (_, name) = tag::identifier(value).filter(|(catalogue, _)| catalogue.names_vulnerabilities())?;
    let said = Filter::Words { place: Place::Anywhere, phrase: value.to_owned() };
    Some(Filter::Any(vec![Filter::Tag(name), said]))
}

/// What a field is asked for; `None` where it cannot hold such a value.
fn of_field(field: &str, value: &str) -> Option<Filter> {
    match field {
        "title" => words(Place::Title, value),
        "tag" if !value.is_empty() => Some(Filter::Tag(tag::canonical(value).unwrap_or_else(|| value.to_owned()))),
        "source" => SourceId::parse(&value.to_lowercase()).ok().map(Filter::Source),
        "lang" | "language" => language(value).map(Filter::Language),
        "after" => day(value).map(|(first, _)| Filter::Published { from: Some(first), until: None }),
        "before" => day(value).map(|(first, _)| Filter::Published { from: None, until: Some(first) }),
        "on" => day(value).map(|(first, end)| Filter::Published { from: Some(first), until: Some(end) }),
        _ => None,
    }
}

fn words(place: Place, phrase: &str) -> Option<Filter> {
    phrase.contains(char::is_alphanumeric).then(|| Filter::Words { place, phrase: phrase.to_owned() })
}

/// Whether these are the two ways in which one identifier can be met.
fn is_identifier(ways: &[Filter]) -> bool {
    matches!(ways, [Filter::Tag(_), Filter::Words { .. }])
}

/// The first part of a BCP 47 tag.
fn language(value: &str) -> Option<String> {
    let first = value.split(['-', '_']).next()?;
    ((2..=8).contains(&first.len()) && first.bytes().all(|byte| byte.is_ascii_alphabetic())).then(|| first.to_ascii_lowercase())
}

/// When a day, month or year begins, and when the next one does: `2026-01-31`, `2026-01`, `2026`.
fn day(value: &str) -> Option<(Timestamp, Timestamp)> {
    let mut parts = value.split(['-', '/', '.']);
    let year = parts.next()?.parse().ok().filter(|year| (1..=9998).contains(year))?;
    let (month, day) = (parts.next(), parts.next());
    let first = NaiveDate::from_ymd_opt(year, month.unwrap_or("1").parse().ok()?, day.unwrap_or("1").parse().ok()?)?;
    let next = match (month, day) {
        (None, _) => first.checked_add_months(Months::new(12))?,
        (_, None) => first.checked_add_months(Months::new(1))?,
        _ => first.succ_opt()?,
    };
    let midnight = |date: NaiveDate| Timestamp::from_secs(date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp());
    parts.next().is_none().then_some((midnight(first), midnight(next)))
}

/// Reads the terms off a query.
fn terms(text: &str) -> Vec<Term> {
    let end = text.char_indices().nth(QUERY_CHARS_MAX).map_or(text.len(), |(at, _)| at);
    let text = &text[..end];
    let mut chars = text.char_indices().peekable();
    let mut terms = Vec::new();
    while terms.len() < TERMS_MAX {
        while chars.next_if(|(_, c)| c.is_whitespace()).is_some() {}
        if chars.peek().is_none() {
            break;
        }
        let is_not = chars.next_if(|(_, c)| matches!(c, '-' | '－')).is_some();
        terms.push(term(text, &mut chars, is_not));
    }
    terms
}

/// Reads one term: a phrase, or what stands up to the next space; with a field before it, or not.
fn term(text: &str, chars: &mut Peekable<CharIndices<'_>>, is_not: bool) -> Term {
    let mut field = None;
    let mut value = String::new();
    if let Some(phrase) = phrase(text, chars) {
        return Term { is_not, field, value: phrase };
    }
    while let Some((_, c)) = chars.next_if(|(_, c)| !c.is_whitespace()) {
        let names_field = matches!(c, ':' | '：') && field.is_none() && is_field(&value);
        if !names_field {
            value.push(c);
            continue;
        }
        field = Some(std::mem::take(&mut value).to_ascii_lowercase());
        if let Some(phrase) = phrase(text, chars) {
            return Term { is_not, field, value: phrase };
        }
    }
    Term { is_not, field, value }
}

fn is_field(name: &str) -> bool {
    ["title", "tag", "source", "lang", "language", "after", "before", "on"].iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Reads a phrase with its quotation marks; one without an end goes to the end of the query.
fn phrase(text: &str, chars: &mut Peekable<CharIndices<'_>>) -> Option<String> {
    let (_, open) = chars.next_if(|(_, c)| matches!(c, '"' | '“' | '”' | '„' | '«' | '「' | '『' | '＂'))?;
    let begin = chars.peek().map_or(text.len(), |(at, _)| *at);
    let closes = |c: char| match open {
        '「' => c == '」',
        '『' => c == '』',
        '«' => c == '»',
        _ => matches!(c, '"' | '“' | '”' | '＂'),
    };
    let end = chars.find(|(_, c)| closes(*c)).map_or(text.len(), |(at, _)| at);
    Some(text[begin..end].to_owned())
}

#[cfg(test)]
mod tests {
    use super::{QUERY_CHARS_MAX, TERMS_MAX, misread, query};
    use crate::{
        model::{SourceId, Timestamp},
        view::{Filter, Place},
    };

    fn words(phrase: &str) -> Filter {
        Filter::Words { place: Place::Anywhere, phrase: phrase.to_owned() }
    }

    fn titled(phrase: &str) -> Filter {
        Filter::Words { place: Place::Title, phrase: phrase.to_owned() }
    }

    fn not(filter: Filter) -> Filter {
        Filter::Not(Box::new(filter))
    }

    fn cve(name: &str, said: &str) -> Filter {
        Filter::Any(vec![Filter::Tag(name.to_owned()), words(said)])
    }

    fn published(from: Option<i64>, until: Option<i64>) -> Filter {
        Filter::Published { from: from.map(Timestamp::from_secs), until: until.map(Timestamp::from_secs) }
    }

    #[test]
    fn queries_mean_what_people_mean_by_them() {
        use Filter::{All, Any, Language, Source, Tag};
        let source = |id: &str| Source(SourceId::parse(id).expect("a slug"));
        for (text, wanted) in [
            ("", All(vec![])),
            ("  — !! \"\" - OR", All(vec![])),
            ("ransomware", words("ransomware")),
            ("lazarus  group", All(vec![words("lazarus"), words("group")])),
            ("\"lazarus group\" 漏洞", All(vec![words("lazarus group"), words("漏洞")])),
            ("“零日 漏洞”　利用", All(vec![words("零日 漏洞"), words("利用")])),
            ("「零日」", words("零日")),
            ("\"without an end", words("without an end")),
            ("-spam eggs", All(vec![not(words("spam")), words("eggs")])),
            ("-\"two words\"", not(words("two words"))),
            ("a OR b OR c d", All(vec![Any(vec![words("a"), words("b"), words("c")]), words("d")])),
            ("a or b", All(vec![words("a"), words("or"), words("b")])),
            ("OR a OR", words("a")),
            ("a OR -b", Any(vec![words("a"), not(words("b"))])),
            ("cve-2024-3094", cve("CVE-2024-3094", "cve-2024-3094")),
            ("CVE-2024-3094 OR xz", Any(vec![cve("CVE-2024-3094", "CVE-2024-3094"), words("xz")])),
            ("漏洞CVE-2024-3094", words("漏洞CVE-2024-3094")),
            ("tag:cve-2024-3094", Tag("CVE-2024-3094".to_owned())),
            (
                "tag:KEV tag:epss>=0.9 tag:\"EPSS >= 0.5\"",
                All(["kev", "epss>=0.9", "epss>=0.5"].map(|label| Tag(label.to_owned())).to_vec()),
            ),
            ("tag:kev -tag:\"CVSS 9.8\"", All(vec![Tag("kev".to_owned()), not(Tag("CVSS 9.8".to_owned()))])),
            ("source:FreeBuf", source("freebuf")),
            ("source:免费", words("source:免费")),
            ("lang:zh-CN", Language("zh".to_owned())),
            ("language:EN", Language("en".to_owned())),
            ("title:log4j", titled("log4j")),
            ("TITLE：“远程 代码”", titled("远程 代码")),
            ("-title:\"a b\"", not(titled("a b"))),
            ("after:2026-01-01", published(Some(1_767_225_600), None)),
            ("before:2026", published(None, Some(1_767_225_600))),
            ("on:2026-01", published(Some(1_767_225_600), Some(1_769_904_000))),
            ("on:2026/1/1", published(Some(1_767_225_600), Some(1_767_312_000))),
            ("after:yesterday", words("after:yesterday")),
            ("after:2026-02-30", words("after:2026-02-30")),
            ("https://a.example/?q=1", words("https://a.example/?q=1")),
            ("win32k.sys", words("win32k.sys")),
            ("tag:", words("tag:")),
        ] {
            assert_eq!(query(text), wanted, "{text}");
        }
    }

    #[test]
    fn who_means_a_filter_and_does_not_get_one_is_told() {
        for (text, wanted) in [
            ("xz after:2026-01-01 lang:zh tag:kev", &[][..]),
            ("xz after:yesterday before:2026-02-30", &["after:yesterday", "before:2026-02-30"]),
            ("-lang:中文 source:免费", &["lang:中文", "source:免费"]),
            ("tag: https://a.example/", &[]),
        ] {
            assert_eq!(misread(text), wanted, "{text}");
        }
    }

    #[test]
    fn no_query_is_too_long() {
        let Filter::All(terms) = query(&"a ".repeat(1 << 20)) else { panic!("many terms") };
        assert_eq!(terms.len(), TERMS_MAX);
        assert_eq!(query(&"网".repeat(1 << 20)), words(&"网".repeat(QUERY_CHARS_MAX)));
    }
}
