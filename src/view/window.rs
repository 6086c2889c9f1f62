//! Which stories stand on a page: the newest ones, within limits, and no source allowed to push the others out.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::model::{Item, SourceId, Story, StoryId, ZonedTime};

/// How much one page of the feed may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowLimits {
    /// Stories.
    pub entries_max: usize,
    /// Bytes of the rendered page, before compression.
    pub bytes_max: usize,
}

impl Default for WindowLimits {
    /// 100 stories and 1 MiB (protocol N8).
    fn default() -> Self {
        Self { entries_max: 100, bytes_max: 1 << 20 }
    }
}

/// What is known of a story that may stand on a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The story.
    pub id: StoryId,
    /// When it last changed in substance.
    pub updated: ZonedTime,
    /// Whose item opened it: its source, and inside a folder of documents the account that a document names.
    voice: (SourceId, Option<String>),
    /// At most so many bytes are its entry.
    bytes: usize,
}

impl Candidate {
    /// What is needed of a story.
    pub fn of(story: &Story) -> Self {
        Self { id: story.id, updated: story.updated, voice: voice(story.first()), bytes: entry_bytes(story) }
    }
}

/// The stories of one page, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// By `updated` descending, then by id.
    pub stories: Vec<StoryId>,
    /// Whether older candidates could not change the choice. If not, and there are more, offer them and choose again.
    pub settled: bool,
    /// How many of the newest candidates stand without a gap: a page of older stories goes on behind them.
    pub unbroken: usize,
}

impl Window {
    /// The same as a set, to look stories up in.
    pub fn set(&self) -> HashSet<StoryId> {
        self.stories.iter().copied().collect()
    }
}

/// Stories that one source may hold of a full window: one in so many (protocol X10).
const SHARE: usize = 4;

/// Bytes that an entry takes beside its texts: elements, ids, dates, its source.
const ENTRY_BYTES: usize = 1200;

/// Bytes by which a link to a picture is longer than the picture's own tag, escaped.
const PICTURE_BYTES: usize = 120;

/// Bytes that a further copy or link takes beside its address and title.
const LINK_BYTES: usize = 160;

/// Chooses from the newest `candidates`. While all of them fit, all stand. When they overflow, a source keeps at most a quarter of
/// the places, unless there is no other source, so that a flood from one hides only itself. The first story always stands.
pub fn window(candidates: &[Candidate], limits: &WindowLimits) -> Window {
    let mut candidates: Vec<&Candidate> = candidates.iter().collect();
    candidates.sort_by(|a, b| b.updated.at().cmp(&a.updated.at()).then(a.id.cmp(&b.id)));
    let bytes: usize = candidates.iter().map(|candidate| candidate.bytes).sum();
    if candidates.len() <= limits.entries_max && bytes <= limits.bytes_max {
        let stories: Vec<_> = candidates.iter().map(|candidate| candidate.id).collect();
        return Window { unbroken: stories.len(), stories, settled: false };
    }
    let is_alone = candidates.iter().map(|candidate| &candidate.voice).collect::<HashSet<_>>().len() < 2;
    let share_max = if is_alone { limits.entries_max } else { (limits.entries_max / SHARE).max(1) };
    let (mut chosen, mut bytes, mut is_full) = (Vec::new(), 0, false);
    let (mut taken, mut unbroken): (HashMap<_, usize>, _) = (HashMap::new(), None);
    for candidate in candidates {
        let taken = taken.entry(&candidate.voice).or_default();
        if *taken >= share_max {
            unbroken.get_or_insert(chosen.len());
            continue;
        }
        bytes += candidate.bytes;
        is_full = chosen.len() >= limits.entries_max || (bytes > limits.bytes_max && !chosen.is_empty());
        if is_full {
            break;
        }
        *taken += 1;
        chosen.push(candidate.id);
    }
    is_full |= chosen.len() >= limits.entries_max;
    Window { unbroken: unbroken.unwrap_or(chosen.len()), stories: chosen, settled: is_full && !is_alone }
}

