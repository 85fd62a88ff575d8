//! A small dialogue with a mail port: connect, read a reply, say a line, start TLS. For looking only: it never sends a letter
//! but the test letter it is given.

use super::ask::short;
use super::limits;
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, ServerName};
use smtp::outbound::trust::{Need, Verifier};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

pub trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

pub struct Talk<'a> {
    stream: BufReader<Box<dyn Wire + 'a>>,
}

/// An SMTP reply.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    pub code: u16,
    pub text: String,
}

impl Reply {
    pub fn is_good(&self) -> bool {
        (200..400).contains(&self.code)
    }
}

/// What a TLS handshake showed.
pub struct Shown {
    /// "trusted", or "untrusted: …".
    pub verdict: String,
    pub leaf: Option<CertificateDer<'static>>,
    /// What came with the leaf.
    pub chain: Vec<CertificateDer<'static>>,
    pub version: String,
}

pub async fn connect(to: SocketAddr) -> Result<TcpStream, String> {
    match timeout(limits::CONNECT, TcpStream::connect(to)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(cause)) => Err(match cause.kind() {
            std::io::ErrorKind::ConnectionRefused => {
                "kết nối bị từ chối (không có chương trình nào mở cổng này)".into()
            }
            _ => short(&cause.to_string()),
        }),
        Err(_) => Err(format!(
            "không trả lời trong {} giây",
            limits::CONNECT.as_secs()
        )),
    }
}

/// TLS with any certificate; what is wrong with it is in `Shown`.
pub async fn handshake(
    stream: TcpStream,
    name: &str,
    roots: &Arc<RootCertStore>,
) -> Result<(Box<dyn Wire>, Shown), String> {
    let verifier = Verifier::new(&Need::Opportunistic, roots);
    let config = verifier
        .client_config()
        .map_err(|cause| cause.to_string())?;
    let name = ServerName::try_from(name.to_owned()).map_err(|cause| cause.to_string())?;
    let connecting = TlsConnector::from(config).connect(name, stream);
    let stream = match timeout(limits::REPLY, connecting).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(cause)) => {
            return Err(format!(
                "bắt tay TLS không thành: {}",
                short(&cause.to_string())
            ));
        }
        Err(_) => return Err("bắt tay TLS quá lâu".into()),
    };
    let (_, session) = stream.get_ref();
    let mut certificates = session
        .peer_certificates()
        .unwrap_or_default()
        .iter()
        .cloned();
    let shown = Shown {
        verdict: verifier.found(),
        leaf: certificates.next(),
        chain: certificates.collect(),
        version: session
            .protocol_version()
            .map(|version| format!("{version:?}"))
            .unwrap_or_default(),
    };
    Ok((Box::new(stream), shown))
}

impl<'a> Talk<'a> {
    /// Connects to an SMTP port and reads the greeting.
    pub async fn smtp(to: SocketAddr) -> Result<(Talk<'static>, Reply), String> {
        let mut talk: Talk<'static> = Talk {
            stream: BufReader::new(Box::new(connect(to).await?)),
        };
        let greeting = talk.reply().await?;
        Ok((talk, greeting))
    }

    pub fn over(stream: Box<dyn Wire + 'a>) -> Talk<'a> {
        Talk {
            stream: BufReader::new(stream),
        }
    }

    /// One line without its end.
    pub async fn line(&mut self) -> Result<String, String> {
        let mut line = Vec::new();
        let most = u64::try_from(limits::LINE_BYTES).unwrap_or(u64::MAX);
        let mut bounded = (&mut self.stream).take(most);
        match timeout(limits::REPLY, bounded.read_until(b'\n', &mut line)).await {
            Ok(Ok(0)) => Err("bên kia đóng kết nối".into()),
            Ok(Ok(_)) => Ok(String::from_utf8_lossy(&line).trim_end().to_owned()),
            Ok(Err(cause)) => Err(short(&cause.to_string())),
            Err(_) => Err(format!(
                "không trả lời trong {} giây",
                limits::REPLY.as_secs()
            )),
        }
    }

    /// A whole SMTP reply. (RFC 5321 §4.2)
    pub async fn reply(&mut self) -> Result<Reply, String> {
        let mut text = String::new();
        for _ in 0..limits::REPLY_LINES {
            let line = self.line().await?;
            let code = line.get(..3).and_then(|code| code.parse().ok());
            let code = code.ok_or_else(|| format!("không phải lời đáp SMTP: {}", short(&line)))?;
            text.push_str(line.get(4..).unwrap_or_default());
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(Reply {
                    code,
                    text: short(&text),
                });
            }
            text.push(' ');
        }
        Err("lời đáp quá dài".into())
    }

    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        let writing = async {
            self.stream.get_mut().write_all(bytes).await?;
            self.stream.get_mut().flush().await
        };
        match timeout(limits::REPLY, writing).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(cause)) => Err(short(&cause.to_string())),
            Err(_) => Err("không gửi được".into()),
        }
    }

    pub async fn say(&mut self, line: &str) -> Result<Reply, String> {
        self.write(format!("{line}\r\n").as_bytes()).await?;
        self.reply().await
    }

    /// Leaves politely; nobody minds if the other side is gone.
    pub async fn quit(mut self) {
        let _gone = self.say("QUIT").await;
    }
}
