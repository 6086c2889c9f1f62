//! What the scripted origin says, well-formed or not.

use std::{io::Write, time::Duration};

/// One answer. Built from a status and a body, then bent: `Reply::ok("...").header("etag", "\"1\"").drip(1, Duration::from_millis(5))`.
#[derive(Debug, Clone)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    framing: Framing,
    raw: Option<Vec<u8>>,
    is_conditional: bool,
    /// Waited before the first byte.
    pub delay: Duration,
    /// Bytes sent at a time, and the wait after each.
    pub drip: Option<(usize, Duration)>,
    /// Where the message is cut, and how.
    pub cut: Option<(usize, Cut)>,
}

/// How the end of the body is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    /// `Content-Length`, true or not.
    Length(Option<usize>),
    /// `Transfer-Encoding: chunked`.
    Chunked,
    /// The connection closes.
    Close,
    /// Chunks without end: the body again and again.
    Endless,
}

/// How a connection ends too early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// In order (FIN).
    Close,
    /// With a reset (RST).
    Reset,
    /// Not at all: silence.
    Hang,
}

impl Reply {
    /// Any status with an empty body.
    pub fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            framing: Framing::Length(None),
            raw: None,
            is_conditional: false,
            delay: Duration::ZERO,
            drip: None,
            cut: None,
        }
    }

    /// 200 with a body.
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::status(200).body(body)
    }

    /// A redirect.
    pub fn redirect(status: u16, location: &str) -> Self {
        Self::status(status).header("location", location)
    }

    /// Exactly these bytes and then the end of the connection.
    pub fn raw(message: impl Into<Vec<u8>>) -> Self {
        Self { raw: Some(message.into()), framing: Framing::Close, ..Self::status(0) }
    }

    /// 200 whose body is the given text in gzip.
    pub fn gzip(body: impl AsRef<[u8]>) -> Self {
        Self::ok(gzip(body.as_ref())).header("content-encoding", "gzip")
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Adds a header; the value may be any bytes.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// Answers 304 when the request repeats the `ETag`, or without one the `Last-Modified`, of this reply.
    pub fn conditional(mut self) -> Self {
        self.is_conditional = true;
        self
    }

    /// Announces a length that need not be true.
    pub fn announcing(mut self, content_length: usize) -> Self {
        self.framing = Framing::Length(Some(content_length));
        self
    }

    /// Sends the body in chunks.
    pub fn chunked(mut self) -> Self {
        self.framing = Framing::Chunked;
        self
    }

    /// Lets the end of the connection end the body.
    pub fn until_close(mut self) -> Self {
        self.framing = Framing::Close;
        self
    }

    /// Repeats the body for ever.
    pub fn endless(mut self) -> Self {
        self.framing = Framing::Endless;
        self
    }

    /// Waits before answering.
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Sends `bytes` at a time and waits after each.
    pub fn drip(mut self, bytes: usize, every: Duration) -> Self {
        self.drip = Some((bytes, every));
        self
    }

    /// Ends the connection after so many bytes of the whole message, head included.
    pub fn cut(mut self, at: usize, how: Cut) -> Self {
        self.cut = Some((at, how));
        self
    }

    /// Whether the connection cannot be used again.
    pub fn closes(&self) -> bool {
        self.framing == Framing::Close
    }

    /// Whether the last piece is to be sent until nobody reads any more.
    pub fn is_endless(&self) -> bool {
        self.framing == Framing::Endless
    }

    /// The body as a chunk.
    pub fn chunk(&self) -> Vec<u8> {
        let mut chunk = format!("{:x}\r\n", self.body.len()).into_bytes();
        chunk.extend_from_slice(&self.body);
        chunk.extend_from_slice(b"\r\n");
        chunk
    }

    /// The message for a request whose head is `request`.
    pub fn message(&self, request: &[u8]) -> Vec<u8> {
        if let Some(raw) = &self.raw {
            return raw.clone();
        }
        if self.is_conditional && self.is_repeated_in(request) {
            return Self { status: 304, headers: self.headers.clone(), ..Self::status(304) }.head();
        }
        let mut message = self.head();
        match self.framing {
            Framing::Length(_) | Framing::Close => message.extend_from_slice(&self.body),
            Framing::Chunked => {
                message.extend_from_slice(&self.chunk());
                message.extend_from_slice(b"0\r\n\r\n");
            }
            Framing::Endless => {}
        }
        message
    }

    /// The length of the head, for cuts.
    pub fn head_bytes(&self) -> usize {
        self.head().len()
    }

    fn is_repeated_in(&self, request: &[u8]) -> bool {
        let own = |name: &str| self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_slice());
        match (own("etag"), own("last-modified")) {
            (Some(etag), _) => header_of(request, "if-none-match") == Some(etag),
            (None, Some(date)) => header_of(request, "if-modified-since") == Some(date),
            (None, None) => false,
        }
    }

    fn head(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} Scripted\r\n", self.status).into_bytes();
        for (name, value) in &self.headers {
            head.extend_from_slice(name.as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value);
            head.extend_from_slice(b"\r\n");
        }
        match self.framing {
            // These have no body by definition (RFC 9110 section 6.4.1).
            _ if matches!(self.status, 204 | 304) => {}
            Framing::Length(announced) => {
                head.extend_from_slice(format!("content-length: {}\r\n", announced.unwrap_or(self.body.len())).as_bytes());
            }
            Framing::Chunked | Framing::Endless => head.extend_from_slice(b"transfer-encoding: chunked\r\n"),
            Framing::Close => head.extend_from_slice(b"connection: close\r\n"),
        }
        head.extend_from_slice(b"\r\n");
        head
    }
}

/// The value of a header in the head of a message, as raw bytes.
pub fn header_of<'a>(message: &'a [u8], name: &str) -> Option<&'a [u8]> {
    message.split(|byte| *byte == b'\n').find_map(|line| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let colon = line.iter().position(|byte| *byte == b':')?;
        line[..colon].eq_ignore_ascii_case(name.as_bytes()).then(|| line[colon + 1..].trim_ascii())
    })
}

/// The bytes in gzip.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).expect("a Vec takes everything");
    encoder.finish().expect("a Vec takes everything")
}

/// The bytes in brotli.
pub fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut coded = Vec::new();
    brotli::CompressorWriter::new(&mut coded, 4096, 5, 22).write_all(bytes).expect("a Vec takes everything");
    coded
}
