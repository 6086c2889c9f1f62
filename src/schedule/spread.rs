//! Spreads polls over time without chance: fractions from hashes, even slots on a host, a phase behind cron ticks.

use std::{collections::HashMap, time::Duration};

use crate::model::{Cadence, Digest, Source, SourceId, Timestamp};

/// Longest distance between a cron tick and the poll it causes.
const PHASE_MAX: Duration = Duration::from_secs(600);

/// Distance between polls that are made up for, beside which others are due, and how long all of them may take.
const CATCH_UP_STEP: Duration = Duration::from_millis(125);
const CATCH_UP_MAX: Duration = Duration::from_secs(600);

/// Where a source stands among the sources of its host that have the same fixed interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its rank, from 0.
    pub rank: u32,
    /// How many there are, at least 1.
    pub count: u32,
}

impl Default for Place {
    /// Alone.
    fn default() -> Self {
        Self { rank: 0, count: 1 }
    }
}

/// The places of all enabled sources, by id. Sources of one host with one fixed interval are ranked by id; every other is alone.
pub fn places<'a>(sources: impl IntoIterator<Item = &'a Source>) -> HashMap<SourceId, Place> {
    let mut groups: HashMap<(String, Duration), Vec<&SourceId>> = HashMap::new();
    let mut places = HashMap::new();
    for source in sources.into_iter().filter(|source| source.enabled) {
        match source.cadence {
            Cadence::Every(interval) => groups.entry((source.url.authority(), interval)).or_default().push(&source.id),
            Cadence::Adaptive(_) | Cadence::Cron(_) => _ = places.insert(source.id.clone(), Place::default()),
        }
    }
    for mut group in groups.into_values() {
        group.sort_unstable();
        let count = u32::try_from(group.len()).unwrap_or(u32::MAX);
        places.extend(group.into_iter().zip(0..).map(|(id, rank)| (id.clone(), Place { rank, count })));
    }
    places
}

/// How far behind the multiples of `interval` (counted from 1970) a source at `place` is asked: even steps over the interval.
pub fn slot(place: Place, interval: Duration) -> Duration {
    let millis = interval.as_millis() * u128::from(place.rank) / u128::from(place.count.max(1));
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

/// The first time from `earliest` on that is in the source's slot. A poll that was a little late keeps its lateness, up to two
/// slots: it is cheaper to be unevenly spread by a little than to leave out most of an interval. With five slots a minute that makes
/// seven polls in one minute at most.
pub(super) fn in_slot(place: Place, interval: Duration, earliest: Timestamp) -> Timestamp {
    let (Ok(period), Ok(offset)) = (i64::try_from(interval.as_millis()), i64::try_from(slot(place, interval).as_millis())) else {
        return earliest;
    };
    if place.count < 2 || period == 0 {
        return earliest;
    }
    let late = (earliest.as_millis() - offset).rem_euclid(period);
    if late <= (period / 10).min(2 * period / i64::from(place.count)) {
        earliest
    } else {
        Timestamp::from_millis(earliest.as_millis() - late + period)
    }
}

/// The times from `now` on at which so many polls that are due together begin: eight a second, but all within ten minutes. After a
/// night's sleep nobody meets a thousand requests at once.
pub fn catch_up(now: Timestamp, overdue: usize) -> impl Iterator<Item = Timestamp> {
    let step = (CATCH_UP_MAX / u32::try_from(overdue.max(1)).unwrap_or(u32::MAX)).min(CATCH_UP_STEP);
    (0..).map(move |number: u32| now + step * number)
}

/// How long after a tick a source is asked, when the next tick is `gap` later: fixed for each source, within a tenth of the gap
/// and ten minutes, so that a thousand sources on one line do not start at once.
pub(super) fn phase(id: &SourceId, gap: Duration) -> Duration {
    scaled((gap / 10).min(PHASE_MAX), fraction(id, "phase", Timestamp::from_millis(0)))
}

/// A number in [0, 1) that is always the same for the same source, purpose and time.
pub(super) fn fraction(id: &SourceId, purpose: &str, at: Timestamp) -> f64 {
    let digest = Digest::of(&[purpose.as_bytes(), id.as_str().as_bytes(), &at.as_millis().to_be_bytes()]);
    // 53 bits are what an f64 holds exactly.
    (digest.to_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// A span times a factor that is not negative; whole milliseconds.
pub(super) fn scaled(span: Duration, factor: f64) -> Duration {
    // `as` saturates, so an absurd product becomes a very long span and no panic.
    Duration::from_millis((span.as_millis() as f64 * factor) as u64)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Place, catch_up, in_slot, phase, slot};
    use crate::model::{SourceId, Timestamp};

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn slots_are_even_steps() {
        for (rank, count, wanted) in [(0, 1, 0), (0, 4, 0), (1, 4, 900), (3, 4, 2700), (299, 300, 3588)] {
            assert_eq!(slot(Place { rank, count }, HOUR), Duration::from_secs(wanted), "{rank} of {count}");
        }
        assert_eq!(slot(Place { rank: 3, count: 0 }, HOUR), HOUR * 3);
    }

    #[test]
    fn a_slot_is_never_early_and_forgives_a_little_lateness() {
        let place = Place { rank: 1, count: 4 };
        for (earliest, wanted) in [(0, 900), (900, 900), (901, 901), (1260, 1260), (1261, 4500), (4499, 4500)] {
            assert_eq!(in_slot(place, HOUR, Timestamp::from_secs(earliest)), Timestamp::from_secs(wanted), "{earliest}");
        }
        let crowded = Place { rank: 1, count: 300 };
        for (earliest, wanted) in [(12, 12), (36, 36), (37, 3612)] {
            assert_eq!(in_slot(crowded, HOUR, Timestamp::from_secs(earliest)), Timestamp::from_secs(wanted), "{earliest}");
        }
        assert_eq!(in_slot(Place::default(), HOUR, Timestamp::from_secs(77)), Timestamp::from_secs(77), "alone on its host");
    }

    #[test]
    fn the_overdue_come_eight_a_second_within_ten_minutes() {
        for (overdue, last_millis) in [(1, 0), (2, 125), (1000, 124_875), (4800, 599_875), (60_000, 599_990)] {
            let times: Vec<_> = catch_up(Timestamp::from_secs(7), overdue).take(overdue).collect();
            assert_eq!(times[0], Timestamp::from_secs(7));
            assert_eq!(times[overdue - 1], Timestamp::from_millis(7000 + last_millis), "{overdue}");
        }
    }

    #[test]
    fn phases_of_a_thousand_sources_do_not_fall_together() {
        let mut by_second = vec![0; 361];
        for number in 0..200 {
            let id = SourceId::parse(&format!("source-{number}")).expect("a slug");
            let phase = phase(&id, HOUR);
            assert!(phase < Duration::from_secs(360));
            by_second[usize::try_from(phase.as_secs()).expect("small")] += 1;
        }
        assert!(by_second.iter().all(|count| *count <= 5));
    }
}
