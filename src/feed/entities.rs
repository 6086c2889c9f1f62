//! Entities that a feed declares in its own DOCTYPE (XML 1.0 section 4.2): those that stand for plain text are put in their places.
//!
//! Nothing else is: no file or address is ever read for one (an external entity, protocol P12), none that holds markup or another entity,
//! so that nothing expands twice, and no more text than [`ADDED_BYTES_MAX`], so that a short document cannot become a long one.

use std::{borrow::Cow, collections::HashMap, ops::Range};

use memchr::{memchr, memmem};

use super::{
    edits::Edits,
    references::{self, Reference},
    tokens::{Kind, Tokens},
};

/// Entities read of one document: HTML has 253, and feeds copy its list.
const ENTITIES_MAX: usize = 500;

/// Longest name and longest text of an entity, in bytes.
const NAME_BYTES_MAX: usize = 64;
const VALUE_BYTES_MAX: usize = 512;

/// Bytes that all entities together may add to a document.
const ADDED_BYTES_MAX: usize = 1 << 20;

/// The names that mean the same in every document, whatever it declares.
const PREDEFINED: [&str; 5] = ["lt", "gt", "amp", "quot", "apos"];

/// The text with the entities that its prologue, which ends at `root_at`, declares as plain text. The prologue itself stays as it is.
pub(super) fn expand(text: &str, root_at: usize) -> Cow<'_, str> {
    if memmem::find(&text.as_bytes()[..root_at], b"<!ENTITY").is_none() {
        return Cow::Borrowed(text);
    }
    let entities = declared(&text[..root_at]);
    if entities.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut expander = Expander { entities, edits: Edits::default(), room: ADDED_BYTES_MAX };
    for token in Tokens::new(text, root_at) {
        // Sections of character data and comments hold no references.
        if matches!(token.kind, Kind::Text(_) | Kind::Start { .. }) {
            expander.expand(text, token.start..token.end);
        }
    }
    expander.edits.apply(text, 0..text.len(), Vec::new()).text
}

struct Expander<'a> {
    entities: HashMap<&'a str, String>,
    edits: Edits,
    /// Bytes that may still be added.
    room: usize,
}

impl Expander<'_> {
    /// Replaces the references in one token.
    fn expand(&mut self, text: &str, within: Range<usize>) {
        let mut at = within.start;
        while let Some(length) = memchr(b'&', &text.as_bytes()[at..within.end]) {
            at += length;
            let window = &text.as_bytes()[at..within.end.min(at + NAME_BYTES_MAX + 2)];
            let Some(end) = memchr(b';', window) else {
                at += 1;
                continue;
            };
            // What ends with an ASCII sign ends between two characters.
            let known = text.get(at + 1..at + end).and_then(|name| self.entities.get(name));
            if let Some(value) = known.filter(|value| value.len() <= self.room) {
                self.room -= value.len();
                self.edits.replace(at..at + end + 1, value.clone());
            }
            at += 1;
        }
    }
}

