//! When the next message may go out. Pure.

use std::time::Duration;

use crate::model::{Pace, Timestamp};

const HOUR: Duration = Duration::from_secs(3600);

/// The first wait after a failure; it doubles with each further one.
const RETRY_FIRST: Duration = Duration::from_secs(30);
const RETRY_MAX: Duration = HOUR;

impl Pace {
    /// When a message may go out whose first entry waits since `since`, after messages were sent at `sent`.
    pub(super) fn ready_at(&self, since: Timestamp, sent: &[Timestamp], now: Timestamp) -> Timestamp {
        let mut at = since + self.batch;
        if sent.len() >= self.hourly_max {
            // A clock that was set back must not silence a receiver for as long.
            at = at.max(sent[sent.len() - self.hourly_max].min(now) + HOUR);
        }
        let at = at.max(now);
        self.quiet.and_then(|quiet| quiet.end_after(at)).unwrap_or(at)
    }
}

/// How long to wait after so many failures in a row.
pub(super) fn backoff(failures: u32) -> Duration {
    RETRY_FIRST.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(RETRY_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::QuietHours;

    #[test]
    fn messages_wait_for_their_batch_their_hour_and_the_morning() {
        let at = |secs: i64| Timestamp::from_secs(1_795_276_800 + secs);
        let pace = Pace { batch: Duration::from_secs(60), quiet: None, hourly_max: 3 };
        assert_eq!(pace.ready_at(at(0), &[], at(0)), at(60), "the batch");
        assert_eq!(pace.ready_at(at(0), &[], at(90)), at(90));
        assert_eq!(pace.ready_at(at(0), &[at(-9), at(10), at(20), at(80)], at(90)), at(3610), "the hour");
        assert_eq!(pace.ready_at(at(0), &[at(9000), at(9001), at(9002)], at(90)), at(3690), "a clock that was set back");
        let quiet = QuietHours::new(16 * 60, 23 * 60, chrono_tz::UTC);
        assert_eq!(Pace { quiet, ..pace }.ready_at(at(0), &[], at(0)), at(7 * 3600), "16:00 to 23:00 UTC");
    }

    #[test]
    fn waits_double_up_to_an_hour() {
        let waits: Vec<u64> = [1, 2, 3, 7, 8, 99, u32::MAX].map(|failures| backoff(failures).as_secs()).to_vec();
        assert_eq!(waits, [30, 60, 120, 1920, 3600, 3600, 3600]);
    }
}
