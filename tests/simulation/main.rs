//! A month of polling in minutes: the whole writing half (loop, politeness, store, real parsing) under a simulated clock, against a
//! world of scripted sources, judged by what the protocol allows.
//!
//! What runs by default is small, so that it ends within seconds: every kind of source and everything that can happen to a machine, but
//! few of each. At full size: `cargo test --release --test simulation -- --ignored --nocapture`. `WATCHFIRE_SIM_SEED` chooses the
//! world; a failure prints it.

mod chance;
mod distance;
mod judge;
mod life;
mod population;
mod visit;
mod world;

use std::{collections::HashSet, env, time::Instant};

use chance::Chance;
use life::{Life, REST};
use population::{DAY, HOUR, MINUTE, Population, SECOND, Scale, Tokens};
use watchfire::model::Cadence;

/// The seed of the environment, or a fixed one.
fn seed() -> u64 {
    env::var("WATCHFIRE_SIM_SEED").map_or(1, |seed| seed.parse().expect("WATCHFIRE_SIM_SEED is a number"))
}

/// Fails with all faults.
fn verdict(life: &Life, seed: u64) {
    let faults = life.world.with(|judge, _, _| judge.faults());
    assert!(faults.is_empty(), "WATCHFIRE_SIM_SEED={seed}\n{faults}");
}

#[tokio::test(start_paused = true)]
async fn days_of_a_users_list() {
    month(Scale { sources: 60, days: 2 }, 20 * MINUTE).await;
}

#[tokio::test(start_paused = true)]
#[ignore = "a month of a thousand sources takes minutes, and a release build"]
async fn a_month_of_a_thousand_sources() {
    month(Scale { sources: 1000, days: 30 }, HOUR).await;
}

/// A list as users have it, and everything that can happen to a machine.
async fn month(scale: Scale, look_every: u64) {
    let (seed, began) = (seed(), Instant::now());
    let mut chance = Chance::new(seed);
    let mut life = Life::new(Population::of_a_user(scale, &mut chance), chance.fork(), look_every);
    let tenth = scale.days * DAY / 10;
    life.start();
    life.live(tenth).await;

    life.restart(20).await;
    life.live(tenth).await;
    for _ in 0..3 {
        life.kill().await;
        life.start();
        life.live(REST + chance.within(0..HOUR)).await;
    }
    life.live(tenth).await;

    let lines = life.offline_lines();
    life.world.cut_off(5 * HOUR);
    life.live(5 * HOUR + tenth).await;
    assert_eq!(life.offline_lines(), lines + 1, "WATCHFIRE_SIM_SEED={seed}: one line says that we are offline");

    life.set_clock_ahead(DAY as i64);
    life.live(tenth).await;
    life.set_clock_ahead(-(DAY as i64));
    life.live(tenth).await;
    life.sleep(8 * HOUR);
    life.live(tenth).await;
    life.restart(1).await;
    life.live(4 * tenth).await;

    let summary = summary(&life, scale);
    println!("{summary}; {:.1} s", began.elapsed().as_secs_f64());
    nothing_is_lost(&life);
    what_never_changes_is_hashed(&life);
    let (mean, largest) = life.world.with(|judge, _, _| judge.evenness());
    // Fewer than a few a minute have no slots to speak of.
    assert!(mean < 4.0 || f64::from(largest) <= 1.5 * mean, "WATCHFIRE_SIM_SEED={seed}: {mean:.2} a minute, but once {largest}");
    life.stop().await;
    verdict(&life, seed);
}

/// Every item that was ever sent is in the store.
fn nothing_is_lost(life: &Life) {
    let store = life.store();
    let mut stored = HashSet::new();
    for story in store.stories() {
        for member in story.expect("readable").members {
            stored.insert(member.item.native_id.as_str().to_owned());
        }
    }
    life.world.with(|judge, population, now| {
        for (index, site) in population.sites.iter().enumerate() {
            let shown = judge.records[index].shown_at.iter().enumerate().filter(|(_, at)| at.is_some());
            let lost = shown.filter(|(number, _)| !stored.contains(&world::native_id(site, *number))).count();
            if lost > 0 {
                judge.fault(now, &format!("{}: {lost} items are lost", site.source.id));
            }
        }
    });
    assert!(store.verify(|_| ()).expect("checked").is_sound());
}

