//! Markup inside a field: it becomes HTML inside a CDATA section, which is what feeds mean by it and what feed-rs carries unharmed.

use std::borrow::Cow;

use super::{Role, Slot, Walk, stack::Open};
use crate::feed::{
    names::{self, Space},
    survey::{DEPTH_MAX, REPAIRS_MAX},
    tokens::Token,
};

/// Elements of HTML that have no end tag.
const VOID: &[&str] = &["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"];

/// Elements of RSS that are no HTML: inside another field they show that its end tag is missing.
const NEVER_HTML: &[&str] =
    &["item", "pubDate", "guid", "enclosure", "channel", "entry", "published", "updated", "description", "category", "author", "comments"];

impl<'a> Walk<'a> {
    /// Handles a start tag inside a field. False when the tag shows that the field has ended.
    pub(super) fn start_inline(&mut self, token: Token<'a>, name: &'a str, is_empty: bool) -> bool {
        let Some(field) = self.stack.iter().rposition(|open| matches!(open.role, Role::Field(_))) else { return false };
        if self.is_never_html(name, self.stack[field].name) {
            self.close_above(field, token.start);
            self.fault(token.start, format!("`<{}>` is not closed, closed before `<{name}>`", self.stack[field].name));
            self.close_top(token.start..token.start, true);
            return false;
        }
        if self.inline_depth == 0 {
            self.begin_inline(field, token.start);
            if self.dialect.is_atom() && !is_empty && names::split(name).1 == "div" {
                self.open_frame(token, name);
                return true;
            }
        }
        self.keep_tag(token, name);
        let is_void = is_empty || VOID.contains(&names::split(name).1);
        if !is_void && self.stack.len() < DEPTH_MAX {
            self.stack.push(Open { name, start: token.start, inside: token.end, role: Role::Inline, closer: None });
            self.inline_depth += 1;
        }
        true
    }

    /// Whether an element can only be the next field, because no markup has it.
    fn is_never_html(&self, name: &str, field: &str) -> bool {
        let (prefix, _) = names::split(name);
        if !prefix.is_empty() {
            let space = self.bindings.resolve(prefix, Space::Foreign).space;
            return !matches!(space, Space::Foreign | Space::Xhtml);
        }
        (NEVER_HTML.contains(&name) && name != field) || (name == "link" && field == "title")
    }

    /// The first markup inside a field, at the byte `at`: an Atom field is typed as HTML from here on.
    fn begin_inline(&mut self, field: usize, at: usize) {
        if matches!(self.stack[field].role, Role::Field(Slot::NativeText | Slot::NativeContent)) && self.dialect.is_atom() {
            self.retype(field, "html");
        }
        // One more than the elements that are open, until the field ends: text between them is markup as well.
        self.inline_depth = 1;
        self.edits.insert(at, "<![CDATA[");
    }

    /// Ends the section where the field ends, at the byte `at`.
    pub(super) fn close_inline(&mut self, at: usize) {
        if std::mem::take(&mut self.inline_depth) > 0 {
            self.edits.insert(at, "]]>");
        }
    }

    /// The `div` around XHTML, which is no part of the text (RFC 4287 section 3.1.1.3): its tags go.
    fn open_frame(&mut self, token: Token<'a>, name: &'a str) {
        self.edits.delete(token.start..token.end);
        self.stack.push(Open { name, start: token.start, inside: token.end, role: Role::Inline, closer: Some(Cow::Borrowed("")) });
        self.inline_depth += 1;
    }

    /// Handles an end tag inside a field. False when it ends the field itself, or something around it.
    pub(super) fn end_inline(&mut self, token: Token<'a>, found: Option<usize>) -> bool {
        match found.filter(|index| self.stack[*index].role == Role::Inline) {
            Some(index) => {
                let is_frame = self.stack[index].closer.is_some();
                self.inline_depth -= self.stack.len() - index;
                self.stack.truncate(index);
                if is_frame {
                    self.edits.delete(token.start..token.end);
                    return true;
                }
            }
            // Its own or an outer end tag.
            None if found.is_some() => {
                self.leave_inline();
                return false;
            }
            None => {}
        }
        self.keep_tag(token, "");
        true
    }

    /// Drops the markup that is still open.
    fn leave_inline(&mut self) {
        while self.role() == Some(Role::Inline) {
            self.stack.pop();
        }
        self.inline_depth = 1;
    }

    /// Keeps a tag as it is, but for the prefix of an element of XHTML.
    fn keep_tag(&mut self, token: Token<'a>, name: &'a str) {
        let raw = &self.text[token.start..token.end];
        let (prefix, _) = names::split(name);
        let name_at = 1 + usize::from(raw.starts_with("</"));
        let prefix_length = match raw[name_at..].split_once(':') {
            Some((written, _)) if written.bytes().all(|b| b.is_ascii_alphanumeric()) && (name.is_empty() || written == prefix) => {
                written.len() + 1
            }
            _ => 0,
        };
        let behind = name_at + prefix_length;
        if prefix_length > 0 {
            self.edits.delete(token.start + name_at..token.start + behind);
        }
        self.keep_markup(token.start + behind, &raw[behind..]);
        self.capture(Cow::Borrowed(&raw[..name_at]));
        self.capture(Cow::Borrowed(&raw[behind..]));
    }

    /// Keeps markup as it is, but for what would end the section it stands in: HTML reads `&gt;` as `>`.
    pub(super) fn keep_markup(&mut self, start: usize, text: &str) {
        let (mut behind, mut kept) = (0, 0);
        while let Some(offset) = memchr::memchr(b']', &text.as_bytes()[behind..]).map(|length| behind + length) {
            behind = offset + 1;
            if !text[offset..].starts_with("]]>") {
                continue;
            }
            kept += 1;
            if kept > REPAIRS_MAX {
                return self.edits.supersede(start..start + text.len(), text.replace("]]>", "]]&gt;"));
            }
            self.edits.replace(start + offset + 2..start + offset + 3, "&gt;");
        }
    }
}
