//! The Vietnamese alphabet by number: base letter, tone and case of every letter, in tables made once.
//! Knows single letters only, no words.

use std::sync::LazyLock;

/// The six tones in dictionary order: none, huyền, hỏi, ngã, sắc, nặng.
pub(crate) const TONES: [char; 6] = ['\0', '\u{300}', '\u{309}', '\u{303}', '\u{301}', '\u{323}'];

/// Every vowel with its six tones, in the order of [`TONES`].
const VOWELS: [&str; 12] = [
    "aàảãáạ",
    "ăằẳẵắặ",
    "âầẩẫấậ",
    "eèẻẽéẹ",
    "êềểễếệ",
    "iìỉĩíị",
    "oòỏõóọ",
    "ôồổỗốộ",
    "ơờởỡớợ",
    "uùủũúụ",
    "ưừửữứự",
    "yỳỷỹýỵ",
];

/// One letter: a small number for its lower case, its toneless base, its tone, and whether it is a capital.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Letter {
    /// 1..=26 for a..z, 27.. for the other Vietnamese letters, [`FOREIGN`] for any other letter, 0 for none.
    pub code: u8,
    /// 0..=5 as in [`TONES`].
    pub tone: u8,
    pub upper: bool,
    pub vowel: bool,
}

/// The code of a letter that is not used in Vietnamese.
pub(crate) const FOREIGN: u8 = 127;

const LOW: usize = 0x250;
const HIGH_FROM: usize = 0x1ea0;
const HIGH: usize = 0x60;

struct Letters {
    low: [Letter; LOW],
    high: [Letter; HIGH],
    lower: [char; 128],
    /// code of the toneless letter, by code
    base: [u8; 128],
}

static LETTERS: LazyLock<Letters> = LazyLock::new(|| {
    let mut all = Letters {
        low: [Letter::default(); LOW],
        high: [Letter::default(); HIGH],
        lower: ['\0'; 128],
        base: [0; 128],
    };
    for code in 0x80..LOW {
        let Some(c) = u32::try_from(code)
            .ok()
            .and_then(char::from_u32)
            .filter(|c| c.is_alphabetic())
        else {
            continue;
        };
        // by Unicode these are letters, in mail they are signs
        if matches!(c, 'µ' | 'ª' | 'º') {
            continue;
        }
        if let Some(slot) = all.low.get_mut(code) {
            *slot = Letter {
                code: FOREIGN,
                upper: c.is_uppercase(),
                ..Letter::default()
            };
        }
    }
    for (code, c) in (1..=26u8).zip('a'..='z') {
        all.put(
            c,
            Letter {
                code,
                tone: 0,
                upper: false,
                vowel: "aeiouy".contains(c),
            },
            code,
        );
    }
    let mut next = 27u8;
    all.put(
        'đ',
        Letter {
            code: next,
            tone: 0,
            upper: false,
            vowel: false,
        },
        next,
    );
    for row in VOWELS {
        let mut base = 0;
        for (tone, c) in (0u8..).zip(row.chars()) {
            if c.is_ascii() {
                base = code_of_ascii(c);
                continue;
            }
            next += 1;
            if tone == 0 {
                base = next;
            }
            all.put(
                c,
                Letter {
                    code: next,
                    tone,
                    upper: false,
                    vowel: true,
                },
                base,
            );
        }
    }
    all
});

fn code_of_ascii(c: char) -> u8 {
    u8::try_from(u32::from(c)).map_or(0, |byte| byte.to_ascii_lowercase().saturating_sub(b'a' - 1))
}

impl Letters {
    fn put(&mut self, lower: char, letter: Letter, base: u8) {
        if let Some(slot) = self.lower.get_mut(usize::from(letter.code)) {
            *slot = lower;
        }
        if let Some(slot) = self.base.get_mut(usize::from(letter.code)) {
            *slot = base;
        }
        self.set(lower, letter);
        for upper in lower.to_uppercase() {
            self.set(
                upper,
                Letter {
                    upper: true,
                    ..letter
                },
            );
        }
    }

    fn set(&mut self, c: char, letter: Letter) {
        let code = u32::from(c) as usize;
        let slot = if code < LOW {
            self.low.get_mut(code)
        } else {
            self.high.get_mut(code.wrapping_sub(HIGH_FROM))
        };
        if let Some(slot) = slot {
            *slot = letter;
        }
    }
}

/// A handle on the tables, so that a loop over letters looks the lazy cell up once.
#[derive(Clone, Copy)]
pub(crate) struct Alphabet(&'static Letters);

impl Alphabet {
    pub(crate) fn get() -> Alphabet {
        Alphabet(&LETTERS)
    }

    /// The letter `c`; code 0 when it is none.
    #[inline]
    pub(crate) fn letter(self, c: char) -> Letter {
        let code = u32::from(c) as usize;
        if code < LOW {
            return self.0.low.get(code).copied().unwrap_or_default();
        }
        let high = code.wrapping_sub(HIGH_FROM);
        if let Some(letter) = self.0.high.get(high)
            && letter.code != 0
        {
            return *letter;
        }
        if c.is_alphabetic() {
            Letter {
                code: FOREIGN,
                ..Letter::default()
            }
        } else {
            Letter::default()
        }
    }

    /// The code of the letter without its tone.
    pub(crate) fn base(self, code: u8) -> u8 {
        self.0.base.get(usize::from(code)).copied().unwrap_or(0)
    }

    /// The small letter of a code.
    pub(crate) fn lower(self, code: u8) -> char {
        self.0.lower.get(usize::from(code)).copied().unwrap_or('\0')
    }
}

/// Splits a toned vowel into the toneless letter and its combining tone; case is kept.
pub(crate) fn split_tone(c: char) -> Option<(char, char)> {
    let alphabet = Alphabet::get();
    let letter = alphabet.letter(c);
    if letter.tone == 0 || letter.code == FOREIGN {
        return None;
    }
    let base = alphabet.lower(alphabet.base(letter.code));
    let base = if letter.upper {
        base.to_uppercase().next()?
    } else {
        base
    };
    Some((base, TONES.get(usize::from(letter.tone)).copied()?))
}

/// The toneless vowel `base`, of either case, joined with a combining tone.
pub(crate) fn joined(base: char, mark: char) -> Option<char> {
    let tone = TONES.iter().position(|known| *known == mark)?;
    let lower = base.to_lowercase().next()?;
    let letter = with_tone(lower, tone)?;
    if base == lower {
        Some(letter)
    } else {
        letter.to_uppercase().next()
    }
}

/// The vowel `base` (lower case, toneless) with a tone.
pub(crate) fn with_tone(base: char, tone: usize) -> Option<char> {
    VOWELS
        .iter()
        .find(|row| row.starts_with(base))
        .and_then(|row| row.chars().nth(tone))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_134_vietnamese_letters_besides_ascii() {
        let alphabet = Alphabet::get();
        let special = ('\u{80}'..'\u{1eff}')
            .filter(|c| !matches!(alphabet.letter(*c).code, 0 | FOREIGN))
            .collect::<Vec<_>>();
        assert_eq!(special.len(), 134);
        assert_eq!(split_tone('Ộ'), Some(('Ô', '\u{323}')));
        assert_eq!(split_tone('ô'), None);
        assert_eq!(with_tone('ư', 4), Some('ứ'));
        assert_eq!(joined('Ê', '\u{323}'), Some('Ệ'));
        assert_eq!(joined('é', '\u{323}'), None);
    }
}
