//! Bytes to text: which encoding a document really is in (RFC 7303 section 3, WHATWG Encoding).

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{BIG5, Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use memchr::memchr_iter;

use crate::model::{Problem, ProblemKind, is_xml_char};

/// How far into a document its own declaration is looked for, in bytes.
const DECLARATION_BYTES_MAX: usize = 1024;

/// How much of a document its encoding is guessed from, in bytes.
const SAMPLE_BYTES_MAX: usize = 4096;

/// How much ASCII around a sample's other characters is taken with it, in bytes.
const CONTEXT_BYTES: usize = 8;

/// Text with fewer bad sequences among its wide characters is damaged UTF-8. In other encodings nearly all of them are bad.
const BAD_SHARE_MAX: f64 = 0.25;

/// A label of several bytes a character is believed where one in so many characters beyond ASCII is bad: publishers cut texts at a number
/// of bytes. Western text under such a label fails at every other accent.
const WIDE_PER_BAD: usize = 10;

/// Bytes beyond ASCII that tell Simplified from Traditional Chinese.
const CHINESE_BYTES_MIN: usize = 64;

/// What is known about the encoding from outside the document.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Labels<'a> {
    /// The operator's word for this source.
    pub configured: Option<&'a str>,
    /// The `Content-Type` header.
    pub content_type: Option<&'a str>,
}

/// Reads bytes as text. Bytes that are valid UTF-8 are UTF-8 whatever the labels say; characters that XML forbids are dropped.
///
/// Order otherwise: byte order mark, the operator, HTTP, the document's declaration, a guess, and windows-1252 in the end, which reads
/// anything. The text has no byte order mark.
pub(super) fn decode<'a>(bytes: &'a [u8], labels: Labels<'_>, problems: &mut Vec<Problem>) -> Cow<'a, str> {
    let text = decode_any(bytes, labels, problems);
    let text = match encoded_once(&text) {
        Some(once) => {
            problems.push(Problem::new(ProblemKind::Encoding, "UTF-8 encoded twice, decoded twice"));
            Cow::Owned(once)
        }
        None => text,
    };
    drop_forbidden(text, problems)
}

/// The text before somebody took its UTF-8 for windows-1252 and encoded it again (`Ã¼` for `ü`); `None` where that did not happen.
///
/// It did when every run of characters beyond ASCII is UTF-8 once it is written in windows-1252. Ordinary text fails at its first accent.
fn encoded_once(text: &str) -> Option<String> {
    if text.is_ascii() {
        return None;
    }
    let mut once: Vec<u8> = Vec::new();
    let mut rest = text;
    loop {
        let start = Encoding::ascii_valid_up_to(rest.as_bytes());
        if start == rest.len() {
            break;
        }
        let run = &rest[start..];
        let length = run.bytes().position(|b| b.is_ascii()).unwrap_or(run.len());
        let (bytes, _, has_unmappable) = WINDOWS_1252.encode(&run[..length]);
        if has_unmappable || std::str::from_utf8(&bytes).is_err() {
            return None;
        }
        once.extend_from_slice(&rest.as_bytes()[..start]);
        once.extend_from_slice(&bytes);
        rest = &run[length..];
    }
    if once.is_empty() {
        return None;
    }
    once.extend_from_slice(rest.as_bytes());
    String::from_utf8(once).ok()
}

