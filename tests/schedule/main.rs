//! When sources are asked: protocol S1 to S10, and the timing in F9 and F11 to F13.

mod adaptive;

use std::time::Duration;

use chrono_tz::Tz;
use watchfire::{
    model::{
        Cadence, Digest, Failure, Freshness, Link, PrivateHost, Rhythm, ScheduleLimits, Source, SourceId, SourceState, Timestamp,
        Validators, Why,
    },
    schedule::{
        self, Place, Plan, Told, address, corrected, host_silence, is_failing, is_validator_stale, parse_cron, places, remember_arrivals,
    },
};

const MINUTE: u64 = 60;
const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

/// 2024-09-13T12:00:00Z, a Friday.
const NOON: i64 = 1_726_228_800;

const LIMITS: ScheduleLimits =
    ScheduleLimits { interval: secs(HOUR), interval_min: secs(15 * MINUTE), interval_max: secs(DAY), host_gap: secs(1), concurrency: 256 };

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn at(offset_secs: i64) -> Timestamp {
    Timestamp::from_secs(NOON + offset_secs)
}

fn source(id: &str, cadence: Cadence) -> Source {
    let url = Link::parse(&format!("https://feeds.example/{id}")).expect("a link");
    Source::new(SourceId::parse(id).expect("a slug"), url, cadence)
}

fn every(interval_secs: u64) -> Source {
    source("every", Cadence::Every(secs(interval_secs)))
}

fn adaptive() -> Source {
    source("adaptive", Cadence::Adaptive(secs(HOUR)))
}

fn cron(line: &str) -> Source {
    source("cron", Cadence::Cron(parse_cron(line).expect(line)))
}

fn private(source: Source) -> Source {
    Source { allow_private: vec![PrivateHost::parse("feeds.example:443").expect("host and port")], ..source }
}

fn plan(source: &Source) -> Plan<'_> {
    Plan { source, place: Place::default(), limits: &LIMITS }
}

/// One poll that starts and ends at `now`: the distance to the next in seconds, and the memory.
fn succeed(source: &Source, state: SourceState, now: Timestamp) -> (u64, SourceState) {
    let plan = plan(source);
    let state = plan.after_success(plan.reservation(state, now), now);
    (state.next_due.expect("due").since(now).as_secs(), state)
}

fn fail(source: &Source, state: SourceState, failure: &Failure, now: Timestamp) -> (u64, SourceState) {
    let plan = plan(source);
    let state = plan.after_failure(plan.reservation(state, now), failure, now);
    (state.next_due.map_or(u64::MAX, |due| due.since(now).as_secs()), state)
}

fn fresh(max_age: Option<u64>, rhythm: Rhythm) -> SourceState {
    SourceState { freshness: Freshness { max_age: max_age.map(secs), rhythm }, ..SourceState::default() }
}

#[test]
fn s1_twenty_restarts_ask_nothing_early() {
    for source in [every(HOUR), adaptive(), cron("7 * * * *"), private(every(1))] {
        let plan = plan(&source);
        let due = plan.after_success(plan.reservation(SourceState::default(), at(0)), at(2));
        let reserved = plan.reservation(due.clone(), at(7200));
        for state in [due, reserved] {
            for restart in 0..20 {
                let turn = plan.start_turn(&state, state.last_attempt.expect("asked") + secs(restart));
                assert_eq!(turn.at, state.next_due, "{source:?}");
            }
        }
    }
}

#[test]
fn s1_a_reservation_is_as_far_away_as_an_answer_without_news() {
    let source = every(HOUR);
    let reserved = plan(&source).reservation(SourceState::default(), at(0));
    assert_eq!((reserved.next_due, reserved.last_attempt, reserved.why), (Some(at(3600)), Some(at(0)), Some(Why::Reserved)));
}

#[test]
fn s2_intervals_keep_the_floor_but_for_hosts_of_the_operators_own() {
    for (source, wanted) in [
        (every(HOUR), HOUR),
        (every(1), 15 * MINUTE),
        (private(every(1)), 1),
        (every(7 * DAY), 7 * DAY),
        (cron("* * * * *"), 15 * MINUTE),
        (private(cron("*/10 * * * * *")), 10),
    ] {
        assert_eq!(succeed(&source, SourceState::default(), at(0)).0, wanted, "{source:?}");
    }
}

