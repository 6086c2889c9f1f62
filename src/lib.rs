//! Watchfire.

pub mod clock;
pub mod dedup;
pub mod model;
