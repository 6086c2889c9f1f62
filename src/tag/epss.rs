//! Reads FIRST's scores of likely exploitation, as their CSV file has them.
//!
//! `#model_version:v2025.03.14,score_date:2026-11-20T12:55:00Z`, the header `cve,epss,percentile`, and some 300,000 rows. The file is made
//! by a program: a row that is none, or an end without a line end, says that it is cut short, and all of it is refused.

use chrono::NaiveDate;

use super::{
    kev::{beginning, date},
    list_fault::ListFault,
};
use crate::model::{Cve, Epss};

/// Scores of one file.
const ROWS_MAX: usize = 2_000_000;

/// Reads the file's text.
pub fn epss(text: &str) -> Result<Epss, ListFault> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let mut lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim_end()));
    let mut scored = None;
    let columns = loop {
        match lines.next() {
            Some((_, comment)) if comment.starts_with('#') => scored = scored.or_else(|| score_date(comment)),
            Some((_, "")) => {}
            Some((number, header)) => break Columns::of(header).ok_or_else(|| ListFault::at(number, no_header(header)))?,
            None => return Err(ListFault::of("has no header, must have the columns `cve` and `epss`")),
        }
    };
    let scored =
        scored.ok_or_else(|| ListFault::at(1, "does not say its `score_date`, as in `#model_version:v1,score_date:2026-11-20`"))?;
    let (mut rows, mut likely) = (0, Vec::new());
    for (number, line) in lines.filter(|(_, line)| !line.is_empty()) {
        let (name, tenths) = columns
            .read(line)
            .ok_or_else(|| ListFault::at(number, format!("is `{}`, must be a CVE number and its scores", beginning(line))))?;
        rows += 1;
        if rows > ROWS_MAX {
            return Err(ListFault::at(number, format!("is one too many, must be at most {ROWS_MAX} scores")));
        }
        // Numbers longer than any there is are no fault of the file.
        likely.extend(Cve::parse(name).filter(|_| tenths > 0).map(|cve| (cve, tenths)));
    }
    if rows == 0 {
        return Err(ListFault::of("has no score"));
    }
    if !text.ends_with('\n') {
        return Err(ListFault::at(text.lines().count(), "has no line end: the file is cut short"));
    }
    Ok(Epss::new(scored, rows, likely))
}

/// The day that a file says it was computed for, by its beginning.
pub fn epss_day(beginning: &str) -> Option<NaiveDate> {
    beginning.trim_start_matches('\u{FEFF}').lines().take_while(|line| line.starts_with('#')).find_map(score_date)
}

/// The day in the comment before the header.
fn score_date(comment: &str) -> Option<NaiveDate> {
    let (_, behind) = comment.split_once("score_date:")?;
    date(behind)
}

fn no_header(line: &str) -> String {
    format!("is `{}`, must be a header with the columns `cve` and `epss`", beginning(line))
}

/// Where the values stand in a row.
struct Columns {
    cve: usize,
    score: usize,
    all: usize,
}

impl Columns {
    fn of(header: &str) -> Option<Self> {
        let place = |name: &str| header.split(',').position(|column| unquoted(column).eq_ignore_ascii_case(name));
        Some(Self { cve: place("cve")?, score: place("epss")?, all: header.split(',').count() })
    }

    /// The name in a row and its score in tenths, rounded down.
    fn read<'a>(&self, row: &'a str) -> Option<(&'a str, u8)> {
        let (mut name, mut score, mut all) = (None, None, 0);
        for (place, value) in row.split(',').map(unquoted).enumerate() {
            all += 1;
            if place == self.cve {
                name = Some(value).filter(|value| value.get(..4).is_some_and(|mark| mark.eq_ignore_ascii_case("cve-")));
            } else if place == self.score {
                score = value.parse::<f64>().ok().filter(|score| (0.0..=1.0).contains(score));
            }
        }
        // A score that is printed as `0.7` must not fall short of it.
        let tenths = score.map(|score| ((score * 10.0 + 1e-9) as u8).min(9));
        name.zip(tenths).filter(|_| all == self.all)
    }
}

