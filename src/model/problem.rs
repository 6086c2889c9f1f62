//! What was wrong in a document, and what was done about it.

use std::fmt;

/// One fault in a publisher's document. Parsing dirt is not an error (invariant 4): a problem is a remark beside the result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Line and column in the decoded text, counted from 1; `None` where the fault has no place.
    pub at: Option<(u32, u32)>,
    /// What sort of fault it is.
    pub kind: ProblemKind,
    /// What was wrong and what was done, as a lowercase fragment: "bare `&`, read as `&amp;`".
    pub what: String,
}

/// Sorts of faults, for counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProblemKind {
    /// The bytes did not fit the encoding that was declared.
    Encoding,
    /// The XML or JSON was not well formed.
    Syntax,
    /// The document ends early; the complete entries were kept.
    Truncated,
    /// An entry or a field could not be read.
    Field,
    /// A limit cut something off.
    Limit,
}

impl Problem {
    /// A problem without a place.
    pub fn new(kind: ProblemKind, what: impl Into<String>) -> Self {
        Self { at: None, kind, what: what.into() }
    }

    /// A problem at a line and column, both counted from 1.
    pub fn at(line: u32, column: u32, kind: ProblemKind, what: impl Into<String>) -> Self {
        Self { at: Some((line, column)), kind, what: what.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some((line, column)) => write!(f, "{line}:{column}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}
