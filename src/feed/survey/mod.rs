//! One walk over the text of a feed: proves it readable for feed-rs, repairs what is not, and notes what feed-rs drops.
//!
//! The walk keeps a stack of open elements and knows what each means in the dialect at hand. What feed-rs would stumble over becomes an
//! *edit*; a document without edits goes to feed-rs as it is. Edits also lead the dialects that feed-rs does not know (RSS 0.90, Atom 0.3,
//! CDF, RSS without version) to those it does, and turn inline markup, which it re-serialises wrongly, into escaped HTML.

mod fields;
mod inline;
mod notes;
mod open;
mod root;
mod slots;
mod stack;

use std::{borrow::Cow, iter, ops::Range};

use memchr::memchr_iter;

use super::{
    attributes::Attributes,
    edits::{Edited, Edits},
    fault::Faults,
    names::Bindings,
    references::{self, Reference},
    tokens::{Kind, Token, Tokens},
};
use crate::model::{Link, ProblemKind};
pub(super) use notes::{ChannelNotes, Notes};
pub(super) use root::{Dialect, Found, Root, find_root};
use slots::{Named, Slot};
use stack::{Open, Role, brief};

/// Open elements (protocol P7). Deeper tags are dropped, their text is kept.
const DEPTH_MAX: usize = 256;

/// References repaired one by one in one text.
const REPAIRS_MAX: usize = 32;

/// Edits are allowed one for so many bytes, beside `EDITS_MIN`. A document with more faults is cut where they get too many.
const BYTES_PER_EDIT: usize = 8;

/// Edits that every document may need.
const EDITS_MIN: usize = 4096;

/// Fields read of one entry or channel.
const FIELDS_MAX: usize = 1000;

/// Undeclared prefixes that are declared after the fact.
const PREFIXES_MAX: usize = 16;

/// Everything the walk found.
#[derive(Debug)]
pub(super) struct Survey<'a> {
    /// What feed-rs is to read: the document itself, or the repaired one.
    pub text: Cow<'a, str>,
    /// Where the entries stand in `text`.
    pub spans: Vec<Range<usize>>,
    /// Where the entries begin in the text surveyed.
    pub starts: Vec<usize>,
    /// The root's start tag in `text`.
    pub root_tag: Range<usize>,
    /// Notes on each entry, in document order.
    pub entries: Vec<Notes>,
    /// Notes on the channel.
    pub channel: ChannelNotes,
    /// Faults with their place in the text surveyed.
    pub faults: Faults,
    /// The document ended early.
    pub truncated: bool,
}

/// Walks over a feed. `base` is the address the document came from.
pub(super) fn survey<'a>(text: &'a str, root: &Root, base: Option<&Link>, entries_max: usize) -> Survey<'a> {
    let mut walk = Walk::new(text, root.dialect, base, entries_max);
    for token in Tokens::new(text, root.at) {
        if walk.end.is_some() {
            break;
        }
        walk.step(token);
    }
    walk.finish(root.at)
}

/// The state of a walk.
struct Walk<'a> {
    text: &'a str,
    dialect: Dialect,
    entries_max: usize,
    edits: Edits,
    bindings: Bindings<'a>,
    /// Bases in force: depth of the element that set it, and the base.
    bases: Vec<(usize, Link)>,
    stack: Vec<Open<'a>>,
    /// How many of the open elements are inline markup of the field below them.
    inline_depth: usize,
    /// The text of the field that is being read, where it is noted.
    captured: Option<Cow<'a, str>>,
    /// Whether that text is base64.
    is_base64: bool,
    /// Author being read: name and mail.
    person: (Option<String>, Option<String>),
    /// The root's start tag, which is only rewritten when the prefixes are known that it forgot.
    root_tag: Option<RootTag<'a>>,
    undeclared: Vec<&'a str>,
    channel_state: ChannelState,
    entries: Vec<Notes>,
    spans: Vec<Range<usize>>,
    channel: ChannelNotes,
    faults: Faults,
    truncated: bool,
    /// Fields read of the entry or channel at hand.
    fields: usize,
    /// Where the feed ends, once it has.
    end: Option<usize>,
}

/// The root's start tag.
struct RootTag<'a> {
    range: Range<usize>,
    name: &'a str,
    attributes: Attributes<'a>,
    is_empty: bool,
    /// Whether feed-rs would not read it as it stands.
    needs_rewrite: bool,
    /// Whether its `xml:base` is no address.
    has_bad_base: bool,
}

