//! Structured values with parameters: Content-Type and Content-Disposition (RFC 2045 §5.1, RFC 2231), read as raw
//! bytes, so that file names in any coding survive. Tolerant of missing quotes, stray spaces and Outlook paths.

use viet::Context;

use super::mime::hex_pair;
use super::words;

/// A value and its parameters, names in lower case.
#[derive(Debug, Default, Clone)]
pub(crate) struct Params {
    pub value: String,
    list: Vec<(String, Vec<u8>)>,
}

/// One parameter under RFC 2231 names.
struct Piece<'a> {
    number: usize,
    extended: bool,
    value: &'a [u8],
}

impl Params {
    /// Reads `value; name=content; ...`.
    pub(crate) fn parse(raw: &[u8]) -> Params {
        let raw = words::unfold(raw);
        let end = raw.iter().position(|b| *b == b';').unwrap_or(raw.len());
        let value = String::from_utf8_lossy(raw.get(..end).unwrap_or_default())
            .trim()
            .to_ascii_lowercase();
        let mut params = Params {
            value,
            list: Vec::new(),
        };
        let mut rest = raw.get(end..).unwrap_or_default();
        while let Some(at) = rest.iter().position(|b| !matches!(b, b';' | b' ' | b'\t')) {
            rest = rest.get(at..).unwrap_or_default();
            let Some(equals) = rest.iter().position(|b| matches!(b, b'=' | b';')) else {
                break;
            };
            let name = String::from_utf8_lossy(rest.get(..equals).unwrap_or_default())
                .trim()
                .to_ascii_lowercase();
            if rest.get(equals) == Some(&b';') {
                rest = rest.get(equals..).unwrap_or_default();
                continue;
            }
            let (content, used) = content(rest.get(equals + 1..).unwrap_or_default());
            params.list.push((name, content));
            rest = rest.get(equals + 1 + used..).unwrap_or_default();
            if params.list.len() > 200 {
                break;
            }
        }
        params
    }

    /// The plain parameter, bytes as they stand.
    pub(crate) fn raw(&self, name: &str) -> Option<Vec<u8>> {
        self.list
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.clone())
    }

    /// The plain parameter as ASCII text.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.raw(name)
            .map(|value| String::from_utf8_lossy(&value).trim().to_owned())
            .filter(|text| !text.is_empty())
    }

    /// The parameter in whichever of the styles it comes: RFC 2231 first, then plain, RFC 2047, percent escapes or raw
    /// bytes.
    pub(crate) fn decoded(&self, name: &str, cx: &Context) -> Option<String> {
        let extended = self.extended(name, cx);
        if let Some(text) = &extended
            && !text.contains('\u{fffd}')
        {
            return extended;
        }
        let plain = self
            .raw(name)
            .map(|value| decode_plain(&value, cx))
            .filter(|text| !text.is_empty());
        plain.or(extended)
    }

    /// `name*=`, `name*0*=`, `name*0=` (RFC 2231 §3 and §4).
    fn extended(&self, name: &str, cx: &Context) -> Option<String> {
        let mut pieces: Vec<Piece<'_>> = Vec::new();
        for (known, value) in &self.list {
            let Some(tail) = known
                .strip_prefix(name)
                .and_then(|tail| tail.strip_prefix('*'))
            else {
                continue;
            };
            let (digits, extended) = match tail.strip_suffix('*') {
                Some(digits) => (digits, true),
                None => (tail, tail.is_empty()),
            };
            let number = if digits.is_empty() {
                0
            } else {
                digits.parse().ok()?
            };
            pieces.push(Piece {
                number,
                extended,
                value,
            });
        }
        pieces.sort_by_key(|piece| piece.number);
        let first = pieces.first()?;
        let (charset, first_value) = if first.extended {
            split_charset(first.value)
        } else {
            (None, first.value)
        };
        let mut bytes = Vec::new();
        for (at, piece) in pieces.iter().enumerate() {
            let value = if at == 0 { first_value } else { piece.value };
            if piece.extended {
                bytes.extend(percent_decode(value))
            } else {
                bytes.extend_from_slice(value)
            }
        }
        let any_extended = pieces.iter().any(|piece| piece.extended);
        let text = if !any_extended || words::has_word(&bytes) {
            // an encoded word cut into pieces
            decode_plain(&bytes, cx)
        } else {
            read_name(&bytes, charset.as_deref(), cx)
        };
        (!text.is_empty()).then_some(text)
    }
}

