//! The times of a cron line, through changes of the clock.
//!
//! The `cron` crate iterates civil times, which it is shown as UTC. Which instant a civil time is, and how often a line fires on a
//! day whose clock is changed, is decided here as Vixie cron does: a fixed hour fires once that day, a wild hour follows elapsed
//! time.

use std::{fmt::Write as _, str::FromStr, time::Duration};

use chrono::{DateTime, LocalResult, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use cron::Schedule;

use crate::model::{CronLine, Timestamp};

/// No clock is set back further than this at once (the tz database since 1970, but for islands that changed sides of the date line).
const FOLD_MAX: TimeDelta = TimeDelta::hours(3);

/// No clock, read as UTC, is further from UTC than this.
const OFFSET_MAX: TimeDelta = TimeDelta::hours(26);

/// Civil times looked at that turn out not to exist, before giving up. A skipped day at one tick a second is the worst case.
const SKIPS_MAX: usize = 100_000;

/// The first time of `line` after `after`, on clocks of `tz`; `None` when there is none before the year 2100.
pub fn cron_next(line: &CronLine, tz: Tz, after: Timestamp) -> Option<Timestamp> {
    Ticks::of(line).next(tz, after)
}

/// Whether the line has any time at all. Weekdays and leap years repeat every 28 years.
pub(super) fn ever_comes(line: &CronLine) -> bool {
    let start = DateTime::<Utc>::from_timestamp(946_684_800, 0).map(|start| start.naive_utc());
    start.is_some_and(|start| Ticks::of(line).after(start).is_some())
}

/// A line that follows elapsed time fires at every instant whose civil time matches: twice in an hour that repeats, never in one
/// that is skipped.
fn next_elapsed(ticks: &Ticks, tz: Tz, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let found = next_matching(ticks, tz, after);
    // If the clock is set back soon, civil times that are already past come again.
    let Some(change) = change_between(tz, after, after + FOLD_MAX).filter(|change| offset(tz, *change) < offset(tz, after)) else {
        return found;
    };
    if found.is_some_and(|found| found < change) { found } else { next_matching(ticks, tz, change - TimeDelta::seconds(1)) }
}

/// The first instant after `after` whose civil time is a tick, for stretches in which the clock is not set back.
fn next_matching(ticks: &Ticks, tz: Tz, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
    // One second before a change the offset is still the old one; the tick is sought on the clock that holds a second later.
    let second = after + TimeDelta::seconds(1);
    let mut civil = second.with_timezone(&tz).naive_local() - TimeDelta::seconds(1);
    for _ in 0..SKIPS_MAX {
        civil = ticks.after(civil)?;
        match tz.from_local_datetime(&civil) {
            LocalResult::Single(at) => return Some(at.to_utc()),
            LocalResult::Ambiguous(early, late) => return Some(if early.to_utc() > after { early.to_utc() } else { late.to_utc() }),
            LocalResult::None => {}
        }
    }
    None
}

/// A line with a fixed hour fires at the first of two equal civil times, and where its civil time is skipped, when the clock is
/// changed.
fn next_fixed(ticks: &Ticks, tz: Tz, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let mut civil = after.with_timezone(&tz).naive_local();
    for _ in 0..SKIPS_MAX {
        civil = ticks.after(civil)?;
        let at = match tz.from_local_datetime(&civil) {
            LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => at.to_utc(),
            LocalResult::None => change_between(tz, civil.and_utc() - OFFSET_MAX, civil.and_utc() + OFFSET_MAX)?,
        };
        if at > after {
            return Some(at);
        }
    }
    None
}

/// The shortest distance between two ticks of a line, on one day or over midnight, if it holds on both days.
pub fn tick_gap_min(line: &CronLine) -> Duration {
    let values = |set: u64, count: u64| (0..count).filter(move |value| set >> value & 1 == 1);
    let minutes = values(line.hours.into(), 24).flat_map(|hour| values(line.minutes, 60).map(move |minute| hour * 60 + minute));
    let ticks: Vec<u64> = minutes.flat_map(|minute| values(line.seconds, 60).map(move |second| minute * 60 + second)).collect();
    let overnight = ticks.first().zip(ticks.last()).map_or(86_400, |(first, last)| first + 86_400 - last);
    Duration::from_secs(ticks.windows(2).map(|pair| pair[1] - pair[0]).min().unwrap_or(86_400).min(overnight))
}

/// The instant within (`from`, `to`] at which the offset from UTC becomes another, if the offsets at both ends differ.
fn change_between(tz: Tz, from: DateTime<Utc>, to: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let before = offset(tz, from);
    if offset(tz, to) == before {
        return None;
    }
    let (mut low, mut high) = (from.timestamp(), to.timestamp());
    while high - low > 1 {
        let middle = low.midpoint(high);
        if offset(tz, DateTime::from_timestamp(middle, 0)?) == before { low = middle } else { high = middle }
    }
    DateTime::from_timestamp(high, 0)
}

/// Seconds east of Greenwich at an instant.
fn offset(tz: Tz, at: DateTime<Utc>) -> i32 {
    tz.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc()
}

/// The civil times of a line: those of one schedule, or the earlier of two when either day field may match. Costs more to make than
/// to ask.
pub(super) struct Ticks {
    first: Option<Schedule>,
    second: Option<Schedule>,
    hour_is_wild: bool,
}

impl Ticks {
    /// The times of a line.
    pub fn of(line: &CronLine) -> Self {
        let hour_is_wild = line.hour_is_wild;
        let (days, weekdays) = (u64::from(line.days_of_month), u64::from(line.days_of_week));
        const ALL_DAYS: u64 = 0xFFFF_FFFE;
        const ALL_WEEKDAYS: u64 = 0x7F;
        if line.day_of_month_is_wild || line.day_of_week_is_wild {
            Self { first: schedule(line, days, weekdays), second: None, hour_is_wild }
        } else {
            Self { first: schedule(line, days, ALL_WEEKDAYS), second: schedule(line, ALL_DAYS, weekdays), hour_is_wild }
        }
    }

    /// The first instant after `after`.
    pub fn next(&self, tz: Tz, after: Timestamp) -> Option<Timestamp> {
        // Ticks stand on whole seconds: what is after 12:00:00.5 is after 12:00:00 too, but 12:00:00 itself was before.
        let after = DateTime::<Utc>::from_timestamp(after.as_secs(), 0)?;
        let next = if self.hour_is_wild { next_elapsed(self, tz, after) } else { next_fixed(self, tz, after) };
        next.map(Timestamp::from)
    }

    fn after(&self, civil: NaiveDateTime) -> Option<NaiveDateTime> {
        let next = |schedule: &Schedule| schedule.after(&civil.and_utc()).next().map(|tick| tick.naive_utc());
        let (first, second) = (self.first.as_ref().and_then(next), self.second.as_ref().and_then(next));
        first.into_iter().chain(second).min()
    }
}

/// The crate's schedule for a line with these days; `None` if a field is empty, which the parser never makes.
fn schedule(line: &CronLine, days: u64, weekdays: u64) -> Option<Schedule> {
    let mut text = String::with_capacity(128);
    for (set, shift) in
        [(line.seconds, 0), (line.minutes, 0), (u64::from(line.hours), 0), (days, 0), (u64::from(line.months), 0), (weekdays, 1)]
    {
        for value in (0_u32..64).filter(|value| set >> value & 1 == 1) {
            // Writing into a String cannot fail.
            let _ = write!(text, "{},", value + shift);
        }
        text.pop();
        text.push(' ');
    }
    Schedule::from_str(text.trim_end()).ok()
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use chrono_tz::Tz;

    use super::{cron_next, tick_gap_min};
    use crate::{model::Timestamp, schedule::parse_cron};

    fn times(line: &str, tz: Tz, from: &str, count: usize) -> Vec<String> {
        let line = parse_cron(line).expect(line);
        let mut at = Timestamp::from(DateTime::parse_from_rfc3339(from).expect(from));
        let mut found = Vec::new();
        while found.len() < count {
            let Some(next) = cron_next(&line, tz, at) else { break };
            assert!(next > at, "{} after {}", next.rfc3339(), at.rfc3339());
            found.push(next.to_utc().with_timezone(&tz).format("%m-%d %H:%M:%S%z").to_string());
            at = next;
        }
        found
    }

    #[test]
    fn plain_lines() {
        for (line, wanted) in [
            ("*/15 * * * *", ["01-01 00:15:00+0000", "01-01 00:30:00+0000", "01-01 00:45:00+0000"]),
            ("*/20 * * * * *", ["01-01 00:00:20+0000", "01-01 00:00:40+0000", "01-01 00:01:00+0000"]),
            ("30 9 * * mon-fri", ["01-01 09:30:00+0000", "01-02 09:30:00+0000", "01-03 09:30:00+0000"]),
            ("0 0 29 2 *", ["02-29 00:00:00+0000", "02-29 00:00:00+0000", "02-29 00:00:00+0000"]),
        ] {
            assert_eq!(times(line, Tz::UTC, "2024-01-01T00:00:00Z", 3), wanted, "{line}");
        }
    }

    #[test]
    fn the_shortest_gap_is_found_over_hours_and_midnight() {
        for (line, wanted) in [
            ("* * * * * *", 1),
            ("*/7 * * * *", 240),
            ("0 * * * *", 3600),
            ("59 23 * * *", 86_400),
            ("0,55 0,23 * * *", 300),
            ("0 9,17 * * mon", 8 * 3600),
        ] {
            assert_eq!(tick_gap_min(&parse_cron(line).expect(line)).as_secs(), wanted, "{line}");
        }
    }

    #[test]
    fn either_day_field_matches_unless_one_begins_with_a_star() {
        // 2024-09: the 13th is a Friday.
        assert_eq!(
            times("0 0 13 * 5", Tz::UTC, "2024-09-01T00:00:00Z", 4),
            ["09-06 00:00:00+0000", "09-13 00:00:00+0000", "09-20 00:00:00+0000", "09-27 00:00:00+0000"]
        );
        assert_eq!(times("0 0 12 * 5", Tz::UTC, "2024-09-10T00:00:00Z", 2), ["09-12 00:00:00+0000", "09-13 00:00:00+0000"]);
        assert_eq!(times("0 0 */2 * 5", Tz::UTC, "2024-09-01T00:00:00Z", 2), ["09-13 00:00:00+0000", "09-27 00:00:00+0000"]);
        assert_eq!(times("0 0 13 * */5", Tz::UTC, "2024-08-14T00:00:00Z", 2), ["09-13 00:00:00+0000", "10-13 00:00:00+0000"]);
    }

    #[test]
    fn a_fixed_hour_that_is_skipped_fires_once_when_the_clock_changes() {
        // New York, 2024-03-10: 02:00 becomes 03:00.
        assert_eq!(
            times("30 2 * * *", Tz::America__New_York, "2024-03-09T00:00:00Z", 3),
            ["03-09 02:30:00-0500", "03-10 03:00:00-0400", "03-11 02:30:00-0400"]
        );
        assert_eq!(
            times("*/30 2 * * *", Tz::America__New_York, "2024-03-10T00:00:00Z", 3),
            ["03-10 03:00:00-0400", "03-11 02:00:00-0400", "03-11 02:30:00-0400"]
        );
    }

    #[test]
    fn a_fixed_hour_that_repeats_fires_once() {
        // New York, 2024-11-03: 02:00 becomes 01:00.
        assert_eq!(times("30 1 * * *", Tz::America__New_York, "2024-11-02T12:00:00Z", 2), ["11-03 01:30:00-0400", "11-04 01:30:00-0500"]);
        // The daemon starts in the second of the two hours: today's time is past.
        assert_eq!(times("30 1 * * *", Tz::America__New_York, "2024-11-03T06:10:00Z", 1), ["11-04 01:30:00-0500"]);
    }

    #[test]
    fn a_wild_hour_follows_elapsed_time() {
        assert_eq!(
            times("30 * * * *", Tz::America__New_York, "2024-11-03T05:00:00Z", 4),
            ["11-03 01:30:00-0400", "11-03 01:30:00-0500", "11-03 02:30:00-0500", "11-03 03:30:00-0500"]
        );
        assert_eq!(
            times("0 * * * *", Tz::America__New_York, "2024-11-03T04:30:00Z", 4),
            ["11-03 01:00:00-0400", "11-03 01:00:00-0500", "11-03 02:00:00-0500", "11-03 03:00:00-0500"]
        );
        assert_eq!(
            times("30 * * * *", Tz::America__New_York, "2024-03-10T06:00:00Z", 3),
            ["03-10 01:30:00-0500", "03-10 03:30:00-0400", "03-10 04:30:00-0400"]
        );
        // Lord Howe changes by half an hour.
        assert_eq!(
            times("*/20 * * * *", Tz::Australia__Lord_Howe, "2024-04-06T14:30:00Z", 5),
            ["04-07 01:40:00+1100", "04-07 01:40:00+1030", "04-07 02:00:00+1030", "04-07 02:20:00+1030", "04-07 02:40:00+1030"]
        );
    }

    #[test]
    fn every_instant_of_a_wild_line_is_found_by_brute_force_too() {
        for (line, tz, from) in [
            ("*/7 * * * *", Tz::America__New_York, 1_730_592_000_i64),
            ("*/7 */2 * * *", Tz::Europe__Berlin, 1_729_900_800),
            ("13 * * * *", Tz::Africa__Casablanca, 1_709_942_400),
            ("*/10 * * * *", Tz::America__Santiago, 1_712_448_000),
        ] {
            let parsed = parse_cron(line).expect(line);
            let mut at = Timestamp::from_secs(from);
            for minute in (from / 60 + 1)..(from / 60 + 2 * 1440) {
                let instant = Timestamp::from_secs(minute * 60);
                let local = instant.to_utc().with_timezone(&tz);
                let (hour, minute) = (chrono::Timelike::hour(&local), chrono::Timelike::minute(&local));
                if parsed.minutes >> minute & 1 == 1 && parsed.hours >> hour & 1 == 1 {
                    assert_eq!(cron_next(&parsed, tz, at), Some(instant), "{line} {tz}");
                    at = instant;
                }
            }
        }
    }

    #[test]
    fn a_day_that_does_not_exist_is_made_up_for_once() {
        // Samoa skipped 2011-12-30.
        assert_eq!(
            times("0 12 * * *", Tz::Pacific__Apia, "2011-12-29T20:00:00Z", 3),
            ["12-29 12:00:00-1000", "12-31 00:00:00+1400", "12-31 12:00:00+1400"]
        );
    }
}
