//! A body in the parts that it was put together from: a feed that gains one story shares all others with the feed before.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
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
    whole: Arc<Whole>,
}

/// A body in one piece, for those that are sent again and again: many pieces cost many writes.
#[derive(Default)]
struct Whole {
    was_sent: AtomicBool,
    bytes: OnceLock<Bytes>,
}

impl<T: Into<Part>> From<T> for Parts {
    fn from(whole: T) -> Self {
        std::iter::once(whole.into()).collect()
    }
}

impl FromIterator<Part> for Parts {
    fn from_iter<I: IntoIterator<Item = Part>>(parts: I) -> Self {
        let parts: Arc<[Part]> = parts.into_iter().filter(|part| part.len() > 0).collect();
        Self { bytes: parts.iter().map(Part::len).sum(), parts, whole: Arc::default() }
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

    /// The body of an answer: the parts, and from the second time on the whole.
    pub(super) fn sending(&self) -> Sending {
        let left = self.bytes as u64;
        if self.parts.len() < 2 || !self.whole.was_sent.swap(true, Ordering::Relaxed) {
            return Sending { pieces: Pieces::Parts(Arc::clone(&self.parts), 0), left };
        }
        let whole = self.whole.bytes.get_or_init(|| self.iter().collect::<Vec<_>>().concat().into());
        Sending { pieces: Pieces::Whole(Some(whole.clone())), left }
    }
}

/// Hands out one piece after the other.
pub(super) struct Sending {
    pieces: Pieces,
    left: u64,
}

enum Pieces {
    /// The parts, and the place of the next one.
    Parts(Arc<[Part]>, usize),
    Whole(Option<Bytes>),
}

impl Pieces {
    fn next(&mut self) -> Option<Bytes> {
        match self {
            Self::Parts(parts, next) => {
                let part = parts.get(*next).map(|part| part.bytes.clone());
                *next += 1;
                part
            }
            Self::Whole(whole) => whole.take(),
        }
    }
}

impl Body for Sending {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = self.pieces.next();
        self.left -= piece.as_ref().map_or(0, Bytes::len) as u64;
        Poll::Ready(piece.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::Pin,
        task::{Context, Poll, Waker},
    };

    use hyper::body::Body;

    use super::{Part, Parts, Sending};

    /// The pieces of an answer.
    fn pieces(mut body: Sending) -> Vec<Vec<u8>> {
        let mut pieces = Vec::new();
        while let Poll::Ready(Some(Ok(frame))) = Pin::new(&mut body).poll_frame(&mut Context::from_waker(Waker::noop())) {
            pieces.push(frame.into_data().expect("data").to_vec());
        }
        assert!(body.is_end_stream() && body.size_hint().exact() == Some(0));
        pieces
    }

    #[test]
    fn what_is_sent_again_is_sent_in_one_piece() {
        let body: Parts = ["a", "", "bc"].into_iter().map(Part::from).collect();
        let first = body.sending();
        assert_eq!(first.size_hint().exact(), Some(3));
        assert_eq!(pieces(first), [b"a".to_vec(), b"bc".to_vec()]);
        for _ in 0..2 {
            assert_eq!(pieces(body.sending()), [b"abc".to_vec()]);
        }
        let (none, one) = (Parts::from_iter([]), Parts::from(Part::from("x")));
        assert_eq!((pieces(none.sending()).len(), pieces(one.sending()).len(), pieces(one.sending()).len()), (0, 1, 1));
    }

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
