//! Every source and how it is: asked when, with what outcome, again when and why then.

use std::{cmp::Reverse, collections::HashMap};

use super::{Head, page, words};
use crate::{
    model::{SourceId, SourceState, Timestamp, Why, ZonedTime},
    render::{Site, SourceCard, SourceCards, html::Html},
};

/// How a source is, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Condition {
    Gone,
    Failing,
    /// It could not be asked: our own network is down.
    OutOfReach,
    Unasked,
    Fine,
}

/// The page of all configured sources, those with trouble first. A private source has its name here, and no word of what its server
/// said: that may name its address.
pub fn sources(site: &Site, cards: &SourceCards, states: &[(SourceId, SourceState)]) -> Vec<u8> {
    let unknown = SourceState::default();
    let states: HashMap<&SourceId, &SourceState> = states.iter().map(|(id, state)| (id, state)).collect();
    let mut rows: Vec<_> = cards.ids().map(|id| (id, states.get(id).copied().unwrap_or(&unknown))).collect();
    rows.sort_by_cached_key(|(id, state)| (condition(state), Reverse(state.failures), cards.name(id).to_lowercase()));
    let conditions: Vec<_> = rows.iter().map(|(_, state)| condition(state)).collect();
    let own = site.sources_url();
    page(site, &Head { title: "Sources", canonical: Some(&own), listed: false, feed: None }, |html| {
        html.element("h1", &[("class", "heading")], "Sources");
        html.element("p", &[("class", "byline")], &summary(&conditions));
        html.wrap("ul", &[("class", "sources")], |html| {
            for (id, state) in &rows {
                html.wrap("li", &[("id", id.as_str()), ("class", class(condition(state)))], |html| write_source(html, cards, (id, state)));
            }
        });
    })
}

fn condition(state: &SourceState) -> Condition {
    match state {
        _ if state.gone => Condition::Gone,
        _ if state.last_failed && state.why == Some(Why::Offline) => Condition::OutOfReach,
        _ if state.last_failed => Condition::Failing,
        _ if state.last_outcome.is_none() => Condition::Unasked,
        _ => Condition::Fine,
    }
}

fn class(condition: Condition) -> &'static str {
    match condition {
        Condition::Gone | Condition::Failing => "bad",
        Condition::OutOfReach | Condition::Unasked => "new",
        Condition::Fine => "fine",
    }
}

/// `87 fine, 2 failing`.
fn summary(conditions: &[Condition]) -> String {
    let count = |wanted: Condition, word: &str| {
        let count = conditions.iter().filter(|condition| **condition == wanted).count();
        (count > 0).then(|| format!("{count} {word}"))
    };
    let parts = [
        count(Condition::Fine, "fine"),
        count(Condition::Failing, "failing"),
        count(Condition::Gone, "gone"),
        count(Condition::OutOfReach, "out of reach, for our own network seems to be down"),
        count(Condition::Unasked, "not asked yet"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "No source is configured.".to_owned() } else { parts.join(", ") }
}

fn write_source(html: &mut Html, cards: &SourceCards, (id, state): (&SourceId, &SourceState)) {
    let card = cards.get(id);
    let address = card.and_then(|card| card.site().map(|site| site.as_str()).or_else(|| card.shown_url()));
    html.wrap("h2", &[], |html| match address {
        Some(address) => html.element("a", &[("href", address), ("rel", "nofollow noopener noreferrer")], cards.name(id)),
        None => html.text(cards.name(id)),
    });
    html.element("p", &[("class", "state")], &words_of(state, card.is_some_and(SourceCard::is_private)));
    html.wrap("p", &[], |html| {
        html.text(&words::count_of(usize::try_from(state.items).unwrap_or(usize::MAX), "item"));
        for (what, time) in [("asked", state.last_attempt), ("answered", state.last_success), ("next", state.next_due)] {
            if let Some(time) = time {
                html.text(&format!(" · {what} "));
                write_moment(html, time);
            }
        }
        if let Some(why) = state.why.filter(|_| state.next_due.is_some()) {
            html.text(&format!(": {}", why.in_words()));
        }
    });
}

/// How a source is, in words.
fn words_of(state: &SourceState, is_private: bool) -> String {
    let outcome = state.last_outcome.as_deref().filter(|_| !is_private);
    // What ails our own disk, and where it is, is for the log.
    let outcome = outcome.map(|outcome| if outcome.starts_with("not stored") { "not stored" } else { outcome });
    let since = |verb: &str| state.failing_since.map(|since| format!("{verb} since {}", &since.rfc3339()[..10]));
    match condition(state) {
        Condition::Unasked => "not asked yet".to_owned(),
        Condition::OutOfReach => "out of reach".to_owned(),
        Condition::Gone => "gone: it is not asked any more".to_owned(),
        Condition::Fine => outcome.map_or_else(|| "fine".to_owned(), |outcome| format!("fine: {outcome}")),
        Condition::Failing => {
            let failing = since("failing").unwrap_or_else(|| "failing".to_owned());
            let times = if state.failures > 1 { format!(", {} times", state.failures) } else { String::new() };
            outcome.map_or_else(|| format!("{failing}{times}"), |outcome| format!("{failing}{times}: {outcome}"))
        }
    }
}

fn write_moment(html: &mut Html, time: Timestamp) {
    words::write_time(html, ZonedTime::utc(time));
}

#[cfg(test)]
mod tests {
    use super::words_of;
    use crate::model::{SourceState, Timestamp, Why};

    #[test]
    fn a_source_is_described_in_words() {
        let read = SourceState { last_outcome: Some("3 new".to_owned()), ..SourceState::default() };
        let failing = SourceState {
            last_outcome: Some("`secret.example` does not resolve".to_owned()),
            last_failed: true,
            failures: 4,
            failing_since: Some(Timestamp::from_secs(1_795_305_600)),
            ..SourceState::default()
        };
        for (state, is_private, wanted) in [
            (&SourceState::default(), false, "not asked yet"),
            (&read, false, "fine: 3 new"),
            (&read, true, "fine"),
            (&failing, false, "failing since 2026-11-22, 4 times: `secret.example` does not resolve"),
            (&failing, true, "failing since 2026-11-22, 4 times"),
            (&SourceState { why: Some(Why::Offline), ..failing.clone() }, false, "out of reach"),
            (&SourceState { gone: true, ..failing.clone() }, false, "gone: it is not asked any more"),
        ] {
            assert_eq!(words_of(state, is_private), wanted);
        }
    }
}
