//! Fields: what is noted of each, and how Atom's text constructs are typed for feed-rs.

use std::{borrow::Cow, ops::Range, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use memchr::memmem;

use super::{
    FIELDS_MAX, Walk,
    open::{Tag, write_tag},
    slots::Slot,
    stack::Role,
};
use crate::{
    feed::{
        address::{self, Address},
        attributes::Attributes,
        cut::cut,
        names, person,
        wrappings::unwrapped,
    },
    model::{Enclosure, Origin},
};

/// Longest text noted of one field, in bytes (protocol P7).
const CAPTURE_BYTES_MAX: usize = 256 << 10;

/// Longest text of a person that is shown to feed-rs, in bytes.
const PERSON_BYTES_MAX: usize = 1 << 10;

/// Keywords read of one list.
const KEYWORDS_MAX: usize = 32;

/// What may stand before the name of a registered relation (RFC 4287 section 4.2.7.2).
const RELATIONS_OF_IANA: &str = "http://www.iana.org/assignments/relation/";

impl<'a> Walk<'a> {
    /// Opens an element with the meaning `slot`.
    pub(super) fn open_field(&mut self, tag: &Tag<'a>, slot: Slot) {
        self.fields += 1;
        if self.fields > FIELDS_MAX {
            return self.open_hidden(tag, Role::Other);
        }
        match slot {
            // Items may hide in what a channel holds, not in what an entry does.
            Slot::Other if self.role() == Some(Role::Channel) => return self.open_plain(tag, Role::Wrapper),
            Slot::Other => return self.open_plain(tag, Role::Other),
            Slot::LinkElement if tag.attributes.get("href").is_some() => self.note_link(tag),
            // The address as text, where no other relation is named.
            Slot::LinkElement if tag.attributes.get("rel").is_none_or(|rel| rel == "alternate") => {
                return self.open_field(tag, Slot::LinkText);
            }
            Slot::MediaFile => self.note_media_file(tag),
            Slot::CategoryElement => {
                let term = tag.attributes.get("term").map(Cow::into_owned);
                self.notes().categories.extend(term);
            }
            Slot::Guid => {
                let is_permalink = tag.attributes.get("isPermaLink").map(|value| !value.trim().eq_ignore_ascii_case("false"));
                self.notes().is_permalink = is_permalink;
            }
            Slot::LinkText => {
                let href = tag.attributes.get("href").and_then(|href| Address::read(self.base(), &href));
                if href.is_some() && self.notes().link.is_none() {
                    self.notes().link = href;
                }
            }
            Slot::Source => {
                let link = tag.attributes.get("url").and_then(|url| address::resolve(self.base(), &url));
                self.notes().origin = Some(Origin { link, ..Origin::default() });
            }
            Slot::Author | Slot::SpareAuthor => self.person = (None, None),
            Slot::NativeText | Slot::NativeContent if self.dialect.is_atom() => return self.open_construct(tag, slot),
            _ => {}
        }
        let is_part = matches!(
            slot,
            Slot::Source
                | Slot::Author
                | Slot::SpareAuthor
                | Slot::SkipHours
                | Slot::SkipDays
                | Slot::MediaGroup
                | Slot::MediaFile
                | Slot::Aside
        );
        if slot.is_captured() {
            self.captured = Some(Cow::Borrowed(""));
        }
        if matches!(slot, Slot::Author | Slot::SpareAuthor) && self.is_beyond_feed_rs(tag) {
            return self.open_hidden(tag, Role::Part(slot));
        }
        let is_leaf = matches!(slot, Slot::LinkElement | Slot::CategoryElement);
        self.open_plain(
            tag,
            if is_part {
                Role::Part(slot)
            } else if is_leaf {
                Role::Other
            } else {
                Role::Field(slot)
            },
        );
    }

    /// Whether what a person's tag opens may make feed-rs panic, which it does where a mail address stands beside a character of several
    /// bytes. Most such people are taken away when their element ends; this holds where a document ends before it. Nobody looks further
    /// than a person is long: what is longer is kept from feed-rs as well.
    pub(super) fn is_beyond_feed_rs(&self, tag: &Tag<'a>) -> bool {
        let rest = &self.text.as_bytes()[tag.token.end..];
        let person = &rest[..rest.len().min(PERSON_BYTES_MAX)];
        !tag.is_empty && memmem::find(person, b"</").is_none_or(|end| !person[..end].is_ascii() && person[..end].contains(&b'@'))
    }

    /// Opens a text construct of Atom under a type that feed-rs knows (RFC 4287 section 3.1, and Atom 0.3's `mode`).
    fn open_construct(&mut self, tag: &Tag<'a>, slot: Slot) {
        if let Some(language) = tag.attributes.get("xml:lang").filter(|_| slot == Slot::NativeContent) {
            self.notes().language = Some(language.trim().to_owned());
        }
        if slot == Slot::NativeContent && tag.attributes.get("xml:base").is_some() {
            self.notes().base = self.base().cloned();
        }
        let declared = tag.attributes.get("type").map(|value| value.trim().to_ascii_lowercase());
        let is_outside = slot == Slot::NativeContent && tag.attributes.get("src").is_some();
        let kind = match declared.as_deref().map(|value| value.split(';').next().unwrap_or_default().trim()) {
            _ if is_outside => None,
            None | Some("" | "text" | "text/plain" | "plain") => Some("text"),
            Some("html" | "text/html" | "escaped") => Some("html"),
            Some("xhtml" | "application/xhtml+xml" | "application/xhtml" | "xml") => Some("xhtml"),
            // Other kinds of text are text; a title is one whatever it says.
            Some(other) if other.starts_with("text/") || slot == Slot::NativeText => Some("text"),
            Some(_) => None,
        };
        let Some(kind) = kind else {
            // Neither text nor markup, or not here at all: feed-rs would give up the feed for it.
            self.note_outside_content(tag);
            return self.open_hidden(tag, Role::Other);
        };
        if tag.attributes.get("mode").is_some_and(|mode| mode.eq_ignore_ascii_case("base64")) {
            return self.open_base64(tag);
        }
        let is_escaped = tag.attributes.get("mode").is_some_and(|mode| mode.eq_ignore_ascii_case("escaped"));
        let kind = if kind == "xhtml" && is_escaped { "html" } else { kind };
        let is_known = declared.is_none() || tag.attributes.exact("type") == Some(kind);
        if tag.needs_rewrite || !is_known || tag.is_empty {
            let more = format!(" type=\"{kind}\"");
            self.edits.replace(tag.token.start..tag.token.end, tag.written(tag.name, &more, |name| name == "xml:lang"));
        }
        self.stack.push(tag.open(Role::Field(slot)));
    }

    /// Opens an element under a name that feed-rs does not look for.
    pub(super) fn open_hidden(&mut self, tag: &Tag<'a>, role: Role) {
        self.edits.replace(tag.token.start..tag.token.end, tag.written("hidden", "", |_| false));
        let mut open = tag.open(role);
        open.closer = Some(Cow::Borrowed("</hidden>"));
        self.stack.push(open);
    }

    /// Opens a construct of Atom 0.3 whose text is base64: it is decoded here.
    fn open_base64(&mut self, tag: &Tag<'a>) {
        let slot = match names::split(tag.name).1 {
            "title" => Slot::Title,
            "content" => Slot::Content,
            "summary" | "subtitle" => Slot::Summary,
            _ => return self.open_hidden(tag, Role::Other),
        };
        self.captured = Some(Cow::Borrowed(""));
        self.is_base64 = true;
        self.open_hidden(tag, Role::Field(slot));
    }

    /// Writes the start tag of the construct at `index` in the stack anew, with another type.
    pub(super) fn retype(&mut self, index: usize, kind: &str) {
        let open = &self.stack[index];
        let tag = &self.text[open.start..open.inside];
        let attributes = Attributes::read(tag[1 + open.name.len()..].trim_end_matches(['>', '/']));
        let written = write_tag(open.name, &attributes, false, &format!(" type=\"{kind}\""), |name| name == "xml:lang");
        let range = open.start..open.inside;
        self.edits.supersede(range, written);
    }

    /// `content/@src`: the entry's content stands elsewhere.
    fn note_outside_content(&mut self, tag: &Tag<'a>) {
        let link = tag.attributes.get("src").and_then(|src| address::resolve(self.base(), &src));
        self.notes().related.extend(link);
    }

    /// `rdf:about`, `xml:lang`, and what CDF writes into attributes.
    pub(super) fn read_entry_attributes(&mut self, tag: &Tag<'a>) {
        let attribute = |name: &str| tag.attributes.get(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let link = attribute("href").and_then(|href| Address::read(self.base(), &href));
        let notes = self.notes();
        notes.about = attribute("rdf:about").or_else(|| attribute("about"));
        notes.language = attribute("xml:lang");
        notes.link = link;
        notes.updated = attribute("lastmod");
    }

    /// The same for a channel.
    pub(super) fn read_channel_attributes(&mut self, tag: &Tag<'a>) {
        if let Some(base) = tag.attributes.get("base").and_then(|base| address::resolve(self.base(), &base)) {
            self.bases.push((self.stack.len() + 1, base));
        }
        self.channel.notes.link = tag.attributes.get("href").and_then(|href| Address::read(self.base(), &href));
        self.channel.notes.updated = tag.attributes.get("lastmod").map(Cow::into_owned);
    }

    /// An Atom `link` by what it relates to (RFC 4287 section 4.2.7). An address is only read where somebody wants it.
    fn note_link(&mut self, tag: &Tag<'a>) {
        let Some(href) = tag.attributes.get("href") else { return };
        let address = |walk: &Self| Address::read(walk.base(), &href);
        let link = |walk: &Self| address::resolve(walk.base(), &href);
        let relation = tag.attributes.get("rel").unwrap_or(Cow::Borrowed("alternate"));
        let media_type = tag.attributes.get("type");
        let is_in_source = matches!(self.role(), Some(Role::Part(Slot::Source)));
        let is_in_entry = matches!(self.role(), Some(Role::Entry));
        let relation = relation.trim().to_ascii_lowercase();
        match relation.strip_prefix(RELATIONS_OF_IANA).unwrap_or(&relation) {
            relation @ ("self" | "alternate") if is_in_source => {
                let link = link(self);
                if let Some(origin) = &mut self.notes().origin
                    && (origin.link.is_none() || relation == "self")
                {
                    origin.link = link.or(origin.link.take());
                }
            }
            "alternate" => {
                // A page before a feed or a file.
                let is_page = media_type.as_deref().is_none_or(|kind| kind.contains("html"));
                if self.notes().link.is_none() || is_page {
                    let address = address(self);
                    let notes = self.notes();
                    notes.link = address.or(notes.link.take());
                }
            }
            "enclosure" if is_in_entry => {
                let bytes = tag.attributes.get("length").and_then(|length| length.trim().parse().ok());
                let media_type = media_type.map(Cow::into_owned);
                let file = link(self).map(|link| Enclosure { link, media_type, bytes });
                self.notes().enclosures.extend(file);
            }
            "related" | "via" if is_in_entry => {
                let link = link(self);
                self.notes().related.extend(link);
            }
            // Written by hand, it is the page mostly; what a program offers under it says that it is none.
            "self" if is_in_entry && media_type.as_deref().is_none_or(|kind| kind.contains("html")) => {
                self.notes().own = address(self);
            }
            "hub" if !is_in_entry => self.channel.hubs.extend(link(self)),
            "self" if !is_in_entry => self.channel.self_link = link(self).or(self.channel.self_link.take()),
            _ => {}
        }
    }

    /// `media:content`.
    fn note_media_file(&mut self, tag: &Tag<'a>) {
        let Some(link) = tag.attributes.get("url").and_then(|url| address::resolve(self.base(), &url)) else { return };
        let media_type = tag.attributes.get("type").or_else(|| tag.attributes.get("medium")).map(Cow::into_owned);
        let bytes = tag.attributes.get("fileSize").and_then(|size| size.trim().parse().ok());
        self.notes().enclosures.push(Enclosure { link, media_type, bytes });
    }

    /// A field has ended: its text goes where it belongs.
    pub(super) fn conclude_field(&mut self, slot: Slot) {
        let Some(mut text) = self.captured.take() else { return };
        if std::mem::take(&mut self.is_base64) {
            text.to_mut().retain(|c| !c.is_ascii_whitespace());
            let Ok(bytes) = BASE64_STANDARD.decode(text.as_bytes()) else { return };
            text = Cow::Owned(String::from_utf8_lossy(&bytes).into_owned());
        }
        let text = unwrapped(cut(&text, CAPTURE_BYTES_MAX).trim());
        if text.is_empty() {
            return;
        }
        if matches!(slot, Slot::LinkText | Slot::OriginalLink) {
            return self.conclude_address(slot, text);
        }
        let text = text.to_owned();
        if self.stack.iter().any(|open| open.role == Role::Part(Slot::Source)) {
            return self.conclude_origin(slot, text);
        }
        let notes = self.notes();
        match slot {
            Slot::Id => notes.id = Some(text),
            Slot::Title => notes.title = Some(text),
            Slot::SpareTitle => keep_first(&mut notes.title, text),
            Slot::Summary => keep_first(&mut notes.summary, text),
            Slot::Content => notes.content = Some(text),
            Slot::Published => notes.published = Some(text),
            Slot::Updated => notes.updated = Some(text),
            Slot::Dated => notes.dated = Some(text),
            Slot::Created => notes.created = Some(text),
            Slot::Category => notes.categories.push(text),
            Slot::Keywords => notes.categories.extend(text.split(',').take(KEYWORDS_MAX).map(str::to_owned)),
            Slot::Language => notes.language = Some(text),
            Slot::PersonName => self.person.0 = Some(text),
            Slot::PersonMail => self.person.1 = Some(text),
            _ => self.conclude_channel_field(slot, &text),
        }
    }

    /// A field has ended that holds an address. One inside `atom:source` says nothing: there links are attributes.
    fn conclude_address(&mut self, slot: Slot, text: &str) {
        if self.stack.iter().any(|open| open.role == Role::Part(Slot::Source)) {
            return;
        }
        if slot == Slot::OriginalLink {
            self.notes().original_link = address::resolve(self.base(), text);
        } else if self.notes().link.is_none() {
            self.notes().link = Address::read(self.base(), text);
        }
    }

    /// Fields that only a channel has.
    fn conclude_channel_field(&mut self, slot: Slot, text: &str) {
        let channel = &mut self.channel;
        match slot {
            Slot::Rights => channel.rights = Some(text.to_owned()),
            // Minutes; some write `60.0`.
            Slot::Ttl => {
                let minutes = text.split('.').next().and_then(|minutes| minutes.parse::<u64>().ok());
                channel.rhythm.ttl = minutes.and_then(|minutes| minutes.checked_mul(60)).map(Duration::from_secs);
            }
            // Hours from 0; version 0.91 counted from 1 to 24.
            Slot::Hour => {
                if let Some(hour) = text.parse::<u32>().ok().filter(|hour| *hour <= 24) {
                    channel.rhythm.skip_hours |= 1 << (hour % 24);
                }
            }
            Slot::Day => {
                const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
                let day = text.to_ascii_lowercase();
                if let Some(index) = DAYS.iter().position(|name| day.starts_with(name)) {
                    channel.rhythm.skip_days |= 1 << index;
                }
            }
            Slot::Period => channel.period_secs = period_secs(text),
            Slot::Frequency => channel.frequency = text.parse().ok().filter(|frequency| *frequency > 0),
            _ => {}
        }
    }

    /// A field of `atom:source`, or RSS `source` itself.
    fn conclude_origin(&mut self, slot: Slot, text: String) {
        let origin = self.notes().origin.get_or_insert_default();
        match slot {
            Slot::Id => origin.id = Some(text),
            Slot::Title => origin.title = Some(text),
            _ => {}
        }
    }

    /// An element with fields of its own has ended.
    pub(super) fn conclude_part(&mut self, slot: Slot, range: Range<usize>) {
        let text = self.captured.take().map(|text| unwrapped(text.trim()).to_owned()).filter(|text| !text.is_empty());
        match slot {
            Slot::Author | Slot::SpareAuthor => {
                let (name, mail) = std::mem::take(&mut self.person);
                // feed-rs panics where a mail address stands beside a character of several bytes.
                let raw = &self.text[range.clone()];
                let (has_reference, has_mail) = (raw.contains('&'), raw.contains('@'));
                if has_reference || (has_mail && !raw.is_ascii()) {
                    self.edits.supersede(range, "");
                }
                let found = name.or_else(|| text.as_deref().and_then(person::name)).or(mail);
                let notes = self.notes();
                let list = if slot == Slot::Author { &mut notes.authors } else { &mut notes.other_authors };
                if let Some(name) = found.filter(|name| !list.contains(name)) {
                    list.push(name);
                }
            }
            Slot::Source => {
                if let (Some(title), Some(origin)) = (text, &mut self.notes().origin) {
                    origin.title.get_or_insert(title);
                }
            }
            _ => {}
        }
    }
}

/// Fills `place` unless it is filled.
fn keep_first(place: &mut Option<String>, text: String) {
    place.get_or_insert(text);
}

/// The length of an `updatePeriod`, in seconds.
fn period_secs(text: &str) -> Option<u64> {
    match text.to_ascii_lowercase().as_str() {
        "hourly" => Some(3600),
        "daily" => Some(86_400),
        "weekly" => Some(7 * 86_400),
        "monthly" => Some(30 * 86_400),
        "yearly" => Some(365 * 86_400),
        _ => None,
    }
}
