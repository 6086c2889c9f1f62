//! Entry ids: what an entry of the combined feed is called for ever (protocol N1, RFC 4287 section 4.2.6).

use uuid::Uuid;

use crate::model::Item;

/// The namespace under which every source has its own (RFC 9562 section 5.5). Never changes: ids are published.
const NAMESPACE: Uuid = Uuid::from_u128(0x6f1d_4c3e_92ab_5d07_b8e4_20c1_7a5f_93d6);

/// The ids an item's story may have, in the order of preference: its publisher's where that is an absolute IRI, else one made from
/// source and native id, else further made ones without end. The first that no other story owns is taken: a publisher who uses
/// another's id must not alter the other's entry.
pub(super) fn candidates(item: &Item) -> impl Iterator<Item = String> {
    let native = item.native_id.as_str();
    let source = Uuid::new_v5(&NAMESPACE, item.source.as_str().as_bytes());
    let published = is_absolute_iri(native).then(|| native.to_owned());
    let made = move |name: &str| Uuid::new_v5(&source, name.as_bytes()).urn().to_string();
    let id = item.id;
    published.into_iter().chain(std::iter::once(made(native))).chain((0_u64..).map(move |round| made(&format!("{id} {round}"))))
}

/// Whether `id` is an IRI that stays itself in an Atom feed: a scheme that names things for ever, and no character that RFC 3987
/// forbids.
fn is_absolute_iri(id: &str) -> bool {
    let Some((scheme, rest)) = id.split_once(':') else { return false };
    let named = match scheme.to_ascii_lowercase().as_str() {
        "http" | "https" => rest.strip_prefix("//").is_some_and(|rest| rest.starts_with(|c: char| !"/?#".contains(c))),
        "urn" => rest.split_once(':').is_some_and(|(namespace, name)| namespace.len() > 1 && !name.is_empty()),
        "tag" => rest.split_once(':').is_some_and(|(authority, _)| authority.contains(',')),
        _ => false,
    };
    named && !id.chars().any(|c| c.is_whitespace() || c.is_control() || "<>\"{}|\\^`".contains(c) || !is_iri_char(c))
}

/// Characters beyond ASCII that RFC 3987 allows (`ucschar`); private use and noncharacters are not among them.
fn is_iri_char(c: char) -> bool {
    c.is_ascii()
        || !matches!(u32::from(c), 0x80..=0x9F | 0x200B..=0x200F | 0x202A..=0x202E | 0xE000..=0xF8FF | 0xFDD0..=0xFDEF | 0xFFF0..=0xFFFF | 0xE0000..)
}

#[cfg(test)]
mod tests {
    use super::is_absolute_iri;

    #[test]
    fn only_ids_that_stand_on_their_own_are_kept() {
        for (id, kept) in [
            ("https://example.com/?p=1", true),
            ("HTTP://example.com/网安", true),
            ("tag:blogger.com,1999:blog-1.post-2", true),
            ("urn:uuid:1225c695-cfb8-4ebb-aaaa-80da344efa6a", true),
            ("12345", false),
            ("https://", false),
            ("http:/example.com", false),
            ("https://example.com/a b", false),
            ("https://example.com/<x>", false),
            ("urn:x", false),
            ("tag:x:y", false),
            ("sha256:aa", false),
            ("javascript:alert(1)", false),
            ("urn:uuid:\u{202E}x", false),
            ("", false),
        ] {
            assert_eq!(is_absolute_iri(id), kept, "{id}");
        }
    }
}
