//! Takes an archive file in: commit by commit, each whole or not at all, each once.
//!
//! How far a store's history has been taken in stands in the journal, so that the same file again changes nothing, and one that was cut
//! short goes on. Items that are here already stay as they are; what is new keeps the ids that it has there.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
};

use serde::de::DeserializeOwned;

use super::{
    Store,
    archive::Location,
    error::{Result, StoreError},
    event::{Arrived, Event, Names},
    index::Rows,
    journal,
    parcel::{FORMAT, Footer, Header, Name, Seal, Sent, Text, Told},
    record::Content,
    risk_record::RiskRecord,
    rows::{self, ItemRow, StoryRow},
    transaction::{MEMBERS_MAX, Transaction},
};
use crate::model::{Digest, Item, ItemId, JoinRule, SourceId, Timestamp, ZonedTime};

/// No commit is longer as a line, in bytes: a damaged file must not ask for memory.
const LINE_BYTES_MAX: u64 = 512 << 20;
/// Stories that were merged one into the other.
const LEAPS_MAX: usize = 64;

/// What an import of an archive file did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Received {
    /// Commits taken in.
    pub commits: u64,
    /// Commits that had been taken in before.
    pub known: u64,
    /// Items that are new.
    pub items: u64,
}

impl Store {
    /// Takes in the archive file at `path`. What stands in front of a fault in it is taken in. `progress` hears the share that is done.
    pub fn import_archive(&self, path: &Path, mut progress: impl FnMut(f64)) -> Result<Received> {
        let mut lines = Lines::open(path)?;
        let header: Header = lines.header()?;
        let own = self.core.head().feed_uuid;
        let known = self.core.index.row::<u64>(&rows::received(header.store))?.unwrap_or(journal::HEADER_BYTES);
        let known = if header.store == own { u64::MAX } else { known };
        if header.since > known {
            return Err(lines.fault("begins behind what was taken in of that store: an earlier file is missing"));
        }
        let mut received = Received::default();
        loop {
            let text = lines.next()?;
            if let Ok(Footer { commits }) = serde_json::from_str(&text) {
                let is_whole = commits == received.commits + received.known;
                return if is_whole { Ok(received) } else { Err(lines.fault("does not count the lines before it: some are missing")) };
            }
            let sent: Sent = lines.parse(&text)?;
            if sent.end <= known {
                received.known += 1;
                continue;
            }
            let mut items = 0;
            self.write(Timestamp::from_millis(sent.at), |transaction| {
                for told in &sent.events {
                    let before = transaction.ledger.head.next_seq;
                    transaction.receive(told)?.ok_or_else(|| lines.fault("holds an event that makes no sense"))?;
                    items += transaction.ledger.head.next_seq - before;
                }
                transaction.note(Event::Received { store: header.store, end: sent.end }, false)
            })?;
            received.commits += 1;
            received.items += items;
            progress(sent.end.saturating_sub(header.since) as f64 / header.until.saturating_sub(header.since).max(1) as f64);
        }
    }
}

/// Refuses a file of which not even the first two lines can be read.
pub(super) fn check(path: &Path) -> Result<()> {
    let mut lines = Lines::open(path)?;
    lines.header()?;
    lines.next().map(drop)
}

/// The lines of an archive file.
struct Lines<'a> {
    path: &'a Path,
    number: u64,
    seal: Seal,
    input: BufReader<zstd::stream::read::Decoder<'static, BufReader<File>>>,
}

impl<'a> Lines<'a> {
    fn open(path: &'a Path) -> Result<Self> {
        let decoder = File::open(path).and_then(zstd::stream::read::Decoder::new).map_err(|error| StoreError::io(path, error))?;
        Ok(Self { path, number: 0, seal: Seal::default(), input: BufReader::new(decoder) })
    }

