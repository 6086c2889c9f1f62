//! Adaptive polling against a poll every hour: sources with the habits that sources have, sixty days of each, from their plans alone.

use super::*;

const DAYS: i64 = 60;

/// How a kind of source writes.
struct Habit {
    name: &'static str,
    /// Sources of this kind in the list.
    sources: u32,
    /// Days of the week on which it writes, Monday first.
    weekdays: [bool; 7],
    /// Times a day, on average.
    per_day: f64,
    /// Between these hours (UTC).
    hours: (f64, f64),
    /// Items each time, within two hours.
    burst: u32,
}

const EVERY_DAY: [bool; 7] = [true; 7];
const WORK_DAYS: [bool; 7] = [true, true, true, true, true, false, false];
const PATCH_DAYS: [bool; 7] = [false, true, false, true, false, false, false];
const TUESDAY: [bool; 7] = [false, true, false, false, false, false, false];

/// A list of fifty: most sources write seldom, and a few write most of the items.
const HABITS: [Habit; 12] = [
    Habit { name: "personal blog", sources: 8, weekdays: EVERY_DAY, per_day: 0.03, hours: (12.0, 23.0), burst: 1 },
    Habit { name: "research blog", sources: 6, weekdays: EVERY_DAY, per_day: 0.1, hours: (0.0, 24.0), burst: 1 },
    Habit { name: "company blog", sources: 8, weekdays: WORK_DAYS, per_day: 0.5, hours: (9.0, 17.0), burst: 1 },
    Habit { name: "account, in the evening", sources: 6, weekdays: EVERY_DAY, per_day: 0.9, hours: (11.5, 12.5), burst: 1 },
    Habit { name: "account", sources: 4, weekdays: EVERY_DAY, per_day: 2.0, hours: (8.0, 22.0), burst: 1 },
    Habit { name: "daily digest", sources: 2, weekdays: EVERY_DAY, per_day: 1.0, hours: (10.0, 10.1), burst: 1 },
    Habit { name: "weekly letter", sources: 3, weekdays: TUESDAY, per_day: 1.0, hours: (13.5, 14.5), burst: 1 },
    Habit { name: "advisories", sources: 4, weekdays: WORK_DAYS, per_day: 3.0, hours: (14.0, 20.0), burst: 1 },
    Habit { name: "patches", sources: 3, weekdays: PATCH_DAYS, per_day: 0.8, hours: (17.0, 19.0), burst: 8 },
    Habit { name: "magazine", sources: 2, weekdays: EVERY_DAY, per_day: 6.0, hours: (6.0, 20.0), burst: 1 },
    Habit { name: "news desk", sources: 3, weekdays: WORK_DAYS, per_day: 12.0, hours: (8.0, 18.0), burst: 1 },
    Habit { name: "machine", sources: 1, weekdays: EVERY_DAY, per_day: 24.0, hours: (0.0, 24.0), burst: 1 },
];

impl Habit {
    /// Times of the items of one source, in seconds from the beginning on, a Friday's noon; some are older.
    fn items(&self, number: u32) -> Vec<i64> {
        let chance = |purpose: &str, day: i64, n: u32| {
            let digest =
                Digest::of(&[self.name.as_bytes(), purpose.as_bytes(), &number.to_be_bytes(), &day.to_be_bytes(), &n.to_be_bytes()]);
            (digest.to_u64() >> 11) as f64 / (1_u64 << 53) as f64
        };
        let most = self.per_day.ceil();
        let mut items = Vec::new();
        for day in -120..=DAYS {
            let is_on = self.weekdays[usize::try_from((day + 4).rem_euclid(7)).expect("a weekday")];
            for n in (0..most as u32).filter(|n| is_on && chance("comes", day, *n) < self.per_day / most) {
                let hour = self.hours.0 + chance("when", day, n) * (self.hours.1 - self.hours.0);
                let further = (1..self.burst).map(|more| 2.0 * chance("burst", day, n * self.burst + more));
                let hours = std::iter::once(0.0).chain(further).map(|later| hour + later);
                items.extend(hours.map(|hour| day * 86_400 - 12 * 3600 + (hour * 3600.0) as i64));
            }
        }
        items.sort_unstable();
        items
    }
}

/// What polling cost and brought.
#[derive(Default, Clone, Copy)]
struct Account {
    requests: u64,
    items: u64,
    delay_secs: u64,
}

impl Account {
    fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.items += other.items;
        self.delay_secs += other.delay_secs;
    }

    fn requests_a_day(self, sources: u32) -> f64 {
        self.requests as f64 / f64::from(sources) / DAYS as f64
    }

    fn mean_delay_minutes(self) -> f64 {
        self.delay_secs as f64 / self.items.max(1) as f64 / 60.0
    }
}

/// Polls a source for as long as the test lasts. What is in its first document counts as history.
fn live(source: &Source, items: &[i64]) -> Account {
    const WINDOW: usize = 30;
    let plan = plan(source);
    let (mut state, mut now, mut seen) = (SourceState::default(), at(0), 0);
    let mut account = Account::default();
    while now < at(DAYS * 86_400) {
        state = plan.reservation(state, now);
        let new: Vec<_> = items[seen..].iter().map(|item| at(*item)).take_while(|item| *item <= now).collect();
        seen += new.len();
        if account.requests == 0 {
            state.arrivals = remember_arrivals(&[], new[new.len().saturating_sub(WINDOW)..].iter().copied());
        } else if !new.is_empty() {
            account.items += new.len() as u64;
            account.delay_secs += new.iter().map(|item| now.since(*item).as_secs()).sum::<u64>();
            state.arrivals = remember_arrivals(&state.arrivals, [now]);
        }
        account.requests += 1;
        state = plan.after_success(state, now);
        now = state.next_due.expect("due");
    }
    account
}

#[test]
fn news_is_found_sooner_than_by_an_hourly_poll_with_fewer_requests() {
    let (mut own, mut fixed, mut sources) = (Account::default(), Account::default(), 0);
    for habit in HABITS {
        let (mut adaptive, mut hourly) = (Account::default(), Account::default());
        for number in 0..habit.sources {
            let (items, name) = (habit.items(number), format!("s{number}"));
            adaptive.add(live(&source(&name, Cadence::Adaptive(secs(HOUR))), &items));
            hourly.add(live(&source(&name, Cadence::Every(secs(HOUR))), &items));
        }
        let (requests, delay) = (adaptive.requests_a_day(habit.sources), adaptive.mean_delay_minutes());
        println!("{:24} {requests:5.1} requests a day, {delay:4.0} minutes; hourly {:3.0}", habit.name, hourly.mean_delay_minutes());
        own.add(adaptive);
        fixed.add(hourly);
        sources += habit.sources;
    }
    let (requests, delay, later) = (own.requests_a_day(sources), own.mean_delay_minutes(), fixed.mean_delay_minutes());
    println!("all: {requests:.1} requests a day, {delay:.1} minutes; hourly {:.1}, {later:.1}", fixed.requests_a_day(sources));
    assert!(requests < 0.6 * fixed.requests_a_day(sources), "{requests:.1} requests a day");
    assert!(delay < 0.75 * later, "{delay:.1} minutes instead of {later:.1}");
}
