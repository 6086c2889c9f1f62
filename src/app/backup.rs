//! Backups of the store, which need nothing of the daemon that uses it.

use std::path::Path;

use super::{Choice, check, storage::expect_store};
use crate::store::Store;

/// Copies the store to `target` and says what was copied. `progress` hears how far it is, 0 to 1.
pub fn back_up(choice: &Choice, target: &Path, progress: impl FnMut(f64)) -> anyhow::Result<String> {
    let settings = choice.load_or_default()?;
    let dir = &settings.daemon.data_dir;
    expect_store(dir)?;
    let done = Store::back_up(dir, target, progress)?;
    let missing = check::missing(done.damaged_bytes);
    Ok(format!("{} bytes copied to `{}`, which has {} now{missing}", done.bytes_copied, target.display(), done.bytes))
}

/// Makes the configured store from a backup and says what it is. `progress` hears how far it is, 0 to 1.
pub fn restore(choice: &Choice, source: &Path, progress: impl FnMut(f64)) -> anyhow::Result<String> {
    let settings = choice.load_or_default()?;
    let dir = &settings.daemon.data_dir;
    let done = Store::restore(source, dir, progress)?;
    let told: Vec<String> = done.told.iter().map(ToString::to_string).collect();
    Ok(format!("{} bytes copied to `{}`; {}", done.bytes, dir.display(), told.join("; ")))
}
