//! Header fields as they stand in the letter: where the header ends, which field is where, unfolding. Decodes nothing.
//! (RFC 5322 §2.2)

use super::limits;
use memchr::memchr;
use std::ops::Range;

/// One header field. The value is as received: folded, without its last line ending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field<'r> {
    pub name: &'r [u8],
    pub value: &'r [u8],
    /// The whole field with its line ending, as a place in the header it was read from.
    pub whole: Range<usize>,
}

/// A slice of the letter; empty where the range is not in it.
pub(super) fn cut(raw: &[u8], range: Range<usize>) -> &[u8] {
    raw.get(range).unwrap_or_default()
}

/// Where the line that starts at `at` ends, its line ending included.
pub(super) fn line_end(raw: &[u8], at: usize) -> usize {
    match memchr(b'\n', raw.get(at..).unwrap_or_default()) {
        Some(offset) => at + offset + 1,
        None => raw.len(),
    }
}

/// A line without CRLF or LF.
pub(super) fn bare(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The header of a letter with the empty line that ends it.
pub fn header_of(raw: &[u8]) -> &[u8] {
    let mut at = 0;
    while at < raw.len() {
        let end = line_end(raw, at);
        let empty = bare(cut(raw, at..end)).is_empty();
        at = end;
        if empty {
            break;
        }
    }
    cut(raw, 0..at)
}

/// The fields of a header in their order. Lines that are no field belong to none.
pub fn fields(header: &[u8]) -> impl Iterator<Item = Field<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < header.len() {
            let start = at;
            at = line_end(header, at);
            while matches!(header.get(at), Some(b' ' | b'\t')) {
                at = line_end(header, at);
            }
            let whole = cut(header, start..at);
            let Some(colon) = memchr(b':', whole) else {
                continue;
            };
            let name = cut(whole, 0..colon).trim_ascii_end();
            if name.is_empty() || !name.iter().all(u8::is_ascii_graphic) {
                continue;
            }
            let value = bare(cut(whole, colon + 1..whole.len()));
            return Some(Field {
                name,
                value,
                whole: start..at,
            });
        }
        None
    })
}

/// The unfolded value of the first field of that name.
pub fn field_value(header: &[u8], name: &str) -> Option<Vec<u8>> {
    fields(header)
        .find(|field| field.name.eq_ignore_ascii_case(name.as_bytes()))
        .map(|field| unfold(field.value))
}

/// The unfolded values of every field of that name in a letter's header.
pub fn field_values(raw: &[u8], name: &str) -> Vec<Vec<u8>> {
    fields(header_of(raw))
        .filter(|field| field.name.eq_ignore_ascii_case(name.as_bytes()))
        .map(|field| unfold(field.value))
        .collect()
}

/// Takes the line breaks out (RFC 5322 §2.2.3) and the space around.
pub(super) fn unfold(value: &[u8]) -> Vec<u8> {
    let value = cut(value, 0..value.len().min(limits::FIELD_BYTES_MAX)).trim_ascii();
    value
        .iter()
        .filter(|byte| !matches!(byte, b'\r' | b'\n' | 0))
        .copied()
        .collect()
}
