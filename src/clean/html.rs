//! HTML made safe to show: an allow-list (protocol X8) around ammonia, with a bound on what it may cost and a fixed point as its result.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use ammonia::{Builder, UrlRelative};

use super::{
    distil::{ELEMENTS, distil},
    text::{beginning, plain},
    tokens::{Token, Tokens},
};
use crate::model::{Link, Markup, SafeHtml, is_xml_char};

/// Attributes that may stay, by element.
const ATTRIBUTES: &[(&str, &[&str])] = &[
    ("a", &["href"]),
    ("abbr", &["title"]),
    ("blockquote", &["cite"]),
    ("img", &["src", "alt", "width", "height"]),
    ("li", &["value"]),
    ("ol", &["start"]),
    ("td", &["colspan", "rowspan"]),
    ("th", &["colspan", "rowspan"]),
    ("time", &["datetime"]),
];
/// Attempts to find a length that fits the limit once it is sanitised.
const CUTS_MAX: usize = 4;
/// Passes until the sanitiser agrees with its own output. Real articles need two.
const PASSES_MAX: usize = 5;
/// Stands at the end of a body that was cut.
const CUT_MARK: &str = "<p>[…]</p>";

/// HTML that is safe to show, at most `bytes_max` bytes: known elements only, links absolute and http, https or mailto, images https.
/// Relative addresses are resolved against `base`, or dropped without one. Sanitising the result again changes nothing. Markup that
/// would cost too much is shown as plain text; plain text is escaped, its lines and paragraphs kept.
pub fn html(markup: &Markup, base: Option<&Link>, bytes_max: usize) -> SafeHtml {
    let Some(room) = bytes_max.checked_sub(CUT_MARK.len()) else { return SafeHtml::default() };
    let safe = match markup {
        Markup::Html(source) => {
            sanitise(source, base, room).unwrap_or_else(|| paragraphs(&plain(&source[..cut_at(source, 2 * bytes_max)]), room))
        }
        Markup::Plain(text) => paragraphs(text, room),
    };
    SafeHtml::vouched(safe)
}

/// Cuts and sanitises until the result has at most `room` bytes beside the mark.
fn sanitise(source: &str, base: Option<&Link>, room: usize) -> Option<String> {
    let builder = builder(base);
    let mut length = room + CUT_MARK.len();
    for _ in 0..CUTS_MAX {
        let cut = cut_at(source, length);
        let mut safe = settle(&builder, &source[..cut])?;
        let is_cut = cut < source.len();
        if safe.len() <= room || (!is_cut && safe.len() <= room + CUT_MARK.len()) {
            if is_cut {
                safe.push_str(CUT_MARK);
            }
            return Some(safe);
        }
        length = (cut.min(length) * room / safe.len()).saturating_sub(64);
    }
    None
}

/// Sanitises until nothing changes any more; `None` if that never happens or the text grows beyond reason.
fn settle(builder: &Builder<'_>, source: &str) -> Option<String> {
    let mut now = Cow::Borrowed(source);
    for _ in 0..PASSES_MAX {
        let next = visible(&without_empty_images(&builder.clean(&distil(&now)?).to_string())).into_owned();
        if next.len() > 4 * source.len() + (64 << 10) {
            return None;
        }
        if next == now {
            return Some(next);
        }
        now = Cow::Owned(next);
    }
    None
}

fn builder(base: Option<&Link>) -> Builder<'static> {
    let attributes: HashMap<_, _> = ATTRIBUTES.iter().map(|(element, names)| (*element, names.iter().copied().collect())).collect();
    let base = base.cloned();
    let mut builder = Builder::empty();
    builder
        .tags(ELEMENTS.iter().copied().collect())
        .clean_content_tags(HashSet::from(["script", "style"]))
        .tag_attributes(attributes)
        .generic_attributes(HashSet::from(["lang", "dir"]))
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(UrlRelative::PassThrough)
        .link_rel(Some("nofollow noopener noreferrer"))
        .attribute_filter(move |element, attribute, value| attribute_value(base.as_ref(), element, attribute, value));
    builder
}

