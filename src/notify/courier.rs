//! One receiver's courier: looks for what is new, waits for the right moment, sends, and writes down what became of it.
//!
//! A message has its name and its entries in the store before it goes out, and its entries leave the line when it has arrived. Whatever
//! ends the process between the two, the same message goes out again under the same name, and its receiver can tell.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use super::{
    Office, Postings,
    chat::{self, Judgement},
    compose::{Composer, Draft},
    follow::{FollowError, Follower},
    mail,
    message::Message,
    pace::backoff,
};
use crate::{
    fetch::Client,
    model::{Carrier, Link, Receiver, Timestamp},
    store::{Mail, Outbox, StoreError, Waiting},
    telemetry,
    view::{Filter, View},
};

/// The distance between two looks for what is new; between two looks at health.
const LOOK: Duration = Duration::from_secs(1);
const LOOK_AT_HEALTH: Duration = Duration::from_secs(20);

const HOUR: Duration = Duration::from_secs(3600);

/// A message that is refused for so long is given up, and one that does not arrive.
const REFUSED_MAX: Duration = Duration::from_secs(24 * 3600);
const LATE_MAX: Duration = Duration::from_secs(7 * 24 * 3600);

/// Bytes of a mail without its envelope.
const MAIL_BYTES_MAX: usize = 1 << 20;

/// A courier.
pub struct Courier {
    office: Office,
    postings: Arc<Postings>,
    receiver: Receiver,
    /// Those of its views.
    filters: Vec<Filter>,
    outbox: Outbox,
    /// What waits, oldest first.
    line: Vec<Waiting>,
    /// Entries that were told, where that could not be written down yet.
    owed: Vec<u64>,
    /// The generation at the last look, and the time of the last look at health.
    looked: Option<(u64, Timestamp)>,
    end: CancellationToken,
}

impl Courier {
    /// The courier of a receiver. One that was never met begins now. Blocking.
    pub fn new(office: Office, postings: Arc<Postings>, receiver: Receiver, end: CancellationToken) -> Result<Self, StoreError> {
        let store = &office.store;
        let outbox = match store.outbox(&receiver.id)? {
            Some(outbox) => outbox,
            None => {
                let mut outbox = store.new_outbox(&receiver.id)?;
                store.keep_outbox(&mut outbox, &Mail::default())?;
                outbox
            }
        };
        let line = store.waiting(&receiver.id)?;
        if let Some(((url, gap), last)) = door(&receiver).zip(outbox.sent.last()) {
            office.doors.shut(url, *last, *last + gap);
        }
        let is_its = |view: &&View| receiver.views.iter().any(|id| id == view.id.as_str());
        let filters = postings.views.iter().filter(is_its).map(|view| view.filter.clone()).collect();
        Ok(Self { office, postings, receiver, filters, outbox, line, owed: Vec::new(), looked: None, end })
    }

    /// Does what is to be done at `now`, and says when to come again.
    pub async fn step(self, now: Timestamp) -> (Self, Result<Timestamp, FollowError>) {
        let again = now + LOOK;
        let (courier, paid) = self.pay().await;
        if let Err(error) = paid {
            return (courier, Err(error.into()));
        }
        let (mut courier, looked) = courier.look(now).await;
        if let Err(error) = looked {
            return (courier, Err(error));
        }
        let Some(at) = courier.due(now) else { return (courier, Ok(again)) };
        if at > now {
            return (courier, Ok(at.min(again)));
        }
        if let Some((url, gap)) = door(&courier.receiver)
            && let Err(at) = courier.office.doors.pass(url, gap, now)
        {
            // Another receiver was before it at the same address.
            return (courier, Ok(at.min(again)));
        }
        let (moved, drafted) = courier.draft(now).await;
        courier = moved;
        let draft = match drafted {
            Ok(Some(draft)) => draft,
            Ok(None) => return (courier, Ok(again)),
            Err(error) => return (courier, Err(error.into())),
        };
        let judgement = match &draft.message {
            None => Judgement::Taken,
            Some(message) => {
                let sending = send(&courier.office.client, &courier.receiver, message, now);
                tokio::select! {
                    judgement = sending => judgement,
                    // It is written down: whoever comes next sends it.
                    () = courier.end.cancelled() => return (courier, Ok(again)),
                }
            }
        };
        let (courier, settled) = courier.settle(&draft, judgement, now).await;
        (courier, settled.map(|()| now).map_err(FollowError::from))
    }

