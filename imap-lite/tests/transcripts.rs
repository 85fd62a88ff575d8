//! Every transcript in tests/transcripts/imap, over sessions without sockets and a real mailroom.
//!
//! `C: text` is sent with CRLF, `B: text` as it is with \r \n \xHH unescaped; `S: text` must be the next line: exactly, up to
//! a `~` at its end, with `…` for anything between. `C2:` and `S2:` are a second session. `X:` the session ended.
//! `@ letters 3` puts letters in INBOX, `@ stranger` starts without signing in, `@ clear` without TLS,
//! `@ unit read` makes a unit mailbox and gives that right on it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{SECRET, Town};
use mailroom::people::PrincipalKindWord;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream};

/// A session's answer may take this long before the transcript fails.
const PATIENCE: Duration = Duration::from_secs(30);

struct Play {
    name: String,
    town: Town,
    secure: bool,
    stranger: bool,
    sessions: BTreeMap<String, BufReader<DuplexStream>>,
}

impl Play {
    async fn setting(&mut self, setting: &str) {
        let mut words = setting.split_whitespace();
        match (words.next().unwrap(), words.next()) {
            ("stranger", None) => self.stranger = true,
            ("clear", None) => self.secure = false,
            ("letters", Some(count)) => self.town.letters(count.parse().unwrap()).await,
            ("unit", Some(rights)) => {
                self.town.add("so.a", "Sở A", PrincipalKindWord::Unit).await;
                let room = &self.town.room;
                let console = room.console();
                room.membership_set(
                    &console,
                    "an@tinh.example",
                    "so.a@tinh.example",
                    rights,
                    None,
                )
                .await
                .unwrap();
            }
            _ => panic!("{}: {setting}", self.name),
        }
    }

    /// The session of that name, made (and signed in) when it is first spoken of.
    async fn session(&mut self, name: &str, at: &str) -> &mut BufReader<DuplexStream> {
        if !self.sessions.contains_key(name) {
            if self.sessions.is_empty() {
                self.town.set_password("an").await;
            }
            self.sessions.insert(
                name.to_owned(),
                BufReader::new(self.town.connect(self.secure)),
            );
            if !self.stranger {
                self.expect(name, "* OK~", at).await;
                self.send(
                    name,
                    format!(
                        "s LOGIN an@tinh.example {{{}+}}\r\n{SECRET}\r\n",
                        SECRET.len()
                    )
                    .as_bytes(),
                    at,
                )
                .await;
                self.expect(name, "s OK~", at).await;
            }
        }
        self.sessions.get_mut(name).unwrap()
    }

    async fn send(&mut self, name: &str, bytes: &[u8], at: &str) {
        let session = Box::pin(self.session(name, at)).await;
        session
            .get_mut()
            .write_all(bytes)
            .await
            .unwrap_or_else(|cause| panic!("{at}: {cause}"));
    }

    async fn line(&mut self, name: &str, at: &str) -> Option<String> {
        let session = Box::pin(self.session(name, at)).await;
        let mut line = Vec::new();
        let read = tokio::time::timeout(PATIENCE, session.read_until(b'\n', &mut line)).await;
        let read = read.unwrap_or_else(|_| panic!("{at}: no answer")).unwrap();
        (read > 0).then(|| {
            String::from_utf8_lossy(&line)
                .trim_end_matches(['\r', '\n'])
                .to_owned()
        })
    }

    async fn expect(&mut self, name: &str, pattern: &str, at: &str) {
        let line = self
            .line(name, at)
            .await
            .unwrap_or_else(|| panic!("{at}: the session ended, wanted {pattern}"));
        assert!(
            fits(pattern, &line),
            "{at}\n   is: {line}\nwants: {pattern}"
        );
    }
}

/// `~` at the end: a prefix; `…`: anything.
fn fits(pattern: &str, line: &str) -> bool {
    let (pattern, open) = match pattern.strip_suffix('~') {
        Some(pattern) => (pattern, true),
        None => (pattern, false),
    };
    let mut pieces = pattern.split('…');
    let Some(mut rest) = line.strip_prefix(pieces.next().unwrap()) else {
        return false;
    };
    let mut pieces = pieces.peekable();
    while let Some(piece) = pieces.next() {
        let last = pieces.peek().is_none() && !open;
        let found = if last {
            rest.len()
                .checked_sub(piece.len())
                .filter(|at| rest.get(*at..) == Some(piece))
        } else {
            rest.find(piece)
        };
        match found {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    open || rest.is_empty()
}

fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let [byte, after @ ..] = rest {
        rest = after;
        match (byte, after) {
            (b'\\', [b'r', after @ ..]) => (out.push(b'\r'), rest = after).1,
            (b'\\', [b'n', after @ ..]) => (out.push(b'\n'), rest = after).1,
            (b'\\', [b'\\', after @ ..]) => (out.push(b'\\'), rest = after).1,
            (b'\\', [b'x', high, low, after @ ..]) => {
                let hex = [*high, *low];
                out.push(u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap());
                rest = after;
            }
            _ => out.push(*byte),
        }
    }
    out
}

async fn play(path: PathBuf) {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let text = std::fs::read_to_string(&path).unwrap();
    let mut play = Play {
        name: name.clone(),
        town: Town::new().await,
        secure: true,
        stranger: false,
        sessions: BTreeMap::new(),
    };
    for (number, line) in text.lines().enumerate() {
        let at = format!("{name}:{}", number + 1);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(setting) = line.strip_prefix("@ ") {
            play.setting(setting).await;
            continue;
        }
        let (mark, text) = line
            .split_once(':')
            .unwrap_or_else(|| panic!("{at}: {line}"));
        let text = text.strip_prefix(' ').unwrap_or(text);
        let (mark, times) = mark
            .split_once('*')
            .map_or((mark, 1), |(mark, times)| (mark, times.parse().unwrap()));
        let (verb, session) = mark.split_at(1);
        for _ in 0..times {
            match verb {
                "C" => {
                    play.send(session, format!("{text}\r\n").as_bytes(), &at)
                        .await
                }
                "B" => play.send(session, &unescape(text), &at).await,
                "S" => play.expect(session, text, &at).await,
                "X" => assert_eq!(
                    play.line(session, &at).await,
                    None,
                    "{at}: the session goes on"
                ),
                _ => panic!("{at}: {line}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transcripts_hold() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/transcripts/imap");
    let only = std::env::var("TRANSCRIPT").unwrap_or_default();
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.retain(|path| {
        path.extension().is_some_and(|end| end == "txt") && path.to_string_lossy().contains(&only)
    });
    paths.sort();
    assert!(
        !only.is_empty() || paths.len() >= 20,
        "only {} transcripts found",
        paths.len()
    );
    let playing: Vec<_> = paths
        .into_iter()
        .map(|path| (path.clone(), tokio::spawn(play(path))))
        .collect();
    let mut failed = Vec::new();
    for (path, played) in playing {
        if played.await.is_err() {
            failed.push(path);
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
}
