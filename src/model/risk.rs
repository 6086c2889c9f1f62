//! How dangerous the vulnerabilities are that a story is about: whether they are known to be exploited, how likely they are to be.

use std::{cmp::Reverse, fmt};

use chrono::NaiveDate;

use super::Timestamp;

/// The number of a vulnerability, `CVE-2024-3094`, in four bytes: hundreds of thousands of them are held.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cve(u32);

impl Cve {
    /// Years are counted from here.
    const YEAR_MIN: u32 = 1980;
    /// Bits of the number within its year.
    const NUMBER_BITS: u32 = 24;

    /// Reads a CVE id of whatever case: a year, and four to seven digits without needless zeros.
    pub fn parse(name: &str) -> Option<Self> {
        let (mark, rest) = name.split_at_checked(4)?;
        let (year, number) = rest.split_once('-')?;
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let is_sound = mark.eq_ignore_ascii_case("cve-")
            && (year.len() == 4 && is_digits(year))
            && ((4..=7).contains(&number.len()) && is_digits(number))
            && !(number.len() > 4 && number.starts_with('0'));
        let year = year.parse::<u32>().ok().filter(|_| is_sound)?.checked_sub(Self::YEAR_MIN).filter(|year| *year < 128)?;
        Some(Self(year << Self::NUMBER_BITS | number.parse::<u32>().ok()?))
    }

    /// The number that stands for it in rows.
    pub const fn key(self) -> u32 {
        self.0
    }

    /// Takes what `key` gave.
    pub const fn of_key(key: u32) -> Self {
        Self(key)
    }
}

impl fmt::Display for Cve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, number) = (self.0 >> Self::NUMBER_BITS, self.0 & ((1 << Self::NUMBER_BITS) - 1));
        write!(f, "CVE-{}-{number:04}", Self::YEAR_MIN + year)
    }
}

impl fmt::Debug for Cve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// That a vulnerability is known to be exploited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Exploited {
    /// When it was put on the list.
    pub since: NaiveDate,
    /// Whether campaigns of ransomware are known to use it.
    pub by_ransomware: bool,
}

/// What lists say of one vulnerability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Threat {
    /// Whether it is known to be exploited.
    pub exploited: Option<Exploited>,
    /// How likely it is to be exploited within 30 days: tenths, rounded down, 0 to 9.
    pub likelihood: u8,
}

impl Threat {
    /// Whether nothing is known against it.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// What lists say of the vulnerabilities that a story is about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Risk {
    /// Those that there is something to say of, in their order; at most `Risk::THREATS_MAX`.
    threats: Vec<(Cve, Threat)>,
    /// When the story was here already and was found to be about one that had just become known to be exploited.
    pub noticed: Option<Timestamp>,
}

/// The labels of stories by likelihood, from the lowest.
const LIKELIHOODS: [&str; 9] =
    ["epss>=0.1", "epss>=0.2", "epss>=0.3", "epss>=0.4", "epss>=0.5", "epss>=0.6", "epss>=0.7", "epss>=0.8", "epss>=0.9"];

impl Risk {
    /// Vulnerabilities kept of one story, the worst.
    pub const THREATS_MAX: usize = 20;

    /// The label of a story that is about a vulnerability known to be exploited.
    pub const KEV: &'static str = "kev";

    /// The risk of these vulnerabilities.
    pub fn of(mut threats: Vec<(Cve, Threat)>, noticed: Option<Timestamp>) -> Self {
        threats.retain(|(_, threat)| !threat.is_nothing());
        if threats.len() > Self::THREATS_MAX {
            threats.sort_by_key(|(cve, threat)| (Reverse((threat.exploited.is_some(), threat.likelihood)), *cve));
            threats.truncate(Self::THREATS_MAX);
        }
        threats.sort_by_key(|(cve, _)| *cve);
        threats.dedup_by_key(|(cve, _)| *cve);
        Self { threats, noticed }
    }

    /// The vulnerabilities that there is something to say of, in their order.
    pub fn threats(&self) -> &[(Cve, Threat)] {
        &self.threats
    }

    /// What is said of one of them.
    pub fn threat(&self, cve: Cve) -> Threat {
        self.threats.iter().find(|(known, _)| *known == cve).map(|(_, threat)| *threat).unwrap_or_default()
    }

    /// Since when one of them is known to be exploited, and whether ransomware uses any.
    pub fn exploited(&self) -> Option<Exploited> {
        let all = || self.threats.iter().filter_map(|(_, threat)| threat.exploited);
        all().min().map(|first| Exploited { by_ransomware: all().any(|one| one.by_ransomware), ..first })
    }

