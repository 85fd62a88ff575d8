//! Codes that people type: base32 without look-alikes, in groups. Reading forgives case, spaces, hyphens and look-alikes.

use crate::Error;

/// Crockford's alphabet: no i, l, o, u; they are read as 1, 1, 0 and v.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Characters of an app password: 20 × 5 = 100 bits, beyond guessing even offline.
const APP_PASSWORD_CHARS: usize = 20;
/// Characters of a recovery slip: 16 × 5 = 80 bits; it lives minutes to hours and is rate limited.
const SLIP_CHARS: usize = 16;
/// Characters per group: what one keeps in mind while typing.
const GROUP: usize = 4;
/// Longest text looked at as a code.
const TYPED_BYTES_MAX: usize = 100;

/// "7kqm-…": five groups of four.
pub(crate) fn app_password() -> Result<String, Error> {
    make(APP_PASSWORD_CHARS)
}

/// Four groups of four.
pub(crate) fn slip() -> Result<String, Error> {
    make(SLIP_CHARS)
}

fn make(chars: usize) -> Result<String, Error> {
    let mut text = String::with_capacity(chars + chars / GROUP);
    for (place, byte) in crate::secret::random::<32>()?
        .into_iter()
        .take(chars)
        .enumerate()
    {
        if place > 0 && place % GROUP == 0 {
            text.push('-');
        }
        text.push(char::from(
            ALPHABET
                .get(usize::from(byte & 31))
                .copied()
                .unwrap_or(b'0'),
        ));
    }
    Ok(text)
}

/// A plain code as it is shown: in groups.
pub(crate) fn grouped(plain: &str) -> String {
    let mut text = String::with_capacity(plain.len() + plain.len() / GROUP);
    for (place, c) in plain.chars().enumerate() {
        if place > 0 && place % GROUP == 0 {
            text.push('-');
        }
        text.push(c);
    }
    text
}

/// What was typed as the plain code: lower case, no separators, look-alikes put right. `None` when it cannot be one.
pub(crate) fn read(typed: &str) -> Option<String> {
    if typed.len() > TYPED_BYTES_MAX {
        return None;
    }
    let mut code = String::with_capacity(typed.len());
    for c in typed.chars() {
        match c.to_ascii_lowercase() {
            '-' | ' ' | '\u{a0}' | '\u{2010}'..='\u{2015}' => {}
            'o' => code.push('0'),
            'i' | 'l' => code.push('1'),
            'u' => code.push('v'),
            c if u8::try_from(c).is_ok_and(|byte| ALPHABET.contains(&byte)) => code.push(c),
            _ => return None,
        }
    }
    (!code.is_empty()).then_some(code)
}

/// Whether a typed secret has the shape of an app password; anything else needs no look at them.
pub(crate) fn read_app_password(typed: &str) -> Option<String> {
    read(typed).filter(|code| code.len() == APP_PASSWORD_CHARS)
}

pub(crate) fn read_slip(typed: &str) -> Option<String> {
    read(typed).filter(|code| code.len() == SLIP_CHARS)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn codes_read_back_however_typed() {
        let made = app_password().unwrap();
        assert_eq!(made.len(), 24);
        assert_ne!(made, app_password().unwrap());
        let plain = made.replace('-', "");
        for typed in [
            made.clone(),
            made.to_uppercase(),
            made.replace('-', " "),
            plain.clone(),
        ] {
            assert_eq!(read_app_password(&typed).unwrap(), plain);
        }
        assert_eq!(grouped(&plain), made);
        assert_eq!(slip().unwrap().len(), 19);
    }

    #[test]
    fn look_alikes_are_forgiven_and_garbage_is_not() {
        assert_eq!(read("O0-il1u").as_deref(), Some("00111v"));
        for typed in ["", "----", "mật khẩu", "a!b", &"a".repeat(200)] {
            assert_eq!(read(typed), None, "{typed}");
        }
        assert_eq!(read_slip("abcd"), None);
    }
}
