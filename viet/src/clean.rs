//! The fast look: can this text be handed on as it is? One pass of a small automaton over the bytes, four places of
//! the text at once, no allocation. "Clean" is a promise that no step of the repair would find work; "not clean" only
//! means that somebody has to look closely.

use std::sync::LazyLock;

use crate::coding::Coding;
use crate::letters::{Alphabet, FOREIGN};
use crate::tables::cp1252_byte;
use crate::{refs, viqr, western};

/// Below this the close look costs little and sees more: two legacy words need no sign that the automaton knows.
const SHORT_BYTES: usize = 400;
/// Bytes of one lane between two checks for an early end.
const BLOCK: usize = 2048;
const LANES: usize = 4;
/// Room for every state, a power of two so that no index leaves the table.
const STATES: usize = 32;

/// `Some` when the text is right as it stands.
pub(crate) fn coding_of_clean(text: &str) -> Option<Coding> {
    if text.len() <= SHORT_BYTES {
        return coding_of_short(text);
    }
    if refs::has_letter_ref(text) || !is_clean(text) {
        return None;
    }
    Some(if text.is_ascii() {
        Coding::Ascii
    } else {
        Coding::Utf8
    })
}

/// Short texts are clean when they hold nothing above ASCII and no sign of VIQR or a reference, or only letters that no
/// byte coding can be mistaken for.
fn coding_of_short(text: &str) -> Option<Coding> {
    if text.is_ascii() {
        let sign = |b: u8| matches!(b, b'&' | b'^' | b'`' | b'~' | b'\'' | b'.' | b'?' | b'+' | b'(' | 1..=6 | 0x10..=0x1e);
        return (!text.bytes().any(sign)).then_some(Coding::Ascii);
    }
    let alphabet = Alphabet::get();
    let harmless = |c: char| {
        (c.is_ascii() && c != '&' && (c >= ' ' || matches!(c, '\t' | '\r' | '\n')))
            || matches!(
                c,
                '\u{1ea0}'
                    ..='\u{1ef9}'
                        | 'ă'
                        | 'Ă'
                        | 'đ'
                        | 'Đ'
                        | 'ơ'
                        | 'Ơ'
                        | 'ư'
                        | 'Ư'
                        | '“'
                        | '”'
                        | '–'
            )
            || matches!(
                c,
                'à' | 'á'
                    | 'ã'
                    | 'é'
                    | 'è'
                    | 'ê'
                    | 'í'
                    | 'ì'
                    | 'ó'
                    | 'ò'
                    | 'ô'
                    | 'ú'
                    | 'ù'
                    | 'ý'
                    | 'â'
                    | 'õ'
            )
    };
    // Vietnamese that no single-byte coding can write stands in every word or so; what is left must be syllables
    if !text.chars().all(harmless) {
        return None;
    }
    let mut words = text.split(|c: char| matches!(alphabet.letter(c).code, 0 | FOREIGN));
    words
        .all(|word| {
            word.is_ascii()
                || word.chars().any(|c| u32::from(c) > 0xff)
                || crate::syllables::tier_of(word) >= crate::syllables::Tier::Common
        })
        .then_some(Coding::Utf8)
        .filter(|_| text.chars().any(|c| u32::from(c) > 0xff))
}

/// States of the automaton. `N` is the start: nothing before, or nothing that matters.
mod state {
    pub const N: u8 = 0;
    /// behind a letter that is no ASCII vowel
    pub const L: u8 = 1;
    /// behind a or e, behind o, behind u or y: VNI marks differ
    pub const VA: u8 = 2;
    pub const VO: u8 = 3;
    pub const VU: u8 = 4;
    /// behind the byte C2, outside a word and behind a letter
    pub const C2N: u8 = 5;
    pub const C2L: u8 = 6;
    /// behind the byte C3, by what stood before
    pub const C3: u8 = 7;
    pub const C3A: u8 = 8;
    pub const C3O: u8 = 9;
    pub const C3U: u8 = 10;
    /// one byte to a letter
    pub const X1L: u8 = 11;
    /// one, two bytes to a sign or a foreign letter
    pub const X1N: u8 = 12;
    pub const X2N: u8 = 13;
    /// behind a letter that mojibake begins with
    pub const M: u8 = 14;
    /// behind a letter and a sign
    pub const LS: u8 = 15;
    pub const E1: u8 = 16;
    pub const E2: u8 = 17;
    pub const E284: u8 = 18;
    pub const E3: u8 = 19;
    pub const E382: u8 = 20;
    pub const EF: u8 = 21;
    pub const F0: u8 = 22;
    /// behind i: no VNI mark follows, VIQR signs do
    pub const VI: u8 = 23;
    /// behind ô or ö, and its C3
    pub const VW: u8 = 24;
    pub const C3W: u8 = 25;
    /// behind o that begins a word, its C3, and behind "où", which is French as a whole word
    pub const VO1: u8 = 26;
    pub const C3O1: u8 = 27;
    pub const OU: u8 = 28;
    pub const DIRTY: u8 = 31;
}

