//! The rows of the index: one sled tree, a one-byte prefix for each family of keys, typed rows.
//!
//! | prefix | key | row |
//! |---|---|---|
//! | `m` | | head: format, generation, counters, the journal's high-water mark |
//! | `a` | segment | where the segment ends: its high-water mark |
//! | `n` | item id | the item's number |
//! | `i` | item number | place of its content, its story |
//! | `s` | story number | entry id, dates, members |
//! | `t` | `updated` descending, story id | story number |
//! | `e` | digest of an entry id | number of the story that owns it |
//! | `l` | digest of a link key | items under it, items that declare it, titles seen under it |
//! | `b` | era, item number | the buckets that the item's fingerprint stands in |
//! | `p` | source id | the source's state |
//! | `c` | source id | number of its items, and their bytes |
//! | `o` | source id, first sight, item number | bytes of the item's versions in the archive |
//! | `h` | number of a purged item | what its own row was, as long as copies of it may come |
//! | `f` | segment | bytes of no use in it |
//! | `d` | digest of a path | digest of the document |
//! | `g` | number of a purged item | the story that its id leads to |
//! | `y` | id of another store | where in its journal that ends which was taken in from archive files |
//! | `x` | item number | the items that it is kept apart from |
//! | `u` | item number | the vulnerabilities that it is about |
//! | `v` | set, digest of a speaker | the lines that they repeat |
//! | `k` | number of an outage | the outage |
//! | `r` | digest of a receiver | its outbox |
//! | `q` | digest of a receiver, number | what waits to be told it |
//! | `j` | digest of a hub | which bytes of which feeds it was told of |
//! | `w` | digest of a receiver, story number | the `updated` with which it was told the story |

pub(super) use super::holdings::{CountRow, garbage, ghost, owned, owned_by, owned_item, received};
use super::{
    archive::{Location, Segment},
    codec::{Decoder, Encoder},
    journal, risk_record,
    standing::Standing,
};
use crate::model::{Digest, ItemId, JoinRule, Joined, LinkKey, Risk, SourceId, StoryId, Timestamp, ZonedTime};

/// The format of the index. An index of an older one is made again from the archive.
pub(super) const FORMAT: u16 = 5;

/// Prefixes of keys that are walked.
pub(super) const ITEMS: u8 = b'i';
pub(super) const STORIES: u8 = b's';
pub(super) const BY_TIME: u8 = b't';
pub(super) const LINKS: u8 = b'l';
pub(super) const ENDS: u8 = b'a';
pub(super) const STATES: u8 = b'p';
pub(super) const COUNTS: u8 = b'c';
pub(super) const GHOSTS: u8 = b'h';
pub(super) const GARBAGE: u8 = b'f';
pub(super) const OWNED: u8 = b'o';
pub(super) const MEMORIES: u8 = b'v';

/// Prefixes of the families that grow with every item.
const GATHERED: &[u8] = b"bdeghilnostu";

/// Whether the row under a key stands in a run with its neighbours.
pub(super) fn is_gathered(key: &[u8]) -> bool {
    key.first().is_some_and(|prefix| GATHERED.contains(prefix))
}

/// Whether a key is that of a link's row.
pub(super) fn is_link(key: &[u8]) -> bool {
    key.first() == Some(&LINKS)
}

/// Key of the head row.
pub(super) const HEAD: &[u8] = b"m";

/// What the index says about itself.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Head {
    /// Moves when rendered content can have changed.
    pub(super) generation: u64,
    /// When it last moved.
    pub(super) changed_at: Timestamp,
    /// The number of the next item.
    pub(super) next_seq: u64,
    /// Items there are.
    pub(super) items: u64,
    /// Stories there are.
    pub(super) stories: u64,
    /// The journal up to here is in the index.
    pub(super) journal_end: u64,
    /// Names the combined feed.
    pub(super) feed_uuid: uuid::Uuid,
    /// The settings of rendering that the generation belongs to.
    pub(super) rendering: Option<Digest>,
}

