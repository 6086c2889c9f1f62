//! Boilerplate: what a page says around an article, and pages that hold nothing else. Works line by line, on plain text and on Markdown,
//! by fixed rules alone: lines that one source repeats are its history's business, not this module's.

mod line;
mod menus;
mod rules;
mod shell;

pub use menus::without_menus;
pub use shell::{Shell, shell};

use line::{is_hollow_image, is_sentence, visible};
use rules::{Deed, deed};

/// Text before an ending must have this many characters and letters, or the ending's words open the page.
const TEXT_CHARS_MIN: usize = 80;
/// Labels that are left of a page have at most this many characters and letters.
const LABELS_CHARS_MAX: usize = 500;
/// What a page's title may add to the article's own, in characters: " - Name of the site".
const TITLE_TAIL_CHARS_MAX: usize = 40;

/// The text without its boilerplate: WeChat's controls and everything below them, calls to follow and share, comment boxes, lists of
/// other articles, and lines that only repeat the title or the name of the source. Other lines stay as they are; code is not touched.
pub fn strip(text: &str, title: &str, source_name: Option<&str>) -> String {
    let page = Names { title: squash(title), source: squash(source_name.unwrap_or_default()) };
    let mut kept = String::with_capacity(text.len());
    let (mut fenced, mut in_list, mut useful) = (false, false, 0);
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        fenced ^= line.trim_start().starts_with("```");
        let seen = if fenced { None } else { visible(line) };
        let Some(seen) = seen else {
            in_list &= line.trim_start().starts_with('|');
            if !in_list {
                push(&mut kept, line);
                useful = useful_with(useful, line);
            }
            continue;
        };
        let bar_follows = seen == "：" && lines.peek().is_some_and(|next| next.trim() == "，");
        match deed(&seen) {
            _ if bar_follows => break,
            Some(Deed::Cut) => break,
            Some(Deed::CutBehindText) if useful >= TEXT_CHARS_MIN => break,
            Some(Deed::DropList) => in_list = true,
            Some(Deed::Drop) => {}
            _ if is_hollow_image(line) || page.is_repeated_by(&seen) => {}
            Some(Deed::CutBehindText) | None => {
                in_list = in_list && (!is_sentence(&seen) || line.trim_start().starts_with('|'));
                if !in_list {
                    push(&mut kept, line);
                    useful = useful_with(useful, &seen);
                }
            }
        }
    }
    kept.truncate(kept.trim_end().len());
    kept
}

/// Whether a text is labels alone: short, and without any sentence or code.
pub fn is_labels(text: &str) -> bool {
    let says = |line: &str| line.trim_start().starts_with("```") || visible(line).is_none_or(|seen| is_sentence(&seen));
    shown_chars(text) <= LABELS_CHARS_MAX && !text.lines().any(says)
}

/// The count with those of another line, as far as it matters: nobody asks for more than `TEXT_CHARS_MIN`.
fn useful_with(useful: usize, line: &str) -> usize {
    if useful < TEXT_CHARS_MIN { useful + useful_chars(line) } else { useful }
}

/// Characters that say something: letters, digits and ideographs.
pub fn useful_chars(text: &str) -> usize {
    text.chars().filter(|c| c.is_alphanumeric()).count()
}

/// The same without the addresses of Markdown's links.
fn shown_chars(text: &str) -> usize {
    text.lines().map(|line| visible(line).map_or_else(|| useful_chars(line), |seen| useful_chars(&seen))).sum()
}

/// Adds a line; several empty ones become one.
fn push(kept: &mut String, line: &str) {
    if line.trim().is_empty() && (kept.is_empty() || kept.ends_with("\n\n")) {
        return;
    }
    kept.push_str(line.trim_end());
    if line.ends_with("  ") && !line.trim().is_empty() {
        // Two spaces at a line's end are Markdown's line break.
        kept.push_str("  ");
    }
    kept.push('\n');
}

/// What WeChat puts before the name of an account.
const ORIGINAL: &str = "原创";

/// The names that a page repeats, without white space and in lowercase.
struct Names {
    title: String,
    source: String,
}

impl Names {
    fn is_repeated_by(&self, seen: &str) -> bool {
        if !self.may_begin(seen) {
            return false;
        }
        let line = squash(seen);
        if line.is_empty() {
            return false;
        }
        let is_title = line == self.title || self.title.chars().count() >= 8 && line.strip_prefix(&self.title).is_some_and(is_site_name);
        let is_source = !self.source.is_empty() && line.replacen(ORIGINAL, "", 1).replace(&self.source, "").is_empty();
        is_title || is_source
    }

    /// Whether a line begins as one that repeats a name must: most lines are told by this alone.
    fn may_begin(&self, seen: &str) -> bool {
        let first = line::without_marks(seen).chars().next();
        [&*self.title, &*self.source, ORIGINAL].into_iter().any(|name| first.is_some() && name.chars().next() == first)
    }
}

/// Whether what follows a title in a page's own title is the site's name.
fn is_site_name(tail: &str) -> bool {
    tail.starts_with(['-', '|', '–', '—', '_', '·', '｜', '»']) && tail.chars().count() <= TITLE_TAIL_CHARS_MAX
}

/// Without white space, in lowercase: how names are compared.
fn squash(text: &str) -> String {
    visible(text).unwrap_or_default().chars().filter(|c| !c.is_whitespace()).collect()
}

#[cfg(test)]
mod tests {
    use super::strip;

    #[test]
    fn articles_lose_what_pages_add() {
        for (text, wanted) in [
            ("# A headline here\n\ntext\n\nA headline here", "text"),
            ("A headline here - Some Site\ntext", "text"),
            ("A headline here was wrong", "A headline here was wrong"),
            ("The Source\n原创 The Source\ntext by The Source", "text by The Source"),
            ("text\n预览时标签不可点\n微信扫一扫\n关注该公众号\nmore", "text"),
            ("text\n\n微信扫一扫\n关注该公众号", "text"),
            ("text\n：\n，\n。\n视频", "text"),
            ("![cover_image](https://a.example/x.png)\n![](https://a.example/y.png)\ntext\n![]()", "![](https://a.example/y.png)\ntext"),
            ("点击上方蓝字关注我们\ntext", "text"),
            ("```\nend\nshare\n```", "```\nend\nshare\n```"),
            ("a\n\n\n\nb", "a\n\nb"),
        ] {
            assert_eq!(strip(text, "A headline  here", Some("The Source")), wanted, "{text}");
        }
    }

    #[test]
    fn a_list_of_other_articles_ends_at_the_next_sentence() {
        let sentence = "研究人员披露了一个影响多款路由器的高危漏洞，攻击者可以借此远程执行代码，厂商已经发布补丁。";
        let text = format!("{sentence}\n\n**往期推荐**\n\n| a |\n* [另一篇文章](https://a.example/)\n\n{sentence}\n后记");
        assert_eq!(strip(&text, "", None), format!("{sentence}\n\n{sentence}\n后记"));
    }

    #[test]
    fn an_ending_needs_a_text_before_it() {
        let sentence =
            "researchers found a flaw in a widely used library, and attackers are using it against servers that were not updated yet.";
        assert_eq!(strip(&format!("{sentence}\nTHEEND\ncomments"), "", None), sentence);
        assert_eq!(strip(&format!("Leave a reply\n{sentence}"), "", None), format!("Leave a reply\n{sentence}"));
    }

    #[test]
    fn hostile_text_takes_linear_time() {
        for piece in ["![", "[](", "\n", "```\n", "往期推荐\n", "| |\n"] {
            strip(&piece.repeat(20_000), "t", None);
        }
    }
}
