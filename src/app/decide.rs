//! An operator's decisions about stories, carried out here or by the daemon that holds the store.

use hyper::Method;

use super::{
    Choice, DecisionRow,
    storage::{Holder, expect_store, open_or_ask},
};
use crate::{
    clock::Clock,
    model::{CommandError, Decision, Handle, Timestamp},
    store::Store,
};

/// Carries out a decision. Readers see what it changed with the next generation.
pub async fn decide(choice: &Choice, decision: &Decision) -> anyhow::Result<DecisionRow> {
    let settings = choice.load_or_default()?;
    expect_store(&settings.daemon.data_dir)?;
    match open_or_ask(&settings)? {
        Holder::Us(store) => {
            let row = carry_out(&store, decision, Clock::System.now())?;
            store.flush()?;
            Ok(row)
        }
        Holder::Daemon(daemon) => {
            let (path, handles) = match decision {
                Decision::Split(item) => ("/admin/split", vec![item]),
                Decision::KeepApart(one, other) => ("/admin/never-merge", vec![one, other]),
                Decision::Merge(one, other) => ("/admin/merge", vec![one, other]),
            };
            let handles: Vec<String> = handles.into_iter().map(Handle::to_string).collect();
            Ok(serde_json::from_str(&daemon.ask(Method::POST, path, serde_json::to_string(&handles)?).await?)?)
        }
    }
}

/// Carries out a decision in a store.
pub(super) fn carry_out(store: &Store, decision: &Decision, now: Timestamp) -> Result<DecisionRow, CommandError> {
    match store.decide(decision, now) {
        Ok(Ok(decided)) => Ok(decided.into()),
        Ok(Err(refusal)) => Err(CommandError::Refused(refusal.to_string())),
        Err(error) => Err(CommandError::Failed(error.to_string())),
    }
}
