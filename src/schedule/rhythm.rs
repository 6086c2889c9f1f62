//! A source's own rhythm: how soon it is worth asking again, from when its items came.
//!
//! The chance of news is estimated for each quarter of an hour of a day (UTC) from the last arrivals, and the source is asked at a
//! rate that grows with the square root of that chance: the rate that finds items soonest for a given number of requests. So a
//! source that writes daily at ten is asked a few times around ten and hardly at night.

use std::time::Duration;

use crate::model::Timestamp;

/// Arrivals kept.
const ARRIVALS_MAX: usize = 32;

/// Arrivals closer than this are one event: a batch says no more about the rhythm than its first item.
const BATCH: Duration = Duration::from_secs(10 * 60);

/// Fewer events are no rhythm.
const EVENTS_MIN: usize = 3;

const DAY: Duration = Duration::from_secs(86_400);
const BINS: usize = 96;
const BIN: Duration = Duration::from_secs(900);

/// An event raises the chance of the bins up to this many away: an hour and a half.
const REACH: usize = 6;

/// The part of the rate that follows the hour of the day; the rest is the same at all hours, so that a changed habit is noticed.
const HABIT: f64 = 0.75;

/// Polls in one configured interval for a source with one event in it, evenly spread.
const EAGERNESS: f64 = 2.5;

/// How long a source must have been silent for its distance to be at least so long (protocol S10).
const SILENCES: [(Duration, Duration); 3] = [
    (Duration::from_secs(30 * 86_400), DAY),
    (Duration::from_secs(14 * 86_400), Duration::from_secs(12 * 3600)),
    (Duration::from_secs(7 * 86_400), Duration::from_secs(6 * 3600)),
];

/// `old` arrivals with `new` ones, newest last, at most 32 events; what came within ten minutes of another is one event. For a
/// source's first document, give the items' own believable dates: its history is its rhythm.
pub fn remember_arrivals(old: &[Timestamp], new: impl IntoIterator<Item = Timestamp>) -> Vec<Timestamp> {
    let mut all: Vec<Timestamp> = old.iter().copied().chain(new).collect();
    all.sort_unstable();
    let mut events: Vec<Timestamp> = Vec::with_capacity(all.len().min(2 * ARRIVALS_MAX));
    for at in all {
        if events.last().is_none_or(|last| at.since(*last) >= BATCH) {
            events.push(at);
        }
    }
    events.split_off(events.len().saturating_sub(ARRIVALS_MAX))
}

/// The distance at which news is likely enough, seen from `base`, for a source whose distance without any history would be
/// `interval`; `None` if it has no history. At most a day; the caller has its own floor and ceiling.
pub(super) fn rhythm(arrivals: &[Timestamp], base: Timestamp, interval: Duration) -> Option<Duration> {
    let (oldest, newest) = (arrivals.first()?, arrivals.last()?);
    let silence = base.since(*newest);
    let least = SILENCES.iter().find(|(silent, _)| silence >= *silent).map_or(Duration::ZERO, |(_, least)| *least);
    if arrivals.len() < EVENTS_MIN {
        return Some(interval.max(least));
    }
    let days = (base.since(*oldest).as_secs_f64() / DAY.as_secs_f64()).max(1.0);
    Some(walk(&chances(arrivals, days), base, interval).max(least))
}

/// Expected events an hour, for each quarter of an hour of a day.
fn chances(arrivals: &[Timestamp], days: f64) -> [f64; BINS] {
    const BINS_PER_HOUR: f64 = 4.0;
    let even = arrivals.len() as f64 / days / 24.0;
    let mut chances = [(1.0 - HABIT) * even; BINS];
    // A triangle of heights 1 .. REACH+1 .. 1 around each event, with an area of one event.
    let area = ((REACH + 1) * (REACH + 1)) as f64;
    for at in arrivals {
        let centre = bin_of(*at);
        for distance in 0..=REACH {
            let height = HABIT * (REACH + 1 - distance) as f64 / area / days * BINS_PER_HOUR;
            chances[(centre + distance) % BINS] += height;
            if distance > 0 {
                chances[(centre + BINS - distance) % BINS] += height;
            }
        }
    }
    chances
}

