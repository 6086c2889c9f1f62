//! Titles as one line of plain text (protocol N5).

use super::{
    distil::is_element,
    entities,
    tokens::{Token, Tokens},
};
use crate::model::Text;

/// One line of at most `chars_max` characters: tags of HTML taken out, entities decoded once more, invisible characters dropped. What
/// only looks like a tag, such as `Vec<T>`, stays. Empty where nothing is left.
pub fn title(raw: &str, chars_max: usize) -> Text {
    if !raw.contains(['<', '&']) {
        return Text::line(raw, chars_max);
    }
    let kept: String = Tokens::new(raw)
        .map(|token| match token {
            Token::Text(text) | Token::Unfinished(text) => text,
            Token::Open(name, _) | Token::Close(name, _) if parts_words(name.as_str()) => " ",
            Token::Open(name, _) | Token::Close(name, _) if is_element(name.as_str()) => "",
            Token::Open(_, source) | Token::Close(_, source) => source,
            Token::Comment => "",
        })
        .collect();
    Text::line(&entities::decode(&kept), chars_max)
}

/// Whether the words on both sides of an element stand on lines or in cells of their own.
fn parts_words(element: &str) -> bool {
    matches!(element, "br" | "p" | "div" | "li" | "tr" | "td" | "th" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6")
}

#[cfg(test)]
mod tests {
    use super::title;

    #[test]
    fn a_title_is_one_line_of_text() {
        for (raw, wanted) in [
            ("a <b>bold</b> claim", "a bold claim"),
            ("AT&amp;T &#8211; news", "AT&T – news"),
            ("<script>alert(1)</script>", "alert(1)"),
            ("&lt;script&gt; in titles", "<script> in titles"),
            ("Vec<T> and <stdio.h>, 1 < 2", "Vec<T> and <stdio.h>, 1 < 2"),
            ("R&D  at\nnight", "R&D at night"),
            ("\u{202E}live\u{200B}", "live"),
            ("a <br", "a <br"),
            ("<p></p>", ""),
            ("one<br/>two<br>", "one two"),
        ] {
            assert_eq!(title(raw, 300).as_str(), wanted, "{raw}");
        }
        assert_eq!(title("<b>网安要闻</b>", 2).as_str(), "网安");
    }
}
