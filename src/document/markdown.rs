//! Markdown as HTML, not yet safe; and repairs for what converters of pages get wrong.

use std::borrow::Cow;

use pulldown_cmark::{Event, Options, Parser, html};

/// Whether a text uses Markdown at all: headings, bold, links, code, lists, tables. Else its line ends and stars mean themselves.
pub(super) fn is_markdown(text: &str) -> bool {
    let marks_line = |line: &str| {
        let hashes = line.bytes().take_while(|b| *b == b'#').count();
        ((1..=6).contains(&hashes) && line[hashes..].starts_with(' '))
            || ["* ", "- ", "```", "| "].iter().any(|mark| line.starts_with(mark))
    };
    text.contains("](") || text.matches("**").nth(1).is_some() || text.lines().any(|line| marks_line(line.trim_start()))
}

/// Lines that a link broken over lines may span.
const LINK_LINES_MAX: usize = 8;

/// Markdown with two faults of converters repaired: links around several lines become one line, and a link that the end of the text cuts
/// in two goes.
pub(super) fn mended(markdown: &str) -> String {
    let lines: Vec<&str> = markdown.lines().collect();
    let mut mended = String::with_capacity(markdown.len());
    let mut fenced = false;
    let mut at = 0;
    while at < lines.len() {
        fenced ^= lines[at].trim_start().starts_with("```");
        let span = if fenced { 1 } else { link_lines(&lines[at..]) };
        mended.push_str(lines[at]);
        for line in lines[at + 1..at + span].iter().map(|line| line.trim()).filter(|line| !line.is_empty()) {
            let glue = if line.starts_with(']') { "" } else { " " };
            mended.extend([glue, line]);
        }
        mended.push('\n');
        at += span;
    }
    if !fenced && let Some(at) = mended.rfind("](").filter(|at| !mended[*at..].contains(')')) {
        let start = mended[..at].rfind(['[', '\n']).map_or(at, |start| start + usize::from(mended[start..].starts_with('\n')));
        mended.truncate(start);
    }
    mended
}

/// How many lines belong together because the first opens a link that a later one closes; 1 for an ordinary line.
fn link_lines(lines: &[&str]) -> usize {
    let opens = |line: &str| line.rfind('[').is_some_and(|open| !line[open..].contains(']'));
    if !opens(lines[0]) {
        return 1;
    }
    let is_picture = |line: &str| line.starts_with("![") && !line.contains(")](");
    let later = lines.iter().enumerate().take(LINK_LINES_MAX).skip(1);
    let closing = later.take_while(|(_, line)| !line.starts_with("```")).find(|(_, line)| line.contains(']') && !is_picture(line));
    closing
        .filter(|(_, line)| line.contains(")](") || line.split('[').next().is_some_and(|head| head.contains("](")))
        .map_or(1, |(at, _)| at + 1)
}

/// Bold text whose end a Markdown reader misses, because a Chinese stop stands inside and a letter outside: `**背景：**文中`.
/// Such a pair of stars becomes the HTML it stands for.
fn bold_mended(markdown: &str) -> Cow<'_, str> {
    if !markdown.contains("**") {
        return Cow::Borrowed(markdown);
    }
    let mut mended = String::with_capacity(markdown.len() + 64);
    let mut fenced = false;
    for line in markdown.split_inclusive('\n') {
        fenced ^= line.trim_start().starts_with("```");
        let pieces: Vec<&str> = line.split("**").collect();
        if fenced || pieces.len().is_multiple_of(2) || line.contains(['`', '\\']) {
            mended.push_str(line);
            continue;
        }
        for (at, piece) in pieces.iter().enumerate() {
            if at % 2 == 0 {
                mended.push_str(piece);
                continue;
            }
            let is_stop = |c: char| !c.is_alphanumeric() && !c.is_whitespace();
            let missed = piece.ends_with(is_stop) && pieces[at + 1].starts_with(char::is_alphanumeric)
                || piece.starts_with(is_stop) && pieces[at - 1].ends_with(char::is_alphanumeric);
            let (open, close) = if missed { ("<strong>", "</strong>") } else { ("**", "**") };
            mended.extend([open, piece, close]);
        }
    }
    Cow::Owned(mended)
}

/// HTML of a `CommonMark` text with tables and strikethrough. A line end inside a paragraph stays one: pages turned into Markdown have
/// them where the page had a line break.
pub(super) fn to_html(markdown: &str) -> String {
    let markdown = bold_mended(markdown);
    let events = Parser::new_ext(&markdown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH)
        .map(|event| if event == Event::SoftBreak { Event::HardBreak } else { event });
    let mut page = String::with_capacity(markdown.len() * 5 / 4);
    html::push_html(&mut page, events);
    page
}

#[cfg(test)]
mod tests {
    use super::{is_markdown, mended, to_html};

    #[test]
    fn plain_text_is_told_from_markdown() {
        for (text, wanted) in [
            ("# Heading\n\ntext", true),
            ("**bold** text", true),
            ("see [this](https://a.example/)", true),
            ("* one\n* two", true),
            ("浙江全省“1+N”工業互聯網平臺\n\n5 * 3 = 15 ** 2", false),
            ("#hashtag", false),
            ("", false),
        ] {
            assert_eq!(is_markdown(text), wanted, "{text}");
        }
    }

    #[test]
    fn broken_links_are_mended() {
        for (markdown, wanted) in [
            ("[One\n\ntwo\n](https://a.example/)\nthree", "[One two](https://a.example/)\nthree\n"),
            ("[One\n\n![x](/i.png)](/a)", "[One ![x](/i.png)](/a)\n"),
            ("* [One\n  two](/a) [b](/c)", "* [One two](/a) [b](/c)\n"),
            ("[note\nno link]\n[a](/b)", "[note\nno link]\n[a](/b)\n"),
            ("```\n[a\n](b)\n```", "```\n[a\n](b)\n```\n"),
            ("text [cut](https://a.exam", "text "),
            ("text](https://a.exam", "text"),
            ("[a](/b) text", "[a](/b) text\n"),
        ] {
            assert_eq!(mended(markdown), wanted, "{markdown}");
        }
    }

    #[test]
    fn bold_text_ends_behind_a_chinese_stop() {
        for (markdown, wanted) in [
            ("**背景：**文中", "<p><strong>背景：</strong>文中</p>\n"),
            ("见**“要闻”**", "<p>见<strong>“要闻”</strong></p>\n"),
            ("**bold** text", "<p><strong>bold</strong> text</p>\n"),
            ("`a**：**b`", "<p><code>a**：**b</code></p>\n"),
        ] {
            assert_eq!(to_html(markdown), wanted);
        }
    }

    #[test]
    fn line_ends_stay() {
        assert_eq!(to_html("a\nb\n\n~~c~~"), "<p>a<br />\nb</p>\n<p><del>c</del></p>\n");
        assert!(to_html("| a | b |\n| --- | --- |\n| c | d |").contains("<td>d</td>"));
    }
}
