//! The other side: answers every request as its site would at that time, and lets the judge see each.

use std::{
    ops::Range,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use bytes::Bytes;
use tokio::time::Instant;
use watchfire::{
    fetch::{Fetch, Request, Response},
    model::{Failure, Timestamp, Validators, ZonedTime},
};

use crate::{
    chance::Chance,
    judge::Judge,
    population::{BRIDGE, Breakage, Fate, Millis, Population, SECOND, Site, Tokens},
    visit::{Moment, Verdict, Visit},
};

/// Items in a document.
const WINDOW: usize = 15;

/// When the simulation begins: 2026-11-22T00:00:00Z.
pub const BIRTH: Timestamp = Timestamp::from_secs_const(1_795_305_600);

/// A world that a daemon can poll.
#[derive(Clone)]
pub struct World(Arc<Mutex<Inner>>);

struct Inner {
    population: Population,
    judge: Judge,
    chance: Chance,
    began: Instant,
    /// How far the daemon's clock was set ahead, all in all, and how far back.
    ahead: Millis,
    back: Millis,
    /// The daemon is being killed: what is on its way never arrives.
    is_killing: bool,
    /// When the daemon's own network is down.
    cut_off: Vec<Range<Millis>>,
    documents: Vec<Option<(usize, Bytes)>>,
}

/// What comes of a request, and when.
struct Answer {
    after: Millis,
    result: Result<Response, Failure>,
    verdict: Verdict,
    /// The items in it.
    shows: Range<usize>,
}

impl World {
    /// A world that begins now.
    pub fn new(population: Population, chance: Chance) -> Self {
        let inner = Inner {
            judge: Judge::new(&population.sites),
            documents: vec![None; population.sites.len()],
            population,
            chance,
            began: Instant::now(),
            ahead: 0,
            back: 0,
            is_killing: false,
            cut_off: Vec::new(),
        };
        Self(Arc::new(Mutex::new(inner)))
    }

    /// What the judge and the world know, to be looked at between polls.
    pub fn with<R>(&self, look: impl FnOnce(&mut Judge, &Population, Moment) -> R) -> R {
        let mut inner = self.lock();
        let now = inner.now();
        let Inner { judge, population, .. } = &mut *inner;
        look(judge, population, now)
    }

    /// The daemon's network is down for so long from now on.
    pub fn cut_off(&self, span: Millis) {
        let mut inner = self.lock();
        let now = inner.now();
        inner.cut_off.push(now.lived..now.lived + span);
        inner.judge.was_cut_off(now, span);
    }

    /// The daemon's clock was moved, or its machine slept.
    pub fn clock_moved(&self, millis: i64) {
        let mut inner = self.lock();
        if millis > 0 {
            inner.ahead += millis.unsigned_abs()
        } else {
            inner.back += millis.unsigned_abs()
        }
        let now = inner.now();
        inner.judge.clock_moved(now, millis);
    }

    /// The daemon is being killed, or was.
    pub fn kill(&self, is_killing: bool) {
        self.lock().is_killing = is_killing;
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("no fault panics in here")
    }
}

impl Fetch for World {
    async fn fetch(&self, request: Request) -> Result<Response, Failure> {
        let (visit, answer) = self.lock().arrive(&request);
        let mut stay = Stay { world: self.clone(), visit, verdict: Verdict::Failed, shows: 0..0 };
        tokio::time::sleep(Duration::from_millis(answer.after)).await;
        (stay.verdict, stay.shows) = (answer.verdict, answer.shows);
        answer.result
    }
}

/// A request on its way. It ends with the answer, or when the daemon waits no longer.
struct Stay {
    world: World,
    visit: Visit,
    verdict: Verdict,
    shows: Range<usize>,
}

impl Drop for Stay {
    fn drop(&mut self) {
        let mut inner = self.world.lock();
        let now = inner.now();
        let verdict = if inner.is_killing { Verdict::CutShort } else { self.verdict };
        let Inner { judge, population, .. } = &mut *inner;
        judge.leaves(now, &population.sites[self.visit.site], &self.visit, verdict, self.shows.clone());
    }
}

impl Inner {
    fn now(&self) -> Moment {
        let lived = u64::try_from(self.began.elapsed().as_millis()).expect("not that long");
        Moment {
            lived,
            fair: lived + self.ahead,
            wall: BIRTH + Duration::from_millis(lived + self.ahead) - Duration::from_millis(self.back),
        }
    }

    fn arrive(&mut self, request: &Request) -> (Visit, Answer) {
        let now = self.now();
        let site = *self.population.by_url.get(request.configured.as_str()).expect("a known source");
        let visit = Visit { site, host: request.url.host(), is_full: request.validators.is_empty() };
        self.judge.arrives(now, &self.population.sites[site], &visit);
        let answer = self.answer(now, site, request);
        (visit, answer)
    }

    fn answer(&mut self, now: Moment, index: usize, request: &Request) -> Answer {
        let site = &self.population.sites[index];
        let after = self.chance.within(site.latency.clone());
        let failed = |after, failure| Answer { after, result: Err(failure), verdict: Verdict::Failed, shows: 0..0 };
        if self.cut_off.iter().any(|span| span.contains(&now.lived)) {
            let failure = if self.chance.is(70) { Failure::Dns("no answer".to_owned()) } else { connecting() };
            return Answer { verdict: Verdict::CutOff, ..failed(10, failure) };
        }
        let is_down = |host: &str| self.population.outages.get(host).is_some_and(|span| span.contains(&now.lived));
        if is_down(&request.url.host()) {
            if request.url.host() == BRIDGE {
                self.judge.disturbed_until(now.lived);
            }
            return Answer { verdict: Verdict::Unreached, ..failed(10 * SECOND, connecting()) };
        }
        if let Some(wait) = site.waits.iter().find(|wait| wait.during.contains(&now.lived)) {
            // The client reads at most a day out of `Retry-After`.
            let secs = wait.secs.map(|secs| secs.min(86_400));
            let until = secs.map(|secs| request.now + Duration::from_secs(secs));
            let verdict = Verdict::Wait(secs.map(|secs| now.fair + secs * SECOND));
            return Answer { verdict, ..failed(after, Failure::TooManyRequests { status: 429, until }) };
        }
        let is_at_home = request.url == site.source.url;
        match &site.fate {
            Fate::Broken(Breakage::Page) => {
                let page = b"<!doctype html><html><head><title>Not here</title></head><body>Not here</body></html>";
                let result = Ok(Response { body: Bytes::from_static(page), ..unchanged(request, site) });
                Answer { after, result: result.map(|page| Response { not_modified: false, ..page }), ..failed(0, Failure::Empty) }
            }
            Fate::Broken(how) => broken(*how, after, failed),
            Fate::GoneAt(at) if *at <= now.lived => Answer { verdict: Verdict::Gone, ..failed(after, Failure::Gone) },
            Fate::MovedAt(at, to) if *at <= now.lived && is_at_home => {
                let (to, answer) = (to.clone(), self.document(now, index, request, after));
                let moved = |response| Response { final_url: to.clone(), permanent_url: Some(to.clone()), ..response };
                Answer { result: answer.result.map(moved), ..answer }
            }
            Fate::Detour(to) => {
                let (to, answer) = (to.clone(), self.document(now, index, request, after));
                Answer { result: answer.result.map(|response| Response { final_url: to, ..response }), ..answer }
            }
            _ => self.document(now, index, request, after),
        }
    }

    /// 200 or 304.
    fn document(&mut self, now: Moment, index: usize, request: &Request, after: Millis) -> Answer {
        let site = &self.population.sites[index];
        let lived = i64::try_from(now.lived).expect("not that long");
        let count = site.items.partition_point(|at| *at <= lived);
        let tokens = tokens(site, count);
        let verdict = Verdict::Fine { has_tokens: !tokens.is_empty() };
        let plain = Response { validators: tokens.clone(), ..unchanged(request, site) };
        if !tokens.is_empty() && request.validators == tokens {
            return Answer { after, result: Ok(plain), verdict, shows: 0..0 };
        }
        let shows = count.saturating_sub(WINDOW)..count;
        let known = self.documents[index].take().filter(|(of, _)| *of == count);
        let (_, body) = self.documents[index].insert(known.unwrap_or_else(|| (count, write(site, shows.clone()))));
        Answer { after, result: Ok(Response { not_modified: false, body: body.clone(), ..plain }), verdict, shows }
    }
}

fn connecting() -> Failure {
    Failure::Timeout { phase: "connecting", after: Duration::from_secs(10) }
}

fn broken(how: Breakage, after: Millis, failed: impl Fn(Millis, Failure) -> Answer) -> Answer {
    match how {
        Breakage::Name => Answer { verdict: Verdict::Unreached, ..failed(20, Failure::Dns("no such name".to_owned())) },
        Breakage::Refused => Answer { verdict: Verdict::Unreached, ..failed(after, Failure::Connect("refused".to_owned())) },
        // Longer than any poll may take.
        Breakage::Hangs => failed(100 * SECOND, Failure::Empty),
        Breakage::Status(status) => failed(after, Failure::Status(status)),
        Breakage::Page => unreachable!("a page is an answer"),
    }
}

/// A 304 of the site.
fn unchanged(request: &Request, site: &Site) -> Response {
    Response {
        not_modified: true,
        is_delta: false,
        body: Bytes::new(),
        final_url: request.url.clone(),
        permanent_url: None,
        validators: Validators::default(),
        content_type: Some("text/html, application/rss+xml".to_owned()),
        content_location: None,
        max_age: site.wish.max_age_secs.map(Duration::from_secs),
        hubs: Vec::new(),
        certificate: None,
        self_link: None,
    }
}

fn tokens(site: &Site, count: usize) -> Validators {
    let etag = || Some(format!("W/\"{count}\"").into_bytes());
    let last_modified = || Some(format!("after {count}").into_bytes());
    match site.tokens {
        Tokens::Never => Validators::default(),
        Tokens::Frozen => Validators { etag: Some(b"\"for ever\"".to_vec()), last_modified: None },
        Tokens::ETag => Validators { etag: etag(), last_modified: None },
        Tokens::LastModified => Validators { etag: None, last_modified: last_modified() },
        Tokens::Both => Validators { etag: etag(), last_modified: last_modified() },
    }
}

/// The document of a site that shows these items.
fn write(site: &Site, shows: Range<usize>) -> Bytes {
    let name = site.source.id.as_str();
    let mut text = format!("<rss version=\"2.0\"><channel><title>{name}</title><link>https://{name}.example/</link>");
    if let Some(minutes) = site.wish.ttl_minutes {
        text += &format!("<ttl>{minutes}</ttl>");
    }
    if site.wish.skip_hours != 0 {
        let hours = (0..24).filter(|hour| site.wish.skip_hours >> hour & 1 == 1).map(|hour| format!("<hour>{hour}</hour>"));
        text += &format!("<skipHours>{}</skipHours>", hours.collect::<String>());
    }
    for number in shows.rev() {
        let date = ZonedTime::utc(Timestamp::from_millis(BIRTH.as_millis() + site.items[number])).to_chrono().to_rfc2822();
        text += &format!(
            "<item><guid isPermaLink=\"false\">{name}-{number}</guid><title>{name} reports {number}</title>\
             <link>https://{name}.example/{number}</link><pubDate>{date}</pubDate><description>Report {number}.</description></item>"
        );
    }
    text += "</channel></rss>";
    text.into()
}

/// The identity under which the store knows an item.
pub fn native_id(site: &Site, number: usize) -> String {
    format!("{}-{number}", site.source.id.as_str())
}
