//! Documents that are imported rather than polled: Markdown or plain text, with or without front matter. A file becomes a draft and
//! travels on like an entry of a feed.

mod citations;
mod dates;
mod decode;
mod front_matter;
mod markdown;
mod testimony;

use std::borrow::Cow;

use chrono_tz::Tz;

use crate::{
    clean::{
        self,
        boilerplate::{self, Shell},
    },
    model::{Draft, Link, Markup, Origin, ZonedTime},
};
use citations::Citations;
use front_matter::Fields;

/// Text read from one document, in bytes.
const TEXT_BYTES_MAX: usize = 256 << 10;
/// Title, in characters.
const TITLE_CHARS_MAX: usize = 300;

/// What one file says.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// The entry. `native_id` is the file's name, so that an edited file is an update; `content` is free of boilerplate but not yet safe;
    /// `related` holds what the text cites.
    pub draft: Draft,
    /// Who published it: the `source:` line, or the agency the text opens with.
    pub account: Option<String>,
    /// Where the text says that it was published first. A text that is merely based on another has `related` links instead.
    pub declared_origin: Option<Link>,
    /// Why the body was dropped, if it was.
    pub dropped: Option<Shell>,
}

/// Why a file is no document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum Refusal {
    /// Binary data, or no encoding fits.
    #[error("not a text file")]
    NotText,
    /// A feed or a page, whose markup would be shown as its text.
    #[error("a feed or a web page, not a document")]
    Markup,
    /// Nothing to show.
    #[error("neither title nor text")]
    Empty,
}

/// Reads the file that is called `name` in its folder. Dates without a zone are read in `timezone`.
pub fn read(name: &str, bytes: &[u8], timezone: Tz) -> Result<Document, Refusal> {
    let text = decode::text(bytes).ok_or(Refusal::NotText)?;
    let text = clean::without_pinyin(&text);
    let (fields, body) = front_matter::split(&text);
    if fields == Fields::default() && is_markup(body) {
        return Err(Refusal::Markup);
    }
    let body = clean::beginning(body, TEXT_BYTES_MAX);

    let title = title(&fields, body);
    let link = fields.url.as_deref().and_then(|url| Link::parse(url).ok());
    let is_markdown = markdown::is_markdown(body);
    let article = if is_markdown {
        let host = link.as_ref().map(Link::host);
        Cow::Owned(boilerplate::without_menus(&markdown::mended(body), &title, host.as_deref()))
    } else {
        Cow::Borrowed(body)
    };
    let is_menu = article.len() * 3 < body.len() && !article.contains("![") && boilerplate::is_labels(&article);
    let dropped = boilerplate::shell(&article, &title).or(is_menu.then_some(Shell::Empty));
    let account = fields.source.clone().or_else(|| testimony::agency(body));
    let content = dropped.is_none().then(|| boilerplate::strip(&article, &title, account.as_deref())).filter(|text| !text.is_empty());
    let content = content.map(|text| if is_markdown { Markup::Html(markdown::to_html(&text)) } else { Markup::Plain(text) });
    if title.is_empty() && content.is_none() {
        return Err(Refusal::Empty);
    }
    let cited = if dropped.is_none() { Citations::read(body, link.as_ref()) } else { Citations::default() };
    let published = published(&fields, body, timezone);
    let draft = Draft {
        native_id: Some(name.to_owned()),
        title: Some(title).filter(|title| !title.is_empty()),
        base: link.clone(),
        link,
        related: cited.related,
        published,
        authors: fields.author.into_iter().collect(),
        content,
        origin: account.clone().map(|title| Origin { title: Some(title), ..Origin::default() }),
        ..Draft::default()
    };
    Ok(Document { draft, account, declared_origin: cited.origin, dropped })
}

/// Whether a text begins as feeds and web pages do.
fn is_markup(body: &str) -> bool {
    const BEGINNINGS: [&str; 6] = ["<?xml", "<rss", "<feed", "<rdf:rdf", "<!doctype html", "<html"];
    BEGINNINGS.iter().any(|beginning| body.get(..beginning.len()).is_some_and(|start| start.eq_ignore_ascii_case(beginning)))
}

