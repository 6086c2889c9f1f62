//! A digest as a mail: a plain text, and the same as HTML without pictures, styles from elsewhere or scripts.

use super::html::Html;

/// What stands in a digest: title, address, details in a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LetterLine<'a> {
    /// What it is called.
    pub title: &'a str,
    /// Where to read on.
    pub link: &'a str,
    /// More about it; may be empty.
    pub detail: &'a str,
}

/// The digest as plain text and as HTML.
pub fn letter(heading: &str, lines: &[LetterLine<'_>]) -> (String, String) {
    let mut text = format!("{heading}\n");
    let mut html = Html::new();
    html.constant("<!doctype html>\n");
    html.wrap("html", &[], |html| {
        html.wrap("body", &[], |html| {
            html.element("h2", &[], heading);
            for LetterLine { title, link, detail } in lines {
                text += &format!("\n{title}\n{link}\n");
                if !detail.is_empty() {
                    text += &format!("{detail}\n");
                }
                html.wrap("p", &[], |html| {
                    html.element("a", &[("href", link), ("rel", "noreferrer")], title);
                    html.void("br", &[]);
                    html.text(detail);
                });
            }
        });
    });
    (text, html.finish())
}
