//! Who is polled in a simulation: sources on hosts as users' own lists have them, each with habits and a fate of its own.

use std::{collections::HashMap, ops::Range, time::Duration};

use watchfire::{
    model::{Cadence, Link, Source, SourceId},
    schedule::parse_cron,
};

use crate::chance::Chance;

/// Milliseconds since the simulation began.
pub type Millis = u64;

pub const SECOND: Millis = 1000;
pub const MINUTE: Millis = 60 * SECOND;
pub const HOUR: Millis = 60 * MINUTE;
pub const DAY: Millis = 24 * HOUR;

/// A bridge: a host that makes feeds of many other sites. Half of a list and more may sit on one.
pub const BRIDGE: &str = "rsshub.bridge.example";
/// A publisher with a dozen feeds that tells all of them to wait on one day.
pub const STRICT: &str = "strict.example";
const STRICT_FEEDS: usize = 12;

/// How large a simulation is.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    pub sources: usize,
    pub days: u64,
}

/// A source and everything the other side knows of it.
pub struct Site {
    pub source: Source,
    /// It is one of those that take even slots on the bridge.
    pub is_even: bool,
    /// How long an answer takes.
    pub latency: Range<Millis>,
    pub tokens: Tokens,
    pub wish: Wish,
    pub fate: Fate,
    /// When it says 429 or 503, and how long it asks us to wait.
    pub waits: Vec<Wait>,
    /// When its items appear, in order; those before the beginning are negative.
    pub items: Vec<i64>,
}

/// Which validators it sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tokens {
    ETag,
    LastModified,
    Both,
    Never,
    /// The same for ever, whatever is in the document.
    Frozen,
}

/// How often it wants to be asked.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wish {
    pub max_age_secs: Option<u64>,
    pub ttl_minutes: Option<u64>,
    /// Hours (GMT), one bit each.
    pub skip_hours: u32,
}

/// What becomes of it.
#[derive(Debug, Clone)]
pub enum Fate {
    Well,
    Broken(Breakage),
    GoneAt(Millis),
    /// Moved for good, to another host.
    MovedAt(Millis, Link),
    /// Sent elsewhere by a temporary redirect.
    Detour(Link),
}

/// A way of being broken for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breakage {
    Name,
    Refused,
    Hangs,
    Status(u16),
    Page,
}

/// A time in which a site answers 429 or 503.
#[derive(Debug, Clone)]
pub struct Wait {
    pub during: Range<Millis>,
    /// `Retry-After`; without it the server does not say how long.
    pub secs: Option<u64>,
}

/// Everybody, and when what is down.
pub struct Population {
    pub sites: Vec<Site>,
    pub by_url: HashMap<String, usize>,
    /// Hosts that do not answer for a while, and when.
    pub outages: HashMap<String, Range<Millis>>,
}

impl Population {
    /// A list as a user has it: half of it on one bridge, a crowd on `0 * * * *`, a publisher with several feeds, many single
    /// hosts; one in six of them broken on any day.
    pub fn of_a_user(scale: Scale, chance: &mut Chance) -> Self {
        let even = scale.sources * 3 / 10;
        let bridge = scale.sources / 2;
        let herd = bridge + scale.sources / 10;
        let sites = (0..scale.sources)
            .map(|number| {
                let mut chance = chance.fork();
                let name = format!("s{number:04}");
                match number {
                    _ if number < even => even_site(&name, scale, &mut chance),
                    _ if number < bridge => any_site(&name, BRIDGE, adaptive(), scale, &mut chance),
                    _ if number < herd => any_site(&name, &format!("{name}.example"), cron("0 * * * *"), scale, &mut chance),
                    _ if number < herd + STRICT_FEEDS => strict_site(&name, scale, &mut chance),
                    _ if number < herd + STRICT_FEEDS + scale.sources / 20 => {
                        any_site(&name, "blogs.example", adaptive(), scale, &mut chance)
                    }
                    _ => {
                        let cadence = any_cadence(&mut chance);
                        any_site(&name, &format!("{name}.example"), cadence, scale, &mut chance)
                    }
                }
            })
            .collect();
        let mut population = Self::new(sites);
        population.add_outages(scale, &mut chance.fork());
        population
    }

    /// `count` sources of one hourly interval on one host.
    pub fn of_one_host(count: usize, scale: Scale, chance: &mut Chance) -> Self {
        Self::new((0..count).map(|number| even_site(&format!("s{number:04}"), scale, &mut chance.fork())).collect())
    }

    /// `count` healthy sources on as many hosts.
    pub fn of_single_hosts(count: usize, cadence: &Cadence, chance: &mut Chance) -> Self {
        let site = |number: usize| {
            let name = format!("s{number:04}");
            plain_site(&name, &format!("{name}.example"), cadence.clone(), items(0.05, 0..24, 1, &mut chance.fork()))
        };
        Self::new((0..count).map(site).collect())
    }

    fn new(sites: Vec<Site>) -> Self {
        let by_url = sites.iter().enumerate().map(|(index, site)| (site.source.url.to_string(), index)).collect();
        Self { sites, by_url, outages: HashMap::new() }
    }

    /// One single host in ten is down for hours or days at some time; the bridge for an hour.
    fn add_outages(&mut self, scale: Scale, chance: &mut Chance) {
        let span = scale.days * DAY;
        for site in &self.sites {
            let host = site.source.url.host();
            if host.starts_with('s') && chance.is(10) {
                let start = chance.within(0..span);
                let length = chance.within(HOUR..3 * DAY);
                self.outages.insert(host, start..start + length);
            }
        }
        let start = span * 2 / 5;
        self.outages.insert(BRIDGE.to_owned(), start..start + HOUR);
    }
}

