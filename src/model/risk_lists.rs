//! Lists of others that say which vulnerabilities are exploited, and how likely the rest are to be: looked up, and compact.

use std::sync::Arc;

use chrono::NaiveDate;

use super::{Cve, Exploited, Threat};

/// The catalogue of known exploited vulnerabilities (CISA KEV).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kev {
    /// When it was published; of two, the later one counts.
    pub released: NaiveDate,
    /// By number, each once.
    entries: Vec<(Cve, Exploited)>,
}

/// The scores of likely exploitation (FIRST EPSS).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Epss {
    /// The day that it was computed for; of two, the later one counts.
    pub scored: NaiveDate,
    /// Vulnerabilities that it has a score for.
    pub rows: usize,
    /// Those of at least a tenth, by number, each once, beside their tenths: one in twenty, in five bytes each.
    likely: Vec<Cve>,
    tenths: Vec<u8>,
}

/// The lists that are known. One that is not says nothing: what was noted of it before stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RiskLists {
    /// What is exploited.
    pub kev: Option<Arc<Kev>>,
    /// What is likely to be.
    pub epss: Option<Arc<Epss>>,
}

impl Kev {
    /// The list with these entries. Of two about one vulnerability the earlier day counts.
    pub fn new(released: NaiveDate, mut entries: Vec<(Cve, Exploited)>) -> Self {
        entries.sort_unstable();
        entries.dedup_by_key(|(cve, _)| *cve);
        entries.shrink_to_fit();
        Self { released, entries }
    }

    /// How many vulnerabilities it has.
    pub fn rows(&self) -> usize {
        self.entries.len()
    }

    /// What it says of one.
    pub fn get(&self, cve: Cve) -> Option<Exploited> {
        self.entries.binary_search_by_key(&cve, |(known, _)| *known).ok().map(|at| self.entries[at].1)
    }
}

impl Epss {
    /// The list with these scores in tenths, of `rows` in all; scores under a tenth may be left out. Of two scores of one vulnerability the
    /// higher one counts.
    pub fn new(scored: NaiveDate, rows: usize, mut likely: Vec<(Cve, u8)>) -> Self {
        likely.retain(|(_, tenths)| *tenths > 0);
        likely.sort_unstable_by_key(|(cve, tenths)| (*cve, std::cmp::Reverse(*tenths)));
        likely.dedup_by_key(|(cve, _)| *cve);
        let (likely, tenths) = likely.into_iter().unzip();
        Self { scored, rows, likely, tenths }
    }

    /// The likelihood of one, in tenths.
    pub fn tenths(&self, cve: Cve) -> u8 {
        self.likely.binary_search(&cve).map_or(0, |at| self.tenths[at])
    }
}

impl RiskLists {
    /// What the lists say of a vulnerability of which `known` was said before.
    pub fn threat(&self, cve: Cve, known: Threat) -> Threat {
        Threat {
            exploited: self.kev.as_ref().map_or(known.exploited, |kev| kev.get(cve)),
            likelihood: self.epss.as_ref().map_or(known.likelihood, |epss| epss.tenths(cve)),
        }
    }

    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.kev.is_none() && self.epss.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cve(number: u32) -> Cve {
        Cve::parse(&format!("CVE-2024-{number:04}")).expect("a number")
    }

    #[test]
    fn an_unknown_list_leaves_what_was_known() {
        let day = |day| NaiveDate::from_ymd_opt(2024, 3, day).expect("a day");
        let listed = |on, by_ransomware| Exploited { since: day(on), by_ransomware };
        let kev = Kev::new(day(9), vec![(cve(2), listed(5, true)), (cve(1), listed(1, false)), (cve(2), listed(4, false))]);
        let epss = Epss::new(day(9), 9, vec![(cve(7), 3), (cve(1), 0), (cve(7), 9)]);
        assert_eq!((kev.rows(), kev.get(cve(2)), kev.get(cve(3))), (2, Some(listed(4, false)), None));
        assert_eq!((epss.tenths(cve(7)), epss.tenths(cve(1)), epss.tenths(cve(8))), (9, 0, 0));

        let known = Threat { exploited: Some(listed(2, true)), likelihood: 4 };
        let (kev, epss) = (Some(Arc::new(kev)), Some(Arc::new(epss)));
        for (lists, number, wanted) in [
            (RiskLists::default(), 7, known),
            (RiskLists { kev: kev.clone(), epss: None }, 1, Threat { exploited: Some(listed(1, false)), likelihood: 4 }),
            (RiskLists { kev: kev.clone(), epss: None }, 7, Threat { exploited: None, likelihood: 4 }),
            (RiskLists { kev: None, epss: epss.clone() }, 7, Threat { exploited: Some(listed(2, true)), likelihood: 9 }),
            (RiskLists { kev, epss }, 8, Threat::default()),
        ] {
            assert_eq!(lists.threat(cve(number), known), wanted, "{lists:?} {number}");
        }
    }
}
