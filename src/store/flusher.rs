//! The thread that makes commits durable, at most a second after they were made.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use super::core::Core;

/// Commits are gathered for so long: a flush for each costs five hundred times as much as the commit.
const GATHER: Duration = Duration::from_millis(500);
/// After a failed flush, the next attempt.
const RETRY: Duration = Duration::from_secs(5);

#[derive(Default)]
struct State {
    is_dirty: bool,
    is_stopping: bool,
    /// The last write failed.
    is_failing: bool,
}

#[derive(Default)]
struct Signal {
    state: Mutex<State>,
    changed: Condvar,
}

impl Signal {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The running thread. Dropping it flushes once more and waits for the end.
pub(super) struct Flusher {
    signal: Arc<Signal>,
    thread: Option<JoinHandle<()>>,
}

impl Flusher {
    /// Starts the thread for a store.
    pub(super) fn start(core: Arc<Core>) -> std::io::Result<Self> {
        let signal = Arc::new(Signal::default());
        let heard = Arc::clone(&signal);
        let thread = thread::Builder::new().name("store-flush".to_owned()).spawn(move || run(&core, &heard))?;
        Ok(Self { signal, thread: Some(thread) })
    }

    /// Says that there is something to make durable.
    pub(super) fn wake(&self) {
        self.signal.state().is_dirty = true;
        self.signal.changed.notify_one();
    }

    /// Says how a write went that the thread knows nothing of.
    pub(super) fn wrote(&self, is_well: bool) {
        self.signal.state().is_failing = !is_well;
    }

    /// Whether the last write reached the disk.
    pub(super) fn is_well(&self) -> bool {
        !self.signal.state().is_failing
    }
}

impl Drop for Flusher {
    fn drop(&mut self) {
        self.signal.state().is_stopping = true;
        self.signal.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            // A panic in there has been reported by the panic hook; the journal has everything.
            let _ = thread.join();
        }
    }
}

fn run(core: &Core, signal: &Signal) {
    let mut pause = GATHER;
    loop {
        let waiting = signal.changed.wait_while(signal.state(), |state| !state.is_dirty && !state.is_stopping);
        let gathering =
            signal.changed.wait_timeout_while(waiting.unwrap_or_else(PoisonError::into_inner), pause, |state| !state.is_stopping);
        let (mut state, _) = gathering.unwrap_or_else(PoisonError::into_inner);
        let (is_dirty, is_stopping) = (state.is_dirty, state.is_stopping);
        state.is_dirty = false;
        drop(state);
        pause = GATHER;
        if is_dirty {
            let flushed = core.flush();
            signal.state().is_failing = flushed.is_err();
            if let Err(error) = flushed {
                tracing::error!("not yet durable: {error}");
                signal.state().is_dirty = true;
                pause = RETRY;
            }
        }
        if is_stopping {
            return;
        }
    }
}