    /// When the next message may go out; `None` if nothing waits.
    fn due(&self, now: Timestamp) -> Option<Timestamp> {
        let ready = self.receiver.pace.ready_at(self.line.first()?.since, &self.outbox.sent, now);
        Some(self.outbox.retry_at.map_or(ready, |retry_at| ready.max(retry_at)))
    }

    /// Reads the store's history on, if it moved.
    async fn look(self, now: Timestamp) -> (Self, Result<(), FollowError>) {
        let generation = self.office.store.generation();
        let is_current = self.looked.is_some_and(|(known, at)| known == generation && at <= now && now.since(at) < LOOK_AT_HEALTH);
        if is_current {
            return (self, Ok(()));
        }
        self.blocking(move |courier| {
            let Office { store, search, .. } = &courier.office;
            let end = courier.end.clone();
            let is_ending = move || end.is_cancelled();
            let follower = Follower { store, search, receiver: &courier.receiver, filters: &courier.filters, is_ending: &is_ending, now };
            let mut outbox = courier.outbox.clone();
            let looked = follower.look(&mut outbox);
            // What was not written down has not been seen.
            courier.outbox = if looked.is_ok() { outbox } else { store.outbox(&courier.receiver.id)?.unwrap_or(outbox) };
            let dropped = looked?;
            if dropped > 0 {
                telemetry::notified(telemetry::DROPPED, dropped);
                let max = Outbox::WAITING_MAX;
                tracing::warn!("`{}` is not told {dropped} entries: more than {max} waited, and the oldest went", courier.receiver.id);
            }
            courier.line = store.waiting(&courier.receiver.id)?;
            courier.looked = Some((generation, now));
            Ok(())
        })
        .await
    }

    /// Makes the next message and writes down that it is about to be sent.
    async fn draft(self, now: Timestamp) -> (Self, Result<Option<Draft>, StoreError>) {
        self.blocking(move |courier| {
            let composer = Composer { store: &courier.office.store, postings: &courier.postings, receiver: &courier.receiver.id, now };
            let begun = (courier.outbox.letter, courier.line.as_slice());
            let draft = match &courier.receiver.carrier {
                Carrier::Hook(hook) => {
                    let chat = chat::of(hook.messenger);
                    composer.compose(begun, |message| (chat.post)(hook, message, now).body.len(), chat.bytes_max)?
                }
                Carrier::Mail(_) => composer.compose(begun, Message::words, MAIL_BYTES_MAX)?,
            };
            let Some(draft) = draft else { return Ok(None) };
            if courier.outbox.letter != Some(draft.letter) {
                let mut outbox = Outbox { letter: Some(draft.letter), ..courier.outbox.clone() };
                courier.office.store.keep_outbox(&mut outbox, &Mail::default())?;
                courier.office.store.flush()?;
                courier.outbox = outbox;
            }
            Ok(Some(draft))
        })
        .await
    }

    /// Writes down what became of a message.
    async fn settle(self, draft: &Draft, judgement: Judgement, now: Timestamp) -> (Self, Result<(), StoreError>) {
        let letter = draft.letter;
        let is_over = self.judge(draft, judgement, now);
        let mut courier = self;
        match is_over {
            Fate::Over { was_sent } => {
                let (done, line) = courier.line.iter().partition(|entry| entry.number <= letter.entries.1);
                courier.owed.extend(Vec::<Waiting>::from_iter(done).iter().map(|entry| entry.number));
                courier.line = line;
                (courier.outbox.letter, courier.outbox.failures, courier.outbox.retry_at) = (None, 0, None);
                if was_sent {
                    // No rate looks further back than an hour.
                    courier.outbox.sent.retain(|at| now.since(*at) < HOUR);
                    courier.outbox.sent.push(now);
                }
            }
            Fate::Again(at) => {
                courier.outbox.failures = courier.outbox.failures.saturating_add(1);
                courier.outbox.retry_at = Some(at);
            }
        }
        courier.write_down().await
    }

