//! What the daemon answers to a command, as JSON: the shapes that both ends share.

use std::fmt;

use chrono::DateTime;
use serde::{Deserialize, Serialize};

use crate::{
    dedup::Verdict,
    model::{Item, Outcome, Story, Tally, Timestamp, Why},
    poll::{self, ImportSummary, Refused, Report},
    store::{Decided, Explanation, Relative},
};

/// How one ordered poll ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PollRow {
    /// Source id.
    pub source: String,
    /// The outcome in words.
    pub outcome: String,
    /// Whether it is a failure.
    pub failed: bool,
    /// When the source is asked next, RFC 3339; none: never.
    pub next_due: Option<String>,
    /// Why then.
    pub why: String,
}

/// A source and what we remember of it, as `render::sources_json` writes it.
#[derive(Debug, Clone, Deserialize)]
pub struct SourceRow {
    /// Source id.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Whether the configuration still names it.
    pub configured: bool,
    /// Whether it is asked at all: configured, and not switched off.
    #[serde(skip)]
    pub is_polled: bool,
    /// Items ever stored.
    pub items: u64,
    /// How it is, in words.
    pub health: String,
    /// The last outcome in words; none: never asked.
    pub last_outcome: Option<String>,
    /// Whether it is a failure.
    pub last_failed: bool,
    /// Failures in a row.
    pub failures: u32,
    /// When it was last asked, RFC 3339.
    pub last_attempt: Option<String>,
    /// When it is asked next, RFC 3339.
    pub next_due: Option<String>,
    /// Why then.
    pub why: Option<String>,
}

impl SourceRow {
    /// How long ago it was asked, in words.
    pub fn asked(&self, now: Timestamp) -> Option<String> {
        let at = Timestamp::from(DateTime::parse_from_rfc3339(self.last_attempt.as_deref()?).ok()?);
        Some(format!("{} ago", poll::span_in_words(now.since(at))))
    }

    /// In what time it is asked next, in words.
    pub fn due(&self, now: Timestamp) -> Option<String> {
        let at = Timestamp::from(DateTime::parse_from_rfc3339(self.next_due.as_deref()?).ok()?);
        Some(if at > now { format!("in {}", poll::span_in_words(at.since(now))) } else { "now".to_owned() })
    }

    /// Why then, in words.
    pub fn why_in_words(&self) -> &'static str {
        self.why.as_deref().and_then(Why::parse).map_or("", Why::in_words)
    }
}

/// What an import did.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ImportRow {
    /// Files looked at.
    pub files: u32,
    /// Files that had not changed since they were last imported.
    pub known: u32,
    /// Documents that opened a story.
    pub new: u32,
    /// Documents that joined a story.
    pub joined: u32,
    /// Documents that changed.
    pub updated: u32,
    /// Documents that were there already in the same words.
    pub unchanged: u32,
    /// Documents whose body was an empty shell and was dropped, by reason.
    pub dropped: Vec<(String, u32)>,
    /// Files refused, by reason.
    pub refused: Vec<RefusedRow>,
}

/// Files that were refused for one reason.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RefusedRow {
    /// The reason.
    pub reason: String,
    /// How many there are.
    pub count: u32,
    /// The names of the first few.
    pub names: Vec<String>,
}

impl fmt::Display for RefusedRow {
    /// `refused: not a text file (a.txt, b.txt, c.txt, …)`, to stand behind the count.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { reason, count, names } = self;
        write!(f, "refused: {reason}")?;
        if !names.is_empty() {
            let more = if (names.len() as u32) < *count { ", …" } else { "" };
            write!(f, " ({}{more})", names.join(", "))?;
        }
        Ok(())
    }
}

/// What a decision changed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DecisionRow {
    /// In words.
    pub done: String,
    /// The ids of the stories that it is about.
    pub stories: Vec<String>,
}

/// Why an item is in its story.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WhyRow {
    /// The item.
    pub item: ItemRow,
    /// Id of its story.
    pub story: String,
    /// Items in it.
    pub members: usize,
    /// The rule that joined it; none: it opened the story.
    pub rule: Option<String>,
    /// Likeness of the texts when it joined, 0 to 1.
    pub text_score: Option<f32>,
    /// Likeness of the titles when it joined, 0 to 1.
    pub title_score: Option<f32>,
    /// When it joined, RFC 3339.
    pub joined_at: Option<String>,
    /// Other items of its story.
    pub copies: Vec<RelativeRow>,
    /// The nearest items of other stories.
    pub others: Vec<RelativeRow>,
}

/// An item in short.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ItemRow {
    /// Item id.
    pub id: String,
    /// Source id.
    pub source: String,
    /// The account that it names as its origin.
    pub account: Option<String>,
    /// Title.
    pub title: String,
    /// Where it can be read.
    pub link: Option<String>,
    /// Publication, else first sight, RFC 3339.
    pub dated: String,
}

