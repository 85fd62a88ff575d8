//! Undoing UTF-8 that was read as windows-1252 (or Latin-1) and stored again, once or more, in a whole text or in
//! runs of it. Legacy letters and references are not its business.

use std::borrow::Cow;

use crate::letters::{Alphabet, FOREIGN};
use crate::syllables::{Tier, tier_of};
use crate::tables::cp1252_byte;

/// True for the characters that the lead byte of a repairable sequence becomes.
fn is_lead(c: char) -> bool {
    matches!(c, 'Â'..='ß' | 'á' | 'â' | 'ã' | 'ï' | 'ð')
}

/// Undoes one layer, wherever it is found. Borrowed when there is nothing to undo.
pub(crate) fn undo(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_lead) {
        return Cow::Borrowed(text);
    }
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut certain = false;
    // every lost space stands in a word that no language writes: "GiÃ ng"
    let mut odd = true;
    let mut lost_spaces = Vec::new();
    let mut at = 0;
    while let Some(c) = chars.get(at).copied() {
        if let Some((letter, used, lost)) = sequence_at(&chars, at) {
            if lost {
                lost_spaces.push(out.len());
                odd &= is_oddly_cut(&chars, at);
            }
            out.push(letter);
            at += used;
            certain |= !lost;
        } else {
            out.push(c);
            at += 1;
        }
    }
    // a lost space alone proves little: "MANHÃ DE" is Portuguese
    if !certain && (!odd || lost_spaces.is_empty()) {
        return Cow::Borrowed(text);
    }
    if lost_spaces.is_empty() {
        Cow::Owned(out)
    } else {
        Cow::Owned(give_back_spaces(&out, &lost_spaces))
    }
}

/// The character whose UTF-8 bytes stand at `at` as windows-1252 letters, how many letters they are, and whether the
/// last one was a no-break space that had turned into a space.
fn sequence_at(chars: &[char], at: usize) -> Option<(char, usize, bool)> {
    let lead = cp1252_byte(*chars.get(at)?)?;
    let len = match lead {
        0xc2..=0xdf => 2,
        0xe1..=0xe3 | 0xef => 3,
        0xf0 => 4,
        _ => return None,
    };
    let mut bytes = [0u8; 4];
    if let Some(first) = bytes.first_mut() {
        *first = lead;
    }
    let mut lost = false;
    let mut used = len;
    for offset in 1..len {
        let c = chars.get(at + offset).copied().unwrap_or('\n');
        let mut byte = cp1252_byte(c)?;
        if matches!(c, ' ' | '\n' | '\r') && offset + 1 == len && has_nbsp_letter(bytes) {
            byte = 0xa0;
            lost = true;
            // a space before the end of a line goes first of all
            used -= usize::from(c != ' ');
        }
        if !(0x80..=0xbf).contains(&byte) {
            return None;
        }
        *bytes.get_mut(offset)? = byte;
    }
    let c = std::str::from_utf8(bytes.get(..len)?)
        .ok()?
        .chars()
        .next()?;
    is_plausible(c).then_some((c, used, lost))
}

/// "Ã" between small letters and a space, where both sides together are a syllable and the second alone is none.
fn is_oddly_cut(chars: &[char], at: usize) -> bool {
    let head = chars.get(..at).unwrap_or_default();
    let head: Vec<char> = head
        .iter()
        .rev()
        .take_while(|c| c.is_alphabetic())
        .copied()
        .collect();
    let tail: String = chars
        .get(at + 2..)
        .unwrap_or_default()
        .iter()
        .take_while(|c| c.is_alphabetic())
        .collect();
    let joined: String = head
        .iter()
        .rev()
        .copied()
        .chain(['à'])
        .chain(tail.chars())
        .collect();
    chars.get(at) == Some(&'Ã')
        && head.first().is_some_and(|c| c.is_lowercase())
        && !tail.is_empty()
        && tier_of(&tail) == Tier::None
        && tier_of(&joined) >= Tier::Attested
}

