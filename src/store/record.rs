//! The archive's record: one version of one item, with its fingerprint and the place of the version before it.
//!
//! A record is a version byte, the place of the previous version, the fingerprint, and the item as zstd-compressed JSON. Domain types
//! do not know this form; here they are mirrored.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{
    archive::Location,
    codec::{Decoder, Encoder},
    error::{Result, StoreError},
    fingerprint_record, packing,
};
use crate::{
    dedup::Fingerprint,
    model::{
        Catalogue, Digest, Enclosure, Item, ItemId, Link, LinkKey, NativeId, Origin, SafeHtml, SourceId, Tag, Text, Timestamp, ZonedTime,
    },
};

/// The encoding of records that this program writes.
const ENCODING: u8 = 1;
/// No item is larger than this once decompressed.
const ITEM_BYTES_MAX: u64 = 64 << 20;

/// What is known of one version of an item: all that the index is made from.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Content {
    /// The item.
    pub(super) item: Item,
    /// What it is compared by.
    pub(super) fingerprint: Fingerprint,
    /// The version before it.
    pub(super) previous: Option<Location>,
}

/// A record whose item has not been decompressed yet.
pub(super) struct Packed<'a> {
    previous: Option<Location>,
    fingerprint: &'a [u8],
    item_bytes: usize,
    item: &'a [u8],
}

/// Writes a record.
pub(super) fn encode(item: &Item, fingerprint: &Fingerprint, previous: Option<Location>) -> Result<Vec<u8>> {
    let broken = |why: String| StoreError::Corrupt(format!("item {} cannot be written: {why}", item.id));
    let json = serde_json::to_vec(&ItemRecord::from(item)).map_err(|error| broken(error.to_string()))?;
    let packed = packing::pack(&json).map_err(|error| broken(error.to_string()))?;
    Ok(Encoder::default()
        .u8(ENCODING)
        .option(previous, |out, place| place.encode(out))
        .bytes(&fingerprint_record::encode(fingerprint))
        .varint(json.len() as u64)
        .raw(&packed)
        .finish())
}

impl<'a> Packed<'a> {
    /// Splits a record into its parts; `None` for one of an encoding that this program does not know.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let mut input = Decoder::new(bytes);
        if input.u8()? != ENCODING {
            return None;
        }
        let previous = input.option(Location::decode)?;
        let fingerprint = input.bytes()?;
        let item_bytes = usize::try_from(input.varint().filter(|size| *size <= ITEM_BYTES_MAX)?).ok()?;
        Some(Self { previous, fingerprint, item_bytes, item: input.rest() })
    }

    /// The place of the version before it.
    pub(super) const fn previous(&self) -> Option<Location> {
        self.previous
    }

    /// The fingerprint alone, which costs no decompression.
    pub(super) fn fingerprint(&self) -> Option<Fingerprint> {
        fingerprint_record::decode(self.fingerprint)
    }

    /// The item.
    pub(super) fn item(&self) -> Option<Item> {
        item_of_json(&self.json()?)
    }

    /// The item as JSON.
    pub(super) fn json(&self) -> Option<String> {
        String::from_utf8(packing::unpack(self.item, self.item_bytes).ok()?).ok()
    }

    /// All of it.
    pub(super) fn content(&self) -> Option<Content> {
        Some(Content { item: self.item()?, fingerprint: self.fingerprint()?, previous: self.previous })
    }
}

/// Reads an item from its JSON.
pub(super) fn item_of_json(json: &str) -> Option<Item> {
    serde_json::from_str::<ItemRecord<'_>>(json).ok()?.into_item()
}

/// Milliseconds since 1970 and minutes east of Greenwich.
type Zoned = (i64, i16);

/// Catalogue, name, and whether the item is about it.
type TagRecord<'a> = (Cow<'a, str>, Cow<'a, str>, bool);

