//! FETCH: macros, items, sections, partials, modifiers. (RFC 9051 §6.4.5, RFC 7162 §3.1.4, RFC 3516, RFC 8474, RFC 8970)

use super::command::*;
use super::cursor::{Cursor, Fault, Parsed};
use crate::limits;

pub fn fetch(cursor: &mut Cursor, uid: bool) -> Parsed<Fetch> {
    let set = cursor.sequence_set()?;
    cursor.space()?;
    let items = items(cursor)?;
    let mut fetch = Fetch {
        uid,
        set,
        items,
        changed_since: None,
        vanished: false,
    };
    if cursor.skip(b' ') {
        cursor.list(|cursor| {
            match cursor.word()?.as_str() {
                "CHANGEDSINCE" => {
                    cursor.space()?;
                    fetch.changed_since = Some(cursor.number()?);
                }
                "VANISHED" => fetch.vanished = true,
                _ => return Err(Fault("unknown FETCH modifier")),
            }
            Ok(())
        })?;
    }
    // VANISHED only with UID FETCH and CHANGEDSINCE (RFC 7162 §3.2.6).
    if fetch.vanished && (!uid || fetch.changed_since.is_none()) {
        return Err(Fault("VANISHED needs UID FETCH and CHANGEDSINCE"));
    }
    if uid && !fetch.items.contains(&Item::Uid) {
        fetch.items.insert(0, Item::Uid);
    }
    if fetch.changed_since.is_some() && !fetch.items.contains(&Item::ModSeq) {
        fetch.items.push(Item::ModSeq);
    }
    Ok(fetch)
}

fn items(cursor: &mut Cursor) -> Parsed<Vec<Item>> {
    let mut items = Vec::new();
    match cursor.peek() {
        Some(b'(') => cursor.list(|cursor| {
            if items.len() >= limits::FETCH_ITEMS_MAX {
                return Err(Fault("too many items"));
            }
            items.push(item(cursor)?);
            Ok(())
        })?,
        _ => {
            use Item::*;
            if cursor.skip_word("ALL") {
                items.extend([Flags, InternalDate, Size, Envelope]);
            } else if cursor.skip_word("FAST") {
                items.extend([Flags, InternalDate, Size]);
            } else if cursor.skip_word("FULL") {
                items.extend([Flags, InternalDate, Size, Envelope, Body]);
            } else {
                items.push(item(cursor)?);
            }
        }
    }
    Ok(items)
}

fn item(cursor: &mut Cursor) -> Parsed<Item> {
    let word = cursor.word()?;
    let peek = word.ends_with(".PEEK");
    Ok(match word.as_str() {
        "UID" => Item::Uid,
        "FLAGS" => Item::Flags,
        "INTERNALDATE" => Item::InternalDate,
        "RFC822.SIZE" => Item::Size,
        "MODSEQ" => Item::ModSeq,
        "PREVIEW" => {
            preview_modifiers(cursor)?;
            Item::Preview
        }
        "EMAILID" => Item::EmailId,
        "THREADID" => Item::ThreadId,
        "SAVEDATE" => Item::SaveDate,
        "ENVELOPE" => Item::Envelope,
        "BODYSTRUCTURE" => Item::BodyStructure,
        "RFC822" => whole("RFC822", Piece::Whole, false),
        "RFC822.HEADER" => whole("RFC822.HEADER", Piece::Header, true),
        "RFC822.TEXT" => whole("RFC822.TEXT", Piece::Text, false),
        "BODY" if cursor.peek() != Some(b'[') => Item::Body,
        "BODY" | "BODY.PEEK" => Item::Section(section(cursor, peek)?),
        "BINARY" | "BINARY.PEEK" => Item::Binary(Binary {
            path: binary_path(cursor)?,
            partial: partial(cursor)?,
            peek,
        }),
        "BINARY.SIZE" => Item::BinarySize(binary_path(cursor)?),
        _ => return Err(Fault("unknown FETCH item")),
    })
}

/// RFC822 and its like are other names of BODY[...] (RFC 3501 §6.4.5).
fn whole(alias: &'static str, piece: Piece, peek: bool) -> Item {
    Item::Section(Section {
        path: Vec::new(),
        piece,
        fields: None,
        partial: None,
        peek,
        alias: Some(alias),
    })
}

fn path(cursor: &mut Cursor) -> Parsed<Vec<u32>> {
    let mut path = Vec::new();
    while cursor.peek().is_some_and(|byte| byte.is_ascii_digit()) {
        let number = cursor.number32()?;
        if number == 0 || path.len() >= limits::SECTION_DEPTH_MAX {
            return Err(Fault("bad section"));
        }
        path.push(number);
        if cursor.peek() == Some(b']') || !cursor.skip(b'.') {
            return Ok(path);
        }
        if !cursor
            .peek()
            .is_some_and(|byte| byte.is_ascii_alphanumeric())
        {
            return Err(Fault("bad section"));
        }
    }
    Ok(path)
}

/// "(LAZY)", which changes nothing here: every preview was made when the letter came. Another list belongs to FETCH, or is
/// a fault (RFC 8970 §6).
fn preview_modifiers(cursor: &mut Cursor) -> Parsed<()> {
    let mut ahead = cursor.clone();
    if !(ahead.skip(b' ') && ahead.skip(b'(') && ahead.skip_word("LAZY")) {
        return Ok(());
    }
    cursor.space()?;
    cursor.list(|cursor| match cursor.word()?.as_str() {
        "LAZY" => Ok(()),
        _ => Err(Fault("unknown PREVIEW modifier")),
    })
}

fn section(cursor: &mut Cursor, peek: bool) -> Parsed<Section> {
    cursor.want(b'[')?;
    let path = path(cursor)?;
    let mut fields = None;
    let piece = match cursor.peek() {
        Some(b']') => Piece::Whole,
        _ => match cursor.word()?.as_str() {
            "HEADER" => Piece::Header,
            "TEXT" => Piece::Text,
            "MIME" if !path.is_empty() => Piece::Mime,
            word @ ("HEADER.FIELDS" | "HEADER.FIELDS.NOT") => {
                cursor.space()?;
                let mut names = Vec::new();
                cursor.list(|cursor| {
                    if names.len() >= limits::FETCH_ITEMS_MAX {
                        return Err(Fault("too many fields"));
                    }
                    names.push(cursor.text_astring()?);
                    Ok(())
                })?;
                let not = word.ends_with("NOT");
                fields = Some(Fields { not, names });
                Piece::Header
            }
            _ => return Err(Fault("bad section")),
        },
    };
    cursor.want(b']')?;
    let partial = partial(cursor)?;
    Ok(Section {
        path,
        piece,
        fields,
        partial,
        peek,
        alias: None,
    })
}

fn binary_path(cursor: &mut Cursor) -> Parsed<Vec<u32>> {
    cursor.want(b'[')?;
    let path = path(cursor)?;
    cursor.want(b']')?;
    Ok(path)
}

/// "<0.2048>": first byte and how many.
fn partial(cursor: &mut Cursor) -> Parsed<Option<(u32, u32)>> {
    if !cursor.skip(b'<') {
        return Ok(None);
    }
    let first = cursor.number32()?;
    cursor.want(b'.')?;
    let count = cursor.number32()?;
    cursor.want(b'>')?;
    match count {
        0 => Err(Fault("a partial needs a length")),
        count => Ok(Some((first, count))),
    }
}
