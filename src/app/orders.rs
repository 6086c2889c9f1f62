//! Carries out what an operator orders over HTTP: the daemon's end of every command that found the store locked.

use std::{path::PathBuf, sync::Arc};

use tokio::sync::{mpsc, oneshot, watch};

use super::{
    archive::taken_in,
    backup::noted,
    care::{compacted, verified},
    decide::carry_out,
    rows::{ImportRow, PollRow},
    search::find_now,
    why::explain,
    wiring::import_settings,
};
use crate::{
    clock::Clock,
    config::Settings,
    http::Order,
    model::{Command, CommandError, SourceId},
    poll::{self, PollOrder},
    search::Search,
    store::Store,
};

/// What orders need of the daemon.
#[derive(Clone)]
pub(super) struct Clerk {
    pub(super) store: Store,
    pub(super) search: Search,
    pub(super) settings: watch::Receiver<Arc<Settings>>,
    pub(super) polls: mpsc::Sender<PollOrder>,
    pub(super) reloads: mpsc::Sender<oneshot::Sender<Result<String, CommandError>>>,
}

impl Clerk {
    /// Carries out one order and answers it.
    pub(super) async fn carry_out(self, order: Order) {
        let Order { command, reply, progress } = order;
        let heard = move |share: f64| {
            progress.send_replace(share);
        };
        let answer = match command {
            Command::Reload => self.reload().await,
            Command::PollNow(source) => self.poll(source, false).await,
            Command::Release(source) => self.poll(Some(source), true).await,
            Command::Import(paths) => self.import(paths, heard).await,
            Command::ImportArchive(path) => self.in_store(move |store| json(&taken_in(store, &path, heard)?)).await,
            Command::Verify => self.in_store(move |store| json(&verified(store, heard)?)).await,
            Command::Compact => self.in_store(|store| json(&compacted(store)?)).await,
            Command::NoteManners => self.in_store(|store| json(&noted(store)?)).await,
            Command::Explain(handle) => self.in_store(move |store| json(&explain(store, &handle)?)).await,
            Command::Search(inquiry) => {
                let search = self.search.clone();
                self.in_store(move |store| json(&find_now(&search, store, &inquiry)?)).await
            }
            Command::Decide(decision) => self.in_store(move |store| json(&carry_out(store, &decision, Clock::System.now())?)).await,
        };
        // Whoever asked may have gone.
        let _ = reply.send(answer);
    }

    async fn reload(&self) -> Result<String, CommandError> {
        let (reply, answer) = oneshot::channel();
        self.reloads.send(reply).await.map_err(|_| shutting_down())?;
        answer.await.map_err(|_| shutting_down())?
    }

    async fn poll(&self, source: Option<SourceId>, is_release: bool) -> Result<String, CommandError> {
        if let Some(id) = &source {
            self.settings.borrow().enabled_source(id).map_err(CommandError::Refused)?;
        }
        let (reply, answer) = oneshot::channel();
        self.polls.send(PollOrder { source, is_release, reply }).await.map_err(|_| shutting_down())?;
        let reports = answer.await.map_err(|_| shutting_down())??;
        json(&reports.iter().map(PollRow::from).collect::<Vec<_>>())
    }

    /// What blocks goes to a thread that may.
    async fn in_store(&self, work: impl FnOnce(&Store) -> Result<String, CommandError> + Send + 'static) -> Result<String, CommandError> {
        let store = self.store.clone();
        let done = tokio::task::spawn_blocking(move || work(&store)).await;
        done.map_err(|error| CommandError::Failed(error.to_string()))?
    }

    async fn import(&self, paths: Vec<PathBuf>, heard: impl Fn(f64) + Send + 'static) -> Result<String, CommandError> {
        let settings = import_settings(&self.settings.borrow());
        let store = self.store.clone();
        let now = Clock::System.now();
        let work = move || poll::import(&store, &paths, &settings, now, |step| heard(step.done as f64 / step.total.max(1) as f64));
        let imported = tokio::task::spawn_blocking(work).await.map_err(|error| CommandError::Failed(error.to_string()))?;
        json(&ImportRow::from(imported.map_err(|error| CommandError::Failed(error.to_string()))?))
    }
}

fn json(value: &impl serde::Serialize) -> Result<String, CommandError> {
    serde_json::to_string(value).map_err(|error| CommandError::Failed(error.to_string()))
}

fn shutting_down() -> CommandError {
    CommandError::Failed("the daemon is shutting down".to_owned())
}