/// An item beside the one that is explained.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RelativeRow {
    /// The other item.
    pub item: ItemRow,
    /// Id of its story.
    pub story: String,
    /// The rule that holds between the two now; none: they would not be joined.
    pub rule: Option<String>,
    /// What keeps them apart, in words.
    pub obstacle: Option<String>,
    /// Likeness of the texts, 0 to 1; none: one of the two has none that is long enough.
    pub text: Option<f32>,
    /// The share of the smaller text that the larger one holds, 0 to 1; same condition.
    pub contained: Option<f32>,
    /// Likeness of the titles, 0 to 1.
    pub title: f32,
    /// Days between their dates.
    pub days: f64,
}

/// What a search found.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FoundRow {
    /// Stories that were counted.
    pub total: usize,
    /// Whether these are all.
    pub is_all: bool,
    /// Whether none says the words in a row, so that these say them apart.
    pub is_loosened: bool,
    /// What was meant as a filter and taken as words.
    pub misread: Vec<String>,
    /// Those that were asked for.
    pub stories: Vec<StoryRow>,
}

/// A story in short.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StoryRow {
    /// Story id.
    pub id: String,
    /// Title of its first copy.
    pub title: String,
    /// Where that can be read.
    pub link: Option<String>,
    /// Publication, RFC 3339.
    pub published: String,
    /// Source ids of its copies.
    pub sources: Vec<String>,
    /// Its labels, and what they name.
    pub tags: Vec<String>,
}

impl From<&Story> for StoryRow {
    fn from(story: &Story) -> Self {
        let first = story.first();
        let mut sources: Vec<String> = Vec::new();
        for member in &story.members {
            if !sources.iter().any(|known| known == member.item.source.as_str()) {
                sources.push(member.item.source.to_string());
            }
        }
        Self {
            id: story.id.to_string(),
            title: first.title.to_string(),
            link: first.link.as_ref().map(ToString::to_string),
            published: story.published.rfc3339(),
            sources,
            tags: story.risk.labels().map(str::to_owned).chain(story.tags().into_iter().map(|tag| tag.name.clone())).collect(),
        }
    }
}

impl From<&Report> for PollRow {
    fn from(report: &Report) -> Self {
        Self {
            source: report.source.to_string(),
            outcome: report.outcome.to_string(),
            failed: matches!(report.outcome, Outcome::Failed(_)),
            next_due: report.next_due.map(crate::model::Timestamp::rfc3339),
            why: report.why.map_or("", Why::as_str).to_owned(),
        }
    }
}

impl From<ImportSummary> for ImportRow {
    fn from(summary: ImportSummary) -> Self {
        let ImportSummary { files, known, tally, dropped, refused } = summary;
        let mut refused: Vec<_> = refused.into_iter().map(|Refused { reason, count, names }| RefusedRow { reason, count, names }).collect();
        let Tally { new, joined, updated, unchanged, refused: by_store, .. } = tally;
        if by_store > 0 {
            let reason = "purged before, or too many copies of one story".to_owned();
            refused.push(RefusedRow { reason, count: by_store, names: Vec::new() });
        }
        Self { files, known, new, joined, updated, unchanged, dropped, refused }
    }
}

impl From<Decided> for DecisionRow {
    fn from(decided: Decided) -> Self {
        Self { done: decided.to_string(), stories: decided.stories().iter().map(ToString::to_string).collect() }
    }
}

impl From<Explanation> for WhyRow {
    fn from(explanation: Explanation) -> Self {
        let Explanation { item, story, joined, members, copies, others } = explanation;
        Self {
            item: (&item).into(),
            story: story.to_string(),
            members,
            rule: joined.map(|joined| joined.rule.as_str().to_owned()),
            text_score: joined.and_then(|joined| joined.text_score),
            title_score: joined.and_then(|joined| joined.title_score),
            joined_at: joined.map(|joined| joined.at.rfc3339()),
            copies: copies.iter().map(RelativeRow::from).collect(),
            others: others.iter().map(RelativeRow::from).collect(),
        }
    }
}

impl From<&Item> for ItemRow {
    fn from(item: &Item) -> Self {
        Self {
            id: item.id.to_string(),
            source: item.source.to_string(),
            account: item.origin.as_ref().and_then(|origin| origin.title.clone()),
            title: item.title.to_string(),
            link: item.link.as_ref().map(ToString::to_string),
            dated: item.dated().rfc3339(),
        }
    }
}

impl From<&Relative> for RelativeRow {
    fn from(relative: &Relative) -> Self {
        let scores = relative.verdict.scores();
        let (rule, obstacle) = match relative.verdict {
            _ if relative.kept_apart => (None, Some("an operator ordered them to stay apart")),
            Verdict::Join { rule, .. } => (Some(rule.as_str()), None),
            Verdict::Apart { reason, .. } => (None, Some(reason.as_str())),
        };
        Self {
            item: (&relative.item).into(),
            story: relative.story.to_string(),
            rule: rule.map(str::to_owned),
            obstacle: obstacle.map(str::to_owned),
            text: scores.text,
            contained: scores.contained,
            title: scores.title,
            days: scores.distance.as_secs_f64() / 86_400.0,
        }
    }
}
