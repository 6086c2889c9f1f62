//! What kind of trouble a source is in: a failure without its details, which is remembered and shown where the details may not be.

use super::Failure;

/// The kind of a failed poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trouble {
    /// Its name does not resolve.
    Name,
    /// Nobody answers there.
    Connection,
    /// The certificate or the handshake is bad.
    Certificate,
    /// Its server, or what stands before it, turns us away.
    Blocked,
    /// It asks us to wait.
    Wait,
    /// Nothing is there.
    Missing,
    /// It wants no more requests.
    Gone,
    /// Its server has trouble of its own.
    Server,
    /// It sends a web page.
    Page,
    /// It sends something else that is no feed.
    NotAFeed,
    /// It sends nothing.
    Empty,
    /// Its answer is too slow, too large or damaged, or leads astray.
    Answer,
    /// We do not ask: its address or its `robots.txt` forbids it.
    Forbidden,
    /// What it brought is unlike it, and waits for an operator.
    HeldBack,
    /// A fault of our own.
    Ours,
}

impl Trouble {
    /// All kinds with the words that outputs and records use.
    pub const ALL: [(Self, &'static str); 15] = [
        (Self::Name, "name does not resolve"),
        (Self::Connection, "no connection"),
        (Self::Certificate, "certificate trouble"),
        (Self::Blocked, "blocked"),
        (Self::Wait, "told to wait"),
        (Self::Missing, "not found"),
        (Self::Gone, "gone"),
        (Self::Server, "server error"),
        (Self::Page, "a web page"),
        (Self::NotAFeed, "not a feed"),
        (Self::Empty, "empty answer"),
        (Self::Answer, "broken answer"),
        (Self::Forbidden, "not allowed"),
        (Self::HeldBack, "held back"),
        (Self::Ours, "our fault"),
    ];

    /// The kind of a failure.
    pub fn of(failure: &Failure) -> Self {
        match failure {
            Failure::Dns(_) => Self::Name,
            Failure::Connect(_) | Failure::Timeout { phase: "connecting", .. } => Self::Connection,
            Failure::Tls(_) => Self::Certificate,
            Failure::Status(status) if is_block(*status) => Self::Blocked,
            Failure::Status(404) => Self::Missing,
            Failure::Status(_) => Self::Server,
            Failure::TooManyRequests { .. } => Self::Wait,
            Failure::Gone => Self::Gone,
            Failure::Html { .. } => Self::Page,
            Failure::NotAFeed(_) => Self::NotAFeed,
            Failure::Empty => Self::Empty,
            Failure::AddressRefused(_) | Failure::Disallowed => Self::Forbidden,
            Failure::Timeout { .. } | Failure::Redirect(_) | Failure::TooLarge { .. } | Failure::BrokenBody(_) => Self::Answer,
            Failure::HeldBack(_) => Self::HeldBack,
            Failure::Panicked(_) | Failure::Store(_) => Self::Ours,
        }
    }

    /// The kind in a word or two.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(trouble, _)| *trouble == self).map_or("", |(_, words)| words)
    }

    /// Reads the words back.
    pub fn parse(words: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == words).map(|(trouble, _)| *trouble)
    }
}

/// Whether a status means that we are not wanted: refusals (RFC 9110, RFC 7725), and those of Cloudflare, whose 52x and 530 stand for a
/// site that lets nobody through.
pub(super) const fn is_block(status: u16) -> bool {
    matches!(status, 401 | 403 | 406 | 418 | 451 | 520..=530 | 999)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Trouble;
    use crate::model::Failure;

    #[test]
    fn failures_have_kinds() {
        for (failure, wanted) in [
            (Failure::Status(403), Trouble::Blocked),
            (Failure::Status(521), Trouble::Blocked),
            (Failure::Status(404), Trouble::Missing),
            (Failure::Status(500), Trouble::Server),
            (Failure::Timeout { phase: "connecting", after: Duration::ZERO }, Trouble::Connection),
            (Failure::Timeout { phase: "body", after: Duration::ZERO }, Trouble::Answer),
            (Failure::Html { alternate: None }, Trouble::Page),
            (Failure::TooManyRequests { status: 503, until: None }, Trouble::Wait),
        ] {
            assert_eq!(Trouble::of(&failure), wanted, "{failure}");
        }
    }

    #[test]
    fn words_are_read_back() {
        for (trouble, words) in Trouble::ALL {
            assert_eq!((trouble.as_str(), Trouble::parse(words)), (words, Some(trouble)));
        }
        assert_eq!(Trouble::parse(""), None);
    }
}
