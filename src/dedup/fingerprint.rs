//! What is kept of an item to recognise its copies: under half a kilobyte of plain numbers.

use xxhash_rust::xxh3::xxh3_64;

use super::{
    link_key::{fragment_digest, link_key},
    serials,
    sketch::{self, Sketch, bands_of_few, mix},
    title::{core_title, grams, weight, without_publisher},
    tokens::Tokens,
};
use crate::model::{Item, Link, LinkKey, Origin, Timestamp};

/// Everything the merge rule looks at. Plain data, so that the store can keep it.
#[derive(Debug, Clone, PartialEq)]
pub struct Fingerprint {
    /// When the item counts as published: windows compare these dates and never the clock.
    pub dated: Timestamp,
    /// Digest of who speaks: the account that the item names, else the source it came from.
    pub speaker: u64,
    /// Digest of the site its link leads to, for WeChat of the account; zero where there is none.
    pub site: u64,
    /// Whether it stands in a catalogue of exploits, where all texts follow one template.
    pub is_catalogued: bool,
    /// Canonical form of its link.
    pub key: Option<LinkKey>,
    /// Digest of the part of the page that the link points into; zero for the whole page.
    pub fragment: u64,
    /// Canonical forms of the origins that its text declares.
    pub declared: Vec<LinkKey>,
    /// Core of the title, folded, without spaces; may be empty.
    pub title: String,
    /// Numbers in the title, sorted.
    pub numbers: Vec<u64>,
    /// Digests of the catalogue ids in the title, sorted.
    pub ids: Vec<u64>,
    /// Its text; absent where there is none.
    pub text: Option<TextPrint>,
}

/// What is kept of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextPrint {
    /// Ideographs, letters and digits.
    pub useful: u32,
    /// Shingles the sketch was made of.
    pub shingles: u32,
    /// The sketch.
    pub sketch: Sketch,
}

impl Fingerprint {
    /// The fingerprint of an item. `text` is its plain text without boilerplate, `declared` what `declared_links` found in its body.
    pub fn of(item: &Item, text: &str, declared: &[Link]) -> Self {
        let title = account(item).map_or(item.title.as_str(), |name| without_publisher(item.title.as_str(), name));
        let mut declared: Vec<LinkKey> = declared.iter().filter_map(link_key).filter(|key| Some(key) != item.key.as_ref()).collect();
        declared.sort();
        declared.dedup();
        Self {
            dated: item.dated().at(),
            speaker: speaker(item),
            site: item.key.as_ref().map_or(0, site),
            is_catalogued: item.link.as_ref().is_some_and(is_catalogue),
            key: item.key.clone(),
            fragment: item.link.as_ref().map_or(0, fragment_digest),
            declared,
            title: core_title(title),
            numbers: serials::numbers(title),
            ids: serials::ids(title),
            text: TextPrint::of(text),
        }
    }

    /// The keys of the buckets in which this item is put, and in which its copies are looked for: a few dozen, each once.
    pub fn probes(&self) -> Vec<u64> {
        let mut probes = Vec::with_capacity(1 + TITLE_BANDS + TEXT_BANDS);
        if weight(&self.title) >= TITLE_WEIGHT_MIN {
            probes.push(mix(self.title_digest() ^ TITLE_SPACE));
            probes.extend(bands_of_few(&grams(&self.title), TITLE_BANDS, TITLE_ROWS).map(|band| mix(band ^ TITLE_BAND_SPACE)));
        }
        if let Some(text) = &self.text {
            probes.extend(text.sketch.bands(TEXT_BANDS, TEXT_ROWS).map(|band| mix(band ^ TEXT_BAND_SPACE)));
        }
        probes.sort_unstable();
        probes.dedup();
        probes
    }

    /// Digest of the core title: what `KeyTitles` counts.
    pub fn title_digest(&self) -> u64 {
        xxh3_64(self.title.as_bytes())
    }
}

impl TextPrint {
    /// What is kept of a text; none of a text without a letter.
    pub fn of(text: &str) -> Option<Self> {
        let tokens = Tokens::of(text);
        let shingles = sketch::shingles(&tokens.hashes);
        Some(Self { useful: tokens.useful, shingles: u32::try_from(shingles.len()).unwrap_or(u32::MAX), sketch: Sketch::of(&shingles)? })
    }

