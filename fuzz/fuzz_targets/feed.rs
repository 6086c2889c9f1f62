//! Any bytes, the whole way: drafts, items made safe, the feed we serve, a strict reader that reads it again.
//!
//! `cargo install cargo-fuzz`, then from the project's folder `cargo fuzz run -s none feed fuzz/corpus/feed tests/feeds -- -dict=fuzz/feed.dict
//! -timeout=5 -rss_limit_mb=512 -max_len=20000`. Without a sanitiser the stable toolchain does: there is no unsafe code to watch.

#![no_main]

use libfuzzer_sys::fuzz_target;
use peak_alloc::PeakAlloc;
use watchfire::feed::{Hints, read};

#[path = "../../tests/whole_path/mod.rs"]
mod whole_path;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

fuzz_target!(|bytes: &[u8]| {
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    drop(read(bytes, &Hints::default()));
    let used = MEMORY.peak_usage() - before;
    assert!(used <= 16 * bytes.len() + (16 << 20), "{used} bytes of memory for {} of a document", bytes.len());
    drop(whole_path::walk(bytes));
});
