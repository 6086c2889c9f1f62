//! The writing half: a loop that sleeps until the earliest due time, and the pipeline of one poll.

mod agenda;
mod assemble;
mod blame;
mod crash;
mod documents;
mod learning;
mod listing;
mod network;
mod pipeline;
mod report;
mod retention;
mod robots;
mod seats;
mod vetting;
mod vigil;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

pub(crate) use self::report::span_in_words;
use self::{agenda::Agenda, pipeline::readdress, seats::Occasion};
pub use self::{
    documents::{ImportError, ImportSettings, ImportSummary, Progress, Refused, import},
    pipeline::Poller,
    report::Report,
    retention::retain,
    vigil::watch_health,
};
use crate::{
    clock::{Jump, Vigil},
    fetch::Fetch,
    model::{
        CommandError, Failure, FetchLimits, ItemLimits, MergeThresholds, Outcome, ScheduleLimits, Source, SourceId, SourceState, Timestamp,
        Trouble,
    },
    schedule::{self, Place, Plan},
    store::StoreError,
};

/// Who is polled, and within which limits. A reload replaces it whole.
#[derive(Debug)]
pub struct Roster {
    /// The enabled sources.
    pub sources: BTreeMap<SourceId, Arc<Source>>,
    /// Their places among the sources of their hosts.
    places: HashMap<SourceId, Place>,
    /// Different public hosts among them.
    pub hosts: usize,
    /// Limits of scheduling.
    pub schedule: ScheduleLimits,
    /// Limits of one request.
    pub fetch: FetchLimits,
    /// Limits of an item.
    pub items: ItemLimits,
    /// When two items are one story.
    pub merge: MergeThresholds,
    /// Whether `robots.txt` is asked for and obeyed.
    pub robots: bool,
}

impl Roster {
    /// The enabled ones of `sources`, with the limits that hold for all.
    pub fn new(sources: &[Arc<Source>], schedule: ScheduleLimits, fetch: FetchLimits, items: ItemLimits, merge: MergeThresholds) -> Self {
        let places = schedule::places(sources.iter().map(Arc::as_ref));
        let sources: BTreeMap<_, _> =
            sources.iter().filter(|source| source.enabled).map(|source| (source.id.clone(), Arc::clone(source))).collect();
        let public = sources.values().filter(|source| !source.is_on_private_host());
        let hosts = public.map(|source| source.url.host()).collect::<HashSet<_>>().len();
        Self { sources, places, hosts, schedule, fetch, items, merge, robots: false }
    }

    /// What the due times of a source are made from.
    fn plan<'a>(&'a self, source: &'a Source) -> Plan<'a> {
        Plan { source, place: self.places.get(&source.id).copied().unwrap_or_default(), limits: &self.schedule }
    }
}

/// Whether the loop polls by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Everything at its time, until shutdown.
    Daemon,
    /// Only what is ordered.
    OnDemand,
}

/// A person's wish to poll now: one source, or everything that is due. Answered when the polls have ended.
#[derive(Debug)]
pub struct PollOrder {
    /// Which source; `None` for all that are due.
    pub source: Option<SourceId>,
    /// What it brings next is not held back, however unlike it is. If it may not be polled yet, it is released all the same.
    pub is_release: bool,
    /// Where the reports go.
    pub reply: oneshot::Sender<Result<Vec<Report>, CommandError>>,
}

/// Runs polls until `shutdown`, then waits for those in flight. The caller bounds that wait.
pub async fn run<F: Fetch>(
    poller: Arc<Poller<F>>,
    mut roster: watch::Receiver<Arc<Roster>>,
    mut orders: mpsc::Receiver<PollOrder>,
    mode: Mode,
    shutdown: CancellationToken,
) {
    let mut table = Table { agenda: Agenda::default(), polls: JoinSet::new(), waiters: Vec::new(), mode };
    let mut current = roster.borrow_and_update().clone();
    table.seat(&poller, &current, Occasion::Start);
    let mut vigil = Vigil::new(poller.clock());
    loop {
        if let Some(jump) = vigil.look(poller.clock()) {
            table.follow(jump, &poller, &current);
        }
        if poller.take_turn_of_network() {
            table.seat(&poller, &current, Occasion::Network);
        }
        table.start_due(&poller, &current);
        let wake = table.next_start(&current);
        tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            Some(ended) = table.polls.join_next() => table.finish(ended, &poller, &current),
            Ok(()) = roster.changed() => {
                current = roster.borrow_and_update().clone();
                table.seat(&poller, &current, Occasion::Start);
            }
            Some(order) = orders.recv() => table.take_order(order, &poller, &current),
            () = nap_until(&poller, wake) => {}
        }
    }
    while let Some(ended) = table.polls.join_next().await {
        table.finish(ended, &poller, &current);
    }
}

