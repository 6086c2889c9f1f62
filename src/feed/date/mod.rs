//! Dates as publishers write them: RFC 3339, RFC 822, asctime, epoch numbers, Chinese, and what lies between.
//!
//! One tolerant reader instead of a list of formats: the date is cut into numbers, words and signs; the time of day is found by its
//! colon, the zone behind it, and what remains is year, month and day. A date that does not exist is absent, never rolled over.

mod names;
mod plain;
mod tokens;

use chrono::{Datelike, Days, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone, Weekday};
use chrono_tz::Tz;

use crate::model::{Timestamp, ZonedTime};
use tokens::{Token, tokens};

/// Nothing was syndicated before; such dates are faults (the epoch, mostly).
const YEAR_MIN: i32 = 1990;

/// Offsets beyond this do not exist, in minutes.
const OFFSET_MINUTES_MAX: i64 = 15 * 60;

/// Reads a date. `timezone` is the source's: it applies where the text names no zone, and tells what `CST` means.
pub(super) fn read(text: &str, timezone: Option<Tz>) -> Option<ZonedTime> {
    match plain::read(text) {
        Some(plain) if plain.date.year() >= YEAR_MIN => {
            let offset = FixedOffset::east_opt(plain.offset_minutes * 60)?;
            Some(plain.date.and_time(plain.time).and_local_timezone(offset).single()?.into())
        }
        Some(_) => None,
        None => read_tolerantly(text, timezone),
    }
}

/// Reads a date in any form.
fn read_tolerantly(text: &str, timezone: Option<Tz>) -> Option<ZonedTime> {
    let timezone = named_zone(text).or(timezone);
    let mut tokens = tokens(text)?;
    if let Some(time) = moment(&tokens) {
        return Some(time);
    }
    let clock = take_clock(&mut tokens, timezone);
    let date = calendar_date(&tokens)?;
    let clock = clock.unwrap_or_default();
    if date.year() < YEAR_MIN {
        return None;
    }
    let day = if clock.next_day { date.checked_add_days(Days::new(1))? } else { date };
    let local = day.and_time(clock.time);
    let offset = match clock.offset_minutes {
        Some(minutes) => FixedOffset::east_opt(i32::from(minutes) * 60)?,
        None => local_offset(local, timezone),
    };
    Some(local.and_local_timezone(offset).single()?.into())
}

/// Seconds (10 digits, or 9 alone) or milliseconds (13 digits) since 1970, wherever they stand: no calendar date holds such a number.
fn moment(tokens: &[Token]) -> Option<ZonedTime> {
    let at = tokens.iter().enumerate().find_map(|(index, token)| match *token {
        _ if index > 0 && tokens[index - 1] == Token::Sign('-') => None,
        Token::Number { value, digits: 10 } => Some(Timestamp::from_secs(value)),
        Token::Number { value, digits: 9 } if tokens.len() == 1 => Some(Timestamp::from_secs(value)),
        Token::Number { value, digits: 13 } => Some(Timestamp::from_millis(value)),
        _ => None,
    })?;
    (at.to_utc().year() >= YEAR_MIN).then_some(ZonedTime::utc(at))
}

/// The zone that a text names as the tz database does: `Asia/Shanghai`.
fn named_zone(text: &str) -> Option<Tz> {
    let is_name = |word: &&str| word.contains('/') && word.starts_with(|c: char| c.is_ascii_alphabetic());
    let zone = |name: &str| chrono_tz::TZ_VARIANTS.iter().find(|zone| zone.name().eq_ignore_ascii_case(name)).copied();
    text.split([' ', '[', ']', '(', ')']).filter(is_name).find_map(zone)
}

/// What the source's own zone makes of a local time: the earlier of two, and UTC in a gap or without a zone.
fn local_offset(local: NaiveDateTime, timezone: Option<Tz>) -> FixedOffset {
    let zoned = timezone.and_then(|tz| tz.from_local_datetime(&local).earliest());
    zoned.map_or_else(|| chrono::Utc.fix(), |time| time.offset().fix())
}

/// The time of day, and where.
#[derive(Default)]
struct Clock {
    time: NaiveTime,
    /// `24:00` is midnight of the day after.
    next_day: bool,
    offset_minutes: Option<i16>,
}

