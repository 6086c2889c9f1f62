//! Start tags: what an element is, by its name and the place it stands in.

use std::borrow::Cow;

use url::{ParseError, Url};

use super::{
    ChannelState, DEPTH_MAX, Dialect, Named, PREFIXES_MAX, RootTag, Walk,
    slots::{self, Slot},
    stack::{Open, Role},
};
use crate::{
    feed::{
        address,
        attributes::{self, Attributes},
        names::{self, Space},
        tokens::Token,
    },
    model::ProblemKind,
};

/// A start tag on its way in.
pub(super) struct Tag<'a> {
    pub token: Token<'a>,
    pub name: &'a str,
    pub attributes: Attributes<'a>,
    pub is_empty: bool,
    /// Whether the tag must be written anew for feed-rs to read it.
    pub needs_rewrite: bool,
    /// Whether its `xml:base` is no address.
    pub has_bad_base: bool,
}

impl<'a> Tag<'a> {
    /// The open element for it.
    pub(super) fn open(&self, role: Role) -> Open<'a> {
        Open { name: self.name, start: self.token.start, inside: self.token.end, role, closer: None }
    }

    /// The tag under another name, with attributes chosen by `keep`; `more` stands before them.
    pub(super) fn written(&self, name: &str, more: &str, keep: impl Fn(&str) -> bool) -> String {
        write_tag(name, &self.attributes, self.is_empty, more, |name| keep(name) && (name != "xml:base" || !self.has_bad_base))
    }
}

/// A start tag, well formed, with the namespaces that feed-rs is to see.
pub(super) fn write_tag(name: &str, attributes: &Attributes<'_>, is_empty: bool, more: &str, keep: impl Fn(&str) -> bool) -> String {
    let mut tag = format!("<{name}{more}");
    attributes.write(&mut tag, |attribute| keep(attribute.name) && !names::is_declaration(attribute.name));
    for attribute in attributes.iter().filter(|attribute| keep(attribute.name) && names::is_declaration(attribute.name)) {
        let address = attribute.value();
        if names::is_reserved(attribute.name.strip_prefix("xmlns:").unwrap_or_default(), &address) {
            continue;
        }
        let address = names::shown_address(&address).map_or(address, Cow::Borrowed);
        tag.push_str(&format!(" {}=\"", attribute.name));
        attributes::escape_into(&mut tag, &address);
        tag.push('"');
    }
    tag.push_str(if is_empty { "/>" } else { ">" });
    tag
}

impl<'a> Walk<'a> {
    /// Handles `<name attributes>`.
    pub(super) fn start(&mut self, token: Token<'a>, name: &'a str, attributes: &'a str, is_empty: bool) {
        if matches!(self.role(), Some(Role::Field(_) | Role::Inline)) && self.start_inline(token, name, is_empty) {
            return;
        }
        if self.end.is_some() {
            return;
        }
        if self.stack.len() >= DEPTH_MAX {
            self.note(token.start, ProblemKind::Limit, format!("more than {DEPTH_MAX} elements deep, tag dropped"));
            self.edits.delete(token.start..token.end);
            return;
        }
        let mut tag = Tag {
            token,
            name,
            attributes: if attributes.is_empty() { Attributes::default() } else { Attributes::read(attributes) },
            is_empty,
            needs_rewrite: token.flaw.is_some(),
            has_bad_base: false,
        };
        if tag.attributes.has_flaw {
            tag.needs_rewrite = true;
        }
        if let Some(flaw) = token.flaw {
            self.fault(token.start, flaw);
        } else if tag.attributes.has_flaw {
            self.fault(token.start, format!("attributes of `<{}>` are not well formed, written anew", super::stack::brief(name)));
        }
        let depth = self.stack.len();
        self.read_frame_attributes(&mut tag, depth);
        if depth == 0 {
            self.open_root(tag);
        } else {
            self.open_inner(tag);
        }
        if is_empty && self.stack.last().is_some_and(|open| open.start == token.start) {
            self.close_empty(token);
        }
    }

