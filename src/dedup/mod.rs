//! Which items are one story: identity inside a source, canonical links, fingerprints, and the rule that compares them.
//!
//! An item's life here: `native_ids` says who a draft is, `link_key` where it stands, `Fingerprint::of` what is worth keeping to recognise
//! its copies. The store finds candidates by the fingerprint's `probes` and link keys, and asks `judge` about each; the verdict with
//! the greatest `strength` decides, and says why. Where texts are alike and titles are not the same, the words are read once more: what
//! `names_another` is no copy. Precision comes first: a wrong join hides an article, a missed one shows it
//! twice. Everything that is compared is kept on disk, so every hash has a fixed seed. A known item whose bytes changed is news only if
//! its `substance` did.

mod declared;
mod fingerprint;
mod fold;
mod identity;
mod line_memory;
mod link_key;
mod naming;
mod rule;
mod serials;
mod sketch;
mod substance;
mod title;
mod tokens;
mod tracking;
mod verdict;

pub use declared::declared_links;
pub use fingerprint::{Fingerprint, TextPrint, speaker};
pub use fold::Folded;
pub use identity::native_ids;
pub use line_memory::{LineCount, LineMemory, line_digests};
pub use link_key::link_key;
pub use naming::Naming;
pub use rule::{KeyTitles, agrees, judge, judge_with_key};
pub use sketch::{SLOTS, Sketch};
pub use substance::substance;
pub use tokens::each_folded;
pub use verdict::{Obstacle, Scores, Verdict};
