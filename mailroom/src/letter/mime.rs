//! The tree of MIME parts: header fields and body ranges as they stand in the raw bytes (RFC 2045, 2046), and the
//! transfer encodings. Decodes no text and trusts no part: bounded, tolerant, never panics.

use std::ops::Range;

use super::limits;
use super::params::{Params, content_type};

/// One header field, raw and still folded.
pub(crate) struct Field<'a> {
    pub name: &'a [u8],
    pub value: &'a [u8],
}

/// One part of the tree.
pub(crate) struct Part<'a> {
    /// IMAP section number, "1" for the body of a letter without parts.
    pub section: String,
    pub fields: Vec<Field<'a>>,
    /// Body bytes in the raw letter.
    pub body: Range<usize>,
    pub content_type: Params,
    pub children: Vec<Part<'a>>,
}

impl<'a> Part<'a> {
    /// The first field of that name.
    pub(crate) fn field(&self, name: &str) -> Option<&'a [u8]> {
        self.fields
            .iter()
            .find(|f| f.name.eq_ignore_ascii_case(name.as_bytes()))
            .map(|f| f.value)
    }

    /// Every field of that name.
    pub(crate) fn fields_named(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        let name = name.as_bytes().to_vec();
        self.fields
            .iter()
            .filter(move |f| f.name.eq_ignore_ascii_case(&name))
            .map(|f| f.value)
    }

    pub(crate) fn is_multipart(&self) -> bool {
        self.content_type.value.starts_with("multipart/")
    }

    /// The part with that section number.
    pub(crate) fn find(&self, section: &str) -> Option<&Part<'a>> {
        if self.section == section && self.children.is_empty() {
            return Some(self);
        }
        self.children.iter().find_map(|child| child.find(section))
    }
}

/// Reads the tree of a letter.
pub(crate) fn parse(raw: &[u8]) -> Part<'_> {
    let mut count = 0;
    part(
        raw,
        0..raw.len(),
        String::new(),
        0,
        &mut count,
        "text/plain",
    )
}

fn part<'a>(
    raw: &'a [u8],
    range: Range<usize>,
    path: String,
    depth: usize,
    count: &mut usize,
    default: &str,
) -> Part<'a> {
    *count += 1;
    let bytes = raw.get(range.clone()).unwrap_or_default();
    let (fields, body_at) = header(bytes);
    let body = range.start + body_at..range.end;
    let mut this = Part {
        section: path.clone(),
        fields,
        body: body.clone(),
        content_type: Params::default(),
        children: vec![],
    };
    this.content_type = content_type(this.field("content-type"), default);
    if this.is_multipart() && depth < limits::DEPTH_MAX {
        let default = if this.content_type.value == "multipart/digest" {
            "message/rfc822"
        } else {
            "text/plain"
        };
        let boundary = this.content_type.raw("boundary").unwrap_or_default();
        let body_bytes = raw.get(body.clone()).unwrap_or_default();
        for (at, piece) in split(body_bytes, &boundary).into_iter().enumerate() {
            if *count >= limits::PARTS_MAX {
                break;
            }
            let child = body.start + piece.start..body.start + piece.end;
            let section = if path.is_empty() {
                (at + 1).to_string()
            } else {
                format!("{path}.{}", at + 1)
            };
            this.children
                .push(part(raw, child, section, depth + 1, count, default));
        }
    }
    if this.children.is_empty() && this.section.is_empty() {
        this.section = "1".to_owned();
    }
    this
}

/// The header fields at the start of `bytes`, and where the body begins. A line that is no field ends the header when
/// it is followed by nothing header-like; `From ` lines of mbox files are skipped.
fn header(bytes: &[u8]) -> (Vec<Field<'_>>, usize) {
    let mut fields: Vec<Field<'_>> = Vec::new();
    let mut at = 0;
    if bytes.starts_with(b"\xef\xbb\xbf") {
        at = 3;
    }
    let mut open: Option<(Range<usize>, usize)> = None;
    while at < bytes.len() {
        let line_end = line_end(bytes, at);
        let line = bytes.get(at..line_end).unwrap_or_default();
        let text = line.trim_ascii_end();
        if text.is_empty() && !matches!(line.first(), Some(b' ' | b'\t')) {
            close(bytes, &mut open, at, &mut fields);
            return (fields, line_end);
        }
        if matches!(line.first(), Some(b' ' | b'\t')) {
            at = line_end;
            continue;
        }
        if let Some(colon) = field_name(line) {
            close(bytes, &mut open, at, &mut fields);
            open = Some((at..at + colon, at + colon + 1));
        } else if !(line.starts_with(b"From ") || line.starts_with(b">From ")) {
            if fields.is_empty() && open.is_none() {
                // no header at all
                return (fields, at);
            }
            // folding lost its white space (bare continuation): keep it with the field before
            if !looks_like_header_goes_on(bytes, line_end) {
                close(bytes, &mut open, at, &mut fields);
                return (fields, at);
            }
        }
        at = line_end;
    }
    close(bytes, &mut open, at, &mut fields);
    (fields, at)
}

