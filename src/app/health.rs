//! Whether the daemon is well, as it says itself: for health checks of containers and for scripts.

use std::time::Duration;

use anyhow::Context;
use hyper::Method;

use super::{Choice, ask::Daemon};

/// A daemon that takes longer to say so is not well.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// What the daemon that uses the configured store says of itself; an error if there is none, if it does not answer, or if it is not well.
/// `is_ready` asks for more: whether all of it works, also what a new start would not mend.
pub async fn health(choice: &Choice, is_ready: bool) -> anyhow::Result<String> {
    let settings = choice.load_or_default()?;
    let data_dir = &settings.daemon.data_dir;
    let daemon = Daemon::find(data_dir).with_context(|| format!("no daemon uses the store in `{}`", data_dir.display()))?;
    let path = if is_ready { "/readyz" } else { "/healthz" };
    let answer = tokio::time::timeout(ANSWER_MAX, daemon.ask(Method::GET, path, String::new()));
    answer.await.with_context(|| format!("the daemon does not answer within {} seconds", ANSWER_MAX.as_secs()))?
}
