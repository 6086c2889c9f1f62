//! The doors of chats: several receivers may be behind one address, and what the service there bears it bears of all of them together.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crate::model::{Digest, Link, Timestamp};

/// Addresses that are remembered: more than receivers can be configured.
const DOORS_MAX: usize = 1000;

/// Which addresses a message went to so lately that the next one has to wait, whoever's it is. Shared by all couriers. At a start each
/// of them brings what it remembers of itself.
#[derive(Debug, Clone, Default)]
pub struct Doors {
    shut: Arc<Mutex<HashMap<Digest, Span>>>,
}

/// From when to when an address is to be left alone.
#[derive(Debug, Clone, Copy)]
struct Span {
    since: Timestamp,
    until: Timestamp,
}

impl Span {
    /// Whether it is over; also if the clock was set back behind its beginning, for nobody is to be silenced for as long.
    fn is_over(self, now: Timestamp) -> bool {
        now >= self.until || now < self.since
    }
}

impl Doors {
    /// Lets a message to `url` through, and no other for `gap`; if it is too early, says when to come again.
    pub(super) fn pass(&self, url: &Link, gap: Duration, now: Timestamp) -> Result<(), Timestamp> {
        let mut shut = self.shut.lock().unwrap_or_else(PoisonError::into_inner);
        let door = Digest::of(&[url.as_str().as_bytes()]);
        if let Some(span) = shut.get(&door).filter(|span| !span.is_over(now)) {
            return Err(span.until);
        }
        if shut.len() >= DOORS_MAX {
            shut.retain(|_, span| !span.is_over(now));
        }
        shut.insert(door, Span { since: now, until: now + gap });
        Ok(())
    }

    /// Nobody is let through from `since` until `until`: so the service asked for, or so a courier remembers it.
    pub(super) fn shut(&self, url: &Link, since: Timestamp, until: Timestamp) {
        let mut shut = self.shut.lock().unwrap_or_else(PoisonError::into_inner);
        let span = shut.entry(Digest::of(&[url.as_str().as_bytes()])).or_insert(Span { since, until });
        // One that begins later than this was made before the clock was set back.
        if until > span.until || since < span.since {
            *span = Span { since, until };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Doors;
    use crate::model::{Link, Timestamp};

    #[test]
    fn one_door_is_passed_once_in_a_gap_and_others_are_not_held_up() {
        let at = |secs: i64| Timestamp::from_secs(1_795_276_800 + secs);
        let (doors, gap) = (Doors::default(), Duration::from_secs(3));
        let url = |key: &str| Link::parse(&format!("https://chat.example/send?key={key}")).expect("a link");
        assert_eq!(doors.pass(&url("a"), gap, at(0)), Ok(()));
        assert_eq!(doors.clone().pass(&url("a"), gap, at(1)), Err(at(3)), "whoever asks");
        assert_eq!(doors.pass(&url("b"), gap, at(1)), Ok(()), "another key is another chat");
        assert_eq!(doors.pass(&url("a"), gap, at(3)), Ok(()));
        doors.shut(&url("a"), at(4), at(600));
        doors.shut(&url("a"), at(4), at(5));
        assert_eq!(doors.pass(&url("a"), gap, at(9)), Err(at(600)), "the service asked for it");
        assert_eq!(doors.pass(&url("a"), gap, at(-9000)), Ok(()), "a clock that was set back");
        doors.shut(&url("b"), at(20), at(900));
        doors.shut(&url("b"), at(-9000), at(-8400));
        assert_eq!(doors.pass(&url("b"), gap, at(-8900)), Err(at(-8400)), "what is asked for then holds");
    }
}
