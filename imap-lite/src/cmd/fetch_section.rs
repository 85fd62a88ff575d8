//! BODY[section]<partial>, the RFC822 items and BINARY: bytes of the letter, uncopied where they are large.
//! (RFC 9051 §6.4.5.1, RFC 3516)

use super::fetch_bodies::Material;
use crate::error::Error;
use crate::proto::write::{number, string};
use crate::proto::{Binary, Fields, Piece, Section, decode};
use crate::reply::Reply;
use crate::wire::Wire;
use bytes::Bytes;
use mailroom::letter_imap::{field_value, fields, header_of, piece};
use std::ops::Range;

pub async fn section(wire: &mut Wire, section: &Section, material: &Material) -> Result<(), Error> {
    write_name(&mut wire.out, section);
    let Some(range) = range_of(section, material) else {
        wire.out.extend_from_slice(b" NIL");
        return Ok(());
    };
    let bytes = material.body.slice(range);
    let bytes = match &section.fields {
        Some(fields) => Bytes::from(picked(&bytes, fields)),
        None => bytes,
    };
    wire.out.push(b' ');
    literal(wire, &cut(bytes, section.partial), b"").await
}

/// Where the section is; the plain ones need no look at the parts.
fn range_of(section: &Section, material: &Material) -> Option<Range<usize>> {
    let whole = material.body.len();
    if !section.path.is_empty() {
        return piece(material.parts(), &section.path, section.piece);
    }
    match section.piece {
        Piece::Whole => Some(0..whole),
        Piece::Header => Some(0..header_of(&material.body).len()),
        Piece::Text => Some(header_of(&material.body).len()..whole),
        Piece::Mime => None,
    }
}

/// HEADER.FIELDS: the fields in their order and the empty line (RFC 9051 §6.4.5.1).
fn picked(header: &[u8], wanted: &Fields) -> Vec<u8> {
    let mut out = Vec::new();
    for field in fields(header) {
        let named = wanted
            .names
            .iter()
            .any(|name| field.name.eq_ignore_ascii_case(name.as_bytes()));
        if named != wanted.not {
            out.extend_from_slice(header.get(field.whole).unwrap_or_default());
        }
    }
    out.extend_from_slice(b"\r\n");
    out
}

fn cut(bytes: Bytes, partial: Option<(u32, u32)>) -> Bytes {
    let Some((first, count)) = partial else {
        return bytes;
    };
    let size = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let first = size(first).min(bytes.len());
    let last = first.saturating_add(size(count)).min(bytes.len());
    bytes.slice(first..last)
}

async fn literal(wire: &mut Wire, bytes: &Bytes, before: &[u8]) -> Result<(), Error> {
    wire.out.extend_from_slice(before);
    wire.out.push(b'{');
    number(
        &mut wire.out,
        u64::try_from(bytes.len()).unwrap_or(u64::MAX),
    );
    wire.out.extend_from_slice(b"}\r\n");
    wire.send(bytes).await?;
    Ok(())
}

fn write_path(out: &mut Vec<u8>, path: &[u32]) {
    for (at, part) in path.iter().enumerate() {
        if at > 0 {
            out.push(b'.');
        }
        number(out, u64::from(*part));
    }
}

fn write_name(out: &mut Vec<u8>, section: &Section) {
    if let Some(alias) = section.alias {
        out.extend_from_slice(alias.as_bytes());
        return;
    }
    out.extend_from_slice(b"BODY[");
    write_path(out, &section.path);
    let word: &[u8] = match (section.piece, &section.fields) {
        (Piece::Whole, _) => b"",
        (Piece::Text, _) => b"TEXT",
        (Piece::Mime, _) => b"MIME",
        (Piece::Header, None) => b"HEADER",
        (Piece::Header, Some(fields)) if fields.not => b"HEADER.FIELDS.NOT (",
        (Piece::Header, Some(_)) => b"HEADER.FIELDS (",
    };
    if !section.path.is_empty() && !word.is_empty() {
        out.push(b'.');
    }
    out.extend_from_slice(word);
    if let Some(fields) = &section.fields {
        for (at, name) in fields.names.iter().enumerate() {
            if at > 0 {
                out.push(b' ');
            }
            match name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                && !name.is_empty()
            {
                true => out.extend_from_slice(name.as_bytes()),
                false => string(out, name.as_bytes()),
            }
        }
        out.push(b')');
    }
    out.push(b']');
    write_origin(out, section.partial);
}

fn write_origin(out: &mut Vec<u8>, partial: Option<(u32, u32)>) {
    if let Some((first, _)) = partial {
        out.push(b'<');
        number(out, u64::from(first));
        out.push(b'>');
    }
}

/// A part without its transfer encoding. Some: its encoding is unknown (RFC 3516 §4.3).
pub async fn binary(
    wire: &mut Wire,
    binary: &Binary,
    material: &Material,
) -> Result<Option<Reply>, Error> {
    wire.out.extend_from_slice(b"BINARY[");
    write_path(&mut wire.out, &binary.path);
    wire.out.push(b']');
    write_origin(&mut wire.out, binary.partial);
    wire.out.push(b' ');
    match decoded(&binary.path, material) {
        Decoded::Bytes(bytes) => {
            let bytes = cut(bytes, binary.partial);
            let before: &[u8] = if bytes.contains(&0) { b"~" } else { b"" };
            literal(wire, &bytes, before).await?;
            Ok(None)
        }
        Decoded::NoPart => {
            wire.out.extend_from_slice(b"NIL");
            Ok(None)
        }
        Decoded::Unknown => {
            wire.out.extend_from_slice(b"NIL");
            Ok(Some(unknown_encoding()))
        }
    }
}

pub fn binary_size(wire: &mut Wire, path: &[u32], material: &Material) -> Option<Reply> {
    wire.out.extend_from_slice(b"BINARY.SIZE[");
    write_path(&mut wire.out, path);
    wire.out.extend_from_slice(b"] ");
    let (size, reply) = match decoded(path, material) {
        Decoded::Bytes(bytes) => (bytes.len(), None),
        Decoded::NoPart => (0, None),
        Decoded::Unknown => (0, Some(unknown_encoding())),
    };
    number(&mut wire.out, u64::try_from(size).unwrap_or(u64::MAX));
    reply
}

fn unknown_encoding() -> Reply {
    Reply::no("UNKNOWN-CTE", "Unknown transfer encoding")
}

enum Decoded {
    Bytes(Bytes),
    NoPart,
    Unknown,
}

fn decoded(path: &[u32], material: &Material) -> Decoded {
    let root = material.parts();
    let Some(body) = piece(root, path, Piece::Whole) else {
        return Decoded::NoPart;
    };
    if path.is_empty() {
        return Decoded::Bytes(material.body.clone());
    }
    let header = piece(root, path, Piece::Mime).unwrap_or(0..0);
    let encoding =
        field_value(&material.body.slice(header), "content-transfer-encoding").unwrap_or_default();
    let bytes = material.body.slice(body);
    match decode::decode(&bytes, &encoding) {
        Some(decoded) => Decoded::Bytes(Bytes::from(decoded)),
        None => Decoded::Unknown,
    }
}
