//! `[[view]]`: a named selection of stories, with the filter that its keys write.
//!
//! The keys of one table hold together, the values of one key in turn: `languages = ["zh", "en"]` with `tags = ["kev"]` is what is
//! tagged `kev` and in one of the two languages. `any`, `all` and `not` hold tables of the same keys.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    TextOf,
    error::Fault,
    guess::did_you_mean,
    secret::Env,
    section::{Position, Section, fault, shorten},
    watch_list,
};
use crate::{
    model::{Item, Risk, Secret, Source, SourceId, Text},
    tag,
    view::{Filter, Place, Selection, View, ViewId},
};

/// Most views.
const VIEWS_MAX: usize = 1000;
const TITLE_CHARS_MAX: usize = 300;
const TOKENS_MAX: usize = 100;

/// Values of one key.
const VALUES_MAX: usize = 1000;

/// Tables inside tables.
const DEPTH_MAX: usize = 8;

/// The keys that choose stories.
const FILTER_KEYS: [&str; 10] =
    ["tags", "sources", "languages", "vulnerabilities", "words", "title_words", "watch_list", "any", "all", "not"];

/// What views are read against.
pub(super) struct Views<'e> {
    /// In the order of the file.
    pub views: Vec<View>,
    /// Lists of terms that they name.
    pub files: Vec<PathBuf>,
    /// What the operator should know.
    pub warnings: Vec<String>,
    sources: &'e [Arc<Source>],
    env: Env<'e>,
    text_of: TextOf<'e>,
    ids: HashMap<ViewId, Position>,
}

impl<'e> Views<'e> {
    pub fn new(sources: &'e [Arc<Source>], env: Env<'e>, text_of: TextOf<'e>) -> Self {
        Self { views: Vec::new(), files: Vec::new(), warnings: Vec::new(), sources, env, text_of, ids: HashMap::new() }
    }

    /// Reads one `[[view]]`.
    pub fn read(&mut self, mut section: Section<'_>, faults: &mut Vec<Fault>) {
        let (id, title) = (read_id(&mut section), read_title(&mut section));
        let entries_max = section.has("entries_max");
        let entries_max = Some(section.count("entries_max", 100, 1..=10_000)).filter(|_| entries_max);
        let tokens = self.read_tokens(&mut section);
        let filter = self.read_filter(&mut section, 0, faults);
        let id_at = section.position("id");
        section.finish(faults);
        let Some(id) = id else { return };
        if self.views.len() == VIEWS_MAX {
            return faults.push(fault(id_at, format!("must be at most {VIEWS_MAX} views in all")));
        }
        if let Some(first) = self.ids.get(&id) {
            let message = format!("`view.id` is `{id}`, which is taken already at {}:{}", first.file.display(), first.line);
            return faults.push(fault(id_at, message));
        }
        self.ids.insert(id.clone(), id_at);
        let title = title.unwrap_or_else(|| Text::line(id.as_str(), TITLE_CHARS_MAX));
        self.views.push(View { id, title, filter, entries_max, tokens });
    }

    /// The values of the variables that `token_env` and `tokens_env` name.
    fn read_tokens(&mut self, section: &mut Section<'_>) -> Vec<Secret> {
        let one = section.string("token_env").map(|found| ("token_env", found));
        let names: Vec<_> = one.into_iter().chain(section.strings("tokens_env").into_iter().map(|found| ("tokens_env", found))).collect();
        if names.len() > TOKENS_MAX {
            section.fault("tokens_env", format_args!("must be at most {TOKENS_MAX}"));
        }
        if names.is_empty() && (section.has("token_env") || section.has("tokens_env")) {
            section.fault("tokens_env", "must name a variable, or be left out with `view.token_env`: then everybody may read the view");
        }
        let mut tokens = Vec::new();
        for (key, name) in names {
            let Some(value) = (self.env)(name.value) else {
                section.fault(key, format_args!("needs the environment variable `{}`, which is not set", shorten(name.value)));
                continue;
            };
            // Values from files tend to end in a line end.
            let token = Secret::new(value.trim_end().to_owned());
            if !token.is_strong() {
                let (file, line, name) = (name.at.file.display(), name.at.line, shorten(name.value));
                self.warnings.push(format!("{file}:{line}: `{name}` has under {} characters: it opens nothing", Secret::CHARS_MIN));
            }
            tokens.push(token);
        }
        tokens
    }

    /// The filter of one table: each of its keys must hold.
    fn read_filter(&mut self, section: &mut Section<'_>, depth: usize, faults: &mut Vec<Fault>) -> Filter {
        let mut parts = self.read_lists(section);
        parts.extend(self.read_watch_list(section, faults));
        for (key, name) in [("any", "view.any"), ("all", "view.all")] {
            let inner: Vec<_> =
                section.sections_named(key, name).into_iter().map(|inner| self.read_inner(inner, depth + 1, faults)).collect();
            if section.has(key) {
                parts.push(if key == "any" { Filter::Any(inner) } else { Filter::All(inner) });
            }
        }
        let not = section.section("not", "view.not");
        if section.has("not") {
            parts.push(Filter::Not(Box::new(self.read_inner(not, depth + 1, faults))));
        }
        if !FILTER_KEYS.iter().any(|key| section.has(key)) {
            section.fault("id", format_args!("has no filter beside it, must have one of {}", list(&FILTER_KEYS)));
        }
        if parts.len() == 1 { parts.remove(0) } else { Filter::All(parts) }
    }

