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
    /// of these, the common ones of three letters and more
    pub plain_long: u32,
    /// of these, the ones of four letters and more
    pub plain_sure: u32,
    /// other ASCII words of three letters and more
    pub alien: u32,
    /// good words of three letters and more
    pub long: u32,
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
    last2: char,
    onset_p: bool,
    small_special: bool,
    /// the first three and the last three letters, small
    head: [char; 3],
    tail: [char; 3],
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
        if view == View::AsIs && self.symbols == 0 {
            self.odd_pair |= is_odd_pair(lower(self.last2), self.last, c);
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
        if view == View::AsIs {
            let lower = if c.is_ascii() {
                c.to_ascii_lowercase()
            } else {
                c
            };
            if let Some(slot) = self.head.get_mut(self.letters) {
                *slot = lower;
            }
            self.tail = [self.tail[1], self.tail[2], lower];
        }
        self.packed.push(letter.code);
        self.letters += 1;
        self.last2 = std::mem::replace(&mut self.last, c);
    }

    fn symbol(&mut self, c: char) {
        let fits = if self.letters == 0 {
            matches!(
                c,
                '«' | '»'
                    | '¿'
                    | '¡'
                    | '§'
                    | '©'
                    | '®'
                    | '±'
                    | '£'
                    | '¥'
                    | '¢'
                    | '÷'
                    | '×'
                    | '²'
                    | '³'
                    | '¼'..='¾'
            )
        } else {
            match c {
                '»' | '«' | '®' | '©' => true,
                '×' | '÷' => self.letters <= 1,
                '²' | '³' | '¹' => self.letters <= 2,
                'ª' | 'º' => self.letters <= 1,
                _ => false,
            }
        };
        match (fits, self.letters, self.symbols) {
            (true, 0, _) => {}
            // fine at the end of a word, glue when letters follow
            (true, _, 0) => self.symbols = 1,
            _ => self.symbols += 2,
        }
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
            2 => -0.5,
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
            _ => {
                total.good += 1;
                total.long += u32::from(self.letters >= 3);
            }
        }
        total.common += u32::from(tier >= Tier::Common);
    }

    /// Beginnings and endings that are common in Vietnamese and unknown in Western words with accents.
    fn is_oddly_framed(&self) -> bool {
        if matches!(self.head, ['n', 'g' | 'h', _] | ['k', 'h', _]) && self.letters >= 3 {
            return true;
        }
        match self.tail {
            // "gång", "Äng": Scandinavians and Germans may
            [before, 'n', 'g'] => {
                !before.is_ascii() && !matches!(before, 'å' | 'ä' | 'ö' | 'ü' | 'æ' | 'ø' | 'í')
            }
            [before, 'n', 'h'] => !before.is_ascii(),
            _ => false,
        }
    }

    fn weigh_ascii(&self, total: &mut Score) {
        if self.letters <= Packed::LETTERS_MAX && self.packed.tier() != Tier::None {
            total.plain += 1;
            total.plain_sure += u32::from(self.letters >= 4 && self.packed.tier() >= Tier::Common);
            total.plain_long += u32::from(self.letters >= 3 && self.packed.tier() >= Tier::Common);
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
            View::AsIs
                if self.odd_pair
                    || (self.late_upper && self.uppers < self.letters)
                    || self.is_oddly_framed() =>
            {
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

/// Neighbours that no Western language writes and legacy text is full of: a vowel and its mark letter (VNI), a vowel
/// and a tone read as a vowel (windows-1258).
fn is_odd_pair(before2: char, before: char, c: char) -> bool {
    if !before.is_alphabetic() {
        // no word of any language begins so
        return c == 'ð' || c == 'Ð';
    }
    let mark = if c.is_ascii() { return false } else { lower(c) };
    match lower(before) {
        'a' if before2 == 'o' => matches!(mark, 'á'..='ï' | 'ò'..='ü') && mark != 'í',
        'a' => matches!(
            mark,
            'á' | 'à' | 'â' | 'ã' | 'å' | 'ä' | 'ù' | 'ø' | 'û' | 'õ' | 'è' | 'ê' | 'ò' | 'ì'
        ),
        'e' if matches!(before2, 'i' | 'u' | 'y') => {
            matches!(mark, 'á' | 'à' | 'â' | 'ã' | 'å' | 'ä')
        }
        'e' => matches!(mark, 'à' | 'ã' | 'å' | 'ù' | 'ø' | 'û' | 'õ' | 'ò' | 'ì'),
        'o' if before2 == 'u' => matches!(mark, 'á' | 'à' | 'â' | 'ã' | 'å' | 'ä'),
        'o' if before2.is_alphabetic() && mark == 'ä' => true,
        'o' => matches!(mark, 'à' | 'â' | 'å' | 'ù' | 'ø' | 'õ' | 'ã' | 'ò' | 'ì'),
        'u' => matches!(mark, 'ù' | 'ø' | 'û' | 'õ' | 'ï' | 'ì'),
        'y' => matches!(mark, 'ù' | 'ø' | 'û' | 'õ' | 'ï' | 'ì' | 'ò'),
        'i' => mark == 'ì' || mark == 'ò',
        'ö' | 'ô' => matches!(mark, 'ï' | 'õ' | 'ø' | 'ù' | 'û' | 'ô' | 'ì' | 'ò'),
        'â' | 'ê' | 'ã' | 'õ' | 'ý' => matches!(mark, 'ì' | 'ò' | 'õ' | 'Þ' | 'þ'),
        _ => false,
    }
}

fn lower(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}
