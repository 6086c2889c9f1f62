//! The week that ends with a moment: seven days of one time zone.

use chrono::{Days, NaiveDate};
use chrono_tz::Tz;

use crate::model::Timestamp;

/// Days in a week.
const DAYS: usize = 7;

/// Seven days in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Week {
    last: NaiveDate,
    timezone: Tz,
}

impl Week {
    /// The week whose last day holds `end`.
    pub fn ending(end: Timestamp, timezone: Tz) -> Self {
        Self { last: day_of(end, timezone), timezone }
    }

    /// Its days, in order.
    pub fn days(self) -> [NaiveDate; DAYS] {
        std::array::from_fn(|day| self.last.checked_sub_days(Days::new((DAYS - 1 - day) as u64)).unwrap_or(self.last))
    }

    /// When it begins, or a little earlier: a day may have no midnight where clocks are set.
    pub fn begin(self) -> Timestamp {
        let midnight = self.days()[0].and_time(chrono::NaiveTime::MIN);
        let begin =
            midnight.and_local_timezone(self.timezone).earliest().unwrap_or_else(|| midnight.and_utc().with_timezone(&self.timezone));
        Timestamp::from_secs(begin.timestamp())
    }

    /// How many of the moments are on each of its days.
    pub fn count(self, moments: &[Timestamp]) -> [usize; DAYS] {
        let days = self.days();
        let mut counts = [0; DAYS];
        for moment in moments {
            let day = day_of(*moment, self.timezone);
            if let Some(place) = days.iter().position(|known| *known == day) {
                counts[place] += 1;
            }
        }
        counts
    }
}

fn day_of(moment: Timestamp, timezone: Tz) -> NaiveDate {
    moment.to_utc().with_timezone(&timezone).date_naive()
}

#[cfg(test)]
mod tests {
    use super::Week;
    use crate::model::Timestamp;

    #[test]
    fn a_week_has_the_days_of_its_zone() {
        // 2024-09-13 00:00 in Shanghai.
        let end = Timestamp::from_secs(1_726_156_800);
        let week = Week::ending(end, chrono_tz::Asia::Shanghai);
        assert_eq!((week.days()[0].to_string(), week.days()[6].to_string()), ("2024-09-07".to_owned(), "2024-09-13".to_owned()));
        let begin = week.begin();
        assert_eq!(begin, Timestamp::from_secs(1_726_156_800 - 6 * 86_400));
        let before = Timestamp::from_secs(begin.as_secs() - 1);
        assert_eq!(week.count(&[before, begin, end, end]), [1, 0, 0, 0, 0, 0, 2]);
        assert_eq!(Week::ending(end, chrono_tz::UTC).days()[6].to_string(), "2024-09-12");
    }
}