async fn nap_until<F: Fetch>(poller: &Poller<F>, wake: Option<Timestamp>) {
    match wake {
        Some(at) => poller.clock().nap_until(at).await,
        None => std::future::pending().await,
    }
}

/// What the loop holds: who is due, what is in flight, who waits for an answer.
struct Table {
    agenda: Agenda,
    polls: JoinSet<Report>,
    waiters: Vec<Waiter>,
    mode: Mode,
}

struct Waiter {
    awaited: HashSet<SourceId>,
    reports: Vec<Report>,
    reply: oneshot::Sender<Result<Vec<Report>, CommandError>>,
}

impl Table {
    /// Puts every source of the roster on the agenda and takes the others off.
    fn seat<F: Fetch>(&mut self, poller: &Poller<F>, roster: &Roster, occasion: Occasion) {
        let left: Vec<_> = self.agenda.known().filter(|id| !roster.sources.contains_key(id)).cloned().collect();
        for id in left {
            self.agenda.forget(&id);
        }
        seats::inherit(poller, roster);
        if self.mode == Mode::Daemon {
            for (id, at) in seats::seats(poller, roster, occasion) {
                self.agenda.schedule(&id, at);
            }
        }
        self.hold_silent_hosts(poller, roster, None);
    }

    /// Leaves hosts in peace of which several sources were told to wait (protocol F13): all hosts, or that of one source. What
    /// was told stands in the sources' own memories, so it outlives a restart.
    fn hold_silent_hosts<F: Fetch>(&mut self, poller: &Poller<F>, roster: &Roster, told: Option<&SourceId>) {
        let now = poller.clock().now();
        for (rule, told) in seats::told(poller, roster, told) {
            if let Some(until) = schedule::host_silence(told, now) {
                tracing::warn!("several sources on {} were told to wait: none of them is asked before {}", rule.name, until.rfc3339());
                self.agenda.hold(rule, until);
            }
        }
    }

    /// The clock jumped. Set back, it takes all memories with it: else what was asked a moment ago would be due tomorrow. Set ahead,
    /// it cannot be told from a machine that slept, so that what is due by it is due.
    fn follow<F: Fetch>(&mut self, jump: Jump, poller: &Poller<F>, roster: &Roster) {
        match jump {
            Jump::Back(by) => {
                tracing::warn!("the clock was set back by {}", span_in_words(by));
                self.agenda.set_back(by);
                seats::correct(poller, roster, by);
            }
            Jump::Ahead(by) => {
                tracing::info!("the clock went ahead by {}: it was set, or the machine slept", span_in_words(by));
            }
        }
        poller.woke();
        self.seat(poller, roster, Occasion::Start);
    }

    fn room(&self, roster: &Roster) -> usize {
        roster.schedule.concurrency.saturating_sub(self.agenda.in_flight())
    }

    fn next_start(&self, roster: &Roster) -> Option<Timestamp> {
        if self.room(roster) > 0 { self.agenda.next_start() } else { None }
    }

    fn start_due<F: Fetch>(&mut self, poller: &Arc<Poller<F>>, roster: &Arc<Roster>) {
        for id in self.agenda.start(poller.clock().now(), self.room(roster), |id| seats::rule_of(poller, roster, id)) {
            match roster.sources.get(&id) {
                Some(source) => drop(self.polls.spawn(poller.clone().poll(source.clone(), roster.clone()))),
                None => self.agenda.finish(&id),
            }
        }
    }

