//! What an edit must touch to be one: the words, or the vulnerabilities that are named.

use super::{line_memory::LineMemory, serials, tokens::folded};
use crate::{
    clean,
    model::{Digest, Item, Origin},
};

/// Digest of what an item says. Two versions that share it differ in markup, spacing, punctuation, script, a date that is printed with
/// the text, or in what the page repeats around it: to no reader is the second one news. `repeated` holds what the speaker repeats.
pub fn substance(item: &Item, repeated: &LineMemory) -> Digest {
    let title = item.title.as_str();
    let account = item.origin.as_ref().and_then(|Origin { title, .. }| title.as_deref());
    let plain = clean::plain(item.body.as_str());
    let ids: Vec<u8> = serials::ids_in_text(&[title, &plain].join("\n")).into_iter().flat_map(u64::to_be_bytes).collect();
    let text = clean::boilerplate::strip(&plain, title, account);
    let said: Vec<String> = text.lines().filter(|line| !repeated.is_repeated(line)).map(folded).filter(|line| !is_dateline(line)).collect();
    Digest::of(&[folded(title).as_bytes(), said.join(" ").as_bytes(), &ids])
}

/// Longest line that can be a date with its label, folded, in characters.
const DATELINE_CHARS_MAX: usize = 64;

/// The words of a dateline beside its numbers.
const DATE_WORDS: &[&str] = &[
    "am",
    "apr",
    "april",
    "at",
    "aug",
    "august",
    "by",
    "cest",
    "cet",
    "created",
    "cst",
    "date",
    "dec",
    "december",
    "edited",
    "edt",
    "est",
    "feb",
    "february",
    "first",
    "fri",
    "friday",
    "gmt",
    "issued",
    "jan",
    "january",
    "jul",
    "july",
    "jun",
    "june",
    "last",
    "mar",
    "march",
    "may",
    "modified",
    "mon",
    "monday",
    "nov",
    "november",
    "oct",
    "october",
    "on",
    "pdt",
    "pm",
    "posted",
    "pst",
    "publication",
    "published",
    "release",
    "released",
    "revised",
    "sat",
    "saturday",
    "sep",
    "sept",
    "september",
    "sun",
    "sunday",
    "t",
    "thu",
    "thursday",
    "time",
    "tue",
    "tuesday",
    "update",
    "updated",
    "utc",
    "wed",
    "wednesday",
    "z",
];

/// The ideographs of one, Simplified.
const DATE_SIGNS: &str = "发布更新修改编辑创建收录公开时间日期年月号点分秒上下午晨晚星周一二三四五六七八九十最后近于";

/// Whether a folded line holds nothing but a date and what it is the date of.
fn is_dateline(folded: &str) -> bool {
    if folded.chars().count() > DATELINE_CHARS_MAX {
        return false;
    }
    let (mut has_number, mut has_name) = (false, false);
    for word in folded.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        // `12th`, `08t10`: digits and letters of one word are read apart.
        let letters = word.trim_matches(|c: char| c.is_ascii_digit());
        has_number |= letters.len() < word.len();
        has_name |= DATE_WORDS.binary_search(&letters).is_ok() || is_year(word);
        if !(letters.is_empty() || ["st", "nd", "rd", "th"].contains(&letters) || DATE_WORDS.binary_search(&letters).is_ok()) {
            return false;
        }
    }
    let mut signs = folded.chars().filter(|c| !c.is_ascii()).peekable();
    has_name |= signs.peek().is_some();
    has_number && has_name && signs.all(|sign| DATE_SIGNS.contains(sign))
}

fn is_year(word: &str) -> bool {
    word.len() == 4 && ["19", "20"].iter().any(|century| word.starts_with(century)) && word.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{NativeId, SafeHtml, SourceId, Text, Timestamp};

    fn item(title: &str, body: &str) -> Item {
        let source = SourceId::parse("a").expect("a slug");
        let item = Item::titled(source, NativeId::new("1".to_owned()), Text::line(title, 300), Timestamp::from_secs(0));
        Item { body: SafeHtml::vouched(body.to_owned()), ..item }
    }

    #[test]
    fn words_and_vulnerabilities_are_substance_and_dress_is_not() {
        let digest = |title: &str, body: &str| substance(&item(title, body), &LineMemory::default());
        let body = "<p>The kernel was updated.</p><p>Published: 12 March 2026</p><p>It fixes CVE-2026-1234.</p>";
        let before = digest("USN-1-1: Linux kernel", body);
        for (title, body, is_same) in [
            ("USN-1-1: Linux  Kernel", body, true),
            ("USN-1-1: Linux kernel", "<div>The <b>kernel</b> was updated</div>Published: 14 April 2026<br>It fixes CVE-2026-1234!", true),
            ("USN-1-1: Linux kernel", "<p>The kernel was updated.</p><p>It fixes CVE\u{2011}2026\u{2011}1234.</p>", true),
            ("USN-1-1: Linux kernel", &body.replace("1234", "1235"), false),
            ("USN-1-1: Linux kernel", &body.replace("updated", "withdrawn"), false),
            ("USN-1-2: Linux kernel", body, false),
        ] {
            assert_eq!(digest(title, body) == before, is_same, "{title} {body}");
        }
        assert_eq!(digest("網信", "<p>數據</p>"), digest("网信", "<p>数据</p>"));
    }

    #[test]
    fn what_a_speaker_repeats_counts_only_by_the_vulnerabilities_in_it() {
        let mut repeated = LineMemory::default();
        let [old, new, named] =
            ["Read our other stories here", "Our team is looking for you now", "See the note on CVE-2026-1 as well"].map(str::to_owned);
        for _ in 0..5 {
            repeated.observe(&super::super::line_digests(&[old.clone(), new.clone(), named.clone()].join("\n")));
        }
        let digest = |line: &str| substance(&item("t", &format!("<p>text</p><p>{line}</p>")), &repeated);
        assert_eq!(digest(&old), digest(&new));
        assert_ne!(digest(&old), digest(&named));
    }

    #[test]
    fn datelines_are_dates_and_nothing_else() {
        assert!(DATE_WORDS.is_sorted());
        for (line, wanted) in [
            ("Published: 12 March 2026", true),
            ("Last updated on Tuesday, March 12th, 2026 at 10:30 AM UTC", true),
            ("2026-03-12T10:30:00Z", true),
            ("發佈時間：2026年3月12日 10:30", true),
            ("更新于 3月12日", true),
            ("9.8", false),
            ("Published", false),
            ("Version 2.1, March 2026", false),
            ("受影响版本 2026", false),
            ("CVE-2026-1234", false),
            ("", false),
        ] {
            assert_eq!(is_dateline(&folded(line)), wanted, "{line}");
        }
    }
}
