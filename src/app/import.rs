//! Imports documents, here or through the daemon that holds the store.

use std::path::PathBuf;

use anyhow::Context;
use hyper::Method;

use super::{
    Choice, ImportRow,
    storage::{Holder, open_or_ask},
    wiring::import_settings,
};
use crate::{clock::Clock, poll};

/// Imports files and folders. `progress` hears (done, total).
pub async fn import(choice: &Choice, paths: &[PathBuf], progress: impl FnMut(usize, usize) + Send) -> anyhow::Result<ImportRow> {
    let settings = choice.load_or_default()?;
    // The daemon's working folder is another one.
    let paths =
        paths.iter().map(|path| path.canonicalize().with_context(|| format!("`{}`", path.display()))).collect::<Result<Vec<_>, _>>()?;
    match open_or_ask(&settings)? {
        Holder::Us(store) => {
            let mut progress = progress;
            let now = Clock::System.now();
            let summary = tokio::task::block_in_place(|| {
                poll::import(&store, &paths, &import_settings(&settings), now, |step| progress(step.done, step.total))
            })?;
            store.flush()?;
            Ok(summary.into())
        }
        Holder::Daemon(daemon) => {
            let paths = serde_json::to_string(&paths)?;
            Ok(serde_json::from_str(&daemon.ask(Method::POST, "/admin/import", paths).await?)?)
        }
    }
}
