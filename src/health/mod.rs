//! How a source is: what its last poll met, and how it goes on beside its own history, as a verdict in words. Pure: `now` is an argument.

pub mod guard;
mod outage;
mod outages;
mod silence;

use std::time::Duration;

use self::silence::Silence;
pub use self::{
    outage::{About, Outage},
    outages::{Seen, advance},
};
use crate::model::{SourceState, Timestamp, Trouble, Validity, Why, counted};

/// A certificate that is not renewed so long before its end was forgotten.
const EXPIRING: Duration = Duration::from_secs(7 * 86_400);

/// How a source is, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It is not asked any more, or will have no more news.
    Gone,
    /// Its last poll failed.
    Failing(Trouble),
    /// Its server says 304 while it has news.
    Frozen,
    /// Its certificate ends soon, and nobody renewed it when that was due.
    Expiring,
    /// Nothing new for longer than is like it.
    Late,
    /// It could not be asked: our own network is down.
    Offline,
    /// It was never asked.
    Unasked,
    /// It answers and never had an item.
    Empty,
    /// It has moved for good, and the configuration names the old address.
    Moved,
    /// Nothing new for days, as is like it or may be.
    Quiet,
    /// Nothing to say.
    Fine,
}

impl Verdict {
    /// The verdict on a source of which this is remembered.
    pub fn of(state: &SourceState, now: Timestamp) -> Self {
        match Silence::of(&state.arrivals, now) {
            _ if state.gone => Self::Gone,
            _ if state.last_failed && state.why == Some(Why::Offline) => Self::Offline,
            _ if state.last_failed => Self::Failing(state.trouble.unwrap_or(Trouble::Answer)),
            _ if state.last_outcome.is_none() => Self::Unasked,
            _ if state.items == 0 => Self::Empty,
            _ if state.frozen => Self::Frozen,
            _ if state.certificate.is_some_and(|validity| is_expiring(validity, now)) => Self::Expiring,
            Silence::Unusual { .. } => Self::Late,
            _ if state.effective_url.is_some() => Self::Moved,
            Silence::Usual { .. } => Self::Quiet,
            Silence::Short => Self::Fine,
        }
    }

    /// The verdict in a word or two; that of a failing source is its trouble.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Failing(trouble) => trouble.as_str(),
            Self::Frozen => "frozen",
            Self::Expiring => "certificate expiring",
            Self::Late => "late",
            Self::Offline => "out of reach",
            Self::Unasked => "not asked yet",
            Self::Empty => "empty",
            Self::Moved => "moved",
            Self::Quiet => "quiet",
            Self::Fine => "fine",
        }
    }
}

/// How a source is, for people. What its server said may name its address: it is left out where that is a secret.
pub fn in_words(state: &SourceState, is_private: bool, now: Timestamp) -> String {
    let outcome = state.last_outcome.as_deref().filter(|_| !is_private);
    // What ails our own disk, and where it is, is for the log.
    let outcome = outcome.map(|outcome| if outcome.starts_with("not stored") { "not stored" } else { outcome });
    let silence = Silence::of(&state.arrivals, now);
    match (Verdict::of(state, now), silence) {
        (Verdict::Gone, _) if !state.last_failed => "gone: it says itself that it has ended".to_owned(),
        (Verdict::Gone, _) => "gone: it is not asked any more".to_owned(),
        (Verdict::Failing(Trouble::HeldBack), _) if state.is_released => {
            "released: what was held back is let in at the next poll".to_owned()
        }
        (Verdict::Failing(trouble), _) => format!("{}: {}", failing(state, now), outcome.unwrap_or(trouble.as_str())),
        (Verdict::Frozen, _) => {
            "frozen: its server says that nothing changed while it has news; once a week it is asked in full".to_owned()
        }
        (Verdict::Expiring, _) => {
            let left = state.certificate.map_or(Duration::ZERO, |validity| validity.until.since(now));
            format!("certificate expiring: it ends in {}, and was not renewed in time", hours_or_days(left))
        }
        (Verdict::Late, Silence::Unusual { days, usual_days }) => {
            format!("late: nothing new for {}; nine times in ten it is {} at most", in_days(days), in_days(usual_days))
        }
        (Verdict::Offline, _) => "out of reach: our own network seems to be down".to_owned(),
        (Verdict::Empty, _) => "empty: it answers, and never had an item".to_owned(),
        (Verdict::Moved, _) => "moved for good: the configuration still names the old address".to_owned(),
        (Verdict::Quiet, Silence::Usual { days, is_known }) => {
            let like_it = if is_known { ", as is usual for it" } else { "" };
            format!("quiet: nothing new for {}{like_it}", in_days(days))
        }
        (Verdict::Fine, _) => outcome.map_or_else(|| "fine".to_owned(), |outcome| format!("fine: {outcome}")),
        (verdict, _) => verdict.as_str().to_owned(),
    }
}

