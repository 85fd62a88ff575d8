//! Capitals that a one-byte coding lost: `QUYếT ĐịNH` becomes `QUYẾT ĐỊNH`. Changes case only, never letters.

use crate::coding::Coding;
use crate::letters::Alphabet;
use crate::syllables::{Tier, tier_of};
use crate::tables::table;

/// A word of the text and what its case says.
struct Word {
    start: usize,
    end: usize,
    /// capitals that the coding can write: ASCII and plain special letters
    firm_upper: usize,
    firm_lower: usize,
    /// small letters that may have been capitals
    soft: usize,
    letters: usize,
    first_soft: bool,
    /// a syllable, not an abbreviation (`UBND`)
    syllable: bool,
}

/// Raises small letters whose capital the coding lacks: in capitals' company, at the start of sentences, in names.
pub(crate) fn restore(text: &str, coding: Coding) -> String {
    let soft = table(coding).map_or(&[false; 128], |table| &table.without_capital);
    let words = words(text, soft);
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (at, word) in words.iter().enumerate() {
        out.push_str(text.get(from..word.start).unwrap_or_default());
        let written = text.get(word.start..word.end).unwrap_or_default();
        if is_capital_word(&words, at, word) {
            out.extend(written.chars().flat_map(char::to_uppercase));
        } else if word.first_soft
            && word.firm_upper == 0
            && (starts_sentence(text, word.start, written) || is_name(text, &words, at))
        {
            let mut chars = written.chars();
            out.extend(chars.next().into_iter().flat_map(char::to_uppercase));
            out.push_str(chars.as_str());
        } else {
            out.push_str(written);
        }
        from = word.end;
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}

fn words(text: &str, soft_letters: &[bool; 128]) -> Vec<Word> {
    let alphabet = Alphabet::get();
    // a word and what follows it are seldom shorter
    let mut all: Vec<Word> = Vec::with_capacity(text.len() / 4);
    let mut open = false;
    for (at, c) in text.char_indices() {
        let letter = alphabet.letter(c);
        if letter.code == 0 {
            open = false;
            continue;
        }
        if !open {
            all.push(Word {
                start: at,
                end: at,
                firm_upper: 0,
                firm_lower: 0,
                soft: 0,
                letters: 0,
                first_soft: false,
                syllable: false,
            });
            open = true;
        }
        let Some(word) = all.last_mut() else { continue };
        let soft = !letter.upper && soft_letters.get(usize::from(letter.code)) == Some(&true);
        word.end = at + c.len_utf8();
        word.first_soft |= soft && word.letters == 0;
        word.letters += 1;
        word.soft += usize::from(soft);
        word.firm_upper += usize::from(letter.upper);
        word.firm_lower += usize::from(!letter.upper && !soft);
    }
    for word in all
        .iter_mut()
        .filter(|word| word.firm_lower == 0 && word.firm_upper >= 2)
    {
        word.syllable = tier_of(text.get(word.start..word.end).unwrap_or_default()) != Tier::None;
    }
    all
}

/// All firm letters are capitals; where they are too few to tell (`Vò`), the neighbours decide.
fn is_capital_word(words: &[Word], at: usize, word: &Word) -> bool {
    if word.soft == 0 || word.firm_lower > 0 {
        return false;
    }
    if word.firm_upper >= 2 {
        return true;
    }
    let loud = |word: &Word| word.firm_lower == 0 && word.firm_upper >= 2 && word.syllable;
    let quiet = |word: &Word| word.firm_lower > 0;
    let before = words
        .get(..at)
        .unwrap_or_default()
        .iter()
        .rev()
        .find(|w| loud(w) || quiet(w));
    let after = words
        .get(at + 1..)
        .unwrap_or_default()
        .iter()
        .find(|w| loud(w) || quiet(w));
    match (before, after) {
        (Some(before), Some(after)) => loud(before) && loud(after),
        (Some(one), None) | (None, Some(one)) => loud(one),
        (None, None) => false,
    }
}

/// Given names that begin with a toned vowel.
const GIVEN_NAMES: [&str; 8] = ["ánh", "ái", "ích", "ẩn", "út", "ứng", "ước", "ấu"];
/// What people are called by.
const TITLES: [&str; 16] = [
    "ông", "bà", "anh", "chị", "em", "cô", "chú", "bác", "cháu", "cậu", "dì", "thầy", "bé", "chí",
    "cụ", "bạn",
];

/// A word that is a name, or begins one, in the company it keeps: `ủy ban`, `ấn Độ`, `châu á`, `Nguyễn Thị ánh`.
fn is_name(text: &str, words: &[Word], at: usize) -> bool {
    let word_at = |at: Option<usize>| {
        let word = words.get(at?)?;
        text.get(word.start..word.end)
    };
    let small = |at: Option<usize>| word_at(at).map(str::to_lowercase).unwrap_or_default();
    let is_raised = |at: Option<usize>| {
        word_at(at)
            .and_then(|word| word.chars().next())
            .is_some_and(char::is_uppercase)
    };
    let (before, after) = (at.checked_sub(1), Some(at + 1));
    match (
        small(before).as_str(),
        small(Some(at)).as_str(),
        small(after).as_str(),
    ) {
        (_, "ủy" | "uỷ", "ban") | (_, "ấn", "độ") | (_, "ả", "rập") => true,
        ("châu", "á" | "úc", _) | ("nước", "úc" | "ý", _) => true,
        ("nam" | "đông" | "trung" | "tây", "á", _) => is_raised(before),
        (title, name, _) if GIVEN_NAMES.contains(&name) => {
            is_raised(before) && is_raised(at.checked_sub(2))
                || TITLES.contains(&title) && is_raised(after)
        }
        _ => false,
    }
}

fn starts_sentence(text: &str, at: usize, word: &str) -> bool {
    let before = text.get(..at).unwrap_or_default();
    let trimmed = before.trim_end_matches([' ', '\t', '"', '“', '(', '-', '+', '*', '>', '\u{a0}']);
    if trimmed.is_empty() {
        // no title begins with "in" or "at": the text is cut from a sentence
        return word != "ở";
    }
    if trimmed.ends_with("\n\n") {
        return true;
    }
    let spaced = before.ends_with([' ', '\n', '\u{a0}', '"', '“']);
    let sentence = trimmed.trim_end_matches(['\n', '\r', ' ']);
    spaced && sentence.ends_with(['.', '!', '?'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_come_back_where_they_are_certain() {
        for (from, to) in [
            ("QUYếT ĐịNH Về VIệC Xử PHạT", "QUYẾT ĐỊNH VỀ VIỆC XỬ PHẠT"),
            ("Về việc họp", "Về việc họp"),
            ("ý kiến của Tỉnh ủy", "Ý kiến của Tỉnh ủy"),
            ("Xong. ở đây", "Xong. Ở đây"),
            ("UBND tỉnh", "UBND tỉnh"),
            ("Số 5/QĐ-UBND về việc", "Số 5/QĐ-UBND về việc"),
            ("ĐIềU 1. Sở Y tế", "ĐIỀU 1. Sở Y tế"),
            ("Theo ủy ban nhân dân", "Theo Ủy ban nhân dân"),
            (
                "ra ấn Độ, khu vực Đông Nam á",
                "ra Ấn Độ, khu vực Đông Nam Á",
            ),
            ("bà Lê Thị ánh phản ánh", "bà Lê Thị Ánh phản ánh"),
            ("nhờ cô ánh Tuyết", "nhờ cô Ánh Tuyết"),
        ] {
            assert_eq!(restore(from, Coding::Tcvn3), to);
        }
        // VISCII has its capitals, all but those that fall on controls
        assert_eq!(restore("ở HỘI", Coding::Viscii), "ở HỘI");
        assert_eq!(restore("Kỷ LUẬT", Coding::Viscii), "KỶ LUẬT");
    }
}
