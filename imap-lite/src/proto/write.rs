//! Writing responses: numbers, strings, flags, mailbox names. Appends to a buffer and nothing else. (RFC 9051 §9)

use super::utf7;
use store::flag;

pub use mailroom::letter_imap::{nstring, string};

pub fn number(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

pub fn text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

/// "* number NAME" and the line ending.
pub fn counted(out: &mut Vec<u8>, count: usize, name: &str) {
    out.extend_from_slice(b"* ");
    number(out, u64::try_from(count).unwrap_or(u64::MAX));
    out.push(b' ');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// System flags and their bits (RFC 9051 §2.3.2).
pub const FLAGS: [(u32, &str); 5] = [
    (flag::ANSWERED, "\\Answered"),
    (flag::FLAGGED, "\\Flagged"),
    (flag::DELETED, "\\Deleted"),
    (flag::SEEN, "\\Seen"),
    (flag::DRAFT, "\\Draft"),
];

/// "(\Seen $Forwarded)".
pub fn flags<S: AsRef<str>>(out: &mut Vec<u8>, flags: u32, keywords: &[S]) {
    out.push(b'(');
    let start = out.len();
    for (bit, name) in FLAGS {
        if flags & bit != 0 {
            if out.len() > start {
                out.push(b' ');
            }
            out.extend_from_slice(name.as_bytes());
        }
    }
    for keyword in keywords {
        if out.len() > start {
            out.push(b' ');
        }
        out.extend_from_slice(keyword.as_ref().as_bytes());
    }
    out.push(b')');
}

/// A mailbox name: quoted UTF-8 for clients that enabled it, modified UTF-7 for others (RFC 9051 §5.1, RFC 3501 §5.1.3).
pub fn mailbox(out: &mut Vec<u8>, name: &str, utf8: bool) {
    if name.is_ascii() && !name.contains('&') {
        return string(out, name.as_bytes());
    }
    if !utf8 {
        return string(out, utf7::encode(name).as_bytes());
    }
    out.push(b'"');
    for byte in name.bytes() {
        if byte == b'"' || byte == b'\\' {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows() {
        let mut out = Vec::new();
        flags(&mut out, flag::SEEN | flag::FLAGGED, &["$Forwarded", "x"]);
        flags::<&str>(&mut out, 0, &[]);
        mailbox(&mut out, "INBOX", false);
        mailbox(&mut out, "Hộp \"1\"", true);
        mailbox(&mut out, "Hộp & thư", false);
        mailbox(&mut out, "a & b", true);
        counted(&mut out, 12, "EXISTS");
        let expected = "(\\Flagged \\Seen $Forwarded x)()\"INBOX\"\"Hộp \\\"1\\\"\"\"H&Htk-p &- th&AbA-\"\"a & b\"* 12 EXISTS\r\n";
        assert_eq!(String::from_utf8_lossy(&out), expected);
    }
}
