//! The nouns of Watchfire. Constructors parse, so a value that exists is valid; nothing here does IO or reads a clock.

mod command;
mod decision;
mod digest;
mod draft;
mod item;
mod limits;
mod link;
mod outcome;
mod problem;
mod route;
mod source;
mod source_id;
mod source_state;
mod story;
mod tag;
mod text;
mod time;
mod trouble;

pub use command::{Command, CommandError};
pub use decision::{BadHandle, Decision, Handle};
pub use digest::Digest;
pub use draft::{Channel, Draft, Enclosure, Markup, Origin, Rhythm};
pub use item::{Item, ItemId, LinkKey, NativeId};
pub use limits::{FetchLimits, ItemLimits, MergeThresholds, ScheduleLimits};
pub use link::{BadLink, Link};
pub use outcome::{Failure, Outcome, Tally, Why};
pub use problem::{Problem, ProblemKind};
pub use route::{Proxy, Route};
pub use source::{Cadence, CronLine, HeaderPair, PrivateHost, Source};
pub use source_id::{BadSourceId, SourceId};
pub use source_state::{Freshness, SourceState, Validators};
pub use story::{JoinRule, Joined, Member, Story, StoryId};
pub use tag::{Catalogue, Tag};
pub use text::{SafeHtml, Text, is_xml_char};
pub use time::{Timestamp, ZonedTime};
pub use trouble::Trouble;
