//! One poll from reservation to commit. Every path through here ends in one outcome, recorded once and logged once.

use std::sync::{Arc, Mutex, atomic::AtomicBool};

use tokio::sync::Semaphore;

use super::{
    Roster,
    assemble::{self, Desk},
    crash,
    learning::{self, Batch},
    network::Network,
    report::Report,
    robots::RobotsFiles,
    vetting,
};
use crate::{
    clean,
    clock::Clock,
    feed::{self, Hints, NotAFeed},
    fetch::{Fetch, Request, Response},
    model::{Digest, Draft, Failure, Link, Outcome, Source, SourceState, Tally, Text, Timestamp, Trouble, Validators, Why, ZonedTime},
    schedule,
    store::{PollCommit, Store, StoreError},
    telemetry,
};

/// Everything that polls share.
pub struct Poller<F> {
    store: Store,
    pub(super) fetcher: F,
    clock: Clock,
    pub(super) robots_files: RobotsFiles,
    pub(super) network: Mutex<Network>,
    /// Our own network went or came back since anybody looked.
    pub(super) network_turned: AtomicBool,
    /// Parsing cannot be cancelled, so it must not take every thread (protocol X6).
    readers: Arc<Semaphore>,
}

impl<F: Fetch> Poller<F> {
    /// Polls go through `fetcher` and end in `store`.
    pub fn new(store: Store, fetcher: F, clock: Clock) -> Self {
        let readers = std::thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(2));
        let readers = Arc::new(Semaphore::new(readers));
        let (robots_files, network, network_turned) = (RobotsFiles::default(), Mutex::default(), AtomicBool::new(false));
        Self { store, fetcher, clock, robots_files, network, network_turned, readers }
    }

    pub(super) const fn store(&self) -> &Store {
        &self.store
    }

    pub(super) const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Polls one source. Whatever panics on the way costs this source a failure: neither it nor its host stays in flight for ever.
    pub(super) async fn poll(self: Arc<Self>, source: Arc<Source>, roster: Arc<Roster>) -> Report {
        let started = self.clock.now();
        let (outcome, state) = match crash::contained(self.attempt(&source, &roster, started)).await {
            Ok(ended) => ended,
            Err(words) => {
                let state = self.store.source_state(&source.id).unwrap_or_default();
                self.fail(&source, &roster, &state, &Failure::Panicked(words))
            }
        };
        let ended = self.clock.now();
        telemetry::poll_ended(&outcome, ended.since(started));
        let report = Report { source: source.id.clone(), outcome, next_due: state.next_due, why: state.why };
        report.log(started, ended, self.is_offline());
        report
    }

    /// Reserve, ask, settle.
    async fn attempt(&self, source: &Arc<Source>, roster: &Arc<Roster>, started: Timestamp) -> (Outcome, SourceState) {
        match self.reserve(source, roster, started) {
            Ok(state) => match self.ask(source, roster, &state, started).await {
                Ok(response) => self.settle(source, roster, state, response).await,
                Err(failure) => self.fail(source, roster, &state, &failure),
            },
            // Without its memory a source is not asked: it might be told something twice, or be asked too often.
            Err(error) => {
                let next_due = Some(started + roster.schedule.interval);
                let state = SourceState { next_due, why: Some(Why::Backoff), ..SourceState::default() };
                (Outcome::Failed(Failure::Store(error.to_string())), state)
            }
        }
    }

    /// Writes the next due time down before the request goes out, so that a restart does not ask again (protocol S1).
    fn reserve(&self, source: &Source, roster: &Roster, now: Timestamp) -> Result<SourceState, StoreError> {
        let remembered = self.store.source_state(&source.id)?;
        if let Some(due) = remembered.next_due.filter(|due| *due <= now) {
            telemetry::poll_began(now.since(due));
        }
        let state = roster.plan(source).reservation(recall(remembered, source, now), now);
        self.store.reserve(&source.id, &state)?;
        Ok(state)
    }

    async fn ask(&self, source: &Source, roster: &Roster, state: &SourceState, now: Timestamp) -> Result<Response, Failure> {
        let request = Request {
            url: schedule::address(source, state, now).clone(),
            validators: state.validators.clone(),
            limits: roster.fetch,
            ..Request::of(source, now)
        };
        self.heed_robots(&request, roster).await?;
        let after = roster.fetch.poll;
        let answer = tokio::time::timeout(after, self.fetcher.fetch(request)).await;
        answer.unwrap_or(Err(Failure::Timeout { phase: "poll", after }))
    }

    /// A response came: 304 and known bytes go straight to the record, anything else is read.
    async fn settle(&self, source: &Arc<Source>, roster: &Arc<Roster>, state: SourceState, response: Response) -> (Outcome, SourceState) {
        self.heard_from(source, roster);
        let now = self.clock.now();
        telemetry::document_fetched(response.body.len());
        let mut state = learn(schedule::settled_at(state, now), source, &response, now);
        let digest = (!response.not_modified).then(|| Digest::of(&[&response.body]));
        let outcome = if response.not_modified {
            Outcome::Unchanged
        } else if state.body_digest == digest {
            // They were left out of a request for the whole document, and may have changed: protocol F4.
            state.validators = response.validators;
            state.last_full = Some(now);
            Outcome::SameBytes
        } else {
            return self.read(source, roster, state, (response, digest)).await;
        };
        let state = roster.plan(source).after_success(record(state, &outcome), now);
        self.keep(source, outcome, state)
    }

    /// Reads the document and commits what it brought, off the I/O threads. A panic in there is this source's failure.
    async fn read(
        &self,
        source: &Arc<Source>,
        roster: &Arc<Roster>,
        state: SourceState,
        answer: (Response, Option<Digest>),
    ) -> (Outcome, SourceState) {
        let permit = self.readers.clone().acquire_owned().await;
        let now = self.clock.now();
        let work = {
            let (source, roster, state, store) = (source.clone(), roster.clone(), state.clone(), self.store.clone());
            move || {
                let _permit = permit;
                read_document(&store, &source, &roster, state, &answer, now)
            }
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(Ok(done)) => done,
            Ok(Err(failure)) => self.fail(source, roster, &state, &failure),
            Err(crash) => self.fail(source, roster, &state, &Failure::Panicked(crash::words_of(crash))),
        }
    }

    /// Nothing could be read: record it, unless it is our own network that is down.
    fn fail(&self, source: &Source, roster: &Roster, state: &SourceState, failure: &Failure) -> (Outcome, SourceState) {
        let now = self.clock.now();
        let plan = roster.plan(source);
        let outcome = Outcome::Failed(failure.clone());
        let state = record(schedule::settled_at(state.clone(), now), &outcome);
        let state = match self.observe(source, roster, &state, failure) {
            Some(since) => plan.after_offline(state, since, now),
            None if self.watches_host(source, failure) => plan.on_watch(plan.after_failure(state, failure, now)),
            None => plan.after_failure(state, failure, now),
        };
        self.keep(source, outcome, state)
    }

    fn keep(&self, source: &Source, outcome: Outcome, state: SourceState) -> (Outcome, SourceState) {
        match self.store.reserve(&source.id, &state) {
            Ok(()) => (outcome, state),
            Err(error) => (Outcome::Failed(Failure::Store(error.to_string())), state),
        }
    }
}

