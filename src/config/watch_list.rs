//! Watch lists: files of terms, one a line, for views.
//!
//! `#` at the beginning of a line, or behind white space, begins a comment. `=` stands between names of one thing: `httpd = Apache HTTP
//! Server` watches for both. A term that is an identifier (`cve-2024-3094`) watches for what is tagged with it, any other for its words.

use std::path::Path;

use super::{
    error::Fault,
    section::{Position, fault, shorten},
};
use crate::{
    model::Text,
    tag,
    view::{Filter, Place},
};

/// Terms of one list.
const TERMS_MAX: usize = 2000;

/// Longest term, in characters.
const TERM_CHARS_MAX: usize = 200;

/// The terms of a list as filters, of which one must hold. Faults are named with the list's own file and line.
pub(super) fn read(path: &Path, text: &str, faults: &mut Vec<Fault>) -> Vec<Filter> {
    let mut terms = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let at = || Position { file: path.to_owned(), line: index + 1 };
        let line = without_comment(line).trim();
        for term in line.split('=').map(str::trim).filter(|_| !line.is_empty()) {
            if terms.len() == TERMS_MAX {
                faults.push(fault(at(), format!("must hold at most {TERMS_MAX} terms")));
                return terms;
            }
            match term_filter(term) {
                Ok(filter) => terms.push(filter),
                Err(rule) => faults.push(fault(at(), format!("`{}` {rule}", shorten(term)))),
            }
        }
    }
    terms
}

/// Words in a row. `Err` is the rule that was broken.
pub(super) fn words(text: &str, place: Place) -> Result<Filter, String> {
    let phrase = Text::line(text, TERM_CHARS_MAX + 1);
    if phrase.as_str().chars().count() > TERM_CHARS_MAX || !phrase.as_str().contains(char::is_alphanumeric) {
        return Err(format!("must be words of 1 to {TERM_CHARS_MAX} characters"));
    }
    Ok(Filter::Words { place, phrase: phrase.to_string() })
}

fn term_filter(term: &str) -> Result<Filter, String> {
    match tag::identifier(term) {
        Some((_, name)) => Ok(Filter::Tag(name)),
        None => words(term, Place::Anywhere),
    }
}

/// A line up to its comment. A `#` inside a word belongs to it, as in `C#`.
fn without_comment(line: &str) -> &str {
    let mut before = ' ';
    for (index, c) in line.char_indices() {
        if c == '#' && before.is_whitespace() {
            return &line[..index];
        }
        before = c;
    }
    line
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Filter, Place, read};

    #[test]
    fn a_list_is_read_line_by_line() {
        let text = "# ours\nhttpd = Apache HTTP Server\n\nC# # the language\n  cve 2024 3094\n供应链攻击\n!!\na =\n";
        let mut faults = Vec::new();
        let words = |phrase: &str| Filter::Words { place: Place::Anywhere, phrase: phrase.to_owned() };
        assert_eq!(
            read(Path::new("list"), text, &mut faults),
            [
                words("httpd"),
                words("Apache HTTP Server"),
                words("C#"),
                Filter::Tag("CVE-2024-3094".to_owned()),
                words("供应链攻击"),
                words("a")
            ]
        );
        let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(faults, ["list:7: `!!` must be words of 1 to 200 characters", "list:8: `` must be words of 1 to 200 characters"]);
    }
}
