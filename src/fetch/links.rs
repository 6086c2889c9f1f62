//! The `Link` header (RFC 8288): where a feed's WebSub hubs are, and what it calls itself.

use reqwest::header::{HeaderMap, LINK};

use crate::model::Link;

/// Longest header that is read, in bytes (protocol X13).
const BYTES_MAX: usize = 8 << 10;

/// Hubs kept.
const HUBS_MAX: usize = 8;

/// What the `Link` headers of an answer name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HeaderLinks {
    /// `rel=hub`.
    pub hubs: Vec<Link>,
    /// `rel=self`: the topic to subscribe to.
    pub self_link: Option<Link>,
}

/// Reads the `Link` headers of an answer that came from `base`. What cannot be read is passed over.
pub fn read(headers: &HeaderMap, base: &Link) -> HeaderLinks {
    let mut found = HeaderLinks::default();
    for value in headers.get_all(LINK).iter().filter(|value| value.len() <= BYTES_MAX) {
        for part in split_outside_quotes(value.to_str().unwrap_or_default(), ',') {
            let Some((target, relations)) = target_and_relations(part) else { continue };
            let Ok(link) = Link::resolve(Some(base), target) else { continue };
            if relations.split_ascii_whitespace().any(|word| word.eq_ignore_ascii_case("hub")) {
                if found.hubs.len() < HUBS_MAX && !found.hubs.contains(&link) {
                    found.hubs.push(link);
                }
            } else if found.self_link.is_none() && relations.split_ascii_whitespace().any(|word| word.eq_ignore_ascii_case("self")) {
                found.self_link = Some(link);
            }
        }
    }
    found
}

/// `<target>; rel="a b"; other=x` -> `target`, `a b`. Only the first `rel` counts (RFC 8288 section 3.3).
fn target_and_relations(part: &str) -> Option<(&str, &str)> {
    let (target, parameters) = part.trim().strip_prefix('<')?.split_once('>')?;
    let relations = split_outside_quotes(parameters, ';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("rel").then(|| value.trim().trim_matches('"'))
    })?;
    Some((target, relations))
}

/// The parts between separators that stand neither in quotes nor in angle brackets.
fn split_outside_quotes(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_target, mut is_escaped) = (false, false, false);
    text.split(move |c| {
        if is_escaped {
            is_escaped = false;
            return false;
        }
        match c {
            '\\' if is_quoted => is_escaped = true,
            '"' if !is_target => is_quoted = !is_quoted,
            '<' if !is_quoted => is_target = true,
            '>' if !is_quoted => is_target = false,
            _ => return c == separator && !is_quoted && !is_target,
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderMap, HeaderValue, LINK};

    use super::read;
    use crate::model::Link;

    #[test]
    fn hubs_and_self_are_found_in_every_form() {
        let base = Link::parse("https://a.example/blog/feed.xml").expect("a link");
        for (value, hubs, own) in [
            ("<https://hub.example/>; rel=\"hub\", <feed.xml>; rel=self", "https://hub.example/", "https://a.example/blog/feed.xml"),
            ("<https://hub.example/>;REL=Hub", "https://hub.example/", ""),
            ("<https://h.example/?a=1,2;b>; title=\"x, y; <z>\"; rel=\"other hub\"", "https://h.example/?a=1,2;b", ""),
            ("</h1>; rel=hub, </h2>; rel=hub, </h1>; rel=hub", "https://a.example/h1 https://a.example/h2", ""),
            ("<https://x.example/>; rel=next; rel=hub", "", ""),
            ("<javascript:alert(1)>; rel=hub", "", ""),
            ("<https://x.example/", "", ""),
            ("\"", "", ""),
            ("", "", ""),
        ] {
            let found = read(&HeaderMap::from_iter([(LINK, HeaderValue::from_static(value))]), &base);
            assert_eq!(found.hubs.iter().map(Link::as_str).collect::<Vec<_>>().join(" "), hubs, "{value}");
            assert_eq!(found.self_link.as_ref().map_or("", Link::as_str), own, "{value}");
        }
    }

    #[test]
    fn a_flood_of_links_is_passed_over() {
        let base = Link::parse("https://a.example/").expect("a link");
        let read = |text: String| read(&HeaderMap::from_iter([(LINK, HeaderValue::from_str(&text).expect("ASCII"))]), &base);
        let flood = |count| (0..count).map(|n| format!("</{n}>; rel=hub,")).collect::<String>();
        assert_eq!(read(flood(100)).hubs.len(), super::HUBS_MAX);
        assert_eq!(read(flood(1000)).hubs.len(), 0);
    }
}
