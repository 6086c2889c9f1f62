//! Feeds of every dialect and in every state, as whole documents: `tests/feeds/NAME` must read as `tests/feeds/NAME.read` says.
//!
//! After an intended change, `BLESS=1 cargo test --test feeds` writes the `.read` files anew; the diff shows what changed.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

mod whole_path;

use watchfire::{
    feed::{Hints, Reading, read},
    model::{Channel, Draft, Link, Markup},
};
use whole_path::walk;

#[test]
fn every_document_reads_as_recorded() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut faults = Vec::new();
    for path in documents() {
        let bytes = fs::read(&path).expect("readable");
        let is_chinese = path.to_string_lossy().contains("china");
        let base = Link::parse("https://base.example/dir/feed").expect("absolute");
        let timezone = is_chinese.then_some(chrono_tz::Asia::Shanghai);
        let found = match read(&bytes, &Hints { base: Some(&base), timezone, ..Hints::default() }) {
            Ok(reading) => written(&reading),
            Err(refusal) => format!("{refusal}\n"),
        };
        let record = path.with_added_extension("read");
        if bless {
            fs::write(&record, &found).expect("writable");
        } else if fs::read_to_string(&record).unwrap_or_default() != found {
            faults.push(format!("{}:\n{found}", record.display()));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_document_cut_anywhere_gives_a_prefix_of_its_entries() {
    let is_rich = |path: &PathBuf| ["everything", "json-1.1", "json-faults"].iter().any(|word| path.to_string_lossy().contains(word));
    for path in documents().into_iter().filter(is_rich) {
        let bytes = fs::read(&path).expect("readable");
        let ids = |reading: &Reading| reading.drafts.iter().map(|draft| draft.native_id.clone()).collect::<Vec<_>>();
        let whole = read(&bytes, &Hints::default()).expect("a feed");
        assert!(!whole.truncated);
        for end in 0..bytes.len() {
            let Ok(cut) = read(&bytes[..end], &Hints::default()) else { continue };
            assert!(ids(&whole).starts_with(&ids(&cut)), "{} cut at {end}", path.display());
            // Behind the end of an entry nobody can tell a cut from a publisher who closes nothing else.
            let is_between = [&b"</item>"[..], b"</entry>", b"}"].iter().any(|tag| bytes[..end].trim_ascii_end().ends_with(tag));
            assert!(cut.truncated || is_between || cut.drafts.len() == whole.drafts.len(), "{} cut at {end}", path.display());
        }
    }
}

#[test]
fn every_version_of_rss_is_read() {
    for root in [
        "rss version='0.91'",
        "rss version='0.92'",
        "rss version='0.93'",
        "rss version='0.94'",
        "rss version='2'",
        "rss version='2.0'",
        "rss version='2.0.1'",
        "rss version='2.00'",
        "rss version='RSS 2.0'",
        "rss version=''",
        "rss",
        "RSS version='2.0'",
        "rss version='2.0' xmlns='http://blogs.law.harvard.edu/tech/rss'",
        "rss version='2.0' xmlns='urn:unknown'",
        "rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'",
        "rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://my.netscape.com/rdf/simple/0.9/'",
        "rdf:RDF",
    ] {
        let name = root.split(' ').next().expect("a name");
        let item = "<item><title>t</title><link>http://a.example/1</link><pubDate>2 Jan 2024 03:04:05 GMT</pubDate></item>";
        let document = format!("<{root}><channel><title>c</title>{item}</channel></{name}>");
        let reading = read(document.as_bytes(), &Hints::default()).unwrap_or_else(|refusal| panic!("{root}: {refusal}"));
        let [draft] = &reading.drafts[..] else { panic!("{root}: {reading:?}") };
        assert_eq!((draft.title.as_deref(), draft.spelled_link()), (Some("t"), Some("http://a.example/1")), "{root}");
        assert!(draft.published.is_some() && reading.channel.title.as_deref() == Some("c"), "{root}");
    }
}

#[test]
fn json_is_found_behind_marks_guards_and_comments_and_in_wide_encodings() {
    let json = fs::read_to_string("tests/feeds/json-1.1.json").expect("readable");
    let wanted = read(json.as_bytes(), &Hints::default()).expect("a feed").drafts;
    let wide: Vec<u8> = format!("\u{FEFF}{json}").encode_utf16().flat_map(u16::to_be_bytes).collect();
    for document in [
        format!("\u{FEFF}{json}").into_bytes(),
        format!("\n  {json}\n\n").into_bytes(),
        format!(")]}}',\n{json}").into_bytes(),
        format!("callback({json});").into_bytes(),
        format!("// a note\n{json}").into_bytes(),
        format!("<br />\n<b>Warning</b>: something failed\n{json}").into_bytes(),
        wide,
    ] {
        let found = read(&document, &Hints::default()).expect("a feed");
        assert_eq!(found.drafts, wanted, "{}", String::from_utf8_lossy(&document));
        assert!(!found.truncated);
    }
}

#[test]
fn what_makes_feed_rs_panic_is_read() {
    let rss = |item: &str| {
        format!("<rss version='2.0' xmlns:itunes='http://www.itunes.com/dtds/podcast-1.0.dtd'><channel><item>{item}</item></channel></rss>")
    };
    let twice = "<?xml version='1.0' encoding='utf-8'?><?xml version='1.0' encoding='gbk'?>".to_owned() + &rss("<title>网安</title>");
    let wide = "<?xml version='1.0' encoding='UTF-16'?>".to_owned() + &rss("<title>网安</title>");
    let wide: Vec<u8> = [0xFE, 0xFF].into_iter().chain(wide.encode_utf16().flat_map(u16::to_be_bytes)).collect();
    for document in [
        twice.into_bytes(),
        wide,
        rss("<title>网安</title><author>安，a@b.com</author>").into_bytes(),
        rss("<title>网安</title><itunes:duration>99999999999999999999:00:00</itunes:duration>").into_bytes(),
    ] {
        let reading = read(&document, &Hints::default()).expect("a feed");
        assert_eq!(reading.drafts[0].title.as_deref(), Some("网安"));
    }
    // Found by fuzzing: a person in a feed inside the feed.
    let nested = "<rss><channel><title>网安</title><feed version='0.3'><managingEditor>w@beacon.exampl’e (The Watch)</managingEditor>";
    assert_eq!(read(nested.as_bytes(), &Hints::default()).expect("a feed").channel.title.as_deref(), Some("网安"));
    // Found by fuzzing: a document that ends inside such a person, whatever comes after it.
    for end in ["", "<", "</managy> x <", "<b>", "<![CDATA[", "&", "<!--"] {
        for element in ["managingEditor", "webMaster", "dc:creator"] {
            let document = format!("<rss><channel><title>网安</title><{element}>w@beacon.exampl› (The Watch){end}");
            let reading = read(document.as_bytes(), &Hints::default()).expect("a feed");
            assert_eq!(reading.channel.title.as_deref(), Some("网安"), "{document}");
            let cdata = format!("<rss><channel><title>网安</title><{element}><![CDATA[w@beacon.exampl› (The Watch){end}");
            assert!(read(cdata.as_bytes(), &Hints::default()).is_ok(), "{cdata}");
        }
    }
}

#[test]
fn every_list_and_text_has_its_limit() {
    let document = |inside: &str, count: usize| {
        format!("<rss version='2.0'><channel>{}</channel></rss>", format!("<item><guid>1</guid>{inside}</item>").repeat(count))
    };
    let many = |element: &str, count: usize| (0..count).map(|n| format!("<{element}>n{n}</{element}>")).collect::<String>();
    let first = |inside: &str| read(document(inside, 1).as_bytes(), &Hints::default()).expect("a feed").drafts.remove(0);
    for count in [999, 1000, 1001] {
        let reading = read(document("", count).as_bytes(), &Hints::default()).expect("a feed");
        assert_eq!((reading.drafts.len(), reading.problems.len()), (count.min(1000), usize::from(count > 1000)));
    }
    for (count, kept) in [(31, 31), (32, 32), (33, 32)] {
        assert_eq!(first(&many("category", count)).categories.len(), kept);
    }
    for (count, kept) in [(15, 15), (16, 16), (17, 16)] {
        assert_eq!(first(&many("author", count)).authors.len(), kept);
    }
    for (bytes, kept) in [(1023, 1023), (1024, 1024), (1025, 1024)] {
        assert_eq!(first(&format!("<title>{}</title>", "t".repeat(bytes))).title.map(|title| title.len()), Some(kept));
    }
    for (bytes, kept) in [(256 << 10, 256 << 10), ((256 << 10) + 1, 256 << 10)] {
        let summary = first(&format!("<description>{}</description>", "t".repeat(bytes))).summary;
        assert_eq!(summary.map(|text| text.as_str().len()), Some(kept));
    }
}

#[test]
fn repairs_restore_what_was_broken() {
    let clean = fs::read_to_string("tests/feeds/rss-2.0-everything.xml").expect("readable");
    let wanted = read(clean.as_bytes(), &Hints::default()).expect("a feed");
    assert_eq!(wanted.problems, []);
    for (what, broken) in [
        ("bare ampersands", clean.replace("dawn &amp; noon</desc", "dawn & noon</desc").replace("Beacon &amp; Wall", "Beacon & Wall")),
        ("no end of the items", clean.replace("</item>", "")),
        ("no end of the titles", clean.replace("</title>\n", "\n")),
        ("crossed ends", clean.replace("</link>\n", "</title>\n")),
        ("unquoted attributes", clean.replace("length=\"1234\"", "length=1234")),
        ("prefixes not declared", clean.replace("xmlns:dc=", "xmlns:no=").replace("xmlns:media=", "xmlns:non=")),
        ("a second declaration", clean.replace("<item>", "<?xml version=\"1.0\" encoding=\"gbk\"?><item>")),
        ("junk around it", format!("<br/>Warning<br/>{clean}<p>junk</p>")),
        ("capitals", clean.replace("item>", "ITEM>").replace("<pubDate>", "<PUBDATE>")),
        ("no version", clean.replace("version=\"2.0\" ", "")),
        ("another namespace", clean.replace("version=\"2.0\" ", "version=\"2.0\" xmlns=\"http://backend.userland.com/rss2\" ")),
        ("items behind the channel", clean.replacen("<item>", "</channel><item>", 1).replace("  </channel>\n</rss>", "</rss>")),
    ] {
        assert_ne!(broken, clean, "{what}");
        let found = read(broken.as_bytes(), &Hints::default()).unwrap_or_else(|refusal| panic!("{what}: {refusal}"));
        assert_eq!(found.drafts, wanted.drafts, "{what}");
        assert!(!found.truncated, "{what}");
    }
}

#[test]
fn thousands_of_mutations_end_well() {
    const WORDS: &[&str] = &[
        "<item>",
        "</item>",
        "<![CDATA[",
        "]]>",
        "&",
        "<!--",
        "-->",
        "\"",
        "'",
        "<",
        ">",
        "</",
        "/>",
        "<entry>",
        "</channel>",
        "</rss>",
        "<feed>",
        "<?xml version='1.0' encoding='gbk'?>",
        "&#0;",
        "xmlns=\"urn:x\"",
        "xml:base='http://['",
        " type='xhtml'",
        "<author>安，a@b.com</author>",
        "<!DOCTYPE [",
        "\u{FFFE}",
        "{",
        "[",
        "null",
        "<title>",
        ",",
        "\\",
        "\n",
        "<script>",
        "<table><b title=1>",
        "\u{202E}",
    ];
    let sources: Vec<Vec<u8>> = documents().iter().map(|path| fs::read(path).expect("readable")).collect();
    let mut dice = Dice(0x2545_F491_4F6C_DD1D);
    for round in 0..4000 {
        let mut bytes = sources[round % sources.len()].clone();
        for _ in 0..=dice.roll(6) {
            let at = dice.roll(bytes.len().max(1)).min(bytes.len());
            match dice.roll(5) {
                0 => bytes.truncate(at.max(bytes.len() / 2)),
                1 => drop(bytes.drain(at..(at + dice.roll(40)).min(bytes.len()))),
                2 => drop(bytes.splice(at..at, [dice.roll(256) as u8])),
                _ => drop(bytes.splice(at..at, WORDS[dice.roll(WORDS.len())].bytes())),
            }
        }
        drop(walk(&bytes));
    }
}

#[test]
fn hostile_documents_take_linear_time() {
    const COUNT: usize = 40_000;
    let feed = |inside: String| format!("<rss version='2.0'><channel><item><title>t</title>{inside}</item></channel></rss>");
    for (what, document) in [
        ("open tags", feed("<a>".repeat(COUNT))),
        ("open tags in a text", feed(format!("<description>{}", "<a>".repeat(COUNT)))),
        ("closing tags", feed("</x>".repeat(COUNT))),
        ("open comments", feed("<!--".repeat(COUNT))),
        ("open sections", feed("<![CDATA[".repeat(COUNT))),
        ("open instructions", feed("<?x ".repeat(COUNT))),
        ("open declarations", feed("<!DOCTYPE [".repeat(COUNT))),
        ("less-than signs", feed("<".repeat(COUNT))),
        ("quotes", feed("<a \"'".repeat(COUNT))),
        ("ampersands", feed("&".repeat(COUNT))),
        ("attributes", feed(format!("<a {}/>", (0..COUNT).map(|index| format!("a{index}='' ")).collect::<String>()))),
        ("namespaces", feed((0..COUNT).map(|index| format!("<p{index}:a xmlns:p{index}='u{index}'>")).collect())),
        ("prefixes", feed((0..COUNT).map(|index| format!("<p{index}:a/>")).collect())),
        ("people", feed(format!("<x>{}", "<author/>".repeat(COUNT)))),
        ("people in a channel", "<rss><channel>".to_owned() + &"<item><author/>".repeat(COUNT)),
        ("items", "<rss><channel>".to_owned() + &"<item>".repeat(COUNT)),
        ("roots", "<rss>".repeat(COUNT)),
        ("arrays", "[".repeat(COUNT)),
    ] {
        let reading = read(document.as_bytes(), &Hints::default());
        assert!(reading.is_ok_and(|reading| reading.drafts.len() <= 1000) || what == "arrays", "{what}");
    }
}

/// A small generator of the same numbers on every machine (Marsaglia's xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or_default() % sides
    }
}

