//! The search key, the words of a text, phrase matching and ranking. Reads clean Unicode; repairs nothing.

use unicode_normalization::UnicodeNormalization;

use crate::letters::{Alphabet, FOREIGN};

/// The search key of a text: decomposed, marks dropped, `đ` as `d`, lower case, final `y` as `i` where the two are
/// only spellings of each other (`lý`/`lí`, `kỹ`/`kĩ`, `quý`/`quí`; `tay` stays apart from `tai`).
///
/// ```
/// assert_eq!(viet::fold("Trụ sở Đắk Lắk"), "tru so dak lak");
/// assert_eq!(viet::fold("tỷ lệ"), viet::fold("Tỉ lệ"));
/// assert_ne!(viet::fold("cây"), viet::fold("cái"));
/// ```
#[must_use]
pub fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    if text.is_ascii() {
        out.push_str(text);
        out.make_ascii_lowercase();
    } else {
        fold_letters(text, &mut out);
    }
    fold_final_y(&mut out);
    out
}

fn fold_letters(text: &str, out: &mut String) {
    for c in text.nfd() {
        if c.is_ascii() {
            out.push(c.to_ascii_lowercase());
            continue;
        }
        match c {
            '\u{300}'..='\u{36f}' | '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{feff}' => {}
            'đ' | 'Đ' | 'ð' | 'Ð' => out.push('d'),
            _ => out.extend(
                c.to_lowercase()
                    .nfd()
                    .filter(|c| !matches!(c, '\u{300}'..='\u{36f}')),
            ),
        }
    }
    if !unicode_normalization::is_nfc(out) {
        *out = out.nfc().collect();
    }
}

/// `hy ky ly my sy ty quy` and a lone `y` become `hi ki li mi si ti qui i`.
fn fold_final_y(text: &mut String) {
    if !text.contains('y') {
        return;
    }
    let mut out = String::with_capacity(text.len());
    let mut word_from = 0;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        if c.is_alphanumeric() && at < text.len() {
            continue;
        }
        let word = text.get(word_from..at).unwrap_or_default();
        match word {
            "y" => out.push('i'),
            "hy" | "ky" | "ly" | "my" | "sy" | "ty" | "quy" => {
                out.push_str(word.trim_end_matches('y'));
                out.push('i');
            }
            _ => out.push_str(word),
        }
        if at < text.len() {
            out.push(c);
            word_from = at + c.len_utf8();
        }
    }
    *text = out;
}

/// One word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token<'a> {
    /// As written.
    pub text: &'a str,
    /// As [`fold`] makes it.
    pub folded: String,
    /// Byte offset of the first letter.
    pub start: usize,
    /// Byte offset behind the last letter.
    pub end: usize,
}

/// The words of a text: runs of letters and digits; ideographs stand alone.
///
/// ```
/// let words: Vec<String> = viet::tokens("Số 2045/VP-HC, Đắk Lắk").map(|t| t.folded).collect();
/// assert_eq!(words, ["so", "2045", "vp", "hc", "dak", "lak"]);
/// ```
pub fn tokens(text: &str) -> impl Iterator<Item = Token<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let rest = text.get(at..)?;
            let skip = rest.char_indices().find(|(_, c)| c.is_alphanumeric())?.0;
            let start = at + skip;
            let word = text.get(start..)?;
            let end = start + word_length(word);
            at = end;
            let written = text.get(start..end)?;
            let folded = fold(written);
            if !folded.is_empty() {
                return Some(Token {
                    text: written,
                    folded,
                    start,
                    end,
                });
            }
        }
    })
}

/// Bytes of the word at the start of `text`, at least one character.
fn word_length(text: &str) -> usize {
    let mut end = 0;
    for (at, c) in text.char_indices() {
        let mark = matches!(c, '\u{300}'..='\u{36f}' | '\u{ad}');
        if at > 0 && (!(c.is_alphanumeric() || mark) || is_ideograph(c)) {
            break;
        }
        end = at + c.len_utf8();
        if is_ideograph(c) {
            break;
        }
    }
    end
}

fn is_ideograph(c: char) -> bool {
    matches!(u32::from(c), 0x2e80..=0x2fdf | 0x3040..=0x30ff | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0x20000..=0x3134f)
}

