//! How Vietnamese a reading of a text looks: words weighed by the syllable model. Knows no codings.

use crate::letters::{Alphabet, FOREIGN};
use crate::syllables::{Packed, Tier};

/// From which side a text is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    /// Decoded by a coding that may be wrong: nonsense counts against the coding.
    Candidate,
    /// As it stands: nonsense may simply be another language.
    AsIs,
}

/// The evidence of one reading.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Score {
    pub points: f32,
    /// words with letters above ASCII that are syllables in use
    pub good: u32,
    /// of these, the common ones
    pub common: u32,
    /// words with letters above ASCII that the rules allow and nobody uses
    pub legal: u32,
    /// words with letters above ASCII that are no syllables
    pub bad: u32,
    /// ASCII words that are syllables
    pub plain: u32,
    /// other ASCII words of three letters and more
    pub alien: u32,
    /// words no language writes: symbols inside, capitals behind small letters, marks on the wrong vowel
    pub odd: u32,
}

impl Score {
    /// Words that speak for the reading.
    pub(crate) fn evidence(&self) -> u32 {
        self.good + self.legal
    }
}

/// Points of the tiers for a word with letters above ASCII.
const FREQUENT: f32 = 3.0;
const COMMON: f32 = 2.4;
const ATTESTED: f32 = 1.4;
const LEGAL: f32 = -0.6;
const NONSENSE: f32 = -4.0;
/// Nonsense as it stands: another language, or an odd sequence that none writes.
const OTHER_LANGUAGE: f32 = -0.8;
const ODD: f32 = -2.4;
const PLAIN: f32 = 0.3;
const ALIEN: f32 = -0.7;
const CONTROL: f32 = -3.0;

/// A word being read.
#[derive(Default)]
struct Word {
    packed: Packed,
    letters: usize,
    special: usize,
    foreign: bool,
    uppers: usize,
    /// a capital behind a small letter, the first one aside
    late_upper: bool,
    first_upper: bool,
    symbols: usize,
    inner_symbol: bool,
    odd_pair: bool,
    last: char,
    onset_p: bool,
    /// tones counted, more than one is nonsense
    small_special: bool,
}

/// Weighs a text.
pub(crate) fn score(text: &str, view: View, loses_case: bool) -> Score {
    let alphabet = Alphabet::get();
    let mut total = Score::default();
    let mut word = Word::default();
    for c in text.chars() {
        let letter = alphabet.letter(c);
        if letter.code != 0 {
            word.take(c, letter, view);
        } else if is_glue(c) {
            word.symbol(c);
        } else {
            if word.letters > 0 || word.symbols > 0 {
                std::mem::take(&mut word).weigh(&mut total, view, loses_case);
            }
            if c.is_control() && !matches!(c, '\t' | '\n' | '\r') {
                total.points += CONTROL;
            }
        }
    }
    if word.letters > 0 {
        word.weigh(&mut total, view, loses_case);
    }
    total
}

/// Characters above ASCII that are no letters and have no business beside one.
fn is_glue(c: char) -> bool {
    matches!(c, '¡'..='§' | '¨' | '©'..='¬' | '\u{ad}' | '®' | '¯' | '±'..='¶' | '¸'..='¿' | '×' | '÷' | '†' | '‡' | 'ˆ' | '‰' | '˜' | '₫')
        || matches!(c, '\u{300}'..='\u{323}')
}

impl Word {
    fn take(&mut self, c: char, letter: crate::letters::Letter, view: View) {
        if view == View::AsIs && self.letters > 0 && self.symbols == 0 {
            self.odd_pair |= is_odd_pair(self.last, c);
        }
        if self.symbols > 0 && self.letters > 0 {
            self.inner_symbol = true;
        }
        if self.letters == 0 {
            self.first_upper = letter.upper;
            self.onset_p = letter.code == 16;
        } else if self.letters == 1 && letter.code == 8 {
            // "ph" is as good an onset as any
            self.onset_p = false;
        }
        if letter.upper {
            if self.letters > self.uppers {
                self.late_upper = true;
            }
            self.uppers += 1;
        }
        if letter.code > 26 {
            self.special += 1;
            self.small_special |= !letter.upper;
        }
        self.foreign |= letter.code == FOREIGN;
        self.packed.push(letter.code);
        self.letters += 1;
        self.last = c;
    }

