//! The tables beside `[[source]]`: each key with its default, its bounds and its rule.

use std::{
    collections::HashMap,
    net::SocketAddr,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    time::Duration,
};

use chrono_tz::Tz;

use super::{
    error::Fault,
    section::Section,
    settings::{DaemonSettings, DocumentSettings, FeedSettings, HttpSettings, PollSettings, Settings},
    zone::timezone,
};
use crate::model::{FetchLimits, Images, ItemLimits, Link, MergeThresholds, Retention, ScheduleLimits, Text};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

/// Longest distance between two polls that can be configured.
pub(super) const INTERVAL_MAX: Duration = Duration::from_secs(366 * 86_400);

/// Items of a source that a quota may allow.
pub(super) const ITEMS: RangeInclusive<usize> = 1..=1_000_000_000;

/// Publishers tend to block who asks more often.
const INTERVAL_RUDE: Duration = Duration::from_secs(300);

/// Longest title or name, in characters.
const NAME_CHARS_MAX: usize = 300;

/// The settings of all tables, without sources.
pub(super) fn read(root: &mut Section<'_>, folder: &Path, faults: &mut Vec<Fault>) -> Settings {
    let mut warnings = Vec::new();
    let mut table = |name: &'static str| root.section(name, name);
    let mut daemon = table("daemon");
    let mut http = table("http");
    let mut poll = table("poll");
    let mut feed = table("feed");
    let mut documents = table("documents");
    let mut risk = table("risk");
    let mut merge = table("merge");
    let mut retention = table("retention");
    let settings = Settings {
        daemon: read_daemon(&mut daemon, folder, &mut warnings),
        http: read_http(&mut http, &mut warnings),
        poll: read_poll(&mut poll, faults, &mut warnings),
        feed: read_feed(&mut feed),
        documents: DocumentSettings { timezone: timezone(&mut documents).unwrap_or(Tz::Asia__Shanghai) },
        risk_folder: risk.parsed("folder", "must be a folder", |text| path_below(folder, text)),
        merge: read_merge(&mut merge),
        retention: read_retention(&mut retention),
        sources: Vec::new(),
        views: [].into(),
        receivers: Vec::new(),
        files: Vec::new(),
        watch_lists: Vec::new(),
        folders: Vec::new(),
        warnings,
    };
    [daemon, http, poll, feed, documents, risk, merge, retention].into_iter().for_each(|section| section.finish(faults));
    settings
}

fn read_daemon(section: &mut Section<'_>, folder: &Path, warnings: &mut Vec<String>) -> DaemonSettings {
    let path = |text: &str| path_below(folder, text);
    let data_dir = section.parsed("data_dir", "must be a folder", path);
    let seeds = section.parsed("seeds", "must be a folder", path);
    let contact = section.parsed("contact", "must be a URL or a mail address at which publishers reach you", contact);
    if contact.is_none() {
        warnings.push(
            "`daemon.contact` is not set: publishers cannot reach you before they block you; name a page or mail address of yours"
                .to_owned(),
        );
    }
    DaemonSettings {
        data_dir: data_dir.unwrap_or_else(|| folder.join("data")),
        seeds,
        contact,
        subscribers: u32::try_from(section.count("subscribers", 0, 1..=1_000_000_000)).ok().filter(|count| *count > 0),
        grace: section.duration("grace", Duration::from_secs(10), Duration::ZERO..=HOUR),
    }
}

/// A path that is relative to the folder of the configuration.
fn path_below(folder: &Path, text: &str) -> Option<PathBuf> {
    (!text.is_empty() && !text.contains('\0')).then(|| folder.join(text))
}

/// A URL, or a mail address; either may stand inside the parentheses of a user agent.
fn contact(text: &str) -> Option<String> {
    let text = text.trim();
    let is_mail = || {
        let address = text.strip_prefix("mailto:").unwrap_or(text);
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-@".contains(&byte);
        address.bytes().all(allowed) && address.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
    };
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() && !b"();".contains(&byte));
    (is_plain && (Link::parse(text).is_ok() || is_mail())).then(|| text.to_owned())
}

fn read_http(section: &mut Section<'_>, warnings: &mut Vec<String>) -> HttpSettings {
    let listen = section.parsed("listen", "must be an address with its port, such as `127.0.0.1:8080`", |text| text.parse().ok());
    let settings = HttpSettings {
        listen: listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080))),
        public_url: section.parsed("public_url", "must be an http or https URL without query and fragment", base_url),
        hubs: section.parsed_each("hubs", "must be addresses of WebSub hubs", |text| Link::parse(text).ok()),
        connections_max: section.count("connections_max", 512, 1..=65_536),
    };
    if settings.public_url.is_none() && !settings.listen.ip().is_loopback() {
        warnings.push(format!(
            "`http.public_url` is not set: links in the feed will lead to `{}`, which other machines may not reach",
            settings.base_url()
        ));
    }
    settings
}

