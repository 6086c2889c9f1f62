//! One table of a TOML file: every key is asked for once, in one place, with its rule; what nobody asks for is unknown.
//!
//! The file is read into `toml`'s spanned tree and not through derived mirrors, because those stop at the first fault: here every
//! fault of every file is found in one run, each with its line. Unknown keys are refused as `deny_unknown_fields` would.

use std::{
    cell::RefCell,
    collections::BTreeSet,
    fmt::Display,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    time::Duration,
};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    error::Fault,
    guess::did_you_mean,
    piece::Piece,
    quantity::{parse_duration, parse_size, show_duration, show_size},
};

/// Longest value quoted in a message, in characters.
const QUOTED_CHARS_MAX: usize = 80;

/// A TOML file, or a piece of one: its name and text, and where its lines begin, which turns a position into a line.
#[derive(Debug)]
pub(super) struct File<'a> {
    pub path: &'a Path,
    pub text: &'a str,
    first_line: usize,
    line_starts: Vec<usize>,
    /// Every key that was asked for in a table that is not there: what the file might hold.
    known: RefCell<BTreeSet<String>>,
}

/// Where a value stands, for faults that are found later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Position {
    pub file: PathBuf,
    pub line: usize,
}

/// A value with its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found<T> {
    pub value: T,
    pub at: Position,
}

/// A table that is being read.
pub(super) struct Section<'a> {
    file: &'a File<'a>,
    name: &'static str,
    /// Absent in the file: every key has its default.
    table: Option<&'a DeTable<'a>>,
    asked: Vec<&'static str>,
    faults: Vec<Fault>,
}

impl<'a> File<'a> {
    /// A piece of a file that was read.
    pub fn new(path: &'a Path, Piece { first_line, text }: Piece<'a>) -> Self {
        let line_starts = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(end, _)| end + 1).collect();
        Self { path, text, first_line, line_starts, known: RefCell::default() }
    }

    /// The keys that were asked for in vain, in tables that are not there: `poll.interval`, `source.id`.
    pub fn into_known(self) -> BTreeSet<String> {
        self.known.into_inner()
    }

    /// The line a byte is in.
    pub fn position(&self, byte: usize) -> Position {
        Position { file: self.path.to_owned(), line: self.first_line + self.line_starts.partition_point(|start| *start <= byte) }
    }
}

impl<'a> Section<'a> {
    /// The table `name` of a file; the root has no name.
    pub fn new(file: &'a File<'a>, name: &'static str, table: Option<&'a DeTable<'a>>) -> Self {
        Self { file, name, table, asked: Vec::new(), faults: Vec::new() }
    }

    /// Hands over the faults, among them the keys that nobody asked for.
    pub fn finish(mut self, faults: &mut Vec<Fault>) {
        for key in self.table.into_iter().flat_map(DeTable::keys) {
            let (name, line) = (key.get_ref().as_ref(), key.span().start);
            if !self.asked.contains(&name) {
                let place = if self.name.is_empty() { "at the top".to_owned() } else { format!("in `{}`", self.name) };
                let guess = did_you_mean(name, self.asked.iter().copied());
                let message = format!("unknown key `{}` {place}{guess}", shorten(name));
                self.faults.push(fault(self.file.position(line), message));
            }
        }
        faults.append(&mut self.faults);
    }

    /// Whether the key is set.
    pub fn has(&self, key: &str) -> bool {
        self.table.is_some_and(|table| table.contains_key(key))
    }

    /// Whether what the key holds is a list of texts: where it is not, `strings` has said so.
    pub fn has_texts(&self, key: &str) -> bool {
        let list = self.table.and_then(|table| table.get(key)).and_then(|value| value.get_ref().as_array());
        list.is_some_and(|list| list.iter().all(|item| item.get_ref().is_str()))
    }

    /// The line of a key, or of the table's first key.
    pub fn position(&self, key: &str) -> Position {
        let mut spans = self.table.into_iter().flatten().filter(|(name, _)| name.get_ref() == key).map(|(name, _)| name.span().start);
        let first = || self.table.into_iter().flat_map(DeTable::keys).map(|key| key.span().start).min();
        self.file.position(spans.next().or_else(first).unwrap_or_default())
    }

    /// Refuses a key that has its meaning elsewhere.
    pub fn forbid(&mut self, key: &'static str, rule: &str) {
        if self.has(key) {
            self.asked.push(key);
            self.fault(key, rule);
        }
    }

    /// Reports a fault of a key: "`poll.interval` is ...", with the key put in front.
    pub fn fault(&mut self, key: &str, message: impl Display) {
        let (position, name) = (self.position(key), self.full(key));
        self.faults.push(fault(position, format!("`{name}` {message}")));
    }

