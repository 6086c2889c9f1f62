//! Every source and how it is: asked when, with what outcome, again when and why then.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
};

use super::{
    Head, page,
    plot::{self, Bar},
    words,
};
use crate::{
    health::{self, Verdict},
    model::{Glance, Recent, SourceId, SourceState, Timestamp, Trouble, counted},
    render::{Format, Site, SourceCard, SourceCards, health_feed_of, html::Html},
    view::Share,
};

/// What is known of the sources beside their cards.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    /// What is remembered of them.
    pub states: &'a [(SourceId, SourceState)],
    /// What they had of all stories; those "lately" are of the last week.
    pub shares: &'a HashMap<SourceId, Share>,
    /// What does not work in the daemon itself, in words.
    pub faults: &'a [&'a str],
}

/// The page of all configured sources, those with trouble first. A private source has its name here, and no word of what its server
/// said: that may name its address.
pub fn sources(site: &Site, cards: &SourceCards, known: Sources<'_>, now: Timestamp) -> Vec<u8> {
    let mut rows: Vec<_> = cards.with_states(known.states.iter().map(|(id, state)| (id, state))).collect();
    let verdict = |state: &SourceState| Verdict::of(state, now);
    rows.sort_by_cached_key(|(id, state)| (verdict(state), Reverse(state.failures), cards.name(id).to_lowercase()));
    let verdicts: Vec<_> = rows.iter().map(|(_, state)| verdict(state)).collect();
    let own = site.sources_url();
    let health = health_feed_of(site, &[]);
    page(site, &Head { title: "Sources", canonical: Some(&own), listed: false, feed: Some(&health) }, |html| {
        html.element("h1", &[("class", "heading")], "Sources");
        for fault in known.faults {
            html.element("p", &[("class", "fault"), ("role", "alert")], &format!("Out of order: {fault}"));
        }
        html.element("p", &[("class", "byline")], &summary(&verdicts));
        html.wrap("p", &[("class", "byline")], |html| {
            html.element("a", &[("href", health.url(site, Format::Atom).as_str())], "What changes here, as a feed");
        });
        html.wrap("ul", &[("class", "sources")], |html| {
            for (id, state) in &rows {
                html.wrap("li", &[("id", id.as_str()), ("class", class(verdict(state)))], |html| {
                    write_source(html, (site, cards), (id, state), now);
                    write_share(html, known.shares.get(id).copied().unwrap_or_default());
                    write_polls(html, state.recent);
                });
            }
        });
    })
}

fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Gone | Verdict::Failing(_) | Verdict::Frozen => "bad",
        Verdict::Expiring | Verdict::Late | Verdict::Offline | Verdict::Unasked | Verdict::Empty => "new",
        Verdict::Moved | Verdict::Quiet | Verdict::Fine => "fine",
    }
}

/// `87 fine, 1 late, 2 failing`.
fn summary(verdicts: &[Verdict]) -> String {
    let mut counts: BTreeMap<Reverse<Verdict>, (usize, &str)> = BTreeMap::new();
    for verdict in verdicts {
        // Whatever ails them, they fail.
        let (kind, word) = match verdict {
            Verdict::Failing(_) => (Verdict::Failing(Trouble::Name), "failing"),
            Verdict::Offline => (*verdict, "out of reach, for our own network seems to be down"),
            _ => (*verdict, verdict.as_str()),
        };
        counts.entry(Reverse(kind)).or_insert((0, word)).0 += 1;
    }
    let parts: Vec<String> = counts.into_values().map(|(count, word)| format!("{count} {word}")).collect();
    if parts.is_empty() { "No source is configured.".to_owned() } else { parts.join(", ") }
}

fn write_source(html: &mut Html, (site, cards): (&Site, &SourceCards), (id, state): (&SourceId, &SourceState), now: Timestamp) {
    let card = cards.get(id);
    let address = card.and_then(|card| card.site().map(|site| site.as_str()).or_else(|| card.shown_url()));
    html.wrap("h2", &[], |html| match address {
        Some(address) => html.element("a", &[("href", address), ("rel", "nofollow noopener noreferrer")], cards.name(id)),
        None => html.text(cards.name(id)),
    });
    html.element("p", &[("class", "state")], &health::in_words(state, card.is_some_and(SourceCard::is_private), now));
    html.wrap("p", &[], |html| {
        html.text(&counted(state.items, "item", "items"));
        for (what, time) in [("asked", state.last_attempt), ("answered", state.last_success), ("next", state.next_due)] {
            if let Some(time) = time {
                html.text(&format!(" · {what} "));
                words::write_moment(html, time, site.timezone);
            }
        }
        if let Some(why) = state.why.filter(|_| state.next_due.is_some()) {
            html.text(&format!(": {}", why.in_words()));
        }
    });
}

/// `told 120 stories: 8 this week, 60 % of all first, 35 % alone`.
fn write_share(html: &mut Html, Share { stories, lately, first, only }: Share) {
    if stories == 0 {
        return;
    }
    let percent = |part: u32| u64::from(part) * 100 / u64::from(stories);
    let told = counted(stories, "story", "stories");
    let words = format!("told {told}, {lately} in the last week · {} % as the first, {} % as the only one", percent(first), percent(only));
    html.element("p", &[], &words);
}

/// A bar for each of the last polls.
fn write_polls(html: &mut Html, recent: Recent) {
    let polls: Vec<Glance> = recent.polls().collect();
    if polls.is_empty() {
        return;
    }
    let count = |wanted| polls.iter().filter(|glance| **glance == wanted).count();
    let [news, nothing, failed] = [Glance::News, Glance::Nothing, Glance::Failed].map(count);
    let words = format!("Last {}: {news} with news, {nothing} without, {failed} failed", counted(polls.len(), "poll", "polls"));
    let bars = polls.iter().map(|glance| match glance {
        Glance::News => Bar { share: 1.0, class: "bar" },
        Glance::Nothing => Bar { share: 0.25, class: "still" },
        Glance::Failed => Bar { share: 0.6, class: "failed" },
    });
    plot::write_bars(html, &words, &bars.collect::<Vec<_>>());
}

#[cfg(test)]
mod tests {
    use super::summary;
    use crate::{health::Verdict, model::Trouble};

    #[test]
    fn the_well_are_counted_first() {
        let verdicts = [
            Verdict::Failing(Trouble::Blocked),
            Verdict::Fine,
            Verdict::Late,
            Verdict::Failing(Trouble::Page),
            Verdict::Fine,
            Verdict::Gone,
        ];
        assert_eq!(summary(&verdicts), "2 fine, 1 late, 2 failing, 1 gone");
        assert_eq!(summary(&[]), "No source is configured.");
    }
}
