//! Progress on a terminal; silent where there is none.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar on standard error that appears with the first step.
pub(super) fn bar(what: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {bar:40} {pos}/{len} {eta}").unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(0).with_style(style).with_message(what)
}
