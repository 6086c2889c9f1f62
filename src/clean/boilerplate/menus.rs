//! Menus of a page that was turned into Markdown as a whole: runs of links into the site itself.

use super::{
    line::{is_sentence, visible},
    squash,
};

/// Fewer links than this are no menu.
const MENU_LINKS_MIN: usize = 4;
/// Widest that a menu's links are on average, in columns. Headlines are wider: a list of them may be the article itself.
const LINK_WIDTH_MAX: usize = 25;
/// Longest label that may stand between the links of a menu, in characters.
const LABEL_CHARS_MAX: usize = 20;
/// So many links above all text are a menu wherever they lead.
const HEAD_LINKS_MIN: usize = 12;
/// Labels and empty lines that may stand between two links of a menu.
const LABELS_MAX: usize = 12;
/// Lines in which a page's second title is looked for.
const HEAD_LINES_MAX: usize = 400;

/// What a line is to a menu.
enum Kind {
    /// Ends a run: text, code, tables of text.
    Text,
    /// May stand inside a run, does not make one.
    Label,
    /// Links and nothing else.
    Links(Links),
}

/// Markdown without the menus of its page, and without what stands above the page's own title if that is no text. A run of at least
/// four links is a menu when half of them lead into the site: they are relative, or name `host`. Above the first sentence a dozen links
/// are one in any case.
pub fn without_menus(markdown: &str, title: &str, host: Option<&str>) -> String {
    let lines: Vec<&str> = markdown.lines().collect();
    let mut kept = String::with_capacity(markdown.len());
    let mut at = below_second_title(&lines, title);
    let (mut fenced, mut has_text) = (false, false);
    while at < lines.len() {
        fenced ^= lines[at].trim_start().starts_with("```");
        let run = if fenced { Run::default() } else { Run::read(&lines[at..], host) };
        let end = at + run.lines.max(1);
        if !run.is_menu(has_text) {
            lines[at..end].iter().for_each(|line| kept.extend([line, "\n"]));
            has_text |= fenced || run.lines == 0 && visible(lines[at]).is_none_or(|seen| is_sentence(&seen));
        }
        at = end;
    }
    kept
}

/// Lines of links, with labels between them, from the first to the last link.
#[derive(Default)]
struct Run {
    lines: usize,
    links: Links,
}

impl Run {
    /// The run that `lines` begin with; of no lines where they begin with something else.
    fn read(lines: &[&str], host: Option<&str>) -> Self {
        let mut run = Self::default();
        for (at, line) in lines.iter().enumerate() {
            match kind(line, host) {
                Kind::Text => break,
                Kind::Label if at == 0 => break,
                Kind::Label if at > run.lines + LABELS_MAX => break,
                Kind::Label => {}
                Kind::Links(links) => {
                    run.links.all += links.all;
                    run.links.own += links.own;
                    run.links.width += links.width;
                    run.lines = at + 1;
                }
            }
        }
        run
    }

    /// `has_text`: whether a sentence stands above.
    fn is_menu(&self, has_text: bool) -> bool {
        let Links { all, own, width, .. } = self.links;
        let stays_inside = all >= MENU_LINKS_MIN && own * 2 >= all;
        let opens_page = all >= HEAD_LINKS_MIN && !has_text;
        (stays_inside || opens_page) && width <= all * LINK_WIDTH_MAX
    }
}

fn kind(line: &str, host: Option<&str>) -> Kind {
    let Some(seen) = visible(line) else { return Kind::Text };
    if line.trim_start().starts_with("```") {
        return Kind::Text;
    }
    let links = Links::read(line, host);
    if links.all > 0 && links.outside <= 3 {
        return Kind::Links(links);
    }
    if seen.chars().count() <= LABEL_CHARS_MAX { Kind::Label } else { Kind::Text }
}

/// The links of one line.
#[derive(Default)]
struct Links {
    all: usize,
    /// Those that lead into the site.
    own: usize,
    /// Columns that their texts take; an ideograph takes two.
    width: usize,
    /// Letters and digits outside of links.
    outside: usize,
}

