//! `[[source]]`: one source with its rules, and all sources together, in which no id and no URL stands twice.

use std::{collections::HashMap, sync::Arc, time::Duration};

use super::{
    error::Fault,
    quantity::show_duration,
    route::{read_allow_private, read_basic_auth, read_route},
    secret::{Env, expand, names_variable},
    section::{Found, Position, Section, fault, shorten},
    tables::{INTERVAL_MAX, ITEMS},
    zone::timezone,
};
use crate::{
    model::{BadLink, Cadence, HeaderPair, Keeping, Link, ScheduleLimits, Source, SourceId, Text},
    schedule::{parse_cron, tick_gap_min},
};

/// Most sources in one configuration.
const SOURCES_MAX: usize = 50_000;
const TITLE_CHARS_MAX: usize = 300;
const TAG_CHARS_MAX: usize = 64;
const TAGS_MAX: usize = 32;
const HEADERS_MAX: usize = 32;
const HEADER_BYTES_MAX: usize = 4096;
const PRIORITY_MAX: u8 = 100;

/// Least distance between polls of a host of the operator's own.
const PRIVATE_INTERVAL_MIN: Duration = Duration::from_secs(1);

/// Headers that speak of a connection and not of a request (RFC 9110 section 7.6.1).
const HOP_HEADERS: [&str; 10] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
];

/// Headers that the request's own machinery writes, and those that would change what an answer means.
const RESERVED_HEADERS: [&str; 13] = [
    "a-im",
    "accept-encoding",
    "content-encoding",
    "content-length",
    "expect",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "range",
    "referer",
];

/// The sources read so far.
pub(super) struct Catalogue<'e> {
    /// In the order of the files.
    pub sources: Vec<Arc<Source>>,
    /// Pairs of sources that look like one.
    pub warnings: Vec<String>,
    limits: ScheduleLimits,
    env: Env<'e>,
    ids: HashMap<SourceId, Position>,
    urls: HashMap<String, (SourceId, Position)>,
    spellings: HashMap<String, (SourceId, Position)>,
}

impl<'e> Catalogue<'e> {
    pub fn new(limits: ScheduleLimits, env: Env<'e>) -> Self {
        let (ids, urls, spellings) = (HashMap::new(), HashMap::new(), HashMap::new());
        Self { sources: Vec::new(), warnings: Vec::new(), limits, env, ids, urls, spellings }
    }

    /// Reads one `[[source]]`.
    pub fn read(&mut self, mut section: Section<'_>, faults: &mut Vec<Fault>) {
        let source = read_source(&mut section, &self.limits, self.env);
        let (id_at, url_at, formerly_at) = (section.position("id"), section.position("url"), section.position("formerly"));
        section.finish(faults);
        let Some(source) = source else { return };
        if self.sources.len() == SOURCES_MAX {
            faults.push(fault(id_at, format!("must be at most {SOURCES_MAX} sources in all")));
            return;
        }
        let formerly = source.formerly.iter().map(|id| ("formerly", &formerly_at, id));
        for (key, at, id) in std::iter::once(("id", &id_at, &source.id)).chain(formerly) {
            if let Some(first) = self.ids.get(id) {
                return faults.push(fault(at.clone(), format!("`source.{key}` is `{id}`, which is taken already at {}", place(first))));
            }
            self.ids.insert(id.clone(), at.clone());
        }
        // The URL itself may hold a key: the ids say which are meant.
        let bare = source.url.as_str().split('#').next().unwrap_or_default().to_owned();
        if let Some((other, at)) = self.urls.get(&bare) {
            let message = format!("`source.url` of `{}` is the same as that of `{other}` at {}", source.id, place(at));
            return faults.push(fault(url_at, message));
        }
        if let Some((other, at)) = self.spellings.get(&spelling(&bare)) {
            let (here, there) = (place(&url_at), place(at));
            let difference = "their URLs differ only in scheme, `www.` or a last slash";
            self.warnings.push(format!("{here}: `{}` and `{other}` ({there}) seem to be one feed: {difference}", source.id));
        }
        self.warn_of_haste(&source, &url_at);
        self.spellings.insert(spelling(&bare), (source.id.clone(), url_at.clone()));
        self.urls.insert(bare, (source.id.clone(), url_at));
        self.sources.push(Arc::new(source));
    }

