//! What several test files share.

#![allow(dead_code, reason = "each test file uses its own part of this")]

pub mod daemon;
pub mod killing;
pub mod origin;
pub mod reply;
