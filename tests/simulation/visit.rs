//! A request and what came of it, as both sides see it.

use watchfire::model::Timestamp;

use crate::population::Millis;

/// A moment on three clocks.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// Since the beginning.
    pub lived: Millis,
    /// The same, with what the daemon must take for time that has passed: it cannot tell a clock set ahead from sleep.
    pub fair: Millis,
    /// What the daemon's clock shows.
    pub wall: Timestamp,
}

/// A request.
#[derive(Debug, Clone)]
pub struct Visit {
    pub site: usize,
    pub host: String,
    /// It came without validators.
    pub is_full: bool,
}

/// What an answer means for the next visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Fine {
        has_tokens: bool,
    },
    Failed,
    /// Its host cannot be reached, which looks as if the daemon's own network were down.
    Unreached,
    /// 429, and until when.
    Wait(Option<Millis>),
    Gone,
    /// The daemon's own network is down: nobody was reached.
    CutOff,
    /// The daemon was killed before the answer came.
    CutShort,
}
