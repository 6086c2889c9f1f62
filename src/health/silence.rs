//! Whether a source's silence is like it: the time since its last news against the gaps between its news before.

use std::time::Duration;

use crate::model::Timestamp;

const DAY: Duration = Duration::from_secs(86_400);

/// Fewer gaps say nothing about the next one.
const GAPS_MIN: usize = 8;

/// No shorter silence is worth a word: a long weekend passes.
const QUIET_MIN: Duration = Duration::from_secs(4 * 86_400);

/// A silence is unusual when it is so many times as long as nine gaps in ten, and longer than any. With thirty gaps and no change in the
/// source, the next one is the longest once in thirty times: the factor makes that once in some hundred.
const UNUSUAL: u32 = 3;

/// A source's silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Silence {
    /// Not worth a word.
    Short,
    /// So many days, and it was silent for as long before, or too little is known of it.
    Usual {
        /// Since its last news.
        days: u64,
        /// Whether its history says so.
        is_known: bool,
    },
    /// So many days, which is not like it.
    Unusual {
        /// Since its last news.
        days: u64,
        /// Of ten gaps between its news nine were at most so many.
        usual_days: u64,
    },
}

impl Silence {
    /// The silence at `now` of a source whose news arrived at these times, newest last.
    pub(super) fn of(arrivals: &[Timestamp], now: Timestamp) -> Self {
        let Some(last) = arrivals.last() else { return Self::Short };
        let silence = now.since(*last);
        if silence < QUIET_MIN {
            return Self::Short;
        }
        let days = silence.as_secs() / DAY.as_secs();
        let mut gaps: Vec<Duration> = arrivals.windows(2).map(|pair| pair[1].since(pair[0])).collect();
        gaps.sort_unstable();
        if gaps.len() < GAPS_MIN {
            return Self::Usual { days, is_known: false };
        }
        let (usual, longest) = (gaps[gaps.len() * 9 / 10], gaps[gaps.len() - 1]);
        if silence > longest && silence > usual * UNUSUAL {
            Self::Unusual { days, usual_days: usual.as_secs().div_ceil(DAY.as_secs()).max(1) }
        } else {
            Self::Usual { days, is_known: true }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Silence;
    use crate::model::Timestamp;

    /// News at these hours, and a look after so many hours of silence.
    fn silence(gaps: &[i64], hours: i64) -> Silence {
        let mut at = 0;
        let mut arrivals = vec![Timestamp::from_secs(0)];
        for gap in gaps {
            at += gap * 3600;
            arrivals.push(Timestamp::from_secs(at));
        }
        Silence::of(&arrivals, Timestamp::from_secs(at + hours * 3600))
    }

    #[test]
    fn a_silence_is_measured_by_the_sources_own_gaps() {
        let daily = [24; 20];
        let busy = [1; 30];
        let weekdays = [24, 24, 24, 24, 72, 24, 24, 24, 24, 72];
        let moody = [24, 2000, 24, 300, 24, 700, 24, 24, 1200, 24];
        for (gaps, hours, wanted) in [
            (&daily[..], 95, Silence::Short),
            (&daily, 100, Silence::Unusual { days: 4, usual_days: 1 }),
            (&busy, 90, Silence::Short),
            (&busy, 240, Silence::Unusual { days: 10, usual_days: 1 }),
            (&weekdays, 200, Silence::Usual { days: 8, is_known: true }),
            (&weekdays, 240, Silence::Unusual { days: 10, usual_days: 3 }),
            (&moody, 1900, Silence::Usual { days: 79, is_known: true }),
            (&daily[..5], 2400, Silence::Usual { days: 100, is_known: false }),
            (&[], 2400, Silence::Usual { days: 100, is_known: false }),
        ] {
            assert_eq!(silence(gaps, hours), wanted, "{gaps:?} {hours}");
        }
        assert_eq!(Silence::of(&[], Timestamp::from_secs(0)), Silence::Short, "who never had news is not silent");
    }
}
