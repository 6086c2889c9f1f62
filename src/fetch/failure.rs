//! The client's errors as failures in words: which phase, and why, without URLs and at most one line long.

use std::{error::Error, io};

use super::resolve::LookupError;
use crate::model::{Failure, FetchLimits, Text};

/// Longest explanation, in characters. Parts of it may come from the other side, in certificates for instance.
const CHARS_MAX: usize = 160;

/// An error before the head of the answer was there.
pub fn before_head(error: &reqwest::Error, limits: &FetchLimits) -> Failure {
    for cause in causes(error) {
        if let Some(lookup) = cause.downcast_ref::<LookupError>() {
            return match lookup {
                LookupError::NotFound(why) => Failure::Dns(line(why)),
                LookupError::Refused(why) => Failure::AddressRefused(line(why)),
            };
        }
        if let Some(tls) = tls_error(cause) {
            return Failure::Tls(line(&tls.to_string()));
        }
    }
    if error.is_connect() {
        if error.is_timeout() {
            return Failure::Timeout { phase: "connecting", after: limits.connect };
        }
        return Failure::Connect(root_words(error));
    }
    match hyper_error(error) {
        Some(hyper) if hyper.is_parse_too_large() => Failure::BrokenBody("the head of the answer is too large".to_owned()),
        Some(hyper) if hyper.is_parse() => Failure::BrokenBody("the answer is not HTTP".to_owned()),
        Some(hyper) if hyper.is_incomplete_message() => Failure::Connect("closed before the answer".to_owned()),
        _ => Failure::Connect(root_words(error)),
    }
}

/// An error while the body was coming.
pub fn in_body(error: &reqwest::Error) -> Failure {
    let is_early_end = |cause: &(dyn Error + 'static)| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::UnexpectedEof)
            || cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_incomplete_message)
    };
    let is_short = causes(error).any(is_early_end);
    Failure::BrokenBody(if is_short { "it ends before its announced length".to_owned() } else { root_words(error) })
}

/// An error and what is behind it, outermost first.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

fn hyper_error(error: &reqwest::Error) -> Option<&hyper::Error> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// A TLS error, also one inside an IO error: `io::Error::source` passes over what it wraps.
fn tls_error<'a>(mut cause: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    while let Some(wrapped) = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        cause = wrapped;
    }
    cause.downcast_ref()
}

/// What the innermost error says. The outer ones only repeat the phase, and the outermost the URL.
fn root_words(error: &reqwest::Error) -> String {
    causes(error).last().filter(|root| !root.is::<reqwest::Error>()).map_or_else(|| "failed".to_owned(), |root| line(&root.to_string()))
}

/// Words that fit on a line of a log or a table, without control characters.
pub fn line(words: &str) -> String {
    Text::line(words, CHARS_MAX).as_str().to_owned()
}
