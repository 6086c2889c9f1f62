//! Who is told of news by messages, of what, how often.

use std::{fmt, net::IpAddr, time::Duration};

use super::{Link, Messenger, PrivateHost, QuietHours};

/// Somebody who is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Receiver {
    /// What the operator calls it.
    pub id: String,
    /// The way there.
    pub carrier: Carrier,
    /// The ids of the views whose stories it is told.
    pub views: Vec<String>,
    /// Whether it is told when something stops being well, and when it is well again.
    pub health: bool,
    /// Whether it is told again of a story whose text changed in substance.
    pub on_update: bool,
    /// It is not told stories that were published longer ago: a new source, or an archive that is imported, brings many of them.
    pub age_max: Duration,
    /// When.
    pub pace: Pace,
}

/// When messages go out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// What comes within so long goes out together.
    pub batch: Duration,
    /// When nothing goes out.
    pub quiet: Option<QuietHours>,
    /// Messages in an hour.
    pub hourly_max: usize,
}

/// The way to a receiver.
#[derive(Debug, Clone, PartialEq)]
pub enum Carrier {
    /// By HTTP.
    Hook(Hook),
    /// By mail.
    Mail(Mailbox),
}

/// A receiver over HTTP.
#[derive(Clone, PartialEq)]
pub struct Hook {
    /// The service.
    pub messenger: Messenger,
    /// Its address, which is a secret in itself.
    pub url: Link,
    /// What messages are signed with.
    pub secret: Option<String>,
    /// Private addresses that may be reached.
    pub allow_private: Vec<PrivateHost>,
}

/// A receiver by mail.
#[derive(Clone, PartialEq)]
pub struct Mailbox {
    /// The server that takes the mail.
    pub server: PrivateHost,
    /// Private addresses that may be reached.
    pub allow_private: Vec<PrivateHost>,
    /// How the connection is protected.
    pub tls: MailTls,
    /// Who we are there, and our password.
    pub login: Option<(String, String)>,
    /// The sender's address.
    pub from: String,
    /// The recipients' addresses.
    pub to: Vec<String>,
    /// The address that recipients write to who want no more.
    pub unsubscribe: Option<String>,
}

/// How a connection to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailTls {
    /// TLS from the first byte (RFC 8314).
    Implicit,
    /// STARTTLS, without which nothing is sent (RFC 3207).
    StartTls,
    /// Not at all: for a server on this very machine.
    None,
}

impl MailTls {
    /// The port that such connections usually go to.
    pub const fn port(self) -> u16 {
        match self {
            Self::Implicit => 465,
            Self::StartTls => 587,
            Self::None => 25,
        }
    }
}

impl Mailbox {
    /// The server's name, or its address; IPv6 without brackets.
    pub fn host(&self) -> &str {
        self.server.host().trim_matches(['[', ']'])
    }

    /// Whether the server is on this very machine.
    pub fn is_on_loopback(&self) -> bool {
        self.host() == "localhost" || self.host().parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hook").field("messenger", &self.messenger).finish_non_exhaustive()
    }
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailbox").field("server", &self.server).finish_non_exhaustive()
    }
}
