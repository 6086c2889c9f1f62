//! A source's own rhythm: when it is worth asking again, from when its items came.
//!
//! News is taken to come by chance, at a rate that follows the hour of the day and the day of the week (UTC). The rate is estimated from
//! the last arrivals. Each part of it is drawn towards "always the same", as if a few events more had come evenly: little history says
//! little. A source is asked when the news to be expected by then has waited long enough, all in all, to be worth a request. With an
//! even rate that is the square-root law, which finds items soonest for a given number of requests: four times the news, twice the
//! requests. With an uneven one it means: soon after the hour at which a source tends to write, and rarely on its days off.

use std::time::Duration;

use crate::model::Timestamp;

/// Arrivals kept.
const ARRIVALS_MAX: usize = 32;

/// Arrivals closer than this are one event: a batch says no more about the rhythm than its first item.
const BATCH: Duration = Duration::from_secs(10 * 60);

/// Fewer events are no rhythm.
const EVENTS_MIN: usize = 3;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
const WEEK_SECS: u64 = 7 * 86_400;

/// Parts of a day that have a rate of their own.
const BINS: usize = 96;
const BIN: Duration = Duration::from_secs(15 * 60);

/// An event raises the rate of the bins up to this many away: by an hour and a quarter either way.
const REACH: usize = 4;

/// Events that are thought to have come beside those that did: one on one more day, so many spread evenly over the hours, and so many
/// on each day of the week.
const PRIOR: f64 = 1.0;
const PRIOR_HOURS: f64 = 3.0;
const PRIOR_WEEKDAY: f64 = 2.0;

/// When so many events should have come since the last one and did not, the source has slowed down: with an unchanged rate that
/// happens once in twenty times.
const MISSED_MAX: f64 = 3.0;

/// A source of so many events a day, evenly spread, is asked at the configured interval.
const INTERVAL_EVENTS: f64 = 2.0;

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

/// The distance at which a request is worth it, seen from `base`, for a source whose distance without any history would be `interval`;
/// `None` if it has no history. At most a day; the caller has its own floor and ceiling.
pub(super) fn rhythm(arrivals: &[Timestamp], base: Timestamp, interval: Duration) -> Option<Duration> {
    let silence = base.since(*arrivals.last()?);
    let least = SILENCES.iter().find(|(silent, _)| silence >= *silent).map_or(Duration::ZERO, |(_, least)| *least);
    if arrivals.len() < EVENTS_MIN {
        return Some(interval.max(least));
    }
    Some(Rate::of(arrivals, base).walk(base, worth(interval)).max(least))
}

/// What must have waited to be worth a request, in events times hours: what waits in one interval of a source of [`INTERVAL_EVENTS`].
fn worth(interval: Duration) -> f64 {
    let hours = (interval.as_secs_f64() / HOUR.as_secs_f64()).max(1.0 / 3600.0);
    INTERVAL_EVENTS / 24.0 * hours * hours / 2.0
}

/// Events to be expected.
struct Rate {
    /// Mean, an hour.
    hourly: f64,
    /// What each quarter of an hour of a day has of it, 1 on the whole.
    bins: [f64; BINS],
    /// What each day of the week has of it, Monday first.
    weekdays: [f64; 7],
}

impl Rate {
    /// The rate that arrivals up to `base` speak for; there is at least one.
    fn of(arrivals: &[Timestamp], base: Timestamp) -> Self {
        let (oldest, newest) = (arrivals[0], arrivals[arrivals.len() - 1]);
        let count = arrivals.len() as f64;
        let seen = weekdays_between(oldest, base);
        let days: f64 = seen.iter().sum();
        let mut rate = Self { hourly: (count + PRIOR) / (days + PRIOR) / 24.0, bins: bins(arrivals), weekdays: [0.0; 7] };
        for at in arrivals {
            rate.weekdays[weekday(*at)] += 1.0;
        }
        for (events, seen) in rate.weekdays.iter_mut().zip(seen) {
            let even = count * seen / days.max(1.0);
            *events = (*events + PRIOR_WEEKDAY) / (even + PRIOR_WEEKDAY);
        }
        let silent = weekdays_between(newest, base);
        let missed: f64 = rate.weekdays.iter().zip(silent).map(|(share, days)| rate.hourly * 24.0 * share * days).sum();
        rate.hourly *= (MISSED_MAX / missed.max(MISSED_MAX)).min(1.0);
        rate
    }

    /// Events an hour at an instant.
    fn at(&self, at: Timestamp) -> f64 {
        self.hourly * self.bins[bin(at)] * self.weekdays[weekday(at)]
    }

