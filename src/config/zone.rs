//! Time zones, and what people write who mean one.

use std::str::FromStr;

use chrono_tz::Tz;

use super::{
    guess::{nearest, question},
    section::{Section, shorten},
};

/// Names that people take for zones, with the zones that they mean: the database names one city of each.
const NO_ZONES: [(&str, &str); 20] = [
    ("Asia/Beijing", "Asia/Shanghai"),
    ("Beijing", "Asia/Shanghai"),
    ("Asia/Shenzhen", "Asia/Shanghai"),
    ("Asia/Guangzhou", "Asia/Shanghai"),
    ("China", "Asia/Shanghai"),
    ("Shanghai", "Asia/Shanghai"),
    ("Asia/Mumbai", "Asia/Kolkata"),
    ("Asia/Delhi", "Asia/Kolkata"),
    ("Asia/Bangalore", "Asia/Kolkata"),
    ("Asia/Osaka", "Asia/Tokyo"),
    ("Asia/Hanoi", "Asia/Ho_Chi_Minh"),
    ("Asia/Abu_Dhabi", "Asia/Dubai"),
    ("Europe/Frankfurt", "Europe/Berlin"),
    ("Europe/Munich", "Europe/Berlin"),
    ("Europe/Geneva", "Europe/Zurich"),
    ("Europe/Barcelona", "Europe/Madrid"),
    ("America/Washington", "America/New_York"),
    ("America/Boston", "America/New_York"),
    ("America/San_Francisco", "America/Los_Angeles"),
    ("America/Seattle", "America/Los_Angeles"),
];

/// Abbreviations that no file can be read by, each with the zones that are called so: the one meant more often first.
const ABBREVIATIONS: [(&str, &[&str]); 20] = [
    ("CST", &["Asia/Shanghai", "America/Chicago"]),
    ("CDT", &["America/Chicago"]),
    ("EST", &["America/New_York", "Australia/Sydney"]),
    ("EDT", &["America/New_York"]),
    ("MST", &["America/Denver", "Asia/Kuala_Lumpur"]),
    ("MDT", &["America/Denver"]),
    ("PST", &["America/Los_Angeles", "Asia/Manila"]),
    ("PDT", &["America/Los_Angeles"]),
    ("IST", &["Asia/Kolkata", "Europe/Dublin", "Asia/Jerusalem"]),
    ("BST", &["Europe/London", "Asia/Dhaka"]),
    ("AST", &["America/Halifax", "Asia/Riyadh"]),
    ("CEST", &["Europe/Berlin"]),
    ("EEST", &["Europe/Kyiv"]),
    ("MSK", &["Europe/Moscow"]),
    ("GST", &["Asia/Dubai"]),
    ("SGT", &["Asia/Singapore"]),
    ("HKT", &["Asia/Hong_Kong"]),
    ("JST", &["Asia/Tokyo"]),
    ("KST", &["Asia/Seoul"]),
    ("AEST", &["Australia/Sydney"]),
];

/// A zone of the IANA database.
pub(super) fn timezone(section: &mut Section<'_>) -> Option<Tz> {
    let found = section.string("timezone")?;
    let zone = Tz::from_str(found.value).ok();
    if zone.is_none() {
        let rule = format_args!("is `{}`, must be an IANA time zone such as `Asia/Shanghai`{}", shorten(found.value), meant(found.value));
        section.fault("timezone", rule);
    }
    zone
}

/// What somebody who wrote this probably meant.
fn meant(text: &str) -> String {
    if let Some((_, zones)) = ABBREVIATIONS.iter().find(|(name, _)| name.eq_ignore_ascii_case(text.trim())) {
        return question(zones);
    }
    if let Some(hours) = hours_ahead(text) {
        // The database has the sign the other way round.
        return match hours {
            0 => question(&["UTC"]),
            8 => question(&["Asia/Shanghai"]),
            _ => format!(", did you mean `Etc/GMT{:+}`, which is {hours:+} here?", -hours),
        };
    }
    let zones = chrono_tz::TZ_VARIANTS.iter().map(|zone| (zone.name(), zone.name()));
    let names: Vec<_> = zones.chain(NO_ZONES).collect();
    let guess = nearest(text, names.iter().map(|(name, _)| *name));
    guess.and_then(|guess| names.iter().find(|(name, _)| *name == guess)).map_or_else(String::new, |(_, zone)| question(&[zone]))
}

/// The hours of `UTC+8`, `GMT+08:00`, `+8`; of the whole hours that the database has zones for.
fn hours_ahead(text: &str) -> Option<i32> {
    let text = text.trim().to_ascii_uppercase();
    let offset = text.trim_start_matches("UTC").trim_start_matches("GMT");
    let hours = offset.strip_suffix(":00").unwrap_or(offset);
    let is_signed = hours.starts_with(['+', '-']);
    hours.parse().ok().filter(|hours| is_signed && (-12..=14).contains(hours))
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use chrono_tz::Tz;

    use super::{ABBREVIATIONS, NO_ZONES, meant};

    #[test]
    fn who_writes_no_zone_is_told_which_one() {
        for (text, wanted) in [
            ("CST", ", did you mean `Asia/Shanghai` or `America/Chicago`?"),
            ("ist", ", did you mean `Asia/Kolkata` or `Europe/Dublin` or `Asia/Jerusalem`?"),
            ("Beijing", ", did you mean `Asia/Shanghai`?"),
            ("Asia/Shangai", ", did you mean `Asia/Shanghai`?"),
            ("UTC+8", ", did you mean `Asia/Shanghai`?"),
            ("+08:00", ", did you mean `Asia/Shanghai`?"),
            ("GMT-05:00", ", did you mean `Etc/GMT+5`, which is -5 here?"),
            ("utc+3", ", did you mean `Etc/GMT-3`, which is +3 here?"),
            ("+05:30", ""),
            ("Mars", ""),
        ] {
            assert_eq!(meant(text), wanted, "{text}");
        }
    }

    #[test]
    fn what_is_suggested_is_a_zone() {
        let zones = ABBREVIATIONS.iter().flat_map(|(_, zones)| *zones).copied().chain(NO_ZONES.map(|(_, zone)| zone));
        zones.for_each(|zone| assert!(Tz::from_str(zone).is_ok(), "{zone}"));
    }
}
