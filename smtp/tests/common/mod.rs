//! Transcripts: what they look like, and a world for sessions without a mailroom. Used by the tests of this crate only.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    dead_code
)]

use bytes::BytesMut;
use mailroom::directory::Recipient;
use mailroom::signin::NoEntry;
use mailroom::{Actor, Means};
use smtp::proto::body::Budget;
use smtp::proto::{Answer, Ask, Fate, Peer, Rejection, Rules, Session, Step, Trouble};
use smtp::{Door, Limits};
use std::path::PathBuf;
use std::sync::Arc;
use store::{AccountId, PrincipalId, TraceId};

/// One line of a transcript.
#[derive(Clone, Debug)]
pub enum Line {
    /// `C: text` is sent with CRLF, `B: text` as it is with `\r \n \0 \xHH` unescaped; `C*3:` three times.
    Send { bytes: Vec<u8>, times: usize },
    /// `S: text`, exactly; a `~` at the end: as a prefix; `S*3:` three times.
    Expect { text: String, times: usize },
    /// `T:` the TLS handshake happens here.
    Handshake,
    /// `X:` the connection is closed.
    Closed,
    /// `L: from -> to, to: body`: this letter was handed over.
    Letter(String),
    /// `R: code reason`: this refusal was written down.
    Refusal(String),
}

#[derive(Clone, Debug)]
pub struct Transcript {
    pub name: String,
    pub door: Door,
    pub limits: Limits,
    pub lines: Vec<(usize, Line)>,
    /// Needs answers that only the directory of these tests gives.
    pub fake_only: bool,
    /// What matters is what comes in the same breath: not sent in pieces.
    pub at_once: bool,
}

pub fn load() -> Vec<Transcript> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/transcripts/smtp");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "txt"));
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            parse(
                &path.file_name().unwrap().to_string_lossy(),
                &std::fs::read_to_string(&path).unwrap(),
            )
        })
        .collect()
}

fn parse(name: &str, text: &str) -> Transcript {
    let limits = Limits {
        message_bytes_max: 10_000,
        recipients_max: 1_000,
        ..Limits::default()
    };
    let mut script = Transcript {
        name: name.into(),
        door: Door::Mx,
        limits,
        lines: vec![],
        fake_only: false,
        at_once: false,
    };
    for (at, line) in text.lines().enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(setting) = line.strip_prefix("@ ") {
            set(&mut script, setting);
            continue;
        }
        let (mark, text) = line
            .split_once(':')
            .unwrap_or_else(|| panic!("{name}:{}: {line}", at + 1));
        let text = text.strip_prefix(' ').unwrap_or(text);
        let (mark, times) = mark
            .split_once('*')
            .map_or((mark, 1), |(mark, times)| (mark, times.parse().unwrap()));
        let parsed = match mark {
            "C" => Line::Send {
                bytes: [unescape(text), b"\r\n".to_vec()].concat(),
                times,
            },
            "B" => Line::Send {
                bytes: unescape(text),
                times,
            },
            "S" => Line::Expect {
                text: text.into(),
                times,
            },
            "T" => Line::Handshake,
            "X" => Line::Closed,
            "L" => Line::Letter(text.into()),
            "R" => Line::Refusal(text.into()),
            _ => panic!("{name}:{}: {line}", at + 1),
        };
        script.lines.push((at + 1, parsed));
    }
    script
}

fn set(script: &mut Transcript, setting: &str) {
    match setting {
        "door submission" => script.door = Door::Submission,
        "door submissions" => script.door = Door::Submissions,
        "at once" => script.at_once = true,
        "fake only" => script.fake_only = true,
        _ => {
            let (name, value) = setting.split_once(' ').unwrap();
            let value: usize = value.parse().unwrap();
            match name {
                "message_bytes_max" => script.limits.message_bytes_max = value,
                "recipients_max" => script.limits.recipients_max = value,
                "messages_max" => script.limits.messages_max = value.try_into().unwrap(),
                _ => panic!("{}: {setting}", script.name),
            }
        }
    }
}

fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let value = match byte {
            b'\\' => match bytes.next().unwrap() {
                b'r' => b'\r',
                b'n' => b'\n',
                b'0' => 0,
                b't' => b'\t',
                b'x' => {
                    let hex = [bytes.next().unwrap(), bytes.next().unwrap()];
                    u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap()
                }
                other => other,
            },
            byte => byte,
        };
        out.push(value);
    }
    out
}

pub fn matches(expected: &str, said: &str) -> bool {
    match expected.strip_suffix('~') {
        Some(prefix) => said.starts_with(prefix),
        None => said == expected,
    }
}

/// A session with its world on one side and a client's script on the other.
pub struct Bench {
    session: Session,
    input: BytesMut,
    said: Vec<u8>,
    pub letters: Vec<String>,
    pub refusals: Vec<String>,
    closed: bool,
    handshaking: bool,
    /// The most bytes ever waiting unread in the session's buffer.
    pub input_peak: usize,
}

impl Bench {
    pub fn new(door: Door, limits: Limits) -> Self {
        let rules = Rules {
            host_name: "mx.camau.vn".into(),
            door,
            limits,
            tls: true,
            auth_in_clear: false,
            scram: false,
            budget: Budget::new(1 << 26),
        };
        let peer = Peer {
            ip: "192.0.2.1".into(),
            offer_tls: true,
        };
        let tls = (door == Door::Submissions).then(|| "TLSv1.3 test".to_owned());
        let mut bench = Self {
            session: Session::new(Arc::new(rules), peer, tls),
            input: BytesMut::new(),
            said: Vec::new(),
            letters: vec![],
            refusals: vec![],
            closed: false,
            handshaking: false,
            input_peak: 0,
        };
        bench.session.opened(1_795_237_200_000);
        bench.run();
        bench
    }