/// An address that others are appended to: it ends in a slash.
fn base_url(text: &str) -> Option<Link> {
    let link = Link::parse(text).ok()?;
    let url = link.to_url();
    let is_bare = url.query().is_none() && url.fragment().is_none();
    is_bare.then(|| Link::parse(&format!("{}/", link.as_str().trim_end_matches('/'))).ok())?
}

fn read_poll(section: &mut Section<'_>, faults: &mut Vec<Fault>, warnings: &mut Vec<String>) -> PollSettings {
    let mut timeouts = section.section("timeouts", "poll.timeouts");
    let settings = PollSettings {
        schedule: read_schedule(section),
        fetch: read_fetch(section, &mut timeouts),
        items: ItemLimits {
            entries_max: section.count("entries_max", ItemLimits::default().entries_max, 1..=100_000),
            new_max: section.count("new_max", ItemLimits::default().new_max, 1..=100_000),
            first_new_max: section.count("first_new_max", ItemLimits::default().first_new_max, 0..=100_000),
            ..ItemLimits::default()
        },
        robots: section.flag("robots").unwrap_or(false),
    };
    timeouts.finish(faults);
    if settings.schedule.interval_min < INTERVAL_RUDE {
        warnings.push("`poll.interval_min` is under `5m`: publishers block those who ask so often".to_owned());
    }
    settings
}

fn read_schedule(section: &mut Section<'_>) -> ScheduleLimits {
    let default = ScheduleLimits::default();
    let interval_min = section.duration("interval_min", default.interval_min, SECOND..=DAY);
    let interval = section.duration("interval", default.interval.max(interval_min), interval_min..=INTERVAL_MAX);
    let interval_max = section.duration("interval_max", default.interval_max.max(interval), interval..=INTERVAL_MAX);
    ScheduleLimits {
        interval,
        interval_min,
        interval_max,
        host_gap: section.duration("host_gap", default.host_gap, Duration::ZERO..=HOUR),
        concurrency: section.count("concurrency", default.concurrency, 1..=10_000),
    }
}

fn read_fetch(section: &mut Section<'_>, timeouts: &mut Section<'_>) -> FetchLimits {
    const SPAN: RangeInclusive<Duration> = SECOND..=HOUR;
    let default = FetchLimits::default();
    FetchLimits {
        dns: timeouts.duration("dns", default.dns, SPAN),
        connect: timeouts.duration("connect", default.connect, SPAN),
        idle: timeouts.duration("idle", default.idle, SPAN),
        hop: timeouts.duration("hop", default.hop, SPAN),
        poll: timeouts.duration("poll", default.poll, SPAN),
        body_bytes_max: section.size("body_bytes_max", default.body_bytes_max, 1 << 10..=1 << 30),
        redirects_max: u32::try_from(section.count("redirects_max", 5, 0..=20)).unwrap_or(default.redirects_max),
    }
}

fn read_feed(section: &mut Section<'_>) -> FeedSettings {
    let name = |text: &str| Some(Text::line(text, NAME_CHARS_MAX)).filter(|text| !text.is_empty()).map(|text| text.to_string());
    const RULE: &str = "must be a text that is not empty";
    FeedSettings {
        title: section.parsed("title", RULE, name).unwrap_or_else(|| "Watchfire".to_owned()),
        subtitle: section.parsed("subtitle", RULE, name),
        author: section.parsed("author", RULE, name).unwrap_or_else(|| "Watchfire".to_owned()),
        entries_max: section.count("entries_max", 100, 1..=10_000),
        bytes_max: section.size("bytes_max", 1 << 20, 64 << 10..=64 << 20),
        images: section.parsed("images", "must be `link`, `keep` or `drop`", Images::parse).unwrap_or_default(),
    }
}

fn read_merge(section: &mut Section<'_>) -> MergeThresholds {
    let default = MergeThresholds::default();
    MergeThresholds {
        window: section.duration("window", default.window, DAY..=INTERVAL_MAX),
        text: section.share("text", default.text),
        text_beside_title: section.share("text_beside_title", default.text_beside_title),
        title_beside_text: section.share("title_beside_text", default.title_beside_text),
        text_chars_min: section.count("text_chars_min", default.text_chars_min, 20..=10_000),
    }
}

/// Items are kept unless the operator says otherwise; what one source may take is bounded in any case (protocol X12).
fn read_retention(section: &mut Section<'_>) -> Retention {
    const BYTES: RangeInclusive<u64> = 1 << 20..=1 << 50;
    Retention {
        age_max: section.days("days", 1),
        bytes_max: section.size_if_set("bytes_max", BYTES),
        source_items_max: section.count_if_set("source_items_max", ITEMS),
        source_bytes_max: Some(section.size("source_bytes_max", Retention::SOURCE_BYTES_MAX, BYTES)),
        sources: HashMap::new(),
    }
}
