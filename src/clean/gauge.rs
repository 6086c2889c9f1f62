//! Measures what HTML would cost a parser, before one sees it (protocol X7).
//!
//! A formatting element (`<b>`) that is still open when a paragraph ends is opened again in the next one, attributes and all: a thousand
//! unclosed ones before three thousand paragraphs turn 26 kB into 60 MB. The gauge keeps the parser's list of such elements, erring on
//! the side of "still open": an end tag counts only where the standard cannot have ignored it (HTML section 13.2.6.4.7).

/// Elements inside each other.
const DEPTH_MAX: usize = 100;
/// Formatting elements open at once.
const FORMATTING_MAX: usize = 32;
/// Tags in one text.
const TAGS_MAX: usize = 20_000;
/// What a copy of an element costs beside its source text, in bytes: `</strong>` and the like.
const COPY_BYTES: usize = 16;
/// Bytes that copies may add to a text of any length.
const COPIES_BYTES_FREE: usize = 64 << 10;

/// Something on the list of formatting elements.
#[derive(Clone, Copy)]
enum Mark {
    Formatting {
        name: &'static str,
        bytes: usize,
    },
    /// A table or a cell: end tags inside do not reach what was opened outside.
    Wall(&'static str),
}

pub(super) struct Gauge {
    tags: usize,
    depth: usize,
    marks: Vec<Mark>,
    formatting: usize,
    formatting_bytes: usize,
    copies_bytes: usize,
    copies_bytes_max: usize,
}

impl Gauge {
    /// A gauge for a text of `source_bytes`.
    pub(super) fn new(source_bytes: usize) -> Self {
        Self {
            tags: 0,
            depth: 0,
            marks: Vec::new(),
            formatting: 0,
            formatting_bytes: 0,
            copies_bytes: 0,
            copies_bytes_max: source_bytes + COPIES_BYTES_FREE,
        }
    }

    /// Counts a start tag of `tag_bytes`; `None` once a limit is passed.
    pub(super) fn open(&mut self, name: &'static str, tag_bytes: usize) -> Option<()> {
        self.tags += 1;
        if is_formatting(name) {
            if name == "a" {
                self.forget(name);
            }
            let bytes = tag_bytes + COPY_BYTES;
            self.marks.push(Mark::Formatting { name, bytes });
            self.formatting += 1;
            self.formatting_bytes += bytes;
        } else {
            self.copies_bytes += self.formatting_bytes;
            self.depth += usize::from(nests(name));
            match name {
                "td" | "th" => {
                    self.break_wall(|wall| matches!(wall, "td" | "th"));
                    self.marks.push(Mark::Wall(name));
                }
                "table" | "caption" => self.marks.push(Mark::Wall(name)),
                _ => {}
            }
        }
        self.check()
    }

    /// Counts an end tag; `None` once a limit is passed.
    pub(super) fn close(&mut self, name: &'static str) -> Option<()> {
        self.tags += 1;
        if is_formatting(name) {
            self.forget(name);
        } else {
            self.copies_bytes += self.formatting_bytes;
            self.depth = self.depth.saturating_sub(usize::from(nests(name)));
            match name {
                "table" => {
                    while self.break_wall(|wall| wall != "table") {}
                    self.break_wall(|wall| wall == "table");
                }
                "td" | "th" | "caption" => {
                    self.break_wall(|wall| wall == name);
                }
                _ => {}
            }
        }
        self.check()
    }

    fn check(&self) -> Option<()> {
        let fits = self.tags <= TAGS_MAX
            && self.depth <= DEPTH_MAX
            && self.formatting <= FORMATTING_MAX
            && self.marks.len() <= FORMATTING_MAX + DEPTH_MAX
            && self.copies_bytes <= self.copies_bytes_max;
        fits.then_some(())
    }

    /// Takes the last formatting element of that name off the list, unless a wall stands before it.
    fn forget(&mut self, name: &str) {
        for at in (0..self.marks.len()).rev() {
            match self.marks[at] {
                Mark::Wall(_) => return,
                Mark::Formatting { name: open, bytes } if open == name => {
                    self.marks.remove(at);
                    self.formatting -= 1;
                    self.formatting_bytes -= bytes;
                    return;
                }
                Mark::Formatting { .. } => {}
            }
        }
    }

    /// Takes the nearest wall away if it is such a one. What was opened behind it stays on the list.
    fn break_wall(&mut self, is_such: impl Fn(&str) -> bool) -> bool {
        let nearest = self.marks.iter().rposition(|mark| matches!(mark, Mark::Wall(_)));
        let Some(at) = nearest else { return false };
        let breaks = matches!(self.marks[at], Mark::Wall(wall) if is_such(wall));
        if breaks {
            self.marks.remove(at);
        }
        breaks
    }
}

/// The formatting elements of the standard that may pass.
fn is_formatting(name: &str) -> bool {
    matches!(name, "a" | "b" | "code" | "em" | "i" | "s" | "small" | "strong" | "u")
}

/// Whether an element can stand inside its own kind without end: not the void ones, nor those whose end tags the next one implies.
fn nests(name: &str) -> bool {
    !matches!(
        name,
        "br" | "col" | "colgroup" | "dd" | "dt" | "hr" | "img" | "li" | "p" | "tbody" | "td" | "tfoot" | "th" | "thead" | "tr" | "wbr"
    )
}

#[cfg(test)]
mod tests {
    use super::super::distil::distil;

    #[test]
    fn limits_hold_and_ordinary_markup_passes() {
        let distinct = |count: usize| (0..count).map(|i| format!("<b title={i}>")).collect::<String>();
        for (source, passes) in [
            ("<p>a".repeat(9_000), true),
            ("<ul>".repeat(99), true),
            ("<ul>".repeat(101), false),
            ("<p><b>a</b></p>".repeat(5_000), true),
            ("<tr><td><b>a</b><td>b".repeat(2_000), true),
            ("<table><tr><td><b>a</b></table><b>c</b>".repeat(2_000), true),
            ("<a name=x>".repeat(5_000), true),
            ("<rt>a".repeat(101), false),
            ("<br>".repeat(20_001), false),
            (distinct(32), true),
            (distinct(33), false),
            (distinct(1000) + &"<p>a".repeat(3000), false),
            // End tags that a parser ignores do not count.
            ("<b title=1><table></b></table>".repeat(40), false),
            ("<b title=1><table><td></b></table>".repeat(40), false),
            ("<b title=1><td></b></td>".repeat(40), false),
            // Few elements, opened again and again.
            (distinct(30) + &"<p>a".repeat(3000), false),
            (format!("<a title='{}'>", "x".repeat(5000)) + &"<p>a".repeat(3000), false),
        ] {
            assert_eq!(distil(&source).is_some(), passes, "{}", &source[..source.len().min(60)]);
        }
    }
}