/// What still holds of a source's memory when it is asked now: validators belong to one request and one reader
/// (protocol F6) and are left out once a week (F9).
fn recall(state: SourceState, source: &Source, now: Timestamp) -> SourceState {
    let mut state = readdress(state, source);
    if state.reader_version != feed::VERSION {
        (state.validators, state.body_digest) = (Validators::default(), None);
        state.reader_version = feed::VERSION;
    }
    if schedule::is_validator_stale(&state, now) {
        state.validators = Validators::default();
    }
    state.identity = source.former_identity();
    state
}

/// A source's memory, if it is of the request that the configuration describes now. What another address did is not held
/// against this one: it is asked at once, gone or not.
pub(super) fn readdress(state: SourceState, source: &Source) -> SourceState {
    let request_digest = Some(request_digest(source));
    if state.request_digest == request_digest {
        return state;
    }
    let SourceState { items, arrivals, title, feed_id, site, .. } = state;
    SourceState { request_digest, items, arrivals, title, feed_id, site, ..SourceState::default() }
}

/// Names a request: whom it asks, and as whom.
fn request_digest(source: &Source) -> Digest {
    let mut parts = vec![source.url.as_str().as_bytes()];
    for header in &source.headers {
        parts.extend([header.name.as_bytes(), header.value.as_bytes()]);
    }
    Digest::of(&parts)
}

