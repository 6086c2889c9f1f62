//! A client's socket with two patiences: for the head of a request once it has begun, and for a client that stops reading.

use std::{
    future::Future as _,
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Sleep, sleep},
};

/// From the first byte of a request's head to its last; and from connecting to the first byte.
const HEAD_PATIENCE: Duration = Duration::from_secs(10);

/// A client that takes no byte for so long is gone, or means harm.
const STALL_PATIENCE: Duration = Duration::from_secs(30);

/// Where a connection stands between two requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Phase {
    /// Nothing of the next request has come.
    Idle,
    /// Some of its head has come.
    Head,
    /// It is being answered.
    Busy,
}

/// The phase of one connection, shared between its socket, its service and the list of guests.
#[derive(Clone)]
pub(super) struct SharedPhase(Arc<AtomicU8>);

impl SharedPhase {
    /// A new connection owes us a head.
    pub(super) fn new() -> Self {
        Self(Arc::new(AtomicU8::new(Phase::Head as u8)))
    }

    /// Moves on.
    pub(super) fn set(&self, phase: Phase) {
        self.0.store(phase as u8, Ordering::Relaxed);
    }

    /// Whether the connection stands there.
    pub(super) fn is(&self, phase: Phase) -> bool {
        self.0.load(Ordering::Relaxed) == phase as u8
    }
}

/// The socket. hyper's own timer guards idle connections; it starts with the wait for a head and cannot tell a client that is
/// quiet between two requests from one that sends a byte a second.
pub(super) struct Socket {
    stream: TcpStream,
    phase: SharedPhase,
    head: Option<Pin<Box<Sleep>>>,
    stall: Option<Pin<Box<Sleep>>>,
}

impl Socket {
    /// Wraps an accepted connection.
    pub(super) fn new(stream: TcpStream, phase: SharedPhase) -> Self {
        Self { stream, phase, head: None, stall: None }
    }
}

/// Starts `timer` if it does not run yet, and fails once it has run out.
fn wait(timer: &mut Option<Pin<Box<Sleep>>>, patience: Duration, cx: &mut Context<'_>) -> Poll<io::Error> {
    let timer = timer.get_or_insert_with(|| Box::pin(sleep(patience)));
    timer.as_mut().poll(cx).map(|()| io::ErrorKind::TimedOut.into())
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let socket = &mut *self;
        let before = buffer.filled().len();
        let read = Pin::new(&mut socket.stream).poll_read(cx, buffer);
        if read.is_ready() && buffer.filled().len() > before && socket.phase.is(Phase::Idle) {
            socket.phase.set(Phase::Head);
        }
        if !socket.phase.is(Phase::Head) {
            socket.head = None;
        } else if read.is_pending() {
            return wait(&mut socket.head, HEAD_PATIENCE, cx).map(Err);
        }
        read
    }
}

impl Socket {
    /// Passes a write on and watches for one that does not move.
    fn watch<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_pending() {
            return wait(&mut self.stall, STALL_PATIENCE, cx).map(Err);
        }
        self.stall = None;
        written
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.watch(cx, written)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.watch(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.watch(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
