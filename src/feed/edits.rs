//! Repairs as a list of small edits. No edit, no copy: a clean document reaches the strict reader as its publisher wrote it.

use std::{borrow::Cow, ops::Range};

/// Replacements of parts of one text.
#[derive(Debug, Default)]
pub(super) struct Edits {
    list: Vec<Edit>,
}

/// One replacement.
#[derive(Debug)]
struct Edit {
    range: Range<usize>,
    with: Cow<'static, str>,
}

/// An edited text, and where the ranges asked for have moved.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Edited<'a> {
    /// The text; borrowed when nothing was edited.
    pub text: Cow<'a, str>,
    /// The ranges asked for, in the edited text.
    pub ranges: Vec<Range<usize>>,
}

impl Edits {
    /// Puts `with` in the place of `range`.
    pub(super) fn replace(&mut self, range: Range<usize>, with: impl Into<Cow<'static, str>>) {
        self.list.push(Edit { range, with: with.into() });
    }

    /// Puts `what` before the byte `at`.
    pub(super) fn insert(&mut self, at: usize, what: impl Into<Cow<'static, str>>) {
        self.replace(at..at, what);
    }

    /// Takes `range` away.
    pub(super) fn delete(&mut self, range: Range<usize>) {
        self.replace(range, "");
    }

    /// Puts `with` in the place of `range`, and of the edits that were made inside it, at its end included.
    pub(super) fn supersede(&mut self, range: Range<usize>, with: impl Into<Cow<'static, str>>) {
        let inside = self.list.iter().rposition(|edit| edit.range.start < range.start).map_or(0, |index| index + 1);
        let mut tail = self.list.split_off(inside);
        tail.retain(|edit| edit.range.end > range.end || edit.range.end == range.start);
        self.list.append(&mut tail);
        self.replace(range, with);
    }

    /// How many edits there are.
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// Forgets every edit behind `at`, and what replaces something there; insertions at `at` end what stands before.
    pub(super) fn forget_from(&mut self, at: usize) {
        self.list.retain(|edit| edit.range.start < at || edit.range == (at..at));
    }

    /// Carries the edits out on `text[within]`. Where edits overlap, the first one wins. `ranges` must be sorted and apart.
    pub(super) fn apply(mut self, text: &str, within: Range<usize>, ranges: Vec<Range<usize>>) -> Edited<'_> {
        let offset = within.start;
        if self.list.is_empty() {
            let ranges = ranges.into_iter().map(|range| range.start - offset..range.end - offset).collect();
            return Edited { text: Cow::Borrowed(&text[within]), ranges };
        }
        // Stable: insertions at one place keep their order.
        self.list.sort_by_key(|edit| edit.range.start);
        let mut moved = Moved { ranges, next: 0, found: Vec::new() };
        let added: usize = self.list.iter().map(|edit| edit.with.len()).sum();
        let mut out = String::with_capacity(within.len() + added);
        let mut at = within.start;
        for edit in self.list {
            if edit.range.start < at || edit.range.start > within.end {
                continue;
            }
            // What begins or ends where something is inserted lies behind the insertion; before what is replaced, before it.
            let upto = edit.range.start + usize::from(!edit.range.is_empty());
            moved.pass(at..upto, out.len());
            out.push_str(&text[at..edit.range.start]);
            out.push_str(&edit.with);
            at = edit.range.end.min(within.end);
        }
        moved.pass(at..within.end + 1, out.len());
        out.push_str(&text[at..within.end]);
        Edited { text: Cow::Owned(out), ranges: moved.found.chunks_exact(2).map(|pair| pair[0]..pair[1]).collect() }
    }
}

/// Follows the ends of ranges through the edits.
struct Moved {
    ranges: Vec<Range<usize>>,
    /// How many ends have been passed: even for a start, odd for an end.
    next: usize,
    found: Vec<usize>,
}

impl Moved {
    /// The part `kept` of the old text comes to stand at `at` in the new one; ends before it were edited away.
    fn pass(&mut self, kept: Range<usize>, at: usize) {
        while let Some(range) = self.ranges.get(self.next / 2) {
            let end = if self.next.is_multiple_of(2) { range.start } else { range.end };
            if end >= kept.end {
                return;
            }
            self.found.push(at + end.saturating_sub(kept.start));
            self.next += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::{Edited, Edits};

    #[test]
    fn without_edits_nothing_is_copied() {
        let edited = Edits::default().apply("..abc..", 2..5, vec![2..3, 3..5]);
        assert_eq!(edited, Edited { text: Cow::Borrowed("abc"), ranges: vec![0..1, 1..3] });
        assert!(matches!(edited.text, Cow::Borrowed(_)));
    }

    #[test]
    fn edits_apply_in_order_of_place_and_ranges_follow() {
        let mut edits = Edits::default();
        edits.insert(9, "!");
        edits.replace(2..4, "XYZ");
        edits.insert(4, "<");
        edits.insert(4, ">");
        edits.delete(6..8);
        let edited = edits.apply("0123456789", 0..10, vec![0..2, 2..4, 4..6, 9..10]);
        assert_eq!(edited.text, "01XYZ<>458!9");
        let parts: Vec<&str> = edited.ranges.iter().map(|range| &edited.text[range.clone()]).collect();
        assert_eq!(parts, ["01", "XYZ<>", "45", "9"]);
    }
}