/// Where we stand towards the one channel that feed-rs reads.
#[derive(Debug, Clone, PartialEq, Eq)]
enum ChannelState {
    /// Not begun.
    Before,
    /// Inside, by its own tag.
    Inside,
    /// Its end tag stood here. When more items follow, it is moved to the end.
    Closed(Range<usize>),
    /// Begun or re-opened by us: closed by us, too.
    Virtual,
}

impl<'a> Walk<'a> {
    fn new(text: &'a str, dialect: Dialect, base: Option<&Link>, entries_max: usize) -> Self {
        Self {
            text,
            dialect,
            entries_max,
            edits: Edits::default(),
            bindings: Bindings::default(),
            bases: base.map(|base| (0, base.clone())).into_iter().collect(),
            stack: Vec::with_capacity(8),
            inline_depth: 0,
            captured: None,
            is_base64: false,
            person: (None, None),
            root_tag: None,
            undeclared: Vec::new(),
            channel_state: ChannelState::Before,
            entries: Vec::new(),
            spans: Vec::new(),
            channel: ChannelNotes::default(),
            faults: Faults::default(),
            truncated: false,
            fields: 0,
            end: None,
        }
    }

    fn step(&mut self, token: Token<'a>) {
        match token.kind {
            Kind::Start { name, attributes, is_empty } => self.start(token, name, attributes, is_empty),
            Kind::End { name } => self.end_tag(token, name),
            Kind::Text(text) => self.text(token, text),
            Kind::Cdata(text) => self.cdata(token, text),
            Kind::Comment => {
                if let Some(flaw) = token.flaw {
                    self.fault(token.start, flaw);
                    self.edits.delete(token.start..token.end);
                } else if self.inline_depth > 0 {
                    self.keep_markup(token.start, &self.text[token.start..token.end]);
                }
            }
            // Dropped without remark: a stylesheet inside a feed is no fault, and nothing acts on it.
            Kind::Instruction => self.edits.delete(token.start..token.end),
            Kind::Cut => {
                if self.is_end_of_entry(token.start) {
                    self.close_top(token.start..token.start, true);
                }
                self.break_off(token.start);
            }
        }
        if self.edits.len() > EDITS_MIN + self.text.len() / BYTES_PER_EDIT {
            self.faults.insist(token.start, ProblemKind::Limit, "too many faults, the rest is left out");
            self.end_at(token.end);
        }
    }

    /// Character data: references are checked, and it goes to the field that is being read.
    fn text(&mut self, token: Token<'a>, text: &'a str) {
        let is_markup = self.inline_depth > 0;
        let captured = if let Some(flaw) = token.flaw {
            self.fault(token.start, flaw);
            let escaped = "&lt;".repeat(text.len());
            self.edits.replace(token.start..token.end, escaped.clone());
            if is_markup { Cow::Owned(escaped) } else { Cow::Borrowed(text) }
        } else if is_markup {
            // The HTML reader resolves its references.
            self.keep_markup(token.start, text);
            Cow::Borrowed(text)
        } else {
            self.check_references(token.start, text);
            if self.captured.is_some() { references::decode(text) } else { Cow::Borrowed(text) }
        };
        self.capture(captured);
    }

    fn cdata(&mut self, token: Token<'a>, text: &'a str) {
        // Inside markup it is text, and markup is what the field holds.
        let text = if self.inline_depth > 0 { quick_xml::escape::escape(text) } else { Cow::Borrowed(text) };
        if self.inline_depth > 0 {
            self.edits.replace(token.start..token.end, text.clone().into_owned());
        } else if let Some(flaw) = token.flaw {
            self.fault(token.start, flaw);
            self.edits.replace(token.start..token.end, quick_xml::escape::escape(text.as_ref()).into_owned());
        }
        self.capture(text);
    }

    /// Adds to the text of the field that is being read, where it is noted. The first piece is not copied: mostly it is the only one.
    fn capture(&mut self, text: Cow<'a, str>) {
        match &mut self.captured {
            Some(captured) if captured.is_empty() => *captured = text,
            Some(captured) => captured.to_mut().push_str(&text),
            None => {}
        }
    }

    /// Finds each `&` that does not begin a good reference.
    fn check_references(&mut self, start: usize, text: &str) {
        let (mut repairs, mut behind) = (0, 0);
        for offset in memchr_iter(b'&', text.as_bytes()) {
            let at = start + offset;
            match references::inspect(&text[offset..]) {
                // The second half of one character.
                _ if offset < behind => continue,
                Reference::Sound { .. } => continue,
                Reference::Bare => {
                    self.fault(at, "bare `&`, read as `&amp;`");
                    self.edits.insert(at + 1, "amp;");
                }
                Reference::Misread { bytes, means: (one, two) } => {
                    let means: String = iter::once(one).chain(two).collect();
                    self.edits.replace(at..at + bytes, quick_xml::escape::escape(means).into_owned());
                }
                Reference::Forbidden { bytes, means } => {
                    self.fault(at, "reference to a character that XML forbids");
                    self.edits.replace(at..at + bytes, means.map(String::from).unwrap_or_default());
                    behind = offset + bytes;
                }
            }
            repairs += 1;
            if repairs > REPAIRS_MAX {
                // One edit for all: a text of nothing but `&` must not cost many times its size.
                let decoded = references::decode(text).replace("]]>", "]]]]><![CDATA[>");
                self.edits.supersede(start..start + text.len(), format!("<![CDATA[{decoded}]]>"));
                return;
            }
        }
    }