/// What an attribute may say; `None` removes it.
fn attribute_value<'v>(base: Option<&Link>, element: &str, attribute: &str, value: &'v str) -> Option<Cow<'v, str>> {
    let link = || Link::resolve(base, value).ok().filter(|_| !value.trim().is_empty());
    let owned = |link: Link| Cow::Owned(link.as_str().to_owned());
    match (element, attribute) {
        ("a", "href") if value.len() < 256 && value.starts_with("mailto:") => Some(Cow::Borrowed(value)),
        ("a", "href") | (_, "cite") => link().map(owned),
        (_, "src") => link().filter(Link::is_https).map(owned),
        (_, "width" | "height") => pixels(value).map(|pixels| Cow::Owned(pixels.to_string())),
        (_, "colspan" | "rowspan" | "start" | "value") => value.parse().ok().filter(|n: &u16| *n <= 1000).map(|_| Cow::Borrowed(value)),
        (_, "lang" | "datetime") if value.len() > 64 => None,
        (_, "dir") if !matches!(value, "ltr" | "rtl" | "auto") => None,
        _ => Some(Cow::Borrowed(value)),
    }
}

/// `600` and `600px` are pixels, `50%` is not.
fn pixels(value: &str) -> Option<u16> {
    value.trim().trim_end_matches("px").parse().ok()
}

/// Sanitised HTML without images that have no address left, and without those of one pixel, which only count readers.
fn without_empty_images(html: &str) -> String {
    let mut kept = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find("<img") {
        kept.push_str(&rest[..at]);
        rest = &rest[at..];
        let Some(Token::Open(_, tag)) = Tokens::new(rest).next() else { break };
        let has = |attribute: &str| tag.contains(attribute);
        let is_dot = [" width=\"0\"", " width=\"1\"", " height=\"0\"", " height=\"1\""].into_iter().any(has);
        if has(" src=\"") && !is_dot {
            kept.push_str(tag);
        }
        rest = &rest[tag.len()..];
    }
    kept.push_str(rest);
    kept
}

/// Text without controls, bidirectional overrides and what XML forbids. Joiners stay: Persian and emoji need them.
fn visible(text: &str) -> Cow<'_, str> {
    let is_shown = |c: char| {
        is_xml_char(c) && !matches!(c, '\r' | '\u{7F}'..='\u{9F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
    };
    if text.chars().all(is_shown) { Cow::Borrowed(text) } else { Cow::Owned(text.chars().filter(|c| is_shown(*c)).collect()) }
}

/// Plain text as HTML: a blank line ends a paragraph, a line end is a line break.
fn paragraphs(text: &str, room: usize) -> String {
    const TAGS_BYTES: usize = "<br></p>".len();
    let mut html = String::with_capacity(text.len().min(room) + 64);
    let mut is_open = false;
    for line in visible(text).lines().map(str::trim) {
        if line.is_empty() {
            html.push_str(if is_open { "</p>" } else { "" });
            is_open = false;
            continue;
        }
        html.push_str(if is_open { "<br>" } else { "<p>" });
        is_open = true;
        for c in line.chars() {
            if html.len() + TAGS_BYTES + c.len_utf8().max("&nbsp;".len()) > room {
                html.push_str("</p>");
                html.push_str(CUT_MARK);
                return html;
            }
            match c {
                '&' => html.push_str("&amp;"),
                '<' => html.push_str("&lt;"),
                '>' => html.push_str("&gt;"),
                '\u{A0}' => html.push_str("&nbsp;"),
                _ => html.push(c),
            }
        }
    }
    html.push_str(if is_open { "</p>" } else { "" });
    html
}