impl Links {
    fn read(line: &str, host: Option<&str>) -> Self {
        let mut links = Self::default();
        let mut depth = 0_usize;
        let mut rest = line;
        while let Some(c) = rest.chars().next() {
            rest = &rest[c.len_utf8()..];
            match c {
                '[' => depth += 1,
                ']' => {
                    depth = depth.saturating_sub(1);
                    let Some((target, behind)) = rest.strip_prefix('(').and_then(|target| target.split_once(')')) else { continue };
                    rest = behind;
                    // The outermost bracket is the link; one inside it is its picture.
                    if depth == 0 && !target.is_empty() {
                        links.all += 1;
                        links.own += usize::from(is_own(target, host));
                    }
                }
                _ if depth == 0 && c.is_alphanumeric() => links.outside += 1,
                _ if depth == 1 => links.width += if c >= '\u{2E80}' { 2 } else { 1 },
                _ => {}
            }
        }
        links
    }
}

/// Whether a link's target stays on the site.
fn is_own(target: &str, host: Option<&str>) -> bool {
    let Some((scheme, rest)) = target.split_once("//") else { return !target.starts_with("mailto:") };
    let authority = rest.split(['/', '?', '#', ' ']).next().unwrap_or_default();
    let is_absolute = matches!(scheme, "http:" | "https:" | "");
    !is_absolute || host.is_some_and(|host| site(authority) == site(host))
}

/// The last two labels of a host name: enough to tell one site from another here.
fn site(host: &str) -> &str {
    let dots = host.rmatch_indices('.').nth(1).map_or(0, |(at, _)| at + 1);
    &host[dots..]
}

/// Index of the page's own title below the one that the file begins with, if there is no text between them; else 0.
fn below_second_title(lines: &[&str], title: &str) -> usize {
    let title = squash(title);
    let mut found = 0;
    for (at, line) in lines.iter().enumerate().take(HEAD_LINES_MAX) {
        let Some(seen) = visible(line) else { break };
        if !title.is_empty() && squash(line) == title {
            found = at;
        } else if is_sentence(&seen) || line.trim_start().starts_with("```") {
            break;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::without_menus;

    #[test]
    fn menus_go_and_references_stay() {
        let menu = "* [Home](/)\n* [News](https://www.site.example/news)\n\nMore\n\n+ [About](//site.example/about) | [Login](/login)\n";
        let references =
            "* [CVE](https://nvd.example/1)\n* [Advisory](https://vendor.example/2)\n* [Patch](https://git.example/3)\n* [Post](/4)\n";
        let digest = "* [A headline that says what the article is about](/1)\n".repeat(20);
        for (markdown, wanted) in [
            (format!("{menu}\nA text.\n"), "\nA text.\n".to_owned()),
            (format!("A text.\n{menu}"), "A text.\n".to_owned()),
            (references.repeat(3), String::new()),
            (digest.clone(), digest.clone()),
            (format!("References\n{references}"), format!("References\n{references}")),
            ("* [a](/1)\n* [b](/2)\n".to_owned(), "* [a](/1)\n* [b](/2)\n".to_owned()),
            (format!("```\n{menu}```\n"), format!("```\n{menu}```\n")),
        ] {
            assert_eq!(without_menus(&markdown, "Title", Some("www.site.example")), wanted);
        }
    }

    #[test]
    fn what_stands_above_the_second_title_goes_unless_it_is_text() {
        let sentence =
            "researchers found a flaw in a widely used library, and attackers are using it against servers that were not updated yet.";
        assert_eq!(without_menus("# T\n\nlogo\n\n# T\n\ntext\n", "T", None), "# T\n\ntext\n");
        let page = format!("# T\n\n{sentence}\n\n# T\n\ntext\n");
        assert_eq!(without_menus(&page, "T", None), page);
    }

    #[test]
    fn hostile_text_takes_linear_time() {
        for piece in ["[a](/b)\n", "[a](/b)", "[", "](", "\n", "x\n", "[a](//x.example/b)\n"] {
            without_menus(&piece.repeat(20_000), "t", None);
        }
    }
}
