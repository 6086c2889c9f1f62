//! The only reader of time. Everything else takes `now` as an argument.
//!
//! There are two kinds of it: what the clock on the wall shows, which can be set and runs on while the machine sleeps, and the
//! time that passes while the program waits, which neither happens to. Due times are of the first kind. [`Vigil`] notices when
//! the two part.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tokio::time::Instant;

use crate::model::Timestamp;

/// Longest uninterrupted sleep: a machine that was asleep, or whose clock was set, is noticed after this long.
const NAP_MAX: Duration = Duration::from_secs(20);

/// A clock that is off by less has drifted, or was corrected a little: that changes nothing.
const JUMP_MIN: Duration = Duration::from_secs(60);

/// Where `now` comes from.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's own clock.
    System,
    /// A clock of a test.
    Simulated(Arc<Simulation>),
}

/// A clock that follows tokio's time, which a test may pause: then it jumps to the next thing that is due, and a simulated month
/// takes as long as its work does.
#[derive(Debug)]
pub struct Simulation {
    /// What the clock showed when it was made, moved by every setting since, in milliseconds.
    epoch_millis: AtomicI64,
    started: Instant,
}

impl Simulation {
    /// A clock that shows `epoch` now.
    pub fn new(epoch: Timestamp) -> Self {
        Self { epoch_millis: AtomicI64::new(epoch.as_millis()), started: Instant::now() }
    }

    /// Sets the clock ahead by so many milliseconds, or back. Who sleeps goes on sleeping for a nap, as on a machine whose clock is
    /// set, or which was suspended.
    pub fn set_ahead(&self, millis: i64) {
        self.epoch_millis.fetch_add(millis, Ordering::Relaxed);
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.epoch_millis.load(Ordering::Relaxed)) + self.started.elapsed()
    }
}

impl Clock {
    /// A simulated clock that shows `epoch` now.
    pub fn simulated(epoch: Timestamp) -> Self {
        Self::Simulated(Arc::new(Simulation::new(epoch)))
    }

    /// The present.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => {
                let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
            }
            Self::Simulated(simulation) => simulation.now(),
        }
    }

    /// Sleeps until the clock shows `at`, or a little longer; returns at once if it does already.
    pub async fn sleep_until(&self, at: Timestamp) {
        while self.now() < at {
            self.nap_until(at).await;
        }
    }

    /// Sleeps until the clock shows `at`, but only for so long that a jump of the clock is still noticed soon.
    pub async fn nap_until(&self, at: Timestamp) {
        tokio::time::sleep(at.since(self.now()).min(NAP_MAX)).await;
    }
}

/// How long something takes: for figures, never for decisions.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// The time since the start.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// How a clock moved, beside passing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Jump {
    /// It was set ahead, or the machine was asleep: nobody can tell which.
    Ahead(Duration),
    /// It was set back.
    Back(Duration),
}

/// Watches a clock for jumps.
#[derive(Debug)]
pub struct Vigil {
    shown: Timestamp,
    passed: Instant,
}

impl Vigil {
    /// Begins to watch.
    pub fn new(clock: &Clock) -> Self {
        Self { shown: clock.now(), passed: Instant::now() }
    }

    /// The jump since the last look, if there was one of a minute or more.
    pub fn look(&mut self, clock: &Clock) -> Option<Jump> {
        let before = std::mem::replace(self, Self::new(clock));
        let expected = before.shown + self.passed.duration_since(before.passed);
        let (ahead, back) = (self.shown.since(expected), expected.since(self.shown));
        if ahead >= JUMP_MIN {
            Some(Jump::Ahead(ahead))
        } else if back >= JUMP_MIN {
            Some(Jump::Back(back))
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use super::{Clock, Jump, Simulation, Vigil};
    use crate::model::Timestamp;

    const HOUR: Duration = Duration::from_secs(3600);

    #[tokio::test(start_paused = true)]
    async fn a_simulated_day_passes_at_once_and_exactly() {
        let clock = Clock::simulated(Timestamp::from_secs(1_000));
        let tomorrow = clock.now() + Duration::from_secs(86_400);
        clock.sleep_until(tomorrow).await;
        assert_eq!(clock.now(), tomorrow);
    }

    #[tokio::test(start_paused = true)]
    async fn jumps_are_told_once_and_passing_time_is_none() {
        let simulation = Arc::new(Simulation::new(Timestamp::from_secs(1_000)));
        let clock = Clock::Simulated(simulation.clone());
        let mut vigil = Vigil::new(&clock);
        for (set_millis, wanted) in [
            (0, None),
            (59_000, None),
            (-59_000, None),
            (3_600_000, Some(Jump::Ahead(HOUR))),
            (-3_600_000, Some(Jump::Back(HOUR))),
            (0, None),
        ] {
            tokio::time::sleep(Duration::from_secs(100)).await;
            simulation.set_ahead(set_millis);
            assert_eq!(vigil.look(&clock), wanted, "{set_millis}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_nap_ends_soon_though_the_clock_was_set_back() {
        let simulation = Arc::new(Simulation::new(Timestamp::from_secs(1_000)));
        let clock = Clock::Simulated(simulation.clone());
        let started = tokio::time::Instant::now();
        simulation.set_ahead(-3_600_000);
        clock.nap_until(Timestamp::from_secs(2_000)).await;
        assert!(started.elapsed() <= Duration::from_secs(20));
    }
}
