//! Looks for what a receiver is to be told: the store's history, read on from where it was left.

use std::{collections::HashSet, ops::ControlFlow};

use crate::{
    model::{Receiver, Story, StoryId, Timestamp},
    search::{Search, SearchError},
    store::{Mail, Outbox, Store, StoreError, Subject, Waiting},
    view::Filter,
};

/// Events that are read from the store at once.
const EVENTS_AT_ONCE: usize = 512;

/// Why nobody could look.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The search index.
    #[error(transparent)]
    Search(#[from] SearchError),
}

/// The store and what finds stories in it.
pub(super) struct Follower<'a> {
    pub(super) store: &'a Store,
    pub(super) search: &'a Search,
    pub(super) receiver: &'a Receiver,
    /// Those of its views.
    pub(super) filters: &'a [Filter],
    /// Whether to break off: what was not written down is found again.
    pub(super) is_ending: &'a (dyn Fn() -> bool + Sync),
    pub(super) now: Timestamp,
}

impl Follower<'_> {
    /// Puts in line what is new since the last look. Says how many entries had to leave the line for it. Blocking.
    pub(super) fn look(&self, outbox: &mut Outbox) -> Result<usize, FollowError> {
        let mut dropped = 0;
        loop {
            let Some(changes) = self.store.changes(&outbox.position, EVENTS_AT_ONCE)? else {
                tracing::warn!("`{}`: the store was set back to an older state; it is told what is new from now on", self.receiver.id);
                *outbox = self.store.begin_outbox_again(&outbox.receiver)?;
                continue;
            };
            // That an old story has risen is news.
            let risen = changes.risen;
            let is_due = |number: &u64| *number >= outbox.floor || risen.contains(number);
            let numbers: Vec<u64> = changes.stories.into_iter().filter(is_due).collect();
            let mut mail = Mail::default();
            let standing = self.standing(&numbers)?;
            if (self.is_ending)() {
                return Ok(dropped);
            }
            for number in standing {
                self.queue_story(outbox, &mut mail, (number, risen.contains(&number)))?;
            }
            if changes.is_last {
                self.queue_health(outbox, &mut mail)?;
            }
            outbox.position = changes.position;
            dropped += self.make_room(outbox, &mut mail)?;
            self.store.keep_outbox(outbox, &mail)?;
            if changes.is_last {
                return Ok(dropped);
            }
        }
    }

    /// Those of the stories that stand in one of the receiver's views.
    fn standing(&self, numbers: &[u64]) -> Result<Vec<u64>, FollowError> {
        if numbers.is_empty() || self.filters.is_empty() {
            return Ok(Vec::new());
        }
        // The index follows the store by itself, but may be behind: what changed must be in it before it is asked.
        self.search.catch_up(self.store, |_| if (self.is_ending)() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })?;
        let mut found: HashSet<StoryId> = HashSet::new();
        for filter in self.filters {
            found.extend(self.search.among(filter, numbers)?);
        }
        let mut standing = Vec::with_capacity(found.len());
        for id in found {
            standing.extend(self.store.story_number(id)?);
        }
        standing.sort_unstable();
        Ok(standing)
    }

    fn queue_story(&self, outbox: &mut Outbox, mail: &mut Mail, (number, has_risen): (u64, bool)) -> Result<(), FollowError> {
        let told = self.store.told(&outbox.receiver, number)?;
        if told.is_some() && !self.receiver.on_update {
            return Ok(());
        }
        let is_young = |story: &Story| !story.is_backlog() && self.now.since(story.published.at()) <= self.receiver.age_max;
        let is_news = |story: &Story| has_risen || is_young(story);
        let Some(story) = self.store.story_numbered(number)?.filter(is_news) else { return Ok(()) };
        let updated = story.updated.at();
        if told.is_none_or(|told| updated > told) {
            self.queue(outbox, mail, Subject::Story(number));
            mail.told.push((number, updated));
        }
        Ok(())
    }

    fn queue_health(&self, outbox: &mut Outbox, mail: &mut Mail) -> Result<(), FollowError> {
        let mut fresh = self.store.outages()?;
        fresh.retain(|outage| outage.revision > outbox.health);
        fresh.sort_by_key(|outage| outage.revision);
        for outage in fresh {
            outbox.health = outage.revision;
            if self.receiver.health {
                self.queue(outbox, mail, Subject::Outage(outage.number));
            }
        }
        Ok(())
    }

    fn queue(&self, outbox: &mut Outbox, mail: &mut Mail, subject: Subject) {
        mail.queued.push(Waiting { number: outbox.next, subject, since: self.now });
        outbox.next += 1;
    }

    /// Lets the oldest entries go where too many wait, but for those of the message that is on its way.
    fn make_room(&self, outbox: &Outbox, mail: &mut Mail) -> Result<usize, FollowError> {
        if mail.queued.is_empty() {
            return Ok(0);
        }
        let bound = outbox.letter.map_or(0, |letter| letter.entries.1 + 1);
        let waiting = self.store.waiting(&outbox.receiver)?;
        let surplus = (waiting.len() + mail.queued.len()).saturating_sub(Outbox::WAITING_MAX);
        let free: Vec<u64> = waiting.iter().map(|entry| entry.number).filter(|number| *number >= bound).collect();
        let (old, fresh) = (surplus.min(free.len()), surplus.saturating_sub(free.len()).min(mail.queued.len()));
        mail.done.extend(&free[..old]);
        mail.queued.drain(..fresh);
        Ok(old + fresh)
    }
}
