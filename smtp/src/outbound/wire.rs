//! The bytes under one outgoing connection: TCP that can become TLS in place, and replies cleaned line by line before the
//! SMTP client reads them, because real servers send bare "250", bare LF, legacy charsets and endless lines. Knows no command.

use super::limits;
use super::reply::Reply;
use lettre::transport::smtp::client::AsyncTokioStream;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Instant;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A reply line as handed on; the client above refuses longer ones.
const CLEAN_LINE_BYTES: usize = 700;

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    /// Being upgraded, or closed.
    Gone,
}

struct Inner {
    stream: Stream,
    peer: SocketAddr,
    /// Read but not yet a whole line.
    raw: Vec<u8>,
    /// One cleaned line not yet taken.
    ready: Vec<u8>,
    /// Lines of the reply being read, and whether its last line came.
    lines: Vec<String>,
    complete: bool,
    wrote: bool,
    moved_at: Instant,
    /// Say HELO where the client says EHLO: for servers older than RFC 1869.
    helo: bool,
}

/// The stream given to the SMTP client; clones reach the same connection.
#[derive(Clone)]
pub struct Wire(Arc<Mutex<Inner>>);

impl Wire {
    pub fn new(stream: TcpStream, helo: bool) -> io::Result<Wire> {
        let peer = stream.peer_addr()?;
        Ok(Wire(Arc::new(Mutex::new(Inner {
            stream: Stream::Plain(stream),
            peer,
            raw: Vec::new(),
            ready: Vec::new(),
            lines: Vec::new(),
            complete: false,
            wrote: false,
            moved_at: Instant::now(),
            helo,
        }))))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forget the last reply: the next one is about to be read.
    pub fn expect(&self) {
        let mut inner = self.inner();
        inner.lines.clear();
        inner.complete = false;
    }

    /// The reply just read, if it came whole.
    pub fn reply(&self) -> Option<Reply> {
        let inner = self.inner();
        inner.complete.then(|| Reply::from_lines(&inner.lines))
    }

    pub fn reply_lines(&self) -> Vec<String> {
        self.inner().lines.clone()
    }

    /// Have we said anything yet? (Tells a refused greeting from a refused EHLO.)
    pub fn has_spoken(&self) -> bool {
        self.inner().wrote
    }

    /// When bytes last moved in either direction.
    pub fn moved_at(&self) -> Instant {
        self.inner().moved_at
    }

    /// Becomes TLS; returns version and cipher. What the server sent in clear after its 220 would be read as if it came
    /// inside TLS (response injection, RFC 3207 §6): such a connection is refused.
    pub async fn upgrade(
        &self,
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
    ) -> io::Result<String> {
        let plain = {
            let mut inner = self.inner();
            if !inner.raw.is_empty() || !inner.ready.is_empty() {
                return Err(io::Error::other("server sent clear text after STARTTLS"));
            }
            match std::mem::replace(&mut inner.stream, Stream::Gone) {
                Stream::Plain(plain) => plain,
                _ => return Err(io::Error::other("no clear stream to encrypt")),
            }
        };
        let tls = TlsConnector::from(config).connect(name, plain).await?;
        let session = tls.get_ref().1;
        let version = session
            .protocol_version()
            .and_then(|version| version.as_str())
            .unwrap_or("TLS");
        let cipher = session
            .negotiated_cipher_suite()
            .and_then(|suite| suite.suite().as_str())
            .unwrap_or("");
        let facts = format!("{} {cipher}", version.replace('_', "."));
        let mut inner = self.inner();
        inner.stream = Stream::Tls(Box::new(tls));
        inner.moved_at = Instant::now();
        Ok(facts)
    }
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wire")
    }
}

impl AsyncTokioStream for Wire {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.inner().peer)
    }
}

/// A reply line as the client can read it: three digits, ' ' or '-', text without control characters, bounded.
fn clean(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    let (code, rest) = match text.split_at_checked(3) {
        Some((code, rest)) if code.bytes().all(|b| b.is_ascii_digit()) => (code, rest),
        // Not a reply at all: the code is read as 0, the words are kept.
        _ => return cut(format!("000 {text}")),
    };
    match rest.chars().next() {
        None => format!("{code} "),
        Some(' ' | '-') => cut(format!("{code}{rest}")),
        Some(_) => cut(format!("{code} {rest}")),
    }
}

fn cut(mut line: String) -> String {
    let mut end = line.len().min(CLEAN_LINE_BYTES);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    line.truncate(end);
    line
}

impl Inner {
    /// Moves one whole line from `raw` to `ready`; false when there is none yet.
    fn take_line(&mut self) -> io::Result<bool> {
        let Some(end) = self.raw.iter().position(|byte| *byte == b'\n') else {
            if self.raw.len() > limits::REPLY_LINE_BYTES {
                return Err(io::Error::other("reply line too long"));
            }
            return Ok(false);
        };
        let rest = self.raw.split_off(end + 1);
        let line = clean(&std::mem::replace(&mut self.raw, rest));
        self.ready.extend_from_slice(line.as_bytes());
        self.ready.extend_from_slice(b"\r\n");
        if self.is_refusal() {
            // The client above says QUIT by itself after a refused EHLO; the refusal stays the reply to be judged.
            return Ok(true);
        }
        if self.complete {
            self.lines.clear();
        }
        if self.lines.len() >= limits::REPLY_LINES {
            return Err(io::Error::other("reply has too many lines"));
        }
        self.complete = line.get(3..4) != Some("-");
        self.lines.push(line);
        Ok(true)
    }

