//! What differs between two versions of a text: by lines, and inside of a changed line by words and signs.

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// Lines of a version that are compared; what follows is not looked at.
const LINES_MAX: usize = 600;

/// Words and signs of two changed passages that are compared; longer ones are told as a whole. The comparing of two texts that have
/// nothing in common takes time in the square of this.
const WORDS_MAX: usize = 1500;

/// What became of a stretch of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It stands in both versions.
    Kept,
    /// It stood in the older one.
    Gone,
    /// It stands in the newer one.
    Come,
}

/// One passage that was changed, in pieces. Lines in it end with `\n`.
pub(super) type Passage = Vec<(Fate, String)>;

/// How much comparing a page may cost yet, in words and signs.
pub(super) struct Budget(pub(super) usize);

/// The passages in which `newer` is not what `older` was.
pub(super) fn passages(older: &str, newer: &str, budget: &mut Budget) -> Vec<Passage> {
    let lines = |text| str::lines(text).take(LINES_MAX).collect::<Vec<_>>();
    let (older, newer) = (lines(older), lines(newer));
    let changes = capture_diff_slices(Algorithm::Myers, &older, &newer);
    let changed = changes.into_iter().filter(|change| !matches!(change, DiffOp::Equal { .. }));
    changed.map(|change| passage(&older[change.old_range()].join("\n"), &newer[change.new_range()].join("\n"), budget)).collect()
}

/// One line or several against those that took their place.
pub(super) fn passage(older: &str, newer: &str, budget: &mut Budget) -> Passage {
    let (gone, come) = (words(older), words(newer));
    let cost = gone.len() + come.len();
    let mut written = Written::default();
    if cost > WORDS_MAX.min(budget.0) {
        written.change(&gone, &come);
        return written.finish();
    }
    budget.0 -= cost;
    for change in capture_diff_slices(Algorithm::Myers, &gone, &come) {
        match change {
            DiffOp::Equal { new_index, len, .. } => written.keep(&come[new_index..new_index + len]),
            _ => written.change(&gone[change.old_range()], &come[change.new_range()]),
        }
    }
    written.finish()
}

/// A passage that is being written: what was changed is told in one piece, although a space or a comma in it stayed.
#[derive(Default)]
struct Written {
    passage: Passage,
    /// What went, and what came in its place.
    gone: String,
    come: String,
    /// Spaces and punctuation that were kept behind that.
    bridge: String,
}

impl Written {
    fn change(&mut self, gone: &[&str], come: &[&str]) {
        let bridge = std::mem::take(&mut self.bridge);
        for (text, words) in [(&mut self.gone, gone), (&mut self.come, come)] {
            text.push_str(&bridge);
            text.extend(words.iter().copied());
        }
    }

    fn keep(&mut self, words: &[&str]) {
        let text = words.concat();
        if text.contains(char::is_alphanumeric) || (self.gone.is_empty() && self.come.is_empty()) {
            self.end_change(&text);
        } else {
            self.bridge.push_str(&text);
        }
    }

    fn end_change(&mut self, behind: &str) {
        let kept = std::mem::take(&mut self.bridge) + behind;
        let changed = [(Fate::Gone, std::mem::take(&mut self.gone)), (Fate::Come, std::mem::take(&mut self.come)), (Fate::Kept, kept)];
        self.passage.extend(changed.into_iter().filter(|(_, text)| !text.is_empty()));
    }

    fn finish(mut self) -> Passage {
        self.end_change("");
        self.passage
    }
}

/// A text in words of letters and digits; every other character, an ideograph too, stands alone.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let run = rest.find(|c| !is_letter(c)).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(run.max(first.len_utf8()));
        words.push(word);
        rest = behind;
    }
    words
}

/// Whether a character makes a word with those beside it: not in the scripts of East Asia, which begin at U+2E80.
fn is_letter(c: char) -> bool {
    c.is_alphanumeric() && c < '\u{2E80}'
}

#[cfg(test)]
mod tests {
    use super::{
        Budget,
        Fate::{self, Come, Gone, Kept},
        passages, words,
    };

    fn changed(older: &str, newer: &str) -> Vec<Vec<(Fate, String)>> {
        passages(older, newer, &mut Budget(100_000))
    }

    fn pieces(of: &[(Fate, &str)]) -> Vec<(Fate, String)> {
        of.iter().map(|(fate, text)| (*fate, (*text).to_owned())).collect()
    }

    #[test]
    fn words_and_signs_are_told_apart() {
        assert_eq!(words("CVE-2024 被利用 été."), ["CVE", "-", "2024", " ", "被", "利", "用", " ", "été", "."]);
    }

    #[test]
    fn only_what_changed_is_told() {
        for (older, newer, wanted) in [
            ("same\ntext", "same\ntext", vec![]),
            ("a\nb\nc", "a\nc", vec![pieces(&[(Gone, "b")])]),
            ("a\nc", "a\nb\nc", vec![pieces(&[(Come, "b")])]),
            (
                "one\n3 hosts are hit\nend",
                "one\n12 hosts are hit\nend",
                vec![pieces(&[(Gone, "3"), (Come, "12"), (Kept, " hosts are hit")])],
            ),
            ("漏洞已被利用", "漏洞未被利用", vec![pieces(&[(Kept, "漏洞"), (Gone, "已"), (Come, "未"), (Kept, "被利用")])]),
            ("", "new", vec![pieces(&[(Come, "new")])]),
            (
                "hit at this time, he says",
                "hit in the wild, he says",
                vec![pieces(&[(Kept, "hit "), (Gone, "at this time"), (Come, "in the wild"), (Kept, ", he says")])],
            ),
        ] {
            assert_eq!(changed(older, newer), wanted, "{older} / {newer}");
        }
    }

    #[test]
    fn two_texts_that_have_nothing_in_common_are_told_as_a_whole() {
        let [older, newer] = ["a", "b"].map(|word| format!("{word} ").repeat(100_000));
        assert_eq!(changed(&older, &newer), [pieces(&[(Gone, &older), (Come, &newer)])]);
        assert_eq!(passages("a b", "a c", &mut Budget(3)), [pieces(&[(Gone, "a b"), (Come, "a c")])]);
    }
}
