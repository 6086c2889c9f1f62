//! Reads cron lines with Vixie cron's meaning, and lets the `cron` crate expand the fields.
//!
//! The crate alone would read `1` as Sunday, refuse `0`, ask for seconds and join the two day fields by AND. Each field is
//! therefore checked and written anew in the crate's own terms first.

use std::str::FromStr;

use ::cron::{Schedule, TimeUnitSpec};

use super::tick;
use crate::model::CronLine;

/// Longest line read, in bytes.
const LINE_BYTES_MAX: usize = 256;

/// The short names of whole lines.
const MACROS: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

/// Why a text is no cron line; shows the rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    /// Over 256 bytes.
    #[error("must be at most {LINE_BYTES_MAX} bytes")]
    TooLong,
    /// Neither five nor six fields.
    #[error("has {0} fields, must have five (minute hour day month weekday) or six (second first)")]
    Fields(usize),
    /// An `@` word that is none.
    #[error("`{0}` must be one of @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly")]
    Macro(String),
    /// A number or name that the field does not have.
    #[error("{field} `{text}` must be {rule}")]
    Value {
        /// The field's name.
        field: &'static str,
        /// What stands there.
        text: String,
        /// What may stand there.
        rule: &'static str,
    },
    /// A range that ends before it begins.
    #[error("{field} `{text}` must begin before it ends; write two ranges, such as `5-6,0-1`")]
    Backwards {
        /// The field's name.
        field: &'static str,
        /// The range.
        text: String,
    },
    /// `/` behind a single number, or with a step that is no number from 1.
    #[error("{field} `{text}` must be `*/STEP` or `FIRST-LAST/STEP` with a step from 1")]
    Step {
        /// The field's name.
        field: &'static str,
        /// The term.
        text: String,
    },
    /// A date like 31 February.
    #[error("never comes: no month in it has such a day")]
    Never,
}

/// One field of a line: its bounds, its names, and how the crate numbers it.
struct Field {
    name: &'static str,
    rule: &'static str,
    first: u32,
    last: u32,
    names: &'static [&'static str],
    /// The number of the first name.
    names_from: u32,
}

const FIELDS: [Field; 6] = [
    Field { name: "second", rule: "0 to 59", first: 0, last: 59, names: &[], names_from: 0 },
    Field { name: "minute", rule: "0 to 59", first: 0, last: 59, names: &[], names_from: 0 },
    Field { name: "hour", rule: "0 to 23", first: 0, last: 23, names: &[], names_from: 0 },
    Field { name: "day", rule: "1 to 31", first: 1, last: 31, names: &[], names_from: 0 },
    Field {
        name: "month",
        rule: "1 to 12, or jan to dec",
        first: 1,
        last: 12,
        names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
        names_from: 1,
    },
    Field {
        name: "weekday",
        rule: "0 to 7 (Sunday is 0 or 7), or sun to sat",
        first: 0,
        last: 7,
        names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
        names_from: 0,
    },
];

const WEEKDAY: usize = 5;

/// Reads a cron line of five or six fields (a second comes first), or an `@` word, with the meaning Vixie cron gives it: names,
/// ranges, steps and lists; Sunday is 0 or 7; when both day fields are set, either may match, unless one begins with `*`.
pub fn parse_cron(text: &str) -> Result<CronLine, CronError> {
    if text.len() > LINE_BYTES_MAX {
        return Err(CronError::TooLong);
    }
    let lower = text.trim().to_ascii_lowercase();
    let spelled = match MACROS.iter().find(|(name, _)| *name == lower) {
        Some((_, line)) => *line,
        None if lower.starts_with('@') => return Err(CronError::Macro(text.trim().to_owned())),
        None => lower.as_str(),
    };
    let mut fields: Vec<&str> = spelled.split_ascii_whitespace().collect();
    match fields.len() {
        5 => fields.insert(0, "0"),
        6 => {}
        count => return Err(CronError::Fields(count)),
    }
    let terms = FIELDS.iter().zip(&fields).map(|(field, text)| field.translate(text)).collect::<Result<Vec<_>, _>>()?;
    let expanded = Schedule::from_str(&terms.join(" ")).map_err(|_| CronError::Fields(fields.len()))?;
    let line = CronLine {
        text: text.trim().to_owned(),
        seconds: bits(expanded.seconds()),
        minutes: bits(expanded.minutes()),
        hours: narrow(bits(expanded.hours())),
        days_of_month: narrow(bits(expanded.days_of_month())),
        months: u16::try_from(bits(expanded.months())).unwrap_or(u16::MAX),
        // The crate counts from Sunday = 1.
        days_of_week: u8::try_from(bits(expanded.days_of_week()) >> 1).unwrap_or(u8::MAX),
        hour_is_wild: fields[2].starts_with('*'),
        day_of_month_is_wild: fields[3].starts_with('*'),
        day_of_week_is_wild: fields[WEEKDAY].starts_with('*'),
    };
    if tick::ever_comes(&line) { Ok(line) } else { Err(CronError::Never) }
}

