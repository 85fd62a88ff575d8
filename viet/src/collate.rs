//! Alphabetical order for Vietnamese: byte keys that sort right with plain comparison (CLDR `vi`).
//! Makes keys only; it sorts nothing itself.

use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;

use crate::letters::{Alphabet, FOREIGN};

/// Order of the letters at the first level: f j w z keep their Latin places.
const ORDER: &str = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz";

/// The byte of every letter by its code: thousands of keys are made for one sort.
static PLACES: LazyLock<[u8; 128]> = LazyLock::new(|| {
    let alphabet = Alphabet::get();
    let mut places = [LETTERS; 128];
    for (code, place) in (0u8..).zip(&mut places) {
        let lower = alphabet.lower(alphabet.base(code));
        let at = ORDER.chars().position(|known| known == lower).unwrap_or(0);
        *place = LETTERS + u8::try_from(at).unwrap_or(0);
    }
    places
});

/// Between the levels of a key; below every other byte.
const LEVEL_END: u8 = 0;
/// Between words: below every letter and digit.
const WORD_END: u8 = 1;
/// Digits start here, letters behind them, other letters last.
const DIGITS: u8 = 2;
const LETTERS: u8 = 16;
const OTHER: u8 = 0xf0;

/// The key of a text in Vietnamese alphabetical order: letters first, then tones (none, huyền, hỏi, ngã, sắc, nặng;
/// wherever in the syllable the sign stands), then small before capital.
///
/// ```
/// let mut words = ["đa", "da", "dá", "dà", "ăn", "an", "ân"];
/// words.sort_by_key(|word| viet::collate_key(word));
/// assert_eq!(words, ["an", "ăn", "ân", "da", "dà", "dá", "đa"]);
/// ```
#[must_use]
pub fn collate_key(text: &str) -> Vec<u8> {
    let (alphabet, places) = (Alphabet::get(), &*PLACES);
    let (mut letters, mut tones, mut cases) =
        (Vec::with_capacity(text.len()), Vec::new(), Vec::new());
    let mut tone = 1u8;
    let mut in_word = false;
    for c in text.nfc() {
        let letter = alphabet.letter(c);
        if letter.code == 0 && !c.is_ascii_digit() {
            if in_word {
                letters.push(WORD_END);
                tones.push(std::mem::replace(&mut tone, 1));
                in_word = false;
            }
            continue;
        }
        in_word = true;
        if c.is_ascii_digit() {
            letters.push(DIGITS + u8::try_from(u32::from(c) - u32::from('0')).unwrap_or(0));
        } else if letter.code == FOREIGN {
            letters.push(OTHER);
            letters.extend_from_slice(&u32::from(c).to_be_bytes().map(|b| b.max(1)));
        } else {
            let place = places.get(usize::from(letter.code));
            letters.push(place.copied().unwrap_or(LETTERS));
            if letter.tone != 0 {
                tone = letter.tone + 1;
            }
        }
        cases.push(if letter.upper { 2 } else { 1 });
    }
    if in_word {
        tones.push(tone);
    } else if letters.last() == Some(&WORD_END) {
        letters.pop();
    }
    let mut key = letters;
    key.push(LEVEL_END);
    key.append(&mut tones);
    key.push(LEVEL_END);
    key.append(&mut cases);
    key
}

/// The key of a personal name: the given name (last word) first, then the rest from the left.
///
/// ```
/// let mut names = ["Đỗ Ngọc Tư", "Hồ Hữu Ân", "Vũ Thị Uyên"];
/// names.sort_by_key(|name| viet::name_key(name));
/// assert_eq!(names, ["Hồ Hữu Ân", "Đỗ Ngọc Tư", "Vũ Thị Uyên"]);
/// ```
#[must_use]
pub fn name_key(name: &str) -> Vec<u8> {
    let name = name
        .split(['(', '<', '['])
        .next()
        .filter(|part| !part.trim().is_empty())
        .unwrap_or(name)
        .trim();
    let (rest, given) = name.rsplit_once(char::is_whitespace).unwrap_or(("", name));
    let mut key = collate_key(given);
    key.push(LEVEL_END);
    key.append(&mut collate_key(rest));
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_that_of_the_dictionary() {
        let rows = [
            "a", "à", "ả", "ã", "á", "ạ", "ă", "ằ", "â", "ấ", "b", "c", "d", "đ", "e", "ê", "f",
            "g", "i", "o", "ô", "ơ", "u", "ư", "v", "w", "x", "y", "z",
        ];
        for pair in rows.windows(2) {
            if let [a, b] = pair {
                assert!(collate_key(a) < collate_key(b), "{a} {b}");
            }
        }
        assert!(
            collate_key("hoa hồng") < collate_key("hoàn"),
            "words end before letters go on"
        );
        assert_eq!(collate_key("hòa"), collate_key("hoà"));
    }

    #[test]
    fn names_go_by_the_given_name() {
        assert!(name_key("Bùi Hữu Nhàn") < name_key("Hồ Công Nhạn"));
        assert!(name_key("Hồ Hữu Ân") < name_key("Huỳnh Đức Hiển"));
        assert!(name_key("Đỗ Văn An (Sở Nội vụ)") < name_key("Đỗ Văn Bình"));
    }
}
