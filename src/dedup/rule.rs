//! The rule that makes two items one story.

use std::time::Duration;

use super::{
    fingerprint::Fingerprint,
    serials::{is_overlapping, is_subset_either_way},
    sketch::SLOTS,
    title::{self, weight},
    verdict::{Obstacle, Scores, Verdict},
};
use crate::model::{JoinRule, MergeThresholds};

/// The titles seen under one link key. Plain data, so that the store can keep it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyTitles {
    /// Different `Fingerprint::title_digest`s, at most three.
    pub digests: Vec<u64>,
}

impl KeyTitles {
    /// From this many titles on, a link is taken for a page that changes rather than for an article.
    pub const TITLES_MAX: usize = 3;

    /// Takes note of the title of an item under the key; answers whether that was news.
    pub fn note(&mut self, item: &Fingerprint) -> bool {
        let digest = item.title_digest();
        let is_new = !self.digests.contains(&digest) && !self.is_degenerate();
        if is_new {
            self.digests.push(digest);
        }
        is_new
    }

    /// Whether the key names no article.
    pub const fn is_degenerate(&self) -> bool {
        self.digests.len() >= Self::TITLES_MAX
    }
}

/// Whether `new` and `old` are one story. The order of the two does not matter.
pub fn judge(new: &Fingerprint, old: &Fingerprint, thresholds: &MergeThresholds) -> Verdict {
    judge_with_key(new, old, &KeyTitles::default(), thresholds)
}

/// `judge` for two items under one link key, of which the titles seen so far are known.
pub fn judge_with_key(new: &Fingerprint, old: &Fingerprint, seen: &KeyTitles, thresholds: &MergeThresholds) -> Verdict {
    let pair = Pair::of(new, old, thresholds);
    let found = match pair.by_link(seen) {
        Ok(rule) => Ok(rule),
        // A link that proves nothing leaves it to the content, but it is the better explanation.
        Err(why) => pair.by_content().map_err(|other| why.unwrap_or(other)),
    };
    match found {
        Ok(rule) => Verdict::Join { rule, scores: pair.scores },
        Err(reason) => Verdict::Apart { reason, scores: pair.scores },
    }
}

/// Whether `new` may stand beside `member` in a story into which only its title leads it, through another member: the two are one by
/// themselves, or they came at once and what there is of their texts bears it out.
pub fn agrees(new: &Fingerprint, member: &Fingerprint, thresholds: &MergeThresholds) -> bool {
    let mut pair = Pair::of(new, member, thresholds);
    if pair.by_content().is_ok() {
        return true;
    }
    pair.scores = scores(new, member, pair.scores.title, thresholds.text_chars_min as f32 * SHORT_TEXT);
    pair.scores.distance <= AT_ONCE && pair.is_borne_out()
}

/// Less than this in common is nothing in common.
const TEXT_AT_ALL: f32 = 0.04;

/// Titles that are this like mean the same article if its link or a declaration says so already.
const TITLE_CONFIRMS: f32 = 0.6;

/// Two items of one source, or under one reused link, need titles this like.
const TITLE_OF_ONE_SOURCE: f32 = 0.5;

/// Texts this like are one text, whatever numbers the titles hold.
const TEXT_SAME: f32 = 0.85;

/// Catalogues: titles this like, or texts this like.
const TEXT_OF_CATALOGUE: f32 = 0.75;

/// A text of which this share stands in another is a version of it, if the titles agree.
const CONTAINED_VERSION: f32 = 0.7;

/// What leans on a title holds within days only, fewer than a week: next week's column has this week's title.
const TITLE_WINDOW: Duration = Duration::from_secs(7 * 86_400 - 1);

/// Least weight of a title that is enough by itself: ten ideographs or twenty letters. `Weekly report` is not.
const TITLE_WEIGHT_MIN: usize = 20;

/// Least weight of the title that two versions of one text share: their texts say it as well.
const TITLE_WEIGHT_OF_VERSION: usize = 10;

/// An edited title of one source is this like the one before, and the text under it holds this share of the shorter one.
const TITLE_OF_EDITION: f32 = 0.8;
const CONTAINED_EDITION: f32 = 0.95;

/// Two versions of one text come within a day.
const AT_ONCE: Duration = Duration::from_secs(86_400);

/// By how much a title that is more alike than it must be lowers what is asked of the text.
const TEXT_FOR_TITLE: f32 = 0.5;

/// Beside a title this like, a text counts that is too short to count alone; and how much shorter it may be.
const TITLE_BESIDE_SHORT_TEXT: f32 = 0.6;
const SHORT_TEXT: f32 = 0.4;