/// `decode` before forbidden characters are dropped.
fn decode_any<'a>(bytes: &'a [u8], labels: Labels<'_>, problems: &mut Vec<Problem>) -> Cow<'a, str> {
    let bytes = match bytes {
        [0xFF, 0xFE, 0, 0, rest @ ..] => return Cow::Owned(utf_32(rest, u32::from_le_bytes)),
        [0, 0, 0xFE, 0xFF, rest @ ..] => return Cow::Owned(utf_32(rest, u32::from_be_bytes)),
        [b'<', 0, 0, 0, ..] => return Cow::Owned(utf_32(bytes, u32::from_le_bytes)),
        [0, 0, 0, b'<', ..] => return Cow::Owned(utf_32(bytes, u32::from_be_bytes)),
        [0xFF, 0xFE, rest @ ..] => return UTF_16LE.decode_without_bom_handling(rest).0,
        [0xFE, 0xFF, rest @ ..] => return UTF_16BE.decode_without_bom_handling(rest).0,
        [b'<' | b'{' | b' ' | b'\n' | b'\r', 0, second, 0, ..] if *second != 0 => return UTF_16LE.decode_without_bom_handling(bytes).0,
        [0, b'<' | b'{' | b' ' | b'\n' | b'\r', 0, second, ..] if *second != 0 => return UTF_16BE.decode_without_bom_handling(bytes).0,
        [0xEF, 0xBB, 0xBF, rest @ ..] => rest,
        _ => bytes,
    };
    let charset = labels.content_type.and_then(charset_parameter).and_then(named);
    let declared = declared_label(bytes).and_then(named);
    let configured = labels.configured.and_then(named);
    let is_escaped_japanese = |encoding: Option<&'static Encoding>| encoding == Some(encoding_rs::ISO_2022_JP) && bytes.contains(&0x1B);
    let candidates = [configured, charset, declared];
    if !candidates.into_iter().any(is_escaped_japanese)
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        if let Some(wrong) = declared.filter(|encoding| *encoding != UTF_8 && !text.is_ascii()) {
            problems.push(Problem::new(ProblemKind::Encoding, format!("declared as `{}`, read as UTF-8, which it is", wrong.name())));
        }
        return Cow::Borrowed(text);
    }
    decode_labelled(bytes, candidates, problems)
}