    /// An empty element: its one tag has said all.
    fn close_empty(&mut self, token: Token<'a>) {
        let Some(mut open) = self.stack.pop() else { return };
        // The start tag was written as an empty one, so that no end tag may follow.
        open.closer = Some(Cow::Borrowed(""));
        self.stack.push(open);
        self.close_top(token.end..token.end, true);
    }

    /// `xmlns` and `xml:base`, which hold for all that the element contains.
    fn read_frame_attributes(&mut self, tag: &mut Tag<'a>, depth: usize) {
        for attribute in tag.attributes.iter() {
            let prefix = match attribute.name.strip_prefix("xmlns") {
                Some("") => Some(""),
                Some(prefix) => prefix.strip_prefix(':'),
                None => None,
            };
            if let Some(prefix) = prefix {
                let address = attribute.value();
                tag.needs_rewrite |= names::is_reserved(prefix, &address);
                tag.needs_rewrite |= !self.bindings.declare(prefix, &address, depth) || names::shown_address(&address).is_some();
            } else if attribute.name == "xml:base" {
                match address::resolve(self.base(), &attribute.value()) {
                    Some(base) if attribute.raw == base.as_str() => self.bases.push((depth + 1, base)),
                    Some(base) => {
                        tag.has_bad_base =
                            matches!(Url::parse(&attribute.value()), Err(error) if error != ParseError::RelativeUrlWithoutBase);
                        self.bases.push((depth + 1, base));
                    }
                    None => tag.has_bad_base = true,
                }
            }
        }
        // A base that is no URL costs feed-rs the whole feed.
        tag.needs_rewrite |= tag.has_bad_base;
    }

    /// The root element.
    fn open_root(&mut self, tag: Tag<'a>) {
        let (prefix, local) = names::split(tag.name);
        let mut needs_rewrite = tag.needs_rewrite;
        let (role, closer) = match self.dialect {
            Dialect::Rss => {
                let is_known = matches!(tag.attributes.exact("version"), Some("2.0" | "" | "0.91" | "0.92"));
                let is_plain = tag.name == "rss" && is_known && tag.attributes.get("xmlns").is_none();
                needs_rewrite |= !is_plain;
                (Role::Root, (tag.name != "rss").then_some("</rss>"))
            }
            Dialect::Rdf => {
                needs_rewrite = true;
                (Role::Root, Some("</rss>"))
            }
            Dialect::Channel => {
                needs_rewrite = true;
                self.channel_state = ChannelState::Inside;
                self.read_channel_attributes(&tag);
                (Role::Channel, Some("</channel></rss>"))
            }
            Dialect::Atom => {
                needs_rewrite |= local != "feed";
                self.channel.notes.language = tag.attributes.get("xml:lang").map(Cow::into_owned);
                (Role::Channel, (local != "feed").then_some("</feed>"))
            }
            Dialect::AtomEntry => (Role::Entry, None),
        };
        // What has no prefix is RSS, whatever namespace the root declares for it.
        let is_foreign = prefix.is_empty() && self.bindings.resolve("", Space::Rss).space != self.core();
        if is_foreign || !self.dialect.is_atom() {
            self.bindings.leave(0);
            for attribute in tag.attributes.iter() {
                if let Some(prefix) = attribute.name.strip_prefix("xmlns:") {
                    self.bindings.declare(prefix, &attribute.value(), 0);
                }
            }
            needs_rewrite |= is_foreign && self.dialect.is_atom() && tag.attributes.get("xmlns").is_some();
        }
        let mut open = tag.open(role);
        open.closer = closer.map(Cow::Borrowed);
        if role == Role::Entry {
            self.push_entry(open);
        } else {
            self.stack.push(open);
        }
        self.root_tag = Some(RootTag {
            range: tag.token.start..tag.token.end,
            name: tag.name,
            attributes: tag.attributes,
            is_empty: tag.is_empty,
            needs_rewrite,
            has_bad_base: tag.has_bad_base,
        });
    }