impl Default for Head {
    /// The head of an index that knows nothing yet.
    fn default() -> Self {
        Self {
            generation: 0,
            changed_at: Timestamp::default(),
            next_seq: 0,
            items: 0,
            stories: 0,
            journal_end: journal::HEADER_BYTES,
            feed_uuid: uuid::Uuid::nil(),
            rendering: None,
        }
    }
}

/// An item.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ItemRow {
    pub(super) story: u64,
    pub(super) first_seen: Timestamp,
    /// Where its newest version stands and what digest its content has; `None` where the archive lost it.
    pub(super) content: Option<(Location, Digest)>,
}

/// A story.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StoryRow {
    pub(super) id: StoryId,
    pub(super) entry_id: String,
    pub(super) published: ZonedTime,
    pub(super) updated: ZonedTime,
    /// Whether it can be shown, and is news.
    pub(super) standing: Standing,
    /// Its items' numbers, the opener first.
    pub(super) members: Vec<(u64, Option<Joined>)>,
    /// What lists say of the vulnerabilities that it is about.
    pub(super) risk: Risk,
    /// Whether one of them was ever known to be exploited: then it does not rise for it again.
    pub(super) was_exploited: bool,
}

/// What is known under a link.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct LinkRow {
    /// The first items under it.
    pub(super) items: Vec<u64>,
    /// The first items whose texts declare it as their origin.
    pub(super) declaring: Vec<u64>,
    /// Digests of distinct titles under it: several mean that the link names no single article.
    pub(super) titles: Vec<u64>,
}

/// A digest-keyed row's key.
fn keyed(prefix: u8, digest: Digest) -> Vec<u8> {
    Encoder::default().u8(prefix).digest(digest).finish()
}

pub(super) fn identity(item: ItemId) -> Vec<u8> {
    keyed(b'n', item.digest())
}

pub(super) fn item(seq: u64) -> Vec<u8> {
    Encoder::default().u8(ITEMS).u64(seq).finish()
}

pub(super) fn story(number: u64) -> Vec<u8> {
    Encoder::default().u8(STORIES).u64(number).finish()
}

/// Newest first, ties by story id.
pub(super) fn by_time(updated: ZonedTime, id: StoryId) -> Vec<u8> {
    // Flipping the sign bit orders signed numbers as bytes; the complement turns the order round.
    let descending = !(updated.at().as_millis().cast_unsigned() ^ (1 << 63));
    Encoder::default().u8(BY_TIME).u64(descending).digest(id.first().digest()).finish()
}

pub(super) fn owner(entry_id: &str) -> Vec<u8> {
    keyed(b'e', Digest::of(&[b"entry id", entry_id.as_bytes()]))
}

pub(super) fn link(key: &LinkKey) -> Vec<u8> {
    link_of(Digest::of(&[b"link", key.as_str().as_bytes()]))
}

pub(super) fn link_of(digest: Digest) -> Vec<u8> {
    keyed(LINKS, digest)
}

pub(super) fn probes(era: u16, seq: u64) -> Vec<u8> {
    Encoder::default().raw(&self::era(era)).u64(seq).finish()
}

/// What the keys of an era's probes begin with.
pub(super) fn era(era: u16) -> Vec<u8> {
    Encoder::default().u8(b'b').u16(era).finish()
}

pub(super) fn state(source: &SourceId) -> Vec<u8> {
    Encoder::default().u8(STATES).raw(source.as_str().as_bytes()).finish()
}

pub(super) fn count(source: &SourceId) -> Vec<u8> {
    Encoder::default().u8(COUNTS).raw(source.as_str().as_bytes()).finish()
}

pub(super) fn document(path: &str) -> Vec<u8> {
    keyed(b'd', Digest::of(&[b"document", path.as_bytes()]))
}

pub(super) fn alias(seq: u64) -> Vec<u8> {
    Encoder::default().u8(b'g').u64(seq).finish()
}

pub(super) fn apart(seq: u64) -> Vec<u8> {
    Encoder::default().u8(b'x').u64(seq).finish()
}

pub(super) fn vulnerabilities(seq: u64) -> Vec<u8> {
    Encoder::default().u8(b'u').u64(seq).finish()
}

