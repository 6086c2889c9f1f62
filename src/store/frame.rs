//! Frames: how records stand in the archive's segments and in the journal, so that a torn one is recognised.
//!
//! A frame is a four-byte mark, the payload's length (u32), a CRC-32C over length and payload (u32), and the payload; numbers are
//! little-endian. The mark lets a reader find the next frame behind a damaged one.

/// Begins every frame.
const MARK: [u8; 4] = *b"WFr\x01";

/// Bytes before the payload.
pub(super) const OVERHEAD: usize = 12;

/// Appends one frame around `payload` to `out`.
pub(super) fn write(out: &mut Vec<u8>, payload: &[u8]) {
    let length = u32::try_from(payload.len()).expect("a record is far below 4 GiB: item limits cap every field");
    out.extend_from_slice(&MARK);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&checksum(length, payload).to_le_bytes());
    out.extend_from_slice(payload);
}

/// The payload of the frame that `bytes` begin with, if it is whole and undamaged.
pub(super) fn read(bytes: &[u8]) -> Option<&[u8]> {
    let rest = bytes.strip_prefix(&MARK)?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (sum, rest) = rest.split_first_chunk::<4>()?;
    let length = u32::from_le_bytes(*length);
    let payload = rest.get(..length as usize)?;
    (checksum(length, payload) == u32::from_le_bytes(*sum)).then_some(payload)
}

/// Bytes of the whole frame whose first `OVERHEAD` bytes these are, as it says itself.
pub(super) fn length(head: &[u8]) -> Option<u64> {
    let (length, _) = head.strip_prefix(&MARK)?.split_first_chunk::<4>()?;
    Some(u64::from(u32::from_le_bytes(*length)) + OVERHEAD as u64)
}

/// Where the next undamaged frame begins in `bytes`, at or after `from`.
pub(super) fn find(bytes: &[u8], from: usize) -> Option<usize> {
    (from..bytes.len().saturating_sub(OVERHEAD - 1)).find(|at| bytes[*at..].starts_with(&MARK) && read(&bytes[*at..]).is_some())
}

fn checksum(length: u32, payload: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&length.to_le_bytes()), payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_back_and_its_successor_found() {
        let mut bytes = Vec::new();
        write(&mut bytes, b"first");
        let second = bytes.len();
        write(&mut bytes, b"");
        assert_eq!(read(&bytes), Some(&b"first"[..]));
        assert_eq!(read(&bytes[second..]), Some(&b""[..]));
        assert_eq!(find(&bytes, 1), Some(second));
        assert_eq!(find(&bytes, second + 1), None);
    }

    #[test]
    fn a_frame_with_any_byte_changed_or_missing_is_no_frame() {
        let mut bytes = Vec::new();
        write(&mut bytes, b"payload");
        for at in 0..bytes.len() {
            assert_eq!(read(&bytes[..at]), None, "cut at {at}");
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x40;
            assert_eq!(read(&damaged), None, "changed at {at}");
        }
        assert_eq!(read(&[0; 64]), None, "a hole of zeros");
    }
}
