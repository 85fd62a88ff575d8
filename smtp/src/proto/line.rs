//! The command line reader: whole CRLF lines out of a byte buffer, with a cap. Never keeps more than the cap, never looks at
//! a byte twice, never takes a bare LF for the end of a command.

use bytes::{Bytes, BytesMut};
use memchr::memchr;

/// Why a line is no command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LineFault {
    /// Over the cap; it has been thrown away to its end (RFC 5321 §4.5.3.1.4).
    TooLong,
    /// LF without CR before it (RFC 5321 §2.3.8).
    BareLf,
    /// NUL, a lone CR or another control character.
    Control,
}

/// Where the reader stands in the buffer it is shown each time.
#[derive(Default, Debug)]
pub struct LineReader {
    scanned: usize,
    discarding: bool,
}

impl LineReader {
    /// The next line without its CRLF, or None when more bytes are needed. `max` counts the CRLF.
    pub fn next(&mut self, input: &mut BytesMut, max: usize) -> Option<Result<Bytes, LineFault>> {
        let unseen = input.get(self.scanned..).unwrap_or_default();
        let Some(found) = memchr(b'\n', unseen) else {
            self.scanned = input.len();
            if self.discarding || input.len() > max {
                self.discarding = true;
                self.scanned = 0;
                input.clear();
            }
            return None;
        };
        let mut line = input.split_to(self.scanned + found + 1);
        self.scanned = 0;
        if std::mem::take(&mut self.discarding) || line.len() > max {
            return Some(Err(LineFault::TooLong));
        }
        if !line.ends_with(b"\r\n") {
            return Some(Err(LineFault::BareLf));
        }
        line.truncate(line.len() - 2);
        if line
            .iter()
            .any(|b| (*b < b' ' && *b != b'\t') || *b == 0x7f)
        {
            return Some(Err(LineFault::Control));
        }
        Some(Ok(line.freeze()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read_all(bytes: &[u8], step: usize, max: usize) -> Vec<Result<Bytes, LineFault>> {
        let (mut reader, mut input, mut lines) = (LineReader::default(), BytesMut::new(), vec![]);
        for piece in bytes.chunks(step) {
            input.extend_from_slice(piece);
            while let Some(line) = reader.next(&mut input, max) {
                lines.push(line);
            }
            assert!(input.len() <= max + step);
        }
        lines
    }

    #[test]
    fn lines_in_any_pieces() {
        let long = [b"A".repeat(300), b"\r\n".to_vec()].concat();
        type Row<'a> = (&'a [u8], Vec<Result<&'a str, LineFault>>);
        let rows: &[Row<'_>] = &[
            (b"NOOP\r\nQUIT\r\n", vec![Ok("NOOP"), Ok("QUIT")]),
            (b"\r\n", vec![Ok("")]),
            (b"NOOP\nQUIT\r\n", vec![Err(LineFault::BareLf), Ok("QUIT")]),
            (b"NO\rOP\r\n", vec![Err(LineFault::Control)]),
            (b"NOOP\r\r\n", vec![Err(LineFault::Control)]),
            (b"NO\0OP\r\n", vec![Err(LineFault::Control)]),
            (&long, vec![Err(LineFault::TooLong)]),
            (b"half", vec![]),
        ];
        for (bytes, expected) in rows {
            for step in [1, 2, 3, 7, 1000] {
                let got = read_all(bytes, step, 100);
                let want: Vec<_> = expected
                    .iter()
                    .map(|row| row.map(|text| Bytes::copy_from_slice(text.as_bytes())))
                    .collect();
                assert_eq!(got, want, "{bytes:?} in steps of {step}");
            }
        }
    }
}
