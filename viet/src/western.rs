//! What words with letters above ASCII look like in other languages written in Latin letters, also where their charset
//! was taken for windows-1252. Answers for one word; knows nothing of Vietnamese.

use std::sync::LazyLock;

use crate::slots::Slots;
use crate::tables::cp1252_byte;

const SOURCE: &str = include_str!("../tables/western.tsv");

/// Longest word looked at closely, in letters and signs; the rest of a longer one is passed over.
pub(crate) const LETTERS_MAX: usize = 24;
/// Words up to this length are listed.
const SHORT: usize = 4;

/// -ln of the share of words with letters above ASCII in such languages.
const MARKED: f32 = 2.1;
/// ... and of those among them that are as short as the listed ones and not listed.
const UNLISTED: f32 = 3.0;
/// What a letter costs on the average.
const LETTER: f32 = 2.0;
/// What neighbours cost that were met seldom, and never.
const SELDOM: f32 = 1.0;
const NEVER: f32 = 4.0;

/// Class of a pair of neighbours in the table.
const COMMON_PAIR: u8 = 2;

struct Western {
    short: Slots,
    near: Slots,
    lower: [u8; 256],
}

static WESTERN: LazyLock<Western> = LazyLock::new(|| {
    let mut western = Western {
        short: Slots::new(1 << 13),
        near: Slots::new(1 << 14),
        lower: [0; 256],
    };
    for (byte, slot) in (0..=255u8).zip(western.lower.iter_mut()) {
        let c = crate::tables::cp1252_char(byte);
        *slot = c
            .to_lowercase()
            .next()
            .and_then(cp1252_byte)
            .unwrap_or(byte);
    }
    for line in SOURCE.lines().filter(|line| !line.starts_with('#')) {
        let mut columns = line.split('\t');
        let kind = columns.next();
        let number: u8 = columns.next().and_then(|n| n.parse().ok()).unwrap_or(0);
        let mut items = columns.next().unwrap_or_default().split(' ');
        if kind == Some("short") {
            for key in items.filter_map(|word| key_of(word.chars())) {
                western.short.raise(key, number);
            }
        } else if let Some(letter) = items.next() {
            for pair in items {
                let mut pair = pair.chars();
                let trio = pair.next().into_iter().chain(letter.chars()).chain(pair);
                if let Some(key) = key_of(trio) {
                    western.near.raise(key, number);
                }
            }
        }
    }
    western
});

fn key_of(chars: impl Iterator<Item = char>) -> Option<u64> {
    chars
        .map(cp1252_byte)
        .try_fold(0, |key, byte| Some(key << 8 | u64::from(byte?)))
}

/// How a word looks to a reader of those languages.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Look {
    /// ln of its share in their texts, roughly
    pub nats: f32,
    /// letters between neighbours that were never met
    pub never: u32,
}

/// A word as windows-1252 bytes in lower case, gathered letter by letter.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Spelling {
    bytes: [u8; LETTERS_MAX],
    len: usize,
}

impl Spelling {
    #[inline]
    pub(crate) fn push(&mut self, c: char) {
        if let Some(slot) = self.bytes.get_mut(self.len) {
            *slot = match cp1252_byte(c) {
                Some(byte @ 0..=0x7f) => byte.to_ascii_lowercase(),
                Some(byte) => WESTERN
                    .lower
                    .get(usize::from(byte))
                    .copied()
                    .unwrap_or(byte),
                // no letter of windows-1252: met beside nothing
                None => 0,
            };
        }
        self.len += 1;
    }

    /// The word without the signs around it.
    fn core(&self) -> &[u8] {
        let bytes = self
            .bytes
            .get(..self.len.min(LETTERS_MAX))
            .unwrap_or_default();
        let is_letter = |byte: &u8| {
            byte.is_ascii_alphabetic()
                || (*byte >= 0xc0 && !matches!(byte, 0xd7 | 0xf7))
                || matches!(byte, 0x9a | 0x9c | 0x9e | 0x83)
        };
        let from = bytes.iter().position(is_letter).unwrap_or(0);
        let to = bytes.iter().rposition(is_letter).map_or(0, |at| at + 1);
        bytes.get(from..to).unwrap_or_default()
    }

    /// The word with every sign that is glued to it, or without those around it.
    pub(crate) fn look(&self, glued: bool) -> Look {
        let bytes = if glued {
            self.bytes
                .get(..self.len.min(LETTERS_MAX))
                .unwrap_or_default()
        } else {
            self.core()
        };
        let western = &*WESTERN;
        if bytes.len() <= SHORT {
            let key = bytes
                .iter()
                .fold(0, |key, byte| key << 8 | u64::from(*byte));
            if let Some(rarity) = western.short.get(key) {
                return Look {
                    nats: -f32::from(rarity),
                    never: 0,
                };
            }
        }
        let mut look = Look {
            nats: -MARKED
                - LETTER * self.len as f32
                - if bytes.len() <= SHORT { UNLISTED } else { 0.0 },
            never: 0,
        };
        let mut before = b'^';
        for (at, byte) in bytes.iter().copied().enumerate() {
            let after = bytes.get(at + 1).copied().unwrap_or(b'$');
            if byte >= 0x80 || byte == 0 {
                match western
                    .near
                    .get(u64::from(before) << 16 | u64::from(byte) << 8 | u64::from(after))
                {
                    Some(COMMON_PAIR..) => {}
                    Some(_) => look.nats -= SELDOM,
                    None => {
                        look.nats -= NEVER;
                        look.never += 1;
                    }
                }
            }
            before = byte;
        }
        look
    }
}

/// True when every letter above ASCII stands between neighbours that were met.
pub(crate) fn is_usual(word: &str) -> bool {
    let mut spelling = Spelling::default();
    word.chars().for_each(|c| spelling.push(c));
    spelling.look(false).never == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(word: &str) -> Look {
        let mut spelling = Spelling::default();
        word.chars().for_each(|c| spelling.push(c));
        spelling.look(word.chars().any(|c| !c.is_alphabetic()))
    }

    #[test]
    fn words_of_other_languages_look_right() {
        for word in [
            "für",
            "PÅ",
            "déjà",
            "señor",
            "Übersetzung",
            "coração",
            "mo¿e",
        ] {
            assert_eq!(look(word).never, 0, "{word}");
        }
        assert!(look("för").nats > look("fòr").nats);
    }

    #[test]
    fn letters_of_old_codings_do_not() {
        for word in ["v¨n", "nghò", "nöôùc"] {
            assert!(look(word).never > 0, "{word}");
        }
    }
}