#[test]
fn s2_a_heavy_document_without_validators_is_asked_for_once_a_day() {
    let heavy = SourceState { body_bytes: 100_001, ..SourceState::default() };
    let light = SourceState { body_bytes: 100_000, ..SourceState::default() };
    let validated = SourceState { validators: Validators { etag: Some(b"x".to_vec()), last_modified: None }, ..heavy.clone() };
    assert_eq!(succeed(&adaptive(), heavy.clone(), at(0)).0, DAY);
    assert!(succeed(&adaptive(), light, at(0)).0 < 2 * HOUR);
    assert!(succeed(&adaptive(), validated, at(0)).0 < 2 * HOUR);
    assert_eq!(succeed(&every(HOUR), heavy, at(0)).0, HOUR, "the operator has decided");
}

#[test]
fn s3_the_longest_wish_wins_up_to_the_ceiling() {
    let ttl = |minutes: u64| Rhythm { ttl: Some(secs(minutes * 60)), ..Rhythm::default() };
    let period = |span: u64| Rhythm { update_period: Some(secs(span)), ..Rhythm::default() };
    for (state, wanted, why) in [
        (fresh(None, Rhythm::default()), HOUR, Why::Interval),
        (fresh(Some(10_800), Rhythm::default()), 3 * HOUR, Why::Freshness),
        (fresh(Some(0), Rhythm::default()), HOUR, Why::Interval),
        (fresh(Some(36 * HOUR), Rhythm::default()), DAY, Why::Freshness),
        (fresh(Some(60), ttl(120)), 2 * HOUR, Why::Freshness),
        (fresh(None, ttl(u64::MAX / 60)), DAY, Why::Freshness),
        (fresh(None, period(7 * DAY)), DAY, Why::Freshness),
        (fresh(None, period(1800)), HOUR, Why::Interval),
    ] {
        let (distance, after) = succeed(&every(HOUR), state.clone(), at(0));
        assert_eq!((distance, after.why), (wanted, Some(why)), "{:?}", state.freshness);
    }
}

#[test]
fn s3_a_cron_line_waits_for_a_tick_after_the_wish() {
    let (distance, _) = succeed(&cron("0 * * * *"), fresh(Some(9000), Rhythm::default()), at(0));
    assert!((3 * HOUR..3 * HOUR + 360).contains(&distance), "{distance}");
}

#[test]
fn s4_two_hundred_sources_on_one_line_are_drawn_apart_and_never_early() {
    let mut by_second = std::collections::HashMap::new();
    for number in 0..200 {
        let source = source(&format!("cron-{number}"), Cadence::Cron(parse_cron("0 0 * * * *").expect("a line")));
        let (_, mut state) = succeed(&source, SourceState::default(), at(-1800));
        let mut last = None;
        for _ in 0..12 {
            let due = state.next_due.expect("due");
            if let Some(last) = last {
                assert_eq!(due.since(last), secs(HOUR));
            }
            last = Some(due);
            state = succeed(&source, state, due).1;
        }
        *by_second.entry(last.expect("asked").as_secs()).or_insert(0) += 1;
    }
    assert!(by_second.values().all(|count| *count <= 5), "{by_second:?}");
}

#[test]
fn s4_a_line_at_the_floor_loses_no_tick_to_a_slow_start() {
    let source = cron("*/15 * * * *");
    let mut state = succeed(&source, SourceState::default(), at(0)).1;
    let mut polls = 0;
    while state.next_due.expect("due") < at(86_400) {
        let due = state.next_due.expect("due");
        state = succeed(&source, state, due + Duration::from_millis(40)).1;
        polls += 1;
    }
    assert!((95..=96).contains(&polls), "{polls}");
}

