//! The judge: sees every request come and go, and knows from the protocol alone whether it may have come.
//!
//! Nothing in here asks the daemon what it had planned. Whether it comes too late is for `life`, which looks into its memory.

use std::{collections::HashMap, fmt::Write as _, ops::Range};

use crate::{
    distance::{backoff, usual},
    population::{DAY, HOUR, MINUTE, Millis, SECOND, STRICT, Site},
    visit::{Moment, Verdict, Visit},
};

/// Requests in flight at once, and begun within one second over all hosts: at a start, after sleep and outages as at any time.
const IN_FLIGHT_MAX: usize = 256;
const STARTS_PER_SECOND_MAX: u32 = 16;
/// Distance between two starts on one host.
const GAP: Millis = SECOND;
/// Faults told before the rest is only counted.
const FAULTS_MAX: usize = 20;
/// After a disturbance the slots on a host are uneven for so long.
const UNREST: Millis = 3 * HOUR;

/// What is known of a source.
#[derive(Debug, Clone, Default)]
pub struct Record {
    pub visits: u32,
    /// When it was last asked.
    pub asked_at: Option<Moment>,
    /// Failures in a row.
    pub failures: u32,
    pub is_gone: bool,
    /// Least distance to the next visit.
    least: Millis,
    silent_until: Millis,
    /// When all of a document was last sent, and whether validators came with it.
    full_at: Option<Millis>,
    has_tokens: bool,
    /// What it wishes has been heard.
    wish_is_known: bool,
    /// Nobody had answered yet when it did not either: the daemon may have blamed it or not.
    pub is_doubtful: bool,
    pub is_in_flight: bool,
    /// When each item was first sent.
    pub shown_at: Vec<Option<Millis>>,
}

#[derive(Debug, Default)]
struct Host {
    in_flight: u32,
    last_start: Option<Millis>,
    told: HashMap<usize, (Millis, Millis)>,
    silent_until: Millis,
    /// Who met no answer since it last gave one, and since when.
    unreached: HashMap<usize, Millis>,
}

/// Everything seen so far.
pub struct Judge {
    pub records: Vec<Record>,
    before: HashMap<usize, Record>,
    hosts: HashMap<String, Host>,
    /// Starts in each second.
    starts: HashMap<Millis, u32>,
    /// Starts of those with even slots in each minute, in quiet times.
    even: HashMap<Millis, u32>,
    quiet_from: Millis,
    /// When the clock was last set back, and how far.
    set_back: Option<(Millis, Millis)>,
    in_flight: usize,
    /// Somebody answered since the daemon came up.
    heard: bool,
    /// The daemon's network is down too shortly for it to be sure.
    is_blip: bool,
    pub visits: u64,
    pub full_visits: u64,
    faults: Vec<String>,
    faults_count: u64,
    kinds: HashMap<String, u32>,
}

impl Judge {
    pub fn new(sites: &[Site]) -> Self {
        let record = |site: &Site| Record { shown_at: vec![None; site.items.len()], ..Record::default() };
        Self {
            records: sites.iter().map(record).collect(),
            before: HashMap::new(),
            hosts: HashMap::new(),
            starts: HashMap::new(),
            even: HashMap::new(),
            quiet_from: UNREST,
            set_back: None,
            in_flight: 0,
            heard: false,
            is_blip: false,
            visits: 0,
            full_visits: 0,
            faults: Vec::new(),
            faults_count: 0,
            kinds: HashMap::new(),
        }
    }

    /// Something that should not have been.
    pub fn fault(&mut self, now: Moment, what: &str) {
        self.faults_count += 1;
        // Three of a kind tell enough.
        let kind: String = what.split_once(": ").map_or(what, |(_, kind)| kind).chars().filter(|c| c.is_alphabetic()).collect();
        let seen = self.kinds.entry(kind).or_default();
        *seen += 1;
        if *seen <= 3 && self.faults.len() < FAULTS_MAX {
            let (day, rest) = (now.lived / DAY, now.lived % DAY);
            let clock = format!("{:02}:{:02}:{:06.3}", rest / HOUR, rest / MINUTE % 60, (rest % MINUTE) as f64 / 1000.0);
            self.faults.push(format!("day {day} {clock} (its clock: {}): {what}", now.wall.rfc3339()));
        }
    }

    /// All faults as one text; empty if there are none.
    pub fn faults(&self) -> String {
        let mut text = self.faults.join("\n");
        if self.faults_count > self.faults.len() as u64 {
            let _ = write!(text, "\n... {} faults in all", self.faults_count);
        }
        text
    }

    /// Whether times are quiet: no start, no outage and no change of the clock for some hours.
    pub fn is_quiet(&self, now: Moment) -> bool {
        now.lived >= self.quiet_from
    }

    /// The daemon started anew, or is about to.
    pub fn disturbed(&mut self, now: Moment) {
        self.quiet_from = self.quiet_from.max(now.lived + UNREST);
    }

    /// The daemon came up, or its machine woke: it does not know yet whether there is a network.
    pub fn came_up(&mut self, now: Moment) {
        self.disturbed(now);
        self.heard = false;
        self.hosts.values_mut().for_each(|host| host.unreached.clear());
    }

