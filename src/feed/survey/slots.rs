//! Which element means what: the vocabulary of every dialect at once, by namespace and lower-case name.

use crate::feed::names::Space;

/// What an element inside an entry, a channel, a source or a person says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    /// Something else.
    Other,
    /// Plain data that feed-rs reads itself.
    Native,
    /// A title that feed-rs reads itself, and other texts of Atom.
    NativeText,
    /// `content` of Atom.
    NativeContent,
    /// RSS `link`: an address as text.
    LinkText,
    /// Atom `link`: an address as attribute.
    LinkElement,
    /// RSS `guid`.
    Guid,
    /// RSS `category`, and `dc:subject`.
    Category,
    /// Categories in one text, with commas between them.
    Keywords,
    /// Atom `category` in RSS.
    CategoryElement,
    /// RSS `source`, and Atom's.
    Source,
    Id,
    Title,
    /// A title that is taken where there is no better one.
    SpareTitle,
    Summary,
    Content,
    Published,
    Updated,
    Dated,
    Created,
    Author,
    SpareAuthor,
    PersonName,
    PersonMail,
    OriginalLink,
    Language,
    MediaGroup,
    MediaFile,
    Rights,
    Ttl,
    SkipHours,
    SkipDays,
    Hour,
    Day,
    Period,
    Frequency,
    /// `image` and `textinput`, whose titles are not the channel's.
    Aside,
}

impl Slot {
    /// Whether the text of the element is noted.
    pub(super) fn is_captured(self) -> bool {
        use Slot as S;
        !matches!(
            self,
            S::Other
                | S::Native
                | S::NativeText
                | S::NativeContent
                | S::LinkElement
                | S::Guid
                | S::CategoryElement
                | S::MediaGroup
                | S::MediaFile
                | S::SkipHours
                | S::SkipDays
                | S::Aside
        )
    }
}

/// The element's name, taken apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named<'a> {
    /// Its vocabulary.
    pub space: Space,
    /// Its name without prefix, in lower case.
    pub local: &'a str,
    /// Whether feed-rs sees it under the name and vocabulary it looks for.
    pub is_exact: bool,
}

/// What an element directly inside an entry says.
pub(super) fn in_entry(named: Named<'_>, is_atom: bool) -> Slot {
    use Slot as S;
    let Named { space, local, is_exact } = named;
    match (space, local) {
        (Space::Rss | Space::Atom, "title") => native_or(is_exact && native_space(space, is_atom), S::NativeText, S::Title),
        (Space::Dc | Space::DcTerms | Space::Media | Space::Itunes, "title") => S::SpareTitle,
        (Space::Rss, "link") if !is_atom => S::LinkText,
        (Space::Atom | Space::Rss, "link") => S::LinkElement,
        (Space::Rss, "guid") => native_or(is_exact && !is_atom, S::Guid, S::Id),
        (Space::Atom, "guid") | (Space::Rss, "id") => S::Id,
        (Space::Atom, "id") => native_or(is_exact && is_atom, S::Native, S::Id),
        (Space::Rss, "description") => native_or(is_exact && !is_atom, S::NativeText, S::Summary),
        (Space::Atom, "summary") => native_or(is_exact && is_atom, S::NativeText, S::Summary),
        (Space::Rss, "summary" | "abstract") | (Space::Atom, "description") => S::Summary,
        (Space::Dc | Space::DcTerms | Space::Media, "description" | "abstract") | (Space::Itunes, "summary") => S::Summary,
        (Space::Content, "encoded") => native_or(is_exact && !is_atom, S::NativeText, S::Content),
        (Space::Atom, "content") => native_or(is_exact && is_atom, S::NativeContent, S::Content),
        (Space::Rss, "content" | "body" | "fullitem" | "encoded") | (Space::Xhtml, "body" | "div") => S::Content,
        (Space::Atom, "rights") => native_or(is_exact && is_atom, S::NativeText, S::Other),
        (Space::Rss | Space::Atom, "category") if is_atom => native_or(is_exact, S::Native, S::CategoryElement),
        (Space::Rss | Space::Media, "category") | (Space::Dc, "subject") => S::Category,
        (Space::Media | Space::Itunes, "keywords") => S::Keywords,
        (Space::Atom, "category") => S::CategoryElement,
        (Space::Rss | Space::Atom, "author") | (Space::Dc | Space::DcTerms, "creator" | "author") => S::Author,
        (Space::Itunes, "author") => S::SpareAuthor,
        (Space::Rss | Space::Atom, "source") => S::Source,
        (Space::Rss, "enclosure") => S::Native,
        (Space::FeedBurner, "origlink") => S::OriginalLink,
        (Space::Media, "group") => S::MediaGroup,
        (Space::Media, "content") => S::MediaFile,
        _ => dated(named),
    }
}