    /// A text.
    pub fn string(&mut self, key: &'static str) -> Option<Found<&'a str>> {
        let value = self.ask(key)?;
        let at = self.file.position(value.span().start);
        match value.get_ref().as_str() {
            Some(text) => Some(Found { value: text, at }),
            None => self.refuse(key, value, "must be a text in quotes"),
        }
    }

    /// A text that `parse` accepts; `rule` says what that is.
    pub fn parsed<T>(&mut self, key: &'static str, rule: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let found = self.string(key)?;
        let parsed = parse(found.value);
        if parsed.is_none() {
            self.fault(key, format_args!("is `{}`, {rule}", shorten(found.value)));
        }
        parsed
    }

    /// A list of texts that `parse` accepts; `rule` says what they are. Those that it does not are told and left out.
    pub fn parsed_each<T>(&mut self, key: &'static str, rule: &str, parse: impl Fn(&str) -> Option<T>) -> Vec<T> {
        let mut values = Vec::new();
        for found in self.strings(key) {
            match parse(found.value) {
                Some(value) => values.push(value),
                None => self.fault(key, format_args!("is `{}`, {rule}", shorten(found.value))),
            }
        }
        values
    }

    /// A list of texts.
    pub fn strings(&mut self, key: &'static str) -> Vec<Found<&'a str>> {
        self.strings_or(key, &[])
    }

    /// The same with a default.
    pub fn strings_or(&mut self, key: &'static str, default: &[&'static str]) -> Vec<Found<&'a str>> {
        let Some(value) = self.ask(key) else {
            return default.iter().map(|value| Found { value: *value, at: self.file.position(0) }).collect();
        };
        let texts = value.get_ref().as_array().map(|array| {
            array.iter().map(|item| Some(Found { value: item.get_ref().as_str()?, at: self.file.position(item.span().start) })).collect()
        });
        match texts {
            Some(Some(texts)) => texts,
            _ => self.refuse(key, value, "must be a list of texts, such as `[\"a\", \"b\"]`").unwrap_or_default(),
        }
    }

    /// `true` or `false`.
    pub fn flag(&mut self, key: &'static str) -> Option<bool> {
        let value = self.ask(key)?;
        value.get_ref().as_bool().or_else(|| self.refuse(key, value, "must be `true` or `false`"))
    }

    /// A whole number within `range`.
    pub fn count(&mut self, key: &'static str, default: usize, range: RangeInclusive<usize>) -> usize {
        let Some(value) = self.ask(key) else { return default };
        let number = value.get_ref().as_integer().and_then(|number| i64::from_str_radix(number.as_str(), number.radix()).ok());
        let fitting = number.and_then(|number| usize::try_from(number).ok()).filter(|number| range.contains(number));
        let rule = || format!("must be a whole number from `{}` to `{}`", range.start(), range.end());
        fitting.or_else(|| self.refuse(key, value, &rule())).unwrap_or(default)
    }

    /// A whole number within `range`, if there is one.
    pub fn count_if_set(&mut self, key: &'static str, range: RangeInclusive<usize>) -> Option<u64> {
        let is_set = self.has(key);
        let count = self.count(key, *range.start(), range);
        u64::try_from(count).ok().filter(|_| is_set)
    }

    /// Whole days, at least so many, if there is a number.
    pub fn days(&mut self, key: &'static str, least: usize) -> Option<Duration> {
        const DAYS_MAX: usize = 36_525;
        self.count_if_set(key, least..=DAYS_MAX).map(|days| Duration::from_secs(days * 86_400))
    }

    /// A share between 0 and 1.
    pub fn share(&mut self, key: &'static str, default: f32) -> f32 {
        let Some(value) = self.ask(key) else { return default };
        let text = match value.get_ref() {
            DeValue::Float(float) => float.as_str(),
            DeValue::Integer(integer) => integer.as_str(),
            _ => "",
        };
        let fitting = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
        fitting.or_else(|| self.refuse(key, value, "must be a number from `0.0` to `1.0`")).unwrap_or(default)
    }

    /// A duration within `range`.
    pub fn duration(&mut self, key: &'static str, default: Duration, range: RangeInclusive<Duration>) -> Duration {
        self.duration_if_set(key, range).unwrap_or(default)
    }

    /// A duration within `range`, if there is one.
    pub fn duration_if_set(&mut self, key: &'static str, range: RangeInclusive<Duration>) -> Option<Duration> {
        let value = self.ask(key)?;
        let Some(duration) = value.get_ref().as_str().and_then(parse_duration) else {
            return self.refuse(key, value, "must be a duration with its unit in quotes, such as `\"15m\"` or `\"1h30m\"`");
        };
        if range.contains(&duration) {
            return Some(duration);
        }
        let rule = format!("must be from `{}` to `{}`", show_duration(*range.start()), show_duration(*range.end()));
        self.refuse(key, value, &rule)
    }