    /// Until then nothing is as usual.
    pub fn disturbed_until(&mut self, lived: Millis) {
        self.quiet_from = self.quiet_from.max(lived + UNREST);
    }

    pub fn was_cut_off(&mut self, now: Moment, span: Millis) {
        self.quiet_from = self.quiet_from.max(now.lived + span + UNREST);
        self.is_blip = span < 10 * MINUTE;
        // Who died just before looks as if the network had taken it along.
        for record in &mut self.records {
            if record.failures == 1 && record.asked_at.is_some_and(|asked| now.lived - asked.lived < HOUR) {
                (record.is_doubtful, record.least) = (true, 0);
            }
        }
    }

    pub fn clock_moved(&mut self, now: Moment, millis: i64) {
        self.disturbed(now);
        self.heard &= millis < 0;
        if millis < 0 {
            self.set_back = Some((now.lived, millis.unsigned_abs()));
        }
        for host in self.hosts.values_mut() {
            // What was counted on the wall cannot be held to the second.
            host.last_start = None;
            host.unreached.clear();
            if millis > 0 {
                host.told.clear();
            }
        }
    }

    /// How far the clock was set back within the last days: what is counted on it takes so much longer.
    pub fn set_back_lately(&self, now: Moment) -> Millis {
        self.set_back.filter(|(at, _)| now.lived - at < 3 * DAY).map_or(0, |(_, by)| by)
    }

    /// A host on which nothing is going on and nothing is forbidden: who is due there has no excuse.
    pub fn is_free(&self, host: &str, now: Moment) -> bool {
        let is_idle = |host: &Host| {
            host.in_flight == 0 && host.silent_until < now.fair && host.last_start.is_none_or(|start| start + MINUTE < now.lived)
        };
        self.hosts.get(host).is_none_or(is_idle)
    }

    pub fn arrives(&mut self, now: Moment, site: &Site, visit: &Visit) {
        let faults = self.faults_of(now, site, visit);
        for what in faults {
            self.fault(now, &format!("{} on {}: {what}", site.source.id, visit.host));
        }
        let record = &mut self.records[visit.site];
        self.before.insert(visit.site, record.clone());
        record.visits += 1;
        record.asked_at = Some(now);
        record.is_in_flight = true;
        record.least = usual(site, record.wish_is_known);
        self.visits += 1;
        self.full_visits += u64::from(visit.is_full);
        self.in_flight += 1;
        let host = self.hosts.entry(visit.host.clone()).or_default();
        host.in_flight += 1;
        host.last_start = Some(now.lived);
        *self.starts.entry(now.lived / SECOND).or_default() += 1;
        if site.is_even && self.is_quiet(now) {
            *self.even.entry(now.lived / MINUTE).or_default() += 1;
        }
    }

    fn faults_of(&self, now: Moment, site: &Site, visit: &Visit) -> Vec<String> {
        let mut faults = Vec::new();
        let record = &self.records[visit.site];
        if record.is_gone {
            faults.push("asked though it is gone".to_owned());
        }
        if record.is_in_flight {
            faults.push("asked twice at once".to_owned());
        }
        if let Some(asked) = record.asked_at {
            let distance = now.fair - asked.fair;
            if distance < record.least {
                let (distance, least) = (distance / SECOND, record.least / SECOND);
                faults.push(format!("asked after {distance} s, not {least} s; {} failures", record.failures));
            }
            let hour = now.wall.as_secs().rem_euclid(86_400) / 3600;
            let minute = now.wall.as_secs().rem_euclid(3600) / 60;
            let is_skipped = site.wish.skip_hours >> hour & 1 == 1;
            if record.wish_is_known && is_skipped && minute >= 15 && self.is_quiet(now) {
                faults.push(format!("asked in hour {hour}, which it wants to be skipped"));
            }
        }
        if now.fair < record.silent_until {
            faults.push(format!("asked {} s before it allowed to", (record.silent_until - now.fair) / SECOND));
        }
        if let Some(full_at) = record.full_at.filter(|_| record.has_tokens) {
            let age = now.fair - full_at;
            if !visit.is_full && age > 8 * DAY {
                faults.push(format!("not asked in full for {} hours", age / HOUR));
            }
            if visit.is_full && age < 7 * DAY && record.failures == 0 {
                faults.push(format!("asked in full again after {} hours", age / HOUR));
            }
        }
        if self.in_flight >= IN_FLIGHT_MAX {
            faults.push("too many requests in flight".to_owned());
        }
        if self.starts.get(&(now.lived / SECOND)).is_some_and(|count| *count >= STARTS_PER_SECOND_MAX) {
            faults.push("too many starts in one second".to_owned());
        }
        if let Some(host) = self.hosts.get(&visit.host) {
            if host.in_flight > 0 {
                faults.push("its host is being asked already".to_owned());
            }
            if host.last_start.is_some_and(|start| now.lived < start + GAP) {
                faults.push("too soon after another on its host".to_owned());
            }
            if now.fair < host.silent_until {
                faults.push("its whole host is to be left in peace".to_owned());
            }
        }
        faults
    }

