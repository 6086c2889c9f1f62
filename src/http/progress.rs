//! The answer to an order that takes its time, for who accepts `application/x-ndjson`: lines that say how far it is, then its outcome.

use std::time::Duration;

use axum::body::{Body, Bytes};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{MissedTickBehavior, interval},
};

use super::lines::Lines;
use crate::{model::CommandError, render};

/// Between two lines: nobody sees more.
const TICK: Duration = Duration::from_millis(200);

/// Lines on their way to a slow client.
const LINES_MAX: usize = 4;

/// The way back of an order.
pub(super) type Replied = oneshot::Receiver<Result<String, CommandError>>;

/// The lines: `{"progress": SHARE}` when it has moved, and at the end `{"done": REPLY}` or `{"error": ...}`. The order is carried out to
/// its end also if nobody listens any more.
pub(super) fn lines(mut replied: Replied, progress: watch::Receiver<f64>) -> Body {
    let (lines, body) = mpsc::channel(LINES_MAX);
    tokio::spawn(async move {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut reply, mut told) = (None, 0.0);
        while reply.is_none() {
            tokio::select! {
                biased;
                outcome = &mut replied => reply = Some(outcome.ok()),
                _ = tick.tick() => {}
            }
            let share = *progress.borrow();
            if share > told {
                told = share;
                if lines.send(Bytes::from(render::progress_json(share) + "\n")).await.is_err() {
                    return;
                }
            }
        }
        // Whoever asked may have gone.
        let _ = lines.send(Bytes::from(last(reply.flatten()) + "\n")).await;
    });
    Body::new(Lines(body))
}

fn last(reply: Option<Result<String, CommandError>>) -> String {
    match reply {
        Some(Ok(json)) => render::done_json(&json),
        Some(Err(error)) => render::error_json(&error.to_string()),
        None => render::error_json("the daemon is stopping"),
    }
}