    /// A size in bytes within `range`.
    pub fn size(&mut self, key: &'static str, default: u64, range: RangeInclusive<u64>) -> u64 {
        let Some(value) = self.ask(key) else { return default };
        let Some(bytes) = value.get_ref().as_str().and_then(parse_size) else {
            return self.refuse(key, value, "must be a size with its unit in quotes, such as `\"10MiB\"`").unwrap_or(default);
        };
        if range.contains(&bytes) {
            return bytes;
        }
        let rule = format!("must be from `{}` to `{}`", show_size(*range.start()), show_size(*range.end()));
        self.refuse(key, value, &rule).unwrap_or(default)
    }

    /// The same, if there is one.
    pub fn size_if_set(&mut self, key: &'static str, range: RangeInclusive<u64>) -> Option<u64> {
        let is_set = self.has(key);
        Some(self.size(key, *range.start(), range)).filter(|_| is_set)
    }

    /// The table under `key`, as a section of its own.
    pub fn section(&mut self, key: &'static str, name: &'static str) -> Self {
        let table = self.ask(key).and_then(|value| match value.get_ref().as_table() {
            Some(table) => Some(table),
            None => self.refuse(key, value, &format!("must be a table, written `[{name}]`")),
        });
        Self::new(self.file, name, table)
    }

    /// The tables of the list under `key`, each as a section of its own.
    pub fn sections(&mut self, key: &'static str) -> Vec<Self> {
        self.sections_named(key, key)
    }

    /// The same, with the name that they have in messages.
    pub fn sections_named(&mut self, key: &'static str, name: &'static str) -> Vec<Self> {
        let Some(value) = self.ask(key) else { return Vec::new() };
        let tables: Option<Vec<_>> =
            value.get_ref().as_array().and_then(|array| array.iter().map(|item| item.get_ref().as_table()).collect());
        let Some(tables) = tables else {
            return self.refuse(key, value, &format!("must be a list of tables, each written `[[{name}]]`")).unwrap_or_default();
        };
        tables.into_iter().map(|table| Self::new(self.file, name, Some(table))).collect()
    }

    /// Names and texts of the table under `key`. Values that are no texts are refused without being shown.
    pub fn pairs(&mut self, key: &'static str) -> Vec<(&'a str, Found<&'a str>)> {
        let Some(value) = self.ask(key) else { return Vec::new() };
        let pairs = value.get_ref().as_table().and_then(|table| {
            let pair = |(name, value): (&'a Spanned<_>, &'a Spanned<DeValue<'a>>)| {
                let name: &'a std::borrow::Cow<'a, str> = name.get_ref();
                Some((name.as_ref(), Found { value: value.get_ref().as_str()?, at: self.file.position(value.span().start) }))
            };
            table.iter().map(pair).collect::<Option<Vec<_>>>()
        });
        if pairs.is_none() {
            self.fault(key, "must be a table of texts, such as `{ authorization = \"Bearer ${TOKEN}\" }`");
        }
        pairs.unwrap_or_default()
    }

    fn ask(&mut self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.asked.push(key);
        let Some(table) = self.table else {
            self.file.known.borrow_mut().insert(self.full(key));
            return None;
        };
        table.get(key)
    }

    fn refuse<T>(&mut self, key: &str, value: &Spanned<DeValue<'_>>, rule: &str) -> Option<T> {
        let shown = match value.get_ref() {
            DeValue::String(text) => shorten(text),
            _ => shorten(self.file.text.get(value.span()).unwrap_or_default()),
        };
        let (position, name) = (self.file.position(value.span().start), self.full(key));
        self.faults.push(fault(position, format!("`{name}` is `{shown}`, {rule}")));
        None
    }

    fn full(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }
}

/// A fault at a place.
pub(super) fn fault(at: Position, message: String) -> Fault {
    Fault { file: at.file, line: Some(at.line), message }
}

/// One line of at most 80 characters: values can be long, and hostile to a terminal.
pub(super) fn shorten(value: &str) -> String {
    let mut line: String = value.lines().next().unwrap_or_default().chars().filter(|c| !c.is_control()).take(QUOTED_CHARS_MAX).collect();
    if line.len() < value.len() && (value.lines().nth(1).is_some() || value.chars().count() > QUOTED_CHARS_MAX) {
        line.push_str("...");
    }
    line
}
