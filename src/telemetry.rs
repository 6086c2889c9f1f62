//! What the daemon counts while it runs, for Prometheus: one function for each thing that happens, and all names in one place.
//!
//! Names follow the conventions of Prometheus: base units, `_total` for what only grows. Labels have few values, none of them from
//! outside: no source, no address, no word of a publisher.

use std::{sync::LazyLock, time::Duration};

use prometheus::{
    Encoder, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder,
    core::{Collector, GenericGauge},
    process_collector::ProcessCollector,
    proto::{Counter, MetricFamily},
};
use rustix::time::{ClockId, clock_gettime};

use crate::model::{JoinRule, Outcome, RiskLists, Tally, Trouble};

/// The media type of `text` (Prometheus text format 0.0.4).
pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Seconds of polls: from a 304 next door to the longest that a poll may take.
const POLL_BUCKETS_SECS: [f64; 9] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0];

/// Seconds behind the due time: a full house, a host that is asked one request at a time, a machine that slept.
const LAG_BUCKETS_SECS: [f64; 8] = [0.1, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0, 7200.0];

/// Seconds of answers: from memory to made on demand.
const ANSWER_BUCKETS_SECS: [f64; 9] = [0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5];

static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::new);

struct Metrics {
    registry: Registry,
    polls: IntCounterVec,
    poll_seconds: Histogram,
    poll_lag_seconds: Histogram,
    items: IntCounterVec,
    body_bytes: IntCounter,
    joins: IntCounterVec,
    notifications: IntCounterVec,
    requests: IntCounterVec,
    request_seconds: HistogramVec,
    list_rows: IntGaugeVec,
    list_dates: IntGaugeVec,
    state: State,
}

/// What is looked up when somebody asks.
struct State {
    sources: IntGaugeVec,
    held: IntGaugeVec,
    store_bytes: IntGaugeVec,
    generation: IntGauge,
    unindexed: IntGauge,
    is_durable: IntGauge,
    is_following: IntGauge,
    is_configured: IntGauge,
}

/// How the daemon stands at one moment.
#[derive(Debug, Default)]
pub struct Standing {
    /// Configured sources by the verdict on them.
    pub sources: Vec<(&'static str, u64)>,
    /// Items in the store.
    pub items: u64,
    /// Stories in the store.
    pub stories: u64,
    /// Stories in the search index.
    pub stories_indexed: u64,
    /// Bytes of archive and journal.
    pub archive_bytes: u64,
    /// Bytes of the index.
    pub index_bytes: u64,
    /// The generation.
    pub generation: u64,
    /// Whether commits become durable.
    pub is_durable: bool,
    /// Whether the search index takes in what comes.
    pub is_following: bool,
    /// Whether the configuration in force is that of its files.
    pub is_configured: bool,
}

impl Metrics {
    fn new() -> Self {
        let registry = Registry::new();
        let metrics = Self {
            polls: counters(&registry, "watchfire_polls_total", "Polls that ended, by outcome.", &["outcome"]),
            poll_seconds: histogram(&registry, "watchfire_poll_duration_seconds", "From a poll's start to its commit.", &POLL_BUCKETS_SECS),
            poll_lag_seconds: histogram(
                &registry,
                "watchfire_poll_lag_seconds",
                "How far behind their due times polls began.",
                &LAG_BUCKETS_SECS,
            ),
            items: counters(&registry, "watchfire_entries_total", "Entries that polls read, by what became of them.", &["result"]),
            body_bytes: in_registry(&registry, IntCounter::new("watchfire_fetched_body_bytes_total", "Bytes of documents, decoded.")),
            joins: counters(&registry, "watchfire_joins_total", "Items that joined a story, by the rule that joined them.", &["rule"]),
            notifications: counters(
                &registry,
                "watchfire_notifications_total",
                "Attempts to send a message, by the answer; and what nobody will be told.",
                &["result"],
            ),
            requests: counters(&registry, "watchfire_http_requests_total", "Requests answered, by route and status.", &["route", "status"]),
            request_seconds: in_registry(
                &registry,
                HistogramVec::new(
                    HistogramOpts::new("watchfire_http_request_duration_seconds", "From a request's head to its answer's.")
                        .buckets(ANSWER_BUCKETS_SECS.to_vec()),
                    &["route"],
                ),
            ),
            list_rows: gauges(&registry, "watchfire_risk_list_rows", "Vulnerabilities on each list that was read.", "list"),
            list_dates: gauges(
                &registry,
                "watchfire_risk_list_timestamp_seconds",
                "The day of each list that was read, at its midnight.",
                "list",
            ),
            state: State {
                sources: gauges(&registry, "watchfire_sources", "Configured sources by the verdict on them.", "verdict"),
                held: gauges(&registry, "watchfire_store_entries", "What the store holds.", "kind"),
                store_bytes: gauges(&registry, "watchfire_store_bytes", "What the store takes on the disk.", "part"),
                generation: gauge(&registry, "watchfire_generation", "Moves whenever an output can have changed."),
                unindexed: gauge(&registry, "watchfire_search_behind_stories", "Stories that the search index has not taken in."),
                is_durable: gauge(&registry, "watchfire_store_durable", "1 while commits reach the disk, 0 after a failed write."),
                is_following: gauge(
                    &registry,
                    "watchfire_search_following",
                    "1 while the search index takes in what comes, 0 after a failure.",
                ),
                is_configured: gauge(
                    &registry,
                    "watchfire_config_last_reload_successful",
                    "1 while the configuration in force is that of its files, 0 while a changed one is refused.",
                ),
            },
            registry,
        };
        let info = Opts::new("watchfire_build_info", "The version that runs.").const_label("version", env!("CARGO_PKG_VERSION"));
        in_registry(&metrics.registry, IntGauge::with_opts(info)).set(1);
        register(&metrics.registry, ProcessCollector::for_self());
        metrics.begin_at_zero();
        metrics
    }

