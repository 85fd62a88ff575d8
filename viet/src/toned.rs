//! A word as it is compared by people who type tones: lower case, composed, one place for the tone sign. Drops no mark.

use unicode_normalization::UnicodeNormalization;

/// A word in lower case with the spellings that mean the same brought together: composed or decomposed, the tone on either
/// letter of a final `oa`, `oe`, `uy`, and final `y` as `i` where [`crate::fold`] does the same.
///
/// ```
/// assert_eq!(viet::toned("HOÀ"), viet::toned("hòa"));
/// assert_eq!(viet::toned("Lý"), "lí");
/// assert_ne!(viet::toned("đê"), viet::toned("đe"));
/// ```
#[must_use]
pub fn toned(word: &str) -> String {
    if word.is_ascii() {
        return crate::fold(word);
    }
    let hidden = |c: &char| matches!(c, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{feff}');
    let mut out: String = word
        .nfc()
        .filter(|c| !hidden(c))
        .flat_map(char::to_lowercase)
        .collect();
    one_place(&mut out);
    out
}

/// Tones of the letters in which they may stand elsewhere: none, grave, acute, hook, tilde, dot.
const O: [char; 6] = ['o', 'ò', 'ó', 'ỏ', 'õ', 'ọ'];
const A: [char; 6] = ['a', 'à', 'á', 'ả', 'ã', 'ạ'];
const E: [char; 6] = ['e', 'è', 'é', 'ẻ', 'ẽ', 'ẹ'];
const U: [char; 6] = ['u', 'ù', 'ú', 'ủ', 'ũ', 'ụ'];
const Y: [char; 6] = ['y', 'ỳ', 'ý', 'ỷ', 'ỹ', 'ỵ'];
const I: [char; 6] = ['i', 'ì', 'í', 'ỉ', 'ĩ', 'ị'];

/// `hoà` to `hòa`, `thuý` to `thúy`, `lý` to `lí`, `quý` to `quí`.
fn one_place(word: &mut String) {
    let Some(last) = word.pop() else { return };
    let before = word.pop();
    let rest = word.as_str();
    let tone_in = |letters: &[char; 6]| letters.iter().position(|c| *c == last);
    let (before, last) = match before {
        // The `u` of `qu` belongs to the consonant.
        Some('u') if rest == "q" => (before, tone_in(&Y).map_or(last, |tone| tone_of(&I, tone))),
        Some('h' | 'k' | 'l' | 'm' | 's' | 't') if rest.is_empty() => {
            (before, tone_in(&Y).map_or(last, |tone| tone_of(&I, tone)))
        }
        None => (before, tone_in(&Y).map_or(last, |tone| tone_of(&I, tone))),
        Some('o') => match (tone_in(&A), tone_in(&E)) {
            (Some(tone), _) => (Some(tone_of(&O, tone)), 'a'),
            (_, Some(tone)) => (Some(tone_of(&O, tone)), 'e'),
            _ => (before, last),
        },
        Some('u') => match tone_in(&Y) {
            Some(tone) if !rest.ends_with('q') => (Some(tone_of(&U, tone)), 'y'),
            _ => (before, last),
        },
        _ => (before, last),
    };
    word.extend(before);
    word.push(last);
}

fn tone_of(letters: &[char; 6], tone: usize) -> char {
    letters.get(tone).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_word_are_one() {
        for (word, one) in [
            ("HOÀ", "hòa"),
            ("hoàn", "hoàn"),
            ("khoẻ", "khỏe"),
            ("thuý", "thúy"),
            ("quý", "quí"),
            ("quỳnh", "quỳnh"),
            ("Lý", "lí"),
            ("ý", "í"),
            ("Y", "i"),
            ("tay", "tay"),
            ("tây", "tây"),
            ("Đắk", "đắk"),
            ("e\u{302}\u{301}", "ế"),
            ("", ""),
            ("2045", "2045"),
            ("\u{ad}ế\u{ad}", "ế"),
        ] {
            assert_eq!(toned(word), one, "{word}");
            assert_eq!(toned(&toned(word)), one, "{word} twice");
        }
    }

    #[test]
    fn a_word_without_marks_is_its_folded_form() {
        for word in ["Trung", "ty", "quy", "hoa", "thuy", "My", "VP"] {
            assert_eq!(toned(word), crate::fold(word), "{word}");
        }
        assert_eq!(crate::fold(&toned("Mỹ")), crate::fold("mỹ"));
    }
}
