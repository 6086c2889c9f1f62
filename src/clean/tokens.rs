//! A small HTML tokenizer, after the data state of the HTML standard (section 13.2.5): for reading and counting, never for safety.

/// A piece of markup. The pieces in order make up the whole input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// Characters to show, entities not decoded. A `<` that opens no tag stands first in its piece.
    Text(&'a str),
    /// A start tag, as written.
    Open(Name, &'a str),
    /// An end tag, as written.
    Close(Name, &'a str),
    /// A comment, a declaration or a processing instruction.
    Comment,
    /// A tag or comment that the input ends inside of.
    Unfinished(&'a str),
}

/// A tag name in lowercase. Names over 16 bytes, which no element of HTML has, come out empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Name {
    bytes: [u8; 16],
    len: usize,
}

impl Name {
    fn read(text: &str) -> Self {
        let len = text.bytes().position(|b| b.is_ascii_whitespace() || matches!(b, b'/' | b'>')).unwrap_or(text.len());
        let mut bytes = [0; 16];
        let is_plain = len <= bytes.len() && text.as_bytes()[..len].is_ascii();
        let len = if is_plain { len } else { 0 };
        bytes[..len].copy_from_slice(&text.as_bytes()[..len]);
        bytes.make_ascii_lowercase();
        Self { bytes, len }
    }

    pub(super) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.len]).unwrap_or_default()
    }
}

/// Reads tokens from left to right, in time linear in the input.
pub(super) struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(html: &'a str) -> Self {
        Self { rest: html }
    }

    /// Skips to just behind the end tag of an element whose content is not shown; to the end where it is never closed.
    pub(super) fn skip_element(&mut self, name: Name) {
        let name = name.as_str().as_bytes();
        let bytes = self.rest.as_bytes();
        let mut at = 0;
        while let Some(found) = self.rest[at..].find("</") {
            at += found + 2;
            let inside = &bytes[at..];
            let is_it = inside.len() > name.len()
                && inside[..name.len()].eq_ignore_ascii_case(name)
                && (inside[name.len()].is_ascii_whitespace() || matches!(inside[name.len()], b'/' | b'>'));
            if is_it {
                let end = self.rest[at..].find('>').map_or(self.rest.len(), |end| at + end + 1);
                self.rest = &self.rest[end..];
                return;
            }
        }
        self.rest = "";
    }

    /// Takes `len` bytes off the front.
    fn take(&mut self, len: usize) -> &'a str {
        let (piece, rest) = self.rest.split_at(len);
        self.rest = rest;
        piece
    }

    fn take_text(&mut self) -> Token<'a> {
        let start = usize::from(self.rest.starts_with('<'));
        let end = self.rest[start..].find('<').map_or(self.rest.len(), |at| start + at);
        Token::Text(self.take(end))
    }

    fn take_tag(&mut self, name_at: usize) -> Token<'a> {
        let name = Name::read(&self.rest[name_at..]);
        let Some(end) = tag_end(&self.rest.as_bytes()[name_at..]) else {
            return Token::Unfinished(std::mem::take(&mut self.rest));
        };
        let source = self.take(name_at + end);
        if name_at == 1 { Token::Open(name, source) } else { Token::Close(name, source) }
    }

    fn take_comment(&mut self) -> Token<'a> {
        let end = match self.rest.strip_prefix("<!--") {
            Some(inside) if inside.starts_with('>') => Some(5),
            Some(inside) if inside.starts_with("->") => Some(6),
            Some(inside) => {
                let usual = inside.find("-->").map(|at| at + 3);
                let odd = inside[..usual.unwrap_or(inside.len())].find("--!>").map(|at| at + 4);
                odd.or(usual).map(|end| 4 + end)
            }
            None => self.rest.find('>').map(|at| at + 1),
        };
        match end {
            Some(end) => {
                self.take(end);
                Token::Comment
            }
            None => Token::Unfinished(std::mem::take(&mut self.rest)),
        }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let token = match self.rest.as_bytes() {
            [] => return None,
            [b'<', b'a'..=b'z' | b'A'..=b'Z', ..] => self.take_tag(1),
            [b'<', b'/', b'a'..=b'z' | b'A'..=b'Z', ..] => self.take_tag(2),
            [b'<', b'!' | b'?', ..] | [b'<', b'/', _, ..] => self.take_comment(),
            _ => self.take_text(),
        };
        Some(token)
    }
}

/// Where inside a tag the reader stands. Quotes count in a value only.
#[derive(Clone, Copy)]
enum Place {
    TagName,
    BeforeName,
    Name,
    AfterName,
    BeforeValue,
    Bare,
    Quoted(u8),
}

/// Length of a tag from its name to behind its `>`.
fn tag_end(bytes: &[u8]) -> Option<usize> {
    let mut place = Place::TagName;
    for (at, &byte) in bytes.iter().enumerate() {
        let is_space = byte.is_ascii_whitespace();
        place = match (place, byte) {
            (Place::Quoted(quote), _) if byte == quote => Place::BeforeName,
            (Place::Quoted(quote), _) => Place::Quoted(quote),
            (_, b'>') => return Some(at + 1),
            (Place::Bare, _) if !is_space => Place::Bare,
            (Place::BeforeValue, b'"' | b'\'') => Place::Quoted(byte),
            (Place::BeforeValue, _) => {
                if is_space {
                    Place::BeforeValue
                } else {
                    Place::Bare
                }
            }
            (Place::TagName, _) if !is_space && byte != b'/' => Place::TagName,
            (Place::Name | Place::AfterName, b'=') => Place::BeforeValue,
            (Place::Name | Place::AfterName, _) if is_space => Place::AfterName,
            (_, b'/') => Place::BeforeName,
            _ if is_space => Place::BeforeName,
            _ => Place::Name,
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Token, Tokens};

    fn shape(html: &str) -> String {
        Tokens::new(html)
            .map(|token| match token {
                Token::Text(text) => format!("[{text}]"),
                Token::Open(name, _) => format!("<{}>", name.as_str()),
                Token::Close(name, _) => format!("</{}>", name.as_str()),
                Token::Comment => "!".to_owned(),
                Token::Unfinished(_) => "~".to_owned(),
            })
            .collect()
    }

    #[test]
    fn tags_end_where_a_browser_ends_them() {
        for (html, wanted) in [
            ("a<B x='>'>c</b >d", "[a]<b>[c]</b>[d]"),
            ("<a b\"c>d", "<a>[d]"),
            ("<a =\"x>y", "<a>[y]"),
            ("<a b=c\"d>e", "<a>[e]"),
            ("<a b = \"c>d\">e", "<a>[e]"),
            ("<a/b>c", "<a>[c]"),
            ("1 < 2 <3", "[1 ][< 2 ][<3]"),
            ("<!-->a<!--->b<!--x--!>c<!-- -->d", "![a]![b]![c]![d]"),
            ("<!doctype html>a<?x>b</ >c", "![a]![b]![c]"),
            ("a<b title=\"", "[a]~"),
            ("a<!-- b", "[a]~"),
            ("<averyveryverylongname>", "<>"),
            ("</", "[</]"),
            ("<", "[<]"),
        ] {
            assert_eq!(shape(html), wanted, "{html}");
        }
    }

    #[test]
    fn hidden_content_ends_at_its_own_end_tag() {
        let mut tokens = Tokens::new("<script>'</b></scripts>'</SCRIPT >a");
        let Some(Token::Open(name, _)) = tokens.next() else { panic!("a start tag") };
        tokens.skip_element(name);
        assert_eq!(tokens.next(), Some(Token::Text("a")));
    }
}
