//! The outbox: what each receiver of notifications was told, what waits to be told, and which message was about to be sent.
//!
//! All of a receiver's rows change together, so that nothing is told without being remembered. They stand in the index alone and are
//! taken along when it is made again. Bounded: [`Outbox::WAITING_MAX`] entries wait, [`TOLD_MAX`] stories are remembered.

use uuid::Uuid;

use super::{
    Store,
    changes::Position,
    codec::{Decoder, Encoder},
    error::Result,
    index::{Changes, Rows},
    journal,
    rows::{self, Row},
};
use crate::model::{Digest, Timestamp};

/// Their families of rows: outboxes, what waits, what was told.
pub(super) const OUTBOXES: u8 = b'r';
pub(super) const WAITING: u8 = b'q';
pub(super) const TOLD: u8 = b'w';

/// Stories that are remembered as told to one receiver. Beyond that the oldest are forgotten, and no story that is as old is told any
/// more: so it makes no difference.
const TOLD_MAX: usize = 20_000;

/// Times of messages that are remembered, to keep to a rate.
const SENT_MAX: usize = 1000;

/// What the store remembers of a receiver.
#[derive(Debug, Clone, PartialEq)]
pub struct Outbox {
    /// What it is called in the configuration.
    pub receiver: String,
    /// The store's history up to here has been looked through.
    pub position: Position,
    /// Stories with a smaller number were there before it, or are forgotten: it is not told them.
    pub floor: u64,
    /// Changes of health up to this revision have been looked through.
    pub health: u64,
    /// The number of the next entry that waits.
    pub next: u64,
    /// The message that is about to be sent, or was, if nobody could write down that it arrived.
    pub letter: Option<Letter>,
    /// When messages were sent, oldest first.
    pub sent: Vec<Timestamp>,
    /// Attempts in a row that failed.
    pub failures: u32,
    /// When the next may be made.
    pub retry_at: Option<Timestamp>,
}

impl Outbox {
    /// Entries that wait for one receiver. What is more drives the oldest out.
    pub const WAITING_MAX: usize = 1000;
}

/// A message that has its name before it goes out, so that its receiver can tell it when it comes twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Letter {
    /// Its name.
    pub id: Uuid,
    /// The first and the last of its entries.
    pub entries: (u64, u64),
    /// When it was made.
    pub made: Timestamp,
}

/// What a receiver is to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The story with this number.
    Story(u64),
    /// The outage with this number.
    Outage(u64),
}

/// Something that waits to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// Its place in the line.
    pub number: u64,
    /// What it is.
    pub subject: Subject,
    /// Since when it waits.
    pub since: Timestamp,
}

/// What changes in an outbox, beside the outbox itself.
#[derive(Debug, Clone, Default)]
pub struct Mail {
    /// Entries that join the line.
    pub queued: Vec<Waiting>,
    /// Stories that count as told from now on, and the `updated` they are told with.
    pub told: Vec<(u64, Timestamp)>,
    /// Entries that leave the line.
    pub done: Vec<u64>,
}

impl Store {
    /// What is remembered of a receiver; `None` for one that was never met.
    pub fn outbox(&self, receiver: &str) -> Result<Option<Outbox>> {
        self.core.index.row(&family(OUTBOXES, key(receiver)))
    }

    /// An outbox that begins now: everything before is taken as told.
    pub fn new_outbox(&self, receiver: &str) -> Result<Outbox> {
        let health = self.outages()?.iter().map(|outage| outage.revision).max().unwrap_or(0);
        let head = self.core.head();
        Ok(Outbox {
            receiver: receiver.to_owned(),
            position: Position::at(&head),
            floor: head.next_seq,
            health,
            next: 0,
            letter: None,
            sent: Vec::new(),
            failures: 0,
            retry_at: None,
        })
    }

    /// Forgets what a receiver was told and what waits for it, and begins now: after the store was set back, numbers of stories mean
    /// others.
    pub fn begin_outbox_again(&self, receiver: &str) -> Result<Outbox> {
        let mut changes = Changes::new();
        for rows in [WAITING, TOLD] {
            for row in self.core.index.walk(&family(rows, key(receiver))) {
                changes.insert(row?.0, None);
            }
        }
        let outbox = self.new_outbox(receiver)?;
        changes.insert(family(OUTBOXES, key(receiver)), Some(outbox.encode()));
        self.apply_own(&changes)?;
        Ok(outbox)
    }

