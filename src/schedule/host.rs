//! When a whole host is left in peace, because several of its sources were told to wait (protocol F13).

use std::time::Duration;

use super::plan::SILENCE_MAX;
use crate::model::{Source, SourceState, Timestamp};

/// Sources of one host that must have been told to wait ...
const TOLD_MIN: usize = 3;

/// ... within this window.
const WINDOW: Duration = Duration::from_secs(3600);

/// Hosts that serve the feeds of many unrelated owners: one route of theirs says nothing about the others.
const FORGES: [&str; 12] = [
    "github.com",
    "gitlab.com",
    "gitee.com",
    "codeberg.org",
    "bitbucket.org",
    "medium.com",
    "reddit.com",
    "youtube.com",
    "feedburner.com",
    "blogspot.com",
    "substack.com",
    "cnblogs.com",
];

/// What the names of bridges contain: programs that make feeds of other sites.
const BRIDGES: [&str; 6] = ["rsshub", "wechat2rss", "werss", "rss-bridge", "rssbridge", "feeddd"];

/// A source that was told to wait, and has not answered in another way since then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Told {
    /// When it was asked.
    at: Timestamp,
    /// Until when it is to be left in peace.
    until: Timestamp,
}

impl Told {
    /// What a source was told, if it was and may stand for its host: forges, bridges and hosts of the operator's own are never
    /// silenced as a whole.
    pub fn of(source: &Source, state: &SourceState) -> Option<Self> {
        let (at, until) = state.last_attempt.zip(state.silent_until)?;
        (until > at && !source.is_on_private_host() && !is_shared(&source.url.host())).then_some(Self { at, until })
    }
}

/// Until when no source of a host is asked, given what its sources were told; `None` if each goes its own way. When several were told
/// within one window it is what was asked for the longest. It follows from the sources' own memories, which stay as they are while the
/// host is left in peace, so it survives a restart.
pub fn host_silence(mut told: Vec<Told>, now: Timestamp) -> Option<Timestamp> {
    told.sort_unstable();
    let crowds = told.windows(TOLD_MIN).filter(|crowd| crowd[TOLD_MIN - 1].at.since(crowd[0].at) <= WINDOW);
    let until = crowds.flatten().map(|told| told.until).max()?.min(now + SILENCE_MAX);
    Some(until).filter(|until| *until > now)
}

fn is_shared(host: &str) -> bool {
    let is_forge = FORGES.iter().any(|forge| host.strip_suffix(forge).is_some_and(|front| front.is_empty() || front.ends_with('.')));
    is_forge || BRIDGES.iter().any(|bridge| host.contains(bridge))
}