#[test]
fn s5_failures_double_the_distance_up_to_a_day() {
    let source = every(HOUR);
    let (mut state, mut now) = (SourceState::default(), at(0));
    for hours in [1, 2, 4, 8, 16, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24] {
        let (distance, next) = fail(&source, state, &Failure::Status(500), now);
        assert!((hours * HOUR..=hours * HOUR * 5 / 4).contains(&distance), "{hours} h: {distance}");
        (state, now) = (next.clone(), next.next_due.expect("never given up"));
    }
    assert_eq!((state.failures, state.failing_since), (16, Some(at(0))));
    let (distance, state) = succeed(&source, state, now);
    assert_eq!((distance, state.failures, state.failing_since, state.last_failed), (HOUR, 0, None, false));
}

#[test]
fn s5_a_long_row_of_failures_has_a_name() {
    for (failures, days, wanted) in [(9, 30, false), (10, 6, false), (10, 7, true), (0, 30, false)] {
        let state = SourceState { failures, failing_since: Some(at(0)), ..SourceState::default() };
        assert_eq!(is_failing(&state, at(days * 86_400)), wanted, "{failures} in {days} days");
    }
}

#[test]
fn s5_long_rows_of_failures_do_not_overflow() {
    for source in [every(HOUR), every(30 * DAY), cron("0 9 * * 1"), adaptive(), private(every(1))] {
        let state = SourceState { failures: u32::MAX - 1, ..SourceState::default() };
        let (distance, state) = fail(&source, state, &Failure::Empty, at(0));
        assert!(distance >= 23 * HOUR && state.failures == u32::MAX, "{source:?}: {distance}");
    }
}

#[test]
fn s5_a_failing_cron_source_keeps_its_hours() {
    let source = cron("0 * * * *");
    let (mut state, mut now) = (SourceState::default(), at(0));
    for hours in [1, 2, 4, 8, 16, 24, 24] {
        let (_, next) = fail(&source, state, &Failure::Empty, now);
        let due = next.next_due.expect("due");
        assert!((due.as_secs() - NOON).rem_euclid(3600) < 360, "on its tick");
        assert_eq!(due.since(now).as_secs().div_ceil(HOUR).max(1), if now == at(0) { hours + 1 } else { hours }, "{hours}");
        (state, now) = (next, due);
    }
}

#[test]
fn s5_a_failing_daily_line_is_asked_once_a_day_even_after_it_was_asked_late() {
    let source = cron("0 6 * * *");
    for (asked_at_hour, wanted_hours) in [(6, 24), (8, 46), (20, 34)] {
        let asked = at(0) + secs((asked_at_hour + 12) * HOUR);
        let row = SourceState { failures: 14, ..SourceState::default() };
        let (distance, _) = fail(&source, row, &Failure::Empty, asked);
        assert_eq!((distance + HOUR / 2) / HOUR, wanted_hours, "asked at {asked_at_hour}:00");
    }
    let weekly = cron("0 6 * * mon");
    let row = SourceState { failures: 14, ..SourceState::default() };
    assert!(fail(&weekly, row, &Failure::Empty, at(0)).0 < 8 * DAY, "no week is left out");
}

#[test]
fn s5_a_fault_of_our_own_is_not_counted() {
    let (distance, state) = fail(&every(HOUR), SourceState::default(), &Failure::Store("disk full".to_owned()), at(0));
    assert_eq!((distance, state.failures), (HOUR, 0));
}

#[test]
fn s6_hours_to_be_skipped_are_skipped() {
    let all_but_eleven = Rhythm { skip_hours: 0xFF_FFFF & !(1 << 11), ..Rhythm::default() };
    let (distance, state) = succeed(&every(HOUR), fresh(None, all_but_eleven), at(0));
    assert_eq!((distance, state.why), (23 * HOUR, Some(Why::Skip)));
    let everything = Rhythm { skip_hours: 0xFF_FFFF, ..Rhythm::default() };
    assert_eq!(succeed(&every(HOUR), fresh(None, everything), at(0)).0, HOUR);
    let told = Failure::TooManyRequests { status: 429, until: Some(at(5 * 1800)) };
    let skips = fresh(None, Rhythm { skip_hours: 1 << 14, ..Rhythm::default() });
    assert_eq!(fail(&every(HOUR), skips, &told, at(0)).0, 3 * HOUR, "silence that ends within such an hour ends with it");
}