    /// The share of the smaller text that the larger one holds, 0 to 1, estimated from `likeness` and the sizes.
    pub fn containment(&self, other: &Self, likeness: f32) -> f32 {
        let (one, two) = (self.shingles as f32, other.shingles as f32);
        let shared = likeness / (1.0 + likeness) * (one + two);
        (shared / one.min(two).max(1.0)).min(1.0)
    }
}

/// Text bands of three slots: two texts of which 60 % is common share a band with probability .997, of which 40 % with .79; more bands find
/// no more copies, because texts that are less alike need like titles, which have bands of their own.
const TEXT_BANDS: usize = 24;
const TEXT_ROWS: usize = 3;

/// Title bands of two slots: titles of which 60 % is common share one with probability .93, of which 80 % with .998.
const TITLE_BANDS: usize = 6;
const TITLE_ROWS: usize = 2;

/// Keep the keys of titles and bands apart in one space of buckets.
const TITLE_SPACE: u64 = 1;
const TITLE_BAND_SPACE: u64 = 2;
const TEXT_BAND_SPACE: u64 = 3;

/// Least weight of a title by which a copy may be found: five ideographs or ten letters.
const TITLE_WEIGHT_MIN: usize = 10;

/// Digest of who speaks in an item: the account that it names, which keeps its name whichever way its items come, else its source.
pub fn speaker(item: &Item) -> u64 {
    xxh3_64(account(item).unwrap_or(item.source.as_str()).as_bytes())
}

/// The account or publisher that an item names as its own.
fn account(item: &Item) -> Option<&str> {
    item.origin.as_ref().and_then(|Origin { title, .. }| title.as_deref()).map(str::trim).filter(|name| !name.is_empty())
}

/// The site of a key: what stands before the path or number, for WeChat, which has one host for all accounts, the account.
fn site(key: &LinkKey) -> u64 {
    let key = key.as_str();
    if key.starts_with("wxs:") {
        return 0;
    }
    let mut ends = key.match_indices([':', '/', '?', '#']).map(|(at, _)| at);
    let end = if key.starts_with("wx:") { ends.nth(1) } else { ends.next() };
    xxh3_64(&key.as_bytes()[..end.unwrap_or(key.len())])
}

/// Whether the link leads into a public catalogue of exploits.
fn is_catalogue(link: &Link) -> bool {
    const HOSTS: &[&str] =
        &["0day.today", "cxsecurity.com", "exploit-db.com", "packetstorm.news", "packetstormsecurity.com", "sploitus.com", "vulners.com"];
    let host = link.host();
    HOSTS.contains(&host.strip_prefix("www.").unwrap_or(&host))
}

#[cfg(test)]
mod tests {
    use super::{TextPrint, site};
    use crate::model::LinkKey;

    #[test]
    fn a_site_is_a_host_or_an_account() {
        let site = |key: &str| site(&LinkKey::new(key.to_owned()));
        for (one, other, wanted) in [
            ("example.com/a", "example.com/b?c=1", true),
            ("example.com/a", "example.org/a", false),
            ("wx:MzA4:1:1", "wx:MzA4:2:1", true),
            ("wx:MzA4:1:1", "wx:MzB5:1:1", false),
            ("freebuf:1", "freebuf:2", true),
        ] {
            assert_eq!(site(one) == site(other), wanted, "{one} {other}");
        }
        assert_eq!(site("wxs:AbC"), 0);
    }

    #[test]
    fn containment_is_the_share_of_the_smaller_text() {
        let whole: String = (0..400).map(|n| format!("word{n} ")).collect();
        let part: String = (0..100).map(|n| format!("word{n} ")).collect();
        let (whole, part) = (TextPrint::of(&whole).expect("words"), TextPrint::of(&part).expect("words"));
        let likeness = whole.sketch.likeness(&part.sketch);
        assert!((likeness - 0.25).abs() < 0.12, "{likeness}");
        assert!(whole.containment(&part, likeness) > 0.6);
        assert_eq!(whole.containment(&part, 0.0), 0.0);
        assert_eq!(TextPrint::of("，。！"), None);
    }
}
