//! The least distance between two visits of one source, as the protocol has it. Written anew here and not taken from `schedule`, so that
//! a fault there is seen.

use watchfire::model::Cadence;

use crate::population::{DAY, HOUR, MINUTE, Millis, SECOND, Site};

/// Distance between two polls of one public source.
const FLOOR: Millis = 15 * MINUTE;

/// After an answer; what the publisher wishes counts once it has been heard.
pub fn usual(site: &Site, wish_is_known: bool) -> Millis {
    own(site).max(asked(site, wish_is_known))
}

fn own(site: &Site) -> Millis {
    match &site.source.cadence {
        Cadence::Every(interval) => u64::try_from(interval.as_millis()).expect("short").max(FLOOR),
        Cadence::Adaptive(_) | Cadence::Cron(_) => FLOOR,
    }
}

/// What the publisher wishes; more than a day is a mistake.
fn asked(site: &Site, wish_is_known: bool) -> Millis {
    if !wish_is_known {
        return 0;
    }
    let (max_age, ttl) = (site.wish.max_age_secs.unwrap_or(0) * SECOND, site.wish.ttl_minutes.unwrap_or(0) * MINUTE);
    max_age.max(ttl).min(DAY)
}

/// After so many failures: doubled each time, up to a day.
pub fn backoff(site: &Site, wish_is_known: bool, failures: u32) -> Millis {
    let base = match &site.source.cadence {
        // A line keeps its own hours, but after a row of failures it is asked once a day as well.
        Cadence::Cron(_) if failures >= 7 => return usual(site, wish_is_known).max(DAY - HOUR),
        Cadence::Cron(_) => return usual(site, wish_is_known),
        Cadence::Adaptive(_) => HOUR.max(asked(site, wish_is_known)),
        Cadence::Every(_) => usual(site, wish_is_known),
    };
    (base << failures.saturating_sub(1).min(20)).min(DAY).max(base)
}
