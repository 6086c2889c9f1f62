//! What a client must show to be let in.

use std::fmt;

use super::Digest;

/// A secret of at least 16 characters; anything shorter could be guessed, and lets nobody in. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Shorter ones let nobody in.
    pub const CHARS_MIN: usize = 16;

    /// A secret that was configured or minted.
    pub fn new(secret: String) -> Self {
        Self(secret)
    }

    /// Whether it is long enough to let anybody in.
    pub fn is_strong(&self) -> bool {
        self.0.chars().count() >= Self::CHARS_MIN
    }

    /// Compares without telling by its duration how much was right: digests are compared, and all of their bytes.
    pub fn admits(&self, shown: &str) -> bool {
        let [own, shown] = [&self.0, shown].map(|token| Digest::of(&[token.as_bytes()]));
        let difference = own.as_bytes().iter().zip(shown.as_bytes()).fold(0, |sum, (a, b)| sum | (a ^ b));
        difference == 0 && self.is_strong()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}
