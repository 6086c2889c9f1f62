//! What people mean who typed several words without a space: where nothing says a row of signs, its parts may be said apart.

use super::words::{Kind, Words};
use crate::view::{Filter, Place};

/// Words of a phrase that are looked at.
const WORDS_MAX: usize = 64;

/// The same filter with every row of words and signs taken apart: its words must be said somewhere, and each of its signs beside one of
/// the signs that it was typed beside. `None` where there is nothing to take apart.
pub fn loosened(filter: &Filter) -> Option<Filter> {
    match filter {
        Filter::All(parts) => some_loosened(parts).map(Filter::All),
        Filter::Any(parts) => some_loosened(parts).map(Filter::Any),
        Filter::Words { place, phrase } => apart(*place, phrase),
        _ => None,
    }
}

fn some_loosened(parts: &[Filter]) -> Option<Vec<Filter>> {
    let loose: Vec<_> = parts.iter().map(loosened).collect();
    let is_any = loose.iter().any(Option::is_some);
    is_any.then(|| loose.into_iter().zip(parts).map(|(loose, part)| loose.unwrap_or_else(|| part.clone())).collect())
}

fn apart(place: Place, phrase: &str) -> Option<Filter> {
    let says = |phrase: &str| Filter::Words { place, phrase: phrase.to_owned() };
    let mut all = Vec::new();
    let (mut letters, mut before) = (String::new(), None);
    for (word, kind) in Words::of(phrase).iter().take(WORDS_MAX) {
        if kind != Kind::Word && !letters.is_empty() {
            all.push(says(&std::mem::take(&mut letters)));
        }
        match (kind, before.take()) {
            (Kind::Word, _) => letters = format!("{letters} {word}").trim_start().to_owned(),
            (Kind::Pair, None) => {
                before = Some(word.to_owned());
                all.push(says(word));
            }
            (Kind::Pair, Some(other)) => {
                all.push(Filter::Any(vec![says(&other), says(word)]));
                before = Some(word.to_owned());
            }
            (Kind::Last, Some(pair)) => all.push(says(&pair)),
            (Kind::Last, None) => all.push(says(word)),
        }
    }
    if !letters.is_empty() {
        all.push(says(&letters));
    }
    all.dedup();
    (all.len() > 1).then_some(Filter::All(all))
}

#[cfg(test)]
mod tests {
    use super::loosened;
    use crate::view::{Filter, Place, query};

    fn says(phrase: &str) -> Filter {
        Filter::Words { place: Place::Anywhere, phrase: phrase.to_owned() }
    }

    fn either(one: &str, other: &str) -> Filter {
        Filter::Any(vec![says(one), says(other)])
    }

    #[test]
    fn every_sign_keeps_one_of_its_neighbours() {
        for (typed, wanted) in [
            ("漏洞", None),
            ("xz backdoor", None),
            ("CVE-2024-3094", None),
            ("微软漏洞", Some(vec![says("微软"), either("微软", "软漏"), either("软漏", "漏洞"), says("漏洞")])),
            ("Tor漏洞", Some(vec![says("tor"), says("漏洞")])),
            ("log4j 漏洞", None),
        ] {
            assert_eq!(loosened(&query(typed)), wanted.map(Filter::All), "{typed}");
        }
    }

    #[test]
    fn what_must_not_be_said_stays_as_it_is() {
        let Some(Filter::All(parts)) = loosened(&query("微软漏洞 -谷歌漏洞")) else { panic!("a run of four") };
        assert_eq!(parts[1], Filter::Not(Box::new(says("谷歌漏洞"))));
    }
}
