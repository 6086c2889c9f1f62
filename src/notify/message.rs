//! What a message says, before a carrier puts it in its own form.

use uuid::Uuid;

use crate::{
    health::Outage,
    model::{Text, counted},
    render::{self, Brief, Site, SourceCards},
};

/// Sources that are named beside a story.
const VOICES_MAX: usize = 3;

/// Tags that are named beside a story.
const TAGS_MAX: usize = 5;

/// Longest title and detail, in characters.
const TITLE_CHARS_MAX: usize = 200;
const DETAIL_CHARS_MAX: usize = 600;

/// Longest address that is sent, in bytes; in the place of a longer one stands that of our own page.
const LINK_BYTES_MAX: usize = 1000;

/// One message.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Message {
    /// Its name: the same whenever it is sent again.
    pub(super) id: Uuid,
    /// Who sends it: the title of the combined feed.
    pub(super) sender: String,
    /// Whom it is for.
    pub(super) receiver: String,
    /// What it says, in their order.
    pub(super) notes: Vec<Note>,
}

/// What a note is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A story.
    Story,
    /// An outage.
    Health,
    /// Nothing: the operator tries whether messages arrive.
    Test,
}

impl Kind {
    /// The kind in a word.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Story => "story",
            Self::Health => "health",
            Self::Test => "test",
        }
    }
}

/// A story, or a change of health. All of it is plain text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Note {
    pub(super) kind: Kind,
    /// A line.
    pub(super) title: String,
    /// Where to read on.
    pub(super) link: String,
    /// Who tells it, what it is about, in a line.
    pub(super) detail: String,
    /// Our own page of it.
    pub(super) page: String,
    /// When, RFC 3339.
    pub(super) at: String,
    /// Its sources' names.
    pub(super) voices: Vec<String>,
    /// What it is about.
    pub(super) tags: Vec<String>,
}

impl Note {
    /// A story.
    pub(super) fn of_story(brief: Brief) -> Self {
        let Brief { title, link, page, voices, tags, published } = brief;
        let more = voices.len().saturating_sub(VOICES_MAX);
        let named = voices[..voices.len().min(VOICES_MAX)].join(", ");
        let mut detail = if more > 0 { format!("{named} +{more}") } else { named };
        if !tags.is_empty() {
            detail += &format!(" · {}", tags[..tags.len().min(TAGS_MAX)].join(", "));
        }
        let link = if link.as_str().len() <= LINK_BYTES_MAX { link.to_string() } else { page.to_string() };
        Self { kind: Kind::Story, title, link, detail, page: page.to_string(), at: published, voices, tags }.trimmed()
    }

    /// An outage, as it is now.
    pub(super) fn of_outage(site: &Site, outage: &Outage, cards: &SourceCards) -> Self {
        let page = render::outage_url(site, outage);
        Self {
            kind: Kind::Health,
            title: render::outage_title(outage, cards),
            link: page.clone(),
            detail: render::outage_sentences(outage, cards).join(" "),
            page,
            at: outage.updated.rfc3339(),
            voices: Vec::new(),
            tags: vec![outage.verdict.as_str().to_owned()],
        }
        .trimmed()
    }

    /// What the operator sends to see whether it arrives.
    pub(super) fn of_test(site: &Site) -> Self {
        let home = site.home.to_string();
        Self {
            kind: Kind::Test,
            title: format!("A test of {}", site.title),
            link: home.clone(),
            detail: "If you can read this, notifications arrive. 通知可以送达。".to_owned(),
            page: home,
            at: String::new(),
            voices: Vec::new(),
            tags: Vec::new(),
        }
    }

    fn trimmed(self) -> Self {
        let line = |text: &str, chars_max| Text::line(text, chars_max).to_string();
        Self { title: line(&self.title, TITLE_CHARS_MAX), detail: line(&self.detail, DETAIL_CHARS_MAX), ..self }
    }

    /// The same in fewer words, for a message that is too large with this note alone. A title is cut between characters, an address never.
    pub(super) fn shortened(&self) -> Option<Self> {
        let (title, detail) = (self.title.chars().count(), self.detail.chars().count());
        let beginning = |text: &str, chars: usize| text.chars().take(chars).chain(['…']).collect::<String>();
        if detail > 40 {
            Some(Self { detail: beginning(&self.detail, detail / 2), voices: Vec::new(), tags: Vec::new(), ..self.clone() })
        } else if title > 20 {
            Some(Self { title: beginning(&self.title, title / 2), ..self.clone() })
        } else if self.link != self.page {
            Some(Self { link: self.page.clone(), ..self.clone() })
        } else {
            None
        }
    }
}

