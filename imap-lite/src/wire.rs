//! One connection as a session sees it: bytes in through `Input`, answers out through a bounded buffer. Knows streams, not
//! sockets; every wait has its end.

use crate::limits;
use crate::proto::Input;
use bytes::Bytes;
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// A stream of bytes both ways: TCP, TLS, or a pipe in a test.
pub trait Transport: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Transport for T {}

pub struct Wire {
    stream: Box<dyn Transport>,
    pub input: Input,
    /// Answers not yet written; commands append here and call `room` between rows.
    pub out: Vec<u8>,
    secure: bool,
    /// What the TLS connection is known by at both ends (RFC 9266 §2).
    exporter: Option<[u8; 32]>,
}

impl Wire {
    pub fn new(stream: Box<dyn Transport>, secure: bool) -> Wire {
        Wire {
            stream,
            input: Input::default(),
            out: Vec::new(),
            secure,
            exporter: None,
        }
    }

    /// For channel binding, where TLS is on.
    pub fn exporter(&self) -> Option<&[u8]> {
        self.exporter.as_ref().map(|bytes| bytes.as_slice())
    }

    /// Is TLS on?
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Reads what comes next; 0 is the end.
    pub async fn read(&mut self) -> io::Result<usize> {
        self.stream.read_buf(self.input.space()).await
    }

    /// Writes all that waits.
    pub async fn flush(&mut self) -> io::Result<()> {
        if !self.out.is_empty() {
            let written = async {
                self.stream.write_all(&self.out).await?;
                self.stream.flush().await
            };
            in_time(written).await?;
            match self.out.capacity() > limits::REST_BYTES_MAX {
                true => self.out = Vec::new(),
                false => self.out.clear(),
            }
        }
        Ok(())
    }

    /// Writes when enough waits, so that an answer of any length needs little memory.
    pub async fn room(&mut self) -> io::Result<()> {
        if self.out.len() < limits::OUT_BYTES_MAX {
            return Ok(());
        }
        let written = self.stream.write_all(&self.out);
        in_time(written).await?;
        self.out.clear();
        Ok(())
    }

    /// Writes large bytes without copying them.
    pub async fn send(&mut self, bytes: &Bytes) -> io::Result<()> {
        if bytes.len() <= limits::OUT_BYTES_MAX / 4 {
            self.out.extend_from_slice(bytes);
            return self.room().await;
        }
        in_time(self.stream.write_all(&self.out)).await?;
        self.out.clear();
        for piece in bytes.chunks(limits::OUT_BYTES_MAX) {
            in_time(self.stream.write_all(piece)).await?;
        }
        Ok(())
    }

    /// Gives memory back before a long silence.
    pub fn rest(&mut self) {
        self.input.rest();
    }

    /// Goes over to TLS; whatever the peer sent before is forgotten (RFC 9051 §6.2.1).
    pub async fn start_tls(&mut self, config: Arc<rustls::ServerConfig>) -> io::Result<()> {
        self.flush().await?;
        self.input.clear();
        let clear = std::mem::replace(&mut self.stream, Box::new(tokio::io::empty()));
        let handshake = tokio_rustls::TlsAcceptor::from(config).accept(clear);
        let stream = in_time(handshake).await?;
        let (_, connection) = stream.get_ref();
        let label = b"EXPORTER-Channel-Binding";
        self.exporter = connection
            .export_keying_material([0; 32], label, Some(&[]))
            .ok();
        self.stream = Box::new(stream);
        self.secure = true;
        Ok(())
    }

    /// Ends the stream in order, as far as the peer takes part.
    pub async fn close(&mut self) {
        // The peer may be gone already: nothing is lost by not telling it.
        let _gone = tokio::time::timeout(limits::GOODBYE_TIME_MAX, async {
            self.flush().await?;
            self.stream.shutdown().await
        })
        .await;
    }
}

async fn in_time<T>(writing: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    tokio::time::timeout(limits::WRITE_TIME_MAX, writing)
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}
