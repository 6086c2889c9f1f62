//! Instants and published dates.

use std::{fmt, time::Duration};

use chrono::{DateTime, FixedOffset, TimeZone, Utc};

/// An instant: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant `millis` milliseconds after the epoch, kept between the years 0 and 9999 so that it can always be written.
    pub fn from_millis(millis: i64) -> Self {
        const FIRST: i64 = -62_167_219_200_000;
        const LAST: i64 = 253_402_300_799_999;
        Self(millis.clamp(FIRST, LAST))
    }

    /// The instant `secs` seconds after the epoch.
    pub fn from_secs(secs: i64) -> Self {
        Self::from_millis(secs.saturating_mul(1000))
    }

    /// The instant `secs` seconds after the epoch, for constants.
    pub const fn from_secs_const(secs: u32) -> Self {
        Self(secs as i64 * 1000)
    }

    /// Milliseconds since the epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn as_secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// How long after `earlier` this is; zero if it is not.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// `YYYY-MM-DDTHH:MM:SSZ` (RFC 3339), without fractions.
    pub fn rfc3339(self) -> String {
        ZonedTime::utc(self).rfc3339()
    }

    /// The same instant for calendar arithmetic.
    pub fn to_utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0).expect("the constructor keeps the years 0 to 9999")
    }
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self::from_millis(self.0.saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl std::ops::Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, span: Duration) -> Self {
        Self::from_millis(self.0.saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl<Z: TimeZone> From<DateTime<Z>> for Timestamp {
    fn from(time: DateTime<Z>) -> Self {
        Self::from_millis(time.timestamp_millis())
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

/// An instant with the offset its publisher wrote: `2024-09-13T00:00:00+08:00` stays so.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ZonedTime {
    at: Timestamp,
    offset_minutes: i16,
}

impl ZonedTime {
    /// An instant seen from `offset_minutes` east of Greenwich; an offset beyond a day is taken as UTC.
    pub fn new(at: Timestamp, offset_minutes: i16) -> Self {
        Self { at, offset_minutes: if offset_minutes.abs() < 24 * 60 { offset_minutes } else { 0 } }
    }

    /// An instant seen from Greenwich.
    pub const fn utc(at: Timestamp) -> Self {
        Self { at, offset_minutes: 0 }
    }

    /// The instant.
    pub const fn at(self) -> Timestamp {
        self.at
    }

    /// Minutes east of Greenwich.
    pub const fn offset_minutes(self) -> i16 {
        self.offset_minutes
    }

    /// `YYYY-MM-DDTHH:MM:SS+HH:MM` (RFC 3339), `Z` at Greenwich, without fractions.
    pub fn rfc3339(self) -> String {
        self.to_chrono().to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    }

    /// The same for calendar arithmetic and for `atom_syndication`.
    pub fn to_chrono(self) -> DateTime<FixedOffset> {
        let offset = FixedOffset::east_opt(i32::from(self.offset_minutes) * 60).expect("the constructor keeps offsets under a day");
        self.at.to_utc().with_timezone(&offset)
    }
}

impl From<DateTime<FixedOffset>> for ZonedTime {
    fn from(time: DateTime<FixedOffset>) -> Self {
        let minutes = time.offset().local_minus_utc() / 60;
        Self::new(time.into(), i16::try_from(minutes).unwrap_or(0))
    }
}

impl fmt::Debug for ZonedTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Timestamp, ZonedTime};

    #[test]
    fn an_instant_keeps_the_offset_it_was_written_with() {
        let midnight = Timestamp::from_secs(1_726_156_800);
        assert_eq!(ZonedTime::new(midnight, 480).rfc3339(), "2024-09-13T00:00:00+08:00");
        assert_eq!(ZonedTime::utc(midnight).rfc3339(), "2024-09-12T16:00:00Z");
    }

    #[test]
    fn extremes_can_still_be_written() {
        for millis in [i64::MIN, -1, 0, i64::MAX] {
            assert!(!Timestamp::from_millis(millis).rfc3339().is_empty());
            assert!(!(Timestamp::from_millis(millis) + Duration::MAX).rfc3339().is_empty());
        }
        assert!(!ZonedTime::new(Timestamp::from_millis(i64::MAX), 1439).rfc3339().is_empty());
        assert!(!ZonedTime::new(Timestamp::from_millis(0), i16::MIN + 1).rfc3339().is_empty());
    }
}
