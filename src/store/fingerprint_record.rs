//! The binary form of fingerprints in the archive.

use super::codec::{Decoder, Encoder};
use crate::{
    dedup::{Fingerprint, SLOTS, Sketch, TextPrint},
    model::{LinkKey, Timestamp},
};

/// The encoding that this program writes.
const ENCODING: u8 = 1;

/// Writes a fingerprint.
pub(super) fn encode(print: &Fingerprint) -> Vec<u8> {
    Encoder::default()
        .u8(ENCODING)
        .i64(print.dated.as_millis())
        .u64(print.speaker)
        .u64(print.site)
        .u8(u8::from(print.is_catalogued))
        .option(print.key.as_ref(), |out, key| out.bytes(key.as_str().as_bytes()))
        .u64(print.fragment)
        .list(&print.declared, |out, key| out.bytes(key.as_str().as_bytes()))
        .bytes(print.title.as_bytes())
        .list(&print.numbers, |out, number| out.varint(*number))
        .list(&print.ids, |out, id| out.u64(*id))
        .option(print.text.as_ref(), |out, text| {
            let out = out.u32(text.useful).u32(text.shingles);
            text.sketch.0.iter().fold(out, |out, slot| out.u16(*slot))
        })
        .finish()
}

/// Reads a fingerprint; `None` for one of an encoding that this program does not know.
pub(super) fn decode(bytes: &[u8]) -> Option<Fingerprint> {
    let mut input = Decoder::new(bytes);
    if input.u8()? != ENCODING {
        return None;
    }
    Some(Fingerprint {
        dated: Timestamp::from_millis(input.i64()?),
        speaker: input.u64()?,
        site: input.u64()?,
        is_catalogued: input.u8()? == 1,
        key: input.option(|input| input.string().map(LinkKey::new))?,
        fragment: input.u64()?,
        declared: input.list(|input| input.string().map(LinkKey::new))?,
        title: input.string()?,
        numbers: input.list(Decoder::varint)?,
        ids: input.list(Decoder::u64)?,
        text: input.option(read_text)?,
    })
}

fn read_text(input: &mut Decoder<'_>) -> Option<TextPrint> {
    let (useful, shingles) = (input.u32()?, input.u32()?);
    let mut slots = [0; SLOTS];
    for slot in &mut slots {
        *slot = input.u16()?;
    }
    Some(TextPrint { useful, shingles, sketch: Sketch(slots) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_read_back() {
        let key = |text: &str| LinkKey::new(text.to_owned());
        let text = TextPrint { useful: 900, shingles: 850, sketch: Sketch(std::array::from_fn(|slot| slot as u16 * 511)) };
        for text in [None, Some(text)] {
            let print = Fingerprint {
                dated: Timestamp::from_millis(-5),
                speaker: u64::MAX,
                site: 3,
                is_catalogued: true,
                key: Some(key("wx:a:1:1")),
                fragment: 7,
                declared: vec![key("example.com/1"), key("网安")],
                title: "网安要闻".to_owned(),
                numbers: vec![2024, u64::MAX],
                ids: vec![1],
                text,
            };
            let bytes = encode(&print);
            assert_eq!(decode(&bytes), Some(print));
            assert_eq!(decode(&bytes[..bytes.len() - 1]), None);
        }
    }
}