/// An item as it stands in the archive.
#[derive(Serialize, Deserialize)]
struct ItemRecord<'a> {
    id: Cow<'a, str>,
    native_id: Cow<'a, str>,
    source: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    origin: Option<OriginRecord<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    document: Option<Cow<'a, str>>,
    title: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    link: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    related: Vec<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    published: Option<Zoned>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    updated: Option<Zoned>,
    first_seen: i64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    authors: Vec<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    categories: Vec<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<TagRecord<'a>>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_roundup: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_backlog: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    language: Option<Cow<'a, str>>,
    body: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    enclosures: Vec<EnclosureRecord<'a>>,
}

#[derive(Serialize, Deserialize)]
struct OriginRecord<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    link: Option<Cow<'a, str>>,
}

#[derive(Serialize, Deserialize)]
struct EnclosureRecord<'a> {
    link: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    media_type: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
}

impl<'a> From<&'a Item> for ItemRecord<'a> {
    fn from(item: &'a Item) -> Self {
        let texts = |texts: &'a [Text]| texts.iter().map(|text| text.as_str().into()).collect();
        Self {
            id: item.id.to_string().into(),
            native_id: item.native_id.as_str().into(),
            source: item.source.as_str().into(),
            origin: item.origin.as_ref().map(|origin| OriginRecord {
                id: origin.id.as_deref().map(Cow::from),
                title: origin.title.as_deref().map(Cow::from),
                link: origin.link.as_ref().map(|link| link.as_str().into()),
            }),
            document: item.document.as_deref().map(Cow::from),
            title: item.title.as_str().into(),
            link: item.link.as_ref().map(|link| link.as_str().into()),
            key: item.key.as_ref().map(|key| key.as_str().into()),
            related: item.related.iter().map(|link| link.as_str().into()).collect(),
            published: item.published.map(write_zoned),
            updated: item.updated.map(write_zoned),
            first_seen: item.first_seen.as_millis(),
            authors: texts(&item.authors),
            categories: texts(&item.categories),
            tags: item.tags.iter().map(|tag| (tag.catalogue.as_str().into(), tag.name.as_str().into(), tag.is_primary)).collect(),
            is_roundup: item.is_roundup,
            is_backlog: item.is_backlog,
            language: item.language.as_ref().map(|language| language.as_str().into()),
            body: item.body.as_str().into(),
            enclosures: item
                .enclosures
                .iter()
                .map(|file| EnclosureRecord {
                    link: file.link.as_str().into(),
                    media_type: file.media_type.as_deref().map(Cow::from),
                    bytes: file.bytes,
                })
                .collect(),
        }
    }
}

impl ItemRecord<'_> {
    /// The item; `None` where a value is not one that this program could have written.
    fn into_item(self) -> Option<Item> {
        let texts = |texts: Vec<Cow<'_, str>>| texts.iter().map(|text| read_text(text)).collect();
        Some(Item {
            id: ItemId::from_digest(Digest::from_hex(&self.id)?),
            native_id: NativeId::new(self.native_id.into_owned()),
            source: SourceId::parse(&self.source).ok()?,
            origin: checked(self.origin, OriginRecord::into_origin)?,
            document: self.document.map(Cow::into_owned),
            title: read_text(&self.title),
            link: checked(self.link, |link| Link::parse(&link).ok())?,
            key: self.key.map(|key| LinkKey::new(key.into_owned())),
            related: self.related.iter().map(|link| Link::parse(link).ok()).collect::<Option<_>>()?,
            published: self.published.map(read_zoned),
            updated: self.updated.map(read_zoned),
            first_seen: Timestamp::from_millis(self.first_seen),
            authors: texts(self.authors),
            categories: texts(self.categories),
            tags: self.tags.into_iter().filter_map(read_tag).collect(),
            is_roundup: self.is_roundup,
            is_backlog: self.is_backlog,
            language: self.language.map(|language| read_text(&language)),
            body: SafeHtml::vouched(self.body.into_owned()),
            enclosures: self.enclosures.into_iter().map(EnclosureRecord::into_enclosure).collect::<Option<_>>()?,
        })
    }
}

impl OriginRecord<'_> {
    fn into_origin(self) -> Option<Origin> {
        Some(Origin {
            id: self.id.map(Cow::into_owned),
            title: self.title.map(Cow::into_owned),
            link: checked(self.link, |link| Link::parse(&link).ok())?,
        })
    }
}