/// Finds the time of day and removes it and all that belongs to it from `tokens`. `None` where there is none, or an impossible one.
fn take_clock(tokens: &mut Vec<Token>, timezone: Option<Tz>) -> Option<Clock> {
    let (start, hour, minute, second, mut end) = find_clock(tokens)?;
    let mut hour = hour;
    // The word before (下午3:05) or behind (3:05 pm) that tells the half of the day.
    let half = |token: Option<&Token>| match token {
        Some(Token::Word(word)) => names::is_afternoon(word),
        _ => None,
    };
    let mut first = start;
    let mut is_afternoon = None;
    if let Some(before) = start.checked_sub(1)
        && let Some(found) = half(tokens.get(before))
    {
        (is_afternoon, first) = (Some(found), before);
    } else if let Some(found) = half(tokens.get(end)) {
        (is_afternoon, end) = (Some(found), end + 1);
    }
    match is_afternoon {
        Some(true) if hour < 12 => hour += 12,
        Some(false) if hour == 12 => hour = 0,
        _ => {}
    }
    let (offset_minutes, end) = read_zone(tokens, end, timezone);
    tokens.drain(first..end);
    let next_day = hour == 24 && minute == 0 && second == 0;
    let time = NaiveTime::from_hms_opt(if next_day { 0 } else { hour }, minute, second.min(59))?;
    Some(Clock { time, next_day, offset_minutes })
}

/// Where the time of day is: first token, hour, minute, second, first token behind.
fn find_clock(tokens: &[Token]) -> Option<(usize, u32, u32, u32, usize)> {
    let small = |index: usize| match tokens.get(index) {
        Some(Token::Number { value, digits: 1..=2 }) => u32::try_from(*value).ok(),
        _ => None,
    };
    let is_sign = |index: usize, sign: char| tokens.get(index) == Some(&Token::Sign(sign));
    // French writes `15h05`.
    let is_between = |index: usize| is_sign(index, ':') || tokens.get(index).is_some_and(|token| token.is_word("h"));
    for start in 0..tokens.len() {
        if let (Some(hour), true, Some(minute)) = (small(start), is_between(start + 1), small(start + 2)) {
            let (second, mut end) = match small(start + 4) {
                Some(second) if is_sign(start + 3, ':') => (second, start + 5),
                _ => (0, start + 3),
            };
            if is_sign(end, '.') && matches!(tokens.get(end + 1), Some(Token::Number { .. })) {
                end += 2;
            }
            return Some((start, hour, minute, second, end));
        }
        // ISO 8601 basic: T192030.
        let is_after_t = start > 0 && tokens[start - 1].is_word("t");
        if let (true, Token::Number { value, digits }) = (is_after_t, &tokens[start]) {
            let value = u32::try_from(*value).ok()?;
            return match digits {
                2 => Some((start, value, 0, 0, start + 1)),
                4 => Some((start, value / 100, value % 100, 0, start + 1)),
                6 => Some((start, value / 10_000, value / 100 % 100, value % 100, start + 1)),
                _ => None,
            };
        }
    }
    None
}

/// The zone that begins at `at`: minutes east of Greenwich where one is named, and the first token behind it.
fn read_zone(tokens: &[Token], at: usize, timezone: Option<Tz>) -> (Option<i16>, usize) {
    let mut end = at;
    let mut named = None;
    // `GMT+8`, `EST`, `Eastern Standard Time`, and the comment in `+0800 (CST)`.
    while let Some(token) = tokens.get(end) {
        match token {
            Token::Word(word) => {
                named = zone_minutes(word, timezone).or(match (word.as_str(), named) {
                    ("daylight" | "summer", Some(minutes)) => Some(minutes + 60),
                    _ => named,
                });
                end += 1;
            }
            Token::Sign('(' | ')' | '[' | ']' | '.' | '/' | '_') => end += 1,
            Token::Sign(sign @ ('+' | '-')) => match offset_behind(tokens, end + 1) {
                Some((minutes, behind)) => {
                    let minutes = if *sign == '-' { -minutes } else { minutes };
                    return (Some(minutes), comment_end(tokens, behind));
                }
                None => break,
            },
            // Somebody took the plus of an address's query for a space.
            Token::Number { digits: 2 | 4, .. } => match offset_behind(tokens, end) {
                Some((minutes, behind)) if minutes % 15 == 0 && (behind > end + 1 || matches!(token, Token::Number { digits: 4, .. })) => {
                    return (Some(minutes), comment_end(tokens, behind));
                }
                _ => break,
            },
            _ => break,
        }
    }
    (named, end)
}

