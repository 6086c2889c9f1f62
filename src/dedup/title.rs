//! Titles for comparing: what is left of one without the marks that a republisher adds, and how alike two are.

use super::{fold::is_sign, tokens::folded};

/// The part of a title that says what the article is about, folded, without spaces.
///
/// Taken off: a bracketed label or a column's name at the front, words such as `转载`, a label at the end. Never taken off: anything with a
/// digit in it, or so much that too little would be left to know the article by.
pub fn core_title(title: &str) -> String {
    const ROUNDS_MAX: usize = 4;
    let mut core = title.trim();
    for _ in 0..ROUNDS_MAX {
        let Some(shorter) = without_label(core).map(str::trim).filter(|rest| weight(&squashed(rest)) >= WEIGHT_LEFT_MIN) else {
            break;
        };
        core = shorter;
    }
    squashed(core)
}

/// The title without the publisher's name that aggregators put behind it, `Headline - Publisher`, unless too little would be left.
pub fn without_publisher<'t>(title: &'t str, publisher: &str) -> &'t str {
    const SEPARATORS: [&str; 8] = [" - ", " – ", " — ", " | ", "｜", "丨", "_", "-"];
    let name = folded(publisher);
    let mut ends = SEPARATORS.iter().flat_map(|sign| title.rmatch_indices(*sign).map(|(at, sign)| (at, at + sign.len())));
    let end = ends.find(|(_, behind)| !name.is_empty() && folded(&title[*behind..]) == name).map(|(at, _)| &title[..at]);
    end.filter(|rest| weight(&squashed(rest)) >= WEIGHT_LEFT_MIN).unwrap_or(title)
}

/// How much a folded title says: an ideograph counts for two, a letter or digit for one.
pub fn weight(folded: &str) -> usize {
    folded.chars().map(|c| if is_sign(c) { 2 } else { 1 }).sum()
}

/// Likeness of two folded titles, 0 to 1: Jaccard index of their runs of three characters.
pub fn likeness(one: &str, other: &str) -> f32 {
    if one == other {
        return 1.0;
    }
    let (one, other) = (grams(one), grams(other));
    let shared = shared_count(&one, &other);
    let all = one.len() + other.len() - shared;
    if all == 0 { 1.0 } else { shared as f32 / all as f32 }
}

/// Least weight of what a label may leave behind: eight ideographs.
const WEIGHT_LEFT_MIN: usize = 16;

fn squashed(title: &str) -> String {
    let mut folded = folded(title);
    folded.retain(|c| c != ' ');
    folded
}

/// The title without its outermost label, if it has one.
fn without_label(title: &str) -> Option<&str> {
    without_bracket_before(title)
        .or_else(|| without_word_before(title))
        .or_else(|| without_column(title))
        .or_else(|| without_label_behind(title))
}

const BRACKETS: &[(char, char)] = &[('【', '】'), ('[', ']'), ('「', '」'), ('〖', '〗'), ('［', '］')];

/// Longest label, in characters.
const LABEL_CHARS_MAX: usize = 14;

fn is_label(text: &str) -> bool {
    text.chars().count() <= LABEL_CHARS_MAX && !text.chars().any(char::is_numeric)
}

fn without_bracket_before(title: &str) -> Option<&str> {
    BRACKETS.iter().find_map(|(open, close)| {
        let (label, rest) = title.strip_prefix(*open)?.split_once(*close)?;
        is_label(label).then_some(rest)
    })
}

fn without_word_before(title: &str) -> Option<&str> {
    const WORDS: &[&str] = &["转载", "轉載", "原创", "原創", "快讯", "快訊", "转", "轉", "RT"];
    WORDS.iter().find_map(|word| title.strip_prefix(word)?.trim_start().strip_prefix([':', '：', '|', '｜', '丨', '-', '·']))
}

fn without_column(title: &str) -> Option<&str> {
    let (column, rest) = title.split_once(['|', '｜', '丨', '︱', '∣'])?;
    is_label(column.trim()).then_some(rest)
}

