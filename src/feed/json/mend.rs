//! JSON that is not well formed, made so: commas, comments, quotes, control characters, and an end that is missing.
//!
//! One pass over the text that writes it anew as it was meant. Libraries that repair JSON close whatever is open and tell neither where the
//! text broke off nor what they changed; here an entry that is not complete must go, and every repair has a place.

use std::borrow::Cow;

use super::{shape::ITEMS_MAX, text};
use crate::{feed::fault::Faults, model::ProblemKind};

/// Open lists and objects. What is deeper than this is no feed; `serde_json` reads 128.
const DEPTH_MAX: usize = 100;

/// A text as it was meant.
#[derive(Debug)]
pub(super) struct Mended {
    /// Well-formed JSON: one object or list.
    pub text: String,
    /// The document ended early: what was not complete is left out.
    pub truncated: bool,
    /// Where the entries begin in the text as it was.
    pub entries: Vec<usize>,
}

/// Writes the JSON whose root begins at the byte `start` of `json` anew. `faults` tells what was wrong, at bytes of `json`.
pub(super) fn mend(json: &str, start: usize, faults: &mut Faults) -> Mended {
    let out = String::with_capacity(json.len() + 16);
    let mut mender =
        Mender { json, at: start, out, open: Vec::new(), whole: Whole::default(), is_in_entries: false, entries: Vec::new(), faults };
    let truncated = mender.run();
    Mended { text: mender.out, truncated, entries: mender.entries }
}

/// What an object or list waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// A name, or the end.
    Name,
    /// The `:` behind a name.
    Colon,
    /// A value; in a list, or the end.
    Value,
}

/// An open object or list.
#[derive(Debug, Clone, Copy)]
struct Open {
    is_object: bool,
    expected: Expected,
    /// It holds something, so that a comma must stand before what comes next.
    has_members: bool,
    /// Where a comma was seen that nothing has followed yet.
    comma: Option<usize>,
}

impl Open {
    /// What closes it.
    fn closer(self) -> char {
        if self.is_object { '}' } else { ']' }
    }
}

/// How much of the text is whole: everything up to the last value that is complete in the root, or in a list of the root.
#[derive(Debug, Clone, Copy, Default)]
struct Whole {
    /// Bytes of the mended text.
    out: usize,
    /// Lists and objects that are open there.
    depth: usize,
    /// Nothing but white space was read since.
    is_now: bool,
}

/// The list that holds the entries.
const ENTRIES: &str = "\"items\"";

struct Mender<'a, 'f> {
    json: &'a str,
    at: usize,
    out: String,
    open: Vec<Open>,
    whole: Whole,
    /// The last name in the root was that of the entries.
    is_in_entries: bool,
    entries: Vec<usize>,
    faults: &'f mut Faults,
}

impl Mender<'_, '_> {
    /// Reads to the end of the root, or of the text. Whether the text ended before the root did.
    fn run(&mut self) -> bool {
        while let Some(first) = self.next_sign() {
            let is_complete = match first {
                b'{' | b'[' if self.open.len() >= DEPTH_MAX => {
                    self.faults.insist(self.at, ProblemKind::Limit, format!("more than {DEPTH_MAX} levels deep, the rest is left out"));
                    self.close_whole();
                    return false;
                }
                b'{' | b'[' => {
                    self.open(first == b'{');
                    true
                }
                b'}' | b']' => {
                    self.close(first == b'}');
                    if self.open.is_empty() {
                        self.skip_rest();
                        return false;
                    }
                    true
                }
                b',' => {
                    self.comma();
                    true
                }
                b':' => {
                    self.colon();
                    true
                }
                b'"' | b'\'' => self.string(),
                _ => self.word(),
            };
            if !is_complete {
                break;
            }
        }
        self.end()
    }

    /// The next byte that means something, behind white space and comments.
    fn next_sign(&mut self) -> Option<u8> {
        loop {
            self.at += self.json[self.at..].len() - self.json[self.at..].trim_start().len();
            let rest = &self.json[self.at..];
            let length = if rest.starts_with("//") {
                rest.find('\n').unwrap_or(rest.len())
            } else if rest.starts_with("/*") {
                rest.find("*/").map_or(rest.len(), |length| length + 2)
            } else {
                return rest.bytes().next();
            };
            self.fault("comment, dropped");
            self.at += length;
        }
    }

