//! The daemon from its start to its end.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use super::{
    Choice,
    check::refused,
    daemon_file::DaemonFile,
    hubs,
    orders::Clerk,
    risk,
    rows::ImportRow,
    search, service_manager,
    signals::{Asked, Signals},
    storage,
    watch::Watch,
    wiring::{self, fetcher, import_settings, roster},
};
use crate::{
    clock::Clock,
    config::{ConfigError, Settings},
    http,
    model::{CommandError, Retention, Secret, counted},
    notify::{self, Doors, Office, Postings},
    poll::{self, Mode, Poller},
    search::{Search, follow},
    store::Store,
};

/// How long readers' requests may take to end once we are told to stop.
const READERS_GRACE: Duration = Duration::from_secs(5);

/// Runs until SIGINT or SIGTERM. Everything that can refuse to start does so before the first request goes out.
pub async fn run(choice: &Choice) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    let settings = choice.load()?;
    for warning in settings.warnings.iter().chain(&refused(&settings)) {
        tracing::warn!("{warning}");
    }
    let listen = settings.http.listen;
    let listener = TcpListener::bind(listen).await.with_context(|| format!("cannot listen on `{listen}` (`http.listen`)"))?;
    let address = listener.local_addr()?;
    let store = storage::open(&settings)?;
    let file = DaemonFile::new(address);
    let _file = file.write(&settings.daemon.data_dir).context("cannot write daemon.json")?;
    let polled = settings.sources.iter().filter(|source| source.enabled).count();
    tracing::info!("watchfire {} serves http://{address}/feed.atom; sources to poll: {polled}", env!("CARGO_PKG_VERSION"));

    let mut daemon = Daemon::assemble(choice.clone(), settings, store.clone(), listener, file.token).await?;
    service_manager::ready();
    let end = tokio::select! {
        end = daemon.serve(&mut signals) => end,
        never = service_manager::keep_alive(store) => match never {},
    };
    service_manager::stopping();
    daemon.stop(end).await
}

