//! Which stories stand on a page of the feed: the newest ones, within limits, and no source allowed to push the others out.

use std::collections::{HashMap, HashSet};

use crate::model::{Item, SourceId, Story};

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

/// The stories of one page, newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// By `updated` descending, then by id.
    pub stories: Vec<Story>,
    /// Whether older candidates could not change the choice. If not, and there are more, offer them and choose again.
    pub settled: bool,
}

/// Stories that one source may hold of a full window: one in so many (protocol X10).
const SHARE: usize = 4;

/// Bytes that an entry takes beside its texts: elements, ids, dates, its source.
const ENTRY_BYTES: usize = 1200;

/// Bytes that a further copy or link takes beside its address and title.
const LINK_BYTES: usize = 160;

/// Chooses from the newest `stories`. While all of them fit, all stand. When they overflow, a source keeps at most a quarter of
/// the places, unless there is no other source, so that a flood from one hides only itself. The first story always stands.
pub fn window(mut stories: Vec<Story>, limits: &WindowLimits) -> Window {
    stories.sort_by(|a, b| b.updated.at().cmp(&a.updated.at()).then(a.id.cmp(&b.id)));
    let bytes: usize = stories.iter().map(entry_bytes).sum();
    if stories.len() <= limits.entries_max && bytes <= limits.bytes_max {
        return Window { stories, settled: false };
    }
    let is_alone = stories.iter().map(|story| voice(story.first())).collect::<HashSet<_>>().len() < 2;
    let share_max = if is_alone { limits.entries_max } else { (limits.entries_max / SHARE).max(1) };
    let (mut chosen, mut bytes, mut is_full) = (Vec::new(), 0, false);
    let mut taken: HashMap<(SourceId, Option<String>), usize> = HashMap::new();
    for story in stories {
        let (source, account) = voice(story.first());
        let taken = taken.entry((source.clone(), account.map(str::to_owned))).or_default();
        if *taken >= share_max {
            continue;
        }
        bytes += entry_bytes(&story);
        is_full = chosen.len() >= limits.entries_max || (bytes > limits.bytes_max && !chosen.is_empty());
        if is_full {
            break;
        }
        *taken += 1;
        chosen.push(story);
    }
    is_full |= chosen.len() >= limits.entries_max;
    Window { stories: chosen, settled: is_full && !is_alone }
}

/// Whose item it is: its source, and inside a folder of documents the account that a document names. A polled item cannot take
/// another voice by naming another origin.
fn voice(item: &Item) -> (&SourceId, Option<&str>) {
    let account = item.document.as_ref().and(item.origin.as_ref()).and_then(|origin| origin.title.as_deref());
    (&item.source, account)
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
        + body.map_or(0, |body| escaped_bytes(body.as_str()))
        + texts.chain(copies).chain(related).sum::<usize>()
}

/// Bytes of a text once XML's five special characters are written as references.
fn escaped_bytes(text: &str) -> usize {
    text.len() + 5 * text.bytes().filter(|byte| b"<>&\"'".contains(byte)).count()
}
