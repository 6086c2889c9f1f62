//! When a source is asked next: intervals, cron lines, publishers' wishes, backoff, spreading. Pure: `now` is an argument.
//!
//! Every due time is recomputed from what is remembered (`SourceState`) and what is configured (`Source`), always counted from the
//! start of the last attempt, and every pseudo-random part is a hash of the source's id. So a restart, a reservation that was
//! never settled and a reload all come to the same due time, and nothing is asked early because the process was new.
//!
//! [`Plan`] holds the configured half; its methods take the remembered half and give the next one back.

mod address;
mod backoff;
mod correct;
mod cron;
mod host;
mod plan;
mod regular;
mod rhythm;
mod skip;
mod spread;
mod tick;

pub use self::{
    address::{address, is_validator_stale, was_said_unchanged},
    backoff::is_failing,
    correct::corrected,
    cron::{CronError, parse_cron},
    host::{Told, host_silence},
    plan::{Plan, Turn},
    rhythm::remember_arrivals,
    spread::{Place, catch_up, places, slot},
    tick::{cron_next, tick_gap_min},
};
