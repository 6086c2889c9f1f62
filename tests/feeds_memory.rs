//! No document may use more memory than 16 times its size and 16 MiB beside it, whatever it holds. One test, for memory is counted for all
//! of the process.

use peak_alloc::PeakAlloc;
use watchfire::{
    clean,
    feed::{Hints, read},
    model::Markup,
};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Bytes of a document, about.
const DOCUMENT_BYTES: usize = 1 << 20;

/// `piece` as often as it takes to fill a document.
fn full_of(piece: &str) -> String {
    piece.repeat(DOCUMENT_BYTES / piece.len())
}

fn numbered(write: impl Fn(usize) -> String) -> String {
    let mut text = String::new();
    let mut index = 0;
    while text.len() < DOCUMENT_BYTES {
        text += &write(index);
        index += 1;
    }
    text
}

fn in_item(inside: &str) -> String {
    format!("<rss version='2.0'><channel><item><title>t</title>{inside}</item></channel></rss>")
}

fn in_atom(inside: &str) -> String {
    format!("<feed xmlns='http://www.w3.org/2005/Atom'><id>i</id>{inside}</feed>")
}

fn in_json(inside: &str) -> String {
    format!("{{\"version\":\"https://jsonfeed.org/version/1\",\"items\":[{inside}{{}}]}}")
}

#[test]
fn no_document_uses_more_than_sixteen_times_its_size() {
    let documents = [
        ("open tags", in_item(&full_of("<a>"))),
        ("open tags in a text", in_item(&format!("<description>{}", full_of("<a>")))),
        ("markup in a text", in_item(&format!("<description>{}</description>", full_of("<a>b</a>")))),
        ("void elements in a text", in_item(&format!("<description>{}</description>", full_of("<x:y/>")))),
        ("section ends in a text", in_item(&format!("<description><b/>{}</description>", full_of("]]>")))),
        ("instructions", in_item(&full_of("<?x?>"))),
        ("sections", in_item(&format!("<title>{}</title>", full_of("<![CDATA[]]>")))),
        ("sections in the wrong case", in_item(&format!("<title>{}</title>", full_of("<![cdata[a]]>")))),
        ("bare ampersands", in_item(&format!("<title>{}</title>", full_of("&")))),
        ("bare ampersands in many texts", in_item(&full_of("<a>&</a>"))),
        ("references", in_item(&format!("<description>{}</description>", full_of("&#9;")))),
        ("less-than signs", in_item(&full_of("<"))),
        ("closing tags", in_item(&full_of("</x>"))),
        ("categories", in_item(&full_of("<category>a</category>"))),
        ("empty elements", in_item(&full_of("<b/>"))),
        ("attributes", in_item(&full_of("<a b='' c='' d='' e='' f=''/>"))),
        ("namespaces", in_item(&numbered(|n| format!("<p{n}:a xmlns:p{n}='u'>")))),
        ("links", in_item(&full_of("<a:link xmlns:a='http://www.w3.org/2005/Atom' rel='related' href='http://a'/>"))),
        ("enclosures", in_item(&full_of("<enclosure url='http://a'/>"))),
        ("media", in_item(&full_of("<media:content url='http://a'/>"))),
        ("authors", in_item(&full_of("<author>a</author>"))),
        ("items", format!("<rss version='2.0'><channel>{}", full_of("<item/>"))),
        ("items that do not end", format!("<rss><channel>{}", full_of("<item>"))),
        ("items in upper case", format!("<rss><channel>{}", full_of("<ITEM/>"))),
        ("entries", in_atom(&full_of("<entry/>"))),
        ("entries that feed-rs refuses", in_atom(&full_of("<entry><content src='x' type='y'>z</content></entry>"))),
        ("authors of a feed", in_atom(&(full_of("<author><name>a</name></author>") + &"<entry/>".repeat(1000)))),
        ("roots", full_of("<rss>")),
        ("control characters", full_of("\u{1}")),
        ("text that is no feed", full_of("a")),
        ("entries of JSON", in_json(&full_of("{},"))),
        ("zeros of JSON", in_json(&format!("{{\"x\":[{}0]}},", full_of("0,")))),
        ("zeros in a known field", in_json(&format!("{{\"tags\":[{}0]}},", full_of("0,")))),
        ("lists of JSON", in_json(&format!("{{\"id\":[{}0]}},", full_of("[],")))),
        ("objects of JSON", in_json(&numbered(|n| format!("{{\"a{n}\":{{\"b{n}\":{{}}}}}},")))),
        ("authors of JSON", in_json(&full_of("{\"authors\":[{},{},{},{},{},{},{},{},{},{}]},"))),
        ("attachments of JSON", in_json(&full_of("{\"attachments\":[{},{},{},{},{},{},{},{},{},{}]},"))),
        ("JSON that is not closed", "{\"items\":".to_owned() + &full_of("[")),
        ("JSON of commas", "{\"items\":[".to_owned() + &full_of(",")),
        ("JSON of quotes", "{\"items\":[".to_owned() + &full_of("\"")),
        ("JSON of line ends", format!("{{\"items\":[{{\"title\":\"{}\"}}]}}", full_of("\n"))),
        (
            "authors of a JSON feed",
            format!("{{\"authors\":[{}{{}}],{}", full_of("{\"name\":\"a\"},"), &in_json(&"{\"id\":1},".repeat(900))[1..]),
        ),
    ];
    let mut faults = Vec::new();
    for (what, document) in documents {
        // Half of what is allowed beside the size, for documents are larger than these.
        let limit = 16 * document.len() + (8 << 20);
        let used = memory_of(|| drop(read(document.as_bytes(), &Hints::default())));
        if used > limit {
            faults.push(format!("{what}: {} times the size", used / document.len()));
        }
    }
    let bomb = "<p>".to_owned() + &(0..1000).map(|i| format!("<b title={i}>")).collect::<String>() + &"<p>a".repeat(3000);
    let used = memory_of(|| drop(clean::html(&Markup::Html(bomb), None, 256 << 10)));
    if used > 16 << 20 {
        faults.push(format!("markup made to explode: {used} bytes"));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The most memory that `work` held at once.
fn memory_of(work: impl FnOnce()) -> usize {
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    work();
    MEMORY.peak_usage() - before
}
