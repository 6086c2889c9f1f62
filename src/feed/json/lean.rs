//! JSON read into memory without what a feed has no use for: a document of ten million zeros must not become as many values.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value, value::RawValue};

use super::shape::{ITEMS_MAX, LIST_MAX};

/// Levels that a field of a feed or an item has at most: a list of objects of values.
const DEPTH_MAX: usize = 3;

/// Every name that means something, in a feed, an item, or a part of one.
const NAMES: &[&str] = &[
    "version",
    "title",
    "home_page_url",
    "feed_url",
    "description",
    "icon",
    "favicon",
    "language",
    "author",
    "authors",
    "hubs",
    "expired",
    "id",
    "url",
    "external_url",
    "content_html",
    "content_text",
    "summary",
    "date_published",
    "date_modified",
    "tags",
    "attachments",
    "name",
    "mime_type",
    "size_in_bytes",
    "type",
];

/// A feed whose entries are not read yet.
#[derive(Debug)]
pub(super) struct Outline<'a> {
    /// Its other members.
    pub head: Map<String, Value>,
    /// Its entries, as written.
    pub entries: Vec<&'a RawValue>,
    /// Whether it has a list of entries.
    pub has_entries: bool,
    /// Whether there were more than are kept.
    pub is_cut: bool,
}

impl<'a> Outline<'a> {
    /// Reads a whole text. The error is that of the JSON reader; anything but an object is empty.
    pub(super) fn read(json: &'a str) -> serde_json::Result<Self> {
        let mut outline = Self { head: Map::new(), entries: Vec::new(), has_entries: false, is_cut: false };
        let mut reader = serde_json::Deserializer::from_str(json);
        reader.deserialize_any(OutlineVisitor(&mut outline))?;
        reader.end()?;
        Ok(outline)
    }
}

/// Reads one entry.
pub(super) fn entry(raw: &RawValue) -> serde_json::Result<Value> {
    Lean { depth: DEPTH_MAX }.deserialize(&mut serde_json::Deserializer::from_str(raw.get()))
}

struct OutlineVisitor<'o, 'a>(&'o mut Outline<'a>);

impl<'a> Visitor<'a> for OutlineVisitor<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(name) = members.next_key::<String>()? {
            if name == "items" {
                self.0.has_entries = true;
                let raw: &RawValue = members.next_value()?;
                if raw.get().starts_with('[') {
                    serde_json::Deserializer::from_str(raw.get()).deserialize_seq(EntriesVisitor(self.0)).map_err(A::Error::custom)?;
                }
            } else if NAMES.contains(&name.as_str()) {
                self.0.head.insert(name, members.next_value_seed(Lean { depth: DEPTH_MAX - 1 })?);
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

struct EntriesVisitor<'o, 'a>(&'o mut Outline<'a>);

impl<'a> Visitor<'a> for EntriesVisitor<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<(), A::Error> {
        self.0.entries.clear();
        while self.0.entries.len() < ITEMS_MAX {
            match list.next_element()? {
                Some(entry) => self.0.entries.push(entry),
                None => return Ok(()),
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {
            self.0.is_cut = true;
        }
        Ok(())
    }
}

/// A value of at most so many levels, without names that mean nothing and without what makes a list too long.
#[derive(Clone, Copy)]
struct Lean {
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Lean {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Lean {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut kept = Vec::new();
        let inner = Self { depth: self.depth.saturating_sub(1) };
        while self.depth > 0 && kept.len() < LIST_MAX {
            match list.next_element_seed(inner)? {
                Some(value) => kept.push(value),
                None => return Ok(Value::Array(kept)),
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::Array(kept))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut kept = Map::new();
        let inner = Self { depth: self.depth.saturating_sub(1) };
        while let Some(name) = members.next_key::<String>()? {
            if self.depth > 0 && NAMES.contains(&name.as_str()) {
                kept.insert(name, members.next_value_seed(inner)?);
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Value::Object(kept))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{LIST_MAX, Outline, entry};

    #[test]
    fn only_what_means_something_is_kept() {
        let outline = Outline::read("{\"title\":\"t\",\"x\":[0,0],\"items\":[{\"id\":1,\"y\":{}}, 2],\"hubs\":[{\"url\":\"u\",\"z\":1}]}");
        let outline = outline.expect("JSON");
        assert_eq!(outline.head, *json!({ "title": "t", "hubs": [{ "url": "u" }] }).as_object().expect("an object"));
        let entries: Vec<_> = outline.entries.iter().map(|raw| entry(raw).expect("JSON")).collect();
        assert_eq!(entries, [json!({ "id": 1 }), json!(2)]);
    }

    #[test]
    fn lists_and_levels_have_limits() {
        let long =
            format!("{{\"items\":[{{\"tags\":[{}0],\"author\":{{\"name\":{{\"name\":{{\"name\":1}}}}}}}}]}}", "0,".repeat(LIST_MAX + 5));
        let outline = Outline::read(&long).expect("JSON");
        let value = entry(outline.entries[0]).expect("JSON");
        assert_eq!(value["tags"].as_array().map(Vec::len), Some(LIST_MAX));
        assert_eq!(value["author"], json!({ "name": { "name": {} } }));
        assert!(Outline::read("{\"items\":[1,]}").is_err());
        assert!(!Outline::read("[{}]").expect("JSON").has_entries);
    }
}