impl Field {
    /// The field in the crate's terms.
    fn translate(&self, text: &str) -> Result<String, CronError> {
        Ok(text.split(',').map(|term| self.translate_term(term)).collect::<Result<Vec<_>, _>>()?.join(","))
    }

    /// One term of a list: `*`, a value or a range, with a step behind `*` or a range.
    fn translate_term(&self, term: &str) -> Result<String, CronError> {
        let (range, step) = match term.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (term, None),
        };
        let (first, last) = match range.split_once('-') {
            // Sunday ends a week as 7 and begins one as 0.
            Some((first, "sun")) if self.last == 7 => (self.value(first)?, 7),
            Some((first, last)) => (self.value(first)?, self.value(last)?),
            None if range == "*" => (self.first, if self.last == 7 { 6 } else { self.last }),
            None if step.is_some() => return Err(CronError::Step { field: self.name, text: term.to_owned() }),
            None => (self.value(range)?, self.value(range)?),
        };
        if first > last {
            return Err(CronError::Backwards { field: self.name, text: range.to_owned() });
        }
        let step = match step {
            Some(step) => step.parse().ok().filter(|step| *step > 0).ok_or(CronError::Step { field: self.name, text: term.to_owned() })?,
            None => 1,
        };
        let values: Vec<String> = (first..=last).step_by(step).map(|value| self.crate_value(value).to_string()).collect();
        Ok(values.join(","))
    }

    /// The number that a number or a name stands for.
    fn value(&self, text: &str) -> Result<u32, CronError> {
        let named = self.names.iter().zip(self.names_from..).find(|(name, _)| **name == text).map(|(_, value)| value);
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        named
            .or_else(|| text.parse().ok().filter(|_| digits))
            .filter(|value| (self.first..=self.last).contains(value))
            .ok_or(CronError::Value { field: self.name, text: text.to_owned(), rule: self.rule })
    }

    /// The crate's number for ours: it counts weekdays from Sunday = 1 and knows no second Sunday.
    fn crate_value(&self, value: u32) -> u32 {
        if self.last == 7 { value % 7 + 1 } else { value }
    }
}

/// The values of a field as a set of bits.
fn bits(field: &impl TimeUnitSpec) -> u64 {
    field.iter().filter(|value| *value < 64).fold(0, |set, value| set | 1 << value)
}

