//! Structured fields of MIME: "word; name=value; ..." with comments, quotes and RFC 2231 continuations joined as clients
//! expect them in BODYSTRUCTURE. Never decodes a charset. (RFC 2045 §5.1, RFC 2231 §3)

use super::limits;

/// A field value in front of its parameters, and the parameters in order.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Words {
    pub head: Vec<u8>,
    pub parameters: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Words {
    /// Reads an unfolded value.
    pub fn read(value: &[u8]) -> Words {
        let mut pieces = split(value, b';').into_iter();
        let head = pieces.next().unwrap_or_default();
        let parameters = pieces
            .take(limits::PARAMETERS_MAX)
            .filter_map(|piece| {
                let equals = piece.iter().position(|&byte| byte == b'=')?;
                let (name, value) = piece.split_at_checked(equals)?;
                let name = name.trim_ascii();
                let value = value.strip_prefix(b"=").unwrap_or(value);
                (!name.is_empty()).then(|| (name.to_vec(), value.to_vec()))
            })
            .collect();
        Words {
            head,
            parameters: joined(parameters),
        }
    }

    pub fn parameter(&self, name: &str) -> Option<&[u8]> {
        self.parameters
            .iter()
            .find(|(have, _)| have.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| value.as_slice())
    }
}

/// Splits at a separator outside quotes and comments; comments, quotes and the space around words are taken away.
fn split(value: &[u8], separator: u8) -> Vec<Vec<u8>> {
    let mut pieces = Vec::new();
    let mut piece: Vec<u8> = Vec::new();
    let mut gap = false;
    let (mut quoted, mut escaped, mut comments) = (false, false, 0_usize);
    for &byte in value {
        if escaped {
            escaped = false;
            if comments == 0 {
                piece.push(byte);
            }
        } else if byte == b'\\' && (quoted || comments > 0) {
            escaped = true;
        } else if comments > 0 {
            match byte {
                b'(' => comments += 1,
                b')' => comments -= 1,
                _ => {}
            }
        } else if byte == b'"' {
            quoted = !quoted;
        } else if quoted {
            piece.push(byte);
        } else if byte == b'(' && (gap || piece.is_empty()) {
            comments = 1;
        } else if byte == separator {
            pieces.push(std::mem::take(&mut piece));
            gap = false;
        } else if byte.is_ascii_whitespace() {
            gap = true;
        } else {
            if std::mem::take(&mut gap)
                && byte != b'='
                && !matches!(piece.last(), None | Some(b'='))
            {
                piece.push(b' ');
            }
            piece.push(byte);
        }
    }
    pieces.push(piece);
    pieces
}

/// Joins "name*0", "name*1*" … into "name" or "name*" (RFC 2231 §3, §4.1). Others stay as they are.
fn joined(parameters: Vec<(Vec<u8>, Vec<u8>)>) -> Vec<(Vec<u8>, Vec<u8>)> {
    if !parameters.iter().any(|(name, _)| segment(name).is_some()) {
        return parameters;
    }
    let mut out: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    let mut series: Vec<(Vec<u8>, Vec<Segment>)> = Vec::new();
    for (name, value) in parameters {
        let Some((base, index, extended)) = segment(&name) else {
            out.push((name, value));
            continue;
        };
        let found = series
            .iter_mut()
            .find(|(have, _)| have.eq_ignore_ascii_case(base));
        let segment = Segment {
            index,
            extended,
            value,
        };
        match found {
            Some((_, segments)) => segments.push(segment),
            None => series.push((base.to_vec(), vec![segment])),
        }
    }
    for (mut name, mut segments) in series {
        segments.sort_by_key(|segment| segment.index);
        let extended = segments.iter().any(|segment| segment.extended);
        let mut whole = Vec::new();
        if extended && !segments.first().is_some_and(|first| first.extended) {
            whole.extend_from_slice(b"''");
        }
        for segment in segments {
            if extended && !segment.extended {
                percent(&mut whole, &segment.value);
            } else {
                whole.extend_from_slice(&segment.value);
            }
        }
        if extended {
            name.push(b'*');
        }
        out.push((name, whole));
    }
    out
}

struct Segment {
    index: u32,
    extended: bool,
    value: Vec<u8>,
}

/// "filename*12*" is ("filename", 12, true).
fn segment(name: &[u8]) -> Option<(&[u8], u32, bool)> {
    let star = name.iter().position(|&byte| byte == b'*')?;
    let (base, rest) = name.split_at_checked(star)?;
    let rest = rest.strip_prefix(b"*")?;
    let (digits, extended) = match rest.strip_suffix(b"*") {
        Some(digits) => (digits, true),
        None => (rest, false),
    };
    let index = std::str::from_utf8(digits).ok()?.parse().ok()?;
    (!base.is_empty()).then_some((base, index, extended))
}

fn percent(out: &mut Vec<u8>, value: &[u8]) {
    for &byte in value {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            out.push(byte);
        } else {
            out.extend_from_slice(format!("%{byte:02X}").as_bytes());
        }
    }
}