#[test]
fn s8_cron_lines_are_read_in_the_sources_time_zone() {
    let line = cron("0 9 * * *");
    let shanghai = Source { timezone: Some(Tz::Asia__Shanghai), ..line.clone() };
    for (source, due) in [(line, at(21 * 3600)), (shanghai, at(13 * 3600))] {
        let (distance, _) = succeed(&source, SourceState::default(), at(0));
        assert!((0..600).contains(&distance.abs_diff(due.since(at(0)).as_secs())), "{distance}");
    }
}

#[test]
fn s8_a_clock_set_back_makes_no_burst_and_no_standstill() {
    let mut dues = Vec::new();
    for number in 0..100 {
        let source = source(&format!("source-{number}"), Cadence::Every(secs(HOUR)));
        let (_, state) = succeed(&source, SourceState::default(), at(86_400));
        dues.push(plan(&source).start_turn(&state, at(0)).at.expect("due").since(at(0)).as_secs());
    }
    dues.sort_unstable();
    assert!(dues[99] <= 600 && dues[50] > 60, "{dues:?}");
    let source = every(HOUR);
    let (_, state) = succeed(&source, SourceState::default(), at(5));
    assert_eq!(plan(&source).start_turn(&state, at(0)).at, Some(at(3605)), "a few seconds are no change of the clock");
}

#[test]
fn s8_a_clock_set_back_before_the_start_leaves_retry_after_in_full() {
    let source = every(HOUR);
    let told = Failure::TooManyRequests { status: 429, until: Some(at(86_400 + 7200)) };
    let (_, state) = fail(&source, SourceState::default(), &told, at(86_400));
    assert!(plan(&source).start_turn(&state, at(0)).at.expect("due") >= at(7200));
}

#[test]
fn s8_a_clock_seen_to_be_set_back_takes_memories_with_it() {
    let (_, state) = succeed(&every(HOUR), SourceState::default(), at(86_400));
    let told = SourceState { silent_until: Some(at(90_000)), ..state.clone() };
    let corrected = corrected(told, secs(DAY), at(60)).expect("written on the clock as it was");
    assert_eq!((corrected.last_attempt, corrected.silent_until, corrected.next_due), (Some(at(0)), Some(at(3600)), Some(at(3600))));
    assert_eq!(schedule::corrected(state, secs(300), at(86_401)), None, "older than the clock's fault");
}

#[test]
fn s8_a_clock_set_forward_makes_everything_due_once() {
    let source = every(HOUR);
    let (_, state) = succeed(&source, SourceState::default(), at(0));
    let turn = plan(&source).start_turn(&state, at(86_400));
    assert!(turn.at.expect("due") <= at(86_400));
    assert_eq!(succeed(&source, state, at(86_400)).0, HOUR, "missed times collapse into one");
}

#[test]
fn s8_a_due_time_out_of_bounds_is_forgotten() {
    let source = every(HOUR);
    let (_, state) = succeed(&source, SourceState::default(), at(0));
    let strange = SourceState { next_due: Some(at(400 * 86_400)), silent_until: Some(at(400 * 86_400)), ..state };
    assert!(plan(&source).start_turn(&strange, at(10)).at.expect("due") <= at(2 * 86_400));
}

#[test]
fn s9_an_operators_order_obeys_retry_after_and_a_minute() {
    let source = every(HOUR);
    let (_, asked) = succeed(&source, SourceState::default(), at(0));
    let told = SourceState { silent_until: Some(at(7200)), ..asked.clone() };
    for (state, source, now, wanted) in [
        (SourceState::default(), source.clone(), 0, 0),
        (asked.clone(), source.clone(), 10, 60),
        (asked.clone(), source.clone(), 100, 100),
        (asked, private(source.clone()), 10, 10),
        (told, source, 100, 7200),
    ] {
        assert_eq!(plan(&source).manual_turn(&state, at(now)), at(wanted));
    }
}

