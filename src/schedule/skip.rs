//! `skipHours` and `skipDays`: hours and days in which a publisher wants no visit (RSS 2.0).

use std::time::Duration;

use crate::model::{Rhythm, Timestamp};

const HOUR: Duration = Duration::from_secs(3600);

/// `at`, or the same minute of the next hour that is not to be skipped; at most a day later. What excludes every hour is ignored.
pub(super) fn skip(at: Timestamp, rhythm: &Rhythm) -> Timestamp {
    const ALL_HOURS: u32 = 0xFF_FFFF;
    const ALL_DAYS: u8 = 0x7F;
    if rhythm.skip_hours & ALL_HOURS == ALL_HOURS || rhythm.skip_days & ALL_DAYS == ALL_DAYS {
        return at;
    }
    // Whole hours keep the spread that the due time already has.
    (0..24).map(|hours| at + HOUR * hours).find(|at| !is_skipped(*at, rhythm)).unwrap_or(at + HOUR * 24)
}

fn is_skipped(at: Timestamp, rhythm: &Rhythm) -> bool {
    let hours = at.as_secs().div_euclid(3600);
    // 1970-01-01 was a Thursday, day 3 from Monday.
    let weekday = (hours.div_euclid(24) + 3).rem_euclid(7);
    rhythm.skip_hours >> hours.rem_euclid(24) & 1 == 1 || rhythm.skip_days >> weekday & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::skip;
    use crate::model::{Rhythm, Timestamp};

    #[test]
    fn due_times_move_to_the_next_allowed_hour() {
        // 2024-09-13 was a Friday: bit 4.
        let noon = 1_726_229_400; // 12:10
        for (skip_hours, skip_days, hours) in [
            (0, 0, 0),
            (1 << 11, 0, 0),
            (1 << 12, 0, 1),
            (0xFF_FFFF & !(1 << 11), 0, 23),
            (0xFF_FFFF, 0, 0),
            (0, 1 << 4, 12),
            (0, 0x7F, 0),
            (0, 0b111_0000, 24),
            (1, 1 << 4, 13),
        ] {
            let rhythm = Rhythm { skip_hours, skip_days, ..Rhythm::default() };
            assert_eq!(
                skip(Timestamp::from_secs(noon), &rhythm),
                Timestamp::from_secs(noon + hours * 3600),
                "{skip_hours:b} {skip_days:b}"
            );
        }
    }
}