    fn symbol(&mut self, c: char) {
        if self.letters == 0
            && matches!(
                c,
                '«' | '¿' | '¡' | '§' | '©' | '®' | '±' | '£' | '¥' | '¢' | '÷' | '×'
            )
        {
            return;
        }
        if self.letters > 0
            && matches!(c, '»' | '®' | '©' | '²' | '³' | 'ª' | 'º' | '¹' | '¶')
            && self.symbols == 0
        {
            // fine at the end of a word, glue when letters follow
            self.symbols += 1;
            return;
        }
        self.symbols += 2;
    }

    /// Only the letters that were written as capitals decide in a coding that loses them.
    fn case_is_mixed(&self, loses_case: bool) -> bool {
        if self.uppers == 0 || self.uppers == self.letters {
            return false;
        }
        if !self.late_upper {
            return self.uppers > 1 && !(loses_case && self.small_special);
        }
        !(loses_case && self.small_special && self.uppers + self.special >= self.letters)
    }

    fn weigh(self, total: &mut Score, view: View, loses_case: bool) {
        let glued = self.inner_symbol || (self.symbols >= 2 && self.letters > 0);
        if self.letters == 0 {
            return;
        }
        if glued {
            match view {
                View::AsIs => {
                    total.points += ODD;
                    total.odd += 1;
                }
                View::Candidate => {
                    total.points += NONSENSE;
                    total.bad += 1;
                }
            }
            return;
        }
        if self.special == 0 {
            self.weigh_ascii(total);
            return;
        }
        let tier =
            if self.foreign || self.letters > Packed::LETTERS_MAX || self.case_is_mixed(loses_case)
            {
                Tier::None
            } else {
                self.packed.tier()
            };
        if tier == Tier::None {
            self.weigh_nonsense(total, view);
            return;
        }
        if self.letters == 1 {
            // a letter alone is no evidence
            total.points += if tier >= Tier::Common { 0.3 } else { 0.0 };
            return;
        }
        let length = match self.letters {
            2 => 0.0,
            3 => 0.5,
            _ => 1.0,
        };
        total.points += length
            + match tier {
                Tier::Frequent => FREQUENT,
                Tier::Common => COMMON,
                Tier::Attested => ATTESTED,
                _ => LEGAL,
            };
        if self.onset_p {
            total.points -= 2.0;
        }
        match tier {
            Tier::Legal => total.legal += 1,
            _ => total.good += 1,
        }
        total.common += u32::from(tier >= Tier::Common);
    }

    fn weigh_ascii(&self, total: &mut Score) {
        if self.letters <= Packed::LETTERS_MAX && self.packed.tier() != Tier::None {
            total.plain += 1;
            total.points += PLAIN;
        } else if self.letters >= 3 && self.uppers < self.letters {
            total.alien += 1;
            total.points += ALIEN;
        }
    }

    fn weigh_nonsense(&self, total: &mut Score, view: View) {
        match view {
            View::Candidate => {
                total.points += NONSENSE;
                total.bad += 1;
            }
            View::AsIs if self.odd_pair || (self.late_upper && self.uppers < self.letters) => {
                total.points += ODD;
                total.odd += 1;
                total.bad += 1;
            }
            View::AsIs => {
                total.points += OTHER_LANGUAGE;
                total.bad += 1;
            }
        }
    }
}

/// Neighbours that no Western language writes and VNI text is full of: a vowel and its mark letter.
fn is_odd_pair(before: char, c: char) -> bool {
    let mark = c.to_lowercase().next().unwrap_or(c);
    match before.to_lowercase().next().unwrap_or(before) {
        'a' => matches!(
            mark,
            'á' | 'à' | 'â' | 'ã' | 'å' | 'ù' | 'ø' | 'û' | 'õ' | 'è' | 'ê'
        ),
        'e' => matches!(mark, 'à' | 'ã' | 'å' | 'ù' | 'ø' | 'û' | 'õ'),
        'o' => matches!(mark, 'à' | 'â' | 'å' | 'ù' | 'ø' | 'õ' | 'ã'),
        'u' | 'y' => matches!(mark, 'ù' | 'ø' | 'û' | 'õ' | 'ï'),
        'ö' | 'ô' => matches!(mark, 'ï' | 'õ' | 'ø' | 'ù' | 'û' | 'ô'),
        _ => false,
    }
}
