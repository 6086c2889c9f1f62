//! Cuts XML, or what was meant to be XML, into tokens. Never fails and never looks twice at a byte for the same reason.
//!
//! Well-formed markup is cut as XML 1.0 says. Anything else comes out as something near: a `<` that begins no tag is text, a tag whose
//! quotes do not match ends at its first `>`, a comment or CDATA section that never ends is cut short. Such tokens say so in `flaw`, and
//! the caller replaces them. (xml5ever recovers as well, but tells neither where a fault was nor what its tokens looked like, so that
//! nothing could be left as the publisher wrote it.)

use memchr::{memchr, memchr2, memmem::find};

/// One token and where it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'a> {
    /// What it is.
    pub kind: Kind<'a>,
    /// First byte.
    pub start: usize,
    /// First byte behind it.
    pub end: usize,
    /// What was wrong with it, so that a strict reader would not read it like this.
    pub flaw: Option<&'static str>,
}

/// Sorts of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind<'a> {
    /// `<name attributes>`, or with `is_empty` `<name attributes/>`.
    Start { name: &'a str, attributes: &'a str, is_empty: bool },
    /// `</name>`.
    End { name: &'a str },
    /// Character data, references as written.
    Text(&'a str),
    /// The inside of a CDATA section.
    Cdata(&'a str),
    /// A comment.
    Comment,
    /// A processing instruction, an XML declaration or a DOCTYPE, which no reader may act on (protocol P12).
    Instruction,
    /// Markup that had begun when the document ended.
    Cut,
}

/// A quoted attribute value longer than this was not meant to be one.
const VALUE_BYTES_MAX: usize = 64 << 10;

/// The tokens of a text, first to last.
#[derive(Debug, Clone)]
pub(super) struct Tokens<'a> {
    text: &'a str,
    at: usize,
    /// Terminators that are known not to occur any more, so that nobody searches for them again.
    spent: Spent,
}

/// Which terminators the rest of the text lacks.
#[derive(Debug, Clone, Copy, Default)]
struct Spent {
    comment: bool,
    cdata: bool,
    instruction: bool,
    subset: bool,
}

impl<'a> Tokens<'a> {
    /// The tokens of `text` from the byte `at`.
    pub(super) fn new(text: &'a str, at: usize) -> Self {
        Self { text, at, spent: Spent::default() }
    }

    fn token(&mut self, kind: Kind<'a>, end: usize, flaw: Option<&'static str>) -> Token<'a> {
        let start = std::mem::replace(&mut self.at, end);
        Token { kind, start, end, flaw }
    }

    /// Everything up to the next markup.
    fn text(&mut self) -> Token<'a> {
        let rest = &self.text.as_bytes()[self.at..];
        let end = memchr(b'<', rest).map_or(self.text.len(), |offset| self.at + offset);
        self.token(Kind::Text(&self.text[self.at..end]), end, None)
    }

    /// A `<` that begins nothing, and those that follow it: before a `<` there is never a tag.
    fn stray(&mut self) -> Token<'a> {
        let run = self.text[self.at..].bytes().take_while(|b| *b == b'<').count();
        let end = self.at + run.saturating_sub(1).max(1);
        self.token(Kind::Text(&self.text[self.at..end]), end, Some("bare `<`, read as `&lt;`"))
    }

    /// `<!-- -->`, `<![CDATA[ ]]>`, `<!DOCTYPE ...>`.
    fn declaration(&mut self, rest: &'a str) -> Token<'a> {
        if let Some(inside) = rest.strip_prefix("<!--") {
            if !self.spent.comment {
                if let Some(length) = find(inside.as_bytes(), b"-->") {
                    return self.token(Kind::Comment, self.at + 4 + length + 3, None);
                }
                self.spent.comment = true;
            }
            return self.until_bracket(Kind::Comment, "comment without end, closed at the next `>`");
        }
        if rest.len() >= 9 && rest.as_bytes()[..9].eq_ignore_ascii_case(b"<![CDATA[") {
            let from = self.at + 9;
            let flaw = (!rest.starts_with("<![CDATA[")).then_some("CDATA in the wrong case");
            if !self.spent.cdata {
                if let Some(length) = find(&self.text.as_bytes()[from..], b"]]>") {
                    return self.token(Kind::Cdata(&self.text[from..from + length]), from + length + 3, flaw);
                }
                self.spent.cdata = true;
            }
            // Without an end it reaches to the next closing tag, so that what follows is not swallowed.
            let end = self.text[from..].find("</").map(|length| from + length);
            let inside = &self.text[from..end.unwrap_or(self.text.len())];
            let flaw = "CDATA section without end, closed at the next closing tag";
            return match end {
                Some(end) => self.token(Kind::Cdata(inside.trim_end_matches([']', '>'])), end, Some(flaw)),
                None => self.cut(),
            };
        }
        if rest.len() >= 9 && rest.as_bytes()[..9].eq_ignore_ascii_case(b"<!DOCTYPE") {
            const FLAW: &str = "DOCTYPE, dropped";
            if !self.spent.subset {
                if let Some(length) = doctype_length(rest) {
                    return self.token(Kind::Instruction, self.at + length, Some(FLAW));
                }
                self.spent.subset = true;
            }
            return self.until_bracket(Kind::Instruction, FLAW);
        }
        self.until_bracket(Kind::Instruction, "unknown declaration, dropped")
    }

    /// `<?target ...?>`.
    fn instruction(&mut self, rest: &'a str) -> Token<'a> {
        if !self.spent.instruction {
            if let Some(length) = find(rest.as_bytes(), b"?>") {
                return self.token(Kind::Instruction, self.at + length + 2, Some("processing instruction, dropped"));
            }
            self.spent.instruction = true;
        }
        self.until_bracket(Kind::Instruction, "processing instruction without end, closed at the next `>`")
    }

    /// Ends a token whose own end is missing at the next `>`, or at the end of the text.
    fn until_bracket(&mut self, kind: Kind<'a>, flaw: &'static str) -> Token<'a> {
        match self.text[self.at..].find('>') {
            Some(length) => self.token(kind, self.at + length + 1, Some(flaw)),
            None => self.cut(),
        }
    }

    /// The rest of the text, in the middle of which the document ended.
    fn cut(&mut self) -> Token<'a> {
        self.token(Kind::Cut, self.text.len(), Some("document ends inside markup"))
    }

    /// `</name>`.
    fn end_tag(&mut self, rest: &'a str) -> Token<'a> {
        let Some(length) = memchr2(b'>', b'<', &rest.as_bytes()[2..]).map(|length| length + 2) else { return self.cut() };
        let inside = &rest[2..length];
        let is_name = !inside.bytes().any(|b| b.is_ascii_whitespace());
        let name = if is_name { inside } else { inside.split_ascii_whitespace().next().unwrap_or_default() };
        let flaw = match rest.as_bytes()[length] {
            b'<' => Some("closing tag without `>`"),
            _ if !is_name && inside.trim_ascii_end() != name => Some("closing tag with more than a name"),
            _ => None,
        };
        let end = self.at + length + usize::from(flaw != Some("closing tag without `>`"));
        self.token(Kind::End { name }, end, flaw)
    }

    /// `<name attributes>`.
    fn start_tag(&mut self, rest: &'a str) -> Token<'a> {
        let (length, flaw) = match tag_end(rest) {
            TagEnd::At(length) => (length, None),
            TagEnd::Interrupted => return self.stray(),
            TagEnd::Unbalanced => match rest.find('>') {
                Some(length) => (length, Some("tag with unbalanced quotes, closed at its first `>`")),
                None => return self.cut(),
            },
        };
        let inside = &rest[1..length];
        let (inside, is_empty) = inside.strip_suffix('/').map_or((inside, false), |inside| (inside, true));
        let name_length = inside.bytes().position(|b| b.is_ascii_whitespace()).unwrap_or(inside.len());
        let (name, attributes) = inside.split_at(name_length);
        if name.bytes().any(|b| matches!(b, b'"' | b'\'' | b'=' | b'&' | b'<' | b';' | b'/')) {
            return self.stray();
        }
        let end = self.at + length + 1;
        self.token(Kind::Start { name, attributes, is_empty }, end, flaw)
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let rest = &self.text[self.at..];
        let mut bytes = rest.bytes();
        if bytes.next()? != b'<' {
            return Some(self.text());
        }
        Some(match bytes.next() {
            Some(b'!') => self.declaration(rest),
            Some(b'?') => self.instruction(rest),
            Some(b'/') => self.end_tag(rest),
            Some(b) if b.is_ascii_alphabetic() || b == b'_' || b == b':' || b >= 0x80 => self.start_tag(rest),
            _ => self.stray(),
        })
    }
}

/// How a tag ends.
enum TagEnd {
    /// At the `>` with this offset.
    At(usize),
    /// Another `<` comes before any `>`: it was no tag.
    Interrupted,
    /// A quote does not end.
    Unbalanced,
}

/// Where the tag at the start of `rest` ends, quotes respected.
fn tag_end(rest: &str) -> TagEnd {
    let bytes = rest.as_bytes();
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'>' => return TagEnd::At(at),
            b'<' => return TagEnd::Interrupted,
            b'"' | b'\'' => match value_length(*byte, &bytes[at + 1..]) {
                Some(length) => at += length + 1,
                None => return TagEnd::Unbalanced,
            },
            _ => {}
        }
        at += 1;
    }
    TagEnd::Unbalanced
}

