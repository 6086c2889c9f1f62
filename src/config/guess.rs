//! What somebody who wrote an unknown word probably meant.

/// Likeness (Jaro-Winkler) above which one word may be a slip for another.
const LIKENESS_MIN: f64 = 0.85;

/// `, did you mean ...?` with the known word most like `word`; nothing if none is like it.
pub fn did_you_mean<'w>(word: &str, known: impl Iterator<Item = &'w str>) -> String {
    nearest(word, known).map_or_else(String::new, |guess| question(&[guess]))
}

/// `, did you mean this or that?`
pub(super) fn question(guesses: &[&str]) -> String {
    let guesses: Vec<_> = guesses.iter().map(|guess| format!("`{guess}`")).collect();
    format!(", did you mean {}?", guesses.join(" or "))
}

/// The known word most like `word`, if one is like it at all.
pub(super) fn nearest<'w>(word: &str, known: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    let likeness = |other: &&'w str| strsim::jaro_winkler(&word.to_lowercase(), &other.to_lowercase());
    known
        .map(|other| (likeness(&other), other))
        .filter(|(score, _)| *score > LIKENESS_MIN)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, other)| other)
}