    /// The greatest likelihood among them, in tenths.
    pub fn likelihood(&self) -> u8 {
        self.threats.iter().map(|(_, threat)| threat.likelihood).max().unwrap_or(0)
    }

    /// The labels that its story is shown with: `kev`, and the highest of `epss>=0.1` to `epss>=0.9` that holds.
    pub fn labels(&self) -> impl Iterator<Item = &'static str> {
        let likelihood = self.likelihood_labels().last().copied();
        self.exploited().map(|_| Self::KEV).into_iter().chain(likelihood)
    }

    /// All labels that its story is found by: what is likely to nine tenths is likely to five.
    pub fn all_labels(&self) -> impl Iterator<Item = &'static str> {
        self.exploited().map(|_| Self::KEV).into_iter().chain(self.likelihood_labels().iter().copied())
    }

    /// The label that `text` is, whatever its case and spaces: `EPSS >= 0.9` is `epss>=0.9`.
    pub fn label(text: &str) -> Option<&'static str> {
        let bare: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        std::iter::once(Self::KEV).chain(LIKELIHOODS).find(|label| label.eq_ignore_ascii_case(&bare))
    }

    fn likelihood_labels(&self) -> &'static [&'static str] {
        &LIKELIHOODS[..usize::from(self.likelihood()).min(LIKELIHOODS.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn threat(exploited: Option<(i32, bool)>, likelihood: u8) -> Threat {
        let exploited =
            exploited.map(|(year, by_ransomware)| Exploited { since: NaiveDate::from_ymd_opt(year, 3, 5).expect("a day"), by_ransomware });
        Threat { exploited, likelihood }
    }

    #[test]
    fn only_a_sound_number_is_read_and_it_is_written_as_it_was() {
        for name in ["CVE-2024-3094", "CVE-1999-0001", "CVE-2024-1000001", "CVE-2107-9999999"] {
            let cve = Cve::parse(name).expect(name);
            assert_eq!((cve.to_string().as_str(), Cve::of_key(cve.key())), (name, cve));
        }
        assert_eq!(Cve::parse("cve-2024-3094"), Cve::parse("CVE-2024-3094"));
        for name in [
            "",
            "CVE",
            "漏洞洞",
            "CVE-2024-309",
            "CVE-2024-03094",
            "CVE-24-3094",
            "CVE-2024-12345678",
            "CVE-1979-0001",
            "CVE-2024-3O94",
            "CWE-2024-3094",
        ] {
            assert_eq!(Cve::parse(name), None, "{name}");
        }
        assert!(Cve::parse("CVE-2023-9999999") < Cve::parse("CVE-2024-0001"));
    }

    #[test]
    fn a_story_is_as_dangerous_as_the_worst_of_its_vulnerabilities() {
        let cve = |number: u32| Cve::parse(&format!("CVE-2024-{number}")).expect("a number");
        let risk = Risk::of(
            vec![
                (cve(3000), threat(Some((2024, true)), 0)),
                (cve(2000), threat(None, 0)),
                (cve(1000), threat(Some((2022, false)), 3)),
                (cve(4000), threat(None, 9)),
            ],
            None,
        );
        assert_eq!(
            risk.threats().iter().map(|(cve, _)| cve.to_string()).collect::<Vec<_>>(),
            ["CVE-2024-1000", "CVE-2024-3000", "CVE-2024-4000"]
        );
        assert_eq!(risk.exploited(), threat(Some((2022, true)), 0).exploited, "the first, and all that is said of any");
        assert_eq!(risk.labels().collect::<Vec<_>>(), ["kev", "epss>=0.9"]);
        assert_eq!(risk.all_labels().count(), 10);
        assert_eq!((risk.threat(cve(1000)).likelihood, risk.threat(cve(2000))), (3, Threat::default()));
        assert_eq!(Risk::default().all_labels().count(), 0);
        let many = (1000..1100).map(|n| (cve(n), threat(None, u8::from(n == 1099) + 1))).collect();
        let risk = Risk::of(many, None);
        assert_eq!((risk.threats().len(), risk.likelihood()), (Risk::THREATS_MAX, 2));
    }

    #[test]
    fn a_label_is_read_in_whatever_spelling() {
        for (text, wanted) in [
            ("KEV", Some("kev")),
            ("EPSS >= 0.9", Some("epss>=0.9")),
            ("epss>=0.10", None),
            ("epss>=0.95", None),
            ("", None),
            ("epss", None),
        ] {
            assert_eq!(Risk::label(text), wanted, "{text}");
        }
    }
}
