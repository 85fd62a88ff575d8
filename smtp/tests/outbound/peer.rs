//! A server that does what its script says: speaks ordinary SMTP and, at the named points, drops, is silent, is slow, or
//! answers something else. Keeps the letters it took.

use rustls::ServerConfig;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufStream};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// What happens at a point of the dialogue.
#[derive(Clone)]
pub enum Fault {
    Drop,
    Say(&'static str),
    Silent,
    Slow(u64),
    /// Raw bytes instead of the reply.
    Bytes(&'static [u8]),
}

/// Points: "greeting", "body", "dot", "first chunk", "chunk body", "last chunk", "handshake", or the start of a command line ("RCPT TO:<b@").
#[derive(Clone, Default)]
pub struct Script {
    pub offers: Vec<&'static str>,
    /// (point, fault, how many times over all connections)
    pub faults: Vec<(&'static str, Fault, usize)>,
    pub tls: Option<Arc<ServerConfig>>,
    pub implicit: bool,
    /// Offers CHUNKING and does not know BDAT: what follows is read as commands.
    pub blind: bool,
}

#[derive(Clone, Debug, Default)]
pub struct Taken {
    pub mail: String,
    pub rcpts: Vec<String>,
    pub body: Vec<u8>,
    pub tls: bool,
}

#[derive(Clone, Default)]
pub struct Log {
    pub taken: Arc<Mutex<Vec<Taken>>>,
    pub lines: Arc<Mutex<Vec<String>>>,
    pub connections: Arc<Mutex<usize>>,
    /// Bytes of chunks that came although nobody was accepted.
    pub in_vain: Arc<Mutex<usize>>,
}

impl Log {
    pub fn taken(&self) -> Vec<Taken> {
        self.taken.lock().unwrap().clone()
    }
    pub fn said(&self, start: &str) -> usize {
        self.lines
            .lock()
            .unwrap()
            .iter()
            .filter(|line| line.starts_with(start))
            .count()
    }
    pub fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }
}

pub async fn peer(script: Script) -> (u16, Log) {
    let (at, log) = peer_at("127.0.0.1:0", script).await;
    (at.port(), log)
}

pub async fn peer_at(address: &str, script: Script) -> (SocketAddr, Log) {
    let listener = TcpListener::bind(address).await.unwrap();
    let at = listener.local_addr().unwrap();
    let log = Log::default();
    let faults: Arc<Mutex<Vec<_>>> = Arc::new(Mutex::new(script.faults.clone()));
    let shared = log.clone();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            // Replies to a pipelined group are small writes in a row: Nagle would hold each for a delayed ACK.
            stream.set_nodelay(true).unwrap();
            *shared.connections.lock().unwrap() += 1;
            let (script, log, faults) = (script.clone(), shared.clone(), faults.clone());
            tokio::spawn(async move {
                // The client may leave at any time: that ends the session and is no failure of the peer.
                let _ = Session {
                    script,
                    log,
                    faults,
                    tls: false,
                }
                .run(stream)
                .await;
            });
        }
    });
    (at, log)
}

