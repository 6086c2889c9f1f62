//! Durations and sizes as people write them: `15m`, `1h30m`, `10MiB`.

use std::{fmt::Write as _, time::Duration};

const DURATION_UNITS: [(&str, u64); 6] =
    [("w", 7 * 86_400_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

const SIZE_UNITS: [(&str, u64); 7] =
    [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1000), ("B", 1)];

/// Reads a duration: whole numbers, each with its unit, such as `90s`, `1h30m` or `500ms`; at most ten years.
pub(super) fn parse_duration(text: &str) -> Option<Duration> {
    const MILLIS_MAX: u64 = 3_653 * 86_400_000;
    let mut rest = text.trim();
    let mut total = 0_u64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (number, behind) = split_number(rest)?;
        let unit_bytes = behind.find(|c: char| c.is_ascii_digit()).unwrap_or(behind.len());
        let (unit, next) = behind.split_at(unit_bytes);
        let (_, millis) = DURATION_UNITS.iter().find(|(name, _)| *name == unit.trim())?;
        total = total.checked_add(number.checked_mul(*millis)?).filter(|total| *total <= MILLIS_MAX)?;
        rest = next;
    }
    Some(Duration::from_millis(total))
}

/// Writes a duration the way it is read: `1h30m`.
pub(super) fn show_duration(duration: Duration) -> String {
    let mut millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let mut text = String::new();
    for (unit, size) in DURATION_UNITS.into_iter().skip(1) {
        if millis >= size {
            // Writing into a String cannot fail.
            let _ = write!(text, "{}{unit}", millis / size);
            millis %= size;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// Reads a size in bytes: a whole number with its unit, such as `512KiB` or `10MB`.
pub(super) fn parse_size(text: &str) -> Option<u64> {
    let (number, unit) = split_number(text.trim())?;
    let (_, bytes) = SIZE_UNITS.iter().find(|(name, _)| *name == unit.trim())?;
    number.checked_mul(*bytes)
}

/// Writes a size the way it is read, in the largest unit that divides it.
pub(super) fn show_size(bytes: u64) -> String {
    let fitting = SIZE_UNITS.into_iter().find(|(_, size)| bytes > 0 && bytes.is_multiple_of(*size));
    fitting.map_or_else(|| format!("{bytes}B"), |(unit, size)| format!("{}{unit}", bytes / size))
}

fn split_number(text: &str) -> Option<(u64, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, rest) = text.split_at(digits);
    Some((number.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{parse_duration, parse_size, show_duration, show_size};

    #[test]
    fn durations_need_their_units() {
        for (text, wanted) in [
            ("15m", Some(900_000)),
            ("1h30m", Some(5_400_000)),
            (" 1h 30m ", Some(5_400_000)),
            ("500ms", Some(500)),
            ("2w", Some(1_209_600_000)),
            ("0s", Some(0)),
            ("90", None),
            ("", None),
            ("m", None),
            ("-5m", None),
            ("1.5h", None),
            ("5 minutes", None),
            ("5M", None),
            ("999999999999d", None),
            ("99999999999999999999s", None),
        ] {
            assert_eq!(parse_duration(text), wanted.map(Duration::from_millis), "{text}");
        }
    }

    #[test]
    fn sizes_need_their_units() {
        for (text, wanted) in [
            ("10MiB", Some(10 << 20)),
            ("512 KiB", Some(512 << 10)),
            ("10MB", Some(10_000_000)),
            ("1B", Some(1)),
            ("10", None),
            ("10mb", None),
            ("MiB", None),
            ("99999999999GiB", None),
        ] {
            assert_eq!(parse_size(text), wanted, "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for millis in [0, 1, 999, 1000, 90_000, 5_400_000, 86_400_000, 90_061_001] {
            let duration = Duration::from_millis(millis);
            assert_eq!(parse_duration(&show_duration(duration)), Some(duration), "{}", show_duration(duration));
        }
        for bytes in [0, 1, 1000, 1024, 1536, 10 << 20, 3_000_000] {
            assert_eq!(parse_size(&show_size(bytes)), Some(bytes), "{}", show_size(bytes));
        }
        assert_eq!((show_duration(Duration::from_secs(900)), show_size(10 << 20)), ("15m".to_owned(), "10MiB".to_owned()));
    }
}