/// The documents of the folder, without their records.
fn documents() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/feeds");
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut paths: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|extension| extension != "read")).collect();
    paths.sort();
    paths
}

/// A reading in words, one field a line, what is absent left out.
fn written(reading: &Reading) -> String {
    let mut out = channel(&reading.channel);
    for draft in &reading.drafts {
        out.push_str(&entry(draft));
    }
    for problem in &reading.problems {
        writeln!(out, "! {problem}").expect("a string takes all");
    }
    if reading.truncated {
        out.push_str("! truncated\n");
    }
    out
}

fn channel(channel: &Channel) -> String {
    let mut out = format!("{}\n", channel.format);
    let mut line = |name: &str, value: Option<String>| out.extend(value.map(|value| format!("  {name}: {value}\n")));
    line("id", channel.id.clone());
    line("title", channel.title.clone());
    line("description", channel.description.clone());
    line("site", channel.site.as_ref().map(Link::to_string));
    line("self", channel.self_link.as_ref().map(Link::to_string));
    line("hubs", (!channel.hubs.is_empty()).then(|| format!("{:?}", channel.hubs)));
    line("authors", (!channel.authors.is_empty()).then(|| format!("{:?}", channel.authors)));
    line("rights", channel.rights.clone());
    line("language", channel.language.clone());
    line("updated", channel.updated.map(|time| time.rfc3339()));
    line("rhythm", (channel.rhythm != Default::default()).then(|| format!("{:?}", channel.rhythm)));
    line("expired", channel.expired.then(|| "yes".to_owned()));
    out
}