/// The length of the value at the start of `bytes` that ends with `quote`. `None` where it is none: `>` before `<` in it shows that the
/// closing quote is missing, as in `<a title="x>text</a>`.
fn value_length(quote: u8, bytes: &[u8]) -> Option<usize> {
    let length = memchr(quote, &bytes[..bytes.len().min(VALUE_BYTES_MAX)])?;
    let bracket = memchr(b'>', &bytes[..length]);
    bracket.is_none_or(|bracket| memchr(b'<', &bytes[bracket..length]).is_none()).then_some(length)
}

/// The length of a DOCTYPE, its internal subset included, at the start of `rest`; `None` when it does not end.
fn doctype_length(rest: &str) -> Option<usize> {
    let mut depth = 0_u32;
    for (index, byte) in rest.bytes().enumerate() {
        match byte {
            b'[' => depth += 1,
            b']' => depth = depth.saturating_sub(1),
            b'>' if depth == 0 => return Some(index + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Kind, Tokens};

    fn kinds(text: &str) -> Vec<Kind<'_>> {
        Tokens::new(text, 0).map(|token| token.kind).collect()
    }

    fn start<'a>(name: &'a str, attributes: &'a str, is_empty: bool) -> Kind<'a> {
        Kind::Start { name, attributes, is_empty }
    }

    #[test]
    fn well_formed_xml_is_cut_as_xml() {
        let text = "<a b='>' c=\"'\"><x:d/>t&amp;t<![CDATA[<]]]><!-- <b> --></a >";
        assert_eq!(
            kinds(text),
            [
                start("a", " b='>' c=\"'\"", false),
                start("x:d", "", true),
                Kind::Text("t&amp;t"),
                Kind::Cdata("<]"),
                Kind::Comment,
                Kind::End { name: "a" }
            ]
        );
        assert!(Tokens::new(text, 0).all(|token| token.flaw.is_none()));
    }

    #[test]
    fn dirt_becomes_the_nearest_token_and_says_so() {
        for (text, wanted) in [
            ("a < b", vec![Kind::Text("a "), Kind::Text("<"), Kind::Text(" b")]),
            ("<3", vec![Kind::Text("<"), Kind::Text("3")]),
            ("<a b=\"x>t</a>", vec![start("a", " b=\"x", false), Kind::Text("t"), Kind::End { name: "a" }]),
            ("<!-- open <b>", vec![Kind::Comment]),
            ("<![CDATA[x</a>", vec![Kind::Cdata("x"), Kind::End { name: "a" }]),
            ("</a b>", vec![Kind::End { name: "a" }]),
            ("a<b and c</t>", vec![Kind::Text("a"), Kind::Text("<"), Kind::Text("b and c"), Kind::End { name: "t" }]),
            ("<a\">t", vec![Kind::Text("<"), Kind::Text("a\">t")]),
            ("</a<b>", vec![Kind::End { name: "a" }, start("b", "", false)]),
            ("<?php x>y", vec![Kind::Instruction, Kind::Text("y")]),
            ("<!DOCTYPE r [<!ENTITY a \"b\">]>t", vec![Kind::Instruction, Kind::Text("t")]),
            ("<a b", vec![Kind::Cut]),
        ] {
            assert_eq!(kinds(text), wanted, "{text}");
            assert!(Tokens::new(text, 0).any(|token| token.flaw.is_some()), "{text}");
        }
    }

    #[test]
    fn tokens_cover_every_byte_once() {
        for text in ["", "<", "<<<", "</", "<a", "<a<a<a>", "<!-", "<![CDATA[", "x<!DOCTYPE [", "<a '><b \">", "é<é>"] {
            let mut at = 0;
            for token in Tokens::new(text, 0) {
                assert_eq!(token.start, at, "{text}");
                assert!(token.end > at, "{text}");
                at = token.end;
            }
            assert_eq!(at, text.len(), "{text}");
        }
    }
}
