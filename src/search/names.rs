//! What the sources are called: a search for a name finds what its bearer brought.

use super::words::Words;
use crate::model::SourceId;

/// The sources with the words of their names.
#[derive(Debug, Default)]
pub(super) struct Names(Vec<(SourceId, Vec<String>)>);

impl Names {
    /// A source may stand there several times, with several names.
    pub(super) fn of<'a>(named: impl IntoIterator<Item = (&'a SourceId, &'a str)>) -> Self {
        let words = |name: &str| Words::of(name).iter().map(|(word, _)| word.to_owned()).collect();
        Self(named.into_iter().map(|(source, name)| (source.clone(), words(name))).collect())
    }

    /// The sources whose names hold these words in a row.
    pub(super) fn with(&self, words: &Words) -> impl Iterator<Item = &SourceId> {
        // The last sign of a run stands for itself in what is asked, and for a pair in the name.
        let asked: Vec<&str> = words.iter().map(|(word, _)| word).collect();
        let holds = move |name: &[String]| {
            name.windows(asked.len()).any(|row| {
                let (last, begin) = asked.split_last().expect("a question has words");
                row.iter().zip(begin).all(|(word, asked)| word == asked) && is_met(&row[row.len() - 1], last)
            })
        };
        self.0.iter().filter(move |(_, name)| holds(name)).map(|(source, _)| source)
    }
}

/// Whether a word of a name is the last one that is asked for, or a pair that begins with it.
fn is_met(word: &str, asked: &str) -> bool {
    word == asked || (asked.chars().count() == 1 && !asked.is_ascii() && word.starts_with(asked))
}

#[cfg(test)]
mod tests {
    use super::{Names, Words};
    use crate::model::SourceId;

    #[test]
    fn names_are_met_at_word_boundaries() {
        let sources = ["krebs", "tor", "aqk"].map(|id| SourceId::parse(id).expect("a slug"));
        let names = Names::of(sources.iter().zip(["Krebs on Security", "The Tor Project", "安全客资讯"]));
        for (asked, wanted) in [
            ("krebs", vec!["krebs"]),
            ("on security", vec!["krebs"]),
            ("secur", vec![]),
            ("tor project", vec!["tor"]),
            ("安全客", vec!["aqk"]),
            ("客", vec!["aqk"]),
            ("安客", vec![]),
        ] {
            let found: Vec<_> = names.with(&Words::of(asked)).map(SourceId::as_str).collect();
            assert_eq!(found, wanted, "{asked}");
        }
    }
}
