//! How long items are kept: rules for the whole store and for each source (protocol X12).

use std::{collections::HashMap, time::Duration};

use super::SourceId;

/// What an operator says of one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Keeping {
    /// Items that were first seen longer ago are purged; zero: none are. Not set: the rule of the whole store.
    pub age_max: Option<Duration>,
    /// Newest items kept. Not set: the quota of all sources.
    pub items_max: Option<u64>,
}

/// The rules of retention. Ages count from the first sight of an item: what a new source brings of its past is seen for a while.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Retention {
    /// Items that were first seen longer ago are purged.
    pub age_max: Option<Duration>,
    /// Bytes that all items may take in the archive; the oldest go.
    pub bytes_max: Option<u64>,
    /// Newest items kept of each configured source.
    pub source_items_max: Option<u64>,
    /// Bytes that the items of each configured source may take; the oldest go.
    pub source_bytes_max: Option<u64>,
    /// Every configured source. The quotas are for what others send: imported documents, and sources that are gone, have none.
    pub sources: HashMap<SourceId, Keeping>,
}

/// What holds for one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Quota {
    /// Items that were first seen longer ago are purged.
    pub age_max: Option<Duration>,
    /// Newest items kept.
    pub items_max: Option<u64>,
    /// Bytes that they may take.
    pub bytes_max: Option<u64>,
}

impl Retention {
    /// Bytes of one source that nobody with honest intentions fills in years: some hundred thousand articles.
    pub const SOURCE_BYTES_MAX: u64 = 256 << 20;

    /// What holds for a source.
    pub fn quota(&self, source: &SourceId) -> Quota {
        let Some(own) = self.sources.get(source) else { return Quota { age_max: self.age_max, ..Quota::default() } };
        Quota {
            age_max: own.age_max.or(self.age_max).filter(|age| !age.is_zero()),
            items_max: own.items_max.or(self.source_items_max),
            bytes_max: self.source_bytes_max,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_may_keep_longer_shorter_or_for_ever_and_documents_have_no_quota() {
        const DAY: Duration = Duration::from_secs(86_400);
        let id = |text| SourceId::parse(text).expect("a slug");
        let own = |age_max, items_max| Keeping { age_max, items_max };
        let sources = [("plain", own(None, None)), ("short", own(Some(DAY), Some(9))), ("ever", own(Some(Duration::ZERO), None))];
        let rules = Retention {
            age_max: Some(30 * DAY),
            source_items_max: Some(100),
            sources: sources.into_iter().map(|(name, keeping)| (id(name), keeping)).collect(),
            ..Retention::default()
        };
        for (name, age_max, items_max) in [
            ("plain", Some(30 * DAY), Some(100)),
            ("short", Some(DAY), Some(9)),
            ("ever", None, Some(100)),
            ("seeds", Some(30 * DAY), None),
        ] {
            assert_eq!(rules.quota(&id(name)), Quota { age_max, items_max, bytes_max: None }, "{name}");
        }
    }
}
