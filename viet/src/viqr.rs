//! VIQR (RFC 1456): Vietnamese marks typed as ASCII signs after the vowel. Decodes text known to be VIQR, finds VIQR
//! in plain ASCII mail, writes it.

use unicode_normalization::UnicodeNormalization;

use crate::letters::{split_tone, with_tone};
use crate::syllables::{Tier, tier_of};

/// The tone a sign stands for, as an index of the six tones.
fn tone_of(sign: char) -> Option<usize> {
    match sign {
        '`' => Some(1),
        '?' => Some(2),
        '~' => Some(3),
        '\'' => Some(4),
        '.' => Some(5),
        _ => None,
    }
}

/// The letter of a base and a shape sign: `a(` `a^` `e^` `o^` `o+` `u+` (`*` for `+` is an old habit).
fn shaped(base: char, sign: char) -> Option<char> {
    Some(match (base, sign) {
        ('a', '(') => 'ă',
        ('a', '^') => 'â',
        ('e', '^') => 'ê',
        ('o', '^') => 'ô',
        ('o', '+' | '*') => 'ơ',
        ('u', '+' | '*') => 'ư',
        _ => return None,
    })
}

/// Decodes text that is VIQR by its label.
pub(crate) fn decode(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut rest = chars.as_slice();
    while let [c, tail @ ..] = rest {
        let (letter, used) = letter_at(*c, tail);
        match letter {
            Some(letter) => out.push(letter),
            // RFC 1456: a backslash makes the next sign literal
            None if *c == '\\' && tail.first().is_some_and(|next| is_sign(*next)) => {
                out.extend(tail.first());
                rest = tail.get(1..).unwrap_or_default();
                continue;
            }
            None => out.push(*c),
        }
        rest = tail.get(used..).unwrap_or_default();
    }
    out.nfc().collect()
}

fn is_sign(c: char) -> bool {
    tone_of(c).is_some() || matches!(c, '(' | '^' | '+' | '*' | '\\' | 'd' | 'D' | 'đ')
}

/// The letter written at `c` and the signs behind it, and how many signs it took.
fn letter_at(c: char, tail: &[char]) -> (Option<char>, usize) {
    let lower = c.to_ascii_lowercase();
    if lower == 'd' {
        return match tail.first() {
            Some('d' | 'D') => (Some(if c == 'D' { 'Đ' } else { 'đ' }), 1),
            _ => (None, 0),
        };
    }
    if !"aeiouy".contains(lower) {
        return (None, 0);
    }
    let (mut base, mut used) = (lower, 0);
    if let Some(with_shape) = tail.first().and_then(|sign| shaped(lower, *sign)) {
        (base, used) = (with_shape, 1);
    }
    let mut letter = base;
    if let Some(toned) = tail
        .get(used)
        .and_then(|sign| tone_of(*sign))
        .and_then(|tone| with_tone(base, tone))
    {
        letter = toned;
        used += 1;
    }
    if used == 0 {
        return (None, 0);
    }
    let letter = if c.is_ascii_uppercase() {
        letter.to_uppercase().next().unwrap_or(letter)
    } else {
        letter
    };
    (Some(letter), used)
}

/// Texts up to this length are headlines rather than sentences, in bytes.
const HEADLINE_BYTES: usize = 80;

/// What one word says about VIQR.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Evidence {
    /// signs that make no syllable
    Against,
    None,
    /// a sign at the end that ends sentences too: "Thi.", "nhe?"
    Weak,
    /// a sign inside a word, or one that ends none
    Strong,
    /// two signs on one letter
    Sure,
}

