//! The guard: whether what a source brings is so unlike all that it brought before that it may no longer be its own. Domains lapse,
//! feed services are taken over, blogs are broken into; a reader should not be the first to notice.
//!
//! Four signs are looked at in the new items of one poll: hosts that they lead to, languages, what their ids look like, and how many there
//! are. One sign alone is life: a site moves, a guest writes. Two together hold the poll back.

use std::{collections::HashMap, fmt};

use crate::model::{Habit, Item, Shares, primary_language};

/// Polls with news that make a habit.
const POLLS_MIN: u32 = 5;

/// Items that make a habit.
const ITEMS_MIN: u32 = 30;

/// New items that can be strange together.
const BATCH_MIN: usize = 3;

/// So much of a batch must be strange in the same way.
const BATCH_SHARE_MIN: f32 = 0.8;

/// What occurred more often is no stranger.
const KNOWN_SHARE_MIN: f32 = 0.02;

/// A source has a habit in what it does half of the time.
const USUAL_SHARE_MIN: f32 = 0.5;

/// So many times the largest batch so far is a flood, from `FLOOD_MIN` items on.
const FLOOD_FACTOR: u32 = 4;
const FLOOD_MIN: usize = 10;

/// What of an item is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traits {
    host: Option<String>,
    language: Option<String>,
    id_shape: &'static str,
}

/// Why a batch was held back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspicion {
    items: usize,
    signs: Vec<String>,
}

impl Traits {
    /// Those of an item.
    pub fn of(item: &Item) -> Self {
        Self {
            host: item.link.as_ref().map(|link| link.host().trim_start_matches("www.").to_owned()),
            language: item.language.as_ref().map(|language| primary_language(language.as_str()).to_ascii_lowercase()),
            id_shape: shape(item.native_id.as_str()),
        }
    }
}

/// Remembers what the new items of a poll are like.
pub fn learn(habit: &Habit, batch: &[Traits]) -> Habit {
    let mut habit = habit.clone();
    if batch.is_empty() {
        return habit;
    }
    if habit.polls > 0 {
        habit.batch_max = habit.batch_max.max(u32::try_from(batch.len()).unwrap_or(u32::MAX));
    }
    habit.polls = habit.polls.saturating_add(1);
    for Traits { host, language, id_shape } in batch {
        host.iter().for_each(|host| habit.hosts.count(host));
        language.iter().for_each(|language| habit.languages.count(language));
        habit.id_shapes.count(id_shape);
    }
    habit
}

/// Whether the new items of a poll are unlike a source with this habit. None where there is no habit yet.
pub fn suspicion(habit: &Habit, batch: &[Traits]) -> Option<Suspicion> {
    if habit.polls < POLLS_MIN || habit.id_shapes.total() < ITEMS_MIN || batch.len() < BATCH_MIN {
        return None;
    }
    let hosts = strangers(&habit.hosts, batch.iter().map(|traits| traits.host.as_deref()));
    let languages = strangers(&habit.languages, batch.iter().map(|traits| traits.language.as_deref()));
    let shapes = strangers(&habit.id_shapes, batch.iter().map(|traits| Some(traits.id_shape)));
    let is_flood = batch.len() >= FLOOD_MIN && batch.len() as u32 > habit.batch_max.saturating_mul(FLOOD_FACTOR);
    let signs: Vec<String> = [
        hosts.map(|host| format!("they lead to `{host}`, where none before led")),
        languages.map(|language| format!("they are in a language that it does not write, `{language}`")),
        shapes.map(|shape| format!("their ids look like none before ({shape})")),
        is_flood.then(|| format!("it never brought more than {} at once", habit.batch_max)),
    ]
    .into_iter()
    .flatten()
    .collect();
    (signs.len() >= 2).then_some(Suspicion { items: batch.len(), signs })
}

