//! Content codings, undone chunk by chunk under a cap, so that a small body cannot become a large one in memory.

use brotli::{BrotliDecompressStream, BrotliResult, BrotliState, HeapAlloc, HuffmanCode};
use flate2::{Decompress, FlushDecompress, Status};
use reqwest::header::{CONTENT_ENCODING, HeaderMap};

use crate::model::Failure;

/// Bytes by which the output grows at first, and the size of brotli's scratch space.
const STEP_BYTES: usize = 32 << 10;

/// Members of one gzip body. Real files have one; thousands of empty ones only cost time.
const GZIP_MEMBERS_MAX: u32 = 1024;

/// The codings we can undo (RFC 9110 section 8.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// Nothing to undo.
    Identity,
    /// `gzip`, `x-gzip`.
    Gzip,
    /// `deflate`: zlib, or the bare stream that many servers send under that name.
    Deflate,
    /// `br`.
    Brotli,
}

impl Coding {
    /// The coding a response names, in any case. More than one layer, or one that was not asked for, is a broken body.
    pub fn of(headers: &HeaderMap) -> Result<Self, Failure> {
        let mut coding = Self::Identity;
        for value in headers.get_all(CONTENT_ENCODING) {
            let value = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
            for name in value.split(',').map(str::trim).filter(|name| !matches!(*name, "" | "identity")) {
                if coding != Self::Identity {
                    return Err(Failure::BrokenBody("coded more than once".to_owned()));
                }
                coding = match name {
                    "gzip" | "x-gzip" => Self::Gzip,
                    "deflate" => Self::Deflate,
                    "br" => Self::Brotli,
                    _ => return Err(Failure::BrokenBody("its content coding was not asked for".to_owned())),
                };
            }
        }
        Ok(coding)
    }
}

/// A body on its way out of its coding.
pub struct Decoder {
    machine: Machine,
    body: Vec<u8>,
    bytes_max: usize,
}

enum Machine {
    Identity,
    /// `deflate` whose first two bytes have not both been seen.
    Sniffing(Vec<u8>),
    Inflating(Inflating),
    Brotli(Box<Unbrotli>),
}

struct Inflating {
    zlib: Decompress,
    ended: bool,
    /// Members begun, for gzip; the others have one.
    members: u32,
    members_max: u32,
}

type BrotliMachine = BrotliState<HeapAlloc<u8>, HeapAlloc<u32>, HeapAlloc<HuffmanCode>>;

struct Unbrotli {
    state: BrotliMachine,
    scratch: Vec<u8>,
    ended: bool,
}

impl Decoder {
    /// A decoder that gives up once it has produced more than `bytes_max` bytes.
    pub fn new(coding: Coding, bytes_max: u64) -> Self {
        let machine = match coding {
            Coding::Identity => Machine::Identity,
            Coding::Deflate => Machine::Sniffing(Vec::new()),
            Coding::Gzip => Machine::Inflating(Inflating::new(Decompress::new_gzip(15), GZIP_MEMBERS_MAX)),
            Coding::Brotli => Machine::Brotli(Box::new(Unbrotli::new())),
        };
        Self { machine, body: Vec::new(), bytes_max: usize::try_from(bytes_max).unwrap_or(usize::MAX) }
    }

    /// Takes the next chunk. [`Failure::TooLarge`] over the cap, [`Failure::BrokenBody`] for a broken stream.
    pub fn push(&mut self, chunk: &[u8]) -> Result<(), Failure> {
        let mut out = Output { body: &mut self.body, bytes_max: self.bytes_max };
        match &mut self.machine {
            Machine::Identity => out.extend(chunk),
            Machine::Inflating(inflating) => inflating.push(chunk, &mut out),
            Machine::Brotli(unbrotli) => unbrotli.push(chunk, &mut out),
            Machine::Sniffing(seen) => {
                seen.extend_from_slice(chunk);
                let &[first, second, ..] = seen.as_slice() else { return Ok(()) };
                let mut inflating = Inflating::new(Decompress::new(is_zlib(first, second)), 1);
                let pushed = inflating.push(seen, &mut out);
                self.machine = Machine::Inflating(inflating);
                pushed
            }
        }
    }

    /// The whole body. A stream that stops before its own end is broken.
    pub fn finish(self) -> Result<Vec<u8>, Failure> {
        let whole = match &self.machine {
            Machine::Identity => true,
            Machine::Sniffing(seen) => seen.is_empty(),
            // A coding of nothing at all is an empty body; the caller knows what that means.
            Machine::Inflating(inflating) => inflating.ended || (inflating.zlib.total_in() == 0 && self.body.is_empty()),
            Machine::Brotli(unbrotli) => unbrotli.ended,
        };
        if whole { Ok(self.body) } else { Err(Failure::BrokenBody("its compressed stream ends early".to_owned())) }
    }
}