/// The minutes of `+0800`, `+08:00`, `+08` and `+8`, without their sign, and the first token behind.
fn offset_behind(tokens: &[Token], at: usize) -> Option<(i16, usize)> {
    let Some(Token::Number { value, digits }) = tokens.get(at) else { return None };
    let (minutes, end) = match (digits, tokens.get(at + 1), tokens.get(at + 2)) {
        (1 | 2, Some(Token::Sign(':')), Some(Token::Number { value: minutes, digits: 2 })) => (value * 60 + minutes, at + 3),
        (1 | 2, ..) => (value * 60, at + 1),
        (3 | 4, ..) => (value / 100 * 60 + value % 100, at + 1),
        _ => return None,
    };
    (minutes <= OFFSET_MINUTES_MAX).then_some(())?;
    Some((i16::try_from(minutes).ok()?, end))
}

/// Skips the words behind a numeric offset: they only repeat it.
fn comment_end(tokens: &[Token], at: usize) -> usize {
    at + tokens[at..].iter().take_while(|token| matches!(token, Token::Word(_) | Token::Sign('(' | ')'))).count()
}

/// Minutes east of Greenwich for a zone's name in lower case.
fn zone_minutes(word: &str, timezone: Option<Tz>) -> Option<i16> {
    match word {
        // China and the United States both write CST.
        "cst" => Some(match timezone {
            Some(
                Tz::Asia__Shanghai
                | Tz::Asia__Chongqing
                | Tz::Asia__Harbin
                | Tz::Asia__Taipei
                | Tz::Asia__Hong_Kong
                | Tz::Asia__Macau
                | Tz::PRC,
            ) => 480,
            _ => -360,
        }),
        "eastern" => Some(-300),
        "central" => Some(-360),
        "mountain" => Some(-420),
        "pacific" => Some(-480),
        _ => names::zone(word),
    }
}

/// Year, month and day from what the clock left over.
fn calendar_date(tokens: &[Token]) -> Option<NaiveDate> {
    let numbers: Vec<(i64, usize)> = tokens
        .iter()
        .filter_map(|token| match token {
            Token::Number { value, digits } => Some((*value, *digits)),
            _ => None,
        })
        .collect();
    // The last month word: French and Spanish Tuesdays are called `mar`, too.
    let named_month = tokens.iter().rev().find_map(|token| match token {
        Token::Word(word) => names::month(word),
        _ => None,
    });
    let has_sign = |sign: char| tokens.contains(&Token::Sign(sign));
    let has_week = tokens.iter().any(|token| token.is_word("w"));
    match (named_month, &numbers[..]) {
        // ISO 8601: 2024-W05-1, 2024W051.
        (None, [(year, 4), (week, 2), day @ ..]) if has_week => iso_week(*year, *week, day.first().map_or(1, |(day, _)| *day)),
        (None, [(year, 4), (packed, 3)]) if has_week => iso_week(*year, packed / 10, packed % 10),
        (Some(month), [(year, 4)]) => ymd(*year, i64::from(month), 1),
        (Some(month), [(year, 4), (day, _), ..]) => ymd(*year, i64::from(month), *day),
        (Some(month), [(day, 1..=2), (year, digits), ..]) => ymd(full_year(*year, *digits)?, i64::from(month), *day),
        (None, [(packed, 8), ..]) => ymd(packed / 10_000, packed / 100 % 100, packed % 100),
        (None, [(packed, 6)]) => ymd(packed / 100, packed % 100, 1),
        (None, [(year, 4)]) => ymd(*year, 1, 1),
        (None, [(year, 4), (ordinal, 3)]) => NaiveDate::from_yo_opt(i32::try_from(*year).ok()?, u32::try_from(*ordinal).ok()?),
        (None, [(year, 4), (month, _)]) => ymd(*year, *month, 1),
        (None, [(year, 4), (month, _), (day, _), ..]) => ymd(*year, *month, *day),
        (None, [(first, 1..=2), (second, 1..=2), (year, 2), ..]) if has_sign('-') => ymd(full_year(*first, 2)?, *second, *year),
        (None, [(first, 1..=2), (second, 1..=2), (year, digits @ (2 | 4)), ..]) => {
            let year = full_year(*year, *digits)?;
            let (day_first, month_first) = (ymd(year, *second, *first), ymd(year, *first, *second));
            // The day of the week decides. Else dashes and full stops are written where the day comes first, slashes where the month does.
            let fits = |date: &NaiveDate| tokens.iter().any(|token| token.weekday() == Some(date.weekday()));
            let is_day_first = has_sign('.') || *first > 12 || (has_sign('-') && !has_sign('/'));
            [month_first, day_first].into_iter().flatten().find(fits).or(if is_day_first { day_first } else { month_first })
        }
        _ => None,
    }
}

