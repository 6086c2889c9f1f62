//! The open elements: what closes what.

use std::{borrow::Cow, ops::Range};

use super::{ChannelState, Notes, Slot, Walk};
use crate::feed::{survey::Dialect, tokens::Token};

/// What an open element is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The root.
    Root,
    /// The channel of RSS; the feed of Atom is root and channel at once.
    Channel,
    /// An item or entry.
    Entry,
    /// A field of an entry, a channel or a part.
    Field(Slot),
    /// A field that holds fields: `atom:source`, a person, `skipHours`, `media:group`, `image`.
    Part(Slot),
    /// An unknown element of the channel, in which items may hide.
    Wrapper,
    /// An unknown element inside an entry or a part.
    Other,
    /// Markup inside a field.
    Inline,
}

/// An open element.
#[derive(Debug)]
pub(super) struct Open<'a> {
    /// Its name as written.
    pub name: &'a str,
    /// First byte of its start tag.
    pub start: usize,
    /// First byte behind its start tag.
    pub inside: usize,
    /// What it is.
    pub role: Role,
    /// What to write for its end tag, where that is not the end tag of `name`.
    pub closer: Option<Cow<'static, str>>,
}

impl<'a> Walk<'a> {
    /// What the innermost element is; `None` before the root.
    pub(super) fn role(&self) -> Option<Role> {
        self.stack.last().map(|open| open.role)
    }

    /// Handles `</name>`.
    pub(super) fn end_tag(&mut self, token: Token<'a>, name: &'a str) {
        let (mut exact, mut found) = (None, None);
        for (index, open) in self.stack.iter().enumerate().rev().filter(|(_, open)| open.name.len() == name.len()) {
            if open.name == name {
                (exact, found) = (Some(index), Some(index));
                break;
            }
            if found.is_none() && open.name.eq_ignore_ascii_case(name) {
                found = Some(index);
            }
        }
        if self.inline_depth > 0 && self.end_inline(token, found) {
            return;
        }
        let Some(index) = found else {
            self.fault(token.start, format!("`</{}>` closes nothing, dropped", brief(name)));
            self.edits.delete(token.start..token.end);
            return;
        };
        self.close_above(index, token.start);
        if let Some(flaw) = token.flaw {
            self.fault(token.start, flaw);
        }
        if self.stack[index].closer.is_none() && (exact.is_none() || token.flaw.is_some()) {
            self.stack[index].closer = Some(Cow::Owned(format!("</{}>", self.stack[index].name)));
        }
        self.close_top(token.start..token.end, true);
    }

    /// Closes every element above `index`, whose end tags are missing before `at`.
    pub(super) fn close_above(&mut self, index: usize, at: usize) {
        while self.stack.len() > index + 1 {
            let name = self.stack.last().map_or("", |open| open.name);
            if self.role() != Some(Role::Inline) {
                self.fault(at, format!("`<{}>` is not closed, closed here", brief(name)));
            }
            self.close_top(at..at, true);
        }
    }

    /// Closes the innermost element, whose end tag is `tag`, or is missing at the empty range `tag`. `is_complete` is false when the
    /// document ended before it.
    pub(super) fn close_top(&mut self, tag: Range<usize>, is_complete: bool) {
        let Some(open) = self.stack.pop() else { return };
        if open.role == Role::Inline {
            self.inline_depth = self.inline_depth.saturating_sub(1);
            return;
        }
        if matches!(open.role, Role::Field(_)) {
            self.close_inline(tag.start);
        }
        let depth = self.stack.len();
        let is_outermost = depth == 0 || matches!(open.role, Role::Root);
        if is_outermost && !self.dialect.is_atom() && self.dialect != Dialect::Channel {
            match std::mem::replace(&mut self.channel_state, ChannelState::Inside) {
                ChannelState::Before => self.edits.insert(tag.start, "<channel></channel>"),
                ChannelState::Virtual => self.edits.insert(tag.start, "</channel>"),
                ChannelState::Inside | ChannelState::Closed(_) => {}
            }
        }
        match (&open.closer, tag.is_empty()) {
            // Nothing in the place of nothing: not an edit, for it would cost a copy of the whole text.
            (Some(closer), true) if closer.is_empty() => {}
            (Some(closer), _) => self.edits.replace(tag.clone(), closer.clone()),
            (None, true) => self.edits.insert(tag.start, format!("</{}>", open.name)),
            (None, false) => {}
        }
        let behind = tag.end;
        if is_complete {
            self.conclude(&open, tag);
        }
        self.bindings.leave(depth);
        while self.bases.last().is_some_and(|(at, _)| *at > depth) {
            self.bases.pop();
        }
        if depth == 0 {
            self.end.get_or_insert(behind);
        }
    }

    /// What the end of an element means.
    fn conclude(&mut self, open: &Open<'a>, tag: Range<usize>) {
        match open.role {
            Role::Entry => self.spans.push(open.start..tag.end),
            Role::Channel if self.channel_state == ChannelState::Inside && !tag.is_empty() => {
                self.channel_state = ChannelState::Closed(tag)
            }
            Role::Field(slot) => self.conclude_field(slot),
            Role::Part(slot) => self.conclude_part(slot, open.start..tag.end),
            _ => {}
        }
    }

    /// Makes sure that an item stands directly inside the one channel that feed-rs reads.
    pub(super) fn enter_channel(&mut self, at: usize) {
        self.leave_wrappers();
        if self.dialect.is_atom() || self.stack.iter().any(|open| open.role == Role::Channel) {
            return;
        }
        match std::mem::replace(&mut self.channel_state, ChannelState::Virtual) {
            ChannelState::Before => self.edits.insert(at, "<channel>"),
            ChannelState::Closed(tag) => self.edits.delete(tag),
            ChannelState::Inside | ChannelState::Virtual => {}
        }
    }

    /// Takes away the unknown elements around what feed-rs looks for; what else they hold becomes the channel's.
    pub(super) fn leave_wrappers(&mut self) {
        let is_wrapper = |open: &Open<'_>| matches!(open.role, Role::Wrapper | Role::Part(Slot::Aside));
        let first = self.stack.iter().rposition(|open| !is_wrapper(open)).map_or(0, |index| index + 1);
        for open in &mut self.stack[first..] {
            if open.closer.as_deref() != Some("") {
                open.closer = Some(Cow::Borrowed(""));
                self.edits.supersede(open.start..open.inside, "");
            }
        }
        // The namespaces they declared go with their tags.
        if first < self.stack.len() {
            self.bindings.leave(first);
        }
    }

    /// Begins an entry.
    pub(super) fn push_entry(&mut self, open: Open<'a>) {
        let base = self.base().cloned();
        self.entries.push(Notes { base, ..Notes::default() });
        self.fields = 0;
        self.stack.push(open);
    }
}

/// A name short enough for a message.
pub(super) fn brief(name: &str) -> &str {
    name.char_indices().nth(40).map_or(name, |(end, _)| &name[..end])
}
