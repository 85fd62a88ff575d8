//! ClamAV's INSTREAM over TCP: the letter in counted pieces, one line back.  (clamd(8))

use super::engine::Word;
use crate::limits::{ENGINE_PIECE_BYTES, ENGINE_REPLY_BYTES_MAX};
use std::io;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufWriter};
use tokio::net::TcpStream;

pub(super) async fn ask(at: SocketAddr, raw: &[u8]) -> io::Result<Word> {
    let mut stream = BufWriter::new(TcpStream::connect(at).await?);
    stream.write_all(b"zINSTREAM\0").await?;
    for piece in raw.chunks(ENGINE_PIECE_BYTES) {
        stream
            .write_u32(u32::try_from(piece.len()).unwrap_or(0))
            .await?;
        stream.write_all(piece).await?;
    }
    stream.write_u32(0).await?;
    stream.flush().await?;
    let mut reply = Vec::new();
    stream
        .get_mut()
        .take(ENGINE_REPLY_BYTES_MAX)
        .read_to_end(&mut reply)
        .await?;
    read(&String::from_utf8_lossy(&reply))
}

/// "stream: OK", "stream: NAME FOUND", or an error such as a size limit.
fn read(reply: &str) -> io::Result<Word> {
    let reply = reply.trim_end_matches(['\0', '\n']);
    let said = reply.strip_prefix("stream: ").unwrap_or(reply);
    match said.strip_suffix(" FOUND") {
        Some(name) => Ok(Word::Malware(name.to_owned())),
        None if said == "OK" => Ok(Word::Clean),
        None => Err(io::Error::other(format!("clamd says {said:?}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies() {
        assert_eq!(read("stream: OK\0").ok(), Some(Word::Clean));
        let found = Some(Word::Malware("Eicar-Test".into()));
        assert_eq!(read("stream: Eicar-Test FOUND\0").ok(), found);
        assert!(read("INSTREAM size limit exceeded. ERROR\0").is_err() && read("").is_err());
    }
}