type Faults = Arc<Mutex<Vec<(&'static str, Fault, usize)>>>;

struct Session {
    script: Script,
    log: Log,
    faults: Faults,
    tls: bool,
}

enum Ended {
    Gone,
    StartTls,
}

impl Session {
    async fn run(mut self, stream: TcpStream) -> Option<()> {
        let acceptor = self.script.tls.clone().map(TlsAcceptor::from);
        if self.script.implicit {
            let mut tls = BufStream::new(acceptor?.accept(stream).await.ok()?);
            self.tls = true;
            self.talk(&mut tls, true).await;
            return Some(());
        }
        let mut plain = BufStream::new(stream);
        if let Ended::StartTls = self.talk(&mut plain, true).await {
            match self.fault("handshake") {
                Some(Fault::Bytes(bytes)) => {
                    plain.write_all(bytes).await.ok()?;
                    plain.flush().await.ok()?;
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
                Some(_) => {}
                None => {
                    let mut tls = BufStream::new(acceptor?.accept(plain.into_inner()).await.ok()?);
                    self.tls = true;
                    self.talk(&mut tls, false).await;
                }
            }
        }
        Some(())
    }

    fn fault(&self, point: &str) -> Option<Fault> {
        let mut faults = self.faults.lock().unwrap();
        let slot = faults
            .iter_mut()
            .find(|(at, _, times)| point.starts_with(at) && *times > 0)?;
        slot.2 -= 1;
        Some(slot.1.clone())
    }

    /// Says the usual answer or what the script wants; None ends the session.
    async fn say<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        s: &mut BufStream<S>,
        point: &str,
        usual: &str,
    ) -> Option<()> {
        let bytes = match self.fault(point) {
            None => format!("{usual}\r\n").into_bytes(),
            Some(Fault::Say(text)) => format!("{text}\r\n").into_bytes(),
            Some(Fault::Bytes(bytes)) => bytes.to_vec(),
            Some(Fault::Drop) => return None,
            Some(Fault::Silent) => {
                tokio::time::sleep(Duration::from_secs(6)).await;
                return None;
            }
            Some(Fault::Slow(ms)) => {
                for byte in format!("{usual}\r\n").bytes() {
                    tokio::time::sleep(Duration::from_millis(ms)).await;
                    s.write_all(&[byte]).await.ok()?;
                    s.flush().await.ok()?;
                }
                return Some(());
            }
        };
        s.write_all(&bytes).await.ok()?;
        s.flush().await.ok()?;
        // RFC 5321 §3.8: after 421 the server closes.
        (!bytes.starts_with(b"421")).then_some(())
    }

    async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        s: &mut BufStream<S>,
        greet: bool,
    ) -> Ended {
        match self.dialogue(s, greet).await {
            Some(ended) => ended,
            None => Ended::Gone,
        }
    }

    async fn dialogue<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        s: &mut BufStream<S>,
        greet: bool,
    ) -> Option<Ended> {
        if greet {
            self.say(s, "greeting", "220 peer.example ESMTP").await?;
        }
        let mut taken = Taken::default();
        loop {
            let mut line = String::new();
            if s.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            let line = line.trim_end().to_string();
            self.log.lines.lock().unwrap().push(line.clone());
            let verb = line
                .split([' ', ':'])
                .next()
                .unwrap_or_default()
                .to_ascii_uppercase();
            let before = self.fault_peek(&line);
            match verb.as_str() {
                "EHLO" => {
                    let mut text = String::from("250-peer.example");
                    for offer in &self.script.offers {
                        if !(self.tls && *offer == "STARTTLS") {
                            text.push_str(&format!("\r\n250-{offer}"));
                        }
                    }
                    text.push_str("\r\n250 ENHANCEDSTATUSCODES");
                    self.say(s, &line, &text).await?;
                }
                "HELO" => self.say(s, &line, "250 peer.example").await?,
                "STARTTLS" => {
                    self.say(s, &line, "220 2.0.0 go ahead").await?;
                    if !before {
                        return Some(Ended::StartTls);
                    }
                }
                "MAIL" => {
                    taken = Taken {
                        mail: line.clone(),
                        tls: self.tls,
                        ..Taken::default()
                    };
                    if before {
                        taken.mail.clear();
                    }
                    self.say(s, &line, "250 2.1.0 ok").await?;
                }
                "RCPT" => {
                    if taken.mail.is_empty() {
                        self.say(s, &line, "503 5.5.1 MAIL first").await?;
                        continue;
                    }
                    if !before {
                        taken.rcpts.push(line.clone());
                    }
                    self.say(s, &line, "250 2.1.5 ok").await?;
                }
                "DATA" => {
                    if taken.rcpts.is_empty() {
                        self.say(s, &line, "503 5.5.1 RCPT first").await?;
                        continue;
                    }
                    self.say(s, &line, "354 go").await?;
                    if before {
                        continue;
                    }
                    taken.body = self.body(s).await?;
                    let refused = self.fault_peek("dot");
                    if !refused {
                        self.log.taken.lock().unwrap().push(taken.clone());
                    }
                    self.say(s, "dot", "250 2.0.0 taken").await?;
                }
                "BDAT" if !self.script.blind => self.chunk(s, &line, &mut taken).await?,
                "RSET" => {
                    taken = Taken::default();
                    self.say(s, &line, "250 2.0.0 ok").await?;
                }
                "AUTH" => self.say(s, &line, "235 2.7.0 welcome").await?,
                "QUIT" => {
                    self.say(s, &line, "221 2.0.0 bye").await?;
                    return None;
                }
                _ => self.say(s, &line, "502 5.5.1 what").await?,
            }
        }
    }

    /// Reads a chunk, whatever becomes of it (RFC 3030 §2).
    async fn chunk<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        s: &mut BufStream<S>,
        line: &str,
        taken: &mut Taken,
    ) -> Option<()> {
        let mut words = line.split(' ').skip(1);
        let mut bytes = vec![0; words.next()?.parse().ok()?];
        let last = words.next() == Some("LAST");
        s.read_exact(&mut bytes).await.ok()?;
        if last && self.fault("chunk body").is_some() {
            return None;
        }
        if taken.rcpts.is_empty() {
            *self.log.in_vain.lock().unwrap() += bytes.len();
            return self.say(s, line, "503 5.5.1 nobody to take it for").await;
        }
        taken.body.extend_from_slice(&bytes);
        if !last {
            return self.say(s, "first chunk", "250 2.0.0 go on").await;
        }
        let taken = std::mem::take(taken);
        if !self.fault_peek("last chunk") {
            self.log.taken.lock().unwrap().push(taken);
        }
        self.say(s, "last chunk", "250 2.0.0 taken").await
    }

    /// Will the next answer at this point be a refusal, or none?
    fn fault_peek(&self, point: &str) -> bool {
        let faults = self.faults.lock().unwrap();
        let slot = faults
            .iter()
            .find(|(at, _, times)| point.starts_with(at) && *times > 0);
        match slot {
            Some((_, Fault::Say(text), _)) => !text.starts_with('2') && !text.starts_with('3'),
            Some((_, Fault::Bytes(bytes), _)) => {
                !bytes.starts_with(b"2") && !bytes.starts_with(b"3")
            }
            // Dropped after the final dot: the letter was taken (the answer got lost).
            Some((_, Fault::Drop | Fault::Silent, _)) => !matches!(point, "dot" | "last chunk"),
            _ => false,
        }
    }

    /// Reads to the final dot and removes the stuffing.
    async fn body<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        s: &mut BufStream<S>,
    ) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let mut line = Vec::new();
            if s.read_until(b'\n', &mut line).await.ok()? == 0 {
                return None;
            }
            if self.fault("body").is_some() {
                return None;
            }
            if line == b".\r\n" {
                return Some(body);
            }
            body.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        }
    }
}
