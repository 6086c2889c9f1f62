//! Outages: what the feed of health tells. They stand in the index alone, a row each, and are taken along when it is made again.
//!
//! Nothing here moves the generation: no story depends on them, and the feed of health is made from these rows whenever it is asked for.

use std::collections::BTreeMap;

use super::{
    Store,
    codec::{Decoder, Encoder},
    error::Result,
    index::Changes,
    rows::{self, Row},
};
use crate::{
    health::{About, Outage, Verdict},
    model::{SourceId, Timestamp, Trouble},
};

/// Their family of rows.
pub(super) const OUTAGES: u8 = b'k';

/// Outages that are kept. Beyond that the oldest that are over go; those that go on are few by the rules of their making.
const OUTAGES_MAX: usize = 1000;

impl Store {
    /// Every outage that is kept, in the order of their numbers.
    pub fn outages(&self) -> Result<Vec<Outage>> {
        let mut outages = Vec::new();
        for row in self.core.index.walk(&[OUTAGES]) {
            let (at, bytes) = row?;
            // One that a later program wrote in its own way is passed over.
            outages.extend(rows::number_of(&at).zip(Outage::decode(&bytes)).map(|(number, outage)| Outage { number, ..outage }));
        }
        Ok(outages)
    }

    /// Keeps outages that are new or other than before, all or none.
    pub fn keep_outages(&self, changed: &[Outage]) -> Result<()> {
        if changed.is_empty() {
            return Ok(());
        }
        let mut kept: BTreeMap<u64, Outage> = self.outages()?.into_iter().map(|outage| (outage.number, outage)).collect();
        kept.extend(changed.iter().map(|outage| (outage.number, outage.clone())));
        let mut changes: Changes = changed.iter().map(|outage| (key(outage.number), Some(outage.encode()))).collect();
        // The newest stays, whatever it is: numbers and revisions count on from it.
        let newest = kept.keys().next_back().copied();
        let mut over: Vec<&Outage> = kept.values().filter(|outage| !outage.is_open() && Some(outage.number) != newest).collect();
        over.sort_by_key(|outage| outage.revision);
        let surplus = kept.len().saturating_sub(OUTAGES_MAX).min(over.len().saturating_sub(1));
        changes.extend(over[..surplus].iter().map(|outage| (key(outage.number), None)));
        self.apply_own(&changes)
    }

    /// Writes rows that are no part of any commit, and sees that they become durable.
    pub(super) fn apply_own(&self, changes: &Changes) -> Result<()> {
        // Beside a commit, never inside one: the batch is of rows that no commit touches.
        let own = self.core.own();
        self.core.index.apply(changes)?;
        drop(own);
        if !self.core.index.is_behind() || self.core.flush().is_err() {
            self.flusher.wake();
        }
        Ok(())
    }
}

fn key(number: u64) -> Vec<u8> {
    Encoder::default().u8(OUTAGES).u64(number).finish()
}

/// What an outage is about, as it is written.
mod about {
    pub const SOURCE: u8 = 0;
    pub const HOST: u8 = 1;
    pub const CROWD: u8 = 2;
    pub const NETWORK: u8 = 3;
}

/// The verdicts that an outage may have, as they are written beside the words of a trouble.
const VERDICTS: [(Verdict, &str); 6] = [
    (Verdict::Gone, "verdict: gone"),
    (Verdict::Frozen, "verdict: frozen"),
    (Verdict::Expiring, "verdict: expiring"),
    (Verdict::Late, "verdict: late"),
    (Verdict::Offline, "verdict: offline"),
    (Verdict::Moved, "verdict: moved"),
];