/// What the answer itself teaches, whatever its body says.
fn learn(mut state: SourceState, source: &Source, response: &Response, now: Timestamp) -> SourceState {
    if response.not_modified {
        // RFC 9111 section 4.3.4: a 304 may bring new validators, and leaves those it does not name.
        let fresh = &response.validators;
        state.validators.etag = fresh.etag.clone().or(state.validators.etag);
        state.validators.last_modified = fresh.last_modified.clone().or(state.validators.last_modified);
    }
    state.freshness.max_age = response.max_age;
    state.certificate = response.certificate;
    match response.permanent_url.as_ref().filter(|moved| **moved != source.url) {
        Some(moved) => {
            if state.effective_url.as_ref() != Some(moved) {
                let to = if source.private { moved.host() } else { moved.without_query() };
                tracing::warn!(source = %source.id, "moved for good, to `{to}`; asking there from now on; the configuration is yours to change");
            }
            state.effective_url = Some(moved.clone());
            state.effective_since = Some(now);
        }
        // The configured address answers by itself again.
        None if response.final_url == source.url => state.effective_url = None,
        None => {}
    }
    state
}

/// Bytes to drafts to items to one commit. With the answer comes the digest of its body.
fn read_document(
    store: &Store,
    source: &Source,
    roster: &Roster,
    mut state: SourceState,
    (response, digest): &(Response, Option<Digest>),
    now: Timestamp,
) -> Result<(Outcome, SourceState), Failure> {
    let address = response.content_location.as_ref().unwrap_or(&response.final_url);
    // What is relative in a private document would lead to its address: its host is as near as links get.
    let host = source.private.then(|| Link::resolve(Some(address), "/").ok());
    let hints = Hints {
        content_type: response.content_type.as_deref(),
        base: host.as_ref().map_or(Some(address), Option::as_ref),
        timezone: source.timezone,
        encoding: source.encoding.as_deref(),
        entries_max: roster.items.entries_max,
    };
    let mut reading = feed::read(&response.body, &hints).map_err(|not| match not {
        NotAFeed::Html { alternate } => Failure::Html { alternate: alternate.filter(|link| may_name(source, link)) },
        other => other.into(),
    })?;
    if source.private {
        reading.drafts.iter_mut().for_each(|draft| hide_address(draft, &source.url));
    }
    let is_first_poll = state.items == 0;
    let desk =
        Desk { source: source.identity(), channel: &reading.channel, limits: &roster.items, thresholds: &roster.merge, is_first_poll, now };
    let (readings, refused) = assemble::assemble(reading.drafts, &desk);
    let problems = u32::try_from(reading.problems.len()).unwrap_or(u32::MAX);
    for problem in &reading.problems {
        tracing::debug!(source = %source.id, "{}", Text::line(&problem.to_string(), 200));
    }

    let was_unchanged = schedule::was_said_unchanged(&state, now);
    if !response.is_delta {
        state.body_digest = *digest;
        state.body_bytes = response.body.len() as u64;
        state.last_full = Some(now);
    }
    state.validators = response.validators.clone();
    if reading.truncated {
        // Validators of a document that came in part would hide the rest for ever (protocol F5).
        (state.validators, state.body_digest) = (Validators::default(), None);
    }
    state.freshness.rhythm = reading.channel.rhythm;
    state.gone = reading.channel.expired;
    let title = reading.channel.title.map(|title| clean::title(&title, Source::TITLE_CHARS_MAX).to_string());
    (state.title, state.feed_id, state.site) = (title, reading.channel.id, reading.channel.site);
    if state.items == 0 {
        let dates = readings.iter().filter_map(|reading| reading.item.published);
        state.arrivals = schedule::remember_arrivals(&[], dates.map(ZonedTime::at).filter(|at| *at <= now));
    }

    // Nobody writes two items in the hour before the weekly request without validators: they were there, and it was said that nothing
    // had changed (protocol F9).
    let are_overdue = |tally: &Tally| was_unchanged && tally.new + tally.joined > 1;

    let mut after = None;
    let Batch { arrivals, unchanged } = learning::settle(store, readings).map_err(|error| Failure::Store(error.to_string()))?;
    state.habit = vetting::vet(store, source, &state, &arrivals)?;
    state.is_released = false;
    // What a first poll left for the second would be taken for news there.
    let new_max = if is_first_poll { usize::MAX } else { roster.items.new_max };
    let commit = PollCommit { source: source.id.clone(), arrivals, new_max };
    let tally = store.commit(commit, now, |tally| {
        let tally = Tally { unchanged: tally.unchanged + unchanged, refused: tally.refused + refused, problems, ..*tally };
        let state = SourceState { frozen: are_overdue(&tally), ..count(state, &tally, now) };
        let state = roster.plan(source).after_success(record(state, &Outcome::Read(tally)), now);
        after = Some((tally, state.clone()));
        state
    });
    match (tally, after) {
        (Ok(_), Some((tally, state))) => Ok((Outcome::Read(tally), state)),
        (Err(error), _) => Err(Failure::Store(error.to_string())),
        (Ok(_), None) => Err(Failure::Store("the commit did not ask for the state".to_owned())),
    }
}

