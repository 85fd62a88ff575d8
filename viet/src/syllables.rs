//! The syllable model: which words are Vietnamese syllables, and how common they are.
//! Answers for one word; weighing a whole text is `score`'s work.

use std::sync::LazyLock;

use crate::letters::{Alphabet, FOREIGN, with_tone};

const MODEL: &str = include_str!("../tables/syllables.tsv");
const WORDS: &str = include_str!("../tables/words.tsv");

/// How sure we are that a word is Vietnamese.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Tier {
    /// Not a syllable.
    #[default]
    None,
    /// Spelled by the rules, yet in nobody's list.
    Legal,
    /// In use.
    Attested,
    /// Met in most letters.
    Common,
    /// Met on every page.
    Frequent,
}

impl Tier {
    fn of_number(number: u8) -> Tier {
        match number {
            0 => Tier::None,
            1 => Tier::Legal,
            2 => Tier::Attested,
            3 => Tier::Common,
            _ => Tier::Frequent,
        }
    }
}

/// A word packed into one number, seven bits a letter; no Vietnamese syllable is longer than seven letters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Packed(u64);

impl Packed {
    /// Longest word worth packing, in letters.
    pub(crate) const LETTERS_MAX: usize = 7;

    #[inline]
    pub(crate) fn push(&mut self, code: u8) {
        self.0 = (self.0 << 7) | u64::from(code & 127);
    }

    #[inline]
    pub(crate) fn tier(self) -> Tier {
        TABLE.get(self.0)
    }
}

/// The tier of a word, whatever its case.
pub(crate) fn tier_of(word: &str) -> Tier {
    let alphabet = Alphabet::get();
    let mut packed = Packed::default();
    let mut letters = 0;
    for c in word.chars() {
        let letter = alphabet.letter(c);
        letters += 1;
        if letter.code == 0 || letter.code == FOREIGN || letters > Packed::LETTERS_MAX {
            return Tier::None;
        }
        packed.push(letter.code);
    }
    if letters == 0 {
        Tier::None
    } else {
        packed.tier()
    }
}

/// Open addressing; the tier sits in the top byte of each entry.
struct Table {
    slots: Vec<u64>,
}

/// Twice the syllables and more, a power of two.
const SLOTS: usize = 1 << 16;
const KEY_BITS: u32 = 56;
const KEY: u64 = (1 << KEY_BITS) - 1;

impl Table {
    #[inline]
    fn home(key: u64) -> usize {
        (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48) as usize
    }

    fn raise(&mut self, key: u64, tier: u8) {
        let mut at = Table::home(key);
        while let Some(slot) = self.slots.get_mut(at) {
            if *slot == 0 || *slot & KEY == key {
                let old = (*slot >> KEY_BITS) as u8;
                *slot = key | (u64::from(tier.max(old)) << KEY_BITS);
                return;
            }
            at = (at + 1) & (SLOTS - 1);
        }
    }

    #[inline]
    fn get(&self, key: u64) -> Tier {
        let mut at = Table::home(key);
        loop {
            match self.slots.get(at).copied() {
                None | Some(0) => return Tier::None,
                Some(slot) if slot & KEY == key => {
                    return Tier::of_number((slot >> KEY_BITS) as u8);
                }
                Some(_) => at = (at + 1) & (SLOTS - 1),
            }
        }
    }
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table {
        slots: vec![0; SLOTS],
    };
    for syllable in legal_forms() {
        if let Some(key) = key_of(&syllable) {
            table.raise(key, 1);
        }
    }
    for line in WORDS.lines().filter(|line| !line.starts_with('#')) {
        let Some((tier, words)) = line.split_once('\t') else {
            continue;
        };
        let tier: u8 = tier.parse().unwrap_or(0);
        for word in words.split(' ') {
            for spelling in spellings(word) {
                if let Some(key) = key_of(&spelling) {
                    table.raise(key, tier);
                }
            }
        }
    }
    table
});

fn key_of(word: &str) -> Option<u64> {
    let alphabet = Alphabet::get();
    let mut packed = Packed::default();
    for (count, c) in word.chars().enumerate() {
        let letter = alphabet.letter(c);
        if letter.code == 0 || letter.code == FOREIGN || count >= Packed::LETTERS_MAX {
            return None;
        }
        packed.push(letter.code);
    }
    (packed.0 != 0).then_some(packed.0)
}

