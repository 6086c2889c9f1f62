//! What the journal holds: one record a commit, with the events that happened in it.
//!
//! A record is one version byte and zstd-compressed JSON, so that an operator can read it with standard tools and a later version
//! can add fields. Content is not in it: events point to the archive.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    archive::{Location, Segment},
    error::{Result, StoreError},
    freeing::Freed,
    packing,
    risk_record::RiskRecord,
};
use crate::model::{Digest, ItemId, JoinRule, Link, SourceState, Timestamp, ZonedTime};

/// The encoding of commits that this program writes.
const ENCODING: u8 = 1;
/// No commit is larger than this once decompressed.
const COMMIT_BYTES_MAX: usize = 256 << 20;

/// Everything that one commit changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Commit {
    /// When it happened.
    #[serde(with = "millis")]
    pub(super) at: Timestamp,
    /// The generation that holds after it.
    pub(super) generation: u64,
    /// When rendered content last changed, after it.
    #[serde(with = "millis")]
    pub(super) changed_at: Timestamp,
    /// In their order.
    pub(super) events: Vec<Event>,
}

/// One thing that happened. `seq` numbers items in the order of their first sight; a story has the number of its opener.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(super) enum Event {
    /// The store was made.
    Created {
        /// Of the combined feed, for ever.
        #[serde(with = "uuid_text")]
        feed_uuid: Uuid,
    },
    /// A new item opened a story.
    Opened {
        #[serde(flatten)]
        arrived: Arrived,
        /// `atom:id` of its entry, for ever.
        entry_id: String,
    },
    /// A new item joined a story.
    Joined {
        #[serde(flatten)]
        arrived: Arrived,
        story: u64,
        #[serde(with = "rule")]
        rule: JoinRule,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text_score: Option<f32>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title_score: Option<f32>,
    },
    /// An item's content changed.
    Updated {
        seq: u64,
        #[serde(with = "place")]
        content: Location,
        /// The story's new `updated` (milliseconds, minutes east), where it moved.
        #[serde(default, with = "zoned", skip_serializing_if = "Option::is_none")]
        updated: Option<ZonedTime>,
    },
    /// An operator took a copy out of its story; it opened its own.
    Split {
        seq: u64,
        #[serde(with = "item_id")]
        item: ItemId,
        #[serde(with = "place")]
        content: Location,
        /// `atom:id` of its entry, for ever.
        entry_id: String,
        /// The earliest publication among those that stay.
        #[serde(default, with = "zoned", skip_serializing_if = "Option::is_none")]
        published: Option<ZonedTime>,
        /// The story that it left. Journals of the first programs do not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<u64>,
    },
    /// An operator ordered that two items never stand in one story.
    KeptApart { one: u64, other: u64 },
    /// An operator made one story of two.
    Merged {
        into: u64,
        from: u64,
        /// Two items that need not stay apart any longer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lifted: Option<(u64, u64)>,
    },
    /// Lists say something else than before of the vulnerabilities that a story is about.
    Marked {
        story: u64,
        #[serde(flatten)]
        risk: RiskRecord,
        /// The story's new `updated` (milliseconds, minutes east), where it moved.
        #[serde(default, with = "zoned", skip_serializing_if = "Option::is_none")]
        updated: Option<ZonedTime>,
    },
    /// An item was taken out for good: it must not come back as new.
    Purged { seq: u64, source: String },
    /// What purged items left is gone as well.
    Freed(Freed),
    /// A segment was written anew without the texts of freed items.
    Shrunk { segment: u32 },
    /// Another store's history was taken in up to here, from an archive file.
    Received {
        #[serde(with = "uuid_text")]
        store: Uuid,
        end: u64,
    },
    /// A source calls itself otherwise than before.
    Renamed {
        source: String,
        #[serde(flatten)]
        names: Names,
    },
    /// A document was read; it is read again only when its bytes change.
    Document {
        path: String,
        #[serde(with = "digest")]
        digest: Digest,
    },
    /// The settings of rendering changed.
    Rendering {
        #[serde(with = "digest")]
        digest: Digest,
    },
}