    /// What waits for a receiver, the oldest first.
    pub fn waiting(&self, receiver: &str) -> Result<Vec<Waiting>> {
        let prefix = family(WAITING, key(receiver));
        let mut waiting = Vec::new();
        for row in self.core.index.walk(&prefix) {
            let (at, bytes) = row?;
            let number = Decoder::new(&at[prefix.len()..]).u64();
            waiting.extend(number.zip(Waiting::decode(&bytes)).map(|(number, entry)| Waiting { number, ..entry }));
        }
        Ok(waiting)
    }

    /// With which `updated` a receiver was told a story; `None` if it was not, as far as is remembered.
    pub fn told(&self, receiver: &str, story: u64) -> Result<Option<Timestamp>> {
        let millis = self.core.index.row::<u64>(&told_key(key(receiver), story))?;
        Ok(millis.map(|millis| Timestamp::from_millis(millis.cast_signed())))
    }

    /// Keeps an outbox and what changes in it, all or nothing, and lets it become durable.
    pub fn keep_outbox(&self, outbox: &mut Outbox, mail: &Mail) -> Result<()> {
        let key = key(&outbox.receiver);
        let mut changes = Changes::new();
        for entry in &mail.queued {
            changes.insert(entry_key(key, entry.number), Some(entry.encode()));
        }
        for number in &mail.done {
            changes.insert(entry_key(key, *number), None);
        }
        for (story, updated) in &mail.told {
            changes.insert(told_key(key, *story), Some(updated.as_millis().cast_unsigned().encode()));
        }
        if !mail.told.is_empty() {
            self.forget_told(outbox, &mut changes)?;
        }
        outbox.sent.drain(..outbox.sent.len().saturating_sub(SENT_MAX));
        changes.insert(family(OUTBOXES, key), Some(outbox.encode()));
        self.apply_own(&changes)
    }

    /// Forgets the receivers that are not among these.
    pub fn retain_outboxes(&self, receivers: &[&str]) -> Result<()> {
        let kept: Vec<Digest> = receivers.iter().map(|receiver| key(receiver)).collect();
        let mut changes = Changes::new();
        for rows in [OUTBOXES, WAITING, TOLD] {
            for row in self.core.index.walk(&[rows]) {
                let (at, _) = row?;
                if !kept.iter().any(|kept| at[1..].starts_with(kept.as_bytes())) {
                    changes.insert(at, None);
                }
            }
        }
        if changes.is_empty() { Ok(()) } else { self.apply_own(&changes) }
    }

    /// Lets the oldest told stories go where there are too many, and raises the floor above them.
    fn forget_told(&self, outbox: &mut Outbox, changes: &mut Changes) -> Result<()> {
        let prefix = family(TOLD, key(&outbox.receiver));
        let mut known: Vec<Vec<u8>> = self.core.index.walk(&prefix).map(|row| Ok(row?.0)).collect::<Result<_>>()?;
        let fresh = changes.keys().filter(|key| key.starts_with(&prefix) && known.binary_search(key).is_err()).count();
        let surplus = (known.len() + fresh).saturating_sub(TOLD_MAX).min(known.len());
        for key in known.drain(..surplus) {
            if let Some(number) = Decoder::new(&key[prefix.len()..]).u64() {
                outbox.floor = outbox.floor.max(number + 1);
            }
            changes.entry(key).or_insert(None);
        }
        Ok(())
    }
}

/// Receivers stand in keys by a digest, so that all keys of one family have one length.
fn key(receiver: &str) -> Digest {
    Digest::of(&[b"receiver", receiver.as_bytes()])
}

/// What the keys of a family begin with that are a receiver's.
fn family(family: u8, receiver: Digest) -> Vec<u8> {
    Encoder::default().u8(family).digest(receiver).finish()
}

fn entry_key(receiver: Digest, number: u64) -> Vec<u8> {
    Encoder::default().raw(&family(WAITING, receiver)).u64(number).finish()
}

fn told_key(receiver: Digest, story: u64) -> Vec<u8> {
    Encoder::default().raw(&family(TOLD, receiver)).u64(story).finish()
}

