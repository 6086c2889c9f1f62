//! Whether titles are text or markup: few feeds say so, and many that do are wrong. A feed is judged as a whole.

use super::references::{self, Reference};
use crate::model::Draft;

/// Decides for the titles whose type leaves it open. They are markup where all of a feed's titles are escaped once more than XML wants:
/// some hold references, end tags or line breaks (`AT&amp;T`, `<b>a</b>`), and none a bare `&`. Else they are text, in which `<script>` is
/// meant to be read.
pub(super) fn settle(drafts: &mut [Draft]) {
    let open = || drafts.iter().filter(|draft| draft.title_is_text).filter_map(|draft| draft.title.as_deref());
    let is_markup = open().any(looks_like_markup) && !open().any(holds_bare_ampersand);
    if is_markup {
        drafts.iter_mut().for_each(|draft| draft.title_is_text = false);
    }
}

fn looks_like_markup(title: &str) -> bool {
    let is_end_tag = |at: usize| title[at + 2..].starts_with(|c: char| c.is_ascii_alphabetic());
    let is_line_break = |at: usize| {
        title[at..].get(..3).is_some_and(|tag| tag.eq_ignore_ascii_case("<br")) && title[at + 3..].trim_start().starts_with(['>', '/'])
    };
    let holds_tag = || title.match_indices('<').any(|(at, _)| (title[at..].starts_with("</") && is_end_tag(at)) || is_line_break(at));
    references_in(title).any(|is_sound| is_sound) || holds_tag()
}

fn holds_bare_ampersand(title: &str) -> bool {
    references_in(title).any(|is_sound| !is_sound)
}

/// For each `&`, whether it begins a reference.
fn references_in(title: &str) -> impl Iterator<Item = bool> {
    title.match_indices('&').map(|(at, _)| !matches!(references::inspect(&title[at..]), Reference::Bare))
}

#[cfg(test)]
mod tests {
    use super::{Draft, settle};

    #[test]
    fn titles_are_markup_only_where_the_whole_feed_is_escaped_twice() {
        for (titles, are_text) in [
            (&["AT&amp;T", "plain", "It&#8217;s"][..], false),
            (&["a <b>bold</b> claim", "plain"], false),
            (&["one<br/>two", "plain"], false),
            (&["a <break> of <b"], true),
            (&["Filters that <script> passes", "plain"], true),
            (&["How to write &amp;", "Q&A"], true),
            (&["Q&A"], true),
            (&["Vec<T>"], true),
            (&[], true),
        ] {
            let mut drafts: Vec<Draft> =
                titles.iter().map(|title| Draft { title: Some((*title).to_owned()), title_is_text: true, ..Draft::default() }).collect();
            settle(&mut drafts);
            assert!(drafts.iter().all(|draft| draft.title_is_text == are_text), "{titles:?}");
        }
    }

    #[test]
    fn a_title_that_says_it_is_markup_stays_so() {
        let mut drafts = [Draft { title: Some("Q&A".to_owned()), ..Draft::default() }];
        settle(&mut drafts);
        assert!(!drafts[0].title_is_text);
    }
}
