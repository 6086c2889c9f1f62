//! What the daemon says of itself: names, addresses, manners.

use std::time::Duration;

use chrono_tz::Tz;
use uuid::Uuid;

use crate::model::{Digest, Images, Link, StoryId, Text};

/// The name and version that feeds and pages carry. Part of what is rendered: another version may render otherwise.
pub const GENERATOR: (&str, &str) = ("Watchfire", env!("CARGO_PKG_VERSION"));

/// The daemon as its outputs show it. All of it is configured or minted once; nothing here moves by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Site {
    /// Names the feed for ever, and is the namespace of the ids that are minted here.
    pub feed_uuid: Uuid,
    /// Name of the feed.
    pub title: Text,
    /// Who publishes it.
    pub author: Text,
    /// One sentence about it; may be empty.
    pub subtitle: Text,
    /// Where the daemon's pages are, ending in `/`. From `public_url`, else from the configured address; never from a request.
    pub home: Link,
    /// The zone in which pages show days and times.
    pub timezone: Tz,
    /// What stands for pictures in entries.
    pub images: Images,
    /// WebSub hubs that are told when our feeds change.
    pub hubs: Vec<Link>,
    /// What publishers are told.
    pub manners: Manners,
}

/// How the daemon behaves towards publishers.
#[derive(Debug, Clone, PartialEq)]
pub struct Manners {
    /// The `User-Agent` of every request.
    pub user_agent: String,
    /// An address or URL of the operator.
    pub contact: Option<String>,
    /// The usual distance between two requests for one feed.
    pub interval: Duration,
    /// No feed is asked more often.
    pub interval_min: Duration,
    /// Whether `robots.txt` is asked for and obeyed.
    pub robots: bool,
}

impl Site {
    /// `urn:uuid:` name of the feed.
    pub fn feed_id(&self) -> String {
        self.feed_uuid.urn().to_string()
    }

    /// A name in this feed's namespace for something that has none of its own.
    pub fn mint(&self, kind: &str, name: &str) -> String {
        Uuid::new_v5(&self.feed_uuid, format!("{kind}\n{name}").as_bytes()).urn().to_string()
    }

    /// Address of the combined feed.
    pub fn feed_url(&self) -> Link {
        self.below(&["feed.atom"], "")
    }

    /// The page of all sources.
    pub fn sources_url(&self) -> Link {
        self.below(&["sources"], "")
    }

    /// The list of the sources.
    pub fn opml_url(&self) -> Link {
        self.below(&["opml"], "")
    }

    /// The list of our own feeds.
    pub fn views_opml_url(&self) -> Link {
        self.below(&["views.opml"], "")
    }

    /// The description of our search.
    pub fn opensearch_url(&self) -> Link {
        self.below(&["opensearch.xml"], "")
    }

    /// Address of the page for publishers.
    pub fn about_url(&self) -> Link {
        self.below(&["about"], "")
    }

    /// The scheme of our own categories.
    pub fn tags_url(&self) -> Link {
        self.below(&["tags", ""], "")
    }

    /// The page of the stories about what an identifier or a label names.
    pub fn tag_url(&self, name: &str) -> Link {
        self.below(&["tags", name], "")
    }

    /// The page of the vulnerabilities that are most talked about.
    pub fn vulnerabilities_url(&self) -> Link {
        self.below(&["vulnerabilities"], "")
    }

    /// The page of the stories about a vulnerability.
    pub fn vulnerability_url(&self, name: &str) -> Link {
        self.below(&["vulnerabilities", name], "")
    }

    /// Address of a story's own page.
    pub fn story_url(&self, id: StoryId) -> Link {
        self.below(&["stories", &id.to_string()], "")
    }

    /// A digest of everything that this value puts into outputs: a changed one makes a new generation.
    pub fn digest(&self) -> Digest {
        let manners = &self.manners;
        let hubs = self.hubs.iter().map(Link::as_str).collect::<Vec<_>>().join(" ");
        Digest::of(&[
            hubs.as_bytes(),
            GENERATOR.1.as_bytes(),
            self.feed_uuid.as_bytes(),
            self.title.as_str().as_bytes(),
            self.author.as_str().as_bytes(),
            self.subtitle.as_str().as_bytes(),
            self.home.as_str().as_bytes(),
            self.timezone.name().as_bytes(),
            manners.user_agent.as_bytes(),
            manners.contact.as_deref().unwrap_or_default().as_bytes(),
            &manners.interval.as_secs().to_be_bytes(),
            &manners.interval_min.as_secs().to_be_bytes(),
            &[u8::from(manners.robots), self.images as u8],
        ])
    }

    /// An address of ours: the names of its path, escaped, and a query with its `?`.
    pub(super) fn below(&self, names: &[&str], query: &str) -> Link {
        let mut url = self.home.to_url();
        // An http URL always has a path that can be added to.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(names);
            if names.is_empty() {
                path.push("");
            }
        }
        url.set_query(query.strip_prefix('?'));
        Link::try_from(url).unwrap_or_else(|_| self.home.clone())
    }
}
