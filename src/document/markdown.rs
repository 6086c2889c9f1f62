//! Markdown as HTML, not yet safe.

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

/// HTML of a `CommonMark` text with tables and strikethrough. A line end inside a paragraph stays one: pages turned into Markdown have
/// them where the page had a line break.
pub(super) fn to_html(markdown: &str) -> String {
    let events = Parser::new_ext(markdown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH)
        .map(|event| if event == Event::SoftBreak { Event::HardBreak } else { event });
    let mut page = String::with_capacity(markdown.len() * 5 / 4);
    html::push_html(&mut page, events);
    page
}

#[cfg(test)]
mod tests {
    use super::{is_markdown, to_html};

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
    fn line_ends_stay() {
        assert_eq!(to_html("a\nb\n\n~~c~~"), "<p>a<br />\nb</p>\n<p><del>c</del></p>\n");
        assert!(to_html("| a | b |\n| --- | --- |\n| c | d |").contains("<td>d</td>"));
    }
}