impl Message {
    /// Who sends it, and what it is about as a whole.
    pub(super) fn heading(&self) -> String {
        format!("{}: {}", self.sender, self.summary())
    }

    /// `3 stories`, `1 story, 2 changes of health`.
    pub(super) fn summary(&self) -> String {
        let count = |kind| self.notes.iter().filter(|note| note.kind == kind).count();
        let part = |count: usize, one: &str, many: &str| match count {
            0 => None,
            count => Some(counted(count, one, many)),
        };
        let parts = [part(count(Kind::Story), "story", "stories"), part(count(Kind::Health), "change of health", "changes of health")];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        if parts.is_empty() { "test".to_owned() } else { parts.join(", ") }
    }

    /// Bytes of all it says: about its size where nothing else counts.
    pub(super) fn words(&self) -> usize {
        self.notes.iter().map(|note| 2 * (note.title.len() + note.link.len() + note.detail.len()) + 200).sum()
    }

    /// The same without its last notes.
    pub(super) fn of_first(&self, notes: usize) -> Self {
        Self { notes: self.notes[..notes].to_vec(), ..self.clone() }
    }
}

/// How many of a message's notes, from the first, go into one of at most `bytes_max` bytes, and that message. One note always does: it
/// loses words until it fits.
pub(super) fn fitting(message: &Message, size: impl Fn(&Message) -> usize, bytes_max: usize) -> Message {
    let (mut fits, mut over) = (0, message.notes.len() + 1);
    while over - fits > 1 {
        let tried = fits + (over - fits) / 2;
        if size(&message.of_first(tried)) <= bytes_max { fits = tried } else { over = tried }
    }
    if fits > 0 || message.notes.is_empty() {
        return message.of_first(fits);
    }
    let mut alone = message.of_first(1);
    while size(&alone) > bytes_max {
        match alone.notes[0].shortened() {
            Some(shorter) => alone.notes[0] = shorter,
            None => break,
        }
    }
    alone
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(title: &str, detail: &str) -> Note {
        let page = "https://watch.example/stories/1".to_owned();
        Note {
            kind: Kind::Story,
            title: title.to_owned(),
            link: format!("https://a.example/{}", "x".repeat(300)),
            detail: detail.to_owned(),
            page,
            at: String::new(),
            voices: Vec::new(),
            tags: Vec::new(),
        }
    }

    fn size(message: &Message) -> usize {
        message.notes.iter().map(|note| note.title.len() + note.link.len() + note.detail.len()).sum::<usize>() + 10
    }

    #[test]
    fn a_message_takes_as_many_notes_as_fit_and_never_cuts_one_that_others_could_follow() {
        let notes = (0..40).map(|n| note(&format!("故事 {n}"), "")).collect();
        let message = Message { id: Uuid::nil(), sender: String::new(), receiver: "team".to_owned(), notes };
        for bytes_max in [400, 1000, 4096, 100_000] {
            let sent = fitting(&message, size, bytes_max);
            let n = sent.notes.len();
            assert!(size(&sent) <= bytes_max && (n == 40 || size(&message.of_first(n + 1)) > bytes_max), "{bytes_max}: {n}");
            assert_eq!(sent.notes, message.notes[..n]);
        }
    }

    #[test]
    fn a_note_that_is_too_large_alone_loses_words_and_never_a_part_of_its_address() {
        let message = Message {
            id: Uuid::nil(),
            sender: String::new(),
            receiver: String::new(),
            notes: vec![note(&"网安".repeat(100), &"细节".repeat(300))],
        };
        for bytes_max in [1500, 700, 400, 250] {
            let sent = fitting(&message, size, bytes_max);
            let note = &sent.notes[0];
            assert!(size(&sent) <= bytes_max, "{bytes_max}: {}", size(&sent));
            assert!([&message.notes[0].link, &message.notes[0].page].contains(&&note.link));
            assert!(!note.title.contains('\u{FFFD}'));
        }
    }
}