/// The content of a parameter and the bytes it took, up to its `;`.
fn content(raw: &[u8]) -> (Vec<u8>, usize) {
    let blank = raw.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
    let body = raw.get(blank..).unwrap_or_default();
    if let Some(quoted) = body.strip_prefix(b"\"")
        && let Some((value, used)) = quoted_string(quoted)
    {
        let tail = quoted.get(used..).unwrap_or_default();
        let skip = tail.iter().position(|b| *b == b';').unwrap_or(tail.len());
        // two quoted strings in a row: folded encoded words
        let more = tail.get(..skip).unwrap_or_default().trim_ascii();
        let mut value = value;
        if more.starts_with(b"=?") || more.starts_with(b"\"=?") {
            value.push(b' ');
            value.extend(more.iter().filter(|b| **b != b'"'));
        }
        return (value, blank + 1 + used + skip);
    }
    let end = unquoted_end(body);
    let value = body.get(..end).unwrap_or_default().trim_ascii();
    (
        value.strip_prefix(b"\"").unwrap_or(value).to_vec(),
        blank + end,
    )
}

/// `;` ends a bare value, but not inside an encoded word nor behind a character reference.
fn unquoted_end(body: &[u8]) -> usize {
    let mut at = 0;
    while let Some(byte) = body.get(at) {
        if *byte == b';' && !ends_reference(body.get(..at).unwrap_or_default()) {
            return at;
        }
        if body.get(at..).is_some_and(|rest| rest.starts_with(b"=?"))
            && let Some(end) = body
                .get(at + 2..)
                .and_then(|rest| rest.windows(2).position(|pair| pair == b"?="))
        {
            at += 2 + end;
        }
        at += 1;
    }
    body.len()
}

fn ends_reference(before: &[u8]) -> bool {
    let digits = before
        .iter()
        .rev()
        .take_while(|b| b.is_ascii_hexdigit() || **b == b'x')
        .count();
    digits >= 2
        && before
            .len()
            .checked_sub(digits + 2)
            .and_then(|at| before.get(at..at + 2))
            == Some(b"&#".as_slice())
}

/// The inside of a quoted string and its length with the closing quote. A backslash escapes only a quote or a
/// backslash: senders put Windows paths here.
fn quoted_string(raw: &[u8]) -> Option<(Vec<u8>, usize)> {
    let mut value = Vec::new();
    let mut at = 0;
    while let Some(byte) = raw.get(at) {
        match (byte, raw.get(at + 1)) {
            (b'"', _) => return Some((value, at + 1)),
            (b'\\', Some(next @ (b'"' | b'\\'))) => {
                value.push(*next);
                at += 1;
            }
            _ => value.push(*byte),
        }
        at += 1;
    }
    None
}

/// `charset'language'` before the value.
fn split_charset(value: &[u8]) -> (Option<String>, &[u8]) {
    let mut quotes = value
        .iter()
        .enumerate()
        .filter(|(_, b)| **b == b'\'')
        .map(|(at, _)| at);
    let (Some(first), Some(second)) = (quotes.next(), quotes.next()) else {
        return (None, value);
    };
    let charset = value.get(..first).unwrap_or_default();
    if charset.len() > 40 || charset.iter().any(|b| !b.is_ascii_graphic() || *b == b'%') {
        return (None, value);
    }
    let charset = String::from_utf8_lossy(charset).into_owned();
    (
        Some(charset).filter(|c| !c.is_empty()),
        value.get(second + 1..).unwrap_or_default(),
    )
}