/// Why the daemon ends.
#[derive(Clone, Copy)]
enum End {
    /// It was told to.
    Signal(&'static str),
    /// One of its halves is gone: better to begin anew than to go on as half a daemon.
    Fault(&'static str),
}

/// The daemon's parts and the channels between them.
struct Daemon {
    choice: Choice,
    store: Store,
    search: Search,
    address: SocketAddr,
    settings: watch::Sender<Arc<Settings>>,
    files: Watch,
    roster: watch::Sender<Arc<poll::Roster>>,
    served: watch::Sender<Arc<http::Served>>,
    /// Where a changed configuration has faults.
    refused: watch::Sender<Option<String>>,
    retention: watch::Sender<Arc<Retention>>,
    orders: mpsc::Receiver<http::Order>,
    clerk: Clerk,
    reloads: mpsc::Receiver<oneshot::Sender<Result<String, CommandError>>>,
    polls_end: CancellationToken,
    readers_end: CancellationToken,
    polling: JoinHandle<()>,
    reading: JoinHandle<bool>,
    indexing: JoinHandle<()>,
    watching: JoinHandle<()>,
    postings: watch::Sender<Arc<Postings>>,
    telling: JoinHandle<()>,
}

impl Daemon {
    async fn assemble(choice: Choice, settings: Settings, store: Store, listener: TcpListener, token: String) -> anyhow::Result<Self> {
        let address = listener.local_addr()?;
        let fetcher = fetcher(&settings)?;
        let served = wiring::served(&settings, &store, address)?;
        let (postings, postings_out) = watch::channel(Arc::new(wiring::postings(&settings, &served)));
        store.settle_rendering(served.digest(), Clock::System.now())?;
        let search = search::open(&settings)?;
        let lists = risk::Keeper::begin(&settings, &store).await;
        import_seeds(&settings, &store).await;

        let (orders_in, orders) = mpsc::channel(16);
        let (polls, poll_orders) = mpsc::channel(16);
        let (reloads_in, reloads) = mpsc::channel(1);
        let (roster, roster_out) = watch::channel(Arc::new(roster(&settings)));
        let (served, served_out) = watch::channel(Arc::new(served));
        let (retention, retention_out) = watch::channel(Arc::new(settings.retention.clone()));
        let files = Watch::new(&settings);
        let (settings, settings_out) = watch::channel(Arc::new(settings));
        let (polls_end, readers_end) = (CancellationToken::new(), CancellationToken::new());

        let office =
            Office { store: store.clone(), search: search.clone(), client: fetcher.clone(), clock: Clock::System, doors: Doors::default() };
        let telling = tokio::spawn(notify::run(office, postings_out, polls_end.clone()));
        let poller = Arc::new(Poller::new(store.clone(), fetcher.clone(), Clock::System));
        let watching = poll::watch_health(store.clone(), roster_out.clone(), Clock::System, polls_end.clone());
        let watching = tokio::spawn(watching);
        let polling = tokio::spawn(poll::run(poller, roster_out, poll_orders, Mode::Daemon, polls_end.clone()));
        let token = Secret::new(token);
        let (topics, topics_out) = watch::channel(Arc::default());
        // It ends with the reading half, and what it has not told by then it tells at the next start.
        drop(tokio::spawn(hubs::announce((store.clone(), fetcher.clone()), settings_out.clone(), topics_out)));
        let (is_following, is_following_out) = watch::channel(true);
        let (refused, refused_out) = watch::channel(None);
        let service = http::Service {
            store: store.clone(),
            search: search.clone(),
            is_following: is_following_out,
            refused: refused_out,
            served: served_out,
            orders: orders_in,
            token,
            topics,
            connections_max: settings_out.borrow().http.connections_max,
            clock: Clock::System,
        };
        let reading = tokio::spawn(http::run(listener, service, readers_end.clone().cancelled_owned()));
        // It ends between two steps, and goes on with them at the next start.
        drop(tokio::spawn(poll::retain(store.clone(), Clock::System, retention_out, polls_end.clone())));
        // The same.
        drop(tokio::spawn(risk::follow(lists, store.clone(), settings_out.clone(), polls_end.clone())));
        let indexing = tokio::spawn(follow(search.clone(), store.clone(), is_following, readers_end.clone()));
        let clerk = Clerk { store: store.clone(), search: search.clone(), settings: settings_out, polls, reloads: reloads_in };
        Ok(Self {
            choice,
            store,
            search,
            address,
            settings,
            files,
            roster,
            served,
            refused,
            retention,
            orders,
            clerk,
            reloads,
            polls_end,
            readers_end,
            polling,
            reading,
            indexing,
            watching,
            postings,
            telling,
        })
    }

    /// Carries out orders and signals until one says stop, or until a half has ended that has no end of its own.
    async fn serve(&mut self, signals: &mut Signals) -> End {
        loop {
            tokio::select! {
                _ = &mut self.polling => return End::Fault("polling"),
                _ = &mut self.reading => return End::Fault("serving"),
                asked = signals.next() => match asked {
                    Asked::Stop(signal) => return End::Signal(signal),
                    Asked::Reload => drop(self.reload()),
                },
                () = self.files.changed() => drop(self.reload()),
                Some(reply) = self.reloads.recv() => {
                    let answer = self.reload().map_err(|error| CommandError::Refused(error.to_string()));
                    let _ = reply.send(answer);
                }
                Some(order) = self.orders.recv() => drop(tokio::spawn(self.clerk.clone().carry_out(order))),
            }
        }
    }

    /// Reads the configuration again. A broken one is named in the log and on the page of the sources, and changes nothing.
    fn reload(&mut self) -> Result<String, ConfigError> {
        let current = self.settings.borrow().clone();
        let fresh = match self.choice.load_from(&current.files[0]) {
            Ok(fresh) => fresh,
            Err(error) => {
                tracing::error!("configuration not reloaded, the old one stays: {error}");
                self.refused.send_replace(Some(error.places()));
                return Err(error);
            }
        };
        self.refused.send_replace(None);
        for warning in fresh.warnings.iter().chain(&refused(&fresh)) {
            tracing::warn!("{warning}");
        }
        if (fresh.http.listen, &fresh.daemon.data_dir) != (current.http.listen, &current.daemon.data_dir) {
            tracing::warn!("a new `http.listen` or `daemon.data_dir` takes effect at the next start");
        }
        self.apply(fresh)
    }

    fn apply(&mut self, fresh: Settings) -> Result<String, ConfigError> {
        let words = counted(fresh.sources.len(), "source", "sources");
        match wiring::served(&fresh, &self.store, self.address) {
            Ok(served) => {
                if let Err(error) = self.store.settle_rendering(served.digest(), Clock::System.now()) {
                    tracing::error!("{error}");
                }
                let postings = wiring::postings(&fresh, &served);
                self.postings.send_if_modified(|current| {
                    let is_new = **current != postings;
                    *current = Arc::new(postings);
                    is_new
                });
                self.served.send_replace(Arc::new(served));
            }
            Err(error) => tracing::error!("{error:#}"),
        }
        search::name(&self.search, &fresh);
        self.retention.send_if_modified(|rules| {
            let is_new = **rules != fresh.retention;
            *rules = Arc::new(fresh.retention.clone());
            is_new
        });
        self.files.follow(&fresh);
        self.roster.send_replace(Arc::new(roster(&fresh)));
        self.settings.send_replace(Arc::new(fresh));
        tracing::info!("configuration reloaded: {words}");
        Ok(serde_json::json!({ "reloaded": words }).to_string())
    }

    /// Lets polls in flight finish within the grace time, then readers, then writes everything down.
    async fn stop(self, end: End) -> anyhow::Result<()> {
        let grace = self.settings.borrow().daemon.grace;
        match end {
            End::Signal(signal) => tracing::info!("{signal}: finishing the polls in flight, at most {}s", grace.as_secs()),
            End::Fault(half) => tracing::error!("{half} ended by itself, which is a fault of this program; ending the rest"),
        }
        self.polls_end.cancel();
        // A task that has ended has been waited for already, and cannot be a second time.
        let abort = self.polling.abort_handle();
        if !abort.is_finished() && tokio::time::timeout(grace, self.polling).await.is_err() {
            abort.abort();
            tracing::warn!("some polls did not end in time; their sources are asked again when they are due");
        }
        self.readers_end.cancel();
        if !self.reading.is_finished() {
            let _ = tokio::time::timeout(READERS_GRACE, self.reading).await;
        }
        let _ = tokio::time::timeout(READERS_GRACE, async { tokio::join!(self.watching, self.telling) }).await;
        // What it has not taken in by then it takes in at the next start.
        let _ = tokio::time::timeout(READERS_GRACE, self.indexing).await;
        self.store.flush()?;
        if let End::Fault(half) = end {
            bail!("{half} ended by itself");
        }
        tracing::info!("stopped");
        Ok(())
    }
}

/// Imports the seed documents. A failure is said and does not keep the daemon from running.
async fn import_seeds(settings: &Settings, store: &Store) {
    let Some(seeds) = settings.daemon.seeds.clone() else { return };
    if !seeds.exists() {
        return tracing::warn!("`daemon.seeds` names `{}`, which is not there: no documents to begin with", seeds.display());
    }
    let (store, import_settings) = (store.clone(), import_settings(settings));
    let work = move || {
        let paths: [PathBuf; 1] = [seeds];
        poll::import(&store, &paths, &import_settings, Clock::System.now(), |_| {})
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(summary)) => {
            let row = ImportRow::from(summary);
            let refused: u32 = row.refused.iter().map(|refused| refused.count).sum();
            if row.files > row.known {
                tracing::info!(
                    "seeds: {} new, {} joined, {} updated, {} known, {refused} refused",
                    row.new,
                    row.joined,
                    row.updated,
                    row.known
                );
            }
            for refused in row.refused {
                tracing::warn!("seeds: {} {refused}", refused.count);
            }
        }
        Ok(Err(error)) => tracing::error!("seeds not imported: {error}"),
        Err(crash) => tracing::error!("seeds not imported: {crash}"),
    }
}