/// Where to cut `source` to at most `bytes_max` bytes: between characters, and before a tag rather than inside it.
fn cut_at(source: &str, bytes_max: usize) -> usize {
    if source.len() <= bytes_max {
        return source.len();
    }
    let cut = beginning(source, bytes_max).len();
    match (source[..cut].rfind('<'), source[..cut].rfind('>')) {
        (Some(open), close) if close.is_none_or(|close| close < open) => open,
        _ => cut,
    }
}

#[cfg(test)]
mod tests {
    use super::html;
    use crate::model::{Link, Markup};

    fn clean(source: &str) -> String {
        let base = Link::parse("https://base.example/blog/post").expect("absolute");
        let once = html(&Markup::Html(source.to_owned()), Some(&base), 4096);
        let twice = html(&Markup::Html(once.as_str().to_owned()), Some(&base), 4096);
        assert_eq!(once, twice, "cleaning again changes nothing: {source}");
        once.as_str().to_owned()
    }

    #[test]
    fn attacks_leave_nothing_behind() {
        for attack in [
            "<script>alert(1)</script>",
            "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
            "<scr<script>ipt>alert(1)</scr</script>ipt>",
            "<img src=x onerror=alert(1)>",
            "<img src=\"javascript:alert(1)\">",
            "<a href=\"java\tscript:alert(1)\">a</a>",
            "<a href=\" javascript:alert(1)\">a</a>",
            "<a href=\"&#106;avascript:alert(1)\">a</a>",
            "<a href=\"data:text/html,<script>alert(1)</script>\">a</a>",
            "<a href=\"vbscript:x\">a</a><a href=\"https://u:p@evil.example/\">b</a>",
            "<svg onload=alert(1)><script>alert(1)</script></svg>",
            "<svg><style><img src=x onerror=alert(1)></style></svg>",
            "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
            "<form action=//evil.example><input name=q><button>go</button></form>",
            "<iframe src=//evil.example></iframe><object data=x></object><embed src=x>",
            "<base href=//evil.example/><meta http-equiv=refresh content=0><link rel=stylesheet href=x>",
            "<div style=\"background:url(javascript:alert(1))\" id=x class=y name=z>a</div>",
            "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
            "<textarea><img src=x onerror=alert(1)></textarea>",
            "<<!-- -->script>alert(1)</script>",
            "<!--><img src=x onerror=alert(1)>-->",
            "<select><style></select><img src=x onerror=alert(1)></style>",
            "<template><script>alert(1)</script></template>",
            "<p/onclick=alert(1)>a",
            "<a href=https://x.example/ onmouseover=alert(1) target=_top ping=//evil.example>a</a>",
            "<img srcset=\"x 2x\" src=https://x.example/a.png loading=lazy>",
        ] {
            let safe = clean(attack).to_lowercase();
            for trace in [
                "script:",
                "<script",
                "onerror=\"",
                " onclick",
                " onload",
                " onmouse",
                "<svg",
                "<math",
                "<style",
                "style=",
                "<form",
                "<iframe",
                "<object",
                "<embed",
                "<base",
                "<meta",
                "<link",
                "id=",
                "class=",
                "srcset",
                "target=",
                "ping=",
                "u:p@",
                "data:",
                "<input",
                "<textarea",
            ] {
                assert!(!safe.contains(trace), "{attack} -> {safe}");
            }
        }
    }

