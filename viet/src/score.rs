//! How Vietnamese a reading of a text looks: words weighed by the syllable model. Knows no codings.

use crate::letters::{Alphabet, FOREIGN};
use crate::syllables::{Packed, Tier, Use};
use crate::western::Spelling;

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
    /// ln of how likely Vietnamese is to hold these words
    pub vietnamese: f32,
    /// ln of how likely another language is to hold them as they stand
    pub western: f32,
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
    /// good words of three letters and more
    pub long: u32,
    /// capital consonants with Đ among them, as in `TSCĐ`: fine beside other words, no evidence by themselves
    pub abbreviations: u32,
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

/// ln of the share of words no syllables, in Vietnamese texts: names and borrowed words, and what each letter costs.
const BORROWED: f32 = -6.0;
const BORROWED_LETTER: f32 = -2.6;
/// Signs beside letters, where they may stand and where they may not; control characters: nobody writes them.
const FITTING: f32 = -2.0;
const MISFIT: f32 = -5.0;
const CONTROL_CHAR: f32 = -14.0;
/// A letter alone is no evidence: as likely in either.
const LONE: f32 = -6.0;
/// A word without ASCII letters may be Greek or Russian.
const OTHER_ALPHABET: f32 = -2.0;
const OTHER_ALPHABET_LETTER: f32 = -3.2;
/// A small letter among capitals.
const CASES_CLASH: f32 = -5.0;
/// `ĐT`, `TSCĐ`: as rare as a syllable that few use.
const ABBREVIATION: f32 = -9.0;
const ABBREVIATION_POINTS: f32 = 0.3;
const ABBREVIATION_LETTERS_MAX: usize = 7;
/// ASCII words: how much likelier in Vietnamese than elsewhere, by tier and number of letters (two, three, more).
const PLAIN_FREQUENT: [f32; 3] = [0.7, 2.0, 3.0];
const PLAIN_COMMON: [f32; 3] = [-0.3, 1.0, 1.8];
const PLAIN_ATTESTED: [f32; 3] = [-1.5, -0.5, 1.0];
const PLAIN_LEGAL: [f32; 3] = [-1.5, -1.5, -1.0];
/// ... and those that are no syllables: short, a name, a word.
const ALIEN_SHORT: f32 = -1.5;
const ALIEN_NAME: f32 = -1.5;
const ALIEN_WORD: f32 = -2.5;

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
    vowels: usize,
    /// weight of the signs: one that fits behind a word counts once, any other twice
    symbols: usize,
    /// signs of any kind
    signs: usize,
    /// signs that fit nowhere near the letter
    misfits: usize,
    last_sign: char,
    ends_in_sign: bool,
    inner_symbol: bool,
    odd_pair: bool,
    last: char,
    last2: char,
    onset_p: bool,
    small_special: bool,
    spelling: Spelling,
    /// the first three and the last three letters, small
    head: [char; 3],
    tail: [char; 3],
}

/// Weighs a text.
pub(crate) fn score(text: &str, view: View, loses_case: bool) -> Score {
    let alphabet = Alphabet::get();
    let mut total = Score::default();
    let mut word = Word::default();
    // German and Danish quotes point inwards: "«" closes only what "»" opened
    let mut quoted = false;
    for c in text.chars() {
        quoted |= c == '»' && word.letters == 0;
        let letter = alphabet.letter(c);
        if letter.code != 0 {
            word.take(c, letter, view);
        } else if is_glue(c) || (word.letters + word.signs > 0 && is_inner_glue(c)) || c == '°' {
            word.symbol(c, view, quoted);
        } else {
            if word.letters + word.signs > 0 {
                std::mem::take(&mut word).weigh(&mut total, view, loses_case);
            }
            if c.is_control() && !matches!(c, '\t' | '\n' | '\r') {
                total.points += CONTROL;
                total.vietnamese += CONTROL_CHAR;
                total.western += CONTROL_CHAR;
            }
        }
    }
    word.weigh(&mut total, view, loses_case);
    total
}

