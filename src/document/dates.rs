//! Dates of documents.

use std::sync::LazyLock;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone};
use chrono_tz::Tz;
use regex::Regex;

use crate::model::ZonedTime;

/// How far into a text a date counts as the date of what it reports, in characters.
const OPENING_CHARS_MAX: usize = 300;

static FULL_DATE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b((?:19|20)[0-9]{2})\s*(?:年\s*|[-/.])([01]?[0-9])(?:\s*月\s*|[-/.])([0-3]?[0-9])(?:\s*日|\b)").expect("a valid pattern")
});

/// Dates with a time and no offset.
const LOCAL: [&str; 7] = [
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y年%m月%d日 %H:%M:%S",
    "%Y年%m月%d日 %H:%M",
];

/// A date as front matter states it. A bare date is midnight in `timezone`; so is a time without an offset.
pub(super) fn stated(text: &str, timezone: Tz) -> Option<ZonedTime> {
    let with_offset =
        || ["%Y-%m-%d %H:%M:%S %z", "%Y-%m-%dT%H:%M:%S%z"].iter().find_map(|format| DateTime::parse_from_str(text, format).ok());
    let exact = DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_rfc2822(text)).ok().or_else(with_offset);
    if let Some(exact) = exact {
        return Some(exact.into());
    }
    let local = LOCAL.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    match local {
        Some(local) => zoned(local, timezone),
        None => FULL_DATE.captures(text).and_then(|date| midnight(&date, timezone)),
    }
}

/// The first full date in the opening of a text: the day of the event it reports. A day without a year is none.
pub(super) fn in_opening(text: &str, timezone: Tz) -> Option<ZonedTime> {
    let end = text.char_indices().nth(OPENING_CHARS_MAX).map_or(text.len(), |(at, _)| at);
    FULL_DATE.captures_iter(&text[..end]).find_map(|date| midnight(&date, timezone))
}

fn midnight(date: &regex::Captures<'_>, timezone: Tz) -> Option<ZonedTime> {
    let date = NaiveDate::from_ymd_opt(date[1].parse().ok()?, date[2].parse().ok()?, date[3].parse().ok()?)?;
    zoned(date.and_time(NaiveTime::MIN), timezone)
}

/// A local time with the offset that `timezone` has then; where a clock change skips it, the next hour.
fn zoned(local: NaiveDateTime, timezone: Tz) -> Option<ZonedTime> {
    let later = || timezone.from_local_datetime(&(local + TimeDelta::hours(1))).earliest();
    timezone.from_local_datetime(&local).earliest().or_else(later).map(|time| time.fixed_offset().into())
}

#[cfg(test)]
mod tests {
    use chrono_tz::{America::Sao_Paulo, Asia::Shanghai, Tz};

    use super::{in_opening, stated};
    use crate::model::ZonedTime;

    #[test]
    fn a_bare_date_is_local_midnight() {
        for (text, zone, wanted) in [
            ("2024-09-13", Shanghai, Some("2024-09-13T00:00:00+08:00")),
            ("2024-09-13", Tz::UTC, Some("2024-09-13T00:00:00Z")),
            ("2024年9月3日", Shanghai, Some("2024-09-03T00:00:00+08:00")),
            ("2024/9/3", Shanghai, Some("2024-09-03T00:00:00+08:00")),
            ("2024-09-13 07:08", Shanghai, Some("2024-09-13T07:08:00+08:00")),
            ("2024-09-13T07:08:09-05:00", Shanghai, Some("2024-09-13T07:08:09-05:00")),
            // Clocks went from 0:00 to 1:00 that night.
            ("2018-11-04", Sao_Paulo, Some("2018-11-04T01:00:00-02:00")),
            ("2024-09-13 07:08:09 -0500", Shanghai, Some("2024-09-13T07:08:09-05:00")),
            ("Fri, 13 Sep 2024 07:08:09 +0000", Shanghai, Some("2024-09-13T07:08:09Z")),
            ("2024/9/13 07:08", Shanghai, Some("2024-09-13T07:08:00+08:00")),
            ("2024年9月13日 07:08", Shanghai, Some("2024-09-13T07:08:00+08:00")),
            ("2024-02-30", Shanghai, None),
            ("yesterday", Shanghai, None),
        ] {
            assert_eq!(stated(text, zone).map(ZonedTime::rfc3339).as_deref(), wanted, "{text}");
        }
    }

    #[test]
    fn only_a_full_date_near_the_beginning_dates_a_text() {
        for (text, wanted) in [
            ("**标题**\n\n2025年4月10日上午，某地", Some("2025-04-10T00:00:00+08:00")),
            ("在11月2日舉行的發布會上", None),
            ("version 2024.1 of 12-34-5678", None),
        ] {
            assert_eq!(in_opening(text, Shanghai).map(ZonedTime::rfc3339).as_deref(), wanted, "{text}");
        }
        assert_eq!(in_opening(&("字".repeat(300) + "2025年4月10日"), Shanghai), None);
    }
}