    #[test]
    fn articles_come_through() {
        let rel = "rel=\"nofollow noopener noreferrer\"";
        for (source, wanted) in [
            ("<p>a <b>b</b> &amp; c</p>", "<p>a <b>b</b> &amp; c</p>".to_owned()),
            ("<a href=../x>a</a>", format!("<a href=\"https://base.example/x\" {rel}>a</a>")),
            ("<a href=#n>a</a>", format!("<a href=\"https://base.example/blog/post#n\" {rel}>a</a>")),
            ("<a href=mailto:a@b.example>a</a>", format!("<a href=\"mailto:a@b.example\" {rel}>a</a>")),
            ("<a href=ftp://x.example/>a</a>", format!("<a {rel}>a</a>")),
            (
                "<img src=/a.png alt=x width=600px height=50%>",
                "<img src=\"https://base.example/a.png\" alt=\"x\" width=\"600\">".to_owned(),
            ),
            ("a<img src=http://x.example/a.png>b", "ab".to_owned()),
            ("a<img src=https://x.example/count.gif width=1 height=1>b", "ab".to_owned()),
            ("<span style=x>a</span>", "a".to_owned()),
            ("<center>a</center>b", "<div>a</div>b".to_owned()),
            ("<pre><code>if (a &lt; b)\n  x();</code></pre>", "<pre><code>if (a &lt; b)\n  x();</code></pre>".to_owned()),
            ("<td>a</td>", "a".to_owned()),
            ("a\u{202E}b\u{1}c&#x202E;d&#8;e", "abcde".to_owned()),
            ("<p>unclosed <b>bold <i>both", "<p>unclosed <b>bold <i>both</i></b></p>".to_owned()),
        ] {
            assert_eq!(clean(source), wanted, "{source}");
        }
    }

    #[test]
    fn cleaning_is_idempotent_on_broken_markup() {
        for source in [
            "<p><table><p>a</table>",
            "<b><p>a</b>b</p>c",
            "<a href=/1>a<a href=/2>b</a></a>",
            "<table><b>a<tr><td>b</table>",
            "<pre>\n\na</pre>",
            "<i><b></i></b><p>x",
            "<h1><h2>a</h1>b</h2>",
            "<li>a<ul>b<li>c",
            "<details><summary>a<p>b</summary>",
            "<ruby>網<rt>wǎng</ruby>",
            "<p>a<pre>b</p>c</pre>",
            "<table><caption><table><td>a",
        ] {
            clean(source);
        }
    }

    #[test]
    fn markup_made_to_explode_is_shown_as_text() {
        let bomb = "<p>".to_owned() + &(0..1000).map(|i| format!("<b title={i}>")).collect::<String>() + &"<p>a".repeat(3000);
        let safe = html(&Markup::Html(bomb.clone()), None, 256 << 10);
        assert!(safe.as_str().len() < bomb.len(), "{} bytes", safe.as_str().len());
        assert!(safe.as_str().starts_with("<p>a<br>a"));
        let deep = html(&Markup::Html("<div>".repeat(50_000)), None, 256 << 10);
        assert!(deep.is_empty());
    }

    #[test]
    fn long_bodies_are_cut_and_marked() {
        let link = "<p><a href=/x>网安要闻</a> &amp; &lt;".repeat(500);
        for source in [Markup::Html(link.clone()), Markup::Plain(link), Markup::Html("x".repeat(5000))] {
            let safe = html(&source, Link::parse("https://base.example/").ok().as_ref(), 4096);
            assert!(safe.as_str().len() <= 4096, "{}", safe.as_str().len());
            assert!(safe.as_str().len() > 3000 && safe.as_str().ends_with("<p>[…]</p>"), "{}", safe.as_str());
            assert_eq!(html(&Markup::Html(safe.as_str().to_owned()), None, 4096).as_str().len(), safe.as_str().len());
        }
        assert_eq!(html(&Markup::Html("<p>a</p>".to_owned()), None, 0).as_str().len(), 0);
    }

    #[test]
    fn plain_text_keeps_its_lines() {
        for (text, wanted) in
            [("a\nb\n\n\nc <b> & d", "<p>a<br>b</p><p>c &lt;b&gt; &amp; d</p>"), ("", ""), ("\n \n", ""), ("  a  ", "<p>a</p>")]
        {
            let safe = html(&Markup::Plain(text.to_owned()), None, 4096);
            assert_eq!(safe.as_str(), wanted);
            assert_eq!(html(&Markup::Html(wanted.to_owned()), None, 4096).as_str(), wanted);
        }
    }
}