/// Leads whose letter with last byte A0 is Vietnamese: à, Ơ, Ạ, Ỡ.
fn has_nbsp_letter(bytes: [u8; 4]) -> bool {
    matches!(
        bytes,
        [0xc3, 0, ..] | [0xc6, 0, ..] | [0xe1, 0xba | 0xbb, 0, _]
    )
}

/// Characters that mails hold and that are worth getting back.
fn is_plausible(c: char) -> bool {
    matches!(u32::from(c),
        0x80..=0x17f | 0x192 | 0x1a0..=0x1b0 | 0x2c6 | 0x2dc | 0x300..=0x31b | 0x323 | 0x1ea0..=0x1ef9
        | 0x2010..=0x2044 | 0x20ab | 0x20ac | 0x2122 | 0x2190..=0x27bf | 0xfe0f | 0xfeff | 0x1f300..=0x1faff)
}

/// Where a no-break space had become a space, the letter swallowed it: `r` `à` `soát`. It is put back unless the
/// word goes on behind it (`hành`), which the syllables tell.
fn give_back_spaces(text: &str, lost: &[usize]) -> String {
    let alphabet = Alphabet::get();
    let is_letter = |c: char| !matches!(alphabet.letter(c).code, 0 | FOREIGN);
    let mut out = String::with_capacity(text.len() + lost.len());
    let (mut from, mut word_floor) = (0, 0);
    for at in lost {
        let Some(letter) = text.get(*at..).and_then(|rest| rest.chars().next()) else {
            continue;
        };
        let behind = at + letter.len_utf8();
        let Some((before, after)) = text.split_at_checked(behind) else {
            continue;
        };
        let before = before.get(word_floor..).unwrap_or_default();
        let head_len: usize = before
            .chars()
            .rev()
            .take_while(|c| is_letter(*c))
            .map(char::len_utf8)
            .sum();
        let tail_len: usize = after
            .chars()
            .take_while(|c| is_letter(*c))
            .map(char::len_utf8)
            .sum();
        let head = before.get(before.len() - head_len..).unwrap_or_default();
        let tail = after.get(..tail_len).unwrap_or_default();
        out.push_str(text.get(from..behind).unwrap_or_default());
        from = behind;
        if tail.is_empty() {
            continue;
        }
        let joined = tier_of(&format!("{head}{tail}"));
        let apart = tier_of(head).min(tier_of(tail));
        if joined == Tier::None || (apart > joined && joined < Tier::Attested) {
            out.push(' ');
            word_floor = behind;
        }
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::western;

    #[test]
    fn layers_come_off_one_by_one() {
        let text = "Ông Hà Huy Tập, tổ dân phố 4 – “Đường”";
        let once = western(text.as_bytes());
        let twice = western(once.as_bytes());
        assert_eq!(undo(&once), text);
        assert_eq!(undo(&twice), once);
        assert_eq!(undo(text), text);
    }

    #[test]
    fn lost_no_break_spaces_come_back() {
        let broken = western("Bảo vệ hành lang, rà soát và làm".as_bytes()).replace('\u{a0}', " ");
        assert_eq!(undo(&broken), "Bảo vệ hành lang, rà soát và làm");
        let collapsed = broken.replace("  ", " ");
        assert_eq!(undo(&collapsed), "Bảo vệ hành lang, rà soát và làm");
        for (from, to) in [
            ("Ä\u{90}inh Diá»‡u HÃ", "Đinh Diệu Hà"),
            ("Ä\u{90}á»‘i vá»›i HÃ\r\nNam", "Đối với Hà\r\nNam"),
            ("GiÃ ng Thanh Nam", "Giàng Thanh Nam"),
        ] {
            assert_eq!(undo(from), to);
        }
    }

    #[test]
    fn western_words_are_not_mojibake() {
        for text in [
            "São Paulo",
            "AMANHÃ DE MANHÃ",
            "MANHÃ\n",
            "Ângela Ávila",
            "maître d’hôtel",
            "ÄÖÜ",
            "señor Ñandú",
            "Âge d’or",
        ] {
            assert_eq!(undo(text), text);
        }
    }
}
