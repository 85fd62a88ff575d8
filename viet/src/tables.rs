//! The byte tables of the legacy codings, read once from `tables/*.tsv`.
//! Decodes and encodes single texts; it never guesses which coding a text is in.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::coding::Coding;
use crate::letters::{Alphabet, FOREIGN};

/// No character at this byte.
const NONE: char = '\0';

/// The windows-1252 reading of 0x80..=0x9F; the five unassigned bytes stay C1 controls (WHATWG).
pub(crate) const C1_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// One coding: single bytes, and pairs of a base byte with a mark byte.
pub(crate) struct Table {
    single: [char; 256],
    pair_row: [u8; 256],
    pairs: Vec<[char; 256]>,
    encode: HashMap<char, Vec<u8>>,
    /// small letters that may stand for their capital, by the letter's code in `letters`
    pub(crate) without_capital: [bool; 128],
}

/// The windows-1252 character of a byte, C1 controls where it has none.
pub(crate) fn cp1252_char(byte: u8) -> char {
    match byte {
        0x80..=0x9f => C1_1252
            .get(usize::from(byte - 0x80))
            .copied()
            .unwrap_or(NONE),
        _ => char::from(byte),
    }
}

/// The windows-1252 byte of a character, if it has one; C1 controls count as themselves.
pub(crate) fn cp1252_byte(c: char) -> Option<u8> {
    match u32::from(c) {
        code @ 0..=0xff => u8::try_from(code).ok(),
        0x152..=0x2122 => C1_1252
            .iter()
            .position(|known| *known == c)
            .and_then(|at| u8::try_from(at + 0x80).ok()),
        _ => None,
    }
}

impl Table {
    fn parse(source: &str, punctuation_1252: bool) -> Table {
        let mut table = Table {
            single: [NONE; 256],
            pair_row: [0; 256],
            pairs: vec![[NONE; 256]],
            encode: HashMap::new(),
            without_capital: [false; 128],
        };
        for (bytes, c, note) in rows(source) {
            match bytes.as_slice() {
                [one] => table.set_single(*one, c),
                [base, mark] => table.set_pair(*base, *mark, c),
                _ => {}
            }
            if !note.contains("decode only") {
                table.encode.entry(c).or_insert(bytes);
            }
        }
        table.lend_small_letters();
        for byte in 0..=255u8 {
            let plain = cp1252_char(byte);
            if table.single_of(byte) == NONE {
                table.set_single(byte, plain);
                if byte < 0x80 || (punctuation_1252 && byte < 0xa0) || byte == 0xa0 {
                    table.encode.entry(plain).or_insert_with(|| vec![byte]);
                }
            }
        }
        let alphabet = Alphabet::get();
        let lacking: Vec<u8> = table
            .encode
            .keys()
            .filter(|c| c.is_lowercase() && table.lacks_capital_of(**c))
            .map(|c| alphabet.letter(*c).code)
            .filter(|code| *code > 26 && *code != FOREIGN)
            .collect();
        for code in lacking {
            if let Some(slot) = table.without_capital.get_mut(usize::from(code)) {
                *slot = true;
            }
        }
        table
    }

    /// A capital without a code of its own is sent as the small letter (TCVN3).
    fn lend_small_letters(&mut self) {
        let lent: Vec<(char, Vec<u8>)> = self
            .encode
            .iter()
            .filter_map(|(small, bytes)| Some((small.to_uppercase().next()?, bytes.clone())))
            .filter(|(capital, _)| !capital.is_ascii())
            .collect();
        for (capital, bytes) in lent {
            self.encode.entry(capital).or_insert(bytes);
        }
    }

    /// True for a small letter whose capital has no code, or one that programs shun: a control or the no-break space.
    fn lacks_capital_of(&self, small: char) -> bool {
        let Some(capital) = small.to_uppercase().next() else {
            return false;
        };
        let (Some(own), Some(raised)) = (self.encode.get(&small), self.encode.get(&capital)) else {
            return false;
        };
        own == raised || matches!(raised.as_slice(), [0..=0x1f | 0xa0])
    }

    fn set_single(&mut self, byte: u8, c: char) {
        if let Some(slot) = self.single.get_mut(usize::from(byte))
            && *slot == NONE
        {
            *slot = c;
        }
    }

    fn single_of(&self, byte: u8) -> char {
        self.single.get(usize::from(byte)).copied().unwrap_or(NONE)
    }

    fn set_pair(&mut self, base: u8, mark: u8, c: char) {
        let Some(row) = self.pair_row.get_mut(usize::from(base)) else {
            return;
        };
        if *row == 0 {
            *row = u8::try_from(self.pairs.len()).unwrap_or(0);
            self.pairs.push([NONE; 256]);
        }
        if let Some(slot) = self
            .pairs
            .get_mut(usize::from(*row))
            .and_then(|r| r.get_mut(usize::from(mark)))
            && *slot == NONE
        {
            *slot = c;
        }
    }

    /// The letter of a base and a mark byte. A spreadsheet's PROPER changes the case of one of the two:
    /// the base decides, a mark of the other case is taken too.
    fn pair_of(&self, base: u8, mark: u8) -> char {
        let row = self.pair_row.get(usize::from(base)).copied().unwrap_or(0);
        if row == 0 {
            return NONE;
        }
        let Some(row) = self.pairs.get(usize::from(row)) else {
            return NONE;
        };
        let direct = row.get(usize::from(mark)).copied().unwrap_or(NONE);
        if direct != NONE || mark < 0xc0 {
            return direct;
        }
        row.get(usize::from(mark ^ 0x20)).copied().unwrap_or(NONE)
    }

