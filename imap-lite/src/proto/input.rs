//! Collects commands from bytes as they come: lines and their literals, each with its bound. Decides when a literal may be
//! sent and refuses before reading. Knows no socket. (RFC 9051 §4.3, RFC 7888)

use crate::limits;
use bytes::{Bytes, BytesMut};

/// What the reader allows now; the session changes it at sign-in.
#[derive(Clone, Copy, Debug)]
pub struct Caps {
    pub line_bytes: usize,
    pub literal_bytes: usize,
    /// For the message of an APPEND.
    pub message_bytes: usize,
}

impl Caps {
    pub fn stranger() -> Caps {
        Caps {
            line_bytes: limits::LINE_BYTES_MAX_STRANGER,
            literal_bytes: limits::LITERAL_BYTES_MAX_STRANGER,
            message_bytes: limits::LITERAL_BYTES_MAX_STRANGER,
        }
    }
    pub fn known(message_bytes: usize) -> Caps {
        Caps {
            line_bytes: limits::LINE_BYTES_MAX,
            literal_bytes: limits::LITERAL_BYTES_MAX,
            message_bytes,
        }
    }
}

/// A whole command: its text without the last line ending, in which "{n}CRLF" stands for the next literal.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct RawCommand {
    pub text: Vec<u8>,
    pub literals: Vec<Bytes>,
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Read more bytes from the peer.
    More,
    /// Tell the peer to go on ("+ ").
    Continue,
    Command(RawCommand),
    /// The line was longer than allowed and is gone.
    LineTooLong {
        tag: Vec<u8>,
    },
    /// A literal was announced that is not taken. Fatal: it is coming and is too much to throw away.
    LiteralRefused {
        tag: Vec<u8>,
        message: bool,
        fatal: bool,
    },
}

#[derive(Debug)]
enum Doing {
    Line,
    Literal {
        left: usize,
        bytes: BytesMut,
    },
    /// Throws the rest of a line away.
    SkipLine {
        tag: Vec<u8>,
    },
    /// Throws a refused literal and the rest of its line away, silently: it was answered.
    SkipLiteral {
        left: u64,
    },
    SkipTail,
}

#[derive(Debug)]
pub struct Input {
    buffer: BytesMut,
    /// How much of the buffer was searched for a line end already.
    searched: usize,
    command: RawCommand,
    message_bytes: usize,
    doing: Doing,
}

impl Default for Input {
    fn default() -> Self {
        Input {
            buffer: BytesMut::new(),
            searched: 0,
            command: RawCommand::default(),
            message_bytes: 0,
            doing: Doing::Line,
        }
    }
}

impl Input {
    /// Where the next bytes go: small while little is expected, large inside a message.
    pub fn space(&mut self) -> &mut BytesMut {
        let want = match &self.doing {
            Doing::Literal { left, .. } => (*left).clamp(limits::REST_BYTES_MAX, 64 * 1024),
            Doing::SkipLine { .. } | Doing::SkipLiteral { .. } | Doing::SkipTail => 16 * 1024,
            Doing::Line if self.command.text.is_empty() => limits::REST_BYTES_MAX,
            Doing::Line => 4 * 1024,
        };
        if self.buffer.is_empty() && self.buffer.capacity() > 4 * want {
            self.buffer = BytesMut::new();
        }
        if self.buffer.capacity() - self.buffer.len() < want / 2 {
            self.buffer.reserve(want);
        }
        &mut self.buffer
    }

    /// Gives memory back before a long silence.
    pub fn rest(&mut self) {
        if self.buffer.is_empty() && self.buffer.capacity() > limits::REST_BYTES_MAX {
            self.buffer = BytesMut::new();
        }
        if self.command.text.is_empty() {
            self.command = RawCommand::default();
        }
    }

    /// Forgets what was sent before TLS (RFC 9051 §6.2.1).
    pub fn clear(&mut self) {
        *self = Input::default();
    }