/// The most frequent strange value, if most of the batch is strange: values that hardly ever occurred.
fn strangers<'a>(known: &Shares, batch: impl ExactSizeIterator<Item = Option<&'a str>>) -> Option<&'a str> {
    let all = batch.len() as f32;
    let mut counts = HashMap::<&str, u32>::new();
    for value in batch.flatten().filter(|value| known.of(value) < KNOWN_SHARE_MIN) {
        *counts.entry(value).or_default() += 1;
    }
    // Who links to everywhere, or writes in many tongues, has no strangers.
    let is_faithful = known.0.iter().any(|(value, _)| known.of(value) >= USUAL_SHARE_MIN);
    let is_strange = is_faithful && known.total() >= ITEMS_MIN && counts.values().sum::<u32>() as f32 >= all * BATCH_SHARE_MIN;
    // Of two that are as frequent always the same one.
    counts.into_iter().max_by_key(|(value, count)| (*count, *value)).map(|(value, _)| value).filter(|_| is_strange)
}

/// What an id looks like, in a word.
fn shape(id: &str) -> &'static str {
    let is_hex = |id: &str| id.len() >= 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    match id {
        _ if id.starts_with("http://") || id.starts_with("https://") => "address",
        _ if id.starts_with("urn:") => "urn",
        _ if id.starts_with("tag:") => "tag",
        _ if !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()) => "number",
        _ if is_hex(id) => "digest",
        _ => "text",
    }
}

impl fmt::Display for Suspicion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} new items are not like it: {}", self.items, self.signs.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::{Habit, Traits, learn, shape, suspicion};

    fn items(count: usize, host: &str, language: &str, id_shape: &'static str) -> Vec<Traits> {
        vec![Traits { host: Some(host.to_owned()), language: Some(language.to_owned()), id_shape }; count]
    }

    /// A source with three news a poll, ten times, after thirty to begin with.
    fn usual() -> Habit {
        let first = learn(&Habit::default(), &items(30, "blog.example", "en", "address"));
        (0..10).fold(first, |habit, _| learn(&habit, &items(3, "blog.example", "en", "address")))
    }

    #[test]
    fn two_signs_hold_a_batch_back_and_one_does_not() {
        for (batch, is_held) in [
            (items(3, "blog.example", "en", "address"), false),
            (items(50, "blog.example", "en", "address"), false),
            (items(5, "guest.example", "en", "address"), false),
            (items(5, "blog.example", "de", "address"), false),
            (items(5, "casino.example", "id", "address"), true),
            (items(5, "casino.example", "en", "number"), true),
            (items(20, "casino.example", "en", "address"), true),
            (items(20, "blog.example", "ru", "address"), true),
            (items(2, "casino.example", "id", "number"), false),
            ([items(3, "casino.example", "id", "number"), items(3, "blog.example", "en", "address")].concat(), false),
        ] {
            assert_eq!(suspicion(&usual(), &batch).is_some(), is_held, "{:?}", batch[0]);
        }
        let words = suspicion(&usual(), &items(5, "casino.example", "id", "address")).expect("a suspicion").to_string();
        assert_eq!(
            words,
            "5 new items are not like it: they lead to `casino.example`, where none before led; \
             they are in a language that it does not write, `id`"
        );
    }

    #[test]
    fn without_a_habit_nothing_is_strange() {
        let strange = items(20, "casino.example", "id", "number");
        assert_eq!(suspicion(&Habit::default(), &strange), None);
        let first = learn(&Habit::default(), &items(300, "blog.example", "en", "address"));
        assert_eq!(suspicion(&first, &strange), None, "one poll is no habit");
    }

    #[test]
    fn who_links_everywhere_has_no_strange_hosts_alone() {
        let many =
            |poll: usize| (0..5).flat_map(move |n| items(1, &format!("host-{poll}-{n}.example"), "en", "address")).collect::<Vec<_>>();
        let habit = (0..20).fold(Habit::default(), |habit, poll| learn(&habit, &many(poll)));
        assert_eq!(suspicion(&habit, &many(99)), None);
        assert_eq!(suspicion(&habit, &[many(98), many(99), many(100), many(101)].concat()), None, "its hosts are always new");
    }

    #[test]
    fn ids_have_a_look() {
        for (id, wanted) in [
            ("https://a.example/1", "address"),
            ("urn:uuid:1", "urn"),
            ("tag:a,2026:1", "tag"),
            ("12345", "number"),
            ("0123456789abcdef", "digest"),
            ("a post", "text"),
            ("", "text"),
        ] {
            assert_eq!(shape(id), wanted, "{id}");
        }
    }
}
