//! `robots.txt`, where the operator wants it obeyed (protocol F22): asked for once a day and site, before the poll that needs it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::{Poller, Roster};
use crate::{
    fetch::{Fetch, Request, Robots},
    model::{Failure, Link, Timestamp, Validators},
};

/// How long a file holds (RFC 9309 section 2.4).
const FRESH: Duration = Duration::from_secs(24 * 3600);

/// The files read within the last day, by scheme, host and port.
#[derive(Default)]
pub(super) struct RobotsFiles(Mutex<HashMap<String, (Timestamp, Arc<Robots>)>>);

impl RobotsFiles {
    fn get(&self, site: &str, now: Timestamp) -> Option<Arc<Robots>> {
        let files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        files.get(site).filter(|(read_at, _)| now.since(*read_at) < FRESH).map(|(_, robots)| robots.clone())
    }

    fn put(&self, site: String, now: Timestamp, robots: Arc<Robots>) {
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        files.retain(|_, (read_at, _)| now.since(*read_at) < FRESH);
        files.insert(site, (now, robots));
    }
}

impl<F: Fetch> Poller<F> {
    /// Fails if the site of a request does not let us ask, or cannot be asked whether it does. The operator's own hosts are not asked.
    pub(super) async fn heed_robots(&self, request: &Request, roster: &Roster) -> Result<(), Failure> {
        let authority = request.url.authority();
        if !roster.robots || request.allow_private.iter().any(|host| host.as_str() == authority) {
            return Ok(());
        }
        let site = request.url.to_url().origin().ascii_serialization();
        let robots = match self.robots_files.get(&site, request.now) {
            Some(robots) => robots,
            None => {
                let robots = Arc::new(self.read_robots(request).await?);
                self.robots_files.put(site, request.now, robots.clone());
                // A second request of one poll keeps the distance of two polls.
                tokio::time::sleep(roster.schedule.host_gap).await;
                robots
            }
        };
        if robots.allows(&request.url) { Ok(()) } else { Err(Failure::Disallowed) }
    }

    /// The file of the request's site. Where there is none everything is allowed (RFC 9309 section 2.3.1.3); where nobody can tell
    /// (section 2.3.1.4) the poll has failed.
    async fn read_robots(&self, request: &Request) -> Result<Robots, Failure> {
        let Ok(url) = Link::resolve(Some(&request.url), "/robots.txt") else { return Ok(Robots::default()) };
        let asking = Request { configured: url.clone(), url, headers: Vec::new(), validators: Validators::default(), ..request.clone() };
        match self.fetcher.fetch(asking).await {
            Ok(response) => Ok(Robots::parse(&response.body)),
            Err(Failure::Status(400..=499) | Failure::Gone | Failure::Empty) => Ok(Robots::default()),
            Err(failure) => Err(failure),
        }
    }
}
