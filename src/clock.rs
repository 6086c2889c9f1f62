//! The only reader of time. Everything else takes `now` as an argument.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use crate::model::Timestamp;

/// Longest uninterrupted sleep: a machine that was asleep, or whose clock was stepped, is noticed after this long.
const NAP_MAX: Duration = Duration::from_secs(20);

/// Where `now` comes from.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's own clock.
    System,
    /// A clock that starts at `epoch` and follows tokio's time, which a test may pause: then it jumps to the next thing that
    /// is due, and a simulated month takes as long as its work does.
    Simulated {
        /// What the clock showed when it was made.
        epoch: Timestamp,
        /// When it was made.
        started: Instant,
    },
}

impl Clock {
    /// A simulated clock that shows `epoch` now.
    pub fn simulated(epoch: Timestamp) -> Self {
        Self::Simulated { epoch, started: Instant::now() }
    }

    /// The present.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => {
                let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
            }
            Self::Simulated { epoch, started } => *epoch + started.elapsed(),
        }
    }

    /// Sleeps until the clock shows `at`, or a little longer; returns at once if it does already.
    pub async fn sleep_until(&self, at: Timestamp) {
        loop {
            let left = at.since(self.now());
            if left.is_zero() {
                return;
            }
            match self {
                Self::System => tokio::time::sleep(left.min(NAP_MAX)).await,
                Self::Simulated { .. } => tokio::time::sleep(left).await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Clock;
    use crate::model::Timestamp;

    #[tokio::test(start_paused = true)]
    async fn a_simulated_day_passes_at_once_and_exactly() {
        let clock = Clock::simulated(Timestamp::from_secs(1_000));
        let tomorrow = clock.now() + Duration::from_secs(86_400);
        clock.sleep_until(tomorrow).await;
        assert_eq!(clock.now(), tomorrow);
    }
}