/// The sources that have more among `candidates` than their share of a page. Where the candidates do not settle a page, the newest
/// stories of all others do. Documents are left out: each folder of them has many voices.
pub fn crowd(candidates: &[Candidate], limits: &WindowLimits) -> Vec<SourceId> {
    let mut counts: BTreeMap<&SourceId, usize> = BTreeMap::new();
    for (source, account) in candidates.iter().map(|candidate| &candidate.voice) {
        *counts.entry(source).or_default() += usize::from(account.is_none());
    }
    let share_max = limits.entries_max / SHARE;
    counts.into_iter().filter(|(_, count)| *count > share_max).map(|(source, _)| source.clone()).collect()
}

/// The newest of `candidates`, in their order, as far as they fit: a page that no share of a source cuts short. The first always stands.
pub fn page(candidates: &[Candidate], limits: &WindowLimits) -> Vec<StoryId> {
    let mut bytes = 0;
    let fits = |(place, candidate): &(usize, &Candidate)| {
        bytes += candidate.bytes;
        *place == 0 || (*place < limits.entries_max && bytes <= limits.bytes_max)
    };
    candidates.iter().enumerate().take_while(fits).map(|(_, candidate)| candidate.id).collect()
}

/// Whose item it is: its source, and inside a folder of documents the account that a document names. A polled item cannot take
/// another voice by naming another origin.
fn voice(item: &Item) -> (SourceId, Option<String>) {
    let account = item.document.as_ref().and(item.origin.as_ref()).and_then(|origin| origin.title.clone());
    (item.source.clone(), account)
}

/// An upper bound of what a story takes in an Atom document.
fn entry_bytes(story: &Story) -> usize {
    let first = story.first();
    let body = story.members.iter().map(|member| &member.item.body).find(|body| !body.is_empty());
    let texts = first.categories.iter().chain(&first.authors).map(|text| escaped_bytes(text.as_str()) + LINK_BYTES);
    let copies = story.members.iter().map(|member| {
        let link = member.item.link.as_ref().map_or(0, |link| escaped_bytes(link.as_str()));
        // A copy stands twice: as a link, and in the "also at" line, where its address is escaped once more.
        3 * link + 2 * member.item.origin.as_ref().and_then(|origin| origin.title.as_ref()).map_or(0, String::len) + 2 * LINK_BYTES
    });
    let related = first.related.iter().map(|link| escaped_bytes(link.as_str()) + LINK_BYTES);
    ENTRY_BYTES
        + escaped_bytes(&story.entry_id)
        + escaped_bytes(first.title.as_str())
        + body.map_or(0, |body| escaped_bytes(body.as_str()) + PICTURE_BYTES * body.as_str().matches("<img").count())
        + texts.chain(copies).chain(related).sum::<usize>()
}

/// Bytes of a text once XML's five special characters are written as references.
fn escaped_bytes(text: &str) -> usize {
    text.len() + 5 * text.bytes().filter(|byte| b"<>&\"'".contains(byte)).count()
}

#[cfg(test)]
mod tests {
    use super::{Candidate, Window, WindowLimits, page};
    use crate::model::{Item, Member, NativeId, Origin, Risk, SafeHtml, SourceId, Story, StoryId, Text, Timestamp, ZonedTime};

    const LIMITS: WindowLimits = WindowLimits { entries_max: 8, bytes_max: 1 << 20 };

    /// A story of `source`, `age` seconds old, with a body of `bytes`.
    fn story(source: &str, age: i64, bytes: usize) -> Story {
        let (source, native_id) = (SourceId::parse(source).expect("a slug"), NativeId::new(age.to_string()));
        let at = ZonedTime::utc(Timestamp::from_secs(1_700_000_000 - age));
        let item = Item {
            published: Some(at),
            body: SafeHtml::vouched("x".repeat(bytes)),
            ..Item::titled(source, native_id, Text::line("A title", 300), at.at())
        };
        let id = item.id;
        let members = vec![Member { item, joined: None, declared: Vec::new() }];
        Story { id: StoryId::opened_by(id), entry_id: format!("urn:x:{id}"), published: at, updated: at, risk: Risk::default(), members }
    }

    fn candidates(stories: &[Story]) -> Vec<Candidate> {
        stories.iter().map(Candidate::of).collect()
    }

