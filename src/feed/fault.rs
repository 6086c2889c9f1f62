//! Faults with their place in the text, on the way to problems with lines and columns.

use std::borrow::Cow;

use crate::model::{Problem, ProblemKind};

/// Faults kept of one document; a thousand like the first ones say no more.
const FAULTS_MAX: usize = 50;

/// A fault and where it was.
#[derive(Debug)]
pub(super) struct Fault {
    /// Byte in the text that was read.
    pub at: usize,
    /// Its sort.
    pub kind: ProblemKind,
    /// What was wrong and what was done.
    pub what: Cow<'static, str>,
}

/// The first faults of a document.
#[derive(Debug, Default)]
pub(super) struct Faults {
    list: Vec<Fault>,
    /// How many are not kept.
    others: u32,
}

impl Faults {
    /// Notes a fault, unless there are too many already.
    pub(super) fn note(&mut self, at: usize, kind: ProblemKind, what: impl Into<Cow<'static, str>>) {
        if self.list.len() < FAULTS_MAX {
            self.list.push(Fault { at, kind, what: what.into() });
        } else {
            self.others = self.others.saturating_add(1);
        }
    }

    /// Notes a fault that must be told, however many there are.
    pub(super) fn insist(&mut self, at: usize, kind: ProblemKind, what: impl Into<Cow<'static, str>>) {
        if self.list.len() == FAULTS_MAX {
            self.list.pop();
            self.others = self.others.saturating_add(1);
        }
        self.note(at, kind, what);
    }

    /// The faults with lines and columns instead of bytes of `text`, in the order of their places, in one pass over the text.
    pub(super) fn located(mut self, text: &str) -> Vec<Problem> {
        self.list.sort_by_key(|fault| fault.at);
        let (mut line, mut line_start, mut at) = (1_u32, 0, 0);
        let mut problems = Vec::with_capacity(self.list.len());
        for fault in self.list {
            for (offset, _) in text[at..fault.at].match_indices('\n') {
                line = line.saturating_add(1);
                line_start = at + offset + 1;
            }
            at = fault.at;
            let column = u32::try_from(text[line_start..at].chars().count() + 1).unwrap_or(u32::MAX);
            problems.push(Problem::at(line, column, fault.kind, fault.what));
        }
        if self.others > 0 {
            problems.push(Problem::new(ProblemKind::Syntax, format!("{} more faults, repaired and not listed", self.others)));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::{Faults, ProblemKind};

    #[test]
    fn places_are_lines_and_columns_of_characters() {
        let text = "a\n网b\n\nc";
        let mut faults = Faults::default();
        for at in [text.len(), 0, text.find('b').expect("a b")] {
            faults.note(at, ProblemKind::Syntax, "x");
        }
        let places: Vec<_> = faults.located(text).iter().map(|problem| problem.at).collect();
        assert_eq!(places, [Some((1, 1)), Some((2, 2)), Some((4, 2))]);
    }

    #[test]
    fn a_fault_that_must_be_told_finds_room() {
        let mut faults = Faults::default();
        (0..1000).for_each(|_| faults.note(0, ProblemKind::Syntax, "one of many"));
        faults.insist(1, ProblemKind::Truncated, "the end");
        let problems = faults.located("ab");
        let last: Vec<_> = problems[super::FAULTS_MAX - 1..].iter().map(|problem| problem.what.as_str()).collect();
        assert_eq!(last, ["the end", "951 more faults, repaired and not listed"]);
    }
}