/// Reads what is not valid UTF-8: by the first label that fits without a fault, else by a guess, else somehow.
fn decode_labelled<'a>(bytes: &'a [u8], candidates: [Option<&'static Encoding>; 3], problems: &mut Vec<Problem>) -> Cow<'a, str> {
    let labels = || candidates.into_iter().flatten().filter(|encoding| *encoding != UTF_8);
    let fitting = |encoding: &'static Encoding| encoding.decode_without_bom_handling_and_without_replacement(bytes);
    let wide_labels = || labels().filter(|encoding| !encoding.is_single_byte());
    let published = wide_labels().next().filter(|_| candidates[0].is_none());
    let rival = |label| chinese_rival(label, bytes).and_then(|rival| Some((rival, fitting(rival)?)));
    if let Some((label, (rival, text))) = published.and_then(|label| Some((label, rival(label)?))) {
        problems.push(mislabelled(label, rival));
        return text;
    }
    // A label of several bytes a character that fits is strong evidence; one of a single byte fits everything, even damaged UTF-8.
    if let Some(text) = wide_labels().find_map(fitting) {
        return text;
    }
    if is_damaged_utf_8(bytes) {
        problems.push(malformed("UTF-8"));
        return String::from_utf8_lossy(bytes);
    }
    if let Some((label, text)) = wide_labels().find_map(|label| Some((label, nearly_fitting(label, bytes)?))) {
        problems.push(malformed(label.name()));
        return text;
    }
    if let Some(text) = labels().find_map(fitting) {
        return text;
    }
    let guess = guess(bytes);
    let labelled = labels().next();
    for encoding in [Some(guess), labelled, Some(WINDOWS_1252)].into_iter().flatten() {
        if let Some(text) = fitting(encoding) {
            problems.push(match labelled {
                Some(label) => mislabelled(label, encoding),
                None => Problem::new(ProblemKind::Encoding, format!("no encoding declared and not UTF-8, read as `{}`", encoding.name())),
            });
            return text;
        }
    }
    let encoding = labelled.unwrap_or(guess);
    problems.push(malformed(encoding.name()));
    encoding.decode_without_bom_handling(bytes).0
}

fn malformed(encoding: &'static str) -> Problem {
    Problem::new(ProblemKind::Encoding, format!("malformed {encoding}, the bad bytes were replaced"))
}

fn mislabelled(label: &'static Encoding, encoding: &'static Encoding) -> Problem {
    Problem::new(ProblemKind::Encoding, format!("does not fit its label `{}`, read as `{}`", label.name(), encoding.name()))
}

/// The text in an encoding that it fits but for a few bytes, which are replaced.
fn nearly_fitting<'a>(encoding: &'static Encoding, bytes: &'a [u8]) -> Option<Cow<'a, str>> {
    let (text, _) = encoding.decode_without_bom_handling(bytes);
    let bad = text.matches('\u{FFFD}').count();
    let wide = text.chars().filter(|c| !c.is_ascii()).count();
    (bad * WIDE_PER_BAD <= wide).then_some(text)
}

/// The other encoding of Chinese, where a document labelled with one is written in the other: nearly all bytes of either are valid in
/// both, so that a wrong label fits as well, and reads as nonsense.
fn chinese_rival(label: &'static Encoding, bytes: &[u8]) -> Option<&'static Encoding> {
    let rivals = [GB18030, BIG5];
    let is_enough = || bytes.iter().filter(|b| !b.is_ascii()).nth(CHINESE_BYTES_MIN - 1).is_some();
    (rivals.contains(&label) && is_enough()).then(|| guess(bytes)).filter(|guess| *guess != label && rivals.contains(guess))
}

/// The likeliest encoding of bytes that are not UTF-8. Detection costs many times what reading does: it sees a sample of what is not
/// ASCII, with a little of what stands around it. (ISO-2022-JP is ASCII by its bytes, and needs a label.)
fn guess(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    let (mut at, mut room) = (0, SAMPLE_BYTES_MAX);
    while room > 0
        && let Some(offset) = bytes[at..].iter().position(|b| !b.is_ascii())
    {
        let first = at + offset;
        let mut last = first;
        for (index, byte) in bytes.iter().enumerate().skip(first) {
            if !byte.is_ascii() {
                last = index;
            } else if index - last > 2 * CONTEXT_BYTES {
                break;
            }
        }
        let start = first.saturating_sub(CONTEXT_BYTES).max(at);
        at = (last + 1 + CONTEXT_BYTES).min(bytes.len());
        let sample = &bytes[start..at.min(start + room)];
        detector.feed(sample, false);
        detector.feed(b" ", false);
        room -= sample.len();
    }
    widened(detector.guess(None, Utf8Detection::Deny))
}

/// Whether bytes are UTF-8 but for a few: what is in another encoding shows so many bad sequences that a look at its start is enough.
fn is_damaged_utf_8(bytes: &[u8]) -> bool {
    let (mut bad, mut wide) = (0_u32, 0_u32);
    for chunk in bytes.utf8_chunks() {
        wide += u32::try_from(chunk.valid().chars().filter(|c| !c.is_ascii()).count()).unwrap_or(u32::MAX / 2);
        bad += u32::from(!chunk.invalid().is_empty());
        if bad > 32 && bad >= wide {
            return false;
        }
    }
    f64::from(bad) < f64::from(bad + wide) * BAD_SHARE_MAX
}

/// UTF-32, which WHATWG does not know. Incomplete or impossible characters become U+FFFD.
fn utf_32(bytes: &[u8], read: fn([u8; 4]) -> u32) -> String {
    let units = bytes.as_chunks::<4>().0;
    units.iter().map(|unit| char::from_u32(read(*unit)).unwrap_or('\u{FFFD}')).collect()
}

/// The `charset` parameter of a media type.
fn charset_parameter(content_type: &str) -> Option<&str> {
    let parameters = content_type.split(';').skip(1);
    let charset =
        parameters.filter_map(|parameter| parameter.split_once('=')).find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
    charset.map(|(_, value)| value.trim().trim_matches(['"', '\'']))
}

/// The label in `<?xml ... encoding="..."?>`, which must be the first thing in the document but for white space.
fn declared_label(bytes: &[u8]) -> Option<&str> {
    let head = &bytes[..bytes.len().min(DECLARATION_BYTES_MAX)];
    let head = head.trim_ascii_start();
    let end = head.strip_prefix(b"<?xml").and(head.iter().position(|b| *b == b'>'))?;
    // A declaration that lost its question mark is still read.
    let declaration = std::str::from_utf8(&head[..end]).ok()?;
    let value = declaration.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    value[1..].split(quote).next()
}

/// The encoding a label names: WHATWG's labels, and those of Windows and Python. GBK and its subset are read as GB18030, which extends
/// them. US-ASCII is no label: a document that is ASCII is UTF-8, and another one was mislabelled.
fn named(label: &str) -> Option<&'static Encoding> {
    let label = label.trim().to_ascii_lowercase();
    let dashed = label.replace('_', "-");
    let known = match dashed.as_str() {
        "us-ascii" | "ascii" => return None,
        "cp949" | "uhc" | "ms949" => "euc-kr",
        "cp932" | "ms932" | "shift-jis-2004" | "shift-jisx0213" => "shift_jis",
        "cp936" | "ms936" | "gb18030-2000" | "hz" => "gb18030",
        "cp950" | "ms950" => "big5",
        "latin-1" | "iso8859" => "windows-1252",
        "win1251" | "win-1251" => "windows-1251",
        "win1252" | "win-1252" => "windows-1252",
        "eucjp" | "euc-jisx0213" => "euc-jp",
        "utf16" | "utf-16" | "utf16le" | "utf16be" | "utf-16le" | "utf-16be" | "utf-32" | "ucs-2" | "ucs-4" => return None,
        _ => return [label, dashed].iter().find_map(|label| Encoding::for_label(label.as_bytes())).map(widened),
    };
    Encoding::for_label(known.as_bytes()).map(widened)
}

/// GB18030 for GBK.
fn widened(encoding: &'static Encoding) -> &'static Encoding {
    if encoding == encoding_rs::GBK { GB18030 } else { encoding }
}

/// Drops the characters that XML 1.0 forbids (section 2.2), which no output could carry.
fn drop_forbidden<'a>(text: Cow<'a, str>, problems: &mut Vec<Problem>) -> Cow<'a, str> {
    if !holds_forbidden(text.as_bytes()) {
        return text;
    }
    let kept: String = text.chars().filter(|c| is_xml_char(*c)).collect();
    let dropped = text.chars().count() - kept.chars().count();
    problems.push(Problem::new(ProblemKind::Encoding, format!("{dropped} characters that XML forbids were dropped")));
    Cow::Owned(kept)
}