pub(super) fn memory(speaker: u64) -> Vec<u8> {
    Encoder::default().raw(&memory_set(speaker)).u64(speaker).finish()
}

/// What the keys of the memories begin with that share their room with this speaker's: there are 2048 sets.
pub(super) fn memory_set(speaker: u64) -> Vec<u8> {
    Encoder::default().u8(MEMORIES).u16((speaker >> 53) as u16).finish()
}

pub(super) fn end(segment: Segment) -> Vec<u8> {
    Encoder::default().u8(ENDS).u32(segment.number()).finish()
}

/// A source's name from the key of its state or count.
pub(super) fn source_of(key: &[u8]) -> Option<SourceId> {
    SourceId::parse(std::str::from_utf8(key.get(1..)?).ok()?).ok()
}

/// An item's number from the key of its probes.
pub(super) fn seq_in_era(key: &[u8]) -> Option<u64> {
    Decoder::new(key.get(3..)?).u64()
}

/// A story's number from its key.
pub(super) fn number_of(key: &[u8]) -> Option<u64> {
    Decoder::new(key.get(1..)?).u64()
}

/// A segment from the key of its end, or of its garbage.
pub(super) fn segment_of(key: &[u8]) -> Option<Segment> {
    Decoder::new(key.get(1..)?).u32().map(Segment::from_number)
}

/// A row with a binary form.
pub(super) trait Row: Sized {
    fn encode(&self) -> Vec<u8>;
    fn decode(bytes: &[u8]) -> Option<Self>;
}

impl Row for u64 {
    fn encode(&self) -> Vec<u8> {
        Encoder::default().varint(*self).finish()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        Decoder::new(bytes).varint()
    }
}

impl Row for Vec<u64> {
    fn encode(&self) -> Vec<u8> {
        Encoder::default().list(self, |out, value| out.varint(*value)).finish()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        Decoder::new(bytes).list(Decoder::varint)
    }
}

impl Row for Digest {
    fn encode(&self) -> Vec<u8> {
        self.as_bytes().to_vec()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        Decoder::new(bytes).digest()
    }
}

impl Row for Head {
    fn encode(&self) -> Vec<u8> {
        Encoder::default()
            .u16(FORMAT)
            .u64(self.generation)
            .i64(self.changed_at.as_millis())
            .u64(self.next_seq)
            .u64(self.items)
            .u64(self.stories)
            .u64(self.journal_end)
            .raw(self.feed_uuid.as_bytes())
            .option(self.rendering, Encoder::digest)
            .finish()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut input = Decoder::new(bytes);
        input.u16().filter(|format| *format == FORMAT)?;
        Some(Self {
            generation: input.u64()?,
            changed_at: Timestamp::from_millis(input.i64()?),
            next_seq: input.u64()?,
            items: input.u64()?,
            stories: input.u64()?,
            journal_end: input.u64()?,
            feed_uuid: uuid::Uuid::from_slice(input.take(16)?).ok()?,
            rendering: input.option(Decoder::digest)?,
        })
    }
}

/// The format of the index whose head row this is.
pub(super) fn format_of(head: &[u8]) -> Option<u16> {
    Decoder::new(head).u16()
}

impl Row for ItemRow {
    fn encode(&self) -> Vec<u8> {
        Encoder::default()
            .varint(self.story)
            .i64(self.first_seen.as_millis())
            .option(self.content, |out, (place, digest)| place.encode(out).digest(digest))
            .finish()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut input = Decoder::new(bytes);
        Some(Self {
            story: input.varint()?,
            first_seen: Timestamp::from_millis(input.i64()?),
            content: input.option(|input| Some((Location::decode(input)?, input.digest()?)))?,
        })
    }
}

