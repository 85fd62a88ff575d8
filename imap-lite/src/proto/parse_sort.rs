//! SORT: return options, criteria, charset, keys. (RFC 5256 §5, RFC 5957 §5, RFC 5267 §3)

use super::command::*;
use super::cursor::{Cursor, Fault, Parsed};
use super::parse_search::{charset, keys, search_return};
use crate::limits;

pub fn sort(cursor: &mut Cursor, uid: bool) -> Parsed<Sort> {
    let mut returns = None;
    if cursor.skip_word("RETURN") {
        cursor.space()?;
        returns = Some(search_return(cursor)?);
        cursor.space()?;
    }
    let mut criteria = Vec::new();
    cursor.list(|cursor| {
        if criteria.len() >= limits::SORT_CRITERIA_MAX {
            return Err(Fault("too many sort criteria"));
        }
        criteria.push(criterion(cursor)?);
        Ok(())
    })?;
    cursor.space()?;
    let bad_charset = !charset(cursor)?;
    cursor.space()?;
    let search = keys(cursor, uid, returns, bad_charset)?;
    Ok(Sort { criteria, search })
}

fn criterion(cursor: &mut Cursor) -> Parsed<Criterion> {
    let reverse = cursor.skip_word("REVERSE");
    if reverse {
        cursor.space()?;
    }
    let by = match cursor.word()?.as_str() {
        "ARRIVAL" => SortKey::Arrival,
        "CC" => SortKey::Cc,
        "DATE" => SortKey::Date,
        "FROM" => SortKey::From,
        "SIZE" => SortKey::Size,
        "SUBJECT" => SortKey::Subject,
        "TO" => SortKey::To,
        "DISPLAYFROM" => SortKey::DisplayFrom,
        "DISPLAYTO" => SortKey::DisplayTo,
        _ => return Err(Fault("unknown sort criterion")),
    };
    Ok(Criterion { reverse, by })
}
