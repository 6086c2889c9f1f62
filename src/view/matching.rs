//! What a filter means, said of one story: the rule that the search index must answer by.

use super::filter::{Filter, Place};
use crate::model::{Story, Text};

impl Filter {
    /// Whether a story is such a one. Reads the whole story: for all stories ask the search index.
    pub fn holds(&self, story: &Story) -> bool {
        let mut items = story.members.iter().map(|member| &member.item);
        match self {
            Self::All(filters) => filters.iter().all(|filter| filter.holds(story)),
            Self::Any(filters) => filters.iter().any(|filter| filter.holds(story)),
            Self::Not(filter) => !filter.holds(story),
            Self::Words { place, phrase } => {
                let phrase = tokens(phrase, Source::Text);
                let says = |text: &str, source| contains(&tokens(text, source), &phrase);
                items.any(|item| {
                    says(item.title.as_str(), Source::Text) || (*place == Place::Anywhere && says(item.body.as_str(), Source::Markup))
                })
            }
            Self::Tag(name) => {
                story.tags().iter().any(|tag| tag.is_primary && tag.name == *name) || (name == "roundup" && story.first().is_roundup)
            }
            Self::Source(source) => items.any(|item| item.source == *source),
            Self::Language(language) => items.any(|item| item.language.as_ref().is_some_and(|tag| is_in(tag, language))),
            Self::Published { from, until } => {
                let at = story.published.at();
                from.is_none_or(|from| from <= at) && until.is_none_or(|until| at < until)
            }
        }
    }
}

/// Whether a BCP 47 tag names the language: `zh-Hans` is `zh`.
fn is_in(tag: &Text, language: &str) -> bool {
    tag.as_str().split('-').next().is_some_and(|first| first.eq_ignore_ascii_case(language))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Text,
    Markup,
}

/// Words in lower case; a Han character is a word of its own, for Han text has no boundaries. What stands between is left out.
fn tokens(text: &str, source: Source) -> Vec<String> {
    let (mut tokens, mut word) = (Vec::new(), String::new());
    let mut hidden = None;
    for c in text.chars() {
        // The sanitiser wrote the markup: `<` begins a tag and `&` a reference, and nothing else.
        match (source, hidden) {
            (Source::Markup, Some(end)) => {
                hidden = Some(end).filter(|end| c != *end);
                continue;
            }
            (Source::Markup, None) if c == '<' || c == '&' => hidden = Some(if c == '<' { '>' } else { ';' }),
            _ => {}
        }
        if c.is_alphanumeric() && !is_han(c) && hidden.is_none() {
            word.extend(c.to_lowercase());
            continue;
        }
        if !word.is_empty() {
            tokens.push(std::mem::take(&mut word));
        }
        if is_han(c) {
            tokens.push(c.to_string());
        }
    }
    tokens.extend(Some(word).filter(|word| !word.is_empty()));
    tokens
}

fn contains(text: &[String], phrase: &[String]) -> bool {
    !phrase.is_empty() && text.windows(phrase.len()).any(|window| window == phrase)
}

/// The scripts of Chinese text: ideographs, and the kana that stand among them in Japanese.
fn is_han(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{323AF}')
}

#[cfg(test)]
mod tests {
    use super::{Filter, Place};
    use crate::model::{Catalogue, Item, Member, NativeId, SafeHtml, SourceId, Story, StoryId, Tag, Text, Timestamp, ZonedTime};

    fn story(title: &str, body: &str) -> Story {
        let source = SourceId::parse("krebs").expect("a slug");
        let at = ZonedTime::utc(Timestamp::from_secs(1_700_000_000));
        let tag = |name: &str, is_primary| Tag { catalogue: Catalogue::Cve, name: name.to_owned(), is_primary };
        let item = Item {
            body: SafeHtml::vouched(body.to_owned()),
            language: Some(Text::line("zh-Hans", 20)),
            tags: vec![tag("CVE-2024-3094", true), tag("CVE-2024-1", false)],
            ..Item::titled(source, NativeId::new(title.to_owned()), Text::line(title, 300), at.at())
        };
        let id = StoryId::opened_by(item.id);
        Story { id, entry_id: String::new(), published: at, updated: at, members: vec![Member { item, joined: None, declared: Vec::new() }] }
    }

    #[test]
    fn words_end_where_words_end() {
        for (text, phrase, wanted) in [
            ("The instructor left", "Tor", false),
            ("the TOR network", "Tor", true),
            ("Tor浏览器发布", "tor", true),
            ("漏洞CVE-2024-3094被利用", "cve-2024-3094", true),
            ("漏洞CVE-2024-30941被利用", "CVE-2024-3094", false),
            ("供应链攻击事件", "供应链", true),
            ("供应连锁", "供应链", false),
            ("zero-day in AT&T", "zero day", true),
            ("zero to day", "zero day", false),
            ("zero", "zero day", false),
            ("anything", "!?", false),
        ] {
            let words = |place| Filter::Words { place, phrase: phrase.to_owned() };
            let escaped = text.replace('&', "&amp;");
            assert_eq!(words(Place::Title).holds(&story(text, "")), wanted, "{text}: {phrase}");
            assert_eq!(
                words(Place::Anywhere).holds(&story("", &format!("<p class=\"{phrase}\">{escaped}</p>"))),
                wanted,
                "{text}: {phrase}"
            );
            assert!(!words(Place::Title).holds(&story("other", &escaped)));
        }
    }

    #[test]
    fn filters_are_made_of_filters() {
        let told = story("Four zero-days", "");
        let tag = |name: &str| Filter::Tag(name.to_owned());
        let no = || Box::new(Filter::Any(Vec::new()));
        for (filter, wanted) in [
            (Filter::All(Vec::new()), true),
            (Filter::Any(Vec::new()), false),
            (Filter::Not(no()), true),
            (tag("CVE-2024-3094"), true),
            (tag("CVE-2024-1"), false),
            (Filter::Source(SourceId::parse("krebs").expect("a slug")), true),
            (Filter::Language("zh".to_owned()), true),
            (Filter::Language("z".to_owned()), false),
            (Filter::All(vec![tag("CVE-2024-3094"), Filter::Not(no())]), true),
            (Filter::All(vec![tag("CVE-2024-3094"), Filter::Any(Vec::new())]), false),
            (Filter::Any(vec![tag("kev"), tag("CVE-2024-3094")]), true),
            (Filter::Published { from: Some(told.published.at()), until: None }, true),
            (Filter::Published { from: None, until: Some(told.published.at()) }, false),
        ] {
            assert_eq!(filter.holds(&told), wanted, "{filter:?}");
        }
    }
}
