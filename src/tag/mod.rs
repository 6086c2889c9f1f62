//! What a text is about, in which language it is, and what lists say of the vulnerabilities that it names.

mod epss;
mod identifiers;
mod kev;
mod language;
mod list_fault;

pub use epss::{epss, epss_day};
pub use identifiers::{Mentions, identifier, mentions};
pub use kev::kev;
pub use language::language;
pub use list_fault::ListFault;

use crate::model::Risk;

/// The label of a story that lists many vulnerabilities.
const ROUNDUP: &str = "roundup";

/// The one spelling of a tag that we give ourselves: an identifier or a label. `None` for one of an operator's own.
pub fn canonical(name: &str) -> Option<String> {
    identifier(name).map(|(_, name)| name).or_else(|| label(name).map(str::to_owned))
}

/// The label that a text is, whatever its case: `kev`, `epss>=0.1` to `epss>=0.9`, `roundup`.
fn label(name: &str) -> Option<&'static str> {
    Risk::label(name).or_else(|| name.trim().eq_ignore_ascii_case(ROUNDUP).then_some(ROUNDUP))
}
