//! What several test files share.

#![allow(dead_code, reason = "each test file uses its own part of this")]

pub mod daemon;
pub mod killing;
pub mod origin;
pub mod reply;

use std::{fs, path::Path};

/// Copies a folder with all that is in it.
pub fn copy_dir(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("made");
    for entry in fs::read_dir(from).expect("there") {
        let path = entry.expect("one").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy_dir(&path, &target);
        } else {
            fs::copy(&path, target).expect("copied");
        }
    }
}

/// A text that is long enough to be compared, and unlike those of other numbers.
pub fn text(number: u64) -> String {
    (0..60).map(|word| format!("{} ", (word * 7919 + number * 104_729) % 99_991)).collect()
}
