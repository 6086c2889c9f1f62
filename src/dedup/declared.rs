//! The origin that a copy declares: `原文链接：https://...`, "Read the original post at: ...".

use crate::model::Link;

/// The addresses that a text names as where it was taken from, at most four. Reads plain text and HTML alike.
///
/// A text that says it is based on another (`本文内容基于`) cites it and is no copy: its phrase is not among the marks.
pub fn declared_links(text: &str) -> Vec<Link> {
    const LINKS_MAX: usize = 4;
    let mut found: Vec<Link> = Vec::new();
    for mark in MARKS {
        for (at, _) in text.match_indices(mark).take(LINKS_MAX) {
            let link = match *mark {
                APPEARED => address_of_post(text, at),
                // A link says more than what stands behind it: beside `[link]` there is `[comments]`.
                _ => address_around(text, at).or_else(|| address_behind(&text[at + mark.len()..])),
            };
            if let Some(link) = link.filter(|link| found.len() < LINKS_MAX && !found.contains(link)) {
                found.push(link);
            }
        }
    }
    found
}

/// Words before the address of the original, or in the link to it.
const MARKS: &[&str] = &[
    APPEARED,
    "[link]",
    "Article URL:",
    "文章来源",
    "文章來源",
    "原文链接",
    "原文鏈接",
    "原文地址",
    "原文網址",
    "原文来源",
    "本文转载自",
    "本文轉載自",
    "转载自",
    "original post at",
    "original article at",
    "originally published at",
    "originally published on",
    "originally appeared on",
    "originally posted at",
];

/// `WordPress` ends what it hands on with `The post <a href="...">Title</a> appeared first on <a href="...">Site</a>.`
const APPEARED: &str = "appeared first on";

/// How far behind its mark an address may begin, in bytes.
const REACH_BYTES: usize = 120;

/// The first address behind a mark, on the same line of what a reader sees.
fn address_behind(text: &str) -> Option<Link> {
    let reach = &text[..floor_boundary(text, REACH_BYTES)];
    let reach = reach.split(['\n', '。']).next()?;
    let at = ["http://", "https://"].iter().filter_map(|scheme| reach.find(scheme)).min()?;
    address_at(&text[at..])
}

/// The address of a link whose words are the mark itself: `<a href="https://...">原文链接</a>`.
fn address_around(text: &str, mark: usize) -> Option<Link> {
    let before = &text[ceil_boundary(text, mark.saturating_sub(512))..mark];
    let tag = &before[before.rfind("<a ")?..];
    if tag.contains("</a") {
        return None;
    }
    address_at(tag.split_once("href=\"")?.1)
}

/// The first address in the sentence of `WordPress` that goes on with the mark.
fn address_of_post(text: &str, mark: usize) -> Option<Link> {
    let before = &text[ceil_boundary(text, mark.saturating_sub(1024))..mark];
    let post = &before[before.rfind("The post ")?..];
    address_at(post.split_once("href=\"")?.1)
}

/// The address that a text begins with.
fn address_at(text: &str) -> Option<Link> {
    const ENDS: &[char] = &['"', '\'', '<', '>', ')', ']', '|', '，', '。', '；', '）', '】', '”', '\u{3000}'];
    let end = text.find(|c: char| c.is_whitespace() || ENDS.contains(&c)).unwrap_or(text.len());
    Link::parse(&text[..end].trim_end_matches(['.', ',', ';']).replace("\\_", "_").replace("&amp;", "&")).ok()
}

fn floor_boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default()
}

fn ceil_boundary(text: &str, at: usize) -> usize {
    (at..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::declared_links;

    #[test]
    fn origins_are_read_from_text_and_markup() {
        for (text, wanted) in [
            ("文章来源: https://a.example/1?x=1&y=2\n如有侵权请联系", "https://a.example/1?x=1&y=2"),
            ("原文链接：<a href=\"https://a.example/1\">这里</a>", "https://a.example/1"),
            (
                "<p>本文翻译自 <a href=\"https://a.example/1\" rel=\"nofollow\">原文链接</a>。如若转载请注明出处。</p>",
                "https://a.example/1",
            ),
            ("Read the original post at: https://a.example/1.", "https://a.example/1"),
            (
                "submitted by <a href=\"https://r.example/u/x\">x</a> <span><a href=\"https://a.example/1\">[link]</a></span> <span><a \
                 href=\"https://r.example/c/1\">[comments]</a></span>",
                "https://a.example/1",
            ),
            ("<p>Article URL: <a href=\"https://a.example/1\">https://a.example/1</a></p>", "https://a.example/1"),
            (
                "<p>The post <a rel=\"nofollow\" href=\"https://a.example/1\">A title</a> appeared first on <a \
                 href=\"https://a.example\">A</a>.</p>",
                "https://a.example/1",
            ),
            ("原文地址：https://mp.weixin.qq.com/s?\\_\\_biz=MzA&amp;mid=1&idx=1", "https://mp.weixin.qq.com/s?__biz=MzA&mid=1&idx=1"),
        ] {
            assert_eq!(declared_links(text).first().map(|link| link.as_str().to_owned()).as_deref(), Some(wanted), "{text}");
        }
    }

    #[test]
    fn citations_are_no_origins() {
        for text in [
            "本文内容基于 https://a.example/1",
            "参考来源：https://a.example/1",
            "如若转载，请注明原文地址\nhttps://a.example/1",
            "<a href=\"https://a.example/1\">Home</a> 文章来源：代码卫士",
            "文章来源",
            "文章来源：http://",
            "It appeared first on <a href=\"https://a.example/1\">A</a>.",
            "The post that appeared first on their site",
        ] {
            assert!(declared_links(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_text_full_of_marks_costs_no_more_than_a_few_links() {
        assert!(declared_links(&"文章来源: https://a.example/1 ".repeat(10_000)).len() <= 4);
        assert!(declared_links(&"文章来源".repeat(10_000)).is_empty());
    }
}
