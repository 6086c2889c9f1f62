//! The way to a source where it is not the usual one: through a proxy, or under an authority of the operator's own.

use std::{fmt, sync::Arc};

use url::Url;

use super::PrivateHost;

/// How a source is reached.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Route {
    /// Every request goes through it.
    pub proxy: Option<Proxy>,
    /// PEM certificates that are trusted for this source beside the usual ones.
    pub authority: Option<Arc<[u8]>>,
}

/// A proxy. Its URL may hold a user name and a password: `Debug` hides them.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Proxy {
    url: String,
    place: PrivateHost,
    resolves: bool,
}

impl Proxy {
    /// Reads `http://host:port`, `socks5://host:port` or `socks5h://host:port`, with `user:password@` before the host if it wants them.
    pub fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text.trim()).ok()?;
        let scheme = url.scheme();
        let is_bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
        if !is_bare || !matches!(scheme, "http" | "socks5" | "socks5h") {
            return None;
        }
        // The host in the form of web addresses, in which an address has one spelling; other schemes leave it as written.
        let place = PrivateHost::parse(&format!("{}:{}", url.host_str()?, url.port_or_known_default()?))?;
        let user = match (url.username(), url.password()) {
            ("", None) => String::new(),
            (name, password) => format!("{name}:{}@", password.unwrap_or_default()),
        };
        Some(Self { url: format!("{scheme}://{user}{}", place.as_str()), place, resolves: scheme != "socks5" })
    }

    /// The URL, credentials included.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where it listens.
    pub const fn place(&self) -> &PrivateHost {
        &self.place
    }

    /// Whether it is given names, which it resolves itself: `http` and `socks5h`. To `socks5` we give addresses.
    pub const fn resolves(&self) -> bool {
        self.resolves
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Proxy").field(&self.place.as_str()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::Proxy;

    #[test]
    fn proxies_are_read_with_their_places() {
        for (text, wanted) in [
            ("http://proxy.example:3128", Some(("http://proxy.example:3128", "proxy.example:3128", true))),
            ("http://Proxy.example:80/", Some(("http://proxy.example:80", "proxy.example:80", true))),
            ("socks5://0x7f.1:1080", Some(("socks5://127.0.0.1:1080", "127.0.0.1:1080", false))),
            ("socks5h://me:p%40ss@[::1]:1080", Some(("socks5h://me:p%40ss@[::1]:1080", "[::1]:1080", true))),
            ("socks5://proxy.example", None),
            ("https://proxy.example:443", None),
            ("http://proxy.example:3128/path", None),
            ("http://proxy.example:3128?q", None),
            ("proxy.example:3128", None),
            ("", None),
        ] {
            let proxy = Proxy::parse(text);
            assert_eq!(proxy.as_ref().map(|proxy| (proxy.url(), proxy.place().as_str(), proxy.resolves())), wanted, "{text}");
        }
        assert!(!format!("{:?}", Proxy::parse("http://me:secret@a.example:1")).contains("secret"));
    }
}
