//! Archive files: what a store knows, carried to another one.

use std::path::{Path, PathBuf};

use anyhow::Context;

use super::{
    Choice, check,
    storage::{Holder, expect_store, open_or_ask},
};
use crate::{
    model::{CommandError, counted},
    store::Store,
};

/// Writes what the store knows to `target`, since a cursor if there is one, and says where the next file goes on. Needs nothing of a
/// daemon that uses the store.
pub fn export_archive(choice: &Choice, target: &Path, since: Option<&str>, progress: impl FnMut(f64)) -> anyhow::Result<String> {
    let settings = choice.load_or_default()?;
    let dir = &settings.daemon.data_dir;
    expect_store(dir)?;
    let done = Store::export_archive(dir, target, since, progress)?;
    let missing = check::missing(done.damaged_bytes);
    Ok(format!(
        "{} written to `{}`; the next file goes on with `--since {}`{missing}",
        counted(done.commits, "commit", "commits"),
        target.display(),
        done.cursor
    ))
}

/// Takes an archive file in and says what it brought.
pub async fn import_archive(choice: &Choice, path: &Path, progress: impl FnMut(f64) + Send) -> anyhow::Result<String> {
    let settings = choice.load_or_default()?;
    // The daemon's working folder is another one.
    let path: PathBuf = path.canonicalize().with_context(|| format!("`{}`", path.display()))?;
    anyhow::ensure!(!path.is_dir(), "`{}` is a folder, must be a file", path.display());
    // A slip must not leave an empty store behind.
    Store::check_archive(&path)?;
    match open_or_ask(&settings)? {
        Holder::Us(store) => Ok(tokio::task::block_in_place(|| {
            let done = taken_in(&store, &path, progress)?;
            store.flush()?;
            anyhow::Ok(done)
        })?),
        Holder::Daemon(daemon) => {
            let path = serde_json::to_string(&path)?;
            Ok(serde_json::from_str(&daemon.order("/admin/archive", path, progress).await?)?)
        }
    }
}

/// What taking a file in brings, in words.
pub(super) fn taken_in(store: &Store, path: &Path, progress: impl FnMut(f64)) -> Result<String, CommandError> {
    let done = store.import_archive(path, progress).map_err(|error| CommandError::Failed(error.to_string()))?;
    Ok(format!(
        "{} new; {} taken in, {} known before",
        counted(done.items, "item", "items"),
        counted(done.commits, "commit", "commits"),
        done.known
    ))
}
