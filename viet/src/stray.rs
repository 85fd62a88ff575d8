//! Latin-1 letters that were read as windows-1258: `tŕnh`, `h́nh`, `pḥng` for trình, hình, phòng. Signs on consonants,
//! which Vietnamese never writes, give it away; then ă, ơ and ư may have been ã, õ and ý too.

use unicode_normalization::UnicodeNormalization;

use crate::letters::{Alphabet, FOREIGN};
use crate::score::{View, score};
use crate::syllables::{Tier, rarity_of, tier_of};

/// The Latin-1 letter whose byte windows-1258 reads as this combining mark.
fn letter_of(mark: char) -> Option<char> {
    Some(match mark {
        '\u{300}' => 'Ì',
        '\u{301}' => 'ì',
        '\u{309}' => 'Ò',
        '\u{323}' => 'ò',
        _ => return None,
    })
}

/// The Latin-1 letter whose byte windows-1258 reads as this letter.
fn other(c: char) -> char {
    match c {
        'ă' => 'ã',
        'Ă' => 'Ã',
        'ơ' => 'õ',
        'Ơ' => 'Õ',
        'ư' => 'ý',
        'Ư' => 'Ý',
        _ => c,
    }
}

/// A word with its other letters must be so much likelier, in -ln, before it is taken.
const CLEARLY: u8 = 2;

/// Undoes the mistake. `None` when nothing shows it.
pub(crate) fn undo(text: &str) -> Option<String> {
    if !text.chars().any(may_be_stray) {
        return None;
    }
    let is_part = |c: char| c.is_alphabetic() || matches!(c, '\u{300}'..='\u{36f}');
    let mut words: Vec<(String, bool)> = Vec::new();
    let mut fixed = 0;
    for piece in text.split_inclusive(|c: char| !is_part(c)) {
        let end = piece.find(|c: char| !is_part(c)).unwrap_or(piece.len());
        let (word, gap) = piece.split_at_checked(end)?;
        let mended = with_letters(word);
        fixed += u32::from(mended.is_some());
        let open = mended.is_none();
        words.push((mended.unwrap_or_else(|| word.to_owned()), open));
        words.push((gap.to_owned(), false));
    }
    let around = score(text, View::AsIs, false);
    if fixed == 0 || (fixed == 1 && around.good + around.plain <= around.alien) {
        return None;
    }
    let out: String = words
        .into_iter()
        .map(|(word, open)| if open { likelier(word) } else { word })
        .collect();
    Some(out.nfc().collect())
}

/// A mark that stands alone, or a letter that holds one.
fn may_be_stray(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{323}' | '\u{100}'..='\u{17f}' | '\u{1e00}'..='\u{1e99}' | '\u{1f4}'..='\u{1f9}')
}

/// The word with its marks on consonants turned into letters, when that makes a syllable in use.
fn with_letters(word: &str) -> Option<String> {
    if !word.chars().any(may_be_stray) {
        return None;
    }
    let alphabet = Alphabet::get();
    let mut out = String::with_capacity(word.len());
    let mut before = ' ';
    let mut strays = false;
    for c in word.nfd() {
        let letter = alphabet.letter(before);
        let on_consonant = letter.code != 0 && letter.code != FOREIGN && !letter.vowel;
        match letter_of(c) {
            Some(stray) if on_consonant => {
                out.push(stray);
                strays = true;
            }
            _ => out.push(c),
        }
        before = c;
    }
    let out: String = out.nfc().collect();
    let swapped: String = out.chars().map(other).collect();
    if !strays {
        return None;
    }
    [out, swapped]
        .into_iter()
        .find(|word| tier_of(word) >= Tier::Attested)
}

fn likelier(word: String) -> String {
    let swapped: String = word.chars().map(other).collect();
    if swapped != word
        && tier_of(&swapped) >= Tier::Common
        && rarity_of(&swapped).saturating_add(CLEARLY) <= rarity_of(&word)
    {
        swapped
    } else {
        word
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stray_marks_become_letters() {
        for (from, to) in [
            ("kính tŕnh t́nh h́nh mă hoá", "kính trình tình hình mã hoá"),
            (
                "B\u{301}nh Dương, pḥng Tài chính",
                "Bình Dương, phòng Tài chính",
            ),
            (
                "xin ư kiến về chương tŕnh, c̣n thư mời",
                "xin ý kiến về chương trình, còn thư mời",
            ),
        ] {
            assert_eq!(undo(from).as_deref(), Some(to));
            assert_eq!(undo(to), None);
        }
    }

    #[test]
    fn other_words_keep_their_marks() {
        for text in [
            "vŕba, kôň a stĺp",
            "koń, być, źle, śnieg",
            "Vietnam ṭa",
            "ở nhà",
            "Kṛṣṇa",
        ] {
            assert_eq!(undo(text), None, "{text}");
        }
    }
}