impl Row for Outage {
    fn encode(&self) -> Vec<u8> {
        let out = match &self.about {
            About::Source(source) => sources(Encoder::default().u8(about::SOURCE), std::slice::from_ref(source)),
            About::Host { name, sources: all } => sources(Encoder::default().u8(about::HOST).bytes(name.as_bytes()), all),
            About::Crowd(all) => sources(Encoder::default().u8(about::CROWD), all),
            About::Network => Encoder::default().u8(about::NETWORK),
        };
        let verdict = match self.verdict {
            Verdict::Failing(trouble) => trouble.as_str(),
            verdict => VERDICTS.iter().find(|(known, _)| *known == verdict).map_or("", |(_, words)| words),
        };
        let out = out.bytes(verdict.as_bytes()).option(self.said.as_deref(), |out, said| out.bytes(said.as_bytes()));
        let out = [self.began, self.told, self.updated].into_iter().fold(out, |out, at| out.i64(at.as_millis()));
        let out = [self.well_since, self.ended].into_iter().fold(out, |out, at| out.option(at, |out, at| out.i64(at.as_millis())));
        out.u64(self.revision).u32(self.relapses).finish()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut input = Decoder::new(bytes);
        let read = |input: &mut Decoder<'_>| input.list(|input| SourceId::parse(&input.string()?).ok());
        let about = match input.u8()? {
            about::SOURCE => About::Source(read(&mut input)?.pop()?),
            about::HOST => About::Host { name: input.string()?, sources: read(&mut input)? },
            about::CROWD => About::Crowd(read(&mut input)?),
            about::NETWORK => About::Network,
            _ => return None,
        };
        let words = input.string()?;
        let verdict = VERDICTS.iter().find(|(_, known)| *known == words).map(|(verdict, _)| *verdict);
        let verdict = verdict.or_else(|| Trouble::parse(&words).map(Verdict::Failing))?;
        let said = input.option(Decoder::string)?;
        let time = |input: &mut Decoder<'_>| input.i64().map(Timestamp::from_millis);
        Some(Self {
            number: 0,
            about,
            verdict,
            said,
            began: time(&mut input)?,
            told: time(&mut input)?,
            updated: time(&mut input)?,
            well_since: input.option(time)?,
            ended: input.option(time)?,
            revision: input.u64()?,
            relapses: input.u32()?,
        })
    }
}

fn sources(out: Encoder, sources: &[SourceId]) -> Encoder {
    out.list(sources, |out, source| out.bytes(source.as_str().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::MergeThresholds;

    fn outage(number: u64, about: About, verdict: Verdict) -> Outage {
        let at = Timestamp::from_secs(i64::try_from(number).expect("small"));
        Outage {
            number,
            about,
            verdict,
            said: Some("blocked: status 403".to_owned()),
            began: at,
            told: at,
            updated: at,
            revision: number,
            well_since: None,
            ended: Some(at),
            relapses: 2,
        }
    }

    #[test]
    fn outages_are_kept_through_restart_and_rebuild_and_are_bounded() {
        let folder = tempfile::tempdir().expect("a folder");
        let open = || Store::open(folder.path(), MergeThresholds::default()).expect("opens").0;
        let id = |name: &str| SourceId::parse(name).expect("a slug");
        let abouts = [
            About::Source(id("a")),
            About::Host { name: "hub.example".to_owned(), sources: vec![id("a"), id("b")] },
            About::Crowd(vec![id("a")]),
            About::Network,
        ];
        let verdicts =
            [Verdict::Failing(Trouble::Blocked), Verdict::Gone, Verdict::Late, Verdict::Moved, Verdict::Offline, Verdict::Frozen];
        let many: Vec<Outage> =
            (1..=1100_u64).map(|number| outage(number, abouts[number as usize % 4].clone(), verdicts[number as usize % 6])).collect();
        let store = open();
        store.keep_outages(&many).expect("kept");
        assert_eq!(store.outages().expect("read"), many[100..]);
        drop(store);
        Store::rebuild(folder.path(), |_| {}).expect("rebuilt");
        assert_eq!(open().outages().expect("read"), many[100..]);
    }
}
