//! What makes a draft itself inside its source: the publisher's id, else its link, else its content (protocol P10).

use std::collections::HashMap;

use crate::model::{Digest, Draft, Markup, NativeId};

/// One identity for each draft of a document, in their order. `None` for a draft with neither id, link, title nor text.
///
/// Some publishers give one id to several entries. Those are told apart by their links, and where these are the same too, by
/// their content: never by their position, which changes with every poll. Entries that are the same in all of this share their
/// identity.
pub fn native_ids(drafts: &[Draft]) -> Vec<Option<NativeId>> {
    let ids =
        refine(drafts, &drafts.iter().map(named).collect::<Vec<_>>(), |draft| draft.link.as_ref().map(|link| link.as_str().to_owned()));
    let ids = refine(drafts, &ids, |draft| Some(content_digest(draft).to_string()));
    ids.into_iter().map(|id| id.map(NativeId::new)).collect()
}

/// The id as published, else the link, else a digest of the content.
fn named(draft: &Draft) -> Option<String> {
    let id = draft.native_id.as_deref().map(str::trim).filter(|id| !id.is_empty());
    id.map(str::to_owned)
        .or_else(|| draft.link.as_ref().map(|link| link.as_str().to_owned()))
        .or_else(|| has_content(draft).then(|| format!("sha256:{}", content_digest(draft))))
}

/// Appends to every id that stands for drafts with different `marks` the draft's own mark.
fn refine(drafts: &[Draft], ids: &[Option<String>], mark: impl Fn(&Draft) -> Option<String>) -> Vec<Option<String>> {
    let mut uses: HashMap<&str, u32> = HashMap::new();
    for id in ids.iter().flatten() {
        *uses.entry(id).or_default() += 1;
    }
    let mut marks: HashMap<&str, Vec<Option<String>>> = HashMap::new();
    let repeated = ids.iter().zip(drafts).filter_map(|(id, draft)| id.as_deref().map(|id| (id, draft))).filter(|(id, _)| uses[id] > 1);
    for (id, draft) in repeated {
        marks.entry(id).or_default().push(mark(draft));
    }
    let differ = |id: &str| marks.get(id).is_some_and(|marks| marks.iter().any(|mark| *mark != marks[0]));
    ids.iter()
        .zip(drafts)
        .map(|(id, draft)| {
            let id = id.as_ref()?;
            match mark(draft).filter(|_| differ(id)) {
                Some(mark) => Some(format!("{id} {mark}")),
                None => Some(id.clone()),
            }
        })
        .collect()
}

fn has_content(draft: &Draft) -> bool {
    [draft.title.as_deref(), draft.summary.as_ref().map(Markup::as_str), draft.content.as_ref().map(Markup::as_str)]
        .into_iter()
        .flatten()
        .any(|text| !text.trim().is_empty())
}

/// Title, text and date as published.
fn content_digest(draft: &Draft) -> Digest {
    let text = |markup: &Option<Markup>| markup.as_ref().map_or(String::new(), |markup| markup.as_str().trim().to_owned());
    let date = draft.published.map_or(String::new(), |date| date.at().rfc3339());
    Digest::of(&[
        draft.title.as_deref().unwrap_or_default().trim().as_bytes(),
        text(&draft.summary).as_bytes(),
        text(&draft.content).as_bytes(),
        date.as_bytes(),
    ])
}

#[cfg(test)]
mod tests {
    use super::native_ids;
    use crate::model::{Draft, Link};

    fn draft(id: &str, link: &str, title: &str) -> Draft {
        let full = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Draft { native_id: full(id), link: Link::parse(link).ok(), title: full(title), ..Draft::default() }
    }

    fn ids(drafts: &[Draft]) -> Vec<Option<String>> {
        native_ids(drafts).into_iter().map(|id| id.map(|id| id.as_str().to_owned())).collect()
    }

    #[test]
    fn the_publishers_id_comes_before_link_and_content() {
        let found = ids(&[draft(" tag:1 ", "https://a.example/1", "T"), draft("", "https://a.example/2", "T"), draft("", "", "T")]);
        assert_eq!(found[0].as_deref(), Some("tag:1"));
        assert_eq!(found[1].as_deref(), Some("https://a.example/2"));
        assert!(found[2].as_deref().is_some_and(|id| id.starts_with("sha256:")));
        assert_eq!(ids(&[draft("", "", " ")]), [None]);
    }

    #[test]
    fn an_edited_title_changes_no_identity() {
        assert_eq!(ids(&[draft("1", "https://a.example/1", "T")]), ids(&[draft("1", "https://a.example/1", "U")]));
        assert_eq!(ids(&[draft("", "https://a.example/1", "T")]), ids(&[draft("", "https://a.example/1", "U")]));
    }

    #[test]
    fn a_repeated_id_is_told_apart_by_link_then_by_content_and_never_by_position() {
        let mut drafts = vec![
            draft("post", "https://a.example/1", "T"),
            draft("post", "https://a.example/2", "T"),
            draft("post", "https://a.example/2", "U"),
            draft("other", "https://a.example/3", "T"),
        ];
        let mut forward = ids(&drafts);
        assert_eq!(forward.iter().collect::<std::collections::HashSet<_>>().len(), 4);
        assert_eq!(forward[3].as_deref(), Some("other"));
        drafts.reverse();
        forward.reverse();
        assert_eq!(ids(&drafts), forward);
    }

    #[test]
    fn entries_that_are_the_same_share_their_identity() {
        let twice = ids(&[draft("1", "https://a.example/1", "T"), draft("1", "https://a.example/1", "T")]);
        assert_eq!(twice, [Some("1".to_owned()), Some("1".to_owned())]);
    }

    #[test]
    fn links_shared_by_entries_without_id_are_told_apart_by_content() {
        let found = ids(&[draft("", "https://a.example/log", "1.0"), draft("", "https://a.example/log", "1.1")]);
        assert_ne!(found[0], found[1]);
    }
}
