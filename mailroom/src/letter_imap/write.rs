//! IMAP strings on the wire: quoted where seven bits and short, a literal otherwise. Never writes a NUL. (RFC 9051 §4.3)

/// Longer strings go as literals: some clients keep quoted strings in small buffers.
const QUOTED_BYTES_MAX: usize = 1_000;

/// NIL or a string.
pub fn nstring(out: &mut Vec<u8>, text: Option<&[u8]>) {
    match text {
        Some(text) => string(out, text),
        None => out.extend_from_slice(b"NIL"),
    }
}

/// A quoted string or a literal, whatever the bytes are; NUL bytes are left out (RFC 9051 §9, CHAR8).
pub fn string(out: &mut Vec<u8>, text: &[u8]) {
    let plain = |byte: &u8| (0x20..0x7f).contains(byte) || *byte == b'\t';
    if text.len() <= QUOTED_BYTES_MAX && text.iter().all(plain) {
        out.push(b'"');
        for &byte in text {
            if byte == b'"' || byte == b'\\' {
                out.push(b'\\');
            }
            out.push(byte);
        }
        out.push(b'"');
        return;
    }
    let bytes = text.iter().filter(|&&byte| byte != 0).count();
    out.extend_from_slice(format!("{{{bytes}}}\r\n").as_bytes());
    out.extend(text.iter().filter(|&&byte| byte != 0));
}
