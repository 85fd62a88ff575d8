//! The syllable model: which words are Vietnamese syllables, and how common they are.
//! Answers for one word; weighing a whole text is `score`'s work.

use std::sync::LazyLock;

use crate::letters::{Alphabet, FOREIGN, with_tone};
use crate::slots::Slots;

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

/// How a word is used.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Use {
    pub tier: Tier,
    /// -ln of the word's share in running text
    pub rarity: u8,
}

/// Rarity of a syllable that nobody lists.
const RARITY_LEGAL: u8 = 15;
const RARITY_BITS: u32 = 5;
const RARITY: u8 = (1 << RARITY_BITS) - 1;

impl Use {
    fn pack(tier: u8, rarity: u8) -> u8 {
        tier << RARITY_BITS | rarity.min(RARITY)
    }

    fn unpack(byte: u8) -> Use {
        Use {
            tier: Tier::of_number(byte >> RARITY_BITS),
            rarity: byte & RARITY,
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
        self.use_of().tier
    }

    /// Tier and rarity in one look-up.
    #[inline]
    pub(crate) fn use_of(self) -> Use {
        TABLE.get(self.0).map_or(Use::default(), Use::unpack)
    }
}

/// The tier of a word, whatever its case.
pub(crate) fn tier_of(word: &str) -> Tier {
    use_of(word).tier
}

/// How rare a word is, whatever its case; the largest number for what is no syllable.
pub(crate) fn rarity_of(word: &str) -> u8 {
    let usage = use_of(word);
    if usage.tier == Tier::None {
        u8::MAX
    } else {
        usage.rarity
    }
}

fn use_of(word: &str) -> Use {
    let alphabet = Alphabet::get();
    let mut packed = Packed::default();
    let mut letters = 0;
    for c in word.chars() {
        let letter = alphabet.letter(c);
        letters += 1;
        if letter.code == 0 || letter.code == FOREIGN || letters > Packed::LETTERS_MAX {
            return Use::default();
        }
        packed.push(letter.code);
    }
    if letters == 0 {
        Use::default()
    } else {
        packed.use_of()
    }
}

/// Room for the nineteen thousand syllables in as few cache lines as do.
const SLOTS: usize = 1 << 15;

static TABLE: LazyLock<Slots> = LazyLock::new(|| {
    let mut table = Slots::new(SLOTS);
    for syllable in legal_forms() {
        if let Some(key) = key_of(&syllable) {
            table.raise(key, Use::pack(1, RARITY_LEGAL));
        }
    }
    for line in WORDS.lines().filter(|line| !line.starts_with('#')) {
        let mut columns = line.split('\t');
        let mut number = || columns.next().and_then(|n| n.parse().ok()).unwrap_or(0);
        let packed = Use::pack(number(), number());
        for word in columns.next().unwrap_or_default().split(' ') {
            for spelling in spellings(word) {
                if let Some(key) = key_of(&spelling) {
                    table.raise(key, packed);
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
