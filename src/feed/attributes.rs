//! The attributes of a tag, read as tolerantly as publishers write them.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter};

use super::references::{self, Reference};

/// Attributes read of one tag. Readers compare each with each, so that more would be quadratic.
const ATTRIBUTES_MAX: usize = 32;

/// A tag's attributes with what was wrong about them.
#[derive(Debug, Default)]
pub(super) struct Attributes<'a> {
    list: Vec<Attribute<'a>>,
    /// Whether a strict reader would read them otherwise: unquoted or missing values, repetitions, bare `&`, too many.
    pub has_flaw: bool,
}

/// One attribute.
#[derive(Debug, Clone)]
pub(super) struct Attribute<'a> {
    /// Its name as written.
    pub name: &'a str,
    /// Its value, references not yet resolved.
    pub raw: &'a str,
}

impl Attribute<'_> {
    /// The value with its references resolved.
    pub(super) fn value(&self) -> Cow<'_, str> {
        references::decode(self.raw)
    }
}

impl<'a> Attributes<'a> {
    /// Reads what stands between a tag's name and its end.
    pub(super) fn read(text: &'a str) -> Self {
        let mut found = Self::default();
        let mut rest = text.trim_ascii_start();
        while !rest.is_empty() {
            if found.list.len() == ATTRIBUTES_MAX {
                found.has_flaw = true;
                break;
            }
            let is_end = |b: u8| b.is_ascii_whitespace() || matches!(b, b'=' | b'"' | b'\'' | b'/');
            let name_length = rest.bytes().position(is_end).unwrap_or(rest.len());
            if name_length == 0 {
                // A sign that belongs to nothing.
                found.has_flaw = true;
                let skipped = rest.chars().next().map_or(1, char::len_utf8);
                rest = rest[skipped..].trim_ascii_start();
                continue;
            }
            let (name, behind) = rest.split_at(name_length);
            let behind = behind.trim_ascii_start();
            let Some(value) = behind.strip_prefix('=') else {
                found.has_flaw = true;
                rest = behind;
                continue;
            };
            let (raw, behind) = found.value(value.trim_ascii_start());
            found.push(Attribute { name, raw });
            found.has_flaw |= behind.starts_with(|c: char| !c.is_ascii_whitespace());
            rest = behind.trim_ascii_start();
        }
        found
    }

    /// Takes a value from the start of `text`: the raw value and what follows it.
    fn value(&mut self, text: &'a str) -> (&'a str, &'a str) {
        if let Some(quote @ (b'"' | b'\'')) = text.bytes().next()
            && let Some(length) = memchr(quote, &text.as_bytes()[1..])
        {
            return (&text[1..=length], &text[length + 2..]);
        }
        self.has_flaw = true;
        let length = text.find(|c: char| c.is_ascii_whitespace()).unwrap_or(text.len());
        (text[..length].trim_matches(['"', '\'']), &text[length..])
    }

    fn push(&mut self, attribute: Attribute<'a>) {
        if self.list.iter().any(|earlier| earlier.name == attribute.name) {
            self.has_flaw = true;
            return;
        }
        self.has_flaw |= !is_sound(attribute.raw);
        if !is_name(attribute.name) {
            self.has_flaw = true;
            return;
        }
        self.list.push(attribute);
    }

    /// The decoded value of an attribute, by name without regard to case.
    pub(super) fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        self.list.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name)).map(Attribute::value)
    }

    /// The raw value of an attribute as feed-rs looks for it: by its exact name.
    pub(super) fn exact(&self, name: &str) -> Option<&'a str> {
        self.list.iter().find(|attribute| attribute.name == name).map(|attribute| attribute.raw)
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Attribute<'a>> {
        self.list.iter()
    }

    /// Writes them into a tag, well formed, each after a space; `keep` chooses which.
    pub(super) fn write(&self, tag: &mut String, keep: impl Fn(&Attribute<'a>) -> bool) {
        for attribute in self.list.iter().filter(|attribute| keep(attribute)) {
            tag.push(' ');
            tag.push_str(attribute.name);
            tag.push_str("=\"");
            escape_into(tag, &attribute.value());
            tag.push('"');
        }
    }
}

/// Whether an attribute may be called so, as far as readers care.
fn is_name(name: &str) -> bool {
    let is_inside = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':') || !b.is_ascii();
    name.bytes().all(is_inside) && !name.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '.'))
}

/// Whether every `&` of a value begins a reference that readers resolve.
fn is_sound(raw: &str) -> bool {
    memchr_iter(b'&', raw.as_bytes()).all(|at| matches!(references::inspect(&raw[at..]), Reference::Sound { .. }))
}

/// Appends text with the characters escaped that mean something in XML.
pub(super) fn escape_into(out: &mut String, text: &str) {
    out.push_str(&quick_xml::escape::escape(text));
}

#[cfg(test)]
mod tests {
    use super::Attributes;

    fn written(text: &str) -> (String, bool) {
        let attributes = Attributes::read(text);
        let mut tag = String::new();
        attributes.write(&mut tag, |_| true);
        (tag, attributes.has_flaw)
    }

    #[test]
    fn well_formed_attributes_stay() {
        assert_eq!(written(" a='1' xml:b = \"x &amp; y\" "), (" a=\"1\" xml:b=\"x &amp; y\"".to_owned(), false));
        assert_eq!(written(""), (String::new(), false));
    }

    #[test]
    fn ill_formed_attributes_become_well_formed() {
        for (text, wanted) in [
            (" href=http://a/?b=1&c=2", " href=\"http://a/?b=1&amp;c=2\""),
            (" a='1'b='2'", " a=\"1\" b=\"2\""),
            (" a='1' a='2'", " a=\"1\""),
            (" checked a='1'", " a=\"1\""),
            (" = ' a=\"1\"", " a=\"1\""),
            (" a=\"1", " a=\"1\""),
            (" é='1' / \"", " é=\"1\""),
            (" ]='1' 2='' a='1'", " a=\"1\""),
        ] {
            assert_eq!(written(text), (wanted.to_owned(), true), "{text}");
        }
    }

    #[test]
    fn a_tag_has_a_limited_number_of_attributes() {
        let text: String = (0..100_000).map(|index| format!(" a{index}=''")).collect();
        assert_eq!(Attributes::read(&text).iter().count(), super::ATTRIBUTES_MAX);
    }
}
