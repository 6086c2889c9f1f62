//! The addresses a text names as its origin or its basis.

use std::sync::LazyLock;

use regex::Regex;

use crate::model::Link;

/// Addresses kept.
const RELATED_MAX: usize = 16;

/// Labels that name where a text was first published, and one that names a copy of it.
static LABELLED: LazyLock<Regex> = LazyLock::new(|| {
    let labels =
        "文章来源|文章來源|原文来源|原文來源|原文链接|原文鏈接|原文連結|原文地址|原文出处|原文出處|查看原文|微信公众号链接|微信公眾號鏈接";
    Regex::new(&format!(r#"({labels})[\s:：*<（(\]]*(?:\[[^\[\]\n]{{0,300}}\]\()?(https?://[!-~&&[^<>()\[\]"']]+)"#))
        .expect("a valid pattern")
});

/// Words of a text that retells another: it cites that one and is no copy of it.
const RETELLINGS: &[&str] = &["本文内容基于", "本文內容基於", "本文基于", "本文基於", "本文翻译自", "本文翻譯自"];

/// What a text cites.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Citations {
    /// Labelled addresses, in the order of the text, without repetition.
    pub(super) related: Vec<Link>,
    /// The one it was copied from.
    pub(super) origin: Option<Link>,
}

impl Citations {
    /// Reads a text in Markdown or plain text that was itself published at `own`.
    pub(super) fn read(text: &str, own: Option<&Link>) -> Self {
        let retells = RETELLINGS.iter().any(|words| text.contains(words));
        let mut cited = Self::default();
        for found in LABELLED.captures_iter(text).take(RELATED_MAX) {
            let Some(link) = address(&found[2]).filter(|link| Some(link) != own) else { continue };
            if !retells && cited.origin.is_none() && !found[1].starts_with("微信") {
                cited.origin = Some(link.clone());
            }
            if !cited.related.contains(&link) {
                cited.related.push(link);
            }
        }
        cited
    }
}

/// An address as text holds it: less the sentence's own stop, and without Markdown's backslashes.
fn address(text: &str) -> Option<Link> {
    let text = text.trim_end_matches(['.', ',', ';', ':', '*', '!', '?']).replace('\\', "");
    Link::parse(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::Citations;
    use crate::model::Link;

    fn read(text: &str) -> (Vec<String>, Option<String>) {
        let own = Link::parse("https://own.example/1").expect("absolute");
        let cited = Citations::read(text, Some(&own));
        (cited.related.iter().map(|link| link.to_string()).collect(), cited.origin.map(|link| link.to_string()))
    }

    #[test]
    fn a_labelled_address_is_the_origin() {
        for text in [
            "文章来源: https://a.example/x_y。",
            "**原文链接**：[https://a.example/x\\_y](https://a.example/x_y)",
            "[查看原文](https://a.example/x_y)",
            "原文地址：<https://a.example/x_y>",
            "原文链接：\nhttps://a.example/x_y",
            "文章來源（https://a.example/x_y）",
        ] {
            assert_eq!(read(text), (vec!["https://a.example/x_y".to_owned()], Some("https://a.example/x_y".to_owned())), "{text}");
        }
    }

    #[test]
    fn a_text_based_on_another_is_no_copy() {
        let text =
            "本文内容基于某平台的文章《标题》，原文链接：https://a.example/1，原文来源：某公司，微信公众号链接：https://b.example/s/2。";
        assert_eq!(read(text), (vec!["https://a.example/1".to_owned(), "https://b.example/s/2".to_owned()], None));
    }

    #[test]
    fn other_links_are_not_citations() {
        for text in ["see https://a.example/", "文章来源：某公司", "原文链接: https://own.example/1", "原文链接：ftp://a.example/"]
        {
            assert_eq!(read(text), (Vec::new(), None), "{text}");
        }
    }
}
