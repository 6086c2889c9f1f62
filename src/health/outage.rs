//! An outage: something that was not well for long enough to be told, from its beginning to its end. One entry of the feed of health.

use super::Verdict;
use crate::model::{SourceId, Timestamp};

/// Something that is or was not well.
#[derive(Debug, Clone, PartialEq)]
pub struct Outage {
    /// Its number in its store; never used for another one.
    pub number: u64,
    /// What is not well.
    pub about: About,
    /// What ails it: the verdict of the first of its sources that was told.
    pub verdict: Verdict,
    /// What the server of that source said, in words. It may name an address.
    pub said: Option<String>,
    /// When it began.
    pub began: Timestamp,
    /// When it was first told, after it had lasted.
    pub told: Timestamp,
    /// When what is told of it last changed: its end, its coming back, a worse kind of trouble.
    pub updated: Timestamp,
    /// Counts such changes over all outages of a store: of two, the greater is the later.
    pub revision: u64,
    /// Since when all is well again, if it is: an end that has not lasted yet.
    pub well_since: Option<Timestamp>,
    /// When it ended; it may come back.
    pub ended: Option<Timestamp>,
    /// How often it came back.
    pub relapses: u32,
}

/// What is not well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// One source.
    Source(SourceId),
    /// Several sources of one host.
    Host {
        /// Its name.
        name: String,
        /// Those that were not well at any time, sorted.
        sources: Vec<SourceId>,
    },
    /// Many sources of many hosts.
    Crowd(Vec<SourceId>),
    /// Our own network.
    Network,
}

impl About {
    /// The sources it covers; none for the network, which covers all.
    pub fn sources(&self) -> &[SourceId] {
        match self {
            Self::Source(source) => std::slice::from_ref(source),
            Self::Host { sources, .. } | Self::Crowd(sources) => sources,
            Self::Network => &[],
        }
    }

    /// A text that stands for it in ids: two outages that begin at one moment differ in it.
    pub fn key(&self) -> String {
        match self {
            Self::Source(source) => format!("source {source}"),
            Self::Host { name, .. } => format!("host {name}"),
            Self::Crowd(_) => "crowd".to_owned(),
            Self::Network => "network".to_owned(),
        }
    }
}

impl Outage {
    /// Whether it goes on, as far as was told.
    pub fn is_open(&self) -> bool {
        self.ended.is_none()
    }

    /// What happened, in a line; `name` says what a source is called.
    pub fn title(&self, name: impl Fn(&SourceId) -> String) -> String {
        let what = match &self.about {
            About::Source(source) => format!("{}: {}", name(source), self.verdict.as_str()),
            About::Host { name, sources } => format!("{name}: {} sources, {}", sources.len(), self.verdict.as_str()),
            About::Crowd(sources) => format!("{} sources on several hosts: {}", sources.len(), self.verdict.as_str()),
            About::Network => "Our own network: out of reach".to_owned(),
        };
        if self.is_open() { what } else { format!("{what}; over") }
    }

    /// The same in sentences, one a line. `name` says what a source is called; what a server said is told where `may_quote`.
    pub fn sentences(&self, name: impl Fn(&SourceId) -> String, may_quote: bool) -> Vec<String> {
        let mut lines = vec![format!("{} since {}.", meaning(self.verdict), self.began.rfc3339())];
        if let Some(said) = self.said.as_deref().filter(|_| may_quote && matches!(self.about, About::Source(_))) {
            lines.push(format!("The last answer: {said}."));
        }
        if !matches!(self.about, About::Source(_) | About::Network) {
            let sources = self.about.sources();
            let named: Vec<String> = sources.iter().take(NAMES_MAX).map(name).collect();
            let more = sources.len() - named.len();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            lines.push(format!("It is about {}{more}.", named.join(", ")));
        }
        if self.relapses > 0 {
            lines.push(format!("It came back {} after it had ended.", times(self.relapses)));
        }
        if let Some(ended) = self.ended {
            lines.push(format!("It ended at {}.", ended.rfc3339()));
        }
        lines
    }
}

/// Sources that are named in one entry.
const NAMES_MAX: usize = 50;

fn meaning(verdict: Verdict) -> String {
    match verdict {
        Verdict::Gone => "It is not asked any more".to_owned(),
        Verdict::Failing(trouble) => format!("It cannot be read ({})", trouble.as_str()),
        Verdict::Frozen => "Its server says that nothing changed while it has news".to_owned(),
        Verdict::Expiring => "Its certificate ends soon and has not been renewed".to_owned(),
        Verdict::Late => "It has been silent for longer than is like it".to_owned(),
        Verdict::Empty => "It answers and has never had an item".to_owned(),
        Verdict::Moved => "It has moved for good, and the configuration names its old address".to_owned(),
        Verdict::Offline => "Our own network seems to be down".to_owned(),
        Verdict::Unasked | Verdict::Quiet | Verdict::Fine => "It is well".to_owned(),
    }
}

fn times(count: u32) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}