    /// The first line, which says whether the rest can be read.
    fn header(&mut self) -> Result<Header> {
        let foreign = "is not the beginning of an archive of watchfire";
        let text = self.read().map_err(|_| self.fault(&format!("{foreign}, or is cut short")))?;
        let found: serde_json::Value = serde_json::from_str(&text).map_err(|_| self.fault(foreign))?;
        match found["watchfire_archive"].as_u64().and_then(|found| u16::try_from(found).ok()) {
            Some(found) if found > FORMAT => Err(StoreError::Newer { path: self.path.to_owned(), found, known: FORMAT }),
            Some(_) => self.check(&text).and_then(|()| self.parse(&text)),
            None => Err(self.fault(foreign)),
        }
    }

    fn next(&mut self) -> Result<String> {
        let text = self.read()?;
        self.check(&text)?;
        Ok(text)
    }

    /// Refuses a line that does not go on where the one before it ended.
    fn check(&mut self, text: &str) -> Result<()> {
        let is_sound = self.seal.fits(text);
        if is_sound { Ok(()) } else { Err(self.fault("is damaged, or lines before it are missing; what stands before was taken in")) }
    }

    fn read(&mut self) -> Result<String> {
        self.number += 1;
        let mut line = Vec::new();
        let read = self.input.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line);
        match read {
            Ok(_) if line.last() == Some(&b'\n') => {}
            Ok(_) => return Err(self.fault("is missing or cut short; what stands before it was taken in")),
            Err(error) => return Err(self.fault(&format!("cannot be unpacked ({error}); what stands before it was taken in"))),
        }
        String::from_utf8(line).map_err(|_| self.fault("is not UTF-8"))
    }

    fn parse<T: DeserializeOwned>(&self, text: &str) -> Result<T> {
        serde_json::from_str(text).map_err(|error| self.fault(&format!("makes no sense ({error})")))
    }

    fn fault(&self, what: &str) -> StoreError {
        StoreError::Refused(format!("`{}` line {}: {what}", self.path.display(), self.number))
    }
}