/// Finds VIQR in ASCII text that carries no label: every word is decoded when that makes it a syllable, and the text
/// is taken for VIQR only when enough words with shape signs or inner tone signs turn out so. Vietnamese typed without
/// marks is full of "nhe." and "di?", which prove nothing. `near`: the rest of the letter is VIQR.
pub(crate) fn find(text: &str, near: bool) -> Option<String> {
    if !text.is_ascii()
        || !text
            .bytes()
            .any(|b| matches!(b, b'^' | b'+' | b'`' | b'~' | b'(' | b'\'' | b'?' | b'.'))
    {
        return None;
    }
    // a name or a subject ends without a full stop, so its last sign is a mark; so it is where signs are escaped
    let escapes =
        text.contains("\\.") || text.contains("\\?") || text.trim().len() <= HEADLINE_BYTES;
    let mut out = String::with_capacity(text.len());
    let (mut good, mut strong, mut sure, mut bad, mut alien) = (0u32, 0u32, 0u32, 0u32, 0u32);
    for word in text.split_inclusive(|c: char| {
        c.is_whitespace() || matches!(c, '/' | '-' | ',' | ';' | ':' | '"' | ')')
    }) {
        let (body, ending) = split_ending(word);
        let last_word = ending.is_empty() || ending.contains('\n');
        let (read, evidence) = read_word(body, escapes, last_word);
        good += u32::from(evidence >= Evidence::Weak);
        strong += u32::from(evidence >= Evidence::Strong);
        sure += u32::from(evidence == Evidence::Sure);
        bad += u32::from(evidence == Evidence::Against);
        alien += u32::from(evidence <= Evidence::None && is_alien(body));
        out.push_str(&read);
        out.push_str(ending);
    }
    // two words, one of them more than a full stop, and no more of another language: "dde" is Welsh, "du." ends a
    // Basque sentence
    let enough = strong >= 1 && good >= 2 || sure >= 1 && alien == 0 || near && good >= 1;
    (enough && bad * 3 <= good && alien <= good).then_some(out)
}

/// A word in small letters that is no syllable.
fn is_alien(body: &str) -> bool {
    body.len() >= 3 && body.bytes().all(|b| b.is_ascii_lowercase()) && tier_of(body) == Tier::None
}

/// True when a run of ASCII between white space holds a word that speaks for VIQR.
pub(crate) fn is_sure(run: &str) -> bool {
    run.split(['/', '-', ',', ';', ':', '"', ')'])
        .any(|word| read_word(word, true, true).1 >= Evidence::Strong)
}

fn split_ending(word: &str) -> (&str, &str) {
    let at = word.char_indices().next_back().map_or(0, |(at, c)| {
        if c.is_whitespace() || matches!(c, '/' | '-' | ',' | ';' | ':' | '"' | ')') {
            at
        } else {
            word.len()
        }
    });
    word.split_at_checked(at).unwrap_or((word, ""))
}

/// The word decoded when that makes a syllable, and what it says about VIQR.
fn read_word(body: &str, escapes: bool, last_word: bool) -> (String, Evidence) {
    let as_it_is = |evidence| (body.to_owned(), evidence);
    let start = body
        .find(|c: char| c.is_ascii_alphabetic())
        .unwrap_or(body.len());
    let (lead, core) = body.split_at_checked(start).unwrap_or((body, ""));
    let whole = decode(core);
    if whole == core {
        return as_it_is(Evidence::None);
    }
    if is_abbreviation(&whole) {
        return (format!("{lead}{whole}"), Evidence::None);
    }
    let nonsense = if has_shape(core) {
        Evidence::Against
    } else {
        Evidence::None
    };
    // the last sign may be punctuation: "bao." at the end of a sentence
    let shorter = core.strip_suffix(['.', '?', '\'']).map(|stem| {
        (
            decode(stem),
            stem,
            core.get(stem.len()..).unwrap_or_default(),
        )
    });
    let letters = whole.trim_end_matches(|c: char| !c.is_alphabetic());
    let tier = tier_of(letters);
    if let Some((stem, written, sign)) = &shorter {
        let stem_tier = tier_of(stem);
        let ends = last_word && !escapes;
        if tier == Tier::None || (stem_tier >= tier && ends) {
            if stem_tier == Tier::None {
                return as_it_is(nonsense);
            }
            let evidence = if stem_tier >= Tier::Attested && !stem.is_ascii() {
                strength(written)
            } else {
                Evidence::None
            };
            return (format!("{lead}{stem}{sign}"), evidence);
        }
    }
    if tier == Tier::None {
        // no syllable: only what the signs were kept from with a backslash
        return if core.contains('\\') && !has_shape(core) {
            (format!("{lead}{}", unescape(core)), Evidence::None)
        } else {
            as_it_is(nonsense)
        };
    }
    let evidence = if tier >= Tier::Attested && letters.chars().count() > 1 {
        match shorter {
            Some((stem, written, _)) if stem.is_ascii() && !has_shape(written) => Evidence::Weak,
            _ => strength(core),
        }
    } else {
        Evidence::None
    };
    (format!("{lead}{whole}"), evidence)
}

/// What the signs of a syllable in use are worth.
fn strength(core: &str) -> Evidence {
    let twice = core.as_bytes().windows(2).any(|pair| {
        matches!(
            pair,
            [b'^' | b'+' | b'(', b'`' | b'\'' | b'?' | b'~' | b'.']
        )
    });
    if twice {
        Evidence::Sure
    } else {
        Evidence::Strong
    }
}

