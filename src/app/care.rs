//! Care for the store: checking it, making its index again, copying the index without its garbage.

use hyper::Method;

use super::{
    Choice,
    check::damage,
    storage::{Holder, expect_owner, expect_store, open_or_ask},
};
use crate::{
    model::{CommandError, counted},
    store::{Store, StoreError},
};

/// Compares the store's index with its archive and says what it found; damage is an error. `progress` hears how far it is, 0 to 1.
pub async fn verify(choice: &Choice, progress: impl FnMut(f64) + Send) -> anyhow::Result<String> {
    let settings = choice.load_or_default()?;
    expect_store(&settings.daemon.data_dir)?;
    match open_or_ask(&settings)? {
        Holder::Us(store) => Ok(tokio::task::block_in_place(|| verified(&store, progress))?),
        Holder::Daemon(daemon) => Ok(serde_json::from_str(&daemon.order("/admin/verify", String::new(), progress).await?)?),
    }
}

/// Copies the index without its garbage and says what that brought.
pub async fn compact(choice: &Choice) -> anyhow::Result<String> {
    let settings = choice.load_or_default()?;
    expect_store(&settings.daemon.data_dir)?;
    match open_or_ask(&settings)? {
        Holder::Us(store) => Ok(tokio::task::block_in_place(|| compacted(&store))?),
        Holder::Daemon(daemon) => Ok(serde_json::from_str(&daemon.ask(Method::POST, "/admin/compact", String::new()).await?)?),
    }
}

/// Makes the index of a store that no daemon uses again, and says what went into it. `progress` hears how far it is, 0 to 1.
pub fn rebuild(choice: &Choice, progress: impl FnMut(f64)) -> anyhow::Result<Vec<String>> {
    let settings = choice.load_or_default()?;
    let dir = &settings.daemon.data_dir;
    expect_store(dir)?;
    expect_owner(dir)?;
    match Store::rebuild(dir, progress) {
        Ok(told) => Ok(told.iter().map(ToString::to_string).collect()),
        Err(StoreError::Locked(_)) => anyhow::bail!("a daemon is using the store in `{}`: stop it first", dir.display()),
        Err(error) => Err(error.into()),
    }
}

/// What a check finds, in words.
pub(super) fn verified(store: &Store, progress: impl FnMut(f64)) -> Result<String, CommandError> {
    let found = store.verify(progress).map_err(failed)?;
    if !found.is_sound() {
        return Err(CommandError::Failed(damage(&found)));
    }
    let counts = store.counts().map_err(failed)?;
    Ok(format!(
        "{} in {}: {} of the index agree with {} in the journal",
        counted(counts.items, "item", "items"),
        counted(counts.stories, "story", "stories"),
        counted(found.rows, "row", "rows"),
        counted(found.commits, "commit", "commits")
    ))
}

/// What compaction brings, in words.
pub(super) fn compacted(store: &Store) -> Result<String, CommandError> {
    let (before, after) = store.compact().map_err(failed)?;
    Ok(format!("the index was copied without its garbage: {before} bytes are {after} now"))
}

#[expect(clippy::needless_pass_by_value, reason = "it is handed over by `map_err`")]
fn failed(error: StoreError) -> CommandError {
    CommandError::Failed(error.to_string())
}
