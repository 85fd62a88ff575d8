//! Reading the text of one command: atoms, strings, numbers, lists. Never reads past its end. (RFC 9051 §9)

use super::input::RawCommand;
use super::sequence::SequenceSet;
use bytes::Bytes;

/// What is wrong with a command; told to the peer in BAD.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault(pub &'static str);

pub type Parsed<T> = Result<T, Fault>;

/// The place in a command that is read next.
#[derive(Clone)]
pub struct Cursor<'c> {
    rest: &'c [u8],
    literals: std::slice::Iter<'c, Bytes>,
}

fn is_atom_char(byte: u8) -> bool {
    byte > 0x20
        && byte < 0x7f
        && !matches!(byte, b'(' | b')' | b'{' | b'%' | b'*' | b'"' | b'\\' | b']')
}

/// ASTRING-CHAR; bytes of UTF-8 are let through, the strings are checked where they matter.
fn is_astring_char(byte: u8) -> bool {
    is_atom_char(byte) || byte == b']' || byte >= 0x80
}

pub fn is_tag(tag: &[u8]) -> bool {
    !tag.is_empty()
        && tag
            .iter()
            .all(|&byte| is_atom_char(byte) && byte != b'+' || byte == b']')
}

impl<'c> Cursor<'c> {
    pub fn new(raw: &'c RawCommand) -> Self {
        Cursor {
            rest: &raw.text,
            literals: raw.literals.iter(),
        }
    }

    pub fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    pub fn skip(&mut self, byte: u8) -> bool {
        match self.rest.split_first() {
            Some((&first, rest)) if first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    pub fn want(&mut self, byte: u8) -> Parsed<()> {
        match self.skip(byte) {
            true => Ok(()),
            false => Err(Fault(match byte {
                b' ' => "space expected",
                b'(' => "( expected",
                b')' => ") expected",
                b']' => "] expected",
                _ => "unexpected character",
            })),
        }
    }

    pub fn space(&mut self) -> Parsed<()> {
        self.want(b' ')
    }

    /// Nothing may follow.
    pub fn end(&self) -> Parsed<()> {
        match self.rest {
            [] => Ok(()),
            [b' ', ..] => Err(Fault("too many arguments")),
            _ => Err(Fault("unexpected character")),
        }
    }

    pub fn at_end(&self) -> bool {
        self.rest.is_empty()
    }

    fn take_while(&mut self, good: impl Fn(u8) -> bool) -> &'c [u8] {
        let bytes = self
            .rest
            .iter()
            .position(|&byte| !good(byte))
            .unwrap_or(self.rest.len());
        let (taken, rest) = self
            .rest
            .split_at_checked(bytes)
            .unwrap_or((self.rest, b""));
        self.rest = rest;
        taken
    }

    pub fn tag(&mut self) -> Parsed<&'c [u8]> {
        let tag = self.take_while(|byte| byte != b' ');
        match is_tag(tag) && tag.len() <= crate::limits::TAG_BYTES_MAX {
            true => Ok(tag),
            false => Err(Fault("bad tag")),
        }
    }

