//! How the last polls of a source ended, at a glance.

use super::Outcome;

/// How one poll ended, as far as a glance takes it in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Glance {
    /// It answered, and had nothing new.
    Nothing,
    /// It had news.
    News,
    /// It failed.
    Failed,
}

/// The last polls of a source, at most `POLLS_MAX`: eight bytes, two bits a poll, the newest in the lowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Recent(u64);

impl Recent {
    /// Polls that are remembered.
    pub const POLLS_MAX: usize = 32;

    /// What was stored earlier.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The bits, for storing.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// The same with one more poll.
    #[must_use]
    pub fn with(self, outcome: &Outcome) -> Self {
        let glance = match outcome {
            Outcome::Failed(_) => 3,
            Outcome::Read(tally) if tally.new + tally.joined > 0 => 2,
            _ => 1,
        };
        Self(self.0 << 2 | glance)
    }

    /// The polls, newest last.
    pub fn polls(self) -> impl Iterator<Item = Glance> {
        (0..Self::POLLS_MAX).rev().filter_map(move |place| match self.0 >> (2 * place) & 3 {
            1 => Some(Glance::Nothing),
            2 => Some(Glance::News),
            3 => Some(Glance::Failed),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Glance, Recent};
    use crate::model::{Failure, Outcome, Tally};

    #[test]
    fn the_newest_polls_are_remembered() {
        let news = Outcome::Read(Tally { joined: 1, ..Tally::default() });
        let edits = Outcome::Read(Tally { updated: 1, ..Tally::default() });
        let mut recent = [Outcome::Unchanged, news, edits, Outcome::Failed(Failure::Gone)]
            .iter()
            .fold(Recent::default(), |so_far, one| so_far.with(one));
        assert_eq!(recent.polls().collect::<Vec<_>>(), [Glance::Nothing, Glance::News, Glance::Nothing, Glance::Failed]);
        for _ in 0..40 {
            recent = recent.with(&Outcome::SameBytes);
        }
        assert_eq!(recent.polls().collect::<Vec<_>>(), [Glance::Nothing; Recent::POLLS_MAX]);
    }
}
