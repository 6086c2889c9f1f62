//! Hours of the day in which nobody is told anything.

use std::time::Duration;

use chrono::Timelike;
use chrono_tz::Tz;

use super::Timestamp;

const DAY_MINUTES: u32 = 24 * 60;

/// A span of the day in a zone, also over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietHours {
    from: u32,
    until: u32,
    zone: Tz,
}

impl QuietHours {
    /// From one minute of the day until before another; `None` if there are no such minutes, or nothing lies between them.
    pub fn new(from: u32, until: u32, zone: Tz) -> Option<Self> {
        (from < DAY_MINUTES && until < DAY_MINUTES && from != until).then_some(Self { from, until, zone })
    }

    /// When it is loud again, if it is quiet at `now`. On a day whose clocks change that may still be quiet: then it says a later time.
    pub fn end_after(&self, now: Timestamp) -> Option<Timestamp> {
        let local = now.to_utc().with_timezone(&self.zone);
        let minute = local.hour() * 60 + local.minute();
        let is_quiet =
            if self.from < self.until { (self.from..self.until).contains(&minute) } else { minute >= self.from || minute < self.until };
        let minutes = (self.until + DAY_MINUTES - minute) % DAY_MINUTES;
        let into_minute = Duration::from_secs(local.second().into()) + Duration::from_millis(u64::from(local.timestamp_subsec_millis()));
        is_quiet.then(|| now + Duration::from_secs(u64::from(minutes) * 60) - into_minute)
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Asia::Shanghai;

    use super::QuietHours;
    use crate::model::Timestamp;

    #[test]
    fn the_night_is_quiet_in_its_own_zone() {
        // 2026-11-22 00:00 in Shanghai.
        let midnight = 1_795_276_800_i64;
        let night = QuietHours::new(22 * 60, 7 * 60, Shanghai).expect("a span");
        for (minute, end) in [(0, Some(420)), (419, Some(420)), (420, None), (1319, None), (1320, Some(1860)), (1439, Some(1860))] {
            let wanted = end.map(|end: i64| Timestamp::from_secs(midnight + end * 60));
            assert_eq!(night.end_after(Timestamp::from_secs(midnight + minute * 60 + 30)), wanted, "{minute}");
        }
        let noon = QuietHours::new(720, 780, Shanghai).expect("a span");
        assert_eq!(noon.end_after(Timestamp::from_secs(midnight + 730 * 60)), Some(Timestamp::from_secs(midnight + 780 * 60)));
        assert_eq!((QuietHours::new(5, 5, Shanghai), QuietHours::new(1440, 5, Shanghai)), (None, None));
    }
}
