//! Why an item is in its story, and what is near it.

use hyper::Method;
use url::form_urlencoded;

use super::{
    Choice, WhyRow,
    storage::{Holder, expect_store, open_or_ask},
};
use crate::{
    model::{CommandError, Handle},
    store::Store,
};

/// One row an item that the handle means: a link may stand under several.
pub async fn why(choice: &Choice, handle: &Handle) -> anyhow::Result<Vec<WhyRow>> {
    let settings = choice.load_or_default()?;
    expect_store(&settings.daemon.data_dir)?;
    match open_or_ask(&settings)? {
        Holder::Us(store) => Ok(explain(&store, handle)?),
        Holder::Daemon(daemon) => {
            let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("item", &handle.to_string()).finish();
            Ok(serde_json::from_str(&daemon.ask(Method::GET, &format!("/admin/why?{query}"), String::new()).await?)?)
        }
    }
}

/// Explains what a store has under a handle.
pub(super) fn explain(store: &Store, handle: &Handle) -> Result<Vec<WhyRow>, CommandError> {
    let explained = store.explain(handle).map_err(|error| CommandError::Failed(error.to_string()))?;
    if explained.is_empty() {
        return Err(CommandError::Refused(format!("no item is called `{handle}`")));
    }
    Ok(explained.into_iter().map(WhyRow::from).collect())
}