    /// A line that ticks faster than the source may be asked loses ticks.
    fn warn_of_haste(&mut self, source: &Source, at: &Position) {
        let Cadence::Cron(line) = &source.cadence else { return };
        let (gap, least) = (tick_gap_min(line), self.limits.interval_min);
        if gap < least && !source.is_on_private_host() {
            let (at, shown, least) = (place(at), show_duration(gap), show_duration(least));
            let rule = "`poll.interval_min`; ticks in between are left out";
            self.warnings.push(format!(
                "{at}: `schedule` of `{}` ticks every `{shown}`, but it is asked every `{least}` at most: {rule}",
                source.id
            ));
        }
    }
}

/// One source; every key is asked for before anything is given up, so that all its faults are found.
fn read_source(section: &mut Section<'_>, limits: &ScheduleLimits, env: Env<'_>) -> Option<Source> {
    let id = read_id(section);
    let (formerly, url) = (
        section.parsed_each("formerly", "must be ids that it had before, the oldest first", |text| SourceId::parse(text).ok()),
        read_url(section, env),
    );
    let allow_private = read_allow_private(section);
    let is_private = url.as_ref().is_some_and(|(url, _)| allow_private.iter().any(|host| host.as_str() == url.authority()));
    let (cadence, title, tags) = (read_cadence(section, limits, is_private), read_title(section), read_tags(section));
    let (timezone, mut headers, encoding) = (timezone(section), read_headers(section, env), read_encoding(section));
    let (private, enabled) = (section.flag("private"), section.flag("enabled").unwrap_or(true));
    let priority = section.count("priority", Source::PRIORITY.into(), 0..=PRIORITY_MAX.into());
    let priority = u8::try_from(priority).unwrap_or(PRIORITY_MAX);
    headers.extend(read_basic_auth(section, &headers, env));
    let (route, delta) = (read_route(section, env), section.flag("delta").unwrap_or(false));
    let keeping = Keeping { age_max: section.days("retention_days", 0), items_max: section.count_if_set("items_max", ITEMS) };
    let guard = section.flag("guard").unwrap_or(true);
    let (id, (url, has_secret)) = (id?, url?);
    // What comes from the environment is a secret until the operator says otherwise.
    let private = private.unwrap_or(has_secret);
    Some(Source {
        id,
        formerly,
        url,
        title,
        tags,
        cadence,
        timezone,
        headers,
        allow_private,
        private,
        enabled,
        priority,
        encoding,
        route,
        guard,
        delta,
        keeping,
    })
}

fn read_id(section: &mut Section<'_>) -> Option<SourceId> {
    const RULE: &str = "must be 1 to 64 characters of a-z, 0-9, `-`, `_`, `.` and begin with a letter or digit";
    if !section.has("id") {
        section.fault("id", format_args!("is missing, {RULE}"));
    }
    section.parsed("id", RULE, |text| SourceId::parse(text).ok())
}

/// The address, and whether it took anything from the environment.
fn read_url(section: &mut Section<'_>, env: Env<'_>) -> Option<(Link, bool)> {
    const RULE: &str = "must be an absolute http or https URL of at most 2048 bytes";
    if !section.has("url") {
        section.fault("url", format_args!("is missing, {RULE}"));
    }
    let found = section.string("url")?;
    let expanded = expand(found.value, env).map_err(|rule| section.fault("url", rule)).ok()?;
    match Link::parse(&expanded) {
        Ok(link) => Some((link, names_variable(found.value))),
        Err(BadLink::Userinfo) => {
            let hint = "`basic_auth = \"NAME:${PASSWORD}\"`";
            section.fault("url", format_args!("must hold no user name and no password; send them with {hint}"));
            None
        }
        Err(BadLink::NotAbsolute | BadLink::Scheme | BadLink::TooLong) => {
            section.fault("url", format_args!("is `{}`, {RULE}", without_secrets(found.value)));
            None
        }
    }
}