/// `ĐT`, `TSCĐ`: Đ among capital consonants.
fn is_abbreviation(read: &str) -> bool {
    read.contains('Đ')
        && read.chars().count() > 1
        && read.chars().all(|c| {
            (c.is_ascii_uppercase() && !matches!(c, 'A' | 'E' | 'I' | 'O' | 'U' | 'Y')) || c == 'Đ'
        })
}

/// Backslashes before signs taken away.
fn unescape(core: &str) -> String {
    let mut out = String::with_capacity(core.len());
    let mut chars = core.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' || !chars.peek().is_some_and(|next| is_sign(*next)) {
            out.push(c);
        }
    }
    out
}

fn has_shape(word: &str) -> bool {
    word.contains(['^', '+', '(', '`', '~'])
}

/// Writes VIQR; signs that would be read as marks are escaped. `None` for letters VIQR lacks.
pub(crate) fn encode(text: &str) -> Option<Vec<u8>> {
    let mut out: Vec<u8> = Vec::with_capacity(text.len());
    let mut after_letter = false;
    for c in text.chars() {
        if c.is_ascii() {
            let d_again = matches!(c, 'd' | 'D') && matches!(out.last(), Some(b'd' | b'D'));
            if c == '\\' || d_again || (after_letter && is_sign(c) && !c.is_ascii_alphabetic()) {
                out.push(b'\\');
            }
            out.push(u8::try_from(u32::from(c)).ok()?);
            after_letter = "aeiouyAEIOUY".contains(c);
            continue;
        }
        out.extend_from_slice(written(c)?.as_bytes());
        after_letter = true;
    }
    Some(out)
}

fn written(c: char) -> Option<String> {
    if matches!(c, 'đ' | 'Đ') {
        return Some(if c == 'đ' { "dd" } else { "DD" }.to_owned());
    }
    let (base, tone) = split_tone(c).unwrap_or((c, '\0'));
    let lower = base.to_lowercase().next()?;
    let (plain, shape) = match lower {
        'ă' => ('a', "("),
        'â' => ('a', "^"),
        'ê' => ('e', "^"),
        'ô' => ('o', "^"),
        'ơ' => ('o', "+"),
        'ư' => ('u', "+"),
        _ if lower.is_ascii() => (lower, ""),
        _ => return None,
    };
    let plain = if base.is_uppercase() {
        plain.to_ascii_uppercase()
    } else {
        plain
    };
    let sign = match tone {
        '\u{300}' => "`",
        '\u{309}' => "?",
        '\u{303}' => "~",
        '\u{301}' => "'",
        '\u{323}' => ".",
        _ => "",
    };
    Some(format!("{plain}{shape}{sign}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn viqr_is_told_from_full_stops() {
        for (text, near, read) in [
            ("Ta. Hu+~u DDa.t", false, Some("Tạ Hữu Đạt")),
            ("Tri.nh Thi. Nga", false, Some("Trịnh Thị Nga")),
            ("KHA^?N", false, Some("KHẨN")),
            ("Vo~ Nhung", true, Some("Võ Nhung")),
            ("Xin nghi?", true, Some("Xin nghỉ")),
            ("Vo~ Nhung", false, None),
            ("Xin nghi?", false, None),
            ("Nhan duoc roi nhe. Mai gap lai. Ai di? Toi.", false, None),
            (
                "y~ = 3. What? No. Go. So? Ha. U.A.E. e.g., p.o.",
                false,
                None,
            ),
            (
                "DDie^.n thoa.i (DDT): 0905, xem so-noi\\.example",
                false,
                Some("Điện thoại (ĐT): 0905, xem so-noi.example"),
            ),
        ] {
            assert_eq!(find(text, near).as_deref(), read, "{text}");
        }
    }

    #[test]
    fn labelled_viqr_reads_and_writes() {
        for (written, read) in [
            ("So^' lie^.u cha(n nuo^i", "Số liệu chăn nuôi"),
            ("ta(ng cao\\.", "tăng cao."),
            ("DDe^` nghi. xa'c nha^.n", "Đề nghị xác nhận"),
            ("qua?n ly'\\?", "quản lý?"),
        ] {
            assert_eq!(decode(written), read);
            assert_eq!(
                decode(&String::from_utf8(encode(read).unwrap()).unwrap()),
                read
            );
        }
    }
}