    /// A whole reply was read that is neither 2xx nor 3xx.
    fn is_refusal(&self) -> bool {
        let last = self.lines.last().map_or("", String::as_str);
        self.complete && !last.starts_with(['2', '3'])
    }

    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut block = [0_u8; 2_048];
        let mut buf = ReadBuf::new(&mut block);
        ready!(match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(cx, &mut buf),
            Stream::Tls(stream) => Pin::new(stream.as_mut()).poll_read(cx, &mut buf),
            Stream::Gone => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        })?;
        self.raw.extend_from_slice(buf.filled());
        self.moved_at = Instant::now();
        Poll::Ready(Ok(buf.filled().len()))
    }
}

impl AsyncRead for Wire {
    /// Hands on at most one line at a time, so that the reader above never holds bytes of the next reply.
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut inner = self.inner();
        while inner.ready.is_empty() && !inner.take_line()? {
            if ready!(inner.poll_fill(cx))? == 0 {
                return Poll::Ready(Ok(()));
            }
        }
        let count = inner.ready.len().min(buf.remaining());
        let rest = inner.ready.split_off(count);
        buf.put_slice(&inner.ready);
        inner.ready = rest;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut inner = self.inner();
        inner.wrote = true;
        // Same length, so a partial write needs no bookkeeping.
        let helo = (inner.helo && bytes.starts_with(b"EHLO ")).then(|| {
            let mut line = bytes.to_vec();
            line.splice(..4, *b"HELO");
            line
        });
        let bytes = helo.as_deref().unwrap_or(bytes);
        let count = ready!(match &mut inner.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Stream::Tls(stream) => Pin::new(stream.as_mut()).poll_write(cx, bytes),
            Stream::Gone => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        })?;
        inner.moved_at = Instant::now();
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.inner().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Tls(stream) => Pin::new(stream.as_mut()).poll_flush(cx),
            Stream::Gone => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.inner().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Tls(stream) => Pin::new(stream.as_mut()).poll_shutdown(cx),
            Stream::Gone => Poll::Ready(Ok(())),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[test]
    fn lines_are_cleaned() {
        let rows: [(&[u8], &str); 8] = [
            (b"250\r\n", "250 "),
            (b"250 ok\n", "250 ok"),
            (b"250-SIZE 1\r\n", "250-SIZE 1"),
            (b"550 \xc4 b\x00\xe8\r\n", "550 \u{fffd} b\u{fffd}"),
            ("550 Hộp thư đầy\r\n".as_bytes(), "550 Hộp thư đầy"),
            (b"250ok\r\n", "250 ok"),
            (b"hello\r\n", "000 hello"),
            (b"\r\n", "000 "),
        ];
        for (line, expected) in rows {
            assert_eq!(clean(line), expected, "{line:?}");
        }
        assert!(clean(format!("250 {}", "đ".repeat(2_000)).as_bytes()).len() <= CLEAN_LINE_BYTES);
    }

    async fn pair() -> (Wire, TcpStream) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let (far, _) = listener.accept().await.unwrap();
        (Wire::new(near, true).unwrap(), far)
    }

    #[tokio::test]
    async fn one_line_at_a_time_and_the_last_reply_is_known() {
        let (mut wire, mut far) = pair().await;
        far.write_all(b"250-a\n250 b\r\n550 c\r\n").await.unwrap();
        let mut block = [0; 100];
        wire.expect();
        let n = wire.read(&mut block).await.unwrap();
        assert_eq!(&block[..n], b"250-a\r\n");
        assert_eq!(wire.reply(), None);
        let n = wire.read(&mut block).await.unwrap();
        assert_eq!(&block[..n], b"250 b\r\n");
        assert_eq!(wire.reply().unwrap().text, "a b");
        wire.expect();
        let n = wire.read(&mut block).await.unwrap();
        assert_eq!(&block[..n], b"550 c\r\n");
        assert_eq!(wire.reply().unwrap().code, 550);
        wire.write_all(b"EHLO x\r\n").await.unwrap();
        let n = far.read(&mut block).await.unwrap();
        assert_eq!(&block[..n], b"HELO x\r\n");
    }

    #[tokio::test]
    async fn endless_lines_and_replies_end() {
        let (mut wire, mut far) = pair().await;
        far.write_all(&vec![b'2'; limits::REPLY_LINE_BYTES + 2_000])
            .await
            .unwrap();
        let mut block = [0; 100];
        assert!(wire.read(&mut block).await.is_err());

        let (mut wire, mut far) = pair().await;
        far.write_all("250-x\r\n".repeat(1_000).as_bytes())
            .await
            .unwrap();
        let mut lines = 0;
        while wire.read(&mut block).await.is_ok() {
            lines += 1;
            assert!(lines <= limits::REPLY_LINES);
        }
        assert_eq!(lines, limits::REPLY_LINES);
    }
}