impl Row for Outbox {
    fn encode(&self) -> Vec<u8> {
        Encoder::default()
            .bytes(self.receiver.as_bytes())
            .bytes(self.position.to_string().as_bytes())
            .u64(self.floor)
            .u64(self.health)
            .u64(self.next)
            .option(self.letter, |out, letter| {
                let Letter { id, entries: (first, last), made } = letter;
                out.raw(id.as_bytes()).u64(first).u64(last).i64(made.as_millis())
            })
            .list(&self.sent, |out, at| out.i64(at.as_millis()))
            .u32(self.failures)
            .option(self.retry_at, |out, at| out.i64(at.as_millis()))
            .finish()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut input = Decoder::new(bytes);
        let time = |input: &mut Decoder<'_>| input.i64().map(Timestamp::from_millis);
        Some(Self {
            receiver: input.string()?,
            position: Position::parse(&input.string()?)?,
            floor: input.u64()?,
            health: input.u64()?,
            next: input.u64()?,
            letter: input.option(|input| {
                let id = Uuid::from_slice(input.take(16)?).ok()?;
                Some(Letter { id, entries: (input.u64()?, input.u64()?), made: time(input)? })
            })?,
            sent: input.list(time)?,
            failures: input.u32()?,
            retry_at: input.option(time)?,
        })
    }
}

impl Row for Waiting {
    fn encode(&self) -> Vec<u8> {
        let (kind, number) = match self.subject {
            Subject::Story(number) => (0, number),
            Subject::Outage(number) => (1, number),
        };
        Encoder::default().u8(kind).u64(number).i64(self.since.as_millis()).finish()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut input = Decoder::new(bytes);
        let subject = match (input.u8()?, input.u64()?) {
            (0, number) => Subject::Story(number),
            (1, number) => Subject::Outage(number),
            _ => return None,
        };
        Some(Self { number: 0, subject, since: Timestamp::from_millis(input.i64()?) })
    }
}

impl Position {
    /// The end of the history that a head belongs to.
    fn at(head: &rows::Head) -> Self {
        let end = head.journal_end.max(journal::HEADER_BYTES);
        Self::new(head.feed_uuid, end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::MergeThresholds;

    #[test]
    fn an_outbox_is_kept_whole_through_a_rebuild_and_forgotten_with_its_receiver() {
        let folder = tempfile::tempdir().expect("a folder");
        let open = || Store::open(folder.path(), MergeThresholds::default()).expect("opens").0;
        let store = open();
        let at = Timestamp::from_secs(7);
        let mut outbox = Outbox {
            letter: Some(Letter { id: Uuid::from_u128(3), entries: (0, 1), made: at }),
            sent: vec![at],
            failures: 2,
            retry_at: Some(at),
            next: 3,
            ..store.new_outbox("team").expect("made")
        };
        let entry = |number, subject| Waiting { number, subject, since: at };
        let queued = vec![entry(0, Subject::Story(4)), entry(1, Subject::Outage(1)), entry(2, Subject::Story(9))];
        store.keep_outbox(&mut outbox, &Mail { queued: queued.clone(), told: vec![(4, at)], done: Vec::new() }).expect("kept");
        store.keep_outbox(&mut outbox, &Mail { done: vec![0], ..Mail::default() }).expect("kept");
        drop(store);
        Store::rebuild(folder.path(), |_| {}).expect("rebuilt");
        let store = open();
        assert_eq!(store.outbox("team").expect("read"), Some(outbox));
        assert_eq!(store.waiting("team").expect("read"), queued[1..]);
        assert_eq!((store.told("team", 4).expect("read"), store.told("team", 9).expect("read")), (Some(at), None));
        assert_eq!(store.told("other", 4).expect("read"), None);
        assert!(store.verify(|_| {}).expect("verified").is_sound());
        let fresh = store.begin_outbox_again("team").expect("begun");
        assert_eq!((store.outbox("team").expect("read"), store.told("team", 4).expect("read")), (Some(fresh), None));
        store.retain_outboxes(&["other"]).expect("kept");
        assert_eq!((store.outbox("team").expect("read"), store.waiting("team").expect("read")), (None, Vec::new()));
    }

    #[test]
    fn stories_beyond_memory_count_as_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path(), MergeThresholds::default()).expect("opens").0;
        let mut outbox = store.new_outbox("team").expect("made");
        let at = Timestamp::from_secs(7);
        for span in 0..21 {
            let told = (span * 1000..(span + 1) * 1000).map(|number| (number, at)).collect();
            store.keep_outbox(&mut outbox, &Mail { told, ..Mail::default() }).expect("kept");
        }
        assert_eq!(outbox.floor, 1000);
        assert_eq!((store.told("team", 999).expect("read"), store.told("team", 1000).expect("read")), (None, Some(at)));
    }
}