    pub fn send(&mut self, bytes: &[u8], step: usize) {
        for piece in bytes.chunks(step) {
            if self.closed {
                return;
            }
            self.input.extend_from_slice(piece);
            self.run();
            self.input_peak = self.input_peak.max(self.input.len());
        }
    }

    fn run(&mut self) {
        loop {
            let step = self.session.next(&mut self.input);
            if !matches!(step, Step::Ask(_) | Step::Pause(_)) {
                self.said.extend_from_slice(self.session.output());
                self.session.output().clear();
            }
            match step {
                Step::Ask(ask) => {
                    let answer = self.answer(ask);
                    self.session.answer(answer);
                }
                Step::Pause(_) | Step::Flush => {}
                Step::StartTls => {
                    self.handshaking = true;
                    return;
                }
                Step::Close => {
                    self.closed = true;
                    return;
                }
                Step::Read => return,
            }
        }
    }

    /// The next reply line, without CRLF.
    pub fn line(&mut self) -> Option<String> {
        let end = self.said.windows(2).position(|two| two == b"\r\n")?;
        let line = String::from_utf8(self.said.drain(..end + 2).take(end).collect()).unwrap();
        Some(line)
    }

    pub fn closed(&self) -> bool {
        self.closed
    }

    pub fn handshake(&mut self) {
        assert!(
            std::mem::take(&mut self.handshaking),
            "STARTTLS was not accepted"
        );
        self.input.clear();
        self.session.secured("TLSv1.3 test".into());
        self.run();
    }

    fn answer(&mut self, ask: Ask) -> Answer {
        match ask {
            Ask::Sender { address, .. } => Answer::Sender(Ok(
                ["an@camau.vn", "vanthu@camau.vn"].contains(&address.as_str())
            )),
            Ask::Recipient { address } => Answer::Recipient(resolve(&address)),
            Ask::SignIn { user, secret } => Answer::SignIn(sign_in(user, secret.expose())),
            // Not offered here; the real thing is driven over sockets.
            Ask::ScramBegin { .. } => Answer::Challenge(Ok(Err(NoEntry::Wrong))),
            Ask::ScramFinish { .. } => Answer::Proven(Ok(Err(NoEntry::Wrong))),
            Ask::Record(refusal) => {
                let to = refusal.rcpt_to.join(",");
                self.refusals
                    .push(format!("{} {} -> {to}", refusal.code, refusal.mail_from));
                Answer::Recorded(TraceId(9))
            }
            Ask::Message(letter) => {
                let body = letter.body.bytes.escape_ascii().to_string();
                let to: Vec<_> = letter
                    .mail
                    .recipients
                    .iter()
                    .map(|to| to.address.clone())
                    .collect();
                let fate = if body.contains("X-Fate: loop") {
                    Fate::Refused(Rejection::Loop, TraceId(9))
                } else if body.contains("X-Fate: full") {
                    Fate::Refused(Rejection::OverQuota, TraceId(9))
                } else if body.contains("X-Fate: later") {
                    Fate::Refused(Rejection::Later, TraceId(9))
                } else if body.contains("X-Fate: dmarc") {
                    Fate::Refused(Rejection::Dmarc, TraceId(9))
                } else {
                    self.letters.push(format!(
                        "{} -> {}: {body}",
                        letter.mail.sender,
                        to.join(", ")
                    ));
                    Fate::Taken(TraceId(7))
                };
                Answer::Message(fate)
            }
        }
    }
}

fn resolve(address: &str) -> Result<Recipient, Trouble> {
    let here = |outside: &[&str]| Recipient::Local {
        accounts: vec![AccountId(1)],
        outside: outside.iter().map(|text| (*text).to_owned()).collect(),
    };
    let Some((local, domain)) = address.rsplit_once('@') else {
        return Ok(if address == "postmaster" {
            here(&[])
        } else {
            Recipient::Unknown
        });
    };
    if domain != "camau.vn" && domain != "xn--tnh-dlz.vn" {
        return Ok(Recipient::Elsewhere {
            domain: domain.into(),
        });
    }
    match local.to_lowercase().as_str() {
        "an" | "binh" | "postmaster" | "văn.thư" => Ok(here(&[])),
        "nhom" => Ok(here(&["x@gmail.example"])),
        "dong" => Ok(Recipient::Disabled),
        "loi" => Err(Trouble),
        _ => Ok(Recipient::Unknown),
    }
}

fn sign_in(user: String, secret: &str) -> Result<Result<Actor, NoEntry>, Trouble> {
    match (user.as_str(), secret) {
        ("loi@camau.vn", _) => Err(Trouble),
        ("cham@camau.vn", _) => Ok(Err(NoEntry::Later(60))),
        ("an@camau.vn", "con trâu đi trước") => Ok(Ok(Actor {
            principal: PrincipalId(1),
            address: user,
            name: "An".into(),
            means: Means::AppPassword,
            peer_ip: "192.0.2.1".into(),
        })),
        _ => Ok(Err(NoEntry::Wrong)),
    }
}
