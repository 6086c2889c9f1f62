//! The visible text of HTML.

use super::{
    entities,
    tokens::{Name, Token, Tokens},
};

/// What an element does to the text around it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Nothing.
    Inline,
    /// Begins and ends a line.
    Block,
    /// Keeps its own line ends, and is a block.
    Preformatted,
    /// Stands apart from its neighbour on the same line.
    Cell,
    /// Is not shown, nor is what it holds.
    Hidden,
}

impl Role {
    fn of(name: Name) -> Self {
        match name.as_str() {
            "script" | "style" | "noscript" | "template" | "svg" | "math" | "title" | "textarea" | "select" | "iframe" | "object" => {
                Self::Hidden
            }
            "td" | "th" | "dt" => Self::Cell,
            "pre" | "listing" => Self::Preformatted,
            "p" | "div" | "br" | "hr" | "li" | "ul" | "ol" | "dl" | "dd" | "tr" | "table" | "thead" | "tbody" | "tfoot" | "caption"
            | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "blockquote" | "section" | "article" | "header" | "footer" | "aside" | "main"
            | "nav" | "figure" | "figcaption" | "address" | "center" | "form" | "fieldset" | "details" | "summary" | "body" | "html"
            | "head" => Self::Block,
            _ => Self::Inline,
        }
    }
}

/// The visible text of `html`: entities decoded, white space collapsed, one line for each block element, nothing of scripts and styles.
/// No line is empty, none begins or ends with a space; the last has no line end.
pub fn plain(html: &str) -> String {
    let mut page = Page { text: String::with_capacity(html.len() / 2), gap: Gap::None, preformatted: 0 };
    let mut tokens = Tokens::new(html);
    while let Some(token) = tokens.next() {
        match token {
            Token::Text(text) => page.write(text),
            Token::Open(name, _) => match Role::of(name) {
                Role::Hidden => tokens.skip_element(name),
                role => page.turn(role, 1),
            },
            Token::Close(name, _) => page.turn(Role::of(name), -1),
            Token::Comment | Token::Unfinished(_) => {}
        }
    }
    page.text
}

/// The beginning of `text`: at most `bytes_max` bytes, cut between characters.
pub fn beginning(text: &str, bytes_max: usize) -> &str {
    let end = bytes_max.min(text.len());
    (0..=end.min(3)).find_map(|back| text.get(..end - back)).unwrap_or_default()
}

/// The space owed before the next visible character.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    None,
    Space,
    Line,
}

struct Page {
    text: String,
    gap: Gap,
    preformatted: i32,
}

impl Page {
    /// Enters (`step` 1) or leaves (`step` -1) an element.
    fn turn(&mut self, role: Role, step: i32) {
        match role {
            Role::Block => self.owe(Gap::Line),
            Role::Preformatted => {
                self.owe(Gap::Line);
                self.preformatted = (self.preformatted + step).max(0);
            }
            Role::Cell => self.owe(Gap::Space),
            Role::Inline | Role::Hidden => {}
        }
    }

    fn owe(&mut self, gap: Gap) {
        self.gap = self.gap.max(gap);
    }

    fn write(&mut self, text: &str) {
        let mut rest = text;
        while !rest.is_empty() {
            let run = rest.bytes().position(|b| b == b'&' || b.is_ascii_whitespace()).unwrap_or(rest.len());
            self.show(&rest[..run]);
            rest = &rest[run..];
            let Some(first) = rest.bytes().next() else { break };
            if first == b'&' {
                let (one, two, len) = entities::read(rest).unwrap_or(('&', None, 1));
                self.show_char(one);
                two.into_iter().for_each(|c| self.show_char(c));
                rest = &rest[len..];
            } else {
                self.owe(if first == b'\n' && self.preformatted > 0 { Gap::Line } else { Gap::Space });
                rest = &rest[1..];
            }
        }
    }

    fn show_char(&mut self, c: char) {
        if c == '\u{A0}' || c.is_ascii_whitespace() {
            self.owe(Gap::Space);
        } else {
            self.show(c.encode_utf8(&mut [0; 4]));
        }
    }

    fn show(&mut self, run: &str) {
        if run.is_empty() {
            return;
        }
        if !self.text.is_empty() {
            match self.gap {
                Gap::None => {}
                Gap::Space => self.text.push(' '),
                Gap::Line => self.text.push('\n'),
            }
        }
        self.gap = Gap::None;
        self.text.push_str(run);
    }
}

#[cfg(test)]
mod tests {
    use super::{beginning, plain};

    #[test]
    fn text_reads_as_a_browser_shows_it() {
        for (html, wanted) in [
            ("", ""),
            ("just text", "just text"),
            ("<p>a</p><p>b</p>", "a\nb"),
            ("<p> a <b> b</b>c\n d </p>", "a bc d"),
            ("a<br>b<br/><br>c", "a\nb\nc"),
            ("<td>a</td><td>b</td>", "a b"),
            ("AT&amp;T&nbsp;&lt;b&gt; &#x7f51;", "AT&T <b> 网"),
            ("a<script>if (1<2) '<p>x</p>'</script>b<STYLE>p{}</STYLE>c", "abc"),
            ("a<!-- <p>hidden</p> -->b", "ab"),
            ("<pre>one\n  two</pre>three", "one\ntwo\nthree"),
            ("a<p", "a"),
            ("1 < 2 & 3", "1 < 2 & 3"),
            ("<section>网</section><section>安</section>", "网\n安"),
        ] {
            assert_eq!(plain(html), wanted, "{html}");
        }
    }

    #[test]
    fn a_beginning_ends_between_characters() {
        for (bytes_max, wanted) in [(0, ""), (2, ""), (3, "网"), (5, "网"), (6, "网安"), (99, "网安")] {
            assert_eq!(beginning("网安", bytes_max), wanted);
        }
        assert_eq!(beginning("🔥", 3), "");
    }

    #[test]
    fn hostile_markup_takes_linear_time() {
        for piece in ["<svg>", "<!--", "<a b='", "&", "</", "<script", "<pre>\n"] {
            assert!(plain(&piece.repeat(200_000)).len() < 2_000_000, "{piece}");
        }
    }
}