    /// Bytes came that were not read as commands yet.
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// The next step; call until it says `More`.
    pub fn step(&mut self, caps: Caps) -> Step {
        loop {
            match &mut self.doing {
                Doing::Line => {
                    let Some(line) = self.line(caps) else {
                        return Step::More;
                    };
                    match line {
                        Ok(Some(step)) => return step,
                        Ok(None) => {}
                        Err(step) => {
                            self.forget();
                            return step;
                        }
                    }
                }
                Doing::Literal { left, bytes } => {
                    let take = (*left).min(self.buffer.len());
                    bytes.extend_from_slice(&self.buffer.split_to(take));
                    *left -= take;
                    if *left > 0 {
                        return Step::More;
                    }
                    let bytes = std::mem::take(bytes).freeze();
                    self.command.literals.push(bytes);
                    self.doing = Doing::Line;
                }
                Doing::SkipLine { tag } => {
                    let tag = std::mem::take(tag);
                    if !self.skip_to_line_end() {
                        self.doing = Doing::SkipLine { tag };
                        return Step::More;
                    }
                    self.doing = Doing::Line;
                    return Step::LineTooLong { tag };
                }
                Doing::SkipLiteral { left } => {
                    let here = u64::try_from(self.buffer.len()).unwrap_or(u64::MAX);
                    let take = (*left).min(here);
                    *left -= take;
                    let done = *left == 0;
                    let _ = self
                        .buffer
                        .split_to(usize::try_from(take).unwrap_or(self.buffer.len()));
                    if !done {
                        return Step::More;
                    }
                    self.doing = Doing::SkipTail;
                }
                Doing::SkipTail => match self.skip_to_line_end() {
                    true => self.doing = Doing::Line,
                    false => return Step::More,
                },
            }
        }
    }

    fn forget(&mut self) {
        self.command = RawCommand::default();
        self.message_bytes = 0;
    }

    fn skip_to_line_end(&mut self) -> bool {
        self.searched = 0;
        match self.buffer.iter().position(|&byte| byte == b'\n') {
            Some(at) => {
                let _ = self.buffer.split_to(at + 1);
                true
            }
            None => {
                self.buffer.clear();
                false
            }
        }
    }

    /// None: no whole line yet. Ok(None): a literal follows that needs no word from us.
    fn line(&mut self, caps: Caps) -> Option<Result<Option<Step>, Step>> {
        let unsearched = self.buffer.get(self.searched..).unwrap_or_default();
        let Some(offset) = unsearched.iter().position(|&byte| byte == b'\n') else {
            self.searched = self.buffer.len();
            // One more, for the CR of a line that just fits.
            if self.command.text.len() + self.buffer.len() > caps.line_bytes + 1 {
                self.command.text.extend_from_slice(&self.buffer);
                let tag = tag_of(&self.command.text);
                self.forget();
                self.buffer.clear();
                self.searched = 0;
                self.doing = Doing::SkipLine { tag };
            }
            return None;
        };
        let line = self.buffer.split_to(self.searched + offset + 1);
        self.searched = 0;
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        self.command.text.extend_from_slice(line);
        if self.command.text.len() > caps.line_bytes {
            let tag = tag_of(&self.command.text);
            return Some(Err(Step::LineTooLong { tag }));
        }
        let Some(announced) = announced(line) else {
            self.message_bytes = 0;
            return Some(Ok(Some(Step::Command(std::mem::take(&mut self.command)))));
        };
        Some(self.literal(announced, caps))
    }

    fn literal(&mut self, announced: Announced, caps: Caps) -> Result<Option<Step>, Step> {
        let message = is_message(&self.command);
        // All messages of one command share one bound.
        let allowed = match message {
            true => caps.message_bytes.saturating_sub(self.message_bytes),
            false => caps.literal_bytes,
        };
        let fits = usize::try_from(announced.bytes)
            .ok()
            .filter(|bytes| *bytes <= allowed);
        let Some(bytes) = fits.filter(|_| self.command.literals.len() < limits::LITERALS_MAX)
        else {
            let fatal = !announced.waits && announced.bytes > limits::DISCARD_BYTES_MAX;
            if !announced.waits {
                self.doing = Doing::SkipLiteral {
                    left: announced.bytes,
                };
            }
            let tag = tag_of(&self.command.text);
            return Err(Step::LiteralRefused {
                tag,
                message,
                fatal,
            });
        };
        if message {
            self.message_bytes += bytes;
        }
        self.command.text.extend_from_slice(b"\r\n");
        // The space is taken as the bytes come, not as they are announced.
        self.doing = Doing::Literal {
            left: bytes,
            bytes: BytesMut::with_capacity(bytes.min(64 * 1024)),
        };
        Ok(announced.waits.then_some(Step::Continue))
    }
}

struct Announced {
    bytes: u64,
    /// The peer waits for our word before it sends (RFC 9051 §4.3); not so with "{n+}".
    waits: bool,
}