type Table = [[u8; 256]; STATES];

static TABLE: LazyLock<Box<Table>> = LazyLock::new(|| {
    let mut table = Box::new([[state::DIRTY; 256]; STATES]);
    for (from, row) in (0u8..).zip(table.iter_mut()) {
        for (byte, to) in (0u8..=255).zip(row.iter_mut()) {
            *to = step(from, byte);
        }
    }
    table
});

/// The automaton, one step; UTF-8 is known to be valid.
fn step(from: u8, byte: u8) -> u8 {
    match (from, byte) {
        (state::VO1, 0xc3) => return state::C3O1,
        (state::C3O1, 0xb9) => return state::OU,
        (state::OU, b'a'..=b'z' | b'A'..=b'Z' | 0xc2..=0xe1) => return state::DIRTY,
        (state::N, b'o' | b'O') => return state::VO1,
        _ => {}
    }
    let from = match from {
        state::VO1 => state::VO,
        state::C3O1 => state::C3O,
        state::OU => state::N,
        _ => from,
    };
    use state::{
        C2L, C2N, C3, C3A, C3O, C3U, DIRTY, E1, E2, E3, E284, E382, EF, F0, L, LS, M, N, VA, VO,
        VU, X1L, X1N, X2N,
    };
    match (from, byte) {
        (DIRTY, _) => DIRTY,
        (C2N, _) | (X1N, _) => N,
        // no-break space, degree, middle dot: at home behind a letter
        (C2L, 0xa0 | 0xb0 | 0xb7) => N,
        // a C1 control is a lost byte
        (C2L, 0x80..=0x9f) => DIRTY,
        (C2L, _) => LS,
        (X1L, _) => L,
        (X2N, _) => X1N,
        (C3A, 0xa0 | 0xa2 | 0xa3 | 0xa5 | 0xa8 | 0xaa | 0xb5 | 0xb8 | 0xb9 | 0xbb) => DIRTY,
        (C3O, 0xa2 | 0xa5 | 0xb5 | 0xb8 | 0xb9) => DIRTY,
        (C3U, 0xb5 | 0xb8 | 0xb9 | 0xbb) => DIRTY,
        // Â Ã Ä Å Æ, á â
        (state::C3W, 0xaf | 0xb5 | 0xb8 | 0xb9 | 0xbb) => DIRTY,
        (C3 | C3A | C3O | C3U | state::C3W, 0x94 | 0x96 | 0xb4 | 0xb6) => state::VW,
        (C3 | C3A | C3O | C3U | state::C3W, 0x82..=0x86 | 0xa1 | 0xa2) => M,
        (C3 | C3A | C3O | C3U | state::C3W, _) => L,
        (E1, 0xba | 0xbb) => X1L,
        (E1, _) => DIRTY,
        (E2, 0x84) => E284,
        (E2, 0xab) => DIRTY,
        (E2, _) => X1N,
        (E284, 0xa6 | 0xaa | 0xab) => DIRTY,
        (E284, _) => N,
        (E3, 0x82) => E382,
        (E3, _) => X1N,
        (E382, 0x99 | 0x9a) => DIRTY,
        (E382, _) => N,
        (EF, 0xa4..=0xac | 0xbb) => DIRTY,
        (EF, _) => X1N,
        (F0, 0x9f) => X2N,
        (F0, _) => DIRTY,
        // mojibake goes on with a sign
        (M, 0xc2 | 0xe2 | 0xc5 | 0xcb) => DIRTY,
        (_, 0x00..=0x7f) => step_ascii(from, byte),
        (LS, 0xc3..=0xc6 | 0xe1) => DIRTY,
        (L | VA | VO | VU | state::VI | state::VW, 0xc2) => C2L,
        (state::VW, 0xc3) => state::C3W,
        (_, 0xc2) => C2N,
        (VA, 0xc3) => C3A,
        (VO, 0xc3) => C3O,
        (VU, 0xc3) => C3U,
        (_, 0xc3) => C3,
        (_, 0xc4..=0xcb | 0xd0 | 0xd1) => X1L,
        (_, 0xe1) => E1,
        (_, 0xe2) => E2,
        (_, 0xe3) => E3,
        (_, 0xe4..=0xee) => X2N,
        (_, 0xef) => EF,
        (_, 0xf0) => F0,
        _ => DIRTY,
    }
}

