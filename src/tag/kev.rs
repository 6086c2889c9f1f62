//! Reads CISA's catalogue of known exploited vulnerabilities, as its JSON file has it.
//!
//! The file is made by a program, and what it leaves out is taken back: one that is cut short, or counts other than it says, is refused.

use std::borrow::Cow;

use chrono::NaiveDate;
use serde::Deserialize;

use super::list_fault::ListFault;
use crate::model::{Cve, Exploited, Kev};

/// Vulnerabilities of one file; there are some 1,500.
const ROWS_MAX: usize = 100_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File<'a> {
    #[serde(borrow)]
    date_released: Cow<'a, str>,
    count: Option<usize>,
    #[serde(borrow)]
    vulnerabilities: Vec<Row<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    #[serde(rename = "cveID", borrow)]
    cve: Cow<'a, str>,
    #[serde(borrow)]
    date_added: Cow<'a, str>,
    #[serde(borrow, default)]
    known_ransomware_campaign_use: Option<Cow<'a, str>>,
}

/// Reads the file's text.
pub fn kev(text: &str) -> Result<Kev, ListFault> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let file: File<'_> = serde_json::from_str(text)
        .map_err(|error| ListFault::at(error.line(), format!("is not the JSON of the KEV catalogue: {error}")))?;
    let released = date(&file.date_released)
        .ok_or_else(|| ListFault::of(format!("has the `dateReleased` `{}`, must begin with YYYY-MM-DD", beginning(&file.date_released))))?;
    let rows = file.vulnerabilities.len();
    if !(1..=ROWS_MAX).contains(&rows) {
        return Err(ListFault::of(format!("has {rows} vulnerabilities, must be 1 to {ROWS_MAX}")));
    }
    if let Some(count) = file.count.filter(|count| *count != rows) {
        return Err(ListFault::of(format!("has {rows} vulnerabilities and says `count` {count}: some are missing")));
    }
    let mut entries = Vec::with_capacity(rows);
    for Row { cve, date_added, known_ransomware_campaign_use } in &file.vulnerabilities {
        let since = date(date_added).ok_or_else(|| {
            ListFault::of(format!("has the `dateAdded` `{}` of `{}`, must be YYYY-MM-DD", beginning(date_added), beginning(cve)))
        })?;
        let by_ransomware = known_ransomware_campaign_use.as_deref().is_some_and(|known| known.eq_ignore_ascii_case("known"));
        let cve =
            Cve::parse(cve.trim()).ok_or_else(|| ListFault::of(format!("has the `cveID` `{}`, must be a CVE number", beginning(cve))))?;
        entries.push((cve, Exploited { since, by_ransomware }));
    }
    Ok(Kev::new(released, entries))
}

/// The day at the beginning of an ISO 8601 date.
pub(super) fn date(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text.trim().get(..10)?, "%Y-%m-%d").ok()
}

/// A value as far as a message quotes it.
pub(super) fn beginning(value: &str) -> String {
    const QUOTED_CHARS_MAX: usize = 40;
    value.chars().take(QUOTED_CHARS_MAX).filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(count: usize, rows: &str) -> String {
        format!(
            "{{\"title\": \"CISA Catalog\", \"catalogVersion\": \"2024.03.05\", \"dateReleased\": \"2024-03-05T15:00:22.1234Z\",\r\n\
             \"count\": {count},\r\n\"vulnerabilities\": [{rows}]}}\r\n"
        )
    }

    const ROW: &str = "{\"cveID\": \"CVE-2024-3094\", \"vendorProject\": \"xz\", \"dateAdded\": \"2024-03-04\", \"shortDescription\": \"a\\u0020b\", \
                       \"dueDate\": \"2024-03-25\", \"knownRansomwareCampaignUse\": \"Known\", \"cwes\": [\"CWE-506\"]}";

    #[test]
    fn the_catalogue_is_read_as_it_is_published() {
        let other = ROW.replace("3094", "0001").replace("\"Known\"", "\"Unknown\"");
        let bare = "{\"cveID\":\"cve-2021-44228 \",\"dateAdded\":\"2021-12-10\"}";
        let kev = kev(&format!("\u{FEFF}{}", file(3, &[ROW, &other, bare].join(",\r\n")))).expect("a list");
        let get = |name| kev.get(Cve::parse(name).expect("a number")).map(|known| (known.since.to_string(), known.by_ransomware));
        assert_eq!((kev.rows(), kev.released.to_string().as_str()), (3, "2024-03-05"));
        assert_eq!(get("CVE-2024-3094"), Some(("2024-03-04".to_owned(), true)));
        assert_eq!(get("CVE-2024-0001"), Some(("2024-03-04".to_owned(), false)));
        assert_eq!(get("CVE-2021-44228"), Some(("2021-12-10".to_owned(), false)));
        assert_eq!(get("CVE-2021-44229"), None);
    }

    #[test]
    fn whatever_is_not_whole_is_refused_with_its_line() {
        let whole = file(1, ROW);
        for (text, line, words) in [
            (String::new(), Some(1), "EOF"),
            (whole[..whole.len() - 10].to_owned(), Some(3), "EOF"),
            ("{\"dateReleased\": \"2024-03-05\",\n\"vulnerabilities\": 7}".to_owned(), Some(2), "invalid type"),
            ("{\"catalogVersion\":\"1\"}".to_owned(), Some(1), "missing field `dateReleased`"),
            (file(2, ROW), None, "some are missing"),
            (file(0, ""), None, "must be 1 to"),
            (file(1, &ROW.replace("2024-03-04", "yesterday")), None, "`dateAdded` `yesterday`"),
            (file(1, &ROW.replace("CVE-2024-3094", "xz")), None, "`cveID` `xz`"),
            (whole.replace("2024-03-05T", "05/03/2024 "), None, "`dateReleased`"),
            (format!("[{}", "[".repeat(100_000)), Some(1), "is not the JSON"),
        ] {
            let fault = kev(&text).expect_err("refused");
            assert!(fault.line == line && fault.to_string().contains(words), "{fault:?}");
        }
    }
}
