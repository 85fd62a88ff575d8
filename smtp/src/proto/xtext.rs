//! xtext, which wraps what people wrote into parameters: `+` and two hex digits stand for an octet. Reading forgives senders who
//! never wrapped; writing never needs forgiveness.  (RFC 3461 §4)

/// Stands for itself.
fn plain(byte: u8) -> bool {
    (b'!'..=b'~').contains(&byte) && !matches!(byte, b'+' | b'=')
}

fn push_code(text: &mut String, byte: u8) {
    text.push_str(&format!("+{byte:02X}"));
}

/// Wraps any text.
pub fn encode(text: &str) -> String {
    let mut wrapped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if plain(byte) {
            wrapped.push(char::from(byte));
        } else {
            push_code(&mut wrapped, byte);
        }
    }
    wrapped
}

/// The octet that a code at the front of `text` stands for.
fn code(text: &[u8]) -> Option<u8> {
    let digit = |at: usize| {
        let found = text.get(at).copied().map(char::from)?.to_digit(16)?;
        u8::try_from(found).ok()
    };
    Some(digit(0)? * 16 + digit(1)?)
}

/// Unwraps; what is no code stays as it is.
pub fn decode(wrapped: &str) -> String {
    let mut rest = wrapped.as_bytes();
    let mut text = Vec::with_capacity(rest.len());
    while let Some((first, after)) = rest.split_first() {
        match (*first == b'+').then(|| code(after)).flatten() {
            Some(byte) => {
                text.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                text.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// The same value as another server takes it: a bare `+` or `=` becomes its code, codes become capitals. Beyond ASCII stays, as
/// an address of type utf-8 has it (RFC 6533 §3).
pub fn mended(value: &str) -> String {
    let mut wrapped = String::with_capacity(value.len());
    let mut skip = 0;
    for (at, c) in value.char_indices() {
        if skip > 0 {
            skip -= 1;
            continue;
        }
        let rest = value.as_bytes().get(at + 1..).unwrap_or_default();
        match (c, code(rest)) {
            ('+', Some(byte)) => {
                push_code(&mut wrapped, byte);
                skip = 2;
            }
            ('+' | '=', _) => push_code(&mut wrapped, if c == '+' { b'+' } else { b'=' }),
            _ => wrapped.push(c),
        }
    }
    wrapped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapped_and_unwrapped() {
        for (text, wrapped) in [
            ("QQ314159", "QQ314159"),
            ("a+b=c", "a+2Bb+3Dc"),
            ("a b", "a+20b"),
            ("thư", "th+C6+B0"),
        ] {
            assert_eq!(encode(text), wrapped);
            assert_eq!(decode(wrapped), text);
        }
    }

    #[test]
    fn what_was_never_wrapped_is_mended() {
        for (value, expected) in [
            ("a+2Bb@c.vn", "a+2Bb@c.vn"),
            ("a+2bb@c.vn", "a+2Bb@c.vn"),
            ("an+to@c.vn", "an+2Bto@c.vn"),
            ("srs0=x=y@c.vn", "srs0+3Dx+3Dy@c.vn"),
            ("a+", "a+2B"),
            ("a+4", "a+2B4"),
            ("văn+2Bthư@tỉnh.vn", "văn+2Bthư@tỉnh.vn"),
            ("văn+ư@tỉnh.vn", "văn+2Bư@tỉnh.vn"),
        ] {
            assert_eq!(mended(value), expected, "{value}");
            assert_eq!(mended(expected), expected, "once is enough");
        }
        assert_eq!(decode("an+to"), "an+to");
    }
}