fn step_ascii(from: u8, byte: u8) -> u8 {
    use state::{DIRTY, L, LS, M, N, VA, VI, VO, VU};
    let vowel = matches!(from, VA | VO | VU | VI);
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' if from == LS => DIRTY,
        b'a' | b'e' | b'A' | b'E' => VA,
        b'o' | b'O' => VO,
        b'u' | b'y' | b'U' | b'Y' => VU,
        b'i' | b'I' => VI,
        b'a'..=b'z' | b'A'..=b'Z' => L,
        b'^' | b'`' | b'~' | b'(' if vowel => DIRTY,
        b'+' if matches!(from, VO | VU) => DIRTY,
        1..=6 | 0x10..=0x1e => DIRTY,
        // "Ã " may be a lost no-break space, but only beside certain mojibake
        _ if from == M => N,
        _ => N,
    }
}

#[inline]
fn next(table: &Table, from: u8, byte: u8) -> u8 {
    // both indexes are below the lengths by their types and the mask
    table
        .get(usize::from(from) & (STATES - 1))
        .map_or(state::DIRTY, |row| {
            row.get(usize::from(byte)).copied().unwrap_or(state::DIRTY)
        })
}

fn run(table: &Table, from: u8, bytes: &[u8]) -> u8 {
    bytes
        .iter()
        .fold(from, |state, byte| next(table, state, *byte))
}

/// Suspicious words that are looked up before the text counts as unclean, one in so many bytes.
const BYTES_PER_LOOK_UP: usize = 32;

fn is_clean(text: &str) -> bool {
    let table: &Table = &TABLE;
    let bytes = text.as_bytes();
    let mut rest = lanes(bytes);
    let mut states = [state::N; LANES];
    let mut look_ups = bytes.len() / BYTES_PER_LOOK_UP;
    loop {
        let [a, b, c, d] = rest;
        let count = a.len().min(b.len()).min(c.len()).min(d.len()).min(BLOCK);
        if count == 0 {
            break;
        }
        let ([a, ra], [b, rb], [c, rc], [d, rd]) =
            (cut(a, count), cut(b, count), cut(c, count), cut(d, count));
        let [mut sa, mut sb, mut sc, mut sd] = states;
        for (((a, b), c), d) in a.iter().zip(b).zip(c).zip(d) {
            sa = next(table, sa, *a);
            sb = next(table, sb, *b);
            sc = next(table, sc, *c);
            sd = next(table, sd, *d);
        }
        let after = [sa, sb, sc, sd];
        let tails = [ra, rb, rc, rd];
        for (((from, to), lane), tail) in states.iter_mut().zip(after).zip(&mut rest).zip(tails) {
            if to == state::DIRTY {
                // this lane alone once more, word by word; it ends in or behind this block
                match settle(table, *from, lane, count, &mut look_ups) {
                    Some(left) => (*from, *lane) = (state::N, left),
                    None => return false,
                }
            } else {
                (*from, *lane) = (to, tail);
            }
        }
    }
    states.iter().zip(rest).all(|(from, tail)| {
        run(table, *from, tail) != state::DIRTY
            || settle(table, *from, tail, tail.len(), &mut look_ups).is_some()
    })
}