/// How alike two items are, their texts counted from so many characters on.
fn scores(new: &Fingerprint, old: &Fingerprint, title: f32, chars_min: f32) -> Scores {
    let usable = |print: &'_ Fingerprint| print.text.as_ref().is_some_and(|text| text.useful as f32 >= chars_min);
    let texts = new.text.as_ref().zip(old.text.as_ref()).filter(|_| usable(new) && usable(old));
    let text = texts.map(|(one, other)| one.sketch.likeness(&other.sketch));
    let contained = texts.zip(text).map(|((one, other), likeness)| one.containment(other, likeness));
    Scores { text, contained, title, distance: new.dated.since(old.dated).max(old.dated.since(new.dated)) }
}

/// Two items side by side.
struct Pair<'a> {
    new: &'a Fingerprint,
    old: &'a Fingerprint,
    thresholds: &'a MergeThresholds,
    scores: Scores,
}

impl<'a> Pair<'a> {
    fn of(new: &'a Fingerprint, old: &'a Fingerprint, thresholds: &'a MergeThresholds) -> Self {
        let title = title::likeness(&new.title, &old.title);
        let ease = if title >= TITLE_BESIDE_SHORT_TEXT { SHORT_TEXT } else { 1.0 };
        Self { new, old, thresholds, scores: scores(new, old, title, thresholds.text_chars_min as f32 * ease) }
    }

    /// Rule a. An error is the reason why an equal link does not count, none if the links differ.
    fn by_link(&self, seen: &KeyTitles) -> Result<JoinRule, Option<Obstacle>> {
        if self.new.key.is_none() || self.new.key != self.old.key {
            return Err(None);
        }
        if self.is_one_source() && self.new.fragment != self.old.fragment {
            return Err(Some(Obstacle::OtherFragment));
        }
        let is_confirmed = self.scores.title >= TITLE_OF_ONE_SOURCE || self.scores.text.is_some_and(|text| text >= self.thresholds.text);
        if !is_confirmed && (self.is_one_source() || seen.is_degenerate()) {
            return Err(Some(Obstacle::LinkReused));
        }
        Ok(JoinRule::SameLink)
    }

    /// Rules b to f with their guards.
    fn by_content(&self) -> Result<JoinRule, Obstacle> {
        if self.scores.distance > self.thresholds.window {
            return Err(Obstacle::Window);
        }
        let rule = self.likeness_rule()?;
        self.guard()?;
        Ok(rule)
    }

    fn likeness_rule(&self) -> Result<JoinRule, Obstacle> {
        let Scores { text, contained, title, distance } = self.scores;
        let (text, contained) = (text.unwrap_or_default(), contained.unwrap_or_default());
        let MergeThresholds { text: text_alone, text_beside_title, title_beside_text, .. } = *self.thresholds;
        let is_close = distance <= TITLE_WINDOW;
        if title >= TITLE_CONFIRMS && self.is_declared() {
            Ok(JoinRule::DeclaredOrigin)
        } else if text >= text_alone {
            Ok(JoinRule::SameText)
        } else if title >= title_beside_text && text >= text_beside_title {
            Ok(JoinRule::LikeTextLikeTitle)
        } else if !is_close {
            Err(Obstacle::Unlike)
        } else if self.has_same_title() {
            if self.has_other_text() { Err(Obstacle::OtherText) } else { Ok(JoinRule::SameTitle) }
        } else if title >= title_beside_text && text >= self.text_for_title() {
            Ok(JoinRule::LikeTextLikeTitle)
        } else if contained >= CONTAINED_VERSION && text >= TEXT_AT_ALL && title >= TITLE_CONFIRMS {
            Ok(JoinRule::ContainedText)
        } else {
            Err(Obstacle::Unlike)
        }
    }

    /// How like the texts must be for titles as like as these: the less, the more alike the titles are. Catalogues of exploits have
    /// nothing to spare: a little in common is their template.
    fn text_for_title(&self) -> f32 {
        if self.is_catalogued() {
            return self.thresholds.text_beside_title;
        }
        let spare = self.scores.title - self.thresholds.title_beside_text;
        (self.thresholds.text_beside_title - TEXT_FOR_TITLE * spare).max(TEXT_AT_ALL)
    }

    /// What speaks against a likeness.
    fn guard(&self) -> Result<(), Obstacle> {
        let text = self.scores.text.unwrap_or_default();
        let title = self.scores.title;
        let (new, old) = (self.new, self.old);
        if !new.ids.is_empty() && !old.ids.is_empty() && !is_overlapping(&new.ids, &old.ids) {
            return Err(Obstacle::OtherIds);
        }
        if self.is_other_part() {
            return Err(Obstacle::OtherNumbers);
        }
        if self.is_one_source() && !self.is_repetition() {
            return Err(Obstacle::SameSource);
        }
        // What two sources bring from one site shares that site's frame.
        if self.is_one_site() && title < self.thresholds.title_beside_text {
            return Err(Obstacle::SameSource);
        }
        if self.is_catalogued() && title < TITLE_OF_ONE_SOURCE && text < TEXT_OF_CATALOGUE {
            return Err(Obstacle::Template);
        }
        Ok(())
    }