#[test]
fn s10_silence_lengthens_the_distance() {
    for (silent_days, least_hours) in [(1, 0), (8, 6), (15, 12), (31, 24)] {
        let newest = NOON - silent_days * 86_400;
        let arrivals = remember_arrivals(&[], (0..20).map(|hour| Timestamp::from_secs(newest - hour * 3600)));
        let (distance, _) = succeed(&adaptive(), SourceState { arrivals, ..SourceState::default() }, at(0));
        assert!(distance >= least_hours * HOUR * 9 / 10 && distance <= DAY, "{silent_days} days: {distance}");
    }
}

#[test]
fn f9_a_server_that_says_unchanged_for_ever_is_asked_in_full_once_a_week() {
    let state = SourceState { last_full: Some(at(0)), ..SourceState::default() };
    assert!(!is_validator_stale(&SourceState::default(), at(0)));
    assert!(!is_validator_stale(&state, at(7 * 86_400)));
    assert!(is_validator_stale(&state, at(8 * 86_400 + 1)));
    let full_again = SourceState { last_full: Some(at(8 * 86_400 + 1)), ..state };
    assert!(!is_validator_stale(&full_again, at(15 * 86_400)));
}

#[test]
fn f11_a_learned_address_is_left_after_three_failures_and_checked_after_a_month() {
    let source = every(HOUR);
    let moved = Link::parse("https://new.example/feed").expect("a link");
    let state = SourceState { effective_url: Some(moved.clone()), effective_since: Some(at(0)), ..SourceState::default() };
    assert_eq!(address(&source, &SourceState::default(), at(0)), &source.url);
    assert_eq!(address(&source, &state, at(86_400)), &moved);
    assert_eq!(address(&source, &SourceState { failures: 2, ..state.clone() }, at(0)), &moved);
    assert_eq!(address(&source, &SourceState { failures: 3, ..state.clone() }, at(0)), &source.url);
    assert_eq!(address(&source, &state, at(30 * 86_400)), &source.url);
}

#[test]
fn f12_gone_is_for_ever_and_expired_for_a_month() {
    let source = every(HOUR);
    let (_, state) = fail(&source, SourceState::default(), &Failure::Gone, at(0));
    assert_eq!((state.next_due, state.gone, state.why), (None, true, Some(Why::Gone)));
    assert_eq!(plan(&source).start_turn(&state, at(30 * 86_400)).at, None);
    let (distance, state) = succeed(&source, SourceState { gone: true, ..SourceState::default() }, at(0));
    assert_eq!((distance, state.why), (30 * DAY, Some(Why::Gone)));
}

#[test]
fn f13_retry_after_is_honoured_in_full_up_to_a_day() {
    let told = |until: Option<i64>| Failure::TooManyRequests { status: 429, until: until.map(at) };
    for (until, wanted) in [(Some(7200), 7200), (Some(60), HOUR), (Some(-5), HOUR), (Some(1 << 40), DAY), (Some(86_400), DAY)] {
        let (distance, state) = fail(&every(HOUR), SourceState::default(), &told(until), at(0));
        assert_eq!((distance, state.why), (wanted, Some(Why::RetryAfter)), "{until:?}");
        assert_eq!(plan(&every(HOUR)).start_turn(&state, at(1)).at, state.next_due, "after a restart as well");
    }
    let (first, state) = fail(&private(every(1)), SourceState::default(), &told(None), at(0));
    assert_eq!((first, state.why), (HOUR, Some(Why::Backoff)), "at least an hour");
    let row = SourceState { failures: 3, ..SourceState::default() };
    assert!(fail(&every(HOUR), row.clone(), &told(None), at(0)).0 >= 8 * HOUR);
    assert_eq!(fail(&every(HOUR), row, &told(Some(7200)), at(0)).0, 7200, "who says when is not punished beyond it");
}