fn close<'a>(
    bytes: &'a [u8],
    open: &mut Option<(Range<usize>, usize)>,
    end: usize,
    fields: &mut Vec<Field<'a>>,
) {
    let Some((name, value_at)) = open.take() else {
        return;
    };
    if fields.len() >= limits::HEADERS_MAX {
        return;
    }
    let value = bytes.get(value_at..end).unwrap_or_default();
    let value = value.get(..limits::HEADER_BYTES_MAX).unwrap_or(value);
    fields.push(Field {
        name: bytes.get(name).unwrap_or_default().trim_ascii_end(),
        value: value.trim_ascii(),
    });
}

/// The place of the colon when the line starts a field (RFC 5322 §2.2; spaces before the colon are forgiven, §4.5).
fn field_name(line: &[u8]) -> Option<usize> {
    let colon = line.iter().position(|b| *b == b':')?;
    let name = line.get(..colon)?.trim_ascii_end();
    (!name.is_empty() && name.len() < 80 && name.iter().all(|b| (33..=126).contains(b)))
        .then_some(colon)
}

fn looks_like_header_goes_on(bytes: &[u8], from: usize) -> bool {
    let next = bytes.get(from..line_end(bytes, from)).unwrap_or_default();
    !next.trim_ascii().is_empty() && field_name(next).is_some()
}

fn line_end(bytes: &[u8], from: usize) -> usize {
    bytes
        .get(from..)
        .and_then(|rest| rest.iter().position(|b| *b == b'\n'))
        .map_or(bytes.len(), |at| from + at + 1)
}

/// The bodies between boundary lines (RFC 2046 §5.1.1). The line break before a boundary belongs to the boundary; a
/// missing end boundary is forgiven.
fn split(body: &[u8], boundary: &[u8]) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    if boundary.is_empty() {
        return pieces;
    }
    let mut start: Option<usize> = None;
    let mut at = 0;
    while at < body.len() {
        let end = line_end(body, at);
        let line = body.get(at..end).unwrap_or_default();
        if let Some(rest) = line
            .strip_prefix(b"--")
            .and_then(|l| l.strip_prefix(boundary))
        {
            let rest = rest.trim_ascii_end();
            if rest.is_empty() || rest == b"--" {
                if let Some(from) = start.take() {
                    pieces.push(from..without_line_break(body, from, at));
                }
                if rest == b"--" {
                    return pieces;
                }
                start = Some(end);
                if pieces.len() >= limits::PARTS_MAX {
                    return pieces;
                }
            }
        }
        at = end;
    }
    if let Some(from) = start {
        pieces.push(from..body.len());
    }
    pieces
}

fn without_line_break(body: &[u8], from: usize, end: usize) -> usize {
    let mut end = end;
    for byte in [b'\n', b'\r'] {
        if end > from && body.get(end - 1) == Some(&byte) {
            end -= 1;
        }
    }
    end
}

/// Undoes a Content-Transfer-Encoding. Unknown names mean the bytes as they are.
pub(crate) fn decode_transfer(raw: &[u8], encoding: &str) -> Vec<u8> {
    match encoding {
        "base64" => base64(raw),
        "quoted-printable" => quoted_printable(raw),
        "x-uuencode" | "uuencode" | "x-uue" => uuencode(raw).unwrap_or_else(|| raw.to_vec()),
        _ => raw.to_vec(),
    }
}