    /// Writes the root's start tag anew where feed-rs would not read it, or prefixes have to be declared.
    pub(super) fn edit_root_tag(&mut self) {
        let Some(root) = &self.root_tag else { return };
        if !root.needs_rewrite && self.undeclared.is_empty() {
            return;
        }
        let mut more = String::new();
        for prefix in &self.undeclared {
            more.push_str(&format!(" xmlns:{prefix}=\"urn:undeclared\""));
        }
        let is_atom = self.dialect.is_atom();
        let keep = |name: &str| match name {
            "xmlns" => is_atom && self.bindings_keep_default(root),
            "xml:base" => !root.has_bad_base,
            name => is_atom || !name.eq_ignore_ascii_case("version"),
        };
        let (name, more, is_empty, tail) = match self.dialect {
            Dialect::Rss | Dialect::Rdf => ("rss", format!(" version=\"2.0\"{more}"), root.is_empty, ""),
            Dialect::Channel => {
                ("rss", format!(" version=\"2.0\"{more}"), false, if root.is_empty { "<channel></channel></rss>" } else { "<channel>" })
            }
            Dialect::Atom if names::split(root.name).1 != "feed" => ("feed", more, root.is_empty, ""),
            Dialect::Atom | Dialect::AtomEntry => (root.name, more, root.is_empty, ""),
        };
        let tag = write_tag(name, &root.attributes, is_empty, &more, keep);
        self.edits.replace(root.range.clone(), tag + tail);
    }

    /// Whether an Atom root keeps its default namespace: only one that says Atom, or that its own prefix overrules.
    fn bindings_keep_default(&self, root: &RootTag<'a>) -> bool {
        let is_atom = root.attributes.get("xmlns").is_some_and(|address| names::by_address(&address) == Some(Space::Atom));
        is_atom || !names::split(root.name).0.is_empty()
    }

    /// The vocabulary of elements without a namespace.
    pub(super) fn core(&self) -> Space {
        if self.dialect.is_atom() { Space::Atom } else { Space::Rss }
    }

    /// Any element but the root.
    fn open_inner(&mut self, mut tag: Tag<'a>) {
        let (prefix, written) = names::split(tag.name);
        let meaning = self.bindings.resolve(prefix, self.core());
        if !prefix.is_empty() && !meaning.is_declared && prefix != "xml" {
            self.declare_later(prefix, &mut tag);
        }
        let is_lower = !written.bytes().any(|b| b.is_ascii_uppercase());
        let local = if is_lower { Cow::Borrowed(written) } else { Cow::Owned(written.to_ascii_lowercase()) };
        let is_exact = is_lower && (meaning.is_declared || prefix.is_empty());
        let named = Named { space: meaning.space, local: &local, is_exact };
        let is_core = matches!(named.space, Space::Rss | Space::Atom);
        match self.role() {
            Some(Role::Root | Role::Channel | Role::Wrapper | Role::Part(Slot::Aside)) => match &*local {
                "item" | "entry" if is_core => self.open_entry(&tag, named),
                // A second document inside the first.
                "rss" | "rdf" | "feed" if is_core || named.space == Space::Rdf => {
                    self.open_plain(&tag, Role::Wrapper);
                    self.leave_wrappers();
                }
                "channel" if is_core && !self.dialect.is_atom() => self.open_channel(&tag, named),
                _ if self.role() == Some(Role::Channel) => self.open_field(&tag, slots::in_channel(named, self.dialect.is_atom())),
                _ => self.open_stray(&tag, Role::Wrapper, &local),
            },
            Some(Role::Entry) => {
                if is_core && matches!(&*local, "item" | "entry") && local == self.entry_name() {
                    self.open_next_entry(&tag, named);
                } else {
                    self.open_field(&tag, slots::in_entry(named, self.dialect.is_atom()));
                }
            }
            Some(Role::Part(part)) => self.open_field(&tag, slots::in_part(part, named)),
            _ => self.open_stray(&tag, Role::Other, &local),
        }
    }

    /// Opens an element that says nothing where it stands. What feed-rs might all the same take for a person must not make it panic.
    fn open_stray(&mut self, tag: &Tag<'a>, role: Role, local: &str) {
        const PERSONS: [&str; 5] = ["author", "managingeditor", "webmaster", "creator", "contributor"];
        if PERSONS.contains(&local) && self.is_beyond_feed_rs(tag) {
            return self.open_hidden(tag, role);
        }
        self.open_plain(tag, role);
    }