/// Whether a certificate is in its last tenth, or its last week if that is shorter: who renews by machine has done it by then, whether
/// it holds for six days or for a year.
fn is_expiring(Validity { from, until }: Validity, now: Timestamp) -> bool {
    now <= until && until.since(now) < (until.since(from) / 10).min(EXPIRING)
}

fn in_days(days: u64) -> String {
    counted(days, "day", "days")
}

/// `5 hours`, `3 days`.
fn hours_or_days(span: Duration) -> String {
    match span.as_secs() / 3600 {
        0 => "less than an hour".to_owned(),
        hours if hours < 48 => counted(hours, "hour", "hours"),
        hours => in_days(hours / 24),
    }
}

/// `failing for 3 days, 4 times`: a date would need a time zone.
fn failing(state: &SourceState, now: Timestamp) -> String {
    let since = state.failing_since.map_or_else(String::new, |since| format!(" for {}", hours_or_days(now.since(since))));
    let times = if state.failures > 1 { format!(", {} times", state.failures) } else { String::new() };
    format!("failing{since}{times}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Verdict, in_words};
    use crate::model::{Link, SourceState, Timestamp, Trouble, Validity, Why};

    const NOW: Timestamp = Timestamp::from_secs_const(1_795_305_600);

    fn days_ago(days: u64) -> Timestamp {
        NOW - Duration::from_secs(days * 86_400)
    }

    /// A source with news every day up to so many days ago.
    fn read(silent_days: u64) -> SourceState {
        let arrivals = (silent_days..silent_days + 20).rev().map(days_ago).collect();
        SourceState { last_outcome: Some("3 new".to_owned()), items: 9, arrivals, ..SourceState::default() }
    }

    #[test]
    fn a_source_is_described_in_words() {
        let failing = SourceState {
            last_outcome: Some("`secret.example` does not resolve".to_owned()),
            trouble: Some(Trouble::Name),
            last_failed: true,
            failures: 4,
            failing_since: Some(days_ago(5)),
            ..read(30)
        };
        let moved = Link::parse("https://new.example/").ok();
        for (state, is_private, verdict, wanted) in [
            (SourceState::default(), false, Verdict::Unasked, "not asked yet"),
            (read(0), false, Verdict::Fine, "fine: 3 new"),
            (read(0), true, Verdict::Fine, "fine"),
            (read(12), false, Verdict::Late, "late: nothing new for 12 days; nine times in ten it is 1 day at most"),
            (SourceState { arrivals: vec![days_ago(90)], ..read(0) }, false, Verdict::Quiet, "quiet: nothing new for 90 days"),
            (SourceState { items: 0, ..read(0) }, false, Verdict::Empty, "empty: it answers, and never had an item"),
            (
                SourceState { effective_url: moved, ..read(0) },
                true,
                Verdict::Moved,
                "moved for good: the configuration still names the old address",
            ),
            (failing.clone(), false, Verdict::Failing(Trouble::Name), "failing for 5 days, 4 times: `secret.example` does not resolve"),
            (failing.clone(), true, Verdict::Failing(Trouble::Name), "failing for 5 days, 4 times: name does not resolve"),
            (
                SourceState { why: Some(Why::Offline), ..failing.clone() },
                false,
                Verdict::Offline,
                "out of reach: our own network seems to be down",
            ),
            (SourceState { gone: true, ..failing }, false, Verdict::Gone, "gone: it is not asked any more"),
            (SourceState { gone: true, ..read(0) }, false, Verdict::Gone, "gone: it says itself that it has ended"),
        ] {
            assert_eq!((Verdict::of(&state, NOW), in_words(&state, is_private, NOW).as_str()), (verdict, wanted));
        }
        for (days_held, hours_left, wanted) in [
            (90, 24 * 8, "fine: 3 new"),
            (90, 24 * 6, "certificate expiring: it ends in 6 days, and was not renewed in time"),
            (6, 48, "fine: 3 new"),
            (6, 12, "certificate expiring: it ends in 12 hours, and was not renewed in time"),
            (365, 24 * 10, "fine: 3 new"),
        ] {
            let until = NOW + Duration::from_secs(hours_left * 3600);
            let certificate = Some(Validity { from: until - Duration::from_secs(days_held * 86_400), until });
            assert_eq!(in_words(&SourceState { certificate, ..read(0) }, false, NOW), wanted);
        }
        let released = SourceState { trouble: Some(Trouble::HeldBack), last_failed: true, is_released: true, ..read(0) };
        assert_eq!(in_words(&released, false, NOW), "released: what was held back is let in at the next poll");
        let frozen = SourceState { frozen: true, ..read(0) };
        assert!(in_words(&frozen, false, NOW).starts_with("frozen: "));
    }
}
