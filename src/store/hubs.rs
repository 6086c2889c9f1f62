//! Hubs: which bytes of which feeds each of them was told of. It stands in the index alone, a row a hub, and goes along in a backup: a
//! restored daemon tells nobody twice.

use std::collections::BTreeMap;

use super::{
    Store,
    codec::{Decoder, Encoder},
    error::Result,
    index::Changes,
    rows::Row,
};
use crate::model::Digest;

/// Their family of rows.
pub(super) const HUBS: u8 = b'j';

/// Entity tags of feeds by their addresses, as each hub, by its address, was told of them.
pub type Announced = BTreeMap<String, BTreeMap<String, String>>;

/// What one hub was told.
struct HubRow {
    hub: String,
    tags: BTreeMap<String, String>,
}

impl Store {
    /// What hubs were told.
    pub fn announced(&self) -> Result<Announced> {
        let mut announced = Announced::new();
        for row in self.core.index.walk(&[HUBS]) {
            // One that cannot be read costs a message that was not needed.
            announced.extend(HubRow::decode(&row?.1).map(|HubRow { hub, tags }| (hub, tags)));
        }
        Ok(announced)
    }

    /// Keeps what hubs were told, and forgets hubs that are not among them.
    pub fn keep_announced(&self, announced: &Announced) -> Result<()> {
        let known = self.core.index.walk(&[HUBS]).map(|row| Ok((row?.0, None)));
        let mut changes = known.collect::<Result<Changes>>()?;
        for (hub, tags) in announced {
            changes.insert(key(hub), Some(HubRow { hub: hub.clone(), tags: tags.clone() }.encode()));
        }
        self.apply_own(&changes)
    }
}

fn key(hub: &str) -> Vec<u8> {
    Encoder::default().u8(HUBS).digest(Digest::of(&[b"hub", hub.as_bytes()])).finish()
}

impl Row for HubRow {
    fn encode(&self) -> Vec<u8> {
        let tags: Vec<_> = self.tags.iter().collect();
        let out = Encoder::default().bytes(self.hub.as_bytes());
        out.list(&tags, |out, (feed, tag)| out.bytes(feed.as_bytes()).bytes(tag.as_bytes())).finish()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut input = Decoder::new(bytes);
        let (hub, tags) = (input.string()?, input.list(|input| Some((input.string()?, input.string()?)))?);
        Some(Self { hub, tags: tags.into_iter().collect() })
    }
}
