//! An absolute http(s) address: the only kind of link the rest of the program ever sees.

use std::fmt;

use url::Url;

/// Longest address kept, in bytes (protocol P7).
const BYTES_MAX: usize = 2048;

/// An absolute `http` or `https` URL without user name or password, at most 2048 bytes, in WHATWG form. The fragment is kept.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Link(String);

/// Why a text is no link.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadLink {
    /// Not a URL, or a relative one without a base.
    #[error("not an absolute URL")]
    NotAbsolute,
    /// Some other scheme.
    #[error("scheme is not http or https")]
    Scheme,
    /// `user:password@host`.
    #[error("has a user name or password in it")]
    Userinfo,
    /// Over 2048 bytes.
    #[error("longer than {BYTES_MAX} bytes")]
    TooLong,
}

impl Link {
    /// Reads an absolute address.
    pub fn parse(text: &str) -> Result<Self, BadLink> {
        Self::resolve(None, text)
    }

    /// Reads an address that may be relative to `base` (RFC 3986 section 5).
    pub fn resolve(base: Option<&Self>, text: &str) -> Result<Self, BadLink> {
        let text = text.trim();
        if text.len() > BYTES_MAX {
            return Err(BadLink::TooLong);
        }
        let base = base.map(Self::to_url);
        let url = Url::options().base_url(base.as_ref()).parse(text).map_err(|_| BadLink::NotAbsolute)?;
        Self::try_from(url)
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The parsed form. Parsing what this type serialised cannot fail.
    pub fn to_url(&self) -> Url {
        Url::parse(&self.0).expect("a Link holds a URL that was parsed once already")
    }

    /// The address without its query, which may hold a key, and without its fragment.
    pub fn without_query(&self) -> String {
        let mut url = self.to_url();
        url.set_query(None);
        url.set_fragment(None);
        url.into()
    }

    /// Host, lowercase; IPv6 in brackets.
    pub fn host(&self) -> String {
        self.host_and_port().0.to_owned()
    }

    /// `host:port` with the port always written: the unit of politeness and of private allow lists.
    pub fn authority(&self) -> String {
        let (host, port) = self.host_and_port();
        match port {
            Some(port) => format!("{host}:{port}"),
            None => format!("{host}:{}", if self.is_https() { 443 } else { 80 }),
        }
    }

    /// What stands between `//` and the path, which WHATWG form always has; a port that is the scheme's own is never written in it.
    /// Read without parsing: every poll asks for it several times.
    fn host_and_port(&self) -> (&str, Option<&str>) {
        let rest = self.0.split_once("//").map_or("", |(_, rest)| rest);
        let place = rest.split('/').next().unwrap_or_default();
        // A colon in brackets is part of an IPv6 address.
        match place.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (place, None),
        }
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &'static str {
        if self.0.starts_with("https:") { "https" } else { "http" }
    }

    /// Whether the connection is encrypted.
    pub fn is_https(&self) -> bool {
        self.scheme() == "https"
    }
}

impl TryFrom<Url> for Link {
    type Error = BadLink;

    fn try_from(url: Url) -> Result<Self, BadLink> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(BadLink::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BadLink::Userinfo);
        }
        if url.as_str().len() > BYTES_MAX {
            return Err(BadLink::TooLong);
        }
        Ok(Self(url.into()))
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{BadLink, Link};

    #[test]
    fn only_absolute_http_becomes_a_link() {
        for (text, wanted) in [
            ("https://example.com/a b", Ok("https://example.com/a%20b")),
            (" HTTP://EXAMPLE.com:80/x#f ", Ok("http://example.com/x#f")),
            ("/relative", Err(BadLink::NotAbsolute)),
            ("", Err(BadLink::NotAbsolute)),
            ("javascript:alert(1)", Err(BadLink::Scheme)),
            ("data:text/html,x", Err(BadLink::Scheme)),
            ("https://user:pw@example.com/", Err(BadLink::Userinfo)),
        ] {
            assert_eq!(Link::parse(text).as_ref().map(Link::as_str), wanted.as_ref().map(|s| *s), "{text}");
        }
        assert_eq!(Link::parse(&format!("https://example.com/{}", "a".repeat(2048))), Err(BadLink::TooLong));
    }

    #[test]
    fn relative_addresses_need_a_base() {
        let base = Link::parse("https://example.com/blog/feed.xml").expect("absolute");
        for (text, wanted) in [
            ("post/1", "https://example.com/blog/post/1"),
            ("/post", "https://example.com/post"),
            ("//cdn.example.net/x", "https://cdn.example.net/x"),
            ("?p=1", "https://example.com/blog/feed.xml?p=1"),
        ] {
            assert_eq!(Link::resolve(Some(&base), text).expect(text).as_str(), wanted);
        }
    }

    #[test]
    fn host_and_authority_are_what_a_parser_finds() {
        for (text, wanted) in [
            ("https://a.example/x", "a.example:443"),
            ("https://A.example:443/x", "a.example:443"),
            ("https://a.example:80?b:c//d@e", "a.example:80"),
            ("http://127.1:8081/", "127.0.0.1:8081"),
            ("http://[::1]/", "[::1]:80"),
            ("http://[::1]:1200#x:1/y", "[::1]:1200"),
            ("http://烽火.example:/a:1/b", "xn--vnx1l.example:80"),
        ] {
            let link = Link::parse(text).expect(text);
            assert_eq!(link.authority(), wanted, "{text}");
            assert_eq!(Some(link.host().as_str()), link.to_url().host_str(), "{text}");
        }
    }
}
