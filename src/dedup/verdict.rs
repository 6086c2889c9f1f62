//! What the rule can say about two items: that they are one story and why, or what keeps them apart.

use std::time::Duration;

use crate::model::JoinRule;

/// What the rule says about two items.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Verdict {
    /// They are one story.
    Join {
        /// The rule that held.
        rule: JoinRule,
        /// What it looked at.
        scores: Scores,
    },
    /// They are not.
    Apart {
        /// What kept them apart.
        reason: Obstacle,
        /// What was looked at.
        scores: Scores,
    },
}

/// How alike two items are.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Scores {
    /// Likeness of the texts, 0 to 1, where both have one that is long enough.
    pub text: Option<f32>,
    /// The share of the smaller text that the larger one holds, 0 to 1; same condition.
    pub contained: Option<f32>,
    /// Likeness of the titles, 0 to 1.
    pub title: f32,
    /// Distance of their dates.
    pub distance: Duration,
}

/// What keeps two items apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Obstacle {
    /// Published too far apart.
    Window,
    /// One page, but different parts of it in one source.
    OtherFragment,
    /// One link, but it has stood under several titles: it names no article.
    LinkReused,
    /// Their titles name different vulnerabilities.
    OtherIds,
    /// Their titles hold different numbers: parts of a series.
    OtherNumbers,
    /// One source says what it says twice on purpose.
    SameSource,
    /// Catalogues of exploits repeat their template.
    Template,
    /// One title over different texts.
    OtherText,
    /// Each text names what only its own title names: a template was filled in twice.
    OtherName,
    /// Nothing was alike enough.
    Unlike,
}

impl Obstacle {
    /// All obstacles with the words that outputs use.
    pub const ALL: [(Self, &'static str); 10] = [
        (Self::Window, "published too far apart"),
        (Self::OtherFragment, "different parts of one page"),
        (Self::LinkReused, "the link has stood under several titles"),
        (Self::OtherIds, "titles name different vulnerabilities"),
        (Self::OtherNumbers, "titles hold different numbers"),
        (Self::SameSource, "two items of one source"),
        (Self::Template, "texts of one template"),
        (Self::OtherText, "one title over different texts"),
        (Self::OtherName, "each names what the other does not"),
        (Self::Unlike, "not alike enough"),
    ];

    /// The obstacle in words.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(obstacle, _)| *obstacle == self).map_or("", |(_, words)| words)
    }
}

impl Verdict {
    /// Orders verdicts over the candidates for one item: the greatest decides. Joins come before refusals, earlier rules before later
    /// ones, then the more alike.
    pub fn strength(&self) -> (u8, u32) {
        let (rank, scores) = match self {
            Self::Join { rule, scores } => {
                let place = JoinRule::ALL.iter().position(|(known, _)| known == rule).unwrap_or(JoinRule::ALL.len());
                (u8::try_from(JoinRule::ALL.len() - place).unwrap_or(u8::MAX), scores)
            }
            Self::Apart { scores, .. } => (0, scores),
        };
        (rank, ((scores.text.unwrap_or_default() + scores.title) * 1e6) as u32)
    }

    /// The rule, if they are one story.
    pub const fn rule(&self) -> Option<JoinRule> {
        match self {
            Self::Join { rule, .. } => Some(*rule),
            Self::Apart { .. } => None,
        }
    }

    /// Whether it rests on texts that are alike: what is alike may still name another.
    pub const fn leans_on_text(&self) -> bool {
        matches!(self.rule(), Some(JoinRule::SameText | JoinRule::LikeTextLikeTitle | JoinRule::ContainedText))
    }

    /// Whether it rests on titles that are alike.
    pub const fn leans_on_title(&self) -> bool {
        matches!(self.rule(), Some(JoinRule::SameTitle | JoinRule::ContainedText))
    }

    /// What was looked at.
    pub const fn scores(&self) -> &Scores {
        match self {
            Self::Join { scores, .. } | Self::Apart { scores, .. } => scores,
        }
    }
}