#[test]
fn f13_a_host_is_silent_once_several_of_its_sources_were_told_so() {
    let told =
        |asked: i64, until: i64| SourceState { last_attempt: Some(at(asked)), silent_until: Some(at(until)), ..SourceState::default() };
    let public = every(HOUR);
    let silence = |source: &Source, states: &[SourceState], now: i64| {
        host_silence(states.iter().filter_map(|state| Told::of(source, state)).collect(), at(now))
    };
    let forge = Source { url: Link::parse("https://gist.github.com/x.atom").expect("a link"), ..public.clone() };
    let bridge = Source { url: Link::parse("https://rsshub.example/x").expect("a link"), ..public.clone() };
    let near = vec![told(0, 9000), told(60, 7200), told(120, 7200)];
    let far = vec![told(0, 90_000), told(4000, 90_000), told(8000, 90_000)];
    for (source, states, wanted) in [
        (&public, &near, Some(at(9000))),
        (&public, &near[..2].to_vec(), None),
        (&public, &far, None),
        (&forge, &near, None),
        (&bridge, &near, None),
        (&private(public.clone()), &near, None),
    ] {
        assert_eq!(silence(source, states, 200), wanted, "{}", source.url);
    }
    let silence = |states: &[SourceState], now: i64| silence(&public, states, now);
    assert_eq!(silence(&near, 8999), Some(at(9000)), "after a restart too, when the others' own silence is over");
    assert_eq!(silence(&near, 9001), None, "it ends");
    let again = [told(9002, 20_000), near[1].clone(), near[2].clone(), told(180, 7200)];
    assert_eq!(silence(&again, 9003), None, "one that is told anew is one");
    let failed = [near[0].clone(), told(7300, 7200), told(7400, 7200)];
    assert_eq!(silence(&failed, 7500), None, "what failed otherwise since then was told nothing");
}

#[test]
fn our_own_network_being_down_counts_against_nobody() {
    let source = every(HOUR);
    let plan = plan(&source);
    for (down_secs, wait) in [(0, 60..=120), (400, 100..=200), (40_000, 900..=1800)] {
        let state = plan.after_offline(plan.reservation(SourceState::default(), at(40_000)), at(40_000 - down_secs), at(40_005));
        assert_eq!((state.failures, state.why), (0, Some(Why::Offline)));
        let due = state.next_due.expect("due").since(at(40_005)).as_secs();
        assert!(wait.contains(&due), "down for {down_secs} s: {due}");
        assert_eq!(plan.start_turn(&state, at(40_010)).at, state.next_due);
    }
    let failing = SourceState { failures: 3, ..SourceState::default() };
    let state = plan.after_offline(plan.reservation(failing, at(0)), at(0), at(5));
    assert_eq!((state.failures, state.why), (3, Some(Why::Backoff)));
    assert!(state.next_due.expect("due") >= at(4 * 3600), "who failed before keeps its distance");
}

