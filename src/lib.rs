//! Watchfire.

pub mod model;