/// Characters above ASCII that are no letters and have no business beside one.
fn is_glue(c: char) -> bool {
    matches!(c, '¡'..='§' | '¨' | '©'..='¬' | '\u{ad}' | '®' | '¯' | '±'..='¶' | '¸'..='¿' | '×' | '÷' | '†' | '‡' | 'ˆ' | '‰' | '˜' | '₫')
        || matches!(c, '\u{300}'..='\u{323}')
}

/// Characters that end a word, and have no business between two letters.
fn is_inner_glue(c: char) -> bool {
    matches!(
        c,
        '·' | '°' | '‹' | '›' | '•' | '“' | '”' | '„' | '‚' | '‘' | '™' | '€'
    )
}

impl Word {
    fn take(&mut self, c: char, letter: crate::letters::Letter, view: View) {
        if view == View::AsIs && self.symbols == 0 {
            self.odd_pair |= is_odd_pair(lower(self.last2), self.last, c);
        }
        if self.symbols > 0 && self.letters > 0 {
            // "col·lecció" is Catalan
            let catalan = self.last_sign == '·' && self.last == 'l' && c == 'l';
            self.inner_symbol |= !catalan;
            self.symbols -= usize::from(catalan);
        }
        if self.letters == 0 {
            if !letter.upper && matches!(self.last_sign, '©' | '®' | '°') {
                self.misfits += 1;
            }
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
        self.vowels += usize::from(letter.vowel);
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
            self.spelling.push(c);
        }
        self.ends_in_sign = false;
        self.packed.push(letter.code);
        self.letters += 1;
        self.last2 = std::mem::replace(&mut self.last, c);
    }