/// A word and its other tone placement (`hòa`, `hoà`).
fn spellings(word: &str) -> Vec<String> {
    let mut all = vec![word.to_owned()];
    for (old, new) in [("o", "a"), ("o", "e"), ("u", "y")] {
        if old == "u" && word.starts_with('q') {
            continue;
        }
        for tone in 1..6 {
            let (Some(on_first), Some(on_last)) = (toned(old, tone), toned(new, tone)) else {
                continue;
            };
            let first = format!("{on_first}{new}");
            let last = format!("{old}{on_last}");
            if word.ends_with(&first) {
                all.push(word.replace(&first, &last));
            } else if word.ends_with(&last) {
                all.push(word.replace(&last, &first));
            }
        }
    }
    all
}

fn toned(vowel: &str, tone: usize) -> Option<char> {
    with_tone(vowel.chars().next()?, tone)
}

/// Every form the spelling rules allow.
fn legal_forms() -> Vec<String> {
    let column = |name: &str| -> Vec<&str> {
        MODEL
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('\t'))
            .map(|list| list.split(' ').collect())
            .unwrap_or_default()
    };
    let (onsets, open, stop) = (column("onset"), column("rime_open"), column("rime_stop"));
    let mut forms = Vec::with_capacity(20_000);
    for onset in onsets.iter().copied().chain([""]) {
        let (open, stop) = if onset == "qu" {
            (column("qu_open"), column("qu_stop"))
        } else {
            (open.clone(), stop.clone())
        };
        for (rimes, tones) in [(open, 0..6), (stop, 4..6)] {
            for rime in rimes {
                if fits(onset, rime) {
                    forms.extend(
                        tones
                            .clone()
                            .flat_map(|tone| placements(rime, tone))
                            .map(|r| format!("{onset}{r}")),
                    );
                }
            }
        }
    }
    for tone in 0..6 {
        forms.extend(with_tone('i', tone).map(|i| format!("g{i}")));
    }
    forms
}

/// The spelling rules between onset and rime.
fn fits(onset: &str, rime: &str) -> bool {
    let front = rime.starts_with(['i', 'e', 'ê', 'y']);
    match onset {
        "c" | "g" | "ng" => !front,
        "k" | "gh" | "ngh" => front,
        "gi" => !rime.starts_with('i') && !rime.starts_with('y'),
        "" => true,
        _ => !rime.starts_with("yê"),
    }
}

/// A rime with a tone, in every place where the sign may stand.
fn placements(rime: &str, tone: usize) -> Vec<String> {
    if tone == 0 {
        return vec![rime.to_owned()];
    }
    let letters: Vec<char> = rime.chars().collect();
    let is_vowel = |c: &char| with_tone(*c, 0).is_some();
    let vowels: Vec<usize> = letters
        .iter()
        .enumerate()
        .take_while(|(_, c)| is_vowel(c))
        .map(|(at, _)| at)
        .collect();
    let marked = letters
        .iter()
        .rposition(|c| matches!(c, 'ă' | 'â' | 'ê' | 'ô' | 'ơ' | 'ư'));
    let closed = vowels.len() < letters.len();
    let places: Vec<usize> = match (marked, closed, vowels.as_slice()) {
        (Some(at), _, _) => vec![at],
        (None, true, [.., last]) => vec![*last],
        (None, false, [first]) => vec![*first],
        (None, false, [first, second]) if matches!(rime, "oa" | "oe" | "uy") => {
            vec![*first, *second]
        }
        (None, false, [first, _]) => vec![*first],
        (None, false, [_, second, _]) => vec![*second],
        _ => vec![],
    };
    let put = |place: usize| -> Option<String> {
        letters
            .iter()
            .enumerate()
            .map(|(at, c)| {
                if at == place {
                    with_tone(*c, tone)
                } else {
                    Some(*c)
                }
            })
            .collect()
    };
    places.into_iter().filter_map(put).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syllables_are_told_from_other_words() {
        for word in [
            "nghiêng", "được", "ở", "quỹ", "hòa", "hoà", "thúy", "thuý", "gì", "giếng", "Nguyễn",
            "KHUYẾN", "quốc", "yêu", "khuỷu", "ngoằn", "giữa", "đắk",
        ] {
            assert_ne!(tier_of(word), Tier::None, "{word}");
        }
        for word in [
            "schön", "löwe", "garçon", "ngất'", "cảch", "qè", "nghan", "kà", "", "déjà", "tiéng",
        ] {
            assert_eq!(tier_of(word), Tier::None, "{word}");
        }
    }

    #[test]
    fn the_rules_give_about_eighteen_thousand_forms() {
        let forms: std::collections::HashSet<String> = legal_forms().into_iter().collect();
        assert!((17_000..19_500).contains(&forms.len()), "{}", forms.len());
    }
}
