//! BODYSTRUCTURE from the parts of a letter, and BODY from BODYSTRUCTURE. (RFC 9051 §7.5.2)

use super::envelope;
use super::field::{cut, field_value};
use super::parts::{Kind, Part};
use super::words::Words;
use super::write::{nstring, string};
use memchr::memchr_iter;

/// Writes a part with its extension fields.
pub fn write(out: &mut Vec<u8>, raw: &[u8], part: &Part) {
    let header = cut(raw, part.header.clone());
    let words = field_value(header, "content-type").map(|value| Words::read(&value));
    out.push(b'(');
    match &part.kind {
        Kind::Multipart(children) => multipart(out, raw, &words.unwrap_or_default(), children),
        Kind::Message(inner) => message(out, raw, part, &words.unwrap_or_default(), inner),
        Kind::Leaf => leaf(out, raw, part, words),
    }
    extension(out, header, matches!(part.kind, Kind::Multipart(_)));
    out.push(b')');
}

fn multipart(out: &mut Vec<u8>, raw: &[u8], words: &Words, children: &[Part]) {
    let (_, subtype) = media(words).unwrap_or((b"multipart", b"mixed"));
    for child in children {
        write(out, raw, child);
    }
    out.push(b' ');
    string(out, subtype);
    out.push(b' ');
    parameters(out, words);
}

fn message(out: &mut Vec<u8>, raw: &[u8], part: &Part, words: &Words, inner: &Part) {
    // Without a type only in a digest, where this is the default (RFC 2046 §5.1.5).
    let (kind, subtype) = media(words).unwrap_or((b"message", b"rfc822"));
    basic(out, raw, part, kind, subtype, words);
    out.push(b' ');
    envelope::write(out, cut(raw, inner.header.clone()));
    out.push(b' ');
    write(out, raw, inner);
    lines(out, raw, part);
}

fn leaf(out: &mut Vec<u8>, raw: &[u8], part: &Part, words: Option<Words>) {
    let plain = || Words {
        head: b"text/plain".to_vec(),
        parameters: vec![(b"charset".to_vec(), b"us-ascii".to_vec())],
    };
    // No Content-Type, or none that can be read, is text/plain (RFC 2045 §5.2).
    let words = words
        .filter(|words| media(words).is_some())
        .unwrap_or_else(plain);
    let (kind, subtype) = media(&words).unwrap_or((b"text", b"plain"));
    let unopened = (kind.eq_ignore_ascii_case(b"message")
        && (subtype.eq_ignore_ascii_case(b"rfc822") || subtype.eq_ignore_ascii_case(b"global")))
        || kind.eq_ignore_ascii_case(b"multipart");
    if unopened {
        // The grammar asks for what is inside; what we do not open is an attachment.
        return basic(out, raw, part, b"application", b"octet-stream", &words);
    }
    basic(out, raw, part, kind, subtype, &words);
    if kind.eq_ignore_ascii_case(b"text") {
        lines(out, raw, part);
    }
}

/// "type" and "subtype" where both are tokens.
fn media(words: &Words) -> Option<(&[u8], &[u8])> {
    let slash = words.head.iter().position(|&byte| byte == b'/')?;
    let (kind, subtype) = words.head.split_at_checked(slash)?;
    let (kind, subtype) = (kind.trim_ascii(), subtype.strip_prefix(b"/")?.trim_ascii());
    let token = |word: &[u8]| {
        !word.is_empty()
            && word
                .iter()
                .all(|&byte| byte.is_ascii_graphic() && byte != b'/')
    };
    (token(kind) && token(subtype)).then_some((kind, subtype))
}

fn basic(out: &mut Vec<u8>, raw: &[u8], part: &Part, kind: &[u8], subtype: &[u8], words: &Words) {
    let header = cut(raw, part.header.clone());
    string(out, kind);
    out.push(b' ');
    string(out, subtype);
    out.push(b' ');
    parameters(out, words);
    out.push(b' ');
    nstring(out, field_value(header, "content-id").as_deref());
    out.push(b' ');
    nstring(out, field_value(header, "content-description").as_deref());
    out.push(b' ');
    let encoding = field_value(header, "content-transfer-encoding")
        .map(|value| Words::read(&value).head)
        .filter(|word| !word.is_empty() && word.iter().all(u8::is_ascii_graphic));
    string(out, encoding.as_deref().unwrap_or(b"7bit"));
    out.extend_from_slice(format!(" {}", part.body.len()).as_bytes());
}

fn lines(out: &mut Vec<u8>, raw: &[u8], part: &Part) {
    let lines = memchr_iter(b'\n', cut(raw, part.body.clone())).count();
    out.extend_from_slice(format!(" {lines}").as_bytes());
}

