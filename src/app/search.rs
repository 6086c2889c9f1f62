//! Searches, here or through the daemon that holds the store; and the index that they need.

use std::ops::ControlFlow;

use hyper::Method;
use url::form_urlencoded;

use super::{
    Choice, FoundRow,
    storage::{Holder, expect_store, open_or_ask},
};
use crate::{
    config::Settings,
    model::{CommandError, Inquiry},
    search::{Order, Progress, Search, SearchError, loosened},
    store::Store,
    view::{self, Filter, Total},
};

/// The index's folder, inside the store's.
const FOLDER: &str = "search";

/// Opens the search index beside the store; what had to be mended is said.
pub(super) fn open(settings: &Settings) -> Result<Search, SearchError> {
    let (search, mended) = Search::open(&settings.daemon.data_dir.join(FOLDER))?;
    for mended in mended {
        tracing::warn!("{mended}");
    }
    name(&search, settings);
    Ok(search)
}

/// Tells the index what the configuration calls the sources.
pub(super) fn name(search: &Search, settings: &Settings) {
    let named = settings.sources.iter().filter_map(|source| Some((source.id.clone(), source.title.as_ref()?.to_string())));
    search.name(named.collect());
    let renamed = settings.sources.iter().filter(|source| !source.formerly.is_empty());
    search.identify(renamed.map(|source| (source.id.clone(), source.identity().clone())).collect());
}

/// What an inquiry finds. `progress` hears how far an index has come that must be brought up to date first, 0 to 1.
pub async fn search(choice: &Choice, inquiry: &Inquiry, progress: impl FnMut(f64)) -> anyhow::Result<FoundRow> {
    let settings = choice.load_or_default()?;
    expect_store(&settings.daemon.data_dir)?;
    match open_or_ask(&settings)? {
        Holder::Us(store) => tokio::task::block_in_place(|| {
            let search = open(&settings)?;
            catch_up(&search, &store, progress)?;
            Ok(find(&search, &store, inquiry)?)
        }),
        Holder::Daemon(daemon) => {
            let query = form_urlencoded::Serializer::new(String::new())
                .append_pair("q", &inquiry.text)
                .append_pair("order", if inquiry.is_best_first { "best" } else { "newest" })
                .append_pair("limit", &inquiry.limit.to_string())
                .finish();
            Ok(serde_json::from_str(&daemon.ask(Method::GET, &format!("/admin/search?{query}"), String::new()).await?)?)
        }
    }
}

/// Makes the index of a store that no daemon uses again; how many stories it knows then.
pub fn rebuild_search(choice: &Choice, progress: impl FnMut(f64)) -> anyhow::Result<u64> {
    let settings = choice.load_or_default()?;
    expect_store(&settings.daemon.data_dir)?;
    let Holder::Us(store) = open_or_ask(&settings)? else {
        anyhow::bail!("a daemon is using the search index: stop it first");
    };
    let search = open(&settings)?;
    search.clear()?;
    catch_up(&search, &store, progress)?;
    Ok(search.stories())
}

/// Searches an index that follows the store. What came a moment ago is taken in first, as far as that is soon done.
pub(super) fn find_now(search: &Search, store: &Store, inquiry: &Inquiry) -> Result<FoundRow, CommandError> {
    if search.is_ready() {
        // One that cannot be written answers as it stands: who follows says so.
        let _ = search.catch_up(store, |_| ControlFlow::Break(()));
    }
    find(search, store, inquiry)
}

/// Searches an index.
fn find(search: &Search, store: &Store, inquiry: &Inquiry) -> Result<FoundRow, CommandError> {
    let failed = |error: &dyn std::fmt::Display| CommandError::Failed(error.to_string());
    if !search.is_ready() {
        return Err(CommandError::Refused("the search index is being filled: try again later".to_owned()));
    }
    let order = if inquiry.is_best_first { Order::Best } else { Order::Newest };
    let ask = |filter: &Filter| search.find(filter, order, 0, inquiry.limit).map_err(|error| failed(&error));
    let mut filter = view::query(&inquiry.text);
    let (mut found, mut is_loosened) = (ask(&filter)?, false);
    if let Some(loose) = loosened(&filter).filter(|_| found.is_empty()) {
        (found, is_loosened, filter) = (ask(&loose)?, true, loose);
    }
    let (total, is_all) = match search.count(&filter).map_err(|error| failed(&error))? {
        Total::Exactly(total) => (total, true),
        Total::MoreThan(counted) => (counted, false),
    };
    let mut stories = Vec::with_capacity(found.len());
    for id in found {
        // A story may have gone since the index heard of it.
        stories.extend(store.story(id).map_err(|error| failed(&error))?.as_ref().map(Into::into));
    }
    Ok(FoundRow { total, is_all, is_loosened, misread: view::misread(&inquiry.text), stories })
}

fn catch_up(search: &Search, store: &Store, mut progress: impl FnMut(f64)) -> Result<(), CommandError> {
    let told = |Progress { share, .. }| {
        progress(share);
        ControlFlow::Continue(())
    };
    let done = search.catch_up(store, told).and_then(|_| search.rest());
    done.map_err(|error| CommandError::Failed(error.to_string()))
}
