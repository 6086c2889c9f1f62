//! Keeps what is known of vulnerabilities: reads the lists when the folder changes in which they are laid down, and has stories marked.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    risk_folder::{self, Found},
    watch::Watch,
};
use crate::{
    clock::Clock,
    config::Settings,
    model::{RiskLists, counted},
    store::{Marking, Store},
};

/// Between two commits that mark stories: polls go first.
const PAUSE: Duration = Duration::from_millis(20);

/// After a failure.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(60);

/// The lists that were read, where, and the faults that were told.
pub(super) struct Keeper {
    folder: Option<PathBuf>,
    files: Watch,
    lists: RiskLists,
    told: Vec<String>,
}

impl Keeper {
    /// Reads the lists before anything else is done, so that the first stories that come are marked with them.
    pub(super) async fn begin(settings: &Settings, store: &Store) -> Self {
        let mut keeper = Self { folder: None, files: Watch::over(Vec::new()), lists: RiskLists::default(), told: Vec::new() };
        keeper.read(settings.risk_folder.clone(), store).await;
        keeper
    }

    /// Whether there is a list.
    pub(super) fn is_known(&self) -> bool {
        !self.lists.is_empty()
    }

    /// Reads the lists in a folder; says whether anything is other than before. Without a folder nothing is known any more.
    async fn read(&mut self, folder: Option<PathBuf>, store: &Store) -> bool {
        // The files are looked at before they are read: what changes meanwhile is noticed afterwards.
        self.files = Watch::over(folder.iter().cloned().collect());
        self.folder.clone_from(&folder);
        let lists = match folder {
            None => RiskLists::default(),
            Some(folder) => {
                let known = self.lists.clone();
                let Ok(found) = tokio::task::spawn_blocking(move || risk_folder::read(&folder, &known)).await else {
                    tracing::error!("reading the lists of vulnerabilities panicked, which is a fault of this program");
                    return false;
                };
                self.tell(found)
            }
        };
        let is_other = lists != self.lists;
        if is_other {
            store.heed(lists.clone());
            self.lists = lists;
        }
        is_other
    }

    /// Says what was refused, each once as long as it stays so, and what is new.
    fn tell(&mut self, Found { lists, faults }: Found) -> RiskLists {
        for fault in faults.iter().filter(|fault| !self.told.contains(fault)) {
            tracing::warn!("{fault}; what was known stays");
        }
        self.told = faults;
        if let Some(kev) = lists.kev.as_ref().filter(|_| lists.kev != self.lists.kev) {
            let known = counted(kev.rows(), "vulnerability", "vulnerabilities");
            tracing::info!("known to be exploited: {known}, as of {}", kev.released);
        }
        if let Some(epss) = lists.epss.as_ref().filter(|_| lists.epss != self.lists.epss) {
            let scored = counted(epss.rows, "vulnerability", "vulnerabilities");
            tracing::info!("likely to be exploited: scores of {scored}, as of {}", epss.scored);
        }
        lists
    }
}

/// Follows the folder until told to stop. It ends between two commits, and goes on with them at the next start.
pub(super) async fn follow(mut keeper: Keeper, store: Store, mut settings: watch::Receiver<Arc<Settings>>, shutdown: CancellationToken) {
    let mut is_due = keeper.is_known();
    loop {
        if is_due {
            is_due = match mark_all(&store, &shutdown).await {
                Ok(()) => false,
                Err(error) => {
                    tracing::error!("stories not marked by the lists of vulnerabilities: {error:#}; the next attempt is in a minute");
                    true
                }
            };
        }
        loop {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return,
                () = keeper.files.changed() => break,
                () = tokio::time::sleep(PAUSE_AFTER_FAILURE), if is_due => break,
                moved = settings.changed() => match moved {
                    Ok(()) if settings.borrow().risk_folder == keeper.folder => {}
                    Ok(()) => break,
                    Err(_) => return,
                },
            }
        }
        let folder = settings.borrow_and_update().risk_folder.clone();
        is_due |= keeper.read(folder, &store).await;
    }
}

/// Marks every story by the lists, a bounded number in each commit.
pub(super) async fn mark_all(store: &Store, shutdown: &CancellationToken) -> anyhow::Result<()> {
    let (mut next, mut marked, mut risen) = (Some(0), 0, 0);
    while let Some(from) = next.filter(|_| !shutdown.is_cancelled()) {
        let store = store.clone();
        let done: Marking = tokio::task::spawn_blocking(move || store.mark(from, Clock::System.now())).await.context("it panicked")??;
        marked += done.marked;
        risen += done.risen;
        next = done.next;
        if done.marked > 0 {
            tokio::time::sleep(PAUSE).await;
        }
    }
    if marked > 0 {
        tracing::info!("stories marked by the lists of vulnerabilities: {marked}, of which {risen} became known to be exploited");
    }
    Ok(())
}
