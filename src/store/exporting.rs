//! Writes an archive file from journal and archive, beside whoever uses the store.

use std::{collections::HashMap, fs::File, io::Write, ops::ControlFlow, os::unix::fs::OpenOptionsExt, path::Path};

use uuid::Uuid;

use super::{
    archive::{Archive, Location},
    changes::Position,
    error::{Result, StoreError},
    event::Event,
    folder::{lies_within, put_in_place, remove_file},
    journal::{self, Entry, Journal},
    parcel::{FORMAT, Footer, Header, Name, Seal, Sent, Text, Told},
    recovery::{ARCHIVE, JOURNAL},
    regrouping::orphan_entry_id,
};
use crate::model::{ItemId, ZonedTime};

/// zstd's level: a file travels further than it is written.
const LEVEL: i32 = 9;

/// What an archive file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// Commits in it.
    pub commits: u64,
    /// Where the next file goes on.
    pub cursor: String,
    /// Bytes of the journal that are damaged: the commits there are in no file.
    pub damaged_bytes: u64,
}

/// Writes what the store in `dir` knows to `target`, from the place `since` on. `progress` hears the share that is done. What fails
/// leaves `target` as it was, and nothing beside it.
pub(super) fn run(dir: &Path, target: &Path, since: Option<&str>, progress: &mut dyn FnMut(f64)) -> Result<Exported> {
    if target.is_dir() {
        return Err(StoreError::Refused(format!("`{}` is a folder, must be a file", target.display())));
    }
    if lies_within(target, dir) {
        return Err(StoreError::Refused(format!(
            "`{}` lies in the folder of the store, which nothing else may write to",
            target.display()
        )));
    }
    let fresh = target.with_file_name(format!("{}.new", target.file_name().unwrap_or_default().to_string_lossy()));
    let written = write(dir, &fresh, since, progress).and_then(|done| put_in_place(&fresh, target).map(|()| done));
    if written.is_err() {
        // The first error is the one to tell.
        let _ = remove_file(&fresh);
    }
    written
}

fn write(dir: &Path, fresh: &Path, since: Option<&str>, progress: &mut dyn FnMut(f64)) -> Result<Exported> {
    let journal = Journal::open_to_read(dir.join(JOURNAL))?;
    let until = journal.length()?;
    let archive = Archive::open_to_read(dir.join(ARCHIVE));
    let failed = |error| StoreError::io(fresh, error);
    // As private as the store.
    let file = File::options().write(true).create(true).truncate(true).mode(0o600).open(fresh).map_err(failed)?;
    let mut out = zstd::stream::write::Encoder::new(file, LEVEL).map_err(failed)?;
    let (mut teller, mut seal) = (Teller { archive, ids: HashMap::new(), orphans: HashMap::new() }, Seal::default());
    let mut put = |line: serde_json::Result<String>| out.write_all(line?.as_bytes());
    let mut last = journal::HEADER_BYTES;
    let (mut commits, mut damaged_bytes) = (0, 0);
    let store = journal.store()?.ok_or_else(|| journal.lacks_a_beginning("export"))?;
    let from = place(since, store, until)?.unwrap_or(last);
    put(seal.line(&Header { watchfire_archive: FORMAT, store, since: from, until })).map_err(failed)?;
    journal.walk(journal::HEADER_BYTES..until, |entry| {
        if let Entry::Gap(gap, end) = entry {
            damaged_bytes += end - gap;
        }
        let Entry::Commit(commit, end) = entry else { return Ok(ControlFlow::Continue(())) };
        let is_wanted = end > from;
        let events = teller.tell(&commit.events, is_wanted)?;
        last = end;
        if is_wanted {
            put(seal.line(&Sent { at: commit.at.as_millis(), end, events })).map_err(failed)?;
            commits += 1;
        }
        progress(end as f64 / until as f64);
        Ok(ControlFlow::Continue(()))
    })?;
    put(seal.line(&Footer { commits })).map_err(failed)?;
    out.finish().and_then(|file| file.sync_all()).map_err(failed)?;
    Ok(Exported { commits, cursor: Position::new(store, last).to_string(), damaged_bytes })
}