/// An id that is made of a private source's own address would be published as `atom:id`: its digest names the entry as well.
fn hide_address(draft: &mut Draft, address: &Link) {
    let host = address.host();
    if let Some(id) = draft.native_id.as_mut().filter(|id| id.contains(&host)) {
        *id = Digest::of(&[id.as_bytes()]).to_string();
    }
}

/// Whether an outcome may name a link of the source's own page: not where it may be the address that nobody is to see, key and all.
fn may_name(source: &Source, link: &Link) -> bool {
    let has_query = |link: &Link| link.to_url().query().is_some();
    !(source.private || has_query(&source.url) && has_query(link))
}

fn count(mut state: SourceState, tally: &Tally, now: Timestamp) -> SourceState {
    let fresh = tally.new + tally.joined;
    let is_history = state.items == 0;
    state.items += u64::from(fresh);
    if fresh > 0 && !is_history {
        state.arrivals = schedule::remember_arrivals(&state.arrivals, [now]);
    }
    state
}

fn record(mut state: SourceState, outcome: &Outcome) -> SourceState {
    state.last_outcome = Some(Text::line(&outcome.to_string(), 200).to_string());
    state.trouble = if let Outcome::Failed(failure) = outcome { Some(Trouble::of(failure)) } else { None };
    state.last_failed = state.trouble.is_some();
    state.recent = state.recent.with(outcome);
    state
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use super::{Poller, Report};
    use crate::{
        clock::Clock,
        fetch::{Fetch, Request, Response},
        model::{Cadence, Failure, Link, MergeThresholds, Outcome, Source, SourceId, Timestamp, Validators},
        poll::Roster,
        store::Store,
    };

    /// Answers `/new` with a document and everything else with a 304.
    struct Origin;

    impl Fetch for Origin {
        async fn fetch(&self, request: Request) -> Result<Response, Failure> {
            let is_new = request.url.as_str().ends_with("/new");
            let body = "<rss version=\"2.0\"><channel><title>News</title><item><title>A</title></item></channel></rss>";
            Ok(Response {
                not_modified: !is_new,
                is_delta: false,
                body: if is_new { body.into() } else { "".into() },
                final_url: request.url,
                permanent_url: None,
                validators: Validators::default(),
                content_type: None,
                content_location: None,
                max_age: None,
                certificate: None,
                hubs: Vec::new(),
                self_link: None,
            })
        }
    }

    /// Parsing cannot be cancelled: a crowd of documents takes half of the cores, and who has nothing to read does not wait for them
    /// (protocol X6).
    #[tokio::test(start_paused = true)]
    async fn documents_wait_for_their_turn_to_be_read_and_a_304_does_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path(), MergeThresholds::default()).expect("opens").0;
        let poller = Arc::new(Poller::new(store, Origin, Clock::simulated(Timestamp::from_secs(1_795_305_600))));
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        assert_eq!(poller.readers.available_permits(), cores.div_ceil(2));
        let source = |name: &str| {
            let url = Link::parse(&format!("https://news.example/{name}")).expect("a link");
            Arc::new(Source::new(SourceId::parse(name).expect("a slug"), url, Cadence::Every(Duration::from_secs(3600))))
        };
        let sources = [source("new"), source("old")];
        let roster = Arc::new(Roster::new(&sources, Default::default(), Default::default(), Default::default(), Default::default()));

        let held = poller.readers.clone().acquire_many_owned(u32::try_from(cores.div_ceil(2)).expect("few")).await.expect("permits");
        let [new, old] = sources;
        let reading = tokio::spawn(poller.clone().poll(new, roster.clone()));
        let Report { outcome, .. } = poller.clone().poll(old, roster).await;
        assert_eq!(outcome, Outcome::Unchanged);
        tokio::time::sleep(Duration::from_secs(600)).await;
        assert!(!reading.is_finished(), "all who may read are busy");
        drop(held);
        let Report { outcome, .. } = reading.await.expect("ends");
        assert!(matches!(outcome, Outcome::Read(tally) if tally.new == 1), "{outcome}");
    }
}
