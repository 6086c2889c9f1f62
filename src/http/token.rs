//! The token that a request shows.

use std::borrow::Cow;

use axum::http::{HeaderMap, header};
use url::form_urlencoded;

/// The token of `Authorization: Bearer TOKEN` (RFC 6750 section 2.1).
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The token that a reader shows: in its header, else as `token` in the address, for readers that send no headers of their own.
pub(super) fn shown<'a>(headers: &'a HeaderMap, query: &'a str) -> Option<Cow<'a, str>> {
    bearer(headers).map(Cow::Borrowed).or_else(|| parameter(query, "token"))
}

/// The first value of a parameter of the address.
pub(super) fn parameter<'a>(query: &'a str, name: &str) -> Option<Cow<'a, str>> {
    form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use super::shown;

    #[test]
    fn a_token_is_shown_in_a_header_or_in_the_address() {
        for (field, query, wanted) in [
            ("", "", None),
            ("", "token=a%20b&x=1", Some("a b")),
            ("", "x=token&tokens=y", None),
            ("Bearer first", "token=other", Some("first")),
            ("bearer  first ", "", Some("first")),
            ("Basic first", "token=other", Some("other")),
        ] {
            let field = (!field.is_empty()).then(|| (header::AUTHORIZATION, HeaderValue::from_str(field).expect("a value")));
            assert_eq!(shown(&HeaderMap::from_iter(field), query).as_deref(), wanted, "{query}");
        }
    }
}