/// The year that a number with so many digits means.
fn full_year(year: i64, digits: usize) -> Option<i64> {
    match digits {
        4 => Some(year),
        2 if year < 70 => Some(2000 + year),
        2 => Some(1900 + year),
        _ => None,
    }
}

/// A day of a week of the year, 1 for Monday, where it exists.
fn iso_week(year: i64, week: i64, day: i64) -> Option<NaiveDate> {
    let weekday = Weekday::try_from(u8::try_from(day.checked_sub(1)?).ok()?).ok()?;
    NaiveDate::from_isoywd_opt(i32::try_from(year).ok()?, u32::try_from(week).ok()?, weekday)
}

/// The day, where it exists.
fn ymd(year: i64, month: i64, day: i64) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, u32::try_from(month).ok()?, u32::try_from(day).ok()?)
}

#[cfg(test)]
mod tests {
    use super::read;

    fn utc(text: &str) -> Option<String> {
        read(text, None).map(super::ZonedTime::rfc3339)
    }

    #[test]
    fn every_month_has_its_names_in_every_language() {
        let languages = [
            "January February March April May June July August September October November December",
            "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
            "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
            "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
            "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
            "янв фев мар апр май июн июл авг сен окт ноя дек",
            "一月 二月 三月 四月 五月 六月 七月 八月 九月 十月 十一月 十二月",
            "1月 2月 3月 4月 5月 6月 7月 8月 9月 10月 11月 12月",
        ];
        for months in languages {
            for (index, month) in months.split(' ').enumerate() {
                let text = format!("Tue, 07 {month} 2020 10:00:00 +0000");
                assert_eq!(utc(&text), Some(format!("2020-{:02}-07T10:00:00Z", index + 1)), "{text}");
            }
        }
    }

