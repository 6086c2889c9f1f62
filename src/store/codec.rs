//! The plain binary form of index rows and fingerprints: big-endian numbers, variable-length counts, length-prefixed bytes.
//!
//! Index rows can be made again from the archive, so they carry no version of their own: the head row's format number stands for all.

use crate::model::{Digest, Timestamp, ZonedTime};

/// Writes values one after the other.
#[derive(Default)]
pub(super) struct Encoder(Vec<u8>);

/// Reads them back; `None` where the bytes end early or make no sense.
pub(super) struct Decoder<'a>(&'a [u8]);

impl Encoder {
    pub(super) fn finish(self) -> Vec<u8> {
        self.0
    }

    pub(super) fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    pub(super) fn u8(self, value: u8) -> Self {
        self.raw(&[value])
    }

    pub(super) fn u16(self, value: u16) -> Self {
        self.raw(&value.to_be_bytes())
    }

    pub(super) fn u32(self, value: u32) -> Self {
        self.raw(&value.to_be_bytes())
    }

    pub(super) fn u64(self, value: u64) -> Self {
        self.raw(&value.to_be_bytes())
    }

    pub(super) fn i64(self, value: i64) -> Self {
        self.raw(&value.to_be_bytes())
    }

    /// LEB128: seven bits a byte, lowest first.
    pub(super) fn varint(mut self, mut value: u64) -> Self {
        while value >= 0x80 {
            self.0.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
        self
    }

    pub(super) fn bytes(self, bytes: &[u8]) -> Self {
        self.varint(bytes.len() as u64).raw(bytes)
    }

    pub(super) fn digest(self, digest: Digest) -> Self {
        self.raw(digest.as_bytes())
    }

    pub(super) fn zoned(self, time: ZonedTime) -> Self {
        self.i64(time.at().as_millis()).u16(time.offset_minutes().cast_unsigned())
    }

    /// A presence byte, then the value if there is one.
    pub(super) fn option<T>(self, value: Option<T>, write: impl FnOnce(Self, T) -> Self) -> Self {
        match value {
            Some(value) => write(self.u8(1), value),
            None => self.u8(0),
        }
    }

    /// A count, then the values.
    pub(super) fn list<T>(self, values: &[T], write: impl Fn(Self, &T) -> Self) -> Self {
        values.iter().fold(self.varint(values.len() as u64), write)
    }
}

impl<'a> Decoder<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether everything has been read.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What has not been read yet.
    pub(super) fn rest(self) -> &'a [u8] {
        self.0
    }

    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(count)?;
        self.0 = tail;
        Some(head)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    pub(super) fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_be_bytes)
    }

    pub(super) fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// A count that the bytes left can hold, so that a damaged one cannot ask for memory.
    pub(super) fn count(&mut self) -> Option<usize> {
        usize::try_from(self.varint()?).ok().filter(|count| *count <= self.0.len())
    }

    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let count = self.count()?;
        self.take(count)
    }

    pub(super) fn string(&mut self) -> Option<String> {
        String::from_utf8(self.bytes()?.to_vec()).ok()
    }

    pub(super) fn digest(&mut self) -> Option<Digest> {
        self.array().map(Digest::from_bytes)
    }

    pub(super) fn zoned(&mut self) -> Option<ZonedTime> {
        let at = Timestamp::from_millis(self.i64()?);
        Some(ZonedTime::new(at, self.u16()?.cast_signed()))
    }

    pub(super) fn option<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        match self.u8()? {
            0 => Some(None),
            1 => read(self).map(Some),
            _ => None,
        }
    }

    pub(super) fn list<T>(&mut self, mut read: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.count()?;
        (0..count).map(|_| read(self)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let time = ZonedTime::new(Timestamp::from_secs(1_726_156_800), -480);
        let bytes = Encoder::default()
            .varint(u64::MAX)
            .varint(127)
            .bytes("网安".as_bytes())
            .zoned(time)
            .option(Some(7), Encoder::u32)
            .option(None, Encoder::u32)
            .list(&[1, 2], |out, value| out.u64(*value))
            .finish();
        let mut input = Decoder::new(&bytes);
        assert_eq!(input.varint(), Some(u64::MAX));
        assert_eq!(input.varint(), Some(127));
        assert_eq!(input.string().as_deref(), Some("网安"));
        assert_eq!(input.zoned(), Some(time));
        assert_eq!(input.option(Decoder::u32), Some(Some(7)));
        assert_eq!(input.option(Decoder::u32), Some(None));
        assert_eq!(input.list(Decoder::u64), Some(vec![1, 2]));
        assert!(input.rest().is_empty());
    }

    #[test]
    fn bytes_cut_anywhere_are_refused_and_never_panic() {
        let bytes = Encoder::default().list(&["a", "bc"], |out, text| out.bytes(text.as_bytes())).u64(9).finish();
        for end in 0..bytes.len() {
            let mut input = Decoder::new(&bytes[..end]);
            assert!(input.list(Decoder::string).and_then(|_| input.u64()).is_none(), "cut at {end}");
        }
    }

    #[test]
    fn a_damaged_count_asks_for_no_memory() {
        let bytes = Encoder::default().varint(u64::MAX >> 1).finish();
        assert_eq!(Decoder::new(&bytes).list(Decoder::u64), None);
    }
}