    fn fault(&mut self, what: impl Into<Cow<'static, str>>) {
        self.faults.note(self.at, ProblemKind::Syntax, what);
    }

    fn open(&mut self, is_object: bool) {
        if !self.open.is_empty() {
            self.begin_value();
        }
        let expected = if is_object { Expected::Name } else { Expected::Value };
        self.open.push(Open { is_object, expected, has_members: false, comma: None });
        self.out.push(if is_object { '{' } else { '[' });
        self.at += 1;
    }

    /// Writes what must stand before a value here.
    fn begin_value(&mut self) {
        self.whole.is_now = false;
        let Some(open) = self.open.last().copied() else { return };
        if self.is_in_entries && self.open.len() == 2 && !open.is_object && self.entries.len() < ITEMS_MAX {
            self.entries.push(self.at);
        }
        match open.expected {
            Expected::Value if open.is_object => {}
            Expected::Value => self.separate(),
            Expected::Name => {
                self.fault("value without a name");
                self.separate();
                self.out.push_str("\"\":");
            }
            Expected::Colon => {
                self.fault("no `:` behind a name, added");
                self.out.push(':');
            }
        }
    }

    /// Writes the comma between two members.
    fn separate(&mut self) {
        let Some(open) = self.open.last_mut() else { return };
        let is_missing = open.has_members && open.comma.is_none();
        if open.has_members {
            self.out.push(',');
        }
        (open.has_members, open.comma) = (true, None);
        if is_missing {
            self.fault("no `,` between two values, added");
        }
    }

    /// A value has ended.
    fn end_value(&mut self) {
        let Some(open) = self.open.last_mut() else { return };
        open.expected = if open.is_object { Expected::Name } else { Expected::Value };
        let depth = self.open.len();
        if depth == 1 || (depth == 2 && !self.open[1].is_object) {
            self.whole = Whole { out: self.out.len(), depth, is_now: true };
        }
    }

    /// Handles `}` or `]`.
    fn close(&mut self, is_object: bool) {
        let Some(index) = self.open.iter().rposition(|open| open.is_object == is_object) else {
            self.fault("closes nothing, dropped");
            self.at += 1;
            return;
        };
        while self.open.len() > index + 1 {
            self.fault("something is not closed, closed here");
            self.close_top();
        }
        self.close_top();
        self.at += 1;
    }

    /// Closes the innermost object or list.
    fn close_top(&mut self) {
        self.finish_member();
        let Some(open) = self.open.pop() else { return };
        if let Some(comma) = open.comma {
            self.faults.note(comma, ProblemKind::Syntax, format!("`,` before `{}`, dropped", open.closer()));
        }
        self.out.push(open.closer());
        self.end_value();
    }

    /// Gives a name without a value one.
    fn finish_member(&mut self) {
        let Some(open) = self.open.last_mut() else { return };
        if !open.is_object || open.expected == Expected::Name {
            return;
        }
        self.out.push_str(if open.expected == Expected::Colon { ":null" } else { "null" });
        open.expected = Expected::Name;
        self.fault("name without a value");
    }

    fn comma(&mut self) {
        self.whole.is_now = false;
        self.finish_member();
        let at = self.at;
        if let Some(open) = self.open.last_mut() {
            let is_needless = !open.has_members || open.comma.is_some();
            open.comma = Some(at);
            if is_needless {
                self.fault("`,` behind nothing, dropped");
            }
        }
        self.at += 1;
    }

    fn colon(&mut self) {
        match self.open.last_mut() {
            Some(open) if open.expected == Expected::Colon => {
                open.expected = Expected::Value;
                self.out.push(':');
            }
            _ => self.fault("`:` behind no name, dropped"),
        }
        self.at += 1;
    }

