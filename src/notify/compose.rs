//! From entries that wait to the message that is sent next.

use std::collections::HashSet;

use uuid::Uuid;

use super::{
    Postings,
    message::{Message, Note, fitting},
};
use crate::{
    model::Timestamp,
    render::{Brief, SourceCards},
    store::{Letter, Result, Store, Subject, Waiting},
};

/// Notes in one message.
const NOTES_MAX: usize = 50;

/// The next message of a receiver, and the letter that is written down before it goes out.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Draft {
    pub(super) letter: Letter,
    /// `None` where everything that waited is gone by now: there is nothing to say.
    pub(super) message: Option<Message>,
}

/// What messages are made of.
pub(super) struct Composer<'a> {
    pub(super) store: &'a Store,
    pub(super) postings: &'a Postings,
    pub(super) receiver: &'a str,
    pub(super) now: Timestamp,
}

impl Composer<'_> {
    /// Makes a message of the first entries in line, as many as go into one; `None` where none waits. A `letter` that was begun keeps its
    /// name and its entries. `size` is that of a message as it will be sent. Blocking.
    pub(super) fn compose(
        &self,
        (letter, line): (Option<Letter>, &[Waiting]),
        size: impl Fn(&Message) -> usize,
        bytes_max: usize,
    ) -> Result<Option<Draft>> {
        // One whose entries are all gone is none any more.
        let letter = letter.filter(|letter| line.first().is_some_and(|first| first.number <= letter.entries.1));
        let last = letter.map_or(u64::MAX, |letter| letter.entries.1);
        let entries: Vec<Waiting> = line.iter().take(NOTES_MAX).filter(|entry| entry.number <= last).copied().collect();
        let Some((first, end)) = entries.first().zip(entries.last()) else { return Ok(None) };
        let notes = self.notes(&entries)?;
        let id = letter.map_or_else(Uuid::new_v4, |letter| letter.id);
        let made = letter.map_or(self.now, |letter| letter.made);
        let sender = self.postings.site.title.to_string();
        let whole = Message { id, sender, receiver: self.receiver.to_owned(), notes: notes.iter().map(|(_, note)| note.clone()).collect() };
        let message = fitting(&whole, size, bytes_max);
        // What could not be put in words goes with its neighbours.
        let end = notes.get(message.notes.len()).map_or(end.number, |(next, _)| next - 1).max(first.number);
        let letter = Letter { id, entries: (first.number, end), made };
        Ok(Some(Draft { letter, message: Some(message).filter(|message| !message.notes.is_empty()) }))
    }

    /// The entries in words, each with its number; without those that there is nothing to say of any more.
    fn notes(&self, entries: &[Waiting]) -> Result<Vec<(u64, Note)>> {
        let mut cards: SourceCards = self.postings.cards.clone();
        self.store.each_source_state(|id, state| cards.learn(&id, &state))?;
        let site = &self.postings.site;
        let mut notes = Vec::with_capacity(entries.len());
        let mut outages = None;
        let mut said = HashSet::new();
        for entry in entries {
            let note = match entry.subject {
                Subject::Story(number) => self.store.story_numbered(number)?.map(|story| Note::of_story(Brief::of(site, &story, &cards))),
                // Told as it is now, and once.
                Subject::Outage(number) if said.insert(number) => {
                    let known = match &mut outages {
                        Some(known) => known,
                        None => outages.insert(self.store.outages()?),
                    };
                    known.iter().find(|outage| outage.number == number).map(|outage| Note::of_outage(site, outage, &cards))
                }
                Subject::Outage(_) => None,
            };
            notes.extend(note.map(|note| (entry.number, note)));
        }
        Ok(notes)
    }
}
