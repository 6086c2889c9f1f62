//! Every source with its last outcome and its next poll.

use std::{
    collections::{BTreeMap, HashSet},
    fs,
    io::ErrorKind,
    path::Path,
    sync::Arc,
};

use hyper::Method;

use super::{
    Choice, SourceRow,
    storage::{Holder, expect_store, open_or_ask},
};
use crate::{
    clock::Clock,
    model::Timestamp,
    render::{self, SourceCards},
};

/// One row a source: the configured ones and those that the store remembers.
pub async fn sources(choice: &Choice) -> anyhow::Result<Vec<SourceRow>> {
    let settings = choice.load_or_default()?;
    let told = |states: BTreeMap<_, _>| {
        let cards = SourceCards::of(settings.sources.iter().map(Arc::as_ref)).learned(&states);
        render::sources_json(&cards, &states, now())
    };
    // Before the first start there is nothing to remember, and no slip of a path either.
    let json = if choice.data_dir.is_none() && is_nothing(&settings.daemon.data_dir) {
        told(BTreeMap::new())
    } else {
        expect_store(&settings.daemon.data_dir)?;
        match open_or_ask(&settings)? {
            Holder::Us(store) => told(store.source_states()?.into_iter().collect()),
            Holder::Daemon(daemon) => daemon.ask(Method::GET, "/admin/sources", String::new()).await?,
        }
    };
    let mut rows: Vec<SourceRow> = serde_json::from_str(&json)?;
    let polled: HashSet<&str> = settings.sources.iter().filter(|source| source.enabled).map(|source| source.id.as_str()).collect();
    for row in &mut rows {
        row.is_polled = row.configured && polled.contains(row.id.as_str());
    }
    Ok(rows)
}

/// Whether a folder is empty or not there.
fn is_nothing(folder: &Path) -> bool {
    match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == ErrorKind::NotFound,
    }
}

/// The present, which rows are told against.
pub fn now() -> Timestamp {
    Clock::System.now()
}