    fn read_inner(&mut self, mut section: Section<'_>, depth: usize, faults: &mut Vec<Fault>) -> Filter {
        let filter = if depth > DEPTH_MAX {
            section.fault("any", format_args!("stands in too many tables, must be at most {DEPTH_MAX} deep"));
            Filter::Any(Vec::new())
        } else {
            self.read_filter(&mut section, depth, faults)
        };
        section.finish(faults);
        filter
    }

    /// The keys that list values, of which one must fit.
    fn read_lists(&mut self, section: &mut Section<'_>) -> Vec<Filter> {
        let mut parts = Vec::new();
        for key in ["tags", "sources", "languages", "vulnerabilities", "words", "title_words"] {
            let values = section.strings(key);
            if !section.has(key) {
                continue;
            }
            if section.has_texts(key) && !(1..=VALUES_MAX).contains(&values.len()) {
                section.fault(key, format_args!("must be a list of 1 to {VALUES_MAX} texts"));
            }
            let mut any = Vec::new();
            for found in values {
                match self.read_value(key, found.value) {
                    Ok(filter) => any.push(filter),
                    Err(rule) => section.fault(key, format_args!("is `{}`, {rule}", shorten(found.value))),
                }
            }
            if key == "tags" {
                self.warn_of_empty(&any, &section.position(key));
            }
            parts.push(Filter::Any(any));
        }
        parts
    }

    /// What one value of a list asks for. `Err` is the rule it broke.
    fn read_value(&self, key: &str, value: &str) -> Result<Filter, String> {
        match key {
            "sources" => self.read_source(value),
            "languages" => {
                let is_tag = (2..=3).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_alphabetic());
                is_tag.then(|| Filter::Language(value.to_ascii_lowercase())).ok_or("must be a language such as `zh` or `en`".to_owned())
            }
            "vulnerabilities" => match Selection::vulnerability(value) {
                Some(Selection::Vulnerability(name)) => Ok(Filter::Tag(name)),
                _ => Err("must be an identifier such as `CVE-2024-3094`, `CNVD-2021-01234` or `GHSA-rxwq-x6h5-x525`".to_owned()),
            },
            "tags" => match Selection::tag(value) {
                Some(Selection::Tag(name)) => Ok(Filter::tagged(&name, self.tagged(&name))),
                _ => Err(format!("must be 1 to {} characters", Selection::TAG_CHARS_MAX)),
            },
            _ => watch_list::words(value, if key == "title_words" { Place::Title } else { Place::Anywhere }),
        }
    }

    fn read_source(&self, value: &str) -> Result<Filter, String> {
        if let Some(source) = self.sources.iter().find(|source| source.id.as_str() == value) {
            return Ok(Filter::Source(source.id.clone()));
        }
        let guess = did_you_mean(value, self.sources.iter().map(|source| source.id.as_str()));
        Err(format!("must be the id of a source{guess}"))
    }

    fn tagged(&self, tag: &str) -> Vec<SourceId> {
        let carries = |source: &&Arc<Source>| source.tags.iter().any(|own| own.as_str().eq_ignore_ascii_case(tag));
        self.sources.iter().filter(carries).map(|source| source.id.clone()).collect()
    }

    /// A tag that is neither an identifier, a label, nor any source's may be a slip.
    fn warn_of_empty(&mut self, tags: &[Filter], at: &Position) {
        for filter in tags {
            if let Filter::Tag(name) = filter
                && tag::canonical(name).is_none()
            {
                let known = self.sources.iter().flat_map(|source| &source.tags).map(Text::as_str);
                let guess = did_you_mean(name, known.chain([Risk::KEV, Item::ROUNDUP]));
                self.warnings.push(format!("{}:{}: no source is tagged `{}`{guess}", at.file.display(), at.line, shorten(name)));
            }
        }
    }

    fn read_watch_list(&mut self, section: &mut Section<'_>, faults: &mut Vec<Fault>) -> Option<Filter> {
        let found = section.string("watch_list")?;
        let path = found.at.file.parent().unwrap_or(Path::new("")).join(found.value);
        if !self.files.contains(&path) {
            self.files.push(path.clone());
        }
        match (self.text_of)(&path) {
            Ok(text) => Some(Filter::Any(watch_list::read(&path, &text, faults))),
            Err(fault) => {
                section.fault("watch_list", format_args!("is `{}`, which {}", shorten(found.value), fault.message));
                None
            }
        }
    }
}

fn read_id(section: &mut Section<'_>) -> Option<ViewId> {
    const RULE: &str =
        "must be 1 to 64 characters of a-z, 0-9, `-`, `_`, `.`, begin with a letter or digit, and not end like a file of a feed";
    if !section.has("id") {
        section.fault("id", format_args!("is missing, {RULE}"));
    }
    let is_free = |text: &str| ![".atom", ".rss", ".json", ".opml"].iter().any(|ending| text.ends_with(ending));
    section.parsed("id", RULE, |text| ViewId::parse(text).ok().filter(|_| is_free(text)))
}

fn read_title(section: &mut Section<'_>) -> Option<Text> {
    let title = |text: &str| Some(Text::line(text, TITLE_CHARS_MAX)).filter(|text| !text.is_empty());
    section.parsed("title", "must be a text that is not empty", title)
}

fn list(keys: &[&str]) -> String {
    keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
}