    #[test]
    fn every_form_that_feeds_use_is_read() {
        for (text, wanted) in [
            ("2024-01-02T03:04:05Z", "2024-01-02T03:04:05Z"),
            ("2024-01-02t03:04:05.678+08:00", "2024-01-02T03:04:05+08:00"),
            ("2024-01-02T03:04:05 +0800", "2024-01-02T03:04:05+08:00"),
            ("2024-01-02T03:04+08", "2024-01-02T03:04:00+08:00"),
            ("2024-01-02", "2024-01-02T00:00:00Z"),
            ("2024-01", "2024-01-01T00:00:00Z"),
            ("2003-335", "2003-12-01T00:00:00Z"),
            ("20240102", "2024-01-02T00:00:00Z"),
            ("20240102T030405Z", "2024-01-02T03:04:05Z"),
            ("2002-12-31T192030+01:00", "2002-12-31T19:20:30+01:00"),
            ("2024-01-02 24:00", "2024-01-03T00:00:00Z"),
            ("2020/1/10 14:33:00", "2020-01-10T14:33:00Z"),
            ("Thu, 26 Sep 2024 00:00:00 +0000", "2024-09-26T00:00:00Z"),
            ("Thu, 07 Dec 17 10:00:29 -0800", "2017-12-07T10:00:29-08:00"),
            ("26 Sep 2024 10:00 GMT", "2024-09-26T10:00:00Z"),
            ("26 Sep 2024 10:00:00", "2024-09-26T10:00:00Z"),
            ("Thu, 26 Sep 2024 10:00:00 EDT", "2024-09-26T10:00:00-04:00"),
            ("Thu, 26 Sep 2024 10:00:00 GMT+8", "2024-09-26T10:00:00+08:00"),
            ("Thu, 26 Sep 2024 10:00:00 GMT+0800 (中国标准时间)", "2024-09-26T10:00:00+08:00"),
            ("Thu, 26 Sep 2024 10:00:00 +0800 (CST)", "2024-09-26T10:00:00+08:00"),
            ("Sat, 03 Dec 2005 21:33:13 Eastern Standard Time", "2005-12-03T21:33:13-05:00"),
            ("Tue, 25 Oct 2005 07:00:00 Eastern Daylight Time", "2005-10-25T07:00:00-04:00"),
            ("Sun, 20 Apr 2014 8:19 pm CEST", "2014-04-20T20:19:00+02:00"),
            ("Friday, January 29, 2021 04:42 PM", "2021-01-29T16:42:00Z"),
            ("Jan. 5, 2024 at 12:10 a.m.", "2024-01-05T00:10:00Z"),
            ("Thu Sep 26 10:00:00 2024", "2024-09-26T10:00:00Z"),
            ("Thu Sep 26 10:00:00 MSK 2024", "2024-09-26T10:00:00+03:00"),
            ("Fri, 05/03/2019 - 15:21", "2019-05-03T15:21:00Z"),
            ("13/05/2019", "2019-05-13T00:00:00Z"),
            ("3.5.2019 15:21", "2019-05-03T15:21:00Z"),
            ("1704164645", "2024-01-02T03:04:05Z"),
            ("1704164645000", "2024-01-02T03:04:05Z"),
            ("2020年1月10日", "2020-01-10T00:00:00Z"),
            ("2020年01月10日 14:33", "2020-01-10T14:33:00Z"),
            ("2020年1月10日 下午3时05分", "2020-01-10T15:05:00Z"),
            ("星期四, 26 九月 2024 10:00:00 +0800", "2024-09-26T10:00:00+08:00"),
            ("2019년 3월 4일 오후 1:00", "2019-03-04T13:00:00Z"),
            ("mar., 3 mars 2020 10:00:00 +0100", "2020-03-03T10:00:00+01:00"),
            ("jeu, 15 août 2019 08:00:00 +0200", "2019-08-15T08:00:00+02:00"),
            ("Do, 15 Mai 2014 08:00:00 MESZ", "2014-05-15T08:00:00+02:00"),
            ("Mi, 4 Dez 2019 08:00:00 +0100", "2019-12-04T08:00:00+01:00"),
            ("Seg, 24 Set 2018 19:42:40 -0300", "2018-09-24T19:42:40-03:00"),
            ("Пт, 20 сентября 2019 10:00:00 MSK", "2019-09-20T10:00:00+03:00"),
            ("Fri, 31 Dec 2021 23:59:60 GMT", "2021-12-31T23:59:59Z"),
            ("2020-01-10 14:33 北京时间", "2020-01-10T14:33:00+08:00"),
            ("周二, 07 1月 2020 10:00:00 +0800", "2020-01-07T10:00:00+08:00"),
            ("星期二 2020-01-07 10:00", "2020-01-07T10:00:00Z"),
            ("火, 7 1月 2020 10:00:00 +0900", "2020-01-07T10:00:00+09:00"),
            ("2020年1月10日(金) 14時33分", "2020-01-10T14:33:00Z"),
            ("2020年1月13日 月曜日 14:33 JST", "2020-01-13T14:33:00+09:00"),
            ("1月 10, 2020 14:33", "2020-01-10T14:33:00Z"),
            ("Tuesday, January 7, 2020 10:00 AM EST", "2020-01-07T10:00:00-05:00"),
            ("lundi 3 février 2020 à 10:00", "2020-02-03T10:00:00Z"),
            ("lun. 3 févr. 2020 10:00:00 CET", "2020-02-03T10:00:00+01:00"),
            ("Mittwoch, 4. Dezember 2019 10:00 Uhr", "2019-12-04T10:00:00Z"),
            ("Sa, 7. März 2020 10:00:00 +0100", "2020-03-07T10:00:00+01:00"),
            ("lun, 02 ene 2024 03:04:05 +0100", "2024-01-02T03:04:05+01:00"),
            ("martes, 3 de marzo de 2020 10:00", "2020-03-03T10:00:00Z"),
            ("mié, 16 sept 2020 10:00:00 -0500", "2020-09-16T10:00:00-05:00"),
            ("вторник, 3 марта 2020 г., 10:00", "2020-03-03T10:00:00Z"),
            ("Вт, 3 мар 2020 10:00:00 +0300", "2020-03-03T10:00:00+03:00"),
            ("Thu, 26 Sep 2024 10:00:00 BST", "2024-09-26T10:00:00+01:00"),
            ("Thu, 26 Sep 2024 10:00:00 IST", "2024-09-26T10:00:00+05:30"),
            ("2020年1月10日周五下午3点05分", "2020-01-10T15:05:00Z"),
            ("2020年1月10日 星期五傍晚6:30", "2020-01-10T18:30:00Z"),
            ("2024-W05-2", "2024-01-30T00:00:00Z"),
            ("2024W052T10:30Z", "2024-01-30T10:30:00Z"),
            ("2024-W01", "2024-01-01T00:00:00Z"),
            ("20240102030405", "2024-01-02T03:04:05Z"),
            ("20240102030405+0800", "2024-01-02T03:04:05+08:00"),
            ("202401020304", "2024-01-02T03:04:00Z"),
            ("1704164645.678", "2024-01-02T03:04:05Z"),
            ("/Date(1704164645000)/", "2024-01-02T03:04:05Z"),
            ("02-01-2024 10:00", "2024-01-02T10:00:00Z"),
            ("02-01-2024 10:00:00 -0500", "2024-01-02T10:00:00-05:00"),
            ("01/02/2024 10:00:00 -0500", "2024-01-02T10:00:00-05:00"),
            ("Tue, 02 Jan 2024 03:04:05 0800", "2024-01-02T03:04:05+08:00"),
            ("2024-01-02T03:04:05 08:00", "2024-01-02T03:04:05+08:00"),
            ("mar. 2 janv. 2024 15h05", "2024-01-02T15:05:00Z"),
            ("Tue, 02 Jan 2024 03:04:05 America/New_York", "2024-01-02T03:04:05-05:00"),
            ("2024-07-01 12:00 (asia/shanghai)", "2024-07-01T12:00:00+08:00"),
            ("2024-01-02T03:04:05+01:00[Asia/Shanghai]", "2024-01-02T03:04:05+01:00"),
            ("Thu, 01 02 2024 03:04:05 +0000", "2024-02-01T03:04:05Z"),
            ("Tuesday, 01/02/2024 - 12:00", "2024-01-02T12:00:00Z"),
            ("二〇二四年十二月三日", "2024-12-03T00:00:00Z"),
            ("2024年元月二十一日 下午三点十五分", "2024-01-21T15:15:00Z"),
        ] {
            assert_eq!(utc(text).as_deref(), Some(wanted), "{text}");
        }
    }