    pub fn atom(&mut self) -> Parsed<&'c [u8]> {
        match self.take_while(is_atom_char) {
            [] => Err(Fault("atom expected")),
            atom => Ok(atom),
        }
    }

    /// A word of the protocol in capitals: letters, digits, and "-.=" between them.
    pub fn word(&mut self) -> Parsed<String> {
        let word = self.take_while(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'=' | b'_' | b'+')
        });
        match word {
            [] => Err(Fault("word expected")),
            word => Ok(String::from_utf8_lossy(word).to_ascii_uppercase()),
        }
    }

    /// Takes a word if it comes next.
    pub fn skip_word(&mut self, word: &str) -> bool {
        let Some((start, rest)) = self.rest.split_at_checked(word.len()) else {
            return false;
        };
        let ends = rest.first().is_none_or(|&byte| {
            !byte.is_ascii_alphanumeric() && !matches!(byte, b'-' | b'.' | b'_')
        });
        let found = ends && start.eq_ignore_ascii_case(word.as_bytes());
        if found {
            self.rest = rest;
        }
        found
    }

    /// The letters and digits that follow, without taking them.
    pub fn peek_word(&self) -> &'c [u8] {
        let bytes = self
            .rest
            .iter()
            .position(|byte| !byte.is_ascii_alphanumeric())
            .unwrap_or(self.rest.len());
        self.rest.get(..bytes).unwrap_or_default()
    }

    pub fn number(&mut self) -> Parsed<u64> {
        let digits = self.take_while(|byte| byte.is_ascii_digit());
        let digits = std::str::from_utf8(digits).map_err(|_| Fault("number expected"))?;
        digits.parse().map_err(|_| Fault("number expected"))
    }

    pub fn number32(&mut self) -> Parsed<u32> {
        u32::try_from(self.number()?).map_err(|_| Fault("number too large"))
    }

    pub fn sequence_set(&mut self) -> Parsed<SequenceSet> {
        let set = self
            .take_while(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b',' | b'*' | b'$'));
        SequenceSet::parse(set).ok_or(Fault("bad sequence set"))
    }

    fn quoted(&mut self) -> Parsed<Vec<u8>> {
        self.want(b'"')?;
        let mut text = Vec::new();
        loop {
            let Some((&byte, rest)) = self.rest.split_first() else {
                return Err(Fault("quoted string without end"));
            };
            self.rest = rest;
            match byte {
                b'"' => return Ok(text),
                b'\\' => match self.rest.split_first() {
                    Some((&byte @ (b'"' | b'\\'), rest)) => {
                        text.push(byte);
                        self.rest = rest;
                    }
                    _ => return Err(Fault("bad escape in quoted string")),
                },
                0 | b'\r' | b'\n' => return Err(Fault("bad character in quoted string")),
                byte => text.push(byte),
            }
        }
    }

    /// "{n}", "{n+}" or "~{n}": the bytes came with the command (RFC 9051 §4.3, RFC 3516 §4.4).
    pub fn literal(&mut self) -> Parsed<Bytes> {
        self.skip(b'~');
        self.want(b'{')?;
        self.take_while(|byte| byte != b'\n');
        self.want(b'\n')?;
        self.literals
            .next()
            .cloned()
            .ok_or(Fault("literal expected"))
    }

    pub fn at_literal(&self) -> bool {
        matches!(self.rest, [b'{', ..] | [b'~', b'{', ..])
    }

    pub fn string(&mut self) -> Parsed<Vec<u8>> {
        match self.peek() {
            Some(b'"') => self.quoted(),
            Some(b'{') => {
                let literal = self.literal()?;
                match literal.contains(&0) {
                    true => Err(Fault("NUL in a string")),
                    false => Ok(literal.to_vec()),
                }
            }
            _ => Err(Fault("string expected")),
        }
    }

    pub fn astring(&mut self) -> Parsed<Vec<u8>> {
        match self.peek() {
            Some(b'"' | b'{') => self.string(),
            _ => match self.take_while(is_astring_char) {
                [] => Err(Fault("string expected")),
                text => Ok(text.to_vec()),
            },
        }
    }

    /// A string or NIL.
    pub fn nstring(&mut self) -> Parsed<Option<Vec<u8>>> {
        match self.peek() {
            Some(b'"' | b'{') => self.string().map(Some),
            _ if self.skip_word("NIL") => Ok(None),
            _ => Err(Fault("string or NIL expected")),
        }
    }

    pub fn text_astring(&mut self) -> Parsed<String> {
        String::from_utf8(self.astring()?).map_err(|_| Fault("not UTF-8"))
    }

    /// A mailbox pattern: an astring in which % and * may stand (RFC 9051 §9, list-mailbox).
    pub fn list_mailbox(&mut self) -> Parsed<Vec<u8>> {
        match self.peek() {
            Some(b'"' | b'{') => self.string(),
            _ => match self.take_while(|byte| is_astring_char(byte) || matches!(byte, b'%' | b'*'))
            {
                [] => Err(Fault("mailbox pattern expected")),
                text => Ok(text.to_vec()),
            },
        }
    }

    /// "(" one thing, or several between single spaces, ")".
    pub fn list(&mut self, mut one: impl FnMut(&mut Self) -> Parsed<()>) -> Parsed<()> {
        self.want(b'(')?;
        loop {
            one(self)?;
            if self.skip(b')') {
                return Ok(());
            }
            self.space()?;
        }
    }

    /// The same, and "()" too.
    pub fn list_or_empty(&mut self, one: impl FnMut(&mut Self) -> Parsed<()>) -> Parsed<()> {
        if self.rest.starts_with(b"()") {
            self.skip(b'(');
            self.skip(b')');
            return Ok(());
        }
        self.list(one)
    }
}