    fn window(stories: &[Story], limits: &WindowLimits) -> Window {
        super::window(&candidates(stories), limits)
    }

    /// Stories of the flood and of others that stand.
    fn counts(stories: &[Story]) -> (usize, usize) {
        let chosen = window(stories, &LIMITS).stories;
        let of_flood = stories.iter().filter(|story| chosen.contains(&story.id) && story.first().source.as_str() == "flood").count();
        (of_flood, chosen.len() - of_flood)
    }

    #[test]
    fn newest_first_and_ties_by_id() {
        let mut given: Vec<_> = (0..6).map(|age| story("a", age / 2, 0)).chain((0..2).map(|age| story("b", age, 0))).collect();
        let chosen = window(&given, &LIMITS).stories;
        given.sort_by_key(|story| (std::cmp::Reverse(story.updated.at()), story.id));
        assert_eq!(chosen, given.iter().map(|story| story.id).collect::<Vec<_>>());
        given.reverse();
        assert_eq!(window(&given, &LIMITS).stories, chosen, "the order in which they are offered does not matter");
    }

    #[test]
    fn a_source_may_fill_the_page_until_it_overflows() {
        let roomy: Vec<_> = (0..7).map(|age| story("flood", age, 0)).chain([story("a", 100, 0)]).collect();
        assert_eq!(counts(&roomy), (7, 1));
        let full: Vec<_> = roomy.into_iter().chain((0..7).map(|age| story("a", 200 + age, 0))).collect();
        assert_eq!(counts(&full), (2, 2), "a quarter of the places each");
        assert_eq!(window(&full, &LIMITS).unbroken, 2, "older stories go on where the flood was cut");
    }

    #[test]
    fn a_flood_hides_only_itself() {
        let others = (0..20).map(|n| story(["a", "b", "c", "d"][n % 4], 1000 + n as i64, 0));
        let given: Vec<_> = (0..500).map(|age| story("flood", age, 0)).chain(others).collect();
        assert_eq!(counts(&given), (2, 6));
        assert!(window(&given, &LIMITS).settled);
    }

    #[test]
    fn the_only_source_has_the_whole_page_but_nobody_can_be_sure_of_that() {
        let given: Vec<_> = (0..50).map(|age| story("flood", age, 0)).collect();
        assert_eq!(counts(&given), (8, 0));
        assert!(!window(&given, &LIMITS).settled, "older stories of others may exist");
    }

    #[test]
    fn who_has_more_than_a_share_is_the_crowd() {
        let given: Vec<_> = (0..9).map(|age| story(["flood", "flood", "a"][age % 3], age as i64, 0)).collect();
        let crowd = super::crowd(&candidates(&given), &LIMITS);
        assert_eq!(crowd.iter().map(SourceId::as_str).collect::<Vec<_>>(), ["a", "flood"], "three and six, where two are a share");
        assert!(super::crowd(&candidates(&given[..3]), &LIMITS).is_empty());
    }

    #[test]
    fn accounts_in_a_folder_of_documents_have_places_of_their_own() {
        let documents = (0..50).map(|age| {
            let mut story = story("seeds", age, 0);
            let item = &mut story.members[0].item;
            item.document = Some(format!("{age}.md"));
            item.origin = Some(Origin { title: Some(format!("account {}", age % 10)), ..Origin::default() });
            story
        });
        assert_eq!(window(&documents.collect::<Vec<_>>(), &LIMITS).stories.len(), 8);
    }

    #[test]
    fn bytes_are_limited_and_the_first_story_always_stands() {
        let limits = WindowLimits { entries_max: 100, bytes_max: 12_000 };
        let sources = ["a", "b", "c", "d", "e"];
        let given: Vec<_> = (0..5).map(|age| story(sources[age], age as i64, 2_000)).collect();
        let heavy = [story("a", 0, 50_000), story("b", 1, 1)];
        assert_eq!((window(&given, &limits).stories.len(), page(&candidates(&given), &limits).len()), (3, 3));
        assert_eq!((window(&heavy, &limits).stories.len(), page(&candidates(&heavy), &limits).len()), (1, 1));
    }
}