/// "{123}" or "{123+}" at the end of a line.
fn announced(line: &[u8]) -> Option<Announced> {
    let inside = line.strip_suffix(b"}")?;
    let start = inside.iter().rposition(|&byte| byte == b'{')?;
    let digits = inside.get(start + 1..)?;
    let (digits, waits) = match digits.strip_suffix(b"+") {
        Some(digits) => (digits, false),
        None => (digits, true),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    // A number too large to hold is refused like any that is too large.
    let bytes = std::str::from_utf8(digits)
        .ok()?
        .parse()
        .unwrap_or(u64::MAX);
    Some(Announced { bytes, waits })
}

/// Is the literal that was just announced the message of an APPEND (and not its mailbox name)?
fn is_message(command: &RawCommand) -> bool {
    let mut words = command.text.splitn(3, |&byte| byte == b' ');
    let (_tag, verb, rest) = (words.next(), words.next(), words.next());
    let name_is_literal =
        command.literals.is_empty() && rest.is_some_and(|rest| rest.starts_with(b"{"));
    verb.is_some_and(|verb| verb.eq_ignore_ascii_case(b"APPEND")) && !name_is_literal
}

/// The tag of a command that is not parsed further; "*" where there is none.
fn tag_of(text: &[u8]) -> Vec<u8> {
    let tag = text.split(|&byte| byte == b' ').next().unwrap_or_default();
    match tag.len() <= limits::TAG_BYTES_MAX && super::cursor::is_tag(tag) {
        true => tag.to_vec(),
        false => b"*".to_vec(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    const CAPS: Caps = Caps {
        line_bytes: 40,
        literal_bytes: 10,
        message_bytes: 100,
    };

    /// Feeds bytes in pieces of `step` and writes down what came out.
    fn run(bytes: &[u8], step: usize) -> Vec<String> {
        let mut input = Input::default();
        let mut out = Vec::new();
        for piece in bytes.chunks(step) {
            input.space().extend_from_slice(piece);
            loop {
                match input.step(CAPS) {
                    Step::More => break,
                    Step::Command(raw) => out.push(format!(
                        "{}|{}",
                        String::from_utf8_lossy(&raw.text).replace("\r\n", "~"),
                        raw.literals
                            .iter()
                            .map(|l| String::from_utf8_lossy(l).into_owned())
                            .collect::<Vec<_>>()
                            .join(",")
                    )),
                    Step::LineTooLong { tag } => {
                        out.push(format!("long {}", String::from_utf8_lossy(&tag)))
                    }
                    Step::LiteralRefused {
                        tag,
                        message,
                        fatal,
                    } => {
                        out.push(format!(
                            "refused {} {message} {fatal}",
                            String::from_utf8_lossy(&tag)
                        ));
                    }
                    Step::Continue => out.push("+".into()),
                }
            }
        }
        out
    }

    #[test]
    fn commands_come_out_whole_however_they_arrive() {
        let long = format!("a {}\r\nb NOOP\r\n", "x".repeat(100_000));
        for (bytes, expected) in [
            ("a NOOP\r\nb NOOP\n", vec!["a NOOP|", "b NOOP|"]),
            (
                "a LOGIN {3}\r\nabc {2+}\r\nde\r\n",
                vec!["+", "a LOGIN {3}~ {2+}~|abc,de"],
            ),
            ("a LOGIN {0}\r\n x\r\n", vec!["+", "a LOGIN {0}~ x|"]),
            (
                "a LOGIN {11}\r\nb NOOP\r\n",
                vec!["refused a false false", "b NOOP|"],
            ),
            (
                "a LOGIN {11+}\r\n12345678901 x\r\nb NOOP\r\n",
                vec!["refused a false false", "b NOOP|"],
            ),
            (
                "a APPEND x {4294967296}\r\nb NOOP\r\n",
                vec!["refused a true false", "b NOOP|"],
            ),
            ("a APPEND x {4294967296+}\r\n", vec!["refused a true true"]),
            (
                "a APPEND x {99999999999999999999999}\r\n",
                vec!["refused a true false"],
            ),
            (
                "a append x {20+}\r\n01234567890123456789\r\n",
                vec!["a append x {20+}~|01234567890123456789"],
            ),
            (
                "a append {20}\r\nb x\r\n",
                vec!["refused a false false", "b x|"],
            ),
            (
                "a append {1+}\r\nx {60+}\r\n012345678901234567890123456789012345678901234567890123456789 {60}\r\n",
                vec!["refused a true false"],
            ),
            (long.as_str(), vec!["long a", "b NOOP|"]),
            // a line of just 40 bytes fits, whether its end came with it or later; 41 do not
            (
                "a 34567890123456789012345678901234567 40\r\n",
                vec!["a 34567890123456789012345678901234567 40|"],
            ),
            (
                "a 34567890123456789012345678901234567  41\r\n",
                vec!["long a"],
            ),
            ("{}\r\n{x}\r\n{-1}\r\n", vec!["{}|", "{x}|", "{-1}|"]),
        ] {
            for step in [1, 7, 1 << 20] {
                assert_eq!(run(bytes.as_bytes(), step), expected, "in pieces of {step}");
            }
        }
    }
}