impl EnclosureRecord<'_> {
    fn into_enclosure(self) -> Option<Enclosure> {
        let link = Link::parse(&self.link).ok()?;
        Some(Enclosure { link, media_type: self.media_type.map(Cow::into_owned), bytes: self.bytes })
    }
}

/// Reads a value that may be absent but not wrong.
fn checked<T, U>(value: Option<T>, read: impl FnOnce(T) -> Option<U>) -> Option<Option<U>> {
    match value {
        Some(value) => read(value).map(Some),
        None => Some(None),
    }
}

/// A stored text is clean already: the limit is its own length, and line ends stay.
fn read_text(text: &str) -> Text {
    Text::block(text, text.len())
}

/// A tag of a catalogue that this program does not know is passed over: the text is still there.
fn read_tag((catalogue, name, is_primary): TagRecord<'_>) -> Option<Tag> {
    Some(Tag { catalogue: Catalogue::parse(&catalogue)?, name: name.into_owned(), is_primary })
}

fn write_zoned(time: ZonedTime) -> Zoned {
    (time.at().as_millis(), time.offset_minutes())
}

fn read_zoned((millis, minutes): Zoned) -> ZonedTime {
    ZonedTime::new(Timestamp::from_millis(millis), minutes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item() -> Item {
        let source = SourceId::parse("krebs").expect("a slug");
        let native_id = NativeId::new("urn:x:1".to_owned());
        let link = Link::parse("https://example.com/1#a").expect("a link");
        let text = |raw: &str| Text::line(raw, 300);
        Item {
            id: ItemId::of(&source, &native_id),
            native_id,
            source,
            origin: Some(Origin { id: None, title: Some("360数字安全".to_owned()), link: Some(link.clone()) }),
            document: Some("a/1.txt".to_owned()),
            title: text("网安 \"要闻\""),
            link: Some(link.clone()),
            key: Some(LinkKey::new("example.com/1".to_owned())),
            related: vec![link.clone()],
            published: Some(ZonedTime::new(Timestamp::from_secs(1_726_156_800), 480)),
            updated: Some(ZonedTime::utc(Timestamp::from_millis(-1))),
            first_seen: Timestamp::from_secs(5),
            authors: vec![text("a"), text("b")],
            categories: vec![text("c")],
            tags: vec![Tag { catalogue: Catalogue::Cve, name: "CVE-2024-3094".to_owned(), is_primary: true }],
            is_roundup: true,
            is_backlog: true,
            language: Some(text("zh-Hans")),
            body: SafeHtml::vouched("<p>\u{1F525}\n</p>".repeat(50)),
            enclosures: vec![Enclosure { link, media_type: Some("audio/mpeg".to_owned()), bytes: Some(7) }],
        }
    }

    #[test]
    fn every_field_is_read_back() {
        let Item { source, native_id, title, first_seen, .. } = item();
        let bare = Item::titled(source, native_id, title, first_seen);
        let place = Location { segment: super::super::archive::Segment::from_number(24_322), offset: 8, length: 9 };
        for (item, previous) in [(item(), None), (bare, Some(place))] {
            let fingerprint = Fingerprint::of(&item, item.body.as_str(), &[]);
            let bytes = encode(&item, &fingerprint, previous).expect("encodes");
            let packed = Packed::parse(&bytes).expect("a record");
            assert_eq!(packed.fingerprint().as_ref(), Some(&fingerprint));
            assert_eq!(packed.content(), Some(Content { item, fingerprint, previous }));
        }
    }

    #[test]
    fn records_of_the_future_and_damaged_ones_are_no_content() {
        let item = item();
        let mut bytes = encode(&item, &Fingerprint::of(&item, "", &[]), None).expect("encodes");
        for end in 0..bytes.len() {
            assert!(Packed::parse(&bytes[..end]).and_then(|packed| packed.content()).is_none(), "cut at {end}");
        }
        bytes[0] = 9;
        assert!(Packed::parse(&bytes).is_none());
    }
}