/// The two header bytes of RFC 1950: method 8, and a multiple of 31.
fn is_zlib(first: u8, second: u8) -> bool {
    first & 0x0f == 8 && u16::from_be_bytes([first, second]).is_multiple_of(31)
}

/// The decoded bytes and their cap.
struct Output<'a> {
    body: &'a mut Vec<u8>,
    bytes_max: usize,
}

impl Output<'_> {
    fn too_large(&self) -> Failure {
        Failure::TooLarge { bytes_max: self.bytes_max as u64 }
    }

    /// Makes room for the next bytes, never for more than one byte over the cap: that byte shows that the body is too large.
    fn make_room(&mut self) {
        if self.body.len() == self.body.capacity() {
            let growth = self.body.len().max(STEP_BYTES).min(self.bytes_max.saturating_add(1) - self.body.len());
            self.body.reserve_exact(growth);
        }
    }

    fn extend(&mut self, mut bytes: &[u8]) -> Result<(), Failure> {
        if bytes.len() > self.bytes_max.saturating_sub(self.body.len()) {
            return Err(self.too_large());
        }
        while !bytes.is_empty() {
            self.make_room();
            let (now, later) = bytes.split_at(bytes.len().min(self.body.capacity() - self.body.len()));
            self.body.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }
}

impl Inflating {
    const fn new(zlib: Decompress, members_max: u32) -> Self {
        Self { zlib, ended: false, members: 1, members_max }
    }

    fn push(&mut self, mut chunk: &[u8], out: &mut Output<'_>) -> Result<(), Failure> {
        loop {
            if self.ended && !self.begin_next_member(chunk) {
                return Ok(());
            }
            out.make_room();
            let (read_before, written_before) = (self.zlib.total_in(), out.body.len());
            let status = self
                .zlib
                .decompress_vec(chunk, out.body, FlushDecompress::None)
                .map_err(|_| Failure::BrokenBody("its compressed stream is damaged".to_owned()))?;
            let read = usize::try_from(self.zlib.total_in() - read_before).unwrap_or(chunk.len());
            chunk = &chunk[read..];
            if out.body.len() > out.bytes_max {
                return Err(out.too_large());
            }
            let is_full = out.body.len() == out.body.capacity();
            match status {
                Status::StreamEnd => self.ended = true,
                _ if chunk.is_empty() && !is_full => return Ok(()),
                _ if read == 0 && out.body.len() == written_before => {
                    return Err(Failure::BrokenBody("its compressed stream is damaged".to_owned()));
                }
                _ => {}
            }
        }
    }

    /// After the end: another gzip member, or bytes that mean nothing and are passed over, as `gzip` itself does.
    fn begin_next_member(&mut self, rest: &[u8]) -> bool {
        let is_member = rest.first() == Some(&0x1f) && self.members < self.members_max;
        if is_member {
            self.zlib.reset(true);
            self.members += 1;
            self.ended = false;
        }
        is_member
    }
}

impl Unbrotli {
    fn new() -> Self {
        // Strict: without the windows of up to a gigabyte that `br` (RFC 7932) does not have.
        let state = BrotliState::new_strict(HeapAlloc::new(0), HeapAlloc::new(0), HeapAlloc::new(HuffmanCode::default()));
        Self { state, scratch: vec![0; STEP_BYTES], ended: false }
    }