/// A new item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Arrived {
    pub(super) seq: u64,
    #[serde(with = "item_id")]
    pub(super) item: ItemId,
    pub(super) source: String,
    #[serde(with = "place")]
    pub(super) content: Location,
}

/// What outputs show of a source's own words. The rest of its state is about manners and may be forgotten; this is rendered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Names {
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    feed_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    site: Option<String>,
}

impl Names {
    /// The words in a state.
    pub(super) fn of(state: &SourceState) -> Self {
        Self { title: state.title.clone(), feed_id: state.feed_id.clone(), site: state.site.as_ref().map(ToString::to_string) }
    }

    /// The state with these words in it.
    pub(super) fn in_state(&self, state: SourceState) -> SourceState {
        let site = self.site.as_deref().and_then(|site| Link::parse(site).ok());
        SourceState { title: self.title.clone(), feed_id: self.feed_id.clone(), site, ..state }
    }
}

impl Commit {
    pub(super) fn encode(&self) -> Result<Vec<u8>> {
        let json = serde_json::to_vec(self).map_err(|error| StoreError::Corrupt(format!("a commit cannot be written: {error}")))?;
        let mut bytes = vec![ENCODING];
        let packed = packing::pack(&json).map_err(|error| StoreError::Corrupt(format!("a commit cannot be written: {error}")))?;
        bytes.extend_from_slice(&packed);
        Ok(bytes)
    }

    /// Reads a journal record; `None` where it makes no sense to this program.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let packed = bytes.strip_prefix(&[ENCODING])?;
        let size = zstd::zstd_safe::get_frame_content_size(packed).ok()??;
        let size = usize::try_from(size).ok().filter(|size| *size <= COMMIT_BYTES_MAX)?;
        serde_json::from_slice(&packing::unpack(packed, size).ok()?).ok()
    }
}

impl Event {
    /// The rule by which an item joined a story.
    pub(super) const fn joined_by(&self) -> Option<JoinRule> {
        match self {
            Self::Joined { rule, .. } => Some(*rule),
            _ => None,
        }
    }

    /// Where the content stands that it speaks of, if there was any.
    pub(super) fn content(&self) -> Option<Location> {
        let place = match self {
            Self::Opened { arrived, .. } | Self::Joined { arrived, .. } => arrived.content,
            Self::Updated { content, .. } | Self::Split { content, .. } => *content,
            Self::Created { .. }
            | Self::KeptApart { .. }
            | Self::Merged { .. }
            | Self::Marked { .. }
            | Self::Purged { .. }
            | Self::Freed(_)
            | Self::Shrunk { .. }
            | Self::Received { .. }
            | Self::Document { .. }
            | Self::Renamed { .. }
            | Self::Rendering { .. } => return None,
        };
        (place != Location::NOWHERE).then_some(place)
    }
}

impl Event {
    /// The id of the store, if this is its beginning.
    pub(super) fn created(&self) -> Option<Uuid> {
        match self {
            Self::Created { feed_uuid } => Some(*feed_uuid),
            _ => None,
        }
    }

    /// The item whose content it speaks of.
    pub(super) fn item(&self) -> Option<u64> {
        match self {
            Self::Opened { arrived, .. } | Self::Joined { arrived, .. } => Some(arrived.seq),
            Self::Updated { seq, .. } | Self::Split { seq, .. } => Some(*seq),
            _ => None,
        }
    }
}

/// A wire form: how a model type is written and read back.
macro_rules! wire {
    ($name:ident, $type:ty, $wire:ty, $write:expr, $read:expr) => {
        mod $name {
            use super::*;

            pub(super) fn serialize<S: serde::Serializer>(value: &$type, out: S) -> std::result::Result<S::Ok, S::Error> {
                let write: fn(&$type) -> $wire = $write;
                write(value).serialize(out)
            }

            pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(input: D) -> std::result::Result<$type, D::Error> {
                let read: fn($wire) -> Option<$type> = $read;
                read(<$wire>::deserialize(input)?).ok_or_else(|| serde::de::Error::custom(concat!("not a ", stringify!($type))))
            }
        }
    };
}

