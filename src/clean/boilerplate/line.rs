//! What a reader sees of one line, be it Markdown or plain text.

/// Longest line that is looked into, in bytes. Longer ones are text, or tables of it.
const LINE_BYTES_MAX: usize = 8 << 10;

/// The visible text of a line in lowercase: without Markdown's marks, link targets and images. `None` for a line too long to be furniture.
pub(super) fn visible(line: &str) -> Option<String> {
    if line.len() > LINE_BYTES_MAX {
        return None;
    }
    let mut rest = without_marks(line.trim());
    let mut seen = String::with_capacity(rest.len());
    let mut gap = false;
    loop {
        let plain = plain_bytes(rest);
        if plain > 0 {
            if std::mem::take(&mut gap) && !seen.is_empty() {
                seen.push(' ');
            }
            seen.push_str(&rest[..plain]);
            rest = &rest[plain..];
        }
        let Some(c) = rest.chars().next() else { break };
        let skipped = match c {
            '!' if rest.starts_with("![") => rest.find("](").map(|at| at + target_bytes(&rest[at..])),
            ']' if rest.starts_with("](") => Some(target_bytes(rest)),
            '[' | ']' | '*' | '`' | '\\' => Some(1),
            _ => None,
        };
        rest = &rest[skipped.unwrap_or(c.len_utf8())..];
        if skipped.is_some() {
            continue;
        }
        if c == '|' || c.is_whitespace() {
            gap = true;
            continue;
        }
        if std::mem::take(&mut gap) && !seen.is_empty() {
            seen.push(' ');
        }
        seen.extend(c.to_lowercase());
    }
    Some(seen)
}

/// A line without the marks that open headings, quotes and lists in Markdown.
pub(super) fn without_marks(line: &str) -> &str {
    line.trim_start_matches(['#', '>', '-', '+', ' '])
}

/// Length of what stands for itself at the beginning of a text: lowercase letters, digits, most punctuation, Han and its punctuation. All
/// but a few characters of most texts are such, and need no tables.
fn plain_bytes(text: &str) -> usize {
    let is_plain = |c: char| match c {
        '!' | '[' | ']' | '*' | '`' | '\\' | '|' | 'A'..='Z' | '\u{3000}' => false,
        '!'..='~' | '\u{2E80}'..='\u{9FFF}' => true,
        _ => false,
    };
    text.char_indices().find(|(_, c)| !is_plain(*c)).map_or(text.len(), |(at, _)| at)
}

/// Length of `](target)`; of `](` where it is never closed.
fn target_bytes(text: &str) -> usize {
    text.find(')').map_or(2, |at| at + 1)
}

/// Whether a line carries only what decorates a page: images without an address, or the picture above an article.
pub(super) fn is_hollow_image(line: &str) -> bool {
    let line = line.trim();
    line.starts_with("![cover_image](") || (line.contains("![") && line.contains("]()") && !line.contains("](h"))
}

/// Whether visible text is a sentence rather than a headline or a label: some forty Chinese characters or eighty letters, with a stop.
pub(super) fn is_sentence(seen: &str) -> bool {
    let width: usize = seen.chars().map(|c| if c >= '\u{2E80}' { 2 } else { 1 }).sum();
    width >= 80 && (seen.contains(['。', '；', '！', '？']) || seen.contains(". ") || seen.ends_with(['.', '!', '?', ':', '：']))
}

#[cfg(test)]
mod tests {
    use super::{is_hollow_image, is_sentence, visible};

    #[test]
    fn markdown_is_read_as_it_shows() {
        for (line, wanted) in [
            ("## **往期推荐**", "往期推荐"),
            ("* [Home](https://a.example/)", "home"),
            ("[![logo](a.png)](/) News", "news"),
            ("| **01** | ●ISC.AI |", "01 ●isc.ai"),
            ("![](a.png)", ""),
            ("![ unclosed", "! unclosed"),
            ("[a](unclosed", "aunclosed"),
            ("plain text", "plain text"),
        ] {
            assert_eq!(visible(line).as_deref(), Some(wanted), "{line}");
        }
        assert_eq!(visible(&"x".repeat(10_000)), None);
    }

    #[test]
    fn sentences_and_hollow_images() {
        assert!(!is_sentence(&"网络安全，".repeat(12)));
        assert!(is_sentence(&(" 网络安全".repeat(12) + "。")));
        assert!(!is_sentence("Five ways to get hacked."));
        assert!(is_hollow_image("![跳转二维码]()") && is_hollow_image("![cover_image](https://a.example/x.png)"));
        assert!(!is_hollow_image("![](https://a.example/x.png)"));
    }
}