    /// Handles a text in quotes. False when the document ended inside it.
    fn string(&mut self) -> bool {
        let is_name = self.begin_scalar();
        match text::write(self.json, self.at, is_name, &mut self.out, self.faults) {
            Some(end) => {
                self.at = end;
                self.end_scalar(is_name);
                true
            }
            None => false,
        }
    }

    /// Handles what stands without quotes. False when the document ended inside it.
    fn word(&mut self) -> bool {
        let is_name = self.begin_scalar();
        let rest = &self.json[self.at..];
        let is_end = |c: char| c.is_whitespace() || matches!(c, ',' | ':' | '{' | '}' | '[' | ']' | '"' | '\'');
        let Some(length) = rest.find(is_end) else { return false };
        let word = &rest[..length];
        let is_number = || serde_json::from_str::<serde_json::Number>(word).is_ok();
        let is_sound = !is_name && (matches!(word, "true" | "false" | "null") || is_number());
        let other = match word.to_ascii_lowercase().as_str() {
            "true" => Some("true"),
            "false" => Some("false"),
            "none" | "nil" | "undefined" | "nan" => Some("null"),
            _ => None,
        };
        match other.filter(|_| !is_name) {
            _ if is_sound => self.out.push_str(word),
            Some(other) => {
                self.fault(format!("`{}`, read as `{other}`", text::brief(word)));
                self.out.push_str(other);
            }
            None => {
                self.fault(format!("`{}` without quotes, read as a text", text::brief(word)));
                text::quote(word, &mut self.out);
            }
        }
        self.at += length;
        self.end_scalar(is_name);
        true
    }

    /// Begins a text, number or word; true when it is a name.
    fn begin_scalar(&mut self) -> bool {
        let is_name = self.open.last().is_some_and(|open| open.expected == Expected::Name);
        if is_name {
            self.whole.is_now = false;
            self.separate();
        } else {
            self.begin_value();
        }
        is_name
    }

    fn end_scalar(&mut self, is_name: bool) {
        match self.open.last_mut() {
            Some(open) if is_name => {
                open.expected = Expected::Colon;
                if self.open.len() == 1 {
                    self.is_in_entries = self.out.ends_with(ENTRIES);
                }
            }
            _ => self.end_value(),
        }
    }

    /// Leaves out what stands behind the root.
    fn skip_rest(&mut self) {
        if self.next_sign().is_some() {
            self.fault("something stands behind the feed, left out");
        }
    }

    /// The text ended before its root. What is complete stays; nothing else is missing where only the ends of lists and objects are.
    fn end(&mut self) -> bool {
        let end = self.json.len();
        let is_only_unclosed = self.whole.is_now && self.is_in_entries && self.out.ends_with(['}', ']']);
        self.close_whole();
        if is_only_unclosed {
            self.faults.note(end, ProblemKind::Syntax, "the feed is not closed, closed at its end");
        } else {
            self.faults.insist(end, ProblemKind::Truncated, "document ends early, the complete entries were kept");
        }
        !is_only_unclosed
    }