/// A set whose values are all under 32.
fn narrow(set: u64) -> u32 {
    u32::try_from(set).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::parse_cron;

    #[test]
    fn fields_mean_what_vixie_cron_means() {
        for (text, minutes, hours, days, months, weekdays) in [
            ("0 0 1 1 0", 1, 1, 2, 2, 1),
            ("0 0 1 1 7", 1, 1, 2, 2, 1),
            ("0 0 1 1 sun", 1, 1, 2, 2, 1),
            ("0 0 1 JAN Mon-Fri", 1, 1, 2, 2, 0b11_1110),
            ("0 0 1 1 5-7", 1, 1, 2, 2, 0b110_0001),
            ("0 0 1 1 sat-sun", 1, 1, 2, 2, 0b100_0001),
            ("0 0 1 1 0-7", 1, 1, 2, 2, 0b111_1111),
            ("*/20 0-6/3,23 1 1 0", 1 | 1 << 20 | 1 << 40, 1 | 1 << 3 | 1 << 6 | 1 << 23, 2, 2, 1),
            ("*/90 0 1 1 0", 1, 1, 2, 2, 1),
            ("@hourly", 1, 0xFF_FFFF, 0xFFFF_FFFE, 0b1_1111_1111_1110, 0b111_1111),
            (" @Weekly ", 1, 1, 0xFFFF_FFFE, 0b1_1111_1111_1110, 1),
        ] {
            let line = parse_cron(text).expect(text);
            assert_eq!(
                (line.minutes, line.hours, line.days_of_month, line.months, line.days_of_week),
                (minutes, hours, days, months, weekdays),
                "{text}"
            );
            assert_eq!(line.seconds, 1, "{text}");
        }
    }

    #[test]
    fn a_sixth_field_is_the_second() {
        assert_eq!(parse_cron("*/30 0 * * * *").expect("six fields").seconds, 1 | 1 << 30);
    }

    #[test]
    fn a_star_is_wild_with_a_step_as_well() {
        let line = parse_cron("0 */2 */2 * *").expect("a line");
        assert!(line.hour_is_wild && line.day_of_month_is_wild && line.day_of_week_is_wild);
        let line = parse_cron("0 0-23 1-31 * 0-6").expect("a line");
        assert!(!line.hour_is_wild && !line.day_of_month_is_wild && !line.day_of_week_is_wild);
    }

    #[test]
    fn refusals_name_the_field_and_the_rule() {
        for (text, wanted) in [
            ("", "has 0 fields, must have five (minute hour day month weekday) or six (second first)"),
            ("0 0 * *", "has 4 fields, must have five (minute hour day month weekday) or six (second first)"),
            ("0 0 * * * * 2030", "has 7 fields, must have five (minute hour day month weekday) or six (second first)"),
            ("60 * * * *", "minute `60` must be 0 to 59"),
            ("0 24 * * *", "hour `24` must be 0 to 23"),
            ("0 0 0 * *", "day `0` must be 1 to 31"),
            ("0 0 * 13 *", "month `13` must be 1 to 12, or jan to dec"),
            ("0 0 * * 8", "weekday `8` must be 0 to 7 (Sunday is 0 or 7), or sun to sat"),
            ("0 0 * * monday", "weekday `monday` must be 0 to 7 (Sunday is 0 or 7), or sun to sat"),
            ("0 0 ? * *", "day `?` must be 1 to 31"),
            ("0 0 L * *", "day `l` must be 1 to 31"),
            ("+5 0 * * *", "minute `+5` must be 0 to 59"),
            ("1,,2 0 * * *", "minute `` must be 0 to 59"),
            ("5/15 * * * *", "minute `5/15` must be `*/STEP` or `FIRST-LAST/STEP` with a step from 1"),
            ("*/0 * * * *", "minute `*/0` must be `*/STEP` or `FIRST-LAST/STEP` with a step from 1"),
            ("0 0 * * fri-mon", "weekday `fri-mon` must begin before it ends; write two ranges, such as `5-6,0-1`"),
            ("@reboot", "`@reboot` must be one of @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly"),
            ("0 0 31 2 *", "never comes: no month in it has such a day"),
            ("0 0 31 4,6,9,11 *", "never comes: no month in it has such a day"),
            ("0 0 30-31 2 */2", "never comes: no month in it has such a day"),
        ] {
            assert_eq!(parse_cron(text).expect_err(text).to_string(), wanted, "{text}");
        }
        assert!(parse_cron(&"1,".repeat(200)).is_err());
    }

    #[test]
    fn rare_dates_are_accepted() {
        for text in ["0 0 29 2 *", "0 0 31 2 1", "0 0 29 2 */2"] {
            assert!(parse_cron(text).is_ok(), "{text}");
        }
    }
}