fn entry(draft: &Draft) -> String {
    let mut out = "-\n".to_owned();
    let mut line = |name: &str, value: Option<String>| out.extend(value.map(|value| format!("  {name}: {value}\n")));
    let text = |markup: &Markup| format!("{markup:?}");
    line("id", draft.native_id.clone());
    line("title", draft.title.clone());
    line("link", draft.link.as_ref().map(Link::to_string));
    line("original link", draft.original_link.as_ref().map(Link::to_string));
    line("related", (!draft.related.is_empty()).then(|| format!("{:?}", draft.related)));
    line("published", draft.published.map(|time| time.rfc3339()));
    line("updated", draft.updated.map(|time| time.rfc3339()));
    line("authors", (!draft.authors.is_empty()).then(|| format!("{:?}", draft.authors)));
    line("categories", (!draft.categories.is_empty()).then(|| format!("{:?}", draft.categories)));
    line("summary", draft.summary.as_ref().map(text));
    line("content", draft.content.as_ref().map(text));
    line("enclosures", (!draft.enclosures.is_empty()).then(|| format!("{:?}", draft.enclosures)));
    line("language", draft.language.clone());
    line("origin", draft.origin.as_ref().map(|origin| format!("{origin:?}")));
    line("base", draft.base.as_ref().map(Link::to_string));
    out
}
