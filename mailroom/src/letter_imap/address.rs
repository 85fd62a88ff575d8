//! Address lists as ENVELOPE tells them: name, source route, mailbox, host, groups. Forgiving; decodes nothing.
//! (RFC 5322 §3.4, §4.4; RFC 9051 §7.5.2)

use super::limits;
use super::write::{nstring, string};

/// Writes "((name adl mailbox host)...)", or NIL where there is no address. Returns whether there was one.
pub fn write(out: &mut Vec<u8>, value: &[u8]) -> bool {
    let start = out.len();
    out.push(b'(');
    let mut reading = Reading {
        rest: value,
        out,
        written: 0,
        in_group: false,
        one: One::default(),
    };
    reading.list();
    let written = reading.written;
    if written == 0 {
        out.truncate(start);
        out.extend_from_slice(b"NIL");
        return false;
    }
    out.push(b')');
    true
}

/// One address being read: the words as a name, the same as an address, what stood in < >, the last comment.
#[derive(Default)]
struct One {
    phrase: Vec<u8>,
    spec: Vec<u8>,
    angle: Option<Vec<u8>>,
    comment: Option<Vec<u8>>,
    /// White space was passed since the last word.
    gap: bool,
}

struct Reading<'v, 'o> {
    rest: &'v [u8],
    out: &'o mut Vec<u8>,
    written: usize,
    in_group: bool,
    one: One,
}

impl Reading<'_, '_> {
    fn next(&mut self) -> Option<u8> {
        let (&byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(byte)
    }

    fn list(&mut self) {
        while self.written < limits::ADDRESSES_MAX {
            let Some(byte) = self.next() else { break };
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' => self.one.gap = true,
                b'(' => {
                    let comment = self.comment();
                    self.one.comment = Some(comment);
                }
                b'"' => {
                    let word = self.until(b'"');
                    self.word(&word);
                }
                b'<' => {
                    let inside = self.until(b'>');
                    self.one.angle = Some(inside);
                }
                b',' => self.flush(),
                b';' => {
                    self.flush();
                    self.group_end();
                }
                b':' if !self.in_group
                    && self.one.angle.is_none()
                    && !self.one.phrase.is_empty() =>
                {
                    let name = std::mem::take(&mut self.one).phrase;
                    self.in_group = true;
                    self.address(None, None, Some(&name), None);
                }
                _ => self.atom(byte),
            }
        }
        self.flush();
        self.group_end();
    }

    /// Everything up to an unescaped end; inside < > a quoted local part keeps its quotes out of the way.
    fn until(&mut self, end: u8) -> Vec<u8> {
        let mut inside = Vec::new();
        let mut quoted = false;
        while let Some(byte) = self.next() {
            match byte {
                b'\\' => inside.extend(self.next()),
                b'"' if end != b'"' => quoted = !quoted,
                _ if byte == end && !quoted => break,
                b'\r' | b'\n' => {}
                b' ' | b'\t' if end == b'>' && !quoted => {}
                _ => inside.push(byte),
            }
        }
        inside
    }

    fn comment(&mut self) -> Vec<u8> {
        let mut inside = Vec::new();
        let mut depth = 1_usize;
        while let Some(byte) = self.next() {
            match byte {
                b'\\' => inside.extend(self.next()),
                b'(' => depth += 1,
                b')' if depth == 1 => break,
                b')' => depth -= 1,
                b'\r' | b'\n' => {}
                _ => inside.push(byte),
            }
        }
        inside.trim_ascii().to_vec()
    }

    /// An atom; an encoded-word is one, commas and all (RFC 2047 §5 forbids them, mailers write them).
    fn atom(&mut self, first: u8) {
        let mut word = vec![first];
        if first == b'=' && self.rest.starts_with(b"?") {
            let end = self.rest.windows(2).enumerate().skip(1).find(|(at, pair)| {
                *pair == b"?=" && self.rest.iter().take(*at).filter(|b| **b == b'?').count() >= 3
            });
            if let Some((at, _)) = end
                && let Some((inside, rest)) = self.rest.split_at_checked(at + 2)
                && inside.iter().all(u8::is_ascii_graphic)
                && inside.len() <= 256
            {
                word.extend_from_slice(inside);
                self.rest = rest;
                return self.word(&word);
            }
        }
        while let Some(&byte) = self.rest.first() {
            if matches!(
                byte,
                b' ' | b'\t' | b'\r' | b'\n' | b'(' | b'"' | b'<' | b',' | b';' | b':'
            ) {
                break;
            }
            word.push(byte);
            self.next();
        }
        self.word(&word);
    }

    fn word(&mut self, word: &[u8]) {
        if self.one.gap && !self.one.phrase.is_empty() {
            self.one.phrase.push(b' ');
        }
        self.one.gap = false;
        self.one.phrase.extend_from_slice(word);
        self.one.spec.extend_from_slice(word);
    }

    fn flush(&mut self) {
        let one = std::mem::take(&mut self.one);
        let (name, spec) = match one.angle {
            Some(angle) => (Some(one.phrase).filter(|name| !name.is_empty()), angle),
            None if one.spec.is_empty() => return,
            None => (None, one.spec),
        };
        let name = name.or(one.comment.filter(|comment| !comment.is_empty()));
        let (route, spec) = route_of(&spec);
        let (mailbox, host) = match spec.iter().rposition(|&byte| byte == b'@') {
            Some(at) => (
                spec.get(..at).unwrap_or_default(),
                spec.get(at + 1..).unwrap_or_default(),
            ),
            // NIL would mean a group, so a missing host is an empty string.
            None => (spec, &b""[..]),
        };
        if name.is_none() && mailbox.is_empty() && host.is_empty() {
            return;
        }
        self.address(name.as_deref(), route, Some(mailbox), Some(host));
    }

    fn group_end(&mut self) {
        if std::mem::take(&mut self.in_group) {
            self.address(None, None, None, None);
        }
    }

    fn address(
        &mut self,
        name: Option<&[u8]>,
        route: Option<&[u8]>,
        mailbox: Option<&[u8]>,
        host: Option<&[u8]>,
    ) {
        self.written += 1;
        self.out.push(b'(');
        nstring(self.out, name);
        self.out.push(b' ');
        nstring(self.out, route);
        self.out.push(b' ');
        nstring(self.out, mailbox);
        self.out.push(b' ');
        match host {
            Some(host) => string(self.out, host),
            None => self.out.extend_from_slice(b"NIL"),
        }
        self.out.push(b')');
    }
}

/// "@a,@b:user@host" is the route "@a,@b" and "user@host" (RFC 5322 §4.4).
fn route_of(spec: &[u8]) -> (Option<&[u8]>, &[u8]) {
    if spec.first() == Some(&b'@')
        && let Some(colon) = spec.iter().position(|&byte| byte == b':')
        && let Some((route, rest)) = spec.split_at_checked(colon)
    {
        return (Some(route), rest.strip_prefix(b":").unwrap_or(rest));
    }
    (None, spec)
}
