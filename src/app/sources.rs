//! Every source with its last outcome and its next poll.

use hyper::Method;

use super::{
    Choice, SourceRow,
    storage::{Holder, expect_store, open_or_ask},
};
use crate::render::{self, SourceCards};

/// One row a source: the configured ones and those that the store remembers.
pub async fn sources(choice: &Choice) -> anyhow::Result<Vec<SourceRow>> {
    let settings = choice.load()?;
    expect_store(&settings.daemon.data_dir)?;
    let json = match open_or_ask(&settings)? {
        Holder::Us(store) => {
            let mut states: std::collections::BTreeMap<_, _> = store.source_states()?.into_iter().collect();
            for source in &settings.sources {
                states.entry(source.id.clone()).or_default();
            }
            let cards = SourceCards::of(&settings.sources).learned(&states);
            render::sources_json(&cards, &states)
        }
        Holder::Daemon(daemon) => daemon.ask(Method::GET, "/admin/sources", String::new()).await?,
    };
    Ok(serde_json::from_str(&json)?)
}
