//! What a text without front matter says about itself: its headline, and the agency that wrote it.

use std::sync::LazyLock;

use regex::Regex;

/// Lines with text in which a heading is looked for before the first line is taken instead.
const OPENING_LINES_MAX: usize = 8;

/// A dispatch opens with its agency, place and day: 新华社北京11月3日电.
static DISPATCH: LazyLock<Regex> = LazyLock::new(|| {
    let agencies = "新华社|新華社|中新社|中新网|中新網|中央社|法新社|路透社|美联社|美聯社|共同社|塔斯社|韩联社|韓聯社";
    Regex::new(&format!(r"(?m)^[ \t\u3000]*({agencies})[^\s，。,]{{0,16}}[电電]")).expect("a valid pattern")
});

/// The first heading of a text, else its first line in bold, else its first line.
pub(super) fn headline(text: &str) -> Option<String> {
    let opening: Vec<&str> =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("![")).take(OPENING_LINES_MAX).collect();
    let heading = opening.iter().find_map(|line| heading(line));
    let bold = || opening.iter().find_map(|line| bold(line));
    heading.or_else(bold).or_else(|| opening.first().copied()).map(|line| line.replace("**", ""))
}

fn heading(line: &str) -> Option<&str> {
    let text = line.trim_start_matches('#');
    let level = line.len() - text.len();
    ((1..=6).contains(&level) && text.starts_with(' ')).then(|| text.trim().trim_end_matches('#').trim_end())
}

/// A line that is bold from end to end.
fn bold(line: &str) -> Option<&str> {
    line.strip_prefix("**")?.strip_suffix("**").filter(|inside| !inside.is_empty() && !inside.contains("**"))
}

/// The news agency whose dispatch a text is, as the text writes it.
pub(super) fn agency(text: &str) -> Option<String> {
    DISPATCH.captures(text).map(|dispatch| dispatch[1].to_owned())
}

#[cfg(test)]
mod tests {
    use super::{agency, headline};

    #[test]
    fn headlines_are_found_where_texts_begin() {
        for (text, wanted) in [
            ("intro\n\n## The **heading**\n", Some("The heading")),
            ("**标题**\n\n**一、概述**\n\n正文", Some("标题")),
            ("first line\n\nsecond", Some("first line")),
            ("![](x)\n\nfirst", Some("first")),
            ("**a** and **b**", Some("a and b")),
            ("", None),
        ] {
            assert_eq!(headline(text).as_deref(), wanted, "{text}");
        }
    }

    #[test]
    fn dispatches_name_their_agency() {
        for (text, wanted) in [
            ("標題\n\n新華社北京11月3日電(記者郭倩)在", Some("新華社")),
            ("　　中新社上海5月2日电 题", Some("中新社")),
            ("记者从新华社获悉，电力", None),
            ("新华社记者，摄于发电站", None),
        ] {
            assert_eq!(agency(text).as_deref(), wanted, "{text}");
        }
    }
}