/// Whether valid UTF-8 holds a control character but tab and line ends, or U+FFFE or U+FFFF, which are EF BF BE and EF BF BF.
///
/// At the speed of memory, without branches inside the fold: every document passes here.
fn holds_forbidden(bytes: &[u8]) -> bool {
    const CHUNK_BYTES: usize = 4096;
    let is_control = |b: u8| (b < 0x20) & (b != b'\t') & (b != b'\n') & (b != b'\r');
    if bytes.chunks(CHUNK_BYTES).any(|chunk| chunk.iter().fold(false, |found, b| found | is_control(*b))) {
        return true;
    }
    memchr_iter(0xEF, bytes).any(|at| matches!(bytes[at + 1..], [0xBF, 0xBE | 0xBF, ..]))
}

#[cfg(test)]
mod tests {
    use super::{Labels, decode};

    fn read(bytes: &[u8], labels: Labels<'_>) -> (String, Vec<String>) {
        let mut problems = Vec::new();
        let text = decode(bytes, labels, &mut problems).into_owned();
        (text, problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn valid_utf_8_beats_every_label() {
        let bytes = "<?xml version='1.0' encoding='gbk'?><t>网络安全</t>".as_bytes();
        let (text, problems) = read(bytes, Labels { content_type: Some("text/xml; charset=gb2312"), configured: Some("big5") });
        assert!(text.contains("网络安全"));
        assert_eq!(problems, ["declared as `gb18030`, read as UTF-8, which it is"]);
    }

    #[test]
    fn each_label_reads_its_own_bytes() {
        for (label, sample) in [
            ("gbk", "网络安全要闻"),
            ("gb2312", "漏洞"),
            ("gb18030", "㐀𠀀"),
            ("big5", "資訊安全"),
            ("shift_jis", "セキュリティ"),
            ("cp932", "セキュリティ"),
            ("euc-jp", "脆弱性情報"),
            ("cp949", "보안 뉴스"),
            ("windows-1251", "уязвимость"),
            ("windows_1251", "уязвимость"),
            ("iso-8859-1", "café – naïve"),
        ] {
            let encoding = super::named(label).expect(label);
            let bytes = encoding.encode(sample).0;
            let with_header = format!("text/xml; charset=\"{label}\"");
            assert_eq!(read(&bytes, Labels { content_type: Some(&with_header), configured: None }).0, sample, "{label} by header");
            assert_eq!(read(&bytes, Labels { content_type: None, configured: Some(label) }).0, sample, "{label} by configuration");
            let declared = [format!("<?xml version=\"1.0\" encoding=\"{label}\"?>").as_bytes(), &bytes].concat();
            assert!(read(&declared, Labels::default()).0.ends_with(sample), "{label} by declaration");
        }
    }

    #[test]
    fn undeclared_gbk_is_recognised() {
        let text = "<rss><channel><title>网络安全应急响应中心</title><description>关于某系统存在远程代码执行漏洞的公告</description></channel></rss>";
        let bytes = super::GB18030.encode(text).0;
        assert_eq!(read(&bytes, Labels::default()).0, text);
        assert_eq!(read(&bytes, Labels { content_type: Some("text/xml; charset=utf-8"), configured: None }).0, text);
    }

    #[test]
    fn undeclared_and_wrongly_declared_encodings_are_recognised() {
        for (label, sample) in [
            ("gbk", "关于某系统存在远程代码执行漏洞的安全公告，请及时更新"),
            ("gb18030", "关于某系统存在远程代码执行漏洞的安全公告，请及时更新㐀"),
            ("big5", "關於某系統存在遠端程式碼執行漏洞的安全公告，請儘速更新"),
            ("shift_jis", "システムにリモートでコードが実行される脆弱性があります。更新してください"),
            ("euc-jp", "システムにリモートでコードが実行される脆弱性があります。更新してください"),
            ("euc-kr", "시스템에 원격 코드 실행 취약점이 있습니다. 업데이트하십시오"),
            ("windows-1251", "В системе обнаружена уязвимость, обновите её немедленно"),
            ("windows-1252", "Une vulnérabilité a été découverte, déjà exploitée à grande échelle"),
        ] {
            for prologue in ["", "<?xml version='1.0'?>", "<?xml version='1.0' encoding='utf-8'?>"] {
                let text = format!("{prologue}<rss><channel><title>{sample}</title><description>{sample}</description></channel></rss>");
                let encoding = encoding_rs::Encoding::for_label(label.as_bytes()).expect(label);
                assert_eq!(read(&encoding.encode(&text).0, Labels::default()).0, text, "{label}");
            }
        }
    }

    #[test]
    fn a_byte_order_mark_beats_the_declaration() {
        let text = "<?xml version='1.0' encoding='gbk'?><t>网络安全</t>";
        let marked = [&[0xEF, 0xBB, 0xBF], text.as_bytes()].concat();
        assert_eq!(read(&marked, Labels { content_type: Some("text/xml; charset=gb2312"), configured: None }).0, text);
    }

    #[test]
    fn wide_encodings_are_seen_by_their_zeros() {
        let text = "<?xml version='1.0'?><t>网</t>";
        let le: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let wide: Vec<u8> = text.chars().flat_map(|c| (c as u32).to_be_bytes()).collect();
        for bytes in [le.clone(), be.clone(), [&[0xFF, 0xFE], &le[..]].concat(), [&[0xFE, 0xFF], &be[..]].concat(), wide] {
            assert_eq!(read(&bytes, Labels::default()).0, text);
        }
    }

    #[test]
    fn a_few_bad_bytes_do_not_turn_utf_8_into_something_else() {
        let mut bytes = "安全".repeat(100).into_bytes();
        bytes.extend_from_slice(&[0xE5, 0x20]);
        let (text, problems) = read(&bytes, Labels::default());
        assert!(text.starts_with("安全") && text.contains('\u{FFFD}'));
        assert_eq!(problems, ["malformed UTF-8, the bad bytes were replaced"]);
    }

    #[test]
    fn texts_cut_inside_a_character_do_not_cost_a_feed_its_encoding() {
        for (label, sample) in [("gb2312", "关于某系统存在远程代码执行漏洞的公告"), ("big5", "關於某系統存在遠端程式碼執行漏洞的公告")]
        {
            let whole = super::named(label).expect(label).encode(sample).0.into_owned();
            let cut = &whole[..whole.len() - 1];
            let declaration = format!("<?xml version='1.0' encoding='{label}'?>");
            let bytes = [declaration.as_bytes(), &whole, b"<a>", cut, b"</a><b>", &whole, b"</b>"].concat();
            let (text, problems) = read(&bytes, Labels { content_type: Some("text/xml; charset=ISO-8859-1"), configured: None });
            assert!(text.contains(&format!("<b>{sample}</b>")) && text.contains("\u{FFFD}</a>"), "{text}");
            assert_eq!(problems.len(), 1, "{problems:?}");
        }
    }

    #[test]
    fn simplified_and_traditional_chinese_are_told_apart_under_each_others_label() {
        let simplified = "微软发布安全更新，修复多个可被远程利用的漏洞，建议用户尽快升级到最新版本，并检查系统日志中是否存在异常登录";
        let traditional = "微軟發布安全性更新，修補多個可被遠端利用的弱點，建議使用者儘速升級至最新版本，並檢查系統日誌是否有異常登入";
        for (wrong, right, sample) in [("big5", "gbk", simplified), ("gb2312", "big5", traditional), ("gbk", "gbk", traditional)] {
            let text = format!("<?xml version='1.0' encoding='{wrong}'?><a>{sample}</a>");
            let bytes = super::named(right).expect(right).encode(&text).0;
            assert_eq!(read(&bytes, Labels::default()).0, text, "{right} as {wrong}");
        }
    }

    #[test]
    fn text_that_was_encoded_twice_is_decoded_twice() {
        for text in ["Kältewelle «à Paris» – “été”", "网络安全"] {
            let twice = super::WINDOWS_1252.decode_without_bom_handling(text.as_bytes()).0;
            assert_eq!(read(twice.as_bytes(), Labels::default()), (text.to_owned(), vec!["UTF-8 encoded twice, decoded twice".to_owned()]));
        }
        for text in ["Ã", "Kälte", "Ã¼ber und über", "£€"] {
            assert_eq!(read(text.as_bytes(), Labels::default()), (text.to_owned(), vec![]), "{text}");
        }
    }

    #[test]
    fn forbidden_characters_are_dropped_and_counted() {
        assert_eq!(
            read("a\u{0}b\u{1F}c\u{FFFE}d\te".as_bytes(), Labels::default()),
            ("abcd\te".to_owned(), vec!["3 characters that XML forbids were dropped".to_owned()])
        );
    }
}
