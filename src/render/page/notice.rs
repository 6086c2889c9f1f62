//! Pages for answers that are no page: not found, wrong method, nothing to show yet.

use super::{Head, page};
use crate::render::Site;

/// What there is to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// 404.
    NotFound,
    /// 405.
    MethodNotAllowed,
    /// 503.
    NotReady,
}

/// The page for a notice.
pub fn notice(site: &Site, notice: Notice) -> Vec<u8> {
    let (title, text) = match notice {
        Notice::NotFound => {
            ("Nothing here", "There is no page at this address. A story's page keeps its address for as long as the story is kept.")
        }
        Notice::MethodNotAllowed => ("Reading only", "This address can be read, with GET or HEAD, and nothing else."),
        Notice::NotReady => ("Not yet", "This page cannot be made just now. Please come back in a minute."),
    };
    page(site, &Head { title, canonical: None, listed: false, feed: None }, |html| {
        html.wrap("div", &[("class", "prose")], |html| {
            html.element("h1", &[], title);
            html.element("p", &[], text);
            html.wrap("p", &[], |html| html.element("a", &[("href", site.home.as_str())], "To the newest stories"));
        });
    })
}
