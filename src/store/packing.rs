//! Compression with contexts that are kept: making one costs more than packing a typical item.

use std::{cell::RefCell, io};

use zstd::bulk::{Compressor, Decompressor};

/// The level: higher ones gain under 3 % on texts of this length and cost twice the time.
const LEVEL: i32 = 3;

thread_local! {
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Packs bytes.
pub(super) fn pack(bytes: &[u8]) -> io::Result<Vec<u8>> {
    COMPRESSOR.with_borrow_mut(|kept| match kept {
        Some(compressor) => compressor.compress(bytes),
        None => kept.insert(Compressor::new(LEVEL)?).compress(bytes),
    })
}

/// Unpacks what becomes at most `bytes_max` bytes.
pub(super) fn unpack(packed: &[u8], bytes_max: usize) -> io::Result<Vec<u8>> {
    DECOMPRESSOR.with_borrow_mut(|kept| match kept {
        Some(decompressor) => decompressor.decompress(packed, bytes_max),
        None => kept.insert(Decompressor::new()?).decompress(packed, bytes_max),
    })
}

#[cfg(test)]
mod tests {
    use super::{pack, unpack};

    #[test]
    fn contexts_are_used_again_without_a_trace() {
        let texts: [&[u8]; 3] = [b"one", &[7; 10_000], b""];
        let packed: Vec<_> = texts.iter().map(|text| pack(text).expect("packed")).collect();
        for (text, packed) in texts.iter().zip(&packed) {
            assert_eq!(unpack(packed, 10_000).expect("unpacked"), *text);
        }
        assert!(unpack(&packed[1], 9_999).is_err(), "never more than allowed");
        assert!(unpack(b"garbage", 100).is_err());
        assert_eq!(unpack(&packed[0], 3).expect("unpacked after a failure"), b"one");
    }
}