    /// Notes a fault, unless there are too many already.
    fn fault(&mut self, at: usize, what: impl Into<Cow<'static, str>>) {
        self.note(at, ProblemKind::Syntax, what);
    }

    fn note(&mut self, at: usize, kind: ProblemKind, what: impl Into<Cow<'static, str>>) {
        self.faults.note(at, kind, what);
    }

    /// The base in force.
    fn base(&self) -> Option<&Link> {
        self.bases.last().map(|(_, base)| base)
    }

    /// The notes on the entry or the channel that is being read.
    fn notes(&mut self) -> &mut Notes {
        let is_in_entry = self.stack.iter().any(|open| open.role == Role::Entry);
        match self.entries.last_mut() {
            Some(entry) if is_in_entry => entry,
            _ => &mut self.channel.notes,
        }
    }

    /// Whether the document ends inside the end tag of an entry, of which nothing is missing then but the `>`.
    fn is_end_of_entry(&self, at: usize) -> bool {
        let name = self.text[at..].strip_prefix("</").map(str::trim_ascii_end);
        self.stack.last().is_some_and(|open| open.role == Role::Entry && Some(open.name) == name)
    }

    /// The document is cut at `at`: an entry that is still open is incomplete and goes.
    fn break_off(&mut self, at: usize) {
        self.truncated = true;
        self.faults.insist(at, ProblemKind::Truncated, "document ends early, the complete entries were kept");
        self.end_at(at);
    }

    /// Whether a document that ends at `at` lacks nothing but the end tags of root and channel: behind its last entry stands nothing
    /// but end tags, comments and white space. Some publishers never write them; a document that was cut ends there by rare chance.
    fn is_all_but_closed(&self, at: usize) -> bool {
        let is_frame = |open: &Open<'_>| matches!(open.role, Role::Root | Role::Channel);
        let is_open = !self.stack.is_empty() && self.stack.iter().all(is_frame);
        let Some(last) = self.spans.last().filter(|_| is_open) else { return false };
        Tokens::new(&self.text[..at], last.end).all(|token| match token.kind {
            Kind::End { .. } | Kind::Comment => true,
            Kind::Text(text) => text.trim_ascii().is_empty(),
            _ => false,
        })
    }

    /// Ends the feed at `at`, without the entry that is open there.
    fn end_at(&mut self, at: usize) {
        let open_entry = self.stack.iter().position(|open| open.role == Role::Entry);
        let end = match open_entry {
            Some(index) if self.dialect != Dialect::AtomEntry => {
                let start = self.stack[index].start;
                self.stack.truncate(index);
                self.entries.pop();
                start
            }
            _ => at,
        };
        self.edits.forget_from(end);
        self.inline_depth = 0;
        while !self.stack.is_empty() {
            self.close_top(end..end, false);
        }
        self.end.get_or_insert(end);
    }

    /// Carries the edits out.
    fn finish(mut self, root_at: usize) -> Survey<'a> {
        let text_end = self.text.len();
        if self.is_all_but_closed(text_end) {
            self.fault(text_end, format!("`<{}>` is not closed, closed at the end", self.stack.last().map_or("", |open| brief(open.name))));
            self.end_at(text_end);
        } else if !self.stack.is_empty() {
            self.break_off(text_end);
        }
        let end = self.end.unwrap_or(self.text.len());
        self.edit_root_tag();
        let root_tag = self.root_tag.map_or(root_at..root_at, |root| root.range);
        let starts = self.spans.iter().map(|span| span.start).collect();
        let ranges = [vec![root_tag], self.spans].concat();
        let Edited { text, mut ranges } = self.edits.apply(self.text, root_at..end, ranges);
        let root_tag = if ranges.is_empty() { 0..0 } else { ranges.remove(0) };
        Survey {
            text,
            spans: ranges,
            starts,
            root_tag,
            entries: self.entries,
            channel: self.channel,
            faults: self.faults,
            truncated: self.truncated,
        }
    }
}