/// Thousands of made-up memories: whatever they hold, the next poll is neither early nor given up.
#[test]
fn no_memory_makes_a_source_due_early_or_never() {
    let cadences = [every(1), every(HOUR), every(3 * DAY), adaptive(), cron("*/5 * * * *"), cron("0 3 * * *"), cron("*/7 */2 13 * 5")]
        .map(|source| source.cadence);
    for round in 0..3000_u64 {
        let draw = |what: &str, below: u64| Digest::of(&[what.as_bytes(), &round.to_be_bytes()]).to_u64() % below;
        let wish = |what: &str| (draw(what, 3) == 0).then(|| secs(draw(&format!("{what} span"), 3 * DAY)));
        let chosen = Source {
            cadence: cadences[draw("cadence", 7) as usize].clone(),
            ..source(&format!("s{}", round % 50), Cadence::Every(secs(1)))
        };
        let source = if draw("private", 4) == 0 { private(chosen) } else { chosen };
        let now = at(draw("now", 400 * DAY) as i64);
        let rhythm = Rhythm {
            ttl: wish("ttl"),
            update_period: wish("period"),
            skip_hours: if draw("hours", 4) == 0 { draw("hour set", 1 << 24) as u32 } else { 0 },
            skip_days: if draw("days", 4) == 0 { draw("day set", 128) as u8 } else { 0 },
        };
        let state = SourceState {
            last_attempt: (draw("asked", 2) == 0).then(|| now - secs(draw("ago", DAY))),
            failures: if draw("fails", 2) == 0 { draw("failures", 100) as u32 } else { 0 },
            silent_until: (draw("silent", 5) == 0).then(|| now + secs(draw("silence", 30 * DAY))),
            freshness: Freshness { max_age: wish("age"), rhythm },
            arrivals: remember_arrivals(&[], (0..draw("items", 60)).map(|n| now - secs(draw(&format!("item {n}"), 40 * DAY)))),
            body_bytes: draw("bytes", 200_000),
            ..SourceState::default()
        };
        let plan = Plan { place: Place { rank: draw("rank", 9) as u32, count: 9 }, ..plan(&source) };
        let floor =
            if source.is_on_private_host() && !matches!(source.cadence, Cadence::Adaptive(_)) { secs(1) } else { secs(15 * MINUTE) };
        let fresh =
            [state.freshness.max_age, rhythm.ttl, rhythm.update_period].into_iter().flatten().max().unwrap_or_default().min(secs(DAY));
        let reserved = plan.reservation(state.clone(), now);
        let told = Failure::TooManyRequests { status: 503, until: Some(now + secs(draw("until", 2 * DAY))) };
        for next in [
            reserved.clone(),
            plan.after_success(reserved.clone(), now + secs(3)),
            plan.after_failure(reserved.clone(), &Failure::Empty, now + secs(3)),
            plan.after_failure(reserved, &told, now + secs(3)),
        ] {
            let due = next.next_due.expect("never given up");
            assert!(due.since(now) >= floor.max(fresh), "{round}: early: {source:?} {next:?}");
            assert!(due.since(now) <= secs(62 * DAY), "{round}: late: {source:?} {next:?}");
            assert_eq!(plan.start_turn(&next, now + secs(5)).at, next.next_due, "{round}: a restart changes nothing: {source:?} {next:?}");
        }
    }
}

#[test]
fn three_hundred_sources_of_one_host_take_even_slots() {
    let sources: Vec<Source> = (0..300).map(|number| source(&format!("s{number:03}"), Cadence::Every(secs(HOUR)))).collect();
    let places = places(&sources);
    let mut by_minute = [0; 60];
    for (number, source) in (0_i64..).zip(&sources) {
        let plan = Plan { source, place: places[&source.id], limits: &LIMITS };
        // At first they come a second after one another; from then on evenly, each at its own distance.
        let mut state = plan.after_success(plan.reservation(SourceState::default(), at(number)), at(number));
        for _ in 0..24 {
            let due = state.next_due.expect("due");
            assert!(due.since(state.last_attempt.expect("asked")) >= secs(HOUR), "never early");
            let late = Duration::from_millis(Digest::of(&[source.id.as_str().as_bytes()]).to_u64() % 1000);
            state = plan.after_success(plan.reservation(state, due + late), due + late);
        }
        let minute = state.next_due.expect("due").as_secs().rem_euclid(3600) / 60;
        by_minute[usize::try_from(minute).expect("small")] += 1;
    }
    assert!(by_minute.iter().all(|count| *count <= 7), "the mean is 5: {by_minute:?}");
}

#[test]
fn places_are_ranks_among_like_sources_of_one_host() {
    let elsewhere = Source { url: Link::parse("https://other.example/").expect("a link"), ..source("z", Cadence::Every(secs(HOUR))) };
    let disabled = Source { enabled: false, ..source("d", Cadence::Every(secs(HOUR))) };
    let sources = [
        source("b", Cadence::Every(secs(HOUR))),
        source("a", Cadence::Every(secs(HOUR))),
        source("c", Cadence::Every(secs(2 * HOUR))),
        adaptive(),
        elsewhere,
        disabled,
    ];
    let places = places(&sources);
    for (id, wanted) in [("a", (0, 2)), ("b", (1, 2)), ("c", (0, 1)), ("adaptive", (0, 1)), ("z", (0, 1))] {
        let place = places[&SourceId::parse(id).expect("a slug")];
        assert_eq!((place.rank, place.count), wanted, "{id}");
    }
    assert_eq!(places.len(), 5);
}