/// What an element directly inside a channel, or Atom's feed, says.
pub(super) fn in_channel(named: Named<'_>, is_atom: bool) -> Slot {
    use Slot as S;
    let Named { space, local, is_exact } = named;
    match (space, local) {
        (Space::Rss | Space::Atom, "title") => native_or(is_exact && native_space(space, is_atom), S::NativeText, S::Title),
        (Space::Dc, "title") => S::SpareTitle,
        (Space::Rss, "link") if !is_atom => S::LinkText,
        (Space::Atom | Space::Rss, "link") => S::LinkElement,
        (Space::Atom, "id") => native_or(is_exact && is_atom, S::Native, S::Id),
        (Space::Rss, "description") => native_or(is_exact && !is_atom, S::NativeText, S::Summary),
        (Space::Atom, "subtitle") => native_or(is_exact && is_atom, S::NativeText, S::Summary),
        (Space::Atom | Space::Rss, "subtitle" | "tagline" | "info" | "abstract" | "description") | (Space::Dc, "description") => S::Summary,
        (Space::Atom, "rights") => native_or(is_exact && is_atom, S::NativeText, S::Rights),
        (Space::Rss, "copyright") => native_or(is_exact && !is_atom, S::NativeText, S::Rights),
        (Space::Atom | Space::Dc | Space::DcTerms, "copyright" | "rights") => S::Rights,
        (Space::Rss | Space::Atom, "author") | (Space::Dc, "creator") => S::Author,
        (Space::Rss, "managingeditor" | "webmaster") | (Space::Itunes, "author") => S::SpareAuthor,
        (Space::Rss | Space::Dc, "language") => S::Language,
        (Space::Rss, "ttl") => S::Ttl,
        (Space::Rss, "skiphours") => S::SkipHours,
        (Space::Rss, "skipdays") => S::SkipDays,
        (Space::Syndication, "updateperiod") => S::Period,
        (Space::Syndication, "updatefrequency") => S::Frequency,
        (Space::Rss, "image" | "textinput") => S::Aside,
        (Space::Rss, "lastbuilddate") => S::Updated,
        _ => dated(named),
    }
}

/// What an element inside `atom:source`, a person or a media group says.
pub(super) fn in_part(part: Slot, named: Named<'_>) -> Slot {
    use Slot as S;
    match (part, named.space, named.local) {
        (S::Source, Space::Atom | Space::Rss, "id") => S::Id,
        (S::Source, Space::Atom | Space::Rss, "title") => S::Title,
        (S::Source, Space::Atom | Space::Rss, "link") => S::LinkElement,
        (S::Author | S::SpareAuthor, _, "name") => S::PersonName,
        (S::Author | S::SpareAuthor, _, "email") => S::PersonMail,
        (S::SkipHours, _, "hour") => S::Hour,
        (S::SkipDays, _, "day") => S::Day,
        (S::MediaGroup, Space::Media, "title") => S::SpareTitle,
        (S::MediaGroup, Space::Media, "description") => S::Summary,
        (S::MediaGroup | S::MediaFile, Space::Media, "content") => S::MediaFile,
        (S::MediaGroup | S::MediaFile, Space::Media, "category") => S::Category,
        (S::MediaGroup | S::MediaFile, Space::Media, "keywords") => S::Keywords,
        (S::MediaGroup, Space::Media, "group") => S::MediaGroup,
        _ => S::Other,
    }
}

/// Dates, which mean the same in every place.
fn dated(named: Named<'_>) -> Slot {
    match (named.space, named.local) {
        (Space::Rss | Space::Atom, "pubdate" | "published" | "issued") | (Space::DcTerms, "issued") => Slot::Published,
        (Space::Rss | Space::Atom, "updated" | "modified" | "lastmod") | (Space::DcTerms, "modified") => Slot::Updated,
        (Space::Rss | Space::Atom | Space::DcTerms, "created") => Slot::Created,
        (Space::Dc, "date") | (Space::Rss, "date") => Slot::Dated,
        (Space::Dc, "language") => Slot::Language,
        _ => Slot::Other,
    }
}

fn native_or(is_native: bool, native: Slot, noted: Slot) -> Slot {
    if is_native { native } else { noted }
}

/// Whether feed-rs looks for its core elements in this vocabulary.
fn native_space(space: Space, is_atom: bool) -> bool {
    (space == Space::Atom) == is_atom
}

#[cfg(test)]
mod tests {
    use super::{Named, Slot, Space, in_channel, in_entry, in_part};

    fn named(space: Space, local: &str, is_exact: bool) -> Named<'_> {
        Named { space, local, is_exact }
    }

    #[test]
    fn what_feed_rs_reads_is_left_to_it() {
        for (space, local, is_atom) in [
            (Space::Rss, "title", false),
            (Space::Atom, "title", true),
            (Space::Rss, "description", false),
            (Space::Content, "encoded", false),
        ] {
            assert_eq!(in_entry(named(space, local, true), is_atom), Slot::NativeText, "{local}");
            assert_ne!(in_entry(named(space, local, false), is_atom), Slot::NativeText, "{local}");
        }
    }

    #[test]
    fn atom_in_rss_and_rss_in_atom_are_understood() {
        assert_eq!(in_entry(named(Space::Atom, "summary", true), false), Slot::Summary);
        assert_eq!(in_entry(named(Space::Atom, "title", true), false), Slot::Title);
        assert_eq!(in_entry(named(Space::Atom, "pubdate", true), true), Slot::Published);
        assert_eq!(in_channel(named(Space::Atom, "tagline", true), true), Slot::Summary);
    }

    #[test]
    fn keywords_of_media_are_categories() {
        assert_eq!(in_entry(named(Space::Itunes, "keywords", true), false), Slot::Keywords);
        assert_eq!(in_entry(named(Space::Media, "category", true), false), Slot::Category);
        assert_eq!(in_part(Slot::MediaGroup, named(Space::Media, "keywords", true)), Slot::Keywords);
    }
}
