//! `robots.txt` (RFC 9309), for operators who want it obeyed: what a site lets us ask for.

use crate::model::Link;

/// Our name in it.
const TOKEN: &str = "watchfire";

/// Bytes that are read; the RFC asks for 500 KiB at least (section 2.5).
pub const BYTES_MAX: usize = 512 << 10;

/// Rules kept.
const RULES_MAX: usize = 1000;

/// Longest pattern kept, in bytes: no address is longer.
const PATTERN_BYTES_MAX: usize = 2048;

/// What a site allows us.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Robots(Vec<Rule>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    is_allowed: bool,
    /// `*` stands for anything, a `$` at the end for the end.
    pattern: String,
}

/// Whom the group speaks to whose lines are being read.
#[derive(Default)]
struct Group {
    is_ours: bool,
    is_everybodys: bool,
    has_rules: bool,
}

impl Robots {
    /// Reads a file, whatever it is. All groups with our name count, or without one those for everybody (section 2.2.1).
    pub fn parse(bytes: &[u8]) -> Self {
        // A rule that is cut short would mean something else.
        let whole = bytes.get(..BYTES_MAX).map_or(bytes, |read| &read[..read.iter().rposition(|byte| *byte == b'\n').unwrap_or(0)]);
        let text = String::from_utf8_lossy(whole);
        let (mut ours, mut everybodys, mut group) = (None, Vec::new(), Group::default());
        for line in text.trim_start_matches('\u{feff}').split(['\r', '\n']) {
            let line = line.split('#').next().unwrap_or_default();
            let Some((key, value)) = line.split_once(':') else { continue };
            let (key, value) = (key.trim().to_ascii_lowercase(), value.trim());
            match key.as_str() {
                "user-agent" => {
                    if group.has_rules {
                        group = Group::default();
                    }
                    group.is_ours |= is_our_name(value);
                    group.is_everybodys |= value == "*";
                    if group.is_ours {
                        ours.get_or_insert_with(Vec::new);
                    }
                }
                "allow" | "disallow" => {
                    group.has_rules = true;
                    let rule = Rule { is_allowed: key == "allow", pattern: encoded(value) };
                    let list = ours.as_mut().filter(|_| group.is_ours).or(group.is_everybodys.then_some(&mut everybodys));
                    let is_kept = |list: &&mut Vec<Rule>| list.len() < RULES_MAX && (1..=PATTERN_BYTES_MAX).contains(&rule.pattern.len());
                    if let Some(list) = list.filter(is_kept) {
                        list.push(rule);
                    }
                }
                _ => {}
            }
        }
        Self(ours.unwrap_or(everybodys))
    }

    /// Whether we may ask for an address. The longest rule that fits decides, of equals the one that allows (section 2.2.2).
    pub fn allows(&self, link: &Link) -> bool {
        let url = link.to_url();
        let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        let fitting = self.0.iter().filter(|rule| fits(&rule.pattern, &path));
        fitting.max_by_key(|rule| (rule.pattern.len(), rule.is_allowed)).is_none_or(|rule| rule.is_allowed)
    }
}

/// Our name alone, or followed by a version or a comment.
fn is_our_name(value: &str) -> bool {
    let end = value.find(|c: char| !(c.is_ascii_alphabetic() || matches!(c, '-' | '_'))).unwrap_or(value.len());
    value[..end].eq_ignore_ascii_case(TOKEN)
}

/// In the form in which addresses are compared: bytes beyond ASCII percent-encoded.
fn encoded(pattern: &str) -> String {
    let mut text = String::with_capacity(pattern.len());
    for c in pattern.chars() {
        if c.is_ascii() {
            text.push(c);
        } else {
            text.extend(c.encode_utf8(&mut [0; 4]).bytes().map(|byte| format!("%{byte:02X}")));
        }
    }
    text
}

/// Whether a pattern fits the beginning of a path, in time linear in both.
fn fits(pattern: &str, path: &str) -> bool {
    let (pattern, is_anchored) = pattern.strip_suffix('$').map_or((pattern, false), |front| (front, true));
    let mut pieces = pattern.split('*');
    let Some(mut rest) = pieces.next().and_then(|first| path.strip_prefix(first)) else { return false };
    let mut pieces = pieces.peekable();
    if pieces.peek().is_none() {
        return !is_anchored || rest.is_empty();
    }
    while let Some(piece) = pieces.next() {
        if is_anchored && pieces.peek().is_none() {
            return rest.ends_with(piece);
        }
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::Robots;
    use crate::model::Link;

    fn allows(file: &str, path: &str) -> bool {
        Robots::parse(file.as_bytes()).allows(&Link::parse(&format!("https://a.example{path}")).expect(path))
    }

    #[test]
    fn the_longest_rule_decides() {
        for (rules, path, wanted) in [
            ("", "/feed", true),
            ("Disallow:", "/feed", true),
            ("Disallow: /", "/feed", false),
            ("Disallow: /\nAllow: /feed", "/feed.xml", true),
            ("Allow: /\nDisallow: /feed", "/feed.xml", false),
            ("Allow: /feed\nDisallow: /feed", "/feed", true),
            ("Disallow: /*.xml$", "/a/b.xml", false),
            ("Disallow: /*.xml$", "/a/b.xml?x", true),
            ("Disallow: /*.xml", "/a/b.xml?x", false),
            ("Disallow: /a*b*c", "/a1c2b3c", false),
            ("Disallow: /a*b*c", "/a1c2b3", true),
            ("Disallow: /x$", "/xx", true),
            ("Disallow: *", "/x", false),
            ("Disallow: /烽火", "/烽火/feed", false),
            ("Disallow: /FEED", "/feed", true),
            ("disallow : /feed # why not", "/feed", false),
            ("Crawl-delay: 10\nSitemap: https://a.example/", "/feed", true),
        ] {
            assert_eq!(allows(&format!("User-agent: *\n{rules}"), path), wanted, "{rules} {path}");
        }
    }

    #[test]
    fn our_own_group_stands_above_everybodys() {
        let all = "User-agent: *\nDisallow: /\n";
        for (file, wanted) in [
            (format!("{all}\nUser-agent: Watchfire\nDisallow: /private"), true),
            (format!("{all}\r\rUSER-AGENT: watchfire/1.0 (x)\rAllow: /"), true),
            (format!("{all}\nUser-agent: other\nUser-agent: watchfire\nDisallow: /private"), true),
            (format!("{all}\nUser-agent: watchfire"), true),
            (format!("{all}\nUser-agent: watchfirebot\nAllow: /"), false),
            ("\u{feff}User-agent: watchfire\nDisallow: /f\n\nUser-agent: *\nAllow: /\n".to_owned(), false),
            ("User-agent: watchfire\nAllow: /x\nUser-agent: other\nDisallow: /\nUser-agent: watchfire\nDisallow: /feed".to_owned(), false),
            ("Disallow: /\n<html>: x".to_owned(), true),
        ] {
            assert_eq!(allows(&file, "/feed"), wanted, "{file}");
        }
    }

    #[test]
    fn hostile_files_cost_little() {
        let stars = format!("User-agent: *\n{}", format!("Disallow: /{}b\n", "a*".repeat(1000)).repeat(500));
        assert!(allows(&stars, &format!("/{}", "a".repeat(2000))));
        assert!(allows(&"\0".repeat(1 << 20), "/"));
    }
}
