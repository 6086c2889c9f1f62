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

/// Until when no source of a host is asked, given all its sources; `None` if each goes its own way. It follows from the sources'
/// own memories, so it survives a restart. Forges, bridges and hosts of the operator's own are never silenced as a whole.
pub fn host_silence<'a>(members: impl Iterator<Item = (&'a Source, &'a SourceState)>, now: Timestamp) -> Option<Timestamp> {
    let mut told: Vec<(Timestamp, Timestamp)> = Vec::new();
    for (source, state) in members {
        if source.is_on_private_host() || is_shared(&source.url.host()) {
            return None;
        }
        let until = state.silent_until.map(|until| until.min(now + SILENCE_MAX)).filter(|until| *until > now);
        told.extend(state.last_attempt.zip(until));
    }
    told.sort_unstable();
    let crowd = told.windows(TOLD_MIN).any(|window| window[TOLD_MIN - 1].0.since(window[0].0) <= WINDOW);
    told.iter().map(|(_, until)| *until).max().filter(|_| crowd)
}

fn is_shared(host: &str) -> bool {
    let is_forge = FORGES.iter().any(|forge| host.strip_suffix(forge).is_some_and(|front| front.is_empty() || front.ends_with('.')));
    is_forge || BRIDGES.iter().any(|bridge| host.contains(bridge))
}