/// A label in brackets, an abbreviation of what the title spells out, or a catalogue's last word.
fn without_label_behind(title: &str) -> Option<&str> {
    const LAST_WORDS: &[&str] = &["exploit", "vulnerability"];
    const ABBREVIATIONS: &[&str] = &["csrf", "dos", "idor", "lfi", "lpe", "poc", "rce", "rfi", "sqli", "ssrf", "xss", "xxe"];
    let last_word = || {
        let (rest, word) = title.rsplit_once(char::is_whitespace)?;
        LAST_WORDS.contains(&word.to_ascii_lowercase().as_str()).then_some(rest)
    };
    let abbreviation = || {
        let (rest, word) = title.strip_suffix([')', '）'])?.rsplit_once(['(', '（'])?;
        ABBREVIATIONS.contains(&word.to_ascii_lowercase().as_str()).then_some(rest)
    };
    let label = || {
        BRACKETS.iter().find_map(|(open, close)| {
            let (rest, label) = title.strip_suffix(*close)?.rsplit_once(*open)?;
            is_label(label).then_some(rest)
        })
    };
    last_word().or_else(abbreviation).or_else(label)
}

/// Runs of three characters, sorted, each once; a shorter text is one run.
pub fn grams(text: &str) -> Vec<u64> {
    let chars: Vec<char> = text.chars().collect();
    if chars.is_empty() {
        return Vec::new();
    }
    let mut grams: Vec<u64> =
        chars.windows(3.min(chars.len())).map(|run| run.iter().fold(0, |gram, c| gram << 21 | u64::from(u32::from(*c)))).collect();
    grams.sort_unstable();
    grams.dedup();
    grams
}

/// How many elements two sorted lists share.
fn shared_count(one: &[u64], other: &[u64]) -> usize {
    let (mut i, mut j, mut shared) = (0, 0, 0);
    while i < one.len() && j < other.len() {
        match one[i].cmp(&other[j]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                shared += 1;
                i += 1;
                j += 1;
            }
        }
    }
    shared
}

#[cfg(test)]
mod tests {
    use super::{core_title, likeness, weight, without_publisher};

    #[test]
    fn labels_of_republishers_come_off() {
        let wanted = core_title("短视频平台封号圈乱象猖獗，IP查询如何助力防范");
        for title in [
            "【安全圈】短视频平台“封号圈”乱象猖獗，IP查询如何助力防范",
            "转载：短视频平台封号圈乱象猖獗 IP查询如何助力防范【转载】",
            "关注 | 【转载】短视频平台“封号圈”亂象猖獗，IP查詢如何助力防範",
            "[原创] 短视频平台“封号圈”乱象猖獗，IP查询如何助力防范",
        ] {
            assert_eq!(core_title(title), wanted, "{title}");
        }
        let wanted = core_title("Bangresta 1.0 Cross Site Scripting");
        for title in [
            "[webapps] Bangresta 1.0 - Cross Site Scripting (XSS)",
            "Bangresta 1.0 Cross Site Scripting Vulnerability exploit",
            "Bangresta 1.0 - Cross Site Scripting Exploit exploit",
        ] {
            assert_eq!(core_title(title), wanted, "{title}");
        }
    }

    #[test]
    fn a_publishers_own_name_comes_off() {
        for (title, publisher, wanted) in [
            ("Attackers breach the example company - Security-Week", "Security-Week", "Attackers breach the example company"),
            ("Attackers breach the example company | security week", "Security Week", "Attackers breach the example company"),
            ("某厂商网关设备远程代码执行漏洞分析_安全内参", "安全內參", "某厂商网关设备远程代码执行漏洞分析"),
            ("Attackers breach the example company - again", "Security Week", "Attackers breach the example company - again"),
            ("Attackers breach the example company", "", "Attackers breach the example company"),
            ("Weekly - Security Week", "Security Week", "Weekly - Security Week"),
        ] {
            assert_eq!(without_publisher(title, publisher), wanted);
        }
    }

    #[test]
    fn digits_and_short_titles_stay_whole() {
        for title in ["【第3期】网络安全态势周报与分析", "2024网安周 | 高峰论坛在广州市举行", "【漏洞】通告", "周报 | 招聘"]
        {
            let whole: String = super::folded(title).replace(' ', "");
            assert_eq!(core_title(title), whole, "{title}");
        }
    }

    #[test]
    fn likeness_runs_from_nothing_to_all() {
        assert_eq!(likeness("abcdef", "abcdef"), 1.0);
        assert_eq!(likeness("abcdef", "uvwxyz"), 0.0);
        assert_eq!(likeness("", ""), 1.0);
        assert_eq!(likeness("", "abc"), 0.0);
        assert!((likeness("abcd", "bcde") - 1.0 / 3.0).abs() < 1e-6);
    }

    #[test]
    fn an_ideograph_weighs_two_letters() {
        assert_eq!(weight("网安ab1"), 7);
    }
}
