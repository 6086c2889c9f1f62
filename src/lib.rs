//! Watchfire.

pub mod clean;
pub mod clock;
pub mod config;
pub mod dedup;
pub mod document;
pub mod fetch;
pub mod http;
pub mod feed;
pub mod model;
pub mod render;
pub mod schedule;
pub mod store;
pub mod tag;
pub mod view;
