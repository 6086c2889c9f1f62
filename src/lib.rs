//! Watchfire.

pub mod clock;
pub mod dedup;
pub mod clean;
pub mod document;
pub mod fetch;
pub mod model;
pub mod tag;
pub mod config;
pub mod model;
pub mod schedule;
pub mod http;
pub mod model;
pub mod render;
pub mod view;
