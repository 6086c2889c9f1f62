//! The redirect rules: how many hops, no loops, never from https back to http, and how much of the way is permanent.

use super::failure;
use crate::model::{BadLink, Failure, Link};

/// Longest `Location` that is read, in bytes (protocol X13).
const LOCATION_BYTES_MAX: usize = 2048;

/// Whether a status sends us elsewhere (RFC 9110 section 15.4). 300, 305 and 306 leave the choice to a person, or are dead.
pub const fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// The way of one poll from its first URL.
#[derive(Debug, Clone)]
pub struct Trail {
    at: Link,
    seen: Vec<Link>,
    permanent: Option<Link>,
    is_all_permanent: bool,
    hops_max: u32,
}

impl Trail {
    /// A way that begins at `url` and may be redirected `hops_max` times.
    pub fn new(url: Link, hops_max: u32) -> Self {
        Self { seen: vec![without_fragment(&url)], at: url, permanent: None, is_all_permanent: true, hops_max }
    }

    /// Where the next request goes.
    pub const fn at(&self) -> &Link {
        &self.at
    }

    /// Where permanent redirects alone have led: the end of the unbroken row of 301 and 308 from the start.
    pub const fn permanent(&self) -> Option<&Link> {
        self.permanent.as_ref()
    }

    /// Whether what is said here is said of the first URL: nothing but permanent redirects led here.
    pub const fn is_all_permanent(&self) -> bool {
        self.is_all_permanent
    }

    /// Takes one step, or says why it must not be taken. The words leave paths and queries out: they may hold keys.
    pub fn follow(&mut self, status: u16, location: Option<&[u8]>) -> Result<(), Failure> {
        let bad = |why: String| Err(Failure::Redirect(failure::line(&why)));
        let Some(location) = location.filter(|bytes| bytes.len() <= LOCATION_BYTES_MAX) else {
            return bad(format!("status {status} without a usable `Location`"));
        };
        let Ok(location) = std::str::from_utf8(location) else { return bad("`Location` is not UTF-8".to_owned()) };
        let next = match Link::resolve(Some(&self.at), location) {
            Ok(next) => next,
            Err(BadLink::NotAbsolute) => return bad("`Location` is not a URL".to_owned()),
            Err(why) => return bad(format!("the target is no link: {why}")),
        };
        if self.at.is_https() && !next.is_https() {
            return bad(format!("from https to http at `{}`", next.authority()));
        }
        if self.seen.len() > self.hops_max as usize {
            return bad(format!("more than {} hops", self.hops_max));
        }
        let mark = without_fragment(&next);
        if self.seen.contains(&mark) {
            return bad(format!("a loop at `{}`", next.authority()));
        }
        self.is_all_permanent &= matches!(status, 301 | 308);
        if self.is_all_permanent {
            self.permanent = Some(next.clone());
        }
        self.seen.push(mark);
        self.at = next;
        Ok(())
    }
}

/// The part that a server sees.
fn without_fragment(link: &Link) -> Link {
    if !link.as_str().contains('#') {
        return link.clone();
    }
    let mut url = link.to_url();
    url.set_fragment(None);
    Link::try_from(url).unwrap_or_else(|_| link.clone())
}

#[cfg(test)]
mod tests {
    use super::Trail;
    use crate::model::{Failure, Link};

    fn walk(steps: &[(u16, &str)]) -> Result<(String, Option<String>), Failure> {
        let mut trail = Trail::new(Link::parse("https://a.example/0").expect("a link"), 5);
        for (status, location) in steps {
            trail.follow(*status, Some(location.as_bytes()))?;
        }
        Ok((trail.at().to_string(), trail.permanent().map(ToString::to_string)))
    }

    #[test]
    fn five_hops_are_followed_and_the_sixth_is_not() {
        let steps: Vec<_> = [(302, "/1"), (302, "/2"), (302, "/3"), (302, "/4"), (302, "/5"), (302, "/6")].into();
        assert_eq!(walk(&steps[..5]), Ok(("https://a.example/5".to_owned(), None)));
        assert_eq!(walk(&steps), Err(Failure::Redirect("more than 5 hops".to_owned())));
    }

    #[test]
    fn only_the_unbroken_permanent_beginning_is_remembered() {
        let at = |path: &str| format!("https://a.example/{path}");
        for (steps, wanted) in [
            (&[(301, "/1"), (308, "/2")][..], Some(at("2"))),
            (&[(301, "/1"), (302, "/2"), (301, "/3")][..], Some(at("1"))),
            (&[(302, "/1"), (301, "/2")][..], None),
            (&[(303, "/1")][..], None),
            (&[(307, "/1"), (308, "/2")][..], None),
            (&[][..], None),
        ] {
            assert_eq!(walk(steps).map(|(_, permanent)| permanent), Ok(wanted), "{steps:?}");
        }
    }

    #[test]
    fn bad_targets_are_refused_in_words_that_hold_no_secrets() {
        for (steps, wanted) in [
            (&[(302, "/0")][..], "a loop at `a.example:443`"),
            (&[(302, "/0#x")][..], "a loop at `a.example:443`"),
            (&[(302, "/1"), (302, "/2"), (302, "/1")][..], "a loop at `a.example:443`"),
            (&[(302, "http://a.example/1?key=secret")][..], "from https to http at `a.example:80`"),
            (&[(302, "file:///etc/passwd")][..], "the target is no link: scheme is not http or https"),
            (&[(302, "https://user:secret@b.example/")][..], "the target is no link: has a user name or password in it"),
            (&[(302, "https://")][..], "`Location` is not a URL"),
        ] {
            assert_eq!(walk(steps), Err(Failure::Redirect(wanted.to_owned())), "{steps:?}");
        }
        let mut trail = Trail::new(Link::parse("https://a.example/").expect("a link"), 5);
        assert!(trail.follow(302, None).is_err());
        assert!(trail.follow(302, Some(b"/\xff")).is_err());
        assert!(trail.follow(302, Some(&[b'/'; 3000])).is_err());
    }

    #[test]
    fn http_may_become_https_and_hosts_may_change() {
        let mut trail = Trail::new(Link::parse("http://a.example/x").expect("a link"), 5);
        trail.follow(301, Some(b"//b.example/y")).expect("followed");
        trail.follow(301, Some(b"https://b.example/y")).expect("followed");
        assert_eq!(trail.at().as_str(), "https://b.example/y");
        assert_eq!(trail.permanent().map(Link::as_str), Some("https://b.example/y"));
    }
}