fn parameters(out: &mut Vec<u8>, words: &Words) {
    if words.parameters.is_empty() {
        out.extend_from_slice(b"NIL");
        return;
    }
    let mut before = b'(';
    for (name, value) in &words.parameters {
        out.push(before);
        string(out, name);
        out.push(b' ');
        string(out, value);
        before = b' ';
    }
    out.push(b')');
}

/// MD5 (single parts only), disposition, language, location.
fn extension(out: &mut Vec<u8>, header: &[u8], multipart: bool) {
    if !multipart {
        out.push(b' ');
        nstring(out, field_value(header, "content-md5").as_deref());
    }
    out.push(b' ');
    match field_value(header, "content-disposition").map(|value| Words::read(&value)) {
        Some(words) if !words.head.is_empty() => {
            out.push(b'(');
            string(out, &words.head);
            out.push(b' ');
            parameters(out, &words);
            out.push(b')');
        }
        _ => out.extend_from_slice(b"NIL"),
    }
    out.push(b' ');
    language(
        out,
        field_value(header, "content-language").unwrap_or_default(),
    );
    out.push(b' ');
    nstring(out, field_value(header, "content-location").as_deref());
}

fn language(out: &mut Vec<u8>, value: Vec<u8>) {
    let tags: Vec<&[u8]> = value
        .split(|&byte| byte == b',')
        .map(<[u8]>::trim_ascii)
        .filter(|tag| !tag.is_empty())
        .take(super::limits::PARAMETERS_MAX)
        .collect();
    match tags.as_slice() {
        [] => out.extend_from_slice(b"NIL"),
        tags => {
            let mut before = b'(';
            for tag in tags {
                out.push(before);
                string(out, tag);
                before = b' ';
            }
            out.push(b')');
        }
    }
}

/// Cuts the extension fields off.
pub fn without_extensions(structure: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(structure.len());
    let mut rest = structure;
    cut_list(&mut out, &mut rest);
    out
}

/// Copies one body list from `rest`, without its extension fields.
fn cut_list(out: &mut Vec<u8>, rest: &mut &[u8]) {
    out.push(b'(');
    *rest = rest.strip_prefix(b"(").unwrap_or(rest);
    let mut fields: Vec<&[u8]> = Vec::new();
    let multipart = rest.first() == Some(&b'(');
    while multipart && rest.first() == Some(&b'(') {
        cut_list(out, rest);
    }
    while !rest.is_empty() && rest.first() != Some(&b')') {
        *rest = rest.strip_prefix(b" ").unwrap_or(rest);
        let (field, after) = rest
            .split_at_checked(token_bytes(rest))
            .unwrap_or((rest, b""));
        fields.push(field);
        *rest = after;
    }
    *rest = rest.strip_prefix(b")").unwrap_or(rest);
    let is = |at: usize, word: &str| {
        fields
            .get(at)
            .is_some_and(|field| field.eq_ignore_ascii_case(format!("\"{word}\"").as_bytes()))
    };
    let keep = if multipart {
        1
    } else if is(0, "text") {
        8
    } else if is(0, "message") && (is(1, "rfc822") || is(1, "global")) {
        10
    } else {
        7
    };
    for (at, field) in fields.iter().take(keep).enumerate() {
        if at > 0 || multipart {
            out.push(b' ');
        }
        match field {
            inner if keep == 10 && at == 8 => cut_list(out, &mut { *inner }),
            field => out.extend_from_slice(field),
        }
    }
    out.push(b')');
}

/// What stands between the brackets of a list.
pub(super) fn without_brackets(list: &[u8]) -> &[u8] {
    list.strip_prefix(b"(")
        .and_then(|list| list.strip_suffix(b")"))
        .unwrap_or_default()
}

/// Bytes of the list, string, literal or atom at the start.
pub(super) fn token_bytes(text: &[u8]) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        at += match byte {
            b'(' => {
                depth += 1;
                1
            }
            b')' => {
                if depth == 0 {
                    return at;
                }
                depth -= 1;
                1
            }
            b'"' => quoted_bytes(text.get(at..).unwrap_or_default()),
            b'{' => literal_bytes(text.get(at..).unwrap_or_default()),
            b' ' if depth == 0 => return at,
            _ => 1,
        };
        if depth == 0 && matches!(byte, b')' | b'"' | b'{') {
            return at;
        }
    }
    at.min(text.len())
}

fn quoted_bytes(text: &[u8]) -> usize {
    let mut escaped = false;
    for (at, &byte) in text.iter().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn literal_bytes(text: &[u8]) -> usize {
    let Some(end) = text.iter().position(|&byte| byte == b'}') else {
        return text.len();
    };
    let digits = text
        .get(1..end)
        .and_then(|digits| std::str::from_utf8(digits).ok());
    let bytes: usize = digits.and_then(|digits| digits.parse().ok()).unwrap_or(0);
    (end + 3).saturating_add(bytes).min(text.len())
}