impl Transaction<'_> {
    /// Takes in one event of another store; `None` where a value is not one that a store could have written.
    fn receive(&mut self, told: &Told) -> Result<Option<()>> {
        let Some(()) = self.check(told) else { return Ok(None) };
        match told {
            Told::Opened { item, source, entry_id, content } => self.receive_item(item, source, content.as_ref(), Place::Own(entry_id))?,
            Told::Joined { item, source, story, rule, text_score, title_score, content } => {
                let rule = JoinRule::parse(rule).unwrap_or(JoinRule::SameText);
                let place = Place::Story { story, rule, scores: (*text_score, *title_score) };
                self.receive_item(item, source, content.as_ref(), place)?;
            }
            Told::Updated { item, updated, content } => self.receive_version(item, *updated, content.as_ref())?,
            Told::Split { item, entry_id, published } => self.receive_split(item, entry_id, published.map(zoned))?,
            Told::KeptApart { one, other } => {
                if let Some((one, other)) = self.number(one)?.zip(self.number(other)?)
                    && !self.ledger.kept_apart(one)?.contains(&other)
                {
                    self.note(Event::KeptApart { one, other }, false)?;
                }
            }
            Told::Merged { into, from, lifted } => self.receive_merge(into, from, lifted.as_ref())?,
            Told::Marked { story, risk, updated } => self.receive_mark(story, risk, *updated)?,
            Told::Purged { item, source } => {
                if let Some(seq) = self.number(item)? {
                    self.purge_numbered(seq, source)?;
                }
            }
            Told::Freed { items, stories } => {
                let seqs = items.iter().filter_map(|item| self.number(item).transpose()).collect::<Result<Vec<_>>>()?;
                let mut dates = Vec::new();
                for (story, state) in stories {
                    dates.extend(self.story_number(story)?.map(|number| state.of_story(number)));
                }
                self.free(&seqs, &dates)?;
            }
            Told::Renamed { source, names } => self.receive_names(source, names)?,
            Told::Document { path, digest } => {
                let known = self.ledger.rows.row::<Digest>(&rows::document(path))?;
                if let (None, Some(digest)) = (known, Digest::from_hex(digest)) {
                    self.note(Event::Document { path: path.clone(), digest }, false)?;
                }
            }
        }
        Ok(Some(()))
    }

    /// Whether all ids, sources and texts can be read.
    fn check(&self, told: &Told) -> Option<()> {
        match told {
            Told::Opened { item, source, content, .. } | Told::Joined { item, source, content, .. } => {
                SourceId::parse(source).ok()?;
                let item = item.id()?;
                content.as_ref().is_none_or(|text| text.read().is_some_and(|(read, _)| read.id == item)).then_some(())
            }
            Told::Updated { item, content, .. } => {
                item.id()?;
                content.as_ref().is_none_or(|text| text.read().is_some()).then_some(())
            }
            Told::Purged { source, .. } | Told::Renamed { source, .. } => SourceId::parse(source).ok().map(drop),
            _ => Some(()),
        }
    }

    /// A new item opens the story or joins the one that it did there. One that is known here stays as it is.
    fn receive_item(&mut self, name: &Name, source: &str, text: Option<&Text>, place: Place<'_>) -> Result<()> {
        let Some(id) = name.id() else { return Ok(()) };
        if self.ledger.rows.row::<u64>(&rows::identity(id))?.is_some() {
            return Ok(());
        }
        let content = text.and_then(Text::read).map(|(item, fingerprint)| Content { item, fingerprint, previous: None });
        let seq = self.ledger.head.next_seq;
        let location = content.as_ref().map_or(Ok(Location::NOWHERE), |content| self.place(content))?;
        let arrived = Arrived { seq, item: id, source: source.to_owned(), content: location };
        let event = match place {
            Place::Own(entry_id) => Event::Opened { arrived, entry_id: self.free_entry_id(seq, entry_id, content.as_ref(), id)? },
            Place::Story { story, rule, scores: (text_score, title_score) } => match self.room_in(story)? {
                Some(story) => Event::Joined { arrived, story, rule, text_score, title_score },
                None => Event::Opened { arrived, entry_id: self.free_entry_id(seq, &id.to_string(), content.as_ref(), id)? },
            },
        };
        match content {
            Some(content) => self.take_in(seq, event, content),
            None => self.change(event, None),
        }
    }

    /// The wanted entry id, unless another story here owns it.
    fn free_entry_id(&self, seq: u64, wanted: &str, content: Option<&Content>, id: ItemId) -> Result<String> {
        let is_free = self.ledger.rows.row::<u64>(&rows::owner(wanted))?.is_none() && wanted != id.to_string();
        match content {
            _ if is_free => Ok(wanted.to_owned()),
            Some(content) => self.mint(seq, &content.item),
            None => Ok(format!("urn:sha256:{id}")),
        }
    }

    fn receive_version(&mut self, name: &Name, updated: Option<(i64, i16)>, text: Option<&Text>) -> Result<()> {
        let (Some(seq), Some((item, fingerprint))) = (self.number(name)?, text.and_then(Text::read)) else { return Ok(()) };
        let Some(row) = self.ledger.rows.row::<ItemRow>(&rows::item(seq))? else { return Ok(()) };
        let digest = item.content_digest();
        if row.content.is_some_and(|(_, known)| known == digest) {
            return Ok(());
        }
        let current = self.ledger.story(row.story)?.updated;
        let updated = updated.map(zoned).filter(|updated| updated.at() > current.at());
        let item = Item { first_seen: row.first_seen, ..item };
        let content = Content { item, fingerprint, previous: row.content.map(|(place, _)| place) };
        let event = Event::Updated { seq, content: self.place(&content)?, updated };
        self.take_in(seq, event, content)
    }

    fn receive_split(&mut self, name: &Name, entry_id: &str, published: Option<ZonedTime>) -> Result<()> {
        let (Some(id), Some(seq)) = (name.id(), self.number(name)?) else { return Ok(()) };
        let Some(row) = self.ledger.rows.row::<ItemRow>(&rows::item(seq))?.filter(|row| row.story != seq) else { return Ok(()) };
        if self.ledger.story(row.story)?.members.len() < 2 {
            return Ok(());
        }
        let place = row.content.map(|(place, _)| place);
        let content = place.map_or(Ok(None), |place| self.core.content(place))?;
        let entry_id = self.free_entry_id(seq, entry_id, content.as_ref(), id)?;
        let from = Some(row.story);
        let event = Event::Split { seq, item: id, content: place.unwrap_or(Location::NOWHERE), entry_id, published, from };
        self.change(event, content.as_ref())
    }

    fn receive_merge(&mut self, into: &Name, from: &Name, lifted: Option<&(Name, Name)>) -> Result<()> {
        let (Some(into), Some(from)) = (self.story_number(into)?, self.story_number(from)?) else { return Ok(()) };
        let members = self.ledger.story(into)?.members.len() + self.ledger.story(from)?.members.len();
        if into == from || members > MEMBERS_MAX {
            return Ok(());
        }
        let lifted = match lifted {
            Some((one, other)) => self.number(one)?.zip(self.number(other)?),
            None => None,
        };
        self.change(Event::Merged { into, from, lifted }, None)
    }

    /// What lists there said of a story.
    fn receive_mark(&mut self, story: &Name, risk: &RiskRecord, updated: Option<(i64, i16)>) -> Result<()> {
        let Some(number) = self.story_number(story)? else { return Ok(()) };
        let known = self.ledger.story(number)?;
        if known.risk == risk.read() {
            return Ok(());
        }
        let updated = updated.map(zoned).filter(|updated| updated.at() > known.updated.at());
        self.note(Event::Marked { story: number, risk: risk.clone(), updated }, true)
    }

    /// What a source calls itself, unless it is asked here.
    fn receive_names(&mut self, source: &str, names: &Names) -> Result<()> {
        let Ok(id) = SourceId::parse(source) else { return Ok(()) };
        let bytes = self.ledger.rows.get(&rows::state(&id))?;
        let known = bytes.and_then(|bytes| super::state_record::decode(&bytes)).unwrap_or_default();
        if known.last_attempt.is_some() || Names::of(&known) == *names {
            return Ok(());
        }
        self.note(Event::Renamed { source: source.to_owned(), names: names.clone() }, true)
    }

    fn number(&self, name: &Name) -> Result<Option<u64>> {
        name.id().map_or(Ok(None), |id| self.ledger.rows.row(&rows::identity(id)))
    }

    /// The number of the story that an item opened, or that this one is part of now.
    fn story_number(&self, opener: &Name) -> Result<Option<u64>> {
        let mut next = self.number(opener)?;
        for _ in 0..LEAPS_MAX {
            let Some(number) = next else { return Ok(None) };
            if self.ledger.rows.row::<StoryRow>(&rows::story(number))?.is_some() {
                return Ok(Some(number));
            }
            next = match self.ledger.rows.row::<ItemRow>(&rows::item(number))? {
                Some(row) => Some(row.story),
                None => self.ledger.rows.row(&rows::alias(number))?,
            };
        }
        Ok(None)
    }

    /// The number of a story that can take one more.
    fn room_in(&self, opener: &Name) -> Result<Option<u64>> {
        let Some(number) = self.story_number(opener)? else { return Ok(None) };
        Ok((self.ledger.story(number)?.members.len() < MEMBERS_MAX).then_some(number))
    }
}

/// Where a new item goes.
#[derive(Clone, Copy)]
enum Place<'a> {
    /// It opens a story with this entry id.
    Own(&'a str),
    /// It joins one.
    Story { story: &'a Name, rule: JoinRule, scores: (Option<f32>, Option<f32>) },
}

fn zoned((millis, minutes): (i64, i16)) -> ZonedTime {
    ZonedTime::new(Timestamp::from_millis(millis), minutes)
}