    /// Goes back to what is whole, and closes it.
    fn close_whole(&mut self) {
        if self.whole.depth == 0 {
            // Not even the first value is complete.
            self.out.clear();
            self.out.push_str("{}");
            return;
        }
        self.out.truncate(self.whole.out);
        self.open.truncate(self.whole.depth);
        while let Some(open) = self.open.pop() {
            self.out.push(open.closer());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Faults, mend};

    fn mended(json: &str) -> (String, bool, Vec<String>) {
        let mut faults = Faults::default();
        let mended = mend(json, 0, &mut faults);
        serde_json::from_str::<serde_json::Value>(&mended.text).unwrap_or_else(|error| panic!("{json} -> {}: {error}", mended.text));
        (mended.text, mended.truncated, faults.located(json).iter().map(ToString::to_string).collect())
    }

    #[test]
    fn what_was_meant_is_written() {
        for (json, wanted, fault) in [
            ("{\"a\":1,}", "{\"a\":1}", "1:7: `,` before `}`, dropped"),
            ("[1,2,]", "[1,2]", "1:5: `,` before `]`, dropped"),
            ("[1,,2]", "[1,2]", "1:4: `,` behind nothing, dropped"),
            ("[,1]", "[1]", "1:2: `,` behind nothing, dropped"),
            ("{\"a\":1\n\"b\":2}", "{\"a\":1,\"b\":2}", "2:1: no `,` between two values, added"),
            ("{\"a\" 1}", "{\"a\":1}", "1:6: no `:` behind a name, added"),
            ("{\"a\",\"b\":2}", "{\"a\":null,\"b\":2}", "1:5: name without a value"),
            ("{\"a\":}", "{\"a\":null}", "1:6: name without a value"),
            ("{\"a\":1,2}", "{\"a\":1,\"2\":null}", "1:8: `2` without quotes, read as a text"),
            ("{[1]}", "{\"\":[1]}", "1:2: value without a name"),
            ("[1:2]", "[1,2]", "1:3: `:` behind no name, dropped"),
            ("{// note\n\"a\":/* x */1}", "{\"a\":1}", "1:2: comment, dropped"),
            ("{'a':'it\"s'}", "{\"a\":\"it\\\"s\"}", "1:2: text in single quotes"),
            ("{a:True,b:None}", "{\"a\":true,\"b\":null}", "1:2: `a` without quotes, read as a text"),
            ("[01,+1,.5]", "[\"01\",\"+1\",\".5\"]", "1:2: `01` without quotes, read as a text"),
            ("[{\"a\":[1}]", "[{\"a\":[1]}]", "1:9: something is not closed, closed here"),
            ("{\"a\":1]}", "{\"a\":1}", "1:7: closes nothing, dropped"),
            ("{\"a\":1} trailing", "{\"a\":1}", "1:9: something stands behind the feed, left out"),
        ] {
            let (text, truncated, faults) = mended(json);
            assert_eq!((text.as_str(), truncated), (wanted, false), "{json}");
            assert_eq!(faults.first().map(String::as_str), Some(fault), "{json}");
        }
    }

    #[test]
    fn a_cut_document_keeps_what_is_complete() {
        for (json, wanted, is_truncated) in [
            ("{\"v\":\"x\",\"items\":[{\"id\":1},{\"id\":2}", "{\"v\":\"x\",\"items\":[{\"id\":1},{\"id\":2}]}", false),
            ("{\"items\":[{\"id\":1},{\"id\":2}]", "{\"items\":[{\"id\":1},{\"id\":2}]}", false),
            ("{\"items\":[{\"id\":1},", "{\"items\":[{\"id\":1}]}", true),
            ("{\"items\":[{\"id\":1},{\"id\":2", "{\"items\":[{\"id\":1}]}", true),
            ("{\"items\":[{\"id\":1},{\"id\":2, \"t\":\"in the midd", "{\"items\":[{\"id\":1}]}", true),
            ("{\"items\":[{\"id\":1},{\"id\":{\"a\":[", "{\"items\":[{\"id\":1}]}", true),
            ("{\"items\":[{\"id", "{}", true),
            ("{\"v\":1,\"items\":[{\"id", "{\"v\":1}", true),
            ("{", "{}", true),
            ("{\"authors\":[{\"name\":\"a\"}", "{\"authors\":[{\"name\":\"a\"}]}", true),
        ] {
            let (text, truncated, _) = mended(json);
            assert_eq!((text.as_str(), truncated), (wanted, is_truncated), "{json}");
        }
    }

    #[test]
    fn what_is_sound_stays() {
        let json = "{\"a\":[1,-2.5e3,true,null,{}],\"b\\n\\u00e9\":\"c\\\"d\",\"e\":{\"f\":[]}}";
        assert_eq!(mended(json), (json.to_owned(), false, vec![]));
    }

    #[test]
    fn what_is_too_deep_goes() {
        let json = "{\"a\":1,\"b\":".to_owned() + &"[".repeat(1000);
        let (text, truncated, faults) = mended(&json);
        assert_eq!((text.as_str(), truncated), ("{\"a\":1}", false));
        assert_eq!(faults, ["1:111: more than 100 levels deep, the rest is left out"]);
    }
}