impl Row for StoryRow {
    fn encode(&self) -> Vec<u8> {
        let out = Encoder::default()
            .digest(self.id.first().digest())
            .bytes(self.entry_id.as_bytes())
            .zoned(self.published)
            .zoned(self.updated)
            .u8(self.standing.byte())
            .list(&self.members, |out, (seq, joined)| out.varint(*seq).option(*joined, write_joined));
        risk_record::write(out, &self.risk).u8(self.was_exploited.into()).finish()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut input = Decoder::new(bytes);
        Some(Self {
            id: StoryId::opened_by(ItemId::from_digest(input.digest()?)),
            entry_id: input.string()?,
            published: input.zoned()?,
            updated: input.zoned()?,
            standing: Standing::of_byte(input.u8()?),
            members: input.list(|input| Some((input.varint()?, input.option(read_joined)?)))?,
            risk: risk_record::read(&mut input)?,
            was_exploited: input.u8()? != 0,
        })
    }
}

impl Row for LinkRow {
    fn encode(&self) -> Vec<u8> {
        let numbers = |out: Encoder, numbers: &[u64]| out.list(numbers, |out, number| out.varint(*number));
        let out = numbers(numbers(Encoder::default(), &self.items), &self.declaring);
        out.list(&self.titles, |out, title| out.u64(*title)).finish()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut input = Decoder::new(bytes);
        Some(Self { items: input.list(Decoder::varint)?, declaring: input.list(Decoder::varint)?, titles: input.list(Decoder::u64)? })
    }
}

fn write_joined(out: Encoder, joined: Joined) -> Encoder {
    let rule = JoinRule::ALL.iter().position(|(rule, _)| *rule == joined.rule).unwrap_or_default();
    out.u8(rule as u8)
        .option(joined.text_score, |out, score| out.u32(score.to_bits()))
        .option(joined.title_score, |out, score| out.u32(score.to_bits()))
        .i64(joined.at.as_millis())
}

fn read_joined(input: &mut Decoder<'_>) -> Option<Joined> {
    Some(Joined {
        rule: JoinRule::ALL.get(usize::from(input.u8()?))?.0,
        text_score: input.option(Decoder::u32)?.map(f32::from_bits),
        title_score: input.option(Decoder::u32)?.map(f32::from_bits),
        at: Timestamp::from_millis(input.i64()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_families_share_a_prefix() {
        let table = include_str!("rows.rs").lines().filter_map(|line| line.strip_prefix("//! | `")?.chars().next());
        let mut prefixes: Vec<char> = table.collect();
        prefixes.sort_unstable();
        let all = prefixes.len();
        prefixes.dedup();
        assert!(all > 20 && prefixes.len() == all, "{prefixes:?}");
    }

    #[test]
    fn newer_stories_stand_first_also_before_1970() {
        let id = StoryId::opened_by(ItemId::from_digest(Digest::of(&[b"x"])));
        let key = |secs| by_time(ZonedTime::utc(Timestamp::from_secs(secs)), id);
        assert!(key(10) < key(9) && key(9) < key(0) && key(0) < key(-1) && key(-1) < key(-99));
    }

    #[test]
    fn rows_are_read_back() {
        let id = StoryId::opened_by(ItemId::from_digest(Digest::of(&[b"x"])));
        let time = ZonedTime::new(Timestamp::from_millis(5), 480);
        let joined = Joined { rule: JoinRule::SameTitle, text_score: Some(0.61), title_score: None, at: Timestamp::from_millis(6) };
        let members = vec![(3, None), (900, Some(joined))];
        let (standing, risk) = (Standing::Backlog, Risk::of(Vec::new(), Some(Timestamp::from_millis(7))));
        let entry_id = "urn:uuid:1".to_owned();
        let row = StoryRow { id, entry_id, published: time, updated: time, standing, members, risk, was_exploited: true };
        assert_eq!(StoryRow::decode(&row.encode()), Some(row));

        let place = Location { segment: Segment::from_number(24_322), offset: 8, length: 99 };
        for content in [None, Some((place, Digest::of(&[b"c"])))] {
            let row = ItemRow { story: 3, first_seen: Timestamp::from_millis(-1), content };
            assert_eq!(ItemRow::decode(&row.encode()), Some(row));
        }
        let row = LinkRow { items: vec![1, 1 << 40], declaring: vec![2], titles: vec![u64::MAX] };
        assert_eq!(LinkRow::decode(&row.encode()), Some(row));
    }
}
