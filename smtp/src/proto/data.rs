//! The DATA receiver: finds the one true end of a message, CRLF . CRLF, takes stuffed dots away, and marks every message
//! with a bare CR or a bare LF as refused, so that no other reading of its lines can smuggle a second message. (RFC 5321 §4.5.2)

use super::body::{Body, BodyFault};
use bytes::{Buf, BytesMut};
use memchr::memchr2;

/// Where the last byte left us.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum At {
    LineStart,
    Inside,
    /// After a CR inside a line.
    Cr,
    /// After a dot at the start of a line; the dot is held back.
    Dot,
    /// After that dot and a CR; both are held back.
    DotCr,
}

/// Receives one message after `354`.
#[derive(Debug)]
pub struct Receiver {
    at: At,
    body: Body,
}

impl Receiver {
    pub fn new(body: Body) -> Self {
        Self {
            at: At::LineStart,
            body,
        }
    }
    pub fn body(&self) -> &Body {
        &self.body
    }
    pub fn into_body(self) -> Body {
        self.body
    }

    /// Takes what belongs to the message out of `input`; true when the end was found. What follows the end stays.
    pub fn receive(&mut self, input: &mut BytesMut) -> bool {
        let (used, ended) = self.walk(input);
        input.advance(used);
        ended
    }

    /// Walks over the bytes, copying whole runs between dots; returns how many were used and whether the end was seen.
    fn walk(&mut self, bytes: &[u8]) -> (usize, bool) {
        let (mut run, mut pos) = (0, 0);
        while let Some(byte) = bytes.get(pos).copied() {
            match (self.at, byte) {
                (At::LineStart, b'.') => {
                    self.copy(bytes, run, pos);
                    pos += 1;
                    run = pos;
                    self.at = At::Dot;
                }
                (At::LineStart | At::Inside, _) => {
                    pos = self.run_on(bytes, pos);
                }
                (At::Cr, b'\n') => {
                    pos += 1;
                    self.at = At::LineStart;
                }
                (At::Dot, b'\r') => {
                    pos += 1;
                    run = pos;
                    self.at = At::DotCr;
                }
                (At::DotCr, b'\n') => return (pos + 1, true),
                (At::Dot, _) => self.at = At::Inside,
                // A CR that no LF follows.
                (At::Cr | At::DotCr, b'\r') => {
                    self.body.fail(BodyFault::BareCr);
                    pos += 1;
                    self.at = At::Cr;
                }
                (At::Cr | At::DotCr, _) => {
                    self.body.fail(BodyFault::BareCr);
                    self.at = At::Inside;
                }
            }
        }
        self.copy(bytes, run, bytes.len());
        (bytes.len(), false)
    }

    /// Goes on to the next CR or past a bare LF.
    fn run_on(&mut self, bytes: &[u8], pos: usize) -> usize {
        self.at = At::Inside;
        let rest = bytes.get(pos..).unwrap_or_default();
        let Some(found) = memchr2(b'\r', b'\n', rest) else {
            return bytes.len();
        };
        if rest.get(found) == Some(&b'\n') {
            self.body.fail(BodyFault::BareLf);
        } else {
            self.at = At::Cr;
        }
        pos + found + 1
    }

    fn copy(&mut self, bytes: &[u8], from: usize, to: usize) {
        self.body.push(bytes.get(from..to).unwrap_or_default());
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::body::Budget;
    use super::*;

    /// A body or its fault, and what was left behind the end; None where no end came.
    type Received = Option<(Result<Vec<u8>, BodyFault>, Vec<u8>)>;

    /// What came of a message sent in pieces of `step` bytes: the body or its fault, and what was left behind the end.
    fn receive(bytes: &[u8], step: usize) -> Received {
        let budget = Budget::new(1 << 24);
        let mut receiver = Receiver::new(Body::new(&budget, 1 << 20, 0));
        let mut input = BytesMut::new();
        let mut pieces = bytes.chunks(step);
        while let Some(piece) = pieces.next() {
            input.extend_from_slice(piece);
            if receiver.receive(&mut input) {
                let rest: Vec<u8> = pieces.flatten().copied().collect();
                let body = receiver
                    .into_body()
                    .finish()
                    .map(|whole| whole.bytes.to_vec());
                return Some((body, [input.to_vec(), rest].concat()));
            }
            assert!(input.is_empty());
        }
        None
    }

    #[test]
    fn messages_in_any_pieces() {
        let ok = |text: &str| Some((Ok(text.as_bytes().to_vec()), Vec::new()));
        let rows: Vec<(&[u8], Received)> = vec![
            (b".\r\n", ok("")),
            (b"a\r\n.\r\n", ok("a\r\n")),
            (b"..\r\n.\r\n", ok(".\r\n")),
            (b"...a\r\n..b\r\n.c\r\n.\r\n", ok("..a\r\n.b\r\nc\r\n")),
            (b"a.\r\n.b.\r\n\r\n.\r\n", ok("a.\r\nb.\r\n\r\n")),
            (
                b"a\0\xe1\r\n.\r\n",
                Some((Ok(b"a\0\xe1\r\n".to_vec()), vec![])),
            ),
            (
                b"a\r\n.\r\nQUIT\r\n",
                Some((Ok(b"a\r\n".to_vec()), b"QUIT\r\n".to_vec())),
            ),
            (b"a\r\n.\r", None),
            (b"a\r\n", None),
        ];
        for (bytes, expected) in rows {
            for step in [1, 2, 3, 5, 1000] {
                assert_eq!(
                    receive(bytes, step),
                    expected,
                    "{:?}",
                    String::from_utf8_lossy(bytes)
                );
            }
        }
    }

    /// The smuggling set: none of these ends a message, and a message that holds one is refused whole.
    #[test]
    fn no_other_end_of_data() {
        let rows: &[(&[u8], BodyFault)] = &[
            (b"\n.\n", BodyFault::BareLf),
            (b"\n.\r\n", BodyFault::BareLf),
            (b"\r\n.\n", BodyFault::BareLf),
            (b"\r\n.\r", BodyFault::BareCr),
            (b"\r\n.\r\r\n", BodyFault::BareCr),
            (b"\r\r\n.\r\r\n", BodyFault::BareCr),
            (b"\r.\r\n", BodyFault::BareCr),
            (b"\r.\r", BodyFault::BareCr),
            (b"\r\n.\r\0\n", BodyFault::BareCr),
        ];
        for (variant, fault) in rows {
            let smuggled = [b"a", *variant, b"MAIL FROM:<x@y>\r\n.\r\n"].concat();
            for step in [1, 2, 3, 1000] {
                assert_eq!(
                    receive(&smuggled, step),
                    Some((Err(*fault), vec![])),
                    "{variant:?}"
                );
            }
        }
    }
}
