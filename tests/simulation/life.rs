//! The daemon's life in a simulated world: starts, restarts, kills, sleep, changes of the clock, and looks into its memory.

use std::{
    io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;
use watchfire::{
    clock::{Clock, Simulation},
    model::{Cadence, FetchLimits, ItemLimits, MergeThresholds, ScheduleLimits},
    poll::{self, Mode, PollOrder, Poller, Roster},
    schedule,
    store::{Store, StoreError},
};

use crate::{
    chance::Chance,
    population::{DAY, HOUR, MINUTE, Millis, Population, SECOND},
    world::{BIRTH, World},
};

/// No source is later than this when its host is free.
const LATENESS_MAX: Duration = Duration::from_secs(60);

/// A daemon and its world.
pub struct Life {
    pub world: World,
    dir: tempfile::TempDir,
    simulation: Arc<Simulation>,
    roster: Arc<Roster>,
    running: Option<Running>,
    /// Lines of the log that say that the network is down.
    offline_lines: Arc<AtomicU32>,
    _logging: tracing::subscriber::DefaultGuard,
    /// Distance between two looks into its memory.
    look_every: Millis,
}

struct Running {
    store: Store,
    shutdown: CancellationToken,
    loop_ends: JoinHandle<()>,
    _orders: mpsc::Sender<PollOrder>,
    _roster: watch::Sender<Arc<Roster>>,
}

impl Life {
    /// A daemon that has never run, with everybody's sources.
    pub fn new(population: Population, chance: Chance, look_every: Millis) -> Self {
        let sources: Vec<_> = population.sites.iter().map(|site| Arc::new(site.source.clone())).collect();
        let limits = (ScheduleLimits::default(), FetchLimits::default(), ItemLimits::default(), MergeThresholds::default());
        let roster = Arc::new(Roster::new(&sources, limits.0, limits.1, limits.2, limits.3));
        let offline_lines = Arc::new(AtomicU32::new(0));
        let ear = Ear(offline_lines.clone());
        let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::WARN).with_writer(move || ear.clone()).finish();
        Self {
            world: World::new(population, chance),
            dir: tempfile::tempdir().expect("a folder"),
            simulation: Arc::new(Simulation::new(BIRTH)),
            roster,
            running: None,
            offline_lines,
            _logging: tracing::subscriber::set_default(subscriber),
            look_every,
        }
    }

    /// Starts it.
    pub fn start(&mut self) {
        self.world.with(|judge, _, now| judge.came_up(now));
        let store = open(self.dir.path());
        let shutdown = CancellationToken::new();
        let (orders, orders_out) = mpsc::channel(1);
        let (roster, roster_out) = watch::channel(self.roster.clone());
        let poller = Arc::new(Poller::new(store.clone(), self.world.clone(), Clock::Simulated(self.simulation.clone())));
        let loop_ends = tokio::spawn(poll::run(poller, roster_out, orders_out, Mode::Daemon, shutdown.clone()));
        self.running = Some(Running { store, shutdown, loop_ends, _orders: orders, _roster: roster });
    }

    /// Ends it as an operator does: polls in flight end by themselves.
    pub async fn stop(&mut self) {
        let Some(running) = self.running.take() else { return };
        running.shutdown.cancel();
        running.loop_ends.await.expect("the loop ends");
    }

    /// Ends it in the middle of everything. What was written stays, what was under way is lost.
    pub async fn kill(&mut self) {
        let Some(running) = self.running.take() else { return };
        self.world.kill(true);
        running.loop_ends.abort();
        drop(running.loop_ends.await);
        // The polls that it had started end when the runtime looks at them.
        for _ in 0..300 {
            tokio::task::yield_now().await;
        }
        self.world.kill(false);
    }

    /// Ends it and starts it again, a moment later each time.
    pub async fn restart(&mut self, times: u32) {
        for _ in 0..times {
            self.stop().await;
            tokio::time::sleep(Duration::from_secs(2)).await;
            self.start();
            tokio::time::sleep(Duration::from_secs(7)).await;
        }
    }

    /// Lets time pass, and looks into its memory now and then.
    pub async fn live(&self, span: Millis) {
        let mut left = span;
        while left > 0 {
            let step = left.min(self.look_every);
            tokio::time::sleep(Duration::from_millis(step)).await;
            self.look();
            left -= step;
        }
    }

    /// The clock is set ahead, or back.
    pub fn set_clock_ahead(&self, millis: i64) {
        self.simulation.set_ahead(millis);
        self.world.clock_moved(millis);
    }

    /// The machine sleeps; when it wakes its network needs a moment.
    pub fn sleep(&self, span: Millis) {
        self.set_clock_ahead(i64::try_from(span).expect("not that long"));
        self.world.cut_off(15 * SECOND);
    }

    /// How often the log has said that the network is down.
    pub fn offline_lines(&self) -> u32 {
        self.offline_lines.load(Ordering::Relaxed)
    }

    /// The store of the running daemon.
    pub fn store(&self) -> &Store {
        &self.running.as_ref().expect("it runs").store
    }

    /// Nobody late while their host is free, nobody given up, nobody blamed for more than was their fault.
    pub fn look(&self) {
        let store = self.store();
        self.world.with(|judge, population, now| {
            let mut doubtful = Vec::new();
            for (index, site) in population.sites.iter().enumerate() {
                let state = store.source_state(&site.source.id).expect("a state");
                let record = &judge.records[index];
                if record.is_gone || record.is_in_flight {
                    continue;
                }
                let mut faults = Vec::new();
                let silence = record.asked_at.map_or(now.lived, |asked| now.lived - asked.lived);
                // A daily line whose publisher wishes a day's distance may miss its tick by a minute.
                let is_bound = site.wish.skip_hours != 0 || matches!(site.source.cadence, Cadence::Cron(_));
                let most = 31 * HOUR + if is_bound { DAY } else { 0 };
                if silence > most + judge.set_back_lately(now) {
                    let (why, due) = (state.why, state.next_due);
                    faults.push(format!("given up: not asked for {} hours; {why:?} {due:?}", silence / HOUR));
                }
                let late = state.next_due.map(|due| now.wall.since(due));
                let asked = schedule::address(&site.source, &state, now.wall);
                if judge.is_quiet(now) && late.is_none_or(|late| late > LATENESS_MAX) && judge.is_free(&asked.host(), now) {
                    faults.push(format!("late by {late:?} ({:?}), and its host is free", state.why));
                }
                if judge.is_quiet(now) && record.is_doubtful {
                    doubtful.push((index, state.failures));
                } else if judge.is_quiet(now) && state.failures != record.failures {
                    faults.push(format!("{} failures are remembered, there were {}", state.failures, record.failures));
                }
                for what in faults {
                    judge.fault(now, &format!("{}: {what}", site.source.id));
                }
            }
            for (index, failures) in doubtful {
                (judge.records[index].failures, judge.records[index].is_doubtful) = (failures, false);
            }
        });
    }
}

/// Opens a store that its last user may not have closed yet: readers of documents cannot be cancelled.
fn open(dir: &Path) -> Store {
    for _ in 0..1000 {
        match Store::open(dir, MergeThresholds::default()) {
            Ok((store, _)) => return store,
            Err(StoreError::Locked(_)) => thread::sleep(Duration::from_millis(5)),
            Err(error) => panic!("not opened: {error}"),
        }
    }
    panic!("locked for ever")
}

/// Counts the lines that say that the network is down.
#[derive(Clone)]
struct Ear(Arc<AtomicU32>);

impl io::Write for Ear {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if line.windows(15).any(|words| words == b"seem to be offl") {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Between two restarts and after any other disturbance, so that its effects are over before the next.
pub const REST: Millis = 20 * MINUTE;