/// True when the words of `query` stand one after another in `text`, whatever the marks and the case.
///
/// ```
/// assert!(viet::phrase_match("du lieu", "Thu thập dữ liệu thuê bao"));
/// assert!(!viet::phrase_match("du lie", "Thu thập dữ liệu thuê bao"));
/// ```
#[must_use]
pub fn phrase_match(query: &str, text: &str) -> bool {
    let wanted: Vec<String> = tokens(query).map(|token| token.folded).collect();
    if wanted.is_empty() {
        return false;
    }
    let words: Vec<String> = tokens(text).map(|token| token.folded).collect();
    words
        .windows(wanted.len())
        .any(|window| window == wanted.as_slice())
}

/// How well `text` answers `query`; more is better, 0 is no word found. Words with the typed tones come first, then
/// those with the same letters and another tone, then those that agree only without marks.
///
/// ```
/// assert!(viet::rank("tổ", "Tổ dân phố") > viet::rank("tổ", "Tô màu"));
/// assert!(viet::rank("tổ", "Tô màu") > viet::rank("tổ", "Tơ tằm"));
/// ```
#[must_use]
pub fn rank(query: &str, text: &str) -> u32 {
    let words: Vec<(String, Spelling)> = tokens(text)
        .map(|t| (t.folded, Spelling::of(t.text)))
        .collect();
    let mut total = 0u32;
    for wanted in tokens(query) {
        let spelling = Spelling::of(wanted.text);
        let best = words
            .iter()
            .filter(|(folded, _)| *folded == wanted.folded)
            .map(|(_, s)| spelling.likeness(s))
            .max();
        total = total.saturating_add(best.unwrap_or(0));
    }
    if total > 0 && phrase_match(query, text) {
        total = total.saturating_add(1);
    }
    total
}

/// A word apart from where its tone sign stands: letters without tones, and the tone.
#[derive(PartialEq, Eq)]
struct Spelling {
    letters: String,
    tone: u8,
}

impl Spelling {
    fn of(word: &str) -> Spelling {
        let alphabet = Alphabet::get();
        let mut spelling = Spelling {
            letters: String::with_capacity(word.len()),
            tone: 0,
        };
        for c in word.nfc() {
            let letter = alphabet.letter(c);
            if letter.code == 0 || letter.code == FOREIGN {
                spelling.letters.extend(c.to_lowercase());
                continue;
            }
            spelling
                .letters
                .push(alphabet.lower(alphabet.base(letter.code)));
            if letter.tone != 0 {
                spelling.tone = letter.tone;
            }
        }
        spelling
    }

    /// 8 the same, 6 same letters, 4 same tone, 2 same only when folded.
    fn likeness(&self, other: &Spelling) -> u32 {
        match (self.letters == other.letters, self.tone == other.tone) {
            (true, true) => 8,
            (true, false) => 6,
            (false, true) => 4,
            (false, false) => 2,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn spellings_that_mean_the_same_fold_together() {
        for (a, b) in [
            ("hòa", "hoà"),
            ("thúy", "thuý"),
            ("lý", "lí"),
            ("quý", "quí"),
            ("bác sỹ", "bác sĩ"),
            ("y tế", "i te"),
            ("ĐẮK LẮK", "đak lak"),
        ] {
            assert_eq!(fold(a), fold(b), "{a} {b}");
        }
        for (a, b) in [("tay", "tai"), ("cây", "cái"), ("thúy", "thúi")] {
            assert_ne!(fold(a), fold(b), "{a} {b}");
        }
    }

    #[test]
    fn tokens_know_where_they_stand() {
        let text = "Kính gửi: 14/6 安排 ok";
        let found: Vec<_> = tokens(text).collect();
        let written: Vec<&str> = found.iter().map(|t| t.text).collect();
        assert_eq!(written, ["Kính", "gửi", "14", "6", "安", "排", "ok"]);
        for token in found {
            assert_eq!(&text[token.start..token.end], token.text);
        }
    }

    #[test]
    fn typed_tones_rank_first() {
        let texts = ["Lư hương", "Tin lũ khẩn", "Lụ khụ"];
        let best = texts.iter().max_by_key(|text| rank("lũ", text)).unwrap();
        assert_eq!(*best, "Tin lũ khẩn");
    }
}
