//! Why a list of vulnerabilities is not taken.

use std::fmt;

/// Why a list is not taken: its line, and the rule that it broke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListFault {
    /// From 1; none where the list as a whole is meant.
    pub line: Option<usize>,
    /// In words.
    pub rule: String,
}

impl ListFault {
    /// A fault of a line.
    pub(super) fn at(line: usize, rule: impl Into<String>) -> Self {
        Self { line: Some(line), rule: rule.into() }
    }

    /// A fault of the whole.
    pub(super) fn of(rule: impl Into<String>) -> Self {
        Self { line: None, rule: rule.into() }
    }
}

impl fmt::Display for ListFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rule)
    }
}