/// Walks from `base` until the rate of asking adds up to one poll, or a day is over.
fn walk(chances: &[f64; BINS], base: Timestamp, interval: Duration) -> Duration {
    let interval_hours = (interval.as_secs_f64() / 3600.0).max(1.0 / 3600.0);
    let mut due = 0.0;
    let mut walked = Duration::ZERO;
    // The first bin is entered somewhere in its middle.
    let mut step = Duration::from_secs(BIN.as_secs() - base.as_secs().rem_euclid(900).unsigned_abs());
    while walked < DAY {
        let rate_per_hour = EAGERNESS * (chances[bin_of(base + walked)] / interval_hours).sqrt();
        let share = rate_per_hour * step.as_secs_f64() / 3600.0;
        if due + share >= 1.0 {
            return walked + step.mul_f64((1.0 - due) / share);
        }
        due += share;
        walked += step;
        step = BIN;
    }
    DAY
}

/// The quarter of an hour of its day (UTC) an instant is in.
fn bin_of(at: Timestamp) -> usize {
    usize::try_from(at.as_secs().rem_euclid(86_400) / 900).unwrap_or(0) % BINS
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{remember_arrivals, rhythm};
    use crate::model::Timestamp;

    const HOUR: i64 = 3600;
    const DAY: i64 = 24 * HOUR;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    fn distance(arrivals: &[Timestamp], now: i64) -> i64 {
        rhythm(arrivals, at(now), Duration::from_secs(3600)).map_or(-1, |distance| i64::try_from(distance.as_secs()).expect("small"))
    }

    #[test]
    fn a_batch_is_one_event_and_32_are_kept() {
        let batch = (0..20).map(|second| at(DAY + second));
        assert_eq!(remember_arrivals(&[at(0)], batch), [at(0), at(DAY)]);
        let many = remember_arrivals(&[], (0..100).map(|hour| at(hour * HOUR)));
        assert_eq!((many.len(), many[31]), (32, at(99 * HOUR)));
        assert_eq!(remember_arrivals(&[at(DAY)], [at(0)]), [at(0), at(DAY)], "sorted");
    }

    #[test]
    fn too_little_history_is_no_rhythm() {
        assert_eq!(rhythm(&[], at(0), Duration::from_secs(3600)), None);
        assert_eq!(distance(&[at(0), at(DAY)], 2 * DAY), HOUR);
        assert_eq!(distance(&[at(0), at(DAY)], 10 * DAY), 6 * HOUR, "but silence counts");
    }

    #[test]
    fn a_daily_source_is_asked_around_its_hour() {
        let daily: Vec<_> = (0..30).map(|day| at(day * DAY + 10 * HOUR)).collect();
        let midnight = 30 * DAY;
        assert!(distance(&daily, midnight) > 3 * HOUR, "not at night: {}", distance(&daily, midnight));
        let around = distance(&daily, midnight + 10 * HOUR);
        assert!(around < HOUR, "soon after its hour: {around}");
    }

    #[test]
    fn a_busy_source_is_asked_often_and_a_silent_one_is_not() {
        let busy: Vec<_> = (0..32).map(|n| at(n * HOUR / 2)).collect();
        assert!(distance(&busy, 16 * HOUR) < HOUR);
        for (silent_days, hours) in [(8, 6), (15, 12), (31, 24)] {
            assert!(distance(&busy, 16 * HOUR + silent_days * DAY) >= hours * HOUR, "{silent_days}");
        }
    }

    #[test]
    fn extremes_do_not_panic() {
        let times = [at(i64::MIN), at(0), at(i64::MAX)];
        assert!(rhythm(&times, at(i64::MAX), Duration::ZERO).is_some());
        assert!(rhythm(&times, at(i64::MIN), Duration::MAX).is_some());
    }
}
