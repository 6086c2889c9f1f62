//! Which stories a feed or a page is about: all of them, or those of a view, a source, a tag, a vulnerability.

use std::fmt;

use url::form_urlencoded;

use super::{Filter, QUERY_CHARS_MAX, query};
use crate::{
    model::{BadSourceId, Secret, SourceId, Text},
    tag,
};

/// The name an operator gives a view: a slug by the rule for sources.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ViewId(SourceId);

impl ViewId {
    /// Accepts a slug.
    pub fn parse(text: &str) -> Result<Self, BadSourceId> {
        SourceId::parse(text).map(Self)
    }

    /// The slug.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for ViewId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for ViewId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A selection that the operator made and named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Its place in addresses; part of its feed's id.
    pub id: ViewId,
    /// Its name for people.
    pub title: Text,
    /// What it holds.
    pub filter: Filter,
    /// Stories on its page and in its feed; `None`: as many as in the combined feed.
    pub entries_max: Option<usize>,
    /// Who shows one of these may read it; without any, everybody may.
    pub tokens: Vec<Secret>,
}

impl View {
    /// Its stories.
    pub fn selection(&self) -> Selection {
        Selection::View(self.id.clone())
    }

    /// Whether it is for everybody.
    pub fn is_open(&self) -> bool {
        self.tokens.is_empty()
    }

    /// Whether somebody who showed this may read it. Every token is compared, whichever fits.
    pub fn admits(&self, shown: Option<&str>) -> bool {
        self.is_open() || shown.is_some_and(|shown| self.tokens.iter().fold(false, |fits, token| fits | token.admits(shown)))
    }
}

/// What one feed and one page are about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Selection {
    /// Every story: the combined feed.
    Everything,
    /// Those of a view.
    View(ViewId),
    /// Those that a source has told.
    Source(SourceId),
    /// Those that are about what an identifier names, or that carry a label, or that come from sources with the operator's tag.
    Tag(String),
    /// Those about a vulnerability, by its canonical identifier.
    Vulnerability(String),
    /// Those that a search finds.
    Search(Question),
}

/// What somebody typed into a search box.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Question {
    /// Without needless white space, at most `QUERY_CHARS_MAX` characters.
    text: String,
    /// Whether what fits best comes first, instead of the newest.
    pub is_best_first: bool,
    /// The query of its address.
    address: String,
}

impl Question {
    /// Takes what was typed.
    pub fn new(typed: &str, is_best_first: bool) -> Self {
        let beginning: String = typed.chars().take(QUERY_CHARS_MAX).collect();
        let text = beginning.split_whitespace().collect::<Vec<_>>().join(" ");
        let escaped: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let address = format!("q={escaped}{}", if is_best_first { "&order=best" } else { "" });
        Self { text, is_best_first, address }
    }

    /// What was typed; empty if nothing was.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl Selection {
    /// Longest tag, in characters.
    pub const TAG_CHARS_MAX: usize = 64;

    /// The stories about `name`. An identifier or a label has one selection, however it is spelled.
    pub fn tag(name: &str) -> Option<Self> {
        let name = tag::canonical(name).unwrap_or_else(|| Text::line(name, Self::TAG_CHARS_MAX + 1).to_string());
        (1..=Self::TAG_CHARS_MAX).contains(&name.chars().count()).then_some(Self::Tag(name))
    }

    /// The stories about the vulnerability `name`; `None` if that names no vulnerability.
    pub fn vulnerability(name: &str) -> Option<Self> {
        tag::identifier(name).filter(|(catalogue, _)| catalogue.names_vulnerabilities()).map(|(_, name)| Self::Vulnerability(name))
    }

    /// The folder of its address and its name there: `("views", "china")`; the combined feed stands alone. A search is named by the query
    /// of its address.
    pub fn place(&self) -> (&'static str, &str) {
        match self {
            Self::Everything => ("", "feed"),
            Self::View(id) => ("views", id.as_str()),
            Self::Source(id) => ("sources", id.as_str()),
            Self::Tag(name) => ("tags", name),
            Self::Vulnerability(name) => ("vulnerabilities", name),
            Self::Search(question) => ("search", &question.address),
        }
    }

    /// What it holds, but for views, whose filter is their own. `tagged` are the sources that carry an operator's tag.
    pub fn filter(&self, tagged: impl FnOnce(&str) -> Vec<SourceId>) -> Option<Filter> {
        Some(match self {
            Self::Everything => Filter::All(Vec::new()),
            Self::View(_) => return None,
            Self::Source(id) => Filter::Source(id.clone()),
            Self::Vulnerability(name) => Filter::Tag(name.clone()),
            // Who has not asked yet is not told everything.
            Self::Search(question) if question.text.is_empty() => Filter::Any(Vec::new()),
            Self::Search(question) => query(&question.text),
            Self::Tag(name) => Filter::tagged(name, tagged(name)),
        })
    }
}

impl Filter {
    /// Stories with a tag: that are about what it names or carry it as their label, or that one of the `sources` has told, which the
    /// operator tagged so.
    pub fn tagged(name: &str, sources: Vec<SourceId>) -> Self {
        let own = Self::Tag(name.to_owned());
        if sources.is_empty() {
            return own;
        }
        Self::Any(std::iter::once(own).chain(sources.into_iter().map(Self::Source)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::{Filter, Selection, View, ViewId};
    use crate::model::{Secret, SourceId, Text};

    #[test]
    fn an_identifier_is_one_selection_however_it_is_spelled() {
        let xz = Selection::Vulnerability("CVE-2024-3094".to_owned());
        for spelled in ["CVE-2024-3094", "cve-2024-3094", "CVE 2024 3094"] {
            assert_eq!(Selection::vulnerability(spelled).as_ref(), Some(&xz), "{spelled}");
            assert_eq!(Selection::tag(spelled), Some(Selection::Tag("CVE-2024-3094".to_owned())), "{spelled}");
        }
        for other in ["", "CWE-79", "xz", "CVE-2024-3094x"] {
            assert_eq!(Selection::vulnerability(other), None, "{other}");
        }
        assert_eq!(Selection::tag("EPSS >= 0.9"), Some(Selection::Tag("epss>=0.9".to_owned())));
        assert_eq!(Selection::tag(" 漏洞 "), Some(Selection::Tag("漏洞".to_owned())));
        assert_eq!((Selection::tag(""), Selection::tag(&"x".repeat(65))), (None, None));
    }

    #[test]
    fn a_tag_of_sources_selects_what_they_told() {
        let source = SourceId::parse("seebug").expect("a slug");
        let filter = Selection::Tag("zh".to_owned()).filter(|_| vec![source.clone()]);
        assert_eq!(filter, Some(Filter::Any(vec![Filter::Tag("zh".to_owned()), Filter::Source(source)])));
    }

    #[test]
    fn a_view_with_tokens_opens_for_each_of_them_and_for_nothing_else() {
        let [one, other] = ["first-token-of-some-length", "other-token-of-some-length"];
        let mut view = View {
            id: ViewId::parse("team").expect("a slug"),
            title: Text::line("Team", 80),
            filter: Filter::All(Vec::new()),
            entries_max: None,
            tokens: Vec::new(),
        };
        assert!(view.admits(None) && view.admits(Some("anything")));
        view.tokens = [one, other, "short"].map(|token| Secret::new(token.to_owned())).to_vec();
        for (shown, wanted) in [(None, false), (Some(""), false), (Some("short"), false), (Some(one), true), (Some(other), true)] {
            assert_eq!(view.admits(shown), wanted, "{shown:?}");
        }
        assert!(!format!("{view:?}").contains(one));
    }
}
