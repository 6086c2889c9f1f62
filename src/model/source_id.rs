//! The name an operator gives a source.

use std::{fmt, sync::Arc};

/// A slug: 1 to 64 of `a-z 0-9 - _ .`, beginning with a letter or digit. Clones share it: it is the key of everything that is known of
/// a source.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(Arc<str>);

/// Why a text is no source id; shows the rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` must be 1 to 64 characters of a-z, 0-9, `-`, `_`, `.` and begin with a letter or digit")]
pub struct BadSourceId(pub String);

impl SourceId {
    /// Accepts a slug.
    pub fn parse(text: &str) -> Result<Self, BadSourceId> {
        let fits = (1..=64).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b));
        if fits { Ok(Self(text.into())) } else { Err(BadSourceId(text.chars().take(80).collect())) }
    }

    /// The slug.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::SourceId;

    #[test]
    fn slugs_and_nothing_else() {
        for good in ["krebs", "a", "9to5", "freebuf.com", "x-y_z", &"a".repeat(64)] {
            assert!(SourceId::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "Krebs", "-a", "a b", "安全客", "a/b", &"a".repeat(65)] {
            assert!(SourceId::parse(bad).is_err(), "{bad}");
        }
    }
}