/// The entities of a prologue that stand for plain text; of several declarations of one name the first counts.
fn declared(prologue: &str) -> HashMap<&str, String> {
    let instructions = Tokens::new(prologue, 0).filter(|token| token.kind == Kind::Instruction);
    let found = instructions.flat_map(|token| prologue[token.start..token.end].split("<!ENTITY").skip(1).filter_map(declaration_of));
    let mut entities = HashMap::new();
    for (name, value) in found.take(ENTITIES_MAX) {
        // One that is none of ours hides a later one of its name all the same.
        entities.entry(name).or_insert(value);
    }
    entities.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// Name and text of what stands behind `<!ENTITY`; no text for one that is external or not plain. `None` for what is no general entity.
fn declaration_of(text: &str) -> Option<(&str, Option<String>)> {
    let (name, rest) = text.trim_start().split_once(|c: char| c.is_ascii_whitespace())?;
    let is_general = !name.is_empty() && name != "%" && name.len() <= NAME_BYTES_MAX && !PREDEFINED.contains(&name);
    let rest = rest.trim_start();
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
    let value = quote.and_then(|quote| rest[1..].split_once(quote)).and_then(|(value, _)| plain(value));
    is_general.then_some((name, value))
}

/// An entity's text as it can stand between tags and in quotes; `None` where it holds markup or other entities.
fn plain(value: &str) -> Option<String> {
    if value.len() > VALUE_BYTES_MAX || value.contains(['<', '%']) {
        return None;
    }
    let is_reference_to_character = |at: usize| {
        let rest = &value[at..];
        let Reference::Sound { bytes } = references::inspect(rest) else { return false };
        rest.starts_with("&#") || PREDEFINED.contains(&&rest[1..bytes - 1])
    };
    if !value.match_indices('&').all(|(at, _)| is_reference_to_character(at)) {
        return None;
    }
    // A reference inside the declaration is resolved there; what it means is text here, also where it is `<` or `&`.
    let decoded = references::decode(value);
    // `&#38;#160;`, which is `&#160;` once it is declared, is what entities about markup look like.
    let text = if decoded.starts_with("&#") { references::decode(&decoded).into_owned() } else { decoded.into_owned() };
    let line: String = text.chars().map(|c| if c.is_ascii_whitespace() { ' ' } else { c }).collect();
    Some(quick_xml::escape::escape(line).into_owned())
}

#[cfg(test)]
mod tests {
    use super::{ADDED_BYTES_MAX, expand};

    fn expanded(subset: &str, body: &str) -> String {
        let prologue = format!("<?xml version='1.0'?><!DOCTYPE rss [{subset}]>");
        let text = format!("{prologue}{body}");
        let out = expand(&text, prologue.len());
        out.strip_prefix(prologue.as_str()).expect("the prologue stays").to_owned()
    }

    #[test]
    fn plain_entities_are_put_in_their_places() {
        for (subset, body, wanted) in [
            ("<!ENTITY nbsp \"&#160;\">", "<a>x&nbsp;y</a>", "<a>x\u{a0}y</a>"),
            (
                "<!ENTITY co 'Acme \"&amp;\" Sons'>",
                "<a b='&co;'>&co;</a>",
                "<a b='Acme &quot;&amp;&quot; Sons'>Acme &quot;&amp;&quot; Sons</a>",
            ),
            ("<!ENTITY a 'one'><!ENTITY a 'two'>", "<a>&a;</a>", "<a>one</a>"),
            ("\n<!ENTITY  my-site\n 'My\nsite' >", "<a>&my-site;</a>", "<a>My site</a>"),
            ("<!ENTITY lt2 '&#38;#60;'>", "<a>&lt2;</a>", "<a>&lt;</a>"),
            ("<!ENTITY a 'one'>", "<a><![CDATA[&a;]]><!-- &a; -->&a &b; &amp;a;</a>", "<a><![CDATA[&a;]]><!-- &a; -->&a &b; &amp;a;</a>"),
        ] {
            assert_eq!(expanded(subset, body), wanted, "{subset}");
        }
    }

    #[test]
    fn nothing_external_nested_or_marked_up_is_expanded() {
        for subset in [
            "<!ENTITY a SYSTEM 'file:///etc/passwd'>",
            "<!ENTITY a PUBLIC '-//x' 'http://a.example/x'>",
            "<!ENTITY % a 'one'>",
            "<!ENTITY a '<b>bold</b>'>",
            "<!ENTITY b 'bb'><!ENTITY a '&b;&b;'>",
            "<!ENTITY a SYSTEM 'x'><!ENTITY a 'second'>",
            "<!ENTITY amp 'evil'>",
            "<!ENTITY a 'no end>",
            "<!ENTITY a",
        ] {
            assert_eq!(expanded(subset, "<a>&a;&amp;</a>"), "<a>&a;&amp;</a>", "{subset}");
        }
    }

    #[test]
    fn a_bomb_stays_small() {
        let subset = format!("<!ENTITY a '{}'>", "x".repeat(500));
        let body = format!("<a>{}</a>", "&a;".repeat(1 << 20));
        let out = expanded(&subset, &body);
        assert!(out.len() <= body.len() + ADDED_BYTES_MAX && out.contains(&"x".repeat(500)), "{}", out.len());
        let text = format!("<!DOCTYPE r [{}]><r>{}</r>", "<!ENTITY ".repeat(100_000), "&".repeat(100_000));
        assert_eq!(expand(&text, text.find("<r>").expect("a root")), text);
    }
}