fn unquoted(value: &str) -> &str {
    value.trim().trim_matches('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "#model_version:v2025.03.14,score_date:2026-11-20T12:55:00Z\ncve,epss,percentile\n";

    #[test]
    fn scores_become_tenths_whatever_ends_the_lines() {
        let rows = "CVE-1999-0001,0.0127,0.78\nCVE-2024-3094,0.93,0.99\nCVE-2024-0002,0.7,0.9\nCVE-2024-0003,1.0,1.0\nCVE-2024-0004,4e-05,0.0\nCVE-2024-123456789,0.9,0.9\n";
        let plain = format!("{HEAD}{rows}");
        let turned = "# a comment\n#score_date:2026-11-20\n\n\"EPSS\",percentile,\"CVE\"\n0.93,0.99,\"CVE-2024-3094\"\n";
        for text in [plain.clone(), format!("\u{FEFF}{}", plain.replace('\n', "\r\n")), turned.to_owned()] {
            let epss = epss(&text).expect("a list");
            let tenths = |name| epss.tenths(Cve::parse(name).expect("a number"));
            assert_eq!((epss.scored.to_string().as_str(), tenths("CVE-2024-3094")), ("2026-11-20", 9));
            if epss.rows == 6 {
                assert_eq!(["CVE-1999-0001", "CVE-2024-0002", "CVE-2024-0003", "CVE-2024-0004"].map(tenths), [0, 7, 9, 0]);
            }
        }
        for tenth in 1..=9 {
            let text = format!("{HEAD}CVE-2024-3094,0.{tenth},0\nCVE-2024-3095,0.{}99999,0\n", tenth - 1);
            let epss = epss(&text).expect("a list");
            let tenths = ["CVE-2024-3094", "CVE-2024-3095"].map(|name| epss.tenths(Cve::parse(name).expect("a number")));
            assert_eq!(tenths, [tenth, tenth - 1]);
        }
    }

    #[test]
    fn whatever_is_not_whole_is_refused_with_its_line() {
        let row = "CVE-2024-3094,0.93,0.99\n";
        for (text, line, words) in [
            (String::new(), None, "has no header"),
            (HEAD.to_owned(), None, "has no score"),
            (format!("cve,epss,percentile\n{row}"), Some(1), "`score_date`"),
            (format!("{}{row}", HEAD.replace("epss", "score")), Some(2), "is `cve,score,percentile`"),
            (format!("{HEAD}{row}CVE-2024-3095,0.9\n"), Some(4), "is `CVE-2024-3095,0.9`"),
            (format!("{HEAD}{row}CVE-2024-3095,2.0,0.9\n"), Some(4), "must be a CVE number and its scores"),
            (format!("{HEAD}{row}CVE-2024-3095,NaN,0.9\n"), Some(4), "must be a CVE number and its scores"),
            (format!("{HEAD}{row}<html>\n"), Some(4), "`<html>`"),
            (format!("{HEAD}{row}CVE-2024-3095,0.9,0.9"), Some(4), "cut short"),
        ] {
            let fault = epss(&text).expect_err("refused");
            assert!(fault.line == line && fault.to_string().contains(words), "{fault:?}");
        }
    }

    #[test]
    fn three_hundred_thousand_scores_take_little_room() {
        let rows: String = (0..300_000).map(|n| format!("CVE-2024-{},{},0.5\n", 1_000_000 + n, f64::from(n % 1000) / 1000.0)).collect();
        let epss = epss(&format!("{HEAD}{rows}")).expect("a list");
        assert_eq!((epss.rows, epss.tenths(Cve::parse("CVE-2024-1000999").expect("a number"))), (300_000, 9));
    }
}
