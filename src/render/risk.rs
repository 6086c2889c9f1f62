//! What lists say of vulnerabilities, in words.

use crate::model::{Exploited, Risk, Threat};

/// A sentence about what is known to be exploited.
pub(super) fn exploited(Exploited { since, by_ransomware }: Exploited, is_chinese: bool) -> String {
    match (is_chinese, by_ransomware) {
        (true, true) => format!("据 CISA，自 {since} 起已知被利用，并用于勒索软件攻击。"),
        (true, false) => format!("据 CISA，自 {since} 起已知被利用。"),
        (false, true) => format!("Known to be exploited since {since}, says CISA; used in ransomware campaigns."),
        (false, false) => format!("Known to be exploited since {since}, says CISA."),
    }
}

/// What a label is called on pages.
pub(super) fn label_name(label: &str) -> String {
    if label == Risk::KEV { "known exploited".to_owned() } else { label.replace("epss>=", "EPSS ≥ ") }
}

/// What is known of one vulnerability; nothing where nothing is.
pub fn threat_sentences(threat: &Threat) -> Option<String> {
    let likelihood = likelihood(threat.likelihood);
    let sentences: Vec<String> = threat.exploited.map(|known| exploited(known, false)).into_iter().chain(likelihood).collect();
    Some(sentences.join(" ")).filter(|sentences| !sentences.is_empty())
}

/// How likely it is that it is exploited.
fn likelihood(tenths: u8) -> Option<String> {
    (tenths > 0).then(|| format!("Likely to be exploited within 30 days: {} % or more, says FIRST (EPSS).", 10 * u32::from(tenths)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vulnerability_is_described_by_what_is_known_of_it() {
        let since = chrono::NaiveDate::from_ymd_opt(2024, 3, 5).expect("a day");
        let known = |by_ransomware| Exploited { since, by_ransomware };
        assert_eq!(threat_sentences(&Threat::default()), None);
        let both = Threat { exploited: Some(known(true)), likelihood: 9 };
        assert_eq!(
            threat_sentences(&both).as_deref(),
            Some(
                "Known to be exploited since 2024-03-05, says CISA; used in ransomware campaigns. \
                 Likely to be exploited within 30 days: 90 % or more, says FIRST (EPSS)."
            )
        );
        assert_eq!(exploited(known(false), true), "据 CISA，自 2024-03-05 起已知被利用。");
    }
}
