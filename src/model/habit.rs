//! What a source's items are usually like.

/// Values told apart; the rarest makes room for a new one.
const VALUES_MAX: usize = 12;

/// Items remembered: where there are more, all counts are halved, so that a habit can change.
const ITEMS_MAX: u32 = 1000;

/// What a source's items were like so far. Learned from every poll that brought news, kept in its state.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Habit {
    /// Polls that brought news.
    pub polls: u32,
    /// Most new items that one of them brought, but for the first.
    pub batch_max: u32,
    /// Hosts that items lead to.
    pub hosts: Shares,
    /// Languages that items are in, primary subtags (RFC 5646 section 2.2.1).
    pub languages: Shares,
    /// What publishers' ids look like.
    pub id_shapes: Shares,
}

/// How often each of a few values occurred.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shares(pub Vec<(String, u32)>);

impl Shares {
    /// How many occurrences there are in all.
    pub fn total(&self) -> u32 {
        self.0.iter().map(|(_, count)| count).sum()
    }

    /// The share of a value, 0 to 1; 0 where nothing ever occurred.
    pub fn of(&self, value: &str) -> f32 {
        let count = self.0.iter().find(|(known, _)| known == value).map_or(0, |(_, count)| *count);
        if count == 0 { 0.0 } else { count as f32 / self.total() as f32 }
    }

    /// Counts one more occurrence.
    pub fn count(&mut self, value: &str) {
        match self.0.iter_mut().find(|(known, _)| known == value) {
            Some((_, count)) => *count += 1,
            None => {
                if self.0.len() == VALUES_MAX
                    && let Some(rarest) = (0..VALUES_MAX).min_by_key(|index| self.0[*index].1)
                {
                    self.0.swap_remove(rarest);
                }
                self.0.push((value.to_owned(), 1));
            }
        }
        if self.total() > ITEMS_MAX {
            self.0.iter_mut().for_each(|(_, count)| *count /= 2);
            self.0.retain(|(_, count)| *count > 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ITEMS_MAX, Shares, VALUES_MAX};

    #[test]
    fn shares_are_bounded_and_habits_fade() {
        let mut shares = Shares::default();
        assert_eq!(shares.of("a"), 0.0);
        (0..3).for_each(|_| shares.count("a"));
        shares.count("b");
        assert_eq!((shares.of("a"), shares.of("b"), shares.of("c")), (0.75, 0.25, 0.0));
        (0..100).for_each(|number| shares.count(&number.to_string()));
        assert_eq!(shares.0.len(), VALUES_MAX);
        assert!(shares.of("a") > 0.0, "the usual one stays");
        (0..2 * ITEMS_MAX).for_each(|_| shares.count("z"));
        assert!(shares.of("z") > 0.99 && shares.total() <= ITEMS_MAX);
    }
}
