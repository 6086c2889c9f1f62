//! Imports documents, here or through the daemon that holds the store.

use std::path::PathBuf;

use anyhow::Context;

use super::{
    Choice, ImportRow,
    storage::{Holder, open_or_ask},
    wiring::import_settings,
};
use crate::{clock::Clock, poll};

/// Imports files and folders. `progress` hears (done, total).
pub async fn import(choice: &Choice, paths: &[PathBuf], mut progress: impl FnMut(usize, usize) + Send) -> anyhow::Result<ImportRow> {
    let settings = choice.load_or_default()?;
    // The daemon's working folder is another one.
    let paths =
        paths.iter().map(|path| path.canonicalize().with_context(|| format!("`{}`", path.display()))).collect::<Result<Vec<_>, _>>()?;
    match open_or_ask(&settings)? {
        Holder::Us(store) => {
            let now = Clock::System.now();
            let summary = tokio::task::block_in_place(|| {
                poll::import(&store, &paths, &import_settings(&settings), now, |step| progress(step.done, step.total))
            })?;
            store.flush()?;
            Ok(summary.into())
        }
        Holder::Daemon(daemon) => {
            let paths = serde_json::to_string(&paths)?;
            // It says how large a share it has, not of how many.
            let heard = |share: f64| progress((share * 100.0) as usize, 100);
            Ok(serde_json::from_str(&daemon.order("/admin/import", paths, heard).await?)?)
        }
    }
}