    pub fn leaves(&mut self, now: Moment, site: &Site, visit: &Visit, verdict: Verdict, shows: Range<usize>) {
        self.in_flight -= 1;
        if let Some(host) = self.hosts.get_mut(&visit.host) {
            host.in_flight -= 1;
        }
        let before = self.before.remove(&visit.site).unwrap_or_default();
        let record = &mut self.records[visit.site];
        record.is_in_flight = false;
        match verdict {
            Verdict::Fine { has_tokens } => {
                record.is_doubtful = false;
                record.failures = 0;
                record.silent_until = 0;
                record.wish_is_known = true;
                record.has_tokens = has_tokens;
                if !shows.is_empty() || visit.is_full {
                    record.full_at = Some(now.fair);
                }
                for number in shows {
                    record.shown_at[number].get_or_insert(now.lived);
                }
                record.least = usual(site, record.wish_is_known);
            }
            Verdict::Failed | Verdict::Wait(_) | Verdict::Unreached => {
                record.failures += 1;
                record.is_doubtful |= verdict == Verdict::Unreached && !self.heard;
                let blamed = record.failures - u32::from(record.is_doubtful);
                record.least = if blamed == 0 { 0 } else { backoff(site, record.wish_is_known, blamed) };
            }
            Verdict::Gone => record.is_gone = true,
            // Who was not reached may be asked as soon as it can be.
            Verdict::CutOff => {
                record.is_doubtful |= self.is_blip;
                record.least = if record.failures == 0 { 0 } else { backoff(site, record.wish_is_known, record.failures) };
            }
            // The reservation stands: nothing else is known of this visit.
            Verdict::CutShort => {
                let (asked_at, visits) = (record.asked_at, record.visits);
                *record = Record { asked_at, visits, ..before };
            }
        }
        if let Verdict::Wait(until) = verdict {
            record.silent_until = until.unwrap_or(now.fair + HOUR);
            if until.is_some() {
                record.least = usual(site, record.wish_is_known);
            }
        }
        match verdict {
            Verdict::Unreached | Verdict::CutShort => {}
            Verdict::CutOff => self.heard = false,
            _ => self.heard = true,
        }
        self.silence_host(now, visit, verdict);
        match verdict {
            Verdict::Unreached => self.miss(now, site, visit),
            Verdict::CutOff | Verdict::CutShort => {}
            _ => self.excuse(now, &visit.host),
        }
    }

    /// A host gives no answer. When it leaves several without one, one of them may watch it without a backoff, for a day.
    fn miss(&mut self, now: Moment, site: &Site, visit: &Visit) {
        let unreached = &mut self.hosts.entry(visit.host.clone()).or_default().unreached;
        unreached.entry(visit.site).or_insert(now.fair);
        let since = unreached.values().min().copied().unwrap_or(now.fair);
        if unreached.len() >= 2 && now.fair - since < DAY && unreached.keys().min() == Some(&visit.site) {
            let record = &mut self.records[visit.site];
            record.least = record.least.min(usual(site, record.wish_is_known));
        }
    }

    /// A host answers that left several without an answer for some time: nobody need be blamed for that.
    fn excuse(&mut self, now: Moment, host: &str) {
        let unreached = self.hosts.get_mut(host).map(|host| std::mem::take(&mut host.unreached)).unwrap_or_default();
        if unreached.len() >= 2 && unreached.values().min().is_some_and(|since| now.fair - since >= 10 * MINUTE) {
            for site in unreached.into_keys() {
                (self.records[site].is_doubtful, self.records[site].least) = (true, 0);
            }
        }
    }

    /// Three sources of one host that were told to wait within an hour: nobody is asked there before all may be.
    fn silence_host(&mut self, now: Moment, visit: &Visit, verdict: Verdict) {
        if visit.host != STRICT {
            return;
        }
        let host = self.hosts.entry(visit.host.clone()).or_default();
        let Verdict::Wait(Some(until)) = verdict else {
            host.told.remove(&visit.site);
            return;
        };
        host.told.insert(visit.site, (now.fair, until));
        host.told.retain(|_, (_, until)| *until > now.fair);
        // A minute off the hour, since these are times of answers.
        let recent = host.told.values().filter(|(at, _)| now.fair - at < HOUR - MINUTE).count();
        if recent >= 3 {
            host.silent_until = host.told.values().map(|(_, until)| *until).max().unwrap_or_default();
        }
    }

    /// The mean number of starts a minute of those with even slots in quiet times, and the largest.
    pub fn evenness(&self) -> (f64, u32) {
        let minutes = self.even.len().max(1) as f64;
        (self.even.values().map(|count| f64::from(*count)).sum::<f64>() / minutes, self.even.values().copied().max().unwrap_or(0))
    }

    /// The largest number of starts in one second after the first hour.
    pub fn crowd(&self) -> u32 {
        self.starts.iter().filter(|(second, _)| **second * SECOND >= HOUR).map(|(_, count)| *count).max().unwrap_or(0)
    }
}
