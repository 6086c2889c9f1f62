//! Reads one feed or document, as published, for people and for scripts.

use std::{
    fs,
    io::{self, Read},
    path::Path,
};

use anyhow::Context;
use chrono_tz::Tz;

use super::{Choice, wiring::fetcher};
use crate::{
    clock::Clock,
    config, document,
    feed::{self, Hints, NotAFeed, Reading},
    fetch::{Client, Fetch, Request, Response},
    model::{Channel, Draft, Failure, Link, PrivateHost, Problem, ProblemKind},
    render,
};

/// An inspection reads an entry more than a poll for so many bytes: nothing is kept, but what is shown must fit into 16 times the size of
/// the document, even if its entries are empty.
const BYTES_PER_ENTRY: usize = 512;

/// What was read.
#[derive(Debug)]
pub struct Inspected {
    /// What the document says about itself.
    pub channel: Channel,
    /// Its entries, as published.
    pub drafts: Vec<Draft>,
    /// What was wrong, and what was done about it.
    pub problems: Vec<Problem>,
}

impl Inspected {
    /// What a response holds; `hints` say what it does not say itself.
    pub(super) fn of(response: &Response, hints: &Hints<'_>) -> Result<Self, NotAFeed> {
        let hints = Hints { content_type: response.content_type.as_deref(), base: Some(&response.final_url), ..*hints };
        feed::read(&response.body, &hints).map(Self::from)
    }
}

impl From<Reading> for Inspected {
    fn from(Reading { channel, drafts, problems, .. }: Reading) -> Self {
        Self { channel, drafts, problems }
    }
}

/// Reads files and URLs.
pub struct Inspector {
    client: Client,
    timezone: Tz,
}

impl Inspector {
    /// An inspector that reads bare dates of documents in the configured zone. Without a configuration the defaults do.
    pub fn new(choice: &Choice) -> anyhow::Result<Self> {
        let settings = match choice.load_or_default() {
            Err(error) if choice.config.is_some() => return Err(error.into()),
            Err(_) => config::defaults(Path::new("")),
            Ok(settings) => settings,
        };
        Ok(Self { client: fetcher(&settings)?, timezone: settings.documents.timezone })
    }

    /// Reads one document. The inner error is a document that is no feed; the outer one is an argument that cannot be read.
    pub async fn inspect(&self, argument: &str) -> anyhow::Result<Result<Inspected, String>> {
        if argument.starts_with("http://") || argument.starts_with("https://") {
            return self.inspect_url(argument).await;
        }
        anyhow::ensure!(!argument.contains("://"), "`{argument}`: only files and http or https addresses can be read");
        let bytes = match argument {
            "-" => read_stdin(),
            path => fs::read(path),
        };
        let bytes = bytes.with_context(|| format!("`{argument}`"))?;
        Ok(read(argument, &bytes, &Hints { entries_max: entries_max(&bytes), ..Hints::default() }, self.timezone))
    }

    async fn inspect_url(&self, argument: &str) -> anyhow::Result<Result<Inspected, String>> {
        let url = Link::parse(argument).with_context(|| format!("`{argument}`"))?;
        // Whoever types an address vouches for it.
        let allow_private = PrivateHost::parse(&url.authority()).into_iter().collect();
        let request = Request { allow_private, ..Request::new(url, Clock::System.now()) };
        let response = match self.client.fetch(request).await {
            Ok(response) => response,
            Err(failure @ (Failure::Empty | Failure::Gone)) => return Ok(Err(failure.to_string())),
            Err(failure) => anyhow::bail!("`{argument}`: {failure}"),
        };
        let hints = Hints {
            content_type: response.content_type.as_deref(),
            base: Some(&response.final_url),
            entries_max: entries_max(&response.body),
            ..Hints::default()
        };
        Ok(read(argument, &response.body, &hints, self.timezone))
    }
}

fn entries_max(bytes: &[u8]) -> usize {
    Hints::default().entries_max + bytes.len() / BYTES_PER_ENTRY
}

fn read_stdin() -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
}

/// One JSON line about what was read, with its line end.
pub fn inspect_line(argument: &str, inspected: &Result<Inspected, String>) -> String {
    let reading = inspected.as_ref().map(|Inspected { channel, drafts, problems }| (channel, drafts.as_slice(), problems.as_slice()));
    render::inspect_line(argument, reading.map_err(String::as_str)) + "\n"
}

fn read(argument: &str, bytes: &[u8], hints: &Hints<'_>, timezone: Tz) -> Result<Inspected, String> {
    match feed::read(bytes, hints) {
        Ok(reading) => Ok(reading.into()),
        Err(_) if is_document(argument) => read_document(argument, bytes, timezone),
        Err(not_a_feed) => Err(Failure::from(not_a_feed).to_string()),
    }
}

fn is_document(argument: &str) -> bool {
    Path::new(argument)
        .extension()
        .is_some_and(|extension| ["md", "markdown", "txt"].iter().any(|known| extension.eq_ignore_ascii_case(known)))
}

fn read_document(argument: &str, bytes: &[u8], timezone: Tz) -> Result<Inspected, String> {
    let document = document::read(argument, bytes, timezone).map_err(|refusal| refusal.to_string())?;
    let dropped = document.dropped.map(|shell| Problem::new(ProblemKind::Field, format!("body dropped: {}", shell.as_str())));
    let channel = Channel { format: "document".to_owned(), title: document.account, ..Channel::default() };
    Ok(Inspected { channel, drafts: vec![document.draft], problems: dropped.into_iter().collect() })
}
