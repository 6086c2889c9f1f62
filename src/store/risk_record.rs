//! The risk of a story as it is written: in the journal and in archive files, and in its row.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::codec::{Decoder, Encoder};
use crate::model::{Cve, Exploited, Risk, Threat, Timestamp};

/// A story's risk in the journal and in archive files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct RiskRecord {
    threats: Vec<ThreatRecord>,
    /// Milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    noticed: Option<i64>,
}

/// What is said of one vulnerability.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct ThreatRecord {
    cve: String,
    /// `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exploited_since: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    by_ransomware: bool,
    /// Tenths.
    #[serde(default)]
    likelihood: u8,
}

impl RiskRecord {
    /// How it is written.
    pub(super) fn of(risk: &Risk) -> Self {
        let threats = risk.threats().iter().map(|(cve, threat)| ThreatRecord {
            cve: cve.to_string(),
            exploited_since: threat.exploited.map(|known| known.since.to_string()),
            by_ransomware: threat.exploited.is_some_and(|known| known.by_ransomware),
            likelihood: threat.likelihood,
        });
        Self { threats: threats.collect(), noticed: risk.noticed.map(Timestamp::as_millis) }
    }

    /// Reads it back; what makes no sense is passed over.
    pub(super) fn read(&self) -> Risk {
        let threats = self.threats.iter().filter_map(|record| {
            let since = record.exploited_since.as_ref().and_then(|day| day.parse().ok());
            let exploited = since.map(|since| Exploited { since, by_ransomware: record.by_ransomware });
            Some((Cve::parse(&record.cve)?, Threat { exploited, likelihood: record.likelihood.min(9) }))
        });
        Risk::of(threats.collect(), self.noticed.map(Timestamp::from_millis))
    }
}

/// Bits beside the tenths.
const IS_EXPLOITED: u8 = 0x10;
const BY_RANSOMWARE: u8 = 0x20;

/// Writes a risk into a row.
pub(super) fn write(out: Encoder, risk: &Risk) -> Encoder {
    let out = out.list(risk.threats(), |out, (cve, Threat { exploited, likelihood })| {
        let out = out.u32(cve.key());
        match exploited {
            None => out.u8(*likelihood),
            Some(Exploited { since, by_ransomware }) => {
                let bits = IS_EXPLOITED | if *by_ransomware { BY_RANSOMWARE } else { 0 };
                out.u8(likelihood | bits).u32(chrono::Datelike::num_days_from_ce(since).cast_unsigned())
            }
        }
    });
    out.option(risk.noticed, |out, at| out.i64(at.as_millis()))
}

/// Reads it back.
pub(super) fn read(input: &mut Decoder<'_>) -> Option<Risk> {
    let threats = input.list(|input| {
        let cve = Cve::of_key(input.u32()?);
        let bits = input.u8()?;
        let exploited = if bits & IS_EXPLOITED == 0 {
            None
        } else {
            let since = NaiveDate::from_num_days_from_ce_opt(input.u32()?.cast_signed())?;
            Some(Exploited { since, by_ransomware: bits & BY_RANSOMWARE != 0 })
        };
        Some((cve, Threat { exploited, likelihood: bits & 0x0f }))
    })?;
    Some(Risk::of(threats, input.option(Decoder::i64)?.map(Timestamp::from_millis)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read_back() {
        let day = NaiveDate::from_ymd_opt(2024, 3, 5).expect("a day");
        let threats = [(3094, Some(false), 0), (3095, Some(true), 9), (3096, None, 4)].map(|(number, ransomware, likelihood)| {
            let exploited = ransomware.map(|by_ransomware| Exploited { since: day, by_ransomware });
            (Cve::parse(&format!("CVE-2024-{number}")).expect("a number"), Threat { exploited, likelihood })
        });
        for (threats, noticed) in [(vec![], None), (threats.to_vec(), None), (threats.to_vec(), Some(Timestamp::from_millis(-7)))] {
            let risk = Risk::of(threats, noticed);
            let json = serde_json::to_string(&RiskRecord::of(&risk)).expect("written");
            assert_eq!(serde_json::from_str::<RiskRecord>(&json).expect("read").read(), risk, "{json}");
            let row = write(Encoder::default(), &risk).finish();
            assert_eq!(read(&mut Decoder::new(&row)), Some(risk));
        }
    }
}