/// Base64 as mailers really write it: line breaks anywhere, padding missing or in the middle (RFC 2045 §6.8).
pub(crate) fn base64(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len() / 4 * 3 + 3);
    let (mut bits, mut count) = (0u32, 0u32);
    for byte in raw {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => {
                // the group ends here; another may follow
                (bits, count) = (0, 0);
                continue;
            }
            _ => continue,
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push(((bits >> count) & 0xff) as u8);
            bits &= (1 << count) - 1;
        }
    }
    out
}

/// Quoted-printable (RFC 2045 §6.7); a broken escape stays as it is written.
pub(crate) fn quoted_printable(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let [byte, tail @ ..] = rest {
        rest = tail;
        if *byte != b'=' {
            if matches!(byte, b'\r' | b'\n') {
                // white space before a line end is not part of the text
                while matches!(out.last(), Some(b' ' | b'\t'))
                    && *byte == b'\r'
                    && tail.first() == Some(&b'\n')
                {
                    out.pop();
                }
            }
            out.push(*byte);
            continue;
        }
        let blank = tail
            .iter()
            .take_while(|b| matches!(b, b' ' | b'\t'))
            .count();
        match tail.get(blank..) {
            Some([b'\r', b'\n', after @ ..] | [b'\n', after @ ..]) => rest = after,
            Some([]) => rest = &[],
            _ => match hex_pair(tail) {
                Some(value) => {
                    out.push(value);
                    rest = tail.get(2..).unwrap_or_default();
                }
                None => out.push(b'='),
            },
        }
    }
    out
}

/// Two hexadecimal digits at the start.
pub(crate) fn hex_pair(bytes: &[u8]) -> Option<u8> {
    let digit = |b: &u8| {
        char::from(*b)
            .to_digit(16)
            .and_then(|d| u8::try_from(d).ok())
    };
    Some(digit(bytes.first()?)? << 4 | digit(bytes.get(1)?)?)
}

fn uuencode(raw: &[u8]) -> Option<Vec<u8>> {
    let mut lines = raw.split(|b| *b == b'\n').map(<[u8]>::trim_ascii_end);
    lines.by_ref().find(|line| line.starts_with(b"begin "))?;
    let mut out = Vec::new();
    for line in lines {
        let (count, data) = line.split_first()?;
        let count = usize::from(count.wrapping_sub(32) & 63);
        if line == b"end" || count == 0 {
            break;
        }
        let mut decoded = Vec::with_capacity(count + 3);
        for group in data.chunks(4) {
            let at =
                |i: usize| u32::from(group.get(i).copied().unwrap_or(b' ').wrapping_sub(32) & 63);
            let bits = at(0) << 18 | at(1) << 12 | at(2) << 6 | at(3);
            decoded.extend([(bits >> 16) as u8, (bits >> 8) as u8, bits as u8]);
        }
        decoded.truncate(count);
        out.append(&mut decoded);
    }
    Some(out)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn transfer_encodings_are_forgiving() {
        for (from, to) in [
            ("Qg==", "B"),
            ("QsO", "B\u{fffd}"),
            ("SGVs\r\nbG8=", "Hello"),
            ("SGVsbG8", "Hello"),
            ("Qg==Qg==", "BB"),
        ] {
            assert_eq!(
                String::from_utf8_lossy(&base64(from.as_bytes())),
                to,
                "{from}"
            );
        }
        for (from, to) in [
            ("T=C3=B4i =\r\nl", "Tôi l"),
            ("50=% =Z", "50=% =Z"),
            ("a=", "a"),
            ("x \r\ny", "x\r\ny"),
        ] {
            assert_eq!(
                String::from_utf8_lossy(&quoted_printable(from.as_bytes())),
                to,
                "{from}"
            );
        }
    }

    #[test]
    fn the_tree_numbers_parts_as_imap_does() {
        let raw = b"Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\npre\r\n--b\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n--c\r\n\r\none\r\n--c\r\nContent-Type: text/html\r\n\r\ntwo\r\n--c--\r\n--b\r\nContent-Type: image/png\r\n\r\nthree";
        let tree = parse(raw);
        assert_eq!(tree.children.len(), 2);
        assert_eq!(tree.children[0].children[1].section, "1.2");
        assert_eq!(&raw[tree.find("1.1").unwrap().body.clone()], b"one");
        assert_eq!(&raw[tree.find("2").unwrap().body.clone()], b"three");
        assert_eq!(
            parse(b"Subject: x\r\n\r\nbody").find("1").unwrap().body,
            14..18
        );
    }
}