    /// How long after `base` the events expected since then will have waited so much; at most a day.
    fn walk(&self, base: Timestamp, worth: f64) -> Duration {
        let (mut expected, mut waited, mut walked) = (0.0, 0.0, Duration::ZERO);
        // The first bin is entered somewhere in its middle.
        let mut step = BIN - Duration::from_secs(base.as_secs().rem_euclid(900).unsigned_abs());
        while walked < DAY {
            let (rate, hours) = (self.at(base + walked), step.as_secs_f64() / HOUR.as_secs_f64());
            let more = (expected + rate * hours / 2.0) * hours;
            if waited + more >= worth {
                // The positive root of `rate / 2 * x * x + expected * x = missing`.
                let missing = worth - waited;
                let root = 2.0 * missing / (expected + (expected * expected + 2.0 * rate * missing).sqrt());
                return walked + step.mul_f64((root / hours).clamp(0.0, 1.0));
            }
            (expected, waited, walked, step) = (expected + rate * hours, waited + more, walked + step, BIN);
        }
        DAY
    }
}

/// What each bin of a day has of a mean rate: a triangle around each event, and a level for those that came evenly.
fn bins(arrivals: &[Timestamp]) -> [f64; BINS] {
    let count = arrivals.len() as f64 + PRIOR_HOURS;
    let mut bins = [PRIOR_HOURS / count; BINS];
    // Heights 1 .. REACH+1 .. 1 make an area of (REACH+1)².
    let unit = BINS as f64 / ((REACH + 1) * (REACH + 1)) as f64 / count;
    for at in arrivals {
        for offset in 0..=2 * REACH {
            bins[(bin(*at) + BINS + offset - REACH) % BINS] += unit * (REACH + 1 - offset.abs_diff(REACH)) as f64;
        }
    }
    bins
}

/// The quarter of an hour of its day (UTC) an instant is in.
fn bin(at: Timestamp) -> usize {
    usize::try_from(at.as_secs().rem_euclid(86_400) / 900).unwrap_or(0) % BINS
}

/// The day of the week (UTC) an instant is in, Monday first. 1970-01-01 was a Thursday.
fn weekday(at: Timestamp) -> usize {
    usize::try_from((at.as_secs().div_euclid(86_400) + 3).rem_euclid(7)).unwrap_or(0)
}

/// How many days of each weekday, Monday first, lie between two instants.
fn weekdays_between(from: Timestamp, to: Timestamp) -> [f64; 7] {
    let span_secs = to.since(from).as_secs();
    let mut days = [(span_secs / WEEK_SECS) as f64; 7];
    let mut at = to - Duration::from_secs(span_secs % WEEK_SECS);
    while at < to {
        let midnight = Timestamp::from_secs((at.as_secs().div_euclid(86_400) + 1) * 86_400);
        let end = midnight.min(to);
        days[weekday(at)] += end.since(at).as_secs_f64() / DAY.as_secs_f64();
        at = end;
    }
    days
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{remember_arrivals, rhythm, weekdays_between};
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
    fn an_even_source_follows_the_square_root_of_its_news() {
        // Gaps that fall on all hours of the day: nothing but their length counts.
        for (gap_minutes, wanted_minutes) in [(61, 17), (251, 35), (787, 62), (3119, 124)] {
            let even: Vec<_> = (0..32).map(|n| at(n * gap_minutes * 60)).collect();
            let found = distance(&even, 31 * gap_minutes * 60 + HOUR / 2) / 60;
            assert!((wanted_minutes * 2 / 3..=wanted_minutes * 3 / 2).contains(&found), "{gap_minutes}: {found}, not {wanted_minutes}");
        }
    }

    #[test]
    fn a_source_that_rests_on_weekends_is_asked_less_then() {
        // 1970-01-05 was a Monday.
        let monday = 4 * DAY;
        let worked: Vec<_> = (0..28).filter(|day| day % 7 < 5).map(|day| at(monday + day * DAY + 10 * HOUR)).collect();
        let from = |day: i64| distance(&worked, monday + day * DAY + 9 * HOUR);
        assert!(from(27) > from(24) * 3 / 2, "Sunday {}, Thursday {}", from(27), from(24));
        assert!(from(28) < HOUR * 3 / 2, "the weekend did not make it slow: {}", from(28));
    }

    #[test]
    fn a_source_that_fell_silent_is_asked_less_and_less() {
        let daily: Vec<_> = (0..30).map(|day| at(day * DAY + 10 * HOUR)).collect();
        let after: Vec<_> = [1, 4, 6].map(|days| distance(&daily, (29 + days) * DAY + 10 * HOUR)).into();
        assert!(after.is_sorted() && after[0] < after[2], "{after:?}");
    }

    #[test]
    fn weekdays_are_counted_in_full_and_in_parts() {
        let days = |from, to| weekdays_between(at(from), at(to));
        assert_eq!(days(0, 7 * DAY), [1.0; 7]);
        assert_eq!(days(12 * HOUR, DAY + 6 * HOUR), [0.0, 0.0, 0.0, 0.5, 0.25, 0.0, 0.0]);
        assert_eq!(days(-DAY, 7 * DAY).iter().sum::<f64>(), 8.0);
        assert_eq!(days(5, 0), [0.0; 7]);
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