pub fn adaptive() -> Cadence {
    Cadence::Adaptive(Duration::from_secs(3600))
}

pub fn hourly() -> Cadence {
    Cadence::Every(Duration::from_secs(3600))
}

pub fn cron(line: &str) -> Cadence {
    Cadence::Cron(parse_cron(line).expect(line))
}

fn any_cadence(chance: &mut Chance) -> Cadence {
    match chance.within(0..10) {
        0..=6 => adaptive(),
        7 => Cadence::Every(Duration::from_secs(chance.pick(&[900, 1800, 7200, 21_600]))),
        8 => cron(chance.pick(&["*/30 * * * *", "15 */3 * * *"])),
        _ => cron("0 6 * * *"),
    }
}

/// A well-behaved source on the bridge, as the majority are.
fn even_site(name: &str, scale: Scale, chance: &mut Chance) -> Site {
    let items = items(chance.pick(&[0.03, 0.1, 0.4, 1.0]), 8..22, scale.days, chance);
    let tokens = if chance.is(50) { Tokens::Never } else { Tokens::ETag };
    Site { is_even: true, tokens, latency: 300..2500, ..plain_site(name, BRIDGE, hourly(), items) }
}

/// A feed of the publisher who answers 429 to all of them for some hours.
fn strict_site(name: &str, scale: Scale, chance: &mut Chance) -> Site {
    let items = items(3.0, 8..18, scale.days, chance);
    let start = scale.days * DAY / 4;
    let waits = vec![Wait { during: start..start + 90 * MINUTE, secs: Some(chance.within(2 * 3600..7 * 3600)) }];
    Site { waits, tokens: Tokens::Both, ..plain_site(name, STRICT, hourly(), items) }
}

fn any_site(name: &str, host: &str, cadence: Cadence, scale: Scale, chance: &mut Chance) -> Site {
    let span = scale.days * DAY;
    let per_day = chance.pick(&[0.03, 0.1, 0.4, 1.0, 1.0, 2.0, 3.0, 6.0, 12.0]);
    let hours = chance.pick(&[0..24, 8..18, 9..11, 14..20]);
    let mut site = plain_site(name, host, cadence, items(per_day, hours, scale.days, chance));
    site.latency = match chance.within(0..20) {
        // On the bridge one slow route makes all others wait.
        0 if host != BRIDGE => 5 * SECOND..30 * SECOND,
        0..=3 => 800..4000,
        _ => 50..800,
    };
    site.tokens = match chance.within(0..20) {
        0..=4 => Tokens::ETag,
        5..=7 => Tokens::LastModified,
        8..=10 => Tokens::Both,
        11..=12 => Tokens::Frozen,
        _ => Tokens::Never,
    };
    site.wish.max_age_secs = chance.is(15).then(|| chance.within(300..36 * 3600));
    site.wish.ttl_minutes = chance.is(10).then(|| chance.within(5..600));
    site.wish.skip_hours = if chance.is(4) { 0b1111_1111 << chance.within(0..16) } else { 0 };
    site.fate = fate(name, host, span, chance);
    if chance.is(6) {
        let start = chance.within(0..span);
        let secs = chance.is(75).then(|| chance.within(30..30 * 3600));
        site.waits.push(Wait { during: start..start + chance.within(HOUR..DAY), secs });
    }
    site
}

fn fate(name: &str, host: &str, span: Millis, chance: &mut Chance) -> Fate {
    let elsewhere = |host: &str| Link::parse(&format!("https://{host}/{name}")).expect("a link");
    match chance.within(0..100) {
        0..=7 if host == BRIDGE => Fate::Broken(Breakage::Status(503)),
        0..=7 => Fate::Broken(chance.pick(&[
            Breakage::Name,
            Breakage::Refused,
            Breakage::Hangs,
            Breakage::Status(404),
            Breakage::Status(500),
            Breakage::Page,
        ])),
        8..=10 => Fate::GoneAt(chance.within(0..span)),
        // Many moved from hosts of their own to one and the same.
        11..=16 if host != BRIDGE => Fate::MovedAt(chance.within(0..span / 2), elsewhere("newhome.example")),
        17..=18 if host != BRIDGE => Fate::Detour(elsewhere("detour.example")),
        _ => Fate::Well,
    }
}

fn plain_site(name: &str, host: &str, cadence: Cadence, items: Vec<i64>) -> Site {
    let url = Link::parse(&format!("https://{host}/{name}")).expect("a link");
    let source = Source::new(SourceId::parse(name).expect("a slug"), url, cadence);
    let tokens = Tokens::ETag;
    Site { source, is_even: false, latency: 50..400, tokens, wish: Wish::default(), fate: Fate::Well, waits: Vec::new(), items }
}

/// Times of items from two weeks before to the end: on average `per_day` a day, within some hours of the day.
fn items(per_day: f64, hours: Range<u64>, days: u64, chance: &mut Chance) -> Vec<i64> {
    let most = per_day.ceil() as u64;
    let permille = (per_day / most as f64 * 1000.0) as u64;
    let mut items = Vec::new();
    for day in -14..i64::try_from(days).expect("small") {
        for _ in 0..most {
            let at = chance.within(hours.start * HOUR..hours.end * HOUR);
            if chance.within(0..1000) < permille {
                items.push(day * DAY as i64 + at as i64);
            }
        }
    }
    items.sort_unstable();
    items.dedup();
    items
}