    /// Writes down what was told, where that failed before.
    async fn pay(self) -> (Self, Result<(), StoreError>) {
        if self.owed.is_empty() { (self, Ok(())) } else { self.write_down().await }
    }

    async fn write_down(self) -> (Self, Result<(), StoreError>) {
        self.blocking(|courier| {
            let mail = Mail { done: courier.owed.clone(), ..Mail::default() };
            courier.office.store.keep_outbox(&mut courier.outbox, &mail)?;
            courier.owed.clear();
            courier.office.store.flush()
        })
        .await
    }

    /// What an answer means for a message, and says it.
    fn judge(&self, draft: &Draft, judgement: Judgement, now: Timestamp) -> Fate {
        let (id, age) = (&self.receiver.id, now.since(draft.letter.made));
        let wait = now + backoff(self.outbox.failures.saturating_add(1));
        let (until, words, age_max, result) = match judgement {
            Judgement::Taken => {
                if let Some(message) = &draft.message {
                    telemetry::notified(telemetry::TAKEN, 1);
                    tracing::info!("`{id}` was told {}", message.summary());
                }
                return Fate::Over { was_sent: draft.message.is_some() };
            }
            Judgement::Later(until, words) => (until, words, LATE_MAX, telemetry::LATER),
            Judgement::Refused(words) => (None, words, REFUSED_MAX, telemetry::REFUSED),
        };
        telemetry::notified(result, 1);
        if age >= age_max {
            let count = draft.message.as_ref().map_or(0, |message| message.notes.len());
            telemetry::notified(telemetry::DROPPED, count);
            tracing::error!("`{id}` is not told {count} entries, which are dropped: {words}; it went on so for {}h", age.as_secs() / 3600);
            return Fate::Over { was_sent: false };
        }
        if let Some(((url, _), until)) = door(&self.receiver).zip(until) {
            self.office.doors.shut(url, now, until);
        }
        let at = until.map_or(wait, |until| until.max(wait));
        tracing::warn!("`{id}` was not told: {words}; the next attempt is at {}", at.rfc3339());
        Fate::Again(at)
    }

    /// Does something that blocks, on a thread that may. A panic there would take the courier along: it ends the daemon's task, and is
    /// told.
    async fn blocking<T: Send + 'static, E: Send + 'static>(
        mut self,
        work: impl FnOnce(&mut Self) -> Result<T, E> + Send + 'static,
    ) -> (Self, Result<T, E>) {
        let done = tokio::task::spawn_blocking(move || {
            let done = work(&mut self);
            (self, done)
        });
        match done.await {
            Ok(done) => done,
            Err(crash) => std::panic::resume_unwind(crash.into_panic()),
        }
    }
}

/// What becomes of a message.
enum Fate {
    /// It is done with.
    Over {
        /// Whether it was sent.
        was_sent: bool,
    },
    /// It is sent again then.
    Again(Timestamp),
}

/// The address whose rate a receiver shares with others, and the distance between two messages there; a mail server has its own rules.
fn door(receiver: &Receiver) -> Option<(&Link, Duration)> {
    match &receiver.carrier {
        Carrier::Hook(hook) => Some((&hook.url, chat::of(hook.messenger).gap)),
        Carrier::Mail(_) => None,
    }
}

/// Sends one message and says what the receiver said.
pub(super) async fn send(client: &Client, receiver: &Receiver, message: &Message, now: Timestamp) -> Judgement {
    match &receiver.carrier {
        Carrier::Mail(mailbox) => mail::send(client, mailbox, message, now).await,
        Carrier::Hook(hook) => {
            let chat = chat::of(hook.messenger);
            match client.post((chat.post)(hook, message, now), now).await {
                Ok(receipt) => chat.judged(&receipt, now),
                Err(failure) => failure.into(),
            }
        }
    }
}
