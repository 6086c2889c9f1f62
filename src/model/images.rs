//! What becomes of publishers' pictures.

/// What stands for a publisher's pictures in the entries that we serve. Whoever loads a picture tells its publisher that he reads, and
/// where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Images {
    /// A link to each, with its description.
    #[default]
    Link,
    /// The pictures themselves.
    Keep,
    /// Nothing.
    Drop,
}

impl Images {
    /// Reads `link`, `keep` or `drop`.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "link" => Some(Self::Link),
            "keep" => Some(Self::Keep),
            "drop" => Some(Self::Drop),
            _ => None,
        }
    }
}