    fn symbol(&mut self, c: char, view: View, quoted: bool) {
        if view == View::AsIs {
            self.spelling.push(c);
        }
        let fits = if self.letters == 0 {
            // before a word in small letters some of them are letters themselves; see `take`
            matches!(c, '«' | '»' | '¿' | '¡' | '©' | '®' | '°')
        } else {
            match c {
                '«' => quoted,
                '»' | '“' | '”' | '„' | '‚' | '‘' | '‹' | '›' | '•' | '€' => {
                    true
                }
                '®' | '©' | '™' => {
                    self.letters >= 4 || (self.letters >= 2 && self.uppers == self.letters)
                }
                '·' => self.last == 'l',
                '°' => matches!(self.last, 'n' | 'N') && self.letters == 1,
                'ª' | 'º' => self.letters <= 1,
                '²' | '³' => self.letters <= 2,
                _ => false,
            }
        };
        self.signs += 1;
        self.misfits += usize::from(!fits);
        self.last_sign = c;
        self.ends_in_sign = true;
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

    /// A small letter among capitals, as in `MžI`.
    fn cases_clash(&self) -> bool {
        let small = self.uppers >= 2 && self.uppers < self.letters && self.small_special;
        small && self.uppers + self.special >= self.letters
    }

    /// `GÊp`: one word, neither in capitals nor in small letters.
    fn starts_twice(&self) -> bool {
        self.uppers == 2 && self.letters > 2 && self.special > 0 && !self.small_special
    }

    fn is_abbreviation(&self) -> bool {
        self.uppers == self.letters
            && self.vowels == 0
            && !self.foreign
            && (2..=ABBREVIATION_LETTERS_MAX).contains(&self.letters)
    }

    fn weigh(mut self, total: &mut Score, view: View, loses_case: bool) {
        // "l·" is no word yet, nor is "v«"
        let lone = self.letters == 1 && self.special == 0;
        let cut = match self.last_sign {
            '·' => true,
            '«' => lone,
            '»' => lone && self.uppers == 0,
            _ => false,
        };
        if self.ends_in_sign && cut && self.letters > 0 && self.misfits == 0 {
            self.misfits = 1;
        }
        let glued = self.inner_symbol || self.misfits > 0 || self.symbols >= 2;
        if self.letters == 0 {
            self.weigh_signs(total, view);
            return;
        }
        let fitting = FITTING * (self.signs - self.misfits) as f32;
        total.vietnamese += fitting;
        if view == View::AsIs {
            total.western += fitting;
        } else {
            let misfits = self.misfits + usize::from(self.inner_symbol);
            total.vietnamese += MISFIT * misfits as f32;
        }
        if self.special == 0 && !glued {
            self.weigh_ascii(total);
            return;
        }
        if glued {
            self.weigh_nonsense(total, view, glued);
            return;
        }
        if self.is_abbreviation() {
            total.abbreviations += 1;
            total.vietnamese += ABBREVIATION;
            total.western += if view == View::AsIs {
                self.spelling.look(false).nats
            } else {
                0.0
            };
            total.points += ABBREVIATION_POINTS;
            return;
        }
        let usage =
            if self.foreign || self.letters > Packed::LETTERS_MAX || self.case_is_mixed(loses_case)
            {
                Use::default()
            } else {
                self.packed.use_of()
            };
        if usage.tier == Tier::None {
            self.weigh_nonsense(total, view, glued);
            return;
        }
        self.weigh_syllable(usage, total, view);
    }

    fn weigh_syllable(&self, usage: Use, total: &mut Score, view: View) {
        let tier = usage.tier;
        if self.letters == 1 {
            total.points += if tier >= Tier::Common { 0.3 } else { 0.0 };
            total.vietnamese += if tier >= Tier::Common {
                LONE
            } else {
                2.0 * LONE
            };
            total.western += LONE;
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
        total.vietnamese -= f32::from(usage.rarity);
        if view == View::AsIs {
            total.western += self.spelling.look(self.misfits > 0).nats;
        }
        if self.onset_p {
            total.points -= 2.0;
            total.vietnamese -= 2.0;
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

    /// Signs with no letter beside them.
    fn weigh_signs(&self, total: &mut Score, view: View) {
        match self.signs {
            0 => {}
            1 => {
                total.vietnamese += LONE;
                total.western += LONE;
            }
            _ => {
                total.vietnamese += MISFIT * self.signs as f32;
                total.western += LONE
                    + if view == View::AsIs && self.misfits > 0 {
                        MISFIT
                    } else {
                        0.0
                    };
            }
        }
    }

    fn weigh_ascii(&self, total: &mut Score) {
        let tier = if self.letters <= Packed::LETTERS_MAX {
            self.packed.tier()
        } else {
            Tier::None
        };
        if tier != Tier::None {
            total.plain += 1;
            total.points += PLAIN;
            let by_length = match tier {
                Tier::Frequent => PLAIN_FREQUENT,
                Tier::Common => PLAIN_COMMON,
                Tier::Attested => PLAIN_ATTESTED,
                _ => PLAIN_LEGAL,
            };
            if self.letters >= 2 {
                let at = self.letters.min(4) - 2;
                total.vietnamese += by_length.get(at).copied().unwrap_or(0.0);
            }
        } else if self.uppers == self.letters {
            // an abbreviation
        } else if self.letters >= 3 {
            total.alien += 1;
            total.points += ALIEN;
            total.vietnamese += if self.first_upper {
                ALIEN_NAME
            } else {
                ALIEN_WORD
            };
        } else if self.letters == 2 {
            total.vietnamese += ALIEN_SHORT;
        }
    }

    fn weigh_nonsense(&self, total: &mut Score, view: View, glued: bool) {
        total.bad += 1;
        let borrowed = BORROWED + BORROWED_LETTER * self.letters as f32;
        if view == View::Candidate {
            total.points += NONSENSE;
            total.vietnamese += borrowed;
            return;
        }
        let look = self.spelling.look(glued || self.misfits > 0);
        let odd = (glued && look.never > 0)
            || look.never > 1
            || self.odd_pair
            || (self.late_upper && self.uppers < self.letters)
            || self.is_oddly_framed();
        total.western += if self.letters == 1 && self.signs == 0 {
            look.nats.max(LONE)
        } else if self.letters == self.special && self.signs == 0 {
            // a word of another alphabet, in bytes
            look.nats
                .max(OTHER_ALPHABET + OTHER_ALPHABET_LETTER * self.letters as f32)
        } else {
            look.nats
                + if self.cases_clash() || self.starts_twice() {
                    CASES_CLASH
                } else {
                    0.0
                }
        };
        total.vietnamese += BORROWED + look.nats.min(borrowed - BORROWED);
        total.odd += u32::from(odd);
        total.points += if odd { ODD } else { OTHER_LANGUAGE };
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