    /// The local name of the entry that is open, in lower case.
    fn entry_name(&self) -> String {
        let entry = self.stack.iter().rev().find(|open| open.role == Role::Entry);
        entry.map_or_else(String::new, |open| names::split(open.name).1.to_ascii_lowercase())
    }

    /// A prefix that nobody declared gets a declaration in the root, so that feed-rs takes its elements for foreign ones.
    fn declare_later(&mut self, prefix: &'a str, tag: &mut Tag<'a>) {
        if self.undeclared.contains(&prefix) {
            return;
        }
        let is_name = prefix.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) && !prefix.starts_with("xml");
        if is_name && self.undeclared.len() < PREFIXES_MAX {
            self.fault(tag.token.start, format!("prefix `{}` is not declared", super::stack::brief(prefix)));
            self.undeclared.push(prefix);
        }
    }

    /// An element whose tag is written anew only for its own faults.
    pub(super) fn open_plain(&mut self, tag: &Tag<'a>, role: Role) {
        if tag.needs_rewrite {
            self.rewrite(tag, "");
        }
        self.stack.push(tag.open(role));
    }

    /// Writes a start tag anew under its own name.
    pub(super) fn rewrite(&mut self, tag: &Tag<'a>, more: &str) {
        self.edits.replace(tag.token.start..tag.token.end, tag.written(tag.name, more, |_| true));
    }

    fn open_channel(&mut self, tag: &Tag<'a>, named: Named<'_>) {
        self.leave_wrappers();
        let mut open = tag.open(Role::Channel);
        match std::mem::replace(&mut self.channel_state, ChannelState::Inside) {
            ChannelState::Before => {
                // Namespaces of the channel's own would hide its items from feed-rs.
                if tag.needs_rewrite || !named.is_exact || tag.attributes.get("xmlns").is_some() || tag.name != "channel" {
                    self.edits
                        .replace(tag.token.start..tag.token.end, tag.written("channel", "", |name| name != "xmlns" && name != "xml:base"));
                    open.closer = Some(Cow::Borrowed("</channel>"));
                }
            }
            state => {
                // A second channel continues the first.
                if let ChannelState::Closed(end) = state {
                    self.edits.delete(end);
                }
                self.edits.delete(tag.token.start..tag.token.end);
                open.closer = Some(Cow::Borrowed(""));
                self.channel_state = ChannelState::Virtual;
            }
        }
        self.read_channel_attributes(tag);
        self.stack.push(open);
    }

    /// The next entry begins though this one has not ended.
    fn open_next_entry(&mut self, tag: &Tag<'a>, named: Named<'_>) {
        if let Some(index) = self.stack.iter().rposition(|open| open.role == Role::Entry) {
            let at = tag.token.start;
            self.close_above(index, at);
            self.fault(at, format!("`<{}>` is not closed, closed before the next", self.stack[index].name));
            self.close_top(at..at, true);
        }
        self.open_entry(tag, named);
    }

    fn open_entry(&mut self, tag: &Tag<'a>, named: Named<'_>) {
        let at = tag.token.start;
        if self.entries.len() >= self.entries_max {
            self.faults.insist(at, ProblemKind::Limit, format!("more than {} entries, the rest is left out", self.entries_max));
            self.end_at(at);
            return;
        }
        self.enter_channel(at);
        let wanted = if self.dialect.is_atom() { "entry" } else { "item" };
        let mut open = tag.open(Role::Entry);
        let has_own_default = tag.attributes.get("xmlns").is_some();
        if tag.needs_rewrite || named.local != wanted || !named.is_exact || named.space != self.core() || has_own_default {
            let name = if named.space == self.core() && named.local == wanted && named.is_exact { tag.name } else { wanted };
            self.edits.replace(at..tag.token.end, tag.written(name, "", |name| name != "xmlns" || self.dialect.is_atom()));
            open.closer = (name != tag.name).then(|| Cow::Owned(format!("</{name}>")));
        }
        self.push_entry(open);
        self.read_entry_attributes(tag);
    }
}