/// Runs over the first `count` bytes of a lane; words at which the automaton stops are looked up. What is left of the
/// lane, behind white space, or `None` when a word may need repair.
fn settle<'a>(
    table: &Table,
    mut from: u8,
    lane: &'a [u8],
    count: usize,
    look_ups: &mut usize,
) -> Option<&'a [u8]> {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
    let mut at = 0;
    while let Some(byte) = lane.get(at) {
        if at >= count && is_space(byte) {
            break;
        }
        from = next(table, from, *byte);
        if from == state::DIRTY {
            *look_ups = look_ups.checked_sub(1)?;
            let before = lane.get(..at)?;
            let start = before
                .iter()
                .rposition(is_space)
                .map_or(0, |space| space + 1);
            let end = lane
                .get(at..)?
                .iter()
                .position(is_space)
                .map_or(lane.len(), |more| at + more);
            if !is_foreign(std::str::from_utf8(lane.get(start..end)?).ok()?) {
                return None;
            }
            from = state::N;
            at = end;
            continue;
        }
        at += 1;
    }
    lane.get(at..)
}

/// Every word of a run between white space is one that another language writes.
fn is_foreign(run: &str) -> bool {
    let is_border = |c: char| {
        (c.is_ascii() && !c.is_ascii_alphabetic() && c >= ' ' && c != '&')
            || matches!(c, '’' | '“' | '”' | '–' | '—' | '…' | '\u{a0}')
    };
    if run.is_ascii() {
        return !viqr::is_sure(run) && !run.bytes().any(|b| b < b' ');
    }
    run.trim_start_matches('«')
        .trim_end_matches('»')
        .split(is_border)
        .all(|word| {
            word.is_ascii() && !word.bytes().any(|b| b < b' ' || b == b'&')
                || word.chars().all(|c| {
                    c.is_ascii_alphabetic()
                        || cp1252_byte(c).is_some_and(|_| {
                            c.is_alphabetic() && !matches!(c, 'ª' | 'µ' | 'º' | 'ƒ')
                        })
                }) && western::is_usual(word)
        })
}

fn cut(bytes: &[u8], at: usize) -> [&[u8]; 2] {
    bytes
        .split_at_checked(at)
        .map_or([bytes, &[]], |(head, tail)| [head, tail])
}

/// Four parts of a text, cut behind white space where there is some near, always between characters.
fn lanes(bytes: &[u8]) -> [&[u8]; LANES] {
    let mut parts = [bytes; LANES];
    let mut rest = bytes;
    for (at, part) in parts.iter_mut().enumerate() {
        let goal = rest.len() / (LANES - at);
        let end = if at + 1 == LANES {
            rest.len()
        } else {
            border(rest, goal)
        };
        let [head, tail] = cut(rest, end);
        *part = head;
        rest = tail;
    }
    parts
}

fn border(bytes: &[u8], goal: usize) -> usize {
    let near = bytes.get(goal..).unwrap_or_default();
    let space = near
        .iter()
        .take(64)
        .position(|b| matches!(b, b' ' | b'\n'))
        .map(|at| goal + at + 1);
    let character = || {
        near.iter()
            .position(|b| *b & 0xc0 != 0x80)
            .map_or(bytes.len(), |at| goal + at)
    };
    space.unwrap_or_else(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(text: &str) -> bool {
        let mut long = String::new();
        while long.len() <= SHORT_BYTES {
            long.push_str(text);
            long.push('\n');
        }
        coding_of_clean(&long).is_some()
    }

    #[test]
    fn right_text_is_clean_at_any_length() {
        for text in [
            "Kính gửi: Các phòng, ban thuộc huyện – “khẩn”, 38°C, 5 m², hoà thuận, hoá đơn, quá, thuê, yêu cầu",
            "Die Straßenbahn fährt täglich; «très bien», señor, coração",
            "公司春节放假七天，请各部门 请求 書を添付",
            "Hop giao ban luc 8 gio. Ai chua nop? Xin cam on!",
            "Họp 9h ☕ nhé 😊",
        ] {
            assert!(clean(text), "{text}");
        }
    }

    #[test]
    fn foreign_words_are_looked_up() {
        for text in [
            "Où est le maître? Le goût et le file(s) d’où il vient",
            "Jusqu’où? «Où vont-ils»",
        ] {
            assert!(clean(text), "{text}");
        }
    }

    #[test]
    fn damage_is_noticed() {
        for text in [
            "C«ng v¨n vÒ viÖc",
            "Kính môøi ñoàng chí döï hoäi nghò",
            "CÃ´ng vÄƒn vá»\u{81} viá»‡c",
            "Co^ng va(n ve^` vie^.c",
            "C&#244;ng v&#259;n",
            "Co\u{302}ng va\u{306}n",
            "NGH\u{10} QUY\u{90}T",
        ] {
            assert!(!clean(text), "{text}");
        }
    }
}
