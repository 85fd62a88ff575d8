//! From bytes of a named coding to text and back. Never guesses: that is `detect`'s work.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

use crate::coding::Coding;
use crate::syllables::rarity_of;
use crate::tables::{cp1252_byte, cp1252_char, table};
use crate::{mojibake, refs, viqr};

/// Text in composed form, borrowed when it already is.
pub(crate) fn nfc(text: &str) -> Cow<'_, str> {
    if is_surely_nfc(text.as_bytes()) || unicode_normalization::is_nfc(text) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfc().collect())
    }
}

/// True when the text holds only characters that are composed whatever stands around them: Latin, Vietnamese,
/// Cyrillic, ideographs, general punctuation.
fn is_surely_nfc(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let [lead, tail @ ..] = rest {
        rest = tail;
        let sure = match lead {
            0..=0xcb | 0xd0 | 0xd1 | 0xe4..=0xee => true,
            0xe1 => matches!(tail.first(), Some(0xba | 0xbb)),
            0xe2 => matches!(tail.first(), Some(0x80..=0x83)) || matches!(tail, [0x84, 0xa2, ..]),
            _ => false,
        };
        if !sure {
            return false;
        }
    }
    true
}

/// The bytes read as windows-1252, every byte kept (C1 controls where it has no character).
pub(crate) fn western(raw: &[u8]) -> String {
    raw.iter().map(|byte| cp1252_char(*byte)).collect()
}

/// The windows-1252 bytes of a text, if every character has one.
pub(crate) fn western_bytes(text: &str) -> Option<Vec<u8>> {
    text.chars().map(cp1252_byte).collect()
}

/// Decodes by a table coding, not yet composed.
pub(crate) fn by_table(raw: &[u8], coding: Coding) -> Option<String> {
    let mut out = String::new();
    table(coding)?.decode_into(raw, &mut out);
    if coding == Coding::BkHcm1 {
        settle_shared(&mut out);
    }
    Some(out)
}

/// Letters that share a code in BK HCM 1, the one of the table first: the word tells which is meant.
const SHARED: [(char, char); 2] = [('Ặ', 'Ụ'), ('Ị', 'Ỵ')];

fn settle_shared(text: &mut String) {
    for (first, other) in SHARED {
        if !text.contains(first) {
            continue;
        }
        let settled: Vec<String> = text
            .split_inclusive(|c: char| !c.is_alphabetic())
            .map(|word| {
                let swapped = word.replace(first, other.encode_utf8(&mut [0; 4]));
                let rarity =
                    |word: &str| rarity_of(word.trim_end_matches(|c: char| !c.is_alphabetic()));
                if swapped != word && word.chars().count() > 1 && rarity(&swapped) < rarity(word) {
                    swapped
                } else {
                    word.to_owned()
                }
            })
            .collect();
        *text = settled.concat();
    }
}

/// Decodes as the reader says, whatever the bytes look like. The answer is NFC.
///
/// ```
/// use viet::Coding;
/// assert_eq!(viet::decode_as(b"C\xabng v\xa8n", Coding::Tcvn3), "Công văn");
/// ```
#[must_use]
pub fn decode_as(raw: &[u8], coding: Coding) -> String {
    let text = match coding {
        Coding::Utf8 | Coding::Ascii | Coding::Mixed => String::from_utf8_lossy(raw).into_owned(),
        Coding::Windows1252 => western(raw),
        Coding::Viqr => viqr::decode(&String::from_utf8_lossy(raw)),
        Coding::CharRefs => refs::decode(&String::from_utf8_lossy(raw)).into_owned(),
        Coding::Mojibake => mojibake::undo(&String::from_utf8_lossy(raw)).into_owned(),
        Coding::MojibakeTwice => {
            mojibake::undo(&mojibake::undo(&String::from_utf8_lossy(raw))).into_owned()
        }
        Coding::Labelled(name) => match encoding_rs::Encoding::for_label(name.as_bytes()) {
            Some(encoding) => encoding.decode_without_bom_handling(raw).0.into_owned(),
            None => String::from_utf8_lossy(raw).into_owned(),
        },
        _ => by_table(raw, coding).unwrap_or_else(|| western(raw)),
    };
    nfc(&text).into_owned()
}

/// The bytes of `text` in a coding, or `None` when the coding lacks one of its letters.
///
/// ```
/// use viet::Coding;
/// assert_eq!(viet::encode_as("Công văn", Coding::Tcvn3).as_deref(), Some(&b"C\xabng v\xa8n"[..]));
/// assert_eq!(viet::encode_as("漢", Coding::Tcvn3), None);
/// ```
#[must_use]
pub fn encode_as(text: &str, coding: Coding) -> Option<Vec<u8>> {
    let text: String = text.nfc().collect();
    match coding {
        Coding::Utf8 | Coding::Mixed => Some(text.into_bytes()),
        Coding::Ascii => text.is_ascii().then(|| text.into_bytes()),
        Coding::Windows1252 => western_bytes(&text),
        Coding::Windows1258 => encode_1258(&text),
        Coding::Viqr => viqr::encode(&text),
        Coding::CharRefs => Some(refs::encode(&text).into_bytes()),
        Coding::Mojibake => Some(western(text.as_bytes()).into_bytes()),
        Coding::MojibakeTwice => Some(western(western(text.as_bytes()).as_bytes()).into_bytes()),
        Coding::Labelled(name) => {
            let encoding = encoding_rs::Encoding::for_label(name.as_bytes())?;
            let (bytes, _, lossy) = encoding.encode(&text);
            (!lossy).then(|| bytes.into_owned())
        }
        _ => table(coding)?.encode(&text),
    }
}

/// windows-1258: the one-byte letter where there is one, else base letter and combining tone.
fn encode_1258(text: &str) -> Option<Vec<u8>> {
    let table = table(Coding::Windows1258)?;
    let mut out = Vec::with_capacity(text.len());
    for c in text.chars() {
        if let Some(bytes) = table.bytes_of(c) {
            out.extend_from_slice(bytes);
            continue;
        }
        let (base, tone) = crate::letters::split_tone(c)?;
        out.extend_from_slice(table.bytes_of(base)?);
        out.extend_from_slice(table.bytes_of(tone)?);
    }
    Some(out)
}
