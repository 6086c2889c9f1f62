//! JSON outputs: one line a story, one line an inspected document, the table of sources.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{SourceCard, SourceCards};
use crate::{
    health::{self, Verdict},
    model::{Channel, Cve, Draft, Link, LinkKey, Markup, Member, Problem, SourceId, SourceState, Story, Threat, Timestamp, Why, ZonedTime},
};

/// A story as one line without its line end:
/// `{"id", "title", "published", "updated", "members": [{"id", "source", "title", "link", "key", "published", "document", ...}]}`.
/// Dates are RFC 3339, absent values null. `"risk"` follows where lists say something of what it is about.
pub fn export_line(story: &Story) -> String {
    let mut line = json!({
        "id": story.id.to_string(),
        "entry_id": story.entry_id,
        "title": story.first().title.as_str(),
        "published": story.published.rfc3339(),
        "updated": story.updated.rfc3339(),
        "members": story.members.iter().map(member).collect::<Vec<_>>(),
    });
    if !story.risk.threats().is_empty() {
        line["risk"] = story.risk.threats().iter().map(threat).collect();
    }
    line.to_string()
}

fn threat((cve, threat): &(Cve, Threat)) -> Value {
    json!({
        "vulnerability": cve.to_string(),
        "exploited_since": threat.exploited.map(|known| known.since.to_string()),
        "by_ransomware": threat.exploited.is_some_and(|known| known.by_ransomware),
        "epss_tenths": threat.likelihood,
    })
}

fn member(member: &Member) -> Value {
    let item = &member.item;
    json!({
        "id": item.id.to_string(),
        "source": item.source.as_str(),
        "origin": item.origin.as_ref().and_then(|origin| origin.title.as_deref()),
        "title": item.title.as_str(),
        "link": item.link.as_ref().map(Link::as_str),
        "key": item.key.as_ref().map(LinkKey::as_str),
        "published": item.published.map(ZonedTime::rfc3339),
        "first_seen": item.first_seen.rfc3339(),
        "document": item.document,
        "joined": member.joined.map(|joined| json!({
            "rule": joined.rule.as_str(),
            "text_score": joined.text_score,
            "title_score": joined.title_score,
            "at": joined.at.rfc3339(),
        })),
    })
}

/// What was read in one document, as its publisher wrote it, as one line without its line end; `Err` says why it is no feed:
/// `{"file", "ok", "error", "title", "entries": [{"id", "title", "link", "published", "updated", ...}]}`.
pub fn inspect_line(file: &str, reading: Result<(&Channel, &[Draft], &[Problem]), &str>) -> String {
    match reading {
        Err(why) => json!({ "file": file, "ok": false, "error": why, "title": null, "entries": [] }),
        Ok((channel, drafts, problems)) => json!({
            "file": file,
            "ok": true,
            "error": null,
            "format": channel.format,
            "id": channel.id,
            "title": channel.title,
            "site": channel.site.as_ref().map(Link::as_str),
            "self": channel.self_link.as_ref().map(Link::as_str),
            "language": channel.language,
            "updated": channel.updated.map(ZonedTime::rfc3339),
            "problems": problems.iter().map(Problem::to_string).collect::<Vec<_>>(),
            "entries": drafts.iter().map(entry).collect::<Vec<_>>(),
        }),
    }
    .to_string()
}

fn entry(draft: &Draft) -> Value {
    let chars = |markup: &Option<Markup>| markup.as_ref().map(|markup| markup.as_str().chars().count());
    json!({
        "id": draft.native_id,
        "title": draft.title,
        "link": draft.spelled_link(),
        "published": draft.published.map(ZonedTime::rfc3339),
        "updated": draft.updated.map(ZonedTime::rfc3339),
        "authors": draft.authors,
        "categories": draft.categories,
        "related": draft.related.iter().map(Link::as_str).collect::<Vec<_>>(),
        "enclosures": draft.enclosures.iter().map(|file| file.link.as_str()).collect::<Vec<_>>(),
        "summary_chars": chars(&draft.summary),
        "content_chars": chars(&draft.content),
    })
}

/// All sources, the configured ones and those that are only remembered, as a JSON array in the order of their ids. No address but
/// the one that may be shown.
pub fn sources<'a>(cards: &'a SourceCards, states: impl IntoIterator<Item = (&'a SourceId, &'a SourceState)>, now: Timestamp) -> String {
    let mut rows: BTreeMap<_, _> = states.into_iter().filter(|(id, _)| !cards.is_former(id)).collect();
    rows.extend(cards.with_states(rows.clone()));
    Value::Array(rows.into_iter().map(|(id, state)| source(cards, id, state, now)).collect()).to_string()
}

fn source(cards: &SourceCards, id: &SourceId, state: &SourceState, now: Timestamp) -> Value {
    let rfc3339 = |time: Option<Timestamp>| time.map(Timestamp::rfc3339);
    json!({
        "id": id.as_str(),
        "name": cards.name(id),
        "url": cards.get(id).and_then(SourceCard::shown_url),
        "configured": cards.get(id).is_some(),
        "verdict": Verdict::of(state, now).as_str(),
        "health": health::in_words(state, false, now),
        "items": state.items,
        "last_outcome": state.last_outcome,
        "last_failed": state.last_failed,
        "failures": state.failures,
        "last_attempt": rfc3339(state.last_attempt),
        "last_success": rfc3339(state.last_success),
        "next_due": rfc3339(state.next_due),
        "why": state.why.map(Why::as_str),
        "gone": state.gone,
    })
}

/// `{"progress": ...}`: how far an order has come that takes its time, 0 to 1.
pub fn progress(share: f64) -> String {
    json!({ "progress": share }).to_string()
}

/// `{"done": ...}` around the reply to such an order, which is JSON.
pub fn done(reply: &str) -> String {
    format!("{{\"done\":{reply}}}")
}

/// `{"error": ...}`, for answers to programs.
pub fn error(why: &str) -> String {
    json!({ "error": why }).to_string()
}
