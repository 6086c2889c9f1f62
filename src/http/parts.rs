//! A body in the parts that it was put together from: a feed that gains one story shares all others with the feed before.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use crate::model::Digest;

/// Bytes that are shared, and their digest.
#[derive(Clone)]
pub(super) struct Part {
    bytes: Bytes,
    digest: Digest,
}

impl<T: Into<Bytes>> From<T> for Part {
    fn from(bytes: T) -> Self {
        let bytes = bytes.into();
        Self { digest: Digest::of(&[&bytes]), bytes }
    }
}

impl Part {
    /// How many bytes it has.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The text that it was made from.
    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes).expect("made from text")
    }
}

/// A whole body.
#[derive(Clone)]
pub(super) struct Parts {
    parts: Arc<[Part]>,
    bytes: usize,
}

impl<T: Into<Part>> From<T> for Parts {
    fn from(whole: T) -> Self {
        std::iter::once(whole.into()).collect()
    }
}

impl FromIterator<Part> for Parts {
    fn from_iter<I: IntoIterator<Item = Part>>(parts: I) -> Self {
        let parts: Arc<[Part]> = parts.into_iter().filter(|part| part.len() > 0).collect();
        Self { bytes: parts.iter().map(Part::len).sum(), parts }
    }
}

impl Parts {
    /// A digest of the bytes, made of those of the parts. What is put together alike has the same.
    pub(super) fn digest(&self) -> Digest {
        let digests: Vec<&[u8]> = self.parts.iter().map(|part| &part.digest.as_bytes()[..]).collect();
        Digest::of(&digests)
    }

    /// How many bytes there are.
    pub(super) fn len(&self) -> usize {
        self.bytes
    }

    /// The bytes of each part.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.parts.iter().map(|part| &part.bytes[..])
    }

    /// The body of an answer.
    pub(super) fn sending(&self) -> Sending {
        Sending { parts: Arc::clone(&self.parts), next: 0, left: self.bytes as u64 }
    }
}

/// Hands out one part after the other.
pub(super) struct Sending {
    parts: Arc<[Part]>,
    next: usize,
    left: u64,
}

impl Body for Sending {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let part = self.parts.get(self.next).map(|part| part.bytes.clone());
        self.next += 1;
        self.left -= part.as_ref().map_or(0, Bytes::len) as u64;
        Poll::Ready(part.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.next >= self.parts.len()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use super::{Part, Parts};

    #[test]
    fn the_digest_tells_bodies_apart_and_nothing_else() {
        let of = |texts: &[&'static str]| texts.iter().map(|text| Part::from(*text)).collect::<Parts>();
        assert_eq!(of(&["a", "", "b"]).digest(), of(&["a", "b"]).digest());
        assert_eq!(of(&["a", "", "b"]).iter().collect::<Vec<_>>().concat(), b"ab");
        for other in [&["a", "c"][..], &["b", "a"], &["a"], &["a", "b", "b"], &[]] {
            assert_ne!(of(other).digest(), of(&["a", "b"]).digest(), "{other:?}");
        }
    }
}
