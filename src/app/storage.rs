//! Opens the store, and decides what to do when someone else holds it.

use std::{os::unix::fs::MetadataExt, path::Path};

use anyhow::Context;

use super::ask::Daemon;
use crate::{
    config::Settings,
    store::{Store, StoreError},
};

/// The store, or the daemon that holds it.
pub(super) enum Holder {
    /// Nobody else uses it.
    Us(Store),
    /// A daemon does.
    Daemon(Daemon),
}

/// Opens the store; what had to be repaired is said loudly.
pub(super) fn open(settings: &Settings) -> Result<Store, StoreError> {
    let (store, recoveries) = Store::open(&settings.daemon.data_dir, settings.merge)?;
    for recovery in recoveries {
        tracing::warn!("{recovery}");
    }
    Ok(store)
}

/// Opens the store, or finds the daemon that holds it.
pub(super) fn open_or_ask(settings: &Settings) -> anyhow::Result<Holder> {
    if !Store::is_open(&settings.daemon.data_dir) {
        expect_owner(&settings.daemon.data_dir)?;
    }
    match open(settings) {
        Ok(store) => Ok(Holder::Us(store)),
        Err(StoreError::Locked(_)) => {
            let data_dir = &settings.daemon.data_dir;
            let daemon = Daemon::find(data_dir).with_context(|| {
                format!("the store in `{}` is in use by another process, which left no daemon.json to reach it by", data_dir.display())
            })?;
            Ok(Holder::Daemon(daemon))
        }
        Err(error) => Err(error.into()),
    }
}

/// For commands that need one: a folder without a store is an error, not a reason to make one.
pub(super) fn expect_store(data_dir: &Path) -> anyhow::Result<()> {
    anyhow::ensure!(
        Store::is_there(data_dir),
        "no store in `{}`: the first `watchfire run` or `watchfire once` makes it",
        data_dir.display()
    );
    Ok(())
}

/// For commands that write in the store's folder by themselves: what root leaves in that of a service, the service cannot write. Where
/// `/proc` does not say who we are, nobody is refused.
pub(super) fn expect_owner(data_dir: &Path) -> anyhow::Result<()> {
    let owner = |path: &Path| std::fs::metadata(path).map(|metadata| metadata.uid());
    if let (Ok(0), Ok(other @ 1..)) = (owner(Path::new("/proc/self")), owner(data_dir)) {
        let dir = data_dir.display();
        anyhow::bail!("`{dir}` belongs to user {other}, who could not write what root leaves there: run this as that user, with `sudo -u`");
    }
    Ok(())
}
