//! Backups of the store, beside whoever uses it.

use std::path::{Path, PathBuf};

use anyhow::ensure;
use hyper::Method;

use super::{
    Choice, check,
    storage::{Holder, expect_owner, expect_store, open_or_ask},
};
use crate::{
    config::Settings,
    model::CommandError,
    store::{Store, StoreError},
};

/// Copies the store to `target` and says what was copied. `progress` hears how far it is, 0 to 1.
pub async fn back_up(choice: &Choice, target: &Path, progress: impl FnMut(f64) + Send) -> anyhow::Result<String> {
    let settings = choice.load_or_default()?;
    let dir = &settings.daemon.data_dir;
    expect_store(dir)?;
    let backup = tokio::task::block_in_place(|| Store::begin_backup(dir, target))?;
    // Items are worth more than manners: a store that nobody can open, on a full disk for one, is copied nevertheless.
    let manners = note_manners(&settings).await;
    let noted = manners.as_ref().ok().map(PathBuf::as_path);
    let done = tokio::task::block_in_place(|| backup.copy(noted, progress))?;
    let missing = check::missing(done.damaged_bytes);
    let mended = match done.mended_bytes {
        0 => String::new(),
        bytes => format!("; {bytes} bytes of its journal that were damaged have been replaced"),
    };
    let without = manners.err().map_or(String::new(), |error| {
        format!("; a store made from it asks its sources at once and tells its receivers nothing of before: {error:#}")
    });
    Ok(format!("{} bytes copied to `{}`, which has {} now{mended}{missing}{without}", done.bytes_copied, target.display(), done.bytes))
}

/// Has what only the index knows written down by whoever may open it.
async fn note_manners(settings: &Settings) -> anyhow::Result<PathBuf> {
    match tokio::task::block_in_place(|| open_or_ask(settings))? {
        Holder::Us(store) => Ok(tokio::task::block_in_place(|| store.note_manners())?),
        Holder::Daemon(daemon) => Ok(serde_json::from_str(&daemon.ask(Method::POST, "/admin/manners", String::new()).await?)?),
    }
}

/// The file that the manners of an open store are in from now on.
pub(super) fn noted(store: &Store) -> Result<PathBuf, CommandError> {
    let path = store.note_manners().and_then(|path| std::path::absolute(&path).map_err(|error| StoreError::Io { path, error }));
    path.map_err(|error| CommandError::Failed(error.to_string()))
}

/// Makes the configured store from a backup and says what it is. `progress` hears how far it is, 0 to 1.
pub fn restore(choice: &Choice, source: &Path, progress: impl FnMut(f64)) -> anyhow::Result<String> {
    let settings = choice.load_or_default()?;
    let dir = &settings.daemon.data_dir;
    ensure!(
        source.is_dir(),
        "`{}` is {}, must be the folder of a backup",
        source.display(),
        if source.exists() { "a file" } else { "not there" }
    );
    expect_owner(dir)?;
    let done = Store::restore(source, dir, progress)?;
    let told: Vec<String> = done.told.iter().map(ToString::to_string).collect();
    Ok(format!("{} bytes copied to `{}`; {}", done.bytes, dir.display(), told.join("; ")))
}