/// Only the date of a document, for putting many in order before any is read.
pub fn date(bytes: &[u8], timezone: Tz) -> Option<ZonedTime> {
    let text = decode::text(bytes)?;
    let (fields, body) = front_matter::split(&text);
    published(&fields, &clean::without_pinyin(clean::beginning(body, TEXT_BYTES_MAX)), timezone)
}

/// What the front matter says, else what the opening of the text says.
fn published(fields: &Fields, body: &str, timezone: Tz) -> Option<ZonedTime> {
    match &fields.date {
        Some(date) => dates::stated(date, timezone),
        None => dates::in_opening(body, timezone),
    }
}

/// One line without markup: what the front matter says, else what the text begins with.
fn title(fields: &Fields, body: &str) -> String {
    let raw = fields.title.clone().or_else(|| testimony::headline(body)).unwrap_or_default();
    clean::title(&raw, TITLE_CHARS_MAX).as_str().to_owned()
}

#[cfg(test)]
mod tests {
    use chrono_tz::{America::New_York, Asia::Shanghai};

    use super::{Refusal, Shell, read};
    use crate::model::{Link, Markup, ZonedTime};

    #[test]
    fn front_matter_becomes_a_draft() {
        let file = "---\ntitle: Alert: \"quoted\" text\nurl: https://a.example/1\nsource: A Blog\ndate: 2024-03-10\n---\n\n# Alert: \"quoted\" text\n\nA Blog\n\nThe text says **more** than the title.\n";
        let document = read("1.md", file.as_bytes(), New_York).expect("a document");
        let draft = document.draft;
        assert_eq!(draft.title.as_deref(), Some("Alert: \"quoted\" text"));
        assert_eq!(draft.link.as_ref().map(Link::as_str), Some("https://a.example/1"));
        assert_eq!(draft.published.map(ZonedTime::rfc3339).as_deref(), Some("2024-03-10T00:00:00-05:00"));
        assert_eq!(draft.content, Some(Markup::Html("<p>The text says <strong>more</strong> than the title.</p>\n".to_owned())));
        assert_eq!((document.account.as_deref(), document.dropped), (Some("A Blog"), None));
    }

    #[test]
    fn shells_keep_title_and_link_and_lose_the_body() {
        let file = "---\ntitle: 某漏洞通告\nurl: https://mp.weixin.qq.com/s/x\n---\n\n# 某漏洞通告\n\n该内容已被发布者删除\n";
        let document = read("1.md", file.as_bytes(), Shanghai).expect("a document");
        assert_eq!(document.dropped, Some(Shell::Deleted));
        assert_eq!(document.draft.content, None);
        assert!(document.draft.title.is_some() && document.draft.link.is_some());
    }

    #[test]
    fn files_with_nothing_to_show_are_refused() {
        for (bytes, wanted) in [
            (&b""[..], Refusal::Empty),
            (b"---\ntitle: \nurl: https://a.example/\n---\n\n", Refusal::Empty),
            (b"<?xml version=\"1.0\"?><rss><channel/></rss>", Refusal::Markup),
            (b"\xef\xbb\xbf\n<!DOCTYPE HTML><title>t</title>", Refusal::Markup),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", Refusal::NotText),
        ] {
            assert_eq!(read("x", bytes, Shanghai), Err(wanted));
        }
    }

    #[test]
    fn a_file_edited_keeps_its_identity() {
        let id = |text: &str| read("a.txt", text.as_bytes(), Shanghai).expect("a document").draft.native_id;
        assert_eq!(id("one line of text"), id("another line of text"));
    }

    #[test]
    fn hostile_files_neither_panic_nor_hang() {
        for piece in
            ["> ", "[", "*", "`", "| a ", "---\n", "# ", "(ā", "文章来源：", "![](", "<b x>", "1. ", "\u{feff}", "2025年4月10日", "&#"]
        {
            let file = piece.repeat(10_000);
            let _ = read("x.md", file.as_bytes(), Shanghai);
            let _ = read("x.md", format!("---\ntitle: t\n---\n# t\n\n**b** {file}").as_bytes(), Shanghai);
        }
    }
}
