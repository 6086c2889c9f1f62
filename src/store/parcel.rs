//! Archives as files: what a store knows, as zstd JSON lines, so that another one can take it in that no network reaches.
//!
//! The first line says of which store it is and from where to where in its journal it goes; then comes one line a commit, with the texts
//! that its events speak of; the last line says that nothing is missing, and each ends with a sum. Items and stories are named by their
//! ids, never by numbers.
//!
//! Manners are not in it. Validators vouch for all items of a source, which is more than one file of several holds, and whoever asks the
//! source there has not got what they stand for; outages tell how this network reached a source, and outboxes whom this store told.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{
    event::Names,
    fingerprint_record,
    freeing::StoryState,
    record::{self, Packed},
    risk_record::RiskRecord,
};
use crate::{
    dedup::Fingerprint,
    model::{Digest, Item, ItemId},
};

/// What ends every line: the CRC-32C of all text of the file up to there, so that damage and missing lines are noticed before anything of
/// them is taken in.
#[derive(Debug, Default)]
pub(super) struct Seal(u32);

impl Seal {
    /// The next line: a JSON object whose last field is the sum.
    pub(super) fn line(&mut self, object: &impl Serialize) -> serde_json::Result<String> {
        let mut line = serde_json::to_string(object)?;
        line.pop();
        self.0 = crc32c::crc32c_append(self.0, line.as_bytes());
        Ok(format!("{line}{SUM}{:08x}\"}}\n", self.0))
    }

    /// Whether this is the next line as it was written.
    pub(super) fn fits(&mut self, line: &str) -> bool {
        let Some((text, sum)) = line.trim_end().rsplit_once(SUM) else { return false };
        self.0 = crc32c::crc32c_append(self.0, text.as_bytes());
        sum == format!("{:08x}\"}}", self.0)
    }
}

/// Stands before the sum.
const SUM: &str = ",\"sum\":\"";

/// The newest form of archive files that this program reads and the one that it writes.
///
/// Files of form 1 say nothing of risks.
pub(super) const FORMAT: u16 = 2;

/// The first line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Header {
    /// The form of the file.
    pub(super) watchfire_archive: u16,
    /// The store.
    pub(super) store: Uuid,
    /// Where in its journal the first commit of the file begins.
    pub(super) since: u64,
    /// Where the last one ends.
    pub(super) until: u64,
}

/// The last line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Footer {
    /// Lines of commits before this one.
    pub(super) commits: u64,
}

/// A commit.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Sent {
    /// Milliseconds since 1970.
    pub(super) at: i64,
    /// Where it ends in the journal of its store.
    pub(super) end: u64,
    pub(super) events: Vec<Told>,
}

/// An event, told without numbers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Told {
    Opened {
        item: Name,
        source: String,
        entry_id: String,
        /// None where it was purged since and is gone.
        content: Option<Text>,
    },
    Joined {
        item: Name,
        source: String,
        story: Name,
        rule: String,
        text_score: Option<f32>,
        title_score: Option<f32>,
        content: Option<Text>,
    },
    Updated {
        item: Name,
        updated: Option<(i64, i16)>,
        content: Option<Text>,
    },
    Split {
        item: Name,
        entry_id: String,
        published: Option<(i64, i16)>,
    },
    KeptApart {
        one: Name,
        other: Name,
    },
    Merged {
        into: Name,
        from: Name,
        lifted: Option<(Name, Name)>,
    },
    Marked {
        story: Name,
        risk: RiskRecord,
        updated: Option<(i64, i16)>,
    },
    Purged {
        item: Name,
        source: String,
    },
    Freed {
        items: Vec<Name>,
        /// The dates of the stories that go on.
        stories: Vec<(Name, StoryState)>,
    },
    Renamed {
        source: String,
        names: Names,
    },
    Document {
        path: String,
        digest: String,
    },
}

/// An item's id, in hexadecimal digits. A story has that of its opener.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Name(String);

/// One version of an item, and what it is compared by.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Text {
    item: Box<RawValue>,
    /// As it stands in the archive, in base 64.
    fingerprint: String,
}

impl From<ItemId> for Name {
    fn from(id: ItemId) -> Self {
        Self(id.to_string())
    }
}

impl Name {
    pub(super) fn id(&self) -> Option<ItemId> {
        Digest::from_hex(&self.0).map(ItemId::from_digest)
    }
}

impl Text {
    /// The text in a record of the archive; `None` where it is unreadable.
    pub(super) fn of(record: &[u8]) -> Option<Self> {
        let packed = Packed::parse(record)?;
        let item = RawValue::from_string(packed.json()?).ok()?;
        Some(Self { item, fingerprint: STANDARD.encode(fingerprint_record::encode(&packed.fingerprint()?)) })
    }

    pub(super) fn read(&self) -> Option<(Item, Fingerprint)> {
        let fingerprint = fingerprint_record::decode(&STANDARD.decode(&self.fingerprint).ok()?)?;
        Some((record::item_of_json(self.item.get())?, fingerprint))
    }
}