fn read_cadence(section: &mut Section<'_>, limits: &ScheduleLimits, is_private: bool) -> Cadence {
    let interval = section.duration_if_set("interval", PRIVATE_INTERVAL_MIN..=INTERVAL_MAX);
    let schedule = section.string("schedule");
    if section.has("interval") && schedule.is_some() {
        section.fault("schedule", "cannot stand beside `source.interval`, keep one of them");
    }
    if let Some(interval) = interval.filter(|interval| !is_private && *interval < limits.interval_min) {
        let (shown, least) = (show_duration(interval), show_duration(limits.interval_min));
        let rule = format!("is `{shown}`, must be at least `{least}` (`poll.interval_min`) on hosts that `allow_private` does not name");
        section.fault("interval", rule);
    }
    match schedule.map(|found| (found.value, parse_cron(found.value))) {
        Some((_, Ok(line))) => return Cadence::Cron(line),
        Some((text, Err(error))) => section.fault("schedule", format_args!("is `{}`: {error}", shorten(text))),
        None => {}
    }
    interval.map_or(Cadence::Adaptive(limits.interval), Cadence::Every)
}

fn read_title(section: &mut Section<'_>) -> Option<Text> {
    let title = |text: &str| Some(Text::line(text, TITLE_CHARS_MAX)).filter(|text| !text.is_empty());
    section.parsed("title", "must be a text that is not empty", title)
}

fn read_tags(section: &mut Section<'_>) -> Vec<Text> {
    let mut tags: Vec<Text> = section.strings("tags").iter().map(|tag| Text::line(tag.value, TAG_CHARS_MAX)).collect();
    if tags.len() > TAGS_MAX || tags.iter().any(Text::is_empty) {
        section.fault("tags", format_args!("must be at most {TAGS_MAX} texts that are not empty"));
    }
    let mut seen = std::collections::HashSet::new();
    tags.retain(|tag| seen.insert(tag.clone()));
    tags
}

fn read_headers(section: &mut Section<'_>, env: Env<'_>) -> Vec<HeaderPair> {
    let pairs = section.pairs("headers");
    if pairs.len() > HEADERS_MAX {
        section.fault("headers", format_args!("must be at most {HEADERS_MAX}"));
    }
    pairs.into_iter().filter_map(|(name, value)| read_header(section, name, &value, env)).collect()
}

/// One header; its value is a secret and is never shown.
fn read_header(section: &mut Section<'_>, name: &str, value: &Found<&str>, env: Env<'_>) -> Option<HeaderPair> {
    let lower = name.to_ascii_lowercase();
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let problem = if lower.is_empty() || !lower.bytes().all(is_token) {
        Some("must be a header name of letters, digits and `-`".to_owned())
    } else if HOP_HEADERS.contains(&lower.as_str()) {
        Some("belongs to a connection and not to a request, leave it out".to_owned())
    } else if RESERVED_HEADERS.contains(&lower.as_str()) {
        Some("is written by Watchfire itself, leave it out".to_owned())
    } else {
        None
    };
    let expanded = expand(value.value, env).and_then(|expanded| {
        let fits = expanded.len() <= HEADER_BYTES_MAX && expanded.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if fits { Ok(expanded) } else { Err(format!("must have a value of at most {HEADER_BYTES_MAX} visible ASCII characters")) }
    });
    match (problem, expanded) {
        (None, Ok(value)) => return Some(HeaderPair { name: lower, value }),
        (Some(rule), _) | (None, Err(rule)) => section.fault("headers", format_args!("`{}` {rule}", shorten(name))),
    }
    None
}

fn read_encoding(section: &mut Section<'_>) -> Option<String> {
    let label = |text: &str| encoding_rs::Encoding::for_label(text.as_bytes()).map(|_| text.trim().to_ascii_lowercase());
    section.parsed("encoding", "must be an encoding label of the web such as `gb18030`, `big5` or `utf-8`", label)
}

/// What of an address can be shown: neither a user name and password nor a query.
pub(super) fn without_secrets(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    match path.rsplit_once('@') {
        Some((_, host)) => shorten(&format!("...@{host}")),
        None => shorten(path),
    }
}

/// An address without what is spelled this way and that: scheme, `www.`, a last slash. Two of one spelling seem to be one feed.
pub fn spelling(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.strip_prefix("www.").unwrap_or(rest).trim_end_matches('/').to_owned()
}

fn place(at: &Position) -> String {
    format!("{}:{}", at.file.display(), at.line)
}
