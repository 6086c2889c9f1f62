//! Polls everything that is due, or one source now, and reports; also one of which something was held back.

use std::sync::Arc;

use hyper::Method;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::{
    Choice, PollRow, risk,
    storage::{Holder, expect_store, open_or_ask},
    wiring::{fetcher, roster},
};
use crate::{
    clock::Clock,
    config::Settings,
    model::SourceId,
    poll::{self, Mode, PollOrder, Poller},
    store::Store,
};

/// Polls and returns one row a source, in the order of their ids. A running daemon does it for us.
pub async fn once(choice: &Choice, source: Option<SourceId>) -> anyhow::Result<Vec<PollRow>> {
    let settings = choice.load_or_default()?;
    if !Store::is_there(&settings.daemon.data_dir) {
        // What makes a store must have a reason: a slip in the configuration or in a name is none.
        expect_source(&choice.load()?, source.as_ref())?;
    }
    let mut rows = match open_or_ask(&settings)? {
        Holder::Us(store) => poll_here(&choice.load()?, store, source, false).await?,
        Holder::Daemon(_) if choice.catch_up => anyhow::bail!("a daemon polls already: start it with `run --catchup`"),
        Holder::Daemon(daemon) => {
            let query = source.map(|id| format!("?source={id}")).unwrap_or_default();
            serde_json::from_str(&daemon.ask(Method::POST, &format!("/admin/poll{query}"), String::new()).await?)?
        }
    };
    rows.sort_by(|a, b| a.source.cmp(&b.source));
    Ok(rows)
}

/// Lets in what was held back of a source, and polls it; no row if it was asked a moment ago and has to wait.
pub async fn release(choice: &Choice, source: &SourceId) -> anyhow::Result<Option<PollRow>> {
    let settings = choice.load_or_default()?;
    expect_store(&settings.daemon.data_dir)?;
    let rows = match open_or_ask(&settings)? {
        Holder::Us(store) => poll_here(&choice.load()?, store, Some(source.clone()), true).await?,
        Holder::Daemon(daemon) => {
            serde_json::from_str(&daemon.ask(Method::POST, &format!("/admin/release?source={source}"), String::new()).await?)?
        }
    };
    Ok(rows.into_iter().next())
}

fn expect_source(settings: &Settings, named: Option<&SourceId>) -> anyhow::Result<()> {
    named.map_or(Ok(()), |id| settings.enabled_source(id).map(drop).map_err(anyhow::Error::msg))
}

async fn poll_here(settings: &Settings, store: Store, source: Option<SourceId>, is_release: bool) -> anyhow::Result<Vec<PollRow>> {
    expect_source(settings, source.as_ref())?;
    let shutdown = CancellationToken::new();
    let lists = risk::Keeper::begin(settings, &store).await;
    let (orders_in, orders) = mpsc::channel(1);
    let (_roster, roster) = watch::channel(Arc::new(roster(settings)));
    let poller = Arc::new(Poller::new(store.clone(), fetcher(settings)?, Clock::System));
    let running = tokio::spawn(poll::run(poller, roster, orders, Mode::OnDemand, shutdown.clone()));
    let (reply, answer) = oneshot::channel();
    orders_in.send(PollOrder { source, is_release, reply }).await?;
    let reports = tokio::select! {
        answer = answer => answer??,
        _ = tokio::signal::ctrl_c() => anyhow::bail!("interrupted"),
    };
    shutdown.cancel();
    running.await?;
    if lists.is_known() {
        risk::mark_all(&store, &CancellationToken::new()).await?;
    }
    store.flush()?;
    Ok(reports.iter().map(PollRow::from).collect())
}
