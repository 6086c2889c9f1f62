//! A file's bytes as text.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8};

/// One damaged character in this many bytes is forgiven: files are cut in the middle of one.
const BYTES_PER_FAULT: usize = 500;

/// The text of a file: by its byte order mark, else UTF-8, else the encoding it looks like. `None` for binary data and for bytes that
/// fit no encoding.
pub(super) fn text(bytes: &[u8]) -> Option<String> {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return Some(encoding.decode(bytes).0.into_owned());
    }
    if bytes.contains(&0) {
        return None;
    }
    let (utf8, _) = UTF_8.decode_without_bom_handling(bytes);
    let faults = utf8.chars().filter(|c| *c == '\u{FFFD}').count();
    if faults <= 1 + bytes.len() / BYTES_PER_FAULT {
        return Some(utf8.into_owned());
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let (text, has_faults) = detector.guess(None, Utf8Detection::Deny).decode_without_bom_handling(bytes);
    (!has_faults).then(|| text.into_owned())
}

#[cfg(test)]
mod tests {
    use encoding_rs::{GBK, UTF_8};

    use super::text;

    #[test]
    fn encodings_are_recognised() {
        let chinese = "国家计算机网络应急技术处理协调中心发布了安全公告，提醒用户及时升级。";
        assert_eq!(text(chinese.as_bytes()).as_deref(), Some(chinese));
        assert_eq!(text(&GBK.encode(chinese).0).as_deref(), Some(chinese));
        assert_eq!(text(format!("\u{FEFF}{chinese}").as_bytes()).as_deref(), Some(chinese));
        let utf16: Vec<u8> = [0xFF, 0xFE].into_iter().chain(chinese.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert_eq!(text(&utf16).as_deref(), Some(chinese));
        let cut = &UTF_8.encode(chinese).0[..40];
        assert!(text(cut).expect("one damaged character is forgiven").starts_with("国家计算机"));
        assert_eq!(text(b"\x7fELF\x02\0\0"), None);
    }
}