    fn finish<F: Fetch>(&mut self, ended: Result<Report, tokio::task::JoinError>, poller: &Poller<F>, roster: &Roster) {
        let Ok(report) = ended else { return };
        self.agenda.finish(&report.source);
        if matches!(report.outcome, Outcome::Failed(Failure::TooManyRequests { .. })) {
            self.hold_silent_hosts(poller, roster, Some(&report.source));
        }
        if let (Mode::Daemon, Some(at)) = (self.mode, report.next_due) {
            self.agenda.schedule(&report.source, at);
        }
        for waiter in &mut self.waiters {
            if waiter.awaited.remove(&report.source) {
                waiter.reports.push(report.clone());
            }
        }
        self.answer_waiters();
    }

    fn take_order<F: Fetch>(&mut self, order: PollOrder, poller: &Poller<F>, roster: &Roster) {
        let now = poller.clock().now();
        if let (Some(id), true) = (&order.source, order.is_release)
            && let Err(refusal) = release(poller, roster, id)
        {
            return drop(order.reply.send(Err(refusal)));
        }
        let awaited = match &order.source {
            Some(id) => {
                may_poll_now(poller, roster, id, now).and_then(|()| self.may_ask_host(poller, roster, id)).map(|()| vec![id.clone()])
            }
            None => {
                let due = seats::due_now(poller, roster).into_iter();
                Ok(due.filter(|id| self.may_ask_host(poller, roster, id).is_ok()).collect())
            }
        };
        match awaited {
            Ok(ids) => {
                for id in &ids {
                    self.agenda.schedule(id, now);
                }
                let awaited = ids.into_iter().collect();
                self.waiters.push(Waiter { awaited, reports: Vec::new(), reply: order.reply });
                self.answer_waiters();
            }
            // Whoever asked may have gone.
            Err(CommandError::Refused(_)) if order.is_release => drop(order.reply.send(Ok(Vec::new()))),
            Err(refusal) => drop(order.reply.send(Err(refusal))),
        }
    }

    /// Whether the host of a source may be asked by a person's order: not while it is left in peace, which may be for hours.
    fn may_ask_host<F: Fetch>(&self, poller: &Poller<F>, roster: &Roster, id: &SourceId) -> Result<(), CommandError> {
        let rule = seats::rule_of(poller, roster, id);
        match rule.and_then(|rule| self.agenda.held_until(&rule, poller.clock().now()).map(|until| (rule, until))) {
            Some((rule, until)) => {
                Err(CommandError::Refused(format!("its host `{}` asked several sources to wait, until {}", rule.name, until.rfc3339())))
            }
            None => Ok(()),
        }
    }

    fn answer_waiters(&mut self) {
        let (done, waiting) = std::mem::take(&mut self.waiters).into_iter().partition(|waiter| waiter.awaited.is_empty());
        self.waiters = waiting;
        for waiter in done {
            drop(waiter.reply.send(Ok(waiter.reports)));
        }
    }
}

/// Remembers that an operator vouches for what a source brings next, which is looked at although it was seen before.
fn release<F: Fetch>(poller: &Poller<F>, roster: &Roster, id: &SourceId) -> Result<(), CommandError> {
    let failed = |error: StoreError| CommandError::Failed(error.to_string());
    if !roster.sources.contains_key(id) {
        return Err(CommandError::Refused(format!("no enabled source is called `{id}`")));
    }
    let state = poller.store().source_state(id).map_err(failed)?;
    if state.trouble != Some(Trouble::HeldBack) {
        return Err(CommandError::Refused(format!("nothing of `{id}` is held back")));
    }
    poller.store().reserve(id, &SourceState { is_released: true, ..state }).map_err(failed)
}

/// Whether a person may have a source polled now, whatever its due time.
fn may_poll_now<F: Fetch>(poller: &Poller<F>, roster: &Roster, id: &SourceId, now: Timestamp) -> Result<(), CommandError> {
    let Some(source) = roster.sources.get(id) else {
        return Err(CommandError::Refused(format!("no enabled source is called `{id}`")));
    };
    let state = poller.store().source_state(id).map_err(|error| CommandError::Failed(error.to_string()))?;
    let state = readdress(state, source);
    let at = roster.plan(source).manual_turn(&state, now);
    if at <= now {
        return Ok(());
    }
    let at = at.rfc3339();
    Err(CommandError::Refused(match state.silent_until {
        Some(until) if until > now => format!("`{id}` asked us to wait until {at}"),
        _ => format!("`{id}` was asked a moment ago; by hand it can be polled again at {at}"),
    }))
}