/// Where in the journal a cursor points to.
fn place(cursor: Option<&str>, store: Uuid, until: u64) -> Result<Option<u64>> {
    let Some(cursor) = cursor else { return Ok(None) };
    let refused = |why: &str| Err(StoreError::Refused(format!("the cursor `{cursor}` {why}")));
    match Position::parse(cursor) {
        Some(position) if !position.is_in(store) => refused("is one of another store"),
        Some(position) if position.end() > until => refused("is behind the end of this store: was it set back?"),
        Some(position) => Ok(Some(position.end())),
        None => refused("is none: it is what an earlier export printed"),
    }
}

/// Tells events by ids.
struct Teller {
    archive: Archive,
    ids: HashMap<u64, ItemId>,
    /// The first items that are left of stories whose opening the journal has lost: there they are told as what opened them.
    orphans: HashMap<u64, ItemId>,
}

impl Teller {
    /// Learns the numbers in these events, and tells the events if that is wanted.
    fn tell(&mut self, events: &[Event], is_wanted: bool) -> Result<Vec<Told>> {
        let mut told = Vec::new();
        for event in events {
            if let Event::Opened { arrived, .. } | Event::Joined { arrived, .. } = event {
                self.ids.insert(arrived.seq, arrived.item);
            }
            if is_wanted {
                told.extend(self.tell_one(event)?);
            }
            if let Event::Joined { arrived, story, .. } = event
                && !self.ids.contains_key(story)
            {
                self.orphans.entry(*story).or_insert(arrived.item);
            }
        }
        Ok(told)
    }

    /// One event; none that means nothing elsewhere.
    fn tell_one(&self, event: &Event) -> Result<Option<Told>> {
        let name = |seq: &u64| self.ids.get(seq).copied().map(Name::from);
        let story_name = |number: &u64| name(number).or_else(|| self.orphans.get(number).copied().map(Name::from));
        let pair = |time: &Option<ZonedTime>| time.map(|time| (time.at().as_millis(), time.offset_minutes()));
        Ok(match event {
            Event::Opened { arrived, entry_id } => Some(Told::Opened {
                item: arrived.item.into(),
                source: arrived.source.clone(),
                entry_id: entry_id.clone(),
                content: self.text(arrived.content)?,
            }),
            Event::Joined { arrived, story, rule, text_score, title_score } => match story_name(story) {
                Some(story) => Some(Told::Joined {
                    item: arrived.item.into(),
                    source: arrived.source.clone(),
                    story,
                    rule: rule.as_str().to_owned(),
                    text_score: *text_score,
                    title_score: *title_score,
                    content: self.text(arrived.content)?,
                }),
                None => Some(Told::Opened {
                    item: arrived.item.into(),
                    source: arrived.source.clone(),
                    entry_id: orphan_entry_id(arrived.item),
                    content: self.text(arrived.content)?,
                }),
            },
            Event::Updated { seq, content, updated } => match name(seq) {
                Some(item) => Some(Told::Updated { item, updated: pair(updated), content: self.text(*content)? }),
                None => None,
            },
            Event::Split { item, entry_id, published, .. } => {
                Some(Told::Split { item: (*item).into(), entry_id: entry_id.clone(), published: pair(published) })
            }
            Event::KeptApart { one, other } => name(one).zip(name(other)).map(|(one, other)| Told::KeptApart { one, other }),
            Event::Merged { into, from, lifted } => story_name(into).zip(story_name(from)).map(|(into, from)| Told::Merged {
                into,
                from,
                lifted: lifted.as_ref().and_then(|(one, other)| name(one).zip(name(other))),
            }),
            Event::Marked { story, risk, updated } => {
                story_name(story).map(|story| Told::Marked { story, risk: risk.clone(), updated: pair(updated) })
            }
            Event::Purged { seq, source } => name(seq).map(|item| Told::Purged { item, source: source.clone() }),
            Event::Freed(freed) => Some(Told::Freed {
                items: freed.items.iter().filter_map(name).collect(),
                stories: freed.stories.iter().filter_map(|state| Some((story_name(&state.story)?, state.clone()))).collect(),
            }),
            Event::Renamed { source, names } => Some(Told::Renamed { source: source.clone(), names: names.clone() }),
            Event::Document { path, digest } => Some(Told::Document { path: path.clone(), digest: digest.to_string() }),
            Event::Created { .. } | Event::Shrunk { .. } | Event::Rendering { .. } | Event::Received { .. } => None,
        })
    }

    fn text(&self, place: Location) -> Result<Option<Text>> {
        Ok(self.archive.read(place)?.as_deref().and_then(Text::of))
    }
}