    fn push(&mut self, chunk: &[u8], out: &mut Output<'_>) -> Result<(), Failure> {
        let (mut left, mut read, mut total) = (chunk.len(), 0, 0);
        while !self.ended {
            let (mut room, mut written) = (self.scratch.len(), 0);
            let result = BrotliDecompressStream(
                &mut left,
                &mut read,
                chunk,
                &mut room,
                &mut written,
                &mut self.scratch,
                &mut total,
                &mut self.state,
            );
            out.extend(&self.scratch[..written])?;
            match result {
                BrotliResult::NeedsMoreOutput => {}
                BrotliResult::NeedsMoreInput => return Ok(()),
                BrotliResult::ResultSuccess => self.ended = true,
                BrotliResult::ResultFailure => return Err(Failure::BrokenBody("its compressed stream is damaged".to_owned())),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{
        Compression,
        write::{DeflateEncoder, GzEncoder, ZlibEncoder},
    };
    use reqwest::header::{CONTENT_ENCODING, HeaderMap, HeaderValue};

    use super::{Coding, Decoder, GZIP_MEMBERS_MAX};
    use crate::model::Failure;

    const BYTES_MAX: u64 = 100_000;

    fn decode(coding: Coding, bytes: &[u8], chunk_bytes: usize) -> Result<Vec<u8>, Failure> {
        let mut decoder = Decoder::new(coding, BYTES_MAX);
        bytes.chunks(chunk_bytes).try_for_each(|chunk| decoder.push(chunk))?;
        decoder.finish()
    }

    /// Every coding of a text, with its name.
    fn samples(text: &[u8]) -> Vec<(Coding, Vec<u8>)> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::best());
        let mut bare = DeflateEncoder::new(Vec::new(), Compression::best());
        for encoder in [&mut gzip as &mut dyn Write, &mut zlib, &mut bare] {
            encoder.write_all(text).expect("a Vec takes everything");
        }
        let mut br = Vec::new();
        brotli::CompressorWriter::new(&mut br, 4096, 5, 22).write_all(text).expect("a Vec takes everything");
        vec![
            (Coding::Gzip, gzip.finish().expect("coded")),
            (Coding::Deflate, zlib.finish().expect("coded")),
            (Coding::Deflate, bare.finish().expect("coded")),
            (Coding::Brotli, br),
        ]
    }

    /// Text with some structure and some noise.
    fn text(bytes: usize) -> Vec<u8> {
        let mut seed = 1_u32;
        let mut text = b"<item>".repeat(bytes / 6 + 1);
        for byte in text.iter_mut().step_by(5) {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *byte = seed.to_be_bytes()[0];
        }
        text.truncate(bytes);
        text
    }

    #[test]
    fn chunks_of_any_size_give_the_same_body() {
        for bytes in [1, 1000, 40_000, 100_000] {
            let text = text(bytes);
            for (coding, coded) in samples(&text) {
                for chunk_bytes in [1, 2, 7, 1000, coded.len()] {
                    assert!(decode(coding, &coded, chunk_bytes).as_ref() == Ok(&text), "{coding:?} of {bytes} by {chunk_bytes}");
                }
            }
        }
    }

    #[test]
    fn one_byte_over_the_cap_is_too_much_and_memory_stays_under_it() {
        let too_large = Failure::TooLarge { bytes_max: BYTES_MAX };
        for bytes in [100_001, 10_000_000] {
            for (coding, coded) in samples(&vec![b'x'; bytes]) {
                let mut decoder = Decoder::new(coding, BYTES_MAX);
                assert_eq!(decoder.push(&coded), Err(too_large.clone()), "{coding:?}");
                assert!(decoder.body.capacity() <= 100_001, "{coding:?}: {}", decoder.body.capacity());
            }
        }
    }

    #[test]
    fn damage_anywhere_is_an_answer_and_never_a_panic() {
        let text = text(600);
        for (coding, coded) in samples(&text) {
            for at in 0..coded.len() {
                assert_ne!(decode(coding, &coded[..at], 64).as_ref(), Ok(&text), "{coding:?} cut at {at}");
                for flip in [0x01, 0x10, 0x80, 0xff] {
                    let mut damaged = coded.clone();
                    damaged[at] ^= flip;
                    let _ = decode(coding, &damaged, 64);
                }
            }
            // Noise without any header, and windows that `br` does not have.
            assert!(matches!(decode(Coding::Brotli, &[0x11, 30, 0, 0, 0, 0, 0, 0], 8), Err(Failure::BrokenBody(_))));
            for skip in 0..200 {
                let _ = decode(coding, &text[skip..], 50);
            }
        }
    }

    #[test]
    fn members_of_a_gzip_body_are_joined_and_counted() {
        let member = |text: &[u8]| samples(text).swap_remove(0).1;
        let joined = [member(b"one "), member(b""), member(b"two")].concat();
        assert_eq!(decode(Coding::Gzip, &joined, 5), Ok(b"one two".to_vec()));
        let flood = member(b"x").repeat(5000);
        assert_eq!(decode(Coding::Gzip, &flood, 1000).map(|body| body.len()), Ok(GZIP_MEMBERS_MAX as usize));
    }

    #[test]
    fn codings_are_named_in_any_case_and_once() {
        for (value, wanted) in [
            ("", Some(Coding::Identity)),
            ("identity", Some(Coding::Identity)),
            ("GZip", Some(Coding::Gzip)),
            ("x-gzip", Some(Coding::Gzip)),
            ("identity,deflate", Some(Coding::Deflate)),
            (" BR ,", Some(Coding::Brotli)),
            ("gzip, gzip", None),
            ("br, identity, gzip", None),
            ("zstd", None),
            ("compress", None),
            ("gzip;q=1", None),
        ] {
            let headers = HeaderMap::from_iter([(CONTENT_ENCODING, HeaderValue::from_static(value))]);
            assert_eq!(Coding::of(&headers).ok(), wanted, "{value}");
        }
    }
}
