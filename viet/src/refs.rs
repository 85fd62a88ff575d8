//! Character references (`&#7841;`, `&#x1EA1;`, `&agrave;`): one at a time for HTML readers, and whole texts where
//! references stand outside HTML. Does not parse HTML.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use crate::letters::Alphabet;
use crate::tables::cp1252_char;

const ENTITIES: &str = include_str!("../tables/entities.tsv");
/// Longest reference read, in bytes: `&thetasym;` and numbers with leading zeros.
const REF_BYTES_MAX: usize = 16;

struct Name {
    code: char,
    bare: bool,
}

static NAMES: LazyLock<HashMap<&'static str, Name>> = LazyLock::new(|| {
    ENTITIES
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let mut columns = line.split('\t');
            let name = columns.next()?;
            let code = char::from_u32(u32::from_str_radix(columns.next()?, 16).ok()?)?;
            Some((
                name,
                Name {
                    code,
                    bare: columns.next() == Some("yes"),
                },
            ))
        })
        .collect()
});

/// The character reference at the start of `text` and its length in bytes. Numbers 128 to 159 mean windows-1252, as
/// browsers read them.
///
/// ```
/// assert_eq!(viet::char_ref("&#7841;n"), Some(('ạ', 7)));
/// assert_eq!(viet::char_ref("&agrave;"), Some(('à', 8)));
/// assert_eq!(viet::char_ref("& co"), None);
/// ```
#[must_use]
pub fn char_ref(text: &str) -> Option<(char, usize)> {
    let body = text.strip_prefix('&')?;
    if let Some(number) = body.strip_prefix('#') {
        return numeric(number);
    }
    let name_len = body
        .bytes()
        .take(REF_BYTES_MAX)
        .take_while(u8::is_ascii_alphanumeric)
        .count();
    let name = body.get(..name_len)?;
    if body.as_bytes().get(name_len) == Some(&b';')
        && let Some(found) = NAMES.get(name)
    {
        return Some((found.code, name_len + 2));
    }
    // browsers take the Latin-1 names without a semicolon too
    (2..=name_len.min(6)).rev().find_map(|len| {
        let found = NAMES.get(name.get(..len)?)?;
        found.bare.then_some((found.code, len + 1))
    })
}

fn numeric(number: &str) -> Option<(char, usize)> {
    let (radix, digits, head) = match number.strip_prefix(['x', 'X']) {
        Some(hex) => (16, hex, 3),
        None => (10, number, 2),
    };
    let len = digits
        .chars()
        .take(8)
        .take_while(|c| c.is_digit(radix))
        .count();
    let code = u32::from_str_radix(digits.get(..len)?, radix).ok()?;
    let c = match code {
        0 => return None,
        0x80..=0x9f => cp1252_char(u8::try_from(code).ok()?),
        _ => char::from_u32(code)?,
    };
    let semicolon = digits.as_bytes().get(len) == Some(&b';');
    // without the semicolon only what cannot be a plain "&#5 apples"
    if !semicolon
        && (len < 3
            || digits
                .as_bytes()
                .get(len)
                .is_some_and(u8::is_ascii_alphanumeric))
    {
        return None;
    }
    Some((c, head + len + usize::from(semicolon)))
}

/// Every reference replaced; `None` when there is none.
fn replace_all(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut found = false;
    while let Some(at) = rest.find('&') {
        let (before, tail) = rest.split_at_checked(at)?;
        out.push_str(before);
        match char_ref(tail) {
            Some((c, used)) => {
                out.push(c);
                found = true;
                rest = tail.get(used..)?;
            }
            None => {
                out.push('&');
                rest = tail.get(1..)?;
            }
        }
    }
    out.push_str(rest);
    found.then_some(out)
}

/// Decodes references outside HTML when at least one of them is a letter inside or beside a word; text that merely
/// mentions `&amp;` stays. References escaped twice (`&amp;#7841;`) are followed.
pub(crate) fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut current = Cow::Borrowed(text);
    let mut undecided: Option<String> = None;
    // three layers of escaping is the most that was ever seen
    for _ in 0..3 {
        let source = undecided.as_deref().unwrap_or(&current);
        let is_word = has_letter_ref(source);
        let Some(next) = replace_all(source) else {
            break;
        };
        if is_word {
            current = Cow::Owned(next);
            undecided = None;
        } else {
            undecided = Some(next);
        }
    }
    current
}

/// True when a reference to a letter above ASCII has a letter or another reference beside it.
pub(crate) fn has_letter_ref(text: &str) -> bool {
    let alphabet = Alphabet::get();
    let mut from = 0;
    while let Some(at) = text
        .get(from..)
        .and_then(|rest| rest.find('&'))
        .map(|at| at + from)
    {
        let Some((c, used)) = text.get(at..).and_then(char_ref) else {
            from = at + 1;
            continue;
        };
        from = at + used;
        let before = text.get(..at).and_then(|t| t.chars().next_back());
        let after = text.get(from..).and_then(|t| t.chars().next());
        let beside = before.is_some_and(char::is_alphabetic)
            || after.is_some_and(|c| c.is_alphabetic() || c == '&');
        let ended = text.as_bytes().get(from.wrapping_sub(1)) == Some(&b';');
        if ended && !c.is_ascii() && alphabet.letter(c).code != 0 && beside {
            return true;
        }
    }
    false
}

/// Everything above ASCII as decimal references.
pub(crate) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c)
        } else {
            out.push_str(&format!("&#{};", u32::from(c)))
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_become_letters_only_in_words() {
        for (from, to) in [
            ("T&#7841; H&#7919;u &#272;&#7841;t", "Tạ Hữu Đạt"),
            ("Mai Th&#x1ecb;", "Mai Thị"),
            ("Ph&ograve;ng T&agrave;i ch&iacute;nh", "Phòng Tài chính"),
            ("&amp;#272;&amp;#7873; ngh&amp;#7883;", "Đề nghị"),
            ("R&amp;D and Q&A", "R&amp;D and Q&A"),
            ("a&b=1&copy=2&region=3", "a&b=1&copy=2&region=3"),
            ("5 &lt; 6", "5 &lt; 6"),
        ] {
            assert_eq!(decode(from), to);
        }
        assert_eq!(char_ref("&#150;"), Some(('–', 6)));
        assert_eq!(char_ref("&regm"), Some(('®', 4)));
    }
}
