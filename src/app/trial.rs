//! Asks a configured source as the daemon would, and keeps nothing: what is wrong with it is seen before a poll meets it.

use std::time::Duration;

use super::{Choice, Inspected, sources, wiring::fetcher};
use crate::{
    clock::{Clock, Stopwatch},
    config::Settings,
    feed::Hints,
    fetch::{Client, Fetch, Request, Response},
    model::{Failure, Source, SourceId, Why},
};

/// What a source answered.
#[derive(Debug)]
pub struct Trial {
    /// How long it took.
    pub took: Duration,
    /// Bytes of its document, decoded.
    pub body_bytes: usize,
    /// What it calls its document.
    pub content_type: Option<String>,
    /// Whether it can say that nothing changed: it sends an `ETag` or a `Last-Modified`.
    pub has_validators: bool,
    /// How long its answer may be kept.
    pub max_age: Option<Duration>,
    /// Where it says that it has moved for good; without its query, which may hold a key, and the host alone of a private source.
    pub moved_to: Option<String>,
    /// What was read, or why nothing could be.
    pub inspected: Result<Inspected, Failure>,
}

/// Asks configured sources, one at a time.
pub struct Examiner {
    settings: Settings,
    client: Client,
    /// Sources that asked us to wait, and until when.
    silent: Vec<(String, String)>,
}

impl Examiner {
    /// With the configuration, and with what the store remembers, if there is one.
    pub async fn new(choice: &Choice) -> anyhow::Result<Self> {
        let settings = choice.load_or_default()?;
        let client = fetcher(&settings)?;
        let now = Clock::System.now().rfc3339();
        let rows = sources(choice).await.unwrap_or_default();
        let silent = rows.into_iter().filter(|row| row.why.as_deref() == Some(Why::RetryAfter.as_str()));
        let silent = silent.filter_map(|row| Some((row.id, row.next_due.filter(|until| *until > now)?))).collect();
        Ok(Self { settings, client, silent })
    }

    /// Asks one source. The error is an id that is none; what the source does is the answer, also a failure.
    pub async fn ask(&self, id: &str) -> anyhow::Result<Result<Trial, Failure>> {
        let id = SourceId::parse(id)?;
        let source = self.settings.source(&id).map_err(anyhow::Error::msg)?;
        if let Some((_, until)) = self.silent.iter().find(|(silent, _)| silent == id.as_str()) {
            anyhow::bail!("`{id}` asked us to wait until {until}");
        }
        let request = Request { limits: self.settings.poll.fetch, ..Request::of(source, Clock::System.now()) };
        let watch = Stopwatch::start();
        let answer = self.client.fetch(request).await;
        Ok(answer.map(|response| examine(source, &response, watch.elapsed(), self.settings.poll.items.entries_max)))
    }
}

fn examine(source: &Source, response: &Response, took: Duration, entries_max: usize) -> Trial {
    let hints = Hints { timezone: source.timezone, encoding: source.encoding.as_deref(), entries_max, ..Hints::default() };
    let moved = response.permanent_url.as_ref().filter(|moved| **moved != source.url);
    Trial {
        took,
        body_bytes: response.body.len(),
        content_type: response.content_type.clone(),
        has_validators: !response.validators.is_empty(),
        max_age: response.max_age,
        moved_to: moved.map(|moved| if source.private { moved.host() } else { moved.without_query() }),
        inspected: Inspected::of(response, &hints).map_err(Failure::from),
    }
}
