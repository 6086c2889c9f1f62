//! The settings as the program uses them: typed, checked, complete.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use chrono_tz::Tz;

use super::guess::did_you_mean;
use crate::{
    model::{FetchLimits, Images, ItemLimits, Link, MergeThresholds, Receiver, Retention, ScheduleLimits, Source, SourceId},
    view::View,
};

/// Everything the configuration says, with defaults for what it leaves out. `Debug` shows no credentials.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// `[daemon]`
    pub daemon: DaemonSettings,
    /// `[http]`
    pub http: HttpSettings,
    /// `[poll]`
    pub poll: PollSettings,
    /// `[feed]`
    pub feed: FeedSettings,
    /// `[documents]`
    pub documents: DocumentSettings,
    /// `risk.folder`: where lists of vulnerabilities are laid down.
    pub risk_folder: Option<PathBuf>,
    /// `[merge]`
    pub merge: MergeThresholds,
    /// `[retention]`, with what every source says of itself.
    pub retention: Retention,
    /// Every `[[source]]`, in the order of the files; ids and URLs are unique. Whoever polls or shows them shares them.
    pub sources: Vec<Arc<Source>>,
    /// Every `[[view]]`, in their order; ids are unique. Lists of terms make them large: whoever serves or tells them shares them.
    pub views: Arc<[View]>,
    /// Every `[[notify]]`, in their order; ids are unique.
    pub receivers: Vec<Receiver>,
    /// The files that were read, the main one first.
    pub files: Vec<PathBuf>,
    /// The files of terms that views watch for.
    pub watch_lists: Vec<PathBuf>,
    /// The folders in which `include` looks for files.
    pub folders: Vec<PathBuf>,
    /// What the operator should know, though nothing is wrong; one line each.
    pub warnings: Vec<String>,
}

impl Settings {
    /// The source of that id; else what to say to who asked for it.
    pub fn source(&self, id: &SourceId) -> Result<&Source, String> {
        if let Some(source) = self.sources.iter().find(|source| source.id == *id) {
            return Ok(source);
        }
        Err(match self.sources.iter().find(|source| source.formerly.contains(id)) {
            Some(source) => format!("no source is called `{id}` any more: it is `{}`", source.id),
            None => {
                format!("no source is called `{id}`{}", did_you_mean(id.as_str(), self.sources.iter().map(|source| source.id.as_str())))
            }
        })
    }

    /// The same of a source that is polled.
    pub fn enabled_source(&self, id: &SourceId) -> Result<&Source, String> {
        let source = self.source(id)?;
        if source.enabled { Ok(source) } else { Err(format!("`{id}` is not polled: it has `enabled = false`")) }
    }
}

/// The process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DaemonSettings {
    /// Folder of the store.
    pub data_dir: PathBuf,
    /// Folder of the documents that the store begins with.
    pub seeds: Option<PathBuf>,
    /// A page or mail address at which publishers reach the operator; goes into the user agent.
    pub contact: Option<String>,
    /// How many people read here, for publishers who count readers.
    pub subscribers: Option<u32>,
    /// How long polls in flight may take to end when the daemon stops.
    pub grace: Duration,
}

/// The server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpSettings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where the world reaches it; ends in `/`.
    pub public_url: Option<Link>,
    /// WebSub hubs that are told when our feeds change.
    pub hubs: Vec<Link>,
    /// Connections at once.
    pub connections_max: usize,
}

impl HttpSettings {
    /// Where links to our own pages begin: `public_url`, else the configured address; ends in `/`. An address that stands for all
    /// addresses of the machine is no place to link to, so its loopback stands in.
    pub fn base_url(&self) -> Link {
        let mut shown = self.listen;
        if shown.ip().is_unspecified() {
            shown.set_ip(if shown.is_ipv4() { std::net::Ipv4Addr::LOCALHOST.into() } else { std::net::Ipv6Addr::LOCALHOST.into() });
        }
        self.public_url.clone().unwrap_or_else(|| Link::parse(&format!("http://{shown}/")).expect("a socket address makes a URL"))
    }
}

/// Asking sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PollSettings {
    /// When.
    pub schedule: ScheduleLimits,
    /// One request.
    pub fetch: FetchLimits,
    /// What a document may bring.
    pub items: ItemLimits,
    /// Whether `robots.txt` is asked for and obeyed.
    pub robots: bool,
}

/// The combined feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedSettings {
    /// Its title.
    pub title: String,
    /// Its subtitle.
    pub subtitle: Option<String>,
    /// Its author.
    pub author: String,
    /// Entries in it.
    pub entries_max: usize,
    /// Its size before compression, in bytes.
    pub bytes_max: u64,
    /// What stands for pictures in the entries of all feeds.
    pub images: Images,
}

/// Imported documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentSettings {
    /// The zone of dates without one.
    pub timezone: Tz,
}
