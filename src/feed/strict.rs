//! The strict reader: feed-rs, with everything switched off that we do better ourselves.

use std::{
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
};

use feed_rs::model::{Entry, Feed};

/// Reads a document that feed-rs should understand. The error is its message.
///
/// Ids stay empty where the publisher gave none, dates are not read (the survey notes them with their offsets), nothing is sanitised.
pub(super) fn read(text: &str) -> Result<Feed, String> {
    let parser =
        feed_rs::parser::Builder::new().id_generator(|_, _, _| String::new()).timestamp_parser(|_| None).sanitize_content(false).build();
    // The panics that we know of are kept from it (`survey`); one that we do not know must cost no more than what it is about.
    let parsed = catch_unwind(AssertUnwindSafe(|| parser.parse(text.as_bytes())));
    match parsed {
        Ok(parsed) => parsed.map_err(|error| error.to_string()),
        Err(_) => Err("the reader gave up".to_owned()),
    }
}

/// Reads each entry in a frame of its own, so that one that feed-rs refuses costs no other (protocol P4).
///
/// `spans` are the entries in `text`, and `root_tag` is the root's start tag. The first value is the channel without its entries; of an
/// entry that cannot be read there is feed-rs's message.
pub(super) fn read_apart(text: &str, root_tag: Range<usize>, spans: &[Range<usize>]) -> (Option<Feed>, Vec<Result<Entry, String>>) {
    let root = &text[root_tag];
    let name_end = root.find(|c: char| c.is_whitespace() || matches!(c, '>' | '/')).unwrap_or(root.len());
    let name = root.get(1..name_end).unwrap_or_default();
    let (open, close) = match name {
        "rss" if root.ends_with("<channel>") => ("", "</channel></rss>".to_owned()),
        "rss" => ("<channel>", "</channel></rss>".to_owned()),
        name => ("", format!("</{name}>")),
    };
    let mut channel = String::with_capacity(text.len());
    let mut at = 0;
    for span in spans {
        channel.push_str(&text[at..span.start]);
        at = span.end;
    }
    channel.push_str(&text[at..]);
    let entries = spans.iter().map(|span| {
        let framed = format!("{root}{open}{}{close}", &text[span.clone()]);
        read(&framed)?.entries.into_iter().next().ok_or_else(|| "no entry".to_owned())
    });
    (read(&channel).ok(), entries.collect())
}

#[cfg(test)]
mod tests {
    use super::{read, read_apart};

    #[test]
    fn one_refused_entry_costs_no_other() {
        let text = "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>t</title><entry><id>1</id></entry><entry><title type=\"bogus\">x</title></entry>\
                    <entry><id>3</id></entry></feed>";
        assert!(read(text).is_err());
        let spans: Vec<_> = text.match_indices("<entry>").zip(text.match_indices("</entry>")).map(|((a, _), (b, _))| a..b + 8).collect();
        let (channel, entries) = read_apart(text, 0..text.find('>').expect("a tag") + 1, &spans);
        assert_eq!(channel.expect("a channel").title.expect("a title").content, "t");
        let ids: Vec<_> = entries.iter().map(|entry| entry.as_ref().map(|entry| entry.id.as_str()).ok()).collect();
        assert_eq!(ids, [Some("1"), None, Some("3")]);
    }
}