/// Who sends no validators and nothing new is known by the digest of its document.
fn what_never_changes_is_hashed(life: &Life) {
    life.world.with(|judge, population, now| {
        for (site, record) in population.sites.iter().zip(&judge.records.clone()) {
            let is_quiet = site.items.iter().all(|at| *at < 0) && record.visits > 2 && record.failures == 0 && !record.is_gone;
            let outcome = life.store().source_state(&site.source.id).expect("a state").last_outcome;
            let wanted = if site.tokens == Tokens::Never { "same bytes" } else { "unchanged (304)" };
            if is_quiet && !record.is_in_flight && outcome.as_deref() != Some(wanted) {
                judge.fault(now, &format!("{}: nothing changed, but the outcome is {outcome:?}", site.source.id));
            }
        }
    });
}

/// What it cost and what it brought.
fn summary(life: &Life, scale: Scale) -> String {
    life.world.with(|judge, population, now| {
        let (mut delay, mut found, mut visits, mut sources) = (0, 0_u64, 0, 0_u64);
        for (site, record) in population.sites.iter().zip(&judge.records) {
            let is_plain = matches!(site.source.cadence, Cadence::Adaptive(_)) && record.failures == 0 && !record.is_gone;
            if is_plain && site.tokens != Tokens::Frozen && site.wish.max_age_secs.is_none() && site.waits.is_empty() {
                (visits, sources) = (visits + u64::from(record.visits), sources + 1);
                for (item, shown) in site.items.iter().zip(&record.shown_at) {
                    if let (Ok(item), Some(shown)) = (u64::try_from(*item), shown) {
                        (delay, found) = (delay + (shown - item), found + 1);
                    }
                }
            }
        }
        let (mean, largest) = judge.evenness();
        format!(
            "{} sources, {} days: {} requests, {} of them in full; even slots: {mean:.2} a minute, at most {largest}; \
             at most {} starts in a second; adaptive: {:.1} requests a day, items found after {} minutes",
            scale.sources,
            now.lived / DAY,
            judge.visits,
            judge.full_visits,
            judge.crowd(),
            visits as f64 / sources.max(1) as f64 / (now.lived as f64 / DAY as f64),
            delay / found.max(1) / MINUTE,
        )
    })
}

#[tokio::test(start_paused = true)]
async fn sources_of_one_host_take_even_slots() {
    even_slots(100).await;
}

#[tokio::test(start_paused = true)]
#[ignore = "the same at full size"]
async fn three_hundred_sources_of_one_host_take_even_slots() {
    even_slots(300).await;
}

/// Sources of one interval on one host: no minute carries more than one and a half times the mean.
async fn even_slots(sources: usize) {
    let (seed, scale) = (seed(), Scale { sources, days: 1 });
    let mut chance = Chance::new(seed);
    let mut life = Life::new(Population::of_one_host(sources, scale, &mut chance), chance.fork(), HOUR);
    life.start();
    // Three hours to find their slots, and four to keep them.
    life.live(7 * HOUR).await;
    let (mean, largest) = life.world.with(|judge, _, _| judge.evenness());
    println!("{mean:.2} a minute, at most {largest}");
    assert!(f64::from(largest) <= 1.5 * mean, "WATCHFIRE_SIM_SEED={seed}: {mean:.2} a minute, but once {largest}");
    verdict(&life, seed);
}

#[tokio::test(start_paused = true)]
async fn sources_of_one_cron_line_do_not_start_at_once() {
    herd(300, 5).await;
}

#[tokio::test(start_paused = true)]
#[ignore = "the same at full size"]
async fn a_thousand_sources_of_one_cron_line_do_not_start_at_once() {
    herd(1000, 12).await;
}

/// Healthy sources on as many hosts, all on `0 * * * *`: so many of them start in one second.
async fn herd(sources: usize, crowd_max: u32) {
    let seed = seed();
    let mut chance = Chance::new(seed);
    let population = Population::of_single_hosts(sources, &population::cron("0 * * * *"), &mut chance);
    let mut life = Life::new(population, chance.fork(), HOUR);
    life.start();
    life.live(HOUR + 10 * MINUTE).await;
    let crowd = life.world.with(|judge, _, _| judge.crowd());
    println!("at most {crowd} in a second");
    assert!(crowd <= crowd_max, "WATCHFIRE_SIM_SEED={seed}: {crowd} starts in one second");
    verdict(&life, seed);
}

#[tokio::test(start_paused = true)]
async fn a_list_on_one_host_outlives_seconds_without_network() {
    let (seed, scale) = (seed(), Scale { sources: 30, days: 2 });
    let mut chance = Chance::new(seed);
    let mut life = Life::new(Population::of_one_host(30, scale, &mut chance), chance.fork(), HOUR);
    life.start();
    life.live(6 * HOUR + 30 * SECOND).await;
    life.world.cut_off(20 * SECOND);
    life.live(12 * HOUR).await;
    verdict(&life, seed);
}