fn percent_decode(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value;
    while let [byte, tail @ ..] = rest {
        rest = tail;
        match (byte, hex_pair(tail)) {
            (b'%', Some(value)) => {
                out.push(value);
                rest = tail.get(2..).unwrap_or_default();
            }
            _ => out.push(*byte),
        }
    }
    out
}

/// A value outside RFC 2231: encoded words, percent escapes of UTF-8, or raw bytes.
fn decode_plain(value: &[u8], cx: &Context) -> String {
    if words::has_word(value) {
        return words::decode(value, cx).text.into_owned();
    }
    if value.is_ascii() && value.contains(&b'%') {
        let decoded = percent_decode(value);
        let spaced = value.windows(3).any(|w| w == b"%20") && !value.contains(&b' ');
        if let Ok(text) = std::str::from_utf8(&decoded)
            && (!text.is_ascii() || spaced)
            && !text.contains(char::is_control)
        {
            return viet::repair(text, cx).text.into_owned();
        }
    }
    read_name(value, None, cx)
}

/// Reads a name; its extension says nothing about the coding and is kept out of the weighing.
fn read_name(value: &[u8], charset: Option<&str>, cx: &Context) -> String {
    let dot = value.iter().rposition(|b| *b == b'.').filter(|dot| {
        let tail = value.get(dot + 1..).unwrap_or_default();
        (1..=5).contains(&tail.len()) && tail.iter().all(u8::is_ascii_alphanumeric)
    });
    let escapes = value.contains(&0x1b);
    let (stem, extension) = match dot {
        Some(dot) if !escapes => value.split_at_checked(dot).unwrap_or((value, b"")),
        _ => (value, b"".as_slice()),
    };
    let mut text = viet::read_bytes(stem, charset, cx).text.into_owned();
    text.push_str(&String::from_utf8_lossy(extension));
    text
}

/// Content-Type with its default (RFC 2045 §5.2).
pub(crate) fn content_type(raw: Option<&[u8]>, default: &str) -> Params {
    let mut params = raw.map(Params::parse).unwrap_or_default();
    if !params.value.contains('/') {
        params.value = if params.value == "text" {
            "text/plain".to_owned()
        } else {
            default.to_owned()
        };
    }
    params
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn name(raw: &str) -> String {
        Params::parse(raw.as_bytes())
            .decoded("filename", &Context::default())
            .unwrap()
    }

    #[test]
    fn file_names_in_every_style() {
        for (raw, want) in [
            ("attachment; filename*=UTF-8''Gi%E1%BA%A5y.pdf", "Giấy.pdf"),
            (
                "attachment; filename*=\"UTF-8''Gi%E1%BA%A5y.pdf\"",
                "Giấy.pdf",
            ),
            (
                "attachment; filename*0*=utf-8''Gi%E1%BA; filename*1*=%A5y; filename*2=\".pdf\"",
                "Giấy.pdf",
            ),
            (
                "attachment; filename==?UTF-8?B?R2nhuqV5LnBkZg==?=",
                "Giấy.pdf",
            ),
            (
                "attachment; filename=\"=?utf-8?Q?Gi=E1=BA=A5y?=\r\n\t=?utf-8?Q?=2Epdf?=\"",
                "Giấy.pdf",
            ),
            ("attachment; filename=\"Gi%E1%BA%A5y.pdf\"", "Giấy.pdf"),
            ("attachment; filename=Giấy mời.pdf; size=5", "Giấy mời.pdf"),
            (
                "attachment; filename=\"C:\\\\Temp\\\\a.pdf\"",
                "C:\\Temp\\a.pdf",
            ),
            (
                "attachment; filename=\"C:\\Temp\\a.pdf\"",
                "C:\\Temp\\a.pdf",
            ),
            ("attachment; filename=G&#7845;y.pdf; x=1", "Gấy.pdf"),
            (
                "attachment; filename=\"x.pdf\"; filename*=UTF-8''%C4%90.pdf",
                "Đ.pdf",
            ),
            ("attachment; filename=\"100%.pdf\"", "100%.pdf"),
        ] {
            assert_eq!(name(raw), want, "{raw}");
        }
    }
}