    /// Every value of every label stands there from the start: a rate over a line that begins at one misses the first event.
    fn begin_at_zero(&self) {
        let failures = Trouble::ALL.iter().map(|(_, words)| *words);
        for outcome in [READ, UNCHANGED, SAME_BYTES].into_iter().chain(failures) {
            self.polls.with_label_values(&[outcome]);
        }
        for (_, result) in results(&Tally::default()) {
            self.items.with_label_values(&[result]);
        }
        for result in [TAKEN, LATER, REFUSED, DROPPED] {
            self.notifications.with_label_values(&[result]);
        }
        for (_, rule) in JoinRule::ALL {
            self.joins.with_label_values(&[rule]);
        }
    }
}

const READ: &str = "read";
const UNCHANGED: &str = "unchanged";
const SAME_BYTES: &str = "same bytes";

/// What becomes of a message that is sent: it has arrived.
pub const TAKEN: &str = "taken";
/// It did not arrive, and is sent again.
pub const LATER: &str = "later";
/// It is not wanted as it is, and is sent again for a day.
pub const REFUSED: &str = "refused";
/// A story or a change of health that nobody will be told: it was refused for too long, or too much waited.
pub const DROPPED: &str = "dropped";

/// A message was sent with this result, or so many entries were dropped.
pub fn notified(result: &'static str, count: usize) {
    METRICS.notifications.with_label_values(&[result]).inc_by(count as u64);
}

/// A poll began so long after it was due.
pub fn poll_began(behind: Duration) {
    METRICS.poll_lag_seconds.observe(behind.as_secs_f64());
}

/// A poll ended.
pub fn poll_ended(outcome: &Outcome, took: Duration) {
    METRICS.poll_seconds.observe(took.as_secs_f64());
    let kind = match outcome {
        Outcome::Read(tally) => {
            for (count, result) in results(tally) {
                METRICS.items.with_label_values(&[result]).inc_by(count.into());
            }
            READ
        }
        Outcome::Unchanged => UNCHANGED,
        Outcome::SameBytes => SAME_BYTES,
        Outcome::Failed(failure) => Trouble::of(failure).as_str(),
    };
    METRICS.polls.with_label_values(&[kind]).inc();
}

/// A document came in, decoded so long.
pub fn document_fetched(body_bytes: usize) {
    METRICS.body_bytes.inc_by(body_bytes as u64);
}

/// An item joined a story.
pub fn item_joined(rule: JoinRule) {
    METRICS.joins.with_label_values(&[rule.as_str()]).inc();
}

/// Lists of vulnerabilities were read, or none is known any more.
pub fn risk_lists_read(lists: &RiskLists) {
    METRICS.list_rows.reset();
    METRICS.list_dates.reset();
    let known = lists.kev.as_ref().map(|kev| ("kev", kev.rows(), kev.released));
    for (list, rows, day) in known.into_iter().chain(lists.epss.as_ref().map(|epss| ("epss", epss.rows, epss.scored))) {
        set(&METRICS.list_rows, list, rows as u64);
        METRICS.list_dates.with_label_values(&[list]).set(day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp());
    }
}

/// A request was answered. `route` is one of ours, never what was asked for.
pub fn request_answered(route: &str, status: u16, took: Duration) {
    METRICS.requests.with_label_values(&[route, &status.to_string()]).inc();
    METRICS.request_seconds.with_label_values(&[route]).observe(took.as_secs_f64());
}

/// Everything, in the text format of Prometheus, with how the daemon stands now.
pub fn text(standing: &Standing) -> Vec<u8> {
    METRICS.state.set(standing);
    let mut families = METRICS.registry.gather();
    families.iter_mut().filter(|family| family.name() == CPU_SECONDS).for_each(refine_cpu_seconds);
    let mut text = Vec::new();
    TextEncoder::new().encode(&families, &mut text).expect("memory takes everything, and what is gathered is not empty");
    text
}

/// The CPU time of the process, of which the library counts whole seconds: an idle daemon takes one in minutes.
const CPU_SECONDS: &str = "process_cpu_seconds_total";

fn refine_cpu_seconds(family: &mut MetricFamily) {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    let mut counter = Counter::default();
    counter.set_value(used.tv_sec as f64 + used.tv_nsec as f64 / 1e9);
    family.mut_metric().iter_mut().for_each(|metric| metric.set_counter(counter.clone()));
}

impl State {
    fn set(&self, standing: &Standing) {
        self.sources.reset();
        for (verdict, count) in &standing.sources {
            set(&self.sources, verdict, *count);
        }
        set(&self.held, "items", standing.items);
        set(&self.held, "stories", standing.stories);
        set(&self.store_bytes, "archive", standing.archive_bytes);
        set(&self.store_bytes, "index", standing.index_bytes);
        self.generation.set(signed(standing.generation));
        self.unindexed.set(signed(standing.stories.saturating_sub(standing.stories_indexed)));
        self.is_durable.set(standing.is_durable.into());
        self.is_following.set(standing.is_following.into());
        self.is_configured.set(standing.is_configured.into());
    }
}

fn set(gauges: &IntGaugeVec, label: &str, value: u64) {
    gauges.with_label_values(&[label]).set(signed(value));
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn results(tally: &Tally) -> [(u32, &'static str); 5] {
    let Tally { new, joined, updated, unchanged, refused, .. } = *tally;
    [(new, "new"), (joined, "joined"), (updated, "updated"), (unchanged, "known"), (refused, "refused")]
}

fn counters(registry: &Registry, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
    in_registry(registry, IntCounterVec::new(Opts::new(name, help), labels))
}

fn gauges(registry: &Registry, name: &str, help: &str, label: &str) -> IntGaugeVec {
    in_registry(registry, IntGaugeVec::new(Opts::new(name, help), &[label]))
}

fn gauge(registry: &Registry, name: &str, help: &str) -> IntGauge {
    in_registry(registry, GenericGauge::new(name, help))
}

fn histogram(registry: &Registry, name: &str, help: &str, buckets_secs: &[f64]) -> Histogram {
    in_registry(registry, Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets_secs.to_vec())))
}

/// Names and labels are constants: whatever is wrong with them is wrong in every test.
fn in_registry<C: Collector + Clone + 'static>(registry: &Registry, made: prometheus::Result<C>) -> C {
    let collector = made.expect("our names are names");
    register(registry, collector.clone());
    collector
}

fn register(registry: &Registry, collector: impl Collector + 'static) {
    registry.register(Box::new(collector)).expect("every name stands once");
}