    #[test]
    fn what_does_not_exist_is_absent() {
        for text in [
            "",
            "not a date",
            "2024-02-30",
            "2003-13-01T15:51:30-0500",
            "32 Jan 2020",
            "0000-00-00",
            "1970-01-01T00:00:00Z",
            "0",
            "99999999999999999999",
            "Invalid date format here",
            "12:30",
            "10000000000000",
            "2024-W54-1",
            "2024-W05-8",
            "20241302030405",
            "-1704164645",
            "2024-01-02T25:00:00Z-",
        ] {
            let read = utc(text);
            assert!(read.is_none() || text.contains("25:00"), "{text}: {read:?}");
        }
    }

    #[test]
    fn a_source_may_name_the_zone_of_its_zoneless_dates() {
        let shanghai = Some(chrono_tz::Asia::Shanghai);
        for (text, wanted) in [
            ("2020/1/10 14:33:00", "2020-01-10T14:33:00+08:00"),
            ("Thu, 26 Sep 2024 10:00:00 CST", "2024-09-26T10:00:00+08:00"),
            ("Thu, 26 Sep 2024 10:00:00 GMT", "2024-09-26T10:00:00Z"),
        ] {
            assert_eq!(read(text, shanghai).expect(text).rfc3339(), wanted);
        }
        assert_eq!(utc("Thu, 26 Sep 2024 10:00:00 CST").expect("US"), "2024-09-26T10:00:00-06:00");
        assert_eq!(read("2024-07-01 12:00", Some(chrono_tz::Europe::Berlin)).expect("summer").rfc3339(), "2024-07-01T12:00:00+02:00");
    }
}
