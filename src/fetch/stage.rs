//! Where a request stands, so that a timeout can name what was being waited for and each wait has its own limit.
//!
//! The resolver and the connector run deep inside the HTTP client. They report through a task-local: the client polls both on the
//! task of the request that needs the connection.

use std::{
    future::{Future, pending},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::sync::watch;
use tower_layer::Layer;
use tower_service::Service;

use crate::model::{Failure, FetchLimits};

/// The waits of one hop, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// For the name.
    Resolving,
    /// For the connection and its TLS handshake.
    Connecting,
    /// For the head of the answer.
    Waiting,
    /// For the body.
    Reading,
}

impl Stage {
    /// How long this wait may take by itself. Bridges work on an answer for as long as they need, and a body may drip: for these the
    /// hop as a whole is the limit, and for a body every silence in it.
    const fn limit(self, limits: &FetchLimits) -> Option<Duration> {
        match self {
            Self::Resolving => Some(limits.dns),
            Self::Connecting => Some(limits.connect),
            Self::Waiting | Self::Reading => None,
        }
    }

    /// The failure when this wait took longer than `after`.
    pub fn timeout(self, after: Duration) -> Failure {
        let phase = match self {
            Self::Resolving => return Failure::Dns(format!("no answer within {}s", after.as_secs_f32())),
            Self::Connecting => "connecting",
            Self::Waiting => "first byte",
            Self::Reading => "body",
        };
        Failure::Timeout { phase, after }
    }
}

tokio::task_local! {
    static STAGE: watch::Sender<Stage>;
}

/// A place to report to; nobody may be listening.
#[derive(Clone)]
pub struct Reporter(Option<watch::Sender<Stage>>);

impl Reporter {
    /// The reporter of the request on whose task this runs.
    pub fn current() -> Self {
        Self(STAGE.try_with(Clone::clone).ok())
    }

    /// Says that the request has come to `stage`.
    pub fn enter(&self, stage: Stage) {
        if let Some(sender) = &self.0 {
            sender.send_replace(stage);
        }
    }
}

/// Runs `sending` and ends it when a stage with a limit of its own takes longer than that.
pub async fn watch_stages<F: Future>(sending: F, stage: &watch::Sender<Stage>, limits: &FetchLimits) -> Result<F::Output, Failure> {
    let mut changes = stage.subscribe();
    let mut sending = std::pin::pin!(STAGE.scope(stage.clone(), sending));
    loop {
        let now_in = *changes.borrow_and_update();
        let overdue = async {
            match now_in.limit(limits) {
                None => pending().await,
                Some(limit) => {
                    tokio::time::sleep(limit).await;
                    limit
                }
            }
        };
        tokio::select! {
            biased;
            output = &mut sending => return Ok(output),
            Ok(()) = changes.changed() => {}
            limit = overdue => return Err(now_in.timeout(limit)),
        }
    }
}

/// A layer around the client's connector that reports when a connection begins and when it stands.
#[derive(Clone)]
pub struct ReportConnections;

impl<S> Layer<S> for ReportConnections {
    type Service = Reporting<S>;

    fn layer(&self, inner: S) -> Reporting<S> {
        Reporting(inner)
    }
}

/// A connector that reports.
#[derive(Clone)]
pub struct Reporting<S>(S);

impl<S, T> Service<T> for Reporting<S>
where
    S: Service<T>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, target: T) -> Self::Future {
        let reporter = Reporter::current();
        reporter.enter(Stage::Connecting);
        let connecting = self.0.call(target);
        Box::pin(async move {
            let connection = connecting.await;
            reporter.enter(Stage::Waiting);
            connection
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{future::pending, time::Duration};

    use tokio::sync::watch;

    use super::{Reporter, Stage, watch_stages};
    use crate::model::{Failure, FetchLimits};

    /// How a request fails that comes to these stages and stays in the last; `None` where nothing but its hop would end it.
    async fn stuck_in(stages: &'static [Stage]) -> Option<Failure> {
        let [dns, connect] = [10, 20].map(Duration::from_millis);
        let limits = FetchLimits { dns, connect, ..FetchLimits::default() };
        let sending = async {
            let reporter = Reporter::current();
            for stage in stages {
                reporter.enter(*stage);
                tokio::task::yield_now().await;
            }
            pending::<()>().await;
        };
        let stage = watch::Sender::new(Stage::Waiting);
        let watched = watch_stages(sending, &stage, &limits);
        tokio::time::timeout(Duration::from_millis(200), watched).await.ok().map(|ended| ended.expect_err("it never ends"))
    }

    #[tokio::test]
    async fn the_stage_that_hangs_gives_the_failure_its_name_and_limit() {
        let connecting = Failure::Timeout { phase: "connecting", after: Duration::from_millis(20) };
        assert_eq!(stuck_in(&[Stage::Connecting]).await, Some(connecting.clone()));
        assert_eq!(stuck_in(&[Stage::Connecting, Stage::Resolving, Stage::Connecting]).await, Some(connecting));
        let dns = Failure::Dns("no answer within 0.01s".to_owned());
        assert!(dns.looks_offline());
        assert_eq!(stuck_in(&[Stage::Connecting, Stage::Resolving]).await, Some(dns));
        assert_eq!(stuck_in(&[]).await, None);
        assert_eq!(stuck_in(&[Stage::Connecting, Stage::Waiting]).await, None);
    }

    #[tokio::test]
    async fn nobody_need_listen() {
        Reporter::current().enter(Stage::Connecting);
    }
}