    /// Appends the text of `raw`.
    pub(crate) fn decode_into(&self, raw: &[u8], out: &mut String) {
        out.reserve(raw.len() + raw.len() / 2);
        let mut rest = raw;
        while let [byte, tail @ ..] = rest {
            rest = tail;
            if let [mark, after @ ..] = tail
                && self
                    .pair_row
                    .get(usize::from(*byte))
                    .is_some_and(|row| *row != 0)
            {
                let c = self.pair_of(*byte, *mark);
                if c != NONE {
                    out.push(c);
                    rest = after;
                    continue;
                }
            }
            push_composed(out, self.single_of(*byte));
        }
    }

    /// The bytes of `text`, or `None` when a character has no code here.
    pub(crate) fn encode(&self, text: &str) -> Option<Vec<u8>> {
        let mut out = Vec::with_capacity(text.len());
        for c in text.chars() {
            out.extend_from_slice(self.encode.get(&c)?);
        }
        Some(out)
    }

    /// The bytes of one character.
    pub(crate) fn bytes_of(&self, c: char) -> Option<&[u8]> {
        self.encode.get(&c).map(Vec::as_slice)
    }
}

/// Appends a character; a combining tone joins the vowel before it, which saves composing the whole text later.
fn push_composed(out: &mut String, c: char) {
    if matches!(c, '\u{300}'..='\u{323}')
        && let Some(joined) = out
            .chars()
            .next_back()
            .and_then(|base| crate::letters::joined(base, c))
    {
        out.pop();
        out.push(joined);
        return;
    }
    out.push(c);
}

/// Rows of a table file: bytes, character, note.
pub(crate) fn rows(source: &str) -> impl Iterator<Item = (Vec<u8>, char, &str)> {
    source
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let mut columns = line.split('\t');
            let bytes: Vec<u8> = columns
                .next()?
                .split(' ')
                .map(|hex| u8::from_str_radix(hex, 16))
                .collect::<Result<_, _>>()
                .ok()?;
            let code = columns.next()?.strip_prefix("U+")?;
            let c = char::from_u32(u32::from_str_radix(code, 16).ok()?)?;
            Some((bytes, c, columns.nth(3).unwrap_or_default()))
        })
}

pub(crate) const TCVN3: &str = include_str!("../tables/tcvn3.tsv");
pub(crate) const VNI: &str = include_str!("../tables/vni_windows.tsv");
pub(crate) const WINDOWS1258: &str = include_str!("../tables/windows1258.tsv");
pub(crate) const VISCII: &str = include_str!("../tables/viscii.tsv");
pub(crate) const VPS: &str = include_str!("../tables/vps.tsv");
pub(crate) const VN1: &str = include_str!("../tables/tcvn5712_vn1.tsv");
pub(crate) const VN2: &str = include_str!("../tables/tcvn5712_vn2.tsv");
pub(crate) const VIETWARE_X: &str = include_str!("../tables/vietware_x.tsv");
pub(crate) const VIETWARE_F: &str = include_str!("../tables/vietware_f.tsv");
pub(crate) const BKHCM1: &str = include_str!("../tables/bkhcm1.tsv");
pub(crate) const BKHCM2: &str = include_str!("../tables/bkhcm2.tsv");

/// Rows that the habits of Windows programs add, for decoding only.
/// VISCII and VPS fonts write the small letter where the true code is a control; the tables hold that in a column of
/// its own, and it needs no row here because the small letter's row decodes it.
const BKHCM2_PATTERN: &str = "CF C5\tU+1EC6\tỆ\t\t\tthe table's own pattern, decode only\n";
/// vbkey's code for ặ, and the free code that fits Ặ.
const BKHCM1_EXTRA: &str = "9E\tU+1EB6\tẶ\t\t\tfree code that fits, decode only\n";

static TABLES: LazyLock<[Table; 11]> = LazyLock::new(|| {
    [
        Table::parse(TCVN3, true),
        Table::parse(VNI, true),
        Table::parse(WINDOWS1258, false),
        Table::parse(VISCII, false),
        Table::parse(VPS, false),
        Table::parse(VN1, false),
        Table::parse(VN2, true),
        Table::parse(VIETWARE_X, true),
        Table::parse(VIETWARE_F, false),
        Table::parse(&format!("{BKHCM1}{BKHCM1_EXTRA}"), false),
        Table::parse(&format!("{BKHCM2}{BKHCM2_PATTERN}"), true),
    ]
});

/// The table of a byte coding; none for Unicode, VIQR and the damages.
pub(crate) fn table(coding: Coding) -> Option<&'static Table> {
    let at = match coding {
        Coding::Tcvn3 => 0,
        Coding::Vni => 1,
        Coding::Windows1258 => 2,
        Coding::Viscii => 3,
        Coding::Vps => 4,
        Coding::Vn1 => 5,
        Coding::Vn2 => 6,
        Coding::VietwareX => 7,
        Coding::VietwareF => 8,
        Coding::BkHcm1 => 9,
        Coding::BkHcm2 => 10,
        _ => return None,
    };
    TABLES.get(at)
}
