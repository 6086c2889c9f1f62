//! The two forms that nearly every feed writes, read without taking them apart first: RFC 3339 and RFC 822.

use chrono::{NaiveDate, NaiveTime};

/// Offsets beyond this do not exist, in minutes.
const OFFSET_MINUTES_MAX: i32 = 15 * 60;

/// Months as RFC 822 names them.
const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";

/// A date with its zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plain {
    pub date: NaiveDate,
    pub time: NaiveTime,
    /// Minutes east of Greenwich.
    pub offset_minutes: i32,
}

/// Reads `2024-01-02T03:04:05+08:00` and `Tue, 02 Jan 2024 03:04:05 +0800` in their usual spellings. `None` for anything else, which the
/// tolerant reader may still understand.
pub(super) fn read(text: &str) -> Option<Plain> {
    let bytes = text.trim_ascii().as_bytes();
    if bytes.get(4) == Some(&b'-') { rfc_3339(bytes) } else { rfc_822(bytes) }
}

fn rfc_3339(bytes: &[u8]) -> Option<Plain> {
    let (date, rest) = bytes.split_at_checked(10)?;
    let [b'T' | b' ', rest @ ..] = rest else { return None };
    if date[7] != b'-' {
        return None;
    }
    let date = NaiveDate::from_ymd_opt(number(&date[..4])?.cast_signed(), number(&date[5..7])?, number(&date[8..])?)?;
    let (time, mut rest) = clock(rest)?;
    if let [b'.', digits @ ..] = rest {
        let length = digits.iter().take_while(|b| b.is_ascii_digit()).count();
        rest = &digits[length..];
    }
    let offset_minutes = match rest {
        b"Z" => 0,
        [sign, hours @ .., b':', m1, m2] if hours.len() == 2 => offset(*sign, &[hours[0], hours[1], *m1, *m2])?,
        _ => return None,
    };
    Some(Plain { date, time, offset_minutes })
}

fn rfc_822(bytes: &[u8]) -> Option<Plain> {
    // The weekday says nothing that the date does not.
    let bytes = match bytes {
        [a, b, c, b',', b' ', rest @ ..] if [a, b, c].iter().all(|b| b.is_ascii_alphabetic()) => rest,
        _ => bytes,
    };
    let day_length = if bytes.get(1)? == &b' ' { 1 } else { 2 };
    let (day, rest) = bytes.split_at_checked(day_length)?;
    let [b' ', m1, m2, m3, b' ', y1, y2, y3, y4, b' ', rest @ ..] = rest else { return None };
    let month = MONTHS.chunks_exact(3).position(|name| name == [*m1, *m2, *m3])?;
    let date = NaiveDate::from_ymd_opt(number(&[*y1, *y2, *y3, *y4])?.cast_signed(), u32::try_from(month).ok()? + 1, number(day)?)?;
    let (time, rest) = clock(rest)?;
    let offset_minutes = match rest {
        b" GMT" | b" UTC" | b" Z" => 0,
        [b' ', sign, digits @ ..] => offset(*sign, digits.try_into().ok()?)?,
        _ => return None,
    };
    Some(Plain { date, time, offset_minutes })
}

/// `hh:mm:ss` at the start of `bytes`, and what follows.
fn clock(bytes: &[u8]) -> Option<(NaiveTime, &[u8])> {
    let (clock, rest) = bytes.split_at_checked(8)?;
    if clock[2] != b':' || clock[5] != b':' {
        return None;
    }
    Some((NaiveTime::from_hms_opt(number(&clock[..2])?, number(&clock[3..5])?, number(&clock[6..])?)?, rest))
}

/// The minutes of `+hhmm`.
fn offset(sign: u8, digits: &[u8; 4]) -> Option<i32> {
    let minutes = (number(&digits[..2])? * 60 + number(&digits[2..])?).cast_signed();
    match sign {
        _ if minutes > OFFSET_MINUTES_MAX => None,
        b'+' => Some(minutes),
        b'-' => Some(-minutes),
        _ => None,
    }
}

/// A number of ASCII digits alone.
fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |number, b| b.is_ascii_digit().then(|| number * 10 + u32::from(b - b'0')))
}

#[cfg(test)]
mod tests {
    use super::super::{read, read_tolerantly};

    #[test]
    fn what_is_read_at_once_reads_as_the_tolerant_reader_reads_it() {
        for text in [
            "2024-01-02T03:04:05Z",
            "2024-01-02T03:04:05.678Z",
            "2024-01-02T03:04:05+08:00",
            "2024-01-02 03:04:05-05:30",
            " Tue, 02 Jan 2024 03:04:05 +0800\n",
            "Tue, 2 Jan 2024 03:04:05 GMT",
            "2 Dec 2024 03:04:05 UTC",
            "02 Jan 2024 03:04:05 -0000",
            "Tue, 02 Jan 1989 03:04:05 Z",
        ] {
            assert!(super::read(text).is_some(), "{text}");
            assert_eq!(read(text, None), read_tolerantly(text, None), "{text}");
        }
        for text in ["2024-02-30T03:04:05Z", "Tue, 02 Jan 2024 24:00:00 GMT", "2024-01-02T03:04:05+99:00", "", "a", "2024-", "1 "] {
            assert_eq!(super::read(text), None, "{text}");
        }
    }
}