wire!(millis, Timestamp, i64, |time| time.as_millis(), |millis| Some(Timestamp::from_millis(millis)));
wire!(uuid_text, Uuid, String, ToString::to_string, |text| Uuid::parse_str(&text).ok());
wire!(digest, Digest, String, ToString::to_string, |hex| Digest::from_hex(&hex));
wire!(item_id, ItemId, String, ToString::to_string, |hex| Digest::from_hex(&hex).map(ItemId::from_digest));
wire!(rule, JoinRule, String, |rule| rule.as_str().to_owned(), |word| JoinRule::parse(&word));
wire!(place, Location, (u32, u64, u32), |place| (place.segment.number(), place.offset, place.length), |(segment, offset, length)| Some(
    Location { segment: Segment::from_number(segment), offset, length }
));
wire!(zoned, Option<ZonedTime>, Option<(i64, i16)>, |time| time.map(|time| (time.at().as_millis(), time.offset_minutes())), |pair| Some(
    pair.map(|(millis, minutes)| ZonedTime::new(Timestamp::from_millis(millis), minutes))
));

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Cve, Risk, Threat};

    fn risk(noticed: Option<Timestamp>) -> RiskRecord {
        let threat = Threat { exploited: None, likelihood: 9 };
        RiskRecord::of(&Risk::of(vec![(Cve::parse("CVE-2024-3094").expect("a number"), threat)], noticed))
    }

    #[test]
    fn every_event_is_read_back() {
        let content = Location { segment: Segment::from_number(24_322), offset: 8, length: 900 };
        let item = ItemId::from_digest(Digest::of(&[b"item"]));
        let arrived = Arrived { seq: 7, item, source: "krebs".to_owned(), content };
        let updated = Some(ZonedTime::new(Timestamp::from_millis(1_726_156_800_001), 480));
        let commit = Commit {
            at: Timestamp::from_millis(1_795_000_000_123),
            generation: 3,
            changed_at: Timestamp::from_millis(1_795_000_000_000),
            events: vec![
                Event::Created { feed_uuid: Uuid::from_u128(1) },
                Event::Opened { arrived: arrived.clone(), entry_id: "https://example.com/1".to_owned() },
                Event::Joined { arrived, story: 1, rule: JoinRule::SameText, text_score: Some(0.612_345_6), title_score: None },
                Event::Updated { seq: 7, content, updated },
                Event::Updated { seq: 7, content, updated: None },
                Event::Split { seq: 7, item, content, entry_id: "urn:x:1".to_owned(), published: updated, from: Some(1) },
                Event::KeptApart { one: 1, other: 7 },
                Event::Merged { into: 1, from: 7, lifted: Some((7, 1)) },
                Event::Merged { into: 1, from: 7, lifted: None },
                Event::Marked { story: 1, risk: risk(None), updated },
                Event::Marked { story: 1, risk: risk(Some(Timestamp::from_millis(5))), updated: None },
                Event::Purged { seq: 7, source: "krebs".to_owned() },
                Event::Freed(Freed { items: vec![7], probes: vec![(1, 7)], bytes: vec![(24_322, 900)], ..Freed::default() }),
                Event::Shrunk { segment: 24_322 },
                Event::Received { store: Uuid::from_u128(2), end: 900 },
                Event::Document { path: "网安/1.txt".to_owned(), digest: Digest::of(&[b"x"]) },
                Event::Renamed {
                    source: "krebs".to_owned(),
                    names: Names { title: Some("网安".to_owned()), feed_id: None, site: Some("https://example.com/".to_owned()) },
                },
                Event::Rendering { digest: Digest::of(&[b"y"]) },
            ],
        };
        let bytes = commit.encode().expect("encodes");
        assert_eq!(Commit::decode(&bytes), Some(commit));
        assert_eq!(Commit::decode(&bytes[..bytes.len() - 1]), None);
        assert_eq!(Commit::decode(&[]), None);
        assert_eq!(Commit::decode(&[9, 1, 2]), None, "an encoding of the future");
    }
}
