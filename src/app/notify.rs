//! Tries a receiver of notifications.

use anyhow::{Context, anyhow, bail};
use uuid::Uuid;

use super::{
    Choice,
    wiring::{fetcher, site},
};
use crate::{
    clock::Clock,
    notify::{self, Judgement},
};

/// Sends a test message to the receiver `id`, whatever the daemon does, and says what the receiver said. An error if it was not taken.
pub async fn test_receiver(choice: &Choice, id: &str) -> anyhow::Result<String> {
    let settings = choice.load()?;
    let receiver = settings.receivers.iter().find(|receiver| receiver.id == id).with_context(|| {
        let known: Vec<String> = settings.receivers.iter().map(|receiver| format!("`{}`", receiver.id)).collect();
        let known = if known.is_empty() { "there is none".to_owned() } else { format!("there are {}", known.join(", ")) };
        format!("no `[[notify]]` is called `{id}`: {known}")
    })?;
    // The ids that a site mints stand in no test message.
    let site = site(&settings, Uuid::nil(), settings.http.listen);
    let judgement = notify::send_test(&fetcher(&settings)?, receiver, &site, Clock::System.now()).await;
    match judgement {
        Judgement::Taken => Ok(format!("`{id}` has taken the message")),
        Judgement::Later(Some(until), words) => {
            bail!("`{id}` did not take the message: {words}; it asks to wait until {}", until.rfc3339())
        }
        Judgement::Later(None, words) => Err(anyhow!("`{id}` did not take the message: {words}")),
        Judgement::Refused(words) => Err(anyhow!("`{id}` refused the message: {words}")),
    }
}