    /// Whether the numbers in the titles say that these are parts of a series.
    fn is_other_part(&self) -> bool {
        let (new, old) = (&self.new.numbers, &self.old.numbers);
        let Scores { text, title, distance, .. } = self.scores;
        let is_later = distance >= AT_ONCE;
        // With one publisher a number is all that tells the parts of a series apart, however alike they look.
        if new == old || self.is_one_source() || (self.is_one_site() && is_later) {
            return new != old;
        }
        // The same text at the same time is an edited title; under a like title days later, it is the next part's template.
        if text.is_some_and(|text| text >= TEXT_SAME) && (!is_later || title < TITLE_OF_ONE_SOURCE) {
            return false;
        }
        let is_unlike = title < self.thresholds.title_beside_text && !new.is_empty() && !old.is_empty();
        is_unlike || !is_subset_either_way(new, old)
    }

    /// Whether a source says the same thing twice: the same text again, or under the same title a longer or shorter version of it, at once
    /// or within days. What comes later holds nearly all of the shorter text: next time's column only shares its frame. Under a title that
    /// was edited, all of it, and little more.
    fn is_repetition(&self) -> bool {
        let Scores { text, contained, title, distance } = self.scores;
        let is_same_text = text.is_some_and(|text| text >= TEXT_SAME) && title >= TITLE_OF_ONE_SOURCE;
        let is_one_title = self.new.title == self.old.title && weight(&self.new.title) >= TITLE_WEIGHT_OF_VERSION;
        let is_all_contained = distance <= TITLE_WINDOW && contained.is_some_and(|contained| contained >= TEXT_SAME);
        let is_version = is_all_contained || (distance <= AT_ONCE && self.may_be_contained());
        let is_edition = is_all_contained
            && title >= TITLE_OF_EDITION
            && contained.is_some_and(|contained| contained >= CONTAINED_EDITION)
            && text.is_some_and(|text| text >= self.thresholds.text);
        is_same_text || is_edition || (is_one_title && is_version)
    }

    /// Whether what there is of two texts speaks for one story although it is too little to say so alone: one may be part of the other; or
    /// one is no text, under the very same title.
    fn is_borne_out(&self) -> bool {
        match self.scores.text {
            Some(text) => text >= TEXT_AT_ALL && self.may_be_contained() && self.guard().is_ok(),
            None => self.has_same_title() && self.new.numbers == self.old.numbers,
        }
    }

    /// Whether one text can be part of the other as far as sketches can tell: of a short text and a long one they share but a few slots,
    /// and the estimate goes astray by half.
    fn may_be_contained(&self) -> bool {
        let (Some(likeness), Some((new, old))) = (self.scores.text, self.new.text.as_ref().zip(self.old.text.as_ref())) else {
            return false;
        };
        let error = (likeness * (1.0 - likeness) / SLOTS as f32).sqrt();
        new.containment(old, likeness + 2.0 * error) >= CONTAINED_VERSION
    }

    fn is_one_source(&self) -> bool {
        self.new.speaker == self.old.speaker
    }

    fn is_one_site(&self) -> bool {
        self.new.site != 0 && self.new.site == self.old.site
    }

    fn is_catalogued(&self) -> bool {
        self.new.is_catalogued || self.old.is_catalogued
    }

    fn is_declared(&self) -> bool {
        let names = |one: &Fingerprint, other: &Fingerprint| other.key.as_ref().is_some_and(|key| one.declared.contains(key));
        names(self.new, self.old) || names(self.old, self.new)
    }

    fn has_same_title(&self) -> bool {
        self.new.title == self.old.title && weight(&self.new.title) >= TITLE_WEIGHT_MIN
    }

    /// Two long texts of like length with nothing in common.
    fn has_other_text(&self) -> bool {
        const LONG: u32 = 600;
        let long = |print: &'a Fingerprint| print.text.as_ref().filter(|text| text.useful >= LONG);
        long(self.new).zip(long(self.old)).is_some_and(|(one, other)| {
            let (least, most) = (one.useful.min(other.useful), one.useful.max(other.useful));
            one.sketch.likeness(&other.sketch) < TEXT_AT_ALL && u64::from(most) < 2 * u64::from(least)
        })
    }
}
