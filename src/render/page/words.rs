//! Days, times and distances in words.

use std::time::Duration;

use chrono::{Datelike, NaiveDate, Offset, Timelike};
use chrono_tz::Tz;

use super::Html;
use crate::model::{Timestamp, ZonedTime, counted};

/// The day a story is listed under: the day in the site's zone, but a bare date stays the day its publisher wrote.
pub(super) fn day(time: ZonedTime, timezone: Tz) -> NaiveDate {
    if is_bare_date(time) { time.to_chrono().date_naive() } else { time.at().to_utc().with_timezone(&timezone).date_naive() }
}

/// `Fri 13 Sep 2024`.
pub(super) fn day_name(day: NaiveDate) -> String {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let weekday = DAYS[day.weekday().num_days_from_monday() as usize];
    format!("{weekday} {} {} {}", day.day(), MONTHS[day.month0() as usize], day.year())
}

/// A `time` element that shows the clock of the site's zone; nothing where the publisher gave a bare date.
pub(super) fn write_clock(html: &mut Html, time: ZonedTime, timezone: Tz) {
    let local = time.at().to_utc().with_timezone(&timezone);
    let shown = if is_bare_date(time) { String::new() } else { format!("{:02}:{:02}", local.hour(), local.minute()) };
    html.element("time", &[("datetime", &time.rfc3339())], &shown);
}

/// A `time` element that shows the day and the clock in the site's zone, as all pages do, and how far that is from UTC; the day alone
/// where the publisher gave a bare date. A program reads the publisher's own offset in it.
pub(super) fn write_time(html: &mut Html, time: ZonedTime, timezone: Tz) {
    let shown = if is_bare_date(time) { time.to_chrono().format("%Y-%m-%d").to_string() } else { moment(time.at(), timezone) };
    html.element("time", &[("datetime", &time.rfc3339())], &shown);
}

/// The same for a moment that no publisher wrote.
pub(super) fn write_moment(html: &mut Html, time: Timestamp, timezone: Tz) {
    html.element("time", &[("datetime", &time.rfc3339())], &moment(time, timezone));
}

/// `2024-09-13 22:30 +08:00`, `2024-09-13 14:30 UTC`.
fn moment(time: Timestamp, timezone: Tz) -> String {
    let local = time.to_utc().with_timezone(&timezone);
    let is_utc = local.offset().fix().local_minus_utc() == 0;
    local.format(if is_utc { "%Y-%m-%d %H:%M UTC" } else { "%Y-%m-%d %H:%M %:z" }).to_string()
}

/// `15 minutes`, `1 hour`, `36 hours`.
pub(super) fn distance(span: Duration) -> String {
    match span.as_secs() {
        secs if secs >= 3600 && secs % 3600 == 0 => counted(secs / 3600, "hour", "hours"),
        secs if secs >= 60 => counted(secs / 60, "minute", "minutes"),
        secs => counted(secs, "second", "seconds"),
    }
}

/// Midnight on the publisher's own clock: a date that was written without a time.
fn is_bare_date(time: ZonedTime) -> bool {
    time.to_chrono().num_seconds_from_midnight() == 0
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::NaiveDate;

    use super::{day, day_name, distance, moment};
    use crate::model::{Timestamp, ZonedTime};

    #[test]
    fn a_bare_date_stays_the_day_its_publisher_wrote() {
        let midnight = Timestamp::from_secs(1_726_156_800);
        let wanted = NaiveDate::from_ymd_opt(2024, 9, 13).expect("a day");
        assert_eq!(day(ZonedTime::new(midnight, 480), chrono_tz::UTC), wanted);
        assert_eq!(day(ZonedTime::utc(midnight), chrono_tz::Asia::Shanghai), wanted);
        assert_eq!(day(ZonedTime::utc(midnight), chrono_tz::UTC).to_string(), "2024-09-12");
        assert_eq!(day_name(wanted), "Fri 13 Sep 2024");
    }

    #[test]
    fn a_moment_is_told_in_the_sites_zone_and_names_its_distance_from_utc() {
        let at = Timestamp::from_secs(1_726_237_800);
        assert_eq!(moment(at, chrono_tz::Asia::Shanghai), "2024-09-13 22:30 +08:00");
        assert_eq!(moment(at, chrono_tz::America::New_York), "2024-09-13 10:30 -04:00");
        assert_eq!(moment(at, chrono_tz::UTC), "2024-09-13 14:30 UTC");
    }

    #[test]
    fn distances_have_one_unit_and_its_plural() {
        for (secs, wanted) in
            [(1, "1 second"), (60, "1 minute"), (900, "15 minutes"), (3600, "1 hour"), (5400, "90 minutes"), (86_400, "24 hours")]
        {
            assert_eq!(distance(Duration::from_secs(secs)), wanted);
        }
    }
}
